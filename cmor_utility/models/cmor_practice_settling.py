from collections import namedtuple
from dataclasses import replace
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..rules import incoming_money
from .cmor_practice_facts import _cents
from .cmor_practice_incoming import steps

CHUNK = 1000
EXPOSURES = [
    ("not_billed", "Charged to us, not billed"),
    ("billed", "Billed, not due"),
    ("unpaid", "Billed and unpaid"),
]

# event written when the money changes the state; any other state is a plain change
MONEY_EVENTS = {
    "to_charge": "network_charged",
    "charged": "billed",
    "collected": "cmor_collected",
    "uncollected": "cmor_unpaid",
    "carried": "customer_left",
    "to_refund": "refund_customer",
    "reported": "cmor_unpaid",
}

#: in the context: who cancels these charges settles their practices himself; an object
#: of this process, for a client of ours chooses its context
SETTLED_LATER = object()

#: ``money``: rules.incoming_money.Money; ``bill``: the last bill with a charge, or None
#: ``returned_on``: day of the last document that gives something back, or None
MoneyFound = namedtuple("MoneyFound", "money network_date bill paid_on returned_on")


class CmorPractice(models.Model):
    """The money of the incoming side: read in bulk, judged by ``rules/incoming_money``.

    ``_settle`` may be called as often as one likes: what fits is left alone. What is
    read of the customers' bills: ``cmor_practice_documents.py``.
    """

    _inherit = "cmor.practice"

    network_charge_ids = fields.One2many(
        "cmor.network.charge", "practice_id", string="Lines of the network"
    )
    charge_ids = fields.One2many(
        "utility.charge", "cmor_practice_id", string="Charges to the customer"
    )
    network_amount = fields.Monetary(
        string="Charged to us",
        readonly=True,
        copy=False,
        help="By the distributor or the UDD.",
    )
    network_difference = fields.Monetary(
        string="Difference to the SII",
        readonly=True,
        copy=False,
        help="Charged to us more (less) than the amount in force.",
    )
    network_date = fields.Date(string="Charged to us on", readonly=True, copy=False)
    pending_amount = fields.Monetary(
        string="Waits for a bill",
        readonly=True,
        copy=False,
        help="Charges to the customer that are on no bill yet.",
    )
    billed_amount = fields.Monetary(
        string="Billed", readonly=True, copy=False, help="On bills, refunds taken off."
    )
    billed_date = fields.Date(string="Billed on", readonly=True, copy=False)
    customer_bill_id = fields.Many2one(
        "account.move",
        string="Bill of the customer",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    due_date = fields.Date(string="Customer's due date", readonly=True, copy=False)
    open_amount = fields.Monetary(
        string="Unpaid",
        readonly=True,
        copy=False,
        help="Of the bill's residual, pro quota.",
    )
    collected_amount = fields.Monetary(string="Collected", readonly=True, copy=False)
    given_up_amount = fields.Monetary(
        string="Amount given up",
        readonly=True,
        copy=False,
        help="Written off or settled for less: closed without a payment.",
    )
    collected_on = fields.Date(readonly=True, copy=False)
    to_bill_amount = fields.Monetary(string="To be charged", readonly=True, copy=False)
    return_amount = fields.Monetary(
        string="To be given back",
        readonly=True,
        copy=False,
        help="Billed beyond the amount in force, or for a claim that was annulled.",
    )
    return_by = fields.Date(
        string="Give back by", readonly=True, copy=False, index="btree_not_null"
    )
    returned_on = fields.Date(
        string="Given back on",
        readonly=True,
        copy=False,
        help="Of the last bill that gives it back, when nothing is left to be.",
    )
    exposure_kind = fields.Selection(
        EXPOSURES, string="Exposure", readonly=True, copy=False
    )
    exposure_amount = fields.Monetary(
        string="Exposed",
        readonly=True,
        copy=False,
        help="Charged to us, not collected.",
    )
    exposure_age = fields.Selection(
        [
            ("1", "Up to 30 days"),
            ("2", "31 to 60 days"),
            ("3", "61 to 90 days"),
            ("4", "Over 90 days"),
        ],
        string="Exposed for",
        readonly=True,
        copy=False,
        help="Since the network charged us.",
    )
    transit_balance = fields.Monetary(
        string="Transit balance",
        readonly=True,
        copy=False,
        help="What is left of the practice on the transit account: it returns to zero.",
    )
    transit_reason = fields.Char(
        string="Why it is not zero", compute="_compute_transit_reason"
    )

    _exposure_idx = models.Index("(company_id) WHERE exposure_kind IS NOT NULL")
    _transit_idx = models.Index("(company_id) WHERE transit_balance <> 0")

    @api.depends("transit_balance", "network_amount", "billed_amount", "return_amount")
    @api.depends("pending_amount", "indemnity", "network_charge_ids.move_id.state")
    @api.depends_context("lang")
    def _compute_transit_reason(self):
        for practice in self:
            practice.transit_reason = practice._transit_text()

    def _transit_text(self):
        if not self.transit_balance:
            return False
        entered = sum(
            self.network_charge_ids.filtered(
                lambda c: c.state == "matched" and c.move_id.state == "posted"
            ).mapped("amount")
        )
        compare = self.currency_id.compare_amounts
        if compare(entered, self.network_amount):
            return self.env._("A line of the network is on no posted vendor bill.")
        if self.return_amount:
            return self.env._("The customer has not been given the money back yet.")
        if compare(self.billed_amount, self.network_amount) < 0:
            return self._transit_in_text()
        if compare(self.billed_amount, self.network_amount) > 0:
            return self.env._("Billed more than the network charged us.")
        return self.env._(
            "An entry does not fit: look at the lines of the transit account."
        )

    def _transit_in_text(self):
        """Why more came in from the network than went out to the customer."""
        if self.pending_amount:
            return self.env._("The charge to the customer waits for its bill.")
        if self.is_annulled:
            return self.env._(
                "Annulled: the network has not given its charge back yet."
            )
        compare = self.currency_id.compare_amounts
        if (
            compare(self.network_amount, self.indemnity) > 0
            and compare(self.billed_amount, self.indemnity) >= 0
        ):
            # it is no debt of the customer: he is never charged more than the SII says
            return self.env._(
                "The network charged more than the SII says: have it credited, or"
                " enter the difference as a cost."
            )
        return self.env._("Not charged to the customer yet.")

    # --- actions ----------------------------------------------------------------

    def action_settle(self):
        """Button: read the bills, payments and lines of the network again."""
        self.check_access("read")
        self.sudo()._settle(fields.Date.context_today(self))

    def action_open_transit(self):
        """Smart button: the lines of the practice on the transit account."""
        self.ensure_one()
        account = self.company_id.sudo().cmor_transit_account_id
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move.line",
            "name": self.env._("Transit account"),
            "view_mode": "list,form",
            "domain": [
                ("account_id", "=", account.id),
                ("cmor_practice_id", "=", self.id),
            ],
        }

    @api.model
    def action_transit_without_practice(self):
        """Menu of accounting: lines of the transit accounts that name no practice."""
        accounts = self.env.companies.sudo().cmor_transit_account_id
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move.line",
            "name": self.env._("Transit lines without practice"),
            "view_mode": "list,form",
            "help": Markup("<p class='o_view_nocontent_smiling_face'>%s</p><p>%s</p>")
            % (
                self.env._("Every line of the transit account names its practice"),
                self.env._(
                    "A line that names none is here: write the practice on it, so that"
                    " what is left of each can be explained."
                ),
            ),
            "domain": [
                ("account_id", "in", accounts.ids),
                ("cmor_practice_id", "=", False),
                ("parent_state", "=", "posted"),
            ],
        }

    # --- settling ---------------------------------------------------------------

    def _settle(self, today):
        """Read the money of these incoming practices and let their states follow.

        :param date today: day of the due dates and ages
        """
        todo = self.sudo().filtered(lambda p: p.side == "incoming")
        if not todo:
            return
        documents = todo._customer_documents()
        # first: the entries that it posts settle their practices themselves
        balances = todo._transit_in_step(documents, today)
        facts = todo._money_facts(documents, today)
        paths = {p: incoming_money.path(f.money, today) for p, f in facts.items()}
        for practice, found in facts.items():
            if paths[practice]:
                money = replace(found.money, state=paths[practice][-1])
                facts[practice] = found._replace(money=money)
        rows = {
            practice: {
                **practice._prepare_money(found, today),
                "transit_balance": balances.get(practice.id, 0.0),
                "report_state": incoming_money.report_state(found.money),
            }
            for practice, found in facts.items()
        }
        update_changed(todo, rows)
        self._follow_money(paths)
        todo._settle_reports(facts)
        todo._settle_done(facts)
        todo._settle_previous()
        todo._set_next()

    def _money_facts(self, documents, today):
        """{practice: MoneyFound}, as many queries for one as for all.

        :param Documents documents: of the customers, see ``cmor_practice_documents``
        """
        network = self._network_sums()
        on_bills, pending = documents.on_bills, documents.pending
        paid = self._payment_days(on_bills)
        contracts = self.contract_id
        contracts.fetch(("date_end", "end_reason"))
        ends = plain_values(contracts, ("date_end",))
        kept = plain_values(self, ("state", "indemnity", "is_annulled", "contract_id"))
        facts = {}
        for practice in self:
            id_ = practice.id
            state, amount, is_annulled, contract = kept[id_]
            total, network_date = network.get(id_, (Decimal("0.00"), None))
            bills = on_bills.get(id_, ())
            moves = [move for bill, move in bills if bill.amount > 0]
            (date_end,) = ends.get(contract, (None,))
            money = incoming_money.Money(
                state=state,
                amount=_cents(amount),
                is_annulled=bool(is_annulled),
                network=total,
                pending=pending.get(id_, Decimal(0)),
                bills=tuple(bill for bill, _move in bills),
                has_left=bool(date_end and date_end < today),
            )
            if practice._is_only_told(money):
                money = replace(money, is_told=True)
            facts[practice] = MoneyFound(
                money,
                network_date,
                max(
                    moves, key=lambda m: (m.invoice_date or m.date, m.id), default=None
                ),
                max((paid[m.id] for m in moves if m.id in paid), default=None),
                max(
                    (m.invoice_date or m.date for b, m in bills if b.amount < 0),
                    default=None,
                ),
            )
        return facts

    def _network_sums(self):
        """{practice id: (Decimal, first day)} of the lines that count."""
        rows = (
            self.env["cmor.network.charge"]
            .sudo()
            ._read_group(
                [("practice_id", "in", self.ids), ("state", "=", "matched")],
                ["practice_id"],
                ["amount:sum", "date:min"],
            )
        )
        return {practice.id: (_cents(total), day) for practice, total, day in rows}

    def _prepare_money(self, found, today):
        money, bill = found.money, found.bill
        kind, exposed = incoming_money.exposure(money, today)
        dues = [b.due for b in money.bills if b.amount > 0 and b.due]
        to_return = money.to_return
        return {
            "network_amount": float(money.network),
            "network_difference": float(money.difference) if money.network else 0.0,
            "network_date": found.network_date or False,
            "pending_amount": float(money.pending),
            "billed_amount": float(money.billed),
            "billed_date": (bill and (bill.invoice_date or bill.date)) or False,
            "customer_bill_id": bill.id if bill else False,
            "due_date": max(dues, default=False),
            "open_amount": float(money.open_amount),
            "collected_amount": float(money.collected),
            "given_up_amount": float(money.lost),
            "collected_on": found.paid_on if money.collected else False,
            "to_bill_amount": float(money.to_bill),
            "return_amount": float(to_return),
            "return_by": self._return_term() if to_return else False,
            "returned_on": (money.is_returned and found.returned_on) or False,
            "is_only_told": money.is_told,
            "exposure_kind": kind or False,
            "exposure_amount": float(exposed),
            "exposure_age": age_class(found.network_date, today) if kind else False,
        }

    def _is_lowered(self):
        """Whether an update took something off what the customer was billed: it goes
        back to him, is on its way, or has gone."""
        # while suspended all of it goes back, and for that there is no term
        if not self.updated_on or self.state == "suspended":
            return False
        is_back = bool(self.returned_on) and self.returned_on >= self.updated_on
        return self.return_amount > 0 or self.pending_amount < 0 or is_back

    def _return_term(self):
        """Day by which the customer gets his money back: the term from the annulment
        or from the update."""
        start = (self.is_annulled and self.cancelled_on) or self.updated_on
        if not start:
            return False
        due = self.env["cmor.parameter"]._last_day(
            self.company_id, "refund_customer_days", start
        )
        # what is due already does not wait for what was taken off later
        running = self.return_amount > 0 and self.return_by
        return min(due, running) if due and running else due

    @api.model
    def _follow_money(self, paths):
        """States that the money implies, one after the other, in bulk for each step.

        :param paths: {practice: states to enter}
        """
        for target, practices in steps(paths):
            kinds = practices.grouped(lambda p, t=target: p._money_event(t))
            for kind, group in kinds.items():
                group._move_to(target, kind, _money_params)

    def _money_event(self, target):
        """Kind of the event that tells why the money leads to ``target``."""
        if target == "reported" and self.to_bill_amount > 0:
            # opened again: more of it was charged to us
            return "network_charged"
        if target == "reported" and self.return_amount > 0:
            return "refund_customer"
        if target == "uncollected" and self.open_amount <= 0:
            return "cmor_given_up"
        return MONEY_EVENTS.get(target, "state")

    @api.model
    def _cron_settle_incoming(self, today=None):
        """Nightly: payments, due dates and customers who left."""
        today = today or fields.Date.context_today(self)
        ids = (
            self.sudo()
            .search(
                Domain("side", "=", "incoming")
                & (
                    Domain("state", "!=", "closed")
                    # not `!= 0`, which is true of a practice that has none
                    | Domain("transit_balance", ">", 0)
                    | Domain("transit_balance", "<", 0)
                    | Domain("exposure_kind", "!=", False)
                    # closed as paid, and the payment was reversed
                    | Domain("customer_bill_id.amount_residual", ">", 0)
                )
            )
            .ids
        )
        for start in range(0, len(ids), CHUNK):
            chunk = self.sudo().browse(ids[start : start + CHUNK])
            chunk._settle(today)
            left = max(0, len(ids) - start - CHUNK)
            if not self.env["ir.cron"]._commit_progress(len(chunk), remaining=left):
                return
            self.env.invalidate_all()


def age_class(since, today):
    """Key of ``exposure_age`` for a day."""
    days = (today - since).days if since else 0
    return "1" if days <= 30 else "2" if days <= 60 else "3" if days <= 90 else "4"


def _money_params(practice):
    return {
        "network": _cents(practice.network_amount),
        "billed": _cents(practice.billed_amount),
        "unpaid": _cents(practice.open_amount),
        "given_up": _cents(practice.given_up_amount),
        "collected": _cents(practice.collected_amount),
        "returned": _cents(practice.return_amount),
        "date": practice.return_by or "-",
    }

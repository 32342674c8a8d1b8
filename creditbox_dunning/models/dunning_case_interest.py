from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

from ..rules import interest
from .amounts import exact
from .day_words import day_count


@dataclass
class Debt:
    """A receivable with all that its interest depends on, read in bulk."""

    line: object
    company: object
    service: str
    debtor: str
    amount: Decimal
    first: object
    payments: list
    rates: list
    charged: object
    waived: object
    settled: object = None
    found: list = field(default_factory=list)

    def on(self, windows):
        """Stretches of the days of ``windows``."""
        return [
            stretch
            for first, last in windows
            for stretch in interest.accrue(
                self.amount, first, last, self.rates, payments=self.payments
            )
        ]

    def stored(self):
        return [row._as_rules() for row in self.charged]

    def is_stale(self):
        """What was charged for its days is not what they owe by the facts of now.

        What a settlement gave up was owed until then: nothing is given back for it.
        """
        if self.settled:
            return False
        before = [(row.day_from, row.day_to) for row in self.charged]
        now = sum(stretch.exact for stretch in self.on(before))
        return now != sum(stretch.exact for stretch in self.stored())

    def gaps_until(self, day):
        """[(first, last)] of the days until ``day``, or until it was paid, that bear
        nothing for want of a rate."""
        if self.is_credited:
            return []
        if self.line.reconciled:
            day = min(day, max(paid.day for paid in self.payments))
        return interest.gaps(self.rates, self.first, day) if day >= self.first else []

    @property
    def is_credited(self):
        gone = sum(p.amount for p in self.payments if p.since_start)
        return gone >= self.amount


class DunningCase(models.Model):
    _inherit = "dunning.case"

    interest_stretch_ids = fields.One2many(
        "dunning.interest.stretch", "case_id", string="Days of interest"
    )
    dunning_charge_count = fields.Integer(
        string="Charges", compute="_compute_dunning_charge_count"
    )

    @api.model
    def _debts_of(self, lines):
        """{receivable id: Debt} of the bills among ``lines`` with a due date.

        A fixed number of statements for each company, however many lines.
        """
        lines = lines.sudo().filtered(
            lambda line: line.date_maturity and line.balance > 0
        )
        payments = self._payments_of(lines)
        own = self._interest_within(lines)
        live = self.env["dunning.interest.stretch"]._live_of(lines)
        settled = self._settled_until(lines)
        none = self.env["dunning.interest.stretch"].sudo()
        debts = {}
        for company, of_company in lines.grouped("company_id").items():
            rates = self._rates_of(company, of_company)
            digits = company.currency_id.decimal_places
            for line in of_company:
                rows = live.get(line.id, none)
                service, debtor = self._who_owes(line)
                debts[line.id] = Debt(
                    line=line,
                    company=company,
                    service=service,
                    debtor=debtor,
                    amount=exact(line.balance, digits) - own.get(line.move_id.id, 0),
                    first=line.date_maturity + timedelta(days=1),
                    payments=payments.get(line.id, []),
                    rates=rates[line.id],
                    charged=rows.filtered(lambda row: row.state == "charged"),
                    waived=rows.filtered(lambda row: row.state == "waived"),
                    settled=settled.get(line.id),
                )
        return debts

    @api.model
    def _who_owes(self, line):
        """(service, consumer / business / public_body) of a receivable."""
        contract = line.move_id.utility_contract_id or line.dunning_case_id.contract_id
        customer = line.partner_id.commercial_partner_id
        kind = interest.debtor_kind(
            customer.legal_form, contract.customer_type, customer.is_company
        )
        return contract.service or interest.ANY, kind

    @api.model
    def _payments_of(self, lines):
        """{receivable id: [rules.interest.Payment]}; a credit note counts from the
        start."""
        found = defaultdict(list)
        matched = self.env["account.partial.reconcile"].sudo()
        parts = matched.search_fetch(
            [("debit_move_id", "in", lines.ids)],
            ["debit_move_id", "credit_move_id", "amount"],
        )
        losses = self._losses_among(parts.credit_move_id.move_id)
        for part in parts:
            move = part.credit_move_id.move_id
            is_note = move.move_type == "out_refund" and move not in losses
            found[part.debit_move_id.id].append(
                interest.Payment(part.credit_move_id.date, exact(part.amount), is_note)
            )
        return found

    @api.model
    def _losses_among(self, moves):
        """The moves of ``moves`` that give a debt up, which was owed until then: a
        settlement or a write-off, credit notes too. They count from their day."""
        ids = [("move_id", "in", moves.ids)]
        given_up = self.env["dunning.settlement"].sudo().search(ids).move_id
        return given_up | self.env["dunning.writeoff.line"].sudo().search(ids).move_id

    @api.model
    def _settled_until(self, lines):
        """{receivable id: day until which a paid settlement closed its interest}."""
        rows = self.env["dunning.settlement.line"].sudo()
        rows = rows.search(
            [("move_line_id", "in", lines.ids), ("settlement_id.state", "=", "paid")]
        )
        return {
            row.move_line_id.id: row.settlement_id.paid_on
            for row in rows
            if row.settlement_id.paid_on
        }

    @api.model
    def _interest_within(self, lines):
        """{bill id: interest that the bill itself asks for}: it bears none."""
        rows = self.env["utility.charge"].sudo()
        return {
            move.id: exact(amount)
            for move, amount in rows._read_group(
                [
                    ("move_id", "in", lines.move_id.ids),
                    ("kind", "=", "interest"),
                    ("state", "in", ("invoiced", "confirmed")),
                ],
                ["move_id"],
                ["amount:sum"],
            )
        }

    @api.model
    def _accrue_debts(self, lines, on_day):
        """{receivable id: Debt} with ``found``: the days that nobody was asked to pay
        for until ``on_day``, this day included."""
        debts = self._debts_of(lines)
        elsewhere = self._days_asked_elsewhere(lines, on_day)
        dropped = self._days_dropped(lines)
        for debt in debts.values():
            taken = [(row.day_from, row.day_to) for row in debt.charged + debt.waived]
            taken += elsewhere.get(debt.line.id, ())
            taken += dropped.get(debt.line.id, ())
            if debt.settled:
                taken.append((debt.first, debt.settled))
            debt.found = debt.on(interest.windows(debt.first, on_day, taken))
        return debts

    @api.model
    def _days_asked_elsewhere(self, lines, on_day):
        """{receivable id: [(first, last day)]} whose interest another charge asks for:
        hook."""
        return {}

    @api.model
    def _days_dropped(self, lines):
        """{receivable id: [(first, last day)]} whose charge a person cancelled: only a
        person proposes them again."""
        if not self.env.context.get("dunning_by_itself"):
            return {}
        rows = self.env["dunning.interest.stretch"].sudo()
        rows = rows.search(
            [
                ("move_line_id", "in", lines.ids),
                ("state", "=", "reversed"),
                ("charge_id.dunning_is_dropped", "=", True),
            ]
        )
        return {
            line.id: [(row.day_from, row.day_to) for row in of_line]
            for line, of_line in rows.grouped("move_line_id").items()
        }

    @api.model
    def _interest_of(self, lines, on_day):
        """Interest owed until ``on_day`` and not charged (nor waived) yet.

        :param lines: receivables, of any case or none
        :return: {line id: Decimal rounded once, half up}; 0 where nothing is owed
        """
        owed = dict.fromkeys(lines.ids, Decimal(0))
        for line_id, debt in self._accrue_debts(lines, on_day).items():
            owed[line_id] = self._new_amount(debt)
        return owed

    @api.model
    def _new_amount(self, debt):
        """What is new, so that all charges together are rounded as one."""
        before = debt.stored()
        places = debt.company.currency_id.decimal_places
        whole = interest.total([*before, *debt.found], places)
        return whole - interest.total(before, places)

    # --- proposals ---------------------------------------------------------------

    def _check_may_charge(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(
            "creditbox_dunning.group_dunning_operator"
        ):
            raise AccessError(self.env._("Only who recovers debts proposes charges."))

    def _propose_interest(self, on_day):
        """Draft charges for the interest of these cases until ``on_day``.

        One charge a bill; what was charged wrongly (payment of an older day, credit
        note, rate corrected) is given back first. Proposing twice adds nothing.
        """
        self._check_may_charge()
        return self._propose_interest_of(self.sudo().line_ids, on_day)

    @api.model
    def _propose_interest_of(self, lines, on_day, minimum=0.0):
        """The same for receivables; a bill that owes less than ``minimum`` waits."""
        debts = self._accrue_debts(lines, on_day)
        stale = [debt for debt in debts.values() if debt.is_stale()]
        if stale:
            self._reverse_interest(stale)
            debts = self._accrue_debts(lines, on_day)
        return self._charge_debts([d for d in debts.values() if d.found], minimum)

    @api.model
    def _charge_debts(self, debts, minimum=0.0):
        charges, vals, told = self.env["utility.charge"], [], []
        for debt in debts:
            amount = self._new_amount(debt)
            if amount > 0 and amount >= exact(minimum):
                vals.append(self._prepare_interest_vals(debt, amount))
                told.append(debt)
        made = charges._dunning_create(vals)
        rows = [
            {
                "charge_id": charge.id,
                "move_line_id": debt.line.id,
                "day_from": stretch.day_from,
                "day_to": stretch.day_to,
                "days": stretch.days,
                "base": float(stretch.base),
                "rate": float(stretch.rate),
                "rule_id": stretch.rule,
            }
            for charge, debt in zip(made, told, strict=True)
            for stretch in debt.found
        ]
        self.env["dunning.interest.stretch"].sudo()._guarded().create(rows)
        self.env.flush_all()  # two people at once: the second is told now
        return made

    @api.model
    def _prepare_interest_vals(self, debt, amount):
        line = debt.line
        days = sum(stretch.days for stretch in debt.found)
        text = self.env._(
            "Late payment interest on %(bill)s, %(days)s until %(until)s",
            bill=line.move_id.billing_ref or line.move_id.name,
            days=day_count(self.env, days),
            until=format_date(self.env, debt.found[-1].day_to),
        )
        return {
            **self._prepare_charge_vals(line, "interest"),
            "amount": float(amount),
            "date": debt.found[-1].day_to,
            "description": text,
        }

    @api.model
    def _prepare_charge_vals(self, line, kind):
        """What every charge about a bill says."""
        case = line.dunning_case_id
        contract = line.move_id.utility_contract_id or case.contract_id
        return {
            "company_id": line.company_id.id,
            "currency_id": line.company_id.currency_id.id,
            "partner_id": line.partner_id.id,
            "contract_id": contract.id,
            "kind": kind,
            "origin": f"{case._name},{case.id}" if case else False,
            "dunning_case_id": case.id,
            "dunning_line_id": line.id,
            **self.env["dunning.charge.account"]._charge_vals(line.company_id, kind),
        }

    @api.model
    def _reverse_interest(self, debts):
        """Give back what the facts no longer bear."""
        charges = self.env["utility.charge"].sudo()
        for debt in debts:
            charges |= debt.charged.charge_id
        return charges._dunning_give_back(
            self.env._("Interest given back: the bill or its payments changed")
        )

    # --- screens ---------------------------------------------------------------------

    def _compute_dunning_charge_count(self):
        counts = dict(
            self.env["utility.charge"]
            .sudo()
            ._read_group(
                [("dunning_case_id", "in", self.ids)], ["dunning_case_id"], ["__count"]
            )
        )
        for case in self:
            case.dunning_charge_count = counts.get(case, 0)

    def action_open_interest(self):
        """Button: interest and costs of these cases, bill by bill."""
        return self.env["dunning.interest.wizard"]._open_for(self)

    def action_open_charges(self):
        """Button: what these cases charged, gave back or waived."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_charge_action"
        )
        return {
            **action,
            "domain": [("dunning_case_id", "in", self.ids)],
            "context": {},
        }

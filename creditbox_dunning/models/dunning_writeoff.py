from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..rules import writeoff as rules
from .amounts import exact

KINDS = [
    (rules.SMALL, "Small credits"),
    (rules.PRESCRIBED, "Prescribed credits"),
    (rules.USELESS, "Nothing to be had"),
]
STATES = [
    ("draft", "Being prepared"),
    ("waiting", "Waits for approval"),
    ("approved", "Approved, being booked"),
    ("booked", "Booked"),
    ("refused", "Not approved"),
    ("cancelled", "Called off"),
]
ROWS = 5000


class DunningWriteoff(models.Model):
    """A list of credits that go to a loss together, for books and tax.

    Proposed set-wise with the reason of each exclusion, approved by the matrix, booked
    in few entries. Which credits and why: `rules/writeoff.py`; approval and entries:
    `dunning_writeoff_booking.py`; what is paid afterwards: `dunning_writeoff_later.py`.
    """

    _name = "dunning.writeoff"
    _description = "List of write-offs"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _mail_post_access = "read"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "state",
            "law",
            "limit_amount",
            "limit_months",
            "proposed_on",
            "asked_by",
            "request_id",
            "booked_on",
            "problem",
            "line_ids",
            "included_ids",
            "excluded_ids",
        }
    )
    _draft_fields = frozenset({"company_id", "kind", "as_of", "note"})

    name = fields.Char(
        string="List", required=True, readonly=True, default="/", copy=False
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        KINDS,
        string="Which credits",
        required=True,
        default=rules.SMALL,
        tracking=True,
        help="Small: up to the amount of the law and overdue for long enough."
        " Prescribed: the term passed since the due date or the last notice of default."
        " Nothing to be had: a document shows it.",
    )
    as_of = fields.Date(
        string="As of",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="Day on which the conditions are looked at: the end of the year, for tax.",
    )
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    note = fields.Text()
    law = fields.Char(string="Conditions", readonly=True, copy=False)
    limit_amount = fields.Monetary(
        string="The most it may be", readonly=True, copy=False
    )
    limit_months = fields.Integer(string="Months overdue", readonly=True, copy=False)
    proposed_on = fields.Date(readonly=True, copy=False)
    asked_by = fields.Many2one("res.users", readonly=True, copy=False)
    request_id = fields.Many2one(
        "dunning.approval.request", readonly=True, index="btree_not_null", copy=False
    )
    booked_on = fields.Date(readonly=True, copy=False)
    problem = fields.Char(string="What stands in the way", readonly=True, copy=False)
    line_ids = fields.One2many(
        "dunning.writeoff.line", "writeoff_id", string="Credits", readonly=True
    )
    included_ids = fields.One2many(
        "dunning.writeoff.line",
        "writeoff_id",
        string="Credits of the list",
        domain=[("state", "!=", "excluded")],
        readonly=True,
    )
    excluded_ids = fields.One2many(
        "dunning.writeoff.line",
        "writeoff_id",
        string="Kept out of the list",
        domain=[("state", "=", "excluded")],
        readonly=True,
    )
    count_included = fields.Integer(
        string="Credits to write off", compute="_compute_totals"
    )
    count_excluded = fields.Integer(string="Excluded", compute="_compute_totals")
    amount_included = fields.Monetary(string="To write off", compute="_compute_totals")
    amount_booked = fields.Monetary(string="Written off", compute="_compute_totals")
    amount_later = fields.Monetary(string="Paid afterwards", compute="_compute_totals")

    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE name != '/'", "This number was already given."
    )

    @api.depends("line_ids.state", "line_ids.amount")
    def _compute_totals(self):
        rows = (
            self.env["dunning.writeoff.line"]
            .sudo()
            ._read_group(
                [("writeoff_id", "in", self.ids)],
                ["writeoff_id", "state"],
                ["__count", "amount:sum", "later_paid:sum"],
            )
        )
        found = {}
        for writeoff, state, count, amount, later in rows:
            found[writeoff.id, state] = (count, amount, later)
        none = (0, 0, 0)
        for one in self:
            included = found.get((one.id, "included"), none)
            booked = found.get((one.id, "booked"), none)
            income = found.get((one.id, "income"), none)
            one.count_included = included[0] + booked[0] + income[0]
            one.count_excluded = found.get((one.id, "excluded"), none)[0]
            one.amount_included = included[1]
            one.amount_booked = booked[1] + income[1]
            one.amount_later = booked[2] + income[2]

    @api.constrains("as_of")
    def _check_as_of(self):
        for one in self:
            if one.as_of > self.env["dunning.case"]._today(one.company_id):
                raise ValidationError(
                    self.env._("The conditions cannot be looked at on a day to come.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_guarded_create(vals_list)
        self.env["dunning.case"]._check_is_manager(self)
        lists = super(DunningWriteoff, self._guarded()).create(vals_list)
        for one in lists:
            sequence = self.env["ir.sequence"].sudo().with_company(one.company_id)
            one.name = sequence.next_by_code("dunning.writeoff")
        return lists.with_env(self.env)

    def write(self, vals):
        if self._draft_fields & set(vals) and not self._is_guard_open():
            if any(one.state != "draft" for one in self):
                raise UserError(self.env._("What was asked for is no longer changed."))
            if {"kind", "as_of", "company_id"} & set(vals):
                self.sudo().line_ids.unlink()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A list is history: it is cancelled, not deleted."))

    # proposing

    def action_propose(self):
        """Button: fill the list with all the credits of its kind, set-wise."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self:
            one._check_state("draft")
            one.sudo()._propose()
        return True

    def _check_state(self, *states):
        self.ensure_one()
        if self.state not in states:
            raise UserError(
                self.env._("%(name)s is in another state by now.", name=self.name)
            )

    def _limits(self):
        """(rules.writeoff.Limits in force on the list's day, their source)."""
        self.ensure_one()
        numbers = self.env["dunning.legal.parameter"]._parameters()
        large = self.company_id.sudo().dunning_is_large_taxpayer
        name = "writeoff_amount_large" if large else "writeoff_amount"
        amount = numbers.get("", name, self.as_of)
        months = numbers.get("", "writeoff_months", self.as_of)
        prescribed = numbers.get("", "writeoff_prescribed", self.as_of)
        proofs = {
            kind: numbers.get("", f"writeoff_{kind}", self.as_of)
            for kind in rules.PROOFS
        }
        limits = rules.Limits(
            amount=amount and amount.value,
            months=months and months.count,
            prescribed=bool(prescribed and prescribed.value),
            proofs=frozenset(
                k for k, number in proofs.items() if number and number.value
            ),
        )
        told = {
            rules.SMALL: {"amount": amount, "months": months},
            rules.PRESCRIBED: {"prescribed": prescribed},
            rules.USELESS: proofs,
        }[self.kind]
        return limits, {key: number.source for key, number in told.items() if number}

    def _propose(self):
        limits, sources = self._limits()
        self.line_ids.unlink()
        rows, used = [], set()
        for credit, facts in self._credits(limits):
            reasons = rules.exclusions(credit, self.kind, limits, self.as_of)
            proof = None
            if self.kind == rules.USELESS:
                proof = rules.proof_of(credit, limits, self.as_of)
                used |= {proof.kind} if proof else set()
            rows.append(
                {
                    **facts,
                    "writeoff_id": self.id,
                    "company_id": self.company_id.id,
                    "state": "excluded" if reasons else "included",
                    "reasons": list(reasons),
                    "proof_id": proof.key if proof else False,
                }
            )
        if self.kind == rules.USELESS:
            # of the kinds of documents only those that the list rests on
            sources = {key: told for key, told in sources.items() if key in used}
        lines = self.env["dunning.writeoff.line"].sudo()._guarded()
        for start in range(0, len(rows), ROWS):
            insert_rows(lines, rows[start : start + ROWS])
        self.invalidate_recordset()
        self._guarded().write(
            {
                "law": "; ".join(dict.fromkeys(sources.values())) or False,
                "limit_amount": float(limits.amount or 0)
                if self.kind == rules.SMALL
                else 0,
                "limit_months": (limits.months or 0) if self.kind == rules.SMALL else 0,
                "proposed_on": self.env["dunning.case"]._today(self.company_id),
                "problem": False,
            }
        )

    def _credits(self, limits):
        """(rules.writeoff.Credit, values of its row) of all the credits looked at."""
        newest = self._newest_due(limits)
        rows = self.env["dunning.writeoff.line"]._read_credits(self, newest)
        clocks = self._clocks(rows) if self.kind == rules.PRESCRIBED else {}
        for row in rows:
            key = (row["partner_id"], row["contract_id"])
            credit = rules.Credit(
                key=key,
                amount=exact(row["amount"]),
                due=row["newest_due"],
                has_clock=key in clocks,
                expires=clocks.get(key),
                is_disputed=row.pop("is_disputed"),
                is_agreed=row.pop("is_agreed"),
                is_listed=row.pop("is_listed"),
                is_useless=row.pop("is_useless"),
                is_in_court=row.pop("is_in_court"),
                has_money=row.pop("has_money"),
                proofs=tuple(
                    rules.Proof(
                        key, kind, fields.Date.to_date(day), has_file, exact(cost)
                    )
                    for key, kind, day, has_file, cost in row.pop("proofs") or ()
                ),
            )
            yield credit, row

    def _clocks(self, rows):
        """{(customer, contract): last day on which its bills may be claimed, None = a
        lawsuit goes on} of those of which every bill has a clock."""
        ids = [row["case_id"] for row in rows if row["case_id"]]
        cases = self.env["dunning.case"].browse(ids)
        dates = self.env["dunning.prescription"]._dates_of(cases)
        found = {}
        for row in rows:
            of_case = dates.get(row["case_id"], {})
            told = [of_case.get(line_id) for line_id, _amount in row["receivables"]]
            if told and all(told):
                ends = [expires for expires, _since in told]
                key = (row["partner_id"], row["contract_id"])
                found[key] = None if None in ends else max(ends)
        return found

    def _newest_due(self, limits):
        """Last due date of the bills that are looked at: younger ones stay open."""
        if self.kind == rules.SMALL and limits.months:
            return self.as_of - relativedelta(months=limits.months) - timedelta(days=1)
        return self.as_of - timedelta(days=1)

    def action_cancel(self):
        """Button: give the list up before it is booked."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self.sudo():
            one._check_state("draft", "waiting", "refused")
            one.request_id.filtered(lambda r: r.state == "pending")._end(
                "cancelled", self.env._("The list was given up.")
            )
            one._guarded().write({"state": "cancelled"})
        return True

    def action_open_lines(self):
        """Smart button: the credits."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_writeoff_line_action"
        )
        return {**action, "domain": [("writeoff_id", "=", self.id)]}

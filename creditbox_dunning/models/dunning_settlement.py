from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..rules import settlement as rules
from .amounts import exact
from .settlement_words import WRONG

STATES = [
    ("draft", "To be completed"),
    ("waiting", "Waits for approval"),
    ("offered", "Offered"),
    ("paid", "Settled"),
    ("expired", "Offer expired"),
    ("refused", "Not accepted"),
    ("cancelled", "Called off"),
]
LIVE = ("draft", "waiting", "offered")
REASONS = [
    ("hardship", "The customer is in difficulty"),
    ("agency", "The agency collected nothing"),
    ("untraceable", "Little hope: customer untraceable or insolvent"),
    ("disputed", "To end a dispute"),
    ("cost", "Going on would cost more than it brings"),
    ("customer", "Asked for by the customer"),
    ("other", "Other, see the note"),
]
ATTENTIONS = [
    ("short", "Paid less than agreed"),
    ("late", "Paid after the last day"),
    ("returned", "Payment returned"),
    ("unmatched", "To be checked: the sum lies unmatched"),
    ("elsewhere", "To be checked: paid on other bills"),
    ("problem", "Could not be booked"),
    ("not_delivered", "The offer did not arrive"),
]
CHANNELS = [
    ("email", "E-mail"),
    ("pp", "Ordinary mail"),
    ("ar", "Registered letter"),
    ("pec", "PEC"),
]


class DunningSettlement(models.Model):
    """Saldo e stralcio: less than the debt, if it comes in time.

    Asked for, approved by the matrix, offered, then watched: only when the agreed sum
    is really on the bills (value date in time) what is left of them becomes a loss or
    a credit note. Expired or returned, the full debt is there as before: it was never
    touched. Approval: `dunning_settlement_approval.py`; the offer:
    `dunning_settlement_offer.py`; payments: `dunning_settlement_watch.py`.
    """

    _name = "dunning.settlement"
    _description = "Settlement"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _mail_post_access = "read"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "case_id",
            "partner_id",
            "contract_id",
            "action_id",
            "state",
            "attention",
            "attention_note",
            "capital",
            "interest",
            "discount",
            "discount_percent",
            "waived",
            "extra",
            "computed_on",
            "line_ids",
            "event_ids",
            "hold_id",
            "request_id",
            "asked_by",
            "offered_on",
            "valid_until",
            "known_partials",
            "known_credits",
            "in_time",
            "late",
            "paid_on",
            "loss",
            "move_id",
            "undo_move_ids",
        }
    )
    # what a person completes as long as it is a draft
    _draft_fields = frozenset(
        {"agreed", "costs", "reason", "note", "valid_days", "channel"}
    )

    name = fields.Char(
        string="Settlement", required=True, readonly=True, default="/", copy=False
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, readonly=True, check_company=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, readonly=True
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    action_id = fields.Many2one(
        "dunning.action",
        string="Step",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        help="The step of the table that it is, or that carries its offer.",
    )
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        index=True,
        tracking=True,
    )
    attention = fields.Selection(
        ATTENTIONS,
        string="To decide",
        readonly=True,
        index="btree_not_null",
        tracking=True,
        help="Something happened that only a person can decide.",
    )
    attention_note = fields.Char(string="What happened", readonly=True)
    reason = fields.Selection(REASONS, tracking=True)
    note = fields.Text()
    capital = fields.Monetary(readonly=True, help="Open on the bills.")
    interest = fields.Monetary(
        readonly=True, help="Accrued until the day of the request, not yet billed."
    )
    costs = fields.Monetary(help="Recovery costs not yet billed.")
    agreed = fields.Monetary(
        string="Agreed sum", tracking=True, help="What the customer has to pay."
    )
    discount = fields.Monetary(
        string="Given up on the capital", compute="_compute_figures", store=True
    )
    discount_percent = fields.Float(
        string="Discount (%)",
        digits=(5, 2),
        compute="_compute_figures",
        store=True,
        aggregator="avg",
    )
    waived = fields.Monetary(
        string="Interest and costs given up", compute="_compute_figures", store=True
    )
    extra = fields.Monetary(
        string="Interest and costs asked for", compute="_compute_figures", store=True
    )
    computed_on = fields.Date(string="Figures of", readonly=True)
    valid_days = fields.Integer(
        string="Valid for", help="Days from the day on which it is offered."
    )
    channel = fields.Selection(CHANNELS, string="Sent by")
    line_ids = fields.One2many(
        "dunning.settlement.line", "settlement_id", string="Bills", readonly=True
    )
    event_ids = fields.One2many(
        "dunning.settlement.event", "settlement_id", string="History", readonly=True
    )
    hold_id = fields.Many2one(
        "dunning.hold",
        string="Suspension",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )
    request_id = fields.Many2one(
        "dunning.approval.request", readonly=True, index="btree_not_null"
    )
    request_sentence = fields.Char(related="request_id.sentence")
    asked_by = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    offered_on = fields.Date(readonly=True, tracking=True)
    valid_until = fields.Date(
        string="Last day to pay", readonly=True, tracking=True, index="btree_not_null"
    )
    known_partials = fields.Json(readonly=True)
    in_time = fields.Monetary(
        string="Paid in time", readonly=True, help="By the value date of the payments."
    )
    late = fields.Monetary(string="Paid late", readonly=True)
    paid_on = fields.Date(
        readonly=True, help="Value date on which the sum was complete."
    )
    loss = fields.Monetary(readonly=True, help="What was booked as given up.")
    move_id = fields.Many2one(
        "account.move",
        string="Document of the loss",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        copy=False,
    )
    undo_move_ids = fields.Many2many(
        "account.move", string="Undone by", readonly=True, copy=False
    )
    communication_ids = fields.One2many(
        related="action_id.communication_ids", string="Messages of the offer"
    )

    _one_live = models.UniqueIndex(
        "(case_id) WHERE state IN ('draft', 'waiting', 'offered')",
        "A settlement of this case is under way already.",
    )
    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE name != '/'", "This number was already given."
    )
    # the watch: what waits for money, and what was paid and may come back
    _watched_idx = models.Index(
        "(company_id, state) WHERE state IN ('offered', 'paid')"
    )
    _agreed_check = models.Constraint(
        "CHECK(agreed >= 0 AND costs >= 0)", "Amounts are not negative."
    )

    @api.depends("capital", "interest", "costs", "agreed")
    def _compute_figures(self):
        for one in self:
            told = one._get_figures(silent=True)
            one.discount = float(told.discount) if told else 0
            one.discount_percent = float(told.percent) if told else 0
            one.waived = float(told.waived) if told else 0
            one.extra = float(told.extra) if told else 0

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for one in self.sudo():
            one.display_name = f"{one.name} - {one.partner_id.name or ''}"

    @api.constrains("valid_days")
    def _check_valid_days(self):
        for one in self:
            if not 1 <= one.valid_days <= 365:
                raise ValidationError(
                    self.env._("An offer is valid for 1 to 365 days.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("A settlement is proposed from its case."))
        return super().create(vals_list)

    def write(self, vals):
        if self._draft_fields & set(vals) and not self._is_guard_open():
            self.check_access("write")
            self.env["dunning.case"]._check_is_operator(self)
            if any(one.state != "draft" for one in self):
                raise UserError(
                    self.env._(
                        "What was asked for is no longer changed: cancel it and propose"
                        " another one."
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A settlement is history: it is cancelled, never deleted.")
        )

    # business

    def _get_figures(self, silent=False):
        """The :class:`rules.settlement.Figures`; None (silent) or UserError without."""
        self.ensure_one()
        amounts = (self.capital, self.interest, self.costs, self.agreed)
        try:
            return rules.figures(*map(exact, amounts))
        except rules.Wrong as wrong:
            if silent:
                return None
            raise UserError(self.env._(WRONG[wrong.code])) from wrong

    def _today(self):
        self.ensure_one()
        return self.env["dunning.case"]._today(self.company_id)

    def _move(self, state, kind, note="", *, amount=0, move=None, **vals):
        """The only door: write the state, and a row of history that says why."""
        self.ensure_one()
        self.env["dunning.settlement.event"]._add(self, kind, state, note, amount, move)
        self.sudo()._guarded().write({"state": state, **vals})
        self.invalidate_recordset(["event_ids"])

    @api.model
    def _propose(self, case, action=None, reason=False):
        """A draft about all that is open of ``case``; the one under way if there is.

        Private: the caller checked who asks. ``action``: the step that it is.
        """
        case = case.sudo()
        found = self.sudo().search(
            [("case_id", "=", case.id), ("state", "in", LIVE)], limit=1
        )
        if found:
            if action and not found.action_id:
                found._guarded().write({"action_id": action.id})
            return found
        company = case.company_id
        sequence = self.env["ir.sequence"].sudo().with_company(company)
        made = (
            self.sudo()
            ._guarded()
            .create(
                {
                    "name": sequence.next_by_code("dunning.settlement"),
                    "company_id": company.id,
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "contract_id": case.contract_id.id,
                    "action_id": action.id if action else False,
                    "reason": reason,
                    "valid_days": company.dunning_settlement_days or 30,
                    "channel": self._usual_channel(case),
                }
            )
        )
        made._refresh()
        made._guarded().write({"agreed": made.capital})
        made._move("draft", "proposed")
        return made

    @api.model
    def _usual_channel(self, case):
        """PEC where there is one, then e-mail, then paper."""
        partner = case.partner_id
        if partner._dunning_pec_for(case):
            return "pec"
        return "email" if partner.email else "pp"

    def _refresh(self):
        """The open bills of the case and their interest, as they are today."""
        self.ensure_one()
        today = self._today()
        receivables = self._open_receivables()
        interest = self._interest_of(receivables, today)
        self.line_ids.sudo().unlink()
        insert_rows(
            self.env["dunning.settlement.line"].sudo()._guarded(),
            [
                {
                    "settlement_id": self.id,
                    "company_id": self.company_id.id,
                    "move_line_id": line.id,
                    "bill_number": line.move_id.billing_ref or line.move_id.name,
                    "date_maturity": line.date_maturity,
                    "amount": line.amount_residual,
                    "interest": float(interest.get(line.id, 0)),
                }
                for line in receivables
            ],
        )
        self.invalidate_recordset(["line_ids"])
        self._guarded().write(
            {
                "capital": sum(receivables.mapped("amount_residual")),
                "interest": float(sum(interest.values())),
                "computed_on": today,
            }
        )

    def _open_receivables(self):
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("dunning_case_id", "=", self.case_id.id),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", ">", 0),
                ],
                order="date_maturity, id",
            )
        )

    def _interest_of(self, receivables, day):
        """{receivable id: interest accrued by ``day`` and not charged yet}."""
        return self.case_id.sudo()._interest_of(receivables, day)

    def _open_now(self):
        """{settlement id: {bill number: what is open on it now}}, one statement."""
        if not self:
            return {}
        self.env["dunning.settlement.line"].flush_model()
        self.env["account.move.line"].flush_model(["amount_residual"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.settlement_id, COALESCE(own.bill_number, own.id::text),
                       SUM(line.amount_residual)
                  FROM dunning_settlement_line own
                  JOIN account_move_line line ON line.id = own.move_line_id
                 WHERE own.settlement_id = ANY(%s)
              GROUP BY 1, 2
              ORDER BY 1, 2
                """,
                self.ids,
            )
        )
        found = {one.id: {} for one in self}
        for settlement_id, number, residual in rows:
            found[settlement_id][number] = residual
        return found

    # actions

    def action_refresh(self):
        """Button: read the open bills and their interest again."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self:
            if one.state != "draft":
                raise UserError(
                    self.env._("%(name)s was asked for already.", name=one.name)
                )
            one.sudo()._refresh()
        return True

    def action_open_case(self):
        """Smart button: the case."""
        self.ensure_one()
        self.check_access("read")
        return self.case_id._open_action(self.env._("Recovery case"))

    def action_open_documents(self):
        """Smart button: the document of the loss and what undid it."""
        self.ensure_one()
        self.check_access("read")
        moves = self.event_ids.move_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Documents"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
            "context": {"create": False},
        }

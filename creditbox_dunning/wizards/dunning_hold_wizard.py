from odoo import api, fields, models
from odoo.tools.misc import format_date

from ..models.dunning_action import OPEN_STATES
from ..models.dunning_hold_promise import PROMISE
from ..rules import holds as rules
from ..rules.holds import is_stopped
from ..rules.promises import last_day

# steps shown before suspending: beyond this the numbers are enough
SHOWN = 10


class DunningHoldWizard(models.TransientModel):
    """Suspend cases, bills, contracts or customers; shows what will stop.

    Checks nothing that `dunning.hold.suspend` does not check again.
    """

    _name = "dunning.hold.wizard"
    _description = "Suspend"

    scope = fields.Selection(
        [
            ("case", "Case"),
            ("bill", "Bill"),
            ("contract", "Supply contract"),
            ("customer", "Customer"),
        ],
        required=True,
        readonly=True,
    )
    case_ids = fields.Many2many("dunning.case", string="Cases")
    bill_ids = fields.Many2many("account.move", string="Bills")
    contract_ids = fields.Many2many("utility.contract", string="Supply contracts")
    customer_ids = fields.Many2many("res.partner", string="Customers")
    only_bill_ids = fields.Many2many(
        "account.move",
        "dunning_hold_wizard_only_bill_rel",
        "wizard_id",
        "move_id",
        string="Only these bills",
        help="Empty: the whole case. With bills the rest of the case goes on.",
    )
    choice_bill_ids = fields.Many2many(
        "account.move", compute="_compute_choice_bill_ids"
    )
    reason_id = fields.Many2one("dunning.hold.reason", required=True)
    help_text = fields.Text(related="reason_id.help_text")
    end_rule = fields.Selection(related="reason_id.end_rule")
    needs_proof = fields.Boolean(related="reason_id.needs_proof")
    is_complaint = fields.Boolean(related="reason_id.is_complaint")
    reason_code = fields.Char(related="reason_id.code")
    promise_date = fields.Date(
        string="Promised for",
        help="The day by which the customer pays: the suspension lasts until then and"
        " for the days of grace.",
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_to = fields.Date(
        string="To",
        compute="_compute_dates",
        store=True,
        readonly=False,
        help="Last day, included.",
    )
    check_date = fields.Date(
        string="To be checked by", compute="_compute_dates", store=True, readonly=False
    )
    received_on = fields.Date(help="Day on which the customer wrote; today when empty.")
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(
        string="Amount contested or promised", help="Leave it empty when not known."
    )
    note = fields.Text()
    proof = fields.Binary(attachment=False)
    proof_name = fields.Char()
    effect = fields.Html(compute="_compute_effect", string="What it does")

    @api.depends("case_ids")
    def _compute_choice_bill_ids(self):
        for wizard in self:
            cases = wizard.case_ids._origin
            lines = cases.line_ids.filtered(lambda line: not line.reconciled)
            wizard.choice_bill_ids = lines.move_id

    @api.depends("reason_id", "date_from", "promise_date")
    def _compute_dates(self):
        for wizard in self:
            reason, start = wizard.reason_id, wizard.date_from
            wizard.date_to = wizard.check_date = False
            if not reason or not start:
                continue
            if reason.end_rule == "date":
                wizard.date_to = rules.last_day(
                    start, reason.default_days, reason.default_months
                )
            if reason.code == PROMISE and wizard.promise_date:
                grace = wizard.company_id.sudo().dunning_promise_grace_days
                wizard.date_to = last_day(wizard.promise_date, grace)
            wizard.check_date = self.env["dunning.hold"]._check_day(reason, start)

    @api.depends("reason_id", "scope", "only_bill_ids", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_effect(self):
        for wizard in self:
            wizard.effect = self.env["ir.qweb"]._render(
                "creditbox_dunning.dunning_hold_effect", wizard._get_effect()
            )

    def _get_effect(self):
        """What the screen tells before one confirms."""
        self.ensure_one()
        cases = self._get_cases()
        reason = self.reason_id
        held = None
        if bills := self._get_bills():
            held = frozenset(cases.line_ids.filtered(lambda x: x.move_id in bills).ids)
        waiting = cases.action_ids.filtered(lambda a: a.state in OPEN_STATES)
        stopped = waiting.filtered(
            lambda a: is_stopped(
                a.action_type_id.code,
                a.op,
                a.item_ids.move_line_id.ids,
                reason.stops,
                held,
            )
        )
        labels = dict(reason._fields["stops"]._description_selection(self.env))
        clocks = dict(reason._fields["clock"]._description_selection(self.env))
        return {
            "reason": reason,
            "stops": labels.get(reason.stops),
            "clock": clocks.get(reason.clock),
            "cases": cases[:SHOWN],
            "count": len(cases),
            "amount": sum(cases.mapped("amount_due")),
            "currency": self.currency_id,
            "stopped": stopped[:SHOWN],
            "stopped_count": len(stopped),
            "bills": bills,
            "resumes": self.date_to
            and format_date(self.env, self.date_to + rules.ONE_DAY),
            "is_long": self._is_long(),
        }

    def _is_long(self):
        """Whether the days beyond those of the reason will wait for an approval."""
        limit = self.reason_id.approval_days
        if not limit or not self.date_from:
            return False
        end = self.date_to if self.reason_id.end_rule == "date" else None
        length = rules.length(self.date_from, end or None)
        return length is None or length > limit

    def _get_bills(self):
        bills = self.only_bill_ids if self.scope == "case" else self.bill_ids
        return bills._origin

    def _get_cases(self):
        cases = self.env["dunning.case"]
        if self.scope == "case":
            return self.case_ids._origin.filtered(lambda case: case.state != "closed")
        if self.scope == "bill":
            found = self.bill_ids._origin.line_ids.dunning_case_id
            return found.filtered(lambda case: case.state != "closed")
        field = "contract_id" if self.scope == "contract" else "partner_id"
        targets = self[f"{self.scope}_ids"]._origin
        return cases.search([(field, "in", targets.ids), ("state", "!=", "closed")])

    def action_confirm(self):
        """Button: suspend and show what was made."""
        self.ensure_one()
        scope, targets = self.scope, self[f"{self.scope}_ids"]
        if scope == "case" and self.only_bill_ids:
            scope, targets = "bill", self.only_bill_ids
        by_date = self.reason_id.end_rule == "date"
        proofs = None
        if self.proof:
            name = self.proof_name or self.env._("Proof")
            proofs = [{"name": name, "datas": self.proof}]
        holds = self.env["dunning.hold"].suspend(
            scope,
            targets.ids,
            self.reason_id.code,
            date_from=self.date_from,
            date_to=self.date_to if by_date else None,
            note=self.note or "",
            proofs=proofs,
            received_on=self.received_on,
            check_date=self.check_date,
            amount=self.amount or None,
            promise_date=self.promise_date if self.reason_code == PROMISE else None,
        )
        if len(holds) == 1 and holds.stops != "nothing":
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspensions"),
            "res_model": "dunning.hold",
            "view_mode": "list,form",
            "domain": [("id", "in", holds.ids)],
            "context": {"create": False},
        }

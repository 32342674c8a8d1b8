from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.cmor_practice_facts import _cents

KIND_OF = {"full": "paid", "part": "amount"}


class CmorCancelWizard(models.TransientModel):
    """Dialog of an operator: ask the annulment of practices, or keep the claim though
    its bills were paid. What was found in the books is filled in already."""

    _name = "cmor.cancel.wizard"
    _description = "Ask the annulment of CMOR practices"

    practice_ids = fields.Many2many("cmor.practice", string="Practices", required=True)
    practice_count = fields.Integer(compute="_compute_practice_count")
    currency_id = fields.Many2one(related="practice_ids.company_id.currency_id")
    late_found = fields.Boolean(compute="_compute_practice_count")
    decision = fields.Selection(
        [("cancel", "Ask the annulment"), ("keep", "Keep the claim as it is")],
        required=True,
        default="cancel",
    )
    reason_id = fields.Many2one(
        "cmor.cancel.reason", domain="[('by_outgoing', '=', True)]"
    )
    reason_kind = fields.Selection(related="reason_id.kind")
    needs_text = fields.Boolean(related="reason_id.needs_text")
    event_date = fields.Date(
        string="Day of the event",
        required=True,
        default=fields.Date.context_today,
        help="Of the payment, or of the finding.",
    )
    collected_amount = fields.Monetary(
        string="Collected",
        help="For many practices each one's own figure is taken from the books.",
    )
    new_amount = fields.Monetary(
        string="Right amount", help="What the indemnity should be."
    )
    note = fields.Text()

    @api.depends("practice_ids")
    def _compute_practice_count(self):
        for wizard in self:
            wizard.practice_count = len(wizard.practice_ids)
            wizard.late_found = "open" in wizard.practice_ids.mapped("late_state")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        practices = self.env["cmor.practice"].browse(
            self.env.context.get("default_practice_ids", [])
        )
        late = practices.filtered(lambda p: p.late_state == "open")
        kinds = set(late.mapped("late_kind"))
        if late and len(kinds) == 1 and kinds & set(KIND_OF):
            reason = self.env["cmor.cancel.reason"]._for_kind(KIND_OF[kinds.pop()])
            values["reason_id"] = reason.id
        if len(practices) == 1 and late:
            values["event_date"] = late.late_on or values.get("event_date")
            values["collected_amount"] = late.late_amount
            if late.late_kind == "part":
                values["new_amount"] = late.late_new_amount
        return values

    def action_apply(self):
        """Record what the dialog says."""
        self.ensure_one()
        practices = self.practice_ids
        if self.decision == "keep":
            practices.action_keep_claim(self.note or "")
            return {"type": "ir.actions.act_window_close"}
        if not self.reason_id:
            raise UserError(self.env._("Choose the reason."))
        single = len(practices) == 1
        amounts, new_amounts = {}, {}
        for practice in practices:
            collected = self.collected_amount if single else practice.late_amount
            amounts[practice] = _cents(collected)
            if self.reason_kind == "amount":
                right = self.new_amount if single else practice.late_new_amount
                self._check_new_amount(practice, right)
                new_amounts[practice] = _cents(right)
        requests = practices._ask_cancel(
            self.reason_id, self.event_date, self.note or "", amounts, new_amounts
        )
        asked = practices - requests.practice_id
        if asked:
            return asked._asked_notice()
        return {"type": "ir.actions.act_window_close"}

    def _check_new_amount(self, practice, right):
        if not 0 <= _cents(right) < _cents(practice.indemnity):
            raise UserError(
                self.env._(
                    "%(name)s: the right amount is less than the %(amount)s claimed.",
                    name=practice.display_name,
                    amount=_cents(practice.indemnity),
                )
            )

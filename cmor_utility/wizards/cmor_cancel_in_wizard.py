from odoo import api, fields, models

from ..models.cmor_practice_cancel_in import NEEDS_TEXT, REASONS


class CmorCancelInWizard(models.TransientModel):
    """Dialog: ask the annulment of incoming practices."""

    _name = "cmor.cancel.in.wizard"
    _description = "Ask the annulment of incoming CMOR practices"

    practice_ids = fields.Many2many("cmor.practice", string="Practices", required=True)
    reason = fields.Selection(REASONS, required=True, default="N6")
    needs_text = fields.Boolean(compute="_compute_needs_text")
    event_date = fields.Date(
        string="Found on", required=True, default=fields.Date.context_today
    )
    note = fields.Text(string="In words")

    @api.depends("reason")
    def _compute_needs_text(self):
        for wizard in self:
            wizard.needs_text = wizard.reason in NEEDS_TEXT

    def action_apply(self):
        """Open the requests."""
        self.ensure_one()
        self.practice_ids._ask_cancel_in(self.reason, self.note or "", self.event_date)
        return {"type": "ir.actions.act_window_close"}

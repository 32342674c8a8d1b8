from odoo import api, fields, models


class CmorCancelInWizard(models.TransientModel):
    """Dialog: ask the annulment of incoming practices."""

    _name = "cmor.cancel.in.wizard"
    _description = "Ask the annulment of incoming CMOR practices"

    practice_ids = fields.Many2many("cmor.practice", required=True)
    reason_id = fields.Many2one(
        "cmor.cancel.reason",
        required=True,
        domain="[('by_incoming', '=', True)]",
        default=lambda self: self._default_reason(),
    )
    needs_text = fields.Boolean(related="reason_id.needs_text")
    event_date = fields.Date(
        string="Found on", required=True, default=fields.Date.context_today
    )
    note = fields.Text(string="In words")

    @api.model
    def _default_reason(self):
        """Another holder or point: what our own look at the notice finds."""
        return self.env["cmor.cancel.reason"].search(
            [("code", "=", "N6"), ("by_incoming", "=", True)], limit=1
        )

    def action_apply(self):
        """Open the requests."""
        self.ensure_one()
        practices = self.practice_ids
        requests = practices._ask_cancel_in(
            self.reason_id, self.note or "", self.event_date
        )
        asked = practices - requests.practice_id.with_env(self.env)
        if asked:
            return asked._asked_notice()
        return {"type": "ir.actions.act_window_close"}

from odoo import fields, models


class DunningPrescriptionWithdraw(models.TransientModel):
    """Why an act is taken back."""

    _name = "dunning.prescription.withdraw"
    _description = "Take back an act against prescription"

    act_id = fields.Many2one(
        "dunning.prescription.act",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Button: take it back."""
        self.ensure_one()
        self.act_id.action_withdraw(self.reason)
        return {"type": "ir.actions.act_window_close"}

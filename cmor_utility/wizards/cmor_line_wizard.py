from odoo import fields, models


class CmorLineWizard(models.TransientModel):
    """Dialog: which practice a line of the network is about."""

    _name = "cmor.line.wizard"
    _description = "Match a line of the network"

    charge_ids = fields.Many2many("cmor.network.charge", required=True)
    company_id = fields.Many2one(related="charge_ids.company_id")
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        domain="[('side', '=', 'incoming'), ('company_id', '=', company_id)]",
    )

    def action_apply(self):
        """Match the lines."""
        self.ensure_one()
        self.charge_ids.action_match_to(self.practice_id)
        return {"type": "ir.actions.act_window_close"}

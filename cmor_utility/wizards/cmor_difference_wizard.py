from odoo import fields, models


class CmorDifferenceWizard(models.TransientModel):
    """Dialog: accept what the network charges more or less than the SII says."""

    _name = "cmor.difference.wizard"
    _description = "Accept the difference of the network"

    practice_ids = fields.Many2many("cmor.practice", string="Practices", required=True)
    note = fields.Text(string="Why", required=True)

    def action_apply(self):
        """Keep the decision."""
        self.ensure_one()
        self.practice_ids.action_accept_difference(self.note or "")
        return {"type": "ir.actions.act_window_close"}

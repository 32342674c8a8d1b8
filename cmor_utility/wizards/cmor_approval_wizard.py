from odoo import fields, models


class CmorApprovalWizard(models.TransientModel):
    """Dialog: refuse one or many approvals, with the reason."""

    _name = "cmor.approval.wizard"
    _description = "Refuse CMOR approvals"

    approval_ids = fields.Many2many("cmor.approval", required=True)
    note = fields.Text(string="Why", required=True)

    def action_apply(self):
        """Record the refusal."""
        self.ensure_one()
        self.approval_ids.action_refuse(self.note)
        return {"type": "ir.actions.act_window_close"}

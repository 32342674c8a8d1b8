from odoo import fields, models
from odoo.exceptions import UserError


class CmorExportWizard(models.TransientModel):
    """The question asked once for each layout that nobody has confirmed."""

    _name = "cmor.export.wizard"
    _description = "Export with a layout to be checked"

    practice_ids = fields.Many2many("cmor.practice")
    request_ids = fields.Many2many("cmor.practice.request")
    layout_ids = fields.Many2many("cmor.flow.layout", string="Layouts", required=True)
    accept = fields.Boolean(
        string="I export with this layout all the same",
        help="My name and the date are kept on the layout; I am not asked again.",
    )

    def action_apply(self):
        """Keep the decision, then export."""
        self.ensure_one()
        if not self.accept:
            raise UserError(self.env._("Tick the box to export with this layout."))
        self.layout_ids.action_acknowledge()
        return (self.request_ids or self.practice_ids).action_export()

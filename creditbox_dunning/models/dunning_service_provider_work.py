from odoo import fields, models


class DunningServiceProvider(models.Model):
    """Technical offices, agencies and information providers: how files go to them."""

    _inherit = "dunning.service.provider"

    file_layout_id = fields.Many2one(
        "dunning.file.layout",
        string="Layout of the files",
        domain="[('purpose', '=', kind), ('company_id', 'in', [company_id, False])]",
        help="Empty: the one shipped for this kind.",
    )

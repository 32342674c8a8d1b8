from odoo import fields, models


class UtilityImportSource(models.Model):
    """Where files come from by themselves: a folder polled by a scheduled action."""

    _name = "utility.import.source"
    _description = "Import source"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )

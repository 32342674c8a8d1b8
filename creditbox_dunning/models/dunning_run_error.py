from odoo import fields, models


class DunningRunError(models.Model):
    """A case that a run had to leave out, and why."""

    _name = "dunning.run.error"
    _description = "Case left out by a run"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"run_id", "company_id", "case_id", "message"})

    run_id = fields.Many2one("dunning.run", index=True, check_company=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    case_id = fields.Many2one("dunning.case", index=True, check_company=True)
    message = fields.Char(readonly=True)

from odoo import fields, models

from .valuation_texts import BANDS


class DunningValuationHistory(models.Model):
    """A score that changed, and who put a customer on the watch list or took it off."""

    _name = "dunning.valuation.history"
    _description = "History of a valuation"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"

    valuation_id = fields.Many2one(
        "dunning.valuation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True)
    kind = fields.Selection(
        [
            ("score", "Score"),
            ("watched", "Put on the watch list"),
            ("seen", "Looked at"),
        ],
        string="What",
        required=True,
        default="score",
    )
    score = fields.Integer(string="Risk points", aggregator="avg")
    band = fields.Selection(BANDS)
    exposure = fields.Monetary()
    overdue = fields.Monetary()
    reasons = fields.Json()
    note = fields.Char()
    user_id = fields.Many2one("res.users", string="By", index="btree_not_null")

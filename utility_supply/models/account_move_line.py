from odoo import fields, models


class AccountMoveLine(models.Model):
    """For who inserts lines by SQL: `utility_contract_id` is the only column added,
    plain, without default or compute; set it on every line of a bill (a bill over
    several sites has a receivable line for each)."""

    _inherit = "account.move.line"

    utility_contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        check_company=True,
    )

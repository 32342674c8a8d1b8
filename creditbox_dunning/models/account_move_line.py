from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    dunning_case_id = fields.Many2one(
        "dunning.case",
        string="Recovery case",
        index="btree_not_null",
        copy=False,
        readonly=True,
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    # what the nightly run reads first: open receivables that no case follows yet
    _dunning_open_idx = models.Index(
        "(company_id, date_maturity) WHERE display_type = 'payment_term'"
        " AND parent_state = 'posted' AND reconciled IS NOT TRUE"
        " AND dunning_case_id IS NULL"
    )

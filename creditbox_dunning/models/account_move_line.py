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

    dunning_days_overdue = fields.Integer(
        string="Days overdue",
        compute="_compute_dunning_days_overdue",
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    # what the nightly run reads first: open receivables that no case follows yet
    _dunning_open_idx = models.Index(
        "(company_id, date_maturity) WHERE display_type = 'payment_term'"
        " AND parent_state = 'posted' AND reconciled IS NOT TRUE"
        " AND dunning_case_id IS NULL"
    )

    # ageing: in its order, and all that its sums need; the lines of accounts that are
    # not reconciled have no residual and take no room in it
    _dunning_ageing_idx = models.Index(
        "(COALESCE(date_maturity, date), id) INCLUDE (company_id, account_id,"
        " partner_id, amount_residual, utility_contract_id, move_id, date_maturity,"
        " date, dunning_case_id)"
        " WHERE parent_state = 'posted' AND amount_residual != 0"
    )

    def _compute_dunning_days_overdue(self):
        """Days since the due date, of what is still open; 0 when it is not."""
        today = fields.Date.context_today(self)
        for line in self:
            is_open = line.date_maturity and not line.reconciled
            days = (today - line.date_maturity).days if is_open else 0
            line.dunning_days_overdue = max(0, days)

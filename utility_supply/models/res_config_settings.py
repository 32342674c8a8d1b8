from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    utility_book_mode = fields.Selection(
        related="company_id.utility_book_mode", readonly=False
    )
    utility_bill_journal_id = fields.Many2one(
        related="company_id.utility_bill_journal_id", readonly=False
    )
    utility_clearing_account_id = fields.Many2one(
        related="company_id.utility_clearing_account_id", readonly=False
    )
    utility_payment_journal_id = fields.Many2one(
        related="company_id.utility_payment_journal_id", readonly=False
    )
    utility_opening_date = fields.Date(
        related="company_id.utility_opening_date", readonly=False
    )
    utility_charge_mode = fields.Selection(
        related="company_id.utility_charge_mode", readonly=False
    )
    utility_deactivable_days = fields.Integer(
        related="company_id.utility_deactivable_days", readonly=False
    )

    def action_utility_setup_books(self):
        """Button: create the journals and accounts that are missing."""
        return self.company_id.action_utility_setup_books()

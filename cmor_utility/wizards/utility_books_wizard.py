from odoo import fields, models

from odoo.addons.utility_supply.wizards.utility_books_wizard import (
    UtilityBooksWizard as Books,
)


class UtilityBooksWizard(models.TransientModel):
    """Where the money of the indemnity system is entered, beside the other books."""

    _inherit = "utility.books.wizard"

    _settings = (
        *Books._settings,
        "cmor_csea_account_id",
        "cmor_return_account_id",
        "cmor_seller_account_id",
        "cmor_journal_id",
        "cmor_allocation",
    )

    cmor_csea_account_id = fields.Many2one(
        "account.account",
        string="CSEA indemnities",
        check_company=True,
        domain="[('reconcile', '=', True), ('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        help="Transit account of what CSEA pays: the bank's entry comes in, the bills"
        " of the practices go out.",
    )
    cmor_return_account_id = fields.Many2one(
        "account.account",
        string="CMOR to be returned",
        check_company=True,
        domain="[('account_type', '=', 'liability_payable')]",
        help="What is owed to customers: excess and indemnities of annulled practices.",
    )
    cmor_seller_account_id = fields.Many2one(
        "account.account",
        string="Indemnities of sellers",
        check_company=True,
        domain="[('account_type', '=', 'liability_payable')]",
        help="Network user: what CSEA paid for its sellers, until it is paid on.",
    )
    cmor_journal_id = fields.Many2one(
        "account.journal",
        string="CMOR journal",
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    cmor_allocation = fields.Selection(
        [
            ("claim", "As claimed, then the oldest"),
            ("oldest", "Oldest bill first"),
        ],
        string="CMOR receipts pay",
    )

from odoo import fields, models

from .utility_books_wizard import UtilityBooksWizard as Books


class UtilityBooksWizard(models.TransientModel):
    """How the CMOR that we are charged reaches the customer's bill."""

    _inherit = "utility.books.wizard"

    _settings = (
        *Books._settings,
        "cmor_transit_account_id",
        "cmor_charge_tax_id",
        "cmor_tax_note",
        "cmor_charge_note",
        "cmor_refund_note",
    )

    cmor_transit_account_id = fields.Many2one(
        "account.account",
        string="CMOR debit (transit)",
        check_company=True,
        domain="[('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        help="The network's line comes in, the customer's charge goes out.",
    )
    cmor_charge_tax_id = fields.Many2one(
        "account.tax",
        string="Tax of the CMOR",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        help="Outside VAT (art. 2 c. 3 lett. a DPR 633/72): ask your accountant.",
    )
    cmor_tax_note = fields.Char(string="Tax treatment of the CMOR")
    cmor_charge_note = fields.Text(
        string="Text of the CMOR on the bill",
        help="Has to say that it is charged for a previous seller, and whom to call.",
    )
    cmor_refund_note = fields.Text(string="Text of the CMOR given back")

from odoo import fields, models

# the wording of the bill is in Italian whatever the language of the operator: the
# customer reads it (see the notes: who asks, why, whom to call)
CHARGE_TEXT = (
    "Corrispettivo CMOR, addebitato per conto di un precedente fornitore a titolo di"
    " indennizzo per il mancato pagamento di bollette. Per informazioni: Sportello per"
    " il consumatore Energia e Ambiente, numero verde 800 166 654."
)
REFUND_TEXT = (
    "Storno del corrispettivo CMOR addebitato per conto di un precedente fornitore:"
    " richiesta annullata o ridotta. Per informazioni: Sportello per il consumatore"
    " Energia e Ambiente, numero verde 800 166 654."
)
TAX_NOTE = "Fuori campo IVA, art. 2 c. 3 lett. a DPR 633/72"


class ResCompany(models.Model):
    """How the CMOR that we are charged reaches the customer's bill."""

    _inherit = "res.company"

    cmor_transit_account_id = fields.Many2one(
        "account.account",
        string="CMOR debit (transit)",
        check_company=True,
        domain="[('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        help="The network's line comes in, the customer's charge goes out: it returns"
        " to zero for each practice.",
    )
    cmor_charge_tax_id = fields.Many2one(
        "account.tax",
        string="Tax of the CMOR",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        help="Outside VAT (art. 2 c. 3 lett. a DPR 633/72): ask your accountant.",
    )
    cmor_tax_note = fields.Char(string="Tax treatment of the CMOR", default=TAX_NOTE)
    cmor_charge_note = fields.Text(
        string="Text of the CMOR on the bill",
        default=CHARGE_TEXT,
        help="Has to say that it is charged for a previous seller, and whom to call.",
    )
    cmor_refund_note = fields.Text(
        string="Text of the CMOR given back", default=REFUND_TEXT
    )

    def _cmor_setup_books(self):
        # EXTENDS: also the transit account
        result = super()._cmor_setup_books()
        for company in self:
            todo = company.sudo().with_company(company)
            if not todo.cmor_transit_account_id:
                todo.cmor_transit_account_id = todo._utility_create_account(
                    self.env._("CMOR debit (transit)")
                )
        return result

    def _cmor_charge_text(self):
        return one_line(self.sudo().cmor_charge_note) or CHARGE_TEXT

    def _cmor_refund_text(self):
        return one_line(self.sudo().cmor_refund_note) or REFUND_TEXT

    def _cmor_tax_note(self):
        return one_line(self.sudo().cmor_tax_note) or TAX_NOTE


def one_line(text):
    """A text of the settings as one line: what a charge says has no line breaks."""
    return " ".join((text or "").split())

from odoo import fields, models

from ..rules.payment_slip import Creditor


class ResCompany(models.Model):
    """How a company's bills are paid: what the QR code of the slips says."""

    _inherit = "res.company"

    dunning_slip_kind = fields.Selection(
        [
            ("none", "The code only, no QR"),
            ("pagopa", "pagoPA notice"),
            ("postal", "Postal slip 674/896"),
            ("transfer", "Bank transfer (EPC code)"),
        ],
        string="QR of the payment slips",
        required=True,
        default="none",
        help="What the payment codes of the bills are. Try one with a phone before the"
        " first letters leave.",
    )
    dunning_slip_account = fields.Char(
        string="Postal account", help="Number of the account of the slips 674/896."
    )
    dunning_slip_bank_id = fields.Many2one(
        "res.partner.bank",
        string="Account for transfers",
        domain="[('partner_id', '=', partner_id)]",
    )

    def _dunning_creditor(self):
        """The :class:`Creditor` of this company's slips."""
        self.ensure_one()
        company = self.sudo()
        tax_code = company.partner_id.l10n_it_codice_fiscale or company.vat or ""
        return Creditor(
            kind=company.dunning_slip_kind or "none",
            tax_code=tax_code,
            account=company.dunning_slip_account or "",
            iban=company.dunning_slip_bank_id.acc_number or "",
            name=company.name,
        )

from odoo import fields, models


class CmorPractice(models.Model):
    """Claims that a network user (UDD) presents for its sellers.

    The figures and documents are the seller's: we have no bills of this customer.
    """

    _inherit = "cmor.practice"

    cc_partner_id = fields.Many2one(
        "res.partner",
        string="For the seller",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="The seller for which we, its network user, present the claim.",
    )
    cc_vat = fields.Char(string="VAT number of the seller", readonly=True, copy=False)
    cc_code = fields.Char(
        string="Code of the seller", readonly=True, copy=False, help="Its CP_UTENTE."
    )
    cc_values = fields.Json(
        readonly=True, copy=False, help="The request as the seller made it, by source."
    )

    _cc_code_uniq = models.UniqueIndex(
        "(company_id, cc_vat, cc_code) WHERE cc_code IS NOT NULL",
        "This seller used the code before.",
    )

from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    billing_ref = fields.Char(
        string="Bill named",
        copy=False,
        readonly=True,
        help="The bill that the payer named, in the billing system's number.",
    )
    reversal_source_ref = fields.Char(
        string="Source id of the return",
        copy=False,
        readonly=True,
        help="The return's key in the system it comes from, unique in the company.",
    )

    _reversal_source_ref_uniq = models.UniqueIndex(
        "(company_id, reversal_source_ref) WHERE reversal_source_ref IS NOT NULL",
        "A return with this source id exists already in the company.",
    )

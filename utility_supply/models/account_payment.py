from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    source_ref = fields.Char(
        string="Source id",
        copy=False,
        readonly=True,
        help="The payment's key in the system it comes from, unique in the company.",
    )
    payment_channel = fields.Char(string="Channel")
    value_date = fields.Date()
    reversal_date = fields.Date(string="Returned on", copy=False, readonly=True)
    reversal_reason = fields.Char(string="Reason of return", copy=False, readonly=True)

    _source_ref_uniq = models.UniqueIndex(
        "(company_id, source_ref) WHERE source_ref IS NOT NULL",
        "A payment with this source id exists already in the company.",
    )

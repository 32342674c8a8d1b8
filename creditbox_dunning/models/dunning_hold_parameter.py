from odoo import fields, models


class DunningLegalParameter(models.Model):
    """The number of the law that only complaints need: the term of the answer."""

    _inherit = "dunning.legal.parameter"

    name = fields.Selection(
        selection_add=[("complaint_answer_days", "Complaint: days for the answer")],
        ondelete={"complaint_answer_days": "cascade"},
    )

from odoo import api, fields, models

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.notice_text import Part
from .template_texts import CONDITION_LABELS, CONTENT_LABELS

PART_LABELS = [
    ("title", "Title"),
    ("paragraph", "Paragraph"),
    ("small", "Small print"),
    ("bills", "Table of the bills"),
    ("slip", "Payment slips"),
    ("instalments", "Table of the instalments"),
    ("instalment_slip", "Payment slips of the instalments"),
]


class DunningTemplatePart(models.Model):
    """A paragraph, a table or a slip of a message, in order.

    Its text is words with ``{{values}}``: nothing in it is run. The headings of a
    table and the words of a slip stand in its text too, divided by ``|``.
    """

    _name = "dunning.template.part"
    _description = "Part of a dunning message"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one(
        "dunning.template", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="template_id.company_id", store=True, index=True, precompute=True
    )
    sequence = fields.Integer(default=100)
    kind = fields.Selection(PART_LABELS, required=True, default="paragraph")
    text = fields.Text()
    service = fields.Selection(SERVICES, help="Empty = any.")
    condition = fields.Selection(
        CONDITION_LABELS, string="Only if", help="Empty = always."
    )
    content = fields.Selection(
        CONTENT_LABELS,
        string="Mandatory content",
        help="What of the law's check list this part tells the customer.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        parts.template_id._check_draft()
        return parts

    def write(self, vals):
        self.template_id._check_draft()
        result = super().write(vals)
        if "template_id" in vals:
            self.template_id._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.template_id._check_draft()

    def _as_parts(self):
        """These parts as plain values, in order."""
        return tuple(
            Part(
                kind=part.kind,
                text=part.text or "",
                service=part.service or "",
                condition=part.condition or "",
                content=part.content or "",
            )
            for part in self.sorted(lambda p: (p.sequence, p.id or 0))
        )

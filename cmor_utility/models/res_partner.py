from odoo import fields, models

from .account_move import READERS


class ResPartner(models.Model):
    _inherit = "res.partner"

    cmor_practice_count = fields.Integer(
        compute="_compute_cmor_practice_count", groups=READERS
    )

    def _compute_cmor_practice_count(self):
        counts = dict(
            self.env["cmor.practice"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.cmor_practice_count = counts.get(partner, 0)

    def action_open_cmor_practices(self):
        """Smart button: the practices of the customer."""
        self.ensure_one()
        practices = self.env["cmor.practice"].search([("partner_id", "=", self.id)])
        return practices._action_show()

from odoo import fields, models

from .account_move import READERS


class UtilityContract(models.Model):
    _inherit = "utility.contract"

    cmor_practice_ids = fields.One2many(
        "cmor.practice", "contract_id", string="CMOR practices", groups=READERS
    )
    cmor_practice_count = fields.Integer(
        compute="_compute_cmor_practice_count", groups=READERS
    )

    def _compute_cmor_practice_count(self):
        counts = dict(
            self.env["cmor.practice"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.cmor_practice_count = counts.get(contract, 0)

    def action_open_cmor_practices(self):
        """Smart button: the practices of the supply."""
        self.ensure_one()
        practices = self.env["cmor.practice"].search([("contract_id", "=", self.id)])
        return practices._action_show()

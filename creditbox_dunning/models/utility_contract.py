from odoo import fields, models


class UtilityContract(models.Model):
    _inherit = "utility.contract"

    dunning_case_ids = fields.One2many("dunning.case", "contract_id")
    dunning_case_count = fields.Integer(compute="_compute_dunning_case_count")

    def _compute_dunning_case_count(self):
        counts = dict(
            self.env["dunning.case"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.dunning_case_count = counts.get(contract, 0)

    def action_open_dunning_cases(self):
        """Smart button: the recovery cases of this supply."""
        self.ensure_one()
        return self.dunning_case_ids._open_action(self.env._("Recovery cases"))

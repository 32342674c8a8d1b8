from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_case_count = fields.Integer(
        compute="_compute_dunning_case_count",
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    def _compute_dunning_case_count(self):
        groups = self.env["account.move.line"]._read_group(
            [("move_id", "in", self.ids), ("dunning_case_id", "!=", False)],
            ["move_id"],
            ["dunning_case_id:count_distinct"],
        )
        counts = dict(groups)
        for move in self:
            move.dunning_case_count = counts.get(move, 0)

    def action_open_dunning_cases(self):
        """Smart button: the recovery cases that follow this bill."""
        self.ensure_one()
        cases = self.line_ids.dunning_case_id
        return cases._open_action(self.env._("Recovery cases"))

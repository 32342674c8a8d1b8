from odoo import fields, models

from ..rules.outbox import GONE


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

    def _get_undo_obstacles(self):
        # EXTENDS utility_supply: reminders that are no notice, but left
        obstacles = super()._get_undo_obstacles()
        items = (
            self.env["dunning.action.item"]
            .sudo()
            .search(
                [
                    (
                        "move_id",
                        "in",
                        (self - self.browse(m.id for m in obstacles)).ids,
                    ),
                    ("action_id.communication_ids.state", "in", sorted(GONE)),
                ]
            )
        )
        for item in items:
            obstacles.setdefault(item.move_id, item.action_id.display_name)
        return obstacles

    def action_open_dunning_cases(self):
        """Smart button: the recovery cases that follow this bill."""
        self.ensure_one()
        cases = self.line_ids.dunning_case_id
        return cases._open_action(self.env._("Recovery cases"))

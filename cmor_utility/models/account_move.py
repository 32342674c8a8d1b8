from odoo import fields, models

READERS = "cmor_utility.group_cmor_user,account.group_account_invoice"


class AccountMove(models.Model):
    _inherit = "account.move"

    cmor_line_ids = fields.One2many(
        "cmor.practice.line", "move_id", string="CMOR practices", groups=READERS
    )
    cmor_practice_count = fields.Integer(
        compute="_compute_cmor_practice_count", groups=READERS
    )

    def _compute_cmor_practice_count(self):
        counts = dict(
            self.env["cmor.practice.line"]._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
        )
        for move in self:
            move.cmor_practice_count = counts.get(move, 0)

    def action_open_cmor_practices(self):
        """Smart button: the practices that claim this bill."""
        self.ensure_one()
        practices = self.env["cmor.practice"].search(
            [("line_ids.move_id", "=", self.id)]
        )
        return practices._action_show()

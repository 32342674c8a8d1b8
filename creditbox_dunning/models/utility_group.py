from odoo import api, fields, models


class UtilityGroup(models.Model):
    """Who joins a group follows its table at once, unless it has one of its own."""

    _inherit = "utility.group"

    dunning_own_table_ids = fields.Many2many(
        "res.company",
        string="Members with a table of their own",
        compute="_compute_dunning_own_table_ids",
        help="They follow the group's table from its next publication on.",
    )
    dunning_has_table = fields.Boolean(compute="_compute_dunning_own_table_ids")

    @api.depends("member_ids", "head_company_id", "active")
    def _compute_dunning_own_table_ids(self):
        tables = self.env["dunning.action.table"].sudo()
        for group in self:
            source = tables._group_table_for(group.head_company_id)
            group.dunning_has_table = bool(source)
            own = source and group._dunning_tables().filtered(
                lambda t, g=group: t.source_table_id.group_id != g
            )
            group.dunning_own_table_ids = own.company_id if own else False

    def _dunning_tables(self):
        """The tables in force of the members that are no branches."""
        members = self.sudo().member_ids.filtered(lambda c: not c.parent_id)
        return (
            self.env["dunning.action.table"]
            .sudo()
            .search(
                [
                    ("company_id", "in", members.ids),
                    ("scope", "=", "company"),
                    ("state", "=", "published"),
                ]
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        groups = super().create(vals_list)
        groups._dunning_hand_down()
        return groups

    def write(self, vals):
        result = super().write(vals)
        if {"member_ids", "head_company_id", "active"} & set(vals):
            self._dunning_hand_down()
        return result

    def _dunning_hand_down(self):
        """Give the group's table to the members that chose none: those without one and
        those that still have the standard as the program published it."""
        tables = self.env["dunning.action.table"].sudo()
        for group in self.sudo().filtered("active"):
            source = tables._group_table_for(group.head_company_id)
            if not source:
                continue
            chosen = group._dunning_tables().filtered(lambda t: not t.is_standard)
            source._hand_down(group.member_ids - chosen.company_id)

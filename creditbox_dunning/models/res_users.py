from odoo import api, models

LEVEL_GROUPS = (
    (4, "creditbox_dunning.group_dunning_group"),
    (3, "creditbox_dunning.group_dunning_director"),
    (2, "creditbox_dunning.group_dunning_manager"),
    (1, "creditbox_dunning.group_dunning_operator"),
)
GROUP_LEVEL = 4
DIRECTOR_LEVEL = 3
MANAGER_LEVEL = 2


class ResUsers(models.Model):
    _inherit = "res.users"

    def _dunning_group_level(self):
        """Level that the groups of this user give, whatever the company."""
        self.ensure_one()
        user = self.sudo()
        for level, group in LEVEL_GROUPS:
            if user.has_group(group):
                return level
        return 0

    def _dunning_level(self, company, heads=None):
        """Level of approval of this user in ``company``, 0 when he has none there.

        Level 4 belongs to the head company of a ``utility.group``: whoever works for
        the head acts for all the members, whoever works only for a member goes up to
        director. ``heads``: {company: head} when already read.
        """
        self.ensure_one()
        level = self._dunning_group_level()
        heads = company._dunning_heads() if heads is None else heads
        head = heads.get(company)
        own = self.sudo().company_ids
        if level == GROUP_LEVEL and (head or company) in own:
            return GROUP_LEVEL
        return min(level, DIRECTOR_LEVEL) if company in own else 0

    @api.model
    def _dunning_levels(self, user, companies):
        """{company: level} of ``user`` in each of ``companies``."""
        heads = companies._dunning_heads()
        return {company: user._dunning_level(company, heads) for company in companies}

    @api.model
    def _dunning_approvers(self, companies):
        """{company: {user: level}} of the active users who have a level there."""
        heads = companies._dunning_heads()
        operators = self.env.ref("creditbox_dunning.group_dunning_operator").sudo()
        users = operators.all_user_ids.filtered("active").sorted("name")
        found = {company: {} for company in companies}
        for user in users:
            for company in companies:
                level = user._dunning_level(company, heads)
                if level:
                    found[company][user] = level
        return found

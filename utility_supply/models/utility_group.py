from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class UtilityGroup(models.Model):
    """A group of companies: a head and its members.

    Independent of Odoo's company tree, whose children are branches that must share
    chart and currency; the companies of a group share neither.
    """

    _name = "utility.group"
    _description = "Group of companies"
    _order = "name"

    name = fields.Char(required=True)
    head_company_id = fields.Many2one("res.company", required=True, index=True)
    member_ids = fields.Many2many(
        "res.company",
        "utility_group_company_rel",
        "group_id",
        "company_id",
        string="Members",
        help="The companies of the group. The head company is a member too.",
    )
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "A group with this name exists.")

    @api.constrains("member_ids", "head_company_id", "active")
    def _check_one_group(self):
        """A company answers to one head only."""
        companies = self.member_ids | self.head_company_id
        groups = self.sudo().search(
            Domain("member_ids", "in", companies.ids)
            | Domain("head_company_id", "in", companies.ids)
        )
        seen = {}
        for group in groups:
            for company in group.member_ids | group.head_company_id:
                if company in seen:
                    raise ValidationError(
                        self.env._(
                            "%(company)s is already in the group %(group)s.",
                            company=company.display_name,
                            group=seen[company].name,
                        )
                    )
                seen[company] = group

    @api.model_create_multi
    def create(self, vals_list):
        groups = super().create(vals_list)
        groups._add_head()
        return groups

    def write(self, vals):
        result = super().write(vals)
        if "head_company_id" in vals or "member_ids" in vals:
            self._add_head()
        return result

    def _add_head(self):
        for group in self:
            if group.head_company_id not in group.member_ids:
                group.member_ids |= group.head_company_id

from odoo import api, fields, models


class ResCompany(models.Model):
    """How approvals go in a company, and who its head company is."""

    _inherit = "res.company"

    dunning_group_ids = fields.Many2many(
        "utility.group",
        "utility_group_company_rel",
        "company_id",
        "group_id",
        string="Groups of companies",
        readonly=True,
    )
    dunning_approval_days = fields.Integer(
        string="Requests expire after (days)",
        default=30,
        help="A request that nobody decided ends by itself; 0 = never.",
    )
    dunning_escalation_days = fields.Integer(
        string="Requests go to the next level after (days)",
        default=5,
        help="Counted from when the present level was asked; 0 = never.",
    )

    def _dunning_heads(self):
        """{company: head company of its group} for the companies that are in one."""
        groups = self.env["utility.group"].sudo().search([("active", "=", True)])
        return {
            company: group.head_company_id
            for group in groups
            for company in group.member_ids | group.head_company_id
            if company in self
        }

    def _dunning_set_up(self):
        # EXTENDS creditbox_dunning
        result = super()._dunning_set_up()
        mains = self.sudo().filtered(lambda company: not company.parent_id)
        self.env["dunning.approval.rule"].sudo()._load_standard(mains)
        return result

    @api.model
    def _dunning_set_up_approvals(self):
        """On update: the standard matrix for companies that were there before it."""
        mains = self.sudo().search([("parent_id", "=", False)])
        self.env["dunning.approval.rule"].sudo()._load_standard(mains)

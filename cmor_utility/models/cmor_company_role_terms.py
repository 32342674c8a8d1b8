from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval


class CmorCompanyRole(models.Model):
    """Who is told when terms are missed, and what a role shows by default."""

    _inherit = "cmor.company.role"

    escalate_to_id = fields.Many2one(
        "res.users",
        string="Missed terms are told to",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Empty: the first manager of the company.",
    )

    def _escalation_user(self, company):
        """Who is told of the missed terms of a practice of this role (or of none)."""
        chosen = self.escalate_to_id.filtered(
            lambda user: user._may_work_on_cmor(company)
        )
        if chosen:
            return chosen
        managers = self.env.ref("cmor_utility.group_cmor_manager").sudo().all_user_ids
        found = managers.filtered(
            lambda user: user.active and company in user.company_ids
        )
        # whoever was made a manager on purpose, before the administrator
        return found.sorted(lambda user: (user._is_admin(), user.id))[:1]

    @api.model
    def _mine(self, side=None):
        """Roles in force that the current user operates, in the active companies.

        :param str side: outgoing or incoming; None: both
        """
        today = fields.Date.context_today(self)
        domain = (
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("user_ids", "in", self.env.uid)
            & Domain("date_from", "<=", today)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", today))
        )
        if side:
            domain &= Domain(f"side_{side}", "=", True)
        return self.search(domain)

    @api.model
    def _followed(self):
        """Roles whose practices the current user follows, in the active companies: also
        those that have ended or were archived, whose claims still run."""
        domain = Domain("company_id", "in", self.env.companies.ids)
        domain &= Domain("user_ids", "in", self.env.uid)
        return self.with_context(active_test=False).search(domain)

    def _practices_domain(self):
        """Domain of the practices of these roles, and of those of their companies and
        sectors that have no role: nobody else would see them."""
        domain = Domain("role_id", "in", self.ids)
        for company, roles in self.grouped("company_id").items():
            domain |= (
                Domain("role_id", "=", False)
                & Domain("company_id", "=", company.id)
                & Domain("sector", "in", list(set(roles.mapped("sector"))))
            )
        return domain

    @api.model
    def _default_filters(self, side=None):
        """Search defaults that fit who asks: his roles, and their sector if only one.

        Menus follow groups only, which Odoo caches for each user; so the menus open
        server actions that put these. Taking the filter away shows all he may read.
        A role that has ended puts no filter, but keeps its sector and side in sight.
        """
        if not self._mine(side):
            return {}
        roles = self._followed()
        if side:
            roles = roles.filtered(f"side_{side}")
        defaults = {"search_default_my_roles": 1}
        sectors = set(roles.mapped("sector"))
        if len(sectors) == 1:
            defaults[f"search_default_{sectors.pop()}"] = 1
        if side is None:
            sides = [
                s for s in ("outgoing", "incoming") if any(roles.mapped(f"side_{s}"))
            ]
            if len(sides) == 1:
                defaults[f"search_default_{sides[0]}"] = 1
        return defaults

    @api.model
    def _open_by_role(self, xml_id, side=None):
        """A window action with the default filters of who asks.

        :param str xml_id: of the ``ir.actions.act_window``
        """
        action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
        context = safe_eval(action.get("context") or "{}", {"uid": self.env.uid})
        return {**action, "context": {**context, **self._default_filters(side)}}

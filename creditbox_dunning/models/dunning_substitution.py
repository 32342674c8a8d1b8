from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError


class DunningSubstitution(models.Model):
    """Somebody decides in the place of somebody who is away, in one company.

    It passes on the absent one's own level and never one that he holds himself as a
    substitute. The log of each decision says for whom it was taken.
    """

    _name = "dunning.substitution"
    _description = "Substitution during an absence"
    _inherit = "mail.thread"
    _order = "date_from desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Absent",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        ondelete="restrict",
        tracking=True,
    )
    substitute_id = fields.Many2one(
        "res.users",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today, tracking=True
    )
    date_to = fields.Date(string="To", required=True, tracking=True)
    note = fields.Char()

    _dates_check = models.Constraint(
        "CHECK(date_from <= date_to)", "The last day comes before the first."
    )
    _person_check = models.Constraint(
        "CHECK(user_id != substitute_id)", "Nobody stands in for himself."
    )

    @api.depends("user_id", "substitute_id")
    def _compute_display_name(self):
        for stand_in in self:
            stand_in.display_name = self.env._(
                "%(substitute)s for %(absent)s",
                substitute=stand_in.substitute_id.name or "",
                absent=stand_in.user_id.name or "",
            )

    @api.constrains("company_id", "user_id", "substitute_id")
    def _check_people(self):
        """Both have a level in that company by themselves."""
        for stand_in in self:
            for user in (stand_in.user_id, stand_in.substitute_id):
                if not user._dunning_level(stand_in.company_id):
                    raise ValidationError(
                        self.env._(
                            "%(user)s has no level of approval in %(company)s.",
                            user=user.sudo().name,
                            company=stand_in.company_id.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        stand_ins = super().create(vals_list)
        stand_ins._check_giver()
        return stand_ins

    def write(self, vals):
        if set(vals) - {"date_to", "note"} and not self.env.su:
            raise UserError(
                self.env._(
                    "Only the last day can be changed: end this one and make another."
                )
            )
        self._check_giver()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A substitution is ended, never deleted."))

    def _check_giver(self):
        """The absent one gives it, or an administrator who does not give it himself."""
        user = self.env.user
        if self.env.su:
            return
        is_admin = user.has_group("creditbox_dunning.group_dunning_admin")
        for stand_in in self:
            if stand_in.user_id == user:
                continue
            if not is_admin or stand_in.substitute_id == user:
                raise AccessError(
                    self.env._(
                        "Only who is absent, or an administrator for others, names a"
                        " substitute."
                    )
                )

    @api.model
    def _standing_in(self, user, companies):
        """{company: {absent user: his own level}} that ``user`` stands in for today."""
        found = {}
        days = {company: self._day(company) for company in companies}
        if not days:
            return found
        stand_ins = self.sudo().search(
            [
                ("substitute_id", "=", user.id),
                ("company_id", "in", companies.ids),
                ("date_from", "<=", max(days.values())),
                ("date_to", ">=", min(days.values())),
            ]
        )
        heads = companies._dunning_heads()
        for stand_in in stand_ins:
            company, absent = stand_in.company_id, stand_in.user_id
            if stand_in.date_from <= days[company] <= stand_in.date_to:
                level = absent.active and absent._dunning_level(company, heads)
                found.setdefault(company, {})[absent] = level or 0
        return found

    def _day(self, company):
        return self.env["dunning.case"]._today(company)

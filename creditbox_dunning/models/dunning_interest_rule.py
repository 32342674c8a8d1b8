from odoo import api, fields, models

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.interest import ANY, NO_BASE, Rule
from .amounts import exact
from .dunning_interest_rate import RATE_DIGITS, RATE_KINDS, _mark_checked

DEBTORS = [
    ("consumer", "Consumer"),
    ("business", "Business"),
    ("public_body", "Public body"),
]


class DunningInterestRule(models.Model):
    """Which rate for whom, from which day on.

    The most specific row holds: the service counts before the kind of customer, then
    the company's own row before the common one, then the latest.
    """

    _name = "dunning.interest.rule"
    _description = "Which interest for whom"
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _order = "service, debtor, valid_from desc, id"
    _check_company_auto = True

    _guarded_fields = frozenset({"checked_on", "checked_by"})

    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        default=lambda self: self.env.company,
        help="Empty: every company that has no row of its own.",
    )
    service = fields.Selection(SERVICES, help="Empty: every service.", tracking=True)
    debtor = fields.Selection(
        DEBTORS,
        string="Customer is a",
        tracking=True,
        help="Empty: any. By what the customer is (legal form), not by tariff.",
    )
    valid_from = fields.Date(
        string="Valid from",
        required=True,
        tracking=True,
        help="Interest of the days from this one on; older days keep the older row.",
    )
    base = fields.Selection(
        [*RATE_KINDS, (NO_BASE, "None: the points are the rate")],
        required=True,
        default="legal",
        tracking=True,
    )
    margin = fields.Float(
        string="Points",
        digits=(7, RATE_DIGITS),
        tracking=True,
        aggregator=None,
        help="Percentage points to add to the rate.",
    )
    flat = fields.Float(
        string="Flat sum a bill (EUR)",
        digits=(12, 2),
        tracking=True,
        aggregator=None,
        help="Proposed once for each bill paid late (art. 6 D.Lgs. 231/2002).",
    )
    reference = fields.Char(string="Source", required=True, tracking=True)
    note = fields.Char()
    active = fields.Boolean(default=True)
    checked_on = fields.Date(string="Checked on", readonly=True, copy=False)
    checked_by = fields.Many2one(
        "res.users",
        string="Checked by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )

    _row_uniq = models.UniqueIndex(
        "((COALESCE(company_id, 0)), (COALESCE(service, '')), (COALESCE(debtor, '')),"
        " valid_from) WHERE active IS TRUE",
        "There is a row for these from that day already.",
    )
    _margin_check = models.Constraint(
        "CHECK(margin >= 0 AND margin < 100 AND flat >= 0)",
        "Points and flat sum are not negative, the points below 100.",
    )

    @api.depends("service", "debtor")
    def _compute_display_name(self):
        services = dict(self._fields["service"]._description_selection(self.env))
        debtors = dict(self._fields["debtor"]._description_selection(self.env))
        for rule in self:
            names = (services.get(rule.service), debtors.get(rule.debtor))
            known = filter(None, names)
            rule.display_name = ", ".join(known) or self.env._("Every service")

    def write(self, vals):
        result = super().write(vals)
        said = {"service", "debtor", "valid_from", "base", "margin", "flat"}
        checked = self.filtered("checked_on")
        if said & set(vals) and checked and not self._is_guard_open():
            checked._guarded().write({"checked_on": False, "checked_by": False})
        return result

    def action_mark_checked(self):
        """Button: a person compared these with their source, today."""
        _mark_checked(self)

    @api.model
    def _rules_of(self, company):
        """[rules.interest.Rule] of a company, the common ones included."""
        rows = self.sudo().search([("company_id", "in", (False, company.id))])
        return [
            Rule(
                valid_from=row.valid_from,
                base=row.base,
                margin=exact(row.margin, RATE_DIGITS),
                service=row.service or ANY,
                debtor=row.debtor or ANY,
                rank=1 if row.company_id else 0,
                flat=exact(row.flat),
            )
            for row in rows
        ]

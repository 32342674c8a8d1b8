from odoo import api, fields, models

from ..rules.interest import NO_BASE, Rule
from .amounts import exact
from .dunning_interest_rate import RATE_DIGITS, RATE_KINDS


class DunningInterestRule(models.Model):
    """Which rate for whom, from which day on.

    The most specific row holds: the service counts before the kind of customer, then
    the company's own row before the common one, then the latest.
    """

    _name = "dunning.interest.rule"
    _description = "Which interest for whom"
    _inherit = "dunning.dated.rule"
    _order = "service, debtor, valid_from desc, id"

    _content_fields = frozenset(
        {
            "company_id",
            "service",
            "debtor",
            "valid_from",
            "base",
            "margin",
            "flat",
            "good_days",
            "good_years",
            "good_base",
        }
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
    good_days = fields.Integer(
        string="Good payer: first days",
        tracking=True,
        aggregator=None,
        help="Days of delay on which a good payer owes only the milder rate. 0: the"
        " contract knows no good payers.",
    )
    good_years = fields.Integer(
        string="Good payer: years in time",
        default=2,
        tracking=True,
        aggregator=None,
        help="Who paid in time every bill of the contract that fell due in so many"
        " years before this one is a good payer.",
    )
    good_base = fields.Selection(
        RATE_KINDS, string="Good payer: rate", default="legal", tracking=True
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
    _good_check = models.Constraint(
        "CHECK(COALESCE(good_days, 0) = 0 OR (good_days BETWEEN 1 AND 365"
        " AND good_years BETWEEN 1 AND 10 AND good_base IS NOT NULL))",
        "A good payer: say for how many days (1 to 365), after how many years in time"
        " (1 to 10) and at which rate.",
    )

    @api.depends("service", "debtor")
    def _compute_display_name(self):
        services = dict(self._fields["service"]._description_selection(self.env))
        debtors = dict(self._fields["debtor"]._description_selection(self.env))
        for rule in self:
            names = (services.get(rule.service), debtors.get(rule.debtor))
            known = filter(None, names)
            rule.display_name = ", ".join(known) or self.env._("Every service")

    def _used(self):
        # EXTENDS dunning.dated.rule
        days = self.env["dunning.interest.stretch"].sudo()
        groups = days._read_group([("rule_id", "in", self.ids)], ["rule_id"])
        return self.browse(rule.id for (rule,) in groups)

    @api.model
    def _rules_of(self, company):
        """[rules.interest.Rule] of a company, the common ones included."""
        return [
            Rule(
                **row._scope(),
                base=row.base,
                margin=exact(row.margin, RATE_DIGITS),
                flat=exact(row.flat),
                good_days=row.good_days,
                good_years=row.good_years,
                good_base=row.good_base or "",
            )
            for row in self._rows_of(company)
        ]

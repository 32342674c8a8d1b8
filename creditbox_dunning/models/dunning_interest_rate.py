from odoo import api, fields, models

from ..rules.interest import Rate, period_end
from .amounts import exact

RATE_KINDS = [
    ("ecb", "ECB main refinancing rate, day by day"),
    ("ecb_half", "ECB rate of the half-year (D.Lgs. 231/2002)"),
    ("legal", "Legal rate (art. 1284 c.c.)"),
    ("contract", "Rate of our contracts"),
]
RATE_DIGITS = 4


class DunningInterestRate(models.Model):
    """A rate and the days on which it holds, with where it stands.

    Days for which no row holds bear no interest: the case says which they are.
    """

    _name = "dunning.interest.rate"
    _description = "Interest rate"
    _inherit = "dunning.checked.mixin"
    _order = "kind, date_from desc, id"
    _check_company_auto = True

    _content_fields = frozenset({"kind", "date_from", "date_to", "value", "reference"})

    kind = fields.Selection(RATE_KINDS, required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Empty: the same for every company. Only a contract's rate is one's own.",
    )
    date_from = fields.Date(string="From", required=True, tracking=True)
    date_to = fields.Date(
        string="Until",
        tracking=True,
        help="Last day. Empty: until the next row of this kind; the rate of a half-year"
        " and the legal rate end with their half-year or year.",
    )
    value = fields.Float(
        string="Rate (%)",
        digits=(7, RATE_DIGITS),
        required=True,
        tracking=True,
        aggregator=None,
    )
    reference = fields.Char(
        string="Source",
        required=True,
        tracking=True,
        help="Decree, notice or contract that it comes from.",
    )
    note = fields.Char()

    _row_uniq = models.UniqueIndex(
        "(kind, date_from, (COALESCE(company_id, 0)))",
        "This kind of rate has a value from that day already.",
    )
    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "The last day cannot come before the first.",
    )
    _value_check = models.Constraint(
        "CHECK(value >= 0 AND value < 100)", "A rate lies between 0 and 100 percent."
    )
    _company_check = models.Constraint(
        "CHECK(company_id IS NULL OR kind = 'contract')",
        "Only the rate of contracts belongs to one company.",
    )

    @api.depends("kind", "date_from")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for rate in self:
            rate.display_name = f"{kinds.get(rate.kind, '')} {rate.date_from or ''}"

    @api.model
    def _bases_of(self, company):
        """{kind: [rules.interest.Rate]} for a company, in one statement.

        A contract's own row of the company beats the common one of the same day.
        """
        bases = {}
        rows = self.sudo().search_fetch(
            [("company_id", "in", (False, company.id))],
            ["kind", "date_from", "date_to", "value", "company_id"],
        )
        for row in rows.sorted(lambda row: bool(row.company_id)):
            rate = Rate(
                row.date_from,
                exact(row.value, RATE_DIGITS),
                row.date_to or period_end(row.kind, row.date_from),
            )
            bases.setdefault(row.kind, {})[row.date_from] = rate
        return {kind: list(rows.values()) for kind, rows in bases.items()}

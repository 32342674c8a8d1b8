from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..rules.interest import Rate
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
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _order = "kind, date_from desc, id"
    _check_company_auto = True

    _guarded_fields = frozenset({"checked_on", "checked_by"})

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
        help="Last day. Empty: until the next row of this kind.",
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
    checked_on = fields.Date(string="Checked on", readonly=True, copy=False)
    checked_by = fields.Many2one(
        "res.users",
        string="Checked by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )

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

    def write(self, vals):
        result = super().write(vals)
        said = {"kind", "date_from", "date_to", "value", "reference"}
        checked = self.filtered("checked_on")
        if said & set(vals) and checked and not self._is_guard_open():
            # what a person checked is no longer what stands here
            checked._guarded().write({"checked_on": False, "checked_by": False})
        return result

    def action_mark_checked(self):
        """Button: a person compared these with their source, today."""
        _mark_checked(self)

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
                row.date_from, exact(row.value, RATE_DIGITS), row.date_to or None
            )
            bases.setdefault(row.kind, {})[row.date_from] = rate
        return {kind: list(rows.values()) for kind, rows in bases.items()}


def _mark_checked(records):
    """``records`` were compared with their source, today, by who is at work."""
    if not records.env.user.has_group("creditbox_dunning.group_dunning_admin"):
        raise AccessError(
            records.env._("Only an administrator of CreditBox checks the numbers.")
        )
    records.check_access("write")
    today = fields.Date.context_today(records)
    records._guarded().write({"checked_on": today, "checked_by": records.env.uid})

from odoo import api, fields, models

from ..rules.costs import ANY, SMART, Tariff
from .amounts import exact
from .dunning_action_rule import OPERATIONS
from .dunning_channel_cost import COST_CHANNELS

COST_KINDS = [
    ("postage", "Postage"),
    ("notice", "Notice"),
    ("distributor", "Distributor's contribution"),
    ("cut", "Reduction or suspension"),
    ("limiter", "Flow limiter (water)"),
    ("restore", "Restore"),
    ("agency", "Collection agency"),
    ("flat", "Flat sum for late payment (D.Lgs. 231/2002)"),
    ("other", "Other"),
]


class DunningCostTariff(models.Model):
    """A cost that the law or the contract lets us charge, from a day on.

    No row, no charge. The row says where the permission stands and what the cost is.
    """

    _name = "dunning.cost.tariff"
    _description = "Cost that may be charged"
    _inherit = "dunning.dated.rule"
    _order = "kind, service, valid_from desc, id"

    _content_fields = frozenset(
        {
            "company_id",
            "kind",
            "service",
            "debtor",
            "op",
            "channel",
            "meter",
            "valid_from",
            "basis",
            "amount",
            "number",
            "percent",
        }
    )

    kind = fields.Selection(
        [row for row in COST_KINDS if row[0] != "flat"], required=True, tracking=True
    )
    op = fields.Selection(
        OPERATIONS, string="Step", help="Empty: any step.", tracking=True
    )
    channel = fields.Selection(COST_CHANNELS, help="Empty: any.", tracking=True)
    meter = fields.Selection(
        [(SMART, "Low voltage, reached from afar")],
        help="Empty: any. By the supply point: voltage, reduction from afar.",
        tracking=True,
    )
    basis = fields.Selection(
        [
            ("fixed", "The amount of this row"),
            ("legal", "A legal number"),
            ("channel", "What the channel costs us"),
        ],
        required=True,
        default="fixed",
        tracking=True,
    )
    amount = fields.Float(digits=(12, 2), tracking=True, aggregator=None)
    number = fields.Selection(
        [
            ("distributor_fee", "Distributor's contribution"),
            ("cut_fee", "Fee of reduction or suspension"),
            ("restore_fee", "Fee of restore"),
        ],
        string="Legal number",
        tracking=True,
    )
    percent = fields.Float(
        string="Part of it (%)",
        digits=(5, 2),
        default=100,
        required=True,
        tracking=True,
        aggregator=None,
        help="How much of the amount is asked: 50 is half of it.",
    )

    _amount_check = models.Constraint(
        "CHECK(amount >= 0)", "A cost is not negative: leave the row out instead."
    )
    _number_check = models.Constraint(
        "CHECK(basis <> 'legal' OR number IS NOT NULL)", "Choose the legal number."
    )
    _percent_check = models.Constraint(
        "CHECK(percent > 0 AND percent <= 100)",
        "The part that is asked lies between 0 and 100 percent.",
    )

    @api.depends("kind", "service")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        services = dict(self._fields["service"]._description_selection(self.env))
        for row in self:
            names = (kinds.get(row.kind), services.get(row.service))
            row.display_name = ", ".join(filter(None, names))

    def _used(self):
        # EXTENDS dunning.dated.rule
        charges = self.env["utility.charge"].sudo()
        groups = charges._read_group(
            [("dunning_tariff_id", "in", self.ids)], ["dunning_tariff_id"]
        )
        return self.browse(tariff.id for (tariff,) in groups)

    @api.model
    def _tariffs_of(self, company):
        """[rules.costs.Tariff] of a company, the common ones included."""
        return [
            Tariff(
                **row._scope(),
                kind=row.kind,
                op=row.op or ANY,
                channel=row.channel or ANY,
                meter=row.meter or ANY,
                basis=row.basis,
                amount=exact(row.amount),
                number=row.number or "",
                percent=exact(row.percent),
            )
            for row in self._rows_of(company)
        ]

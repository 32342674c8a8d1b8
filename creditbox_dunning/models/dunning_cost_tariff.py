from odoo import api, fields, models

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.costs import ANY, Tariff
from .amounts import exact
from .dunning_action_rule import OPERATIONS
from .dunning_channel_cost import COST_CHANNELS
from .dunning_interest_rate import _mark_checked
from .dunning_interest_rule import DEBTORS

COST_KINDS = [
    ("postage", "Postage"),
    ("notice", "Notice"),
    ("distributor", "Distributor's contribution"),
    ("cut", "Reduction or suspension"),
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
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _order = "kind, service, valid_from desc, id"
    _check_company_auto = True

    _guarded_fields = frozenset({"checked_on", "checked_by"})

    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        default=lambda self: self.env.company,
        help="Empty: every company.",
    )
    kind = fields.Selection(
        [row for row in COST_KINDS if row[0] != "flat"], required=True, tracking=True
    )
    service = fields.Selection(SERVICES, help="Empty: every service.", tracking=True)
    debtor = fields.Selection(DEBTORS, string="Customer is a", help="Empty: any.")
    op = fields.Selection(
        OPERATIONS, string="Step", help="Empty: any step.", tracking=True
    )
    channel = fields.Selection(COST_CHANNELS, help="Empty: any.", tracking=True)
    valid_from = fields.Date(string="Valid from", required=True, tracking=True)
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
    )
    reference = fields.Char(string="Source", required=True, tracking=True)
    note = fields.Char()
    active = fields.Boolean(default=True, tracking=True)
    checked_on = fields.Date(string="Checked on", readonly=True, copy=False)
    checked_by = fields.Many2one(
        "res.users",
        string="Checked by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )

    _amount_check = models.Constraint(
        "CHECK(amount >= 0)", "A cost is not negative: leave the row out instead."
    )
    _number_check = models.Constraint(
        "CHECK(basis <> 'legal' OR number IS NOT NULL)", "Choose the legal number."
    )

    @api.depends("kind", "service")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        services = dict(self._fields["service"]._description_selection(self.env))
        for row in self:
            names = (kinds.get(row.kind), services.get(row.service))
            row.display_name = ", ".join(filter(None, names))

    def write(self, vals):
        result = super().write(vals)
        said = {"kind", "service", "op", "valid_from", "basis", "amount", "number"}
        checked = self.filtered("checked_on")
        if said & set(vals) and checked and not self._is_guard_open():
            checked._guarded().write({"checked_on": False, "checked_by": False})
        return result

    def action_mark_checked(self):
        """Button: a person compared these with their source, today."""
        _mark_checked(self)

    @api.model
    def _tariffs_of(self, company):
        """[rules.costs.Tariff] of a company, the common ones included."""
        rows = self.sudo().search([("company_id", "in", (False, company.id))])
        return [
            Tariff(
                key=row.id,
                kind=row.kind,
                valid_from=row.valid_from,
                service=row.service or ANY,
                debtor=row.debtor or ANY,
                op=row.op or ANY,
                channel=row.channel or ANY,
                basis=row.basis,
                amount=exact(row.amount),
                number=row.number or "",
                rank=1 if row.company_id else 0,
            )
            for row in rows
        ]

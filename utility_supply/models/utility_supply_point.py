from stdnum.exceptions import ValidationError as NumberError

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..formats import pdr, pod

SERVICES = [
    ("water", "Water"),
    ("gas", "Gas"),
    ("electricity", "Electricity"),
    ("telephone", "Telephone"),
]


class UtilitySupplyPoint(models.Model):
    """Where a supply is delivered: POD, PDR, water or telephone point."""

    _name = "utility.supply.point"
    _description = "Supply point"
    _rec_name = "code"
    _order = "code"
    _check_company_auto = True

    # facts that the class of suspendibility depends on (see utility.contract)
    _suspendibility_facts = frozenset(
        {"service", "public_function", "gas_use", "seasonal_use"}
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True)
    service = fields.Selection(SERVICES, required=True)
    code = fields.Char(
        required=True,
        index="trigram",
        help="POD for electricity, PDR for gas, the utility's own code otherwise.",
    )
    distributor_id = fields.Many2one("res.partner", index="btree_not_null")
    street = fields.Char()
    zip = fields.Char(string="ZIP")
    city = fields.Char()
    state_id = fields.Many2one(
        "res.country.state",
        string="Province",
        domain="[('country_id.code', '=', 'IT')]",
    )
    municipality_code = fields.Char(help="ISTAT or cadastral code of the municipality.")
    voltage_level = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")]
    )
    remote_reduction = fields.Boolean(
        help="The meter can be reduced to 15 % of the power from afar."
    )
    available_power = fields.Float(string="Available power (kW)")
    gas_use = fields.Selection(
        [
            ("domestic", "Domestic"),
            ("condominium", "Condominium"),
            ("other", "Other uses"),
            ("public_service", "Public service"),
        ]
    )
    annual_smc = fields.Float(string="Yearly consumption (Smc)")
    water_resident = fields.Boolean(
        string="Resident (water)",
        default=True,
        help="A home is taken for a residence unless somebody says that it is not: a"
        " resident's water is limited before it is suspended (ARERA 311/2019/R/idr).",
    )
    household_members = fields.Integer()
    dwelling_count = fields.Integer(string="Dwellings")
    annual_facilitated_charge = fields.Monetary(
        help="Previous year's charge for the facilitated band: a resident's water is"
        " suspended only for a debt above it (ARERA 311/2019/R/idr)."
    )
    public_function = fields.Boolean(
        help="School, hospital, barracks, prison...: never disconnected."
    )
    seasonal_use = fields.Selection(
        [
            ("none", "No"),
            ("seasonal", "Seasonal"),
            ("temporary", "Temporary"),
            ("second_home", "Second home"),
            ("irrigation", "Irrigation"),
        ],
        default="none",
        required=True,
    )
    technical_obstacle = fields.Char(
        help="Why cutting needs works first (no valve, no access). Protects nobody."
    )
    protection_ids = fields.One2many(
        "utility.protection",
        "supply_point_id",
        string="Protections",
        groups="utility_supply.group_protected_data_reader",
    )
    is_protected = fields.Boolean(
        string="Protected",
        compute="_compute_is_protected",
        search="_search_is_protected",
        compute_sudo=True,
        help="A legal fact forbids to disconnect this supply today.",
    )
    contract_ids = fields.One2many(
        "utility.contract", "supply_point_id", string="Contracts"
    )

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, service, code)",
        "A supply point with this code exists already.",
    )
    # first page of the list on a million points
    _code_idx = models.Index("(code)")

    @api.depends(
        "contract_ids.is_protected",
        "contract_ids.supply_state",
        "public_function",
        "service",
        "gas_use",
    )
    def _compute_is_protected(self):
        for point in self:
            supplied = point.contract_ids.filtered(lambda c: c.supply_state != "ceased")
            point.is_protected = (
                any(supplied.mapped("is_protected"))
                or point.public_function
                or (point.service == "gas" and point.gas_use == "public_service")
            )

    def _search_is_protected(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain.OR(
            [
                [
                    (
                        "contract_ids",
                        "any",
                        [
                            ("is_protected", "=", True),
                            ("supply_state", "!=", "ceased"),
                        ],
                    )
                ],
                [("public_function", "=", True)],
                [("service", "=", "gas"), ("gas_use", "=", "public_service")],
            ]
        )
        if set(value) == {True}:
            return domain
        return ~domain if set(value) == {False} else fields.Domain.TRUE

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("code"):
                vals["code"] = self._normalise_code(vals.get("service"), vals["code"])
        return super().create(vals_list)

    def write(self, vals):
        if "code" in vals or "service" in vals:
            for point in self:
                super(UtilitySupplyPoint, point).write(point._with_code(vals))
        else:
            super().write(vals)
        if self._suspendibility_facts & set(vals):
            self.sudo().contract_ids._refresh_suspendibility()
        return True

    def _with_code(self, vals):
        service = vals.get("service", self.service)
        code = vals.get("code", self.code)
        return {**vals, "code": self._normalise_code(service, code)}

    @api.model
    def _normalise_code(self, service, code):
        """The stored form of ``code``; ValidationError when it is not well formed."""
        try:
            if service == "electricity":
                return pod.validate(code)
            if service == "gas":
                return pdr.validate(code)
        except NumberError as error:
            raise ValidationError(
                self.env._(
                    "%(code)s is not a valid %(kind)s.",
                    code=code,
                    kind="POD" if service == "electricity" else "PDR",
                )
            ) from error
        return " ".join(str(code).split()).upper()

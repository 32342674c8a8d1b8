from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

PROTECTION_KINDS = [
    ("life_support", "Life-support device"),
    ("economic_bonus", "Economic bonus"),
    ("water_bonus", "Water bonus"),
    ("emergency_plan", "Emergency plan"),
]


class UtilityProtection(models.Model):
    """A dated health or social fact of a customer.

    Data of this kind is read by one group only (GDPR art. 9); everybody else sees
    whether a contract or a point is protected, never why. It is never deleted by
    hand: a protection ends through its last day.
    """

    _name = "utility.protection"
    _description = "Protection of a customer"
    _order = "date_from desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, check_company=True
    )
    supply_point_id = fields.Many2one(
        "utility.supply.point",
        index="btree_not_null",
        check_company=True,
        help="Empty: the protection follows the customer's contracts.",
    )
    kind = fields.Selection(PROTECTION_KINDS, required=True)
    date_from = fields.Date(required=True)
    date_to = fields.Date(help="Last day of validity. Empty: until further notice.")
    protocol = fields.Char()
    source = fields.Char(help="Who said it: billing system, SGAte, the customer...")
    note = fields.Text()

    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A protection cannot end before it begins.",
    )

    @api.depends("kind", "partner_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for protection in self:
            protection.display_name = self.env._(
                "%(kind)s of %(customer)s",
                kind=kinds.get(protection.kind, ""),
                customer=protection.partner_id.display_name,
            )

    @api.model_create_multi
    def create(self, vals_list):
        protections = super().create(vals_list)
        protections._affected_contracts()._refresh_suspendibility()
        return protections

    def write(self, vals):
        before = self._affected_contracts()
        result = super().write(vals)
        (before | self._affected_contracts())._refresh_suspendibility()
        return result

    def unlink(self):
        contracts = self._affected_contracts()
        result = super().unlink()
        contracts._refresh_suspendibility()
        return result

    def _affected_contracts(self):
        """The contracts, seen by the program, whose class may depend on these."""
        protections = self.sudo()
        return (
            self.env["utility.contract"]
            .sudo()
            .search(
                Domain("partner_id", "in", protections.partner_id.ids)
                | Domain("supply_point_id", "in", protections.supply_point_id.ids)
            )
        )

    @api.model
    def _in_force(self, today):
        return Domain("date_from", "<=", today) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", today)
        )

    @api.model
    def _facts_by_contract(self, contracts, today):
        """Protections in force of many contracts, in one query.

        :return: {contract id: (kinds of the customer, kinds of the point)}
        """
        found = self.sudo().search(
            self._in_force(today)
            & (
                Domain("partner_id", "in", contracts.partner_id.ids)
                | Domain("supply_point_id", "in", contracts.supply_point_id.ids)
            )
        )
        by_partner, by_point = defaultdict(set), defaultdict(set)
        for protection in found:
            if protection.supply_point_id:
                by_point[protection.supply_point_id.id].add(protection.kind)
            else:
                key = (protection.company_id.id, protection.partner_id.id)
                by_partner[key].add(protection.kind)
        return {
            contract.id: (
                frozenset(by_partner[contract.company_id.id, contract.partner_id.id]),
                frozenset(by_point[contract.supply_point_id.id]),
            )
            for contract in contracts
        }

from decimal import Decimal

from stdnum.exceptions import ValidationError as NumberError
from stdnum.it import iva

from odoo import fields, models
from odoo.exceptions import ValidationError

from .import_message import issue

CONTRACT_FIELDS = (
    "customer_type",
    "supply_state",
    "date_start",
    "date_end",
    "end_reason",
    "deposit",
    "billing_account",
    "sales_network",
    "division",
)
POINT_FIELDS = (
    "street",
    "zip",
    "city",
    "voltage_level",
    "remote_reduction",
    "gas_use",
    "annual_smc",
    "water_resident",
    "household_members",
    "dwelling_count",
    "annual_facilitated_charge",
    "public_function",
    "seasonal_use",
    "technical_obstacle",
)


class UtilityImportLoaderContracts(models.AbstractModel):
    """Contracts with their supply points, key `code`.

    A life-support device is recorded and never lifted by a file: ending a protection
    is a decision of a person, with its proof.
    """

    _name = "utility.import.loader.contracts"
    _inherit = "utility.import.loader"
    _description = "Loader of contracts"

    def _facts(self, batch, records):
        company = batch.company_id
        contracts = self._by_key(
            "utility.contract", "code", batch, self._values_of(records, "code")
        )
        partners = self._by_key(
            "res.partner",
            "billing_code",
            batch,
            self._values_of(records, "customer_code"),
        )
        codes = {
            self._point_code(record)
            for record in records
            if self._point_code(record) is not None
        }
        points = (
            self.env["utility.supply.point"]
            .with_context(active_test=False)
            .search([("company_id", "=", company.id), ("code", "in", list(codes))])
        )
        support = self.env["utility.protection"].search(
            [("supply_point_id", "in", points.ids), ("kind", "=", "life_support")]
        )
        return {
            "contracts": contracts,
            "partners": partners,
            "points": {(point.service, point.code): point for point in points},
            "support": set(support.supply_point_id.ids),
            "distributors": self._distributors(batch, records),
        }

    def _distributors(self, batch, records):
        """{VAT: partner} of the distributors that exist, shared or the company's."""
        vats = {self._vat(v) for v in self._values_of(records, "distributor_vat")}
        found = self.env["res.partner"].search(
            [
                ("vat", "in", list(vats - {None})),
                ("company_id", "in", [batch.company_id.id, False]),
                ("billing_code", "=", False),
                ("parent_id", "=", False),
            ]
        )
        return {partner.vat: partner for partner in found.sorted("company_id")}

    def _vat(self, number):
        try:
            return f"IT{iva.validate(number)}"
        except NumberError:
            return None

    def _point_code(self, record):
        """The supply point's code as Odoo keeps it, None when it is not well formed."""
        try:
            return self.env["utility.supply.point"]._normalise_code(
                record["service"], record["point_code"]
            )
        except ValidationError:
            return None

    def _service_label(self, service):
        """The service in the reader's language."""
        field = self.env["utility.supply.point"]._fields["service"]
        return dict(field._description_selection(self.env))[service]

    # -- judging -------------------------------------------------------------------

    def _judge(self, batch, record, facts, known):
        point_code = self._point_code(record)
        issues = self._known_or_issue(
            facts["partners"],
            known,
            "customers",
            "unknown_customer",
            "customer_code",
            record["customer_code"],
        )
        if point_code is None:
            issues.append(
                issue(
                    "bad_point_code",
                    "point_code",
                    record["point_code"],
                    service=self._service_label(record["service"]),
                )
            )
        if record.get("date_end") and record["date_end"] < record["date_start"]:
            issues.append(issue("bad_period", "date_end", record["date_end"]))
        vat = record.get("distributor_vat")
        if vat and self._vat(vat) is None:
            issues.append(issue("bad_vat", "distributor_vat", vat))
        contract = facts["contracts"].get(record["code"])
        if issues or not contract:
            return issues or "created"
        return self._judge_known(record, contract, point_code, facts)

    def _judge_known(self, record, contract, point_code, facts):
        """The outcome for a contract that Odoo knows already."""
        issues = []
        if contract.partner_id != facts["partners"].get(record["customer_code"]):
            issues.append(
                issue("contract_customer_changed", "customer_code", record["code"])
            )
        point = contract.supply_point_id
        if (point.service, point.code) != (record["service"], point_code):
            issues.append(issue("contract_point_changed", "point_code", record["code"]))
        if issues:
            return issues
        changed = (
            self._changes(contract, self._contract_vals(record))
            or self._changes(point, self._point_vals(record, facts))
            or self._brings_distributor(record, point)
            or (record.get("life_support") and point.id not in facts["support"])
        )
        return "updated" if changed else "unchanged"

    def _brings_distributor(self, record, point):
        vat = record.get("distributor_vat")
        return bool(vat) and point.distributor_id.vat != self._vat(vat)

    # -- values --------------------------------------------------------------------

    def _said(self, record, names):
        """{name: value} of what the record says: blank cells say nothing."""
        return {
            name: float(value) if isinstance(value, Decimal) else value
            for name in names
            if (value := record.get(name)) not in (None, "")
        }

    def _contract_vals(self, record):
        return self._said(record, CONTRACT_FIELDS)

    def _point_vals(self, record, facts):
        vals = self._said(record, POINT_FIELDS)
        if record.get("distributor_vat"):
            known = facts["distributors"].get(self._vat(record["distributor_vat"]))
            if known:
                vals["distributor_id"] = known.id
        return vals

    # -- writing -------------------------------------------------------------------

    def _apply(self, batch, todo, facts):
        records = [record for _n, record, _o in todo]
        self._create_distributors(batch, records, facts)
        self._write_points(batch, records, facts)
        self._write_contracts(batch, todo, facts)
        self._write_life_support(batch, records, facts)

    def _create_distributors(self, batch, records, facts):
        vats = {self._vat(v) for v in self._values_of(records, "distributor_vat")}
        new = sorted(vats - set(facts["distributors"]))
        created = self.env["res.partner"].create(
            [
                {
                    "name": self.env._("Distributor %(vat)s", vat=vat),
                    "vat": vat,
                    "is_company": True,
                    "company_id": batch.company_id.id,
                    "country_id": self.env.ref("base.it").id,
                }
                for vat in new
            ]
        )
        facts["distributors"].update({partner.vat: partner for partner in created})

    def _write_points(self, batch, records, facts):
        """Create the points that are new, write what changed on the others."""
        new = {}
        for record in records:
            key = (record["service"], self._point_code(record))
            vals = self._point_vals(record, facts)
            point = facts["points"].get(key)
            if point is None:
                # two contracts of one point in a chunk: the later one completes it
                new.setdefault(key, {}).update(vals)
            elif changes := self._changes(point, vals):
                point.write(changes)
        created = self.env["utility.supply.point"].create(
            [
                {
                    "company_id": batch.company_id.id,
                    "service": service,
                    "code": code,
                    **vals,
                }
                for (service, code), vals in new.items()
            ]
        )
        facts["points"].update({(p.service, p.code): p for p in created})

    def _write_contracts(self, batch, todo, facts):
        vals_list = []
        for _number, record, outcome in todo:
            vals = self._contract_vals(record)
            if outcome == "created":
                key = (record["service"], self._point_code(record))
                vals_list.append(
                    {
                        "company_id": batch.company_id.id,
                        "code": record["code"],
                        "partner_id": facts["partners"][record["customer_code"]].id,
                        "supply_point_id": facts["points"][key].id,
                        **vals,
                    }
                )
            elif outcome == "updated":
                contract = facts["contracts"][record["code"]]
                if changes := self._changes(contract, vals):
                    contract.write(changes)
        self.env["utility.contract"].create(vals_list)

    def _write_life_support(self, batch, records, facts):
        vals_list, seen = [], set(facts["support"])
        for record in records:
            point = facts["points"][record["service"], self._point_code(record)]
            if record.get("life_support") and point.id not in seen:
                seen.add(point.id)
                vals_list.append(
                    {
                        "company_id": batch.company_id.id,
                        "partner_id": facts["partners"][record["customer_code"]].id,
                        "supply_point_id": point.id,
                        "kind": "life_support",
                        "date_from": record["date_start"]
                        or fields.Date.context_today(self),
                        "source": batch.name,
                    }
                )
        self.env["utility.protection"].create(vals_list)

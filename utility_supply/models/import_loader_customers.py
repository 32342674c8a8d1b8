from stdnum import get_cc_module
from stdnum.exceptions import ValidationError as NumberError
from stdnum.it import codicefiscale, iva

from odoo import models

from .import_message import issue

# record field -> partner field, taken over as they are
PLAIN = {
    "name": "name",
    "street": "street",
    "zip": "zip",
    "city": "city",
    "email": "email",
    "pec": "l10n_it_pec_email",
    "pec_source": "pec_source",
    "mobile": "dunning_mobile",
    "phone": "phone",
    "ipa_code": "l10n_it_pa_index",
    "legal_form": "legal_form",
}


class UtilityImportLoaderCustomers(models.AbstractModel):
    """Customers: partners of the batch's company, key `billing_code`."""

    _name = "utility.import.loader.customers"
    _inherit = "utility.import.loader"
    _description = "Loader of customers"

    def _facts(self, batch, records):
        codes = self._values_of(records, "billing_code")
        partners = self._by_key("res.partner", "billing_code", batch, codes)
        countries = self.env["res.country"].search([("code", "!=", False)])
        italy = self.env.ref("base.it")
        bonuses = self.env["utility.protection"].search(
            [
                ("company_id", "=", batch.company_id.id),
                ("partner_id", "in", [p.id for p in partners.values()]),
                ("supply_point_id", "=", False),
            ]
        )
        langs = [code for code, _n in self.env["res.lang"].get_installed()]
        italian = "it_IT" if "it_IT" in langs else batch.company_id.partner_id.lang
        return {
            "partners": partners,
            # Odoo's own default is the database's first language: letters to
            # customers would carry English dates
            "default_lang": italian,
            "countries": {country.code: country.id for country in countries},
            "provinces": {state.code: state.id for state in italy.state_ids},
            "langs": {code[:2]: code for code in langs},
            "bonuses": {(b.partner_id.id, b.kind, b.date_from): b for b in bonuses},
        }

    # -- judging -------------------------------------------------------------------

    def _judge(self, batch, record, facts, known):
        issues = [
            *self._place_issues(record, facts),
            *self._number_issues(record),
            *self._bonus_issues(record),
        ]
        if issues:
            return issues
        partner = facts["partners"].get(record["billing_code"])
        if not partner:
            return "created"
        changed = self._partner_changes(partner, record, facts)
        changed = changed or self._bonus_changes(partner, record, facts)
        return "updated" if changed else "unchanged"

    def _country(self, record):
        return (record.get("country") or "IT").upper()

    def _place_issues(self, record, facts):
        country = self._country(record)
        if country not in facts["countries"]:
            return [issue("unknown_country", "country", country)]
        province = (record.get("province") or "").upper()
        if country == "IT" and province and province not in facts["provinces"]:
            return [issue("unknown_province", "province", province)]
        lang = record.get("lang")
        if lang and lang[:2].lower() not in facts["langs"]:
            return [issue("unknown_language", "lang", lang)]
        return []

    def _number_issues(self, record):
        issues = []
        if record.get("vat") and not self._vat(record):
            issues.append(issue("bad_vat", "vat", record["vat"]))
        if record.get("fiscal_code") and not self._fiscal_code(record):
            issues.append(
                issue("bad_fiscal_code", "fiscal_code", record["fiscal_code"])
            )
        return issues

    def _bonus_issues(self, record):
        if self._bonus_kinds(record) and not record.get("bonus_from"):
            return [issue("missing_bonus_date", "bonus_from")]
        if record.get("bonus_to") and record["bonus_to"] < record["bonus_from"]:
            return [issue("bad_period", "bonus_to", record["bonus_to"])]
        return []

    def _vat(self, record):
        """The VAT number as Odoo keeps it, None when it is not valid."""
        country = self._country(record)
        module = iva if country == "IT" else get_cc_module(country.lower(), "vat")
        if module is None:
            return record["vat"].strip()
        try:
            number = module.validate(record["vat"])
        except NumberError:
            return None
        return number if number.startswith(country) else f"{country}{number}"

    def _fiscal_code(self, record):
        """The codice fiscale (of a company: 11 digits), None when it is not valid."""
        code = record["fiscal_code"]
        if self._country(record) != "IT" and not record.get("vat"):
            code = code.strip()
        try:
            return codicefiscale.validate(code)
        except NumberError:
            return None

    # -- values --------------------------------------------------------------------

    def _vals(self, record, facts):
        """Values for the partner; only what the record says."""
        vals = {
            ours: record[theirs] for theirs, ours in PLAIN.items() if record.get(theirs)
        }
        country = self._country(record)
        vals["country_id"] = facts["countries"][country]
        if country == "IT" and record.get("province"):
            vals["state_id"] = facts["provinces"][record["province"].upper()]
        if record.get("vat"):
            vals["vat"] = self._vat(record)
        if record.get("fiscal_code"):
            vals["l10n_it_codice_fiscale"] = self._fiscal_code(record)
        if record.get("direct_debit") is not None:
            vals["direct_debit"] = record["direct_debit"]
        if record.get("lang"):
            vals["lang"] = facts["langs"][record["lang"][:2].lower()]
        vals["is_company"] = record["legal_form"] != "consumer"
        return vals

    def _partner_changes(self, partner, record, facts):
        """What the record changes on a customer that is known already."""
        return self._changes(partner, self._vals(record, facts))

    def _bonus_kinds(self, record):
        kinds = record.get("bonus_kind") or []
        return [kinds] if isinstance(kinds, str) else list(kinds)

    def _bonus_vals(self, record):
        return {
            name: record[key]
            for name, key in (("date_to", "bonus_to"), ("protocol", "bonus_protocol"))
            if record.get(key)
        }

    def _bonus_changes(self, partner, record, facts):
        """True when a bonus of the record is new or says something else."""
        vals = self._bonus_vals(record)
        for kind in self._bonus_kinds(record):
            bonus = facts["bonuses"].get((partner.id, kind, record["bonus_from"]))
            if bonus is None or self._changes(bonus, vals):
                return True
        return False

    # -- writing -------------------------------------------------------------------

    def _apply(self, batch, todo, facts):
        partners = self.env["res.partner"].with_company(batch.company_id)
        new = [record for _n, record, outcome in todo if outcome == "created"]
        created = partners.create(
            [
                {
                    "company_id": batch.company_id.id,
                    "billing_code": record["billing_code"],
                    "lang": facts["default_lang"],
                    **self._vals(record, facts),
                }
                for record in new
            ]
        )
        facts["partners"].update({partner.billing_code: partner for partner in created})
        for _number, record, outcome in todo:
            if outcome == "updated":
                partner = facts["partners"][record["billing_code"]]
                changes = self._partner_changes(partner, record, facts)
                if changes:
                    partner.write(changes)
        self._write_bonuses(batch, [record for _n, record, _o in todo], facts)

    def _write_bonuses(self, batch, records, facts):
        new = []
        for record in records:
            partner = facts["partners"][record["billing_code"]]
            vals = self._bonus_vals(record)
            for kind in self._bonus_kinds(record):
                key = (partner.id, kind, record["bonus_from"])
                bonus = facts["bonuses"].get(key)
                if bonus is None:
                    new.append(self._bonus_create_vals(batch, key, vals))
                elif changes := self._changes(bonus, vals):
                    bonus.write(changes)
        self.env["utility.protection"].create(new)

    def _bonus_create_vals(self, batch, key, vals):
        partner_id, kind, date_from = key
        return {
            "company_id": batch.company_id.id,
            "partner_id": partner_id,
            "kind": kind,
            "date_from": date_from,
            "source": batch.name,
            **vals,
        }

from odoo import api, models

from .cmor_flow_handler import applied, repeated, waiting

# TIPO_DOCUMENTO of the network's lines (assumed): a credit note, its amount positive
CREDIT_NOTE = "N"


class CmorFlowHandler(models.AbstractModel):
    """What the lines of the distributor's or UDD's invoice mean."""

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        return {**super()._handlers(), "dso_charge": "_apply_dso_charge"}

    @api.model
    def _apply_dso_charge(self, records):
        """Lines of the distributor's or UDD's invoice. A line without a practice is
        kept as well and waits in the list of the network's lines."""
        charges = self.env["cmor.network.charge"].sudo()
        values = {r: r._values() for r in records}
        results, todo, seen = {}, [], self._told_lines(records, values)
        vendors = self._network_vendors(records, values)
        for record in records:
            vals = self._prepare_dso_charge(record, values[record], vendors)
            if not vals["amount"]:
                results[record] = waiting(self.env["cmor.practice"], "line_no_amount")
                continue
            if not vals["date"] or not vals["ref"]:
                results[record] = waiting(self.env["cmor.practice"], "line_no_invoice")
                continue
            key = _line_key(vals)
            if key in seen:
                results[record] = repeated(seen[key])
                continue
            seen[key] = self.env["cmor.practice"]
            todo.append((record, vals))
        made = charges._guarded().create([vals for _record, vals in todo])
        for (record, _vals), charge in zip(todo, made, strict=True):
            results[record] = applied(charge.practice_id)
        return results

    @api.model
    def _told_lines(self, records, values):
        """{key: practice} of the lines that a flow has told already."""
        refs = [v.get("bill_number") for v in values.values() if v.get("bill_number")]
        found = (
            self.env["cmor.network.charge"]
            .sudo()
            .search(
                [
                    ("company_id", "in", records.company_id.ids),
                    ("ref", "in", refs),
                    ("source", "=", "flow"),
                ]
            )
        )
        return {
            _line_key(
                {
                    "company_id": charge.company_id.id,
                    "ref": charge.ref,
                    "sii_code": charge.sii_code or "",
                    "point_code": charge.point_code or "",
                    "amount": charge.amount,
                }
            ): charge.practice_id
            for charge in found
        }

    @api.model
    def _network_vendors(self, records, values):
        """{company: {VAT number as written: partner id}}."""
        practices = self.env["cmor.practice"]
        return {
            company: practices._partners_by_vat(
                company, [_network_vat(values[record]) for record in group]
            )
            for company, group in records.grouped("company_id").items()
        }

    @api.model
    def _prepare_dso_charge(self, record, values, vendors):
        company, vat = record.company_id, _network_vat(values)
        amount = values.get("cmor_amount") or 0
        if str(values.get("document_kind") or "").upper() == CREDIT_NOTE:
            amount = -abs(amount)
        return {
            "company_id": company.id,
            "partner_id": vendors[company].get(vat, False),
            "ref": values.get("bill_number") or "",
            "date": values.get("bill_date"),
            "sii_code": (values.get("sii_code") or "").strip().upper(),
            "point_code": str(values.get("pod") or values.get("pdr") or ""),
            "amount": float(amount),
            "source": "flow",
            "record_id": record.id,
            "note": values.get("note") or False,
        }


def _network_vat(values):
    return values.get("distributor_vat") or values.get("udd_vat")


def _line_key(vals):
    return (
        vals["company_id"],
        vals["ref"],
        vals["sii_code"] or vals["point_code"],
        round(vals["amount"], 2),
    )

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
        values = {r: r._values() for r in records}
        results = {}
        for company, group in records.grouped("company_id").items():
            vendors = self._network_vendors(company, [values[r] for r in group])
            rows = {r: self._prepare_dso_charge(r, values[r], vendors) for r in group}
            for record, vals in list(rows.items()):
                if problem := _line_problem(vals):
                    results[record] = waiting(self.env["cmor.practice"], problem)
                    del rows[record]
            results.update(self._take_network_lines(company, rows))
        return results

    @api.model
    def _take_network_lines(self, company, rows):
        """Lines of one company's flows: the new ones are made, the others are known.

        :param rows: {record: values of a line}
        :return: {record: Result}
        """
        charges = self.env["cmor.network.charge"].sudo()
        results, todo, seen = {}, [], {}
        told = charges._told_before(company, list(rows.values()))
        for vals, charge in zip(rows.values(), told, strict=True):
            if charge:
                charge._told_again(vals)
        charges.union(*told)._match()
        for (record, vals), charge in zip(rows.items(), told, strict=True):
            if charge:
                results[record] = repeated(charge.practice_id)
            elif (key := _line_key(vals)) in seen:
                results[record] = repeated(self.env["cmor.practice"])
            else:
                seen[key] = record
                todo.append((record, vals))
        made = charges._guarded().create([vals for _record, vals in todo])
        for (record, _vals), charge in zip(todo, made, strict=True):
            results[record] = applied(charge.practice_id)
        return results

    @api.model
    def _network_vendors(self, company, told):
        """{VAT number as written: partner id}."""
        numbers = [_network_vat(values) for values in told]
        return self.env["cmor.practice"]._partners_by_vat(company, numbers)

    @api.model
    def _prepare_dso_charge(self, record, values, vendors):
        company, vat = record.company_id, _network_vat(values)
        amount = values.get("cmor_amount") or 0
        if str(values.get("document_kind") or "").upper() == CREDIT_NOTE:
            amount = -abs(amount)
        return {
            "company_id": company.id,
            "partner_id": vendors.get(vat, False),
            "ref": (values.get("bill_number") or "").strip(),
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


def _line_problem(vals):
    """Why a line cannot be taken; "" when it can."""
    if not vals["amount"]:
        return "line_no_amount"
    return "" if vals["date"] and vals["ref"] else "line_no_invoice"


def _line_key(vals):
    return (
        vals["ref"],
        vals["sii_code"] or vals["point_code"],
        round(vals["amount"], 2),
    )

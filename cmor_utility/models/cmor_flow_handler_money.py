from odoo import api, models

from ..rules import lifecycle, messages, receipts
from .cmor_flow_handler import applied, repeated, waiting


class CmorFlowHandler(models.AbstractModel):
    """SI6.0200: CSEA has paid."""

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        return {**super()._handlers(), "claim_paid": "_apply_claim_paid"}

    @api.model
    def _apply_claim_paid(self, records):
        """Enter the payments told, each once, whatever came before from the bank."""
        practices = self._payment_practices(records)
        results, items, seen = {}, [], set()
        for record in records:
            practice = practices[record]
            result, item = self._judge_payment(record, practice)
            if result:
                results[record] = result
            elif practice in seen:
                # two payments of one practice in one file: the second finds the first
                self.env["cmor.receipt"]._enter(items)
                results[record], again = self._judge_payment(record, practice)
                items = [again] if again else []
            else:
                items.append(item)
                seen.add(practice)
            if not results.get(record):
                results[record] = applied(practice)
        if items:
            self.env["cmor.receipt"]._enter(items)
        return results

    @api.model
    def _payment_practices(self, records):
        """{record: practice}: as matched already, or by one of its codes."""
        values = {r: messages.typed_params(r.values) for r in records}
        practices = self.env["cmor.practice"].sudo()
        found = practices.search(
            [
                ("company_id", "in", records.company_id.ids),
                ("side", "=", "outgoing"),
                "|",
                ("sii_code", "in", [v.get("sii_code") or "-" for v in values.values()]),
                ("code", "in", [v.get("code") or "-" for v in values.values()]),
            ]
        )
        by_code = {}
        for practice in found:
            for code in filter(None, (practice.code, practice.sii_code)):
                by_code[practice.company_id.id, code] = practice
        answer = {}
        for record, value in values.items():
            keys = [value.get("sii_code"), value.get("code")]
            known = [by_code.get((record.company_id.id, key)) for key in keys if key]
            answer[record] = record.practice_id.sudo() or next(
                filter(None, known), practices
            )
        return answer

    @api.model
    def _judge_payment(self, record, practice):
        """(Result, None) when nothing is to be entered, else (None, receipt item)."""
        values = messages.typed_params(record.values)
        amount, day = values.get("paid_amount"), values.get("paid_on")
        if not practice:
            return waiting(practice, "unknown_practice"), None
        if not amount or not day:
            return waiting(practice, "no_payment_data"), None
        ref = values.get("payment_ref") or f"CSEA {day.isoformat()}"
        verdict, what = receipts.judge(
            practice._claimed(), practice.receipt_ids._entered(), ref, amount
        )
        if verdict == receipts.REPEATED:
            return repeated(practice), None
        if verdict == receipts.WAIT:
            return waiting(
                practice, what, amount=amount, expected=practice._claimed(), ref=ref
            ), None
        if verdict == receipts.CONFIRMS:
            receipt = self.env["cmor.receipt"].sudo().browse(what)
            receipt._guarded().write({"record_id": record.id})
            return applied(practice), None
        if practice.state not in lifecycle.PAYABLE_STATES:
            return waiting(practice, "paid_in_state", state=practice.state), None
        return None, {
            "practice": practice,
            "ref": ref,
            "amount": amount,
            "date": day,
            "source": "flow",
            "record": record,
        }

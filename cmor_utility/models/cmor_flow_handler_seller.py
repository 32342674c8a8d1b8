from odoo import api, fields, models

from ..rules import messages, seller
from ..rules.answers import SIDES
from ..rules.lifecycle import INCOMING
from .cmor_flow_handler import applied, repeated, waiting

# answers that a network user may pass on, by the key of the flow
PASSED_ON = (
    "claim_ack",
    "claim_outcome",
    "claim_update",
    "suspend_notice",
    "cancel_ack",
    "cancel_outcome",
    "cancel_notice",
    "suspend_ack",
    "suspend_outcome",
    "report_ack",
)


class CmorFlowHandler(models.AbstractModel):
    """Between a seller and its network user: requests one way, answers the other."""

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        return {
            **super()._handlers(),
            "cc_request": "_apply_cc_request",
            "cc_answer": "_apply_cc_answer",
        }

    @api.model
    def _apply_cc_request(self, records):
        """A seller asks us, its network user, to present claims."""
        results = {}
        for company, group in records.grouped("company_id").items():
            results.update(self._apply_cc_requests_of(company, group))
        return results

    @api.model
    def _apply_cc_requests_of(self, company, records):
        today = fields.Date.context_today(self.with_company(company))
        practices = self.env["cmor.practice"].sudo()
        sellers = self.env["cmor.counterpart"]._by_vat(company, "cc", today)
        ours = set(
            self.env["cmor.company.role"]
            .sudo()
            .search([("company_id", "=", company.id), ("role", "=", "udd")])
            .mapped("vat")
        )
        values = {record: record._values() for record in records}
        known = {
            (practice.cc_vat, practice.cc_code): practice
            for practice in practices.search(
                [
                    ("company_id", "=", company.id),
                    ("cc_code", "in", [v.get("code") or "-" for v in values.values()]),
                ]
            )
        }
        results, new, seen = {}, [], {}
        for record in records:
            said = values[record]
            vat, udd = _vat(said.get("cc_vat")), _vat(said.get("udd_vat"))
            key = (vat, said.get("code"))
            practice = known.get(key, practices)
            if udd not in ours:
                results[record] = waiting(practice, "other_vat", vat=udd or "-")
            elif vat not in sellers:
                results[record] = waiting(practice, "cc_unknown", vat=vat or "-")
            elif not (said.get("pod") or said.get("pdr")):
                results[record] = waiting(practice, "cc_no_point")
            elif practice or key in seen:
                before = messages.typed_params(practice.cc_values) or seen.get(key, {})
                results[record] = self._judge_again(practice, before, said)
            else:
                seen[key] = said
                new.append((record, (sellers[vat], said, record.file_id)))
        made = practices._open_for_sellers([item for _r, item in new], company, today)
        for (record, _item), practice in zip(new, made, strict=True):
            results[record] = applied(practice)
        return results

    @api.model
    def _judge_again(self, practice, before, said):
        """The same code again: the same figures, or somebody has to look."""
        what = seller.differences(before, said)
        if not what:
            return repeated(practice)
        return waiting(practice, "cc_differs", code=said["code"], what=", ".join(what))

    @api.model
    def _apply_cc_answer(self, records):
        """Our network user passes on what the SII and CSEA told about our claims."""
        results = {}
        groups = records.grouped(lambda r: r._values().get("answered_key"))
        for key, group in groups.items():
            if key == "claim_paid":
                results.update(self._apply_claim_paid(group))
            elif key in PASSED_ON:
                results.update(self._apply_passed_on(group, key))
            else:
                for record in group:
                    results[record] = waiting(
                        record.practice_id, "cc_unknown_answer", key=key or "-"
                    )
        return results

    @api.model
    def _apply_passed_on(self, records, key):
        """Answers to what we asked through our network user, of either side."""
        incoming = self._of_incoming_side(records)
        results = {}
        if incoming:
            half = getattr(self, f"_incoming_{key}", None)
            name = None if half else self._handlers().get(key)
            results.update((half or getattr(self, name))(incoming))
        outgoing = records - incoming
        if not outgoing:
            return results
        if SIDES[key] == (INCOMING,):
            return {
                **results,
                **{r: waiting(r.practice_id, "unknown_request") for r in outgoing},
            }
        return {**results, **self._apply_answers_out(outgoing, key)}


class CmorPractice(models.Model):
    _inherit = "cmor.practice"

    def _answer_values(self, layout, common, key, said):
        """{field name: value} of an answer about this practice, for its seller."""
        states = dict(self._fields["state"]._description_selection(self.env))
        sources = {
            **said,
            **common,
            "sii_code": self.sii_code,
            "cc_vat": self.cc_vat,
            "answered_key": key,
            "practice_state": states[self.state],
        }
        return {field.name: sources.get(field.source) for field in layout.fields}


def _vat(text):
    return "".join(str(text or "").split()).upper().removeprefix("IT")

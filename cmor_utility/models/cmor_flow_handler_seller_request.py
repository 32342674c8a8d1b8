from odoo import api, fields, models
from odoo.fields import Domain

from ..rules import messages, seller
from .cmor_flow_handler import applied, repeated, waiting
from .cmor_flow_handler_seller import _vat
from .cmor_practice_request import LIVE_STATES
from .cmor_practice_seller_request import SENDERS_OWN


class CmorFlowHandler(models.AbstractModel):
    """What a seller asks of its network user beside the claim: annulment, report of a
    refund, suspension and its end, report. Forwarded under a code of ours."""

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        names = dict.fromkeys(seller.FORWARDED, "_apply_seller_requests")
        return {**super()._handlers(), **names}

    @api.model
    def _apply_seller_requests(self, records):
        """Requests that sellers make through us; each practice at most once."""
        results, key = {}, records.type_id.key
        for company, group in records.grouped("company_id").items():
            results.update(self._apply_seller_requests_of(company, group, key))
        return results

    @api.model
    def _apply_seller_requests_of(self, company, records, key):
        today = fields.Date.context_today(self.with_company(company))
        sellers = self.env["cmor.counterpart"]._by_vat(company, "cc", today)
        values = {record: record._values() for record in records}
        practices = self._seller_practices(company, values, key)
        known = self._seller_requests(practices, key)
        results, good, asked = {}, {}, {}
        for record in records:
            said, practice = values[record], practices[record]
            counterpart = sellers.get(_vat(said.get("role_vat")))
            result = self._judge_seller_request(
                key, practice, counterpart, said, known.get(practice, ())
            )
            if not result and practice in asked:
                result = waiting(practice, "cc_request_busy")
            results[record] = result or applied(practice)
            if not result:
                asked[practice] = (said, record.file_id)
                good[record] = counterpart
        for record, counterpart in good.items():
            if not practices[record].cc_vat:
                practices[record]._match_to_seller(counterpart, record.file_id)
        forwarded = self.env["cmor.practice"].sudo().union(*asked)
        if forwarded:
            requests = forwarded._forward(key, asked)
            by_practice = {request.practice_id: request for request in requests}
            for record in good:
                request = by_practice[practices[record]]
                record.sudo()._guarded().write({"request_id": request.id})
        return results

    @api.model
    def _seller_practices(self, company, values, key):
        """{record: practice that it is about, or empty}: by the code of the SII, else
        by the seller's own code of its claim."""
        practices = self.env["cmor.practice"].sudo()
        names = {
            record: (
                said.get("cancel_sii_code") or said.get("sii_code") or "-",
                said.get("cancel_code") or "-",
            )
            for record, said in values.items()
        }
        found = practices.search(
            Domain("company_id", "=", company.id)
            & (
                Domain("sii_code", "in", [sii for sii, _code in names.values()])
                | Domain("cc_code", "in", [code for _sii, code in names.values()])
            )
        )
        by_sii = {(p.side, p.sii_code): p for p in found if p.sii_code}
        by_code = {(p.cc_vat, p.cc_code): p for p in found if p.cc_code}
        answer = {}
        for record, (sii_code, code) in names.items():
            said = values[record]
            side = seller.side_of(key, said)
            answer[record] = by_sii.get((side, sii_code)) or by_code.get(
                (_vat(said.get("role_vat")), code), practices
            )
        return answer

    @api.model
    def _seller_requests(self, practices, key):
        """{practice: its requests of this kind}."""
        ids = [practice.id for practice in practices.values() if practice]
        found = (
            self.env["cmor.practice.request"]
            .sudo()
            .search([("practice_id", "in", ids), ("key", "=", key)])
        )
        return found.grouped("practice_id")

    @api.model
    def _judge_seller_request(self, key, practice, counterpart, said, known):
        """Result of a request that opens nothing; None when it may be forwarded."""
        vat = _vat(said.get("role_vat")) or "-"
        if not counterpart:
            return waiting(practice, "cc_unknown", vat=vat)
        if not practice:
            return waiting(practice, "unknown_practice")
        is_ours = practice.side == "outgoing" or practice.contract_id
        if practice.cc_vat != counterpart.vat and (practice.cc_vat or is_ours):
            return waiting(practice, "cc_other_seller", vat=vat)
        same = [request for request in known if request.cc_code == said.get("code")]
        if same:
            before = messages.typed_params(same[0].values)
            now = {k: v for k, v in said.items() if k not in SENDERS_OWN and v}
            differ = sorted(k for k in now if before.get(k) != now[k])
            if not differ:
                return repeated(practice)
            return waiting(
                practice, "cc_differs", code=said["code"], what=", ".join(differ)
            )
        if any(request.state in LIVE_STATES for request in known):
            return waiting(practice, "cc_request_busy")
        # not found among our contracts: that it is a seller's is what it tells
        state = practice.state
        if (
            practice.side == "incoming"
            and not practice.cc_vat
            and (state in ("received", "unmatched"))
        ):
            state = "matched"
        if not seller.may_forward(key, practice.side, state):
            states = dict(practice._fields["state"]._description_selection(self.env))
            return waiting(practice, "cc_request_state", state=states[practice.state])
        return None

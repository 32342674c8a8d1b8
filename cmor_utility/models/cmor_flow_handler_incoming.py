from odoo import api, fields, models

from ..rules import incoming, incoming_match, messages
from .cmor_flow_handler import applied, repeated, waiting
from .cmor_practice_incoming import notice_sector

# TIPO_DOCUMENTO of the network's lines (assumed): a credit note, its amount positive
CREDIT_NOTE = "N"
# what the SII tells every party of a claim; answers are for who has asked
NOTICES = ("cancel_notice", "claim_update", "suspend_notice")


class CmorFlowHandler(models.AbstractModel):
    """What the flows of the incoming side mean.

    Each judges a record by ``rules/incoming.py`` and carries the decision out. Notices
    are made in bulk; answers about one practice follow each other, in the order of the
    file.
    """

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        return {
            **super()._handlers(),
            "claim_notice_in": "_apply_claim_notice_in",
            "claim_notice_in_cc": "_apply_claim_notice_in",
            "suspend_ack": "_apply_suspend_ack",
            "suspend_outcome": "_apply_suspend_outcome",
            "report_ack": "_apply_report_ack",
            "dso_charge": "_apply_dso_charge",
        }

    # --- notices ----------------------------------------------------------------

    @api.model
    def _apply_claim_notice_in(self, records):
        """Practices of new notices, in bulk; the same code again is only compared."""
        values = {r: messages.typed_params(r.values) for r in records}
        practices = self.env["cmor.practice"].sudo()
        known = practices._incoming_by_code(
            records.company_id, [v.get("sii_code") for v in values.values()]
        )
        today = fields.Date.context_today(self)
        results, new, again = {}, {}, []
        for record in records:
            code = (values[record].get("sii_code") or "").strip()
            values[record]["sii_code"] = code
            key = (record.company_id.id, code)
            if not code:
                results[record] = waiting(practices, "notice_no_code")
            elif key in known or key in new:
                again.append(record)
            else:
                result = self._judge_notice(practices, values[record])
                if result:
                    results[record] = result
                else:
                    new[key] = record
        for company, group in records.grouped("company_id").items():
            mine = [r for r in new.values() if r in group]
            made = practices._open_incoming(
                [(values[r], r.file_id) for r in mine], company, today
            )
            for record, practice in zip(mine, made, strict=True):
                results[record] = applied(practice)
                known[company.id, practice.sii_code] = practice
        for record in again:
            practice = known[record.company_id.id, values[record]["sii_code"]]
            results[record] = self._judge_notice(practice, values[record])
        return results

    @api.model
    def _judge_notice(self, practice, values):
        """Result of a notice that makes no practice; None when it makes one."""
        sector = notice_sector(values)
        point = values.get("pod") if sector == "electricity" else values.get("pdr")
        decision = incoming.on_notice(
            practice._answer_facts() if practice else None,
            values.get("cmor_amount"),
            incoming_match.point_key(sector, point),
        )
        if decision.verdict == incoming.APPLY:
            return None
        return _result(practice, decision)

    @api.model
    def _of_incoming_side(self, records):
        # EXTENDS: a practice of ours by the SII's code, a request by our own
        values = {r: messages.typed_params(r.values) for r in records}
        practices = self.env["cmor.practice"].sudo()
        known = practices._incoming_by_code(
            records.company_id, [_code_of(v) for v in values.values()]
        )
        requests = self._requests_of(records, (incoming.CANCEL,))
        return super()._of_incoming_side(records) | records.filtered(
            lambda r: (
                r.practice_id.sudo().side == "incoming"
                or requests[r].practice_id.side == "incoming"
                # who linked it to a practice has said the side
                or (not r.is_linked and (r.company_id.id, _code_of(values[r])) in known)
            )
        )

    @api.model
    def _of_both_sides(self, records):
        # EXTENDS: the SII's code is that of an outgoing practice of ours as well
        told = records.filtered(
            lambda r: (
                r.type_id.key in NOTICES
                and not r.is_linked
                and r.practice_id.side == "outgoing"
                and r.practice_id.sii_code == r.sii_code
            )
        )
        practices = self._incoming_practices(told)
        todo = self.env["cmor.practice"].sudo().union(*practices.values())
        locked = todo.try_lock_for_update()
        locked.invalidate_recordset(["state"])
        busy = told.filtered(lambda r: practices[r] - locked)
        return told - busy, busy

    # --- told by the SII: annulment, update, suspension ---------------------------

    @api.model
    def _incoming_practices(self, records):
        """{record: incoming practice or empty}: as matched already, or by its code."""
        practices = self.env["cmor.practice"].sudo()
        codes = {r: _code_of(messages.typed_params(r.values)) for r in records}
        known = practices._incoming_by_code(records.company_id, list(codes.values()))
        return {
            record: record.practice_id.sudo().filtered(lambda p: p.side == "incoming")
            or known.get((record.company_id.id, code), practices)
            for record, code in codes.items()
        }

    @api.model
    def _incoming_cancel_notice(self, records):
        """AI2.0200 for the incoming side."""
        results, today = {}, fields.Date.context_today(self)
        for record, practice in self._incoming_practices(records).items():
            if not practice:
                results[record] = waiting(practice, "unknown_practice")
                continue
            values = messages.typed_params(record.values)
            decision = incoming.on_cancel(
                practice._answer_facts(), _flag(values.get("indemnity_paid"))
            )
            if decision.verdict == incoming.APPLY:
                words = (values.get("cause_code"), values.get("cause_text"))
                cause = " ".join(text for text in words if text)
                day = values.get("cancelled_on") or today
                if decision.stands:
                    practice._annul_paid(day, cause, decision.path, record.file_id)
                else:
                    practice._annul(day, cause, record.file_id)
            results[record] = _result(practice, decision)
        self._settle_applied(results, today)
        return results

    @api.model
    def _incoming_claim_update(self, records):
        """SI7.0200 for the incoming side."""
        results, today = {}, fields.Date.context_today(self)
        for record, practice in self._incoming_practices(records).items():
            if not practice:
                results[record] = waiting(practice, "unknown_practice")
                continue
            values = messages.typed_params(record.values)
            after = values.get("cmor_amount")
            decision = incoming.on_update(
                practice._answer_facts(),
                values.get("amount_before"),
                after,
                values.get("updated_on"),
            )
            if decision.verdict == incoming.APPLY:
                day = values.get("updated_on") or today
                practice._update_amount(after, day, record.file_id)
            results[record] = _result(practice, decision)
        self._settle_applied(results, today)
        return results

    @api.model
    def _incoming_suspend_notice(self, records):
        """SO3.0200, should the SII send it to the incoming side too."""
        results, today = {}, fields.Date.context_today(self)
        for record, practice in self._incoming_practices(records).items():
            values = messages.typed_params(record.values)
            if not practice:
                results[record] = waiting(practice, "unknown_practice")
                continue
            flag = _flag(values.get("suspended"))
            if flag is None:
                results[record] = waiting(practice, "answer_unclear")
                continue
            decision = incoming.on_suspend_notice(practice._answer_facts(), flag)
            self._follow(practice, decision, record)
            results[record] = _result(practice, decision)
        self._settle_applied(results, today)
        return results

    # --- answers to our requests ---------------------------------------------------

    @api.model
    def _requests_of(self, records, keys):
        """{record: our request that it answers, or empty}: by its code (CP_UTENTE)."""
        requests = self.env["cmor.practice.request"].sudo()
        codes = {r: messages.typed_params(r.values).get("code") for r in records}
        found = requests.search(
            [
                ("company_id", "in", records.company_id.ids),
                ("code", "in", [code for code in codes.values() if code]),
                ("key", "in", list(keys)),
            ]
        )
        by_code = {(r.company_id.id, r.code): r for r in found}
        return {
            record: record.request_id.sudo().filtered(lambda r: r.key in keys)
            or by_code.get((record.company_id.id, code), requests)
            for record, code in codes.items()
        }

    @api.model
    def _apply_suspend_ack(self, records):
        """Admissibility of a suspension, or of its end."""
        return self._apply_answers(
            records, (incoming.SUSPEND, incoming.REVOKE), "admitted", _judge_suspension
        )

    @api.model
    def _apply_suspend_outcome(self, records):
        """Outcome of a suspension, or of its end."""
        return self._apply_answers(
            records, (incoming.SUSPEND, incoming.REVOKE), "outcome", _judge_suspension
        )

    @api.model
    def _incoming_cancel_ack(self, records):
        """Admissibility of the annulment that we asked."""
        return self._apply_answers(
            records, (incoming.CANCEL,), "admitted", _judge_cancel
        )

    @api.model
    def _incoming_cancel_outcome(self, records):
        """Outcome of the annulment that we asked."""
        return self._apply_answers(
            records, (incoming.CANCEL,), "outcome", _judge_cancel
        )

    @api.model
    def _apply_report_ack(self, records):
        """Answer to the report."""
        return self._apply_answers(
            records, (incoming.REPORT,), "admitted", _judge_report
        )

    @api.model
    def _apply_answers(self, records, keys, source, judge):
        """Answers to requests of ours, one after the other.

        :param keys: kinds of request that they may answer
        :param str source: what says yes or no: ``admitted`` or ``outcome``
        :param judge: function (request, is positive, is final) -> Decision
        """
        results, today = {}, fields.Date.context_today(self)
        for record, request in self._requests_of(records, keys).items():
            values = messages.typed_params(record.values)
            practice = request.practice_id
            flag = _flag(values.get(source))
            if not request:
                results[record] = waiting(practice, "unknown_request")
                continue
            if flag is None:
                results[record] = waiting(practice, "answer_unclear")
                continue
            decision = judge(request, flag, source == "outcome")
            if decision.verdict == incoming.APPLY:
                self._keep_answer(request, decision, values, record)
                self._follow(practice, decision, record)
            results[record] = _result(practice, decision)
        self._settle_applied(results, today)
        return results

    @api.model
    def _keep_answer(self, request, decision, values, record):
        words = (values.get("cause_code"), values.get("cause_text"))
        text = " ".join(word for word in words if word)
        extra = {"answer": text} if text else {}
        if values.get("sii_code") and not request.sii_code:
            extra["sii_code"] = values["sii_code"]
        request._set_state(decision.request, **extra)
        record.sudo()._guarded().write({"request_id": request.id})
        request.practice_id._log(
            "request_answered",
            lambda p: {
                "flow": request.type_id.name,
                "state": decision.request,
                "answer": text or "-",
            },
            record.file_id,
        )

    @api.model
    def _follow(self, practice, decision, record):
        """Enter the states that the decision names, one after the other."""
        if decision.verdict != incoming.APPLY:
            return
        for state in decision.path:
            if state == "cancelled":
                values = messages.typed_params(record.values)
                day = values.get("cancelled_on") or fields.Date.context_today(self)
                practice._annul(day, values.get("cause_text") or "", record.file_id)
            else:
                practice._move_to(state, "state", file=record.file_id)
                if state == "suspended":
                    practice._stop_pending_charges()

    @api.model
    def _settle_applied(self, results, today):
        """The money follows what was decided, once for all."""
        practices = self.env["cmor.practice"].sudo()
        for result in results.values():
            if result.state == "applied" and result.practice:
                practices |= result.practice
        practices._settle(today)

    # --- lines of the network -------------------------------------------------------

    @api.model
    def _apply_dso_charge(self, records):
        """Lines of the distributor's or UDD's invoice. A line without a practice is
        kept as well and waits in the list of the network's lines."""
        charges = self.env["cmor.network.charge"].sudo()
        values = {r: messages.typed_params(r.values) for r in records}
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


def _judge_suspension(request, flag, is_final):
    return incoming.on_suspension(
        request.practice_id._answer_facts(), request.key, request.state, flag, is_final
    )


def _judge_cancel(request, flag, is_final):
    practice = request.practice_id
    back = practice._state_before_cancel().get(practice, "matched")
    return incoming.on_cancel_answer(
        practice._answer_facts(), request.state, flag, is_final, back
    )


def _judge_report(request, flag, _is_final):
    practice = request.practice_id
    is_returned = not practice.return_amount and not practice.pending_amount
    return incoming.on_report_ack(
        practice._answer_facts(), request.state, flag, is_returned
    )


def _result(practice, decision):
    if decision.verdict == incoming.APPLY:
        return applied(practice)
    if decision.verdict == incoming.REPEAT:
        return repeated(practice)
    return waiting(practice, decision.problem, **decision.params)


def _code_of(values):
    return values.get("sii_code") or values.get("cancel_sii_code") or ""


def _flag(value):
    """0 or 1 as a bool; None for anything else."""
    text = str(value if value is not None else "").strip()
    return {"1": True, "0": False}.get(text)


def _network_vat(values):
    return values.get("distributor_vat") or values.get("udd_vat")


def _line_key(vals):
    return (
        vals["company_id"],
        vals["ref"],
        vals["sii_code"] or vals["point_code"],
        round(vals["amount"], 2),
    )

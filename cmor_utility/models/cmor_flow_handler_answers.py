from dataclasses import dataclass

from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..rules import answers
from ..rules.messages import Words
from .cmor_flow_handler import applied, repeated, waiting
from .cmor_practice_facts import _cents
from .texts import named

# what is looked at of each practice and of each record: thousands of them
OF_PRACTICE = ("state", "sii_code", "code", "indemnity", "accepted_on", "cause_id")
OF_RECORD = ("practice_id", "code", "is_linked", "is_confirmed", "answered_id")


@dataclass(slots=True)
class _Told:
    """One answer being applied.

    ``known``: what its practice says, before anything is written; ``marks``: what the
    record itself says of how it was found. Both as namedtuples.
    """

    record: object
    practice: object
    values: dict
    cause: object
    request: object
    known: object
    marks: object
    decision: answers.Decision = None


class CmorFlowHandler(models.AbstractModel):
    """The answers of the SII on the outgoing side: facts in, decisions carried out.

    What they mean is in ``rules/answers.py``.
    """

    _inherit = "cmor.flow.handler"

    @api.model
    def _handlers(self):
        return {
            **super()._handlers(),
            "claim_ack": "_apply_answers_out",
            "claim_outcome": "_apply_answers_out",
        }

    @api.model
    def _outgoing_claim_update(self, records):
        return self._apply_answers_out(records)

    @api.model
    def _outgoing_suspend_notice(self, records):
        return self._apply_answers_out(records)

    @api.model
    def _outgoing_cancel_ack(self, records):
        return self._apply_answers_out(records)

    @api.model
    def _outgoing_cancel_outcome(self, records):
        return self._apply_answers_out(records)

    @api.model
    def _outgoing_cancel_notice(self, records):
        return self._apply_answers_out(records)

    # --- deciding ---------------------------------------------------------------

    @api.model
    def _apply_answers_out(self, records, key=None):
        """Decide each record and carry the decisions out together.

        :param records: records of one flow, each practice at most once
        :param str key: what they are; default the key of their flow
        :return: {record: Result}
        """
        key = key or records.type_id.key
        results, told = {}, []
        # their words are large, and nobody asks for them
        ours = records.answered_id
        ours.fetch(["state", "file_id"])
        ours.filtered(lambda r: r.state == "written")._deem_sent()
        values = {record: record._values() for record in records}
        causes = self._causes_of(key, values)
        asked = self._live_cancels(key, records)
        seen = self._seen_answers(key, records)
        taken = self._taken_codes(records, values)
        practices = {practice.id: practice for practice in records.practice_id}
        known = plain_values(records.practice_id, OF_PRACTICE)
        marks = plain_values(records, OF_RECORD)
        for record, said in values.items():
            mark = marks[record.id]
            practice = practices.get(mark.practice_id)
            if practice is None:
                none = self.env["cmor.practice"]
                results[record] = waiting(none, "unknown_practice")
                continue
            item = _Told(
                record,
                practice,
                said,
                causes[record],
                asked.get(practice),
                known[practice.id],
                mark,
            )
            facts = self._facts_of(item, seen.get(practice, {}))
            item.decision = answers.decide(key, said, facts)
            other = taken.get(said.get("sii_code"), practice)
            if other != practice:
                item.decision = answers.wait("sii_code_taken", name=other.display_name)
            results[record] = self._result_of(item)
            if item.decision.verdict == answers.APPLY:
                told.append(item)
        self._carry_out(key, told)
        return results

    @api.model
    def _facts_of(self, item, seen):
        known, marks = item.known, item.marks
        days = [day for day in seen.values() if day]
        cause = item.cause.kind if item.cause else None
        return answers.Facts(
            state=known.state,
            sii_code=known.sii_code or "",
            amount=_cents(known.indemnity),
            is_current=bool(
                marks.is_linked or not marks.code or marks.code == known.code
            ),
            request=item.request.state if item.request else "",
            cause=cause or answers.UNKNOWN,
            seen=frozenset(seen),
            latest=max(days, default=None),
            confirmed=bool(marks.is_confirmed),
        )

    @api.model
    def _result_of(self, item):
        decision = item.decision
        if decision.verdict == answers.APPLY:
            return applied(item.practice)
        if decision.verdict == answers.REPEATED:
            return repeated(item.practice)
        params = {k: v if v is not None else "-" for k, v in decision.params.items()}
        return waiting(item.practice, decision.problem, **params)

    @api.model
    def _causes_of(self, key, values):
        """{record: cmor.cause, empty when it tells none}; unknown codes are added."""
        told = {}
        for said in values.values():
            code = str(said.get("cause_code") or "").strip()
            if code:
                told.setdefault(code, said.get("cause_text") or "")
        none = self.env["cmor.cause"].sudo()
        causes = none._of_codes(key, told) if told else {}
        return {
            record: causes.get(str(said.get("cause_code") or "").strip(), none)
            for record, said in values.items()
        }

    @api.model
    def _live_cancels(self, key, records):
        """{practice: the request that is answered, or its annulment under way}."""
        if not key.startswith("cancel"):
            return {}
        found = {r.practice_id: r.request_id for r in records if r.request_id}
        if key != "cancel_notice":
            return found
        live = self.env["cmor.practice.request"].search(
            [
                ("practice_id", "in", records.practice_id.ids),
                ("key", "=", "cancel_request"),
                ("state", "in", ("to_export", "exported", "sent", "admitted")),
            ]
        )
        return {**{r.practice_id: r for r in live}, **found}

    @api.model
    def _seen_answers(self, key, records):
        """{practice: {fingerprint: day}} of the answers of this kind applied before."""
        if key not in ("claim_update", "suspend_notice"):
            return {}
        old = self.env["cmor.flow.record"].search(
            [
                ("practice_id", "in", records.practice_id.ids),
                ("type_id", "=", records.type_id.id),
                ("direction", "=", "in"),
                ("state", "=", "applied"),
            ]
        )
        seen = {}
        for record in old:
            values = record._values()
            mark = answers.fingerprint(key, values)
            if mark:
                day = answers.day_of(key, values)
                seen.setdefault(record.practice_id, {})[mark] = day
        return seen

    @api.model
    def _taken_codes(self, records, values):
        """{SII code told: the outgoing practice that has it}."""
        codes = {said["sii_code"] for said in values.values() if said.get("sii_code")}
        found = self.env["cmor.practice"].search(
            [
                ("company_id", "in", records.company_id.ids),
                ("side", "=", "outgoing"),
                ("sii_code", "in", list(codes)),
            ]
        )
        return {practice.sii_code: practice for practice in found}

    # --- carrying out -------------------------------------------------------------

    @api.model
    def _carry_out(self, key, told):
        """Write what the decisions set, enter the states, then what follows."""
        if not told:
            return
        before = {
            item.practice: _cents(item.known.indemnity)
            for item in told
            if item.decision.effect == "amount"
        }
        rows = {item.practice: self._vals_of(key, item) for item in told}
        update_changed(self.env["cmor.practice"], rows)
        groups = {}
        for item in told:
            decision = item.decision
            group = (
                decision.path,
                decision.event,
                decision.effect,
                item.record.file_id,
            )
            groups.setdefault(group, []).append(item)
        for (path, event, effect, file), items in groups.items():
            self._enter(path, event, effect, file, items)
        self._answer_requests(told)
        practices = self.env["cmor.practice"].browse(i.practice.id for i in told)
        if before:
            changed = practices.browse(practice.id for practice in before)
            today = fields.Date.context_today(self)
            practices._after_amount_update(changed, before, today)
        self._mark_answers(key, told)
        practices._set_next()

    @api.model
    def _vals_of(self, key, item):
        vals, sets = {}, item.decision.sets
        if "sii_code" in sets:
            vals["sii_code"] = sets["sii_code"]
        if "amount" in sets:
            vals["indemnity"] = float(sets["amount"])
        if "accepted" in item.decision.path and not item.known.accepted_on:
            day = sets.get("accepted_on") or item.record.file_id.exported_on
            vals["accepted_on"] = fields.Date.to_date(day)
        if item.decision.event in ("rejected", "cancelled") or (
            item.decision.effect == "refund"
        ):
            vals["cause_id"] = item.cause.id
            vals["cause_text"] = item.values.get("cause_text") or False
        if item.decision.event == "accepted" and item.known.cause_id:
            vals.update(cause_id=False, cause_text=False)
        return vals

    @api.model
    def _enter(self, path, event, effect, file, items):
        """Enter the states of a path with a group of practices."""
        practices = self.env["cmor.practice"].browse(i.practice.id for i in items)
        params = {item.practice: self._event_params(item) for item in items}
        if effect == "refund":
            for item in items:
                day = item.values.get("cancelled_on") or fields.Date.to_date(
                    file.exported_on
                )
                item.practice._refund_due(day, params[item.practice], file)
            return
        if effect == "back":
            practices._back_from_cancel(event, lambda p: params[p], file)
            practices._late_refused(fields.Date.context_today(self))
            return
        # the amount's own event tells of it; its states only come and go
        kind = event or "state"
        for state in path[:-1]:
            practices._move_to(state, "deemed" if state != "updated" else "state")
        if path:
            practices._move_to(path[-1], kind, lambda p: params[p], file)
        elif event:
            log = self.env["cmor.practice.event"]
            log._append(
                [log._prepare_vals(p, event, params[p], file=file) for p in practices]
            )

    @api.model
    def _event_params(self, item):
        told = item.values.get("cause_text")
        cause = named(item.cause) if item.cause else item.values.get("cause_code")
        if item.cause and item.cause.name == told:
            told = None
        words = tuple(filter(None, (cause, told)))
        return {
            "code": item.values.get("sii_code") or item.known.sii_code or "-",
            "cause": Words(words, " - ") if words else "-",
        }

    @api.model
    def _answer_requests(self, told):
        """Our requests follow their answers."""
        for item in told:
            if not item.request:
                continue
            words = (item.values.get("cause_code"), item.values.get("cause_text"))
            text = " ".join(filter(None, words))
            for state in item.decision.request:
                extra = {"answer": text} if text else {}
                item.request._set_state(state, **extra)

    @api.model
    def _mark_answers(self, key, told):
        """What became of the records of ours that are answered."""
        flags = {"accepted": [], "refused": []}
        for item in told:
            if not item.marks.answered_id:
                continue
            source = "outcome" if key.endswith("outcome") else "admitted"
            ok = answers.flag(item.values.get(source))
            if item.decision.event == "adopted":
                ok = True
            if ok is not None:
                flags["accepted" if ok else "refused"].append(item.marks.answered_id)
        records = self.env["cmor.flow.record"].sudo()
        # what that makes of their file is summed up when all are applied
        for answer, ids in flags.items():
            records.browse(ids)._guarded().write({"answer": answer})

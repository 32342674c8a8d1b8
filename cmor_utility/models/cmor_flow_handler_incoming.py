from collections import Counter, defaultdict
from dataclasses import dataclass

from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import kept, update_changed

from ..rules import incoming, incoming_match
from ..rules.messages import Word
from .cmor_flow_handler import applied, repeated, waiting
from .cmor_practice_incoming import notice_sector, steps

# what the SII tells every party of a claim; answers are for who has asked
NOTICES = ("cancel_notice", "claim_update", "suspend_notice")


class CmorFlowHandler(models.AbstractModel):
    """What the flows of the incoming side mean.

    Each judges the records by ``rules/incoming.py`` and carries the decisions out
    together; records about one practice follow each other, in the order of the file.
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
        }

    # --- notices ----------------------------------------------------------------

    @api.model
    def _apply_claim_notice_in(self, records):
        """Practices of new notices, in bulk; the same code again is only compared."""
        values = {r: r._values() for r in records}
        practices = self.env["cmor.practice"].sudo()
        known = practices._incoming_by_code(
            records.company_id, [v.get("sii_code") for v in values.values()]
        )
        today = fields.Date.context_today(self)
        results, new, again = {}, {}, []
        for record in records:
            code = (values[record].get("sii_code") or "").strip()
            values[record]["sii_code"] = code
            key = (kept(record, "company_id"), code)
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
        for company in records.company_id:
            mine = [r for (owner, _code), r in new.items() if owner == company.id]
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
            practice._answer_facts()[practice.id] if practice else None,
            values.get("cmor_amount"),
            incoming_match.point_key(sector, point),
        )
        if decision.verdict == incoming.APPLY:
            return None
        return _result(practice, decision)

    @api.model
    def _of_incoming_side(self, records):
        # EXTENDS: a practice of ours by the SII's code, a request by our own
        found = super()._of_incoming_side(records) | records.filtered(
            lambda r: r.practice_id.sudo().side == "incoming"
        )
        rest = records - found
        if not rest:
            return found
        values = {r: r._values() for r in rest}
        practices = self.env["cmor.practice"].sudo()
        known = practices._incoming_by_code(
            rest.company_id, [_code_of(v) for v in values.values()]
        )
        requests = self._requests_of(rest, (incoming.CANCEL,))
        return found | rest.filtered(
            lambda r: (
                requests[r].practice_id.side == "incoming"
                # who linked it to a practice has said the side
                or (not r.is_linked and (r.company_id.id, _code_of(values[r])) in known)
            )
        )

    @api.model
    def _of_both_sides(self, records):
        # EXTENDS: the SII's code is that of an outgoing practice of ours as well
        told = records.filtered(
            lambda r: (
                r.practice_id.side == "outgoing"
                and r.practice_id.sii_code == r.sii_code
                and not r.is_linked
                and r.type_id.key in NOTICES
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
        rest = records.filtered(lambda r: r.practice_id.sudo().side != "incoming")
        codes = {r: _code_of(r._values()) for r in rest}
        known = {}
        if rest:
            known = practices._incoming_by_code(rest.company_id, list(codes.values()))
        return _together(
            {
                record: known.get((record.company_id.id, codes[record]), practices)
                if record in codes
                else record.practice_id.sudo()
                for record in records
            }
        )

    @api.model
    def _incoming_cancel_notice(self, records):
        """AI2.0200 for the incoming side."""

        def judge(facts, values):
            return incoming.on_cancel(facts, _flag(values.get("indemnity_paid")))

        def carry_out(items, file, today):
            stands = [item for item in items if item.decision.stands]
            rows = {item.practice: _annulment(item, today) for item in items}
            practices = self._practices_of(stands)
            practices._annul_paid({p: rows.pop(p) for p in practices}, file)
            self._enter_paths({i.practice: i.decision.path for i in stands}, file)
            practices._overtake_requests()
            practices.browse(p.id for p in rows)._annul(rows, file)

        return self._apply_told(records, judge, carry_out)

    @api.model
    def _incoming_claim_update(self, records):
        """SI7.0200 for the incoming side."""

        def judge(facts, values):
            return incoming.on_update(
                facts,
                values.get("amount_before"),
                values.get("cmor_amount"),
                values.get("updated_on"),
            )

        def carry_out(items, file, today):
            rows = {
                item.practice: (
                    item.values["cmor_amount"],
                    item.values.get("updated_on") or today,
                )
                for item in items
            }
            self._practices_of(items)._update_amounts(rows, file)

        return self._apply_told(records, judge, carry_out)

    @api.model
    def _incoming_suspend_notice(self, records):
        """SO3.0200, should the SII send it to the incoming side too."""

        def judge(facts, values):
            flag = _flag(values.get("suspended"))
            if flag is None:
                return incoming.UNCLEAR
            return incoming.on_suspend_notice(facts, flag)

        return self._apply_told(records, judge, self._follow)

    @api.model
    def _apply_told(self, records, judge, carry_out):
        """Notices about practices: judge each, carry out together what they decide.

        :param judge: function (rules.incoming.Practice, values) -> Decision
        :param carry_out: function (list of _Told that apply, their file, today)
        :return: {record: Result}
        """
        results, today = {}, fields.Date.context_today(self)
        for round_ in _in_turn(self._incoming_practices(records)):
            facts, told = self._facts_of_all(round_.values()), []
            for record, practice in round_.items():
                if not practice:
                    results[record] = waiting(practice, "unknown_practice")
                    continue
                values = record._values()
                decision = judge(facts[practice.id], values)
                results[record] = _result(practice, decision)
                if decision.verdict == incoming.APPLY:
                    told.append(_Told(record, practice, values, decision))
            for file, items in _by_file(told).items():
                carry_out(items, file, today)
        self._settle_applied(results, today)
        return results

    # --- answers to our requests ---------------------------------------------------

    @api.model
    def _requests_of(self, records, keys):
        """{record: our request that it answers, or empty}: by its code (CP_UTENTE)."""
        requests = self.env["cmor.practice.request"].sudo()
        codes = {r: r._values().get("code") for r in records}
        found = requests.search(
            [
                ("company_id", "in", records.company_id.ids),
                ("code", "in", [code for code in codes.values() if code]),
                ("key", "in", list(keys)),
            ]
        )
        by_code = {(r.company_id.id, r.code): r for r in found}
        return _together(
            {
                record: record.request_id.sudo().filtered(lambda r: r.key in keys)
                or by_code.get((record.company_id.id, code), requests)
                for record, code in codes.items()
            }
        )

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
        return self._apply_cancel_answers(records, "admitted")

    @api.model
    def _incoming_cancel_outcome(self, records):
        """Outcome of the annulment that we asked."""
        return self._apply_cancel_answers(records, "outcome")

    @api.model
    def _apply_cancel_answers(self, records, source):
        practices = self.env["cmor.practice"].sudo()
        for request in self._requests_of(records, (incoming.CANCEL,)).values():
            practices |= request.practice_id
        before = practices._state_before_cancel()

        def judge(facts, request, flag, is_final):
            back_to = before.get(request.practice_id, "matched")
            return incoming.on_cancel_answer(
                facts, request.state, flag, is_final, back_to
            )

        return self._apply_answers(records, (incoming.CANCEL,), source, judge)

    @api.model
    def _apply_report_ack(self, records):
        """Answer to the report."""
        return self._apply_answers(
            records, (incoming.REPORT,), "admitted", _judge_report
        )

    @api.model
    def _apply_answers(self, records, keys, source, judge):
        """Answers to requests of ours; two about one practice follow each other.

        :param keys: kinds of request that they may answer
        :param str source: what says yes or no: ``admitted`` or ``outcome``
        :param judge: function (facts, request, is positive, is final) -> Decision
        """
        results, today = {}, fields.Date.context_today(self)
        requests = self._requests_of(records, keys)
        practices = _together({r: asked.practice_id for r, asked in requests.items()})
        for round_ in _in_turn(practices):
            facts, told = self._facts_of_all(round_.values()), []
            for record, practice in round_.items():
                request = requests[record]
                values = record._values()
                flag = _flag(values.get(source))
                if not request:
                    results[record] = waiting(practice, "unknown_request")
                    continue
                decision = incoming.UNCLEAR
                if flag is not None:
                    is_final = source == "outcome"
                    decision = judge(facts[practice.id], request, flag, is_final)
                results[record] = _result(practice, decision)
                if decision.verdict == incoming.APPLY:
                    told.append(_Told(record, practice, values, decision, request))
            for file, items in _by_file(told).items():
                self._keep_answers(items, file)
                self._follow(items, file, today)
        self._settle_applied(results, today)
        return results

    @api.model
    def _keep_answers(self, items, file):
        """What was answered stands on the requests, their state follows."""
        requests = self.env["cmor.practice.request"].sudo()
        rows, by_state = {}, defaultdict(list)
        for item in items:
            request, text = item.request, _words_of(item.values)
            rows[request] = {"answer": text} if text else {}
            if item.values.get("sii_code") and not request.sii_code:
                rows[request]["sii_code"] = item.values["sii_code"]
            by_state[item.decision.request].append(request.id)
        update_changed(requests, rows)
        for state, ids in by_state.items():
            requests.browse(ids)._set_state(state)
        update_changed(
            self.env["cmor.flow.record"].sudo(),
            {item.record: {"request_id": item.request.id} for item in items},
        )
        asked = {item.practice: item for item in items}
        self._practices_of(items)._log(
            "request_answered",
            lambda p: {
                "flow": asked[p].request.type_id.name,
                "state": Word(
                    "choice",
                    ["cmor.practice.request", "state", asked[p].decision.request],
                ),
                "answer": _words_of(asked[p].values) or "-",
            },
            file,
        )

    @api.model
    def _follow(self, items, file, today):
        """Enter the states that the decisions name."""
        rows = {
            item.practice: (
                item.values.get("cancelled_on") or today,
                item.values.get("cause_text") or "",
            )
            for item in items
        }
        self._enter_paths({i.practice: i.decision.path for i in items}, file, rows)

    @api.model
    def _enter_paths(self, paths, file, annulled=None):
        """Enter states one after the other, each step for all that take it together.

        :param paths: {practice: states to enter}
        :param dict annulled: {practice: (day, cause)} of those that may be annulled
        """
        for state, practices in steps(paths):
            if state == "cancelled":
                practices._annul({p: annulled[p] for p in practices}, file)
                continue
            practices._move_to(state, "state", file=file)
            if state == "suspended":
                practices._stop_pending_charges()

    @api.model
    def _facts_of_all(self, practices):
        """{practice id: rules.incoming.Practice}; those that are empty left out."""
        ids = dict.fromkeys(practice.id for practice in practices if practice)
        return self.env["cmor.practice"].sudo().browse(ids)._answer_facts()

    @api.model
    def _practices_of(self, items):
        return self.env["cmor.practice"].sudo().browse(i.practice.id for i in items)

    @api.model
    def _settle_applied(self, results, today):
        """The money follows what was decided, once for all."""
        ids = dict.fromkeys(
            result.practice.id
            for result in results.values()
            if result.state == "applied" and result.practice
        )
        self.env["cmor.practice"].sudo().browse(ids)._settle(today)


def _judge_suspension(facts, request, flag, is_final):
    return incoming.on_suspension(facts, request.key, request.state, flag, is_final)


def _judge_report(facts, request, flag, _is_final):
    practice = request.practice_id
    is_returned = not practice.return_amount and not practice.pending_amount
    return incoming.on_report_ack(facts, request.state, flag, is_returned)


@dataclass(frozen=True)
class _Told:
    """One record that applies."""

    record: object
    practice: object
    values: dict
    decision: incoming.Decision
    request: object = None


def _together(found):
    """{key: record} so that what is read of one record is read of all of them."""
    ids = tuple({one.id for one in found.values() if one})
    return {key: one.with_prefetch(ids) for key, one in found.items()}


def _in_turn(practices):
    """The records of {record: practice} so that a practice is in each part once."""
    seen, rounds = Counter(), {}
    for record, practice in practices.items():
        rounds.setdefault(seen[practice], {})[record] = practice
        if practice:
            seen[practice] += 1
    return rounds.values()


def _by_file(told):
    """{flow file: [_Told]}."""
    found = defaultdict(list)
    for item in told:
        found[item.record.file_id].append(item)
    return found


def _words_of(values):
    """Code and text of a cause, as told."""
    words = (values.get("cause_code"), values.get("cause_text"))
    return " ".join(word for word in words if word)


def _annulment(item, today):
    """(day, cause) of an annulment told."""
    return item.values.get("cancelled_on") or today, _words_of(item.values)


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

from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import (
    insert_rows,
    update_changed,
    update_links,
)

from ..rules import amount as amount_rules
from ..rules import eligibility


class KnownAnswer(NamedTuple):
    """A condition as it is kept: what of it can change an answer."""

    id: int
    practice_id: int
    code: str
    sequence: int
    computed_result: str
    facts_key: str | None
    declared_result: str | None
    declared_key: str | None

    def says(self, sequence, result, key):
        """Whether this very answer is kept: its key stands for reason and figures."""
        return (
            self.facts_key == key
            and self.computed_result == result
            and self.sequence == sequence
        )

    def lapses(self, result, key):
        """Whether a declaration in force no longer holds with the new answer."""
        return (
            bool(self.declared_result)
            and self.declared_key == self.facts_key
            and self.declared_key != key
            and result == eligibility.UNKNOWN
        )


class KnownLine(NamedTuple):
    """A bill of a practice as it is kept."""

    id: int
    practice_id: int
    company_id: int
    move_id: int
    is_excluded: bool | None
    name: str | None
    date_from: object
    date_to: object
    period_days: int | None
    days_inside: int | None
    total_amount: float | None
    open_amount: float | None
    relevant_amount: float | None
    reason_code: str | None

    def says(self, vals):
        """Whether the line has these values already; one of a field that is not read
        here may differ."""
        return all(
            hasattr(self, name) and (value or None) == (getattr(self, name) or None)
            for name, value in vals.items()
        )


class CmorPractice(models.Model):
    """Writing of what the rules answered: of thousands only what changed.

    What is kept is read as plain tuples: of fourteen answers and some bills of each
    practice to make records only to find that nothing changed costs more than the
    rules themselves.
    """

    _inherit = "cmor.practice"

    def _known_rows(self, model, kind):
        """The rows of a child model of these practices, as ``kind`` (a NamedTuple whose
        first field is the id)."""
        child = self.env[model].sudo()
        child.flush_model()
        query = SQL(
            "SELECT %s FROM %s WHERE practice_id = ANY(%s)",
            SQL(", ").join(map(SQL.identifier, kind._fields)),
            SQL.identifier(child._table),
            list(self.ids),
        )
        return map(kind._make, self.env.execute_query(query))

    def _known_results(self):
        """{practice id: {code: result, a declaration counted}} as they are kept."""
        results = {}
        for kept in self._known_rows("cmor.practice.condition", KnownAnswer):
            results.setdefault(kept.practice_id, {})[kept.code] = eligibility.in_force(
                kept.computed_result,
                kept.facts_key,
                kept.declared_result,
                kept.declared_key,
            )
        return results

    def _known_lines(self):
        """{practice id: {move id: KnownLine}}"""
        known = {}
        for line in self._known_rows("cmor.practice.line", KnownLine):
            known.setdefault(line.practice_id, {})[line.move_id] = line
        return known

    def _write_conditions(self, outcomes):
        """Store the answers; only what changed is written.

        :return: {practice: {code: result, a declaration counted}}
        """
        conditions = self.env["cmor.practice.condition"].sudo()
        known = {
            (answer.practice_id, answer.code): answer
            for answer in self._known_rows(conditions._name, KnownAnswer)
        }
        new, old, lapsed, results = [], {}, [], {}
        for practice, (_facts, answers) in outcomes.items():
            told = results[practice] = {}
            for sequence, answer in enumerate(answers, 1):
                kept, key = known.get((practice.id, answer.code)), answer.key
                told[answer.code] = answer.result
                if kept is None:
                    vals = conditions._prepare_vals(practice, sequence, answer)
                    new.append({**vals, "result": answer.result})
                    continue
                told[answer.code] = eligibility.in_force(
                    answer.result, key, kept.declared_result, kept.declared_key
                )
                if kept.says(sequence, answer.result, key):
                    continue
                if kept.lapses(answer.result, key):
                    lapsed.append((practice, answer.code))
                old[conditions.browse(kept.id)] = conditions._prepare_vals(
                    practice, sequence, answer
                )
        update_changed(conditions, old)
        insert_rows(conditions, new)
        event = self.env["cmor.practice.event"]
        event._append(
            [
                event._prepare_vals(practice, "lapsed", {"code": code})
                for practice, code in lapsed
            ]
        )
        return results

    def _write_lines(self, outcomes, bills, known):
        """Store the bills that are open, with their part in the claim.

        :param dict known: those of ``_known_lines``
        """
        lines = self.env["cmor.practice.line"].sudo()
        new, old, gone = [], {}, []
        for practice, (facts, _answers) in outcomes.items():
            left = dict(known.get(practice.id, ()))
            items = bills.get(practice.contract_id.id, [])
            shares = facts.amount.chosen.bills
            for item, share in zip(items, shares, strict=True):
                line = left.get(item.move.id)
                if not share.open_amount and not (line and line.is_excluded):
                    continue
                left.pop(item.move.id, None)
                vals = lines._prepare_vals(practice, item, share)
                if line is None:
                    new.append(vals)
                elif not line.says(vals):
                    old[lines.browse(line.id)] = vals
            gone += [line.id for line in left.values()]
        update_changed(lines, old)
        lines.browse(gone)._guarded().unlink()
        insert_rows(lines, new)

    def _write_outcomes(self, outcomes, results, roles, notices, today):
        """Store window, amounts and verdict of each practice, and what they tell.

        :param dict results: those of ``_write_conditions``
        :param dict roles: {(company id, sector): role}
        """
        event, events = self.env["cmor.practice.event"], []
        rows, used = {}, {}
        for practice, (facts, _answers) in outcomes.items():
            role = roles.get((practice.company_id.id, practice.sector))
            vals = practice._outcome_vals(facts, results[practice], role, today)
            told = notices.get(practice.contract_id.id, ())
            used[practice] = _used_notices(facts, told)
            if practice.art4_declared_by_id and practice.art4_key != practice._art4_key(
                facts
            ):
                vals.update(art4_declared_by_id=False, art4_declared_on=False)
                vals.update(art4_proof=False, art4_key=False)
                events.append(
                    event._prepare_vals(practice, "lapsed", {"code": "art. 4"})
                )
            failed, unknown = vals["failed_codes"], vals["unknown_codes"]
            if (practice.failed_codes, practice.unknown_codes) != (failed, unknown):
                params = {"failed": failed or "-", "unknown": unknown or "-"}
                events.append(event._prepare_vals(practice, "evaluated", params))
            rows[practice] = vals
        update_links(self, "notice_ids", used)
        update_changed(self, rows)
        event._append(events)

    def _outcome_vals(self, facts, results, role, today):
        chosen = facts.amount.chosen
        failed = [code for code, told in results.items() if told == eligibility.NO]
        unknown = [c for c, told in results.items() if told == eligibility.UNKNOWN]
        return {
            "role_id": role.id if role else False,
            "window_open": facts.window.opens,
            "window_close": facts.window.closes,
            "window_open_earliest": facts.window.earliest_open,
            "window_close_latest": facts.window.latest_close,
            "credit_amount": float(chosen.credit),
            "cap_amount": float(chosen.cap),
            "cap_mean": float(chosen.cap_mean),
            "cap_dearest": float(chosen.cap_dearest),
            "indemnity": float(chosen.indemnity),
            "reading_used": chosen.reading,
            "reading_difference": float(facts.amount.difference),
            "amount_details": _details(facts.amount),
            "failed_codes": ", ".join(failed) or False,
            "unknown_codes": ", ".join(unknown) or False,
            "verdict": eligibility.verdict(results.values()),
            "evaluated_on": today,
        }


def _used_notices(facts, notices):
    """Ids of the formal notices, with the warning, that name a claimed bill."""
    claimed = {bill.ref for bill in eligibility.claimed_bills(facts)}
    return [
        notice.id
        for notice, fact in notices
        if fact.is_formal and fact.warning and fact.bills & claimed
    ]


def _details(result):
    """Both readings as JSON: bills and months with their figures as text."""
    return [
        {
            "reading": reading.reading,
            "end": reading.end.isoformat(),
            "credit": str(reading.credit),
            "cap": str(reading.cap),
            "cap_mean": str(reading.cap_mean),
            "cap_dearest": str(reading.cap_dearest),
            "prev": str(reading.prev_cmor),
            "indemnity": str(reading.indemnity),
            "bills": [
                {
                    "ref": share.ref,
                    "from": share.date_from and share.date_from.isoformat(),
                    "to": share.date_to and share.date_to.isoformat(),
                    "days": share.period_days,
                    "inside": share.days_inside,
                    "open": str(share.open_amount),
                    "residual": str(share.residual),
                    "relevant": str(share.relevant),
                    "note": share.note,
                }
                for share in reading.bills
                if share.open_amount
            ],
            "months": [
                {
                    "from": month.date_from.isoformat(),
                    "to": month.date_to.isoformat(),
                    "supplied": month.supplied,
                    "spend": str(amount_rules.round_cent(month.spend)),
                }
                for month in reading.months
            ],
        }
        for reading in (result.chosen, result.other)
    ]

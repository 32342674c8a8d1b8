from dataclasses import replace

from odoo import api, fields, models
from odoo.tools.misc import format_amount, format_date

from ..rules.explain import explain, explain_later
from ..rules.facts import ANY, Reason
from ..rules.sets import PRIORITY
from .day_words import day_count
from .dunning_action_rule import told_keys
from .reason_texts import pack, unpack
from .reason_texts_explain import (
    ANCHOR_TEXTS,
    CLOCK_TEXTS,
    DECISION_TEXTS,
    STATUS_TEXTS,
    STOPS_TEXTS,
)


class DunningCase(models.Model):
    """Why a case is where it is, and what would happen on another day."""

    _inherit = "dunning.case"

    # public API

    @api.readonly
    def explain(self, date=None):
        """Why this case is where it is on ``date`` (ISO text or date, today if empty).

        For every user who may read the case; writes nothing. On a day to come the days
        in between are walked by the table, as if nobody paid and every step had the
        effect that is assumed: ``is_estimate`` tells.

        Returns a dict of plain values, texts in the user's language:

        * ``case``, ``date``, ``date_text``, ``is_estimate``;
        * ``decision``: kind, label, date, step, reasons [{code, text}];
        * ``set``: key and chosen (label of each of the four keys), is_fallback, notes,
          table;
        * ``rows``: each row of the set with its status, label, date, text, calculation;
        * ``guard``: None or earliest, blocked, reasons [{code, text, params}];
        * ``holds``: reason, start, until, text;
        * ``lines``: bills of the case, listed or not by the next step and why.
        """
        self.ensure_one()
        self.check_access("read")
        me = self.sudo().with_company(self.company_id)
        # what the caller changed a moment ago counts; a plain RPC has nothing to flush
        self.env.flush_all()
        today = me._today(me.company_id)
        day = fields.Date.to_date(date) or today
        answer = me._explain(today, day)
        return me._explanation_values(answer, day)

    # the pure answer

    def _explain(self, today, day):
        """:class:`rules.explain.Explanation` of this case on ``day``."""
        rules = self._explain_rules()
        years = range(min(today, day).year - 6, max(today, day).year + 4)
        shift = self.env["dunning.facts"]._shift_for(self.company_id, years)
        guard = self.env["dunning.guard"]._guard_for(self.company_id, day)
        facts = self.env["dunning.facts"]._collect(self, day)[self.id]
        if day <= today:
            return explain(facts, rules, day, shift, guard)
        now = self.env["dunning.facts"]._collect(self, today)[self.id]
        # a suspension of today may be over by then: the days in between know it
        holds = tuple(dict.fromkeys((*now.holds, *facts.holds)))
        facts = replace(facts, holds=holds)
        return explain_later(facts, rules, today, day, shift, guard)

    def _explain_rules(self):
        """The rows that this case follows, as plain values."""
        return self.table_id.rule_ids._as_rules()

    # in words

    def _explanation_values(self, answer, day):
        decision = answer.decision
        rules = self._explained_rules(answer)
        actions = self._explained_actions(answer)
        return {
            "case": {
                "id": self.id,
                "name": self.name,
                "customer": self.partner_id.display_name,
                "amount": self._amount_text(
                    sum(status.line.residual for status in answer.lines)
                ),
            },
            "date": day.isoformat(),
            "date_text": self._day_text(day),
            "is_estimate": answer.estimated,
            "decision": {
                "kind": decision.kind,
                "label": self.env._(DECISION_TEXTS[decision.kind]),
                "date": decision.date and decision.date.isoformat(),
                "date_text": self._day_text(decision.date),
                "step": rules[decision.rule.id].short_description
                if decision.rule
                else "",
                "reasons": self._reason_values(decision.reasons),
            },
            "set": self._set_values(answer),
            "rows": [
                self._row_values(row, rules, answer, actions.get(row.rule.id))
                for row in answer.rows
            ],
            "guard": self._guard_values(answer.verdict),
            "holds": [self._hold_values(hold) for hold in answer.holds],
            "lines": self._line_values(answer, day),
        }

    def _explained_rules(self, answer):
        """{row id: record} of the rows named in the answer, read together."""
        ids = {row.rule.id for row in answer.rows}
        if answer.decision.rule:
            ids.add(answer.decision.rule.id)
        rules = self.env["dunning.action.rule"].browse(sorted(ids))
        return {rule.id: rule for rule in rules}

    def _explained_actions(self, answer):
        """{row id: the action of this round that was recorded for it}."""
        if answer.new_round:
            return {}
        actions = self.action_ids.filtered(
            lambda a: a.round == self.round and a.state != "superseded"
        )
        return {action.rule_id.id: action for action in actions}

    def _reason_values(self, reasons):
        values = []
        for item in pack(reasons):
            text = unpack(self.env, [item], self.currency_id)
            values.append({**item, "text": text})
        return values

    def _set_values(self, answer):
        rule = self.env["dunning.action.rule"]
        key, chosen = [], []
        for name in told_keys(vars(answer.key)):
            field = rule._fields[name]
            labels = dict(field._description_selection(self.env))
            title = field._description_string(self.env)
            own = getattr(answer.key, name)
            key.append({"name": title, "value": labels.get(own, own or "-")})
            if answer.set_key is not None:
                other = getattr(answer.set_key, name)
                any_text = self.env._("any")
                shown = any_text if other == ANY else labels.get(other, other)
                chosen.append({"name": title, "value": shown})
        return {
            "key": key,
            "chosen": chosen,
            "is_fallback": answer.set_key is not None
            and any(
                getattr(answer.set_key, name) not in (ANY, getattr(answer.key, name))
                for name in PRIORITY
            ),
            "notes": self._reason_values(answer.notes),
            "table": self.table_id.display_name or "",
            "rows": len(answer.rows),
        }

    def _row_values(self, row, rules, answer, action=None):
        rule = rules[row.rule.id]
        reasons = self._reason_values(row.reasons)
        day = row.date
        if action and row.status in ("done", "failed", "skipped", "open"):
            # what was recorded then says more than the facts keep
            day = day or action.executed_date or action.planned_date
            if action.reason:
                reasons.append(
                    {"code": "recorded", "params": {}, "text": action.reason}
                )
        return {
            "id": rule.id,
            "seq": rule.seq,
            "name": rule.short_description,
            "action": rule.action_type_id.name,
            "icon": rule.action_type_id.icon or "fa-circle-o",
            "channel": " + ".join(row.channels) or rule.channel,
            "status": row.status,
            "label": self.env._(STATUS_TEXTS[row.status]),
            "date": day and day.isoformat(),
            "date_text": self._day_text(day),
            "is_estimate": row.estimated,
            "text": self._row_text(row, answer),
            "reasons": reasons,
        }

    def _row_text(self, row, answer):
        """The sentence of a row: when it took effect, how its day comes about."""
        if row.status == "done" and row.effective and row.effective != row.date:
            day = self._day_text(row.effective)
            return self.env._("In effect since %(date)s.", date=day)
        if row.status == "next":
            return self._calculation_text(answer.calculation)
        if row.status == "behind":
            return self.env._("The case went on without it.")
        if row.status == "unreached":
            return self.env._("The calendar alone does not lead there.")
        if row.status == "event":
            return self.env._("Started by an event, never by waiting.")
        return ""

    def _calculation_text(self, calculation):
        """ "due date of the oldest bill 20/01/2027 + 30 calendar days = 19/02/2027"."""
        if calculation is None:
            return ""
        parts = []
        if calculation.table_date:
            parts.append(
                self.env._(
                    "By the table: %(anchor)s %(anchor_date)s + %(days)s = %(date)s.",
                    anchor=self.env._(ANCHOR_TEXTS[calculation.anchor]),
                    anchor_date=self._day_text(calculation.anchor_date),
                    days=day_count(self.env, calculation.wait, calculation.day_kind),
                    date=self._day_text(calculation.table_date),
                )
            )
        if calculation.guard_date:
            day = self._day_text(calculation.guard_date)
            parts.append(self.env._("By law: not before %(date)s.", date=day))
        return " ".join(parts)

    def _guard_values(self, verdict):
        if verdict is None:
            return None
        return {
            "blocked": verdict.blocked,
            "earliest": verdict.earliest and verdict.earliest.isoformat(),
            "earliest_text": self._day_text(verdict.earliest),
            "reasons": self._reason_values(verdict.reasons),
        }

    def _hold_values(self, hold):
        reason = Reason.of("on_hold", reason=hold.label or hold.reason)
        return {
            "reason": hold.reason,
            "text": unpack(self.env, pack([reason]), self.currency_id),
            "start": hold.start and hold.start.isoformat(),
            "start_text": self._day_text(hold.start),
            "until": hold.until and hold.until.isoformat(),
            "until_text": self._day_text(hold.until),
            "stops": self.env._(STOPS_TEXTS.get(hold.stops, STOPS_TEXTS["all"])),
            "clock": self.env._(CLOCK_TEXTS.get(hold.clock, CLOCK_TEXTS["run"])),
        }

    def _line_values(self, answer, day):
        """The bills of the case: those that count first, then the others and why."""
        records = {line.id: line for line in self.line_ids}
        values = []
        for status in answer.lines:
            record = records.pop(status.line.id, None)
            reasons = (status.reason,) if status.reason else ()
            if record and record.no_followup:
                reasons = (Reason.of("line_excluded"),)
            values.append(
                self._one_line(
                    record, status.line.due, status.line.residual, status.listed
                )
                | {"reasons": self._reason_values(reasons)}
            )
        for record in sorted(records.values(), key=lambda line: line.date_maturity):
            reason = _why_not_counted(record, day)
            values.append(
                self._one_line(
                    record, record.date_maturity, record.amount_residual, False
                )
                | {"reasons": self._reason_values((reason,))}
            )
        return values

    def _one_line(self, record, due, residual, listed):
        move = record.move_id if record else self.env["account.move"]
        return {
            "id": record.id if record else False,
            "move_id": move.id,
            "bill": move.billing_ref or move.name or "",
            "due": due.isoformat(),
            "due_text": self._day_text(due),
            "residual": float(residual),
            "residual_text": self._amount_text(residual),
            "listed": listed,
        }

    def _day_text(self, day):
        return format_date(self.env, day) if day else ""

    def _amount_text(self, amount):
        return format_amount(self.env, float(amount), self.currency_id)


def _why_not_counted(line, day):
    """Why a receivable of the case is not among the overdue ones on ``day``."""
    if line.reconciled or not line.amount_residual:
        return Reason.of("line_paid")
    if line.no_followup:
        return Reason.of("line_excluded")
    if line.move_id.payment_state == "blocked":
        return Reason.of("line_blocked")
    return Reason.of("line_not_due", date=line.date_maturity)

import json
from collections import Counter

from odoo import models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

from ..rules.facts import EXCLUDED, Reason
from .dunning_action import OPEN_STATES
from .reason_texts import pack

# what becomes of a decision: the state of the case
CASE_STATE = {
    "execute": "open",
    "wait": "open",
    "stop": "open",
    "park": "parked",
    "close": "closed",
}


# what `_update_cases` writes
TOLD_OF_CASES = (
    "state",
    "next_since",
    "next_kind",
    "next_rule_id",
    "next_action_type_id",
    "next_date",
    "next_reasons",
    "due_date",
    "amount_due",
    "current_rule_id",
    "last_action_date",
)


def is_recorded_hold(reason):
    """True for a suspension that somebody recorded: not for the bills that the
    accounting excludes, which nobody but the planner sees."""
    return reason.code == "on_hold" and reason.as_dict()["reason"] != EXCLUDED


class DunningEngineWrite(models.AbstractModel):
    """Writing down what was decided: a fixed number of statements for any number of
    cases."""

    _inherit = "dunning.engine"

    def _start_rounds(self, cases):
        """The noticed bills are paid, at once or by a plan that is under way: newer
        ones begin again from the first row.

        Steps of a plan's bills stay as they are: what left may still arrive, and the
        case comes back to them if the plan breaks. No number is used twice.
        """
        if not cases:
            return
        kept = cases.sudo()._rounds_of_plans()
        over = self._open_actions(cases).filtered(
            lambda a: a.round not in kept.get(a.case_id, ())
        )
        over._set_state("superseded", Reason.of("bills_paid"))
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_case kase
                   SET round = 1 + GREATEST(
                       kase.round,
                       (SELECT MAX(action.round) FROM dunning_action action
                         WHERE action.case_id = kase.id),
                       (SELECT MAX(event.round) FROM dunning_case_event event
                         WHERE event.case_id = kase.id))
                 WHERE kase.id = ANY(%s)
                """,
                cases.ids,
            )
        )
        cases.invalidate_recordset(["round"])

    def _open_actions(self, cases):
        if not cases:
            return self.env["dunning.action"]
        return (
            self.env["dunning.action"]
            .sudo()
            .search([("case_id", "in", cases.ids), ("state", "in", OPEN_STATES)])
        )

    def _withdraw(self, decisions, outdated):
        """Take back what waits on closed cases and what the planner withdraws."""
        ids = [
            case.id
            for case, decision in decisions.items()
            if decision.kind == "close" or outdated[case]
        ]
        paid, changed = self.env["dunning.action"], {}
        for action in self._open_actions(self.env["dunning.case"].browse(ids)):
            case = action.case_id
            if decisions[case].kind == "close":
                paid |= action
            elif action.rule_id.id in outdated[case]:
                reason = outdated[case][action.rule_id.id]
                if is_recorded_hold(reason):
                    continue  # dunning.hold knows what can still be taken back
                changed[reason] = changed.get(reason, paid.browse()) | action
        paid._withdraw(Reason.of("case_paid"))
        for reason, actions in changed.items():
            actions._withdraw(reason)

    # actions

    def _create_actions(self, decisions, facts, today, run):
        """Record rows left out and rows to execute; returns all of them."""
        steps = [
            (case, step)
            for case, decision in decisions.items()
            for step in (
                *decision.skipped,
                *((decision,) if decision.kind == "execute" else ()),
            )
        ]
        if not steps:
            return self.env["dunning.action"]
        types = self.env["dunning.action.type"]._by_code()
        known = self._known_actions(steps)
        new, revived, order = [], {}, []
        for case, step in steps:
            vals = self._prepare_action_vals(case, step, facts[case.id], today, run)
            vals["action_type_id"] = types[step.rule.action].id
            old, state, attempt = known.get((case.id, step.rule.id), (None, "", 0))
            if state == "superseded":
                revived[old] = {**vals, "attempt": attempt}
                order.append(old)
            else:
                new.append({**vals, "attempt": attempt + 1})
                order.append(None)
        actions = self.env["dunning.action"].sudo()
        created = iter(insert_rows(actions, new).ids)
        self._revive(revived)
        actions = actions.browse(old or next(created) for old in order)
        self._list_receivables(actions, steps, facts)
        return actions

    def _known_actions(self, steps):
        """{(case id, row id): (id, state, attempt)}: the last attempt at that row in
        the present round."""
        self.env["dunning.action"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT action.case_id, action.rule_id, action.id, action.state,
                       action.attempt
                  FROM dunning_action action
                  JOIN dunning_case kase ON kase.id = action.case_id
                 WHERE action.case_id = ANY(%s)
                   AND action.rule_id = ANY(%s)
                   AND action.round = kase.round
              ORDER BY action.attempt
                """,
                list({case.id for case, _step in steps}),
                list({step.rule.id for _case, step in steps}),
            )
        )
        return {(case_id, rule_id): told for case_id, rule_id, *told in rows}

    def _revive(self, revived):
        """Withdrawn actions come to life again, with the figures of today."""
        if not revived:
            return
        self.env.cr.execute(
            SQL(
                "DELETE FROM dunning_action_item WHERE action_id = ANY(%s)",
                list(revived),
            )
        )
        self.env["dunning.action.item"].invalidate_model(flush=False)
        self.env["dunning.action"].invalidate_model(["item_ids"], flush=False)
        update_rows(self.env["dunning.action"].sudo(), revived)

    def _prepare_action_vals(self, case, step, facts, today, run):
        wanted = set(step.lines)
        amount = sum(line.residual for line in facts.lines if line.id in wanted)
        verdict = step.verdict
        return {
            "case_id": case.id,
            "company_id": case.company_id.id,
            "partner_id": case.partner_id.id,
            "rule_id": step.rule.id,
            "round": case.round,
            "op": step.rule.op,
            "channels": " + ".join(step.channels),
            "state": "skipped" if step.kind == "skip" else "planned",
            "planned_date": today,
            "executed_date": False,
            "effective_date": False,
            "reasons": pack(step.reasons),
            "guard_result": pack(verdict.reasons) if verdict else False,
            "amount": amount,
            "run_id": run.id if run else False,
        }

    def _list_receivables(self, actions, steps, facts):
        """The receivables that each step lists, frozen as they are now."""
        listed = []
        for action_id, (case, step) in zip(actions.ids, steps, strict=True):
            if not step.lines:
                continue
            wanted = set(step.lines)
            listed += [
                (action_id, line.id, line.move, line.due, line.residual)
                for line in facts[case.id].lines
                if line.id in wanted
            ]
        if not listed:
            return
        # the ORM would read every column of bill and receivable to copy three of them
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_action_item
                       (action_id, company_id, move_line_id, move_id, bill_number,
                        date_bill, date_maturity, amount, create_uid, create_date,
                        write_uid, write_date)
                SELECT told.action_id, %(company)s, told.line_id, move.id,
                       COALESCE(NULLIF(move.billing_ref, ''), move.name),
                       move.invoice_date, told.due, told.amount, %(user)s, %(now)s,
                       %(user)s, %(now)s
                  FROM unnest(%(actions)s::int[], %(lines)s::int[], %(moves)s::int[],
                              %(dues)s::date[], %(amounts)s::numeric[])
                       AS told(action_id, line_id, move_id, due, amount)
                  JOIN account_move move ON move.id = told.move_id
                """,
                company=actions.company_id.id,
                user=self.env.uid,
                now=self.env.cr.now(),
                **dict(
                    zip(
                        ("actions", "lines", "moves", "dues", "amounts"),
                        map(list, zip(*listed, strict=True)),
                        strict=True,
                    )
                ),
            )
        )
        self.env["dunning.action"].invalidate_model(["item_ids"], flush=False)

    # cases

    def _write_cases(self, decisions, facts, acted, later, today):
        """Write where each case stands, in one statement; close what is paid.

        ``acted``: {case id: row of the action taken}; ``later``: ids of cases of which
        ``_show_next`` writes all at once. Returns a Counter of the decisions.
        """
        counts = Counter(cases=len(decisions))
        values, closing = [], []
        for case, decision in decisions.items():
            counts["skipped"] += len(decision.skipped)
            counts[decision.kind] += 1
            if decision.kind == "close":
                closing.append(case.id)
            elif case.id not in later:
                values.append(
                    self._prepare_case_values(
                        case, decision, facts[case.id], today, acted.get(case.id)
                    )
                )
        self._update_cases(values)
        cases = self.env["dunning.case"]
        cases._close(cases.browse(closing), today)
        return counts

    def _prepare_case_values(self, case, decision, facts, today, acted=None):
        """``acted``: id of the row of the action taken today, if any."""
        state = CASE_STATE[decision.kind]
        if decision.kind == "wait" and any(
            reason.code == "on_hold" for reason in decision.reasons
        ):
            state = "on_hold"
        return (
            case.id,
            state,
            decision.kind,
            decision.rule.id if decision.rule else None,
            decision.date,
            json.dumps(pack(decision.reasons)) if decision.reasons else None,
            facts.due,
            facts.amount,
            acted,
            today if acted else None,
            today,
        )

    def _update_cases(self, values):
        """Write ``values`` (see ``_prepare_case_values``) where they say anything new:
        on most nights most cases wait as they did."""
        values = list(values)
        if not values:
            return
        cases = self.env["dunning.case"]
        cases.flush_model()
        columns = zip(*values, strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_case kase
                   SET next_since = CASE
                           WHEN told.done_rule IS NOT NULL
                             OR kase.next_kind IS DISTINCT FROM told.kind
                             OR kase.next_rule_id IS DISTINCT FROM told.rule_id
                             OR kase.next_reasons IS DISTINCT FROM told.reasons::jsonb
                           THEN told.today ELSE kase.next_since END,
                       state = told.state,
                       next_kind = told.kind,
                       next_rule_id = told.rule_id,
                       next_action_type_id = rule.action_type_id,
                       next_date = told.next_date,
                       next_reasons = told.reasons::jsonb,
                       due_date = told.due_date,
                       amount_due = told.amount,
                       current_rule_id = COALESCE(told.done_rule,
                                                  kase.current_rule_id),
                       last_action_date = COALESCE(told.done_on,
                                                   kase.last_action_date)
                  FROM unnest(%s::int[], %s::text[], %s::text[], %s::int[],
                              %s::date[], %s::text[], %s::date[], %s::numeric[],
                              %s::int[], %s::date[], %s::date[])
                       AS told(id, state, kind, rule_id, next_date, reasons, due_date,
                               amount, done_rule, done_on, today)
             LEFT JOIN dunning_action_rule rule ON rule.id = told.rule_id
                 WHERE kase.id = told.id
                   AND (told.done_rule IS NOT NULL
                        OR (kase.state, kase.next_kind, kase.next_rule_id,
                            kase.next_action_type_id, kase.next_date,
                            kase.next_reasons, kase.due_date, kase.amount_due)
                           IS DISTINCT FROM
                           (told.state, told.kind, told.rule_id, rule.action_type_id,
                            told.next_date, told.reasons::jsonb, told.due_date,
                            told.amount))
                """,
                *(list(column) for column in columns),
            )
        )
        written = cases.browse(row[0] for row in values)
        written.invalidate_recordset(TOLD_OF_CASES, flush=False)
        with self.env.protecting(map(cases._fields.get, TOLD_OF_CASES), written):
            written.modified(TOLD_OF_CASES)

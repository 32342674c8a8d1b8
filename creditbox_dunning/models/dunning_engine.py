import logging
from collections import Counter
from dataclasses import replace

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules.coverage import starts_new_round
from ..rules.facts import Reason
from ..rules.planner import is_outdated, plan_rows
from ..rules.sets import choose_set, normal_key
from .dunning_action import OPEN_STATES
from .reason_texts import pack

_logger = logging.getLogger(__name__)

# errors that the whole transaction must see: another attempt is the only cure
RETRY_ERRORS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)
# what becomes of a decision: the state of the case
CASE_STATE = {
    "execute": "open",
    "wait": "open",
    "stop": "open",
    "park": "parked",
    "close": "closed",
}


class DunningEngine(models.AbstractModel):
    """Facts in bulk, the pure planner on each case, results in bulk.

    Always called with sudo by code that checked the right to do so; one company at a
    time. `today` is an argument everywhere: nothing here reads the clock.
    """

    _name = "dunning.engine"
    _description = "Dunning engine"

    @api.model
    def _refresh_lines(self, company, today):
        """Open, reopen and feed the cases of ``company``."""
        return self.env["dunning.case"]._open_for_company(company, today)

    @api.model
    def _process(self, cases, today, run=None):
        """Plan and carry out ``cases``; a case that fails does not stop the others.

        All of them are tried at once in a savepoint; on failure each half is tried
        alone, so that one poisoned case costs a few more passes and is reported.
        Returns a Counter of what was done.
        """
        if not cases:
            return Counter()
        try:
            with self.env.cr.savepoint():
                return self._process_together(cases, today, run)
        except RETRY_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 any bug of one case is that case's
            self.env.invalidate_all(flush=False)
            if len(cases) == 1:
                return self._report(cases, error, run)
        middle = len(cases) // 2
        return self._process(cases[:middle], today, run) + self._process(
            cases[middle:], today, run
        )

    def _report(self, case, error, run):
        _logger.warning("Dunning case %s was left out: %s", case.id, error)
        self.env["dunning.run.error"].sudo()._guarded().create(
            {
                "run_id": run.id if run else False,
                "company_id": case.company_id.id,
                "case_id": case.id,
                "message": f"{type(error).__name__}: {error}"[:2000],
            }
        )
        return Counter(errors=1, cases=1)

    def _process_together(self, cases, today, run):
        decisions, facts, rounds, outdated = self._decide(cases, today)
        self._start_rounds(rounds)
        self._withdraw(decisions, outdated)
        actions = self._create_actions(decisions, facts, today, run)
        counts = self._write_cases(decisions, facts, actions, today)
        counts.update(actions._execute(today))
        self._show_next(actions.case_id, today)
        return counts

    def _decide(self, cases, today):
        """(decisions, facts, cases that begin a round, {case: rows outdated})."""
        facts = self.env["dunning.facts"]._collect(cases, today)
        planner = self._planner(cases, today)
        decisions, outdated, rounds = {}, {}, self.env["dunning.case"]
        for case in cases:
            of_case = facts[case.id]
            if starts_new_round(of_case):
                rounds |= case
                of_case = facts[case.id] = self._fresh(of_case)
            decisions[case], rows = planner(case, of_case)
            outdated[case] = {
                done.rule_id for done in of_case.done if is_outdated(done, rows)
            }
        return decisions, facts, rounds, outdated

    def _show_next(self, cases, today):
        """After a step: what comes after it, so that the case says so at once."""
        if not cases:
            return
        decisions, facts, _rounds, _outdated = self._decide(cases, today)
        values = [
            self._prepare_case_values(case, decision, facts[case.id], today)
            for case, decision in decisions.items()
            if decision.kind != "close"
        ]
        self._update_cases(values)

    def _fresh(self, facts):
        """``facts`` at the beginning of a new round: nothing done, nothing covered."""
        lines = tuple(replace(line, covered=frozenset()) for line in facts.lines)
        return replace(facts, lines=lines, done=())

    def _planner(self, cases, today):
        """A function (case, facts) -> (Decision, rows), with the tables read once."""
        years = range(today.year - 6, today.year + 3)
        shift = self.env["dunning.facts"]._shift_for(cases.company_id, years)
        guard = self.env["dunning.guard"]._guard_for(cases.company_id, today)
        tables = {
            table.id: table.rule_ids._as_rules() for table in cases.table_id.sudo()
        }
        chosen = {}

        def decide(case, facts):
            index = case.table_id.id, normal_key(facts.key)
            if index not in chosen:
                chosen[index] = choose_set(tables.get(case.table_id.id, ()), facts.key)
            rows, notes = chosen[index]
            return plan_rows(facts, rows, notes, today, shift, guard), rows

        return decide

    # writing what was decided

    def _start_rounds(self, cases):
        """The noticed bills are paid: newer ones begin again from the first row."""
        if not cases:
            return
        cases.action_ids.filtered(lambda a: a.state in OPEN_STATES)._set_state(
            "superseded", Reason.of("bills_paid")
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE dunning_case SET round = round + 1 WHERE id = ANY(%s)",
                cases.ids,
            )
        )
        cases.invalidate_recordset(["round"])

    def _withdraw(self, decisions, outdated):
        """Take back what waits on closed cases and on supplies that changed."""
        paid = self.env["dunning.action"]
        changed = self.env["dunning.action"]
        for case, decision in decisions.items():
            waiting = case.action_ids.filtered(lambda a: a.state in OPEN_STATES)
            if decision.kind == "close":
                paid |= waiting
            elif outdated[case]:
                changed |= waiting.filtered(
                    lambda a, ids=outdated[case]: a.rule_id.id in ids
                )
        paid._withdraw(Reason.of("case_paid"))
        changed._withdraw(Reason.of("key_changed"))

    def _create_actions(self, decisions, facts, today, run):
        """Record rows left out and rows to execute; return those to execute."""
        values, keys = [], []
        types = self.env["dunning.action.type"]._by_code()
        listed = self._read_listed(decisions.values())
        for case, decision in decisions.items():
            steps = [*decision.skipped]
            if decision.kind == "execute":
                steps.append(decision)
            for step in steps:
                vals = self._prepare_action_vals(case, step, today, run)
                vals["action_type_id"] = types[step.rule.action].id
                vals.update(self._prepare_items(step, facts[case.id], listed))
                values.append(vals)
                keys.append((case.id, step.rule.id, case.round))
        revived = self._superseded(keys)
        actions = self.env["dunning.action"].sudo()._guarded()
        new = []
        for key, vals in zip(keys, values, strict=True):
            old = revived.get(key)
            if old:
                old.item_ids.unlink()
                old.sudo()._guarded().write(vals)
                actions |= old
            else:
                new.append(vals)
        actions |= actions.create(new)
        return actions.filtered(lambda action: action.state == "planned")

    def _superseded(self, keys):
        """{(case, row, round): withdrawn action} that comes to life again."""
        if not keys:
            return {}
        old = (
            self.env["dunning.action"]
            .sudo()
            .search(
                [
                    ("case_id", "in", list({case for case, _rule, _round in keys})),
                    ("state", "=", "superseded"),
                ]
            )
        )
        return {(a.case_id.id, a.rule_id.id, a.round): a for a in old}

    def _prepare_action_vals(self, case, step, today, run):
        return {
            "case_id": case.id,
            "rule_id": step.rule.id,
            "round": case.round,
            "op": step.rule.op,
            "channels": " + ".join(step.channels),
            "state": "skipped" if step.kind == "skip" else "planned",
            "planned_date": today,
            "executed_date": False,
            "effective_date": False,
            "reasons": pack(step.reasons),
            "run_id": run.id if run else False,
        }

    def _read_listed(self, decisions):
        """{receivable id: record} of all that will be listed, read together."""
        ids = [line_id for decision in decisions for line_id in decision.lines]
        lines = self.env["account.move.line"].browse(ids)
        return {line.id: line for line in lines}

    def _prepare_items(self, step, facts, listed):
        """The receivables that the step lists, frozen as they are now."""
        wanted = set(step.lines)
        lines = [line for line in facts.lines if line.id in wanted]
        if not lines:
            return {}
        items = []
        for line in lines:
            move = listed[line.id].move_id
            items.append(
                fields.Command.create(
                    {
                        "move_line_id": line.id,
                        "move_id": move.id,
                        "bill_number": move.billing_ref or move.name,
                        "date_bill": move.invoice_date,
                        "date_maturity": line.due,
                        "amount": float(line.residual),
                    }
                )
            )
        return {"amount": float(sum(ln.residual for ln in lines)), "item_ids": items}

    def _write_cases(self, decisions, facts, actions, today):
        """Write where each case stands, in one statement; close what is paid."""
        counts = Counter(cases=len(decisions))
        acted = {action.case_id.id: action for action in actions}
        values, closing = [], self.env["dunning.case"]
        for case, decision in decisions.items():
            counts["skipped"] += len(decision.skipped)
            counts[decision.kind] += 1
            if decision.kind == "close":
                closing |= case
                continue
            values.append(
                self._prepare_case_values(
                    case, decision, facts[case.id], today, acted.get(case.id)
                )
            )
        self._update_cases(values)
        self.env["dunning.case"]._close(closing, today)
        return counts

    def _prepare_case_values(self, case, decision, facts, today, action=None):
        reasons = self.env["dunning.case"]._fields["next_reasons"]
        return (
            case.id,
            CASE_STATE[decision.kind],
            decision.kind,
            decision.rule.id if decision.rule else None,
            decision.date,
            reasons.convert_to_column(pack(decision.reasons), case),
            facts.due,
            float(facts.amount),
            action.rule_id.id if action else None,
            today if action else None,
            today,
        )

    def _update_cases(self, values):
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
                           WHEN kase.next_kind IS DISTINCT FROM told.kind
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
                """,
                *(list(column) for column in columns),
            )
        )
        cases.invalidate_model()

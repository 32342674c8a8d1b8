import logging
from collections import Counter, defaultdict
from dataclasses import replace

import psycopg2

from odoo import api, models

from ..rules.coverage import settled, starts_new_round
from ..rules.planner import plan_rows, withdrawals
from ..rules.sets import choose_set, normal_key
from .dunning_facts import COVERING_STATES

_logger = logging.getLogger(__name__)

# errors that the whole transaction must see: another attempt is the only cure
RETRY_ERRORS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


class DunningEngine(models.AbstractModel):
    """Facts in bulk, the pure planner on each case, results in bulk.

    Always called with sudo by code that checked the right to do so; one company at a
    time. `today` is an argument everywhere: nothing here reads the clock.
    """

    _name = "dunning.engine"
    _description = "Dunning engine"

    @api.model
    def _refresh_lines(self, company, today, is_dry=False):
        """Open, reopen and feed the cases of ``company``.

        ``is_dry``: for a transaction that will be undone.
        """
        return self.env["dunning.case"]._open_for_company(company, today, is_dry)

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
        undecided = self.env["dunning.action"]._review_approvals(cases, today)
        decisions, facts, rounds, outdated = self._decide(cases, today)
        self._start_rounds(rounds)
        self._withdraw(decisions, outdated)
        actions = self._create_actions(decisions, facts, today, run)
        planned = actions.filtered(lambda action: action.state == "planned")
        counts = self._write_cases(decisions, facts, planned, today)
        counts.update(planned._execute(today))
        self._show_next(decisions, facts, actions, today)
        counts.update(undecided._do_approved(today))
        return counts

    def _decide(self, cases, today):
        """(decisions, facts, cases that begin a round, {case: {row: why gone}})."""
        facts = self.env["dunning.facts"]._collect(cases, today)
        planner = self._planner(cases, today)
        decisions, outdated, rounds = {}, {}, self.env["dunning.case"]
        for case in cases:
            of_case = facts[case.id]
            if starts_new_round(of_case):
                rounds |= case
                of_case = facts[case.id] = self._fresh(of_case)
            decisions[case], rows = planner(case, of_case)
            outdated[case] = withdrawals(of_case, rows, today)
        return decisions, facts, rounds, outdated

    def _show_next(self, decisions, facts, actions, today):
        """After a step: what comes after it, so that the case says so at once.

        The facts are those that were read before, with what was just done added to
        them: reading all of them again would say the same.
        """
        made = defaultdict(list)
        for action in actions.sorted("id"):
            made[action.case_id].append(action)
        if not made:
            return
        planner = self._planner(actions.case_id, today)
        values = []
        for case, of_case in made.items():
            known = self._with_done(facts[case.id], decisions[case], of_case)
            key = self.env["dunning.facts"]._key(case)
            known = settled(replace(known, key=key))
            decision = planner(case, known)[0]
            values.append(self._prepare_case_values(case, decision, known, today))
        self._update_cases(values)

    def _with_done(self, facts, decision, actions):
        """``facts`` as they are after ``actions``, those of ``decision``, were done."""
        as_done = self.env["dunning.facts"]._as_done
        lines = facts.lines
        for action in actions:
            if action.state in COVERING_STATES:
                told = decision.lines
                lines = tuple(
                    replace(line, covered=line.covered | {action.op})
                    if line.id in told
                    else line
                    for line in lines
                )
        done = (*facts.done, *filter(None, map(as_done, actions)))
        return replace(facts, lines=lines, done=done)

    def _fresh(self, facts):
        """``facts`` at the beginning of a new round: nothing done, covered or asked."""
        lines = tuple(replace(line, covered=frozenset()) for line in facts.lines)
        return replace(facts, lines=lines, done=(), events=())

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

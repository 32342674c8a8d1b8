import logging
from collections import Counter
from dataclasses import replace

from odoo import api, models

from odoo.addons.utility_supply.models.isolation import apart

from ..rules.coverage import settled, starts_new_round
from ..rules.planner import plan_rows, withdrawals
from ..rules.sets import choose_set, normal_key

_logger = logging.getLogger(__name__)

# what the engine reads of a case by itself; facts are read by dunning.facts
CASE_FIELDS = ("company_id", "partner_id", "contract_id", "table_id", "round")


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

        Returns a Counter of what was done.
        """
        counts = apart(
            cases,
            lambda some: self._process_together(some, today, run),
            lambda case, error: self._report(case, error, run),
        )
        return sum(counts, Counter())

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
        # read once, and not every column
        cases.fetch(CASE_FIELDS)
        undecided = self.env["dunning.action"]._review_approvals(cases, today)
        planner = self._planner(cases, today)
        decisions, facts, rounds, outdated = self._decide(cases, today, planner)
        self._start_rounds(rounds)
        self._withdraw(decisions, outdated)
        actions = self._create_actions(decisions, facts, today, run)
        planned = actions.filtered(lambda action: action.state == "planned")
        acted = {action.case_id.id: action.rule_id.id for action in planned}
        # letters may print what the case says: there it is written before
        sending = planned.filtered(lambda action: action._sends())
        later = set(actions.case_id.ids) - set(sending.case_id.ids)
        counts = self._write_cases(decisions, facts, acted, later, today)
        counts.update(planned._execute(today, is_fresh=True))
        self._show_next(decisions, facts, actions, acted, today, planner)
        counts.update(undecided._do_approved(today))
        return counts

    def _decide(self, cases, today, planner=None):
        """(decisions, facts, cases that begin a round, {case: {row: why gone}})."""
        facts = self.env["dunning.facts"]._collect(cases, today)
        planner = planner or self._planner(cases, today)
        decisions, outdated, begun = {}, {}, []
        for case in cases:
            of_case = facts[case.id]
            if starts_new_round(of_case, today):
                begun.append(case.id)
                of_case = facts[case.id] = self._fresh(of_case)
            decisions[case], rows = planner(case, of_case)
            outdated[case] = withdrawals(of_case, rows, today)
        return decisions, facts, cases.browse(begun), outdated

    def _show_next(self, decisions, facts, actions, acted, today, planner):
        """After a step: what comes after it, so that the case says so at once.

        ``acted``: {case id: row of the action taken}.

        The facts are those that were read before, with what was just done added to
        them: reading all of them again would say the same.
        """
        if not actions:
            return
        made = self.env["dunning.facts"]._done_again(actions)
        values = []
        for case in actions.case_id:
            done = made.get(case.id, ())
            known = self._with_done(facts[case.id], decisions[case], done)
            if known.key.supply_state == "to_reactivate" or any(
                one.op == "reactivate" for one in done
            ):
                # what is paid for is given back: the supply says so by now
                facts_of = self.env["dunning.facts"]
                band = known.key.score_band
                known = replace(known, key=facts_of._key(case, band))
            decision = planner(case, settled(known))[0]
            values.append(
                self._prepare_case_values(
                    case, decision, known, today, acted.get(case.id)
                )
            )
        self._update_cases(values)

    def _with_done(self, facts, decision, made):
        """``facts`` as they are after ``made`` ([Done] of ``decision``)."""
        covering = {done.op for done in made if done.state in ("open", "done")}
        told = frozenset(decision.lines)
        lines = facts.lines
        if covering and told:
            lines = tuple(
                replace(line, covered=line.covered | covering)
                if line.id in told
                else line
                for line in lines
            )
        return replace(facts, lines=lines, done=(*facts.done, *made))

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

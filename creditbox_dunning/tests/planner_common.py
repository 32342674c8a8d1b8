"""Small worlds for the pure tests: the shipped table and a way to write facts."""

import functools
from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.tools import file_open

from odoo.addons.creditbox_dunning.formats.action_table import read_action_table
from odoo.addons.creditbox_dunning.rules.coverage import settled, starts_new_round
from odoo.addons.creditbox_dunning.rules.facts import (
    CaseFacts,
    Done,
    Key,
    Line,
    Rule,
)
from odoo.addons.creditbox_dunning.rules.outcomes import OUTCOMES
from odoo.addons.creditbox_dunning.rules.planner import (
    no_guard,
    plan_rows,
    withdrawals,
)
from odoo.addons.creditbox_dunning.rules.sets import choose_set
from odoo.addons.utility_supply.rules import codes, workdays

TABLE = "creditbox_dunning/tables/default_action_table.csv"
MAPS = (
    codes.CUSTOMER_TYPE_BY_CODE,
    codes.SERVICE_BY_CODE,
    codes.SUPPLY_STATE_BY_CODE,
    codes.SUSPENDIBILITY_BY_CODE,
)
DUE = date(2027, 1, 20)
# 2027: Epiphany, Easter Monday, Liberation, Labour, Republic ...
HOLIDAYS = frozenset(
    {date(2027, 1, 1), date(2027, 1, 6), date(2027, 3, 29), date(2027, 4, 25)}
)
ELECTRICITY = Key("domestic", "electricity", "active", "suspendible")


def shift(day, count, day_kind):
    if day_kind == "weekdays":
        return workdays.add_weekdays(day, count, HOLIDAYS)
    if day_kind == "working":
        return workdays.add_working_days(day, count, HOLIDAYS)
    return day + workdays.ONE_DAY * count


@functools.cache
def standard_rules():
    """The shipped table as the planner reads it; a row's id is its number."""
    with file_open(TABLE, "r") as file:
        rows = read_action_table(file.read())
    return tuple(
        Rule(
            id=number,
            key=Key(*(m.get(k, "") for m, k in zip(MAPS, row["keys"], strict=True))),
            seq=row["seq"],
            action=row["action"],
            op=row["op"],
            channel=row["channel"],
            anchor=row["anchor"],
            day_kind=row["day_kind"],
            wait_before=row["wait_before"],
            wait_after=row["wait_after"],
            amount_from=row["amount_from"],
            amount_to=row["amount_to"],
            min_threshold=row["min_threshold"],
            next_ok=row["next_ok"] or None,
            next_ko=row["next_ko"] or None,
        )
        for number, row in enumerate(rows, 1)
    )


def rule(seq, **vals):
    """A row of a set for electricity, calendar days from the due date."""
    defaults = {
        "id": seq,
        "key": ELECTRICITY,
        "action": 2,
        "op": "remind",
        "channel": "email",
        "anchor": "due",
    }
    return Rule(seq=seq, **{**defaults, **vals})


def bill(amount="100", due=DUE, number=1, covered=()):
    return Line(number, due, Decimal(amount), frozenset(covered))


def facts(*lines, key=ELECTRICITY, **vals):
    return CaseFacts(key=key, lines=lines or (bill(),), **vals)


def done(a_rule, day, state="done", **vals):
    vals = {"effective": day if state == "done" else None, **vals}
    return Done(a_rule.id, a_rule.action, a_rule.op, state, executed=day, **vals)


MESSAGES = frozenset({"sms", "email", "pp"})
SUPPLY_AFTER = {
    "reduce": "reduced",
    "limit": "limited",
    "suspend": "suspended",
    "deactivate": "ceased",
    "reactivate": "active",
}


class World:
    """One case in memory: carries out the planner's answers as the engine does.

    ``run`` is a night; ``tell`` is what somebody records of the step that is open.
    ``log``: (day, round, Decision) of what was executed.
    """

    def __init__(self, rules, *lines, guard=no_guard, **vals):
        self.rules, self.guard = rules, guard
        self.facts = facts(*lines, **vals)
        self.round = 1
        self.log = []
        self.withdrawn = []

    def change(self, **vals):
        self.facts = replace(self.facts, **vals)

    def pay(self, *numbers):
        """Pay these bills, all of them without numbers."""
        lines = self.facts.lines
        left = [ln for ln in lines if numbers and ln.id not in numbers]
        self.change(lines=tuple(left))

    def run(self, today):
        """The night of ``today``; returns the Decision."""
        if starts_new_round(self.facts, today):
            self.round += 1
            lines = tuple(replace(ln, covered=frozenset()) for ln in self.facts.lines)
            self.change(lines=lines, done=(), events=())
        known = settled(self.facts)
        rows, notes = choose_set(self.rules, known.key)
        decision = plan_rows(known, rows, notes, today, shift, self.guard)
        self._withdraw(known, rows, today, decision)
        for step in decision.skipped:
            self._note(step, "skipped")
        if decision.kind == "execute":
            self._execute(decision, today)
        return decision

    def _withdraw(self, known, rows, today, decision):
        gone = set(withdrawals(known, rows, today))
        kept = []
        for one in self.facts.done:
            paid = decision.kind == "close" or (
                decision.rule and decision.rule.op == "reactivate"
            )
            is_over = paid and one.op != "reactivate"
            if one.state == "open" and (is_over or one.rule_id in gone):
                self.withdrawn.append((today, one))
            else:
                kept.append(one)
        self.change(done=tuple(kept))

    def _note(self, decision, state, **vals):
        row = decision.rule
        vals = {"channel": " + ".join(decision.channels), **vals}
        entry = Done(
            row.id, row.action, row.op, state, attempt=decision.attempt, **vals
        )
        self.change(done=(*self.facts.done, entry))

    def _execute(self, decision, today):
        self.log.append((today, self.round, decision))
        by_itself = set(decision.channels) <= MESSAGES
        vals = {"effective": today} if by_itself else {}
        self._note(decision, "done" if by_itself else "open", executed=today, **vals)
        op, listed = decision.rule.op, set(decision.lines)
        self.change(
            lines=tuple(
                replace(ln, covered=ln.covered | {op}) if ln.id in listed else ln
                for ln in self.facts.lines
            )
        )

    @property
    def waiting(self):
        """The action that is open, or None."""
        found = [one for one in self.facts.done if one.state == "open"]
        return found[0] if found else None

    def tell(self, outcome, today, **vals):
        """Record ``outcome`` on the open action, in effect on ``today``."""
        told = OUTCOMES[outcome]
        old = self.waiting
        new = replace(
            old,
            state=told.state,
            positive=told.is_positive,
            outcome=outcome,
            effective=today if told.state == "done" else None,
            **vals,
        )
        if told.state == "failed" and told.subject != "letter":
            new = replace(new, executed=today)
        self.change(done=tuple(new if one is old else one for one in self.facts.done))
        if told.state == "failed":
            self._uncover(old)
        if outcome == "executed" and old.op in SUPPLY_AFTER:
            state = SUPPLY_AFTER[old.op]
            self.change(key=replace(self.facts.key, supply_state=state))

    def _uncover(self, old):
        """What a notice that came back listed is not covered by it."""
        if any(one.op == old.op and one.state == "done" for one in self.facts.done):
            return
        lines = (replace(ln, covered=ln.covered - {old.op}) for ln in self.facts.lines)
        self.change(lines=tuple(lines))

    def until(self, day, last):
        """Nights from ``day`` until a step is taken or ``last``; the Decision."""
        while True:
            decision = self.run(day)
            if decision.kind == "execute" or day >= last:
                return decision
            day += workdays.ONE_DAY

    @property
    def steps(self):
        """[(days after the due date, operation)] of what was executed."""
        return [((day - DUE).days, step.rule.op) for day, _round, step in self.log]

"""A case replayed by a table over a past period, or projected into the days to come.

Pure and deterministic: the same ledger, table and assumptions always give the same
steps. Nothing of what is replayed is ever carried out.

The replay looks only at the days on which something can happen: a payment, a bill that
falls overdue, a suspension that begins or ends, or the day that the planner itself
named. In between the planner would answer the same (it is called again on the same
facts), so these days cost nothing.

What the past cannot tell is assumed, and the assumptions are data: how many days a
message takes to have effect, how many come back, how long the technical office takes.
The payments are those that really came, on the days on which they came: a table that
asks earlier does not make anybody pay earlier here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date as Day
from datetime import timedelta
from decimal import Decimal
from zlib import crc32

from .coverage import settled, starts_new_round
from .facts import CaseFacts, Done, Event, Line, Rule
from .planner import no_guard, plan_rows

ONE_DAY = timedelta(days=1)
# what a step does to the supply, as the table counts its states
STATE_AFTER = {
    "suspend": "suspended",
    "deactivate": "ceased",
    "reactivate": "active",
}
# a planner that names no later day is asked again at the next event only; this is the
# emergency brake against a table that would act every day for ever
MAX_STEPS = 400


@dataclass(frozen=True)
class Assumptions:
    """What is taken for granted of the steps that were never really done.

    ``delivery``: channel -> days from the execution to its effect (arrival of a
    letter, work done). ``failed``: channel -> how many of a hundred come back; which
    ones is decided by the case and the row, not by chance. ``plan_days``: days from
    the list sent to the technical office to the day that it fixes for the work.
    ``person_days``: days that a person takes for a step decided by hand.
    """

    delivery: Mapping[str, int] = field(
        default_factory=lambda: {"pp": 5, "ar": 8, "pec": 0}
    )
    failed: Mapping[str, int] = field(default_factory=dict)
    plan_days: int = 10
    person_days: int = 0


@dataclass(frozen=True)
class Receivable:
    """One instalment and all that was ever matched with it.

    ``amount``: signed, negative for a credit note. ``known``: the day from which it was
    in the books. ``payments``: (day, amount that it lowered the residual by), any
    order; returned payments have the opposite sign.
    """

    id: int
    due: Day
    amount: Decimal
    known: Day
    payments: tuple[tuple[Day, Decimal], ...] = ()

    def open_on(self, day):
        """What was open at the end of ``day``."""
        paid = sum((sum_ for when, sum_ in self.payments if when <= day), Decimal(0))
        return self.amount - paid


@dataclass(frozen=True)
class Ledger:
    """All that the replay of one case needs.

    ``facts``: what does not change in the period (key, channels, supply, policy) and
    what had been done before it; its lines are not used. ``covered`` ({receivable id:
    operations}): what the notices before the period listed. ``seed`` tells cases apart
    where an assumption is a share of a hundred.
    """

    facts: CaseFacts
    receivables: tuple[Receivable, ...]
    covered: Mapping[int, frozenset] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def of_facts(cls, facts, today, seed=0):
        """The ledger of a case as it stands ``today``: no payment will come."""
        return cls(
            facts,
            tuple(
                Receivable(line.id, line.due, line.residual, min(line.due, today))
                for line in facts.lines
            ),
            {line.id: line.covered for line in facts.lines if line.covered},
            seed,
        )


@dataclass(frozen=True)
class Step:
    """One action of the replay. ``state``: ``done``, ``failed`` or ``skipped``."""

    date: Day
    rule: Rule
    state: str
    channels: tuple[str, ...] = ()
    amount: Decimal = Decimal(0)
    effective: Day | None = None
    round: int = 1
    reasons: tuple = ()


@dataclass(frozen=True)
class Replay:
    """What came of a case: its steps, the days it opened and closed, how it ended.

    ``collected``: (day, amount, row of the step before it or None,
    due date) for each payment that came while the case was open. ``decision``: the last
    one taken. ``after``: the facts on the day after the period.
    """

    steps: tuple[Step, ...] = ()
    opened: Day | None = None
    closed: Day | None = None
    collected: tuple = ()
    decision: object = None
    after: CaseFacts | None = None
    calls: int = 0


def replay(ledger, choose, start, end, shift, guard=no_guard, assumptions=None):
    """Walk ``ledger`` from ``start`` to ``end`` (both included).

    ``choose``: key -> (rows, notes), the set of the table for a key. Returns a
    :class:`Replay`; total, for any ledger and table.
    """
    player = _Player(ledger, choose, shift, guard, assumptions or Assumptions())
    return player.run(start, end)


class _Player:
    def __init__(self, ledger, choose, shift, guard, assumptions):
        self.ledger, self.choose = ledger, choose
        self.shift, self.guard, self.assume = shift, guard, assumptions
        self.key = ledger.facts.key
        # asked for on every day looked at: `replace` would read them all each time
        self.fixed = {f.name: getattr(ledger.facts, f.name) for f in fields(CaseFacts)}
        self.done = list(ledger.facts.done)
        self.covered = {line: set(ops) for line, ops in ledger.covered.items()}
        self.round = 1
        self.steps, self.collected = [], []
        self.opened = self.closed = None
        self.decision = None
        self.calls = 0
        self.payment_days = sorted(
            when
            for item in ledger.receivables
            for when, amount in item.payments
            if item.amount > 0 and amount > 0
        )

    def run(self, start, end):
        days = self._event_days(start)
        day = start
        while day is not None and day <= end and len(self.steps) < MAX_STEPS:
            bound = self._look(day)
            day = self._next_day(days, day, bound)
        self._collect(start, end)
        return Replay(
            tuple(self.steps),
            self.opened,
            self.closed,
            tuple(self.collected),
            self.decision,
            self.facts_on(end + ONE_DAY),
            self.calls,
        )

    def _event_days(self, start):
        """The days on which the facts change by themselves, in order."""
        days = set()
        for item in self.ledger.receivables:
            days.add(item.due + ONE_DAY)
            days.update(when for when, _amount in item.payments)
            if item.amount < 0:
                days.add(item.known)
        for hold in self.ledger.facts.holds:
            if hold.start:
                days.add(hold.start)
            if hold.until:
                days.add(hold.until + ONE_DAY)
        days.update(event.date for event in self.ledger.facts.events)
        return sorted(day for day in days if day > start)

    def _next_day(self, days, day, bound):
        """The next day worth looking at: an event or the one that the planner named."""
        index = bisect_right(days, day)
        event = days[index] if index < len(days) else None
        if bound is None:
            return event
        bound = max(bound, day + ONE_DAY)
        return min(event, bound) if event else bound

    def facts_on(self, day):
        lines = []
        for item in self.ledger.receivables:
            is_there = item.due < day if item.amount > 0 else item.known <= day
            residual = item.open_on(day) if is_there else 0
            if residual:
                ops = frozenset(self.covered.get(item.id, ()))
                lines.append(Line(item.id, item.due, residual, ops))
        holds = self.ledger.facts.holds
        now = {
            "key": self.key,
            "lines": tuple(lines),
            "done": tuple(self.done),
            "holds": tuple(h for h in holds if h.start is None or h.start <= day),
            "events": self._events_on(day),
        }
        return CaseFacts(**{**self.fixed, **now})

    def _events_on(self, day):
        """What happened until ``day``; the last payment dates a reactivation."""
        events = tuple(e for e in self.ledger.facts.events if e.date <= day)
        index = bisect_right(self.payment_days, day)
        if index:
            events += (Event("payment", self.payment_days[index - 1]),)
        return events

    def _look(self, day):
        """Ask the planner on ``day``; the first later day it may change its mind."""
        facts = self.facts_on(day)
        is_open = self.opened is not None and self.closed is None
        if any(line.residual > 0 for line in facts.lines):
            self.opened, self.closed = self.opened or day, None
        elif not is_open:
            return None
        if starts_new_round(facts, day):
            self.round += 1
            self.done, self.covered = [], {}
            facts = self.facts_on(day)
        facts = settled(facts)
        rows, notes = self.choose(facts.key)
        decision = plan_rows(facts, rows, notes, day, self.shift, self.guard)
        self.calls += 1
        self.decision = decision
        for skip in decision.skipped:
            self._note(skip, day, "skipped")
        if decision.kind == "execute":
            return self._carry_out(decision, facts, day)
        if decision.kind == "close":
            self._close(day)
        return decision.date if decision.kind == "wait" else None

    def _close(self, day):
        """All is paid: what was done is over, the supply is what it was."""
        self.decision, self.closed = None, day
        self.done, self.covered, self.key = [], {}, self.ledger.facts.key

    def _note(self, decision, day, state, **vals):
        rule = decision.rule
        reasons = tuple(decision.reasons)
        step = Step(day, rule, state, round=self.round, reasons=reasons, **vals)
        self.steps.append(step)
        is_done = state == "done"
        planned = None
        if rule.op == "list" and is_done:
            planned = step.effective + timedelta(days=self.assume.plan_days)
        done = Done(
            rule_id=rule.id,
            action=rule.action,
            op=rule.op,
            state=state,
            executed=day,
            effective=step.effective if is_done else None,
            planned=planned,
            channel=step.channels[0] if step.channels else "",
        )
        self.done.append(done)
        return step

    def _carry_out(self, decision, facts, day):
        rule, wanted = decision.rule, set(decision.lines)
        listed = [line for line in facts.lines if line.id in wanted]
        amount = sum((line.residual for line in listed), Decimal(0))
        failed = self._comes_back(rule, decision.channels)
        effective = day + timedelta(days=self._days(rule, decision.channels))
        step = self._note(
            decision,
            day,
            "failed" if failed else "done",
            channels=decision.channels,
            amount=amount,
            effective=None if failed else effective,
        )
        if failed:
            return day + ONE_DAY
        for line in listed:
            self.covered.setdefault(line.id, set()).add(rule.op)
        if rule.op in STATE_AFTER:
            self.key = replace(self.key, supply_state=STATE_AFTER[rule.op])
            return day + ONE_DAY  # another set of rows, with waits of its own
        # the table never goes on before the wait of the step has run out
        wait = self.shift(step.effective, max(0, rule.wait_after), rule.day_kind)
        return max(day + ONE_DAY, wait)

    def _days(self, rule, channels):
        """Days until the step has effect: the quickest of its channels."""
        if not channels or channels[0] in ("task", "file", "event", ""):
            return self.assume.person_days
        return min(self.assume.delivery.get(channel, 0) for channel in channels)

    def _comes_back(self, rule, channels):
        """Whether this message comes back; the same answer for the same case and row.

        A step on two channels comes back only when both do.
        """
        if not channels:
            return False
        for channel in channels:
            share = self.assume.failed.get(channel, 0)
            text = f"{self.ledger.seed}/{rule.seq}/{channel}/{self.round}"
            if crc32(text.encode()) % 100 >= share:
                return False
        return True

    def _collect(self, start, end):
        """The payments of the period, each with the step that came before it."""
        acted = [step for step in self.steps if step.state == "done"]
        days = [step.date for step in acted]
        for item in self.ledger.receivables:
            if item.amount <= 0:
                continue
            for when, amount in item.payments:
                if not (start <= when <= end and when > item.due):
                    continue
                index = bisect_right(days, when) - 1
                rule = acted[index].rule if index >= 0 else None
                self.collected.append((when, amount, rule, item.due))
        self.collected.sort(key=lambda row: (row[0], row[3], row[1]))


def unit_cost(prices, channel, day):
    """Cost of one message on ``channel`` on ``day`` as Decimal; 0 when unknown.

    ``prices``: {channel: ((valid from, cost), ...)} oldest first.
    """
    found = [cost for start, cost in prices.get(channel, ()) if start <= day]
    return Decimal(str(found[-1])) if found else Decimal(0)


def step_cost(prices, channels, day):
    """Cost of one step: every channel that was used costs its own price."""
    return sum((unit_cost(prices, name, day) for name in channels), Decimal(0))

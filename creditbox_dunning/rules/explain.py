"""Why a case is where it is: the planner's answer spread out row by row.

Pure. It asks the planner the same question as the nightly run and adds what the run
does not need: the status of every row of the set, which bills the next step lists or
leaves out and why, what the legal guard says of it, and the estimated days of the rows
further ahead (:func:`rules.simulation.replay` on the facts of today, as if no payment
came).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from .coverage import lines_for, starts_new_round
from .facts import Decision, Key, Line, Reason, Rule, Verdict
from .planner import no_guard, plan_rows
from .sets import choose_set, normal_key
from .simulation import Assumptions, Ledger, replay

ONE_DAY = timedelta(days=1)
# how far ahead the estimated days go
HORIZON = timedelta(days=550)
# the statuses of a row, in the order in which a walk meets them
STATUSES = (
    "done",
    "open",
    "failed",
    "skipped",
    "behind",
    "next",
    "ahead",
    "ahead_skipped",
    "unreached",
    "event",
)


@dataclass(frozen=True)
class RowStatus:
    """One row of the set for this case.

    ``date``: the day it was done, or the earliest day it will be; ``estimated`` tells
    that nothing but the calendar speaks for it. ``channels``: those used or chosen.
    """

    rule: Rule
    status: str
    date: date | None = None
    effective: date | None = None
    estimated: bool = False
    channels: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class LineStatus:
    """One open receivable and whether the next step lists it; if not, why."""

    line: Line
    listed: bool
    reason: Reason | None = None


@dataclass(frozen=True)
class Calculation:
    """How the earliest day of the next step comes about.

    ``anchor_date`` + ``wait`` days of ``day_kind`` = ``table_date``; the law moves it
    to ``guard_date`` when that is later.
    """

    anchor: str
    anchor_date: date | None
    wait: int
    day_kind: str
    table_date: date | None
    guard_date: date | None


@dataclass(frozen=True)
class Explanation:
    """The whole answer for one case on ``day``; see the fields' classes."""

    day: date
    key: Key
    set_key: Key | None
    notes: tuple[Reason, ...]
    decision: Decision
    rows: tuple[RowStatus, ...]
    verdict: Verdict | None
    calculation: Calculation | None
    holds: tuple
    lines: tuple[LineStatus, ...]
    new_round: bool = False
    estimated: bool = False


def explain(facts, rules, today, shift, guard=no_guard, assumptions=None):
    """:class:`Explanation` of ``facts`` on ``today`` by the table ``rules``."""
    new_round = starts_new_round(facts, today)
    if new_round:
        fresh = tuple(replace(line, covered=frozenset()) for line in facts.lines)
        facts = replace(facts, lines=fresh, done=(), events=())
    rows, notes = choose_set(rules, facts.key)
    decision = plan_rows(facts, rows, notes, today, shift, guard)
    ahead = _project(facts, rules, today, shift, guard, assumptions)
    verdict = _verdict(decision, facts, today, guard)
    return Explanation(
        day=today,
        key=normal_key(facts.key),
        set_key=rows[0].key if rows else None,
        notes=tuple(notes),
        decision=decision,
        rows=_rows(facts, rows, decision, ahead),
        verdict=verdict,
        calculation=_calculation(decision, facts, shift, verdict),
        holds=tuple(facts.holds),
        lines=_lines(facts, decision, today, shift),
        new_round=new_round,
    )


def explain_later(facts, rules, today, later, shift, guard=no_guard, assumptions=None):
    """What would happen on ``later``: the days in between are walked by the table.

    ``facts``: with the bills that are overdue on ``later``. As if nobody paid meanwhile
    and every step had the effect that is assumed; the steps of these days appear as
    done, with their estimated date.
    """
    known = {done.rule_id for done in facts.done}
    facts = _as_if_arrived(facts, today, assumptions)
    ledger = Ledger.of_facts(facts, today)
    choose = _chooser(rules)
    walked = replay(
        ledger, choose, today, later - ONE_DAY, shift, guard, assumptions
    ).after
    answer = explain(walked, rules, later, shift, guard, assumptions)
    guessed = {done.rule_id for done in walked.done} - known
    return replace(
        answer,
        estimated=True,
        rows=tuple(
            replace(row, estimated=True) if row.rule.id in guessed else row
            for row in answer.rows
        ),
    )


def _chooser(rules):
    chosen = {}

    def choose(key):
        key = normal_key(key)
        if key not in chosen:
            chosen[key] = choose_set(rules, key)
        return chosen[key]

    return choose


def _verdict(decision, facts, today, guard):
    """What the law says of the next row: the planner's own verdict when it has one."""
    if decision.rule is None:
        return None
    if decision.verdict is not None:
        return decision.verdict
    return guard(decision.rule, facts, today)


# rows


def _rows(facts, rows, decision, ahead):
    """The status of every row of the set, in the order of the table."""
    found = {}
    for done in facts.done:
        if done.rule_id is not None:
            found[done.rule_id] = done
    skips = {skip.rule.id: skip for skip in decision.skipped}
    position = _position(facts, rows, decision)
    return tuple(_row(rule, found, skips, decision, ahead, position) for rule in rows)


def _row(rule, found, skips, decision, ahead, position):
    done = found.get(rule.id)
    is_next = decision.rule is not None and decision.rule.id == rule.id
    if done is not None and (done.state == "open" or not is_next):
        return RowStatus(
            rule,
            done.state,
            done.executed,
            done.effective,
            channels=(done.channel,) if done.channel else (),
            reasons=(Reason.of(done.waits_for),) if done.waits_for else (),
        )
    if is_next:
        return RowStatus(
            rule,
            "next",
            decision.date,
            channels=decision.channels,
            reasons=decision.reasons,
        )
    if rule.id in skips:
        skip = skips[rule.id]
        return RowStatus(rule, "skipped", skip.date, reasons=skip.reasons)
    if rule.is_event:
        return RowStatus(rule, "event")
    step = ahead.get(rule.id)
    if step is not None:
        status = "ahead_skipped" if step.state == "skipped" else "ahead"
        return RowStatus(
            rule, status, step.date, None, True, step.channels, step.reasons
        )
    if (rule.seq, rule.id) < position:
        return RowStatus(rule, "behind")
    return RowStatus(rule, "unreached")


def _position(facts, rows, decision):
    """(seq, id) before which a row that was never done is behind."""
    if decision.rule is not None:
        return (decision.rule.seq, decision.rule.id)
    seqs = {rule.id: (rule.seq, rule.id) for rule in rows if not rule.is_event}
    done = [seqs[d.rule_id] for d in facts.done if d.rule_id in seqs]
    return max(done, default=(0, 0))


def _as_if_arrived(facts, today, assumptions):
    """``facts`` as if what waits for somebody had been done today: an estimate."""
    assume = assumptions or Assumptions()
    arrived = []
    for done in facts.done:
        if done.state == "open":
            start = done.executed or today
            days = assume.delivery.get(done.channel, assume.person_days)
            effective = done.effective or start + timedelta(days=days)
            planned = done.planned
            if done.op == "list" and planned is None:
                planned = effective + timedelta(days=assume.plan_days)
            done = replace(
                done,
                state="done",
                executed=start,
                effective=effective,
                planned=planned,
                waits_for="",
            )
        arrived.append(done)
    return replace(facts, done=tuple(arrived))


def _project(facts, rules, today, shift, guard, assumptions):
    """{row id: first step of it in the days to come}, as if nobody paid and what
    waits for somebody were done today."""
    facts = _as_if_arrived(facts, today, assumptions)
    walked = replay(
        Ledger.of_facts(facts, today),
        _chooser(rules),
        today,
        today + HORIZON,
        shift,
        guard,
        assumptions or Assumptions(),
    )
    ahead = {}
    for step in walked.steps:
        ahead.setdefault(step.rule.id, step)
    return ahead


# the next step


def _calculation(decision, facts, shift, verdict):
    rule = decision.rule
    if rule is None or facts.due is None:
        return None
    anchor_date = facts.due if rule.anchor == "due" else _anchor_date(decision)
    table_date = None
    if anchor_date:
        table_date = shift(anchor_date, rule.wait_before, rule.day_kind)
    return Calculation(
        rule.anchor,
        anchor_date,
        rule.wait_before,
        rule.day_kind,
        table_date,
        verdict.earliest if verdict else None,
    )


def _anchor_date(decision):
    """The date that the planner's first reason counts from, if it names one."""
    for reason in decision.reasons:
        day = reason.as_dict().get("date")
        if isinstance(day, date):
            return day
    return None


def _lines(facts, decision, today, shift):
    """Each open receivable: listed by the next step, or left out and why."""
    rule = decision.rule
    if rule is None:
        return tuple(LineStatus(line, False) for line in facts.lines)
    day = max(decision.date or today, today)
    listed = decision.lines or lines_for(rule, facts, day, shift)
    return tuple(
        LineStatus(line, True)
        if line.id in listed
        else LineStatus(line, False, _why_left_out(line, rule, facts, day, shift))
        for line in facts.lines
    )


def _why_left_out(line, rule, facts, day, shift):
    if any(hold.lines and line.id in hold.lines for hold in facts.holds):
        return Reason.of("line_on_hold")
    if line.residual < 0:
        return Reason.of("line_credit_alone")
    if rule.anchor == "due":
        own = shift(line.due, rule.wait_before, rule.day_kind)
        if own > day:
            return Reason.of("line_too_young", date=own)
        return Reason.of("line_not_reminded")
    return Reason.of("line_not_in_notice")

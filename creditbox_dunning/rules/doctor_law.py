"""Rows that the legal guard would postpone every time.

Nothing is wrong with such a row, the guard keeps it lawful; but whoever reads the table
expects another date. The set is walked as fast as a case can go (every notice delivered
at once, every work planned at once), on due dates all through a year; a row is named
when the guard puts it off on every one of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .doctor import WARNING, Finding, all_keys, ladder
from .facts import CaseFacts, Done, Guard, Line, Reason, Shift
from .sets import choose_set

# thirteen due dates, one a month on ever different weekdays
DUE_DATES = 13
DAYS_BETWEEN = 29
# enough to be in every band that has no upper limit
LARGE = Decimal(1_000_000)
COVERED = frozenset({"remind", "notice", "default", "terminate"})
# the guard moved the work to the next day on which cutting is allowed: every table
# meets such days
CALENDAR_REASONS = frozenset({"guard_forbidden_day"})


@dataclass(frozen=True)
class Meeting:
    """One row on one walk: the day by the table and the day by the law."""

    rule: object
    proposed: date
    lawful: date
    reasons: tuple[Reason, ...]


def postponed(rules, guard: Guard, supplies, start: date, shift: Shift):
    """Findings for the rows of ``rules`` that ``guard`` always puts off.

    ``supplies``: service -> what the guard knows of a supply that nothing protects;
    ``start``: the first due date tried; ``shift``: how days are counted.
    """
    rules, chosen = list(rules), {}
    samples = list({rule.key: rule for rule in rules}.values())
    for key in all_keys():
        rows, _reasons = choose_set(samples, key)
        if rows:
            # a set for any service meets the law of each service
            chosen.setdefault((rows[0].key, key.service), key)
    found = {}
    for (set_key, service), key in chosen.items():
        steps = ladder(
            sorted((r for r in rules if r.key == set_key), key=lambda r: r.seq)
        )
        walks = [
            {m.rule.id: m for m in _walk(key, steps, guard, supplies.get(service), d)}
            for d in _walk_days(start, shift)
        ]
        for meeting in _always(walks):
            found.setdefault(meeting.rule.id, _finding(set_key, meeting))
    return list(found.values())


def _walk_days(start, shift):
    for number in range(DUE_DATES):
        yield start + timedelta(days=DAYS_BETWEEN * number), shift


def _always(walks):
    """The least postponement of each row that is put off on every walk."""
    for rule_id in walks[0] if walks else ():
        meetings = [walk.get(rule_id) for walk in walks]
        if all(meeting and meeting.lawful > meeting.proposed for meeting in meetings):
            yield min(meetings, key=lambda m: m.lawful - m.proposed)


def _finding(key, meeting):
    days = (meeting.lawful - meeting.proposed).days
    return Finding.of(
        WARNING, "postponed", key, [meeting.rule], days=days, reasons=meeting.reasons
    )


def _walk(key, steps, guard, supply, when):
    """Meetings of the rows of ``steps`` with the guard, for a bill due on a day."""
    due, shift = when
    line = Line(1, due, LARGE, COVERED)
    done, prev_end = [], None
    for step in steps:
        rule = step[0]
        day = _table_day(rule, due, prev_end, shift)
        if day is None:
            return
        facts = CaseFacts(key=key, lines=(line,), done=tuple(done), supply=supply)
        verdict = guard(rule, facts, day)
        if verdict.blocked:
            continue
        lawful = max(verdict.earliest or day, day)
        reasons = tuple(r for r in verdict.reasons if r.code not in CALENDAR_REASONS)
        if reasons and lawful > day:
            yield Meeting(rule, day, lawful, reasons)
        channel = rule.channel.replace("|", "+").split("+")[0]
        done.append(
            Done(
                rule.id,
                rule.action,
                rule.op,
                "done",
                executed=lawful,
                effective=lawful,
                channel=channel,
            )
        )
        end = shift(lawful, rule.wait_after, rule.day_kind)
        prev_end = max(prev_end, end) if prev_end else end


def _table_day(rule, due, prev_end, shift):
    """The earliest day by the table; None where only another fact can tell."""
    if rule.anchor in ("op_done", "payment", "event"):
        return None
    anchor = due if rule.anchor == "due" else prev_end or due
    # a warning before the works may leave at once when their day is far enough
    wait = rule.wait_before if rule.anchor != "plan" else max(0, rule.wait_before)
    day = shift(anchor, wait, rule.day_kind)
    return max(day, prev_end) if prev_end else day

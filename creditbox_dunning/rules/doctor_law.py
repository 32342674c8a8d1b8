"""Rows that the legal guard would postpone every time.

Nothing is wrong with such a row, the guard keeps it lawful; but whoever reads the table
expects another date. The set is walked as fast as a case can go (every notice delivered
at once, every work planned at once), on due dates all through a year; a row is named
when the guard puts it off on every one of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .doctor import WARNING, Finding, all_keys, ladder
from .facts import CaseFacts, Done, Guard, Line, Reason, Rule, Shift
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


# a step that such a supply can never have, whatever the day
NEVER = frozenset({"impossible_operation"})


@dataclass(frozen=True)
class Meeting:
    """One row on one walk: the day by the table, the day by the law (None = never)."""

    rule: Rule
    proposed: date
    lawful: date | None
    reasons: tuple[Reason, ...] = ()

    @property
    def is_put_off(self):
        return bool(self.reasons and self.lawful and self.lawful > self.proposed)

    @property
    def is_impossible(self):
        return self.lawful is None and any(r.code in NEVER for r in self.reasons)


def postponed(rules, guard: Guard, supplies, start: date, shift: Shift):
    """Findings for the rows of ``rules`` that ``guard`` always puts off, or never
    allows.

    ``supplies``: what the guard may know of supplies that nothing protects, each is
    tried; ``start``: the first due date tried; ``shift``: how days are counted.
    """
    rules, chosen = list(rules), {}
    samples = list({rule.key: rule for rule in rules}.values())
    for key in all_keys(samples):
        rows, _reasons = choose_set(samples, key)
        if rows:
            # a set for any service meets the law of each service
            chosen.setdefault((rows[0].key, key.service), key)
    dates = [start + timedelta(days=DAYS_BETWEEN * n) for n in range(DUE_DATES)]
    meetings = defaultdict(list)
    for (set_key, _service), key in chosen.items():
        steps = ladder([rule for rule in rules if rule.key == set_key])
        for supply in supplies or (None,):
            for due in dates:
                for meeting in _walk(key, steps, guard, supply, due, shift):
                    meetings[meeting.rule].append(meeting)
    return list(filter(None, map(_judge, meetings.values())))


def _judge(meetings):
    """The finding on a row from all its meetings with the guard, or None."""
    rule = meetings[0].rule
    allowed = [meeting for meeting in meetings if meeting.lawful]
    if not allowed and all(meeting.is_impossible for meeting in meetings):
        return Finding.of(
            WARNING, "impossible", rule.key, [rule], reasons=meetings[0].reasons
        )
    if not allowed or not all(meeting.is_put_off for meeting in allowed):
        return None
    least = min(allowed, key=lambda m: m.lawful - m.proposed)
    days = (least.lawful - least.proposed).days
    return Finding.of(
        WARNING, "postponed", rule.key, [rule], days=days, reasons=least.reasons
    )


def _walk(key, steps, guard, supply, due, shift):
    """Meetings of the rows of ``steps`` with the guard, for a bill due on a day."""
    line = Line(1, due, LARGE, COVERED)
    done, prev_end = [], None
    for step in steps:
        rule = step[0]
        day = _table_day(rule, due, prev_end, shift)
        if day is None:
            return
        facts = CaseFacts(key=key, lines=(line,), done=tuple(done), supply=supply)
        verdict = guard(rule, facts, day)
        reasons = tuple(r for r in verdict.reasons if r.code not in CALENDAR_REASONS)
        if verdict.blocked:
            yield Meeting(rule, day, None, reasons)
            continue
        lawful = max(verdict.earliest or day, day)
        yield Meeting(rule, day, lawful, reasons)
        done.append(_done(rule, lawful))
        end = shift(lawful, rule.wait_after, rule.day_kind)
        prev_end = max(prev_end, end) if prev_end else end


def _done(rule, day):
    """The row carried out and arrived on the same day: no case can be faster."""
    channel = rule.channel.replace("|", "+").split("+")[0]
    return Done(
        rule.id,
        rule.action,
        rule.op,
        "done",
        executed=day,
        effective=day,
        channel=channel,
    )


def _table_day(rule, due, prev_end, shift):
    """The earliest day by the table; None where only another fact can tell."""
    if rule.anchor in ("op_done", "payment", "event"):
        return None
    anchor = due if rule.anchor == "due" else prev_end or due
    # a warning before the works may leave at once when their day is far enough
    wait = rule.wait_before if rule.anchor != "plan" else max(0, rule.wait_before)
    day = shift(anchor, wait, rule.day_kind)
    return max(day, prev_end) if prev_end else day

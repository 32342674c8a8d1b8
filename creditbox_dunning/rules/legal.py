"""Court: in which order its steps come, and by when each has to be followed up.

Terms of the law are dated numbers (``dunning.legal.parameter``); here they are only
counted. What we have to do is counted without pauses, what the customer may still do
with the pause of August (L. 742/1969): both errors then fall on the safe side.
"""

from dataclasses import dataclass
from datetime import date, timedelta

INJUNCTION, PRECEPT, SEIZURE = "injunction", "precept", "seizure"
CLAIM, HEARING = "insolvency_claim", "hearing"
RECOVERED, UNCOLLECTABLE = "recovered", "uncollectable"
# steps that are outcomes of rules/outcomes.py; a hearing changes nothing by itself
OUTCOMES = (INJUNCTION, PRECEPT, SEIZURE, CLAIM, RECOVERED, UNCOLLECTABLE)
ENDS = frozenset({RECOVERED, UNCOLLECTABLE})
# what has to be notified to the customer before the step counts
NOTIFIED = frozenset({INJUNCTION, PRECEPT, SEIZURE})
NEEDS = {PRECEPT: INJUNCTION, SEIZURE: PRECEPT}
PAUSE_MONTH = 8

# what is due -> the number of days that says when
NOTIFY, OPPOSE, SEIZE = "notify", "oppose", "seize"
SELL, FILE, APPEAR = "sell", "file", "appear"
DAYS_OF = {
    NOTIFY: "decree_notify_days",
    OPPOSE: "decree_opposition_days",
    SEIZE: "precept_valid_days",
    SELL: "seizure_sale_days",
    FILE: "insolvency_claim_days",
}


@dataclass(frozen=True)
class Step:
    """``day``: issued or filed; ``notified``: reached the customer; ``hearing``: the
    day of the hearing, of an insolvency claim that of the examination."""

    kind: str
    day: date
    notified: date | None = None
    hearing: date | None = None


def due_of(step):
    """What has to be watched after ``step``: a code of DAYS_OF, APPEAR or ""."""
    if step.kind == INJUNCTION:
        return OPPOSE if step.notified else NOTIFY
    if step.kind == PRECEPT and step.notified:
        return SEIZE
    if step.kind == SEIZURE and step.notified:
        return SELL
    if step.hearing and step.kind in (CLAIM, HEARING):
        return FILE if step.kind == CLAIM else APPEAR
    return ""


def deadline(step, days):
    """Last day of what is due after ``step``; None when nothing is.

    :param days: the number of the law for :func:`due_of`; None when unknown, and then
        nothing is concluded (a hearing needs none)
    """
    due = due_of(step)
    if due == APPEAR:
        return step.hearing
    if not due or days is None:
        return None
    if due == FILE:
        return step.hearing - timedelta(days=days)
    if due == OPPOSE:
        return paused(step.notified, days)
    return (step.day if due == NOTIFY else step.notified) + timedelta(days=days)


def paused(start, days):
    """``days`` after ``start``, August not counted (L. 742/1969, art. 1)."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.month != PAUSE_MONTH
    return day


def problem(step, before, pay_days=None):
    """Why ``step`` cannot follow the steps ``before``: a code, or "".

    :param pay_days: days that a precept leaves to pay (art. 480 c.p.c.), None unknown
    """
    if any(other.kind in ENDS for other in before):
        return "over"
    if step.notified and step.notified < step.day:
        return "notified_before"
    needed = NEEDS.get(step.kind)
    if not needed:
        return ""
    found = [s for s in before if s.kind == needed and s.notified]
    found = [s for s in found if s.notified <= step.day]
    if not found:
        return f"needs_{needed}"
    last = max(s.notified for s in found)
    is_early = pay_days is not None and step.day <= last + timedelta(days=pay_days)
    return "too_early" if step.kind == SEIZURE and is_early else ""

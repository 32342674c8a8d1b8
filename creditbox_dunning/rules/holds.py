"""When a recorded reason to stop holds, what it stops and how long it may last.

Pure: dates and amounts come in, nothing is read. A suspension ("hold") runs from its
first day to its last day, both included; ``resume`` is the first day without it.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from .facts import Reason

ONE_DAY = timedelta(days=1)
# code of the only action that touches the supply (see dunning.action.type)
TECHNICAL_ACTION = 7


def state_on(today: date, start: date, resume: date | None, cancelled=False) -> str:
    """planned, active, ended or cancelled on ``today``."""
    if cancelled:
        return "cancelled"
    if resume is not None and resume <= today:
        return "ended"
    return "planned" if start > today else "active"


def last_day(start: date, days: int = 0, months: int = 0) -> date | None:
    """Last day of ``months`` and ``days`` from ``start``; None = no last day."""
    if not days and not months:
        return None
    return start + relativedelta(months=months) + timedelta(days=days) - ONE_DAY


def length(start: date, end: date | None) -> int | None:
    """Days from ``start`` to ``end``, both included; None when it has no last day."""
    return None if end is None else (end - start).days + 1


def is_technical(action: int, op: str) -> bool:
    """Whether a step prepares or carries out a cut: as ``Rule.is_technical``."""
    return op == "pre_notice" or (action == TECHNICAL_ACTION and op != "reactivate")


def is_stopped(action: int, op: str, lines, stops: str, held) -> bool:
    """Whether a step (code, operation, receivables listed) is stopped by a suspension.

    ``stops``: all, technical or nothing; ``held``: the receivables that it is about,
    None = the whole case. Giving the supply back is never stopped.
    """
    if stops == "nothing" or op == "reactivate":
        return False
    if stops == "technical" and not is_technical(action, op):
        return False
    return held is None or bool(held & frozenset(lines))


def complaint_exception(
    received: date,
    due: date | None = None,
    contested: Decimal | None = None,
    max_amount: Decimal | None = None,
    max_days: int | None = None,
) -> Reason | None:
    """Why a complaint on abnormal amounts stops nothing, or None when it stops.

    It does not stop when the amount contested is not above ``max_amount`` (euros), or
    when it came more than ``max_days`` calendar days after the due date of the bill
    (ARERA consumer atlas, gas: "Sospensione della fornitura"; TIMOE/TIMG for both).
    What is not known (None) never counts against the customer.
    """
    if None not in (contested, max_amount) and contested <= max_amount:
        return Reason.of("complaint_small", amount=contested, limit=max_amount)
    if None not in (due, max_days) and (received - due).days > max_days:
        late = (received - due).days
        return Reason.of("complaint_late", days=late, limit=max_days, date=due)
    return None

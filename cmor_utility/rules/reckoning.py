"""How long terms are, since when, and on which day they end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from .window import add_months, month_end

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """How working days are counted: ``add_days`` and ``roll`` are those of
    ``utility_supply.rules.workdays`` (``add_working_days``, ``next_working_day``)."""

    holidays: frozenset
    add_days: Callable
    roll: Callable

    def add(self, day, count):
        """The ``count``-th working day after ``day``; a working day for 0 too."""
        return self.roll(self.add_days(day, count, self.holidays), self.holidays)


@dataclass(frozen=True)
class Term:
    """A length of time: ``count`` days, months or years; days working or solar."""

    count: int
    unit: str = "days"
    is_working: bool = False


@dataclass(frozen=True)
class TermRow:
    """A term in force from a day; a company's ``own`` wins over the shared one."""

    key: str
    date_from: date
    term: Term
    is_own: bool = False


class TermTable:
    """All the values that terms ever had for one company."""

    def __init__(self, rows):
        """:param rows: iterable of ``TermRow``"""
        self._rows = {}
        for row in sorted(rows, key=lambda r: (r.is_own, r.date_from)):
            self._rows.setdefault(row.key, []).append(row)

    def at(self, key, day):
        """The ``Term`` in force on ``day``, or None."""
        found = None
        for row in self._rows.get(key, ()):
            if row.date_from <= day:
                found = row.term
        return found

    def spells(self, key):
        """[(first day, first day of the next or None, ``Term``)]: which value was in
        force when, the oldest first."""
        days = sorted({row.date_from for row in self._rows.get(key, ())})
        ends = [*days[1:], None]
        return [
            (day, end, self.at(key, day)) for day, end in zip(days, ends, strict=True)
        ]


def reckon(base, term, calendar):
    """Last day of ``term`` from ``base``, and how it was reckoned.

    The first day does not count (art. 155 c.p.c.). Working days: Saturdays, Sundays
    and holidays are skipped, so the term never ends on one. Solar days, months and
    years end where they end, even on a holiday: the earlier day is the safe one.

    :param date base: day of the event
    :param Term term: how long
    :param Calendar calendar: how working days are counted
    :return: (due date, key of the text, dict of its parameters)
    """
    params = {"count": term.count, "base": base}
    if term.unit == "months":
        return add_months(base, term.count), "months", params
    if term.unit == "years":
        return add_months(base, 12 * term.count), "years", params
    if not term.is_working:
        return base + timedelta(days=term.count), "solar", params
    due, skipped = _working_end(base, term.count, calendar)
    if skipped:
        params["skipped"] = list(skipped)
        return due, "working_holidays", params
    return due, "working", params


@lru_cache(maxsize=4096)  # thousands of practices move on the same days
def _working_end(base, count, calendar):
    """The ``count``-th working day after ``base``, and the holidays skipped before it,
    written out."""
    due = calendar.add(base, count)
    skipped = sorted(
        day for day in calendar.holidays if base < day <= due and day.weekday() < 5
    )
    return due, tuple(f"{day:%d/%m/%Y}" for day in skipped)


def first_running(today, term, calendar):
    """First day from which ``term`` is not over before ``today``: what happened earlier
    is late (``reckon`` never goes back when its first day goes on).

    :param date today: the day that decides
    """
    first = today
    while reckon(first - ONE_DAY, term, calendar)[0] >= today:
        first -= ONE_DAY
    return first


def csea_declaration(day, months, is_gas):
    """End of the month in which what was billed on ``day`` is declared to CSEA.

    :param date day: when the distributor billed
    :param int months: electricity: months after the billing's; gas: length of the
        declaration's period, counted from January, declared by the end of the next
    :return: (due date, key of the text)
    """
    if not is_gas:
        return month_end(add_months(day.replace(day=1), months)), "csea_ele"
    months = max(1, months)
    start = (day.month - 1) // months * months + 1
    first = date(day.year, start, 1)
    return month_end(add_months(first, 2 * months - 1)), "csea_gas"

"""Counting days as Italian law and regulation do.

Three ways of counting are in use and are not interchangeable:

* *solar* days (giorni solari): every day counts: plain ``timedelta``;
* *weekdays* (giorni feriali): Monday to Saturday, holidays excluded;
* *working days* (giorni lavorativi): Monday to Friday, holidays excluded.

Holidays come in as a set of dates: this module knows no calendar.
"""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def is_weekday(day, holidays=frozenset()):
    """True on a *giorno feriale*: Monday to Saturday and no holiday."""
    return day.weekday() < 6 and day not in holidays


def is_working_day(day, holidays=frozenset()):
    """True on a *giorno lavorativo*: Monday to Friday and no holiday."""
    return day.weekday() < 5 and day not in holidays


def _add(day, count, is_counted, holidays):
    if not isinstance(day, date):
        raise TypeError("day must be a date")
    step = ONE_DAY if count >= 0 else -ONE_DAY
    left = abs(count)
    while left:
        day += step
        if is_counted(day, holidays):
            left -= 1
    return day


def add_working_days(day, count, holidays=frozenset()):
    """The ``count``-th working day after ``day`` (before it when negative).

    The first day does not count (dies a quo non computatur, art. 155 c.p.c.), so 0
    gives ``day`` itself, even when that is a Sunday.
    """
    return _add(day, count, is_working_day, holidays)


def add_weekdays(day, count, holidays=frozenset()):
    """Like :func:`add_working_days` with Saturdays counted (giorni feriali)."""
    return _add(day, count, is_weekday, holidays)


def next_working_day(day, holidays=frozenset()):
    """``day`` when it is a working day, else the first one after it."""
    while not is_working_day(day, holidays):
        day += ONE_DAY
    return day


def working_days_between(start, end, holidays=frozenset()):
    """Number of working days in (start, end]: the inverse of add_working_days."""
    count, day = 0, start
    while day < end:
        day += ONE_DAY
        count += is_working_day(day, holidays)
    return count

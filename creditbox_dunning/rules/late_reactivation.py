"""The automatic indemnity for a supply that came back late (domain notes 1.2 to 1.5).

Electricity grows by steps with the delay; gas and water have one amount.
"""

from datetime import timedelta

FIRST, SECOND, THIRD = (f"late_reactivation_{step}" for step in (1, 2, 3))


def last_day(numbers, service, asked, holidays=frozenset()):
    """Last day for the supply to come back, asked for on ``asked``; None = unknown.

    Weekdays are Monday to Saturday, working days Monday to Friday, holidays neither.
    """
    number = numbers.get(service, "reactivation_days", asked)
    if number is None:
        return None
    day, left = asked, number.count
    while left:
        day += timedelta(days=1)
        closed = {"weekdays": (6,), "working": (5, 6)}.get(number.day_kind, ())
        if day.weekday() not in closed and not (closed and day in holidays):
            left -= 1
    return day


def indemnity_for_delay(numbers, service, asked, done, holidays=frozenset()):
    """The :class:`~.legal_parameters.Parameter` owed for a supply asked back on
    ``asked`` that came back on ``done``, or None.

    Within twice the standard time the first step holds, within three times the second,
    beyond it the third; a service without further steps keeps its first (the doubling
    is to be checked by a person, TIQE).
    """
    limit = last_day(numbers, service, asked, holidays)
    if limit is None or done <= limit:
        return None
    found = numbers.get(service, FIRST, done)
    for name in (SECOND, THIRD):
        limit = last_day(numbers, service, limit, holidays)
        more = numbers.get(service, name, done)
        if more is None or done <= limit:
            break
        found = more
    return found

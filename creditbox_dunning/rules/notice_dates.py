"""The dates that a notice prints about what comes next.

They are printed before anybody knows when the letter arrives: reckoned as if it arrived
on the day of writing, they are the earliest day that the law could ever allow, and the
text says "not before". What is really done waits for the guard, which knows the day of
notification.
"""

from datetime import timedelta

from .guard_common import allow
from .guard_water import add_months

ONE_DAY = timedelta(days=1)


def first_work_day(law, service, term, written, reducible=False, closed=frozenset()):
    """First day on which the supply could be touched for a notice of default.

    :param law: ``guard_common.Law``
    :param service: electricity, gas, water or telephone
    :param term: last day to pay, as printed
    :param written: day of the notice
    :param reducible: electricity that is reduced first (TIMOE)
    :param closed: patron days of the place
    :return: date, or None where no number says so
    """
    floors = []
    for name, anchor in _terms(service, term, written, reducible):
        number = law.numbers.get(service, name, written)
        if number is None:
            continue
        whole = law.numbers.get(service, "full_days", written)
        days = ONE_DAY * (whole.count if whole else 1)
        floors.append(law.shift(anchor, number.count, number.day_kind) + days)
    if service == "water":
        floors.append(law.shift(term, 1, "working"))
    return allow(max(floors), law.holidays, closed) if floors else None


def _terms(service, term, written, reducible):
    if service in ("electricity", "gas"):
        wait = "reduce_after_notified" if reducible else "suspend_after_notified"
        return (("request_after_term", term), (wait, written))
    if service == "telephone":
        return (("suspend_after_notified", written),)
    return ()


def first_default_day(law, service, due, written):
    """First day on which a notice of default may follow a friendly one (REMSI).

    The day after the numbers' days from the due date, and after this notice; None
    without a number.
    """
    number = law.numbers.get(service, "default_after_due", written)
    if number is None or due is None:
        return None
    whole = law.numbers.get(service, "full_days", written)
    days = ONE_DAY * (whole.count if whole else 1)
    day = law.shift(due, number.count, number.day_kind) + days
    return max(day, written + ONE_DAY)


def is_old(consumption_from, billed, years):
    """True when a bill asks for consumption older than ``years`` on the day it was
    issued (law 205/2017, art. 1, c. 4): the customer may object."""
    if not (consumption_from and billed and years):
        return False
    return add_months(consumption_from, 12 * years) < billed

"""Every due date of a year, four services, three customers, letters and PEC.

The shipped table walks with the guard, and so does one without any wait, whose days
are the guard's alone; what comes out is compared with the law written
down a second time, by hand, from the articles: not with the guard's own formulas.
"""

import functools
from datetime import date, timedelta

from odoo.tests.common import BaseCase, tagged

from .guard_common import HOLIDAYS, key, supply
from .test_guard_vectors import walk

YEAR = 2027
DELAYS = (0, 1, 3, 7, 12, 20, 35)
CUSTOMERS = ("domestic", "non_domestic", "large")
DAY = timedelta(days=1)
CUT = ("reduce", "limit", "suspend")


@functools.cache
def is_closed(day):
    """Friday, Saturday, Sunday, holiday or eve of one, said anew."""
    return day.isoweekday() >= 5 or day in HOLIDAYS or day + DAY in HOLIDAYS


def third_working_day(day):
    left = 3
    while left:
        day += DAY
        left -= day.isoweekday() < 6 and day not in HOLIDAYS
    return day


def law(service, customer, channel, days):
    """{step: a day on which it is still too early}, from the articles."""
    too_early = {"default": days["due"]}
    notified = days.get("notified")
    if service == "water":
        too_early["notice"] = days["due"] + 10 * DAY
        too_early["default"] = max(days["due"] + 25 * DAY, days["notice"])
        term = days["reminded"] + 40 * DAY
        own = 20 if channel == "ar" else 15
        start = days["default"] if channel == "ar" else notified
        term = max(term, start + own * DAY)
        too_early["limit"] = term
        too_early["suspend"] = (
            days["limit"] + 25 * DAY if customer == "domestic" else term
        )
        return too_early
    if service == "telephone":
        too_early["default"] = days["due"] + 15 * DAY
        too_early["limit"] = too_early["suspend"] = notified + 40 * DAY
        return too_early
    start = days["default"] + 15 * DAY if channel == "ar" else notified + 10 * DAY
    term = third_working_day(start)
    if service == "electricity" and customer != "large":
        too_early["reduce"] = max(term, notified + 25 * DAY)
        too_early["suspend"] = days["reduce"] + 15 * DAY
    else:
        too_early["suspend"] = max(term, notified + 40 * DAY)
    return too_early


@tagged("post_install", "-at_install", "slow")
class TestGuardYear(BaseCase):
    def _check(self, service, customer, channel, delay, due, is_hasty=False):
        is_low = customer != "large"
        of_supply = supply(
            voltage="low" if is_low else "medium",
            can_reduce=is_low,
            resident=customer == "domestic",
        )
        of = key(service, customer)
        days = {"due": due, **walk(of, channel, of_supply, due, delay, is_hasty)}
        self.assertNotIn("blocked", days, (service, customer, channel, due))
        self.assertIn("suspend", days)
        for step, too_early in law(service, customer, channel, days).items():
            if step in days:
                context = (service, customer, channel, delay, due, step)
                self.assertGreater(days[step], too_early, context)
        for step in CUT:
            self.assertFalse(step in days and is_closed(days[step]), (step, days))

    def test_no_step_before_its_day_in_a_whole_year(self):
        first = date(YEAR, 1, 1)
        cases = 0
        for number in range(365):
            due = first + number * DAY
            for service in ("electricity", "gas", "water", "telephone"):
                for customer in CUSTOMERS:
                    self._check(service, customer, "pec", 0, due)
                    self._check(service, customer, "pec", 0, due, is_hasty=True)
                    # each day of the year meets each delay in some combination
                    for delay in (DELAYS[number % 7], (number * 5) % 36):
                        for is_hasty in (False, True):
                            self._check(service, customer, "ar", delay, due, is_hasty)
                        cases += 1
        self.assertEqual(cases, 365 * 4 * 3 * 2)

    def test_every_delay_of_a_letter(self):
        for delay in range(36):
            for due in (date(YEAR, 1, 20), date(YEAR, 11, 12)):
                for service in ("electricity", "gas", "water", "telephone"):
                    for customer in CUSTOMERS:
                        self._check(service, customer, "ar", delay, due)

"""The dates of the trade: seven cases worked out by hand, days on which one may cut.

The waits are those of the shipped table; the guard has the last word on each day.
"""

import functools
from dataclasses import replace
from datetime import date, timedelta

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.guard_common import CUTS, allow, is_open_day
from odoo.addons.creditbox_dunning.rules.sets import choose_set
from odoo.addons.creditbox_dunning.rules.terms import pay_term

from .guard_common import HOLIDAYS, done, facts, guard, key, shift, supply
from .planner_common import DUE, standard_rules

LETTER_DAYS = 7
# letters delivered after 7 days, PEC the same day; due Wednesday 20 January 2027
STEPS = "notice reminded default notified term  list  reduce limit suspend".split()
# name: (key, channel, supply, month-day of each of STEPS; "." = no such step)
VECTORS = {
    "electricity, home, low voltage, letter": (
        key("electricity"),
        "ar",
        supply(),
        "02-04  .        02-19   02-26    03-11 03-26 03-31  .     04-19",
    ),
    "electricity, home, low voltage, PEC": (
        key("electricity"),
        "pec",
        supply(),
        "02-04  .        02-19   02-19    03-06 03-19 03-24  .     04-12",
    ),
    "electricity, large customer, medium voltage, PEC": (
        key("electricity", "large"),
        "pec",
        supply(voltage="medium", can_reduce=False),
        "02-04  .        02-14   02-14    03-01 03-29 .      .     04-05",
    ),
    "gas, home, letter": (
        key("gas"),
        "ar",
        supply(),
        "02-04  .        02-19   02-26    03-11 04-10 .      .     04-15",
    ),
    "water, resident, letter": (
        key("water"),
        "ar",
        supply(),
        "02-01  02-08    02-19   02-26    03-20 03-26 .      03-31 04-26",
    ),
    "water, non domestic, PEC": (
        key("water", "non_domestic"),
        "pec",
        supply(resident=False),
        "02-01  02-01    02-19   02-19    03-13 03-19 .      .     03-24",
    ),
    "telephone, home, letter": (
        key("telephone"),
        "ar",
        supply(),
        ".      .        02-05   02-12    .     03-27 .      04-01 04-19",
    ),
}


@functools.cache
def rows_of(of, is_hasty):
    """The rows of the standard set; hasty: the same with every wait at nothing."""
    rows, _notes = choose_set(standard_rules(), of)
    if is_hasty:
        rows = [replace(row, wait_before=0, wait_after=0) for row in rows]
    return sorted(rows, key=lambda row: row.seq)


def walk(of, channel, of_supply, due=DUE, delay=None, is_hasty=False):
    """{step: day} of the standard table under the guard, nothing ever paid.

    ``channel``: ar or pec; ``delay``: days until a letter arrives. Rows planned by the
    technical office start when the list's own wait has run out.
    """
    delay = LETTER_DAYS if delay is None else delay
    delay = delay if channel == "ar" else 0
    days, past, previous = {}, [], due
    for row in rows_of(of, is_hasty):
        if row.op in ("remind", "pre_notice") or row.is_event or row.action == 6:
            continue
        if row.op in ("writeoff", "legal") or row.channel not in (
            channel,
            "task",
            "pp",
        ):
            continue
        anchor = due if row.anchor == "due" else previous
        day = shift(anchor, row.wait_before, row.day_kind)
        day = max(day, previous)
        day, verdict = settle(row, of, past, of_supply, due, day)
        if day is None:
            return {**days, "blocked": (row.op, verdict)}
        arrived = day + timedelta(days=delay if row.action in (3, 4, 5) else 0)
        arrived = day if row.channel == "pp" else arrived
        term = row.op == "default" and pay_term(
            of.service,
            channel,
            day,
            days.get("reminded"),
        )
        past.append(done(row.op, day, arrived, channel=row.channel, term=term or None))
        days[row.op] = day
        if row.op == "default":
            days.update(notified=arrived, term=term)
        if row.op == "notice" and of.service == "water":
            days["reminded"] = arrived
        previous = shift(arrived, row.wait_after, row.day_kind)
    return days


def settle(row, of, past, of_supply, due, day):
    """The first day from ``day`` on which the guard lets the row go, asked daily."""
    while True:
        known = facts(of, *past, due=due, supply=of_supply)
        verdict = guard(row, known, day)
        if verdict.blocked:
            return None, verdict
        if not verdict.earliest or verdict.earliest <= day:
            return day, verdict
        day = verdict.earliest


@tagged("post_install", "-at_install")
class TestGuardVectors(BaseCase):
    def test_seven_vectors(self):
        for name, (of, channel, of_supply, told) in VECTORS.items():
            expected = {
                step: date.fromisoformat(f"2027-{day}")
                for step, day in zip(STEPS, told.split(), strict=True)
                if day != "."
            }
            with self.subTest(name):
                days = walk(of, channel, of_supply)
                for step, day in expected.items():
                    self.assertEqual(days.get(step), day, step)
                missing = set(days) & CUTS - set(expected)
                self.assertFalse(missing)

    def test_open_days_around_new_year(self):
        expected = {12: (1, 2, 3, 9, 10, 14, 15, 16, 17, 21, 22, 23, 28, 29, 30)}
        expected[1] = (4, 7, 11, 12, 13, 14)
        days = [date(2026, 12, 1) + timedelta(days=n) for n in range(45)]
        found = [day for day in days if is_open_day(day, HOLIDAYS)]
        wanted = [
            date(2027 if month == 1 else 2026, month, day)
            for month, numbers in expected.items()
            for day in numbers
        ]
        self.assertEqual(found, wanted)

    def test_the_patron_day_and_its_eve_are_closed_there_only(self):
        tuesday = date(2027, 6, 22)
        patron = frozenset({date(2027, 6, 24)})  # Saint John, a Thursday
        self.assertTrue(is_open_day(tuesday, HOLIDAYS, patron))
        wednesday = tuesday + timedelta(days=1)
        self.assertFalse(is_open_day(wednesday, HOLIDAYS, patron))
        self.assertTrue(is_open_day(wednesday, HOLIDAYS))
        self.assertEqual(allow(wednesday, HOLIDAYS, patron), date(2027, 6, 28))

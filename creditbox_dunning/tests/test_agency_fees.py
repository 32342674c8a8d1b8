"""The statement of an agency's fees: a chain of them tells what the books say."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules.agency_fees import (
    CORRECTION,
    FEE,
    LATE,
    Arrival,
    Frozen,
    Line,
    statement,
    sums,
)

D = Decimal
MARCH = (date(2027, 3, 1), date(2027, 3, 31))
DAY = date(2027, 3, 10)
EARLY = date(2027, 2, 27)

_days = st.integers(0, 120).map(lambda days: date(2027, 1, 1) + timedelta(days))
_cents = st.integers(0, 10**7).map(lambda cents: D(cents) / 100)
_books = st.dictionaries(
    st.tuples(st.integers(1, 3), st.integers(1, 8)),
    st.tuples(_days, _cents, _cents),
    max_size=6,
)


def _arrivals(books):
    return [Arrival(key, *values) for key, values in books.items()]


def _freeze(frozen, lines):
    for line in lines:
        known = frozen.get(line.key, Frozen(line.day, D(0), D(0), 0))
        assert known.turns == line.turn
        frozen[line.key] = Frozen(
            line.day, known.amount + line.amount, known.fee + line.fee, line.turn + 1
        )


@tagged("post_install", "-at_install")
class TestAgencyFees(BaseCase):
    def test_payments_of_the_period(self):
        arrivals = [
            Arrival((1, 2), DAY, D(100), D(10)),
            Arrival((1, 1), EARLY, D(50), D(5)),
            Arrival((1, 3), date(2027, 4, 1), D(70), D(7)),
            Arrival((1, 4), DAY, D(70), D(0)),
        ]
        lines = statement(arrivals, {}, *MARCH)
        self.assertEqual(
            lines,
            [
                Line(LATE, (1, 1), EARLY, D(50), D(5)),
                Line(FEE, (1, 2), DAY, D(100), D(10)),
            ],
        )
        self.assertEqual(sums(lines), {FEE: D(10), LATE: D(5), CORRECTION: D(0)})

    def test_what_was_told_comes_again_only_as_a_difference(self):
        frozen = {
            (1, 1): Frozen(EARLY, D(50), D(5)),
            (1, 2): Frozen(EARLY, D(60), D(6)),
            (1, 3): Frozen(EARLY, D(70), D(7), 3),
        }
        arrivals = [
            Arrival((1, 1), EARLY, D(50), D(5)),
            Arrival((1, 2), EARLY, D(60), D(0)),
        ]
        self.assertEqual(
            statement(arrivals, frozen, *MARCH),
            [
                Line(CORRECTION, (1, 2), EARLY, D(0), D(-6), 1),
                Line(CORRECTION, (1, 3), EARLY, D(-70), D(-7), 3),
            ],
        )

    @given(st.lists(st.tuples(_books, _days), min_size=1, max_size=4))
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def test_a_chain_tells_what_the_books_say(self, chain):
        frozen = {}
        for books, last in chain:
            lines = statement(_arrivals(books), frozen, last.replace(day=1), last)
            _freeze(frozen, lines)
            # again at once: nothing new
            self.assertFalse(statement(_arrivals(books), frozen, last, last))
            for key, told in frozen.items():
                _day, amount, fee = books.get(key, (None, D(0), D(0)))
                self.assertEqual((told.amount, told.fee), (amount, fee))
            for key, (day, _amount, fee) in books.items():
                if fee and day <= last:
                    self.assertIn(key, frozen)

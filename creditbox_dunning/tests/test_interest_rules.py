"""Interest day by day: what a sum owes, whatever way its days are cut."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tests.common import BaseCase

from ..rules.interest import (
    Payment,
    Rate,
    Rule,
    accrue,
    debtor_kind,
    gaps,
    good_payer_rates,
    kinds_without_rate,
    rates_for,
    rule_for,
    total,
    windows,
)

START = date(2023, 11, 20)  # a leap year and changes of year ahead
TWO = Decimal(2)
days = st.integers(0, 900).map(lambda number: START + timedelta(days=number))
money = st.decimals("0.01", "99999.99", places=2)
percents = st.decimals("0", "20", places=2)


@st.composite
def rate_rows(draw):
    starts = draw(st.lists(days, max_size=6, unique=True))
    return [
        Rate(
            start,
            draw(percents),
            draw(st.none() | st.integers(0, 300).map(lambda n, s=start: _later(s, n))),
        )
        for start in starts
    ]


def _later(day, number):
    return day + timedelta(days=number)


payment_rows = st.lists(st.builds(Payment, days, money, st.booleans()), max_size=5)


def exact(stretches):
    return sum((stretch.exact for stretch in stretches), Fraction(0))


def by_hand(amount, day, rates, payments):
    """What one day bears, written the slow way."""
    known = [rate for rate in rates if rate.date_from <= day]
    if not known:
        return Fraction(0)
    rate = max(known, key=lambda row: row.date_from)
    if rate.date_to and rate.date_to < day:
        return Fraction(0)
    gone = sum(p.amount for p in payments if p.since_start or p.day < day)
    base = max(amount - gone, Decimal(0))
    return Fraction(base) * Fraction(rate.value) / 36500


@tagged("post_install", "-at_install")
class TestInterestRules(BaseCase):
    """Gate 38: interest by service and dated rate."""

    @settings(max_examples=300, deadline=None, database=None)
    @given(money, days, days, days, rate_rows(), payment_rows)
    def test_cutting_the_days_changes_nothing(self, amount, a, b, c, rates, payments):
        first, middle, last = sorted((a, b, c))
        whole = accrue(amount, first, last, rates, payments=payments)
        left = accrue(amount, first, middle, rates, payments=payments)
        after = middle + timedelta(days=1)
        right = accrue(amount, after, last, rates, payments=payments)
        self.assertEqual(exact(whole), exact(left) + exact(right))

    @settings(max_examples=100, deadline=None, database=None)
    @given(money, days, st.integers(0, 500), rate_rows(), payment_rows)
    def test_it_is_the_sum_of_its_days(self, amount, first, count, rates, payments):
        last = first + timedelta(days=count)
        found = accrue(amount, first, last, rates, payments=payments)
        slow = sum(
            by_hand(amount, first + timedelta(days=n), rates, payments)
            for n in range(count + 1)
        )
        self.assertEqual(exact(found), slow)
        for one, other in pairwise(found):
            self.assertLess(one.day_to, other.day_from)
        for stretch in found:
            self.assertEqual(stretch.days, (stretch.day_to - stretch.day_from).days + 1)

    @settings(max_examples=200, deadline=None, database=None)
    @given(money, days, days, rate_rows(), payment_rows, days, money)
    def test_a_payment_never_adds(self, amount, a, b, rates, payments, day, sum_):
        first, last = min(a, b), max(a, b)
        before = accrue(amount, first, last, rates, payments=payments)
        paid = [*payments, Payment(day, sum_)]
        after = accrue(amount, first, last, rates, payments=paid)
        credited = [*payments, Payment(day, sum_, since_start=True)]
        never = accrue(amount, first, last, rates, payments=credited)
        self.assertGreaterEqual(exact(before), exact(after))
        self.assertGreaterEqual(exact(after), exact(never))

    @settings(max_examples=200, deadline=None, database=None)
    @given(rate_rows(), days, days)
    def test_every_day_has_a_rate_or_is_told(self, rates, a, b):
        first, last = min(a, b), max(a, b)
        told = {
            day for start, end in gaps(rates, first, last) for day in _days(start, end)
        }
        with_one = [Rate(r.date_from, r.value + 1, r.date_to) for r in rates]
        borne = {
            day
            for stretch in accrue(Decimal(100), first, last, with_one)
            for day in _days(stretch.day_from, stretch.day_to)
        }
        self.assertFalse(told & borne)
        self.assertEqual(told | borne, set(_days(first, last)))

    def test_a_year_a_change_and_a_leap_year(self):
        rates = [Rate(date(2023, 1, 1), Decimal(5)), Rate(date(2024, 1, 1), TWO)]
        year = accrue(Decimal(1000), date(2023, 1, 1), date(2023, 12, 31), rates)
        self.assertEqual(total(year), Decimal("50.00"))
        # 366 days of 2024, on a year of 365
        leap = accrue(Decimal(1000), date(2024, 1, 1), date(2024, 12, 31), rates)
        self.assertEqual([stretch.days for stretch in leap], [366])
        self.assertEqual(total(leap), Decimal("20.05"))
        both = accrue(Decimal(1000), date(2023, 12, 22), date(2024, 1, 10), rates)
        self.assertEqual([(s.days, s.rate) for s in both], [(10, 5), (10, 2)])
        self.assertEqual(total(both), Decimal("1.92"))

    def test_a_part_payment_lowers_the_base_from_the_next_day(self):
        rates = [Rate(date(2025, 1, 1), Decimal("11.15"))]
        paid = [Payment(date(2025, 1, 10), Decimal(400))]
        found = accrue(
            Decimal(1000), date(2025, 1, 1), date(2025, 1, 20), rates, payments=paid
        )
        self.assertEqual(
            [(s.day_from, s.day_to, s.base) for s in found],
            [
                (date(2025, 1, 1), date(2025, 1, 10), 1000),
                (date(2025, 1, 11), date(2025, 1, 20), 600),
            ],
        )
        self.assertEqual(total(found), Decimal("4.89"))

    def test_half_a_cent_goes_up(self):
        rates = [Rate(date(2025, 1, 1), Decimal("36.5"))]
        found = accrue(Decimal(5), date(2025, 1, 1), date(2025, 1, 1), rates)
        self.assertEqual(found[0].amount, Decimal("0.005"))
        self.assertEqual(total(found), Decimal("0.01"))

    def test_the_rule_of_the_service_and_of_the_debtor(self):
        since = date(2020, 1, 1)
        rules = [
            Rule(since, "legal", Decimal(0)),
            Rule(since, "half", Decimal(8), debtor="business", flat=Decimal(40)),
            Rule(since, "ecb", Decimal("3.5"), service="water"),
            Rule(date(2024, 1, 1), "fixed", Decimal(6), service="gas", rank=1),
        ]
        day = date(2025, 1, 1)
        bases = {
            case: rule_for(rules, *case, day).base
            for case in (("water", "business"), ("gas", "consumer"), ("", "business"))
        }
        self.assertEqual(list(bases.values()), ["ecb", "fixed", "half"])
        self.assertEqual(rule_for(rules, "gas", "consumer", since).base, "legal")
        self.assertIsNone(rule_for(rules, "gas", "consumer", date(2019, 1, 1)))

    def test_rates_follow_the_rules_and_their_base(self):
        rules = [
            Rule(date(2024, 7, 1), "half", Decimal(8)),
            Rule(date(2025, 3, 1), "fixed", Decimal(6)),
        ]
        half = [
            Rate(date(2024, 1, 1), Decimal("4.5"), date(2024, 6, 30)),
            Rate(date(2024, 7, 1), Decimal("4.25"), date(2024, 12, 31)),
            Rate(date(2025, 1, 1), Decimal("3.15")),
        ]
        self.assertEqual(
            rates_for(rules, {"half": half}, "gas", "business"),
            [
                Rate(date(2024, 7, 1), Decimal("12.25"), date(2024, 12, 31)),
                Rate(date(2025, 1, 1), Decimal("11.15"), date(2025, 2, 28)),
                Rate(date(2025, 3, 1), Decimal(6), None),
            ],
        )

    def test_a_good_payer_owes_the_legal_rate_for_ten_days(self):
        rule = Rule(date(2025, 1, 1), "ecb", Decimal("3.5"), key=7, good_days=10)
        bases = {
            "ecb": [Rate(date(2025, 1, 1), Decimal("2.9"))],
            "legal": [
                Rate(date(2025, 1, 1), TWO, date(2025, 12, 31)),
                Rate(date(2026, 1, 1), Decimal("1.6"), date(2026, 12, 31)),
            ],
        }
        rates = rates_for([rule], bases, "gas", "consumer")
        first = date(2025, 12, 28)
        mild = good_payer_rates(rates, rule, bases, first)
        found = accrue(Decimal(1000), first, date(2026, 1, 31), mild)
        self.assertEqual(
            [(s.days, s.rate, s.rule) for s in found],
            [(4, 2, 7), (6, Decimal("1.6"), 7), (25, Decimal("6.4"), 7)],
        )
        plain = replace(rule, good_days=0)
        self.assertEqual(good_payer_rates(rates, plain, bases, first), rates)

    @settings(max_examples=200, deadline=None, database=None)
    @given(rate_rows(), rate_rows(), days, st.integers(1, 30), st.integers(0, 90))
    def test_a_good_payer_differs_only_in_the_first_days(
        self, ecb, legal, first, count, more
    ):
        rule = Rule(date(2000, 1, 1), "ecb", TWO, good_days=count)
        bases = {"ecb": ecb, "legal": legal}
        rates = rates_for([rule], bases, "", "")
        mild = good_payer_rates(rates, rule, bases, first)
        edge, last = first + timedelta(days=count), first + timedelta(days=count + more)
        for one, other, since, until in (
            (mild, legal, first, edge - timedelta(days=1)),
            (mild, rates, edge, last),
        ):
            self.assertEqual(
                exact(accrue(Decimal(100), since, until, one)),
                exact(accrue(Decimal(100), since, until, other)),
            )
            self.assertEqual(gaps(one, since, until), gaps(other, since, until))

    def test_a_kind_without_a_rate_today_is_told_with_who_is_concerned(self):
        since = date(2022, 1, 1)
        rules = [
            Rule(since, "legal", Decimal(0)),
            Rule(since, "ecb_half", Decimal(8), debtor="business"),
            Rule(since, "fixed", Decimal(5), service="telephone"),
        ]
        bases = {
            "legal": [Rate(date(2026, 1, 1), TWO, date(2026, 12, 31))],
            "ecb_half": [Rate(date(2026, 1, 1), TWO, date(2026, 6, 30))],
        }
        known = (("gas", "telephone"), ("consumer", "business"))
        inside = date(2026, 6, 30)
        self.assertEqual(kinds_without_rate(rules, bases, inside, *known), {})
        self.assertEqual(
            kinds_without_rate(rules, bases, date(2026, 7, 1), *known),
            {"ecb_half": [("gas", "business")]},
        )
        late = kinds_without_rate(rules, bases, date(2027, 1, 1), *known)
        self.assertEqual(set(late), {"legal", "ecb_half"})

    def test_who_the_debtor_is(self):
        self.assertEqual(debtor_kind("", "non_domestic", False), "consumer")
        self.assertEqual(debtor_kind("", "non_domestic", True), "business")
        self.assertEqual(debtor_kind("", "public_body", True), "public_body")
        self.assertEqual(debtor_kind("condominium", "domestic", True), "consumer")
        self.assertEqual(debtor_kind("micro_enterprise", "large"), "business")

    @settings(max_examples=200, deadline=None, database=None)
    @given(days, days, st.lists(st.tuples(days, st.integers(0, 60)), max_size=5))
    def test_windows_are_the_days_that_are_left(self, a, b, taken):
        first, last = min(a, b), max(a, b)
        taken = [(start, start + timedelta(days=n)) for start, n in taken]
        free = [day for window in windows(first, last, taken) for day in _days(*window)]
        gone = {day for window in taken for day in _days(*window)}
        wanted = [day for day in _days(first, last) if day not in gone]
        self.assertEqual(free, wanted)


def _days(first, last):
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)

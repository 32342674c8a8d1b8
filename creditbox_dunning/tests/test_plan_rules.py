"""Instalment plans: rights, amounts to the cent, kept or broken. No database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import plans
from ..rules.legal_parameters import Parameter, Parameters, shipped_parameters

DAY = date(2027, 3, 1)
START = date(2027, 2, 1)
# a busy machine is no fault of the rule
PATIENT = settings(deadline=None)
CENTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents) / 100)


def request(service, cause, amount="200.00", **more):
    return plans.Request(service, cause, Decimal(amount), DAY, **more)


@tagged("post_install", "-at_install")
class TestPlanRights(BaseCase):
    numbers = shipped_parameters()

    def right(self, *args, **more):
        return plans.right_to_plan(request(*args, **more), self.numbers)

    def test_water_on_a_notice_always_and_a_year_long(self):
        """REMSI: at least 12 months, by the frequency of the bills."""
        for months, number in ((1, 12), (2, 6), (3, 4), (5, 3)):
            right = self.right("water", plans.NOTICE, "1.00", billing_months=months)
            self.assertEqual((right.number, right.months), (number, months))
            self.assertIn("311/2019", right.reference)

    def test_water_on_a_notice_up_to_the_fifth_day_before_its_term(self):
        """REMSI: request and first instalment; the day itself is in time."""
        term = DAY + timedelta(days=5)
        right = self.right("water", plans.NOTICE, term=term)
        self.assertEqual(right.join_by, DAY)
        late = {"term": term - timedelta(days=1)}
        self.assertIsNone(self.right("water", plans.NOTICE, **late))
        why = plans.refusal(request("water", plans.NOTICE, **late), self.numbers)
        self.assertEqual(
            (why.code, why.count, why.day, why.since),
            (plans.LATE_FOR_TERM, 5, DAY - timedelta(days=1), late["term"]),
        )
        self.assertIn("da verificare", why.reference)
        self.assertTrue(self.right("water", plans.NOTICE, **late, is_excepted=True))
        # what nobody knows never counts against the customer
        self.assertTrue(self.right("water", plans.NOTICE))
        self.assertTrue(self.right("electricity", plans.NOTICE, has_bonus=True, **late))

    def test_the_first_instalment_is_due_by_that_day_too(self):
        told = {"term": DAY + timedelta(days=15)}
        last = DAY + timedelta(days=10)
        self.assertTrue(self.right("water", plans.NOTICE, **told, first_due=last))
        late = {**told, "first_due": last + timedelta(days=1)}
        self.assertIsNone(self.right("water", plans.NOTICE, **late))
        why = plans.refusal(request("water", plans.NOTICE, **late), self.numbers)
        self.assertEqual((why.code, why.day), (plans.LATE_TO_JOIN, last))
        self.assertTrue(self.right("water", plans.NOTICE, **late, is_excepted=True))
        # an agreement, and what the law says nothing of
        free = request("water", plans.AGREEMENT, **late)
        self.assertIsNone(plans.refusal(free, self.numbers))
        self.assertTrue(self.right("gas", plans.NOTICE, has_bonus=True, **late))

    def test_joined_by_the_value_date_of_the_first_instalment(self):
        first = plans.schedule(plans.Terms(Decimal("90.00"), 3, START, START))[0]
        day, after = START, START + timedelta(days=1)

        def joined(*received, by=day):
            return plans.has_joined(first, [(d, Decimal(a)) for d, a in received], by)

        self.assertFalse(joined())
        self.assertFalse(joined((day, "29.99")))
        self.assertTrue(joined((day, "10"), (day, "20")))
        self.assertFalse(joined((day, "10"), (after, "20")))
        self.assertTrue(joined((day, "10"), (after, "20"), by=after))
        # the bank did not work on the day of the law: the instalment's own counts
        self.assertTrue(joined((day, "30"), by=day - timedelta(days=2)))

    def test_not_beside_another_plan_for_water_and_gas(self):
        for service, more in (
            ("water", {}),
            ("gas", {"has_bonus": True}),
        ):
            self.assertTrue(self.right(service, plans.NOTICE, **more))
            self.assertIsNone(self.right(service, plans.NOTICE, others=1, **more))
            why = plans.refusal(
                request(service, plans.NOTICE, others=1, **more), self.numbers
            )
            self.assertEqual((why.code, why.count), (plans.NOT_ALONE, 1))
        both = {"has_bonus": True, "others": 1}
        self.assertTrue(self.right("electricity", plans.NOTICE, **both))

    def test_an_agreement_is_never_refused(self):
        late = request("water", plans.AGREEMENT, others=3, term=DAY - timedelta(days=9))
        self.assertIsNone(plans.refusal(late, self.numbers))

    def test_the_numbers_are_dated(self):
        """Before REMSI nothing was refused."""
        old = plans.Request(
            "water",
            plans.NOTICE,
            Decimal(200),
            date(2019, 6, 1),
            term=date(2019, 6, 2),
            others=2,
        )
        self.assertIsNone(plans.refusal(old, self.numbers))

    def test_energy_on_a_notice_for_bonus_holders_only(self):
        for service in ("electricity", "gas"):
            self.assertIsNone(self.right(service, plans.NOTICE))
            self.assertIsNone(self.right(service, plans.NOTICE, is_regulated=True))
            self.assertTrue(self.right(service, plans.NOTICE, has_bonus=True))

    def test_a_bill_of_fifty_euro_or_less_gives_no_right(self):
        for amount, has in (("50.00", False), ("50.01", True)):
            right = self.right("gas", plans.METER_FAULT, amount, is_regulated=True)
            self.assertIs(bool(right), has, amount)

    def test_the_free_market_by_agreement_but_for_bonus_holders(self):
        self.assertIsNone(self.right("electricity", plans.METER_FAULT))
        self.assertTrue(self.right("electricity", plans.METER_FAULT, has_bonus=True))

    def test_recalculation_above_the_average(self):
        """150 % for homes, 250 % for the others."""
        cases = (
            (True, "150", False),
            (True, "150.01", True),
            (False, "250", False),
            (False, "251", True),
        )
        for home, percent, has in cases:
            right = self.right(
                "electricity",
                plans.RECALCULATION,
                is_regulated=True,
                is_domestic=home,
                above_average=Decimal(percent),
            )
            self.assertIs(bool(right), has, (home, percent))

    def test_what_is_not_known_does_not_count_against_him(self):
        self.assertTrue(self.right("gas", plans.RECALCULATION, is_regulated=True))

    def test_gas_within_ten_days_and_as_many_as_the_estimated_bills(self):
        for late, has in ((10, True), (11, False)):
            right = self.right(
                "gas",
                plans.RECALCULATION,
                is_regulated=True,
                due=DAY - timedelta(days=late),
                estimated_bills=5,
            )
            self.assertIs(bool(right), has, late)
        self.assertEqual(
            self.right("gas", plans.METER_FAULT, is_regulated=True).number, 2
        )
        many = self.right(
            "gas", plans.METER_FAULT, is_regulated=True, estimated_bills=5
        )
        self.assertEqual(many.number, 5)

    def test_water_on_a_very_high_bill(self):
        for percent, has in (("80", False), ("80.5", True)):
            right = self.right("water", plans.HIGH_BILL, above_average=Decimal(percent))
            self.assertIs(bool(right), has)

    def test_telephone_by_contract_only(self):
        for cause in (plans.NOTICE, plans.HIGH_BILL, plans.METER_FAULT):
            self.assertIsNone(self.right("telephone", cause, has_bonus=True))

    def test_numbers_are_those_of_the_day(self):
        """A later row does not hold before its day."""
        rows = [
            Parameter("water", "plan_months", Decimal(value), "months", day, "x")
            for value, day in ((12, date(2020, 1, 1)), (24, DAY + timedelta(days=1)))
        ]
        ask = request("water", plans.NOTICE, billing_months=1)
        self.assertEqual(plans.right_to_plan(ask, Parameters(rows)).number, 12)


@tagged("post_install", "-at_install")
class TestPlanSchedule(BaseCase):
    def terms(self, amount, number, **more):
        first = START + timedelta(days=10)
        return plans.Terms(Decimal(amount), number, START, first, **more)

    def test_to_the_cent_with_the_rest_in_the_last(self):
        made = plans.schedule(self.terms("100.00", 3))
        self.assertEqual(
            [(one.number, one.due, str(one.capital), str(one.left)) for one in made],
            [
                (1, date(2027, 2, 11), "33.33", "66.67"),
                (2, date(2027, 3, 11), "33.33", "33.34"),
                (3, date(2027, 4, 11), "33.34", "0.00"),
            ],
        )

    def test_the_end_of_the_month_does_not_drift(self):
        terms = plans.Terms(Decimal("90"), 3, START, date(2027, 1, 31) + timedelta(28))
        first = plans.Terms(Decimal("90"), 3, date(2027, 1, 1), date(2027, 1, 31))
        days = [one.due for one in plans.schedule(first)]
        self.assertEqual(
            days, [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
        )
        self.assertEqual(plans.schedule(terms)[0].due, date(2027, 2, 28))

    def test_a_first_one_of_its_own(self):
        made = plans.schedule(self.terms("100", 3, first_amount=Decimal("40")))
        self.assertEqual([one.capital for one in made], [40, 30, 30])

    def test_interest_on_what_is_still_owed(self):
        """1000 at 3.65 %: a tenth of a euro a day; then on 500."""
        terms = plans.Terms(Decimal("1000.00"), 2, START, START + timedelta(days=10))
        made = plans.schedule(terms, plans.interest_at(Decimal("3.65")))
        self.assertEqual([str(one.interest) for one in made], ["1.00", "1.40"])
        self.assertEqual(str(made[0].amount), "501.00")

    def test_days_on_which_one_cannot_pay(self):
        made = plans.schedule(
            self.terms("100", 2), payable=lambda day: day + timedelta(days=1)
        )
        self.assertEqual(
            [one.due for one in made], [date(2027, 2, 12), date(2027, 3, 12)]
        )

    def test_plans_that_cannot_be_made(self):
        cases = {
            "number": self.terms("100", 0),
            "months": self.terms("100", 2, months=0),
            "first_due": plans.Terms(Decimal(1), 1, DAY, START),
            "amount": self.terms("0.02", 3),
            "first_amount": self.terms("100", 2, first_amount=Decimal("100")),
        }
        for code, terms in cases.items():
            with self.assertRaises(plans.WrongPlanError) as caught:
                plans.schedule(terms)
            self.assertEqual(caught.exception.code, code)

    @PATIENT
    @given(
        CENTS,
        st.integers(1, 120),
        st.integers(1, 12),
        st.integers(0, 400),
        st.none() | CENTS,
        st.integers(0, 2000),
    )
    def test_the_sum_is_the_debt_whatever_the_terms(
        self, amount, number, months, wait, first, rate
    ):
        terms = plans.Terms(
            amount, number, START, START + timedelta(days=wait), months, first
        )
        try:
            made = plans.schedule(terms, plans.interest_at(Decimal(rate) / 100))
        except plans.WrongPlanError:
            return
        self.assertEqual(sum(one.capital for one in made), amount)
        self.assertEqual(len(made), number)
        self.assertEqual(made[-1].left, 0)
        self.assertTrue(all(one.capital > 0 and one.interest >= 0 for one in made))
        days = [one.due for one in made]
        self.assertEqual(days, sorted(set(days)))
        if first is None:
            others = {one.capital for one in made[:-1]}
            self.assertLessEqual(len(others), 1)
            self.assertLess(made[-1].capital - made[0].capital, Decimal(number) / 100)

    def test_who_has_to_decide(self):
        level = plans.needs_level
        self.assertFalse(level(12, Decimal(20), 12, 20))
        self.assertTrue(level(13, Decimal(20), 12, 20))
        # seven instalments every two months: more than a year
        self.assertTrue(level(7 * 2, Decimal(20), 12, 20))
        self.assertTrue(level(4, Decimal("19.99"), 12, 20))
        self.assertFalse(level(99, Decimal(1), 0, 0))


@tagged("post_install", "-at_install")
class TestPlanStanding(BaseCase):
    made = plans.schedule(
        plans.Terms(Decimal("90.00"), 3, START, START + timedelta(days=9))
    )

    def on(self, days, paid, tolerance=10, missed=1):
        today = self.made[0].due + timedelta(days=days)
        return plans.standing(self.made, Decimal(paid), today, tolerance, missed)

    def test_a_payment_that_went_back_has_its_own_tolerance(self):
        """Paid on its day, back after eight weeks: late from then on, not broken."""
        back = self.made[0].due + timedelta(days=56)
        made = (replace(self.made[0], reopened=back),)
        for days, state in (
            (0, plans.RUNNING),
            (10, plans.RUNNING),
            (11, plans.BROKEN),
        ):
            day = back + timedelta(days=days)
            told = plans.standing(made, Decimal(0), day, 10, 1)
            self.assertEqual((told.state, told.missing), (state, 30), days)
        told = plans.standing(self.made[:1], Decimal(0), back, 10, 1)
        self.assertEqual(told.state, plans.BROKEN, "never paid: counted from its day")

    def test_the_last_day_of_the_tolerance_is_still_in_time(self):
        self.assertEqual(self.on(10, 0).state, plans.RUNNING)
        self.assertEqual(self.on(11, 0).state, plans.BROKEN)
        self.assertEqual(self.on(11, "29.99").state, plans.BROKEN)
        self.assertEqual(self.on(11, 30).state, plans.RUNNING)

    def test_what_is_missing_and_what_comes_next(self):
        self.assertEqual(self.on(0, 0).missing, 0)
        told = self.on(1, "12.50")
        self.assertEqual(told.missing, Decimal("17.50"))
        self.assertEqual(told.next_due, self.made[0].due)
        self.assertEqual(told.open, {1: Decimal("17.50"), 2: 30, 3: 30})
        self.assertEqual(self.on(1, 30).next_due, self.made[1].due)

    def test_two_missed_by_choice_of_the_company(self):
        self.assertEqual(self.on(30, 0, missed=2).state, plans.RUNNING)
        self.assertEqual(self.on(45, 0, missed=2).state, plans.BROKEN)

    def test_wholly_paid_is_kept_even_late(self):
        for days in (0, 500):
            self.assertEqual(self.on(days, 90).state, plans.KEPT)
        self.assertEqual(self.on(500, "89.99").state, plans.BROKEN)

    @PATIENT
    @given(CENTS, st.integers(1, 40), CENTS, st.integers(-50, 2000), st.integers(0, 60))
    def test_nothing_is_lost_oldest_first(self, amount, number, paid, days, tolerance):
        if amount < number * plans.ONE_CENT:
            return
        made = plans.schedule(plans.Terms(amount, number, START, START))
        today = START + timedelta(days=days)
        told = plans.standing(made, paid, today, tolerance, 1)
        self.assertEqual(sum(told.open.values()), max(amount - paid, 0))
        numbers = [one.number for one in made]
        self.assertEqual(list(told.paid), numbers[: len(told.paid)])
        self.assertLessEqual(told.missing, amount)
        if told.late:
            self.assertGreater(told.missing, 0)

"""Rules of promises: the boundary days, credit notes, payments that came back."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import promises
from ..rules.promises import Entry, Promise, judge

MADE, DUE = date(2027, 2, 1), date(2027, 2, 10)
PROMISE = Promise(MADE, DUE, Decimal(100))
money = st.decimals("0.01", "900", places=2)
days = st.dates(date(2027, 1, 1), date(2027, 4, 1))
entries = st.lists(st.builds(Entry, days, money, st.booleans()), max_size=6)
quick = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def due(number=0):
    return DUE + timedelta(number)


def paid(day, amount=100, **more):
    return Entry(day, Decimal(amount), **more)


@tagged("-at_install", "post_install")
class TestPromiseRules(BaseCase):
    def check(self, entry, owed, today, outcome):
        verdict = judge(PROMISE, [entry], Decimal(owed), today, 1)
        self.assertEqual(verdict.outcome, outcome)

    def test_boundary_days(self):
        before = MADE - timedelta(1)
        for case in (
            (paid(MADE), 0, MADE, "kept"),
            (paid(before), 40, due(2), "broken"),
            (paid(DUE), 0, DUE, "kept"),
            (paid(due(1)), 0, due(1), "kept"),
            (paid(due(2)), 0, due(2), "broken"),
            (paid(DUE, 40), 60, due(1), None),
            (paid(DUE, 40), 60, due(2), "broken"),
            (paid(DUE, 99), 1, due(2), "broken"),
            (paid(DUE, 100), 50, DUE, "kept"),
            # a credit note lowers what had to be paid, and is no payment itself
            (paid(DUE, 60, is_credit=True), 40, due(2), "broken"),
            (paid(DUE, 100, is_credit=True), 0, DUE, "cancelled"),
            # it was paid before the promise: nothing was left to promise
            (paid(before), 0, due(2), "cancelled"),
        ):
            with self.subTest(case=case):
                self.check(*case)

    def test_what_a_credit_note_took_need_not_be_paid(self):
        both = [paid(DUE, 60, is_credit=True), paid(DUE, 40)]
        self.assertEqual(judge(PROMISE, both, Decimal(0), DUE, 1).outcome, "kept")

    def test_a_payment_that_came_back_undoes_it(self):
        kept = Promise(MADE, DUE, Decimal(100), "kept")
        verdict = judge(kept, [], Decimal(100), due(30), 1)
        told = (verdict.outcome, verdict.reason.code)
        self.assertEqual(told, ("broken", "promise_returned"))
        still = judge(kept, [], Decimal(100), DUE, 1)
        self.assertIsNone(still.outcome, "there is still time to pay again")

    @given(entries, money, days, st.integers(0, 5))
    @quick
    def test_judged_when_the_day_is_past_by_money_in_time(
        self, found, owed, today, grace
    ):
        verdict = judge(PROMISE, found, owed, today, grace)
        limit = due(grace)
        if today > limit:
            self.assertIsNotNone(verdict.outcome)
        in_time = [e for e in found if not e.is_credit and MADE <= e.day <= limit]
        self.assertEqual(verdict.paid, sum((e.amount for e in in_time), Decimal(0)))
        if not in_time:
            self.assertNotEqual(verdict.outcome, "kept")
        if verdict.outcome == "broken":
            self.assertLess(verdict.paid, 100)

    @given(entries, money, money, st.integers(0, 5))
    @quick
    def test_more_money_in_time_never_breaks_it(self, found, owed, more, grace):
        order = {"broken": 0, "cancelled": 1, "kept": 2}
        later = date(2027, 5, 1)
        before = judge(PROMISE, found, owed + more, later, grace)
        after = judge(PROMISE, [*found, paid(DUE, more)], owed, later, grace)
        self.assertGreaterEqual(order[after.outcome], order[before.outcome])

    def test_limit_and_answer(self):
        self.assertTrue(promises.may_promise(1, 2))
        self.assertFalse(promises.may_promise(2, 2))
        self.assertTrue(promises.may_promise(99, 0))
        self.assertEqual(promises.resumes_after_answer("refused", DUE, 10), due(10))
        self.assertEqual(promises.resumes_after_answer("credit_note", DUE, 10), DUE)

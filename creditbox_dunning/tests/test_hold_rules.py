"""The rules of suspensions alone: no database."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import holds
from ..rules.facts import Key, Rule

D = Decimal
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
RECEIVED = date(2027, 2, 1)
# a busy machine is no fault of the rule
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@tagged("post_install", "-at_install")
class TestHoldRules(BaseCase):
    def exception(self, **facts):
        found = holds.complaint_exception(
            RECEIVED, max_amount=D(50), max_days=10, **facts
        )
        return found and found.code

    def test_complaint_up_to_50_euros_stops_nothing(self):
        self.assertEqual(self.exception(contested=D("50.00")), "complaint_small")
        self.assertIsNone(self.exception(contested=D("50.01")))
        self.assertIsNone(self.exception(contested=None), "what is not known counts")

    def test_complaint_later_than_10_days_stops_nothing(self):
        due = RECEIVED - timedelta(days=10)
        self.assertIsNone(self.exception(due=due, contested=D(100)))
        late = due - timedelta(days=1)
        self.assertEqual(self.exception(due=late, contested=D(100)), "complaint_late")

    def test_without_numbers_it_stops(self):
        found = holds.complaint_exception(RECEIVED, date(2026, 1, 1), D(1))
        self.assertIsNone(found)

    def test_last_day(self):
        start = date(2027, 1, 31)
        self.assertEqual(holds.last_day(start, 1), start)
        self.assertEqual(holds.last_day(start, 30), date(2027, 3, 1))
        # six months: until the day before the same day, or the end of a shorter month
        self.assertEqual(holds.last_day(date(2027, 3, 10), months=6), date(2027, 9, 9))
        self.assertEqual(holds.last_day(start, months=1), date(2027, 2, 27))
        self.assertIsNone(holds.last_day(start))

    @PATIENT
    @given(start=DAYS, days=st.integers(1, 4000))
    def test_length_and_last_day_agree(self, start, days):
        end = holds.last_day(start, days)
        self.assertEqual(holds.length(start, end), days)

    def test_state_at_the_borders(self):
        start, resume = date(2027, 1, 10), date(2027, 1, 20)
        for day, state in ((9, "planned"), (10, "active"), (19, "active")):
            self.assertEqual(holds.state_on(date(2027, 1, day), start, resume), state)
        for day in (resume, date(2027, 1, 21)):
            self.assertEqual(holds.state_on(day, start, resume), "ended")
        self.assertEqual(holds.state_on(date(2040, 1, 1), start, None), "active")

    @PATIENT
    @given(today=DAYS, start=DAYS, days=st.none() | st.integers(0, 400))
    def test_state_is_one_of_three(self, today, start, days):
        resume = None if days is None else start + timedelta(days=days)
        state = holds.state_on(today, start, resume)
        inside = start <= today and (resume is None or today < resume)
        self.assertEqual(state == "active", inside)
        self.assertEqual(holds.state_on(today, start, resume, True), "cancelled")

    @PATIENT
    @given(
        action=st.integers(1, 10),
        op=st.sampled_from(
            (
                "remind",
                "notice",
                "default",
                "list",
                "pre_notice",
                "reduce",
                "suspend",
                "reactivate",
                "assign",
                "legal",
            )
        ),
    )
    def test_technical_is_what_the_planner_means(self, action, op):
        rule = Rule(1, Key(), 10, action, op, "task", "due")
        self.assertEqual(holds.is_technical(action, op), rule.is_technical)

    def test_what_is_stopped(self):
        stopped = holds.is_stopped
        self.assertTrue(stopped(7, "suspend", [1], "technical", None))
        self.assertFalse(stopped(3, "notice", [1], "technical", None))
        self.assertTrue(stopped(3, "notice", [1], "all", None))
        self.assertTrue(stopped(3, "notice", [1, 2], "all", frozenset({2})))
        self.assertFalse(stopped(3, "notice", [1], "all", frozenset({2})))
        self.assertFalse(stopped(3, "notice", [1], "nothing", None))
        # giving the supply back is nothing that a suspension may delay
        self.assertFalse(stopped(7, "reactivate", [1], "all", None))

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import window
from ..rules.terms import Terms

DAYS = st.dates(date(2018, 1, 1), date(2060, 12, 31))


@tagged("post_install", "-at_install")
class TestWindow(BaseCase):
    """TISIND art. 2.2 and 7.1: the worked dates, then what always holds."""

    def test_first_day_of_new_supply(self):
        reading = window.reading_window(window.FIRST_DAY_NEW, date(2025, 3, 1), Terms())
        self.assertEqual(reading.credit_from, date(2024, 10, 1))
        self.assertEqual(reading.cap_from, date(2024, 3, 1))
        self.assertEqual(reading.opens, date(2025, 9, 1))
        self.assertEqual(reading.closes, date(2026, 3, 31))

    def test_month_clipping(self):
        reading = window.reading_window(window.LAST_DAY_OLD, date(2025, 8, 31), Terms())
        self.assertEqual(reading.opens, date(2026, 2, 28))
        self.assertEqual(reading.closes, date(2026, 8, 31))

    def test_leap_year(self):
        reading = window.reading_window(window.LAST_DAY_OLD, date(2023, 8, 31), Terms())
        self.assertEqual(reading.opens, date(2024, 2, 29))
        self.assertEqual(window.add_months(date(2024, 2, 29), 12), date(2025, 2, 28))

    def test_safe_window_of_a_switch_on_the_first(self):
        """Old supply ends 2025-02-28, new begins 2025-03-01: a month apart."""
        span = window.request_window(date(2025, 2, 28), Terms())
        self.assertEqual(span.opens, date(2025, 9, 1))
        self.assertEqual(span.closes, date(2026, 2, 28))
        self.assertEqual(span.earliest_open, date(2025, 8, 28))
        self.assertEqual(span.latest_close, date(2026, 3, 31))

    def test_status_day_by_day(self):
        span = window.request_window(date(2025, 2, 28), Terms())
        for day, expected in (
            (date(2025, 8, 27), window.NOT_OPEN),
            (date(2025, 8, 28), window.DOUBTFUL_OPEN),
            (date(2025, 8, 31), window.DOUBTFUL_OPEN),
            (date(2025, 9, 1), window.OPEN),
            (date(2026, 1, 29), window.OPEN),
            (date(2026, 1, 30), window.CLOSING),
            (date(2026, 2, 28), window.CLOSING),
            (date(2026, 3, 1), window.DOUBTFUL_CLOSE),
            (date(2026, 3, 31), window.DOUBTFUL_CLOSE),
            (date(2026, 4, 1), window.CLOSED),
        ):
            self.assertEqual(span.status(day, 30), expected, day)

    def test_close_not_at_month_end(self):
        terms = Terms(request_close_month_end=False)
        span = window.request_window(date(2025, 3, 14), terms)
        self.assertEqual(span.closes, date(2026, 3, 14))

    @given(DAYS)
    def test_margins_surround_the_safe_window(self, last_day):
        span = window.request_window(last_day, Terms())
        self.assertLessEqual(span.earliest_open, span.opens)
        self.assertLess(span.opens, span.closes)
        self.assertLessEqual(span.closes, span.latest_close)
        self.assertEqual(span.closes, window.month_end(span.closes))

    @given(DAYS, st.integers(-30, 500))
    def test_status_is_open_only_inside(self, last_day, offset):
        span = window.request_window(last_day, Terms())
        today = last_day + timedelta(days=offset)
        inside = span.opens <= today <= span.closes
        status = span.status(today, 30)
        self.assertEqual(status in (window.OPEN, window.CLOSING), inside)

    @given(DAYS, st.integers(0, 40))
    def test_a_later_end_never_opens_earlier(self, last_day, days):
        first = window.request_window(last_day, Terms())
        later = window.request_window(last_day + timedelta(days=days), Terms())
        self.assertLessEqual(first.opens, later.opens)
        self.assertLessEqual(first.closes, later.closes)

    @given(DAYS, st.integers(-60, 60))
    def test_add_months_keeps_the_day_or_clips(self, day, months):
        moved = window.add_months(day, months)
        self.assertEqual(
            (moved.year * 12 + moved.month) - (day.year * 12 + day.month), months
        )
        self.assertTrue(
            moved.day == day.day
            or (moved.day < day.day and moved == window.month_end(moved))
        )

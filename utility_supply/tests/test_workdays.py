"""Counting days: by example on real Italian weeks, and by property."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.rules import workdays

# Easter week, 25 April and 1 May of 2026; 4 October is a holiday again from 2026
HOLIDAYS_2026 = frozenset(
    {
        date(2026, 1, 1),
        date(2026, 1, 6),
        date(2026, 4, 5),
        date(2026, 4, 6),
        date(2026, 4, 25),
        date(2026, 5, 1),
        date(2026, 6, 2),
        date(2026, 8, 15),
        date(2026, 10, 4),
        date(2026, 11, 1),
        date(2026, 12, 8),
        date(2026, 12, 25),
        date(2026, 12, 26),
    }
)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
HOLIDAYS = st.frozensets(st.dates(date(2019, 1, 1), date(2037, 1, 1)), max_size=40)
fast = settings(max_examples=60, deadline=None, database=None)


@tagged("post_install", "-at_install")
class TestWorkdays(BaseCase):
    def test_three_working_days_over_a_weekend_and_a_holiday(self):
        # Thursday 30 April; Friday 1 May is a holiday: Mon 4, Tue 5, Wed 6
        self.assertEqual(
            workdays.add_working_days(date(2026, 4, 30), 3, HOLIDAYS_2026),
            date(2026, 5, 6),
        )
        # weekdays count the Saturday: Sat 2, Mon 4, Tue 5
        self.assertEqual(
            workdays.add_weekdays(date(2026, 4, 30), 3, HOLIDAYS_2026),
            date(2026, 5, 5),
        )

    def test_over_easter_monday(self):
        self.assertEqual(
            workdays.add_working_days(date(2026, 4, 3), 1, HOLIDAYS_2026),
            date(2026, 4, 7),
        )

    def test_backwards(self):
        self.assertEqual(
            workdays.add_working_days(date(2026, 1, 7), -1, HOLIDAYS_2026),
            date(2026, 1, 5),
        )

    def test_leap_day_and_year_end(self):
        self.assertEqual(
            workdays.add_working_days(date(2028, 2, 28), 1), date(2028, 2, 29)
        )
        self.assertEqual(
            workdays.add_working_days(date(2026, 12, 31), 1, {date(2027, 1, 1)}),
            date(2027, 1, 4),
        )

    def test_zero_is_the_day_itself_even_on_sunday(self):
        sunday = date(2026, 5, 3)
        self.assertEqual(workdays.add_working_days(sunday, 0), sunday)
        self.assertEqual(workdays.next_working_day(sunday), date(2026, 5, 4))

    def test_what_is_no_date_is_refused(self):
        with self.assertRaises(TypeError):
            workdays.add_working_days("2026-05-03", 1)

    @fast
    @given(DAYS, st.integers(1, 40), HOLIDAYS)
    def test_lands_on_a_working_day_and_counts_back(self, day, count, holidays):
        end = workdays.add_working_days(day, count, holidays)
        self.assertTrue(workdays.is_working_day(end, holidays))
        self.assertEqual(workdays.working_days_between(day, end, holidays), count)
        # the day before it is one short: no earlier day would do
        before = end - timedelta(days=1)
        self.assertEqual(
            workdays.working_days_between(day, before, holidays), count - 1
        )

    @fast
    @given(DAYS, st.integers(0, 20), st.integers(0, 20), HOLIDAYS)
    def test_adding_in_two_steps_is_adding_at_once(self, day, one, two, holidays):
        for add in (workdays.add_working_days, workdays.add_weekdays):
            self.assertEqual(
                add(add(day, one, holidays), two, holidays),
                add(day, one + two, holidays),
            )

    @fast
    @given(DAYS, st.integers(1, 40), HOLIDAYS)
    def test_weekdays_are_never_slower_than_working_days(self, day, count, holidays):
        self.assertLessEqual(
            workdays.add_weekdays(day, count, holidays),
            workdays.add_working_days(day, count, holidays),
        )

    @fast
    @given(DAYS, st.integers(1, 40), HOLIDAYS)
    def test_one_more_holiday_never_shortens(self, day, count, holidays):
        end = workdays.add_working_days(day, count, holidays)
        later = workdays.add_working_days(day, count, holidays | {end})
        self.assertGreater(later, end)

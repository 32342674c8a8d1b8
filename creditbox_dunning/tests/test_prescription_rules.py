"""The clock of prescription: pure."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.prescription import (
    ACKNOWLEDGEMENT,
    KINDS,
    LAWSUIT,
    NOTICE,
    PRECEPT,
    WAIVER,
    Act,
    clock,
    is_barred,
)

DUE = date(2024, 2, 29)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
acts = st.lists(
    st.builds(
        Act,
        day=days,
        kind=st.sampled_from([k for k in KINDS if k != LAWSUIT]),
        has_proof=st.booleans(),
    ),
    max_size=6,
)


@tagged("post_install", "-at_install")
class TestPrescription(BaseCase):
    def ends(self, *acts, due=DUE, years=2):
        return clock(due, years, acts).expires

    def test_counts_by_the_calendar(self):
        self.assertEqual(self.ends(), date(2026, 2, 28))
        self.assertEqual(self.ends(years=5), date(2029, 2, 28))
        self.assertFalse(
            is_barred(DUE, 2, (), date(2026, 2, 28)), "the last day counts"
        )
        self.assertTrue(is_barred(DUE, 2, (), date(2026, 3, 1)))

    def test_gate_45_moves_after_an_act_with_proof_only(self):
        day = date(2025, 6, 10)
        for kind in (NOTICE, PRECEPT, ACKNOWLEDGEMENT):
            self.assertEqual(self.ends(Act(day, kind)), date(2027, 6, 10))
            self.assertEqual(
                self.ends(Act(day, kind, has_proof=False)), date(2026, 2, 28)
            )

    def test_what_is_over_is_not_interrupted(self):
        late = date(2026, 3, 1)
        self.assertEqual(self.ends(Act(late)), date(2026, 2, 28))
        self.assertEqual(self.ends(Act(late, ACKNOWLEDGEMENT)), date(2026, 2, 28))
        self.assertEqual(self.ends(Act(late, WAIVER)), date(2028, 3, 1))
        self.assertEqual(
            self.ends(Act(date(2026, 2, 28))), date(2028, 2, 28), "the last day"
        )

    def test_lawsuit_stands_still_then_ten_years(self):
        suit = Act(date(2025, 1, 10), LAWSUIT)
        told = clock(DUE, 2, [suit, Act(date(2025, 5, 1))])
        self.assertIsNone(told.expires)
        self.assertFalse(is_barred(DUE, 2, [suit], date(2099, 1, 1)))
        final = Act(suit.day, LAWSUIT, until=date(2028, 3, 5))
        self.assertEqual(self.ends(final), date(2038, 3, 5))
        precept = Act(date(2037, 1, 1), PRECEPT)
        self.assertEqual(self.ends(final, precept), date(2047, 1, 1), "ten once more")

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(acts, days, st.integers(1, 10))
    def test_any_acts(self, known, due, years):
        told = clock(due, years, known)
        self.assertEqual(told, clock(due, years, known[::-1]))
        plain = clock(due, years).expires
        self.assertGreaterEqual(told.expires, plain, "an act never shortens")
        self.assertGreaterEqual(told.since, due)
        proved = [act for act in known if act.has_proof]
        self.assertEqual(told, clock(due, years, proved))
        if told.act:
            self.assertIn(told.act, proved)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(acts, days)
    def test_one_more_act_never_hurts(self, known, due):
        before = clock(due, 2, known)
        more = Act(before.expires - timedelta(days=1), NOTICE)
        self.assertGreaterEqual(clock(due, 2, [*known, more]).expires, before.expires)

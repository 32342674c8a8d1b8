"""What of the cost of a step may be charged: pure rules."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tests.common import BaseCase

from ..rules.costs import TECHNICAL, Step, Tariff, costs_of, identity

SINCE = date(2026, 1, 1)
KINDS = ("postage", "distributor", "cut", "restore", "agency", "limiter")
SCOPES = {
    "service": ("", "electricity", "water"),
    "debtor": ("", "consumer", "business"),
    "op": ("", "default", "suspend", "reactivate"),
    "channel": ("", "ar", "task"),
    "meter": ("", "smart"),
}
scoped = {name: st.sampled_from(values) for name, values in SCOPES.items()}
days = st.integers(0, 300).map(lambda number: SINCE + timedelta(days=number))
tariffs = st.builds(Tariff, st.integers(1, 99), st.sampled_from(KINDS), days, **scoped)
steps = st.builds(
    Step,
    st.integers(1, 30),
    st.tuples(st.integers(1, 3), st.integers(1, 2)),
    days,
    **scoped,
    is_unlawful=st.booleans(),
    after_unlawful=st.booleans(),
    is_sheltered=st.booleans(),
    is_aggravated=st.booleans(),
)


@tagged("post_install", "-at_install")
class TestCostRules(BaseCase):
    @settings(max_examples=300, deadline=None, database=None)
    @given(st.lists(steps, max_size=8), st.lists(tariffs, max_size=8))
    def test_nothing_without_a_row_nothing_twice_nothing_unlawful(self, all_, rows):
        found = costs_of(all_, rows, ())
        charged = [(step, kind) for step, kind, _row, no in found if not no]
        names = [identity(step, kind) for step, kind in charged]
        self.assertEqual(len(names), len(set(names)))
        for step, kind, row, no in found:
            self.assertTrue(row.fits(step) and row.kind == kind)
            if not no and kind in TECHNICAL:
                self.assertFalse(step.is_unlawful or step.after_unlawful)
            if not no and step.service == "water" and step.is_sheltered:
                self.assertEqual(kind, "postage")
            if not no and kind == "limiter":
                self.assertTrue(step.is_aggravated)
        again = costs_of(all_, rows, names)
        self.assertFalse([kind for _step, kind, _row, no in again if not no])

    def test_the_most_specific_row_then_the_own_then_the_latest(self):
        step = Step(1, (1, 1), date(2026, 6, 1), "electricity", "consumer", "suspend")
        row = Tariff(1, "cut", SINCE)
        service = replace(row, key=2, service="electricity")
        own = replace(service, key=3, rank=1)
        later = replace(own, key=4, valid_from=date(2026, 5, 1))
        future = replace(own, key=5, valid_from=date(2026, 7, 1))
        for rows, key in (
            ([row, service], 2),
            ([row, service, own], 3),
            ([later, own, row, future], 4),
        ):
            ((_step, _kind, best, _no),) = costs_of([step], rows, ())
            self.assertEqual(best.key, key)

    def test_a_restore_after_an_unlawful_cut_costs_nothing(self):
        back = Step(2, (1, 1), date(2026, 6, 1), op="reactivate", after_unlawful=True)
        row = Tariff(1, "restore", SINCE, op="reactivate")
        ((_step, _kind, _row, no),) = costs_of([back], [row], ())
        self.assertEqual(no, "cost_unlawful")

    def test_a_meter_reached_from_afar_has_its_own_row(self):
        plain = Tariff(1, "distributor", SINCE, "electricity", op="suspend")
        half = replace(plain, key=2, meter="smart", percent=Decimal(50))
        step = Step(1, (1, 1), date(2026, 6, 1), "electricity", "", "suspend")
        for meter, key in (("", 1), ("smart", 2)):
            one = replace(step, meter=meter)
            ((_step, _kind, best, _no),) = costs_of([one], [plain, half], ())
            self.assertEqual(best.key, key)

    def test_the_limiter_is_paid_only_in_the_worse_cases(self):
        row = Tariff(1, "limiter", SINCE, "water", op="limit")
        step = Step(1, (1, 1), date(2026, 6, 1), "water", "consumer", "limit")
        worse = replace(step, is_aggravated=True)
        for one, no in (
            (step, "cost_limiter"),
            (worse, ""),
            (replace(worse, is_sheltered=True), "cost_sheltered"),
            (replace(worse, is_unlawful=True), "cost_unlawful"),
        ):
            ((_step, _kind, _row, why),) = costs_of([one], [row], ())
            self.assertEqual(why, no)

"""Statement of account, pure: the totals are the residuals, whatever comes in."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules.statement import Item, statement

TODAY = date(2026, 11, 20)
days = st.integers(-400, 400).map(lambda n: TODAY + timedelta(days=n))
cents = st.integers(-10_000_00, 10_000_00).map(lambda n: Decimal(n).scaleb(-2))
ITEMS = st.lists(
    st.builds(
        Item,
        ref=st.text("AB12", min_size=1, max_size=4),
        kind=st.sampled_from(("bill", "credit", "payment", "other")),
        issued=days,
        due=st.none() | days,
        amount=cents,
        residual=cents,
    ),
    max_size=20,
)


def item(ref, due, residual, kind="bill"):
    amount = Decimal(residual)
    return Item(ref, kind, due - timedelta(days=30), due, amount, amount)


@tagged("post_install", "-at_install")
class TestStatementRules(BaseCase):
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(ITEMS)
    def test_totals_are_the_residuals(self, items):
        found = statement(items, TODAY)
        total = sum((one.residual for one in items), Decimal(0))
        self.assertEqual(found.balance, total)
        self.assertEqual(found.overdue + found.not_due - found.in_favour, total)
        self.assertGreaterEqual(min(found.overdue, found.not_due, found.in_favour), 0)
        shown = sorted(row.item.residual for row in found.rows)
        self.assertEqual(shown, sorted(one.residual for one in items if one.residual))
        if found.rows:
            self.assertEqual(found.rows[-1].balance, total)

    def test_the_day_itself_is_not_overdue(self):
        yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
        found = statement(
            [item("C", tomorrow, 4), item("B", TODAY, 2), item("A", yesterday, 1)],
            TODAY,
        )
        shown = [(row.item.ref, row.days) for row in found.rows]
        self.assertEqual(shown, [("A", 1), ("B", 0), ("C", 0)])
        self.assertEqual((found.overdue, found.not_due), (1, 6))

    def test_what_is_in_favour_comes_last_and_is_never_overdue(self):
        old = TODAY - timedelta(days=300)
        found = statement([item("N", old, -7, "credit"), item("A", TODAY, 10)], TODAY)
        self.assertEqual([row.item.ref for row in found.rows], ["A", "N"])
        self.assertEqual((found.in_favour, found.balance), (7, 3))
        self.assertEqual(found.rows[1].days, 0)

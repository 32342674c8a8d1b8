"""Shares and instalments of a bill: exact to the cent, whatever the figures."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.bill_values import (
    BillLine,
    BillValues,
    amount_issues,
    percent_of,
    receivables,
    spread,
)

DAY = date(2026, 1, 31)
# a busy machine is no fault of the figures
patiently = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
CENTS = st.integers(-10_000_00, 10_000_00)


def bill(shares, terms=(), **values):
    """A bill of ``shares`` (totals by contract) in ``terms`` (amounts by month)."""
    lines = [
        BillLine(contract_id=number, untaxed=Decimal(share))
        for number, share in enumerate(shares, 1)
    ]
    return BillValues(
        **{
            "billing_ref": "1",
            "move_type": "out_invoice",
            "partner_id": 1,
            "date": DAY,
            "due_date": DAY,
            "lines": lines,
            "total": sum((line.total for line in lines), Decimal(0)),
            "instalments": [
                (DAY + timedelta(days=30 * number), Decimal(amount))
                for number, amount in enumerate(terms)
            ],
            **values,
        }
    )


@st.composite
def shares_and_terms(draw):
    """Two lists of cents with the same sum, the total not negative."""
    shares = draw(st.lists(CENTS, min_size=1, max_size=6))
    if sum(shares) < 0:
        shares = [-share for share in shares]
    terms = draw(st.lists(CENTS, max_size=11))
    return shares, [*terms, sum(shares) - sum(terms)]


@tagged("post_install", "-at_install")
class TestSpread(BaseCase):
    @patiently
    @given(shares_and_terms())
    def test_rows_and_columns_are_exact(self, figures):
        shares, terms = figures
        matrix = spread(shares, terms)
        self.assertEqual([sum(row) for row in matrix], shares)
        self.assertEqual([sum(column) for column in zip(*matrix, strict=True)], terms)

    @patiently
    @given(
        st.lists(st.integers(1, 1_000_00), min_size=1, max_size=6),
        st.lists(st.integers(1, 1_000), min_size=1, max_size=12),
    )
    def test_cells_are_proportional(self, shares, weights):
        """No cell is a cent and a half away from its exact part."""
        total = sum(shares)
        terms = [total * weight // sum(weights) for weight in weights]
        terms[0] += total - sum(terms)
        for share, row in zip(shares, spread(shares, terms), strict=True):
            for term, cell in zip(terms, row, strict=True):
                self.assertLessEqual(abs(cell - share * term / total), 2)

    def test_different_sums(self):
        with self.assertRaises(ValueError):
            spread([1, 2], [4])

    def test_nothing_to_divide(self):
        self.assertEqual(spread([10, -10], [0]), [[10], [-10]])
        self.assertEqual(spread([0], [5, -5]), [[5, -5]])


@tagged("post_install", "-at_install")
class TestReceivables(BaseCase):
    def _cells(self, *args, **values):
        return [
            (cell.contract_id, cell.due_date, str(cell.amount))
            for cell in receivables(bill(*args, **values))
        ]

    def test_one_contract_one_date(self):
        self.assertEqual(self._cells(["12.34"]), [(1, DAY, "12.34")])

    def test_instalments_of_one_contract(self):
        later = DAY + timedelta(days=30)
        self.assertEqual(
            self._cells(["10.00"], ["3.33", "6.67"]),
            [(1, DAY, "3.33"), (1, later, "6.67")],
        )

    def test_two_contracts_two_instalments(self):
        later = DAY + timedelta(days=30)
        self.assertEqual(
            self._cells(["0.02", "0.01"], ["0.02", "0.01"]),
            [(1, DAY, "0.01"), (2, DAY, "0.01"), (1, later, "0.01")],
        )

    def test_same_contract_in_two_rates_is_one_share(self):
        one = BillLine(1, Decimal("1.00"))
        cells = receivables(bill([], lines=[one, one], total=Decimal("2.00")))
        self.assertEqual([cell.amount for cell in cells], [Decimal("2.00")])

    def test_empty_bill_keeps_one_line(self):
        self.assertEqual(self._cells(["0.00"]), [(1, DAY, "0.00")])
        self.assertEqual(len(self._cells(["0.00", "0.00"], ["0.00", "0.00"])), 1)

    @patiently
    @given(shares_and_terms())
    def test_sum_is_the_total(self, figures):
        shares, terms = figures
        cents = Decimal("0.01")
        found = bill([s * cents for s in shares], [t * cents for t in terms])
        cells = receivables(found)
        self.assertTrue(cells)
        self.assertEqual(sum(cell.amount for cell in cells), found.total)
        for day, amount in found.instalments:
            due = sum(cell.amount for cell in cells if cell.due_date == day)
            self.assertEqual(due, amount)


@tagged("post_install", "-at_install")
class TestFigures(BaseCase):
    def _codes(self, *args, **values):
        return [issue.code for issue in amount_issues(bill(*args, **values))]

    def test_good_bill(self):
        self.assertEqual(self._codes(["10.00", "5.5"], ["8.00", "7.50"]), [])

    def test_each_fault(self):
        self.assertEqual(self._codes(["1.00"], total=Decimal("1.01")), ["bad_total"])
        self.assertEqual(self._codes(["-1.00"]), ["negative_total"])
        self.assertEqual(self._codes(["1.00"], ["0.99"]), ["instalments_sum"])
        self.assertEqual(self._codes(["1.001"]), ["too_many_decimals"])
        self.assertEqual(self._codes(["1.00"], billing_ref="/"), ["required"])

    def test_not_a_number(self):
        for text in ("NaN", "Infinity"):
            self.assertIn(
                "too_many_decimals", self._codes(["1.00"], total=Decimal(text))
            )

    def test_percent_rounds_half_away_from_zero(self):
        self.assertEqual(percent_of(Decimal("0.25"), Decimal(10)), Decimal("0.03"))
        self.assertEqual(percent_of(Decimal("-0.25"), Decimal(10)), Decimal("-0.03"))
        self.assertEqual(percent_of(Decimal("100.10"), Decimal(22)), Decimal("22.02"))

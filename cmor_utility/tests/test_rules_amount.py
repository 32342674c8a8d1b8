from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import amount, window
from ..rules.terms import DEAREST, EXCLUDE, MEAN, WHOLE, Terms

D = Decimal
END = date(2025, 2, 28)

CENTS = st.integers(0, 500_000).map(lambda cents: D(cents) / 100)


@st.composite
def bills(draw, count=8):
    """Bills of the year before END, some open, some credit notes, some odd."""
    found = []
    for index in range(draw(st.integers(0, count))):
        start = END - timedelta(days=draw(st.integers(0, 500)))
        stop = start + timedelta(days=draw(st.integers(0, 120)))
        total = draw(CENTS)
        residual = min(draw(CENTS), total)
        sign = draw(st.sampled_from((1, 1, 1, -1)))
        has_period = draw(st.booleans()) or draw(st.booleans())
        found.append(
            amount.Bill(
                ref=f"B{index}",
                date_from=start if has_period else None,
                date_to=stop if has_period else None,
                total=sign * total,
                residual=sign * residual,
                other_services=sign * min(draw(CENTS), total) * draw(st.integers(0, 1)),
                meter_fault=draw(st.integers(0, 9)) == 0,
                excluded=draw(st.integers(0, 9)) == 0,
            )
        )
    return found


def month_bills(spends, residuals=None):
    """Twelve monthly bills up to END, newest first."""
    found = []
    for index, spend in enumerate(spends):
        last = window.add_months(date(2025, 3, 1), -index) - timedelta(days=1)
        first = window.add_months(date(2025, 3, 1), -index - 1)
        residual = (residuals or spends)[index]
        found.append(amount.Bill(f"M{index}", first, last, D(spend), D(residual)))
    return found


def shares(*cents):
    """Parts of bills in a claim, by their place."""
    return {place: D(part) for place, part in enumerate(cents)}


def compute(found, terms=None, prev=amount.ZERO, start=None, end=END):
    terms = terms or Terms()
    return amount.compute_amount(
        found, window.request_window(end, terms), terms, prev, start
    )


def reading(result, key=window.FIRST_DAY_NEW):
    return next(r for r in (result.chosen, result.other) if r.reading == key)


@tagged("post_install", "-at_install")
class TestAmount(BaseCase):
    def test_five_months_whole(self):
        result = reading(compute(month_bills([100] * 12)))
        self.assertEqual(result.credit, D("500.00"))
        self.assertEqual(result.cap, D("400.00"))
        self.assertEqual(result.indemnity, D("400.00"))

    def test_credit_below_the_cap(self):
        open_ = [60, 50, 0, 0, 0] + [0] * 7
        result = reading(compute(month_bills([100] * 12, open_)))
        self.assertEqual(result.credit, D("110.00"))
        self.assertEqual(result.indemnity, D("110.00"))

    def test_bill_across_the_border_by_days(self):
        """1 September to 31 October: 31 of 61 days are inside from 1 October."""
        bill = amount.Bill("X", date(2024, 9, 1), date(2024, 10, 31), D(122), D(122))
        share = reading(compute([bill])).bills[0]
        self.assertEqual((share.period_days, share.days_inside), (61, 31))
        self.assertEqual(share.relevant, D("62.00"))
        self.assertEqual(share.note, amount.NOTE_STRADDLE)
        whole = reading(compute([bill], Terms(straddle_rule=WHOLE))).bills[0]
        self.assertEqual(whole.relevant, D("122.00"))
        none = reading(compute([bill], Terms(straddle_rule=EXCLUDE))).bills[0]
        self.assertEqual(none.relevant, D("0.00"))

    def test_half_up_to_the_cent(self):
        """5 of 10 days of 0.25 are 0.125: half up gives 0.13."""
        bill = amount.Bill(
            "X", date(2024, 9, 26), date(2024, 10, 5), D("0.25"), D("0.25")
        )
        share = reading(compute([bill])).bills[0]
        self.assertEqual(share.days_inside, 5)
        self.assertEqual(share.relevant, D("0.13"))

    def test_partial_payment_and_other_services(self):
        """Half paid, a fifth of the bill is not energy: 100 x 0.8 x 0.5."""
        bill = amount.Bill(
            "X", date(2024, 12, 1), date(2024, 12, 31), D(100), D(50), D(20)
        )
        self.assertEqual(reading(compute([bill])).credit, D("40.00"))

    def test_credit_note_lowers_the_credit(self):
        found = month_bills([100, 100] + [0] * 10)
        note = amount.Bill("NC", date(2025, 2, 1), date(2025, 2, 28), D(-30), D(-30))
        self.assertEqual(reading(compute([*found, note])).credit, D("170.00"))

    def test_credit_note_without_period_is_taken_off_whole(self):
        found = month_bills([100] + [0] * 11)
        note = amount.Bill("NC", None, None, D(-30), D(-30))
        self.assertEqual(reading(compute([*found, note])).credit, D("70.00"))

    def test_left_out(self):
        span = (date(2025, 1, 1), date(2025, 1, 31))
        cases = (
            (amount.Bill("A", None, None, D(9), D(9)), amount.NOTE_NO_PERIOD),
            (amount.Bill("B", *span, D(9), D(9), excluded=True), amount.NOTE_EXCLUDED),
            (
                amount.Bill("C", *span, D(9), D(9), meter_fault=True),
                amount.NOTE_METER_FAULT,
            ),
            (amount.Bill("D", *span, D(9), D(0)), amount.NOTE_PAID),
            (
                amount.Bill("E", date(2024, 1, 1), date(2024, 2, 1), D(9), D(9)),
                amount.NOTE_OUTSIDE,
            ),
            (
                # a period the wrong way round is no period
                amount.Bill("F", span[1], span[0], D(9), D(9)),
                amount.NOTE_NO_PERIOD,
            ),
        )
        for bill, note in cases:
            share = reading(compute([bill])).bills[0]
            self.assertEqual((share.relevant, share.note), (D(0), note), bill.ref)

    def test_cap_by_both_methods(self):
        spends = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]
        found = month_bills(spends)
        result = reading(compute(found, start=date(2020, 1, 1)))
        self.assertEqual(result.cap_mean, D("260.00"))
        self.assertEqual(result.cap_dearest, D("420.00"))
        self.assertEqual(result.cap, result.cap_mean)
        dearest = reading(compute(found, Terms(cap_method=DEAREST)))
        self.assertEqual(dearest.cap, D("420.00"))

    def test_supply_shorter_than_the_year(self):
        """Six months of supply: the mean is over six; three: the actual total."""
        six = month_bills([100] * 6)
        result = reading(compute(six, start=date(2024, 9, 1)))
        self.assertEqual(result.cap_mean, D("400.00"))
        three = month_bills([100] * 3)
        result = reading(compute(three, start=date(2024, 12, 1)))
        self.assertEqual(result.cap_mean, D("300.00"))
        self.assertEqual(result.cap_dearest, D("300.00"))

    def test_previous_cmor(self):
        found = month_bills([100] * 12)
        on_top = reading(compute(found, prev=D("75.50")))
        self.assertEqual(on_top.indemnity, D("475.50"))
        inside = reading(compute(found, Terms(prev_on_top=False), prev=D("75.50")))
        self.assertEqual(inside.indemnity, D("400.00"))
        alone = reading(compute([], prev=D("75.50")))
        self.assertEqual(alone.indemnity, D("75.50"))

    def test_lower_reading_is_taken(self):
        """By the last day of the old supply the window begins three days earlier."""
        bill = amount.Bill("X", date(2024, 9, 28), date(2024, 10, 27), D(300), D(300))
        result = compute([bill])
        last = reading(result, window.LAST_DAY_OLD)
        first = reading(result, window.FIRST_DAY_NEW)
        self.assertEqual(last.credit, D("300.00"))
        self.assertEqual(first.credit, D("270.00"))
        self.assertEqual(result.chosen.indemnity, min(last.indemnity, first.indemnity))
        self.assertEqual(result.difference, abs(last.indemnity - first.indemnity))

    @given(bills(), CENTS, st.sampled_from((MEAN, DEAREST)), st.booleans())
    @settings(max_examples=200, deadline=None)
    def test_bounds(self, found, prev, method, on_top):
        terms = Terms(cap_method=method, prev_on_top=on_top)
        result = compute(found, terms, prev)
        for one in (result.chosen, result.other):
            self.assertGreaterEqual(one.indemnity, 0)
            self.assertGreaterEqual(one.credit, 0)
            self.assertLessEqual(one.cap_mean, one.cap_dearest)
            limit = one.cap + (one.prev_cmor if on_top else 0)
            self.assertLessEqual(one.indemnity, limit)
            self.assertLessEqual(one.indemnity, one.credit + one.prev_cmor)
            for value in (one.credit, one.cap, one.indemnity):
                self.assertEqual(value, value.quantize(D("0.01")))
            self.assertEqual(
                one.credit, max(sum((s.relevant for s in one.bills), D(0)), D(0))
            )
            for share in one.bills:
                self.assertLessEqual(abs(share.relevant), abs(share.open_amount))
        self.assertLessEqual(result.chosen.indemnity, result.other.indemnity)
        self.assertGreaterEqual(result.difference, 0)

    @given(bills(), CENTS, st.data())
    @settings(max_examples=100, deadline=None)
    def test_paying_never_raises_the_claim(self, found, prev, data):
        """Monotone: a payment on any bill never makes the indemnity grow."""
        payable = [i for i, b in enumerate(found) if b.residual > 0]
        if not payable:
            return
        index = data.draw(st.sampled_from(payable))
        bill = found[index]
        paid = data.draw(st.integers(1, int(bill.residual * 100))) / D(100)
        after = list(found)
        after[index] = amount.Bill(**{**vars(bill), "residual": bill.residual - paid})
        self.assertLessEqual(
            compute(after, prev=prev).chosen.indemnity,
            compute(found, prev=prev).chosen.indemnity,
        )

    @given(bills())
    @settings(max_examples=50, deadline=None)
    def test_order_of_bills_does_not_matter(self, found):
        self.assertEqual(
            compute(found).chosen.indemnity,
            compute(list(reversed(found))).chosen.indemnity,
        )


@tagged("post_install", "-at_install")
class TestNetted(BaseCase):
    """The list of bills of the flow adds up to the credit, whatever credit notes do."""

    def test_credit_notes_lower_the_latest_bills(self):
        self.assertEqual(amount.netted(shares("10", "20")), shares("10", "20"))
        self.assertEqual(amount.netted(shares("10", "20", "-5")), shares("10", "15"))
        self.assertEqual(amount.netted(shares("10", "20", "-20.01")), {0: D("9.99")})
        self.assertEqual(amount.netted(shares("10", "-10")), {})

    @given(st.lists(st.integers(-50_000, 50_000), max_size=8))
    def test_the_sum_is_the_same(self, cents):
        parts = shares(*(D(cent) / 100 for cent in cents))
        left = amount.netted(parts)
        self.assertEqual(sum(left.values()), max(D(0), sum(parts.values())))
        self.assertTrue(all(D(0) < left[key] <= parts[key] for key in left))
        self.assertEqual(list(left), sorted(left))

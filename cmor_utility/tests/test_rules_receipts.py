"""What a payment of CSEA means and where it goes: pure rules."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..formats import remittance
from ..rules import lifecycle, receipts

D = Decimal
DAY = date(2026, 5, 1)
cents = st.integers(0, 500_000).map(lambda n: D(n) / 100)


def debt(key, residual, claimed, due=DAY, bill=None):
    return receipts.Debt(key, bill or key, D(residual), D(claimed), due)


@tagged("post_install", "-at_install")
class TestAllocate(BaseCase):
    def test_as_claimed_then_the_oldest(self):
        debts = [
            debt("new", "100", "100", DAY),
            debt("old", "80", "30", DAY - timedelta(days=60)),
        ]
        self.assertEqual(
            receipts.allocate(D("130"), debts),
            ([("old", D("30")), ("new", D("100"))], D(0)),
        )
        self.assertEqual(
            receipts.allocate(D("150"), debts),
            ([("old", D("50")), ("new", D("100"))], D(0)),
        )

    def test_oldest_first(self):
        debts = [
            debt("new", "100", "100", DAY),
            debt("old", "80", "30", DAY - timedelta(days=60)),
        ]
        self.assertEqual(
            receipts.allocate(D("130"), debts, receipts.OLDEST),
            ([("old", D("80")), ("new", D("50"))], D(0)),
        )

    def test_excess_only_when_nothing_is_open(self):
        self.assertEqual(
            receipts.allocate(
                D("100.01"), [debt("a", "60", "60"), debt("b", "40", "0")]
            ),
            ([("a", D("60")), ("b", D("40"))], D("0.01")),
        )
        self.assertEqual(receipts.allocate(D("5"), []), ([], D("5")))

    def test_claim_of_a_bill_in_instalments_counts_once(self):
        debts = [
            debt("r1", "50", "60", DAY, "bill"),
            debt("r2", "50", "60", DAY + timedelta(days=30), "bill"),
            debt("other", "40", "40", DAY + timedelta(days=60)),
        ]
        self.assertEqual(
            receipts.allocate(D("100"), debts),
            ([("r1", D("50")), ("r2", D("10")), ("other", D("40"))], D(0)),
        )

    @given(
        cents,
        st.lists(
            st.tuples(cents, cents, st.integers(0, 400), st.integers(0, 3)), max_size=6
        ),
        st.sampled_from([receipts.CLAIM, receipts.OLDEST]),
    )
    def test_to_the_cent(self, amount, items, order):
        debts = [
            debt(i, residual, claimed, DAY + timedelta(days=days), f"b{bill}")
            for i, (residual, claimed, days, bill) in enumerate(items)
        ]
        parts, excess = receipts.allocate(amount, debts, order)
        residuals = {item.key: item.residual for item in debts}
        self.assertEqual(sum(p for _k, p in parts) + excess, amount)
        self.assertTrue(all(0 < part <= residuals[key] for key, part in parts))
        self.assertGreaterEqual(excess, 0)
        if excess:
            self.assertEqual(dict(parts), {k: v for k, v in residuals.items() if v})


@tagged("post_install", "-at_install")
class TestJudge(BaseCase):
    def entered(self, ref="R1", amount="300", told=True):
        return [receipts.Entered(7, ref, D(amount), told)]

    def test_new_and_as_expected(self):
        self.assertEqual(
            receipts.judge(D("300"), [], "R1", D("300")), (receipts.BOOK, None)
        )

    def test_repeated(self):
        self.assertEqual(
            receipts.judge(D("300"), self.entered(), "R1", D("300")),
            (receipts.REPEATED, 7),
        )

    def test_the_flow_confirms_what_the_bank_brought(self):
        for ref in ("R1", "R2"):
            self.assertEqual(
                receipts.judge(D("300"), self.entered(told=False), ref, D("300")),
                (receipts.CONFIRMS, 7),
            )

    def test_another_amount_waits(self):
        self.assertEqual(
            receipts.judge(D("300"), [], "R1", D("299.99")),
            (receipts.WAIT, "paid_amount_differs"),
        )
        self.assertEqual(
            receipts.judge(D("300"), self.entered(), "R1", D("299.99")),
            (receipts.WAIT, "receipt_differs"),
        )
        self.assertEqual(
            receipts.judge(D("300"), self.entered(), "R2", D("300")),
            (receipts.WAIT, "paid_amount_differs"),
        )

    def test_by_hand_the_amount_was_looked_at(self):
        self.assertEqual(
            receipts.judge(D("300"), [], "R1", D("120"), is_flow=False),
            (receipts.BOOK, None),
        )


@tagged("post_install", "-at_install")
class TestMatch(BaseCase):
    pool = [
        receipts.Expected("p1", "SII000000000001", "A1", D("300")),
        receipts.Expected("p2", "SII000000000002", "A2", D("120")),
        receipts.Expected("p3", "SII000000000003", "A3", D("120")),
    ]

    def match(self, text, amount, rows=()):
        found, problem = receipts.match_transfer(text, D(amount), rows, self.pool)
        return [(c, p and p.key, a) for c, p, a in found], problem

    def test_by_the_code_in_the_reference(self):
        self.assertEqual(
            self.match("Csea/sii000000000002 mag.26", "119.50"),
            ([("SII000000000002", "p2", D("119.50"))], ""),
        )

    def test_by_the_amount_of_one_alone(self):
        self.assertEqual(self.match("CSEA", "300")[0][0][1], "p1")
        self.assertEqual(self.match("CSEA", "120"), ([], "ambiguous"))
        self.assertEqual(self.match("CSEA", "1"), ([], "nothing"))

    def test_by_the_list(self):
        rows = [("A1", D("300.00")), ("sii000000000003", None), ("SIIX", D("5"))]
        self.assertEqual(
            self.match("CSEA", "425", rows),
            (
                [
                    ("A1", "p1", D("300.00")),
                    ("sii000000000003", "p3", D("120")),
                    ("SIIX", None, D("5")),
                ],
                "",
            ),
        )


@tagged("post_install", "-at_install")
class TestRemittance(BaseCase):
    def test_read(self):
        text = (
            "Pratica;Importo\nSII000000000001;1.234,50\n\n"
            "SII000000000002\t12,3 €\nA-17 xx\nP0000001 250.00\nSII000000000003\n"
        )
        rows, unread = remittance.read(text)
        self.assertEqual(
            rows,
            [
                ("SII000000000001", D("1234.50")),
                ("SII000000000002", D("12.30")),
                ("P0000001", D("250.00")),
                ("SII000000000003", None),
            ],
        )
        self.assertEqual(unread, [(5, "A-17 xx")])

    @given(st.text())
    def test_nothing_raises_and_no_amount_is_negative(self, text):
        rows, _unread = remittance.read(text)
        self.assertTrue(all(value is None or value > 0 for _code, value in rows))


@tagged("post_install", "-at_install")
class TestLifecycle(BaseCase):
    def test_every_payable_state_reaches_paid(self):
        for state in lifecycle.PAYABLE_STATES:
            if state not in ("paid", "excess_to_return"):
                path = lifecycle.deemed_path(
                    "outgoing", state, "paid", lifecycle.DEEMED_BEFORE_PAID
                )
                steps = zip((state, *path), path, strict=False)
                self.assertTrue(path and path[-1] == "paid", state)
                self.assertTrue(
                    all(lifecycle.can_move("outgoing", a, b) for a, b in steps)
                )

    def test_no_way_from_a_refused_claim(self):
        # from a refusal only a person who adopts the SII's code goes on
        self.assertNotIn("rejected", lifecycle.PAYABLE_STATES)
        for state in ("cancelled", "candidate", "closed_lost"):
            self.assertFalse(
                lifecycle.deemed_path(
                    "outgoing", state, "paid", lifecycle.DEEMED_BEFORE_PAID
                )
            )

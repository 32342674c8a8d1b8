"""Gate 18, rules: figures of an offer, what its payments mean, small credits."""

from datetime import date, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules import settlement, writeoff
from odoo.addons.creditbox_dunning.rules.settlement import (
    CHECK,
    DECIDE,
    EXPIRED,
    LATE,
    PAID,
    SHORT,
    WAIT,
    Receipt,
    Wrong,
)

UNTIL = date(2027, 5, 31)
CENT = Decimal("0.01")
cents = st.integers(0, 10**7).map(lambda n: Decimal(n) / 100)
positive = st.integers(1, 10**7).map(lambda n: Decimal(n) / 100)
days = st.integers(-60, 60).map(lambda n: UNTIL + timedelta(days=n))
receipts = st.lists(st.builds(Receipt, days, positive), max_size=6)
# a busy machine draws slowly: that is no fault of the rules
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIMITS = writeoff.Limits(
    Decimal(2500), 6, prescribed=True, proofs=frozenset({"execution", "cost"})
)


def D(text):
    return Decimal(text)


def credit(**more):
    values = {
        "key": (1, 1),
        "amount": D("100"),
        "due": date(2026, 1, 31),
    }
    return writeoff.Credit(**{**values, **more})


@tagged("post_install", "-at_install")
class TestFigures(BaseCase):
    def test_the_capital_is_given_up_last(self):
        told = settlement.figures(D("1000"), D("50"), D("30"), D("1000"))
        self.assertEqual((told.discount, told.percent, told.waived), (0, 0, 80))
        told = settlement.figures(D("1000"), D("50"), D("30"), D("1030"))
        self.assertEqual((told.discount, told.waived, told.extra), (0, 50, 30))
        told = settlement.figures(D("1000"), D("50"), D("30"), D("700"))
        self.assertEqual((told.discount, told.percent, told.waived), (300, 30, 80))

    def test_a_cent_is_a_discount(self):
        told = settlement.figures(D("100000"), D("0"), D("0"), D("99999.99"))
        self.assertEqual(told.percent, CENT)

    def test_what_is_no_offer(self):
        for values, code in (
            ((D("0"), D("5"), D("5"), D("1")), "no_capital"),
            ((D("10"), D("-5"), D("5"), D("1")), "negative"),
            ((D("10"), D("0"), D("0"), D("0")), "nothing_to_pay"),
            ((D("10"), D("1"), D("1"), D("12.01")), "more_than_all"),
        ):
            with self.assertRaises(Wrong) as caught:
                settlement.figures(*values)
            self.assertEqual(caught.exception.code, code)

    @calm
    @given(positive, cents, cents, positive)
    def test_nothing_is_lost(self, capital, interest, costs, agreed):
        if agreed > capital + interest + costs:
            return
        told = settlement.figures(capital, interest, costs, agreed)
        self.assertEqual(told.agreed + told.discount + told.waived, told.total)
        self.assertGreaterEqual(min(told.discount, told.waived, told.extra), 0)
        self.assertFalse(told.discount and told.extra)
        self.assertEqual(bool(told.discount), bool(told.percent))


@tagged("post_install", "-at_install")
class TestJudge(BaseCase):
    def judge(self, *told, today=UNTIL, grace=0, tolerance=settlement.ZERO, free="0"):
        found = [Receipt(UNTIL + timedelta(days=n), D(amount)) for n, amount in told]
        return settlement.judge(
            D("700"), tolerance, UNTIL, found, today, grace, D(free)
        )

    def test_the_sum_lies_unmatched(self):
        """Free money pays nothing, but it keeps the offer from expiring."""
        later = UNTIL + timedelta(days=1)
        self.assertEqual(self.judge(free="700").kind, WAIT)
        self.assertEqual(self.judge(free="700", today=later).kind, CHECK)
        self.assertEqual(self.judge((0, "300"), free="400", today=later).kind, CHECK)
        verdict = self.judge((0, "300"), free="399.99", today=later)
        self.assertEqual((verdict.kind, verdict.why), (DECIDE, SHORT))
        verdict = self.judge(free="0.01", today=later)
        self.assertEqual((verdict.kind, verdict.why), (DECIDE, SHORT))
        # what is complete, late, is a decision of its own
        verdict = self.judge((1, "700"), free="700", today=later)
        self.assertEqual((verdict.kind, verdict.why), (DECIDE, LATE))

    def test_reminder(self):
        near = UNTIL - timedelta(days=5)
        self.assertTrue(settlement.is_reminder_due(UNTIL, CENT, near, 5))
        self.assertFalse(
            settlement.is_reminder_due(UNTIL, CENT, near - timedelta(days=1), 5)
        )
        self.assertFalse(settlement.is_reminder_due(UNTIL, D("0"), near, 5))

    def test_paid_on_the_last_day(self):
        verdict = self.judge((-10, "300"), (0, "400"))
        self.assertEqual((verdict.kind, verdict.paid_on), (PAID, UNTIL))

    def test_value_date_counts_not_the_day_of_the_file(self):
        """Gate 18: told by the bank five days after, paid in time."""
        later = UNTIL + timedelta(days=5)
        self.assertEqual(self.judge((0, "700"), today=later).kind, PAID)

    def test_a_day_late(self):
        later = UNTIL + timedelta(days=1)
        verdict = self.judge((1, "700"), today=later)
        self.assertEqual((verdict.kind, verdict.why), (DECIDE, LATE))

    def test_a_cent_short(self):
        later = UNTIL + timedelta(days=1)
        self.assertEqual(self.judge((0, "699.99")).kind, WAIT)
        verdict = self.judge((0, "699.99"), today=later)
        self.assertEqual((verdict.kind, verdict.why), (DECIDE, SHORT))
        self.assertEqual(self.judge((0, "699.99"), tolerance=CENT).kind, PAID)

    def test_nothing_came(self):
        self.assertEqual(self.judge().kind, WAIT)
        later = UNTIL + timedelta(days=1)
        self.assertEqual(self.judge(today=later).kind, EXPIRED)
        self.assertEqual(self.judge(today=later, grace=1).kind, WAIT)
        self.assertEqual(
            self.judge(today=later + timedelta(days=1), grace=1).kind, EXPIRED
        )

    def test_a_tolerance_above_the_sum_gives_nothing_away(self):
        self.assertEqual(self.judge(tolerance=D("9999")).kind, WAIT)

    def test_allot_in_order_and_up_to_what_is_missing(self):
        wanted = [("a", Decimal(80)), ("b", Decimal(50))]
        both = {"a", "b"}
        money = [
            (1, Decimal(100), both),
            (2, Decimal(20), {"b"}),
            (3, Decimal(40), both),
        ]
        self.assertEqual(
            settlement.allot(wanted, money),
            {"a": {1: 80, 3: 30}, "b": {1: 20, 2: 20, 3: 10}},
        )
        self.assertEqual(settlement.allot([], money), {})
        self.assertEqual(
            settlement.allot(wanted, [(1, Decimal(5), {"c"})]), {"a": {}, "b": {}}
        )

    @calm
    @given(
        st.lists(st.decimals(-5, 50, places=2), max_size=4),
        st.lists(
            st.tuples(st.decimals("0.01", 80, places=2), st.sets(st.integers(0, 3))),
            max_size=5,
        ),
    )
    def test_allotted_money_counts_once(self, missing, came):
        money = [(key, amount, may) for key, (amount, may) in enumerate(came)]
        found = settlement.allot(list(enumerate(missing)), money)
        for key, amount, may in money:
            parts = [own[key] for own in found.values() if key in own]
            known = may & set(range(len(missing)))
            self.assertEqual(sum(parts), amount if known else 0)
            self.assertTrue(all(part > 0 for part in parts))
            self.assertTrue({o for o, own in found.items() if key in own} <= known)

    @given(positive, receipts, days)
    def test_never_paid_before_the_money_is_there(self, agreed, found, today):
        """Gate 18: whatever comes, paid means the agreed sum came in time."""
        verdict = settlement.judge(agreed, D("0"), UNTIL, found, today)
        in_time = sum((r.amount for r in found if r.day <= UNTIL), D("0"))
        self.assertEqual(verdict.kind == PAID, in_time >= agreed)
        self.assertEqual(verdict.in_time, in_time)
        if verdict.kind == EXPIRED:
            self.assertFalse(found)
        if today > UNTIL:
            self.assertNotEqual(verdict.kind, WAIT)


amounts = st.lists(positive, max_size=5).map(lambda told: list(enumerate(told)))


@tagged("post_install", "-at_install")
class TestShares(BaseCase):
    def test_the_oldest_first_and_no_more_than_agreed(self):
        bills = [("a", D("60")), ("b", D("40"))]
        found = settlement.shares(D("80"), bills, [(1, D("70")), (2, D("50"))])
        self.assertEqual(
            found, [("a", 1, D("60")), ("b", 1, D("10")), ("b", 2, D("10"))]
        )
        self.assertEqual(settlement.shares(D("-5"), bills, [(1, D("70"))]), [])

    @calm
    @given(positive, amounts, amounts)
    def test_nothing_is_used_twice(self, missing, bills, credits_):
        found = settlement.shares(missing, bills, credits_)
        total = sum((amount for _b, _c, amount in found), D("0"))
        whole = [sum((a for _k, a in side), D("0")) for side in (bills, credits_)]
        self.assertEqual(total, min(missing, *whole))
        for index, side in ((0, dict(bills)), (1, dict(credits_))):
            for key, limit in side.items():
                used = sum((one[2] for one in found if one[index] == key), D("0"))
                self.assertLessEqual(used, limit)
        self.assertTrue(all(amount > 0 for _b, _c, amount in found))


@tagged("post_install", "-at_install")
class TestLosses(BaseCase):
    @calm
    @given(st.dictionaries(st.integers(1, 50), cents), cents)
    def test_never_above_what_was_approved(self, residuals, allowed):
        total = sum(residuals.values(), D("0"))
        if total > allowed:
            with self.assertRaises(Wrong):
                settlement.losses(residuals, allowed)
            return
        found = settlement.losses(residuals, allowed)
        self.assertEqual(sum((one.amount for one in found), D("0")), total)
        self.assertTrue(all(one.amount > 0 for one in found))


@tagged("post_install", "-at_install")
class TestWriteoffRules(BaseCase):
    def reasons(self, today=date(2026, 9, 1), kind=writeoff.SMALL, **more):
        return writeoff.exclusions(credit(**more), kind, LIMITS, today)

    def test_small_credit(self):
        self.assertEqual(self.reasons(), ())
        self.assertEqual(self.reasons(amount=D("2500")), ())
        self.assertEqual(self.reasons(amount=D("2500.01")), ("too_large",))

    def test_six_months_have_to_pass(self):
        self.assertEqual(self.reasons(date(2026, 7, 31)), ("too_recent",))
        self.assertEqual(self.reasons(date(2026, 8, 1)), ())

    def test_prescribed_the_day_after_its_last_day(self):
        kind, last = writeoff.PRESCRIBED, date(2028, 1, 31)
        after = last + timedelta(days=1)
        self.assertEqual(self.reasons(after, kind=kind), ("no_clock",))
        known = {"kind": kind, "has_clock": True}
        self.assertEqual(self.reasons(after, **known), ("not_prescribed",))
        self.assertEqual(self.reasons(last, expires=last, **known), ("not_prescribed",))
        self.assertEqual(self.reasons(after, expires=last, **known), ())

    def test_every_reason_is_told(self):
        self.assertEqual(
            self.reasons(
                kind=writeoff.USELESS,
                is_disputed=True,
                is_agreed=True,
                is_listed=True,
                has_money=True,
            ),
            ("no_proof", "disputed", "agreed", "listed", "has_money"),
        )

    def test_what_somebody_said_needs_its_document(self):
        """An outcome is no proof; a document of an accepted kind, kept, by then is."""
        kind, day = writeoff.USELESS, date(2026, 9, 1)

        def told(*proofs, **more):
            return self.reasons(day, kind=kind, proofs=proofs, **more)

        def proof(kind="execution", day=day, has_file=True, cost="0"):
            return writeoff.Proof(1, kind, day, has_file, D(cost))

        self.assertEqual(told(), ("no_proof",))
        self.assertEqual(told(is_useless=True), ("no_document",))
        self.assertEqual(told(proof()), ())
        self.assertEqual(told(proof(has_file=False)), ("no_document",))
        later = proof(day=day + timedelta(days=1))
        self.assertEqual(told(later), ("proof_later",))
        self.assertEqual(told(proof("agency")), ("proof_not_accepted",))
        self.assertEqual(told(proof("agency"), later), ("proof_later",))
        self.assertEqual(told(proof("agency"), later, proof()), ())
        # going on has to cost more than there is to be had
        self.assertEqual(told(proof("cost", cost="100")), ("cost_below",))
        self.assertEqual(told(proof("cost", cost="100.01")), ())

    def test_the_newest_proof_is_named(self):
        old = writeoff.Proof(1, "execution", date(2026, 1, 1), True)
        new = writeoff.Proof(2, "execution", date(2026, 2, 1), True)
        found = writeoff.proof_of(credit(proofs=(new, old)), LIMITS, date(2026, 9, 1))
        self.assertEqual(found, new)

    def test_prescription_is_a_number_of_the_law_too(self):
        none = writeoff.Limits(None, None)
        told = credit(has_clock=True, expires=date(2020, 1, 1))
        self.assertEqual(
            writeoff.exclusions(told, writeoff.PRESCRIBED, none, date(2026, 9, 1)),
            ("no_number",),
        )

    def test_without_a_number_in_force_nothing_is_written_off(self):
        none = writeoff.Limits(None, None)
        self.assertEqual(
            writeoff.exclusions(credit(), writeoff.SMALL, none, date(2026, 9, 1)),
            ("no_number",),
        )

    @calm
    @given(cents, st.integers(0, 400))
    def test_small_and_old(self, amount, age):
        due = date(2026, 1, 31)
        today = due + timedelta(days=age)
        ok = not writeoff.exclusions(
            credit(amount=amount, due=due), writeoff.SMALL, LIMITS, today
        )
        is_old = today > due + relativedelta(months=6)
        self.assertEqual(ok, 0 < amount <= 2500 and is_old)

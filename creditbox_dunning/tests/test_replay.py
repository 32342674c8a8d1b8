from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import CaseFacts, Hold, Key
from odoo.addons.creditbox_dunning.rules.planner import plan
from odoo.addons.creditbox_dunning.rules.sets import choose_set
from odoo.addons.creditbox_dunning.rules.simulation import (
    Assumptions,
    Ledger,
    Receivable,
    replay,
    step_cost,
    unit_cost,
)

from .planner_common import DUE, ELECTRICITY, rule, shift, standard_rules

DAY = timedelta(days=1)
END = DUE + 365 * DAY


def ladder():
    """A reminder, a notice and a formal notice by PEC or registered letter."""
    return (
        rule(20, wait_before=7, wait_after=5),
        rule(30, op="notice", action=3, channel="pp", wait_before=15, wait_after=10),
        rule(40, op="default", action=5, channel="pec", wait_before=30, wait_after=28),
        rule(41, op="default", action=4, channel="ar", wait_before=30, wait_after=28),
        rule(50, op="assign", action=6, channel="file", anchor="prev_end"),
    )


def chooser(rules):
    return lambda key: choose_set(rules, key)


def owed(number=1, amount="100", due=DUE, payments=(), known=None):
    known = known or due - 30 * DAY
    paid = tuple((day, Decimal(sum_)) for day, sum_ in payments)
    return Receivable(number, due, Decimal(amount), known, paid)


def ledger(*receivables, seed=0, key=ELECTRICITY, **vals):
    facts = CaseFacts(key=key, **vals)
    return Ledger(facts, receivables or (owed(),), seed=seed)


def steps(result):
    return [(s.rule.seq, (s.date - DUE).days, s.state) for s in result.steps]


def walk(a_ledger, rules=None, start=DUE, end=END, **vals):
    assume = Assumptions(**vals)
    rows = rules or ladder()
    return replay(a_ledger, chooser(rows), start, end, shift, assumptions=assume)


@tagged("standard", "post_install", "-at_install")
class TestReplay(BaseCase):
    def test_unpaid_bill_walks_the_table(self):
        result = walk(ledger())
        # the letter counts as arrived after five days: 15 + 5 + 10 = 30
        self.assertEqual(
            steps(result),
            [(20, 7, "done"), (30, 15, "done"), (40, 30, "done"), (50, 58, "done")],
        )
        self.assertEqual(result.opened, DUE + DAY)
        self.assertIsNone(result.closed)

    def test_slow_letters_make_the_next_step_later(self):
        result = walk(ledger(), delivery={"pp": 12})
        self.assertEqual(steps(result)[2], (40, 37, "done"))

    def test_payment_ends_it_on_its_day(self):
        paid = owed(payments=[(DUE + 20 * DAY, "100")])
        result = walk(ledger(paid))
        self.assertEqual([row[0] for row in steps(result)], [20, 30])
        self.assertEqual(result.closed, DUE + 20 * DAY)
        ((when, amount, after, due),) = result.collected
        self.assertEqual((when, amount, due), (DUE + 20 * DAY, Decimal(100), DUE))
        self.assertEqual(after.seq, 30, "it came after the notice")

    def test_part_payment_lowers_the_amount_asked(self):
        paid = owed(payments=[(DUE + 10 * DAY, "60")])
        result = walk(ledger(paid))
        amounts = [step.amount for step in result.steps[:2]]
        self.assertEqual(amounts, [Decimal(100), Decimal(40)])

    def test_returned_payment_opens_the_bill_again(self):
        back = owed(payments=[(DUE + 3 * DAY, "100"), (DUE + 9 * DAY, "-100")])
        result = walk(ledger(back))
        self.assertEqual(steps(result)[0], (20, 9, "done"))

    def test_letter_that_comes_back_tries_the_other_channel(self):
        result = walk(ledger(), failed={"pec": 100})
        found = [row for row in steps(result) if row[0] in (40, 41)]
        self.assertEqual(found, [(40, 30, "failed"), (41, 31, "done")])

    def test_share_that_comes_back_is_about_what_was_asked(self):
        failed = 0
        for seed in range(400):
            result = walk(ledger(seed=seed), failed={"pec": 25})
            failed += any(step.state == "failed" for step in result.steps)
        self.assertTrue(60 < failed < 140, failed)

    def test_suspension_of_the_time_is_respected(self):
        hold = Hold("complaint", DUE + 40 * DAY, DUE + 5 * DAY)
        result = walk(ledger(holds=(hold,)))
        self.assertGreater(steps(result)[0][1], 40)

    def test_new_bill_after_all_is_paid_begins_anew(self):
        first = owed(payments=[(DUE + 20 * DAY, "100")])
        second = owed(2, due=DUE + 100 * DAY)
        result = walk(ledger(first, second))
        after = [row[0] for row in steps(result) if row[1] > 100]
        self.assertEqual(after, [20, 30, 40, 50])

    def test_what_was_done_before_is_not_done_again(self):
        before = walk(ledger(), end=DUE + 16 * DAY).after
        a_ledger = Ledger(before, (owed(),), {1: frozenset({"remind", "notice"})})
        result = walk(a_ledger, start=DUE + 17 * DAY)
        self.assertEqual([row[0] for row in steps(result)], [40, 50])

    def test_bounds_of_the_period(self):
        result = walk(ledger(), start=DUE + 10 * DAY, end=DUE + 30 * DAY)
        days = [row[1] for row in steps(result)]
        self.assertTrue(all(10 <= day <= 30 for day in days), days)

    def test_no_set_ends_at_once(self):
        key = Key("domestic", "gas", "active", "suspendible")
        self.assertEqual(steps(walk(ledger(key=key))), [])

    def test_cost_of_the_day(self):
        prices = {"ar": ((DUE, 6.9), (DUE + 30 * DAY, 7.25)), "pec": ((DUE, 0.05),)}
        self.assertEqual(unit_cost(prices, "ar", DUE - DAY), 0)
        self.assertEqual(unit_cost(prices, "ar", DUE + 29 * DAY), Decimal("6.9"))
        self.assertEqual(unit_cost(prices, "ar", DUE + 30 * DAY), Decimal("7.25"))
        both = step_cost(prices, ("ar", "pec"), DUE)
        self.assertEqual(both, Decimal("6.95"))


receivables = st.lists(
    st.builds(
        lambda number, days, amount, when, share: owed(
            number,
            str(amount),
            DUE + timedelta(days=days),
            [(DUE + timedelta(days=when), str(amount * share))] if share else (),
        ),
        st.integers(1, 99),
        st.integers(-60, 200),
        st.integers(-200, 2000).filter(bool),
        st.integers(-50, 300),
        st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item.id,
)
keys = st.sampled_from(
    [
        ELECTRICITY,
        Key("domestic", "gas", "active", "suspendible"),
        Key("non_domestic", "water", "active", "not_suspendible"),
        Key("public_body", "electricity", "active", "public_body"),
        Key("domestic", "electricity", "ceased", "suspendible"),
    ]
)


@tagged("standard", "post_install", "-at_install")
class TestReplayProperties(BaseCase):
    @settings(max_examples=25, deadline=None)
    @given(receivables, keys, st.integers(0, 5))
    def test_event_days_are_enough(self, items, key, seed):
        """Asking on every single day gives the same steps as asking on the days on
        which something can happen: the days left out decide nothing."""
        rules = standard_rules()
        fast = replay(
            Ledger(CaseFacts(key=key), tuple(items), seed=seed),
            chooser(rules),
            DUE,
            DUE + 150 * DAY,
            shift,
        )
        slow = every_day(items, key, seed, rules, DUE, DUE + 150 * DAY)
        self.assertEqual(fast.steps, slow.steps)

    @settings(max_examples=30, deadline=None)
    @given(receivables, keys, st.integers(0, 5))
    def test_same_input_same_result_and_one_step_a_day(self, items, key, seed):
        a_ledger = Ledger(CaseFacts(key=key), tuple(items), seed=seed)
        rules = standard_rules()
        first, second = (
            replay(a_ledger, chooser(rules), DUE, END, shift) for _ in range(2)
        )
        self.assertEqual(first, second)
        days = [step.date for step in first.steps if step.state != "skipped"]
        self.assertEqual(len(days), len(set(days)))
        self.assertEqual(days, sorted(days))
        for step in first.steps:
            self.assertTrue(DUE <= step.date <= END)


def every_day(items, key, seed, rules, start, end):
    """The replay with every day of the period made an event, by empty payments."""
    days = tuple(
        (start + timedelta(days=n), Decimal(0)) for n in range((end - start).days + 1)
    )
    first, *others = items
    first = Receivable(
        first.id, first.due, first.amount, first.known, (*first.payments, *days)
    )
    ledger = Ledger(CaseFacts(key=key), (first, *others), seed=seed)
    return replay(ledger, chooser(rules), start, end, shift)


@tagged("standard", "post_install", "-at_install")
class TestReplayAgrees(BaseCase):
    def test_first_step_is_the_planners(self):
        """The replay adds no rule of its own: its first step is the planner's."""
        rules = standard_rules()
        result = replay(ledger(), chooser(rules), DUE, END, shift)
        first = next(step for step in result.steps if step.state == "done")
        facts = ledger().facts
        day = date(first.date.year, first.date.month, first.date.day)
        decision = plan(
            Ledger(facts, (owed(),)).facts.__class__(
                key=facts.key, lines=walk(ledger(), end=day - DAY).after.lines
            ),
            rules,
            day,
            shift,
        )
        self.assertEqual(decision.rule, first.rule)

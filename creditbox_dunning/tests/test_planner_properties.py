"""The planner's promises, for any table, any facts and any sequence of days."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import CaseFacts, Done, Key
from odoo.addons.creditbox_dunning.rules.planner import plan
from odoo.addons.creditbox_dunning.rules.sets import choose_set

from .planner_common import DUE, ELECTRICITY, bill, rule, shift, standard_rules

CHANNELS = ("sms", "email", "pp", "ar", "pec", "pec|ar", "email+sms", "task", "file")
WORK = ("list", "assign", "writeoff", "legal")
SETTINGS = {
    "max_examples": 100,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}


@st.composite
def tables(draw):
    """Rows of one set: any waits, bands, jumps and alternatives, sane or not."""
    seqs = draw(st.lists(st.integers(0, 130), min_size=0, max_size=9, unique=True))
    rows = []
    for seq in seqs:
        action = draw(st.integers(1, 10))
        formal = action in (4, 5)
        op = "default" if formal else draw(st.sampled_from(("remind", "notice", *WORK)))
        jumps = st.one_of(st.none(), st.integers(0, 140))
        rows.append(
            rule(
                seq,
                action=action,
                op=op,
                channel=draw(st.sampled_from(CHANNELS)),
                anchor=draw(st.sampled_from(("due", "due", "prev_end", "plan"))),
                day_kind=draw(st.sampled_from(("solar", "weekdays", "working"))),
                wait_before=draw(st.integers(-5, 60)),
                wait_after=draw(st.integers(0, 40)),
                amount_from=Decimal(draw(st.integers(0, 300))),
                amount_to=Decimal(draw(st.sampled_from((0, 0, 200, 500)))),
                min_threshold=Decimal(draw(st.integers(0, 120))),
                next_ok=draw(jumps),
                next_ko=draw(jumps),
            )
        )
    return tuple(rows)


missing = st.dictionaries(
    st.sampled_from(("sms", "email", "pp", "ar", "pec")), st.just("no_address")
)
outcomes = st.lists(st.sampled_from(("done", "done", "failed", "late")), max_size=12)
gaps = st.lists(st.integers(1, 45), min_size=25, max_size=25)


class World:
    """Carries out the planner's answers, as the engine does, and keeps the log."""

    def __init__(self, rows, missing_, amount="250"):
        self.rows = rows
        self.facts = CaseFacts(key=ELECTRICITY, lines=(bill(amount),), missing=missing_)
        self.log = []

    def run(self, today, outcome):
        decision = plan(self.facts, self.rows, today, shift)
        history = list(self.facts.done)
        for step in decision.skipped:
            row = step.rule
            history.append(Done(row.id, row.action, row.op, "skipped"))
        if decision.kind == "execute":
            row = decision.rule
            self.log.append((today, row, self._end()))
            state = "failed" if outcome == "failed" else "done"
            late = timedelta(days=9 if outcome == "late" else 0)
            effective = today + late if state == "done" else None
            history.append(Done(row.id, row.action, row.op, state, today, effective))
        self.facts = replace(self.facts, done=tuple(history))
        return decision

    def _end(self):
        by_id = {row.id: row for row in self.rows}
        ends = [
            shift(d.effective, by_id[d.rule_id].wait_after, by_id[d.rule_id].day_kind)
            for d in self.facts.done
            if d.state == "done"
        ]
        return max(ends, default=None)


@tagged("post_install", "-at_install")
class TestPlannerProperties(BaseCase):
    @settings(**SETTINGS)
    @given(tables(), missing, outcomes, gaps)
    def test_any_life_of_a_case(self, rows, lacks, results, waits):
        world = World(rows, lacks)
        today = DUE + timedelta(days=1)
        results = [*results, *["done"] * 30]
        last = None
        for wait in waits:
            last = world.run(today, results.pop(0))
            self._check_same_day(world, today)
            today += timedelta(days=wait)
        self._check_log(world)
        # enough days have passed for every row there can be: it has come to an end
        while last.kind in ("execute", "wait") and today < DUE + timedelta(days=5000):
            today += timedelta(days=100)
            last = world.run(today, "done")
        self.assertIn(last.kind, ("stop", "park"))

    def _check_same_day(self, world, today):
        """Twice on a day: the second time changes nothing."""
        before = world.facts.done, list(world.log)
        again = world.run(today, "done")
        self.assertNotEqual(again.kind, "execute")
        self.assertEqual(again.skipped, ())
        self.assertEqual((world.facts.done, world.log), before)

    def _check_log(self, world):
        ids = [row.id for _day, row, _end in world.log]
        self.assertEqual(len(ids), len(set(ids)), "an action was taken twice")
        days = [day for day, _row, _end in world.log]
        self.assertEqual(len(days), len(set(days)), "two steps on one day")
        amount = world.facts.amount
        for day, row, prev_end in world.log:
            if prev_end:
                self.assertGreaterEqual(day, prev_end, "before the wait ran out")
            anchor = DUE if row.anchor == "due" or not prev_end else prev_end
            earliest = shift(anchor, row.wait_before, row.day_kind)
            self.assertGreaterEqual(day, earliest, "before its earliest date")
            self.assertGreaterEqual(amount, row.min_threshold)
            self.assertGreaterEqual(amount, row.amount_from)
            self.assertTrue(not row.amount_to or amount <= row.amount_to)
            self.assertNotEqual(row.anchor, "plan", "nobody planned the work")

    @settings(**SETTINGS)
    @given(tables(), missing, st.integers(-30, 900))
    def test_total_and_deterministic(self, rows, lacks, days):
        world = World(rows, lacks)
        today = DUE + timedelta(days=days)
        first = plan(world.facts, rows, today, shift)
        self.assertEqual(first, plan(world.facts, rows[::-1], today, shift))
        self.assertIn(first.kind, ("execute", "wait", "park", "stop"))
        self.assertTrue(first.reasons, "no reason was given")
        if first.kind == "wait":
            self.assertTrue(first.date is None or first.date > today)
        for step in first.skipped:
            self.assertTrue(step.reasons)

    @settings(**SETTINGS)
    @given(tables(), missing, outcomes, st.integers(1, 400))
    def test_paying_all_closes(self, rows, lacks, results, days):
        world = World(rows, lacks)
        today = DUE
        for result in results:
            today += timedelta(days=17)
            world.run(today, result)
        world.facts = replace(world.facts, lines=())
        paid = world.run(today + timedelta(days=days), "done")
        self.assertEqual((paid.kind, paid.skipped), ("close", ()))

    @settings(**SETTINGS)
    @given(
        st.sampled_from(("domestic", "non_domestic", "large", "public_body", "")),
        st.sampled_from(("water", "gas", "electricity", "telephone", "")),
        st.sampled_from(("active", "suspended", "ceased", "reduced", "limited", "")),
        st.sampled_from(("suspendible", "not_suspendible", "deactivable", "")),
        st.integers(0, 3000).map(lambda cents: Decimal(cents) / 2),
        missing,
        gaps,
    )
    def test_standard_table_never_orders_work_on_a_supply(
        self, customer, service, state, klass, amount, lacks, waits
    ):
        """Whatever the case, the calendar alone never comes to a cut."""
        key = Key(customer, service, state, klass)
        world = World(standard_rules(), lacks, str(amount))
        world.facts = replace(world.facts, key=key)
        today = DUE
        for wait in waits:
            today += timedelta(days=wait)
            world.run(today, "done")
        ops = {row.op for _day, row, _end in world.log}
        self.assertFalse(ops & {"reduce", "limit", "suspend", "reactivate"}, ops)
        self.assertFalse("deactivate" in ops and state != "suspended")
        rows, _notes = choose_set(standard_rules(), key)
        self.assertTrue({row for _day, row, _end in world.log} <= set(rows))

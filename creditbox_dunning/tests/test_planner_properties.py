"""The planner's promises, for any table, any facts and any sequence of days.

A driver carries out what the planner says and answers with random outcomes, payments,
holds and a random guard; after every night the promises are checked.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import (
    Event,
    Hold,
    Key,
    Reason,
    Verdict,
)
from odoo.addons.creditbox_dunning.rules.outcomes import OUTCOMES, outcomes_for
from odoo.addons.creditbox_dunning.rules.planner import no_guard, plan
from odoo.addons.creditbox_dunning.rules.sets import choose_set

from .planner_common import DUE, World, bill, facts, rule, shift, standard_rules

CHANNELS = ("sms", "email", "pp", "ar", "pec", "pec|ar", "email+sms")
WORK = (
    (7, "list"),
    (7, "reduce"),
    (7, "suspend"),
    (7, "deactivate"),
    (7, "reactivate"),
    (6, "assign"),
    (8, "writeoff"),
    (9, "plan"),
    (10, "legal"),
)
ANY_STATE = Key("domestic", "electricity", "", "suspendible")
SETTINGS = {
    "max_examples": 60,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
MOST_TRIES = 4  # three orders, or two letters by one channel and two by another


@st.composite
def rows(draw, seq):
    """One row: any waits, bands, jumps and anchors, sane or not."""
    kind = draw(st.sampled_from(("letter", "letter", "work")))
    if kind == "work":
        action, op = draw(st.sampled_from(WORK))
        channel = "task"
    else:
        action = draw(st.integers(1, 5))
        formal = action in (4, 5)
        ops = ("default", "terminate") if formal else ("remind", "notice", "pre_notice")
        op, channel = draw(st.sampled_from(ops)), draw(st.sampled_from(CHANNELS))
    anchors = ("due", "due", "prev_end", "plan", "op_done", "payment")
    jumps = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 140))
    return rule(
        seq,
        key=ANY_STATE,
        action=action,
        op=op,
        channel=channel,
        anchor="event" if seq >= 900 else draw(st.sampled_from(anchors)),
        day_kind=draw(st.sampled_from(("solar", "weekdays", "working"))),
        wait_before=draw(st.integers(-5, 60)),
        wait_after=draw(st.integers(0, 40)),
        amount_from=Decimal(draw(st.sampled_from((0, 0, 100, 300)))),
        amount_to=Decimal(draw(st.sampled_from((0, 0, 200, 500)))) or Decimal(0),
        min_threshold=Decimal(draw(st.sampled_from((0, 0, 25, 120)))),
        next_ok=draw(jumps),
        next_ko=draw(jumps),
    )


@st.composite
def tables(draw):
    """The rows of one set, alternatives and event rows among them."""
    seqs = draw(st.lists(st.integers(0, 130), max_size=9, unique=True))
    seqs += draw(st.sampled_from(((), (900,), (900, 910))))
    return tuple(draw(rows(seq)) for seq in seqs)


days = st.integers(0, 300).map(lambda number: DUE + timedelta(days=number))


@st.composite
def holds(draw):
    start = draw(days)
    length = draw(st.one_of(st.none(), st.integers(0, 60)))
    until = None if length is None else start + timedelta(days=length)
    lines = draw(st.sampled_from((None, None, frozenset({1}), frozenset({2, 3}))))
    stops = draw(st.sampled_from(("all", "technical")))
    clock = draw(st.sampled_from(("run", "stop")))
    return Hold("complaint", until, start, stops, lines, clock)


missing = st.dictionaries(
    st.sampled_from(("sms", "email", "pp", "ar", "pec")), st.just("no_address")
)
bills = st.lists(
    st.tuples(st.sampled_from(("250", "80", "20", "-30")), st.integers(0, 120)),
    min_size=1,
    max_size=3,
).map(
    lambda found: tuple(
        bill(amount, DUE + timedelta(days=late), number)
        for number, (amount, late) in enumerate(found, 1)
    )
)
gaps = st.lists(st.integers(1, 45), min_size=20, max_size=20)
answers = st.lists(st.integers(0, 11), min_size=20, max_size=20)


@dataclass(frozen=True)
class Law:
    """A guard that knows no law: some operations late, some never, some impossible."""

    late: dict
    never: frozenset
    impossible: frozenset

    def __call__(self, row, known, today):
        if row.op in self.impossible:
            reason = Reason.of("impossible_operation", op=row.op)
            return Verdict(blocked=True, reasons=(reason,))
        if row.op in self.never:
            return Verdict(blocked=True, reasons=(Reason.of("guard_protected"),))
        if row.op in self.late:
            earliest = DUE + timedelta(days=self.late[row.op])
            return Verdict(earliest=earliest, reasons=(Reason.of("guard_late"),))
        return Verdict()


some_ops = st.sampled_from(("default", "list", "reduce", "suspend", "legal", "notice"))
laws = st.builds(
    Law,
    st.dictionaries(some_ops, st.integers(0, 200), max_size=3),
    st.frozensets(some_ops, max_size=1),
    st.frozensets(st.sampled_from(("reduce", "limit")), max_size=1),
)


class Driver(World):
    """A world that answers every open action with one of its outcomes."""

    def answer(self, number, today):
        waiting = self.waiting
        if waiting is None or number >= 10:
            return  # nobody tells anything tonight
        options = [o.code for o in outcomes_for(waiting.action)]
        code = options[number % len(options)]
        if OUTCOMES[code].state == "open" and number > 5:
            code = options[0]
        vals = {}
        if waiting.op in ("list", "suspend"):
            vals["planned"] = today + timedelta(days=number)
        if code in ("unknown", "moved", "deceased", "untraceable") and number % 2:
            vals["address_changed"] = True
        self.tell(code, today, **vals)


@tagged("post_install", "-at_install")
class TestPlannerProperties(BaseCase):
    @settings(**SETTINGS)
    @given(tables(), bills, missing, st.lists(holds(), max_size=3), laws, answers, gaps)
    def test_any_life_of_a_case(self, table, lines, lacks, held, law, told, waits):
        it = Driver(
            table, *lines, key=replace(ANY_STATE, supply_state="active"), guard=law
        )
        it.change(missing=lacks, holds=tuple(held))
        it.change(events=(Event("plan", DUE + timedelta(days=33)),))
        today = DUE + timedelta(days=1)
        for wait, number in zip(waits, told, strict=True):
            before = it.facts
            decision = it.run(today)
            self._check_decision(it, before, decision, today)
            self._check_same_day(it, today)
            it.answer(number, today)
            today += timedelta(days=wait)
        self._check_log(it)
        self._check_end(it, today)

    def _check_decision(self, it, before, decision, today):
        self.assertTrue(decision.reasons, "no reason was given")
        for step in decision.skipped:
            self.assertTrue(step.reasons)
        if decision.kind == "wait":
            self.assertTrue(decision.date is None or decision.date > today)
        if decision.kind != "execute":
            return
        row = decision.rule
        verdict = it.guard(row, before, today)
        self.assertFalse(verdict.blocked, "done against the law")
        if verdict.earliest:
            self.assertGreaterEqual(today, verdict.earliest, "before the law's day")
        if row.op != "reactivate":
            self._check_holds(before, decision, today)
            self._check_amounts(before, decision)

    def _check_holds(self, before, decision, today):
        row = decision.rule
        technical = row.action == 7 or row.op == "pre_notice"
        for hold in before.holds:
            is_on = hold.start <= today and (not hold.until or hold.until >= today)
            if is_on and (hold.stops == "all" or technical):
                self.assertIsNotNone(hold.lines, "done against a hold")
                self.assertFalse(hold.lines & set(decision.lines), "a held bill")

    def _check_amounts(self, before, decision):
        listed = {line.id: line for line in before.lines if line.id in decision.lines}
        owed = [line for line in listed.values() if line.residual > 0]
        self.assertTrue(owed, "a step about nothing")
        if decision.rule.anchor == "due":
            for line in owed:
                wait = decision.rule.wait_before, decision.rule.day_kind
                self.assertGreaterEqual(decision.date, shift(line.due, *wait))
        if decision.rule.action >= 6 and before.has_formal_notice:
            for line in owed:
                self.assertTrue(
                    line.covered & {"default", "terminate"}, "not in the notice"
                )

    def _check_same_day(self, it, today):
        """Twice on a day: the second time changes nothing."""
        before = it.facts, len(it.log), it.round, len(it.withdrawn)
        again = it.run(today)
        self.assertNotEqual(again.kind, "execute")
        self.assertEqual(again.skipped, ())
        self.assertEqual((it.facts, len(it.log), it.round, len(it.withdrawn)), before)

    def _check_log(self, it):
        nights = [day for day, _round, _step in it.log]
        self.assertEqual(len(nights), len(set(nights)), "two steps on one day")
        withdrawn = Counter((one.rule_id, one.attempt) for _day, one in it.withdrawn)
        tries = Counter(
            (number, step.rule.id, step.attempt) for _day, number, step in it.log
        )
        for (_round, rule_id, attempt), times in tries.items():
            again = withdrawn[(rule_id, attempt)]
            self.assertLessEqual(times, 1 + again, "an action was taken twice")
            self.assertLessEqual(attempt, MOST_TRIES)

    def _check_end(self, it, today):
        """Everything told and no hold: it comes to an end, whatever the table."""
        it.change(holds=(), events=())
        for number in range(150):
            decision = it.run(today)
            if it.waiting:
                it.answer(0 if number % 3 else 1, today)
                if it.waiting and OUTCOMES.get(it.waiting.outcome):
                    it.tell(self._last_word(it.waiting), today)
            elif decision.kind not in ("execute", "wait") or not decision.date:
                break
            today = max(today + timedelta(days=1), decision.date or today)
        else:
            self.fail(f"it never ends: {it.steps[-10:]}")

    def _last_word(self, waiting):
        told = [o for o in outcomes_for(waiting.action) if o.state != "open"]
        return told[-1].code

    @settings(**SETTINGS)
    @given(tables(), bills, missing, st.lists(holds(), max_size=2), days)
    def test_total_and_deterministic(self, table, lines, lacks, held, today):
        it = facts(*lines, key=ANY_STATE, missing=lacks, holds=tuple(held))
        first = plan(it, table, today, shift)
        self.assertEqual(first, plan(it, table[::-1], today, shift))
        self.assertIn(first.kind, ("execute", "wait", "park", "stop", "close"))
        self.assertTrue(first.reasons, "no reason was given")

    @settings(**SETTINGS)
    @given(tables(), bills, answers, gaps, st.integers(1, 20))
    def test_paying_all_closes(self, table, lines, told, waits, nights):
        """At once when the supply is on; else it is given back first."""
        it = Driver(table, *lines, key=replace(ANY_STATE, supply_state="active"))
        today = DUE + timedelta(days=1)
        for wait, number in list(zip(waits, told, strict=True))[:nights]:
            it.run(today)
            it.answer(number, today)
            today += timedelta(days=wait)
        it.change(lines=())
        was_off = it.facts.key.supply_state not in ("active", "ceased")
        decision = it.run(today)
        if not was_off:
            self.assertEqual((decision.kind, decision.skipped), ("close", ()))
            return
        for _night in range(5):
            if decision.kind != "execute" and not it.waiting:
                break
            if it.waiting:
                self.assertEqual(it.waiting.op, "reactivate")
                it.tell("executed", today)
            today += timedelta(days=1)
            decision = it.run(today)
        has_row = any(row.op == "reactivate" and not row.is_event for row in table)
        if has_row:
            self.assertEqual(decision.kind, "close")
        else:
            self.assertEqual(decision.kind, "stop")
            self.assertEqual(decision.reasons[0].code, "reactivate_by_hand")

    @settings(**SETTINGS)
    @given(
        st.sampled_from(("domestic", "non_domestic", "large", "public_body", "")),
        st.sampled_from(("water", "gas", "electricity", "telephone", "")),
        st.sampled_from(("active", "suspended", "ceased", "reduced", "limited", "")),
        st.sampled_from(("suspendible", "not_suspendible", "deactivable", "")),
        st.integers(1, 6000).map(lambda cents: Decimal(cents) / 2),
        missing,
        gaps,
    )
    def test_standard_table_never_orders_work_by_the_calendar_alone(
        self, customer, service, state, klass, amount, lacks, waits
    ):
        """Gate 19, pure part: while nobody tells a plan, nothing comes to a cut; and a
        protected class never sends a list (but for the limitation of water)."""
        key = Key(customer, service, state, klass)
        it = Driver(standard_rules(), bill(str(amount)), key=key, guard=no_guard)
        it.change(missing=lacks)
        today = DUE
        for wait in waits:
            today += timedelta(days=wait)
            it.run(today)
            if it.waiting:
                code = outcomes_for(it.waiting.action)[0].code
                it.tell(code, today)
                if it.waiting:  # taken by the agency: it found nothing
                    it.tell("negative", today)
        ops = {step.rule.op for _day, _round, step in it.log}
        self.assertFalse(ops & {"reduce", "limit", "suspend", "reactivate"}, ops)
        self.assertFalse("deactivate" in ops and state != "suspended")
        if klass == "not_suspendible" and state != "suspended" and service != "water":
            self.assertNotIn("list", ops)
        rows_, _notes = choose_set(standard_rules(), it.facts.key)
        if "deactivate" not in ops:
            taken = {step.rule for _day, _round, step in it.log}
            self.assertLessEqual(taken, set(rows_))

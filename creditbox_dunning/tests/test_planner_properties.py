"""The planner's promises, for any table, any facts and any sequence of days.

A driver carries out what the planner says and answers with random outcomes, payments,
holds and a random guard; after every night the promises are checked.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, example, given, settings
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
ACTIVE = replace(ANY_STATE, supply_state="active")
seeds = st.integers(0, 2**32)
SETTINGS = {
    "max_examples": 300,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
SOME_OPS = ("default", "list", "reduce", "suspend", "legal", "notice")
MESSAGES_AND_LETTERS = ("sms", "email", "pp", "ar", "pec")
# three orders, or two letters by one channel and two by another; as many again when a
# plan was broken long after its notice
MOST_TRIES = 8


class Chance:
    """What a seed makes: tables, bills, holds, laws. Evenly spread on purpose: what is
    small and simple, which hypothesis prefers, hardly ever comes to a cut."""

    def __init__(self, seed):
        self.random = Random(seed)  # noqa: S311 no secret is made here
        self.pick = self.random.choice
        self.int = self.random.randint

    def day(self):
        return DUE + timedelta(days=self.int(0, 300))

    def row(self, seq):
        """One row: any waits, bands, jumps and anchors, sane or not."""
        if self.pick((True, False)) or seq >= 900:
            action, op = self.pick(WORK)
            channel = "task"
        else:
            action, channel = self.int(1, 5), self.pick(CHANNELS)
            formal = action in (4, 5)
            ops = ("remind", "notice", "pre_notice")
            op = self.pick(("default", "default", "terminate") if formal else ops)
        anchors = (*["due"] * 4, *["prev_end"] * 8, "plan", "op_done", "payment")
        return rule(
            seq,
            key=ANY_STATE,
            action=action,
            op=op,
            channel=channel,
            anchor="event" if seq >= 900 else self.pick(anchors),
            day_kind=self.pick(("solar", "weekdays", "working")),
            wait_before=self.int(-5, 40),
            wait_after=self.int(0, 30),
            amount_from=Decimal(self.pick((0, 0, 0, 100))),
            amount_to=Decimal(self.pick((0, 0, 0, 500))),
            min_threshold=Decimal(self.pick((0, 0, 0, 25))),
            next_ok=self.pick((None, None, None, self.int(0, 140))),
            next_ko=self.pick((None, None, None, self.int(0, 140))),
        )

    def table(self):
        """The rows of one set, alternatives and event rows among them."""
        seqs = self.random.sample(range(131), self.int(1, 14))
        seqs += self.pick(((), (900,), (900, 910)))
        return tuple(self.row(seq) for seq in seqs)

    def bills(self):
        found = [bill(self.pick(("250", "80", "40")), DUE, 1)]
        for number in range(2, self.int(2, 4)):
            late = timedelta(days=self.int(0, 120))
            found.append(bill(self.pick(("250", "80", "-30")), DUE + late, number))
        return found

    def hold(self):
        start = self.day()
        length = self.pick((None, self.int(0, 60), self.int(0, 60)))
        return Hold(
            "complaint",
            None if length is None else start + timedelta(days=length),
            start,
            self.pick(("all", "technical")),
            self.pick((None, None, frozenset({1}), frozenset({2, 3}))),
            self.pick(("run", "stop")),
        )

    def holds(self):
        return tuple(self.hold() for _number in range(self.int(0, 3)))

    def law(self):
        ops = self.random.sample(SOME_OPS, self.int(0, 4))
        return Law(
            {op: self.int(0, 200) for op in ops[:2]},
            frozenset(ops[2:3]) if self.int(0, 2) == 0 else frozenset(),
            frozenset(self.pick(((), ("reduce",)))),
        )

    def missing(self):
        lacks = self.random.sample(MESSAGES_AND_LETTERS, self.int(0, 2))
        return dict.fromkeys(lacks, "no_address")


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


@tagged("post_install", "-at_install", "slow")
class TestPlannerProperties(BaseCase):
    @settings(**SETTINGS)
    @given(seeds)
    # an order taken back by a hold: whoever waits for it would act the second time
    @example(127872)
    # a notice before a cut, made and taken back in one night by two measures
    @example(123949)
    def test_any_life_of_a_case(self, seed):
        it, today = self._live(seed, self._check_night)
        self._check_log(it)
        self._check_end(it, today)

    def test_the_lives_are_full(self):
        """The seeds come to all kinds of steps: a promise about nothing is none."""
        ops = Counter()
        for seed in range(200):
            it, _today = self._live(seed, lambda *_args: None)
            ops.update(step.rule.op for _day, _round, step in it.log)
        for op in ("default", "list", "suspend", "assign", "legal", "plan", "notice"):
            self.assertGreater(ops[op], 10, ops)
        self.assertGreater(ops["reactivate"], 0)

    def _live(self, seed, check):
        """(world, day) after forty nights of a case that ``seed`` makes."""
        chance = Chance(seed)
        it = Driver(chance.table(), *chance.bills(), key=ACTIVE, guard=chance.law())
        it.change(missing=chance.missing(), holds=chance.holds())
        if chance.pick((True, False)):
            it.change(events=(Event("plan", chance.day()),))
        today = DUE + timedelta(days=1)
        for _night in range(40):
            before, number = it.facts, it.round
            decision = it.run(today)
            if it.round > number:
                before = replace(before, done=())  # the new round knows nothing
            check(it, before, decision, today)
            it.answer(chance.int(0, 11), today)
            if chance.int(0, 15) == 0:
                it.pay(chance.int(1, 3))
            today += timedelta(days=chance.pick((1, 1, chance.int(1, 30))))
        return it, today

    def _check_night(self, it, before, decision, today):
        self._check_decision(it, before, decision, today)
        self._check_same_day(it, today)

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
            self._check_waits(it, before, decision, today)
            self._check_amounts(before, decision)

    def _check_holds(self, before, decision, today):
        row = decision.rule
        technical = row.action == 7 or row.op == "pre_notice"
        for hold in before.holds:
            is_on = hold.start <= today and (not hold.until or hold.until >= today)
            if is_on and (hold.stops == "all" or technical):
                self.assertIsNotNone(hold.lines, "done against a hold")
                self.assertFalse(hold.lines & set(decision.lines), "a held bill")

    def _check_waits(self, it, before, decision, today):
        row = decision.rule
        if row.is_event or "after_event" in [r.code for r in decision.reasons]:
            return  # asked for by somebody
        by_id = {other.id: other for other in it.rules}
        for done in before.done:
            told = by_id[done.rule_id]
            is_plan = row.anchor == "plan" and told.op == "list"
            if done.state == "done" and not is_plan:
                end = shift(done.effective, told.wait_after, told.day_kind)
                self.assertGreaterEqual(today, end, "before the wait ran out")

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
    @given(seeds)
    def test_total_and_deterministic(self, seed):
        chance = Chance(seed)
        table, today = chance.table(), chance.day()
        it = facts(
            *chance.bills(),
            key=ACTIVE,
            missing=chance.missing(),
            holds=chance.holds(),
        )
        first = plan(it, table, today, shift)
        self.assertEqual(first, plan(it, table[::-1], today, shift))
        self.assertIn(first.kind, ("execute", "wait", "park", "stop", "close"))
        self.assertTrue(first.reasons, "no reason was given")

    @settings(**{**SETTINGS, "max_examples": 60})
    @given(st.integers(42, 400), st.integers(0, 60), st.booleans())
    def test_a_broken_plan_begins_no_ladder_anew(self, told, gap, paid):
        """It goes on after the notice, or with the notice when it no longer holds: no
        friendly reminder, no order before the new notice arrived."""
        it = World(standard_rules(), bill("900"), missing={"pec": "no_pec"})
        for number in (3, 7, 15, 30):
            it.run(DUE + timedelta(days=number))
        it.tell("delivered", DUE + timedelta(days=37))
        asked = replace(it.facts.done[-1], amount=Decimal(900))
        event = Event("plan", DUE + timedelta(days=40))
        it.change(done=(*it.facts.done[:-1], asked), events=(event,))
        it.run(DUE + timedelta(days=41))
        it.tell("agreed", DUE + timedelta(days=41))
        if paid:
            line = it.facts.lines[0]
            it.change(lines=(replace(line, residual=Decimal(600)),))
        it.tell("broken", DUE + timedelta(days=told))
        today = DUE + timedelta(days=told + 1)
        decision = it.until(today, today + timedelta(days=60 + gap))
        is_stale = paid or told > 37 + 90
        self.assertEqual(decision.rule.op, "default" if is_stale else "list")
        self.assertEqual(it.round, 1)
        if is_stale:
            waits = it.until(today + timedelta(days=1), today + timedelta(days=gap + 1))
            self.assertEqual((waits.kind, waits.rule.op), ("wait", "default"))

    @settings(**SETTINGS)
    @given(seeds)
    def test_paying_all_closes(self, seed):
        """At once when the supply is on; else it is given back first."""
        chance = Chance(seed)
        table = chance.table()
        it = Driver(table, *chance.bills(), key=ACTIVE)
        today = DUE + timedelta(days=1)
        for _night in range(chance.int(1, 30)):
            it.run(today)
            it.answer(chance.int(0, 11), today)
            today += timedelta(days=chance.int(1, 20))
        it.change(lines=())
        was_off = it.facts.key.supply_state not in ("active", "ceased")
        decision = it.run(today)
        if not was_off:
            self.assertEqual((decision.kind, decision.skipped), ("close", ()))
            return
        for _night in range(40):
            if decision.kind in ("close", "stop"):
                break
            if it.waiting:
                self.assertEqual(it.waiting.op, "reactivate")
                it.tell("executed", today)
            today += timedelta(days=1)
            decision = it.run(today)
        if decision.kind != "close":
            # no row for it, or tried in vain: it says so and asks for a person
            self.assertEqual(decision.kind, "stop")
            code = decision.reasons[0].code
            self.assertIn(code, ("reactivate_by_hand", "work_failed"))
            tried = [d for d in it.facts.done if d.op == "reactivate"]
            has_row = any(row.op == "reactivate" and row.seq < 900 for row in table)
            self.assertTrue(tried or not has_row, "it was never tried")

    @settings(**SETTINGS)
    @given(
        st.sampled_from(("domestic", "non_domestic", "large", "public_body", "")),
        st.sampled_from(("water", "gas", "electricity", "telephone", "")),
        st.sampled_from(("active", "suspended", "ceased", "reduced", "limited", "")),
        st.sampled_from(("suspendible", "not_suspendible", "deactivable", "")),
        st.integers(1, 6000).map(lambda cents: Decimal(cents) / 2),
        seeds,
    )
    def test_standard_table_never_orders_work_by_the_calendar_alone(
        self, customer, service, state, klass, amount, seed
    ):
        """Gate 19, pure part: while nobody tells a plan, nothing comes to a cut; and a
        protected class never sends a list (but for the limitation of water)."""
        key = Key(customer, service, state, klass)
        it = Driver(standard_rules(), bill(str(amount)), key=key, guard=no_guard)
        chance = Chance(seed)
        it.change(missing=chance.missing())
        today = DUE
        for _night in range(40):
            today += timedelta(days=chance.int(1, 45))
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

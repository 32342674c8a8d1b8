"""A broken plan and the notice before it; a cut to come and its open day."""

from dataclasses import replace

from odoo.tests.common import tagged

from odoo.addons.creditbox_dunning.rules.coverage import starts_new_round
from odoo.addons.creditbox_dunning.rules.facts import Event, Hold, Verdict
from odoo.addons.creditbox_dunning.rules.guard_common import allow

from .planner_common import World, bill, rule
from .test_planner_transitions import TransitionCase, day, noticed, planned


@tagged("post_install", "-at_install")
class TestBrokenPlans(TransitionCase):
    def _plan(self):
        it = noticed()
        it.change(events=(Event("plan", day(40)),))
        it.run(day(41))
        it.tell("agreed", day(42))
        return it

    def test_36_plan_broken_long_after_the_notice(self):
        """The formal notice goes out again, no friendly one before it."""
        it = self._plan()
        it.tell("broken", day(128))
        decision = it.run(day(129))
        self.expect(decision, "execute", "default")
        self.assertEqual((it.round, decision.attempt), (1, 2))
        self.assertFalse(decision.skipped)
        self.expect(it.run(day(130)), "wait", "default")
        it.tell("delivered", day(136))
        decision = it.until(day(137), day(200))
        self.expect(decision, "execute", "list")

    def test_36_the_limit_of_the_notice(self):
        """Delivered on day 37, good for 90 days: 127 is the last."""
        for told, op in ((127, "list"), (128, "default")):
            it = self._plan()
            self.assertEqual(it.facts.done[-2].effective, day(37))
            it.tell("broken", day(told))
            self.expect(it.run(day(told + 1)), "execute", op)

    def test_36_works_are_ordered_again_after_a_new_notice(self):
        """List, plan of the office and order: all counted from the new notice."""
        it = planned(80)
        it.change(events=(Event("plan", day(78)),))
        it.run(day(78))
        it.tell("agreed", day(79))
        it.tell("broken", day(200))
        self.expect(it.until(day(201), day(220)), "execute", "default")
        it.tell("delivered", day(207))
        decision = it.until(day(208), day(260))
        self.expect(decision, "execute", "list")
        self.assertEqual(decision.attempt, 2)
        self.expect(it.run(day(259)), "wait", "list")

    def test_36_a_supply_cut_already_is_not_cut_again(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        it.tell("executed", day(80))
        self.assertEqual(it.facts.key.supply_state, "reduced")
        it.change(events=(Event("plan", day(81)),))
        it.until(day(81), day(90))
        it.tell("agreed", day(82))
        it.tell("broken", day(200))
        self.expect(it.until(day(201), day(220)), "execute", "default")
        it.tell("delivered", day(207))
        for number in range(208, 320):
            if it.run(day(number)).kind == "execute" and it.waiting:
                it.tell("executed", day(number), planned=day(number + 4))
        ops = [op for number, op in it.steps if number > 207]
        self.assertNotIn("reduce", ops)
        self.assertIn("suspend", ops)

    def test_a_cut_to_come_is_told_for_an_open_day(self):
        """The table's day is a Friday: the case says Monday from the beginning, and on
        Monday it is done."""
        row = rule(50, action=7, op="suspend", channel="task", wait_before=30)
        friday = day(30)
        self.assertEqual(friday.weekday(), 4)

        def guard(_rule, _facts, today):
            return Verdict(earliest=allow(today, frozenset()))

        it = World((row,), bill("900", covered=("default",)), guard=guard)
        for number in (1, 10, 29, 30, 31, 32):
            self.expect(it.run(day(number)), "wait", "suspend", on=33)
        self.expect(it.run(day(33)), "execute", "suspend")


@tagged("post_install", "-at_install")
class TestBillsOutsideThePlan(TransitionCase):
    """A plan stops its own bills; the others go on as if these were not there."""

    def _under_plan(self, *lines, told="agreed"):
        """Bill 1 was noticed and is paid by instalments since day 42."""
        it = noticed(bill("300"), *lines)
        it.change(events=(Event("plan", day(40)),))
        it.run(day(41))
        if told:
            it.tell(told, day(42))
        name = "plan_active" if told else "plan_requested"
        held = Hold(name, None, day(42), lines=frozenset({1}), clock="stop")
        it.change(holds=(held,))
        return it

    def test_a_newer_bill_begins_its_own_round(self):
        newer = bill("90", number=2, due=day(50))
        it = self._under_plan()
        self.expect(it.run(day(49)), "wait")
        it.change(lines=(*it.facts.lines, newer))
        seen = [it.run(day(number)) for number in range(51, 90)]
        done = [d for d in seen if d.kind == "execute"]
        self.assertEqual(it.round, 2)
        self.assertEqual([d.rule.op for d in done][:2], ["remind", "remind"])
        self.assertIn("default", [d.rule.op for d in done])
        self.assertEqual({d.lines for d in done}, {(2,)}, "only the newer bill")

    def test_only_asked_for_the_newer_bill_waits(self):
        """Asked for, not agreed: it is decided within days, no round is thrown away."""
        it = self._under_plan(bill("90", number=2, due=day(43)), told="")
        self.assertEqual(it.run(day(60)).kind, "wait")
        self.assertEqual(it.round, 1)

    def test_a_bill_of_the_same_notice_goes_on_alone(self):
        """The customer took only one of the two bills of the notice into the plan."""
        it = self._under_plan(bill("400", number=2))
        decision = it.until(day(43), day(90))
        self.expect(decision, "execute", "list")
        self.assertEqual((decision.lines, it.round), ((2,), 1))

    def test_what_is_cut_comes_back_first(self):
        """No round begins while the supply is off: its notice says when it is given
        back."""
        facts = self._under_plan(bill("90", number=2, due=day(43))).facts
        self.assertTrue(starts_new_round(facts, day(60)))
        off = replace(facts, key=replace(facts.key, supply_state="suspended"))
        self.assertFalse(starts_new_round(off, day(60)))

    def test_a_plan_that_is_over_holds_no_round(self):
        facts = self._under_plan(bill("90", number=2, due=day(43))).facts
        over = replace(facts, holds=(replace(facts.holds[0], until=day(59)),))
        self.assertFalse(starts_new_round(over, day(60)))

"""Gates 16, 19 and 44, the planner's part: what a hold stops and for how long."""

from dataclasses import replace

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import Hold, Key, Reason, Verdict

from .planner_common import bill
from .test_planner_transitions import codes, day, noticed, world


def told(decision):
    return decision.kind, decision.rule and decision.rule.op, decision.date


@tagged("post_install", "-at_install")
class TestHoldsOfThePlanner(BaseCase):
    """On which bills, which steps, with which clock."""

    def test_end_date_resumes_by_itself(self):
        """Gate 16: a hold with an end date needs nobody to end it."""
        it = world()
        it.change(holds=(Hold("promise", day(20), day(10)),))
        it.run(day(3))
        self.assertEqual(told(it.run(day(15))), ("wait", None, day(21)))
        self.assertEqual(told(it.run(day(21)))[:2], ("execute", "notice"))

    def test_dispute_on_one_bill_lets_the_others_go_on(self):
        """Gate 16: the held bill is simply not there for the step."""
        it = world(bill("300"), bill("400", number=2), missing={"pec": "no_pec"})
        it.change(holds=(Hold("dispute", None, day(1), lines=frozenset({2})),))
        for number in (3, 7, 15, 30):
            decision = it.run(day(number))
            self.assertEqual((decision.kind, decision.lines), ("execute", (1,)))
        it.tell("delivered", day(37))
        decision = it.run(day(65))
        self.assertEqual((decision.rule.op, decision.lines), ("list", (1,)))
        it.tell("executed", day(65), planned=day(80))
        it.pay(1)
        self.assertEqual(told(it.run(day(66))), ("wait", None, None))

    def test_dispute_on_every_bill_waits_for_its_end(self):
        it = world(bill("300"))
        it.change(holds=(Hold("dispute", day(40), day(1), lines=frozenset({1})),))
        self.assertEqual(told(it.run(day(3))), ("wait", None, day(41)))

    def test_dispute_counts_for_bands(self):
        """The rest is below the threshold of the technical office: nothing goes on."""
        it = noticed(bill("20"), bill("400", number=2))
        held = Hold("dispute", day(90), day(40), "technical", frozenset({2}))
        it.change(holds=(held,))
        decision = it.run(day(65))
        self.assertEqual(
            (decision.kind, codes(decision)), ("park", ["below_threshold"])
        )
        self.assertEqual(told(it.run(day(91)))[:2], ("execute", "list"))

    def test_complaint_stops_the_technical_step_only(self):
        """Gate 44: friendly notices go on by their rows, the cut does not."""
        complaint = Hold("complaint", None, day(1), "technical")
        it = world(missing={"pec": "no_pec"}, holds=(complaint,))
        for number in (3, 7, 15, 30):
            self.assertEqual(it.run(day(number)).kind, "execute")
        it.tell("delivered", day(37))
        decision = it.run(day(65))
        self.assertEqual(told(decision), ("wait", "list", None))
        self.assertIn("on_hold", codes(decision))
        it.change(holds=(replace(complaint, until=day(70)),))
        self.assertEqual(told(it.run(day(70))), ("wait", "list", day(71)))
        self.assertEqual(told(it.run(day(71)))[:2], ("execute", "list"))

    def test_stopped_clock_of_one_bill(self):
        """Days of a bill whose clock stood still do not count for it."""
        held = Hold("dispute", day(9), day(0), lines=frozenset({1}), clock="stop")
        it = world(bill("300"), holds=(held,))
        self.assertEqual(told(it.run(day(10))), ("wait", "remind", day(12)))

    def test_overlapping_holds_count_once(self):
        holds = (
            Hold("complaint", day(50), day(40), clock="stop"),
            Hold("moratorium", day(55), day(45), clock="stop"),
        )
        it = noticed(holds=holds)
        self.assertEqual(told(it.run(day(56))), ("wait", "list", day(65 + 16)))

    def test_legal_clock_never_runs_backwards(self):
        """The guard's day holds whatever the hold did to the table's."""
        law = day(90)

        def guard(rule, _facts, _today):
            return Verdict(earliest=law if rule.op == "list" else None)

        for clock in ("run", "stop"):
            it = noticed(guard=guard, holds=(Hold("x", day(50), day(40), clock=clock),))
            self.assertEqual(told(it.run(day(60))), ("wait", "list", law))

    def test_protected_class_never_sends_a_list(self):
        """Gate 19: set without technical rows, and the guard besides."""
        it = noticed(key=Key("domestic", "electricity", "active", "not_suspendible"))
        seen = {it.run(day(number)).rule.op for number in range(60, 68)}
        self.assertEqual(seen, {"assign"})
        law = Reason.of("guard_protected")

        def guard(rule, _facts, _today):
            return Verdict(blocked=rule.is_technical, reasons=(law,))

        it = noticed(guard=guard)
        for number in range(65, 500, 7):
            self.assertEqual(told(it.run(day(number)))[:2], ("wait", "list"))

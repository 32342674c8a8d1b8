"""The 40 transitions of a case: one example each, told by number.

The nodes are those of the trade: N0 overdue, N1 grace, N2 reminders, E1-E3 public
bodies, S1 formal notice, S3 list, S4 plan, S5 notice before the works, S6/S7 works, S8
their result, S9 reactivation, A1/A2 agency, X1 settlement, P1 instalments, L1 court, Z
closed. What belongs to objects of its own (agency lots, plans, court files) is told
here as the planner sees it: an outcome, an event, a hold.
"""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.facts import (
    Event,
    Hold,
    Key,
    Reason,
    Verdict,
)
from odoo.addons.creditbox_dunning.rules.planner import withdrawals

from .planner_common import DUE, ELECTRICITY, World, bill, standard_rules

TRANSITIONS = {
    1: "overdue above the threshold: grace period",
    2: "time elapsed, unpaid: reminders",
    3: "nothing owed: closed, after reactivation when the supply is off",
    4: "public body: its supplies are gathered",
    5: "gathered: PEC",
    6: "PEC unpaid: second PEC in default, then court",
    7: "other classes: formal notice by PEC or registered letter",
    8: "PEC failed: registered letter with its own day",
    9: "letter not notified: search, second letter, then agency",
    10: "addressee dead: held for the heirs",
    11: "notified, time elapsed, guard green: list to the technical office",
    12: "not suspendible or ceased: agency",
    13: "plan received: its day is kept",
    14: "days before the plan: notice before the works",
    15: "day of the plan: works",
    16: "paid or said to be paid: the order is withdrawn",
    17: "works done: the state of the supply",
    18: "works not done: again n times, then agency",
    19: "reduced, still unpaid: suspension",
    20: "suspended and deactivable: notice to terminate, then deactivation",
    21: "still unpaid: agency",
    22: "paid: reactivation",
    23: "reactivated: closed",
    24: "reactivated late: indemnity proposed",
    25: "agency takes or rejects",
    26: "agency collected: closed",
    27: "agency partial or promise: instalments",
    28: "agency negative: settlement in its band, else court",
    29: "settlement asked at any time",
    30: "settlement approved: the offer has its days",
    31: "settlement refused: previous node",
    32: "offer paid: closed",
    33: "offer expired: on to the court",
    34: "plan agreed at any time before the court",
    35: "plan paid: closed",
    36: "plan broken: where it stood, new notice if old",
    37: "hold: resumes with the rule of its clock",
    38: "ceased: technical steps cancelled",
    39: "court: sub-states",
    40: "uncollectable: loss by a person",
}


def day(number):
    return DUE + timedelta(days=number)


def codes(decision):
    return [reason.code for reason in decision.reasons]


def world(*lines, key=ELECTRICITY, **vals):
    return World(standard_rules(), *(lines or (bill("700"),)), key=key, **vals)


def noticed(*lines, key=ELECTRICITY, **vals):
    """A world in which the formal notice arrived on the 37th day."""
    it = world(*lines, key=key, missing={"pec": "no_pec"}, **vals)
    for number in (3, 7, 15, 30):
        it.run(day(number))
    it.tell("delivered", day(37))
    return it


def planned(on=80, **vals):
    """A world whose work is planned for day ``on``."""
    it = noticed(**vals)
    it.run(day(65))
    it.tell("executed", day(65), planned=day(on))
    return it


def suspended(*lines, **vals):
    """A world reduced on the 80th day and suspended on the 96th."""
    it = planned(*lines, **vals)
    for number in (77, 80):
        it.run(day(number))
    it.tell("executed", day(80))
    it.run(day(96))
    it.tell("executed", day(96))
    return it


def at_agency(amount="700"):
    it = suspended()
    owing(it, amount)
    it.until(day(97), day(130))
    it.until(day(98), day(200))
    assert it.waiting.op == "assign", it.steps
    return it


def owing(it, amount):
    """Whatever is still owed becomes ``amount`` a bill."""
    lines = (replace(ln, residual=Decimal(amount)) for ln in it.facts.lines)
    it.change(lines=tuple(lines))


class TransitionCase(BaseCase):
    def expect(self, decision, kind, op=None, on=None, code=None):
        self.assertEqual(decision.kind, kind, decision)
        if op:
            self.assertEqual(decision.rule.op, op)
        if on is not None:
            self.assertEqual(decision.date, day(on))
        if code:
            self.assertIn(code, codes(decision))


@tagged("post_install", "-at_install")
class TestTransitions(TransitionCase):
    def test_00_all_forty(self):
        names = {n for cls in TransitionCase.__subclasses__() for n in dir(cls)}
        numbers = {int(m[1]) for n in names if (m := re.match(r"test_(\d\d)_", n))}
        self.assertEqual(numbers - {0}, set(TRANSITIONS))
        self.assertEqual(set(TRANSITIONS), set(range(1, 41)))

    def test_01_overdue_opens(self):
        self.expect(world().run(day(1)), "wait", "remind", 3)
        self.expect(world(bill("4")).run(day(3)), "park", code="below_threshold")

    def test_02_reminders(self):
        it = world()
        for number in range(1, 16):
            it.run(day(number))
        self.assertEqual(it.steps, [(3, "remind"), (7, "remind"), (15, "notice")])

    def test_03_paid_closes(self):
        it = world()
        it.run(day(3))
        it.pay()
        self.expect(it.run(day(4)), "close", code="paid")
        cut = suspended()
        cut.pay()
        self.expect(cut.run(day(100)), "execute", "reactivate")

    def test_04_public_body_gathers(self):
        it = world(key=Key("public_body", "water", "active", "public_body"))
        self.expect(it.run(day(14)), "wait", "collect", 15)
        self.expect(it.run(day(15)), "execute", "collect")

    def test_05_public_body_pec(self):
        it = world(key=Key("public_body", "gas", "active", "public_body"))
        it.run(day(15))
        self.expect(it.run(day(30)), "execute", "notice")
        self.assertEqual(it.log[-1][2].channels, ("pec",))

    def test_06_public_body_default_then_court(self):
        key = Key("public_body", "electricity", "active", "public_body")
        it = world(bill("5000"), key=key)
        it.run(day(15))
        it.run(day(30))
        it.tell("delivered", day(30))
        self.expect(it.run(day(60)), "execute", "default")
        it.tell("delivered", day(60))
        self.expect(it.run(day(90)), "execute", "writeoff")
        it.tell("refused", day(95))
        self.expect(it.run(day(96)), "execute", "legal")

    def test_07_formal_notice_by_pec_or_letter(self):
        for missing, channel in (({}, "pec"), ({"pec": "no_pec"}, "ar")):
            it = world(missing=missing)
            it.run(day(15))
            self.expect(it.run(day(30)), "execute", "default")
            self.assertEqual(it.log[-1][2].channels, (channel,))

    def test_08_pec_failed_letter_has_its_own_day(self):
        it = world()
        it.run(day(15))
        it.run(day(30))
        it.tell("pec_failed", day(32))
        self.expect(it.run(day(33)), "execute", "default")
        self.assertEqual(it.log[-1][2].channels, ("ar",))
        it.tell("delivered", day(45))
        self.expect(it.run(day(46)), "wait", "list", 45 + 28)

    def test_09_second_letter_then_agency(self):
        it = world(missing={"pec": "no_pec"})
        it.run(day(15))
        it.run(day(30))
        it.tell("unknown", day(40))
        self.expect(it.run(day(41)), "wait", "default", code="address_search")
        self.assertIsNone(it.run(day(41)).date)
        it.change(done=(*it.facts.done[:-1], self._found(it.facts.done[-1])))
        second = it.run(day(50))
        self.expect(second, "execute", "default", code="another_attempt")
        self.assertEqual(second.attempt, 2)
        it.tell("moved", day(60))
        self.expect(it.run(day(61)), "execute", "assign")
        self.assertNotIn("list", {op for _day, op in it.steps})

    def _found(self, letter):
        return replace(letter, address_changed=True)

    def test_09_nobody_finds_an_address(self):
        it = world(missing={"pec": "no_pec"})
        it.run(day(15))
        it.run(day(30))
        it.tell("untraceable", day(40))
        self.assertEqual(it.run(day(89)).kind, "wait")
        self.expect(it.run(day(90)), "execute", "assign")

    def test_09_lost_letters_are_sent_again(self):
        it = world(missing={"pec": "no_pec"})
        it.run(day(15))
        it.run(day(30))
        it.tell("lost", day(40))
        self.expect(it.run(day(41)), "execute", "default")

    def test_10_heirs(self):
        it = world(missing={"pec": "no_pec"})
        it.run(day(15))
        it.run(day(30))
        it.tell("deceased", day(40))
        for number in (41, 400, 4000):
            decision = it.run(day(number))
            self.expect(decision, "wait", code="heirs")
            self.assertIsNone(decision.date)

    def test_11_list_when_the_guard_is_green(self):
        it = noticed()
        self.expect(it.run(day(64)), "wait", "list", 65)
        self.expect(it.run(day(65)), "execute", "list")

    def test_11_guard_red(self):
        law = Reason.of("guard_no_default_notice")

        def guard(rule, _facts, _today):
            return Verdict(blocked=rule.op == "list", reasons=(law,))

        it = noticed(guard=guard)
        decision = it.run(day(65))
        self.expect(decision, "wait", "list", code="guard_no_default_notice")
        self.assertIsNone(decision.date)
        self.assertTrue(decision.verdict.blocked)

    def test_12_no_technical_branch(self):
        for state, klass, on in (
            ("active", "not_suspendible", 67),
            ("ceased", "suspendible", 57),
        ):
            it = noticed(key=Key("domestic", "electricity", state, klass))
            self.expect(it.run(day(on - 1)), "wait", "assign", on)
            self.expect(it.run(day(on)), "execute", "assign")

    def test_13_plan_received(self):
        it = noticed()
        it.run(day(65))
        it.tell("executed", day(65))
        self.expect(it.run(day(66)), "wait", "pre_notice", code="waits_plan")
        it = planned(80)
        self.expect(it.run(day(66)), "wait", "pre_notice", 77)

    def test_14_notice_before_the_works(self):
        it = planned(80)
        self.expect(it.run(day(76)), "wait", "pre_notice", 77, "after_plan")
        self.expect(it.run(day(77)), "execute", "pre_notice")

    def test_15_works_on_the_day_of_the_plan(self):
        it = planned(80)
        it.run(day(77))
        self.expect(it.run(day(79)), "wait", "reduce", 80)
        self.expect(it.run(day(80)), "execute", "reduce")

    def test_15_late_notice_moves_the_works(self):
        it = planned(80)
        it.run(day(79))
        self.expect(it.run(day(80)), "wait", "reduce", 82)

    def test_16_order_withdrawn(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        self.assertEqual(it.waiting.op, "reduce")
        it.change(holds=(Hold("payment_told", day(86), day(81)),))
        self.expect(it.run(day(81)), "wait", on=87, code="on_hold")
        self.assertEqual([one.op for _day, one in it.withdrawn], ["reduce"])
        self.expect(it.run(day(87)), "execute", "reduce")
        it.pay()
        self.expect(it.run(day(88)), "close")
        self.assertEqual(len(it.withdrawn), 2)

    def test_16_paid_in_part_below_the_threshold(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        owing(it, 20)
        it.run(day(81))
        self.assertEqual([one.op for _day, one in it.withdrawn], ["reduce"])

    def test_17_done_changes_the_set(self):
        it = suspended()
        self.assertEqual(it.facts.key.supply_state, "suspended")
        decision = it.run(day(97))
        self.expect(decision, "execute", "remind")
        self.assertEqual(decision.rule.anchor, "op_done")

    def test_18_not_done_again_then_agency(self):
        it = planned(80)
        it.run(day(77))
        for attempt, on in enumerate((80, 88, 96), 1):
            decision = it.until(day(on - 2), day(on))
            self.expect(decision, "execute", "reduce")
            self.assertEqual(decision.attempt, attempt)
            self.assertEqual(it.log[-1][0], day(on))
            it.tell("meter_unreachable", day(on + 1))
        self.expect(it.run(day(98)), "execute", "assign")

    def test_18_a_new_plan_has_its_day(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        it.tell("opposition", day(81), planned=day(101))
        self.expect(it.run(day(82)), "wait", "reduce", 101)

    def test_18_impossible_goes_on_without(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        it.tell("impossible", day(81))
        self.expect(it.run(day(82)), "execute", "suspend")

    def test_19_reduced_then_suspended(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        it.tell("executed", day(80))
        self.assertEqual(it.facts.key.supply_state, "reduced")
        self.expect(it.run(day(95)), "wait", "suspend", 96)
        self.expect(it.run(day(96)), "execute", "suspend")

    def test_20_terminated_then_deactivated(self):
        it = suspended()
        it.change(key=replace(it.facts.key, suspendibility="deactivable"))
        self.expect(it.run(day(125)), "wait", "terminate", 126)
        self.expect(it.run(day(126)), "execute", "terminate")
        it.tell("delivered", day(130))
        self.expect(it.run(day(145)), "wait", "deactivate", 146)
        self.expect(it.run(day(146)), "execute", "deactivate")
        it.tell("executed", day(150))
        self.assertEqual(it.facts.key.supply_state, "ceased")

    def test_21_still_unpaid_goes_to_the_agency(self):
        it = suspended()
        it.run(day(97))
        self.expect(it.run(day(125)), "wait", "assign", 126)
        self.expect(it.run(day(126)), "execute", "assign")

    def test_21_time_passes_without_the_message_too(self):
        it = suspended()
        it.change(missing={"email": "no_email"})
        self.expect(it.run(day(97)), "wait", "assign", 126)

    def test_22_paid_is_given_back(self):
        it = suspended()
        it.pay()
        it.change(holds=(Hold("complaint"),))
        self.expect(it.run(day(100)), "execute", "reactivate")
        self.expect(it.run(day(101)), "wait", "reactivate")

    def test_22_newer_bills_do_not_keep_it_off(self):
        it = suspended()
        it.change(lines=(*it.facts.lines, bill("90", due=day(90), number=2)))
        it.pay(1)
        self.expect(it.run(day(100)), "execute", "reactivate")
        it.tell("executed", day(101))
        self.expect(it.run(day(102)), "execute", "remind")
        self.assertEqual(it.round, 2)

    def test_22_first_instalment_with_authorisation(self):
        it = suspended()
        it.change(events=(Event("reactivate", day(99)),))
        self.expect(it.run(day(100)), "execute", "reactivate")

    def test_23_given_back_then_closed(self):
        it = suspended()
        it.pay()
        it.run(day(100))
        it.tell("executed", day(101))
        self.assertEqual(it.facts.key.supply_state, "active")
        self.expect(it.run(day(102)), "close", code="paid")

    def test_24_given_back_late(self):
        it = suspended()
        it.pay()
        it.run(day(100))
        it.tell("executed", day(105), planned=day(101))
        self.expect(it.run(day(106)), "close", code="reactivated_late")


@tagged("post_install", "-at_install")
class TestTransitionsOfTheOffice(TransitionCase):
    """From the agency on."""

    def test_25_taken_or_rejected(self):
        it = at_agency()
        since = (it.log[-1][0] - DUE).days
        it.tell("taken", day(since + 2))
        self.expect(it.run(day(since + 400)), "wait", "assign", code="waits_agency")
        it = at_agency()
        it.tell("rejected", day(since + 2))
        self.expect(it.run(day(since + 3)), "wait", "assign", since + 9)
        self.expect(it.run(day(since + 9)), "execute", "assign")

    def test_26_collected(self):
        it = at_agency()
        it.tell("collected", day(200))
        # the money is awaited, then the ladder goes on
        self.expect(it.run(day(201)), "wait", "writeoff", 260)
        it.pay()
        self.expect(it.run(day(202)), "execute", "reactivate")

    def test_27_promise_becomes_a_plan(self):
        for outcome in ("partial", "promise"):
            it = at_agency()
            it.tell(outcome, day(200))
            self.expect(it.run(day(201)), "execute", "plan", code="after_event")

    def test_28_negative_settles_in_its_band(self):
        for amount, op in (("700", "writeoff"), ("1501", "legal")):
            it = at_agency(amount)
            it.tell("insolvent", day(200))
            self.expect(it.until(day(201), day(300)), "execute", op)

    def test_29_settlement_at_any_time(self):
        it = noticed()
        it.change(events=(Event("writeoff", day(40)),))
        self.expect(it.run(day(41)), "execute", "writeoff")

    def test_30_offer_has_its_days(self):
        it = noticed()
        it.change(events=(Event("writeoff", day(40)),))
        it.run(day(41))
        it.tell("accepted", day(45), term=day(75))
        self.expect(it.run(day(46)), "wait", "list", 76)

    def test_31_refused_goes_back(self):
        it = noticed()
        it.change(events=(Event("writeoff", day(40)),))
        it.run(day(41))
        it.tell("refused", day(45))
        self.expect(it.run(day(46)), "wait", "list", 65)

    def test_32_offer_paid(self):
        it = noticed()
        it.change(events=(Event("writeoff", day(40)),))
        it.run(day(41))
        it.tell("accepted", day(45), term=day(75))
        it.pay()
        self.expect(it.run(day(60)), "close")

    def test_33_offer_expired(self):
        it = at_agency("1200")
        it.tell("negative", day(200))
        it.until(day(201), day(300))
        self.assertEqual(it.waiting.op, "writeoff")
        it.tell("expired", day(290))
        self.expect(it.run(day(291)), "wait", "legal", 305)
        self.expect(it.run(day(305)), "execute", "legal")

    def test_34_plan_at_any_time(self):
        it = noticed()
        it.change(events=(Event("plan", day(40)),))
        self.expect(it.run(day(41)), "execute", "plan")
        it.tell("agreed", day(42))
        self.expect(it.run(day(400)), "wait", "plan", code="waits_instalments")

    def _plan(self):
        it = noticed()
        it.change(events=(Event("plan", day(40)),))
        it.run(day(41))
        it.tell("agreed", day(42))
        return it

    def test_35_plan_paid(self):
        it = self._plan()
        it.tell("kept", day(100))
        it.pay()
        self.expect(it.run(day(101)), "close")

    def test_36_plan_broken(self):
        it = self._plan()
        it.tell("broken", day(70))
        self.expect(it.run(day(71)), "execute", "list")
        self.assertEqual(it.round, 1)

    def test_36_plan_broken_after_some_payments(self):
        it = self._plan()
        last = it.facts.done[-2]
        asked = replace(last, amount=Decimal(700))
        it.change(done=(*it.facts.done[:-2], asked, it.facts.done[-1]))
        owing(it, 600)
        it.tell("broken", day(70))
        self.expect(it.run(day(71)), "execute", "default")
        self.assertEqual(it.round, 1)

    def test_37_hold_resumes_by_itself(self):
        for clock, on in (("run", 65), ("stop", 65 + 11)):
            it = noticed()
            hold = Hold("complaint", day(50), day(40), clock=clock)
            it.change(holds=(hold,))
            self.expect(it.run(day(45)), "wait", on=51, code="on_hold")
            self.expect(it.run(day(51)), "wait", "list", on)
            self.expect(it.run(day(on)), "execute", "list")

    def test_38_ceased_cancels_the_works(self):
        it = planned(80)
        it.run(day(77))
        it.run(day(80))
        it.change(key=replace(it.facts.key, supply_state="ceased"))
        self.expect(it.run(day(82)), "execute", "assign")
        self.assertEqual([one.op for _day, one in it.withdrawn], ["reduce"])

    def test_39_court(self):
        it = self._in_court()
        for outcome in ("injunction", "precept", "seizure", "insolvency_claim"):
            it.tell(outcome, day(320))
            self.expect(it.run(day(2000)), "wait", "legal", code="waits_court")
        it.tell("recovered", day(2001))
        it.pay()
        self.expect(it.run(day(2002)), "execute", "reactivate")

    def _in_court(self):
        it = at_agency("2000")
        it.tell("disputed", day(200))
        self.expect(it.until(day(201), day(300)), "execute", "legal")
        return it

    def test_40_uncollectable(self):
        it = self._in_court()
        it.tell("uncollectable", day(400))
        self.expect(it.run(day(401)), "stop", "legal", code="uncollectable")
        it.change(key=replace(it.facts.key, supply_state="ceased"))
        it.pay()  # written off: nothing is owed
        self.expect(it.run(day(402)), "close")

    def test_withdrawals_of_what_is_not_technical(self):
        it = world(missing={"pec": "no_pec"})
        it.run(day(15))
        it.run(day(30))
        held = replace(it.facts, holds=(Hold("complaint"),))
        self.assertEqual(withdrawals(held, it.rules, day(31)), {})

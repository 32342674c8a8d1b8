"""Rules of the incoming side: answers in any order, matching, money. No database."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..rules import (
    incoming,
    incoming_match,
    incoming_money,
    lifecycle,
    suspension,
)

D = Decimal
DAY = date(2026, 4, 15)
POINT = "IT001E00000001"


def practice(state="matched", amount="100", **vals):
    return incoming.Practice(
        **{
            "state": state,
            "amount": D(amount),
            "first_amount": D("100"),
            "point": POINT,
            **vals,
        }
    )


@tagged("post_install", "-at_install")
class TestAnswers(BaseCase):
    def test_notice(self):
        self.assertEqual(incoming.on_notice(None, D("100"), POINT).path, ("received",))
        known = practice("charged", "80")
        for amount in ("100", "80"):
            decision = incoming.on_notice(known, D(amount), POINT)
            self.assertEqual(decision, incoming.REPEATED)
        self.assertEqual(
            incoming.on_notice(known, D("99"), POINT).problem, "notice_amount_differs"
        )
        self.assertEqual(
            incoming.on_notice(known, D("80"), "IT001E00000002").problem,
            "notice_point_differs",
        )
        for amount in (None, D("0"), D("-1")):
            self.assertEqual(
                incoming.on_notice(None, amount, POINT).problem, "notice_no_amount"
            )

    def test_updates_out_of_order_wait_for_the_one_before(self):
        first = practice(amount="100")
        later = incoming.on_update(first, D("80"), D("60"), date(2026, 5, 2))
        self.assertEqual(later.problem, "update_before_differs")
        self.assertEqual(
            incoming.on_update(first, D("100"), D("80"), date(2026, 5, 1)).verdict,
            incoming.APPLY,
        )
        then = practice(amount="80", updated_on=date(2026, 5, 1))
        again = incoming.on_update(then, D("80"), D("60"), date(2026, 5, 2))
        self.assertEqual(again.verdict, incoming.APPLY)
        older = incoming.on_update(then, None, D("90"), date(2026, 4, 1))
        self.assertEqual(older.problem, "update_is_older")
        annulled = practice("closed", is_annulled=True)
        self.assertEqual(
            incoming.on_update(annulled, None, D("5"), None).problem,
            "update_of_annulled",
        )

    def test_a_contradiction_never_wins(self):
        for state, positive in (("accepted", False), ("rejected", True)):
            for final in (True, False):
                decision = incoming.answer_request(state, positive, final)
                self.assertEqual(decision.problem, "answer_contradicts")
        decision = incoming.answer_request("admitted", False, False)
        self.assertEqual(decision.problem, "answer_contradicts")

    def test_outcome_without_acknowledgement(self):
        decision = incoming.on_suspension(
            practice("suspend_requested"), incoming.SUSPEND, "sent", True, True
        )
        self.assertEqual(decision.path, ("suspended",))
        self.assertEqual(decision.request, "accepted")
        late = incoming.on_suspension(
            practice("suspended"), incoming.SUSPEND, "accepted", True, False
        )
        self.assertEqual(late, incoming.REPEATED)

    def test_suspended_after_the_customer_was_charged(self):
        decision = incoming.on_suspension(
            practice("to_charge", is_charged=True),
            incoming.SUSPEND,
            "sent",
            True,
            True,
        )
        # billed and not paid: suspended, and the customer is credited
        self.assertEqual(decision.path, ("suspended",))
        paid = practice("collected", is_charged=True, is_collected=True)
        decision = incoming.on_suspension(paid, incoming.SUSPEND, "sent", True, True)
        self.assertEqual(decision.problem, "suspended_after_charge")

    def test_granted_after_it_was_given_up(self):
        """No answer came, a person went on; then the SII grants it after all."""
        for is_final, path in ((True, ("suspended",)), (False, ())):
            decision = incoming.on_suspension(
                practice("to_charge"), incoming.SUSPEND, "overtaken", True, is_final
            )
            self.assertEqual(decision.path, path)
        paid = practice("collected", is_charged=True, is_collected=True)
        decision = incoming.on_suspension(
            paid, incoming.SUSPEND, "overtaken", True, True
        )
        self.assertEqual(decision.problem, "suspended_after_charge")
        decision = incoming.on_cancel_answer(
            practice("to_charge"), "overtaken", True, True, "matched"
        )
        self.assertEqual(
            (decision.path, decision.request), (("cancelled",), "accepted")
        )
        for over in ({"is_annulled": True}, {"stands_annulled": True}):
            decision = incoming.on_suspension(
                practice("to_charge", **over), incoming.SUSPEND, "overtaken", True, True
            )
            self.assertEqual(decision, incoming.REPEATED)
        refused = incoming.on_suspension(
            practice("to_charge"), incoming.SUSPEND, "overtaken", False, True
        )
        self.assertEqual(refused, incoming.REPEATED)

    def test_cancel(self):
        for state in (*lifecycle.INCOMING_LIVE, "closed"):
            self.assertEqual(
                incoming.on_cancel(practice(state)).path, ("cancelled",), state
            )
        self.assertEqual(
            incoming.on_cancel(practice("closed", is_annulled=True)), incoming.REPEATED
        )

    def test_cancelled_after_csea_has_paid(self):
        for state in ("matched", "to_charge", "collected", "reported", "closed"):
            decision = incoming.on_cancel(practice(state), True)
            self.assertEqual((decision.path, decision.stands), ((), True), state)
        # an outcome, which says nothing of CSEA, came first
        stopped = practice("to_refund", is_annulled=True)
        decision = incoming.on_cancel(stopped, True)
        self.assertEqual((decision.path, decision.stands), (("matched",), True))
        lost = practice("closed", is_annulled=True, is_matched=False)
        self.assertEqual(incoming.on_cancel(lost, True).path, ("unmatched",))
        back = practice("to_refund", is_annulled=True, is_returned=True)
        self.assertEqual(incoming.on_cancel(back, True).problem, "cancel_paid_returned")
        stands = practice("collected", stands_annulled=True)
        self.assertEqual(incoming.on_cancel(stands, True), incoming.REPEATED)
        self.assertEqual(incoming.on_cancel(stands), incoming.REPEATED)
        self.assertEqual(
            incoming.on_cancel(stands, False).problem, "cancel_paid_before"
        )


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "update",
                "cancel",
                "ack",
                "outcome",
                "revoke",
                "notice",
                "suspend_notice",
                "cancel_answer",
                "report_ack",
            ]
        ),
        st.booleans(),
        st.sampled_from([D("100"), D("80"), D("60")]),
        st.sampled_from([D("100"), D("80"), D("60"), None]),
    ),
    max_size=12,
)


class Side:
    """A practice with its requests, as the handlers keep it."""

    def __init__(self, state):
        self.state, self.amount, self.annulled = state, D("100"), False
        self.stands = False
        self.requests = dict.fromkeys(
            (incoming.SUSPEND, incoming.REVOKE, incoming.CANCEL, incoming.REPORT),
            "sent",
        )

    def facts(self):
        return practice(
            self.state,
            self.amount,
            is_annulled=self.annulled,
            stands_annulled=self.stands,
        )

    def judge(self, event):
        kind, flag, amount, before = event
        facts = self.facts()
        if kind == "notice":
            return None, incoming.on_notice(facts, amount, POINT)
        if kind == "update":
            return None, incoming.on_update(facts, before, amount, None)
        if kind == "cancel":
            return None, incoming.on_cancel(facts, {D("100"): True}.get(amount, flag))
        if kind == "suspend_notice":
            return None, incoming.on_suspend_notice(facts, flag)
        if kind == "cancel_answer":
            key = incoming.CANCEL
            state = self.requests[key]
            return key, incoming.on_cancel_answer(facts, state, flag, True, "matched")
        if kind == "report_ack":
            key = incoming.REPORT
            state = self.requests[key]
            return key, incoming.on_report_ack(facts, state, flag, True)
        key = incoming.REVOKE if kind == "revoke" else incoming.SUSPEND
        return key, incoming.on_suspension(
            facts, key, self.requests[key], flag, kind != "ack"
        )

    def apply(self, event):
        key, decision = self.judge(event)
        if decision.verdict != incoming.APPLY:
            return decision
        for state in decision.path:
            lifecycle.check_move(lifecycle.INCOMING, self.state, state)
            self.state = state
        if decision.request:
            self.requests[key] = decision.request
        if event[0] == "update":
            self.amount = event[2]
        if "cancelled" in decision.path:
            self.annulled = True
        if decision.stands:
            self.annulled, self.stands = False, True
        return decision


@tagged("post_install", "-at_install")
class TestAnyOrder(BaseCase):
    @settings(max_examples=400, deadline=None)
    @given(st.sampled_from(lifecycle.INCOMING_LIVE), EVENTS)
    def test_never_off_the_life_cycle_and_twice_is_once(self, state, events):
        side = Side(state)
        for event in events:
            was_annulled = side.annulled or side.stands
            side.apply(event)
            self.assertIn(side.state, lifecycle.states(lifecycle.INCOMING))
            self.assertGreaterEqual(side.annulled or side.stands, was_annulled)
            self.assertFalse(side.annulled and side.stands)
            before = (side.state, side.amount, side.annulled, dict(side.requests))
            again = side.apply(event)
            # the same answer once more changes nothing
            self.assertNotEqual(again.verdict, incoming.APPLY, event)
            after = (side.state, side.amount, side.annulled, dict(side.requests))
            self.assertEqual(before, after)


def supply(key, point=POINT, start=date(2024, 1, 1), stop=None, holder=("A",)):
    return incoming_match.Supply(key, point, start, stop, frozenset(holder))


@tagged("post_install", "-at_install")
class TestMatch(BaseCase):
    def match(self, *supplies, holder=("A",), point=POINT, day=DAY):
        return incoming_match.match_contract(point, frozenset(holder), day, supplies)

    def test_point_of_14_and_15_characters(self):
        key = incoming_match.point_key
        for written in (
            "IT001E00000001",
            "IT001E000000017",
            "it 001 e 0000.0001X",
        ):
            self.assertEqual(key("electricity", written), POINT)
        self.assertEqual(key("gas", "881234567890"), "00881234567890")
        self.assertEqual(key("gas", 881234567890), "00881234567890")
        self.assertEqual(key("gas", None), "")

    def test_same_holder_in_force(self):
        old = supply("old", stop=date(2026, 4, 14))
        new = supply("new", start=DAY)
        found = self.match(old, new)
        self.assertEqual(found.chosen.key, "new")
        self.assertEqual(self.match(old).reason, incoming_match.NOT_IN_FORCE)
        # the last day counts
        self.assertEqual(self.match(supply("x", stop=DAY)).state, "matched")

    def test_a_person_decides_about_another_holder(self):
        found = self.match(supply("a", holder=("B",)))
        self.assertEqual(found.reason, incoming_match.HOLDER_DIFFERS)
        self.assertEqual([s.key for s in found.proposals], ["a"])
        found = self.match(supply("a", holder=()))
        self.assertEqual(found.reason, incoming_match.HOLDER_UNKNOWN)
        found = self.match(supply("a"), holder=())
        self.assertEqual(found.reason, incoming_match.HOLDER_UNKNOWN)

    def test_elsewhere(self):
        found = self.match(supply("moved", point="IT001E99999999"))
        self.assertEqual(found.reason, incoming_match.UNKNOWN_POINT)
        self.assertEqual(found.proposals[0].key, "moved")
        self.assertEqual(
            self.match(supply("1"), supply("2")).reason, incoming_match.SEVERAL
        )

    def test_person_keys(self):
        keys = incoming_match.person_keys
        self.assertEqual(keys("rssmra80a01f205x", None), {"RSSMRA80A01F205X"})
        self.assertEqual(keys(None, "IT01234567890"), {"01234567890"})
        self.assertEqual(keys("1234567890", " "), {"01234567890"})

    def test_line_of_the_network(self):
        one = incoming_match.Awaiting(1, "SII000000000001", POINT, D("50"))
        two = incoming_match.Awaiting(2, "SII000000000002", POINT, D("70"))
        find = incoming_match.match_line
        self.assertEqual(find("SII000000000002", "", D("1"), [one, two]), two)
        self.assertEqual(find("", POINT, D("50"), [one, two]), one)
        self.assertIsNone(find("", POINT, D("51"), [one, two]))
        self.assertIsNone(find("SII000000000009", POINT, D("50"), [one, two]))
        self.assertIsNone(find("", "", D("50"), [one, two]))

    def test_codes_in_words(self):
        self.assertEqual(
            incoming_match.codes_in("CMOR pratica SII0000000000A1 POD it001E00000001"),
            ("SII0000000000A1", POINT),
        )
        self.assertEqual(incoming_match.codes_in("oneri"), ("", ""))


def bill(amount, total=None, residual=None, due=date(2026, 5, 1)):
    total = amount if total is None else total
    residual = total if residual is None else residual
    return incoming_money.OnBill(D(amount), D(total), D(residual), due)


def money(state="charged", amount="100", network="100", bills=(), **vals):
    return incoming_money.Money(
        state, D(amount), network=D(network), bills=tuple(bills), **vals
    )


@tagged("post_install", "-at_install")
class TestMoney(BaseCase):
    def test_pro_quota_of_a_bill_that_carries_other_things(self):
        facts = money(bills=[bill("100", "300", "150")])
        self.assertEqual((facts.collected, facts.open_amount), (D("50"), D("50")))
        third = money(bills=[bill("10", "30", "10")], amount="10", network="10")
        self.assertEqual(third.open_amount, D("3.33"))

    def test_life(self):
        path = incoming_money.path
        self.assertEqual(path(money("matched"), DAY), ("to_charge",))
        self.assertEqual(path(money("matched", network="0"), DAY), ())
        unpaid = bill("100")
        self.assertEqual(path(money("to_charge", bills=[unpaid]), DAY), ("charged",))
        late = date(2026, 5, 2)
        self.assertEqual(
            path(money("to_charge", bills=[unpaid]), late), ("charged", "uncollected")
        )
        # the due date itself is not late
        self.assertEqual(path(money(bills=[unpaid]), date(2026, 5, 1)), ())
        paid = bill("100", residual="0")
        self.assertEqual(path(money("uncollected", bills=[paid]), late), ("collected",))
        self.assertEqual(
            path(money("uncollected", bills=[unpaid], has_left=True), late),
            ("carried",),
        )
        # a payment that is taken back: overdue, or not yet
        reopened = money("collected", bills=[unpaid])
        self.assertEqual(path(reopened, late), ("uncollected",))
        self.assertEqual(path(reopened, DAY), ("charged",))

    def test_annulled(self):
        path = incoming_money.path
        billed = money("cancelled", bills=[bill("100")], is_annulled=True)
        self.assertEqual(path(billed, DAY), ("to_refund",))
        self.assertEqual(billed.to_return, D("100"))
        nothing = money("cancelled", is_annulled=True)
        self.assertEqual(path(nothing, DAY), ("closed",))
        suspended = money("suspended", network=D("100"), bills=[bill("100")])
        self.assertEqual((suspended.to_return, suspended.to_bill), (D("100"), 0))
        self.assertEqual(incoming_money.path(suspended, DAY), ())
        waiting = money("cancelled", is_annulled=True, pending=D("100"))
        self.assertEqual(path(waiting, DAY), ())
        given_back = money(
            "to_refund", bills=[bill("100"), bill("-100")], is_annulled=True
        )
        self.assertTrue(given_back.is_returned)
        promised = money(
            "to_refund", bills=[bill("100")], is_annulled=True, pending=D("-100")
        )
        self.assertEqual((promised.to_return, promised.is_returned), (D("0"), False))

    def test_lowered_after_billing(self):
        facts = money(amount="60", bills=[bill("100")])
        self.assertEqual(facts.to_return, D("40"))
        self.assertEqual(facts.difference, D("40"))
        self.assertEqual(facts.to_bill, D("0"))
        # paid, reported and closed: it opens again, or nobody would give it back
        closed = money("closed", amount="60", bills=[bill("100", residual="0")])
        self.assertEqual(incoming_money.path(closed, DAY), ("reported",))

    def test_raised_after_it_was_billed(self):
        """What the network charges more of it reaches the customer in any state."""
        for state in ("charged", "uncollected", "collected", "carried", "reported"):
            for residual in ("0", "100"):
                facts = money(
                    state, "150", "150", [bill("100", residual=residual)], has_left=True
                )
                self.assertEqual(facts.to_bill, D("50"), state)
        closed = money("closed", "150", "150", [bill("100", residual="0")])
        self.assertEqual(closed.to_bill, 0)
        self.assertEqual(incoming_money.path(closed, DAY), ("reported",))
        opened = money("reported", "150", "150", [bill("100", residual="0")])
        self.assertFalse(incoming_money.may_close(opened, False, D(0)))
        # a second bill that is not due makes nothing overdue
        rest = money("collected", "150", "150", [bill("100", residual="0"), bill("50")])
        self.assertEqual(incoming_money.path(rest, DAY), ("charged",))

    def test_a_bill_credited_in_full_is_no_payment(self):
        for state in ("charged", "uncollected", "collected", "carried"):
            facts = money(state, bills=())
            self.assertEqual(incoming_money.path(facts, DAY), ("to_charge",), state)

    def test_given_up(self):
        """Written off, or settled for less: that is no money of the customer."""

        def given_up(lost, residual="0", state="uncollected", **vals):
            part = incoming_money.OnBill(D("100"), D("300"), D(residual), DAY, D(lost))
            return money(state, bills=[part], **vals)

        whole = given_up("300")
        self.assertEqual((whole.collected, whole.lost), (D("0"), D("100")))
        self.assertEqual(incoming_money.path(whole, DAY), ())
        self.assertEqual(incoming_money.report_state(whole), "1")
        half = given_up("150")
        self.assertEqual((half.collected, half.lost), (D("50"), D("50")))
        self.assertEqual(incoming_money.report_state(half), "2")
        self.assertEqual(incoming_money.exposure(half, DAY), ("", 0))
        left = given_up("300", state="carried", has_left=True)
        self.assertEqual(incoming_money.path(left, DAY), ())
        self.assertEqual(incoming_money.report_state(left), "5")
        charged = given_up("300", state="charged")
        self.assertEqual(incoming_money.path(charged, DAY), ("uncollected",))

    def test_billed_before_the_program(self):
        """Only its state is known: nothing is charged a second time."""
        for state in ("charged", "uncollected", "collected", "reported", "closed"):
            facts = money(state, is_told=True)
            self.assertEqual(facts.to_bill, 0)
            self.assertEqual(incoming_money.path(facts, DAY), ())
        exposure = incoming_money.exposure
        self.assertEqual(
            exposure(money("charged", is_told=True), DAY), ("billed", D("100"))
        )
        self.assertEqual(exposure(money("collected", is_told=True), DAY), ("", 0))

    def test_never_charged_beyond_what_we_are_charged(self):
        facts = money("to_charge", network="40")
        self.assertEqual(facts.to_bill, D("40"))
        facts = money("to_charge", network="130")
        self.assertEqual(facts.to_bill, D("100"))
        self.assertEqual(money("suspended").to_bill, D("0"))

    def test_report_state(self):
        of = incoming_money.report_state
        self.assertEqual(of(money()), "0")
        self.assertEqual(of(money(bills=[bill("100")])), "1")
        self.assertEqual(of(money(bills=[bill("100", residual="40")])), "2")
        self.assertEqual(of(money(bills=[bill("100", residual="0")])), "3")
        self.assertEqual(of(money(bills=[bill("100")], has_left=True)), "5")
        self.assertEqual(of(money(bills=[bill("100")], is_annulled=True)), "4")

    amounts = st.decimals(0, 10**6, places=2)

    @settings(max_examples=300, deadline=None)
    @given(amounts, amounts, amounts, amounts, st.booleans(), st.booleans())
    def test_figures_always_add_up(self, amount, network, total, residual, gone, dead):
        total = max(total, amount)
        residual = min(residual, total)
        facts = incoming_money.Money(
            "to_charge",
            amount,
            is_annulled=dead,
            network=network,
            bills=(incoming_money.OnBill(amount, total, residual, DAY),),
            has_left=gone,
        )
        self.assertEqual(facts.collected + facts.open_amount, facts.billed)
        self.assertGreaterEqual(facts.to_bill, 0)
        self.assertLessEqual(facts.billed + facts.to_bill, max(amount, facts.billed))
        self.assertFalse(facts.to_bill and facts.to_return)
        for state in lifecycle.states(lifecycle.INCOMING):
            at = incoming_money.Money(
                state, amount, dead, network, D(0), facts.bills, gone
            )
            source = state
            for target in incoming_money.path(at, DAY):
                self.assertTrue(lifecycle.can_move("incoming", source, target))
                source = target


@tagged("post_install", "-at_install")
class TestSuspension(BaseCase):
    def problems(self, **vals):
        return suspension.problems(
            suspension.Facts(
                **{
                    "state": "matched",
                    "fact": "suspended",
                    "is_collected": False,
                    "last_day": DAY,
                    "today": DAY,
                    **vals,
                }
            )
        )

    def test_conditions(self):
        self.assertEqual(self.problems(), ())
        self.assertEqual(self.problems(today=date(2026, 4, 16)), ("late",))
        self.assertEqual(self.problems(fact=""), ("no_fact",))
        self.assertEqual(self.problems(is_collected=True), ("collected",))
        self.assertEqual(self.problems(state="suspended"), ("state",))
        # on a bill and unpaid: it may be asked (TISIND 15)
        self.assertEqual(self.problems(state="uncollected"), ())
        self.assertEqual(self.problems(state="reported"), ("state",))
        self.assertEqual(self.problems(last_day=None), ("no_term",))

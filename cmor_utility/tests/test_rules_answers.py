"""Answers in any order, repeated or contradictory: the life of a practice holds."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..models.cmor_practice_request import ALLOWED_SOURCES
from ..rules import answers, lifecycle
from ..rules.answers import ADOPT, APPLY, FIXABLE, REPEATED, WAIT, Facts, decide

FINAL = ("cancelled", "closed_lost", "expired")
CODES = ("", "SII000000000001", "SII000000000002")
DAYS = st.sampled_from([None, *(date(2026, 5, 1) + timedelta(n) for n in range(4))])
AMOUNTS = st.sampled_from([Decimal("100.00"), Decimal("80.00"), Decimal("60.00")])
BITS = st.sampled_from(["0", "1"])


def values(**parts):
    return st.fixed_dictionaries({}, optional=parts)


ANSWERS = st.one_of(
    st.tuples(
        st.just("claim_ack"),
        values(admitted=BITS, sii_code=st.sampled_from(CODES)),
    ),
    st.tuples(
        st.just("claim_outcome"),
        values(outcome=BITS, sii_code=st.sampled_from(CODES), cmor_amount=AMOUNTS),
    ),
    st.tuples(
        st.just("claim_update"),
        values(cmor_amount=AMOUNTS, amount_before=AMOUNTS, updated_on=DAYS),
    ),
    st.tuples(st.just("suspend_notice"), values(suspended=BITS, notice_date=DAYS)),
    st.tuples(st.just("cancel_ack"), values(admitted=BITS)),
    st.tuples(st.just("cancel_outcome"), values(outcome=BITS)),
    st.tuples(st.just("cancel_notice"), values(indemnity_paid=BITS)),
)


class World:
    """One practice and one request, as the Odoo side carries decisions out."""

    def __init__(self, state="sent", request=""):
        self.facts = Facts(state, amount=Decimal("100.00"), request=request)
        self.seen = {}

    def receive(self, key, told, cause=FIXABLE):
        seen = self.seen.setdefault(key, {})
        facts = self.facts._replace(
            cause=cause,
            seen=frozenset(seen),
            latest=max((day for day in seen.values() if day), default=None),
        )
        decision = decide(key, told, facts)
        if decision.verdict == APPLY:
            self.carry_out(key, told, decision)
        return decision

    def carry_out(self, key, told, decision):
        state, request = self.facts.state, self.facts.request
        for target in decision.path:
            assert lifecycle.can_move("outgoing", state, target), (state, target)
            state = target
        for target in decision.request:
            assert request in ALLOWED_SOURCES[target], (request, target)
            request = target
        if decision.effect == "back" and state == "cancel_requested":
            state = "accepted"
        mark = answers.fingerprint(key, told)
        if mark:
            self.seen[key][mark] = answers.day_of(key, told)
        self.facts = self.facts._replace(
            state=state,
            request=request,
            sii_code=decision.sets.get("sii_code", self.facts.sii_code),
            amount=decision.sets.get("amount", self.facts.amount),
        )


@tagged("post_install", "-at_install")
class TestRulesAnswers(BaseCase):
    @settings(max_examples=400, deadline=None)
    @given(
        st.sampled_from(lifecycle.states("outgoing")),
        st.sampled_from(["", *ALLOWED_SOURCES]),
        st.lists(st.tuples(ANSWERS, st.sampled_from([FIXABLE, ADOPT])), max_size=12),
    )
    def test_any_sequence(self, state, request, told):
        """Never an exception; the state is always one that the life knows."""
        world = World(state, request)
        for (key, said), cause in told:
            before = world.facts
            decision = world.receive(key, said, cause)
            if decision.verdict != APPLY:
                self.assertEqual(world.facts, before)
            if decision.verdict == WAIT:
                self.assertTrue(decision.problem)
            if before.state in FINAL:
                self.assertEqual(world.facts.state, before.state)
            # said again it changes nothing
            after = world.facts
            again = world.receive(key, said, cause)
            self.assertEqual(world.facts, after, (key, said, again))

    @settings(max_examples=200, deadline=None)
    @given(ANSWERS, st.text(max_size=5), st.sampled_from(lifecycle.states("outgoing")))
    def test_nonsense_waits(self, answer, text, state):
        key, said = answer
        said = dict.fromkeys(said, text)
        world = World(state, "sent")
        before = world.facts
        if text.strip() not in ("0", "1"):
            decision = world.receive(key, {**said, "cmor_amount": None})
            if key in ("claim_ack", "claim_outcome", "suspend_notice", "claim_update"):
                self.assertEqual(decision.verdict, WAIT)
                self.assertEqual(world.facts, before)

    def test_normal_life(self):
        world = World()
        code = {"sii_code": CODES[1]}
        self.assertEqual(
            world.receive("claim_ack", {"admitted": "1", **code}).path, ("accepted",)
        )
        self.assertEqual(world.facts.sii_code, CODES[1])
        outcome = {"outcome": "1", **code, "cmor_amount": Decimal("100.00")}
        self.assertEqual(world.receive("claim_outcome", outcome).verdict, REPEATED)
        world.receive("suspend_notice", {"suspended": "1"})
        self.assertEqual(world.facts.state, "suspended")
        world.receive("suspend_notice", {"suspended": "0"})
        self.assertEqual(world.facts.state, "accepted")

    def test_out_of_order_is_deemed(self):
        world = World("exported")
        world.receive("suspend_notice", {"suspended": "1", "sii_code": CODES[1]})
        self.assertEqual(world.facts.state, "suspended")
        world = World("sent")
        decision = world.receive(
            "claim_update", {"cmor_amount": Decimal(80), "sii_code": CODES[1]}
        )
        self.assertEqual(decision.path, ("accepted", "updated", "accepted"))
        self.assertEqual(world.facts.amount, Decimal(80))

    def test_contradictions_wait(self):
        for state, key, said, problem in (
            ("rejected", "claim_ack", {"admitted": "1"}, "admitted_after_refusal"),
            ("accepted", "claim_ack", {"admitted": "0"}, "refused_after_admission"),
            ("candidate", "claim_ack", {"admitted": "1"}, "answer_not_sent"),
            ("sent", "claim_ack", {"admitted": "1"}, "no_sii_code"),
            ("sent", "claim_ack", {"admitted": ""}, "answer_unclear"),
            (
                "sent",
                "claim_outcome",
                {"outcome": "1", "sii_code": "S", "cmor_amount": Decimal(90)},
                "amount_differs",
            ),
            ("closed", "cancel_notice", {}, "cancelled_after_closing"),
            ("paid", "cancel_notice", {"indemnity_paid": "0"}, "paid_says_who"),
            ("accepted", "cancel_notice", {"indemnity_paid": "1"}, "paid_unknown"),
        ):
            with self.subTest(problem):
                facts = Facts(state, amount=Decimal(100))
                self.assertEqual(decide(key, said, facts).problem, problem)
        facts = Facts("accepted", sii_code=CODES[1])
        said = {"admitted": "1", "sii_code": CODES[2]}
        self.assertEqual(decide("claim_ack", said, facts).problem, "other_sii_code")

    def test_a_person_decides(self):
        said = {"outcome": "1", "sii_code": "S", "cmor_amount": Decimal(90)}
        facts = Facts("sent", amount=Decimal(100), confirmed=True)
        decision = decide("claim_outcome", said, facts)
        self.assertEqual(decision.sets["amount"], Decimal(90))
        facts = Facts("closed", confirmed=True)
        self.assertEqual(decide("cancel_notice", {}, facts).effect, "refund")

    def test_already_registered(self):
        """Gate 31: adopted when the SII tells its code, never sent again blindly."""
        facts = Facts("sent", cause=ADOPT)
        said = {"admitted": "0", "cause_code": "005"}
        self.assertEqual(decide("claim_ack", said, facts).problem, "already_registered")
        said["sii_code"] = CODES[1]
        decision = decide("claim_ack", said, facts)
        self.assertEqual((decision.event, decision.path), ("adopted", ("accepted",)))
        self.assertEqual(decision.sets, {"sii_code": CODES[1]})

    def test_annulment_asked(self):
        world = World("cancel_requested", "exported")
        world.receive("cancel_ack", {"admitted": "1"})
        self.assertEqual(world.facts.request, "admitted")
        world.receive("cancel_outcome", {"outcome": "1"})
        self.assertEqual(
            (world.facts.state, world.facts.request), ("cancelled", "accepted")
        )
        self.assertEqual(world.receive("cancel_notice", {}).verdict, REPEATED)

    def test_annulment_refused(self):
        world = World("cancel_requested", "sent")
        decision = world.receive("cancel_ack", {"admitted": "0"})
        self.assertEqual((decision.effect, decision.request), ("back", ("rejected",)))

    def test_annulled_after_payment(self):
        decision = decide("cancel_notice", {"indemnity_paid": "1"}, Facts("paid"))
        self.assertEqual((decision.path, decision.effect), (("refund_due",), "refund"))

    def test_old_update_does_not_undo_the_new(self):
        world = World("accepted")
        new = {"cmor_amount": Decimal(60), "updated_on": date(2026, 5, 3)}
        old = {"cmor_amount": Decimal(80), "updated_on": date(2026, 5, 1)}
        world.receive("claim_update", new)
        self.assertEqual(world.receive("claim_update", old).verdict, REPEATED)
        self.assertEqual(world.facts.amount, Decimal(60))

    def test_codes_are_compared_without_zeros(self):
        self.assertEqual(answers.plain_code("004"), answers.plain_code(" 4"))
        self.assertEqual(answers.plain_code("000"), "0")
        self.assertEqual(answers.plain_code(None), "")

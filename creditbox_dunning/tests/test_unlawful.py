"""A work carried out against the law: recorded as it was, and what follows from it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tests.common import BaseCase

from odoo.addons.creditbox_dunning.rules.breach import (
    FORBIDDING_HOLDS,
    Breach,
    find_breach,
    indemnity_for,
)
from odoo.addons.creditbox_dunning.rules.facts import Hold, Reason

from .guard_common import LAW, ask, done, facts, key, supply
from .planner_common import rule
from .test_outcomes import OutcomeCommon

START = date(2027, 1, 21)
SERVICES = ("electricity", "gas", "water", "telephone")
OPS = ("list", "reduce", "limit", "suspend", "deactivate")
days = st.integers(0, 150).map(lambda number: START + timedelta(days=number))


def look(op, of, day, listed=frozenset()):
    row = rule(50, op=op, channel="task", action=7)
    return find_breach(LAW, row, of, day, listed)


def codes(breach):
    return [reason.code for reason in breach.reasons]


@st.composite
def worlds(draw):
    """(operation, facts): any history, any supply."""
    history = []
    for op, channel in (("notice", "ar"), ("default", "ar"), ("reduce", "task")):
        if draw(st.booleans()):
            sent = draw(days)
            arrived = sent + timedelta(days=draw(st.integers(0, 20)))
            history.append(done(op, sent, arrived, channel))
    known = supply(
        is_protected=draw(st.sampled_from([False, False, True])),
        can_reduce=draw(st.booleans()),
        deposit=Decimal(draw(st.sampled_from([0, 0, 200]))),
        cycle_amount=Decimal(draw(st.sampled_from([80, 300]))),
    )
    service = draw(st.sampled_from(SERVICES))
    return draw(st.sampled_from(OPS)), facts(key(service), *history, supply=known)


@tagged("post_install", "-at_install")
class TestBreachRules(BaseCase):
    @settings(max_examples=400, deadline=None, database=None)
    @given(worlds(), days)
    def test_it_is_the_guard_read_backwards(self, world, day):
        """What the guard allows on a day breaks nothing, what it refuses breaks
        something, and is void exactly when no later day would do."""
        op, of = world
        verdict, found = ask(op, of, day), look(op, of, day)
        late = bool(verdict.earliest and verdict.earliest > day)
        self.assertEqual(bool(found), verdict.blocked or late)
        self.assertEqual(found.is_void, verdict.blocked)
        if found and not found.is_void:
            self.assertGreater(found.lawful_from, day)
            self.assertEqual(found.lawful_from, verdict.earliest)
            self.assertFalse(look(op, of, found.lawful_from))
        else:
            self.assertIsNone(found.lawful_from)

    def _noticed(self, service="electricity", **vals):
        notice = done("default", date(2027, 2, 19), date(2027, 2, 26), "ar")
        return facts(key(service), notice, supply=supply(**vals))

    def test_every_rule_broken_is_named(self):
        """Gas cut on a Friday, before the days from notification, in the term."""
        found = look("suspend", self._noticed("gas"), date(2027, 3, 5))
        self.assertEqual(
            codes(found),
            ["guard_after_term", "guard_after_notified", "guard_on_forbidden_day"],
        )
        self.assertEqual(found.lawful_from, date(2027, 4, 8))

    def test_nothing_owed_is_void(self):
        of = replace(self._noticed(), lines=())
        found = look("reduce", of, date(2027, 6, 1))
        self.assertEqual((codes(found), found.is_void), (["guard_nothing_owed"], True))

    def test_a_suspension_of_the_law_makes_it_void(self):
        of, day = self._noticed("gas"), date(2027, 6, 7)
        self.assertFalse(look("suspend", of, day))
        for start, until, reason, lines, is_void in (
            (date(2027, 6, 1), None, "complaint", None, True),
            (date(2027, 6, 1), date(2027, 6, 6), "complaint", None, False),
            (date(2027, 6, 1), date(2027, 6, 7), "complaint", None, True),
            (date(2027, 6, 7), None, "complaint", None, False),
            (None, None, "moratorium", None, True),
            (date(2027, 6, 1), None, "promise", None, False),
            (date(2027, 6, 1), None, "complaint", frozenset({1}), True),
            (date(2027, 6, 1), None, "complaint", frozenset({2}), False),
        ):
            hold = Hold(reason, until, start, lines=lines)
            found = look("suspend", replace(of, holds=(hold,)), day, frozenset({1}))
            self.assertEqual(found.is_void, is_void, hold)
        self.assertNotIn("commercial", FORBIDDING_HOLDS)

    def test_indemnities(self):
        """Domain notes 1.4, 1.5 and 1.6: the highest of what applies."""
        day = date(2027, 6, 7)

        def amount(service, *broken, op="suspend"):
            reasons = tuple(
                Reason.of("on_hold", reason=code)
                if code in FORBIDDING_HOLDS
                else Reason.of(code)
                for code in broken
            )
            number = indemnity_for(service, op, Breach(reasons), LAW.numbers, day)
            return number and (str(number.value), number.name)

        none, terms = "indemnity_no_notice", "indemnity_terms"
        for service in ("electricity", "gas"):
            self.assertEqual(amount(service, "guard_no_default_notice"), ("30", none))
            self.assertEqual(amount(service, "guard_after_term"), ("20", terms))
            self.assertEqual(amount(service, "guard_after_notified"), ("20", terms))
            both = ("guard_after_term", "guard_no_default_notice")
            self.assertEqual(amount(service, *both), ("30", none))
            self.assertIsNone(amount(service, "guard_on_forbidden_day"))
            self.assertIsNone(amount(service, "complaint"))
        for code in (
            "guard_protected",
            "guard_limit_only",
            "guard_no_ground_to_end",
            "guard_no_default_notice",
            "guard_nothing_owed",
            "payment_communicated",
        ):
            self.assertEqual(amount("water", code), ("30", none), code)
        self.assertEqual(amount("water", "guard_water_after_term"), ("10", terms))
        self.assertEqual(amount("water", "guard_no_reminder"), ("10", terms))
        self.assertEqual(amount("water", "plan_requested"), ("10", terms))
        phone = amount("telephone", "guard_on_forbidden_day")
        self.assertEqual(phone, ("7.50", "indemnity_day"))
        self.assertIsNone(amount("electricity", "guard_no_default_notice", op="list"))
        self.assertIsNone(amount("telephone"))


@tagged("post_install", "-at_install")
class TestUnlawful(OutcomeCommon):
    def record(self, number, on=None, user=None, action=None, **vals):
        """The order done on a day, recorded as against the law on ``number``."""
        vals = {"unlawful_note": "Il tecnico ha sbagliato giorno", **vals}
        return self.tell(
            number,
            user,
            action,
            work_result="done",
            done_date=self.day(number if on is None else on),
            is_unlawful=True,
            **vals,
        )

    def activities(self):
        kind = self.env.ref("creditbox_dunning.mail_activity_type_unlawful")
        return self.case.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def test_done_on_a_friday(self):
        """2 April 2027: lawful from Monday the 5th, and the terms count from there."""
        action = self.to_reduce()
        with self.assertRaisesRegex(UserError, "04/05/2027.*all the same"):
            self.work(72)
        self.assertEqual(action.state, "executing")
        self.record(72)
        self.assertEqual(action.state, "done")
        self.assertTrue(action.is_unlawful)
        self.assertFalse(action.is_void)
        self.assertEqual(action.executed_date, self.day(72))
        self.assertEqual(action.effective_date, self.day(72))
        self.assertEqual(action.lawful_from, self.day(75))
        self.assertIn("Friday", action.unlawful_reason)
        self.assertFalse(action.indemnity_id, "no automatic amount for the day")
        self.assertEqual(self.contract.supply_state, "reduced")
        self.assertEqual(self.activities().user_id, self.manager)
        self.assertIn("against the law", str(self.case.message_ids[:3].mapped("body")))
        self.night(76)
        # 15 full days after the 5th, not after the 2nd
        self.assertEqual(self.case.next_rule_id.op, "suspend")
        self.assertEqual(self.case.next_date, self.day(91))

    def test_too_early_has_an_indemnity(self):
        """Before the 25 days from notification: TIMOE, 20 euros, a draft."""
        action = self.to_reduce()
        self.record(70, on=60)
        charge = action.indemnity_id
        self.assertEqual((charge.kind, charge.state), ("indemnity", "draft"))
        self.assertEqual(charge.amount, -20)
        self.assertEqual(charge.partner_id, self.case.partner_id)
        self.assertIn("258/2015", charge.description)
        self.assertEqual(charge.origin, action)
        self.assertEqual(action.lawful_from, self.day(63))
        self.assertIn("not been checked", str(self.case.message_ids.mapped("body")))

    def test_without_any_right_it_comes_back(self):
        """All that is owed is for other services: unpaid, the supply comes back, and
        the table goes on as if it had not been cut."""
        action = self.to_reduce()
        self.bill.other_services_amount = 1400
        self.record(70)
        self.assertTrue(action.is_void)
        self.assertFalse(action.lawful_from)
        self.assertEqual(self.contract.supply_state, "reduced")
        self.assertEqual(self.case.event_ids.kind, "reactivate")
        back = self.night(71)
        self.assertEqual(back.op, "reactivate")
        self.work(71)
        self.assertEqual(self.contract.supply_state, "active")
        self.run_on(72)
        self.assertEqual(self.case.next_rule_id.op, "reduce")
        self.assertIn("guard_other_services", str(self.case.next_reasons))
        # the reason ends: it is ordered again, a second attempt
        self.bill.other_services_amount = 0
        again = self.night(75)
        self.assertEqual((again.op, again.attempt), ("reduce", 2))

    def test_paid_withdrawn_and_cut_all_the_same(self):
        """The case is closed by then: it opens again until the supply is back."""
        action = self.to_reduce()
        with freeze_time(self.day(70)):
            self.pay(self.bill)
        self.run_on(71)
        self.assertEqual((action.state, self.case.state), ("superseded", "closed"))
        case = action.case_id
        with freeze_time(self.day(72)), self.assertRaisesRegex(UserError, "nothing"):
            action.with_user(self.manager).action_record_outcome()
        with freeze_time(self.day(71)):
            opened = action.with_user(self.manager).action_record_withdrawn()
            form = Form(
                self.env[opened["res_model"]]
                .with_user(self.manager)
                .with_context(**opened["context"])
            )
            form.done_date = self.day(71)
            form.unlawful_note = "L'ordine di ritiro non è arrivato"
            self.assertIn("withdrawn", form.law_says)
            self.assertIn("No overdue", form.law_says)
            form.save().action_confirm()
        self.assertTrue(action.is_void)
        self.assertEqual(case.state, "open")
        self.assertIn("without any right", str(case.message_ids.mapped("body")))
        self.assertEqual(self.night(72).op, "reactivate")
        self.work(72)
        self.run_on(73)
        self.assertEqual(case.state, "closed")
        self.assertEqual(self.contract.supply_state, "active")

    def test_what_was_paid_later_was_owed_then(self):
        """Recorded late: the bill paid after the work does not make it unlawful."""
        self.to_reduce()
        with freeze_time(self.day(75)):
            self.pay(self.bill)
        self.tell(76, work_result="done", done_date=self.day(70))
        self.assertFalse(self.case.action_ids.filtered("is_unlawful"))
        self.assertEqual(self.contract.supply_state, "reduced")

    def cut_instead(self, other):
        return self.tell(
            70,
            work_result="not_done",
            not_done_reason="wrong_meter",
            done_date=self.day(70),
            wrong_contract_id=other.id,
            unlawful_note="Contatore del vicino",
        )

    def test_the_supply_of_somebody_else(self):
        """The order is still to be done; the neighbour gets his supply back, and what
        the law gives to who was never written to."""
        neighbour = self.env["res.partner"].create(
            {"name": "Vicino", "company_id": self.company.id}
        )
        other = self._create_contract("C-VICINO", neighbour)
        bill = self.overdue("B9", other, amount=90, due=self.day(60))
        self.to_reduce()
        self.assertEqual(self.case_of(bill).state, "open")
        action = self.cut_instead(other)
        self.assertEqual((action.state, action.outcome), ("failed", "wrong_meter"))
        self.assertEqual(self.contract.supply_state, "active")
        self.assertEqual(other.supply_state, "reduced")
        charge = self.env["utility.charge"].search([("contract_id", "=", other.id)])
        self.assertEqual((charge.amount, charge.partner_id), (-30, neighbour))
        case = self.case_of(bill)
        self.assertEqual(case.event_ids.kind, "reactivate")
        self.assertTrue(case.activity_ids)
        self.run_on(71)
        back = case.action_ids.filtered(lambda a: a.op == "reactivate")
        self.assertEqual(back.state, "executing")

    def test_the_supply_of_somebody_who_owes_nothing(self):
        other = self._create_contract("C-PAGA", self.contract.partner_id)
        action = self.to_reduce()
        self.cut_instead(other)
        self.assertEqual(other.supply_state, "reduced")
        self.assertIn("C-PAGA", str(self.activities().mapped("note")))
        charge = self.env["utility.charge"].search([("contract_id", "=", other.id)])
        self.assertEqual(charge.amount, -30)
        with self.assertRaisesRegex(UserError, "another supply"):
            action._cut_instead(self.contract, self.day(70), "x")

    def test_telephone_is_paid_by_the_day(self):
        action = self.to_reduce()
        self.contract.supply_point_id.service = "telephone"
        action.sudo()._guarded().write({"op": "suspend"})
        self.record(72)
        self.assertFalse(action.indemnity_id)
        action._propose_daily_indemnity(self.day(76))
        self.assertEqual(action.indemnity_id.amount, -30)
        action._propose_daily_indemnity(self.day(80))
        self.assertEqual(action.indemnity_id.amount, -30)

    def test_who_and_how(self):
        action = self.to_reduce()
        with self.assertRaises(AccessError):
            self.record(72, user=self.operator)
        with self.assertRaisesRegex(UserError, "how it came"):
            self.record(72, unlawful_note=" ")
        with self.assertRaisesRegex(UserError, "without the mark"):
            self.record(70)
        self.assertEqual(action.state, "executing")
        with self.assertRaises(AccessError):
            action.with_user(self.boss).write({"is_unlawful": True})
        with self.assertRaises(AccessError):
            action.with_user(self.boss).write({"lawful_from": False})
        with self.assertRaises(UserError):
            action.with_user(self.manager).action_record_withdrawn()

    def test_form_shows_what_it_breaks(self):
        action = self.to_reduce()
        wizard = self.env["dunning.outcome.wizard"].with_user(self.manager)
        wizard = wizard.with_context(default_action_ids=action.ids)
        with freeze_time(self.day(73)):
            form = Form(wizard)
            form.work_result = "done"
            form.done_date = self.day(70)
            self.assertFalse(form.law_says)
            form.done_date = self.day(72)
            self.assertIn("Friday", form.law_says)

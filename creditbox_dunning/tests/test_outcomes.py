"""Gate 2: a row for each of the ten actions, each branch walked with a moved clock.

The outcomes are recorded by hand, as long as no channel brings them.
"""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import format_date

from odoo.addons.creditbox_dunning.models.dunning_action import OUTCOME_LABELS
from odoo.addons.creditbox_dunning.rules.outcomes import OUTCOMES, POSTAL

from .test_execution import ExecutionCommon


class OutcomeCommon(ExecutionCommon):
    """A domestic supply whose power can be reduced, owing 1,400 euros."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = cls._create_dunning_user("boss", "director")
        cls.contract.supply_point_id.write(
            {"voltage_level": "low", "remote_reduction": True}
        )
        cls.bill = cls.overdue("B1", amount=1400)

    def night(self, number):
        """The run of a day; what waits for a decision is approved on it."""
        self.run_on(number)
        waiting = self.case.action_ids.filtered(lambda a: a.state == "waiting_approval")
        if waiting:
            self.approve(waiting, self.boss, number)
        return self.open_action()

    @property
    def case(self):
        return self.case_of(self.bill) or self.env["dunning.case"].search(
            [("contract_id", "=", self.contract.id)], order="id desc", limit=1
        )

    def open_action(self):
        return self.case.action_ids.filtered(lambda a: a.state == "executing")

    def tell(self, number, user=None, action=None, **vals):
        """Record what came of the open action on a day."""
        action = action or self.open_action()
        self.assertEqual(len(action), 1, self.actions(self.case))
        with freeze_time(self.day(number)):
            self.outcome(action, user or self.manager, **vals)
        return action

    def work(self, number, user=None, **vals):
        vals.setdefault("work_result", "done")
        return self.tell(number, user, done_date=self.day(number), **vals)

    def arrives(self, sent=30, on=37):
        return self.tell(
            on,
            self.operator,
            result="notified",
            sent_date=self.day(sent),
            notified_date=self.day(on),
        )

    def to_list(self):
        self.walk(3, 7, 15)
        self.night(30)
        self.arrives()
        return self.night(65)

    def to_reduce(self):
        """The order to reduce of 31 March, a Wednesday."""
        self.to_list()
        self.work(65, planned_date=self.day(70))
        return self.night(70)

    def to_suspended(self):
        self.to_reduce()
        self.work(70)
        self.night(89)
        return self.work(89)

    def ops(self):
        return [a.op for a in self.case.action_ids.sorted("id") if a.state != "skipped"]


@tagged("post_install", "-at_install")
class TestBranches(OutcomeCommon):
    """Gate 2."""

    def test_every_action_has_rows(self):
        codes = set(self.table.rule_ids.mapped("action_type_id.code"))
        self.assertEqual(codes, set(range(1, 11)))

    def test_codes_have_words(self):
        self.assertEqual([code for code, _label in OUTCOME_LABELS], list(OUTCOMES))
        self.assertLessEqual(set(POSTAL.values()) - {None}, set(OUTCOMES))

    def test_cut_paid_and_given_back(self):
        """Actions 1 to 5 and 7: from the reminders to the reactivation."""
        action = self.to_list()
        self.assertEqual(action.op, "list")
        self.assertEqual(self.contract.supply_state, "active")
        self.work(65)
        self.run_on(66)
        self.assertIn("waits_plan", str(self.case.next_reasons))
        self.work(66, planned_date=self.day(70), action=action)
        self.assertEqual(action.planned_work_date, self.day(70))
        self.assertEqual(action.executed_date, self.day(65))
        action = self.night(70)
        self.assertEqual((action.op, action.state), ("reduce", "executing"))
        self.work(70)
        self.assertEqual(self.contract.supply_state, "reduced")
        self.assertEqual(self.contract.supply_state_date, self.day(70))
        # the table says day 86; the law no Friday: Monday the 19th of April
        self.assertFalse(self.night(86))
        self.assertEqual(self.case.next_date, self.day(89))
        action = self.night(89)
        self.assertEqual(action.op, "suspend")
        self.work(89)
        self.assertEqual(self.contract.supply_state, "suspended")
        self.night(90)
        self.assertEqual(self.ops()[-1], "remind")
        self.pay(self.bill)
        action = self.night(95)
        self.assertEqual(action.op, "reactivate")
        self.assertEqual(self.contract.supply_state, "to_reactivate")
        self.assertEqual(action.planned_work_date, self.day(96))
        self.run_on(96)
        self.assertNotEqual(self.case.state, "closed")
        self.work(96)
        self.assertEqual(self.contract.supply_state, "active")
        self.run_on(97)
        self.assertEqual(self.case.state, "closed")

    def test_agency_plan_settlement_court(self):
        """Actions 6, 9, 8 and 10, on a supply that is no longer the customer's."""
        self.contract.supply_state = "ceased"
        self.walk(3, 7, 15)
        self.night(30)
        self.arrives()
        self.assertEqual(self.night(57).op, "assign")
        self.tell(60, agency_result="taken", done_date=self.day(60))
        self.assertEqual(self.open_action().op, "assign")
        self.tell(80, agency_result="promise", done_date=self.day(80))
        self.assertEqual(self.night(81).op, "plan")
        self.tell(82, instalments_result="agreed", done_date=self.day(82))
        self.run_on(83)
        self.assertIn("waits_instalments", str(self.case.next_reasons))
        self.tell(110, instalments_result="broken", done_date=self.day(110))
        # the mandate of the agency runs 60 days from its result
        self.run_on(111)
        self.assertEqual(self.case.next_date, self.day(140))
        self.assertEqual(self.night(140).op, "writeoff")
        self.tell(145, settlement_result="refused", done_date=self.day(145))
        self.assertEqual(self.night(146).op, "legal")
        self.tell(200, court_result="injunction", done_date=self.day(200))
        self.run_on(201)
        self.assertIn("waits_court", str(self.case.next_reasons))
        self.tell(300, court_result="uncollectable", done_date=self.day(300))
        self.run_on(301)
        self.assertEqual(self.case.next_kind, "stop")
        self.assertIn("uncollectable", str(self.case.next_reasons))

    def test_agency_negative_settles(self):
        self.contract.supply_state = "ceased"
        self.walk(3, 7, 15)
        self.night(30)
        self.arrives()
        self.night(57)
        self.tell(60, agency_result="insolvent", done_date=self.day(60))
        self.assertEqual(self.night(120).op, "writeoff")
        self.tell(
            125,
            settlement_result="accepted",
            done_date=self.day(125),
            pay_term=self.day(150),
        )
        self.run_on(126)
        self.assertEqual(self.case.next_date, self.day(151))
        self.pay(self.bill)
        self.run_on(130)
        self.assertEqual(self.case.state, "closed")

    def test_letter_back_then_second_letter(self):
        self.walk(3, 7, 15)
        first = self.night(30)
        self.tell(
            40,
            self.operator,
            result="failed",
            failure="moved",
            sent_date=self.day(30),
        )
        self.assertEqual((first.state, first.outcome), ("failed", "moved"))
        self.run_on(41)
        self.assertIn("address_search", str(self.case.next_reasons))
        self.customer.street = "Via Nuova 2"
        second = self.night(42)
        self.assertEqual((second.rule_id, second.attempt), (first.rule_id, 2))
        self.assertIn("Via Nuova 2", second.communication_ids.address)
        self.arrives(42, 50)
        self.assertEqual(second.state, "done")
        self.assertEqual(
            len((first | second).notice_id), 2, "each attempt has its own proof"
        )
        self.run_on(51)
        self.assertEqual(self.case.next_date, self.day(78))

    def test_addressee_dead(self):
        self.walk(3, 7, 15)
        self.night(30)
        self.tell(
            40,
            self.operator,
            result="failed",
            failure="deceased",
            sent_date=self.day(30),
        )
        self.run_on(400)
        self.assertEqual((self.case.next_kind, self.case.next_date), ("wait", False))
        self.assertIn("heirs", str(self.case.next_reasons))

    def test_refused_letter_is_delivered(self):
        """A letter refused, or left at the post office, is notified."""
        self.walk(3, 7, 15)
        action = self.night(30)
        self.tell(
            40,
            self.operator,
            result="notified",
            arrival="delivery_refused",
            sent_date=self.day(30),
            notified_date=self.day(36),
        )
        self.assertEqual(action.outcome, "delivery_refused")
        self.assertEqual(action.notice_id.notified_date, self.day(36))
        facts = self.env["dunning.facts"]._collect(self.case, self.day(50))
        done = facts[self.case.id].done[-1]
        self.assertEqual(
            (done.op, done.channel, done.term, done.effective, done.attempt),
            ("default", "ar", self.day(50), self.day(36), 1),
        )

    def test_ordinary_letter_comes_back_later(self):
        self.walk(3, 7, 15)
        letter = self.case.action_ids.filtered(lambda a: a.op == "notice")
        self.assertEqual(letter.state, "done")
        self.tell(20, self.operator, letter, result="failed", failure="deceased")
        self.run_on(21)
        self.assertIn("heirs", str(self.case.next_reasons))

    def test_work_not_done_is_ordered_again(self):
        first = self.to_reduce()
        self.work(70, work_result="not_done", not_done_reason="meter_unreachable")
        self.assertEqual((first.state, first.outcome), ("failed", "meter_unreachable"))
        self.assertEqual(self.contract.supply_state, "active")
        self.run_on(71)
        self.assertEqual(self.case.next_date, self.day(77))
        second = self.night(77)
        self.assertEqual((second.rule_id, second.attempt), (first.rule_id, 2))


@tagged("post_install", "-at_install")
class TestRecording(OutcomeCommon):
    """Who records, and what is refused."""

    def test_the_law_forbids(self):
        """Nobody records a cut on a day on which the law forbids it."""
        self.to_reduce()
        with self.assertRaises(UserError) as error:
            self.work(72)  # the Friday after, unlawful: Easter is near
        self.assertIn(format_date(self.env, self.day(72)), str(error.exception))
        self.assertEqual(self.contract.supply_state, "active")

    def test_protected_meanwhile(self):
        """Gate 19: a supply protected since the order was given is not cut."""
        action = self.to_reduce()
        self.env["utility.protection"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": "life_support",
                "date_from": self.day(0),
            }
        )
        with self.assertRaises(UserError):
            self.work(70, action=action)
        self.assertEqual(self.contract.supply_state, "active")

    def test_plan_on_a_forbidden_day(self):
        self.to_list()
        for number in (72, 73, 74, 75):  # Friday to Easter Monday's eve and after
            day = self.day(number)
            if day.weekday() < 4:
                continue
            with self.assertRaises(UserError):
                self.work(65, planned_date=day)
        with self.assertRaises(UserError):
            self.work(65, planned_date=self.day(64))

    def test_who_records(self):
        action = self.to_list()
        vals = {"work_result": "done", "done_date": self.day(65)}
        for user in (self.operator, self.accountant):
            with self.assertRaises(AccessError), freeze_time(self.day(65)):
                self.outcome(action, user, **vals)
        with self.assertRaises(AccessError):
            action.with_user(self.manager).write({"outcome": "executed"})
        with self.assertRaises(AccessError):
            action.with_user(self.dunning_admin).write(
                {"planned_work_date": "2027-04-01"}
            )

    def test_outcomes_of_another_kind(self):
        action = self.to_list()
        with self.assertRaises(UserError):
            action._record_outcome("collected", self.day(65))
        with self.assertRaises(UserError), freeze_time(self.day(65)):
            self.outcome(action, self.manager, agency_result="collected")
        with self.assertRaises(UserError), freeze_time(self.day(65)):
            self.outcome(action, self.manager, done_date=self.day(65))

    def test_one_kind_at_a_time(self):
        action = self.to_list()
        other = self._create_contract("CT2", self.customer)
        bill = self.overdue("B2", other)
        self.walk(70)
        letters = self.case_of(bill).action_ids
        mixed = action | letters
        with self.assertRaises(UserError), freeze_time(self.day(70)):
            self.outcome(mixed, self.manager, work_result="done")

    def test_over_is_over(self):
        action = self.to_list()
        self.work(65, planned_date=self.day(70))
        with self.assertRaises(UserError), freeze_time(self.day(66)):
            self.outcome(
                action, self.manager, work_result="done", done_date=self.day(66)
            )
        with self.assertRaises(UserError):
            action.action_record_outcome()

    def test_ceased_meanwhile(self):
        """The supply left before the work: nothing is recorded on it."""
        action = self.to_reduce()
        self.contract.supply_state = "ceased"
        with self.assertRaises(UserError):
            self.work(70, action=action)

    def test_form(self):
        action = self.to_list()
        wizard = self.env["dunning.outcome.wizard"].with_user(self.manager)
        wizard = wizard.create({"action_ids": [Command.set(action.ids)]})
        self.assertEqual(wizard.subject, "list")
        self.assertFalse(wizard.are_letters)

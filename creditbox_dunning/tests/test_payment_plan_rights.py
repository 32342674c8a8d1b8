"""Requests that come late or beside another plan; how long a request may wait."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_payment_plan import ASKED, PlanCommon


@tagged("post_install", "-at_install")
class TestPlanOnNotice(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.supply_point_id.service = "water"
        cls.case.sudo()._guarded().service = "water"
        cls.director = cls._create_dunning_user("plan_director", "director")
        cls.notice = cls.env["utility.notice"].create(
            {
                "company_id": cls.company.id,
                "ref": "CIM/1",
                "partner_id": cls.customer.id,
                "contract_id": cls.contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": cls.day(30),
                "pay_term": cls.day(ASKED + 5),
                "move_ids": [Command.set(cls.bill.ids)],
            }
        )

    def asked(self, day=ASKED, **vals):
        vals = {"first_due": self.day(day), **vals}
        return self.draft(day, cause="notice", number=12, **vals)

    def by_law(self, **vals):
        """Asked for ten days before the last one; 10 of 120 euro are due on it."""
        self.notice.pay_term = self.day(ASKED + 15)
        plan = self.asked(first_due=self.day(ASKED + 10), **vals)
        with self.at(ASKED):
            plan.action_ask()
        self.approve_plan(plan)
        self.assertEqual((plan.state, plan.join_by), ("offered", self.day(ASKED + 10)))
        return plan

    def approve_plan(self, plan, number=ASKED):
        if plan.state == "waiting":
            with self.at(number):
                plan.request_id.with_user(self.director).action_approve()

    def value_date(self, number):
        """The last payment was made on that day, whenever the bank told it."""
        payments = self.env["account.payment"].search(
            [("partner_id", "=", self.customer.id)], order="id desc", limit=1
        )
        payments.value_date = self.day(number)

    def test_the_term_is_that_of_the_notice(self):
        plan = self.asked()
        self.assertEqual(plan.notice_term, self.day(ASKED + 5))
        self.assertFalse(plan.refusal)
        self.assertIn("first instalment by", plan.right)

    def test_late_is_refused_with_its_reason(self):
        plan = self.asked(ASKED + 1)
        self.assertIn("311/2019", plan.refusal)
        self.assertIn("da verificare", plan.refusal)
        self.assertFalse(plan.has_right)
        with self.at(ASKED + 1), self.assertRaisesRegex(UserError, "after"):
            plan.action_ask()
        self.assertEqual(plan.state, "draft")
        # by agreement it is nobody's right, and free
        plan.write({"cause": "agreement", "number": 4})
        with self.at(ASKED + 1):
            plan.action_ask()
        self.assertEqual(plan.state, "offered")

    def test_a_manager_lets_pass_with_a_reason(self):
        plan = self.asked(ASKED + 1)
        with self.assertRaises(AccessError):
            plan.exception_reason = "per favore"
        plan.with_user(self.manager).exception_reason = "Era in ospedale"
        self.assertTrue(plan.has_right)
        with self.at(ASKED + 1):
            plan.action_ask()
        self.assertIn(plan.state, ("waiting", "offered"))
        with self.assertRaises(UserError):
            plan.with_user(self.manager).exception_reason = "altro"
        with self.at(ASKED), self.assertRaises(AccessError):
            self.draft(exception_reason="da solo")

    def test_not_beside_another_plan(self):
        point = self._create_point("IT001W1", service="water")
        contract = self._create_contract("CT2W", self.customer, point)
        other = self.overdue("B2W", contract)
        with self.at(ASKED):
            self.run_on(ASKED)
            self.plans.create(
                {
                    "case_id": self.case_of(other).id,
                    "number": 2,
                    "first_due": self.day(ASKED + 10),
                }
            ).action_ask()
        plan = self.asked()
        self.assertIn("another plan under way", plan.refusal)
        with self.at(ASKED), self.assertRaisesRegex(UserError, "another plan"):
            plan.action_ask()

    def test_a_bill_far_above_the_usual_ones(self):
        """RQSII art. 42: more than 80 %, asked within ten days of the due date."""
        plan = self.draft(9, cause="high_bill", above_average=81)
        self.assertTrue(plan.has_right)
        plan.above_average = 80
        self.assertFalse(plan.has_right)
        late = self.draft(11, cause="high_bill", above_average=81)
        self.assertIn("after the bill was due", late.refusal)

    def test_the_first_instalment_is_due_in_time_or_it_is_no_right(self):
        plan = self.asked(first_due=self.day(ASKED + 1))
        self.assertIn("first instalment is due after", plan.refusal)
        self.assertFalse(plan.has_right)
        with self.at(ASKED), self.assertRaisesRegex(UserError, "first instalment"):
            plan.action_ask()
        plan.first_due = self.day(ASKED)
        self.assertFalse(plan.refusal)
        plan.first_due = self.day(ASKED + 1)
        plan.with_user(self.manager).exception_reason = "Stipendio il giorno dopo"
        with self.at(ASKED):
            plan.action_ask()
        self.approve_plan(plan)
        self.assertEqual((plan.state, plan.join_by), ("offered", False))
        # let pass: a signature is enough
        with self.at(ASKED + 1):
            plan.action_accept()
        self.assertEqual(plan.state, "running")

    def test_joined_by_paying_not_by_signing(self):
        plan = self.by_law()
        self.assertEqual(plan.valid_until, plan.instalment_ids[0].due_date)
        text = plan.sudo().document_id.raw.decode()
        self.assertIn("la firma non basta", text)
        self.assertNotIn("firmata", text)
        self.assertNotIn("Per accettazione", text)
        with self.at(ASKED + 2), self.assertRaisesRegex(UserError, "By law"):
            plan.action_accept()
        self.paid(9.99, ASKED + 3)
        self.night(ASKED + 4)
        self.assertEqual(plan.state, "offered", "a cent is missing")
        self.paid(0.01, ASKED + 5)
        self.night(ASKED + 6)
        self.assertEqual(plan.state, "running")

    def test_paid_on_the_last_day_and_told_later(self):
        plan = self.by_law()
        last = (plan.valid_until - self.day(0)).days
        for number in range(last - 1, last + 5):
            self.night(number)
            self.assertEqual((plan.state, self.case.state), ("offered", "on_hold"))
        self.paid(10, last + 5)
        self.value_date(last)
        self.night(last + 6)
        self.assertEqual(plan.state, "running")

    def test_paid_a_day_late_is_not_joined(self):
        plan = self.by_law()
        last = (plan.valid_until - self.day(0)).days
        self.paid(10, last + 1)
        self.night(last + 2)
        self.assertEqual(plan.state, "offered")
        with self.at(last + 2), self.assertRaises(UserError):
            plan.action_accept()
        self.night(last + plan.tolerance_days)
        self.assertEqual(plan.state, "offered")
        self.night(last + plan.tolerance_days + 1)
        self.assertEqual(plan.state, "cancelled")
        self.assertIn("as the law asks", plan.end_note)
        self.assertNotEqual(self.case.state, "on_hold")

    def test_decided_after_the_day_of_the_law(self):
        """Who asked in time does not lose it by an answer that came late."""
        self.rules.search([("action_type_id.code", "=", 9)]).level = "2"
        plan = self.asked()
        with self.at(ASKED):
            plan.action_ask()
        self.assertEqual((plan.state, plan.join_by), ("waiting", self.day(ASKED)))
        self.approve_plan(plan, ASKED + 1)
        self.assertEqual((plan.state, plan.join_by), ("offered", False))
        with self.at(ASKED + 1):
            plan.action_accept()
        self.assertEqual(plan.state, "running")

    def test_by_agreement_the_law_asks_for_nothing(self):
        plan = self.offered()
        self.assertFalse(plan.join_by)

    def test_no_term_known_no_refusal(self):
        self.notice.pay_term = False
        self.assertFalse(self.asked(ASKED + 40).refusal)


@tagged("post_install", "-at_install")
class TestPlanRequest(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules.search([("action_type_id.code", "=", 9)]).action_archive()
        cls.rules.create(
            {
                "company_id": cls.company.id,
                "subject": "action",
                "action_type_id": cls.env["dunning.action.type"]._by_code()[9].id,
                "level": "2",
            }
        )

    def test_how_long_a_request_waits_is_the_company_s_choice(self):
        for days in (15, 20, 60):
            self.company.dunning_plan_request_days = days
            plan = self.offered()
            self.assertEqual(plan.state, "waiting")
            with self.at(ASKED):
                self.assertEqual(plan.held_until, self.day(ASKED + days - 1))
                plan.action_cancel()

    def test_nobody_answers_the_case_goes_on(self):
        plan = self.offered()
        taken = self.seqs()
        for number in range(ASKED + 1, ASKED + 15):
            self.night(number)
        self.assertEqual(self.seqs(), taken)
        for number in range(ASKED + 15, ASKED + 40):
            self.night(number)
        self.assertEqual(plan.request_hold_id.end_reason, "date")
        self.assertGreater(len(self.seqs()), len(taken))
        with self.at(ASKED + 40):
            self.env.invalidate_all()
            self.assertFalse(plan.held_until)

    def test_the_name_of_a_new_plan(self):
        with self.at(ASKED):
            new = self.plans.new({"case_id": self.case.id})
            self.assertEqual(new.display_name, "New plan")
            form = Form(self.plans.with_context(default_case_id=self.case.id))
            form.first_due = self.day(ASKED + 10)
            plan = form.save()
        self.assertEqual(plan.display_name, plan.name)
        self.assertNotEqual(plan.name, "/")


@tagged("post_install", "-at_install")
class TestPlanMatrix(PlanCommon):
    """The matrix that comes with the program."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ours = cls.rules.search(
            [("company_id", "=", cls.company.id), ("description", "=", False)]
        )
        shipped = cls.rules.with_context(active_test=False).search(
            [("company_id", "=", cls.company.id)]
        )
        shipped.action_unarchive()
        ours.action_archive()

    def level(self, amount, **vals):
        plan = self.draft(**{"number": 4, **vals})
        with self.at(ASKED):
            plan = plan.sudo()._guarded()
            plan._fix_terms()
            plan.write({"amount_total": amount})
            plan.instalment_ids.write({"capital": amount / plan.number})
            return plan._level()

    def test_small_and_short_plans_are_for_an_operator(self):
        for amount, vals, level in (
            (500, {}, 1),
            (500.01, {}, 2),
            (500, {"number": 4, "months": 3}, 1),
            (500, {"number": 4, "months": 4}, 2),
            (500, {"number": 6}, 2),  # a first instalment below a fifth
            (1000, {"number": 12}, 2),
            (1000.01, {"number": 13}, 3),
            (10000.01, {"number": 13}, 4),
        ):
            with self.subTest(amount=amount, **vals):
                self.assertEqual(self.level(amount, **vals), level)

"""A payment plan and what is not in it: newer bills, money that goes back, credit
notes."""

from odoo import Command
from odoo.tests import tagged

from .common import DUE
from .test_payment_plan import ASKED, PlanCommon

# days after the due date of the first bill
NEWER_DUE = 45


@tagged("post_install", "-at_install")
class TestBillsAfterThePlan(PlanCommon):
    """Bills that came after a plan are outside it, and are dunned."""

    def newer(self, number="B0002", due=NEWER_DUE, amount=80.0):
        return self.overdue(number, amount=amount, due=self.day(due))

    def nights(self, first, last):
        for number in range(first, last + 1):
            self.night(number)
            self.settle(number)

    def settle(self, number):
        """What leaves by letter arrives in a week."""
        posted = self.case.action_ids.filtered(
            lambda a: (
                a.state == "executing"
                and a.op in ("notice", "default")
                and (self.day(number) - a.planned_date).days >= 7
            )
        )
        with self.at(number):
            for one in posted:
                one._record_outcome(
                    "delivered", self.day(number), executed_date=one.planned_date
                )

    def steps(self, bill):
        """Operations of the steps that list ``bill``, the plan's own left out."""
        found = self.case.action_ids.filtered(
            lambda a: (
                a.op != "plan"
                and a.state not in ("skipped", "superseded")
                and bill in a.item_ids.move_id
            )
        )
        return found.sorted("id").mapped("op")

    def test_the_newer_bill_is_dunned_and_the_plans_is_not(self):
        plan = self.running(number=5, first_due=self.day(ASKED + 60))
        before = self.steps(self.bill)
        newer = self.newer()
        self.assertEqual(plan.hold_id.plan_id, plan)
        self.nights(ASKED + 2, ASKED + 50)
        told = self.steps(newer)
        self.assertIn("remind", told)
        self.assertIn("default", told)
        self.assertEqual(self.steps(self.bill), before)
        with self.at(ASKED + 50):
            self.assertEqual((plan.state, plan.hold_id.state), ("running", "active"))
        self.assertEqual(self.case.round, 2)
        self.assertIn(self.case.state, ("open", "parked"))

    def test_the_customer_pays_the_newer_bill_with_the_others(self):
        """The portal's one payment leaves out the bills of the plan only."""
        self.running(number=5, first_due=self.day(ASKED + 60))
        newer = self.newer()
        self.nights(ASKED + 2, ASKED + 20)
        self.assertEqual(self.case_of(newer), self.case)
        with self.at(ASKED + 20):
            apart = self.env["dunning.hold"]._portal_apart(self.bill | newer)
        self.assertEqual(apart, self.bill)

    def simulated(self, last):
        """Steps of the past as the table would have taken them, to day ``last``."""
        simulation = self.env["dunning.simulation"].with_user(self.manager)
        simulation = simulation.create(
            {
                "name": "Trial",
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
                "table_id": self.table.id,
                "date_from": DUE,
                "date_to": self.day(last),
            }
        )
        simulation.action_start()
        self.env["dunning.simulation"].sudo()._cron_run()
        simulation.invalidate_recordset()
        return simulation.case_ids.step_ids.filtered(lambda s: s.state == "done")

    def test_a_simulation_of_the_past_holds_the_bills_of_the_plan_only(self):
        self.running(number=5, first_due=self.day(ASKED + 60))
        self.newer()
        steps = self.simulated(ASKED + 50)
        before = steps.filtered(lambda s: s.date < self.day(NEWER_DUE))
        self.assertEqual(set(before.mapped("amount")), {120})
        since = steps.filtered(lambda s: s.date > self.day(ASKED))
        self.assertIn("remind", since.mapped("op"))
        # the plan's 120 euro are in none of them
        self.assertEqual(set(since.mapped("amount")), {80})

    def test_a_simulation_without_the_plan_goes_on_with_all(self):
        """What the test above would find if plans held nothing."""
        self.newer()
        steps = self.simulated(ASKED + 50)
        since = steps.filtered(lambda s: s.date > self.day(ASKED))
        self.assertIn(120, since.mapped("amount"))

    def test_programs_are_told_which_bills_are_suspended(self):
        plan = self.running(number=5, first_due=self.day(ASKED + 60))
        newer = self.newer()
        self.nights(ASKED + 2, ASKED + 20)
        with self.at(ASKED + 20):
            api = self.env["dunning.api"].with_user(self.operator)
            (told,) = api.find_cases(case=self.case.name, company=self.company.id)
        self.assertEqual(told["amount_due"], 200)
        self.assertNotEqual(told["state"], "on_hold")
        (one,) = told["suspensions"]
        self.assertEqual((one["suspension"], one["scope"]), (plan.hold_id.id, "case"))
        self.assertEqual(one["bills"], [self.bill.billing_ref or self.bill.name])
        # asked for by the newer bill it is the same case, and the same answer
        with self.at(ASKED + 20):
            asked = {"bill": newer.billing_ref or newer.name}
            (again,) = api.find_cases(**asked, company=self.company.id)
        self.assertEqual(again["suspensions"], told["suspensions"])

    def test_programs_are_told_of_a_suspension_of_everything(self):
        newer = self.newer()
        self.nights(ASKED, ASKED + 2)
        self.assertEqual(self.case_of(newer), self.case)
        api = self.env["dunning.api"].with_user(self.operator)
        with self.at(ASKED + 3):
            api.suspend(
                idempotency_key="crm-1",
                scope="case",
                ref=self.case.name,
                reason="commercial",
                note="reads wrong",
                company=self.company.id,
            )
            (told,) = api.find_cases(case=self.case.name, company=self.company.id)
        self.assertEqual([one["bills"] for one in told["suspensions"]], [[]])

    def test_a_notice_of_the_past_is_no_notice_of_the_newer_bill(self):
        """Sent before CreditBox, for the plan's bill: the newer one begins from the
        first row, once."""
        self.env["utility.notice"].create(
            {
                "company_id": self.company.id,
                "ref": "VECCHIA/1",
                "partner_id": self.customer.id,
                "contract_id": self.contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": self.day(20),
                "notified_date": self.day(25),
                "source": "manual",
                "move_ids": [Command.set(self.bill.ids)],
            }
        )
        self.running(number=5, first_due=self.day(ASKED + 60))
        newer = self.newer()
        self.nights(ASKED + 2, ASKED + 20)
        self.assertEqual(self.case.round, 2)
        told = self.steps(newer)
        self.assertEqual(len(told), len(set(told)), told)
        self.assertIn("notice", told)

    def test_no_order_for_the_bills_of_a_plan(self):
        """The newer bill alone is below what an order needs: nobody is cut for 30
        euro, although 150 are owed."""
        plan = self.running(number=5)
        self.newer(amount=30.0)
        self.nights(ASKED + 2, ASKED + 80)
        self.assertEqual(plan.state, "broken", "nothing was paid")
        orders = self.case.action_ids.filtered(
            lambda a: a.action_type_id.code == 7 and a.planned_date <= plan.ended_on
        )
        self.assertFalse(orders)

    def test_a_kept_plan_leaves_the_newer_bill(self):
        plan = self.running(number=1)
        newer = self.newer()
        self.nights(ASKED + 2, ASKED + 3)
        self.paid(120, ASKED + 4)
        self.nights(ASKED + 5, ASKED + 20)
        self.assertEqual(plan.state, "kept")
        self.assertNotEqual(self.case.state, "closed")
        self.assertEqual(self.case.amount_due, newer.amount_residual)

    def test_a_broken_plan_goes_on_where_it_stood(self):
        """The newer bill had reminders only: its round is left, the notice of default
        of the older one is still good."""
        plan = self.running(number=2, first_due=self.day(ASKED + 2))
        self.newer(due=ASKED + 5)
        over = (plan.instalment_ids[0].due_date - DUE).days + 11
        self.nights(ASKED + 2, over - 1)
        self.assertEqual((plan.state, self.case.round), ("running", 2))
        self.nights(over, over)
        self.assertEqual((plan.state, self.case.round), ("broken", 1))
        self.nights(over + 1, ASKED + 45)
        self.assertIn("list", self.steps(self.bill))
        # a round that begins later takes a number of its own
        self.paid(120, ASKED + 46)
        self.nights(ASKED + 47, ASKED + 48)
        self.assertEqual(self.case.round, 3)

    def test_a_broken_plan_waits_for_the_notice_of_the_newer_bill(self):
        """What has its own notice of default under way is seen to first."""
        plan = self.running(number=2, first_due=self.day(ASKED + 60))
        self.newer()
        self.nights(ASKED + 2, ASKED + 75)
        self.assertEqual((plan.state, self.case.round), ("broken", 2))


@tagged("post_install", "-at_install")
class TestPlanMoney(PlanCommon):
    """Money that comes and goes while a plan runs."""

    def back(self, payment, number):
        """The bank sends a debit back: its payment is undone."""
        with self.at(number):
            payment.move_id.line_ids.remove_move_reconcile()
            payment.action_cancel()
            self.env.invalidate_all()

    def test_a_debit_that_goes_back_makes_the_plan_late_again(self):
        plan = self.running()
        first = plan.instalment_ids[0]
        due = (first.due_date - DUE).days
        with self.at(due):
            payment = self.pay(self.bill, 30)
        self.night(due + 1)
        self.assertEqual((first.state, first.paid_on), ("paid", self.day(due + 1)))
        self.assertFalse(plan.is_late)
        self.back(payment, due + 20)
        self.night(due + 20)
        with self.at(due + 20):
            self.assertEqual((first.state, plan.state), ("late", "running"))
        self.assertTrue(plan.is_late)
        self.assertEqual(
            (first.paid_on, first.reopened_on), (False, self.day(due + 20))
        )
        told = plan.message_ids.mapped("body")
        self.assertTrue([text for text in told if "went back" in text])
        self.night(due + 30)
        self.assertEqual(plan.state, "running", "ten days from the day it went back")
        self.night(due + 31)
        self.assertEqual(plan.state, "broken")

    def test_a_debit_that_goes_back_and_is_paid_again(self):
        plan = self.running()
        first = plan.instalment_ids[0]
        due = (first.due_date - DUE).days
        with self.at(due):
            payment = self.pay(self.bill, 30)
        self.night(due + 1)
        self.back(payment, due + 2)
        self.night(due + 2)
        self.paid(30, due + 4)
        self.night(due + 5)
        self.assertEqual((first.state, first.reopened_on), ("paid", False))
        self.assertFalse(plan.is_late)

    def test_a_plan_paid_in_full_runs_again_when_its_last_debit_goes_back(self):
        plan = self.running(number=1)
        due = (plan.instalment_ids.due_date - DUE).days
        with self.at(due):
            payment = self.pay(self.bill, 120)
        self.night(due + 1)
        self.assertEqual((plan.state, self.case.state), ("kept", "closed"))
        taken = self.seqs()
        self.back(payment, due + 15)
        self.night(due + 15)
        self.assertEqual((plan.state, self.case.state), ("running", "on_hold"))
        self.assertEqual(self.seqs(), taken, "the plan comes before the table")
        self.night(due + 16)
        self.assertTrue(plan.is_late)
        self.assertEqual(plan.action_id.outcome, "agreed")
        self.night(due + 26)
        self.assertEqual(plan.state, "broken")

    def test_a_credit_note_shortens_the_plan(self):
        """It pays the oldest instalments, as money does; the plan says so."""
        plan = self.running()
        with self.at(ASKED + 5):
            note = self._create_bill(
                "NC1",
                amount=45.0,
                move_type="out_refund",
                invoice_date=self.day(ASKED + 4),
                invoice_date_due=self.day(ASKED + 4),
            )
            lines = (note | self.bill).line_ids.filtered(
                lambda x: x.account_id.account_type == "asset_receivable"
            )
            lines.reconcile()
            self.env.invalidate_all()
        self.assertEqual(plan.instalment_ids.mapped("residual"), [0, 15, 30, 30])
        self.assertEqual((plan.amount_paid, plan.amount_credited), (45, 45))
        self.night(ASKED + 12)
        self.assertFalse(plan.is_late)

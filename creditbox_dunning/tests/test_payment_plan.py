"""Payment plans (piano di rientro) from the simulation to their end."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common import DUE, DunningCommon

ASKED = 50


class PlanCommon(DunningCommon):
    """A case of 120 euro that was sent its notice of default; no approval is needed
    unless a test wants it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "c001@example.com"
        cls.plans = cls.env["dunning.payment.plan"]
        cls.rules = cls.env["dunning.approval.rule"]
        cls.rules.search(
            [("company_id", "=", cls.company.id), ("subject", "in", ("action", "plan"))]
        ).filtered(
            lambda r: r.subject == "plan" or r.action_type_id.code == 9
        ).action_archive()
        types = cls.env["dunning.action.type"]._by_code()
        cls.rules.create(
            {
                "company_id": cls.company.id,
                "subject": "action",
                "action_type_id": types[9].id,
                "level": "0",
            }
        )
        cls.bill = cls.overdue(amount=120.0)
        for number in (1, 7, 15, 20, 30):
            with cls.at(number):
                cls.run_on(number)
        cls.case = cls.case_of(cls.bill)
        notice = cls.case.action_ids.filtered(lambda a: a.state == "executing")
        with cls.at(37):
            notice._record_outcome("delivered", cls.day(37), executed_date=cls.day(30))

    @classmethod
    def at(cls, number):
        return freeze_time(f"{cls.day(number)} 12:00:00")

    def draft(self, day=ASKED, user=None, **vals):
        """A plan of four instalments, the first ten days after it is asked for."""
        with self.at(day):
            return self.plans.with_user(user or self.operator).create(
                {
                    "case_id": self.case.id,
                    "number": 4,
                    "first_due": self.day(day + 10),
                    **vals,
                }
            )

    def offered(self, day=ASKED, **vals):
        plan = self.draft(day, **vals)
        with self.at(day):
            plan.action_ask()
        return plan

    def running(self, day=ASKED, **vals):
        plan = self.offered(day, **vals)
        with self.at(day + 1):
            plan.action_accept()
        return plan

    def night(self, number):
        """The watch of the suspensions, then the run, as every night."""
        with self.at(number):
            self.env["dunning.hold"]._cron_watch()
            self.run_on(number)
            self.env.invalidate_all()

    def paid(self, amount, number, move=None):
        with self.at(number):
            self.pay(move or self.bill, amount)
            self.env.invalidate_all()

    def seqs(self):
        """Steps of the case taken, but for the plan itself."""
        found = self.case.action_ids.filtered(
            lambda a: a.op != "plan" and a.state not in ("skipped", "superseded")
        )
        return [action.rule_id.seq for action in found.sorted("id")]


@tagged("post_install", "-at_install")
class TestPlanLife(PlanCommon):
    def test_simulation_on_the_form_before_asking(self):
        with self.at(ASKED):
            form = Form(
                self.plans.with_user(self.operator).with_context(
                    default_case_id=self.case.id
                )
            )
            form.number = 5
            self.assertIn("24.00", form.simulation)
            form.number = 7
            self.assertIn("17.14", form.simulation)
            form.first_due = self.day(ASKED - 1)
            self.assertIn("cannot be due before", form.simulation)
            form.first_due = self.day(ASKED + 3)
            plan = form.save()
        self.assertEqual((plan.state, plan.amount_total), ("draft", 120))
        self.assertFalse(plan.instalment_ids)
        self.assertFalse(self.env["dunning.hold"].search([]), "a draft holds nothing")

    def test_a_day_on_which_no_bank_works_goes_on_never_back(self):
        """8 December is a holiday, 28 February 2027 a Sunday, 1 May a Saturday."""
        plan = self.draft()
        payable = plan._payable()
        for day, wanted in (
            ("2027-12-08", "2027-12-09"),
            ("2027-02-28", "2027-03-01"),
            ("2027-05-01", "2027-05-03"),
            ("2027-01-01", "2027-01-04"),
            ("2027-03-03", "2027-03-03"),
        ):
            day = fields.Date.to_date(day)
            self.assertEqual(fields.Date.to_string(payable(day)), wanted)

    def test_gate_17_a_plan_kept(self):
        """Gate 17: instalments paid by ordinary matching, the case never moves."""
        before = self.env["account.move.line"].search_count([])
        plan = self.running()
        lines = self.env["account.move.line"].search_count([])
        self.assertEqual(lines, before, "a plan books nothing")
        self.assertEqual(plan.hold_id.reason_id.code, "plan_active")
        self.assertEqual(plan.request_hold_id.end_reason, "answered")
        self.assertEqual(
            (plan.action_id.state, plan.action_id.outcome), ("executing", "agreed")
        )
        taken = self.seqs()
        for number in range(4):
            day = fields.Date.add(self.day(ASKED + 10), months=number)
            days = (day - DUE).days
            self.paid(30, days)
            self.night(days + 1)
            if number < 3:
                self.assertEqual(plan.state, "running")
                self.assertEqual(plan.amount_paid, 30 * (number + 1))
                states = plan.instalment_ids.mapped("state")
                self.assertEqual(states.count("paid"), number + 1)
        self.assertEqual((plan.state, plan.hold_id.end_reason), ("kept", "paid"))
        self.assertEqual(
            (plan.action_id.state, plan.action_id.outcome), ("done", "kept")
        )
        self.assertEqual(self.seqs(), taken)
        self.assertEqual(self.case.state, "closed")

    def test_gate_17_a_plan_broken(self):
        """Gate 17: a missed instalment, the tolerance, then the case goes on."""
        plan = self.running()
        taken = self.seqs()
        self.paid(30, ASKED + 10)
        second = (plan.instalment_ids[1].due_date - DUE).days
        self.night(second)
        self.assertFalse(plan.is_late)
        self.night(second + 1)
        self.assertTrue(plan.is_late)
        self.night(second + 10)
        self.assertEqual(plan.state, "running", "the last day of tolerance counts")
        self.assertEqual(self.seqs(), taken)
        self.night(second + 11)
        self.assertEqual((plan.state, plan.ended_on), ("broken", self.day(second + 11)))
        self.assertEqual(
            (plan.action_id.state, plan.action_id.outcome), ("failed", "broken")
        )
        self.assertEqual(plan.hold_id.end_reason, "fact_over")
        self.assertIn("30", plan.end_note)
        for more in range(12, 40):
            self.night(second + more)
        self.assertGreater(len(self.seqs()), len(taken), "the case did not go on")
        self.assertEqual(self.bill.amount_residual, 90, "the bill is the one it was")

    def test_the_same_case_without_a_plan_goes_on(self):
        """The tests above could fail: without a plan the table goes on."""
        taken = self.seqs()
        for number in range(ASKED, ASKED + 40):
            self.night(number)
        self.assertGreater(len(self.seqs()), len(taken))

    def test_repeating_the_night_changes_nothing(self):
        plan = self.running()
        day = (plan.instalment_ids[0].due_date - DUE).days + 11
        self.night(day)
        told = self.case.message_ids
        outcome = plan.action_id.decided_on
        self.night(day)
        self.assertEqual(plan.state, "broken")
        self.assertEqual(self.case.message_ids, told)
        self.assertEqual(plan.action_id.decided_on, outcome)

    def test_a_payment_in_advance_counts_for_the_next_ones(self):
        plan = self.running()
        self.paid(75, ASKED + 5)
        self.assertEqual(plan.instalment_ids.mapped("residual"), [0, 0, 15, 30])

    def test_a_payment_undone_opens_its_instalments_again(self):
        plan = self.running()
        with self.at(ASKED + 5):
            payment = self.pay(self.bill, 30)
        self.env.invalidate_all()
        self.assertEqual(plan.instalment_ids[0].state, "paid")
        with self.at(ASKED + 6):
            payment.move_id.line_ids.remove_move_reconcile()
        self.env.invalidate_all()
        self.assertEqual(plan.instalment_ids[0].residual, 30)

    def test_paying_the_first_instalment_accepts(self):
        plan = self.offered()
        self.paid(30, ASKED + 3)
        self.night(ASKED + 4)
        self.assertEqual(
            (plan.state, plan.accepted_on), ("running", self.day(ASKED + 4))
        )
        self.assertTrue(plan.hold_id)

    def test_an_offer_without_an_answer_expires(self):
        plan = self.offered()
        days = (plan.valid_until - DUE).days
        self.night(days)
        self.assertEqual(plan.state, "offered")
        self.night(days + 1)
        self.assertEqual(plan.state, "cancelled")
        self.assertEqual(plan.action_id.outcome, "not_agreed")
        self.assertTrue(plan.request_hold_id.end_reason)

    def test_a_second_plan_after_a_broken_one(self):
        plan = self.running()
        day = (plan.instalment_ids[0].due_date - DUE).days + 11
        self.night(day)
        again = self.running(day + 2)
        self.assertEqual(again.state, "running")
        self.assertEqual(again.action_id.attempt, 2)
        self.assertEqual(again.action_id.rule_id, plan.action_id.rule_id)

    def test_one_plan_at_a_time(self):
        self.offered()
        other = self.draft()
        with self.at(ASKED), self.assertRaisesRegex(UserError, "already"):
            other.action_ask()

    def test_cancelled_while_it_runs_by_a_manager_only(self):
        plan = self.running()
        with self.at(ASKED + 2):
            with self.assertRaises(AccessError):
                plan.with_user(self.operator).action_cancel()
            plan.with_user(self.manager).action_cancel()
        self.assertEqual(plan.state, "cancelled")
        self.assertEqual(plan.hold_id.end_reason, "withdrawn")

    def test_its_suspension_ends_with_it_only(self):
        plan = self.running()
        with self.at(ASKED + 2), self.assertRaisesRegex(UserError, "cancel the plan"):
            plan.hold_id.with_user(self.manager).action_end("withdrawn")

    def test_a_hold_that_the_portal_made_is_taken_over(self):
        with self.at(ASKED - 1):
            hold = (
                self.env["dunning.hold"]
                .with_user(self.operator)
                .suspend("case", self.case.ids, "plan_requested")
            )
        plan = self.offered()
        self.assertEqual(plan.request_hold_id, hold)
        self.assertGreaterEqual(hold.date_to, plan.valid_until)


@tagged("post_install", "-at_install")
class TestPlanGuards(PlanCommon):
    def test_nothing_of_the_program_can_be_written(self):
        plan = self.draft()
        for name, value in (
            ("state", "running"),
            ("amount_total", 1),
            ("tolerance_days", 300),
            ("valid_until", self.day(400)),
        ):
            with self.assertRaises(AccessError, msg=name):
                plan.write({name: value})
        with self.assertRaises(AccessError):
            self.plans.with_user(self.operator).create(
                {"case_id": self.case.id, "state": "running"}
            )
        with self.at(ASKED):
            plan.action_ask()
        with self.assertRaises(AccessError):
            plan.instalment_ids[0].write({"due_date": self.day(500)})
        plan.instalment_ids[0].write({"payment_code": "301000000000000001"})
        with self.assertRaisesRegex(UserError, "not changed"):
            plan.write({"number": 3})
        with self.assertRaisesRegex(UserError, "cancelled"):
            plan.unlink()

    @mute_logger("odoo.sql_db")
    def test_bills_of_another_case_are_refused(self):
        other = self._create_customer("C900")
        contract = self._create_contract("CT900", other)
        bill = self.overdue("B900", contract)
        with self.at(ASKED):
            self.run_on(ASKED)
        line = self.case_of(bill).line_ids
        plan = self.draft()
        plan.line_ids = [Command.link(line.id)]
        with self.at(ASKED), self.assertRaisesRegex(UserError, "another case"):
            plan.action_ask()

    def test_other_companies_see_nothing(self):
        plan = self.offered()
        other = self.setup_other_company(name="Altra S.p.A.")["company"]
        user = new_test_user(
            self.env,
            login="other_operator",
            groups="creditbox_dunning.group_dunning_operator",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(self.plans.with_user(user).search([]))
        own = plan.with_user(user)
        for method in ("action_accept", "action_send", "action_print", "action_cancel"):
            with self.assertRaises(AccessError, msg=method):
                getattr(own, method)()
        with self.assertRaises(AccessError):
            self.plans.with_user(user).create({"case_id": self.case.id})
        with self.assertRaises(AccessError):
            plan.instalment_ids.with_user(user).write({"payment_code": "1"})

    def test_the_accountant_reads_and_does_not_decide(self):
        plan = self.offered()
        self.assertEqual(plan.with_user(self.accountant).amount_total, 120)
        with self.assertRaises(AccessError):
            plan.with_user(self.accountant).action_accept()


@tagged("post_install", "-at_install")
class TestPlanApproval(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules.create(
            {"company_id": cls.company.id, "subject": "plan", "level": "2"}
        )

    def request(self, plan):
        return plan.sudo().request_id

    def test_long_or_small_first_instalments_are_asked(self):
        for vals, waits in (
            ({"number": 5}, False),
            ({"number": 6}, True),
            ({"number": 12, "first_amount": 24}, False),
            ({"number": 13, "first_amount": 24}, True),
        ):
            plan = self.offered(**vals)
            self.assertEqual(plan.state, "waiting" if waits else "offered", vals)
            with self.at(ASKED):
                plan.action_cancel()

    def test_approved_by_another_person(self):
        plan = self.offered(number=12)
        self.assertEqual(plan.state, "waiting")
        self.assertFalse(plan.document_id)
        with self.at(ASKED):
            self.assertEqual(plan.request_hold_id.state, "active")
        request = self.request(plan)
        self.assertEqual((request.subject, request.required_level), ("plan", 2))
        with self.at(ASKED):
            with self.assertRaises(UserError):
                request.with_user(self.operator).action_approve()
            request.with_user(self.manager).action_approve()
        self.assertEqual(plan.state, "offered")
        self.assertTrue(plan.document_id)

    def test_refused_the_case_goes_on(self):
        plan = self.offered(number=12)
        with self.at(ASKED):
            self.request(plan).with_user(self.manager).action_refuse("troppo lungo")
        self.assertEqual(plan.state, "cancelled")
        self.assertEqual(plan.request_hold_id.end_reason, "answered")

    def test_other_facts_lapse(self):
        plan = self.offered(number=12)
        plan.sudo()._guarded().write({"first_due": self.day(ASKED + 200)})
        with self.at(ASKED):
            self.request(plan).with_user(self.manager).action_approve()
        self.assertEqual((plan.state, self.request(plan).state), ("draft", False))


@tagged("post_install", "-at_install")
class TestPlanAround(PlanCommon):
    def test_interest_becomes_one_charge(self):
        plan = self.running(interest_kind="agreed", interest_rate=10)
        self.assertGreater(plan.amount_interest, 0)
        self.assertEqual(
            plan.amount_interest, sum(plan.instalment_ids.mapped("interest"))
        )
        charge = plan.sudo().charge_id
        self.assertRecordValues(
            charge,
            [{"kind": "interest", "amount": plan.amount_interest, "state": "draft"}],
        )
        line = plan.line_ids.sudo()
        day = (plan.instalment_ids[0].due_date - DUE).days + 11

        def late():
            return self.env["dunning.case"]._interest_of(line, self.day(day))[line.id]

        self.env["dunning.interest.rate"].sudo().search([]).unlink()
        self.env["dunning.interest.rate"].sudo().create(
            [
                {"kind": kind, "date_from": start, "value": 5, "reference": "test"}
                for kind in ("ecb", "ecb_half", "legal", "contract")
                # a rate of a half-year or a year ends with it
                for start in ("2026-07-01", "2027-01-01", "2027-07-01")
            ]
        )
        during = late()
        self.night(day)
        self.assertEqual((plan.state, charge.state), ("broken", "cancelled"))
        self.assertGreater(during, 0, "what came before the plan is owed")
        self.assertGreater(late(), during, "the plan's days are owed again")

    def test_interest_by_the_rate_of_each_day(self):
        rates = self.env["dunning.interest.rate"].sudo()
        rates.search([("kind", "=", "ecb")]).unlink()
        rates.create(
            {
                "kind": "ecb",
                "date_from": self.day(-900),
                "value": 3.65,
                "reference": "test",
            }
        )
        plan = self.offered(interest_kind="ecb")
        days = (plan.instalment_ids[0].due_date - plan.request_date).days
        self.assertAlmostEqual(plan.instalment_ids[0].interest, 0.012 * days, 2)

    def test_the_document_says_what_was_agreed(self):
        self.company.dunning_slip_kind = "transfer"
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "IT60X0542811101000000123456",
                "partner_id": self.company.partner_id.id,
            }
        )
        self.company.dunning_slip_bank_id = bank
        plan = self.offered()
        text = plan.sudo().document_id.raw.decode()
        self.assertIn(plan.name, text)
        self.assertIn(self.bill.billing_ref or self.bill.name, text)
        self.assertEqual(text.count("<svg"), 4)
        slip = plan.instalment_ids[1].slip_text
        self.assertIn("EUR30.00", slip)
        self.assertIn(f"{plan.name}/2", slip)
        with self.assertRaises(UserError):
            plan.sudo().document_id.raw = b"x"

    def test_the_offer_leaves_by_the_outbox_once(self):
        plan = self.offered()
        with self.at(ASKED):
            plan.action_send()
            with self.assertRaisesRegex(UserError, "already"):
                plan.action_send()
        message = plan.sudo().action_id.communication_ids
        self.assertEqual(
            (message.channel, message.state, message.address),
            ("email", "to_send", "c001@example.com"),
        )
        self.assertIn(plan.name, message.body)
        # a mail that does not arrive is no answer of the customer
        with self.at(ASKED):
            message._tell_failure("rimbalzata")
        self.assertEqual(plan.action_id.state, "executing")
        self.assertEqual(plan.state, "offered")
        self.assertIn("did not arrive", plan.activity_ids.summary)

    def test_orders_of_the_technical_office_are_withdrawn(self):
        """An order not yet sent is taken back when the plan is asked for."""
        for number in range(60, 75):
            self.night(number)
            waiting = self.case.action_ids.filtered(
                lambda a: a.state == "waiting_approval"
            )
            if waiting:
                self.approve(waiting, self.manager, number)
        orders = self.case.action_ids.technical_order_ids
        self.assertTrue(orders, "the case never came to the office")
        self.offered(number)
        self.assertEqual(set(orders.mapped("state")), {"withdrawn"})

    def test_the_step_of_the_table_is_taken_over(self):
        """A plan recorded as an event: its step is the plan's, and not withdrawn.

        The rows of the matrix that ask for a level are archived: they count no more,
        not in a run either.
        """
        with self.at(ASKED):
            row = (
                self.env["dunning.case.event"]
                ._possible_rows(self.case, self.day(ASKED))
                .filtered(lambda r: r.op == "plan")
            )
            self.env["dunning.case.event"].with_user(self.operator).record_event(
                self.case.id, row.id, self.day(ASKED)
            )
            self.run_on(ASKED)
        step = self.case.action_ids.filtered(lambda a: a.op == "plan")
        self.assertEqual(step.state, "executing", step.reason)
        plan = self.running()
        self.assertEqual(plan.action_id, step)
        self.assertEqual((step.state, step.outcome), ("executing", "agreed"))

    def test_worklists(self):
        plan = self.running()
        day = (plan.instalment_ids[0].due_date - DUE).days

        def counts(number):
            with self.at(number):
                page = self.env["dunning.worklist"].with_user(self.operator).get_today()
            return {one["key"]: one["count"] for one in page["lists"]}

        self.night(day + 1)
        self.assertEqual(counts(day + 1)["plans_late"], 1)
        self.night(day + 11)
        told = counts(day + 11)
        self.assertEqual((told["plans_late"], told["plans_broken"]), (0, 1))

    def test_the_night_costs_the_same_for_many(self):
        """Set-wise: the statements do not grow with the plans that only wait."""

        def statements(count):
            for number in range(count):
                customer = self._create_customer(f"M{count}{number}")
                contract = self._create_contract(f"MC{count}{number}", customer)
                self.overdue(f"MB{count}{number}", contract)
            with self.at(ASKED):
                self.run_on(ASKED)
                cases = self.env["dunning.case"].search(
                    [("state", "!=", "closed"), ("plan_ids", "=", False)]
                )
                for case in cases:
                    plan = self.plans.create(
                        {
                            "case_id": case.id,
                            "number": 2,
                            "first_due": self.day(ASKED + 20),
                        }
                    )
                    plan.action_ask()
                    plan.action_accept()
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.plans._scan(self.company, self.day(ASKED) + timedelta(days=1))
                self.env.flush_all()
                return self.env.cr.sql_log_count - before

        few, many = statements(1), statements(8)
        self.assertLessEqual(many, few + 2)

"""Cases: opened from overdue instalments, fed, closed, reopened."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from .common import DUE, DunningCommon


@tagged("post_install", "-at_install")
class TestCaseOpening(DunningCommon):
    def test_opens_the_day_after_the_due_date(self):
        bill = self.overdue()
        self.run_on(0)
        self.assertFalse(self.case_of(bill))
        self.run_on(1)
        case = self.case_of(bill)
        self.assertRecordValues(
            case,
            [
                {
                    "contract_id": self.contract.id,
                    "partner_id": self.customer.id,
                    "table_id": self.table.id,
                    "state": "open",
                    "amount_due": 100.0,
                    "due_date": DUE,
                    # no gateway for text messages: the e-mail is the next step
                    "next_date": self.day(7),
                    "next_kind": "wait",
                }
            ],
        )
        self.assertEqual(case.next_rule_id.seq, 20)
        self.assertTrue(case.next_reason)
        self.assertIn(case.next_rule_id.short_description, case.sentence)

    def test_one_case_for_a_supply_and_new_bills_join(self):
        first = self.overdue()
        self.run_on(1)
        second = self.overdue("B2", due=DUE + timedelta(days=10), amount=40)
        self.run_on(5)
        self.assertFalse(self.case_of(second))
        self.run_on(11)
        self.assertEqual(self.case_of(first), self.case_of(second))
        self.assertEqual(self.case_of(first).amount_due, 140)

    def test_each_instalment_on_its_own_day(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "two",
                "line_ids": [
                    Command.create({"value_amount": 50, "nb_days": 0}),
                    Command.create({"value_amount": 50, "nb_days": 60}),
                ],
            }
        )
        bill = self._create_bill(
            "B1", invoice_date=DUE, invoice_payment_term_id=term.id
        )
        self.run_on(1)
        lines = bill.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        first, second = lines.sorted("date_maturity")
        self.assertTrue(first.dunning_case_id)
        self.assertFalse(second.dunning_case_id, "the second instalment is not due")
        self.assertEqual(first.dunning_case_id.amount_due, 50)

    def test_respects_what_the_accountant_excluded(self):
        excluded = self.overdue("B1")
        excluded.no_followup = True
        blocked = self.overdue("B2", self._create_contract("CT2", self.customer))
        blocked.action_toggle_block_payment()
        self.run_on(1)
        self.assertFalse(self.case_of(excluded) | self.case_of(blocked))

    def test_excluded_later_waits(self):
        bill = self.overdue()
        self.run_on(1)
        bill.no_followup = True
        self.run_on(7)
        case = self.case_of(bill)
        self.assertFalse(case.action_ids.filtered(lambda a: a.state == "done"))
        self.assertEqual(case.next_kind, "wait")
        bill.no_followup = False
        self.run_on(8)
        self.assertIn((20, "done"), self.actions(case))

    def _forget_contract(self, table, column, bill):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET utility_contract_id = NULL WHERE %s = %s",
                SQL.identifier(table),
                SQL.identifier(column),
                bill.id,
            )
        )
        self.env.invalidate_all()

    def test_bill_over_several_sites(self):
        """Each site's share goes to the case of its own supply."""
        other = self._create_contract("CT2", self.customer)
        bill = self.overdue()
        line = bill.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        self._forget_contract("account_move", "id", bill)
        line.utility_contract_id = other
        self.run_on(1)
        self.assertEqual(self.case_of(bill).contract_id, other)

    def test_without_contract_it_is_the_customers(self):
        bill = self.overdue()
        self._forget_contract("account_move", "id", bill)
        self._forget_contract("account_move_line", "move_id", bill)
        self.run_on(1)
        case = self.case_of(bill)
        self.assertFalse(case.contract_id)
        self.assertEqual(case.partner_id, self.customer)
        # no supply that could be cut: the rows without a technical branch
        self.run_on(15)
        used = case.action_ids.rule_id
        self.assertEqual(set(used.mapped("suspendibility")), {"not_suspendible"})

    def test_credit_notes_lower_what_is_asked(self):
        bill = self.overdue()
        self._create_bill(
            "NC1",
            move_type="out_refund",
            amount=100,
            invoice_date=DUE,
            invoice_date_due=DUE,
        )
        self.run_on(7)
        case = self.case_of(bill)
        self.assertEqual((case.state, case.amount_due), ("parked", 0))
        self.assertEqual(case.next_kind, "park")

    def test_unmatched_payment_parks(self):
        bill = self.overdue()
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 100,
                "date": DUE,
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        self.run_on(7)
        case = self.case_of(bill)
        self.assertEqual(case.state, "parked")
        self.assertFalse(case.action_ids.filtered(lambda a: a.state == "done"))

    def test_database_refuses_a_second_open_case(self):
        bill = self.overdue()
        self.run_on(1)
        case = self.case_of(bill)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            case.sudo()._guarded().create(
                {
                    "name": "X",
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "contract_id": self.contract.id,
                }
            )
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestCaseEnd(DunningCommon):
    def test_closes_when_paid(self):
        bill = self.overdue()
        self.run_on(7)
        case = self.case_of(bill)
        self.pay(bill, 40)
        self.assertEqual(case.amount_due, 60, "the amount follows the payments at once")
        self.run_on(8)
        self.assertEqual(case.state, "open")
        self.pay(bill)
        self.run_on(9)
        self.assertRecordValues(
            case,
            [
                {
                    "state": "closed",
                    "close_reason": "paid",
                    "closed_on": self.day(9),
                    "next_date": False,
                }
            ],
        )

    def test_gate_25_returned_payment_reopens_at_its_step(self):
        """Gate 25: a returned payment reopens the case at the step it had left."""
        bill = self.overdue()
        for day in (3, 7, 15):
            self.run_on(day)
        case = self.case_of(bill)
        payment = self.pay(bill)
        self.run_on(16)
        self.assertEqual(case.state, "closed")
        before = self.actions(case)
        payment.move_id.line_ids.remove_move_reconcile()
        payment.action_draft()
        self.run_on(31)
        self.assertEqual(self.case_of(bill), case)
        self.assertEqual((case.state, case.reopened_on), ("open", self.day(31)))
        after = self.actions(case)
        self.assertEqual(after[: len(before)], before, "history was touched")
        # 10, 20, 30 are not done again: the registered letter is next
        self.assertEqual(after[len(before) :], [(41, "executing")])

    def test_letter_to_send_is_withdrawn_when_paid_and_comes_back(self):
        bill = self.overdue()
        for day in (7, 15, 30):
            self.run_on(day)
        case = self.case_of(bill)
        letter = case.action_ids.filtered(lambda a: a.state == "executing")
        payment = self.pay(bill)
        self.run_on(31)
        self.assertEqual((letter.state, case.state), ("superseded", "closed"))
        self.assertEqual(letter.communication_ids.state, "cancelled")
        payment.move_id.line_ids.remove_move_reconcile()
        payment.action_draft()
        self.run_on(32)
        self.assertEqual(letter.state, "executing")
        self.assertEqual(letter.communication_ids.state, "to_send")
        self.assertEqual(len(letter.communication_ids), 1)

    def test_newer_bills_begin_their_own_round(self):
        bill = self.overdue()
        for day in (7, 15):
            self.run_on(day)
        newer = self.overdue("B2", due=self.day(10))
        self.run_on(16)
        case = self.case_of(bill)
        self.pay(bill)
        self.run_on(18)
        self.assertEqual((case.round, case.state), (2, "open"))
        self.assertEqual(case.due_date, self.day(10))
        done = case.action_ids.filtered(lambda a: a.round == 2 and a.state == "done")
        self.assertEqual(done.rule_id.mapped("seq"), [20])
        self.assertEqual(done.item_ids.move_id, newer)

    def test_case_keeps_its_version(self):
        bill = self.overdue()
        self.run_on(1)
        case = self.case_of(bill)
        draft = self.table.copy()
        draft.rule_ids.filtered(lambda r: r.action_type_id.code == 2).write(
            {"wait_before": 99}
        )
        draft.action_publish()
        self.run_on(7)
        self.assertEqual(case.table_id, self.table)
        self.assertIn((20, "done"), self.actions(case))
        other = self.overdue("B2", self._create_contract("CT2", self.customer))
        self.run_on(7)
        self.assertEqual(self.case_of(other).table_id, draft)
        self.assertNotIn((20, "done"), self.actions(self.case_of(other)))

    def test_ceased_supply_cancels_technical_steps(self):
        bill = self.overdue()
        case = self._walk_to_list(bill)
        listed = case.action_ids.filtered(lambda a: a.op == "list")
        self.assertEqual(listed.state, "waiting_approval")
        self.contract.sudo().write(
            {
                "supply_state": "ceased",
                "date_end": self.day(59),
                "end_reason": "switch_out",
            }
        )
        self.run_on(66)
        self.assertEqual(listed.state, "superseded")
        agency = case.action_ids.filtered(lambda a: a.op == "assign")
        self.assertEqual(agency.state, "waiting_approval")

    def _walk_to_list(self, bill):
        for day in (7, 15, 30):
            self.run_on(day)
        case = self.case_of(bill)
        letter = case.action_ids.filtered(lambda a: a.op == "default")
        letter._set_state(
            "done", executed_date=self.day(30), effective_date=self.day(36)
        )
        self.run_on(64)
        return case

    def test_gate_39_one_sentence_and_one_date(self):
        """Gate 39: every open case shows one sentence and one date."""
        small = self.overdue("B2", self._create_contract("CT2", self.customer), 7)
        self.overdue()
        nobody = self._create_customer("C9", email=False, street=False)
        lost = self._create_contract("CT9", nobody)
        self.overdue("B9", lost)
        for day in (1, 7, 15, 30, 31, 60):
            self.run_on(day)
            for case in self.env["dunning.case"].search([("state", "!=", "closed")]):
                self.assertRegex(case.sentence, r"\d\d/\d\d/20\d\d", case.sentence)
                self.assertTrue(case.next_reason)
        kinds = self.env["dunning.case"].search([]).mapped("next_kind")
        self.assertEqual(set(kinds), {"park", "wait", "stop"})
        self.assertEqual(self.case_of(small).state, "parked")


@tagged("post_install", "-at_install")
class TestCaseGuards(DunningCommon):
    """Nobody writes where a case stands: tried as the users and as administrator."""

    def setUp(self):
        super().setUp()
        self.bill = self.overdue()
        self.run_on(7)
        self.case = self.case_of(self.bill)
        self.admin = self.env.ref("base.user_admin")
        self.admin.company_ids |= self.company

    def test_state_is_not_written_by_hand(self):
        for user in (self.operator, self.manager, self.dunning_admin, self.admin):
            case = self.case.with_user(user).with_company(self.company)
            for vals in (
                {"state": "closed"},
                {"next_date": self.day(99)},
                {"table_id": False},
                {"round": 9},
            ):
                with self.assertRaises(AccessError):
                    case.write(vals)
                with self.assertRaises(AccessError):
                    case.with_context(utility_guard=True).write(vals)
        self.case.with_user(self.operator).write({"note": "Chiamato"})

    def test_actions_and_messages_are_history(self):
        action = self.case.action_ids.filtered(lambda a: a.state == "done")
        message = action.communication_ids
        for record in (action, message, action.item_ids):
            for user in (self.operator, self.dunning_admin, self.admin):
                mine = record.with_user(user).with_company(self.company)
                with self.assertRaises(AccessError):
                    mine.write(
                        {"state": "failed"}
                        if record != action.item_ids
                        else {"amount": 1}
                    )
                with self.assertRaises(AccessError):
                    mine.unlink()
        with self.assertRaises(UserError):
            action.sudo().unlink()
        with self.assertRaises(UserError):
            self.case.sudo().unlink()

    def test_run_and_plan_need_the_manager(self):
        runs = self.env["dunning.run"]
        day = "2027-02-05"
        with freeze_time(day):
            with self.assertRaises(AccessError):
                runs.with_user(self.operator).run_for(self.company.ids, day)
            with self.assertRaises(AccessError):
                self.case.with_user(self.operator).action_plan_now()
            for user in (self.manager, self.dunning_admin):
                runs.with_user(user).run_for(self.company.ids, "2027-02-01")
                runs.with_user(user).action_run_now()
            with self.assertRaises(AccessError):
                runs.with_user(self.manager).run_for(self.other_company.ids, day)
            self.case.with_user(self.manager).action_plan_now()
            wizard = self.env["dunning.run.wizard"].with_user(self.manager)
            wizard.create({"company_ids": self.company.ids}).action_run()

    def test_nobody_runs_ahead_of_time(self):
        """A step before its time is not had by asking for a day to come."""
        with freeze_time("2027-02-01"):
            runs = self.env["dunning.run"].with_user(self.manager)
            for call in (
                lambda: runs.run_for(self.company.ids, "2027-02-02"),
                lambda: runs.action_run_now("2099-01-01"),
                lambda: self.case.with_user(self.manager).action_plan_now("2027-03-01"),
            ):
                with self.assertRaises(UserError):
                    call()

    def test_clerk_of_utilities_sees_no_case(self):
        with self.assertRaises(AccessError):
            self.case.with_user(self.utility_user).read(["state"])

    def test_accountant_reads_from_bill_and_customer(self):
        bill = self.bill.with_user(self.accountant)
        self.assertEqual(bill.dunning_case_count, 1)
        self.assertEqual(bill.action_open_dunning_cases()["res_id"], self.case.id)
        partner = self.customer.with_user(self.accountant)
        self.assertEqual(partner.dunning_case_count, 1)
        self.assertEqual(partner.action_open_dunning_cases()["res_id"], self.case.id)
        contract = self.contract.with_user(self.accountant)
        self.assertEqual(contract.dunning_case_count, 1)
        self.case.with_user(self.accountant).read(["sentence", "next_reason"])
        with self.assertRaises(AccessError):
            self.case.with_user(self.accountant).write({"note": "x"})

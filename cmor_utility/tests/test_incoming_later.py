"""Incoming side, after the bill: annulled, suspended, closed, opened again."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common_incoming import IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestAfterTheBill(IncomingCommon):
    def _cancel(self, practice, paid, **more):
        (result,) = self._receive(
            "cancel_notice",
            {
                "sii_code": practice.sii_code,
                "cancelled_on": date(2026, 4, 14),
                "cause_code": "N3",
                "indemnity_paid": paid,
                **more,
            },
        )
        return result

    def test_annulled_after_csea_has_paid(self):
        """The outgoing seller gives back: not we too, and our charge stands."""
        billed, waiting = self._to_charge(), self._to_charge("SII000000000002", "50")
        bill = self._on_bill(billed)
        waiting.action_charge_customer()
        for practice in (billed, waiting):
            self.assertEqual(self._cancel(practice, "1").state, "applied")
        self.assertRecordValues(
            billed | waiting,
            [
                {
                    "state": "uncollected",
                    "is_annulled": False,
                    "stands_annulled": True,
                    "return_amount": 0.0,
                    "return_by": False,
                    "pending_amount": 0.0,
                },
                {
                    "state": "to_charge",
                    "is_annulled": False,
                    "stands_annulled": True,
                    "return_amount": 0.0,
                    "return_by": False,
                    "pending_amount": 50.0,
                },
            ],
        )
        self.assertEqual(self._cancel(billed, "1").state, "repeated")
        self.assertEqual(self._cancel(billed, "0").problem, "cancel_paid_before")
        self._pay(bill)
        billed.action_settle()
        self.assertEqual((billed.state, billed.report_state), ("collected", "3"))

    def test_csea_had_paid_is_told_after_the_outcome(self):
        practice, returned = self._to_charge(), self._to_charge("SII000000000002", "50")
        self._on_bill(practice)
        self._on_bill(returned, "B2")
        for one in (practice, returned):
            self.assertEqual(self._cancel(one, None).state, "applied")
            self.assertEqual(one.state, "to_refund")
        returned.action_refund_customer()
        self._cancel(practice, "1")
        self.assertRecordValues(
            practice,
            [{"state": "uncollected", "return_amount": 0.0, "stands_annulled": True}],
        )
        # we have given it back already: a person has to look
        self.assertEqual(self._cancel(returned, "1").problem, "cancel_paid_returned")
        self.assertEqual(returned.state, "to_refund")

    def _reported(self):
        """A practice that is paid and reported, with its vendor bill."""
        practice = self._to_charge()
        self._vendor_bill(practice)
        bill = self._on_bill(practice)
        self._pay(bill)
        practice.action_settle()
        practice.action_report()
        request = self._sent(practice, "report")
        practice.action_settle()
        self.assertEqual(practice.state, "collected")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        return practice, bill

    def test_closes_by_itself_and_opens_again(self):
        practice, _bill = self._reported()
        self.assertEqual((practice.state, practice.transit_balance), ("closed", 0.0))
        self.assertEqual(practice.sudo().event_ids[0].kind, "closed_done")
        with self.assertRaises(AccessError):
            practice.with_user(self.bystander).action_open_again()
        practice.action_open_again()
        self.assertEqual(practice.state, "reported")
        practice.action_settle()
        self.assertEqual(practice.state, "reported", "until somebody closes it")
        practice.action_close_incoming()
        self.assertEqual((practice.state, practice.kept_open), ("closed", False))
        annulled = self._to_charge("SII000000000002")
        self._cancel(annulled, "0")
        self.assertEqual(annulled.state, "closed")
        with self.assertRaises(UserError):
            annulled.action_open_again()

    def test_a_reversed_payment_opens_what_was_closed(self):
        practice, bill = self._reported()
        bill.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).remove_move_reconcile()
        with self.enter_registry_test_mode():
            self.env.ref(
                "cmor_utility.ir_cron_cmor_settle_incoming"
            ).sudo().method_direct_trigger()
        self.assertEqual((practice.state, practice.report_needed), ("reported", True))
        self._pay(bill)
        practice.action_settle()
        self.assertEqual(practice.state, "closed", "the last report tells it already")

    def test_suspended_after_it_was_billed(self):
        practice, waiting = self._to_charge(), self._to_charge("SII000000000002", "50")
        bill = self._on_bill(practice)
        waiting.action_charge_customer()
        for one in (practice, waiting):
            (result,) = self._receive(
                "suspend_notice", {"sii_code": one.sii_code, "suspended": 1}
            )
            self.assertEqual((result.state, one.state), ("applied", "suspended"))
        # not left yet: stopped. On a bill: credited
        self.assertEqual(waiting.charge_ids.state, "cancelled")
        self.assertEqual(waiting.return_amount, 0.0)
        self.assertEqual(practice.return_amount, 100.0)
        self.assertEqual(practice.next_action, "refund_suspended")
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        credit = self._create_bill("C1", self.contract, 200.0)
        self.env["utility.charge"]._confirm_from_bill(credit, [refund.ref])
        self.assertEqual((practice.billed_amount, practice.return_amount), (0.0, 0.0))
        self.assertEqual(practice.state, "suspended")
        # the reason is over: it is charged again
        self._receive("suspend_notice", {"sii_code": practice.sii_code, "suspended": 0})
        self.assertEqual(
            (practice.state, practice.to_bill_amount), ("to_charge", 100.0)
        )
        self._pay(bill)

    def test_suspended_after_it_was_paid_waits(self):
        practice = self._to_charge()
        self._pay(self._on_bill(practice))
        practice.action_settle()
        (result,) = self._receive(
            "suspend_notice", {"sii_code": practice.sii_code, "suspended": 1}
        )
        self.assertEqual(result.problem, "suspended_after_charge")

    def test_annulment_asked_needs_an_approval(self):
        rule = self.env.ref("cmor_utility.approval_rule_annul").sudo()
        rule.amount_from = 80
        rule.four_eyes = True
        practice, small = (
            self._incoming(),
            self._incoming("SII000000000002", amount="50"),
        )
        context = {"default_practice_ids": (practice | small).ids}
        wizard = self.env["cmor.cancel.in.wizard"].with_user(self.operator)
        action = (
            wizard.with_context(**context)
            .create({"practice_ids": (practice | small).ids})
            .action_apply()
        )
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(len(small.request_ids), 1)
        self.assertFalse(practice.request_ids)
        approval = practice.sudo().approval_ids
        self.assertEqual((approval.action, approval.amount), ("annul", 100.0))
        approval.with_user(self.manager).action_approve()
        self.assertEqual(approval.state, "used", approval.note)
        request = practice.request_ids
        self.assertEqual((request.key, request.reason), ("cancel_request", "N6"))
        self.assertEqual(request.requested_by_id, self.operator)

    def test_full_books_and_back_to_zero(self):
        """The billing system's row is on the revenue account: it is moved from there,
        and back when the CMOR is given back."""
        self.company.utility_book_mode = "full"
        revenue = self.company.utility_bill_journal_id.default_account_id
        practice = self._to_charge()
        self._vendor_bill(practice)
        practice.action_charge_customer()
        charge = practice.charge_ids
        bill = self._create_bill("BF", self.contract, 300.0)
        self.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])
        entry = charge.sudo().cmor_entry_id.line_ids
        transit = self.company.cmor_transit_account_id
        self.assertEqual(
            {line.account_id: line.balance for line in entry},
            {revenue: 100.0, transit: -100.0},
        )
        self.assertEqual((practice.state, practice.transit_balance), ("uncollected", 0))
        self._cancel(practice, "0")
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        bill = self._create_bill("BG", self.contract, 200.0)
        self.env["utility.charge"]._confirm_from_bill(bill, [refund.ref])
        entry = refund.sudo().cmor_entry_id.line_ids
        self.assertEqual(
            {line.account_id: line.balance for line in entry},
            {revenue: -100.0, transit: 100.0},
        )
        # the network gives it back last
        self._charged_by_network(practice, "-100", bill_number="NC1")
        credit = practice.network_charge_ids.filtered(lambda c: c.amount < 0)
        action = credit.with_user(self.accountant).action_vendor_bill()
        self.env["account.move"].sudo().browse(action["res_id"]).action_post()
        self.assertEqual(practice.transit_balance, 0.0)

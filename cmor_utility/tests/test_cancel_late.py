"""Annulment asked by us, payments after the claim, updates of the amount."""

from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, Form, freeze_time, tagged

from ..rules import late, messages
from .test_receipts import MoneyCommon

D = Decimal


def _no_commit(_self, *_args, **_kwargs):
    """Seconds left, without the commit: a test is one transaction."""
    return 60


@tagged("post_install", "-at_install")
class TestLateRules(BaseCase):
    def judge(self, *bills, indemnity="300", cap="400", prev="0", paid=False):
        verdict = late.judge(bills, D(indemnity), D(cap), D(prev), paid)
        return verdict.kind, verdict.paid, verdict.new_amount

    def bill(self, claimed, residual, paid="0", csea="0"):
        return late.ClaimedBill(
            D(claimed), D(residual), D(csea), D(paid), date(2026, 4, 1)
        )

    def test_nothing_paid(self):
        self.assertEqual(self.judge(self.bill("300", "300")), ("none", D(0), D("300")))

    def test_full_part_and_untouched(self):
        self.assertEqual(
            self.judge(self.bill("300", "0", "300")), ("full", D("300"), D(0))
        )
        self.assertEqual(
            self.judge(self.bill("200", "150.01", "49.99"), self.bill("100", "100")),
            ("part", D("49.99"), D("250.01")),
        )
        # what was not claimed of the bill is paid: the claim is covered still
        self.assertEqual(
            self.judge(self.bill("300", "320", "80")),
            ("untouched", D("80"), D("300")),
        )

    def test_the_cap_and_the_previous_cmor(self):
        self.assertEqual(
            self.judge(self.bill("500", "400", "100"), indemnity="420", prev="20"),
            ("untouched", D("100"), D("420")),
        )
        self.assertEqual(
            self.judge(self.bill("500", "300", "200"), indemnity="420", prev="20"),
            ("part", D("200"), D("320")),
        )

    def test_an_open_credit_note_lowers_what_is_left(self):
        """Claimed 70: a bill of 100 less a credit note of 30 that no bill has taken."""
        note = self.bill("-30", "-30")
        paid = self.bill("100", "70", "30")
        self.assertEqual(
            self.judge(paid, note, indemnity="70"), ("part", D("30"), D("40"))
        )
        # taken by the bill: nothing of the claim is paid
        taken = self.bill("-30", "0")
        self.assertEqual(
            self.judge(paid, taken, indemnity="70"), ("untouched", D("30"), D("70"))
        )
        # as large as the bill
        self.assertEqual(
            self.judge(self.bill("100", "30", "70"), note, indemnity="70")[0], "full"
        )

    def test_a_previous_cmor_is_left_when_the_bills_are_paid(self):
        paid = self.bill("300", "0", "300")
        self.assertEqual(
            self.judge(paid, indemnity="350", prev="50"), ("part", D("300"), D("50"))
        )
        # he pays that one too, on its bill
        verdict = late.judge((paid,), D("350"), D("400"), D("50"), prev_left=D(0))
        self.assertEqual((verdict.kind, verdict.new_amount), ("full", D(0)))
        alone = late.judge(
            (self.bill("300", "300"),), D("350"), D("400"), D("50"), prev_left=D("20")
        )
        self.assertEqual(
            (alone.kind, alone.paid, alone.new_amount), ("part", D("30"), D("320"))
        )
        # under the cap it is a part of it
        verdict = late.judge(
            (self.bill("300", "250", "50"),),
            D("320"),
            D("320"),
            D("50"),
            prev_on_top=False,
        )
        self.assertEqual((verdict.kind, verdict.new_amount), ("part", D("300")))

    def test_after_csea_only_what_concerns_the_claim(self):
        residue = self.bill("300", "20", "80", csea="300")
        self.assertEqual(self.judge(residue, paid=True)[0], "none")
        early = self.bill("300", "0", "60", csea="240")
        self.assertEqual(self.judge(early, paid=True)[0], "part")

    def test_open_credit_after_csea(self):
        def judge(amount, *bills):
            credit = late.Credit(D(amount), date(2026, 5, 9))
            verdict = late.judge(bills, D("300"), D("400"), D(0), True, credit)
            return verdict.kind, verdict.paid, verdict.new_amount

        closed = self.bill("300", "0", csea="300")
        self.assertEqual(judge("300", closed), ("full", D("300"), D(0)))
        self.assertEqual(judge("40.01", closed), ("part", D("40.01"), D("259.99")))
        # more than was claimed is no payment of the claim
        self.assertEqual(judge("500", closed), ("full", D("300"), D(0)))
        # a bill that is open still comes first: the two are to be reconciled
        rest = self.bill("300", "50", csea="250")
        self.assertEqual(judge("50", rest)[0], "none")
        self.assertEqual(judge("60", rest), ("part", D("10"), D("290")))


@tagged("post_install", "-at_install")
class TestCancel(MoneyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.practice = cls._create_waiting("C1", state="to_distributor")
        cls.n1 = cls.env.ref("cmor_utility.cancel_reason_n1")
        cls.n9 = cls.env.ref("cmor_utility.cancel_reason_n9")

    def _ask(self, practices=None, user=None, **vals):
        practices = practices or self.practice
        wizard = (
            self.env["cmor.cancel.wizard"]
            .with_user(user or self.operator)
            .with_context(default_practice_ids=practices.ids)
            .create(
                {
                    "practice_ids": practices.ids,
                    "reason_id": self.n1.id,
                    "event_date": date(2026, 4, 20),
                    **vals,
                }
            )
        )
        wizard.action_apply()
        return practices.request_ids

    def test_request_with_its_values(self):
        request = self._ask(note="avviso senza CMOR")
        self.assertEqual(self.practice.state, "cancel_requested")
        self.assertEqual((request.key, request.reason), ("cancel_request", "N1"))
        values = messages.typed_params(request.values)
        self.assertEqual(values["cancel_sii_code"], self.practice.sii_code)
        self.assertEqual(values["cancel_code"], self.practice.code)
        self.assertEqual(values["cause_code"], "N1")
        self.assertEqual(values["side_code"], "U")
        self.assertEqual(values["event_date"], date(2026, 4, 20))
        self.assertNotIn("collected_amount", values)

    def test_the_practice_says_what_its_request_needs(self):
        """It stays in the work list until the file is on the portal."""
        request = self._ask()
        self.assertEqual(self.practice.next_action, "export_request")
        self.practice.sudo()._refresh_queued_terms()
        self.assertTrue(self.practice.needs_action)
        request._set_state("exported")
        self.practice.sudo()._set_next()
        self.assertEqual(self.practice.next_action, "mark_request")
        request._set_state("sent")
        self.practice.sudo()._set_next()
        self.assertEqual(self.practice.next_action, "await_annulment")
        self.practice.sudo()._refresh_queued_terms()
        self.assertFalse(self.practice.needs_action)

    def test_other_needs_a_text_and_n8_is_not_ours(self):
        with self.assertRaisesRegex(UserError, "text"):
            self._ask(reason_id=self.n9.id)
        with self.assertRaisesRegex(UserError, "not ours"):
            self._ask(reason_id=self.env.ref("cmor_utility.cancel_reason_n8").id)
        self.assertEqual(self.practice.state, "to_distributor")

    def test_withdraw_goes_back_where_it_was(self):
        self._ask()
        self.practice.with_user(self.operator).action_withdraw_cancel()
        self.assertEqual(self.practice.state, "to_distributor")
        self.assertEqual(self.practice.request_ids.state, "withdrawn")
        self._ask()
        self.practice.request_ids.filtered(lambda r: r.state == "to_export")._set_state(
            "exported"
        )
        with self.assertRaises(UserError):
            self.practice.with_user(self.operator).action_withdraw_cancel()

    def test_mass_and_all_the_reasons_why_not(self):
        others = self._create_waiting("C2") | self._create_waiting("C3")
        self._ask(self.practice | others)
        self.assertEqual(
            set((self.practice | others).mapped("state")), {"cancel_requested"}
        )
        sent = self._create_waiting("C4", state="sent")
        lost = self._create_waiting("C5", state="rejected")
        with self.assertRaises(UserError) as caught:
            self._ask(sent | lost)
        self.assertIn(sent.display_name, str(caught.exception))
        self.assertIn(lost.display_name, str(caught.exception))

    def test_paid_stays_paid_until_the_outcome(self):
        paid = self._create_waiting("C6")
        self._apply(self._record(paid))
        self._ask(paid)
        self.assertEqual(paid.state, "paid")
        self.assertEqual(paid.request_ids.key, "cancel_request")

    def test_only_operators(self):
        with self.assertRaises(AccessError):
            self._ask(user=self.bystander)

    def test_why_not_is_told_in_words_that_help(self):
        for state, words in (
            ("exported", "discard"),
            ("sent", "load its answer"),
            ("cancel_requested", "under way"),
        ):
            practice = self._create_waiting(f"W-{state}", state=state)
            with self.assertRaisesRegex(UserError, words):
                self._ask(practice)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestLatePayment(MoneyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.practice = cls._create_waiting("L1", state="accepted")
        cls._left(cls.practice)
        cls.bills = cls.practice.line_ids.move_id.sorted("invoice_date")

    @classmethod
    def _left(cls, practice):
        day = datetime(2026, 4, 1)
        practice.sudo()._guarded().write({"exported_on": day, "sent_on": day})

    def _dialog(self, practice):
        return Form(
            self.env["cmor.cancel.wizard"]
            .with_user(self.operator)
            .with_context(default_practice_ids=practice.ids)
        )

    def test_prompt_with_deadline(self):
        """Gate 32: a late payment on a claimed bill raises a prompt with its term
        (A17)."""
        practice = self.practice
        self.assertFalse(practice.late_state)
        self._pay(self.bills[0], 40.01)
        self.assertEqual(practice.late_state, "open")
        self.assertEqual((practice.late_kind, practice.late_amount), ("part", 40.01))
        self.assertEqual(practice.late_new_amount, 259.99)
        self.assertEqual(practice.late_due, date(2026, 4, 22), "5 working days")
        self.assertEqual(practice.next_action, "answer_late")
        self.assertEqual(practice.next_date, practice.late_due)
        self.assertIn("late_payment", practice.event_ids.mapped("kind"))
        action = self.env.ref("cmor_utility.cmor_practice_action_late")
        listed = self.env["cmor.practice"].search(
            [("side", "=", "outgoing"), ("late_state", "!=", False)]
        )
        self.assertIn("late_state", action.domain)
        self.assertEqual(listed, practice)

    def test_partly_paid_asks_for_the_right_amount(self):
        self._pay(self.bills[0], 40.01)
        dialog = self._dialog(self.practice)
        self.assertEqual(dialog.reason_id.code, "N7")
        self.assertEqual(dialog.collected_amount, 40.01)
        self.assertEqual(dialog.new_amount, 259.99)
        dialog.save().action_apply()
        values = messages.typed_params(self.practice.request_ids.values)
        self.assertEqual(values["cmor_amount"], D("259.99"))
        self.assertEqual(values["amount_before"], D("300.00"))
        self.assertEqual(self.practice.late_state, "answered")

    def test_fully_paid_asks_the_annulment(self):
        for bill in self.bills:
            self._pay(bill)
        self.assertEqual(self.practice.late_kind, "full")
        dialog = self._dialog(self.practice)
        self.assertEqual(dialog.reason_id.code, "N2")
        dialog.save().action_apply()
        values = messages.typed_params(self.practice.request_ids.values)
        self.assertEqual(values["collected_amount"], D("300.00"))
        self.assertEqual(self.practice.state, "cancel_requested")

    def test_ends_when_the_payment_is_reversed(self):
        self._pay(self.bills[0], 40)
        partials = self.bills[0].sudo().line_ids.matched_credit_ids
        partials.unlink()
        self.assertFalse(self.practice.late_state)
        self.assertFalse(self.practice.late_due)
        kinds = self.practice.event_ids.mapped("kind")
        self.assertEqual(kinds.count("late_payment_over"), 1)

    def test_credit_note_counts_and_csea_does_not(self):
        other = self._create_waiting("L2")
        self._left(other)
        self._apply(self._record(other))
        self.assertFalse(other.late_state)
        reversal = self.bills[1].sudo()._reverse_moves(cancel=True)
        self.assertEqual(reversal.move_type, "out_refund")
        self.assertEqual(self.practice.late_amount, 100)

    def _credit(self, amount, contract=None, **vals):
        """A payment of the customer that no open bill takes."""
        payment = (
            self.env["account.payment"]
            .sudo()
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.practice.partner_id.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "amount": amount,
                    "date": date(2026, 5, 9),
                    **vals,
                }
            )
        )
        payment.action_post()
        line = payment.move_id.line_ids.filtered("account_id.reconcile")
        line = line.filtered(lambda li: li.account_type == "asset_receivable")
        line.utility_contract_id = contract
        return line

    def _scan(self):
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", _no_commit):
            self.env["cmor.practice"]._cron_scan_late()

    def test_paid_after_csea_has_closed_the_bills(self):
        """Nothing is left to reconcile his payment with: an open credit tells."""
        practice = self.practice
        practice.sudo()._guarded().write({"state": "awaiting_csea"})
        self._apply(self._record(practice))
        self.assertEqual((practice.state, sum(self._residuals(practice))), ("paid", 0))
        self._scan()
        self.assertFalse(practice.late_state)
        other = self._create_switch_out("L9")
        self._credit(10, other)
        self._scan()
        self.assertFalse(practice.late_state, "of another contract")
        line = self._credit(300, practice.contract_id)
        self._scan()
        self.assertEqual(
            (practice.late_state, practice.late_kind, practice.late_amount),
            ("open", "full", 300),
        )
        self.assertEqual(practice.late_on, date(2026, 5, 9))
        dialog = self._dialog(practice)
        self.assertEqual((dialog.reason_id.code, dialog.collected_amount), ("N2", 300))
        # given back to him: it is over
        back = self._credit(300, practice.contract_id, payment_type="outbound")
        (line + back).reconcile()
        self._scan()
        self.assertFalse(practice.late_state)

    def test_what_was_paid_before_the_claim_does_not_count(self):
        later = datetime(2099, 4, 16)
        self.practice.sudo()._guarded().write({"exported_on": later})
        self._pay(self.bills[0], 40)
        self.assertFalse(self.practice.late_state)

    def test_night_finds_what_was_reconciled_elsewhere(self):
        self._pay(self.bills[0], 40)
        self.practice.sudo()._guarded().write({"late_state": False, "late_amount": 0})
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", _no_commit):
            self.env["cmor.practice"]._cron_scan_late()
        self.assertEqual(self.practice.late_state, "open")
        due = self.practice.late_due
        events = len(self.practice.event_ids)
        self.env["cmor.practice"]._mark_late(date(2026, 4, 20))
        self.practice._mark_late(date(2026, 4, 20))
        self.assertEqual(self.practice.late_due, due)
        self.assertEqual(len(self.practice.event_ids), events)

    def test_excess_answers_it(self):
        self.practice.sudo()._guarded().write({"state": "awaiting_csea"})
        self._pay(self.bills[0], 40)
        self._apply(self._record(self.practice))
        self.assertEqual(self.practice.state, "excess_to_return")
        self.assertEqual(self.practice.late_state, "answered")
        self.assertEqual(self.practice.next_action, "return_excess")

    def test_kept_with_a_reason(self):
        self._pay(self.bills[0], 40)
        me = self.practice.with_user(self.operator)
        with self.assertRaises(UserError):
            me.action_keep_claim("")
        me.action_keep_claim("pagata la quota non richiesta")
        self.assertEqual(me.late_state, "answered")
        self.practice._mark_late(date(2026, 4, 20))
        self.assertEqual(me.late_state, "answered")
        self._pay(self.bills[0], 10)
        self.assertEqual(me.late_state, "open", "more was paid")

    def _ask_for_payment(self):
        """The annulment that answers a payment of 40."""
        self._pay(self.bills[0], 40)
        self._dialog(self.practice).save().action_apply()
        return self.practice.request_ids

    def _payment_comes_back(self):
        self.bills[0].sudo().line_ids.matched_credit_ids.unlink()

    def test_payment_back_while_the_annulment_waits(self):
        """Sent, the claim would be lost for a payment that there is not."""
        request = self._ask_for_payment()
        self._payment_comes_back()
        practice = self.practice
        self.assertFalse(practice.late_state)
        self.assertTrue(practice.late_returned)
        self.assertEqual(practice.next_action, "withdraw_returned")
        self.assertTrue(practice.can_withdraw_cancel)
        practice.with_user(self.operator).action_withdraw_cancel()
        self.assertEqual((request.state, practice.state), ("withdrawn", "accepted"))
        self.assertFalse(practice.late_returned)
        self.assertNotEqual(practice.next_action, "withdraw_returned")

    def test_payment_back_after_the_annulment_was_sent(self):
        request = self._ask_for_payment()
        request._set_state("exported")
        request._set_state("sent")
        self._payment_comes_back()
        self.assertEqual(self.practice.next_action, "annulled_returned")
        # paid once more: the annulment is right again
        self._pay(self.bills[0], 40)
        self.assertFalse(self.practice.late_returned)

    def test_an_annulment_for_another_reason_goes_on(self):
        self._pay(self.bills[0], 40)
        dialog = self._dialog(self.practice)
        dialog.reason_id = self.env.ref("cmor_utility.cancel_reason_n1")
        dialog.save().action_apply()
        self._payment_comes_back()
        self.assertFalse(self.practice.late_returned)

    def test_refused_annulment_wants_another_answer(self):
        """He has paid, and the claim runs: the term runs again."""
        self._ask_for_payment()
        self.practice._back_from_cancel()
        with freeze_time("2026-04-27 10:30:00"):
            self.practice.sudo()._late_refused(date(2026, 4, 27))
        self.assertEqual(self.practice.late_state, "open")
        self.assertEqual(self.practice.late_due, date(2026, 5, 5))
        self.assertEqual(self.practice.next_action, "answer_late")

    def test_paid_while_the_file_waits_to_be_sent(self):
        contract = self._create_switch_out("LX")
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self._declare(practice)
        practice.action_confirm()
        practice.action_export()
        # a test is one moment: the file was made before
        practice.sudo()._guarded().write({"exported_on": datetime(2026, 4, 1)})
        self._pay(practice.line_ids.move_id[0], 40)
        self.assertEqual(practice.late_state, "open")
        self.assertEqual(practice.next_action, "discard_paid")
        self.assertIn("discard", practice.late_text)
        practice.action_discard_file()
        self.assertEqual(practice.state, "ready")
        self.assertFalse(practice.late_state)
        self.assertFalse(practice.late_due)

    def test_answer_taken_back_is_due_again(self):
        self._pay(self.bills[0], 40)
        due = self.practice.late_due
        self._dialog(self.practice).save().action_apply()
        self.assertEqual(self.practice.late_state, "answered")
        self.practice.with_user(self.operator).action_withdraw_cancel()
        self.assertEqual(
            (self.practice.late_state, self.practice.late_due), ("open", due)
        )

    def test_constant_sql(self):
        practices = self.env["cmor.practice"].union(
            *(self._create_waiting(f"LQ{i}") for i in range(6))
        )

        def cost(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            some._mark_late(date(2026, 4, 20))
            return self.cr.sql_log_count - before

        cost(practices[0])
        self.assertLessEqual(cost(practices), cost(practices[0]) + 1)


@tagged("post_install", "-at_install")
class TestAmountUpdate(MoneyCommon):
    def _update(self, practice, amount):
        before = {practice: D(str(practice.indemnity))}
        practice.sudo()._guarded().write({"indemnity": amount})
        self.env["cmor.practice"]._after_amount_update(
            practice, before, date(2026, 4, 20)
        )

    def test_before_payment_only_the_figures(self):
        practice = self._create_waiting("U1")
        self._update(practice, 250)
        self.assertEqual(
            (practice.amount_before, practice.state), (300, "awaiting_csea")
        )
        event = practice.event_ids.sorted("id")[-1]
        self.assertEqual(event.kind, "amount_updated")
        self.assertIn("Nothing was paid yet.", event.text)
        italian = event.with_context(lang="it_IT").text
        self.assertIn("Non è stato ancora pagato nulla.", italian)
        (result,) = self._apply(self._record(practice, "250"))
        self.assertEqual(result.state, "applied")

    def test_lowered_after_payment_the_difference_is_the_customers(self):
        practice = self._create_waiting("U2")
        wizard = self._wizard(bank=self._bank(300), ref="M", amount=300)
        wizard.action_match()
        wizard.action_apply()
        self._update(practice, 249.99)
        self.assertEqual(practice.state, "excess_to_return")
        self.assertEqual(practice.to_return_amount, 50.01)
        self.assertEqual(sum(self._residuals(practice)), 50.01)
        self.assertEqual(self._csea_open(), 0)
        receipt = practice.receipt_ids
        self.assertEqual(
            (receipt.allocated_amount, receipt.excess_amount), (249.99, 50.01)
        )

    def test_raised_after_payment(self):
        practice = self._create_waiting("U3")
        self._apply(self._record(practice))
        self._update(practice, 310)
        self.assertEqual(practice.state, "paid")
        self.assertIn("10", practice.event_ids.sorted("id")[-1].text)

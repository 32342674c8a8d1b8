"""Incoming side: whole lives of a practice, and the transit account at their end."""

from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common_incoming import IncomingCommon

REVERSAL = "account.move.reversal"


class LivesCommon(IncomingCommon):
    @classmethod
    def _update(cls, practice, amount):
        (result,) = cls._receive(
            "claim_update",
            {"sii_code": practice.sii_code, "cmor_amount": Decimal(amount)},
        )
        return result

    @classmethod
    def _annul(cls, practice):
        return cls._receive("cancel_notice", {"sii_code": practice.sii_code})

    @classmethod
    def _suspend(cls, practice, flag):
        return cls._receive(
            "suspend_notice", {"sii_code": practice.sii_code, "suspended": flag}
        )

    def _network(self, practice, amount, ref):
        """A line of the network with its posted vendor bill."""
        self._charged_by_network(practice, amount, bill_number=ref)
        line = practice.network_charge_ids.filtered(lambda c: c.ref == ref)
        action = line.with_user(self.accountant).action_vendor_bill()
        move = self.env["account.move"].sudo().browse(action["res_id"])
        move.action_post()
        return move

    def _charged(self, amount="100", ref="B1", code="SII000000000001"):
        """(practice, bill): charged by the network, on a bill of that amount."""
        practice = self._to_charge(code, amount)
        self._vendor_bill(practice)
        return practice, self._on_bill(practice, ref)

    def _credit_note(self, bill, ref="C1"):
        """A credit note of the billing system that closes ``bill``."""
        credit = self._credit(ref, bill.amount_total)
        lines = (bill | credit).line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        lines.reconcile()
        return credit

    def _credit(self, ref, amount):
        return self._create_bill(ref, self.contract, amount, move_type="out_refund")

    def _confirm(self, charge, bill):
        return self.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])

    def _last_charge(self, practice):
        return practice.sudo().charge_ids.sorted("id")[-1:]

    def _report(self, practice):
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})

    def assertZero(self, practice):
        practice.action_settle()
        self.assertEqual(practice.transit_balance, 0.0, practice.transit_reason)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestRaised(LivesCommon):
    def test_raised_after_it_was_paid(self):
        practice, bill = self._charged()
        self._pay(bill)
        practice.action_settle()
        self.assertEqual(practice.state, "collected")
        self.assertEqual(self._update(practice, "150").state, "applied")
        self._network(practice, "50", "D-MORE")
        self.assertEqual((practice.to_bill_amount, practice.state), (50.0, "collected"))
        self.assertEqual(practice.next_action, "charge_customer")
        more = self._on_bill(practice, "B2")
        self.assertEqual(self._last_charge(practice).amount, 50.0)
        self.assertRecordValues(
            practice,
            [{"state": "uncollected", "billed_amount": 150.0, "open_amount": 50.0}],
        )
        self.assertZero(practice)
        self._pay(more)
        practice.action_settle()
        self.assertEqual(
            (practice.state, practice.collected_amount), ("collected", 150)
        )

    def test_raised_after_it_was_closed(self):
        practice, bill = self._charged()
        self._pay(bill)
        practice.action_settle()
        self._report(practice)
        self.assertEqual(practice.state, "closed")
        self._update(practice, "150")
        self.assertEqual(practice.state, "closed", "nothing was charged to us yet")
        self._network(practice, "50", "D-MORE")
        self.assertEqual((practice.state, practice.to_bill_amount), ("reported", 50.0))
        event = practice.sudo().event_ids.sorted("id")[-1:]
        self.assertEqual(event.kind, "network_charged")
        with self.assertRaises(UserError):
            practice.action_close_incoming()
        self._pay(self._on_bill(practice, "B2"))
        practice.action_settle()
        self._report(practice)
        self.assertEqual((practice.state, practice.transit_balance), ("closed", 0.0))

    def test_lowered_and_raised(self):
        practice, _bill = self._charged()
        self._update(practice, "60")
        practice.action_refund_customer()
        credit = self._credit("C1", 40.0)
        self._confirm(self._last_charge(practice), credit)
        self._network(practice, "-40", "NC1")
        self.assertEqual(
            (practice.billed_amount, practice.network_amount), (60.0, 60.0)
        )
        self.assertZero(practice)
        self._update(practice, "80")
        self._network(practice, "20", "D-MORE")
        self._on_bill(practice, "B2")
        self.assertEqual((practice.billed_amount, practice.to_bill_amount), (80.0, 0.0))
        self.assertZero(practice)

    def test_more_than_the_sii_says(self):
        practice = self._incoming()
        self._network(practice, "130", "D1")
        self.assertIn("Not charged", practice.transit_reason)
        practice.action_accept_difference("Reclamo aperto")
        practice.action_charge_customer()
        self._confirm(
            self._last_charge(practice), self._create_bill("B1", self.contract, 100.0)
        )
        self.assertEqual(practice.transit_balance, 30.0)
        self.assertIn("more than the SII", practice.transit_reason)
        self._network(practice, "-30", "NC1")
        self.assertZero(practice)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestCreditNotes(LivesCommon):
    def test_refund_that_closes_its_bill(self):
        """The credit note of the refund is reconciled with the bill: nothing is billed,
        and it is charged once more, not twice, when the suspension ends."""
        practice, bill = self._charged()
        self._suspend(practice, 1)
        practice.action_refund_customer()
        credit = self._credit_note(bill)
        self._confirm(self._last_charge(practice), credit)
        self.assertEqual(bill.payment_state, "reversed")
        practice.action_settle()
        self.assertRecordValues(
            practice,
            [{"state": "suspended", "billed_amount": 0.0, "return_amount": 0.0}],
        )
        self._suspend(practice, 0)
        self.assertEqual(
            (practice.state, practice.to_bill_amount), ("to_charge", 100.0)
        )
        self._on_bill(practice, "B2")
        self.assertEqual(practice.billed_amount, 100.0)
        self.assertZero(practice)

    def test_annulled_with_a_credit_note_that_closes_the_bill(self):
        practice, bill = self._charged()
        self._annul(practice)
        practice.action_refund_customer()
        self._confirm(self._last_charge(practice), self._credit_note(bill))
        practice.action_settle()
        self.assertRecordValues(
            practice,
            [{"state": "to_refund", "billed_amount": 0.0, "report_needed": True}],
        )
        self._network(practice, "-100", "NC1")
        self._report(practice)
        self.assertEqual((practice.state, practice.transit_balance), ("closed", 0.0))

    def test_bill_credited_in_full_and_made_again(self):
        """The billing system corrects a bill: that is no payment of the CMOR."""
        practice, bill = self._charged()
        practice.action_settle()
        self.assertEqual(practice.state, "uncollected")
        charge = self._last_charge(practice)
        self._credit_note(bill)
        practice.action_settle()
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "to_charge",
                    "billed_amount": 0.0,
                    "collected_amount": 0.0,
                    "to_bill_amount": 100.0,
                    "transit_balance": 100.0,
                }
            ],
        )
        practice.action_settle()
        self.assertEqual(practice.transit_balance, 100.0, "once")
        # the new bill says that it carries the same charge
        again = self._create_bill("B1bis", self.contract, 100.0)
        self.assertEqual(self._confirm(charge, again), [])
        self.assertEqual(charge.move_id, again)
        self.assertEqual(
            (practice.billed_amount, practice.to_bill_amount), (100.0, 0.0)
        )
        self.assertZero(practice)

    def test_bill_credited_in_full_and_charged_anew(self):
        practice, bill = self._charged()
        self._credit_note(bill)
        practice.action_settle()
        self._on_bill(practice, "B2")
        self.assertEqual(practice.billed_amount, 100.0)
        self.assertZero(practice)

    def test_credit_note_by_hand_of_an_invoice_in_odoo(self):
        self.company.utility_charge_mode = "odoo"
        practice = self._to_charge()
        self._vendor_bill(practice)
        practice.action_charge_customer()
        charge = self._last_charge(practice)
        charge.with_user(self.accountant).action_invoice()
        invoice = charge.move_id.sudo()
        invoice.action_post()
        self.assertZero(practice)
        self._annul(practice)
        self.assertEqual(practice.return_amount, 100.0)
        wizard = self.env[REVERSAL].sudo()
        wizard = wizard.with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        made = wizard.create({"journal_id": invoice.journal_id.id})
        credit = self.env["account.move"].sudo().browse(made.refund_moves()["res_id"])
        self.assertEqual(credit.line_ids.cmor_practice_id, practice.sudo())
        credit.action_post()
        practice.action_settle()
        # the accountant has given it back: not a second time by the button
        self.assertRecordValues(
            practice,
            [{"return_amount": 0.0, "billed_amount": 0.0, "state": "to_refund"}],
        )
        self._network(practice, "-100", "NC1")
        self.assertZero(practice)

    def test_a_copy_of_an_invoice_is_about_no_practice(self):
        practice = self._to_charge()
        move = self._vendor_bill(practice)
        self.assertTrue(move.line_ids.cmor_practice_id)
        self.assertFalse(move.copy().line_ids.cmor_practice_id)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestTransit(LivesCommon):
    def test_confirmed_before_there_was_a_transit_account(self):
        """The books are set up after the first bills: they are entered all the same."""
        self.company.cmor_transit_account_id = False
        practice = self._to_charge()
        self._on_bill(practice)
        charge = self._last_charge(practice)
        self.assertFalse(charge.cmor_entry_id)
        self._vendor_bill(practice)
        self.assertTrue(charge.cmor_entry_id)
        self.assertZero(practice)

    def test_draft_vendor_bill_is_told(self):
        practice = self._to_charge()
        line = practice.network_charge_ids
        line.with_user(self.accountant).action_vendor_bill()
        self._on_bill(practice)
        self.assertEqual(practice.transit_balance, -100.0)
        self.assertIn("posted vendor bill", practice.transit_reason)
        # a cancelled vendor bill carries nothing: the line may go on another one
        line.sudo().move_id.button_cancel()
        action = line.with_user(self.accountant).action_vendor_bill()
        move = self.env["account.move"].sudo().browse(action["res_id"])
        move.action_post()
        self.assertEqual(line.move_id, move)
        self.assertZero(practice)

    def test_partly_paid_then_annulled(self):
        practice, bill = self._charged()
        self._pay(bill, 30.0)
        practice.action_settle()
        self.assertEqual(practice.collected_amount, 30.0)
        self._annul(practice)
        self.assertEqual((practice.state, practice.return_amount), ("to_refund", 100.0))
        practice.action_refund_customer()
        credit = self._credit("C1", 100.0)
        self._confirm(self._last_charge(practice), credit)
        self._network(practice, "-100", "NC1")
        self.assertEqual(practice.report_state, "4")
        self._report(practice)
        self.assertEqual((practice.state, practice.transit_balance), ("closed", 0.0))


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestToldTwice(LivesCommon):
    def test_flow_after_the_vendor_bill(self):
        """The distributor's file comes after its invoice: one charge, not two."""
        practice = self._incoming()
        account = self.company.cmor_transit_account_id
        move = (
            self.env["account.move"]
            .sudo()
            .create(
                {
                    "move_type": "in_invoice",
                    "partner_id": self.distributor.id,
                    "ref": f"D-{practice.sii_code}",
                    "invoice_date": date(2026, 4, 14),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": f"CMOR {practice.point_code}",
                                "price_unit": 100.0,
                                "account_id": account.id,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        move.action_post()
        line = practice.network_charge_ids
        self.assertEqual((len(line), practice.network_amount), (1, 100.0))
        (result,) = self._charged_by_network(practice, pod=practice.point_code)
        self.assertEqual((result.state, result.practice), ("repeated", practice.sudo()))
        self.assertEqual(practice.network_amount, 100.0)
        # the file knows the code of the SII
        self.assertEqual(line.sii_code, practice.sii_code)
        self.assertTrue(line.sudo().record_id)

    def test_flow_while_the_vendor_bill_is_corrected(self):
        practice = self._incoming()
        self._charged_by_network(practice)
        move = self._vendor_bill(practice)
        move.button_draft()
        self._charged_by_network(practice)
        move.action_post()
        self.assertEqual(practice.network_amount, 100.0)
        self.assertEqual(len(practice.network_charge_ids), 1)

    def test_typed_and_told(self):
        practice = self._incoming()
        vals = {
            "ref": f"D-{practice.sii_code}",
            "date": date(2026, 4, 14),
            "sii_code": practice.sii_code,
            "amount": 100.0,
        }
        lines = self.env["cmor.network.charge"].with_user(self.operator)
        lines.create(vals)
        (result,) = self._charged_by_network(practice)
        self.assertEqual(result.state, "repeated")
        self.assertEqual(practice.network_amount, 100.0)
        with self.assertRaisesRegex(UserError, "here already"):
            lines.create(vals)
        # the same amount on another invoice is another charge: a person has to look
        lines.create({**vals, "ref": "D-OTHER"})
        self.assertEqual(practice.network_amount, 200.0)
        self.assertTrue(practice.has_difference)

    def test_two_invoices_of_the_same_amount(self):
        practice = self._incoming()
        for ref in ("D1", "D2"):
            self._charged_by_network(practice, bill_number=ref)
        for ref in ("D2", "D1"):
            line = practice.network_charge_ids.filtered(lambda c, ref=ref: c.ref == ref)
            action = line.with_user(self.accountant).action_vendor_bill()
            self.env["account.move"].sudo().browse(action["res_id"]).action_post()
        self.assertEqual(practice.network_amount, 200.0)

    def test_credit_of_an_annulled_practice_by_its_point(self):
        practice = self._to_charge()
        self._annul(practice)
        self._receive(
            "dso_charge",
            {
                "pod": practice.point_code,
                "cmor_amount": Decimal("100"),
                "document_kind": "N",
                "bill_number": "NC1",
                "bill_date": date(2026, 4, 14),
            },
        )
        self.assertEqual(practice.network_amount, 0.0)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestNoAnswer(LivesCommon):
    def test_annulment_that_nobody_answered(self):
        practice = self._incoming()
        practice._ask_cancel_in(self.reason("N6"))
        request = self._sent(practice, "cancel_request")
        self._charged_by_network(practice)
        self.assertEqual(practice.state, "cancel_requested")
        practice.action_cancel_failed()
        self.assertEqual((practice.state, request.state), ("to_charge", "overtaken"))
        # it was annulled after all
        self._receive("cancel_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((practice.is_annulled, request.state), (True, "accepted"))

    def test_suspension_granted_after_it_was_given_up(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        practice._ask_suspension()
        request = self._sent(practice, "suspend_request")
        practice.action_suspension_failed()
        self.assertEqual(practice.state, "matched")
        (yes,) = self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((yes.state, practice.state), ("applied", "suspended"))

    def test_suspension_of_what_is_billed_and_unpaid(self):
        practice, _bill = self._charged()
        self.contract.supply_state = "suspended"
        self.assertTrue(practice.can_suspend)
        practice._ask_suspension()
        request = self._sent(practice, "suspend_request")
        self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((practice.state, practice.return_amount), ("suspended", 100.0))

    def test_wrong_contract_found_after_the_network_charged(self):
        practice = self._to_charge()
        practice.action_charge_customer()
        with self.assertRaisesRegex(UserError, "take the charge back"):
            practice.action_unmatch()
        self._last_charge(practice)._set_state("cancelled")
        practice.action_unmatch()
        self.assertEqual(
            (practice.state, practice.network_amount), ("unmatched", 100.0)
        )
        practice._match_by_hand(self.contract, "")
        self.assertEqual(
            (practice.state, practice.to_bill_amount), ("to_charge", 100.0)
        )

    def test_words_of_the_reasons(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        request = practice._ask_suspension()
        self.assertEqual(request.reason_text, "S1 · Point suspended for default")
        other = self._incoming("SII000000000002")
        request = other._ask_cancel_in(self.reason("N6"))
        self.assertIn(self.reason("N6").name, request.reason_text)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestTermsInCalendarDays(LivesCommon):
    def _calendar_days(self, key):
        self.env["cmor.parameter"].create(
            {
                "key": key,
                "name": key,
                "value": "10",
                "unit": "days",
                "day_kind": "solar",
                "date_from": date(2026, 1, 1),
                "company_id": self.company.id,
            }
        )

    def test_suspension(self):
        self._calendar_days("suspension_request_days")
        self.assertEqual(self._incoming().suspend_until, date(2026, 4, 20))

    def test_refund(self):
        self._calendar_days("refund_customer_days")
        practice, _bill = self._charged()
        self._annul(practice)
        self.assertEqual(practice.return_by, date(2026, 4, 25))

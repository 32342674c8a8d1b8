"""Incoming side: the network's line, the customer's bill, the transit account."""

from ast import literal_eval
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from ..rules import messages
from .common_incoming import TODAY_IN, IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestNetworkLines(IncomingCommon):
    def test_matched_by_code(self):
        practice = self._to_charge()
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "to_charge",
                    "network_amount": 100.0,
                    "network_difference": 0.0,
                    "to_bill_amount": 100.0,
                    "exposure_kind": "not_billed",
                    "exposure_amount": 100.0,
                }
            ],
        )
        self.assertEqual(practice.network_charge_ids.partner_id, self.distributor)
        # the same line told twice counts once
        (again,) = self._charged_by_network(practice)
        self.assertEqual(again.state, "repeated")
        self.assertEqual(practice.network_amount, 100.0)

    def test_line_before_its_notice(self):
        (result,) = self._receive(
            "dso_charge",
            {
                "sii_code": "SII000000000007",
                "cmor_amount": Decimal("100"),
                "bill_number": "D1",
                "bill_date": date(2026, 4, 1),
            },
        )
        self.assertFalse(result.practice)
        line = self.env["cmor.network.charge"].search([("ref", "=", "D1")])
        self.assertEqual(line.state, "unmatched")
        practice = self._incoming("SII000000000007")
        self.assertEqual((line.state, line.practice_id), ("matched", practice))
        self.assertEqual(practice.state, "to_charge")

    def test_typed_by_point_and_amount(self):
        practice = self._incoming()
        with Form(self.env["cmor.network.charge"].with_user(self.operator)) as form:
            form.partner_id = self.distributor
            form.ref = "D9"
            form.date = date(2026, 4, 14)
            form.point_code = practice.point_code + "7"
            form.amount = 100
        self.assertEqual(form.record.practice_id, practice)
        self.assertEqual(practice.state, "to_charge")
        form.record.action_set_aside()
        self.assertEqual((practice.state, practice.network_amount), ("matched", 0.0))
        form.record.action_take_back()
        self.assertEqual(practice.state, "to_charge")

    def test_difference_is_decided_by_a_person(self):
        practice = self._incoming()
        self._charged_by_network(practice, "130")
        self.assertTrue(practice.has_difference)
        found = self.env["cmor.practice"].search([("has_difference", "=", True)])
        self.assertIn(practice, found)
        plain = self._to_charge("SII000000000008")
        waiting = self._incoming("SII000000000009")
        found = self.env["cmor.practice"].search([("has_difference", "=", True)])
        self.assertEqual(found & (plain | waiting | practice), practice)
        with self.assertRaisesRegex(UserError, "another amount"):
            practice.action_charge_customer()
        with self.assertRaises(UserError):
            practice.action_accept_difference(" ")
        practice.action_accept_difference("Reclamo aperto al distributore")
        practice.action_charge_customer()
        # never more than the SII says
        self.assertEqual(practice.charge_ids.amount, 100.0)

    def test_vendor_bill_on_the_transit_account(self):
        practice = self._incoming()
        account = self.company.cmor_transit_account_id
        move = (
            self.env["account.move"]
            .sudo()
            .create(
                {
                    "move_type": "in_invoice",
                    "partner_id": self.distributor.id,
                    "ref": "FD/1",
                    "invoice_date": date(2026, 4, 14),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": f"CMOR pratica {practice.sii_code}",
                                "price_unit": 100.0,
                                "account_id": account.id,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        self.assertEqual(practice.state, "matched")
        move.action_post()
        self.assertEqual(practice.state, "to_charge")
        self.assertEqual(practice.transit_balance, 100.0)
        self.assertEqual(practice.network_charge_ids.source, "bill")
        move.button_draft()
        self.assertEqual(practice.state, "matched")
        self.assertEqual(practice.network_charge_ids.state, "withdrawn")
        move.action_post()
        self.assertEqual(practice.network_amount, 100.0)

    def test_vendor_bill_made_from_the_lines(self):
        one, two = self._to_charge(), self._to_charge("SII000000000002", "50")
        lines = (one | two).network_charge_ids
        lines.write({"note": "x"})
        action = lines.with_user(self.accountant).action_vendor_bill()
        moves = self.env["account.move"].sudo().search(action["domain"])
        self.assertEqual(len(moves), 2)
        moves.action_post()
        self.assertEqual((one | two).mapped("network_amount"), [100.0, 50.0])
        self.assertEqual((one | two).mapped("transit_balance"), [100.0, 50.0])
        self.assertEqual(len((one | two).network_charge_ids), 2)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestCharging(IncomingCommon):
    def test_through_billing_and_back_to_zero(self):
        practice = self._to_charge()
        self._vendor_bill(practice)
        self.assertIn("Not charged", practice.transit_reason)
        practice.action_charge_customer()
        charge = practice.charge_ids
        self.assertEqual((charge.state, charge.kind), ("to_export", "cmor"))
        self.assertIn("800 166 654", charge.description)
        self.assertEqual(practice.state, "to_charge")
        with self.assertRaises(UserError):
            practice.action_charge_customer()
        bill = self._create_bill("B1", self.contract, 300.0)
        self.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "uncollected",
                    "billed_amount": 100.0,
                    "open_amount": 100.0,
                    "transit_balance": 0.0,
                    "transit_reason": False,
                    "exposure_kind": "unpaid",
                    "customer_bill_id": bill.id,
                }
            ],
        )
        entry = charge.sudo().cmor_entry_id
        self.assertEqual(entry.state, "posted")
        self.assertIn(
            self.company.utility_clearing_account_id, entry.line_ids.account_id
        )
        # part of a bill that carries other things: pro quota
        self._pay(bill, 150.0)
        practice.action_settle()
        self.assertEqual(practice.collected_amount, 50.0)
        self.assertEqual(practice.report_state, "2")
        self._pay(bill)
        practice.action_settle()
        self.assertEqual((practice.state, practice.open_amount), ("collected", 0.0))
        self.assertFalse(practice.exposure_kind)
        # a payment that is taken back
        bill.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).remove_move_reconcile()
        practice.action_settle()
        self.assertEqual(practice.state, "uncollected")

    def test_invoiced_in_odoo_on_the_transit_account(self):
        self.company.utility_charge_mode = "odoo"
        practice = self._to_charge()
        self._vendor_bill(practice)
        practice.action_charge_customer()
        charge = practice.charge_ids.with_user(self.accountant)
        charge.action_invoice()
        invoice = charge.sudo().move_id
        line = invoice.invoice_line_ids
        self.assertEqual(line.account_id, self.company.cmor_transit_account_id)
        self.assertEqual(practice.state, "to_charge")
        invoice.action_post()
        self.assertEqual(practice.state, "charged")
        self.assertEqual(practice.transit_balance, 0.0)

    def test_annulled_before_the_charge_left(self):
        practice = self._to_charge()
        self._vendor_bill(practice)
        practice.action_charge_customer()
        self._receive("cancel_notice", {"sii_code": practice.sii_code})
        self.assertEqual(practice.charge_ids.state, "cancelled")
        self.assertEqual(practice.state, "closed")
        self.assertIn("not given", practice.transit_reason)
        self.assertFalse(practice.has_difference)
        action = self.env.ref("cmor_utility.cmor_practice_action_transit")
        listed = self.env["cmor.practice"].search(literal_eval(action.domain))
        self.assertIn(practice, listed)
        self.assertNotIn(self._incoming("SII000000000009"), listed)
        # the network's credit brings the transit account back to zero
        self._charged_by_network(practice, "-100", bill_number="NC1")
        credit = practice.network_charge_ids.filtered(lambda c: c.amount < 0)
        action = credit.with_user(self.accountant).action_vendor_bill()
        self.env["account.move"].sudo().browse(action["res_id"]).action_post()
        self.assertEqual(practice.transit_balance, 0.0)

    def test_annulled_while_billing_has_the_charge(self):
        practice = self._to_charge()
        practice.action_charge_customer()
        charge = practice.charge_ids
        charge.with_user(self.accountant).action_export()
        self._receive("cancel_notice", {"sii_code": practice.sii_code})
        self.assertEqual((practice.state, charge.state), ("cancelled", "exported"))
        bill = self._create_bill("B2", self.contract, 100.0)
        self.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])
        self.assertEqual((practice.state, practice.return_amount), ("to_refund", 100.0))

    def test_annulled_after_billing(self):
        practice = self._to_charge()
        self._on_bill(practice)
        self._receive(
            "cancel_notice",
            {
                "sii_code": practice.sii_code,
                "cancelled_on": date(2026, 4, 14),
                "cause_code": "N1",
            },
        )
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "to_refund",
                    "return_amount": 100.0,
                    # ten working days from 14 April 2026
                    "return_by": date(2026, 4, 28),
                    "report_needed": False,
                }
            ],
        )
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        self.assertEqual((refund.amount, refund.state), (-100.0, "to_export"))
        self.assertEqual(practice.return_amount, 0.0)
        with self.assertRaises(UserError):
            practice.action_refund_customer()
        bill = self._create_bill("B3", self.contract, 200.0)
        self.env["utility.charge"]._confirm_from_bill(bill, [refund.ref])
        self.assertTrue(practice.report_needed)
        self.assertEqual(practice.report_state, "4")
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual(practice.state, "closed")

    def test_lowered_after_billing(self):
        practice = self._to_charge()
        self._on_bill(practice)
        self._receive(
            "claim_update",
            {
                "sii_code": practice.sii_code,
                "cmor_amount": Decimal("60"),
                "updated_on": date(2026, 4, 14),
            },
        )
        self.assertEqual(practice.return_amount, 40.0)
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        self.assertEqual(refund.amount, -40.0)

    def _lower(self, practice):
        self._receive(
            "claim_update",
            {
                "sii_code": practice.sii_code,
                "cmor_amount": Decimal("60"),
                "updated_on": date(2026, 4, 14),
            },
        )

    def _refund_term(self, practice, today=TODAY_IN):
        practice.sudo()._refresh_terms(today)
        return practice.sudo().deadline_ids.filtered(
            lambda d: d.key == "refund_customer"
        )

    def test_lowered_after_billing_has_a_term(self):
        """The difference goes back within the term of an annulment: open, late when
        nobody gives it back, kept on the day of the bill that carries it."""
        for ref, is_paid in (("L1", False), ("L2", True)):
            practice = self._to_charge(f"SII00000000LOW{ref[-1]}")
            bill = self._on_bill(practice, ref)
            if is_paid:
                self._pay(bill)
                practice.action_settle()
            self._lower(practice)
            term = self._refund_term(practice)
            self.assertEqual((term.date_due, term.state), (date(2026, 4, 28), "open"))
            self.assertEqual(practice.return_by, date(2026, 4, 28))
            term = self._refund_term(practice, date(2026, 4, 29))
            self.assertEqual((term.state, practice.attention), ("missed", "late"))
            practice.action_refund_customer()
            refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
            # decided is not done: it has to reach the customer
            term = self._refund_term(practice, date(2026, 4, 29))
            self.assertEqual(term.state, "missed")
            credit = self._create_bill(
                f"C{ref}", self.contract, 200.0, invoice_date=date(2026, 4, 20)
            )
            self.env["utility.charge"]._confirm_from_bill(credit, [refund.ref])
            term = self._refund_term(practice, date(2026, 4, 29))
            self.assertEqual((term.state, practice.return_amount), ("met", 0.0))
            self.assertEqual(term.done_on, credit.invoice_date)

    def test_lowered_after_it_was_closed(self):
        """Nobody looks at what is closed: it opens again until the money is back."""
        practice = self._to_charge()
        self._vendor_bill(practice)
        self._pay(self._on_bill(practice))
        practice.action_settle()
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual(practice.state, "closed")
        self._lower(practice)
        self.assertEqual(
            (practice.state, practice.next_action), ("reported", "refund_customer")
        )
        self.assertEqual(practice.sudo().event_ids[0].kind, "refund_customer")
        self.assertEqual(self._refund_term(practice).state, "open")
        with self.assertRaises(UserError):
            practice.action_close_incoming()

    def test_lowered_twice_is_due_by_the_first_day(self):
        practice = self._to_charge()
        self._on_bill(practice)
        self._lower(practice)
        self._receive(
            "claim_update",
            {
                "sii_code": practice.sii_code,
                "cmor_amount": Decimal("40"),
                "updated_on": date(2026, 4, 15),
            },
        )
        self.assertEqual(
            (practice.return_amount, practice.return_by), (60.0, date(2026, 4, 28))
        )

    def test_lowered_and_raised_again_leaves_no_term(self):
        practice = self._to_charge()
        self._on_bill(practice)
        self._lower(practice)
        self.assertEqual(self._refund_term(practice, date(2026, 4, 29)).state, "missed")
        self._receive(
            "claim_update",
            {
                "sii_code": practice.sii_code,
                "cmor_amount": Decimal("100"),
                "updated_on": date(2026, 4, 15),
            },
        )
        term = self._refund_term(practice, date(2026, 4, 29))
        self.assertEqual(term.state, "dropped")

    def test_annulled_and_given_back_is_kept(self):
        """The return keeps the term, whenever the SII answers the report of it."""
        practice = self._to_charge()
        self._on_bill(practice)
        self._receive(
            "cancel_notice",
            {"sii_code": practice.sii_code, "cancelled_on": date(2026, 4, 14)},
        )
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        credit = self._create_bill("CA", self.contract, 200.0)
        self.env["utility.charge"]._confirm_from_bill(credit, [refund.ref])
        self.assertEqual(practice.state, "to_refund")
        self.assertEqual(self._refund_term(practice, date(2026, 4, 29)).state, "met")

    def test_lowered_before_billing(self):
        practice = self._to_charge()
        practice.action_charge_customer()
        self._receive(
            "claim_update",
            {"sii_code": practice.sii_code, "cmor_amount": Decimal("60")},
        )
        self.assertEqual(practice.charge_ids.state, "cancelled")
        self._charged_by_network(practice, "-40", bill_number="NC2")
        practice.action_charge_customer()
        live = practice.charge_ids.filtered(lambda c: c.state != "cancelled")
        self.assertEqual(live.amount, 60.0)

    def test_report_and_again_when_the_figures_change(self):
        """The report that is due, its answer (A07)."""
        practice = self._to_charge()
        bill = self._on_bill(practice)
        with self.assertRaises(UserError):
            practice.action_report()
        self._pay(bill)
        practice.action_settle()
        self.assertTrue(practice.report_needed)
        practice.action_report()
        self.assertFalse(practice.report_needed)
        request = self._sent(practice, "report")
        told = messages.typed_params(request.values)
        self.assertEqual(told["bill_number"], "B1")
        self.assertEqual(told["collected_amount"], Decimal("100.00"))
        self.assertEqual(told["report_state"], "3")
        (no,) = self._receive(
            "report_ack",
            {"code": request.code, "admitted": 0, "cause_code": "4", "cause_text": "X"},
        )
        self.assertEqual((no.state, request.answer), ("applied", "4 X"))
        self.assertTrue(practice.report_needed)
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual((practice.state, practice.report_needed), ("reported", False))
        self.assertTrue(practice.transit_balance, "no vendor bill: it stays open")
        bill.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).remove_move_reconcile()
        practice.action_settle()
        self.assertEqual((practice.state, practice.report_needed), ("reported", True))
        practice.action_report()
        self.assertEqual(len(practice.request_ids), 3)

    def test_customer_leaves_without_paying(self):
        contract = self._create_switch_out(
            "LEFT",
            end=date(2026, 8, 31),
            date_end=False,
            end_reason=False,
            supply_state="active",
        )
        practice = self._to_charge(pod=contract.supply_point_id.code)
        self.assertEqual(practice.contract_id, contract)
        bill = self._on_bill(practice, "LEFT/CMOR", other=50.0)
        bill.sudo().write(
            {
                "consumption_from": date(2026, 8, 1),
                "consumption_to": date(2026, 8, 31),
                "reading_kind": "actual",
            }
        )
        contract.write(
            {
                "date_end": date(2026, 8, 31),
                "end_reason": "switch_out",
                "supply_state": "ceased",
            }
        )
        with freeze_time("2027-04-15"):
            claim = self.practices.find_candidates(
                self.company.ids, date(2027, 4, 15)
            ).filtered(lambda p: p.contract_id == contract)
            self.assertEqual(practice.state, "carried")
            self.assertEqual(claim.prev_cmor_amount, 100.0)
            self.assertEqual(claim.prev_sii_code, practice.sii_code)
            # what the search for later payments reads of it
            self.assertEqual(claim.sudo()._previous_left(), {claim.id: 100})
            # the CMOR is asked once: not a second time as credit of its bill
            line = claim.line_ids.filtered(lambda line: line.move_id == bill)
            # 30 of the 31 days of the bill, by the safe reading of the last day
            self.assertEqual(line.relevant_amount, 48.39)
            # told to the SII it is still unpaid, night after night
            practice.sudo()._guarded().write({"state": "reported"})
            practice.action_settle()
            self.assertEqual(claim.prev_cmor_amount, 100.0)
            self._pay(bill)
            practice.action_settle()
            self.assertEqual(practice.collected_amount, 100.0)
            self.assertEqual(claim.prev_cmor_amount, 0.0)
            # what a person has written is his
            claim.write({"prev_cmor_amount": 40.0, "prev_sii_code": practice.sii_code})
            practice.action_settle()
            self.assertEqual(claim.prev_cmor_amount, 40.0)
            self.assertEqual(claim.sudo()._previous_left(), {claim.id: 0})

    def test_a_charge_of_a_practice_is_guarded(self):
        practice = self._to_charge()
        practice.action_charge_customer()
        charge = practice.charge_ids
        with self.assertRaises(AccessError):
            charge.with_user(self.accountant).write({"cmor_practice_id": False})
        with self.assertRaises(AccessError):
            self.env["utility.charge"].with_user(self.accountant).create(
                {
                    "partner_id": self.customer.id,
                    "kind": "cmor",
                    "amount": 1,
                    "description": "x",
                    "cmor_practice_id": practice.id,
                }
            )
        charge.with_user(self.accountant).action_cancel()
        with self.assertRaises(UserError):
            charge.with_user(self.accountant).unlink()
        self.assertEqual(practice.to_bill_amount, 100.0)

    def test_nightly(self):
        practice = self._to_charge()
        bill = self._on_bill(practice)
        self._pay(bill)
        with self.enter_registry_test_mode():
            self.env.ref(
                "cmor_utility.ir_cron_cmor_settle_incoming"
            ).sudo().method_direct_trigger()
        self.assertEqual(practice.state, "collected")

    def test_settling_costs_the_same_for_many(self):
        def statements(practices):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            practices.sudo()._settle(self.today)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        numbers = range(100, 140)
        self._receive(
            "claim_notice_in", *(self._notice(f"SII{n:012d}") for n in numbers)
        )
        practices = self.env["cmor.practice"].search([("side", "=", "incoming")])
        for n in numbers:
            self._charged_by_network(
                practices.filtered(lambda p, n=n: p.sii_code == f"SII{n:012d}")
            )
        practices.action_settle()
        few = statements(practices[:4])
        many = statements(practices)
        self.assertLessEqual(many, few + 5)

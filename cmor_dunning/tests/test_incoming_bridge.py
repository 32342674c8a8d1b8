"""A CMOR charged to our customer, seen from dunning."""

from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from odoo.addons.cmor_utility.tests.common_incoming import IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingBridge(IncomingCommon):
    def _run(self):
        self.env["dunning.run"].sudo().run_for(self.company, date(2026, 4, 15))
        return (
            self.env["dunning.case"]
            .sudo()
            .search([("contract_id", "=", self.contract.id)])
        )

    def test_unpaid_cmor_is_an_ordinary_debt(self):
        practice = self._to_charge()
        bill = self._on_bill(practice)
        case = self._run()
        self.assertEqual(bill.line_ids.sudo().dunning_case_id, case)
        self.assertEqual(case.amount_due, 100.0)
        practice.action_settle()
        self.assertEqual(practice.sudo().dunning_case_id, case)
        self.assertEqual(case.cmor_practice_count, 1)

    def test_nothing_of_a_suspended_practice_is_dunned(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        practice._ask_suspension()
        request = self._sent(practice, "suspend_request")
        self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self._charged_by_network(practice)
        self.assertFalse(practice.charge_ids)
        self.assertFalse(self._run())

    def test_bill_is_held_until_the_money_is_given_back(self):
        practice = self._to_charge()
        bill = self._on_bill(practice)
        case = self._run()
        self._receive("cancel_notice", {"sii_code": practice.sii_code})
        hold = self.env["dunning.hold"].sudo().search([("move_id", "=", bill.id)])
        self.assertEqual(hold.reason_id.code, "cmor_not_due")
        self.assertEqual(hold.state, "active")
        practice.action_settle()
        self.assertEqual(hold.search_count([("move_id", "=", bill.id)]), 1)
        self.assertTrue(case)
        practice.action_refund_customer()
        refund = practice.charge_ids.filtered(lambda c: c.kind == "refund")
        credit = self._create_bill("B9", self.contract, 200.0)
        self.env["utility.charge"]._confirm_from_bill(credit, [refund.ref])
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual(practice.state, "closed")
        self.assertEqual(hold.state, "ended")

    def test_two_practices_on_one_bill(self):
        """The bill is held as long as one of them has to be given back."""
        one, two = self._to_charge(), self._to_charge("SII000000000002", "50")
        for practice in (one, two):
            practice.action_charge_customer()
        refs = (one | two).charge_ids.mapped("ref")
        bill = self._create_bill("B1", self.contract, 150.0)
        self.env["utility.charge"]._confirm_from_bill(bill, refs)
        self._run()
        self._receive("cancel_notice", {"sii_code": one.sii_code})
        hold = self.env["dunning.hold"].sudo().search([("move_id", "=", bill.id)])
        self.assertEqual(hold.state, "active")
        two.action_settle()
        self.assertEqual(hold.state, "active")

    def test_what_is_given_up_is_not_collected(self):
        """A write-off closes the bill: the SII is not told of a payment."""
        practice = self._to_charge()
        bill = self._on_bill(practice, other=100.0)
        self._pay(bill, 50.0)
        books = self.company_data
        self.company.sudo().write(
            {
                "dunning_loss_account_id": books["default_account_expense"].id,
                "dunning_loss_journal_id": books["default_journal_misc"].id,
            }
        )
        line = bill.line_ids.filtered(lambda i: i.display_type == "payment_term")
        loss = self.env["dunning.loss"]._book(
            self.company, [(line, Decimal("150"))], date(2026, 4, 15), "PERDITA/1"
        )
        listed = self.env["dunning.writeoff"].sudo()._guarded()
        listed = listed.create({"company_id": self.company.id, "as_of": self.today})
        self.env["dunning.writeoff.line"].sudo()._guarded().create(
            {
                "writeoff_id": listed.id,
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "amount": 150.0,
                "state": "booked",
                "move_id": loss.id,
            }
        )
        practice.action_settle()
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "uncollected",
                    "collected_amount": 25.0,
                    "given_up_amount": 75.0,
                    "report_state": "2",
                    "report_needed": True,
                }
            ],
        )
        practice.action_report()
        request = self._sent(practice, "report")
        self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual(practice.state, "reported")

    def test_orders_of_the_technical_office_are_facts(self):
        practice = self._to_charge()
        self._create_bill("OLD", self.contract, 500.0)
        case = self._run()
        actions = self.env["dunning.action"].sudo().search([("case_id", "=", case.id)])
        action = actions[:1]
        self.assertTrue(action)
        action._guarded().write({"op": "suspend", "state": "executing"})
        facts = practice.sudo()._suspension_facts()
        self.assertEqual(facts[practice.sudo()][0], "requested")
        action._guarded().write({"state": "failed"})
        request = practice._ask_suspension()
        self.assertEqual(request.reason, "S3")

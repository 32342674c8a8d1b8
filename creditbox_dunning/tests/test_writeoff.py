"""Lists of write-offs: which credits, why not, approval, entries, later payments."""

import io
from datetime import timedelta

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.creditbox_dunning.formats import writeoff_xlsx

from .settlement_common import SettlementCommon


class WriteoffCommon(SettlementCommon):
    """The case of HoldCommon is 100 euro, due on 20 January 2027."""

    TODAY = 250

    def new_list(self, number=TODAY, **more):
        with self.at(number):
            one = (
                self.env["dunning.writeoff"]
                .with_user(self.manager)
                .with_context(allowed_company_ids=self.company.ids)
                .create({"as_of": self.day(number), **more})
            )
            one.action_propose()
        return one.sudo()

    def of_contract(self, one, contract=None):
        contract = contract or self.contract
        return one.line_ids.filtered(lambda line: line.contract_id == contract)

    def booked(self, number=TODAY, **more):
        one = self.new_list(number, **more)
        with self.at(number):
            one.with_user(self.manager).action_request()
            one.request_id.with_user(self._approver(one)).action_approve()
        self.assertEqual(one.state, "booked")
        return one

    def _approver(self, one):
        level = one.request_id.required_level
        return {2: self.manager2, 3: self.director}.get(level) or self._group_user()

    def supply(self, code, amount=50.0, days=0):
        customer = self._create_customer(code)
        contract = self._create_contract(f"CT{code}", customer)
        bill = self.overdue(
            f"FT{code}", contract, amount=amount, due=self.day(0) - timedelta(days)
        )
        return contract, bill


@tagged("post_install", "-at_install")
class TestWriteoffProposal(WriteoffCommon):
    def test_each_credit_is_in_it_or_says_why_not(self):
        large, _bill = self.supply("W1", amount=2500.01)
        edge, _bill = self.supply("W2", amount=2500)
        disputed, _bill = self.supply("W3")
        agreed, _bill = self.supply("W4")
        paying, _bill = self.supply("W5")
        young, _bill = self.supply("W6", days=-100)
        with self.at(245):
            self.run_on(245)
            self.suspend("complaint", disputed)
            self.suspend("promise", agreed, user=self.manager, date_to=self.day(270))
            payment = self.env["account.payment"].create(
                {
                    "amount": 5,
                    "partner_id": paying.partner_id.id,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
            payment.action_post()
        one = self.new_list()
        told = {line.contract_id: line.reasons or [] for line in one.line_ids}
        self.assertEqual(told[self.contract], [])
        self.assertEqual(told[edge], [])
        self.assertEqual(told[large], ["too_large"])
        self.assertEqual(told[disputed], ["disputed"])
        self.assertEqual(told[agreed], ["agreed"])
        self.assertEqual(told[paying], ["has_money"])
        # not yet old enough: its bills stay open, it is not even in the list
        self.assertNotIn(young, told)
        self.assertEqual((one.limit_amount, one.limit_months), (2500, 6))
        self.assertIn("101", one.law)
        self.assertEqual((one.count_included, one.count_excluded), (2, 4))
        self.assertEqual((len(one.included_ids), len(one.excluded_ids)), (2, 4))
        # a second list does not take the same again
        other = self.new_list()
        self.assertEqual(self.of_contract(other).reasons, ["listed"])

    def test_higher_limit_of_a_large_company(self):
        large, _bill = self.supply("W1", amount=5000)
        self.company.dunning_is_large_taxpayer = True
        one = self.new_list()
        self.assertEqual(one.limit_amount, 5000)
        self.assertFalse(self.of_contract(one, large).reasons)

    def test_a_settlement_under_way_keeps_it_out(self):
        self.asked(number=TestWriteoffProposal.TODAY - 1)
        one = self.new_list()
        self.assertEqual(self.of_contract(one).reasons, ["agreed"])

    def test_prescribed_and_useless(self):
        one = self.new_list(kind="useless")
        self.assertEqual(self.of_contract(one).reasons, ["no_proof"])
        one.with_user(self.manager).action_cancel()
        one = self.new_list(number=800, kind="prescribed")
        self.assertFalse(self.of_contract(one).reasons)
        self.env["utility.notice"].sudo().create(
            {
                "company_id": self.company.id,
                "ref": "CM1",
                "partner_id": self.customer.id,
                "contract_id": self.contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": self.day(100),
                "notified_date": self.day(105),
            }
        )
        one.with_user(self.manager).action_cancel()
        one = self.new_list(number=800, kind="prescribed")
        self.assertEqual(self.of_contract(one).reasons, ["not_prescribed"])

    def test_a_person_takes_one_out(self):
        one = self.new_list()
        line = self.of_contract(one)
        with self.assertRaises(AccessError):
            line.with_user(self.operator).action_take_out()
        line.with_user(self.manager).action_take_out()
        self.assertEqual((line.state, one.count_included), ("excluded", 0))
        with self.assertRaises(UserError):
            one.with_user(self.manager).action_request()
        line.with_user(self.manager).action_put_back()
        self.assertEqual(line.state, "included")

    def test_statements_do_not_grow_with_the_credits(self):
        self.new_list().with_user(self.manager).action_cancel()
        for number in range(5):
            self.supply(f"Q{number}")
        with self.at(self.TODAY):
            one = self.env["dunning.writeoff"].create({"as_of": self.day(self.TODAY)})
            one.action_propose()
            few = self._count(one)
            for number in range(5, 25):
                self.supply(f"Q{number}")
            self.assertLessEqual(self._count(one), few + 1)
        self.assertEqual(one.count_included, 26)

    def _count(self, one):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        one.action_propose()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_guarded_in_code(self):
        one = self.new_list()
        mine = one.with_user(self.manager)
        with self.assertRaises(AccessError):
            mine.write({"state": "approved"})
        with self.assertRaises(AccessError):
            mine.line_ids.write({"amount": 1})
        with self.assertRaises(AccessError):
            self.env["dunning.writeoff"].with_user(self.operator).create({})
        with self.assertRaises(UserError):
            one.unlink()
        self.assertTrue(one.line_ids)


@tagged("post_install", "-at_install")
class TestWriteoffBooking(WriteoffCommon):
    def test_approved_and_booked_in_one_entry(self):
        _other, bill = self.supply("W1")
        one = self.new_list()
        with self.at(self.TODAY):
            one.with_user(self.manager).action_request()
            self.assertEqual(one.request_id.required_level, 2)
            with self.assertRaises(AccessError):
                one.request_id.with_user(self.manager).action_approve()
            one.request_id.with_user(self.manager2).action_approve()
        self.assertEqual((one.state, one.amount_booked), ("booked", 150))
        move = one.line_ids.move_id
        self.assertEqual((len(move), move.state), (1, "posted"))
        loss = move.line_ids.filtered(lambda l: l.account_id == self.loss_account)
        self.assertEqual(loss.balance, 150)
        self.assertEqual(sum(move.line_ids.mapped("balance")), 0)
        self.assertEqual((self.bill.amount_residual, bill.amount_residual), (0, 0))
        charges = self.env["utility.charge"].search([("kind", "=", "writeoff")])
        self.assertEqual(sorted(charges.mapped("amount")), [-100, -50])
        self.walk(self.TODAY + 1)
        self.assertEqual(self.case.state, "closed")
        self.assertEqual(self.case.close_reason, "written_off")

    def test_changed_after_it_was_asked_lapses(self):
        one = self.new_list()
        with self.at(self.TODAY):
            one.with_user(self.manager).action_request()
        self.pay_on(self.TODAY, 10)
        with self.at(self.TODAY):
            one.request_id.with_user(self.manager2).action_approve()
        self.assertEqual((one.state, one.request_id.state), ("draft", "lapsed"))
        self.assertEqual(self.bill.amount_residual, 90)

    def test_changed_between_approval_and_entry_is_left_out(self):
        _other, bill = self.supply("W1")
        one = self.new_list()
        self.pay_on(self.TODAY, 10)
        one._guarded().write({"state": "approved"})
        with self.at(self.TODAY):
            one._book()
        self.assertEqual(self.of_contract(one).reasons, ["changed"])
        self.assertEqual((self.bill.amount_residual, bill.amount_residual), (90, 0))
        self.assertEqual(one.state, "booked")

    def test_one_that_cannot_be_booked_stops_no_other(self):
        _other, bill = self.supply("W1")
        one = self.new_list()
        line = self.of_contract(one)
        one._guarded().write({"state": "approved"})
        # a receivable that is no longer there, and nobody knows
        line._guarded().write({"receivables": [*line.receivables, [999999999, 0.0]]})
        with (
            self.at(self.TODAY),
            self.assertLogs("odoo.addons.creditbox_dunning", "ERROR"),
        ):
            one._book()
        self.assertEqual(line.state, "excluded")
        self.assertTrue(line.reason)
        self.assertEqual((self.bill.amount_residual, bill.amount_residual), (100, 0))

    def test_books_not_set_up(self):
        one = self.new_list()
        self.company.dunning_loss_account_id = False
        with self.assertRaises(UserError):
            one.with_user(self.manager).action_request()

    def test_paid_afterwards_is_income(self):
        one = self.booked()
        line = self.of_contract(one)
        with self.assertRaises(UserError):
            line.with_user(self.manager).action_to_income()
        with self.at(300):
            payment = self.env["account.payment"].create(
                {
                    "amount": 130,
                    "partner_id": self.customer.id,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "date": self.day(300),
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
            payment.action_post()
            self.env["dunning.writeoff.line"]._watch_later_payments()
            self.assertEqual(line.later_paid, 130)
            with self.assertRaises(AccessError):
                line.with_user(self.operator).action_to_income()
            line.with_user(self.manager).action_to_income()
        # never more than was written off: the rest stays the customer's
        self.assertEqual((line.state, line.income), ("income", 100))
        income = line.income_move_id.line_ids.filtered(
            lambda l: l.account_id == self.income_account
        )
        self.assertEqual(income.balance, -100)
        rest = payment.move_id.line_ids.filtered(
            lambda l: l.account_type == "asset_receivable"
        )
        self.assertEqual(rest.amount_residual, -30)
        with self.assertRaises(UserError):
            line.with_user(self.manager).action_to_income()

    def test_workbook_holds_no_formula(self):
        self.customer.name = "=HYPERLINK(1)"
        one = self.new_list()
        one.with_user(self.manager).action_export_xlsx()
        file = self.env["ir.attachment"].search(
            [("name", "=", f"{one.name.replace('/', '-')}.xlsx")]
        )
        sheet = load_workbook(io.BytesIO(file.raw)).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value]
        self.assertIn("=HYPERLINK(1)", [cell.value for cell in cells])
        self.assertFalse([cell for cell in cells if cell.data_type == "f"])
        for text in ("=1+1", "+1", "@x", "-1", "http://x"):
            row = [text, *[None] * (len(writeoff_xlsx.HEADINGS) - 1)]
            book = load_workbook(io.BytesIO(writeoff_xlsx.write([row])))
            self.assertEqual(book.active["A2"].data_type, "s")

    def test_settings_by_the_administrator(self):
        wizard = self.env["dunning.settings.wizard"].with_user(self.dunning_admin)
        wizard = wizard.with_context(allowed_company_ids=self.company.ids).create({})
        self.assertEqual(wizard.sudo().dunning_loss_account_id, self.loss_account)
        self.assertEqual(wizard.dunning_settlement_remind_days, 5)
        wizard.dunning_settlement_grace = 9
        wizard.dunning_settlement_remind_days = 8
        wizard.action_save()
        self.assertEqual(self.company.dunning_settlement_grace, 9)
        self.assertEqual(self.company.dunning_settlement_remind_days, 8)
        self.assertEqual(self.company.dunning_loss_account_id, self.loss_account)

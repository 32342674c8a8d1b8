"""The books of the bills: two modes, clear errors, billing's numbers, residuals."""

from datetime import date

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestBooks(UtilityCommon):
    def test_setup_creates_what_is_missing_once(self):
        journal = self.company.utility_bill_journal_id
        payment = self.company.utility_payment_journal_id
        clearing = self.company.utility_clearing_account_id
        self.assertEqual((journal.code, journal.name), ("BOLL", "Bollette"))
        self.assertEqual(journal.type, "sale")
        self.assertEqual((payment.code, payment.name), ("INCG", "Incassi gestionale"))
        self.assertTrue(clearing.reconcile)
        self.company._utility_setup_books()
        self.assertEqual(self.company.utility_bill_journal_id, journal)
        self.assertEqual(self.company.utility_clearing_account_id, clearing)
        # chosen again when somebody emptied the settings
        self.company.utility_bill_journal_id = False
        self.company.utility_payment_journal_id = False
        self.company._utility_setup_books()
        self.assertEqual(self.company.utility_bill_journal_id, journal)
        self.assertEqual(self.company.utility_payment_journal_id, payment)
        self.company._utility_check_books()

    def test_both_modes_are_ready_after_setup(self):
        for mode in ("subledger", "full"):
            self.company.utility_book_mode = mode
            self.assertEqual(self.company._utility_books_problems(), [])

    def test_every_problem_is_named_at_once(self):
        with self.assertRaises(UserError) as error:
            self.env["res.company"].create({"name": "Vuota"})._utility_check_books()
        text = str(error.exception)
        for part in ("chart of accounts", "journal of the bills", "payments"):
            self.assertIn(part, text)

    def test_problems_of_the_settings(self):
        company = self.company

        def problems():
            return "\n".join(company._utility_books_problems())

        purchase = self.company_data["default_journal_purchase"]
        journal = company.utility_bill_journal_id
        company.utility_bill_journal_id = purchase
        self.assertIn("sales journal", problems())
        company.utility_bill_journal_id = journal
        company.utility_clearing_account_id = self.company_data[
            "default_account_receivable"
        ]
        self.assertIn("neither receivable nor payable", problems())
        company.utility_clearing_account_id = False
        self.assertIn("clearing account", problems())
        company.utility_book_mode = "full"
        self.assertEqual(problems(), "")
        journal.default_account_id = self.company_data["default_account_assets"]
        self.assertIn("income account", problems())
        company.utility_payment_journal_id = self.company_data["default_journal_bank"]
        self.assertEqual(
            "outstanding accounts" in problems(),
            not self.inbound_payment_method_line.payment_account_id.reconcile,
        )
        company.utility_payment_journal_id = self.company_data["default_journal_misc"]
        self.assertIn("bank or cash", problems())

    def test_opening_date_and_locks(self):
        company = self.company
        company.utility_opening_date = date(2026, 1, 1)
        self.assertEqual(
            company._utility_accounting_date(date(2025, 6, 30)), date(2026, 1, 1)
        )
        self.assertEqual(
            company._utility_accounting_date(date(2026, 3, 1)), date(2026, 3, 1)
        )
        company.sale_lock_date = date(2026, 1, 31)
        self.assertEqual(
            company._utility_accounting_date(date(2026, 1, 10)), date(2026, 2, 1)
        )
        self.assertIn("locked", "\n".join(company._utility_books_problems()))

    def test_who_may_prepare_the_books(self):
        for user in (self.utility_user, self.accountant):
            with self.assertRaises(AccessError):
                self.company.with_user(user).action_utility_setup_books()
        self.company.with_user(self.utility_admin).action_utility_setup_books()
        with self.assertRaises(AccessError):
            self.other_company.with_user(
                self.utility_admin
            ).action_utility_setup_books()

    def test_payment_has_an_entry_and_reconciles(self):
        bill = self._create_bill("PAY1", amount=80.0)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 80.0,
                "journal_id": self.company.utility_payment_journal_id.id,
                "date": date(2026, 2, 1),
                "source_ref": "P1",
            }
        )
        payment.action_post()
        self.assertTrue(payment.move_id)
        (payment.move_id | bill).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(bill.payment_state, "paid")
        self.assertEqual(bill.amount_residual, 0)

    @mute_logger("odoo.sql_db")
    def test_source_id_of_a_payment_is_unique_per_company(self):
        vals = {
            "payment_type": "inbound",
            "partner_id": self.customer.id,
            "amount": 1.0,
            "journal_id": self.company.utility_payment_journal_id.id,
            "source_ref": "P9",
        }
        self.env["account.payment"].create(vals)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.env["account.payment"].create(vals)
        self.env["account.payment"].create({**vals, "source_ref": False})
        self.env["account.payment"].create({**vals, "source_ref": False})


@tagged("post_install", "-at_install")
class TestBillNumbers(UtilityCommon):
    def test_numbers_that_the_sequence_check_refuses_still_load(self):
        for ref in (
            "2019/000001",  # a year that is not the bill's
            "BOL/2031/07/0001",
            "24-25/12/9",
            "000000000000123456789",
            "E2512A/77-bis",
            "è/2020",
        ):
            bill = self._create_bill(ref)
            self.assertEqual((bill.state, bill.name), ("posted", ref))
            self.assertFalse(bill.made_sequence_gap)
        # and what the check is there for is still refused
        invoice = self.invoice_ordinary()
        with self.assertRaises(UserError), self.cr.savepoint():
            invoice.write({"name": "INV/2019/00001"})
            invoice.action_post()

    def invoice_ordinary(self, **vals):
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": date(2026, 1, 20),
                "invoice_line_ids": [
                    Command.create({"name": "x", "price_unit": 1.0, "tax_ids": []})
                ],
                **vals,
            }
        )

    def test_draft_keeps_its_number_when_the_date_changes(self):
        bill = self._create_bill("2026/01/00007", post=False)
        bill.sudo().write({"invoice_date": date(2025, 3, 1), "date": date(2025, 3, 1)})
        self.assertEqual(bill.name, "2026/01/00007")
        bill.action_post()
        self.assertEqual(bill.name, "2026/01/00007")

    def test_an_invoice_made_here_never_continues_their_numbers(self):
        self._create_bill("BOLL/2026/00900")
        self._create_bill("77")
        invoice = self.invoice_ordinary(
            journal_id=self.company.utility_bill_journal_id.id
        )
        invoice.action_post()
        self.assertEqual(invoice.name, "BOLL/2026/00001")

    @mute_logger("odoo.sql_db")
    def test_number_is_unique_per_company(self):
        self._create_bill("U1")
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_bill("U1", name="U1-bis")

    def test_ordinary_invoice_costs_no_query_more(self):
        """Nothing of ours is computed when an ordinary invoice is posted."""
        ours = {
            name
            for name, field in self.env["account.move"]._fields.items()
            if field._modules == ("utility_supply",) and field.store and field.compute
        }
        self.assertEqual(ours, set())

    def test_bill_form_shows_the_page(self):
        bill = self._create_bill("F1", consumption_from=date(2025, 12, 1))
        with Form(bill.with_user(self.utility_user)) as form:
            self.assertEqual(form.consumption_from, "2025-12-01")
            self.assertEqual(form.utility_contract_id, self.contract)


@tagged("post_install", "-at_install")
class TestResidualReport(UtilityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        told = {"billing_residual_date": date(2026, 3, 1)}
        cls.same = cls._create_bill("R1", amount=50.0, billing_residual=50.0, **told)
        cls.less = cls._create_bill("R2", amount=50.0, billing_residual=20.5, **told)
        cls.paid = cls._create_bill("R3", amount=10.0, billing_residual=0.0, **told)
        cls.untold = cls._create_bill("R4", amount=10.0)
        cls.env.flush_all()
        cls.report = cls.env["utility.residual.report"]

    def test_rows(self):
        rows = self.report.with_user(self.utility_user).search([], order="billing_ref")
        self.assertRecordValues(
            rows,
            [
                {"billing_ref": "R1", "difference": 0.0, "is_different": False},
                {"billing_ref": "R2", "difference": 29.5, "is_different": True},
                {"billing_ref": "R3", "difference": 10.0, "is_different": True},
            ],
        )
        self.assertEqual(rows[0].contract_id, self.contract)
        action = rows[1].action_open_bill()
        self.assertEqual(action["res_id"], self.less.id)

    def test_default_filter_reads_the_partial_index(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        # without the company rule: on so few rows its index would do as well
        report = self.report.sudo()
        query = report._search([("is_different", "=", True)], order="id desc", limit=80)
        sql = query.select()
        self.env.cr.execute(f"EXPLAIN {sql.code}", sql.params)
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("account_move_billing_difference_idx", plan)

    def test_other_company_is_not_seen(self):
        reader = self._create_user("other_reader", "group_utility_user")
        reader.write(
            {
                "company_ids": [Command.set(self.other_company.ids)],
                "company_id": self.other_company.id,
            }
        )
        self.assertFalse(self.report.with_user(reader).search([]))

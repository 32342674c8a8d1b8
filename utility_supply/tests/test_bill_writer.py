"""The fast way of the bill writer gives the rows that Odoo itself would give."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged

from odoo.addons.utility_supply.formats.bill_values import (
    BillsRefused,
)
from odoo.addons.utility_supply.models import row_cloner
from odoo.addons.utility_supply.models.row_cloner import COUNT_KEY

from .bill_writer_common import BillWriterCommon


@tagged("post_install", "-at_install")
class TestBillWriter(BillWriterCommon):
    def _post(self, bills):
        return self.writer.sudo()._post_bills(self.company, bills)

    def test_shares_of_several_sites(self):
        """Each contract has its income and its part of each instalment."""
        self._set_full()
        bill = self._bill(
            shares=[("100.00", "22.00"), ("50.00", "11.00")],
            instalments=[
                (date(2026, 2, 10), Decimal("100.00")),
                (date(2026, 3, 10), Decimal("83.00")),
            ],
        )
        move = self._post([bill])
        terms = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertRecordValues(
            terms.sorted(
                lambda line: (line.date_maturity, line.utility_contract_id.code)
            ),
            [
                {"utility_contract_id": self.contracts[0].id, "balance": 66.67},
                {"utility_contract_id": self.contracts[1].id, "balance": 33.33},
                {"utility_contract_id": self.contracts[0].id, "balance": 55.33},
                {"utility_contract_id": self.contracts[1].id, "balance": 27.67},
            ],
        )
        self.assertEqual(move.amount_total, 183.0)
        self.assertFalse(move.utility_contract_id)
        products = move.invoice_line_ids
        self.assertEqual(products.utility_contract_id, self.contracts[:2])

    def test_order_of_the_moves(self):
        """Moves come back in the order of the bills, whatever way each has gone."""
        usd = self._dollars()
        bills = [
            self._bill("1"),
            self._bill("2", currency_id=usd.id),
            self._bill("3", move_type="out_refund"),
            self._bill("4", currency_id=usd.id),
        ]
        moves = self._post(bills)
        self.assertEqual(moves.mapped("name"), ["1", "2", "3", "4"])
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        self.assertEqual(moves[1].currency_id, usd)

    def _dollars(self):
        usd = self.env.ref("base.USD").sudo()
        usd.active = True
        usd.rate_ids.unlink()
        self.env["res.currency.rate"].sudo().create(
            {
                "currency_id": usd.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 1.2,
            }
        )
        return usd

    def test_foreign_currency_instalments(self):
        bill = self._bill(
            currency_id=self._dollars().id,
            instalments=[
                (date(2026, 2, 10), Decimal("61.06")),
                (date(2026, 3, 10), Decimal("61.06")),
            ],
        )
        move = self._post([bill])
        self.assertEqual(move.amount_total, 122.12)
        self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0)
        self.writer._verify_sample(move)

    def test_split_payment_takes_the_careful_way(self):
        self._set_full()
        bill = self._bill(shares=[("100.00", "0.00")], taxes=[self.tax_split])
        move = self._post([bill])
        self.assertEqual(move.amount_total, 100.0)
        self.assertEqual(len(move.line_ids.filtered("tax_line_id")), 2)

    def test_payment_draft_and_reversal(self):
        """What users do with invoices works on a bill of the fast way."""
        self._set_full()
        bills = [
            self._bill("U1"),
            self._bill(
                "U2",
                [("100.00", "22.00"), ("50.00", "11.00")],
                instalments=[
                    (date(2026, 2, 10), Decimal("100.00")),
                    (date(2026, 3, 10), Decimal("83.00")),
                ],
            ),
            self._bill("U3", move_type="out_refund"),
        ]
        for move in self._post(bills):
            with self.subTest(bill=move.name):
                self._pay(move)
                self.assertEqual(move.payment_state, "paid")
                self.assertFalse(move.amount_residual)
                move.line_ids.remove_move_reconcile()
                self.assertEqual(move.payment_state, "not_paid")
                before = self._rows(move)
                move.button_draft()
                self.assertEqual(move.state, "draft")
                move.action_post()
                self._assert_same_after_repost(before, self._rows(move))
                self._reverse(move)
                self.assertFalse(move.amount_residual)
                self.assertTrue(move.reversal_move_ids)

    def _assert_same_after_repost(self, before, after):
        """Confirming again changes nothing that the books see."""
        names = ("name", "date", "amount_total", "amount_tax", "invoice_date_due")
        for name in names:
            self.assertEqual(after[0]["move"][name], before[0]["move"][name], name)
        columns = ("balance", "account_id", "date_maturity", "utility_contract_id")
        self.assertEqual(
            [[line[name] for name in columns] for line in after[0]["lines"]],
            [[line[name] for name in columns] for line in before[0]["lines"]],
        )

    def _pay(self, move):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        # after the last due date, else Odoo proposes the next instalment only
        return wizard.create({"payment_date": "2026-04-01"})._create_payments()

    def _reverse(self, move):
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard = wizard.create(
            {"journal_id": move.journal_id.id, "date": "2026-03-01", "reason": "error"}
        )
        wizard.refund_moves()
        reversal = move.reversal_move_ids
        if reversal.state == "draft":
            reversal.action_post()
        lines = (move | reversal).line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        if lines:
            lines.reconcile()

    # --- refusals ------------------------------------------------------------

    def _refused(self, bills):
        """{position: set of issue codes}, by both entry points; nothing written."""
        model = self.env["account.move"].sudo()
        before = model.search_count([])
        with self.assertRaises(BillsRefused) as caught:
            self._post(bills)
        self.assertEqual(model.search_count([]), before)
        self.assertEqual(
            self.writer.sudo()._check_bills(self.company, bills).keys(),
            caught.exception.issues.keys(),
        )
        return {
            position: {issue.code for issue in issues}
            for position, issues in caught.exception.issues.items()
        }

    def test_locked_period(self):
        self.company.sale_lock_date = date(2026, 1, 31)
        bills = [self._bill("1"), self._bill("2", date=date(2026, 2, 1))]
        self.assertEqual(self._refused(bills), {0: {"locked_period"}})

    def test_tax_lock_binds_only_full_books(self):
        self.company.tax_lock_date = date(2026, 1, 31)
        self.assertTrue(self._post([self._bill("1")]))
        self._set_full()
        self.assertEqual(self._refused([self._bill("2")]), {0: {"locked_period"}})

    def test_number_taken(self):
        self._post([self._bill("7")])
        bills = [self._bill("7"), self._bill("8"), self._bill("8")]
        taken = {"bill_number_taken"}
        self.assertEqual(self._refused(bills), {0: taken, 2: taken})

    def test_figures_that_do_not_agree(self):
        self._set_full()
        bills = [
            self._bill("1", total=Decimal("122.13")),
            self._bill("2", instalments=[(date(2026, 2, 10), Decimal("100.00"))]),
            self._bill("3", [("-10.00", "-2.20")]),
            self._bill("4", [("100.00", "10.00")]),
            self._bill("5", [("100.001", "22.00")]),
            self._bill(" "),
            self._bill("7", [("100.00", "22.03")]),
        ]
        self.assertEqual(
            self._refused(bills),
            {
                0: {"bad_total"},
                1: {"instalments_sum"},
                2: {"negative_total"},
                3: {"tax_mismatch"},
                4: {"too_many_decimals"},
                5: {"required"},
            },
        )

    def test_references_of_another_company(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        stranger = (
            self.env["res.partner"]
            .sudo()
            .create({"name": "Stranger", "company_id": other.id})
        )
        with self.assertRaisesRegex(UserError, "another company"):
            self._post([self._bill(partner_id=stranger.id)])

    def test_receivable_account_as_counterpart(self):
        account = self.company_data["default_account_receivable"]
        bill = self._bill()
        bill.lines = [replace(bill.lines[0], account_id=account.id)]
        with self.assertRaisesRegex(UserError, "cannot be used"):
            self._post([bill])

    def test_settings_missing(self):
        self.company.utility_clearing_account_id = False
        with self.assertRaisesRegex(UserError, "Settings"):
            self._post([self._bill()])

    def test_secured_journal(self):
        self.journal.restrict_mode_hash_table = True
        with self.assertRaisesRegex(UserError, "hash"):
            self._post([self._bill()])

    def test_rights(self):
        """Only who may post invoices in Odoo; and never over RPC (private)."""
        reader = new_test_user(
            self.env(su=True),
            login="reader",
            groups="utility_supply.group_utility_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.writer.with_user(reader)._post_bills(self.company, [self._bill()])
        with self.assertRaises(AccessError):
            get_public_method(self.writer, "_post_bills")

    # --- effects of posting --------------------------------------------------

    def test_audit_trail_wants_messages(self):
        self.company.restrictive_audit_trail = True
        move = self._post([self._bill()])
        self.env.cr.flush()
        self.assertTrue(move.sudo().message_ids.tracking_value_ids)

    def test_no_message_no_follower(self):
        move = self._post([self._bill()])
        self.assertFalse(move.sudo().message_ids)
        self.assertFalse(move.sudo().message_follower_ids)

    def test_new_customers_are_counted(self):
        self.customers.sudo().customer_rank = 0
        first, second = self.customers[:2]
        bills = [
            self._bill("1", partner_id=first.id),
            self._bill("2", partner_id=first.id),
            self._bill("3", partner_id=second.id),
        ]
        self._post(bills)
        self.assertEqual(self.customers.mapped("customer_rank"), [2, 1, 0, 0])
        postcommit = self.env.cr.postcommit.data
        self._post([self._bill("4", partner_id=first.id)])
        self.assertEqual(postcommit[COUNT_KEY], {first.id: 1})
        self.assertFalse(
            postcommit.get("account.res.partner.increase_rank.customer_rank")
        )

    def test_foreign_module_extends_posting(self):
        """An override of ``_post`` that nobody has read means the careful way."""
        books = self.writer.sudo()._books(self.company, [])
        writer = self.writer.sudo()
        self.assertFalse(writer._slow_reason(books))
        with patch.object(
            type(writer), "_modules_of", return_value={"account", "l10n_xx"}
        ):
            self.assertIn("l10n_xx", writer._slow_reason(books))

    def test_caches_are_fresh(self):
        contract, customer = self.contracts[0].sudo(), self.customers[0].sudo()
        self.assertFalse(contract.bill_ids)
        self.assertFalse(customer.invoice_ids)
        moves = self._post([self._bill()])
        self.assertEqual(contract.bill_ids, moves)
        self.assertEqual(customer.invoice_ids, moves)

    # --- checks of the written rows ------------------------------------------

    def test_verification_finds_each_fault(self):
        self._set_full()
        faults = {
            "UPDATE account_move SET amount_total = amount_total + 1": "amount_total",
            "UPDATE account_move_line SET balance = balance + 1, debit = debit + 1,"
            " amount_currency = amount_currency + 1"
            " WHERE display_type = 'payment_term' AND": "not balanced",
            "UPDATE account_move SET fiscal_position_id = NULL": "fiscal_position_id",
            "UPDATE account_move_line SET amount_residual = 0"
            " WHERE display_type = 'payment_term' AND": "amount_residual",
            "UPDATE account_move SET invoice_date_due = '2030-01-01'": "due date",
            "DELETE FROM account_move_line_account_tax_rel USING account_move_line l"
            " WHERE account_move_line_id = l.id AND l.": "VAT",
        }
        for number, (statement, expected) in enumerate(faults.items()):
            move = self._post([self._bill(f"V{number}")])
            self.writer._verify_sample(move)
            self.env.flush_all()
            column = "id" if "UPDATE account_move SET" in statement else "move_id"
            where = "" if statement.endswith(("AND", "l.")) else "WHERE"
            self.env.cr.execute(f"{statement} {where} {column} = %s", [move.id])
            self.env.invalidate_all()
            with (
                self.subTest(fault=expected),
                self.assertRaisesRegex(UserError, expected),
            ):
                self.writer._verify_sample(move)

    def test_verification_changes_nothing(self):
        moves = self._post([self._bill("1"), self._bill("2", move_type="out_refund")])
        before = self._rows(moves)
        self.writer._verify_sample(moves)
        self.assertEqual(self._rows(moves), before)

    # --- cost ----------------------------------------------------------------

    def test_statements_do_not_grow_with_the_bills(self):
        self._post(
            [self._bill("W1"), self._bill("W2", partner_id=self.customers[1].id)]
        )
        counts = []
        for number in (10, 500):
            bills = [
                self._bill(f"Q{number}/{n}", partner_id=self.customers[n % 2].id)
                for n in range(number)
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._post(bills)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_fields_of_unknown_modules_are_computed_by_the_orm(self):
        """A stored computed field of an unread module is not taken from a specimen."""
        known = row_cloner.KNOWN_COMPUTE_MODULES - {"l10n_it_edi"}
        writer_class = type(self.writer)
        clone = writer_class._clone

        def clone_and_spoil(writer, model_name, *args):
            clone(writer, model_name, *args)
            if model_name == "account.move":
                writer.env.cr.execute(
                    "UPDATE account_move SET l10n_it_payment_method = NULL,"
                    " invoice_user_id = NULL WHERE billing_ref = 'F1'"
                )

        self.addCleanup(self.registry.clear_cache)
        with (
            patch.object(row_cloner, "KNOWN_COMPUTE_MODULES", known),
            patch.object(writer_class, "_clone", clone_and_spoil),
            patch.object(writer_class, "_verify_sample"),
        ):
            self.registry.clear_cache()
            move = self._post([self._bill("F1")])
        self.assertEqual(move.l10n_it_payment_method, "MP05")
        self.assertFalse(move.invoice_user_id, "a known field keeps what was inserted")

"""Cloned payments have the rows that Odoo itself would give, and work as such."""

from contextlib import closing
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from psycopg2 import OperationalError

from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from .bill_writer_common import BillWriterCommon

PAYMENT_IDENTITY = {"move_id", "origin_payment_id", "payment_id"}


class PaymentWriterCommon(BillWriterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer = cls.env["utility.payment.writer"].sudo()
        cls.bank = cls.company.utility_payment_journal_id

    def _vals(self, ref, amount=100.0, **values):
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.customers[0].id,
            "amount": amount,
            "currency_id": self.company.currency_id.id,
            "journal_id": self.bank.id,
            "date": date(2026, 2, 5),
            "memo": f"BILL{ref}",
            "source_ref": ref,
            "billing_ref": False,
            "payment_channel": "bonifico",
            "value_date": date(2026, 2, 7),
            **values,
        }

    def _writer(self):
        return self.payer.with_company(self.company)._quiet()

    def _clones(self, vals_list):
        self.assertFalse(self._writer()._slow_positions(self.company, vals_list))
        return self._writer()._post_clones(self.company, vals_list)

    def _careful(self, vals_list):
        return self._writer()._post_careful(self.company, vals_list)

    def _payment_rows(self, payments):
        self.env.flush_all()
        found = []
        for payment in payments:
            rows = {
                "payment": self._table_rows(payment)[0],
                "move": self._table_rows(payment.move_id)[0],
                "lines": sorted(
                    self._table_rows(payment.move_id.line_ids),
                    key=lambda row: row["balance"],
                ),
            }
            for row in (rows["payment"], rows["move"], *rows["lines"]):
                for name in PAYMENT_IDENTITY:
                    row.pop(name, None)
            found.append(rows)
        return found

    def _rows(self, records):
        if records._name == "account.payment":
            return self._payment_rows(records)
        return super()._rows(records)


@tagged("post_install", "-at_install")
class TestPaymentWriter(PaymentWriterCommon):
    maxDiff = None

    def assertSamePayments(self, vals_list):
        expected = self._rows_of(lambda: self._careful(vals_list))
        found = self._rows_of(lambda: self._clones(vals_list))
        for vals, one, other in zip(vals_list, expected, found, strict=True):
            with self.subTest(payment=vals["source_ref"]):
                self.assertEqual(other["payment"], one["payment"])
                self.assertEqual(other["move"], one["move"])
                self.assertEqual(other["lines"], one["lines"])

    def test_same_rows_as_the_orm(self):
        """Receipts and refunds, two years, numbers in Odoo's order."""
        self._careful([self._vals("0")])
        self.assertSamePayments(
            [
                self._vals("1"),
                self._vals("2", 0.01, value_date=False, payment_channel=False),
                self._vals("3", 12.5, payment_type="outbound"),
                self._vals("4", date=date(2025, 12, 30)),
                self._vals("5", date=date(2026, 1, 2), partner_id=self.customers[1].id),
                self._vals("6", billing_ref="2026/1", memo="2026/1"),
            ]
        )

    def test_numbers_continue(self):
        """Through both ways, in one transaction, without a hole or a double."""
        first = self._clones([self._vals("1"), self._vals("2")])
        second = self._careful([self._vals("3")])
        third = self._clones([self._vals("4"), self._vals("5", date=date(2025, 3, 3))])
        numbers = (first | second | third).mapped("move_id.sequence_number")
        self.assertEqual(numbers[:4], list(range(numbers[0], numbers[0] + 4)))
        self.assertEqual(len(set((first | second | third).mapped("name"))), 5)
        self.assertFalse(
            any((first | second | third).mapped("move_id.made_sequence_gap"))
        )

    def test_customers_that_look_different_to_odoo(self):
        sudo = self.env(su=True)
        receivable = self.company_data["default_account_receivable"].copy()
        odd = sudo["res.partner"].create(
            [
                {
                    **self._customer_vals(1),
                    "property_account_receivable_id": receivable.id,
                },
                {**self._customer_vals(2), "country_id": self.env.ref("base.de").id},
                {**self._customer_vals(3), "vat": "IT12345670017"},
            ]
        )
        sudo["res.partner.bank"].create(
            {"partner_id": odd[1].id, "acc_number": "DE89370400440532013000"}
        )
        self.assertSamePayments(
            [
                self._vals(
                    f"{partner.id}{kind}", partner_id=partner.id, payment_type=kind
                )
                for partner in odd
                for kind in ("inbound", "outbound")
            ]
        )

    def test_reconciled_returned_and_reset(self):
        """A cloned payment closes a bill; taken back, the bill is open again."""
        move = self.writer.sudo()._post_bills(self.company, [self._bill("B1")])
        payment = self.payer._post_payments(self.company, [self._vals("1", 122.12)])
        lines = (move | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.assertEqual(move.payment_state, "paid")
        self.assertTrue(payment.is_reconciled)
        self.assertEqual(payment.reconciled_invoice_ids, move)
        payment.move_id._reverse_moves([{"date": date(2026, 3, 1)}], cancel=True)
        self.assertEqual(move.payment_state, "not_paid")
        other = self.payer._post_payments(self.company, [self._vals("2")])
        other.action_draft()
        self.assertEqual(other.state, "draft")
        other.action_post()
        self.assertEqual(other.move_id.state, "posted")

    def test_what_only_the_careful_way_understands(self):
        dollars = self.env.ref("base.USD").sudo()
        dollars.active = True
        self.company.fiscalyear_lock_date = date(2025, 12, 31)
        vals_list = [
            self._vals("1"),
            self._vals("2", currency_id=dollars.id),
            self._vals("3", memo=False),
            self._vals("4", payment_reference="CHECK 7"),
            self._vals("5", date=date(2025, 5, 5)),
        ]
        writer = self._writer()
        self.assertEqual(writer._slow_positions(self.company, vals_list), {1, 2, 3, 4})
        payments = self.payer._post_payments(self.company, vals_list[:4])
        self.assertEqual(payments.mapped("source_ref"), ["1", "2", "3", "4"])
        self.assertEqual(set(payments.mapped("move_id.state")), {"posted"})
        moved = self.payer._post_payments(self.company, vals_list[4:])
        self.assertGreater(moved.move_id.date, self.company.fiscalyear_lock_date)

    def test_entry_of_another_shape(self):
        """A module that writes the entry differently gets the careful way."""
        model = type(self.env["account.payment"])
        with patch.object(
            model, "_get_aml_default_display_name_list", lambda self: [("label", "X")]
        ):
            payment = self.payer._post_payments(self.company, [self._vals("1")])
        self.assertEqual(set(payment.move_id.line_ids.mapped("name")), {"X"})

    def test_rights(self):
        with self.assertRaises(AccessError):
            get_public_method(self.payer, "_post_payments")
        reader = self.env["res.users"].sudo().create({"name": "r", "login": "r"})
        with self.assertRaises(AccessError):
            self.payer.with_user(reader)._post_payments(self.company, [self._vals("1")])

    def test_customer_of_another_company(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        stranger = self.customers[0].sudo().copy({"company_id": other.id})
        with self.assertRaisesRegex(UserError, "another company"):
            self.payer._post_payments(
                self.company, [self._vals("1", partner_id=stranger.id)]
            )

    def test_verification_finds_a_fault(self):
        payment = self._clones([self._vals("1")])
        self._writer()._verify(payment)
        self.env.cr.execute(
            "UPDATE account_payment SET is_matched = NOT is_matched WHERE id = %s",
            [payment.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "is_matched"):
            self._writer()._verify(payment)

    def test_statements_do_not_grow_with_the_payments(self):
        self._clones([self._vals("W")])
        counts = []
        for number in (10, 300):
            vals_list = [self._vals(f"Q{number}-{n}") for n in range(number)]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._clones(vals_list)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_matching_as_the_orm_alone(self):
        """One payment of several instalments, a part, too much, two of one bill."""
        day = date(2026, 2, 10)
        bills = [
            self._bill("B1"),
            self._bill(
                "B2",
                instalments=[
                    (day, Decimal("60.00")),
                    (date(2026, 3, 10), Decimal("62.12")),
                ],
            ),
            self._bill("B3"),
            self._bill("B4"),
        ]
        amounts = [("B1", 122.12), ("B2", 100), ("B3", 200), ("B4", 50), ("B4", 72.12)]

        def paid(match):
            moves = self.writer.sudo()._post_bills(self.company, bills)
            payments = self.payer._post_payments(
                self.company,
                [self._vals(f"{n}", a, memo=ref) for n, (ref, a) in enumerate(amounts)],
            )
            plans = []
            for move in moves:
                named = payments.filtered(lambda p, move=move: p.memo == move.name)
                lines = (move | named.move_id).line_ids
                plans.append(
                    lines.filtered(
                        lambda line: line.account_id.account_type == "asset_receivable"
                    )
                )
            match(plans)
            self.env.flush_all()
            return moves, payments

        def rows(match):
            with closing(self.env.cr.savepoint()):
                moves, payments = paid(match)
                return self._without_matching_ids(
                    self._rows(moves) + self._rows(payments)
                )

        lines = self.env["account.move.line"].sudo()
        self.assertEqual(rows(self.payer._match), rows(lines._reconcile_plan))
        moves, payments = paid(self.payer._match)
        self.assertEqual(
            moves.mapped("payment_state"), ["paid", "partial", "paid", "paid"]
        )
        self.assertEqual(moves.mapped("amount_residual"), [0, 22.12, 0, 0])
        self.assertEqual(set(payments.mapped("state")), {"paid", "in_process"})

    def _without_matching_ids(self, found):
        """Ids of partial and full reconciliations differ from run to run.

        And bringing a bill up to date for nothing marks it as modified by hand.
        """
        for rows in found:
            del rows["move"]["is_manually_modified"]
            for line in rows["lines"]:
                line["matching_number"] = (line["matching_number"] or "")[:1] == "P"
                line["full_reconcile_id"] = bool(line["full_reconcile_id"])
        return found

    def test_number_taken_by_another_process(self):
        """Both read the same last number: who comes second has to begin again."""
        taken = self._clones([self._vals("1")])
        number = (taken.name, taken.move_id.sequence_prefix, 1)
        with (
            patch.object(type(self.payer), "_take_numbers", return_value=[number]),
            mute_logger("odoo.sql_db"),
            self.assertRaises(OperationalError),
        ):
            self._clones([self._vals("2")])

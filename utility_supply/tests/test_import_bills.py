"""Bills and payments in the books."""

from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    bill,
    contract,
    customer,
    payment,
)


class BooksCommon(ImportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load_base(3)

    def only_row(self, batch):
        """The one row of ``batch`` that waits."""
        (row,) = self.open_rows(batch)
        return row

    def load_bills(self, *records):
        return self.load_records(bills=list(records))["bills"]

    def load_payments(self, *records):
        return self.load_records(payments=list(records))["payments"]

    def due(self, ref):
        """[(due date, amount)] of the term lines of a bill."""
        lines = self.bill_of(ref).line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        return sorted((line.date_maturity, line.balance) for line in lines)


@tagged("post_install", "-at_install")
class TestImportBills(BooksCommon):
    def test_bill_is_a_posted_invoice_with_its_own_number(self):
        batch = self.load_bills(
            bill(
                "00123/2026-A",
                1,
                is_closing_bill="S",
                reading_kind="Stimata",
                other_services_amount=Decimal("12.50"),
                billing_residual=Decimal("80.00"),
                billing_residual_date=date(2026, 3, 1),
            )
        )
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        self.assertRecordValues(
            self.bill_of("00123/2026-A"),
            [
                {
                    "name": "00123/2026-A",
                    "state": "posted",
                    "move_type": "out_invoice",
                    "from_billing": True,
                    "invoice_date": date(2026, 1, 10),
                    "invoice_date_due": date(2026, 2, 9),
                    "amount_total": 100.0,
                    "amount_tax": 0.0,
                    "is_closing_bill": True,
                    "reading_kind": "estimated",
                    "other_services_amount": 12.5,
                    "billing_residual": 80.0,
                }
            ],
        )

    def test_instalments(self):
        self.load_bills(bill("B1", 1, instalments="2026-02-28:60,00|2026-03-31:40,00"))
        expected = [(date(2026, 2, 28), 60.0), (date(2026, 3, 31), 40.0)]
        self.assertEqual(self.due("B1"), expected)

    def test_bill_over_several_sites(self):
        """Rows together or apart: one bill, a share for each contract."""
        sites = [contract(n, 1) for n in (11, 12)]
        self.load_records(contracts=sites)
        batch = self.load_bills(
            bill("B1", 11, "70.00"),
            bill("B2", 1),
            bill("B1", 12, "30.00"),
        )
        self.assertEqual((batch.state, batch.count_created), ("done", 3))
        move = self.bill_of("B1")
        self.assertEqual(move.amount_total, 100.0)
        self.assertFalse(move.utility_contract_id)
        terms = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        shares = {line.utility_contract_id.code: line.balance for line in terms}
        self.assertEqual(shares, {"S00011": 70.0, "S00012": 30.0})
        self.assertFalse(batch.row_ids, "rows apart were never in error")

    def test_bill_with_one_bad_row_waits_whole(self):
        self.load_records(contracts=[contract(n, 1) for n in (11, 12)])
        batch = self.load_bills(
            bill("B1", 11, "70.00"),
            bill("B1", 12, "30.00", due_date=None),
            bill("B2", 11, "10.00"),
            bill("B2", 99, "20.00"),
        )
        self.assertFalse(self.bill_of("B1") | self.bill_of("B2"))
        codes = {row.row_number: row.issue_code for row in batch.row_ids}
        self.assertEqual(
            codes,
            {
                2: "group_incomplete",
                3: "required",
                4: "group_incomplete",
                5: "unknown_contract",
            },
        )
        row = batch.row_ids.filtered(lambda row: row.row_number == 3)
        row._correct({"Data scadenza": "09/02/2026"})
        row.action_retry()
        self.assertEqual(self.bill_of("B1").amount_total, 100.0)
        self.assertEqual(batch.count_quarantined, 2)

    def test_same_contract_twice_is_a_double_key(self):
        batch = self.load_bills(bill("B1", 1), bill("B1", 1))
        self.assertEqual(self.bill_of("B1").amount_total, 100.0)
        row = self.only_row(batch)
        self.assertEqual((row.row_number, row.issue_code), (3, "duplicate_key"))

    def test_rows_of_one_bill_must_agree(self):
        self.load_records(contracts=[contract(11, 1)])
        batch = self.load_bills(
            bill("B1", 1), bill("B1", 11, due_date=date(2026, 3, 1))
        )
        self.assertEqual(batch.row_ids.mapped("issue_code"), ["bill_rows_differ"] * 2)
        batch = self.load_bills(bill("B2", 1), bill("B2", 2))
        self.assertIn("bill_several_customers", batch.row_ids.mapped("issue_code"))
        self.assertFalse(self.bill_of("B1") | self.bill_of("B2"))

    def test_credit_note_closes_the_bill_that_it_names(self):
        """In whatever order the file names them."""
        note = bill("NC1", 1, "30.00", document_type="NC", reverses_ref="B1")
        batch = self.load_bills(note, bill("B1", 1))
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        self.assertEqual(self.bill_of("NC1").move_type, "out_refund")
        self.assertEqual(self.bill_of("NC1").amount_residual, 0.0)
        self.assertEqual(self.bill_of("B1").amount_residual, 70.0)

    def test_credit_note_of_an_unknown_bill_waits(self):
        note = bill("NC1", 1, "30.00", document_type="NC", reverses_ref="B7")
        batch = self.load_bills(note)
        self.assertEqual(self.only_row(batch).issue_code, "unknown_bill")
        self.load_bills(bill("B7", 1))
        batch.action_retry_rows()
        self.assertEqual(batch.state, "done")
        self.assertEqual(self.bill_of("B7").amount_residual, 70.0)

    def test_credit_note_of_another_customer(self):
        self.load_bills(bill("B1", 1))
        note = bill("NC1", 2, "30.00", document_type="NC", reverses_ref="B1")
        row = self.only_row(self.load_bills(note))
        self.assertEqual(row.issue_code, "reverses_other_customer")

    def test_posted_bill_never_changes_silently(self):
        self.load_bills(bill("B1", 1))
        for change in (
            {"total": Decimal("101.00")},
            {"due_date": date(2026, 2, 28)},
            {"date": date(2026, 1, 11)},
            {"contract_code": "S00002"},
            {"document_type": "NC"},
            {"instalments": "2026-02-28:60,00|2026-03-31:40,00"},
        ):
            with self.subTest(change=change):
                batch = self.load_bills({**bill("B1", 1), **change})
                self.assertEqual(self.only_row(batch).issue_code, "bill_changed")
        self.assertEqual(self.due("B1"), [(date(2026, 2, 9), 100.0)])

    def test_what_carries_no_amount_is_completed(self):
        told = {
            "billing_residual": Decimal("50.00"),
            "billing_residual_date": date(2026, 3, 2),
        }
        self.load_bills(bill("B1", 1, **told))
        batch = self.load_bills(bill("B1", 1, reading_kind="Mista", **told))
        self.assertEqual(batch.count_updated, 1)
        older = {**told, "billing_residual_date": date(2026, 3, 1)}
        older["billing_residual"] = Decimal("90.00")
        batch = self.load_bills(bill("B1", 1, **older))
        self.assertEqual(batch.count_unchanged, 1)
        self.assertRecordValues(
            self.bill_of("B1"), [{"reading_kind": "mixed", "billing_residual": 50.0}]
        )

    def test_full_books_keep_the_vat_of_the_file(self):
        self.company.utility_book_mode = "full"
        income = self.company_data["default_account_revenue"]
        self.company.utility_bill_journal_id.default_account_id = income
        vat = {"untaxed": Decimal("100.00"), "tax": Decimal("22.00")}
        batch = self.load_bills(
            bill("B1", 1, "122.00", tax_rate=Decimal("22"), **vat),
            bill("B2", 1, "122.00"),
            bill("B3", 1, "122.00", **vat),
            bill("B4", 1, "122.00", tax_rate=Decimal("17"), **vat),
            bill("B5", 1, "123.00", tax_rate=Decimal("22"), **vat),
        )
        self.assertEqual(
            batch.row_ids.mapped("issue_code"),
            ["missing_tax", "missing_tax_rate", "unknown_tax", "bad_total"],
        )
        move = self.bill_of("B1")
        self.assertEqual((move.amount_untaxed, move.amount_tax), (100.0, 22.0))
        again = {**bill("B1", 1, "122.00", tax_rate=Decimal("22.00")), **vat}
        again["payment_code"] = "123"
        self.assertEqual(self.load_bills(again).count_updated, 1)

    def test_closed_period(self):
        """A clear issue; below the opening date a bill goes in on that day."""
        self.company.fiscalyear_lock_date = date(2025, 12, 31)
        old = bill("B1", 1, date=date(2025, 11, 2), due_date=date(2025, 12, 2))
        batch = self.load_bills(old)
        row = self.only_row(batch)
        self.assertEqual(row.issue_code, "locked_period")
        self.assertIn("2025-12-31", row.reason)
        self.company.utility_opening_date = date(2026, 1, 1)
        row.action_retry()
        self.assertEqual(row.state, "applied")
        self.assertRecordValues(
            self.bill_of("B1"),
            [{"invoice_date": date(2025, 11, 2), "date": date(2026, 1, 1)}],
        )
        self.assertEqual(self.due("B1"), [(date(2025, 12, 2), 100.0)])

    def test_charge_is_confirmed_by_its_bill(self):
        supply = self.env["utility.contract"].search([("code", "=", "S00001")])
        charges = self.env["utility.charge"].create(
            [
                {
                    "company_id": self.company.id,
                    "partner_id": supply.partner_id.id,
                    "contract_id": supply.id,
                    "kind": "cost",
                    "amount": 5.0,
                    "description": "Raccomandata",
                }
            ]
        )
        charges.action_confirm()
        ref = charges.ref
        batch = self.load_bills(bill("B2", 2, charge_refs=ref), bill("B3", 1))
        self.assertEqual(self.only_row(batch).issue_code, "unknown_charge")
        self.assertEqual(charges.state, "to_export")
        self.load_bills(bill("B1", 1, charge_refs=ref))
        self.assertEqual(charges.state, "confirmed")
        self.assertEqual(charges.move_id, self.bill_of("B1"))

    def _waiting_charge(self):
        supply = self.env["utility.contract"].search([("code", "=", "S00001")])
        charge = self.env["utility.charge"].create(
            {
                "company_id": self.company.id,
                "partner_id": supply.partner_id.id,
                "contract_id": supply.id,
                "kind": "cost",
                "amount": 5.0,
                "description": "Raccomandata",
            }
        )
        charge.action_confirm()
        return charge

    def test_a_charge_is_on_one_bill(self):
        """Charged once: a second bill that names it waits, and says why."""
        charge, ref = self._waiting_charge(), "B1"
        self.load_bills(bill(ref, 1, charge_refs=charge.ref))
        batch = self.load_bills(bill("B2", 1, charge_refs=charge.ref), bill("B3", 1))
        row = self.only_row(batch)
        self.assertEqual(row.issue_code, "charge_on_bill")
        self.assertIn(ref, row.reason)
        self.assertFalse(self.bill_of("B2"))
        self.assertEqual(charge.move_id, self.bill_of(ref))
        # the first bill once more says nothing new
        again = self.load_bills(
            bill(ref, 1, charge_refs=charge.ref, payment_code="18"), bill("B5", 1)
        )
        self.assertEqual(again.state, "done", again.row_ids.mapped("reason"))
        # a part of it given back leaves the charge where it is
        note = bill("NC1", 1, "30.00", document_type="NC", reverses_ref=ref)
        batch = self.load_bills(note, bill("B6", 1, charge_refs=charge.ref))
        self.assertEqual(self.only_row(batch).issue_code, "charge_on_bill")
        # the rest of it: the bill is made again, and carries the same charge
        note = bill("NC2", 1, "70.00", document_type="NC", reverses_ref=ref)
        batch = self.load_bills(note)
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        self.load_bills(bill("B7", 1, charge_refs=charge.ref))
        self.assertEqual(charge.move_id, self.bill_of("B7"))
        # all of it told once more, as a full export does
        again = self.load_bills(
            bill(ref, 1, charge_refs=charge.ref),
            bill("B7", 1, charge_refs=charge.ref),
            bill("B8", 1),
        )
        self.assertEqual(again.state, "done", again.row_ids.mapped("reason"))
        self.assertEqual(charge.move_id, self.bill_of("B7"))

    def test_a_bill_made_again_in_one_file(self):
        charge = self._waiting_charge()
        self.load_bills(bill("B1", 1, charge_refs=charge.ref))
        batch = self.load_bills(
            bill("B2", 1, charge_refs=charge.ref),
            bill("NC1", 1, document_type="NC", reverses_ref="B1"),
        )
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        self.assertEqual(charge.move_id, self.bill_of("B2"))

    def test_two_bills_of_one_file_with_the_same_charge(self):
        charge = self._waiting_charge()
        batch = self.load_bills(
            bill("B1", 1, charge_refs=charge.ref), bill("B2", 1, charge_refs=charge.ref)
        )
        row = self.only_row(batch)
        self.assertEqual(row.issue_code, "charge_on_bill")
        self.assertIn("B1", row.reason)
        self.assertEqual(charge.move_id, self.bill_of("B1"))

    def test_books_not_ready(self):
        self.company.utility_bill_journal_id = False
        batch = self.load_bills(bill("B1", 1))
        row = self.only_row(batch)
        self.assertEqual(row.issue_code, "company_not_ready")
        self.assertFalse(self.bill_of("B1"))

    def test_number_of_a_document_of_odoo(self):
        """A number taken by an invoice that did not come from billing."""
        journal = self.company.utility_bill_journal_id
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": journal.id,
                "partner_id": self.customer.id,
                "invoice_date": date(2026, 1, 1),
                "name": "B1",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 5})],
            }
        )
        move.action_post()
        batch = self.load_bills(bill("B1", 1))
        self.assertEqual(self.only_row(batch).issue_code, "bill_number_taken")


@tagged("post_install", "-at_install")
class TestImportPayments(BooksCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.load_records(bills=[bill("B1", 1), bill("B2", 2, "50.00")])

    def payment_of(self, ref):
        return self.env["account.payment"].search([("source_ref", "=", ref)])

    def credit(self, number):
        """What a customer has open, credits negative."""
        partner = self.env["res.partner"].search(
            [("billing_code", "=", f"K{number:05d}")]
        )
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", partner.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return round(sum(lines.mapped("amount_residual")), 2)

    def test_whole_partial_excess(self):
        self.load_payments(payment("P1", "B1", "30.00"), payment("P2", "B2", "60.00"))
        self.assertEqual(self.bill_of("B1").amount_residual, 70.0)
        self.assertEqual(self.bill_of("B2").payment_state, "paid")
        self.assertEqual(self.credit(2), -10.0)
        self.assertRecordValues(
            self.payment_of("P1"),
            [
                {
                    "amount": 30.0,
                    "payment_type": "inbound",
                    "payment_channel": "SDD",
                    "value_date": date(2026, 2, 5),
                    "journal_id": self.company.utility_payment_journal_id.id,
                }
            ],
        )
        self.load_payments(payment("P3", "B1", "70.00"))
        self.assertEqual(self.bill_of("B1").payment_state, "paid")

    def test_several_payments_of_one_bill_in_a_file(self):
        self.load_payments(payment("P1", "B1", "30.00"), payment("P2", "B1", "70.00"))
        self.assertEqual(self.bill_of("B1").payment_state, "paid")
        self.assertEqual(self.credit(1), 0.0)

    def test_unknown_bill_goes_to_the_worklist(self):
        batch = self.load_payments(payment("P1", "B9"), payment("P2", "B1"))
        row = self.only_row(batch)
        self.assertEqual((row.issue_code, row.key), ("unknown_bill", "P1"))
        self.assertFalse(self.payment_of("P1"))
        self.load_records(bills=[bill("B9", 3)])
        row.action_retry()
        self.assertEqual(row.state, "applied")
        self.assertEqual(self.bill_of("B9").payment_state, "paid")

    def test_payment_without_bill_is_the_customers_credit(self):
        batch = self.load_payments(
            payment("P1", None, "15.00", customer_code="K00003"),
            payment("P2", None, "15.00"),
            payment("P3", None, "15.00", customer_code="K99999"),
        )
        self.assertEqual(self.credit(3), -15.0)
        self.assertEqual(
            batch.row_ids.mapped("issue_code"),
            ["payment_without_customer", "unknown_customer"],
        )

    def test_bill_of_another_customer(self):
        batch = self.load_payments(payment("P1", "B1", customer_code="K00002"))
        self.assertEqual(self.only_row(batch).issue_code, "payment_customer")

    def test_refund_to_the_customer(self):
        self.load_payments(payment("P1", None, "-20.00", customer_code="K00001"))
        self.assertEqual(self.payment_of("P1").payment_type, "outbound")
        self.assertEqual(self.credit(1), 120.0)

    def test_zero_amount(self):
        batch = self.load_payments(payment("P1", "B1", "0.00"))
        self.assertEqual(self.only_row(batch).issue_code, "zero_amount")

    def test_payment_that_says_something_else(self):
        self.load_payments(payment("P1", "B1", "30.00"))
        for change in (
            {"amount": Decimal("31.00")},
            {"date": date(2026, 2, 6)},
            {"billing_ref": "B2"},
        ):
            with self.subTest(change=change):
                batch = self.load_payments({**payment("P1", "B1", "30.00"), **change})
                self.assertEqual(self.only_row(batch).issue_code, "payment_changed")

    def test_returned_direct_debit_reopens_the_bill(self):
        """Row I13. In a later file, or before its payment in the same file."""
        back = payment(
            "R1",
            None,
            "100.00",
            date=date(2026, 2, 20),
            reverses_ref="P1",
            reversal_reason="AM04 fondi insufficienti",
        )
        for name, files in (
            ("later", ([payment("P1", "B1")], [back])),
            ("before", ([back, payment("P1", "B1")],)),
        ):
            with self.subTest(order=name), self.env.cr.savepoint() as savepoint:
                for records in files:
                    batch = self.load_payments(*records)
                    self.assertEqual(
                        batch.state, "done", batch.row_ids.mapped("reason")
                    )
                move = self.bill_of("B1")
                self.assertEqual((move.payment_state, move.amount_residual)[1], 100.0)
                self.assertRecordValues(
                    self.payment_of("P1"),
                    [
                        {
                            "reversal_date": date(2026, 2, 20),
                            "reversal_reason": "AM04 fondi insufficienti",
                            "reversal_source_ref": "R1",
                            "state": "rejected",
                        }
                    ],
                )
                self.assertEqual(self.credit(1), 100.0)
                self.assertIn("AM04", "".join(move.message_ids.mapped("body")))
                again = self.load_payments(back, payment("P7", "B2", "50.00"))
                self.assertEqual(again.count_unchanged, 1)
                self.assertEqual(self.credit(1), 100.0)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_returns_that_cannot_be(self):
        self.load_payments(payment("P1", "B1"))
        back = {"reverses_ref": "P1", "reversal_reason": "MS03"}
        batch = self.load_payments(
            payment("R1", None, "40.00", **back),
            payment("R2", None, "100.00", **{**back, "reverses_ref": "P9"}),
        )
        codes = batch.row_ids.mapped("issue_code")
        self.assertEqual(codes, ["reversal_amount", "unknown_payment"])
        batch = self.load_payments(
            payment("R3", None, "-100.00", **back),
            payment("R4", None, "100.00", **back),
        )
        self.assertEqual(batch.count_created, 1)
        self.assertEqual(self.only_row(batch).issue_code, "already_reversed")

    def test_payment_in_a_closed_period(self):
        self.company.fiscalyear_lock_date = date(2026, 2, 28)
        self.load_payments(payment("P1", "B1"))
        self.assertRecordValues(
            self.payment_of("P1"),
            [{"date": date(2026, 3, 1), "value_date": date(2026, 2, 5)}],
        )

    def test_foreign_customer(self):
        batch = self.load_records(
            customers=[
                customer(
                    7,
                    country="DE",
                    province=None,
                    fiscal_code=None,
                    vat="DE136695976",
                    legal_form="Impresa",
                ),
                customer(8, country="DE", province=None, vat="DE136695970"),
                customer(9, country="QQ"),
                customer(10, province="QQ"),
                customer(11, bonus_kind="Bonus economico"),
            ]
        )["customers"]
        partner = self.env["res.partner"].search([("billing_code", "=", "K00007")])
        self.assertEqual((partner.vat, partner.country_id.code), ("DE136695976", "DE"))
        self.assertEqual(
            batch.row_ids.mapped("issue_code"),
            ["bad_vat", "unknown_country", "unknown_province", "missing_bonus_date"],
        )

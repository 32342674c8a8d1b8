"""Bills of the fast way have the rows that Odoo itself writes."""

from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from .bill_writer_common import BillWriterCommon


@tagged("post_install", "-at_install")
class TestBillWriterRows(BillWriterCommon):
    maxDiff = None

    def test_one_bill_as_a_user_would(self):
        for mode in ("subledger", "full"):
            for move_type in ("out_invoice", "out_refund"):
                self.company.utility_book_mode = mode
                with self.subTest(mode=mode, move_type=move_type):
                    bill = self._bill(move_type=move_type)
                    self.assertSameRows([bill], self._post_by_odoo)

    def test_kinds_of_bills_both_ways(self):
        """Instalments, several sites, taxes, zero: in both books and both types."""
        for mode in ("subledger", "full"):
            self.company.utility_book_mode = mode
            for move_type in ("out_invoice", "out_refund"):
                with self.subTest(mode=mode, move_type=move_type):
                    self.assertSameRows(self._many_kinds(move_type))

    def _many_kinds(self, move_type):
        day = date(2026, 2, 10)
        next_day = date(2026, 3, 10)
        last_day = date(2026, 4, 10)
        return [
            self._bill("A1", move_type=move_type),
            self._bill(
                "A2",
                move_type=move_type,
                instalments=[
                    (day, Decimal("50.00")),
                    (next_day, Decimal("50.00")),
                    (last_day, Decimal("22.12")),
                ],
                payment_reference="301000000000000012",
            ),
            self._bill(
                "A3/2026",
                [("100.00", "22.00"), ("50.00", "5.00"), ("-10.00", "-2.20")],
                [self.tax_22, self.tax_10, self.tax_22],
                move_type=move_type,
            ),
            self._bill(
                "A4",
                [("100.00", "22.00"), ("33.33", "7.33")],
                move_type=move_type,
                instalments=[
                    (day, Decimal("54.22")),
                    (next_day, Decimal("54.22")),
                    (last_day, Decimal("54.22")),
                ],
            ),
            # VAT rounded by the billing system, a cent away from Odoo's
            self._bill("A5", [("10.02", "2.21")], move_type=move_type),
            self._bill("A6", [("80.00", "0.00")], [self.tax_0], move_type=move_type),
            self._bill("A7", [("0.00", "0.00")], move_type=move_type),
            self._bill(
                "A8", [("10.00", "2.20"), ("-10.00", "-2.20")], move_type=move_type
            ),
            self._bill(
                "A9",
                move_type=move_type,
                extra={
                    "consumption_from": date(2025, 11, 1),
                    "consumption_to": date(2025, 12, 31),
                    "reading_kind": "actual",
                    "is_closing_bill": True,
                    "other_services_amount": Decimal("12.50"),
                    "payment_code": "00123",
                },
            ),
        ]

    def test_customers_that_look_different_to_odoo(self):
        """Facts of the customer decide columns: each kind has its own specimen."""
        self._set_full()
        bills = [
            self._bill(f"P{number}", partner_id=partner.id, move_type=move_type)
            for number, (partner, move_type) in enumerate(
                (partner, move_type)
                for partner in self._odd_customers()
                for move_type in ("out_invoice", "out_refund")
            )
        ]
        self.assertSameRows(bills)
        self.assertSameRows(bills, self._post_by_odoo)

    def _odd_customers(self):
        sudo = self.env(su=True)
        german = {"country_id": sudo.ref("base.de").id, "vat": "DE123456788"}
        odd = [
            {},
            {"street": False, "vat": "IT12345670017"},
            german,
            {"country_id": False, "zip": False},
            {"lang": self._other_lang()},
            {"user_id": self.env.user.id},
            {"property_account_receivable_id": self._other_receivable().id},
            {"is_company": True, "l10n_it_pa_index": "UFABCD"},
        ]
        customers = sudo["res.partner"].create(
            [{**self._customer_vals(number), **vals} for number, vals in enumerate(odd)]
        )
        self._add_contacts(customers[0])
        self._add_banks(customers[1])
        contact = customers[0].child_ids.filtered(lambda child: child.type == "contact")
        return customers | contact

    def _add_contacts(self, customer):
        self.env["res.partner"].sudo().create(
            [
                {"parent_id": customer.id, "type": type_, "name": f"{type_} address"}
                for type_ in ("delivery", "contact")
            ]
        )

    def _add_banks(self, customer):
        self.env["res.partner.bank"].sudo().create(
            [
                {"partner_id": customer.id, "acc_number": number, "currency_id": code}
                for number, code in (
                    ("US0000000001", self.env.ref("base.USD").id),
                    ("IT60X0542811101000000123456", False),
                )
            ]
        )

    def _other_lang(self):
        self.env["res.lang"].sudo()._activate_lang("it_IT")
        return "it_IT"

    def _other_receivable(self):
        return self.company_data["default_account_receivable"].copy()

    def test_bills_before_the_opening(self):
        self.company.utility_opening_date = date(2026, 1, 1)
        self.company.fiscalyear_lock_date = date(2025, 12, 31)
        bill = self._bill(date=date(2025, 3, 1), due_date=date(2025, 4, 1))
        self.assertSameRows([bill])
        move = self._post([bill])
        self.assertRecordValues(
            move,
            [
                {
                    "date": date(2026, 1, 1),
                    "invoice_date": date(2025, 3, 1),
                    "invoice_date_due": date(2025, 4, 1),
                }
            ],
        )

    def test_numbers_of_any_shape(self):
        """Also those that Odoo's sequence check refuses for their date."""
        numbers = ["2019/7", "B-1999-12-00001", "0000000000000042", "abc", "7/è", "1"]
        self.assertSameRows([self._bill(number) for number in numbers])

    def test_clearing_account_that_can_be_reconciled(self):
        self.company.utility_clearing_account_id.reconcile = True
        self.assertSameRows([self._bill("R1"), self._bill("R2", [("0.00", "0.00")])])

    def test_settings_changed_between_two_calls(self):
        """The specimens kept in memory do not outlive what they depend on."""
        self._post([self._bill("M1")])
        account = self._other_receivable()
        self.customers[0].sudo().property_account_receivable_id = account
        other = self._post([self._bill("M2")])
        terms = other.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        self.assertEqual(terms.account_id, account)
        self.env["ir.default"].sudo().set(
            "account.move", "invoice_origin", "Billing", company_id=self.company.id
        )
        self.assertEqual(self._post([self._bill("M3")]).invoice_origin, "Billing")

    def _post(self, bills):
        return self.writer.sudo()._post_bills(self.company, bills)

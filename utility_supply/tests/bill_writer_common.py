"""The fast way of the bill writer gives the rows that Odoo itself would give."""

import json
from contextlib import closing
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.utility_supply.formats.bill_values import (
    BillLine,
    BillValues,
)

# what differs between two records of the same facts
IDENTITY = {"id", "move_id", "create_date", "write_date", "create_uid", "write_uid"}


class BillWriterCommon(AccountTestInvoicingCommon):
    @classmethod
    @AccountTestInvoicingCommon.setup_country("it")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.company.sudo()._utility_setup_books()
        cls.writer = cls.env["utility.bill.writer"]
        cls.journal = cls.company.utility_bill_journal_id
        cls.journal.default_account_id = cls.company_data["default_account_revenue"]
        taxes = cls.env["account.tax"].search(
            [("company_id", "=", cls.company.id), ("type_tax_use", "=", "sale")]
        )
        cls.tax_22 = taxes.filtered(lambda tax: tax.name == "22%")
        cls.tax_10 = taxes.filtered(lambda tax: tax.name == "10%")
        cls.tax_0 = taxes.filtered(lambda tax: tax.name == "0% EX")
        cls.tax_split = taxes.filtered(lambda tax: tax.name == "22% SP")
        cls.italy = cls.env.ref("base.it")
        cls.customers = cls.env["res.partner"].create(
            [cls._customer_vals(number) for number in range(4)]
        )
        cls.contracts = (
            cls.env["utility.contract"]
            .sudo()
            .create([cls._contract_vals(number) for number in range(4)])
        )

    @classmethod
    def _customer_vals(cls, number):
        return {
            "name": f"Customer {number}",
            "company_id": cls.company.id,
            "street": "Via Roma 1",
            "zip": "20121",
            "city": "Milano",
            "country_id": cls.italy.id,
        }

    @classmethod
    def _contract_vals(cls, number):
        point = (
            cls.env["utility.supply.point"]
            .sudo()
            .create(
                {
                    "company_id": cls.company.id,
                    "service": "water",
                    "code": f"POINT{number}",
                }
            )
        )
        return {
            "company_id": cls.company.id,
            "code": f"C{number}",
            "partner_id": cls.customers[0].id,
            "supply_point_id": point.id,
            "customer_type": "domestic",
            "date_start": "2020-01-01",
        }

    def _set_full(self):
        self.company.utility_book_mode = "full"

    def _bill(self, ref="2026/000123", shares=None, taxes=None, **values):
        """A bill of ``shares`` [(untaxed, tax)]; one contract for each of them."""
        shares = shares or [("100.10", "22.02")]
        taxes = taxes or [self.tax_22] * len(shares)
        lines = [
            BillLine(
                contract_id=self.contracts[number].id,
                untaxed=Decimal(untaxed),
                tax=Decimal(tax),
                tax_id=taxes[number].id,
            )
            for number, (untaxed, tax) in enumerate(shares)
        ]
        values.setdefault("total", sum((line.total for line in lines), Decimal(0)))
        return BillValues(
            **{
                "billing_ref": ref,
                "move_type": "out_invoice",
                "partner_id": self.customers[0].id,
                "date": date(2026, 1, 10),
                "due_date": date(2026, 2, 10),
                "lines": lines,
                **values,
            }
        )

    # --- rows ----------------------------------------------------------------

    def _rows(self, moves):
        """All stored columns and relations of ``moves``, without their identity."""
        self.env.flush_all()
        return [
            {
                "move": self._table_rows(move)[0],
                "lines": sorted(
                    self._table_rows(move.line_ids),
                    key=lambda row: json.dumps(
                        [
                            row["display_type"],
                            row["utility_contract_id"] or 0,
                            row["date_maturity"] or "",
                            row["tax_line_id"] or 0,
                            row["name"],
                        ]
                    ),
                ),
            }
            for move in moves
        ]

    def _table_rows(self, records):
        relations = [
            field
            for field in records._fields.values()
            if field.type == "many2many" and field.store
        ]
        rows = {
            id_: {key: value for key, value in row.items() if key not in IDENTITY}
            for id_, row in self.env.execute_query(
                SQL(
                    "SELECT id, to_jsonb(r) FROM %s r WHERE id = ANY(%s)",
                    SQL.identifier(records._table),
                    records.ids,
                )
            )
        }
        for field in relations:
            pairs = self.env.execute_query(
                SQL(
                    """
                    SELECT %(one)s, %(other)s FROM %(table)s
                     WHERE %(one)s = ANY(%(ids)s)
                    """,
                    one=SQL.identifier(field.column1),
                    other=SQL.identifier(field.column2),
                    table=SQL.identifier(field.relation),
                    ids=records.ids,
                )
            )
            for row in rows.values():
                row[field.name] = []
            for id_, value in sorted(pairs):
                rows[id_][field.name].append(value)
        return [rows[id_] for id_ in records.ids]

    def _rows_of(self, post):
        """Rows that ``post()`` makes; then undone, for the next way to start equal."""
        with closing(self.env.cr.savepoint()):
            return self._rows(post())

    def _post_by_odoo(self, bills):
        """What a user does: create with invoice lines, then the button Confirm."""
        moves = self.env["account.move"].browse()
        for bill in bills:
            contracts = bill.contract_ids
            move = (
                self.env["account.move"]
                .sudo()
                .create(
                    {
                        "move_type": bill.move_type,
                        "company_id": self.company.id,
                        "journal_id": self.journal.id,
                        "partner_id": bill.partner_id,
                        "name": bill.billing_ref,
                        "billing_ref": bill.billing_ref,
                        "from_billing": True,
                        "payment_reference": bill.payment_reference or bill.billing_ref,
                        "invoice_date": bill.date,
                        "invoice_date_due": bill.due_date,
                        "invoice_payment_term_id": False,
                        "utility_contract_id": len(contracts) == 1 and contracts[0],
                        "invoice_line_ids": [
                            Command.create(self._line_by_odoo(bill, line))
                            for line in bill.lines
                        ],
                        **bill.extra,
                    }
                )
            )
            if len(contracts) == 1:
                move.line_ids.utility_contract_id = contracts[0]
            move.action_post()
            moves += move
        return moves

    def _line_by_odoo(self, bill, line):
        is_full = self.company.utility_book_mode == "full"
        account = self.journal.default_account_id
        if not is_full:
            account = self.company.utility_clearing_account_id
        return {
            "name": line.name or bill.billing_ref,
            "account_id": account.id,
            "quantity": 1,
            "price_unit": float(line.untaxed if is_full else line.total),
            "tax_ids": [Command.set([line.tax_id] if is_full else [])],
            "utility_contract_id": line.contract_id,
        }

    def _fast(self, bills):
        writer = self.writer.sudo().with_company(self.company)._quiet()
        books = writer._books(self.company, bills)
        self.assertFalse(writer._slow_reason(books))
        for bill in bills:
            self.assertFalse(writer._slow_bill_reason(books, bill))
        return writer._post_fast(books, bills)

    def _careful(self, bills):
        writer = self.writer.sudo().with_company(self.company)._quiet()
        return writer._post_careful(writer._books(self.company, bills), bills)

    def assertSameRows(self, bills, reference=None):
        """Both ways give the same rows; ``reference``: the method of the other way."""
        reference = reference or self._careful
        expected = self._rows_of(lambda: reference(bills))
        found = self._rows_of(lambda: self._fast(bills))
        self.assertEqual(len(found), len(bills))
        for bill, one, other in zip(bills, expected, found, strict=True):
            with self.subTest(bill=bill.billing_ref):
                self.assertEqual(other["move"], one["move"])
                self.assertEqual(len(other["lines"]), len(one["lines"]))
                for found_line, line in zip(other["lines"], one["lines"], strict=True):
                    self.assertEqual(found_line, line)

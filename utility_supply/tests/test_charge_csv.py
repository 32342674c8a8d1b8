"""The file of charges: exact amounts, nothing a spreadsheet would execute."""

import csv
import io
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats import charge_csv
from odoo.addons.utility_supply.formats.charge_csv import ChargeRow

fast = settings(max_examples=100, deadline=None, database=None)


def _row(**vals):
    base = {
        "ref": "UTC/2026/000001",
        "customer_code": "C1",
        "contract_code": "CT1",
        "kind": "cost",
        "amount": Decimal("12.30"),
        "currency": "EUR",
        "date": date(2026, 3, 1),
        "description": "Spese di sollecito",
        "tax_note": "",
    }
    return ChargeRow(**{**base, **vals})


def _read(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


@tagged("post_install", "-at_install")
class TestChargeCsv(BaseCase):
    def test_golden_bytes(self):
        data = charge_csv.write([_row(), _row(amount=Decimal("-5"), kind="refund")])
        self.assertEqual(
            data.decode("utf-8-sig"),
            "Riferimento addebito;Codice cliente;Codice contratto;Tipo;Importo;Valuta;"
            "Data;Descrizione;Trattamento fiscale\r\n"
            "UTC/2026/000001;C1;CT1;cost;12,30;EUR;2026-03-01;Spese di sollecito;\r\n"
            "UTC/2026/000001;C1;CT1;refund;-5,00;EUR;2026-03-01;Spese di sollecito;\r"
            "\n",
        )
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))

    def test_formulas_are_text(self):
        for evil in (
            '=HYPERLINK("http://x";"y")',
            "+1+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "\uff1d1",
        ):
            cell = _read(charge_csv.write([_row(description=evil)]))[1][7]
            self.assertTrue(cell.startswith("'"), (evil, cell))

    def test_float_of_the_database_is_exact(self):
        cell = _read(charge_csv.write([_row(amount=0.1 + 0.2)]))[1][4]
        self.assertEqual(cell, "0,30")

    @fast
    @given(st.text(max_size=40), st.text(max_size=40))
    def test_any_text_stays_in_its_cell_and_harmless(self, description, code):
        rows = _read(
            charge_csv.write([_row(description=description, contract_code=code)])
        )
        self.assertEqual(len(rows), 2)
        self.assertEqual(len(rows[1]), len(charge_csv.HEADINGS))
        for cell in (rows[1][2], rows[1][7]):
            self.assertFalse(cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell)

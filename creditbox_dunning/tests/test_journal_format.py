"""Entries for another accounting program (row Z05): the file alone."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tests.common import BaseCase

from ..formats import journal_xlsx
from ..formats.journal_csv import HEADINGS, Entry, UnbalancedError, pair, write

texts = st.text(st.characters(codec="utf-8"), max_size=20)
entries = st.builds(
    Entry,
    st.just(date(2027, 1, 1)),
    texts,
    texts,
    texts,
    st.decimals("-99999.99", "99999.99", places=2).filter(bool),
    st.just("EUR"),
    *[texts] * 7,
)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def read(data):
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def number(text):
    return Decimal(text.replace(",", ".") or 0)


@tagged("post_install", "-at_install")
class TestJournalFormat(BaseCase):
    @settings(max_examples=200, deadline=None, database=None)
    @given(st.lists(entries, max_size=6))
    def test_debit_is_credit_and_no_cell_is_a_formula(self, rows):
        found = read(write([one for row in rows for one in pair(row, "70", "Ricavi")]))
        self.assertEqual(len(found), 2 * len(rows))
        debit = sum(number(row["Dare"]) for row in found)
        self.assertEqual(debit, sum(number(row["Avere"]) for row in found))
        self.assertEqual(debit, sum(abs(row.amount) for row in rows))
        for row in found:
            self.assertEqual(bool(row["Dare"]), not row["Avere"])
            for cell in row.values():
                self.assertFalse(cell.startswith(DANGEROUS), cell)

    def test_what_does_not_balance_is_no_file(self):
        one = Entry(date(2027, 1, 1), "A1", "1", "x", Decimal(5), "EUR", *[""] * 6)
        first, second = pair(one, "2", "y")
        with self.assertRaisesRegex(UnbalancedError, "A1"):
            write([first, replace(second, amount=Decimal(-4))])

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.lists(entries, max_size=4))
    def test_the_workbook_holds_numbers_days_and_no_formula(self, rows):
        both = [one for row in rows for one in pair(row, "70", "Ricavi")]
        page = openpyxl.load_workbook(io.BytesIO(journal_xlsx.write(both))).active
        lines = list(page.iter_rows())
        self.assertEqual([cell.value for cell in lines[0]], list(HEADINGS))
        self.assertEqual(len(lines) - 1, len(both))
        for entry, line in zip(both, lines[1:], strict=True):
            self.assertEqual(line[0].value.date(), entry.day)
            debit, credit = line[4].value, line[5].value
            self.assertEqual(debit is None, credit is not None)
            self.assertIsInstance(debit or credit, (int, float))
            amount = Decimal(str(debit or -credit))
            self.assertEqual(round(amount, 2), entry.amount)
            self.assertNotIn("f", {cell.data_type for cell in line})

    def test_a_text_like_a_formula_stays_a_text(self):
        name = '=HYPERLINK("http://x")'
        one = Entry(date(2027, 1, 1), "A1", "1", name, Decimal(5), "EUR", *[name] * 6)
        data = journal_xlsx.write(pair(one, "2", "y"))
        page = openpyxl.load_workbook(io.BytesIO(data)).active
        cell = page.cell(2, 4)
        self.assertEqual((cell.data_type, cell.value), ("s", name))
        self.assertTrue(cell.quotePrefix)
        with self.assertRaises(UnbalancedError):
            journal_xlsx.write([one])

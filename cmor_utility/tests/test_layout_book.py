import io
from datetime import date

import openpyxl

from odoo.tests import BaseCase, tagged

from ..formats import flow_io, layout_book, layout_spec
from .layouts import shipped_rows

DAY = date(2027, 1, 1)


def edited(data, change):
    """The workbook after a person worked on it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestLayoutBook(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = shipped_rows()["SI1.0050"]
        cls.data = layout_book.write("SI1.0050", DAY, {}, cls.rows)

    def changes(self, change):
        book = layout_book.read(edited(self.data, change))
        self.assertEqual(book.issues, [])
        return [
            (diff.kind, diff.name, diff.column, diff.old, diff.new)
            for diff in layout_spec.differences({}, self.rows, book.settings, book.rows)
        ]

    def test_out_and_in_is_the_same(self):
        for code, rows in shipped_rows().items():
            settings = {"file_format": "xml", "repeat": "rows", "source": "=cmd|x"}
            book = layout_book.read(layout_book.write(code, DAY, settings, rows))
            self.assertEqual(book.issues, [], code)
            self.assertEqual((book.code, book.date_from), (code, DAY))
            self.assertEqual(
                layout_spec.differences(settings, rows, book.settings, book.rows), []
            )
            made = layout_spec.make_layout(code, book.settings, book.rows)
            self.assertEqual(made, layout_spec.make_layout(code, settings, rows))

    def test_no_cell_is_a_formula(self):
        rows = [{**self.rows[-1], "note": '=HYPERLINK("http://x")', "one_of": "@a"}]
        data = layout_book.write(
            "X", DAY, {"xml_namespace": "+1", "source": "-1"}, rows
        )
        book = openpyxl.load_workbook(io.BytesIO(data))
        found = 0
        for page in book:
            for row in page.iter_rows():
                for cell in row:
                    self.assertNotEqual(cell.data_type, "f", cell.value)
                    if isinstance(cell.value, str) and cell.value[0] in "=+-@":
                        self.assertTrue(cell.quotePrefix, cell.value)
                        found += 1
        self.assertEqual(found, 4)

    def test_differences_in_words(self):
        def change(book):
            page = book[layout_book.FIELDS_SHEET]
            page.cell(28, 3).value = 500  # NOTE longer
            page.delete_rows(12)  # CF_STRANIERO goes
            page.append(["NUOVO", "decimale", 9, 2, "obbligatorio"])
            book[layout_book.SETTINGS_SHEET].cell(4, 2).value = "XML"

        self.assertEqual(
            [
                found[:5] if found[0] != "added" else found[:2]
                for found in self.changes(change)
            ],
            [
                ("setting", "file_format", "", "csv", "XML".lower()),
                ("changed", "NOTE", "max_length", 255, 500),
                ("added", "NUOVO"),
                ("removed", "CF_STRANIERO", "", self.rows[10], ""),
            ],
        )

    def test_a_field_that_moved_is_one_difference(self):
        def change(book):
            page = book[layout_book.FIELDS_SHEET]
            values = [cell.value for cell in page[28]]
            page.delete_rows(28)
            page.insert_rows(2)
            for column, value in enumerate(values, 1):
                page.cell(2, column).value = value

        self.assertEqual(self.changes(change), [("moved", "NOTE", "", 27, 1)])

    def test_zeros_that_the_sheet_took(self):
        def change(book):
            book[layout_book.FIELDS_SHEET].cell(3, 10).value = 50

        self.assertEqual(self.changes(change), [])

    def test_everything_wrong_is_told_with_its_row(self):
        def change(book):
            page = book[layout_book.FIELDS_SHEET]
            page.cell(2, 2).value = "parola"
            page.cell(4, 3).value = "tanti"
            page.cell(5, 9).value = "boh: niente"
            page.cell(6, 1).value = "CP UTENTE"
            page.cell(8, 6).value = "MANCA"
            page.cell(9, 1).value = "COD_POD"
            page.cell(10, 15).value = "=1+1"
            book[layout_book.SETTINGS_SHEET].cell(7, 2).value = "ebcdic"
            book[layout_book.SETTINGS_SHEET].append(["Colore", "blu"])

        book = layout_book.read(edited(self.data, change))
        self.assertEqual(
            sorted((row, issue.code) for row, issue in book.issues),
            [
                (0, "bad_setting"),
                (0, "unknown_setting"),
                (2, "bad_choice"),
                (4, "bad_number"),
                (5, "bad_source"),
                (6, "bad_name"),
                (8, "double"),
                (8, "unknown_condition"),
                (10, "bad_cell"),
            ],
        )

    def test_what_is_no_layout_is_refused(self):
        def no_column(book):
            book[layout_book.FIELDS_SHEET].delete_cols(2)

        def no_sheet(book):
            del book[layout_book.SETTINGS_SHEET]

        for data, code in (
            (b"", "workbook"),
            (b"a;b\r\n", "workbook"),
            (b"PK\x03\x04xxxx", "workbook"),
            (edited(self.data, no_column), "column_missing"),
            (edited(self.data, no_sheet), "workbook"),
        ):
            with self.assertRaises(flow_io.FlowRefused) as caught:
                layout_book.read(data)
            self.assertEqual(caught.exception.code, code)

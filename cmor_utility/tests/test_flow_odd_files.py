"""Files that went through the hands of people: spreadsheets, archives, half of them."""

import io
import zipfile

import openpyxl

from odoo.tests import BaseCase, tagged

from ..formats import flow_io, flow_sample
from . import flow_mutations
from .layouts import shipped
from .test_flow_io import packed, workbook

ACK = shipped()["SI1.0100"]
GOOD = flow_sample.sample(ACK, 2)[0]
NAMES = GOOD.split(b"\r\n")[0].decode().split(";")


def stored(*files):
    """A ZIP whose files are not compressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestFlowOddFiles(BaseCase):
    def refusal(self, function, *args):
        with self.assertRaises(flow_io.FlowRefused) as caught:
            function(*args)
        self.assertTrue(caught.exception.code)
        return caught.exception.code

    def rules(self, data, layout=ACK):
        return [[i.rule for i in row.issues] for row in flow_io.read(layout, data).rows]

    # --- CSV ------------------------------------------------------------------------

    def test_a_mark_of_the_encoding_beats_the_layout(self):
        """A file that says it is UTF-8 is, also when the layout writes Windows-1252."""
        text = GOOD.decode().replace("Campi", "Città")
        for encoding in ("cp1252", "iso-8859-15"):
            layout = shipped(encoding=encoding)["SI1.0100"]
            rows = flow_io.read(layout, text.encode("utf-8-sig")).rows
            self.assertEqual([row.issues for row in rows], [(), ()])
            self.assertEqual(
                [row.values["MOTIVAZIONE"] for row in rows],
                [
                    row.values["MOTIVAZIONE"]
                    for row in flow_io.read(ACK, text.encode()).rows
                ],
            )

    def test_separators_at_the_end_of_rows(self):
        head, *rows = GOOD.decode().strip().split("\r\n")
        for made in (
            [head, *(f"{row};;" for row in rows)],
            [f"{head};;", *rows],
            [f"{head};", *(f"{row};;;" for row in rows)],
        ):
            self.assertEqual(self.rules("\r\n".join(made).encode()), [[], []], made)
        told = self.rules("\r\n".join([head, f"{rows[0]};;x", rows[1][:-1]]).encode())
        self.assertEqual(told[0], ["columns"])
        (row, _other) = flow_io.read(
            ACK, "\r\n".join([head, f"{rows[0]};;x", rows[1]]).encode()
        ).rows
        self.assertEqual(row.raw[f"#{len(NAMES) + 1}"], ";x")
        cut = rows[1].rsplit(";", 2)[0]
        self.assertEqual(
            self.rules("\r\n".join([head, rows[0], cut]).encode())[1][0], "columns"
        )

    def test_digits_lost_to_scientific_notation(self):
        layout = shipped()["SI2.0200"]
        data = flow_sample.sample(layout, 1)[0].decode()
        head, row, _end = data.split("\r\n")
        cells = dict(zip(head.split(";"), row.split(";"), strict=True))
        for name, text in (
            ("COD_PDR", "1,23457E+13"),
            ("COD_POD", "1.2E+10"),
            ("CP_GESTORE", "2E+08"),
            ("PIVA_UTENTE", "1,23457E+10"),
        ):
            made = ";".join({**cells, name: text}.values())
            (read,) = flow_io.read(layout, f"{head}\r\n{made}\r\n".encode()).rows
            self.assertEqual(
                [(i.field, i.rule) for i in read.issues], [(name, "spreadsheet")]
            )
        made = ";".join({**cells, "NOTE": "1E+10", "CP_GESTORE": "2E08"}.values())
        (read,) = flow_io.read(layout, f"{head}\r\n{made}\r\n".encode()).rows
        self.assertEqual(read.issues, ())

    def test_headings_and_nothing_below(self):
        """A download that broke off looks like this: it is not "applied"."""
        head = GOOD.split(b"\r\n")[0]
        for data in (head, head + b"\r\n", head + b"\r\n;;;\r\n \r\n"):
            self.assertEqual(self.refusal(flow_io.read, ACK, data), "no_rows")
        self.assertEqual(self.refusal(flow_io.read, ACK, workbook([NAMES])), "no_rows")
        blank = head + b"\r\n" + b";;\r\n" * 999_000
        self.assertEqual(self.refusal(flow_io.read, ACK, blank), "no_rows")

    def test_line_ends_of_all_kinds_in_one_file(self):
        head, *rows = GOOD.decode().strip().split("\r\n")
        data = f"{head}\r{rows[0]}\n{rows[1]}\r\n\n\r\r{rows[0]}".encode()
        found = flow_io.read(ACK, data).rows
        self.assertEqual([row.issues for row in found], [()] * 3)
        self.assertEqual(found[0].values, found[2].values)

    def test_utf_16_says_what_to_do(self):
        text = GOOD.decode()
        for encoding in ("utf-16", "utf-32"):
            self.assertEqual(
                self.refusal(flow_io.read, ACK, text.encode(encoding)), "utf16"
            )

    # --- workbooks ------------------------------------------------------------------

    def book(self, change=None):
        data = flow_mutations.workbook(ACK, GOOD)
        if not change:
            return data
        book = openpyxl.load_workbook(io.BytesIO(data))
        change(book)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def test_rows_on_another_sheet_are_not_lost(self):
        def more(book):
            page = book.create_sheet("Altri")
            page.append(NAMES)
            page.append([None] * 4 + ["E26-1"])

        self.assertEqual(self.refusal(flow_io.read, ACK, self.book(more)), "sheets")

        def hidden(book):
            more(book)
            book["Altri"].sheet_state = "hidden"

        def notes(book):
            book.create_sheet("Appunti").append(["da fare", 1])
            book.create_sheet("Vuoto")

        for change in (hidden, notes):
            self.assertEqual(self.rules(self.book(change)), [[], []])

    def test_hidden_rows_are_rows(self):
        def hide(book):
            book.worksheets[0].row_dimensions[2].hidden = True

        self.assertEqual(self.rules(self.book(hide)), [[], []])

    def test_blanks_at_the_end(self):
        def blanks(book):
            page = book.worksheets[0]
            for row in range(1, 3):
                for column in range(1, len(NAMES) + 1):
                    cell = page.cell(row, column)
                    if isinstance(cell.value, str):
                        cell.value = f" {cell.value}\u00a0 "
            page.cell(1, len(NAMES) + 3).value = "  "
            page.cell(2, len(NAMES) + 2).value = " "
            page.cell(9, 1).value = "\u00a0"

        found = flow_io.read(ACK, self.book(blanks)).rows
        plain = flow_io.read(ACK, self.book()).rows
        self.assertEqual([row.issues for row in found], [(), ()])
        self.assertEqual([r.values for r in found], [r.values for r in plain])

    # --- archives -------------------------------------------------------------------

    def test_workbook_in_an_archive_that_does_not_compress(self):
        """What is inside stands there in clear: it is an archive all the same."""
        book = self.book()
        for data in (
            stored(("esiti.xlsx", book)),
            packed(("esiti.xlsx", book)),
            stored(("a.csv", GOOD), ("esiti.xlsx", book)),
        ):
            found = flow_io.members(data, "esiti.zip")
            self.assertIn(("esiti.xlsx", book), found)
        self.assertEqual(flow_io.members(book, "e.xlsx"), [("e.xlsx", book)])
        inner = stored(("esiti.xlsx", book))
        self.assertEqual(
            self.refusal(flow_io.members, stored(("a.zip", inner)), "x.zip"),
            "zip_nested",
        )

    def test_what_a_system_leaves_in_an_archive(self):
        data = packed(
            ("a.csv", GOOD),
            ("__MACOSX/._a.csv", b"\0\5\x16\7"),
            ("dir/.DS_Store", b"\0\0"),
            ("Thumbs.db", b"\xd0\xcf"),
        )
        self.assertEqual(flow_io.members(data, "a.zip"), [("a.csv", GOOD)])
        only = packed((".DS_Store", b"\0"))
        self.assertEqual(self.refusal(flow_io.members, only, "a.zip"), "zip_empty")

    def test_an_archive_with_a_password(self):
        data = bytearray(packed(("a.csv", GOOD)))
        for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            data[data.index(mark) + place] |= 1
        self.assertEqual(
            self.refusal(flow_io.members, bytes(data), "a.zip"), "zip_protected"
        )

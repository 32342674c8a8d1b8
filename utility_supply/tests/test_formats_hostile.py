"""Bad files: each gets one precise issue, and nothing but FileRefused is raised."""

import io
import random
import struct
import time
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import xlwt

from odoo.tests import BaseCase, tagged

from ..formats import cells, mapping, tabular, values
from ..formats.cells import Limits
from ..formats.issues import FileRefused
from ..formats.values import ValueIssue
from . import formats_samples as samples

SHEET = [("A", "B"), ("1", "x"), ("2", "y")]
MEGABYTE = 1 << 20


class HostileCase(BaseCase):
    def assertRefused(self, code, data, filename, place=None, **options):
        """The file is refused for exactly one issue, at ``place`` (sheet, row)."""
        found = samples.refusal(data, filename, **options)
        self.assertEqual([issue.code for issue in found], [code], filename)
        if place:
            self.assertEqual((found[0].sheet, found[0].row), place)
        return found[0]


@tagged("post_install", "-at_install")
class TestKindOfFile(HostileCase):
    def test_empty(self):
        for data in (b"", b"\n\n", b";;\n;;\n", b"\xef\xbb\xbf", b" \r\n"):
            self.assertRefused("empty_file", data, "a.csv")
        self.assertRefused("empty_file", b"", "a.xlsx")
        self.assertRefused("empty_file", samples.as_xlsx([]), "a.xlsx", ("Foglio1", 0))
        self.assertRefused("empty_file", samples.as_xls([]), "a.xls", ("Foglio1", 0))

    def test_wrong_extension(self):
        forms = {
            "xlsx": samples.as_xlsx(SHEET),
            "xls": samples.as_xls(SHEET),
            "csv": samples.as_csv(SHEET),
        }
        for kind, data in forms.items():
            for extension in set(forms) - {kind}:
                issue = self.assertRefused("wrong_extension", data, f"a.{extension}")
                self.assertEqual(issue.params["found"], kind.upper())
        self.assertRefused("unknown_extension", forms["csv"], "a.pdf")
        self.assertEqual(samples.refusal(forms["csv"], "A.CSV"), [])
        self.assertEqual(samples.refusal(forms["csv"], ""), [])

    def test_what_is_no_table(self):
        cases = {
            "PDF": b"%PDF-1.7 ...",
            "HTML or XML": b"\n <html><table><tr><td>A</td></tr></table></html>",
            "PNG": b"\x89PNG\r\n",
        }
        for name, data in cases.items():
            issue = self.assertRefused("wrong_extension", data, "a.xls")
            self.assertEqual(issue.params["found"], name)
            self.assertRefused("unsupported_file", data, "")
        for part, name in (
            ("mimetype", "ODS"),
            ("xl/workbook.bin", "XLSB"),
            ("word/document.xml", "DOCX"),
            ("foto.jpg", "ZIP"),
        ):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                mime = "application/vnd.oasis.opendocument" if name == "ODS" else ""
                archive.writestr(part, mime)
            issue = self.assertRefused("wrong_extension", stream.getvalue(), "a.xlsx")
            self.assertEqual(issue.params["found"], name)

    def test_wrong_kind(self):
        data = samples.as_csv(SHEET)
        self.assertRefused("wrong_kind", data, "a.csv", kind="xlsx")

    def test_too_large(self):
        limits = Limits(max_bytes=10)
        data = samples.as_csv(SHEET)
        self.assertRefused("file_too_large", data, "a.csv", limits=limits)

    def test_protected(self):
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
        data = ole + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
        for name in ("a.xlsx", "a.xls"):
            self.assertRefused("protected_workbook", data, name)
        plain = samples.as_xls(SHEET)
        start = plain.index(b"\x09\x08\x10\x00\x00\x06")  # BOF, then its first record
        locked = bytearray(plain)
        locked[start + 20 : start + 22] = b"\x2f\x00"  # FILEPASS
        self.assertRefused("protected_workbook", bytes(locked), "a.xls")
        data = samples.as_xlsx(SHEET)
        locked = bytearray(data)
        where = locked.index(b"PK\x01\x02")
        locked[where + 8] |= 1
        self.assertRefused("protected_workbook", bytes(locked), "a.xlsx")

    def test_corrupt(self):
        xlsx, xls = samples.as_xlsx(SHEET), samples.as_xls(SHEET)
        for data in (xlsx[:-1], xlsx[: len(xlsx) // 2], xlsx[:30]):
            self.assertIn(
                samples.refusal(data, "a.xlsx")[0].code,
                ("corrupt_workbook", "wrong_extension"),
            )
        self.assertRefused("corrupt_workbook", xlsx[: len(xlsx) - 30], "a.xlsx")
        self.assertRefused("corrupt_workbook", xls[:600], "a.xls")
        damaged = bytearray(xlsx)
        info = zipfile.ZipFile(io.BytesIO(xlsx)).getinfo("xl/worksheets/sheet1.xml")
        damaged[info.header_offset + 60] ^= 255
        self.assertRefused("corrupt_workbook", bytes(damaged), "a.xlsx")

    def test_missing_sheet(self):
        for data, name in (
            (samples.as_xlsx(SHEET), "a.xlsx"),
            (samples.as_xls(SHEET), "a.xls"),
        ):
            issue = self.assertRefused("missing_sheet", data, name, sheet="Clienti")
            self.assertEqual(issue.params, {"wanted": "Clienti", "found": "Foglio1"})
        book = samples.sheet_xml("").replace(b"sheetData", b"sheets")
        data = samples.raw_xlsx(b"", workbook=book)
        self.assertRefused("no_sheet", data, "a.xlsx")


@tagged("post_install", "-at_install")
class TestCsvStructure(HostileCase):
    def test_nul_and_undecodable(self):
        self.assertRefused("nul_bytes", b"A;B\n1;\0\n", "a.csv")
        self.assertRefused("nul_bytes", "A;B\n1;2\n".encode("utf-16-le"), "a.csv")
        self.assertRefused("undecodable", b"A;B\n1;\x81\n", "a.csv")
        data = "A;B\n1;è\n".encode("cp1252")
        self.assertRefused("undecodable", data, "a.csv", encoding="utf-8")
        self.assertRefused("undecodable", b"\xff\xfeA\0\x00\xd8A\0", "a.csv")
        self.assertRefused("unknown_encoding", b"A\n", "a.csv", encoding="utf-7")

    def test_encodings_that_disagree(self):
        mixed = "A;è\n".encode() + "B;è\n".encode("cp1252")
        self.assertRefused("mixed_encoding", mixed, "a.csv")
        data = samples.as_csv(SHEET, encoding="utf-8-sig")
        self.assertRefused("encoding_mismatch", data, "a.csv", encoding="cp1252")

    def test_cut_in_the_middle(self):
        whole = samples.as_csv([("A", "B"), ("1", "x"), ("2", "Città; è")])
        self.assertRefused("file_cut", whole[:-15], "a.csv", ("", 3), delimiter=";")
        accent = whole.index("à".encode())
        cut = whole[: accent + 1]
        self.assertIn(
            samples.refusal(cut, "a.csv", delimiter=";")[0].code,
            ("unterminated_quote", "file_cut"),
        )
        self.assertRefused("file_cut", b"A;B\n1;x\n2;Citt\xc3", "a.csv", ("", 3))
        self.assertRefused("unterminated_quote", whole[:-5], "a.csv", ("", 3))

    def test_last_line_without_newline_is_told(self):
        table = tabular.open_table(b"A;B\n1;2", "a.csv")
        self.assertEqual([w.code for w in table.warnings], ["no_final_newline"])
        self.assertEqual(len(list(table.rows())), 1)
        self.assertEqual(tabular.open_table(b"A;B\n1;2\n", "a.csv").warnings, [])

    def test_quote_that_never_closes(self):
        data = b'A;B\n1;x\n2;"y\n3;z\n4;w\n'
        self.assertRefused("unterminated_quote", data, "a.csv", ("", 3))
        data = b'A;B\n1;"x\n' + b"2;y\n" * 100_000
        self.assertRefused("unterminated_quote", data, "a.csv", ("", 2))

    def test_bad_quotes_and_widths_stop_only_their_row(self):
        data = b'A;B\n1;"Bar "da" Mario"\n2;x\n3\n4;y;z\n5;5" tubo\n'
        rows = list(tabular.open_table(data, "a.csv").rows())
        codes = [[issue.code for issue in row.issues] for row in rows]
        self.assertEqual(codes, [["bad_quoting"], [], ["row_short"], ["row_long"], []])
        self.assertEqual([row.issues[0].row for row in rows if row.issues], [2, 4, 5])
        self.assertEqual(rows[2].issues[0].params, {"found": 1, "expected": 2})
        self.assertEqual(rows[4].cells["B"].value, '5" tubo')

    def test_values_beyond_the_headings_stop_their_row(self):
        for data in (b"A;B\n1;2;3\n1;2;\n", b"A;B;\n1;2;3\n", b"A;B\n1;2;3\n"):
            row = next(tabular.open_table(data, "a.csv").rows())
            self.assertEqual([i.code for i in row.issues], ["row_long"], data)

    def test_separator_in_doubt(self):
        self.assertRefused("ambiguous_delimiter", b"A;B,C\n1;2,3\n", "a.csv")
        data = b"A;B,C\n1;2\n"
        self.assertEqual(tabular.open_table(data, "a.csv").headings, ["A", "B,C"])
        self.assertRefused("unknown_delimiter", data, "a.csv", delimiter="::")
        table = tabular.open_table(b"A;B,C\n1;2,3\n", "a.csv", delimiter=",")
        self.assertEqual(table.headings, ["A;B", "C"])

    def test_limits(self):
        data = samples.as_csv([("A", "B"), *[("1", "2")] * 50])
        self.assertRefused("too_many_rows", data, "a.csv", limits=Limits(max_rows=50))
        limits = Limits(max_columns=1)
        self.assertRefused("too_many_columns", data, "a.csv", limits=limits)
        data = b"A;B\n1;" + b"x" * 120_000 + b"\n"
        self.assertRefused("cell_too_long", data, "a.csv", ("", 2))
        data = b"A;B\n1;" + b"x" * 200_000 + b"\n"
        # the csv module has a bound of its own, which Odoo lifts
        code = samples.refusal(data, "a.csv")[0].code
        self.assertIn(code, ("cell_too_long", "unterminated_quote"))


@tagged("post_install", "-at_install")
class TestHeadingsAndCells(HostileCase):
    def _both(self, change_openpyxl, change_xlwt):
        """The same sheet in XLSX and XLS, changed by each writer's own means."""
        book = openpyxl.Workbook()
        page = book.active
        page.title = "Foglio1"
        for row in SHEET:
            page.append(row)
        change_openpyxl(page)
        stream = io.BytesIO()
        book.save(stream)
        yield stream.getvalue(), "a.xlsx"
        book = xlwt.Workbook()
        page = book.add_sheet("Foglio1", cell_overwrite_ok=True)
        for number, row in enumerate(SHEET):
            for column, text in enumerate(row):
                page.write(number, column, text)
        change_xlwt(page)
        stream = io.BytesIO()
        book.save(stream)
        yield stream.getvalue(), "a.xls"

    def test_merged_header(self):
        for data, name in self._both(
            lambda page: page.merge_cells("A1:B1"),
            lambda page: page.merge(0, 0, 0, 1),
        ):
            issue = self.assertRefused("merged_header", data, name, ("Foglio1", 1))
            self.assertEqual(issue.value, "A1:B1")

    def test_merged_rows(self):
        for data, name in self._both(
            lambda page: page.merge_cells("A2:A3"),
            lambda page: page.merge(1, 2, 0, 0),
        ):
            rows = list(tabular.open_table(data, name).rows())
            found = [(i.code, i.sheet, i.row, i.value) for r in rows for i in r.issues]
            place = ("merged_cells", "Foglio1")
            self.assertEqual(found, [(*place, 2, "A2:A3"), (*place, 3, "A2:A3")])

    def test_merged_cells_far_away_do_no_harm(self):
        after = '<mergeCells><mergeCell ref="D1:XFD9"/></mergeCells>'
        body = "".join(samples.inline_row(n, "A", str(n)) for n in range(2, 4))
        head = samples.inline_row(1, "A", "B")
        data = samples.raw_xlsx(samples.sheet_xml(head + body, after))
        self.assertRefused("merged_header", data, "a.xlsx", ("Foglio1", 1))
        after = '<mergeCells><mergeCell ref="D2:XFD1048576"/></mergeCells>'
        data = samples.raw_xlsx(samples.sheet_xml(head + body, after))
        self.assertEqual(len(samples.read(data, "a.xlsx")), 2)

    def test_merges_are_found_across_chunks(self):
        head = samples.inline_row(1, "A", "B")
        for filler in range(0, 300, 7):
            padding = " " * (131_072 - len(samples.sheet_xml(head)) - 40 + filler)
            after = f'{padding}<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
            data = samples.raw_xlsx(samples.sheet_xml(head, after))
            self.assertRefused("merged_header", data, "a.xlsx")

    def test_formulas(self):
        for data, name in self._both(
            lambda page: page.__setitem__("B2", "=1+1"),
            lambda page: page.write(1, 1, xlwt.Formula("1+1")),
        ):
            rows = list(tabular.open_table(data, name).rows())
            self.assertEqual(rows[0].cells["B"].type, "formula")
            self.assertEqual(rows[1].cells["B"], ("y", "text"))

    def test_duplicate_headings(self):
        sheet = [("A", "B", " a *"), ("1", "2", "3")]
        for data, name in (
            (samples.as_csv(sheet), "a.csv"),
            (samples.as_xlsx(sheet), "a.xlsx"),
            (samples.as_xls(sheet), "a.xls"),
        ):
            issue = self.assertRefused("duplicate_heading", data, name)
            self.assertEqual(issue.row, 1)
            self.assertEqual(issue.params, {"first": "A", "second": "C"})

    def test_header_row_beyond_the_end(self):
        for data, name in (
            (samples.as_csv(SHEET), "a.csv"),
            (samples.as_xlsx(SHEET), "a.xlsx"),
        ):
            issue = self.assertRefused("header_row_missing", data, name, header_row=9)
            self.assertEqual(issue.params, {"header_row": 9})

    def test_missing_columns_are_all_named(self):
        table = tabular.open_table(samples.as_csv(SHEET), "a.csv")
        profile = mapping.template_profile("payments")
        with self.assertRaises(FileRefused) as caught:
            mapping.compile_profile(profile, table.headings, header_row=1)
        issues = caught.exception.issues
        self.assertEqual({issue.code for issue in issues}, {"missing_column"})
        wanted = [issue.params["wanted"] for issue in issues]
        self.assertEqual(wanted, ["Id pagamento", "Data", "Importo"])
        self.assertEqual(issues[0].params["found"], "A, B")


@tagged("post_install", "-at_install")
class TestHostileXlsx(HostileCase):
    HEAD = samples.inline_row(1, "A", "B")

    def test_entities_and_doctypes(self):
        bomb = (
            b'<!DOCTYPE x [<!ENTITY a "AAAAAAAAAA"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
            b'<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        )
        sheet = samples.sheet_xml(self.HEAD)
        self.assertRefused(
            "xml_entity",
            samples.raw_xlsx(sheet.replace(b"?><w", b"?>" + bomb + b"<w")),
            "a.xlsx",
        )
        long_after = b"<!-- " + b"x" * 300_000 + b" -->" + bomb
        data = samples.raw_xlsx(sheet.replace(b"?><w", b"?>" + long_after + b"<w"))
        self.assertRefused("xml_entity", data, "a.xlsx")
        for part in ("strings", "styles", "workbook"):
            content = bomb + samples.simple_styles("0").replace(b"0", b"&b;")
            data = samples.raw_xlsx(sheet, **{part: content})
            issue = self.assertRefused("xml_entity", data, "a.xlsx")
            self.assertIn("xl/", issue.params["part"])

    def test_zip_bomb_by_ratio(self):
        sheet = samples.sheet_xml(self.HEAD) + b" " * (20 * MEGABYTE)
        data = samples.raw_xlsx(sheet)
        self.assertLess(len(data), 100_000)
        self.assertRefused("zip_bomb", data, "a.xlsx")

    def test_zip_bomb_by_size_and_number(self):
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD))
        limits = Limits(max_uncompressed=500)
        self.assertRefused("zip_bomb", data, "a.xlsx", limits=limits)
        limits = Limits(max_entries=3)
        self.assertRefused("zip_bomb", data, "a.xlsx", limits=limits)
        stream = io.BytesIO(data)
        with zipfile.ZipFile(stream, "a") as archive:
            for number in range(60_000):
                archive.writestr(f"xl/{number:050}", b"")
        self.assertRefused("zip_bomb", stream.getvalue(), "a.xlsx")

    def test_part_larger_than_declared(self):
        sheet = samples.sheet_xml(self.HEAD + samples.inline_row(2, "x", "y"))
        data = bytearray(samples.raw_xlsx(sheet))
        for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
            where = data.index(mark)
            while b"sheet1.xml" not in data[where : where + 80]:
                where = data.index(mark, where + 4)
            struct.pack_into("<L", data, where + offset, 100)
        self.assertRefused("corrupt_workbook", bytes(data), "a.xlsx")

    def test_deep_and_endless_xml(self):
        for body in (
            "<a>" * 5000,
            self.HEAD + "<row>" + "<c>" * 5000,
            self.HEAD + "<row>",
            self.HEAD + "<row>&nbsp;</row>",
        ):
            data = samples.raw_xlsx(samples.sheet_xml(body))
            self.assertRefused("corrupt_workbook", data, "a.xlsx")
        limits = Limits(max_ratio=100_000)
        row = f'<row r="2">{"<c/>" * 2_000_000}</row>'
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD + row))
        self.assertRefused("corrupt_workbook", data, "a.xlsx", limits=limits)

    def test_places_that_do_not_exist(self):
        for body in (
            '<row r="1048577"><c><v>1</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c></row>',
            '<row r="-2"/>',
            '<row r="99999999999999999999"/>',
            '<row r="2"><c r="XFE2"><v>1</v></c></row>',
            '<row r="2"><c r="22"><v>1</v></c></row>',
            '<row r="2"><c r="ÀÀ2"><v>1</v></c></row>',
        ):
            data = samples.raw_xlsx(samples.sheet_xml(self.HEAD + body))
            self.assertRefused("corrupt_workbook", data, "a.xlsx")

    def test_other_encodings_of_parts(self):
        sheet = samples.sheet_xml(self.HEAD).decode()
        for codec in ("utf-16", "utf-7"):
            data = samples.raw_xlsx(sheet.replace("UTF-8", codec).encode(codec))
            self.assertRefused("corrupt_workbook", data, "a.xlsx")

    def test_patterns_meant_to_be_slow(self):
        """Searches stay linear: each of these took minutes with a careless pattern."""
        started = time.monotonic()
        comment = "<!--" + "<mergeCell " * 90_000 + "-->"
        merges = '<mergeCell ref="A3:A1048576"/>' * 100_000
        rows = "".join(samples.inline_row(n, "x", "y") for n in range(2, 3000))
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD + rows, comment + merges))
        self.assertEqual(len(samples.read(data, "a.xlsx")), 2998)
        styles = samples.simple_styles("[" * 300_000)
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD), styles=styles)
        self.assertEqual(samples.read(data, "a.xlsx"), [])
        heading = b"*" * 90_000 + b"x"
        self.assertEqual(samples.read(heading + b"\n", "a.csv"), [])
        for text in (
            "1" + " " * 90_000 + "2",
            "1." * 40_000,
            "(" * 90_000,
            "€" * 90_000,
        ):
            with self.assertRaises(ValueIssue):
                values.decimal(text, decimal_mark=",")
        with self.assertRaises(ValueIssue):
            values.date("1/" * 40_000, form="dd/mm/yyyy")
        pieces = "|".join(str(number) for number in range(20_000))
        self.assertEqual(len(values.items(pieces)), 20_000)
        with self.assertRaises(ValueError):
            cells.number_text("1" * 10**6)
        self.assertLess(time.monotonic() - started, 20)

    def test_too_many_merges_and_styles(self):
        merges = '<mergeCell ref="A3:A4"/>' * 200_001
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD, merges))
        self.assertRefused("corrupt_workbook", data, "a.xlsx")
        styles = samples.simple_styles("0") + b" " * (33 * MEGABYTE)
        data = samples.raw_xlsx(samples.sheet_xml(self.HEAD), styles=styles)
        limits = Limits(max_ratio=10**6)
        self.assertRefused("corrupt_workbook", data, "a.xlsx", limits=limits)

    def test_missing_parts(self):
        whole = samples.as_xlsx(SHEET)
        archive = zipfile.ZipFile(io.BytesIO(whole))
        for name in archive.namelist():
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as copy:
                for other in archive.namelist():
                    if other != name:
                        copy.writestr(other, archive.read(other))
            for issue in samples.refusal(stream.getvalue(), "a.xlsx"):
                self.assertIn(issue.code, ("corrupt_workbook", "no_sheet"), name)

    def test_limits(self):
        data = samples.as_xlsx([("A", "B"), *[("1", "2")] * 50])
        self.assertRefused("too_many_rows", data, "a.xlsx", limits=Limits(max_rows=50))
        limits = Limits(max_columns=1)
        self.assertRefused("too_many_columns", data, "a.xlsx", limits=limits)
        data = samples.as_xlsx([("A", "B"), ("1", "x" * 2000)])
        limits = Limits(max_cell_chars=1000)
        self.assertRefused("cell_too_long", data, "a.xlsx", limits=limits)


@tagged("post_install", "-at_install")
class TestFuzz(BaseCase):
    """Damaged bytes: FileRefused, or rows; no other exception, no long wait."""

    ROUNDS = 500
    LONGEST = 5.0  # seconds for one small file, on a busy machine

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        headings = [
            "Id pagamento",
            "Numero bolletta",
            "Data",
            "Importo",
            "Canale",
        ]
        row = ["P1", "=B1", date(2026, 2, 1), Decimal("31.24"), "è|à"]
        rows = [headings] + [[f"{row[0]}{n}", *row[1:]] for n in range(30)]
        cls.samples = [
            (samples.as_csv(rows), "a.csv"),
            (samples.as_csv(rows, encoding="utf-16"), "a.csv"),
            (samples.as_xlsx(rows), "a.xlsx"),
            (samples.as_openpyxl(rows), "a.xlsx"),
            (samples.as_xls(rows), "a.xls"),
        ]

    @staticmethod
    def _damage(chance, data):
        data = bytearray(data)
        for _turn in range(chance.randint(1, 12)):
            kind = chance.randrange(6)
            where = chance.randrange(max(len(data), 1))
            length = chance.randint(1, 40)
            if kind == 0:
                data[where : where + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                del data[where : where + length]
            elif kind == 2:
                data[where:where] = chance.randbytes(length)
            elif kind == 3:
                data[where:where] = data[where : where + length] * chance.randint(1, 9)
            elif kind == 4:  # a digit for another: stays well-formed
                digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
                for index in digits[:1] and [chance.choice(digits)]:
                    data[index] = chance.randrange(48, 58)
            elif not chance.randrange(8):
                del data[where:]
        return bytes(data)

    @classmethod
    def _damage_part(cls, chance, data):
        """Damage inside one part, under a right checksum."""
        source = zipfile.ZipFile(io.BytesIO(data))
        stream = io.BytesIO()
        damaged = chance.choice(source.namelist())
        with zipfile.ZipFile(stream, "w") as copy:
            for name in source.namelist():
                content = source.read(name)
                if name == damaged:
                    content = cls._damage(chance, content)
                copy.writestr(name, content)
        return stream.getvalue()

    def _walk(self, data, name):
        """Open, read and convert all; returns how many rows came out."""
        count = 0
        try:
            table = tabular.open_table(data, name)
            profile = mapping.template_profile("payments")
            converter = mapping.compile_profile(profile, table.headings)
            for row in table.rows():
                converter.convert(row)
                count += 1
        except FileRefused as error:
            self.assertTrue(error.issues)
        return count

    def test_damaged_files(self):
        chance = random.Random(20260201)  # noqa: S311 repeatable, not secret
        slowest, read = 0, 0
        for turn in range(self.ROUNDS):
            data, name = self.samples[turn % len(self.samples)]
            inside = name == "a.xlsx" and chance.randrange(5)
            damage = self._damage_part if inside else self._damage
            damaged = damage(chance, data)
            started = time.monotonic()
            with self.subTest(turn=turn):
                read += bool(self._walk(damaged, name))
            slowest = max(slowest, time.monotonic() - started)
        self.assertLess(slowest, self.LONGEST)
        self.assertGreater(read, self.ROUNDS // 20, "some damage must be survivable")
        self.assertLess(read, self.ROUNDS, "some damage must be noticed")

    def test_truncated_at_every_length(self):
        for data, name in self.samples:
            for length in range(0, len(data), max(len(data) // 60, 1)):
                self._walk(data[:length], name)

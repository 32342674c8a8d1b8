"""Reading honest files: three forms, one result; odd but legal corners of each form."""

import io
import tracemalloc
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..formats import mapping, tabular, values, workbook
from ..formats.cells import Cell
from ..formats.xlsx_package import is_date_format
from . import formats_samples as samples

HEADINGS = (
    "Numero bolletta",
    "Codice contratto",
    "Tipo documento",
    "Data emissione",
    "Data scadenza",
    "Totale",
    "Bolletta di chiusura",
    "Codice pagamento",
)
ROW = ("B1", "C1", "FT", date(2026, 1, 2), date(2026, 2, 1), Decimal("31.24"), True)

_texts = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp")
    ),
    min_size=1,
    max_size=30,
)
_days = st.dates(date(1901, 1, 1), date(2099, 12, 31))
_rows = st.tuples(
    _texts.filter(lambda text: text.strip() and "\ufffd" not in text),
    st.sampled_from(("C1", "007", "=1+1", "@x", "-5", "+39", "a;b", 'a"b', "a,b\tc")),
    st.sampled_from(("FT", "NC")),
    _days,
    _days,
    st.decimals(-(10**8), 10**8, places=2),
    st.booleans() | st.none(),
    st.sampled_from((None, "123456789012345678", "riga 1\nriga 2", "_x004_", "è à €")),
)


def records(data, filename, **options):
    """[(row number, record)] by the profile of our template; fails on any issue."""
    table = tabular.open_table(data, filename, **options)
    profile = mapping.template_profile("bills")
    converter = mapping.compile_profile(profile, table.headings, sheet=table.sheet)
    found = []
    for row in table.rows():
        record, issues = converter.convert(row)
        if issues:
            raise AssertionError(issues)
        found.append((row.number, record))
    return found


@tagged("post_install", "-at_install")
class TestThreeForms(BaseCase):
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(st.lists(_rows, min_size=1, max_size=6))
    def test_same_rows_same_records(self, rows):
        sheet = [HEADINGS, *rows]
        expected = records(samples.as_csv(sheet), "a.csv", delimiter=";")
        self.assertEqual(len(expected), len(rows))
        self.assertEqual(expected[0][1]["date"], rows[0][3])
        self.assertEqual(expected[0][1]["total"], rows[0][5])
        for data, name in (
            (samples.as_xlsx(sheet), "a.xlsx"),
            (samples.as_openpyxl(sheet), "b.xlsx"),
            (workbook.rows_workbook([("Foglio1", HEADINGS, rows)]), "c.xlsx"),
            (samples.as_xls(sheet), "a.xls"),
        ):
            self.assertEqual(records(data, name), expected, name)

    def test_delimiters_and_encodings(self):
        sheet = [HEADINGS, (*ROW, "perché; è, così"), (*ROW, "più\tgià")]
        expected = records(samples.as_csv(sheet), "a.csv")
        for delimiter in ";,\t":
            for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
                data = samples.as_csv(sheet, delimiter, encoding)
                found = records(data, "a.csv")
                self.assertEqual(found, expected, (delimiter, encoding))
        data = samples.as_csv(sheet, encoding="iso-8859-15")
        self.assertEqual(records(data, "a.csv", encoding="iso-8859-15"), expected)
        data = samples.as_csv(sheet, newline="\n")
        self.assertEqual(records(data, "a.txt"), expected)

    def test_row_numbers_are_those_of_the_file(self):
        sheet = [("A", "B"), ("1", "x\ny"), ("", ""), (None, "  "), ("4", "z")]
        for data, name in (
            (samples.as_csv(sheet), "a.csv"),
            (samples.as_xlsx(sheet), "a.xlsx"),
            (samples.as_xls(sheet), "a.xls"),
        ):
            found = samples.read(data, name)
            self.assertEqual([number for number, _row in found], [2, 5], name)
            self.assertEqual(found[1][1], {"A": ("4", "text"), "B": ("z", "text")})

    def test_rows_from_a_number_on(self):
        sheet = [("A",), *((str(number),) for number in range(2, 20))]
        for data, name in (
            (samples.as_csv(sheet), "a.csv"),
            (samples.as_xlsx(sheet), "a.xlsx"),
            (samples.as_xls(sheet), "a.xls"),
        ):
            table = tabular.open_table(data, name)
            self.assertEqual(next(table.rows(start=15)).number, 15)
            self.assertEqual(len(list(table.rows())), 18, "each walk begins anew")
            self.assertEqual(table.progress, 1.0)


@tagged("post_install", "-at_install")
class TestHeadings(BaseCase):
    def test_headings_are_tidied(self):
        data = samples.as_csv([("  Codice\n cliente * ", "Nome*", "", "x"), ("1", "2")])
        table = tabular.open_table(data, "a.csv", delimiter=";")
        self.assertEqual(table.headings, ["Codice cliente", "Nome", "x"])
        self.assertEqual(table.columns["x"], "D")

    def test_header_row(self):
        sheet = [("Elenco bollette", None), (None, None), ("A", "B"), ("1", "2")]
        for data, name in (
            (samples.as_csv(sheet), "a.csv"),
            (samples.as_xlsx(sheet), "a.xlsx"),
            (samples.as_xls(sheet), "a.xls"),
        ):
            table = tabular.open_table(data, name, header_row=3)
            self.assertEqual(table.headings, ["A", "B"])
            self.assertEqual([row.number for row in table.rows()], [4])
            self.assertEqual(tabular.open_table(data, name).header_row, 1)

    def test_values_without_heading_are_left_out(self):
        data = samples.as_xlsx(
            [("A", None, "C"), ("1", "2", "3"), (None, "note", None)]
        )
        found = samples.read(data, "a.xlsx")
        self.assertEqual(found, [(2, {"A": ("1", "text"), "C": ("3", "text")})])

    def test_habits_of_csv_writers(self):
        expected = [(2, {"A": ("1", "text"), "B": ("2", "text")})]
        for data in (
            b"A;B\r\n1;2\r\n\x1a",  # end of file in the days of DOS
            b"A;B;\n1;2;\n",  # a separator at the end of each line
            b"A;B\n1;2;\n",  # the same, but not in the headings
        ):
            self.assertEqual(samples.read(data, "a.csv"), expected, data)
        found = samples.read(b"sep=,\nA,B;C\n1,2\n", "a.csv")
        self.assertEqual(found, [(3, {"A": ("1", "text"), "B;C": ("2", "text")})])
        found = samples.read(b"A|B\n1|2\n", "a.csv", delimiter="|")
        self.assertEqual(found, expected)

    def test_one_column(self):
        self.assertEqual(
            samples.read(b"A\r\n1\r\n", "a.csv"), [(2, {"A": ("1", "text")})]
        )

    def test_sheets(self):
        book = openpyxl.Workbook()
        book.active.title = "Nascosto"
        book.active.sheet_state = "hidden"
        book.create_sheet("Dati")["A1"] = "A"
        book.create_chartsheet("Grafico")
        stream = io.BytesIO()
        book.save(stream)
        data = stream.getvalue()
        self.assertEqual(tabular.list_sheets(data, "a.xlsx"), ["Dati"])
        self.assertEqual(tabular.open_table(data, "a.xlsx").sheet, "Dati")
        self.assertEqual(
            tabular.open_table(data, "a.xlsx", sheet=" dati").sheet, "Dati"
        )
        self.assertEqual(tabular.list_sheets(b"A\n", "a.csv"), [""])
        data = samples.as_xls([("A",)], "Foglio è")
        self.assertEqual(tabular.list_sheets(data, "a.xls"), ["Foglio è"])


@tagged("post_install", "-at_install")
class TestXlsxCorners(BaseCase):
    def _read(self, body, **parts):
        head = samples.inline_row(1, "A", "B", "C")
        sheet = samples.sheet_xml(head + body)
        return samples.read(samples.raw_xlsx(sheet, **parts), "a.xlsx")

    def test_types(self):
        body = (
            '<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c>'
            '<c r="C2" t="str"><v>testo</v></c></row>'
            '<row r="3"><c r="A3" t="d"><v>2026-02-01</v></c><c r="B3"><v>1E2</v></c>'
            '<c r="C3" t="s"><v>99</v></c></row>'
            '<row r="5"><c r="A5" t="d"><v>2026-02-01T10:00:00Z</v></c>'
            '<c r="B5"><v>abc</v></c><c r="C5" t="z"><v>?</v></c></row>'
        )
        self.assertEqual(
            self._read(body),
            [
                (
                    2,
                    {
                        "A": (True, "bool"),
                        "B": ("#N/A", "error"),
                        "C": ("testo", "text"),
                    },
                ),
                (
                    3,
                    {
                        "A": (date(2026, 2, 1), "date"),
                        "B": ("100", "number"),
                        "C": ("#99", "error"),
                    },
                ),
                (
                    5,
                    {
                        "A": (datetime(2026, 2, 1, 10), "date"),
                        "B": ("abc", "error"),
                        "C": ("?", "error"),
                    },
                ),
            ],
        )

    def test_rich_text_and_phonetic_hints(self):
        strings = (
            f'<sst xmlns="{samples.MAIN}"><si><t>sem</t></si><si><r><t>ric</t></r><r>'
            '<rPr><b/></rPr><t xml:space="preserve">co </t></r><rPh sb="0" eb="1">'
            "<t>NO</t></rPh></si><si/><si><t>a_x000D_b_x005F_x0041__x0000_</t></si></sst>"
        )
        body = "".join(
            f'<row r="{2 + n}"><c t="s"><v>{n}</v></c><c t="s"><v>-1</v></c></row>'
            for n in range(4)
        )
        found = [
            row["A"][0] if "A" in row else None
            for _n, row in self._read(body, strings=strings.encode())
        ]
        self.assertEqual(found, ["sem", "ricco ", None, "a\rb_x0041__x0000_"])

    def test_rows_and_cells_without_reference(self):
        body = "<row><c><v>1</v></c><c/><c><v>3</v></c></row><row/>"
        body += "<row><c><v>4</v></c></row>"
        self.assertEqual(
            self._read(body),
            [
                (2, {"A": ("1", "number"), "C": ("3", "number")}),
                (4, {"A": ("4", "number")}),
            ],
        )

    def test_comments_do_not_split_values(self):
        body = "<row><!-- x --><c><v>1<!-- x -->2</v></c><?x y?></row>"
        self.assertEqual(self._read(body), [(2, {"A": ("12", "number")})])

    def test_strict_namespace_and_prefixes(self):
        head = samples.inline_row(1, "A") + samples.inline_row(2, "x")
        strict = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
        sheet = samples.sheet_xml(head).replace(samples.MAIN.encode(), strict)
        expected = [(2, {"A": ("x", "text")})]
        self.assertEqual(samples.read(samples.raw_xlsx(sheet), "a.xlsx"), expected)
        sheet = samples.sheet_xml(head)
        for name in (b"worksheet", b"sheetData", b"row", b"c", b"is", b"t"):
            for mark in (b" ", b">"):
                sheet = sheet.replace(b"<" + name + mark, b"<x:" + name + mark)
                sheet = sheet.replace(b"</" + name + mark, b"</x:" + name + mark)
        sheet = sheet.replace(b"xmlns=", b"xmlns:x=")
        self.assertIn(b"<x:c ", sheet)
        self.assertEqual(samples.read(samples.raw_xlsx(sheet), "a.xlsx"), expected)

    def test_date_styles(self):
        styles = samples.simple_styles("gg&quot;d&quot;", "dd/mm/yyyy", "h:mm")
        body = "".join(
            f'<row r="{2 + s}"><c r="A{2 + s}" s="{s}"><v>46054</v></c></row>'
            for s in range(3)
        )
        found = [row["A"] for _n, row in self._read(body, styles=styles)]
        day = (date(2026, 2, 1), "date")
        self.assertEqual(found, [("46054", "number"), day, ("46054", "number")])

    def test_1904(self):
        book = openpyxl.Workbook()
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        book.active.append(["A"])
        book.active.append([date(2026, 2, 1)])
        stream = io.BytesIO()
        book.save(stream)
        found = samples.read(stream.getvalue(), "a.xlsx")
        self.assertEqual(found, [(2, {"A": (date(2026, 2, 1), "date")})])
        book = xlwt.Workbook()
        book.dates_1904 = True
        page = book.add_sheet("Foglio1")
        page.write(0, 0, "A")
        day = xlwt.easyxf(num_format_str="dd/mm/yyyy")
        page.write(1, 0, date(2026, 2, 1), day)
        stream = io.BytesIO()
        book.save(stream)
        found = samples.read(stream.getvalue(), "a.xls")
        self.assertEqual(found, [(2, {"A": (date(2026, 2, 1), "date")})])

    def test_leading_zeros_that_are_only_shown(self):
        """A CAP or PDR typed as a number and formatted with zeros keeps them."""
        book = openpyxl.Workbook()
        book.active.append(["CAP", "PDR", "X"])
        book.active.append([100, 12345678901, 7])
        book.active["A2"].number_format = "00000"
        book.active["B2"].number_format = "0" * 14
        stream = io.BytesIO()
        book.save(stream)
        expected = [
            (
                2,
                {
                    "CAP": ("00100", "number"),
                    "PDR": ("00012345678901", "number"),
                    "X": ("7", "number"),
                },
            )
        ]
        self.assertEqual(samples.read(stream.getvalue(), "a.xlsx"), expected)
        book = xlwt.Workbook()
        page = book.add_sheet("Foglio1")
        for column, heading in enumerate(("CAP", "PDR", "X")):
            page.write(0, column, heading)
        page.write(1, 0, 100, xlwt.easyxf(num_format_str="00000"))
        page.write(1, 1, 12345678901, xlwt.easyxf(num_format_str="0" * 14))
        page.write(1, 2, 7)
        stream = io.BytesIO()
        book.save(stream)
        self.assertEqual(samples.read(stream.getvalue(), "a.xls"), expected)
        padded = Cell("00100", "number")
        self.assertEqual(values.text(padded), "00100")
        self.assertEqual(values.decimal(padded), 100)

    def test_date_formats(self):
        dates = (
            "dd/mm/yyyy",
            "d-mmm-yy",
            "[$-410]d mmmm yyyy",
            "mmm",
            "dd/mm/yy hh:mm",
        )
        others = ("General", "Standard", "#,##0.00", "0.00E+00", "h:mm:ss", "[h]:mm")
        others += ('0 "giorni"', "\\d0", "[Red]0", "[$EUR] #,##0.00", "mm:ss", "@")
        for code in dates:
            self.assertTrue(is_date_format(code), code)
        for code in others:
            self.assertFalse(is_date_format(code), code)


@tagged("post_install", "-at_install")
class TestMemory(BaseCase):
    @staticmethod
    def _peak(data, name):
        table = tabular.open_table(data, name)
        tracemalloc.start()
        for _row in table.rows():
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    def test_memory_does_not_grow_with_the_rows(self):
        def rows(count):
            return [HEADINGS, *((*ROW, f"codice {n}") for n in range(count))]

        for write, name in ((samples.as_csv, "a.csv"), (samples.as_xlsx, "a.xlsx")):
            small = self._peak(write(rows(1000)), name)
            large = self._peak(write(rows(8000)), name)
            self.assertLess(large, 1.5 * small + 200_000, name)

    def test_a_million_blank_rows(self):
        blank = b'<row r="%d" spans="1:3" ht="15" customHeight="1"/>'
        rows = b"".join(blank % number for number in range(3, 1_000_000))
        head = samples.inline_row(1, "A", "B") + samples.inline_row(2, "x", "y")
        last = samples.inline_row(1_000_000, "z")
        sheet = samples.sheet_xml(f"{head}@{last}").replace(b"@", rows)
        data = samples.raw_xlsx(sheet)
        found = samples.read(data, "a.xlsx")
        self.assertEqual([number for number, _row in found], [2, 1_000_000])
        text = b"A;B\nx;y\n" + b";\n" * 1_000_000 + b"z;\n"
        found = samples.read(text, "a.csv")
        self.assertEqual([number for number, _row in found], [2, 1_000_003])

    def test_cell_is_a_light_tuple(self):
        self.assertEqual(Cell("x", "text"), ("x", "text"))

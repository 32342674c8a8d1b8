import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.record_layout import Field, Layout

from ..formats import flow_io, flow_xml

D = Decimal
PARTS = (("number", "text"), ("date", "date"), ("amount", "decimal"))
FIELDS = (
    Field("COD_SERVIZIO", "fixed", 3, required="mandatory", fixed="SI1"),
    Field("COD_FLUSSO", "fixed", 4, required="mandatory", fixed="0050"),
    Field("PIVA_UTENTE", "text", 16, source="role_vat"),
    Field("CP_UTENTE", "text", 15, required="mandatory", source="code"),
    Field("SETTORE", "code", 1, table=frozenset("EG"), source="sector_code"),
    Field("COD_PDR", "text", 14, source="pdr"),
    Field("COD_CAUSALE", "code", 3, table=frozenset({"001", "950"})),
    Field("FLAG", "code", 1, table=frozenset("01")),
    Field("DATA", "date", source="date_end"),
    Field("VALORE", "decimal", 9, 2, source="credit"),
    Field("NUM", "integer", 3, source="bill_count"),
    Field("ELENCO", "group", 4000, parts=PARTS, source="bills"),
    Field("NOTE", "text", 50),
)
LAYOUT = Layout("SI1.0050", FIELDS)
ROWS = replace(LAYOUT, repeat="rows")
BILLS = [
    {"number": "F/1", "date": date(2025, 7, 1), "amount": D("100.00")},
    {"number": "F/2", "date": None, "amount": D("23.40")},
]
GOOD = {
    "COD_SERVIZIO": "SI1",
    "COD_FLUSSO": "0050",
    "PIVA_UTENTE": "05877611003",
    "CP_UTENTE": "E26-00000001",
    "SETTORE": "G",
    "COD_PDR": "00012345678901",
    "COD_CAUSALE": "001",
    "FLAG": "1",
    "DATA": date(2025, 8, 31),
    "VALORE": D("123.40"),
    "NUM": 2,
    "ELENCO": BILLS,
    "NOTE": "Città & <figli>",
}


NAMES = st.sampled_from(
    ["CP_UTENTE", "cp_utente", "{x}NOTE", "ELENCO", "ALTRO", "DATA"]
)
WORDS = st.sampled_from([None, "", " ", "a", "1", " b "])


@st.composite
def elements(draw, depth=2):
    """An element as somebody may write it: nested, doubled, with stray text."""
    element = etree.Element(draw(NAMES))
    element.text, element.tail = draw(WORDS), draw(WORDS)
    if draw(st.integers(0, 5)) == 0:
        element.set("NOTE", "n")
    for _turn in range(draw(st.integers(0, 2)) if depth else 0):
        element.append(draw(elements(depth=depth - 1)))
    return element


def records(count=1):
    return [(i, {**GOOD, "CP_UTENTE": f"E26-0000000{i}"}) for i in range(count)]


def workbook(rows, formats=None):
    """XLSX with python values as a spreadsheet keeps them."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    page = book.add_worksheet()
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(number, column, value, day)
            elif value is not None:
                page.write(number, column, value)
    for area in formats or ():
        page.merge_range(area, "x")
    book.close()
    return stream.getvalue()


def packed(*files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestFlowIo(BaseCase):
    def refusal(self, function, *args):
        with self.assertRaises(flow_io.FlowRefused) as caught:
            function(*args)
        return caught.exception.code

    def test_all_forms_give_back_what_was_written(self):
        for form in ("csv", "xml"):
            for repeat in ("joined", "rows"):
                layout = replace(LAYOUT, file_format=form, repeat=repeat)
                result = flow_io.write(layout, records(3))
                self.assertEqual(result.refused, ())
                read = flow_io.read(layout, result.data, "a")
                self.assertEqual([row.issues for row in read.rows], [()] * 3, form)
                for row, (_key, values) in zip(read.rows, records(3), strict=True):
                    self.assertEqual(row.values, values)
                self.assertEqual(read.unknown, ())

    def test_made_in_parts_it_is_the_same_file(self):
        for form in ("csv", "xml"):
            for encoding in ("utf-8", "utf-8-sig", "cp1252"):
                layout = replace(LAYOUT, file_format=form, encoding=encoding)
                writer = flow_io.FlowWriter(layout)
                bad = [("bad", {**GOOD, "SETTORE": "X"})]
                self.assertEqual(writer.add([]), ([], []))
                parts = [writer.add(bad), *map(writer.add, zip(records(3)))]
                self.assertEqual([row.key for row in parts[0][1]], ["bad"])
                keys = [row.key for good, _bad in parts for row in good]
                self.assertEqual(keys, [0, 1, 2])
                data = writer.close()
                self.assertEqual(data, flow_io.write(layout, records(3)).data)
                self.assertEqual(data.count(b"\xef\xbb\xbf"), "sig" in encoding)
        self.assertEqual(flow_io.FlowWriter(LAYOUT).close(), b"")

    def test_xml_form(self):
        layout = replace(ROWS, file_format="xml", xml_namespace="urn:x", xml_root="A/B")
        text = flow_io.write(layout, records()).data.decode()
        for part in (
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<A xmlns="urn:x">',
            "  <B>",
            "    <Flusso>",
            "<NOTE>Città &amp; &lt;figli&gt;</NOTE>",
            "<ELENCO_NUMBER>F/1</ELENCO_NUMBER>",
        ):
            self.assertIn(part, text)

    def test_xml_of_others(self):
        """Namespaces, sections inside the record, attributes, no declaration."""
        data = b"""<m:Messaggio xmlns:m="urn:a"><m:Flusso COD_SERVIZIO="SI1">
          <m:COD_FLUSSO>0050</m:COD_FLUSSO><Ids xmlns="urn:b">
          <CP_UTENTE>E26-1</CP_UTENTE></Ids><ALTRO>5</ALTRO></m:Flusso></m:Messaggio>"""
        (row,) = flow_io.read(LAYOUT, data).rows
        self.assertEqual(row.issues, ())
        self.assertEqual(row.values["CP_UTENTE"], "E26-1")
        self.assertEqual(row.raw["ALTRO"], "5")
        self.assertEqual(flow_io.sniff(data), ("SI1", "0050"))

    @settings(max_examples=300, deadline=None)
    @given(st.lists(elements(), max_size=5), st.sampled_from([LAYOUT, ROWS]))
    def test_xml_the_short_way_says_the_same(self, children, layout):
        """What is read in one go is what the long way, which knows all forms, says."""
        element = etree.Element("Flusso")
        element.extend(children)
        read = flow_xml._Record(layout)
        short = read.line(element, 1)
        read._flat = lambda _element: None
        self.assertEqual(short, read.line(element, 1))

    def test_xml_the_short_way_is_taken(self):
        element = etree.fromstring("<Flusso><NOTE>a</NOTE>\n<DATA/></Flusso>")
        read = flow_xml._Record(LAYOUT)
        read._leaves = None
        self.assertEqual(read.line(element, 1).cells, {"NOTE": "a", "DATA": ""})

    def test_xml_loses_nothing(self):
        data = flow_io.write(replace(LAYOUT, file_format="xml"), records(2)).data
        text = data.decode()
        twice = text.replace("<SETTORE>G</SETTORE>", "<SETTORE>G</SETTORE>" * 2, 1)
        rows = flow_io.read(LAYOUT, twice.encode()).rows
        self.assertEqual([i.rule for i in rows[0].issues][:1], ["double"])
        self.assertEqual(rows[1].issues, ())
        other = text.replace("<Flusso>", "<Flus>", 1).replace("</Flusso>", "</Flus>", 1)
        rows = flow_io.read(LAYOUT, other.encode()).rows
        self.assertEqual(len(rows), 2)
        self.assertEqual([i.rule for i in rows[0].issues], ["unknown_element"])
        self.assertEqual(rows[0].raw["CP_UTENTE"], "E26-00000000")
        stray = text.replace("</SETTORE>", "</SETTORE>9", 1)
        rows = flow_io.read(LAYOUT, stray.encode()).rows
        self.assertEqual([i.rule for i in rows[0].issues], ["unknown_element"])

    def test_rows_of_a_record(self):
        data = flow_io.write(ROWS, records(2)).data
        lines = data.decode().split("\r\n")
        self.assertEqual(len(lines), 6)
        self.assertIn("ELENCO_NUMBER;ELENCO_DATE;ELENCO_AMOUNT", lines[0])
        rows = flow_io.read(ROWS, data).rows
        self.assertEqual([(r.number, r.lines) for r in rows], [(2, 2), (4, 2)])
        # a line that differs in another column is a row of its own, and all are shown
        lines[2] = lines[2].replace("123.40", "123.41")
        rows = flow_io.read(ROWS, "\r\n".join(lines).encode()).rows
        self.assertEqual(sum(row.lines for row in rows), 4)
        rules = [{issue.rule for issue in row.issues} for row in rows]
        self.assertEqual(rules[0], {"group_split", "group_count"})
        self.assertEqual(rules[1], {"group_split", "group_count"})
        self.assertEqual(rules[2], set())

    def test_an_item_less_than_told(self):
        row = {**GOOD, "NUM": 3}
        (refused,) = flow_io.write(LAYOUT, [(1, row)]).refused
        self.assertEqual([i.rule for i in refused.issues], ["group_count"])
        empty = {**GOOD, "NUM": 1, "ELENCO": [dict.fromkeys(("number", "date"))]}
        (refused,) = flow_io.write(LAYOUT, [(1, empty)]).refused
        self.assertEqual([i.rule for i in refused.issues], ["empty_item"])

    def test_by_source(self):
        found = flow_io.by_source(LAYOUT, GOOD)
        self.assertEqual(found["code"], "E26-00000001")
        self.assertEqual(found["credit"], D("123.40"))

    def test_sniff(self):
        csv = flow_io.write(LAYOUT, records()).data
        xml = flow_io.write(replace(LAYOUT, file_format="xml"), records()).data
        book = workbook([["CP_UTENTE", "COD_SERVIZIO", "COD_FLUSSO"], ["A", "SI1", 50]])
        for data in (csv, csv.replace(b"0050", b"50"), xml, book):
            self.assertEqual(flow_io.sniff(data, "x"), ("SI1", "0050"))
        for name, code in (
            ("SI1.0100_123.csv", ("SI1", "0100")),
            ("esito_AI20200.csv", ("AI2", "0200")),
            ("esito.csv", None),
        ):
            self.assertEqual(flow_io.sniff(b"A;B\r\n1;2\r\n", name), code)
        self.assertIsNone(flow_io.sniff(b"\0\0", "x"))
        self.assertIsNone(flow_io.sniff(b"", ""))

    # --- spreadsheets ------------------------------------------------------------

    def sheet(self, **vals):
        row = {
            "COD_SERVIZIO": "SI1",
            "COD_FLUSSO": 50,
            "PIVA_UTENTE": 5877611003,
            "CP_UTENTE": "E26-1",
            "COD_PDR": 12345678901,
            "COD_CAUSALE": 1,
            "FLAG": True,
            "DATA": date(2025, 8, 31),
            "VALORE": 123.4,
            "NUM": 0,
            **vals,
        }
        (found,) = flow_io.read(LAYOUT, workbook([list(row), list(row.values())])).rows
        return found

    def test_what_a_spreadsheet_took_is_put_back(self):
        row = self.sheet()
        self.assertEqual(row.issues, ())
        for name, value in (
            ("COD_FLUSSO", "0050"),
            ("PIVA_UTENTE", "05877611003"),
            ("COD_PDR", "00012345678901"),
            ("COD_CAUSALE", "001"),
            ("FLAG", "1"),
            ("DATA", date(2025, 8, 31)),
            ("VALORE", D("123.40")),
        ):
            self.assertEqual(row.values[name], value, name)
        for value in (45900, datetime(2025, 8, 31, 10, 30)):
            self.assertEqual(self.sheet(DATA=value).values["DATA"], date(2025, 8, 31))
        self.assertEqual(self.sheet(VALORE=0.1 + 0.2).values["VALORE"], D("0.30"))

    def test_what_cannot_be_told_is_an_issue(self):
        for vals, expected in (
            ({"VALORE": 123.456}, ("VALORE", "bad_decimals")),
            ({"VALORE": date(2026, 5, 10)}, ("VALORE", "spreadsheet")),
            ({"NOTE": date(2026, 5, 10)}, ("NOTE", "spreadsheet")),
            ({"CP_UTENTE": 1234567890123456}, ("CP_UTENTE", "spreadsheet")),
            ({"DATA": 12}, ("DATA", "spreadsheet")),
            ({"NOTE": "=1+1"}, ("NOTE", "spreadsheet")),
            ({"PIVA_UTENTE": True}, ("PIVA_UTENTE", "spreadsheet")),
        ):
            issues = [(i.field, i.rule) for i in self.sheet(**vals).issues]
            self.assertEqual(issues, [expected], vals)

    def test_sheet_loses_no_cell(self):
        rows = [["COD_SERVIZIO", "COD_FLUSSO", "CP_UTENTE"], ["SI1", 50, "A", "extra"]]
        (row,) = flow_io.read(LAYOUT, workbook(rows)).rows
        self.assertEqual([i.rule for i in row.issues], ["columns"])
        self.assertEqual(row.raw["#4"], "extra")
        rows = [rows[0], ["SI1", 50, "A"], ["SI1", 50, "B"], ["SI1", 50, "C"]]
        found = flow_io.read(LAYOUT, workbook(rows, ["D2:D3"])).rows
        rules = [[issue.rule for issue in row.issues] for row in found]
        self.assertIn("merged_cells", rules[0])
        self.assertEqual(rules[1:], [["merged_cells"], []])

    def test_csv_that_a_spreadsheet_saved(self):
        data = b"COD_SERVIZIO;COD_FLUSSO;CP_UTENTE;COD_PDR\nSI1;50;A;12345678901\n"
        (row,) = flow_io.read(LAYOUT, data).rows
        self.assertEqual(row.values["COD_PDR"], "00012345678901")
        data = data.replace(b"50;", b"0050;")
        (row,) = flow_io.read(LAYOUT, data).rows
        self.assertEqual(row.values["COD_PDR"], "12345678901")

    def test_csv_that_quotes_everything(self):
        data = b'"COD_SERVIZIO","COD_FLUSSO","CP_UTENTE"\n"SI1","0050","A,""1"\n'
        (row,) = flow_io.read(LAYOUT, data).rows
        self.assertEqual((row.values["CP_UTENTE"], row.issues), ('A,"1', ()))
        data = data + b'"SI1","0050","B\n"SI1","0050","C"\n'
        self.assertEqual(self.refusal(flow_io.read, LAYOUT, data), "quoting")

    # --- zip -----------------------------------------------------------------------

    def test_zip(self):
        data = packed(("dir/", b""), ("dir/a.csv", b"1"), ("b.xml", b"<a/>"))
        self.assertEqual(
            flow_io.members(data, "x.zip"), [("a.csv", b"1"), ("b.xml", b"<a/>")]
        )
        book = workbook([["A"]])
        self.assertEqual(flow_io.members(book, "/dir/a.xlsx"), [("a.xlsx", book)])
        self.assertEqual(flow_io.members(packed(("a.xlsx", book)), "")[0][1], book)

    def test_zip_refused(self):
        for data, code in (
            (b"", "empty"),
            (packed(("a.zip", packed(("b", b"1")))), "zip_nested"),
            (packed(("../a.csv", b"1")), "zip_path"),
            (packed(("/etc/a.csv", b"1")), "zip_path"),
            (packed(("C:\\a.csv", b"1")), "zip_path"),
            (packed(("dir/", b"")), "zip_empty"),
            (packed(("a.csv", b"1"), ("A.csv", b"2")), "zip_double"),
            (packed(("a.csv", b"1"))[:-10], "zip"),
        ):
            self.assertEqual(self.refusal(flow_io.members, data, "x.zip"), code)

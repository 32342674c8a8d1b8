"""What a layout may say, and that whatever it says is kept by all forms of a file."""

import io
from datetime import date

import openpyxl
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.record_render import render

from ..formats import flow_io, flow_sample, flow_xsd, layout_book, layout_spec
from ..formats.flow_rows import encode_record, split_items
from .layouts import shipped_rows
from .test_layout_book import DAY, edited

CODES = ("0", "1", "E", "G", "001", "N9")
GROUPS = {
    "bills": ("number", "date", "due_date", "amount", "total"),
    "notices": ("sent", "channel", "received", "term", "reference"),
}


# --- any layout that is sound ---------------------------------------------------


@st.composite
def fields_of(draw, number, earlier):
    """A field as a manager may write it."""
    kind = draw(st.sampled_from(sorted(layout_spec.KINDS)))
    row = {
        "name": f"{draw(st.sampled_from(('CAMPO', 'Dato', '_X')))}_{number}",
        "kind": kind,
        "required": draw(st.sampled_from(layout_spec.REQUIRED)),
        "max_length": draw(st.sampled_from((0, 1, 3, 15))),
    }
    if kind == "fixed":
        row["fixed_value"] = draw(st.sampled_from(("SI1", "0050", "7")))
    elif kind == "code":
        found = draw(st.lists(st.sampled_from(CODES), max_size=3, unique=True))
        row["table_codes"] = ", ".join(found)
    elif kind == "decimal":
        row["decimals"] = draw(st.integers(0, 4))
    elif kind == "group":
        source = draw(st.sampled_from(sorted(GROUPS)))
        parts = st.lists(
            st.sampled_from(GROUPS[source]), min_size=1, max_size=4, unique=True
        )
        row |= {
            "source": source,
            "group_parts": ", ".join(draw(parts)),
            "max_length": draw(st.sampled_from((0, 4000))),
            "item_separator": draw(st.sampled_from(("#", "~", "|", "/"))),
            "part_separator": draw(st.sampled_from(("|", "^", "."))),
        }
    row["one_of"] = draw(st.sampled_from(("", "", "uno")))
    if earlier and row["required"] == "conditional" and draw(st.booleans()):
        target = draw(st.sampled_from(earlier))
        value = draw(st.sampled_from((*CODES, target.get("fixed_value") or "1")))
        row |= {"condition_field": target["name"], "condition_value": value}
    return row


@st.composite
def layouts(draw):
    """(settings, rows) of a layout, with or without issues."""
    rows = []
    for number in range(draw(st.integers(1, 7))):
        rows.append(draw(fields_of(number, rows)))
    form = {
        "file_format": draw(st.sampled_from(("csv", "xml"))),
        "repeat": draw(st.sampled_from(("joined", "rows"))),
        "delimiter": draw(st.sampled_from((";", ",", "|"))),
        "encoding": draw(st.sampled_from(layout_spec.ENCODINGS)),
        "line_end": draw(st.sampled_from(("crlf", "lf"))),
        "decimal_mark": draw(st.sampled_from((".", ","))),
        "date_format": draw(st.sampled_from(layout_spec.DATE_FORMATS)),
        "has_header": draw(st.booleans()),
        "xml_namespace": draw(st.sampled_from(("", "urn:a&b"))),
    }
    return form, rows


#: layouts that a manager may confirm
SOUND = layouts().filter(lambda made: not layout_spec.layout_issues(*made))


def writable(layout, records):
    """The records that the layout takes: made-up values may be too long for it."""
    return [values for values in records if not encode_record(layout, values)[1]]


@tagged("post_install", "-at_install")
class TestLayoutRules(BaseCase):
    @settings(
        max_examples=400,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(SOUND)
    def test_any_sound_layout_reads_what_it_writes(self, made):
        """Whatever a manager may write: the same values come back, in every form, and
        the schema takes the file."""
        layout = layout_spec.make_layout("SI1.0050", *made)
        # one record: without a code of its own its items would join the next one's
        records = writable(layout, flow_sample.records(layout, 3))[:1]
        if not records or not _is_seen(layout, records[0]):
            reject()
        data = flow_io.write(layout, enumerate(records)).data
        (row,) = flow_io.read(layout, data).rows
        self.assertEqual((row.issues, row.values), ((), records[0]), data)
        schema = None
        if layout.file_format == "xml":
            schema = etree.XMLSchema(etree.fromstring(flow_xsd.schema(layout).encode()))
            schema.assertValid(etree.fromstring(data))
        good = (encode_record(layout, records[0])[0], split_items(layout, records[0]))
        for bad, rule in flow_sample.spoil(layout, good):
            self.check_refused(layout, schema, bad, rule)

    def check_refused(self, layout, schema, bad, rule):
        """A row with one thing wrong is told by the reader and by the schema."""
        data = render(layout, [bad])
        if schema:
            self.assertFalse(schema.validate(etree.fromstring(data)), (rule, data))
        try:
            rows = flow_io.read(layout, data).rows
        except flow_io.FlowRefused as refusal:
            # nothing else in the row: it is blank
            self.assertEqual(
                (rule, refusal.code in ("no_rows", "empty")), ("required", True)
            )
            return
        self.assertIn(rule, {issue.rule for row in rows for issue in row.issues}, data)

    def issues(self, code="SI1.0050", form=None, **changes):
        """Codes of what is wrong with a shipped layout after ``changes`` to fields."""
        rows = [{**row, **changes.get(row["name"], {})} for row in shipped_rows()[code]]
        found = layout_spec.layout_issues(form or {}, rows)
        return [(issue.code, issue.field) for issue in found]

    def test_what_would_be_forgotten_or_mean_something_else(self):
        for changes, expected in (
            # two places of the file under one heading
            (
                {"ELENCO_FATTURE": {"group_parts": "number: N, date: N"}},
                ("double", "N"),
            ),
            (
                {"ELENCO_MORA": {"group_parts": "sent: ELENCO_FATTURE_DATA"}},
                ("double", "ELENCO_FATTURE_DATA"),
            ),
            (
                {"ELENCO_FATTURE": {"group_parts": "number: A, number: B"}},
                ("bad_parts", "ELENCO_FATTURE"),
            ),
            # a condition that nobody would look at, or that never holds
            ({"NOTE": {"condition_field": "SETTORE"}}, ("not_conditional", "NOTE")),
            ({"COD_POD": {"condition_value": ""}}, ("no_condition_value", "COD_POD")),
            ({"COD_POD": {"condition_field": ""}}, ("no_condition_value", "COD_POD")),
            ({"COD_POD": {"condition_value": "EE"}}, ("never", "COD_POD")),
            (
                {"COD_POD": {"condition_field": "COD_FLUSSO"}},
                ("never", "COD_POD"),
            ),
            ({"COD_POD": {"condition_field": "COD_POD"}}, ("never", "COD_POD")),
            (
                {"COD_POD": {"condition_field": "ELENCO_MORA"}},
                ("never", "COD_POD"),
            ),
            # values that no record could have
            ({"SETTORE": {"table_codes": "E;G"}}, ("bad_code", "SETTORE")),
            ({"SETTORE": {"table_codes": "E G"}}, ("bad_code", "SETTORE")),
            ({"DICH_ART4": {"table_codes": "1, 99"}}, ("long_value", "DICH_ART4")),
            ({"COD_FLUSSO": {"fixed_value": "00500"}}, ("long_value", "COD_FLUSSO")),
            ({"NOTE": {"table_codes": "A, B"}}, ("no_effect", "NOTE")),
            ({"NOTE": {"fixed_value": "A"}}, ("no_effect", "NOTE")),
            (
                {"COD_SERVIZIO": {"fixed_value": "A;", "max_length": 3}},
                ("mark_taken", "COD_SERVIZIO"),
            ),
            ({"DATA_CESSAZIONE": {"max_length": 8}}, ("long_value", "DATA_CESSAZIONE")),
            ({"NUM_MORA": {"max_length": 31}}, ("bad_length", "NUM_MORA")),
            ({"NOTE": {"name": " "}}, ("no_name", "")),
            # separators that stand in the values or in the file
            ({"ELENCO_MORA": {"part_separator": "/"}}, ("mark_taken", "ELENCO_MORA")),
            ({"ELENCO_MORA": {"item_separator": ";"}}, ("mark_taken", "ELENCO_MORA")),
            ({"ELENCO_MORA": {"item_separator": "."}}, ("mark_taken", "ELENCO_MORA")),
            ({"ELENCO_MORA": {"item_separator": "A"}}, ("separators", "ELENCO_MORA")),
            ({"ELENCO_MORA": {"item_separator": "##"}}, ("separators", "ELENCO_MORA")),
        ):
            found = [i for i in self.issues(**changes) if i[1] == expected[1]]
            self.assertEqual(found, [expected], changes)

    def test_settings_that_do_not_fit(self):
        both = [("mark_taken", "ELENCO_FATTURE"), ("mark_taken", "ELENCO_MORA")]
        for form, expected in (
            ({"delimiter": "|"}, both),
            ({"delimiter": "|", "repeat": "rows"}, []),
            ({"delimiter": "|", "file_format": "xml"}, []),
            ({"xml_root": "A/Flusso"}, [("double", "xml_record")]),
            ({"file_name_pattern": ""}, [("bad_file_name", "file_name_pattern")]),
            ({"file_name_pattern": "{x}"}, [("bad_file_name", "file_name_pattern")]),
            (
                {"file_name_pattern": "SI1 0050.csv"},
                [("bad_file_name", "file_name_pattern")],
            ),
            (
                {"file_name_pattern": "a/b.{ext}"},
                [("bad_file_name", "file_name_pattern")],
            ),
            (
                {"file_name_pattern": "{n:3}.csv", "file_format": "xml"},
                [("bad_extension", "file_name_pattern")],
            ),
        ):
            self.assertEqual(self.issues(form=form), expected, form)

    def test_fixed_code_whatever_the_length_says(self):
        """0050 in a field of no length, or of ten characters, is 0050."""
        rows = shipped_rows()["SI1.0100"]
        for length in (0, 10):
            rows[1] = {**rows[1], "max_length": length}
            layout = layout_spec.make_layout("SI1.0100", {}, rows)
            data = flow_io.write(layout, enumerate(flow_sample.records(layout, 1))).data
            for text in (data, data.replace(b"0050", b"50")):
                (row,) = flow_io.read(layout, text).rows
                self.assertEqual(row.issues, (), length)

    def test_condition_on_a_code_that_lost_its_zeros(self):
        """ "1" of a table with "01" is "01": what depends on it is missed as well."""
        rows = [
            {"name": "CP", "kind": "text"},
            {"name": "TIPO", "kind": "code", "table_codes": "01, 02"},
            {
                "name": "IMPORTO",
                "kind": "text",
                "required": "conditional",
                "condition_field": "TIPO",
                "condition_value": "01",
            },
        ]
        layout = layout_spec.make_layout("SI1.0100", {}, rows)
        (row,) = flow_io.read(layout, b"CP;TIPO;IMPORTO\nA;1;\n").rows
        self.assertEqual(
            [(i.field, i.rule) for i in row.issues], [("IMPORTO", "required")]
        )

    # --- the schema -----------------------------------------------------------------

    def test_schema_knows_the_calendar(self):
        for form in layout_spec.DATE_FORMATS:
            rows = [{"name": "D", "kind": "date", "required": "mandatory"}]
            layout = layout_spec.make_layout(
                "X", {"file_format": "xml", "date_format": form}, rows
            )
            schema = etree.XMLSchema(etree.fromstring(flow_xsd.schema(layout).encode()))

            def valid(year, month, day, schema=schema, layout=layout):
                text = layout.date_format.replace("YYYY", f"{year:04d}")
                text = text.replace("MM", f"{month:02d}").replace("DD", f"{day:02d}")
                data = render(layout, [({"D": text}, {})])
                read = flow_io.read(layout, data).rows[0]
                is_valid = schema.validate(etree.fromstring(data))
                self.assertEqual(is_valid, not read.issues, text)
                return is_valid

            days = [
                valid(y, m, d)
                for y in (2000, 2023, 2024, 2100)
                for m in (0, 1, 2, 4, 12, 13)
                for d in (0, 1, 28, 29, 30, 31, 32)
            ]
            self.assertIn(True, days)
            self.assertIn(False, days)
            self.assertFalse(valid(999, 1, 1))

    # --- differences ----------------------------------------------------------------

    def test_a_field_with_another_name_is_renamed(self):
        old = shipped_rows()["SI1.0050"]
        new = [dict(row) for row in old]
        new[4]["name"] = "CODICE_PRATICA"
        new[4]["max_length"] = 20
        new.insert(0, new.pop(4))
        found = layout_spec.differences({}, old, {}, new)
        self.assertEqual(
            [(d.kind, d.name, d.column, d.old, d.new) for d in found],
            [
                ("renamed", "CODICE_PRATICA", "", "CP_UTENTE", "CODICE_PRATICA"),
                ("changed", "CODICE_PRATICA", "max_length", 15, 20),
                ("moved", "CODICE_PRATICA", "", 5, 1),
            ],
        )

    # --- the workbook ---------------------------------------------------------------

    def book(self, change, code="SI1.0050"):
        data = layout_book.write(code, DAY, {}, shipped_rows()[code])
        return layout_book.read(edited(data, change))

    def told(self, change):
        return [(row, issue.code) for row, issue in self.book(change).issues]

    def test_cells_that_are_not_what_was_typed(self):
        def cell(row, column, value):
            def change(book):
                book[layout_book.FIELDS_SHEET].cell(row, column).value = value

            return change

        for column, value, code in (
            (3, "²", "bad_number"),
            (3, "15,0", "bad_number"),
            (3, 15.5, "bad_number"),
            (3, "-1", "bad_number"),
            (3, 10**9, "bad_number"),
            (11, 0.1, "bad_cell"),
            (7, True, "bad_cell"),
            (1, date(2026, 5, 1), "bad_cell"),
            (1, None, "no_name"),
        ):
            self.assertEqual(self.told(cell(28, column, value)), [(28, code)], value)
        self.assertEqual(self.told(cell(28, 3, "0300")), [])

    def test_merged_cells_of_the_workbook(self):
        """One "obbligatorio" over three rows would leave two of them optional."""

        def change(book):
            book[layout_book.FIELDS_SHEET].merge_cells("E4:E6")

        told = self.told(change)
        self.assertEqual(
            [(r, c) for r, c in told if c == "merged"],
            [(4, "merged"), (5, "merged"), (6, "merged")],
        )

    def test_settings_as_people_write_them(self):
        def change(book):
            page = book[layout_book.SETTINGS_SHEET]
            page.cell(3, 2).value = "2027-05-01"
            for row in page.iter_rows(min_row=2):
                if row[0].value == "Riga di intestazione":
                    row[1].value = "SI"

        book = self.book(change)
        self.assertEqual((book.issues, book.date_from), ([], date(2027, 5, 1)))
        self.assertIs(book.settings["has_header"], True)

        def wrong(book):
            page = book[layout_book.SETTINGS_SHEET]
            page.cell(3, 2).value = "maggio"
            page.cell(5, 2).value = "=A1"
            page.append(["Codifica", "utf-8"])
            page.append(["Nome del file", "SI1 {x}.csv"])

        codes = sorted(issue.code for _row, issue in self.book(wrong).issues)
        for code in ("bad_cell", "bad_day", "bad_file_name", "double"):
            self.assertIn(code, codes)

    def test_typed_codes_stay_texts(self):
        """In a cell of text "0,1" is no number and "001" no 1."""
        data = layout_book.write("X", DAY, {}, shipped_rows()["SI1.0050"])
        page = openpyxl.load_workbook(io.BytesIO(data))[layout_book.FIELDS_SHEET]
        formats = {
            page.cell(1, column).value: page.column_dimensions[letter].number_format
            for column, letter in enumerate("ABCDEFGHIJKLMNO", 1)
        }
        self.assertEqual(page.cell(8, 7).number_format, "@")
        self.assertEqual(formats["Codici ammessi"], "@")
        self.assertNotEqual(formats["Lunghezza"], "@")


def _is_seen(layout, values):
    """Whether a record leaves anything in the file but separators."""
    texts, _issues = encode_record(layout, values)
    items = split_items(layout, values)
    plain = {**texts, **dict.fromkeys(items, "")}
    return any(plain.values()) or any(items.values())

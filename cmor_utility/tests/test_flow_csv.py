from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats.record_layout import Field, Layout, clean_text

from ..formats import flow_csv, flow_io

D = Decimal
FIELDS = (
    Field("COD_SERVIZIO", "fixed", 3, required="mandatory", fixed="SI1"),
    Field("COD_FLUSSO", "fixed", 4, required="mandatory", fixed="0050"),
    Field("CP_UTENTE", "text", 15, required="mandatory"),
    Field("SETTORE", "code", 1, required="mandatory", table=frozenset("EG")),
    Field("COD_POD", "text", 15, required="conditional", condition=("SETTORE", "E")),
    Field("COD_PDR", "text", 14, required="conditional", condition=("SETTORE", "G")),
    Field("CF", "text", 16, one_of="holder"),
    Field("PIVA", "text", 16, one_of="holder"),
    Field("DATA", "date", required="mandatory"),
    Field("VALORE", "decimal", 9, 2, required="mandatory"),
    Field("NUM", "integer", 3),
    Field(
        "ELENCO",
        "group",
        4000,
        parts=(("number", "text"), ("date", "date"), ("amount", "decimal")),
    ),
    Field("NOTE", "text", 20),
)
LAYOUT = Layout("SI1.0050", FIELDS)
GOOD = {
    "CP_UTENTE": "E26-00000001",
    "SETTORE": "E",
    "COD_POD": "IT001E12345678",
    "CF": "RSSMRA80A01F205X",
    "DATA": date(2025, 8, 31),
    "VALORE": D("123.4"),
    "NUM": 2,
    "ELENCO": [
        {"number": "F/1", "date": date(2025, 7, 1), "amount": D("100")},
        {"number": "F/2", "date": None, "amount": D("23.40")},
    ],
    "NOTE": None,
}


def write(*records):
    return flow_io.write(LAYOUT, [(i, {**GOOD, **r}) for i, r in enumerate(records)])


@tagged("post_install", "-at_install")
class TestFlowCsv(BaseCase):
    def refused(self, **vals):
        result = write(vals)
        if not result.refused:
            return None
        self.assertEqual(result.data, b"")
        (row,) = result.refused
        return [(issue.field, issue.rule) for issue in row.issues]

    def test_form_of_the_file(self):
        data = write({}).data
        self.assertFalse(data.startswith(b"\xef\xbb\xbf"))
        head, row, tail = data.split(b"\r\n")
        self.assertEqual(tail, b"")
        self.assertNotIn(b"\n", head + row)
        self.assertEqual(head.decode().split(";"), [f.name for f in FIELDS])
        self.assertEqual(
            row.decode(),
            "SI1;0050;E26-00000001;E;IT001E12345678;;RSSMRA80A01F205X;;31/08/2025;"
            "123.40;2;F/1|01/07/2025|100.00#F/2||23.40;",
        )

    def test_bad_record_does_not_stop_the_others(self):
        result = write({}, {"CP_UTENTE": "X" * 16}, {"CP_UTENTE": "E26-2"})
        self.assertEqual([row.key for row in result.written], [0, 2])
        (row,) = result.refused
        self.assertEqual(row.key, 1)
        self.assertEqual(
            [(i.field, i.rule) for i in row.issues], [("CP_UTENTE", "too_long")]
        )
        self.assertEqual(result.data.count(b"\r\n"), 3)

    def test_one_character_too_long(self):
        """Stopped before it leaves (F04)."""
        self.assertIsNone(self.refused(NOTE="N" * 20))
        self.assertEqual(self.refused(NOTE="N" * 21), [("NOTE", "too_long")])

    def test_rules(self):
        for vals, expected in (
            ({"CP_UTENTE": None}, ("CP_UTENTE", "required")),
            ({"CP_UTENTE": " "}, ("CP_UTENTE", "required")),
            ({"COD_POD": None}, ("COD_POD", "required")),
            ({"SETTORE": "G"}, ("COD_PDR", "required")),
            ({"SETTORE": "W"}, ("SETTORE", "not_in_table")),
            ({"CF": None}, ("CF", "one_of")),
            ({"VALORE": D("1.234")}, ("VALORE", "bad_decimals")),
            ({"VALORE": D("-1")}, ("VALORE", "negative")),
            ({"VALORE": D("1234567890")}, ("VALORE", "too_long")),
            ({"VALORE": D("NaN")}, ("VALORE", "bad_number")),
            ({"VALORE": D("Infinity")}, ("VALORE", "bad_number")),
            ({"VALORE": 1.1}, ("VALORE", "bad_type")),
            ({"VALORE": "abc"}, ("VALORE", "bad_type")),
            ({"DATA": "31/08/2025"}, ("DATA", "bad_type")),
            ({"DATA": date(25, 8, 31)}, ("DATA", "bad_date")),
            ({"NUM": -1}, ("NUM", "negative")),
            ({"NUM": 1000}, ("NUM", "too_long")),
            ({"NOTE": 5}, ("NOTE", "bad_type")),
            ({"NOTE": "=1+1"}, ("NOTE", "formula")),
            ({"NOTE": "@SUM(A1)"}, ("NOTE", "formula")),
            ({"NOTE": " \t=1+1"}, ("NOTE", "formula")),
            (
                {"ELENCO": [{"number": "F", "amount": D("0.001")}]},
                ("ELENCO", "bad_decimals"),
            ),
        ):
            self.assertEqual(self.refused(**vals), [expected], vals)

    def test_a_vat_number_is_enough(self):
        self.assertIsNone(self.refused(CF=None, PIVA="05877611003"))

    def test_hostile_text_stays_in_its_cell(self):
        evil = 'a;b\r\nSI1;0050\x00\u2028"c"\x85d\u202e'
        result = write({"NOTE": evil[:20]}, {"NOTE": "x\ny"})
        lines = result.data.decode().split("\r\n")
        self.assertEqual(len(lines), 4)
        for line in lines[1:3]:
            self.assertEqual(line.count(";"), len(FIELDS) - 1)
        self.assertEqual(result.written[1].texts["NOTE"], "x y")

    def test_group_separators_are_stripped(self):
        items = [{"number": "F#1|2;3", "date": None, "amount": D(1)}]
        (row,) = write({"ELENCO": items}).written
        self.assertEqual(row.texts["ELENCO"], "F 1 2 3||1.00")

    def test_encoding_that_cannot_hold_a_name(self):
        layout = Layout("X", (Field("A", "text", 20),), encoding="cp1252")
        result = flow_io.write(layout, [(1, {"A": "Łódź"}), (2, {"A": "Città"})])
        self.assertEqual([r.issues[0].rule for r in result.refused], ["unencodable"])
        self.assertIn("Città".encode("cp1252"), result.data)

    # --- reading ---------------------------------------------------------------

    def test_read_back(self):
        (row,) = flow_csv.read(LAYOUT, write({}).data).rows
        self.assertEqual(row.issues, ())
        self.assertEqual(row.values["COD_FLUSSO"], "0050")
        self.assertEqual(row.values["VALORE"], D("123.40"))
        self.assertEqual(row.values["DATA"], date(2025, 8, 31))
        self.assertEqual(row.values["ELENCO"], GOOD["ELENCO"])

    def test_read_by_header_name_and_lost_zeros(self):
        head, row, _tail = write({}).data.decode().split("\r\n")
        names, cells = head.split(";"), row.split(";")
        cells[1] = "50"
        order = list(reversed(range(len(names))))
        text = "\n".join(
            ";".join(values[i] for i in order) for values in (names, cells)
        )
        (read,) = flow_csv.read(LAYOUT, text.encode()).rows
        self.assertEqual(read.values["COD_FLUSSO"], "0050")
        self.assertEqual(read.values["CP_UTENTE"], "E26-00000001")
        self.assertEqual(read.issues, ())

    def test_read_encodings(self):
        data = write({"NOTE": "Città"}).data.decode()
        for raw in (
            data.encode(),
            data.encode("utf-8-sig"),
            data.encode("cp1252"),
        ):
            (row,) = flow_csv.read(LAYOUT, raw).rows
            self.assertEqual(row.values["NOTE"], "Città")

    def test_read_refuses_the_file(self):
        good = write({}).data
        head = good.split(b"\r\n")[0]
        for data, code in (
            (b"", "empty"),
            (b" \r\n", "empty"),
            (b"A;B\r\n1;2\r\n", "header_missing"),
            (good.replace(b"CP_UTENTE;", b""), "column_missing"),
            (head + b";CF\r\n", "header_double"),
            (good + b"\0", "nul"),
            (b"\x81" + good, "undecodable"),
        ):
            with self.assertRaises(flow_csv.FlowRefused) as caught:
                flow_csv.read(LAYOUT, data)
            self.assertEqual(caught.exception.code, code)

    def test_read_keeps_a_bad_row_and_the_others(self):
        good = write({}, {}).data.decode().split("\r\n")
        bad = good[1].replace("31/08/2025", "31/02/2025").replace("123.40", "1,5")
        short = "SI1;0050;X"
        text = "\r\n".join([good[0], bad, short, good[2]])
        rows = flow_csv.read(LAYOUT, text.encode()).rows
        self.assertEqual([row.number for row in rows], [2, 3, 4])
        self.assertEqual(
            {(i.field, i.rule) for i in rows[0].issues},
            {("DATA", "bad_date"), ("VALORE", "bad_number")},
        )
        self.assertEqual(rows[0].raw["DATA"], "31/02/2025")
        self.assertIn("columns", [i.rule for i in rows[1].issues])
        self.assertEqual(rows[2].issues, ())

    @given(
        st.fixed_dictionaries(
            {
                "CP_UTENTE": st.from_regex(r"\A[A-Za-z0-9_-]{1,15}\Z"),
                "VALORE": st.integers(0, 99_999_999_999).map(lambda c: D(c) / 100),
                "DATA": st.dates(date(1900, 1, 1), date(2999, 12, 31)),
                "NUM": st.none() | st.integers(0, 999),
                "NOTE": st.none() | st.text(max_size=20),
                "ELENCO": st.lists(
                    st.fixed_dictionaries(
                        {
                            "number": st.text("AB/1", min_size=1, max_size=6),
                            "date": st.none() | st.dates(date(2000, 1, 1)),
                            "amount": st.integers(0, 9999).map(lambda c: D(c) / 100),
                        }
                    ),
                    max_size=5,
                ),
            }
        )
    )
    @settings(max_examples=200, deadline=None)
    def test_written_and_read_back_is_equal(self, values):
        result = write(values)
        if result.refused:
            rules = {i.rule for i in result.refused[0].issues}
            self.assertLessEqual(rules, {"formula", "too_long"})
            return
        (row,) = flow_csv.read(LAYOUT, result.data).rows
        self.assertEqual(row.issues, ())
        expected = {**GOOD, **values}
        expected["NOTE"] = clean_text(values["NOTE"] or "", ";", "\ufeff") or None
        expected["ELENCO"] = values["ELENCO"] or None
        for name, value in expected.items():
            self.assertEqual(row.values[name], value, name)

    @given(st.binary(max_size=400))
    @settings(max_examples=200, deadline=None)
    def test_any_bytes_are_rows_or_a_refusal(self, noise):
        head = write({}).data.split(b"\r\n")[0]
        for data in (noise, head + b"\r\n" + noise):
            try:
                result = flow_csv.read(LAYOUT, data)
            except flow_csv.FlowRefused:
                continue
            for row in result.rows:
                self.assertTrue(row.raw or row.issues)

"""Strict values: what is in doubt is an issue, never a guess."""

from datetime import date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..formats import cells, values
from ..formats.cells import EMPTY, Cell
from ..formats.values import ValueIssue

QUICK = settings(max_examples=150, deadline=None, database=None, derandomize=True)


class ValuesCase(BaseCase):
    def assertIssue(self, code, convert, *args, **options):
        with self.assertRaises(ValueIssue) as caught:
            convert(*args, **options)
        self.assertEqual(caught.exception.code, code, args)
        return caught.exception


ITALIAN = {"decimal_mark": ",", "thousands_mark": "."}


@tagged("post_install", "-at_install")
class TestDecimals(ValuesCase):
    def test_undeclared_marks_are_never_guessed(self):
        """Row I06 (gate 23): decimals."""
        for text in ("1.234", "1,234", "12,50", "12.50", "1.234,56", "31.24"):
            self.assertIssue("ambiguous_number", values.decimal, text)
        self.assertEqual(values.decimal("1234"), Decimal(1234))

    def test_doubtful_group_without_thousands_mark(self):
        self.assertIssue("ambiguous_number", values.decimal, "1.234", decimal_mark=",")
        self.assertIssue("ambiguous_number", values.decimal, "1,234", decimal_mark=".")

    def test_declared_marks(self):
        cases = {
            "1.234": "1234",
            "1.234,5": "1234.5",
            "1234567,89": "1234567.89",
            "1.234.567,89": "1234567.89",
            "0,05": "0.05",
            "-12,30": "-12.30",
            "12,30-": "-12.30",
            "\N{MINUS SIGN}12,30": "-12.30",
            "(12,30)": "-12.30",
            "+12,30": "12.30",
            "€ 12,30": "12.30",
            "12,30 €": "12.30",
            "EUR 12,30": "12.30",
            "- € 12,30": "-12.30",
            "€ -12,30": "-12.30",
            "\u00a012,30\u202f€ ": "12.30",
        }
        for text, expected in cases.items():
            found = values.decimal(text, **ITALIAN)
            self.assertEqual((text, found), (text, Decimal(expected)))

    def test_wrong_groups(self):
        for text in ("1.23", "1.2345", "12.34,5", "1.234567,89", "1,234.56", "1,2,3"):
            self.assertIssue("bad_number", values.decimal, text, **ITALIAN)

    def test_other_thousands_marks(self):
        swiss = {"decimal_mark": ".", "thousands_mark": "'"}
        self.assertEqual(values.decimal("1’234.50", **swiss), Decimal("1234.50"))
        french = {"decimal_mark": ",", "thousands_mark": " "}
        for text in ("1 234,50", "1\u00a0234,50", "1\u202f234,50"):
            self.assertEqual(values.decimal(text, **french), Decimal("1234.50"))

    def test_what_is_no_amount(self):
        cases = {
            "-": "dash_for_number",
            "\N{EM DASH}": "dash_for_number",
            "1,5E+07": "scientific_number",
            "$ 12,30": "foreign_currency",
            "12,30 USD": "foreign_currency",
            "dodici": "bad_number",
            "12,30,": "bad_number",
            "--12": "bad_number",
            "(-12)": "bad_number",
            "12 30": "bad_number",
            "1_000": "bad_number",
            "١٢": "bad_number",
            "1000000000000,00": "number_too_large",
        }
        for text, code in cases.items():
            self.assertIssue(code, values.decimal, text, **ITALIAN)

    def test_blank_is_none(self):
        for blank in ("", "   ", "\u00a0", EMPTY):
            self.assertIsNone(values.decimal(blank, **ITALIAN))

    def test_decimals_are_limited(self):
        limit = {"decimals": 2, **ITALIAN}
        self.assertIssue("too_many_decimals", values.decimal, "1,005", **limit)
        self.assertEqual(values.decimal("1,5000", **limit), Decimal("1.5"))
        self.assertEqual(str(values.decimal("100,000", **limit)), "100")

    def test_number_cells_are_exact(self):
        for number in ("31.24", "-0.01", "1234.56"):
            self.assertEqual(values.decimal(Cell(number, "number")), Decimal(number))

    def test_other_cells(self):
        day = Cell(date(2026, 1, 1), "date")
        self.assertIssue("not_a_number", values.decimal, day)
        self.assertIssue("not_a_number", values.decimal, Cell(True, "bool"))
        self.assertIssue("formula_cell", values.decimal, Cell("=A1", "formula"))
        self.assertIssue("error_cell", values.decimal, Cell("#N/A", "error"))

    def test_percent(self):
        rate = {"percent": True, "decimals": 2, **ITALIAN}
        for text in ("22", "22%", "22 %", "22,0"):
            self.assertEqual(values.decimal(text, **rate), 22)
        self.assertEqual(values.decimal("0", **rate), 0)
        self.assertIssue("percent_fraction", values.decimal, "0,22", **rate)
        self.assertIssue("bad_number", values.decimal, "22%", **ITALIAN)

    @QUICK
    @given(st.decimals(-(10**9), 10**9, places=2), st.booleans())
    def test_written_numbers_are_read_back(self, number, grouped):
        text = format(number, ",.2f" if grouped else ".2f")
        text = text.translate(str.maketrans(",.", ".,"))
        self.assertEqual(values.decimal(text, **ITALIAN), number)

    @QUICK
    @given(st.text(max_size=12), st.sampled_from([None, ",", "."]))
    def test_any_text_is_a_number_or_an_issue(self, text, mark):
        try:
            found = values.decimal(text, decimal_mark=mark, decimals=2)
        except ValueIssue:
            return
        self.assertTrue(found is None or isinstance(found, Decimal))

    def test_integers(self):
        self.assertEqual(values.integer("3"), 3)
        self.assertEqual(values.integer(Cell("3", "number")), 3)
        for text in ("3,0", "3.000", "tre"):
            self.assertIssue("not_an_integer", values.integer, text)
        self.assertIssue("not_an_integer", values.integer, Cell("3.5", "number"))
        self.assertIssue("number_too_large", values.integer, "9" * 30)


@tagged("post_install", "-at_install")
class TestMoments(ValuesCase):
    def test_ways_of_writing(self):
        expected = datetime(2026, 3, 12, 10, 22, 5)
        for text in (
            "12/03/2026 10:22:05",
            "12/03/2026T10.22.05",
            "2026-03-12T10:22:05",
            "2026-03-12 10:22:05.123",
            "2026-03-12T09:22:05Z",
            "2026-03-12T09:22:05+00:00",
            "2026-03-12 10:22:05 +0100",
        ):
            self.assertEqual(values.moment(text, form="dd/mm/yyyy"), expected, text)
        self.assertEqual(values.moment(Cell(expected, cells.DATE)), expected)

    def test_summer_time_of_the_zone(self):
        self.assertEqual(
            values.moment("2026-07-01T22:30:00Z"), datetime(2026, 7, 2, 0, 30)
        )

    def test_no_time_is_noon(self):
        noon = datetime(2026, 3, 12, 12)
        self.assertEqual(values.moment("12/03/2026", form="dd/mm/yyyy"), noon)
        self.assertEqual(values.moment(Cell(date(2026, 3, 12), cells.DATE)), noon)
        self.assertIsNone(values.moment(" "))
        self.assertIsNone(values.moment(EMPTY))

    def test_compact(self):
        for text in ("202603121022", "20260312102200", "20260312 1022"):
            self.assertEqual(
                values.moment(text, form="yyyymmdd"), datetime(2026, 3, 12, 10, 22)
            )
        number = Cell("202603121022", cells.NUMBER)
        self.assertEqual(
            values.moment(number, form="yyyymmdd"), datetime(2026, 3, 12, 10, 22)
        )

    def test_doubt_and_nonsense_are_issues(self):
        self.assertIssue("ambiguous_date", values.moment, "01/02/2026 10:00")
        self.assertIssue("bad_date", values.moment, "2026-03-12T25:00:00")
        self.assertIssue("bad_date", values.moment, "2026-03-12T10:61")
        self.assertIssue("bad_date", values.moment, "ieri")
        self.assertIssue("bad_date", values.moment, "2026-03-12T10:00+99:99")

    @given(st.text(max_size=45), st.sampled_from((None, *values.DATE_FORMS)))
    @QUICK
    def test_never_fails_otherwise(self, text, form):
        try:
            found = values.moment(text, form=form)
        except ValueIssue:
            return
        self.assertTrue(found is None or isinstance(found, datetime))

    @given(st.datetimes(datetime(1901, 1, 1), datetime(2098, 12, 31)))
    @QUICK
    def test_iso_round_trip(self, when):
        when = when.replace(microsecond=0)
        self.assertEqual(values.moment(when.isoformat()), when)


@tagged("post_install", "-at_install")
class TestDates(ValuesCase):
    def test_undeclared_form_is_never_guessed(self):
        """Row I06 (gate 23): dates."""
        for text in ("01/02/26", "01/02/2026", "31/12/2025", "01-02-2026", "20260201"):
            self.assertIssue("ambiguous_date", values.date, text)
        self.assertEqual(values.date("2026-02-01"), date(2026, 2, 1))

    def test_declared_forms(self):
        expected = date(2026, 2, 1)
        written = {
            "dd/mm/yyyy": "01/02/2026",
            "dd-mm-yyyy": "01-02-2026",
            "dd.mm.yyyy": "01.02.2026",
            "mm/dd/yyyy": "02/01/2026",
            "yyyy/mm/dd": "2026/02/01",
            "yyyy-mm-dd": "2026-02-01",
            "dd/mm/yy": "01/02/26",
            "dd-mm-yy": "01-02-26",
            "yyyymmdd": "20260201",
            "ddmmyyyy": "01022026",
        }
        self.assertEqual(set(written), set(values.DATE_FORMS))
        for form, text in written.items():
            self.assertEqual(values.date(text, form=form), expected, form)
            for other in set(written.values()) - {text, "2026-02-01"}:
                self.assertRaises(ValueIssue, self._date_differs, other, form)

    @staticmethod
    def _date_differs(text, form):
        """day/month and month/day accept each other's text: that is why one declares;
        every other form must refuse it."""
        found = values.date(text, form=form)
        if {form, text} & {"dd/mm/yyyy", "mm/dd/yyyy"} and found == date(2026, 1, 2):
            raise ValueIssue("bad_date", text)

    def test_short_parts_and_blanks(self):
        self.assertEqual(values.date(" 1/2/2026 ", form="dd/mm/yyyy"), date(2026, 2, 1))
        self.assertIsNone(values.date("  ", form="dd/mm/yyyy"))
        self.assertIsNone(values.date(EMPTY))

    def test_two_digit_years_only_when_declared(self):
        self.assertIssue("bad_date", values.date, "01/02/26", form="dd/mm/yyyy")
        self.assertEqual(values.date("31/12/69", form="dd/mm/yy"), date(2069, 12, 31))
        self.assertEqual(values.date("31/12/70", form="dd/mm/yy"), date(1970, 12, 31))

    def test_days_that_do_not_exist(self):
        for text in ("31/02/2026", "29/02/2025", "00/01/2026", "01/13/2026"):
            self.assertIssue("impossible_date", values.date, text, form="dd/mm/yyyy")
        self.assertIssue(
            "date_out_of_range", values.date, "01/01/0026", form="dd/mm/yyyy"
        )
        self.assertIssue("bad_date", values.date, "domani", form="dd/mm/yyyy")

    def test_date_cells(self):
        day = date(2026, 2, 1)
        self.assertEqual(values.date(Cell(day, "date")), day)
        self.assertEqual(values.date(Cell(datetime(2026, 2, 1), "date")), day)
        at_noon = Cell(datetime(2026, 2, 1, 12), "date")
        self.assertIssue("date_with_time", values.date, at_noon)
        ancient = Cell(date(1899, 12, 31), "date")
        self.assertIssue("date_out_of_range", values.date, ancient)

    def test_serial_number_is_no_date(self):
        problem = self.assertIssue(
            "date_as_number", values.date, Cell("46054", "number"), form="dd/mm/yyyy"
        )
        self.assertEqual(problem.params["would_be"], "01/02/2026")
        self.assertIssue("date_as_number", values.date, Cell("1e9", "number"))
        number = Cell("20260201", "number")
        self.assertEqual(values.date(number, form="yyyymmdd"), date(2026, 2, 1))
        number = Cell("1022026", "number")
        self.assertEqual(values.date(number, form="ddmmyyyy"), date(2026, 2, 1))

    @QUICK
    @given(st.text(max_size=12), st.sampled_from((None, *values.DATE_FORMS)))
    def test_any_text_is_a_day_or_an_issue(self, text, form):
        try:
            found = values.date(text, form=form)
        except ValueIssue:
            return
        self.assertTrue(found is None or isinstance(found, date))

    @QUICK
    @given(
        st.dates(date(1900, 1, 1), date(2099, 12, 31)),
        st.sampled_from([f for f in values.DATE_FORMS if "yyyy" in f]),
    )
    def test_written_days_are_read_back(self, day, form):
        text = cells.plain(Cell(day, "date"), date_form=form)
        self.assertEqual(values.date(text, form=form), day)


@tagged("post_install", "-at_install")
class TestTextsAndCodes(ValuesCase):
    def test_text(self):
        self.assertEqual(values.text("  Rossi  "), "Rossi")
        self.assertEqual(values.text("Via Roma\r\nint. 2"), "Via Roma\nint. 2")
        self.assertEqual(values.text("Citta\u0300"), "Città")
        self.assertEqual(values.text("00123"), "00123")
        self.assertIsNone(values.text(" \t "))

    def test_damaged_text(self):
        for text in ("Citt\ufffd", "a\x00b", "a\x07b", "a\ud800b"):
            self.assertIssue("bad_character", values.text, text)
        problem = self.assertIssue("too_long", values.text, "abcdef", max_length=5)
        self.assertEqual(problem.params, {"length": 6, "limit": 5})

    def test_text_from_typed_cells(self):
        self.assertEqual(values.text(Cell("12345", "number")), "12345")
        for number, code in (
            ("12.5", "number_for_text"),
            ("1234567890123456", "digits_lost"),
        ):
            self.assertIssue(code, values.text, Cell(number, "number"))
        self.assertIssue("date_for_text", values.text, Cell(date(2026, 1, 1), "date"))
        self.assertIssue("boolean_for_text", values.text, Cell(True, "bool"))

    def test_booleans(self):
        for word in ("S", "si", "Sì", "1", "x", "VERO", Cell("1", "number")):
            self.assertIs(values.boolean(word), True)
        for word in ("n", "No", "0", "falso", Cell(False, "bool")):
            self.assertIs(values.boolean(word), False)
        self.assertIsNone(values.boolean(" "))
        for word in ("forse", "2", "-"):
            self.assertIssue("bad_boolean", values.boolean, word)

    def test_codes(self):
        known = {"a": "alpha"}.get
        self.assertEqual(values.code("a", known), "alpha")
        problem = self.assertIssue("unknown_code", values.code, "b", known, ("A", "B"))
        self.assertEqual(problem.params["accepted"], "A, B")

    def test_items(self):
        self.assertEqual(values.items(" B1 | B2||"), ("B1", "B2"))
        self.assertEqual(values.items(""), ())
        self.assertEqual(values.items(Cell("42", "number")), ("42",))
        self.assertIssue("repeated_item", values.items, "B1|B1")

    def test_instalments(self):
        marks = {"decimal_mark": ",", "form": "dd/mm/yyyy"}
        found = values.instalments("2026-01-31:50,00| 28/02/2026 : 49,99", **marks)
        self.assertEqual(
            found,
            (
                (date(2026, 1, 31), Decimal("50.00")),
                (date(2026, 2, 28), Decimal("49.99")),
            ),
        )
        self.assertEqual(values.instalments("", **marks), ())
        for text, code in (
            ("2026-01-31", "bad_instalment"),
            (":50,00", "bad_instalment"),
            ("2026-01-31:50,00|", "bad_instalment"),
            ("2026-01-31:1.234", "ambiguous_number"),
            ("2026-02-31:1,00", "impossible_date"),
        ):
            self.assertIssue(code, values.instalments, text, **marks)
        self.assertIssue("ambiguous_date", values.instalments, "01/02/2026:5")


@tagged("post_install", "-at_install")
class TestCells(BaseCase):
    def test_number_text(self):
        cases = {
            "42": "42",
            "-7": "-7",
            "0": "0",
            "-0": "0",
            "007": "7",
            "3.0": "3",
            "1.1000000000000001": "1.1",
            "31.239999999999998": "31.24",
            "1E3": "1000",
            "1.5E-7": "0.00000015",
            "0.30000000000000004": "0.3",
            "12345678901234567890": "12345678901234567890",
            "1.2345678901234567E+19": "12345678901234567000",
        }
        for text, expected in cases.items():
            self.assertEqual(cells.number_text(text), expected)
        for text in ("", "nan", "inf", "1e999", "1_0", "abc", "١", "0x1"):
            self.assertRaises(ValueError, cells.number_text, text)

    def test_serials(self):
        cases = {
            "1": date(1900, 1, 1),
            "59": date(1900, 2, 28),
            "61": date(1900, 3, 1),
            "46054": date(2026, 2, 1),
            "46054.5": datetime(2026, 2, 1, 12),
            "46053.9999999999": date(2026, 2, 1),
        }
        for serial, expected in cases.items():
            self.assertEqual(cells.serial_cell(serial), (expected, "date"))
        self.assertEqual(cells.serial_cell("60").type, "error")
        self.assertEqual(cells.serial_cell("0.5"), ("0.5", "number"))
        self.assertEqual(cells.serial_cell("9999999"), ("9999999", "number"))
        self.assertEqual(cells.serial_cell("44592", True).value, date(2026, 2, 1))
        self.assertEqual(cells.serial_cell("2958000", True).type, "number")

    def test_json_keeps_the_types(self):
        found = {
            "testo": Cell("=1+1", "text"),
            "numero": Cell("1234.56", "number"),
            "giorno": Cell(date(2026, 2, 1), "date"),
            "momento": Cell(datetime(2026, 2, 1, 8, 30), "date"),
            "vero": Cell(True, "bool"),
            "formula": Cell("=A1", "formula"),
            "errore": Cell("#N/A", "error"),
        }
        stored = cells.to_json(cells.RawRow(7, {**found, "vuoto": EMPTY}))
        self.assertNotIn("vuoto", stored)
        back = cells.from_json(7, stored, headings=("vuoto",))
        self.assertEqual(back.cells, {"vuoto": EMPTY, **found})

    def test_cells_of_json_clients(self):
        self.assertEqual(cells.cell_of(31.24), ("31.24", "number"))
        self.assertEqual(cells.cell_of(10), ("10", "number"))
        self.assertEqual(cells.cell_of(Decimal("1E+3")), ("1000", "number"))
        self.assertEqual(cells.cell_of(None), EMPTY)
        self.assertEqual(cells.cell_of("  "), EMPTY)
        for odd in (float("nan"), float("inf"), Decimal("nan"), [1], {"type": "date"}):
            self.assertIn(cells.cell_of(odd).type, ("error", "text"))

    def test_what_a_database_cannot_hold_is_replaced(self):
        stored = cells.to_json(cells.from_json(1, {"a\0": "b\0", "c": "\ud800è"}))
        self.assertEqual(stored, {"a\ufffd": "b\ufffd", "c": "?è"})

    def test_plain(self):
        italian = {"decimal_mark": ",", "date_form": "dd/mm/yyyy"}
        self.assertEqual(cells.plain(Cell("1.5", "number"), **italian), "1,5")
        day = Cell(date(2026, 2, 1), "date")
        self.assertEqual(cells.plain(day, **italian), "01/02/2026")
        self.assertEqual(cells.plain(day, date_form="dd/mm/yy"), "01/02/26")

    def test_columns(self):
        for index, letters in ((0, "A"), (25, "Z"), (26, "AA"), (16383, "XFD")):
            self.assertEqual(cells.column_letter(index), letters)

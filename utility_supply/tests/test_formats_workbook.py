"""Written workbooks: the template reads as itself, nothing runs, all comes back."""

import io
from dataclasses import replace
from datetime import date, datetime

import openpyxl

from odoo.tests import BaseCase, tagged

from ..formats import cells, datasets, mapping, tabular, workbook
from ..formats.cells import Cell, RawRow
from ..formats.mapping import FieldSpec
from . import formats_samples as samples

DANGEROUS = ("=1+1", "+39 06", "-5 su", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0")


def load(data):
    return openpyxl.load_workbook(io.BytesIO(data))


@tagged("post_install", "-at_install")
class TestTemplate(BaseCase):
    def test_sheets_and_headings(self):
        data = workbook.template_workbook()
        expected = [
            "Clienti",
            "Contratti",
            "Bollette",
            "Pagamenti",
            "Solleciti pregressi",
        ]
        self.assertEqual(
            tabular.list_sheets(data, "a.xlsx"),
            [*expected, workbook.INSTRUCTIONS_SHEET],
        )
        for name in datasets.BASE:
            spec = datasets.DATASETS[name]
            self.assertEqual(datasets.BY_SHEET[spec.sheet.casefold()], name)
            profile = mapping.template_profile(name)
            table = tabular.open_table(data, "a.xlsx", **profile.open_options())
            self.assertEqual(table.headings, [f.heading for f in spec.fields])
            converter = mapping.compile_profile(profile, table.headings)
            self.assertEqual(converter.targets, tuple(f.name for f in spec.fields))
            self.assertEqual(list(table.rows()), [])

    def test_help_and_choices(self):
        page = load(workbook.template_workbook())["Bollette"]
        self.assertIn("NC = nota di credito", page["C1"].comment.text)
        self.assertIn("Obbligatorio", page["A1"].comment.text)
        lists = {v.formula1 for v in page.data_validations.dataValidation}
        self.assertIn('"FT,NC"', lists)
        self.assertEqual(page.column_dimensions["A"].width > 10, True)
        page = load(workbook.template_workbook())[workbook.INSTRUCTIONS_SHEET]
        count = sum(len(datasets.DATASETS[name].fields) for name in datasets.BASE)
        self.assertEqual(page.max_row, count + 1)

    def test_filled_template_is_acquired(self):
        book = load(workbook.template_workbook())
        page = book["Pagamenti"]
        page.append(["P1", "B1", None, date(2026, 2, 1), None, 31.24, "SDD"])
        stream = io.BytesIO()
        book.save(stream)
        table = tabular.open_table(stream.getvalue(), "a.xlsx", sheet="Pagamenti")
        profile = mapping.template_profile("payments")
        converter = mapping.compile_profile(profile, table.headings)
        [row] = table.rows()
        record, issues = converter.convert(row)
        self.assertEqual(issues, [])
        self.assertEqual(str(record["amount"]), "31.24")

    def test_template_of_any_profile(self):
        profile = replace(
            mapping.template_profile("payments"),
            sheet="Incassi",
            header_row=3,
            fields=(
                FieldSpec("source_ref", ("Anno", "Numero"), "concat"),
                FieldSpec("date", ("Giorno",), "date"),
                FieldSpec("amount", ("Euro",)),
                FieldSpec("channel", (), "constant", {"value": "SDD"}),
            ),
        )
        expected = ["Anno", "Numero", "Giorno", "Euro"]
        data, extension = workbook.profile_template(profile)
        self.assertEqual(extension, ".xlsx")
        table = tabular.open_table(data, "a.xlsx", **profile.open_options())
        self.assertEqual((table.sheet, table.headings), ("Incassi", expected))
        profile = replace(profile, kind="csv", header_row=0, encoding="cp1252")
        data, extension = workbook.profile_template(profile)
        self.assertEqual(extension, ".csv")
        table = tabular.open_table(data, "a.csv", **profile.open_options())
        self.assertEqual(table.headings, expected)


@tagged("post_install", "-at_install")
class TestErrorWorkbook(BaseCase):
    def _sample(self):
        found = {
            "Testo": Cell("00123", "text"),
            "Pericolo": Cell("=1+1", "text"),
            "Numero": Cell("1234.56", "number"),
            "Lungo": Cell("12345678901234567890", "number"),
            "Giorno": Cell(date(2026, 2, 1), "date"),
            "Momento": Cell(datetime(2026, 2, 1, 8, 30), "date"),
            "Vero": Cell(True, "bool"),
            "Vuoto": cells.EMPTY,
            "Formula": Cell("=A1", "formula"),
            "Errore": Cell("#N/A", "error"),
        }
        return list(found), RawRow(17, found)

    def test_cells_come_back_with_their_types(self):
        headings, row = self._sample()
        data = workbook.error_workbook(headings, [(row, "Manca il totale.\nE altro.")])
        table = tabular.open_table(data, "a.xlsx")
        self.assertEqual(table.headings, [*headings, "Motivo", "Riga"])
        [back] = table.rows()
        as_text = {"Formula": "=A1", "Errore": "#N/A", "Lungo": "12345678901234567890"}
        for heading in headings:
            expected = row.cells[heading]
            if heading in as_text:
                expected = Cell(as_text[heading], "text")
            self.assertEqual(back.cells[heading], expected, heading)
        self.assertEqual(back.cells["Motivo"].value, "Manca il totale.\nE altro.")
        self.assertEqual(back.cells["Riga"], ("17", "number"))

    def test_nothing_is_a_formula(self):
        headings = ["A", *DANGEROUS]
        rows = [(RawRow(n, {"A": text}), text) for n, text in enumerate(DANGEROUS)]
        for data in (
            workbook.error_workbook(headings, rows),
            workbook.rows_workbook([("=x", headings, [[text] for text in DANGEROUS])]),
        ):
            page = load(data).active
            quoted = 0
            for line in page.iter_rows():
                for cell in line:
                    self.assertNotEqual(cell.data_type, "f", cell.value)
                    if isinstance(cell.value, str) and cell.value in DANGEROUS:
                        quoted += cell.row > 1
                        if cell.row > 1:
                            self.assertTrue(cell.quotePrefix, cell.value)
            self.assertGreaterEqual(quoted, len(DANGEROUS))

    def test_a_thousand_errors_make_a_thousand_lines(self):
        rows = ((RawRow(n, {"A": "x"}), f"motivo {n}") for n in range(2, 1002))
        data = workbook.error_workbook(["A"], rows, sheet="Bollette")
        table = tabular.open_table(data, "a.xlsx")
        self.assertEqual(table.sheet, "Bollette")
        self.assertEqual(sum(1 for _row in table.rows()), 1000)

    def test_the_reasons_do_not_disturb_the_profile(self):
        headings = ["Id pagamento", "Data", "Importo"]
        values = {"Id pagamento": "P1", "Data": date(2026, 2, 1), "Importo": 5}
        data = workbook.error_workbook(headings, [(RawRow(4, values), "perché")])
        table = tabular.open_table(data, "a.xlsx")
        profile = mapping.template_profile("payments")
        converter = mapping.compile_profile(profile, table.headings)
        self.assertEqual(converter.unused, ("Motivo", "Riga"))
        [row] = table.rows()
        self.assertEqual(converter.convert(row)[1], [])

    def test_odd_values_and_names(self):
        rows = [[float("nan"), "x" * 40_000, date(1890, 1, 1), b"\0".decode(), 10**20]]
        data = workbook.rows_workbook([("a/b:c*[d]?" * 9, list("ABCDE"), rows)])
        table = tabular.open_table(data, "a.xlsx")
        self.assertLessEqual(len(table.sheet), 31)
        [row] = table.rows()
        self.assertEqual(len(row.cells["B"].value), 32_767)
        self.assertEqual(row.cells["C"].value, "1890-01-01")
        self.assertEqual(row.cells["E"].value, "1" + "0" * 20)

    def test_plain_sheets(self):
        data = workbook.rows_workbook(
            [("Uno", ["A"], [["x"], [None], [2]]), ("Due", ["B"], [])]
        )
        self.assertEqual(tabular.list_sheets(data, "a.xlsx"), ["Uno", "Due"])
        self.assertEqual(
            samples.read(data, "a.xlsx"),
            [(2, {"A": ("x", "text")}), (4, {"A": ("2", "number")})],
        )

"""From rows to records: profiles, transforms, totals rows, duplicates, messages."""

import ast
import re
import string
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..formats import cells, datasets, issues, mapping, messages, tabular, values
from ..formats.cells import Cell
from ..formats.issues import FileRefused, Issue
from ..formats.mapping import FieldSpec, ProfileSpec
from ..rules import codes
from . import formats_samples as samples

PAYMENTS = ("Id pagamento", "Numero bolletta", "Data", "Importo")


def row_of(number=2, **found):
    return cells.from_json(number, found)


class MappingCase(BaseCase):
    def _convert(self, *specs, dataset="payments", headings=None, row=None, **profile):
        """(record, issues) of ``row`` ({heading: value}) by a profile with ``specs``
        beside the required fields of payments."""
        fixed = {
            "source_ref": FieldSpec("source_ref", (), "constant", {"value": "P1"}),
            "date": FieldSpec("date", (), "constant", {"value": "2026-02-01"}),
            "amount": FieldSpec("amount", (), "constant", {"value": "10"}),
        }
        for spec in specs:
            fixed.pop(spec.target, None)
        fields = (*specs, *fixed.values())
        profile = ProfileSpec(dataset, fields=fields, **profile)
        headings = headings or list(row)
        converter = mapping.compile_profile(profile, headings, sheet="Foglio")
        return converter.convert(cells.from_json(2, row, headings))

    def assertCodes(self, found, *expected):
        """``found``: (record, issues); expected: (code, column) of each issue."""
        record, problems = found
        self.assertIsNone(record)
        self.assertEqual([(i.code, i.column) for i in problems], list(expected))
        self.assertTrue(all(i.sheet == "Foglio" and i.row == 2 for i in problems))


@tagged("post_install", "-at_install")
class TestTemplateProfile(MappingCase):
    def _open(self, dataset, *rows):
        spec = datasets.DATASETS[dataset]
        headings = [item.heading for item in spec.fields]
        names = [item.name for item in spec.fields]
        lines = [[row.get(name) for name in names] for row in rows]
        table = tabular.open_table(samples.as_csv([headings, *lines]), "a.csv")
        profile = mapping.template_profile(dataset)
        converter = mapping.compile_profile(profile, table.headings)
        return [converter.convert(row) for row in table.rows()]

    def test_customers(self):
        [(record, problems)] = self._open(
            "customers",
            {
                "billing_code": "C001",
                "name": "Rossi Mario",
                "legal_form": "Consumatore",
                "fiscal_code": "RSSMRA80A01H501U",
                "pec_source": "INI-PEC",
                "direct_debit": "S",
                "bonus_kind": "Bonus economico|Salvavita",
                "bonus_from": "01/01/2026",
                "zip": "00100",
            },
        )
        self.assertEqual(problems, [])
        expected = {
            "billing_code": "C001",
            "legal_form": "consumer",
            "pec_source": "inipec",
            "direct_debit": True,
            "bonus_kind": ("economic_bonus", "life_support"),
            "bonus_from": date(2026, 1, 1),
            "bonus_to": None,
            "zip": "00100",
            "vat": None,
        }
        self.assertEqual({name: record[name] for name in expected}, expected)
        names = {item.name for item in datasets.CUSTOMERS.fields}
        self.assertEqual(set(record), names)

    def test_bills(self):
        good = {
            "billing_ref": "2026/1",
            "contract_code": "K1",
            "document_type": "NC",
            "date": "01/02/2026",
            "due_date": "01/03/2026",
            "total": "100,00",
            "tax_rate": "22",
            "reading_kind": "Stimata",
            "recalculation_kind": "Conguaglio",
            "instalments": "2026-03-01:50,00|2026-04-01:50,00",
            "charge_refs": "UTC/1|UTC/2",
        }
        doubtful = {**good, "total": "1.234", "date": "2/13/2026", "due_date": ""}
        found = self._open("bills", good, doubtful)
        record, problems = found[0]
        self.assertEqual(problems, [])
        self.assertEqual(record["document_type"], "credit_note")
        self.assertEqual(record["recalculation_kind"], "true_up")
        self.assertEqual(record["tax_rate"], Decimal(22))
        self.assertEqual(record["charge_refs"], ("UTC/1", "UTC/2"))
        self.assertEqual(record["instalments"][1], (date(2026, 4, 1), Decimal(50)))
        record, problems = found[1]
        self.assertIsNone(record)
        self.assertEqual(
            [(i.code, i.row, i.column, i.value) for i in problems],
            [
                ("impossible_date", 3, "Data emissione", "2/13/2026"),
                ("required", 3, "Data scadenza", ""),
                ("ambiguous_number", 3, "Totale", "1.234"),
            ],
        )

    def test_unknown_code_tells_what_is_accepted(self):
        [(_record, problems)] = self._open("contracts", {"service": "Vapore"})
        found = next(issue for issue in problems if issue.code == "unknown_code")
        self.assertEqual(found.column, "Servizio")
        self.assertIn("Energia elettrica", found.params["accepted"])

    def test_absent_optional_columns_are_absent_from_the_record(self):
        table = tabular.open_table(samples.as_csv([PAYMENTS]), "a.csv")
        profile = mapping.template_profile("payments")
        converter = mapping.compile_profile(profile, table.headings)
        self.assertEqual(
            converter.targets, ("source_ref", "billing_ref", "date", "amount")
        )

    def test_unused_columns_and_field_names_as_headings(self):
        headings = ["source_ref", "DATA", "amount", "Note"]
        profile = mapping.template_profile("payments")
        converter = mapping.compile_profile(profile, headings)
        self.assertEqual(converter.unused, ("Note",))
        row = cells.from_json(
            1, {"source_ref": 7, "DATA": "2026-02-01", "amount": 12.5}, headings
        )
        record, problems = converter.convert(row)
        self.assertEqual(problems, [])
        expected = {
            "source_ref": "7",
            "date": date(2026, 2, 1),
            "amount": Decimal("12.5"),
        }
        self.assertEqual(record, expected)

    def test_every_accepted_word_is_accepted(self):
        read = codes.normalise
        for spec in datasets.DATASETS.values():
            for item in spec.fields:
                if not item.code_kind:
                    continue
                local = item.code_kind in datasets.LOCAL_CODES
                normalise = datasets.normalise_local if local else read
                keys = [normalise(item.code_kind, word) for word in item.accepted]
                self.assertTrue(keys and all(keys), item)
                self.assertEqual(len(set(keys)), len(keys), item)

    def test_datasets_are_sound(self):
        for name in datasets.BASE:
            spec = datasets.DATASETS[name]
            headings = [cells.heading_key(item.heading) for item in spec.fields]
            self.assertEqual(len(set(headings)), len(headings))
            self.assertEqual(spec.name, name)
            self.assertLessEqual({*spec.key, *spec.row_key}, set(spec.required))
            for item in spec.fields:
                self.assertIn(item.type, datasets.FIELD_TYPES)
                self.assertTrue(item.help.endswith("."), item.name)


@tagged("post_install", "-at_install")
class TestTransforms(MappingCase):
    def test_copy_with_forms_of_its_own(self):
        record, _none = self._convert(
            FieldSpec("value_date", ("V",), "date", {"form": "mm/dd/yyyy"}),
            FieldSpec("amount", ("I",), "decimal", {"decimal_mark": "."}),
            row={"V": "02/01/2026", "I": "1.50"},
            date_form="dd/mm/yyyy",
            decimal_mark=",",
        )
        self.assertEqual(record["value_date"], date(2026, 2, 1))
        self.assertEqual(record["amount"], Decimal("1.50"))

    def test_constant_default_negate(self):
        record, _none = self._convert(
            FieldSpec("channel", ("C",), "copy", {"default": "SDD"}),
            FieldSpec("amount", ("I",), "copy", {"negate": True}),
            row={"C": " ", "I": 5},
        )
        self.assertEqual((record["channel"], record["amount"]), ("SDD", Decimal(-5)))
        self.assertEqual(record["source_ref"], "P1")

    def test_default_stands_for_an_absent_column(self):
        record, _none = self._convert(
            FieldSpec("channel", ("C",), "copy", {"default": "SDD"}),
            FieldSpec("amount", ("I",), "copy", {"default": "0"}),
            row={"X": "1"},
        )
        self.assertEqual((record["channel"], record["amount"]), ("SDD", Decimal(0)))

    def test_concat_and_first(self):
        record, _none = self._convert(
            FieldSpec("source_ref", ("A", "B", "C"), "concat", {"separator": "/"}),
            FieldSpec("channel", ("C", "B"), "first"),
            row={"A": "2026", "B": 17, "C": ""},
        )
        self.assertEqual((record["source_ref"], record["channel"]), ("2026/17", "17"))
        self.assertCodes(
            self._convert(
                FieldSpec("source_ref", ("A", "B"), "concat"),
                row={"A": "2026", "B": {"type": "formula", "value": "=A1"}},
            ),
            ("formula_cell", "A"),
        )

    def test_map(self):
        spec = FieldSpec(
            "kind", ("T",), "map", {"values": {"AR": "default", "1": "notice"}}
        )
        fixed = {
            "ref": "R1",
            "contract_code": "K1",
            "channel": "pec",
            "sent_date": "2026-02-01",
        }
        fields = [
            FieldSpec(target, (), "constant", {"value": value})
            for target, value in fixed.items()
        ]

        def convert(value, **options):
            options = {**spec.options, **options}
            profile = ProfileSpec(
                "notices", fields=(*fields, replace(spec, options=options))
            )
            converter = mapping.compile_profile(profile, ["T"], sheet="Foglio")
            return converter.convert(cells.from_json(2, {"T": value}, ["T"]))

        self.assertEqual(convert(" ar ")[0]["kind"], "default")
        self.assertEqual(convert(1)[0]["kind"], "notice")
        self.assertCodes(convert("Altro"), ("unmapped_value", "T"))
        self.assertEqual(convert("Altro", otherwise="=")[0]["kind"], "other")
        self.assertEqual(convert("Boh", otherwise="reminder")[0]["kind"], "reminder")
        self.assertCodes(convert(""), ("required", "T"))

    def test_all_issues_of_a_row_are_told(self):
        found = self._convert(
            FieldSpec("amount", ("I",)),
            FieldSpec("date", ("D",)),
            FieldSpec("value_date", ("V",)),
            FieldSpec("billing_ref", ("B",)),
            row={
                "I": "1.234",
                "D": 46054,
                "V": "01/02/26",
                "B": {"type": "error", "value": "#N/A"},
            },
        )
        self.assertCodes(
            found,
            ("ambiguous_number", "I"),
            ("date_as_number", "D"),
            ("ambiguous_date", "V"),
            ("error_cell", "B"),
        )

    def test_profiles_that_cannot_work(self):
        for field, code in (
            (FieldSpec("nonsense", ("A",)), "unknown_target"),
            (FieldSpec("amount", ("Assente",)), "missing_column"),
            (FieldSpec("channel", ("A", "Assente"), "concat"), "missing_column"),
        ):
            with self.assertRaises(FileRefused) as caught:
                self._convert(field, row={"A": "1"})
            self.assertEqual([i.code for i in caught.exception.issues], [code])
        with self.assertRaises(FileRefused) as caught:
            mapping.compile_profile(ProfileSpec("outcomes"), ["A"])
        self.assertEqual(caught.exception.issues[0].code, "unknown_dataset")

    def test_suggested_fields(self):
        found = mapping.suggest_fields("payments", ["DATA", "amount", "Boh", "Importo"])
        self.assertEqual(
            found, (FieldSpec("date", ("DATA",)), FieldSpec("amount", ("Importo",)))
        )

    def test_reader_issues_and_peeking(self):
        profile = mapping.template_profile("payments")
        converter = mapping.compile_profile(profile, PAYMENTS)
        problem = Issue("row_short", row=2)
        values_ = {"Id pagamento": "P1", "Importo": "2,50", "Data": "boh"}
        row = cells.from_json(2, values_, PAYMENTS)._replace(issues=(problem,))
        self.assertEqual(converter.convert(row), (None, [problem]))
        found = converter.peek(row, ("source_ref", "amount", "date", "billing_ref"))
        self.assertEqual(
            found,
            {"source_ref": "P1", "amount": Decimal("2.50"), "billing_ref": None},
        )


@tagged("post_install", "-at_install")
class TestTotalsAndKeys(MappingCase):
    def _converter(self, totals_row):
        profile = replace(mapping.template_profile("payments"), totals_row=totals_row)
        return mapping.compile_profile(profile, PAYMENTS, sheet="Pagamenti")

    def test_totals_rows(self):
        for cells_ in (
            {"Id pagamento": "Totale", "Importo": "1234,50"},
            {"Numero bolletta": "TOTALI:", "Importo": 1234.5},
            {"Data": "Totale generale", "Importo": "1234,50"},
        ):
            row = cells.from_json(9, cells_, PAYMENTS)
            for rule, code in (
                ("skip", "totals_row_skipped"),
                ("refuse", "totals_row"),
            ):
                record, [problem] = self._converter(rule).convert(row)
                self.assertIsNone(record)
                self.assertEqual((problem.code, problem.row), (code, 9))
                self.assertEqual(problem.is_notice, rule == "skip")
                self.assertEqual(Decimal(problem.params["amount"]), Decimal("1234.5"))

    def test_totals_row_in_merged_cells_or_with_a_formula(self):
        row = cells.from_json(9, {"Id pagamento": "Totale"}, PAYMENTS)
        row.cells["Importo"] = Cell("=SUM(D2:D8)", "formula")
        [problem] = self._converter("skip").convert(row)[1]
        self.assertEqual((problem.code, problem.params), ("totals_row_skipped", {}))
        row = row._replace(issues=(Issue("merged_cells", row=9),))
        [problem] = self._converter("skip").convert(row)[1]
        self.assertEqual(problem.code, "totals_row_skipped")

    def test_what_is_no_totals_row(self):
        converter = self._converter("skip")
        good = {"Id pagamento": "P1", "Data": "2026-02-01", "Importo": 1}
        for change in (
            {"Numero bolletta": "Totale", "Importo": "x"},
            {"Id pagamento": "Totali", "Importo": "x"},
            {"Id pagamento": "", "Numero bolletta": "Toti"},
        ):
            row = cells.from_json(9, {**good, **change}, PAYMENTS)
            codes = [issue.code for issue in converter.convert(row)[1]]
            self.assertNotIn("totals_row_skipped", codes, change)
        row = cells.from_json(9, {**good, "Id pagamento": "Totale"}, PAYMENTS)
        self.assertEqual(converter.convert(row)[0]["source_ref"], "Totale")

    def test_duplicate_keys(self):
        tracker = mapping.KeyTracker("bills", sheet="Bollette")
        first = {"billing_ref": "B1", "contract_code": "K1"}
        self.assertEqual(tracker.check(2, first), [])
        self.assertEqual(tracker.check(3, {**first, "contract_code": "K2"}), [])
        [problem] = tracker.check(7, first)
        self.assertEqual(problem.code, "duplicate_key")
        self.assertEqual((problem.sheet, problem.row), ("Bollette", 7))
        self.assertEqual(problem.column, "Numero bolletta, Codice contratto")
        self.assertEqual(problem.value, "B1, K1")
        self.assertEqual(problem.params, {"first_row": 2})
        self.assertEqual(tracker.check(2, first), [], "the same row read again")


@tagged("post_install", "-at_install")
class TestMessages(BaseCase):
    def test_every_code_has_a_text_and_every_text_a_code(self):
        """Codes are searched in the sources: a new one without text fails here."""
        used = set()
        for name in (
            "csv_reader",
            "mapping",
            "safe_xml",
            "tabular",
            "values",
            "xls_reader",
            "xlsx_package",
            "xlsx_reader",
        ):
            module = __import__(
                f"{messages.__package__}.{name}", fromlist=["x"]
            ).__file__
            with open(module, encoding="utf-8") as source:
                text = source.read()
            used.update(re.findall(r'(?:refuse|make|ValueIssue)\(\s*"(\w+)"', text))
            used.update(
                re.findall(r'(?:code|return) = "(\w+)"|return "(\w+)", \{', text)
            )
            used.update(re.findall(r'"(\w+)" if [^\n]* else "(\w+)"', text))
        used = {
            code
            for found in used
            for code in ([found] if isinstance(found, str) else found)
        }
        known = set(messages.MESSAGES)
        called = {code for code in used if "_" in code or code == "required"}
        self.assertEqual(called - known - {"utf_8"}, set())
        self.assertEqual(known - used, {"unknown_column"})

    def test_placeholders_are_filled(self):
        """Every text with the parameters of a real issue comes out whole."""
        params = {
            field: "x"
            for text in messages.MESSAGES.values()
            for field in re.findall(r"%\((\w+)\)s", text)
        }
        for code in messages.MESSAGES:
            issue = issues.make(
                code,
                sheet="S",
                row=3,
                column="C",
                value="v%s",
                **{
                    name: value
                    for name, value in params.items()
                    if name not in ("sheet", "row", "column", "value")
                },
            )
            text = messages.describe(issue)
            self.assertTrue(text.startswith("Sheet S, row 3, column C: "), text)
            self.assertNotIn("%(", text)
            self.assertNotIn("?)", text)

    def test_places(self):
        issue = Issue("required", "Bollette", 4, "Totale")
        self.assertEqual(
            messages.describe(issue),
            "Sheet Bollette, row 4, column Totale: The value is missing.",
        )
        issue = replace(issue, sheet="", column="")
        self.assertEqual(messages.describe(issue), "Row 4: The value is missing.")
        self.assertEqual(messages.describe(issue, place=False), "The value is missing.")
        self.assertEqual(messages.describe(Issue("empty_file")), "The file is empty.")
        self.assertEqual(
            messages.describe(Issue("of_a_loader", row=1)), "Row 1: of_a_loader"
        )

    def test_missing_parameters_and_translation(self):
        issue = Issue("row_short", row=1)
        self.assertIn("? columns instead of ?", messages.describe(issue))
        seen = []
        messages.describe(issue, lambda text: seen.append(text) or text)
        self.assertEqual(seen, [messages.MESSAGES["row_short"], "Row %(row)s:"])

    def test_values_are_shortened(self):
        issue = issues.make("required", value="a\0b\n" + "x" * 500)
        self.assertEqual(len(issue.value), issues.MAX_VALUE_LENGTH)
        self.assertTrue(set(issue.value) <= set(string.printable) | {"\ufffd", "…"})
        self.assertEqual(issues.make("required", value="a\ud800").value, "a?")


@tagged("post_install", "-at_install")
class TestPurity(BaseCase):
    def test_formats_and_rules_never_import_odoo(self):
        module = Path(messages.__file__).parent.parent
        sources = [*module.glob("formats/**/*.py"), *module.glob("rules/**/*.py")]
        self.assertGreater(len(sources), 15)
        for source in sources:
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module]
                elif isinstance(node, ast.ImportFrom):
                    self.assertLessEqual(node.level, 2, source)
                    self.assertNotIn("models", node.module or "", source)
                tops = {name.partition(".")[0] for name in names}
                self.assertNotIn("odoo", tops, source)

    def test_values_are_exact_types(self):
        names = ("source_ref", "date", "amount")
        profile = ProfileSpec(
            "payments", fields=tuple(FieldSpec(name, (name,)) for name in names)
        )
        row = row_of(source_ref="P1", date=date(2026, 1, 1), amount="5")
        record, problems = mapping.convert(row, profile)
        self.assertEqual(problems, [])
        self.assertIsInstance(record["amount"], Decimal)
        self.assertIs(type(record["date"]), date)
        self.assertIsNone(values.text(cells.EMPTY))

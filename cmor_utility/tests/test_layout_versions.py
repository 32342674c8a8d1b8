import base64
import io
from datetime import date

import openpyxl

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from ..formats import flow_sample, layout_book
from .common import TODAY, CmorCommon
from .layouts import shipped
from .test_layout_book import edited

NEW_DAY = date(2026, 5, 1)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestLayoutVersions(CmorCommon):
    def setUp(self):
        super().setUp()
        self.mine = self.layout.with_user(self.manager)

    def book(self, change=None):
        data = base64.b64decode(self.mine.book)
        return edited(data, change) if change else data

    def wizard(self, change=None, layout=None, **vals):
        layout = layout or self.mine
        action = layout.action_new_version()
        model = self.env[action["res_model"]].with_user(self.manager)
        wizard = model.with_context(**action["context"]).create(
            {
                "file": base64.b64encode(self.book(change)),
                "filename": "SI1.0050 v2.xlsx",
                **vals,
            }
        )
        wizard.action_read()
        return wizard

    def test_what_ships_is_in_the_database(self):
        layouts = self.env["cmor.flow.layout"].search([("company_id", "=", False)])
        found = {layout.type_id.code: layout for layout in layouts}
        for code, spec in shipped().items():
            self.assertEqual(found[code]._spec(), spec, code)
            self.assertEqual(found[code].state, "to_check")
            self.assertFalse(found[code].warning)
        field = self.env.ref(
            "cmor_utility.layout_si1_0050_piva_controparte_commerciale"
        )
        self.assertEqual(field.source, "cc_vat")

    def test_an_update_leaves_the_layouts_of_the_users_alone(self):
        layouts = self.env["cmor.flow.layout"]
        ack = self.env.ref("cmor_utility.layout_si1_0100")
        ack.field_ids[-1].unlink()
        ack.field_ids[0].note = "nostro"
        before = ack._rows()
        notice = self.env.ref("cmor_utility.layout_ai2_0200")
        notice.unlink()
        count = layouts.search_count([])
        layouts._load_shipped()
        self.assertEqual(ack._rows(), before)
        self.assertEqual(layouts.search_count([]), count + 1)
        self.assertEqual(
            self.env.ref("cmor_utility.layout_ai2_0200")._spec(), shipped()["AI2.0200"]
        )

    # --- replacing a layout -------------------------------------------------------

    def changed_wizard(self):
        """A workbook with a field longer, one new, one gone, from ``NEW_DAY``."""

        def change(book):
            page = book[layout_book.FIELDS_SHEET]
            page.cell(28, 3).value = 500
            page.delete_rows(12)
            page.append(["NUOVO", "decimale", 9, 2, "facoltativo"])
            book[layout_book.SETTINGS_SHEET].cell(3, 2).value = NEW_DAY

        return self.wizard(change)

    def test_differences_are_shown(self):
        wizard = self.changed_wizard()
        self.assertEqual((wizard.state, wizard.date_from), ("ready", NEW_DAY))
        self.assertRecordValues(
            wizard.line_ids,
            [
                {
                    "kind": "changed",
                    "name": "NOTE",
                    "old_value": "255",
                    "new_value": "500",
                },
                {
                    "kind": "added",
                    "name": "NUOVO",
                    "old_value": "",
                    "new_value": "Kind: Decimal; Length: 9; Decimals: 2",
                },
                {
                    "kind": "removed",
                    "name": "CF_STRANIERO",
                    "old_value": "Kind: Code of a table; Length: 1;"
                    " Requirement: Mandatory; Meaning: Foreign customer: 0 or 1;"
                    " Codes allowed: 0, 1; Note: [S] NODE, BC",
                    "new_value": "",
                },
            ],
        )
        self.assertFalse(self.mine.date_to)

    def test_new_version_from_a_workbook(self):
        """Gate 28: the version in force ends by itself, the day before the new one."""
        wizard = self.changed_wizard()
        wizard.source = "Specifica SI v9"
        action = wizard.action_apply()
        new = self.env["cmor.flow.layout"].browse(action["res_id"])
        self.assertRecordValues(
            new,
            [
                {
                    "state": "to_check",
                    "date_from": NEW_DAY,
                    "date_to": False,
                    "source": "Specifica SI v9",
                    "acknowledged_by_id": False,
                }
            ],
        )
        self.assertEqual(self.mine.date_to, date(2026, 4, 30))
        self.assertEqual(new.field_ids[-1].name, "NUOVO")
        self.assertEqual(new.message_attachment_count, 1)
        find = self.env["cmor.flow.layout"]._find
        company = self.company
        for day, layout in ((date(2026, 4, 30), self.layout), (NEW_DAY, new)):
            self.assertEqual(find("claim_request", company, day), layout)
        new.action_confirm()
        self.assertEqual(new.state, "confirmed")

    def test_a_version_between_two(self):
        later = self.layout._new_version(date(2027, 1, 1), {}, self.layout._rows())
        middle = self.layout._new_version(NEW_DAY, {}, self.layout._rows())
        self.assertEqual(
            [v.date_to for v in (self.layout, middle, later)],
            [date(2026, 4, 30), date(2026, 12, 31), False],
        )
        self.assertEqual(middle._spec(), self.layout._spec())

    def test_a_day_that_is_taken(self):
        wizard = self.wizard()
        self.assertFalse(wizard.date_from)
        with self.assertRaisesRegex(UserError, "from which day"):
            wizard.action_apply()
        for day, reason in (
            (self.layout.date_from, "already"),
            (date(1999, 1, 1), "must begin after"),
        ):
            wizard.date_from = day
            with self.assertRaisesRegex(UserError, reason):
                wizard.action_apply()

    def test_errors_are_told_and_nothing_is_applied(self):
        def change(book):
            book[layout_book.FIELDS_SHEET].cell(2, 2).value = "parola"

        wizard = self.wizard(change, date_from=NEW_DAY)
        self.assertEqual(wizard.state, "errors")
        self.assertIn("Row 2: COD_SERVIZIO · Tipo", wizard.line_ids.what)
        count = self.env["cmor.flow.layout"].search_count([])
        wizard.action_apply()
        self.assertEqual(self.env["cmor.flow.layout"].search_count([]), count)
        other = self.env.ref("cmor_utility.layout_si1_0100").with_user(self.manager)
        wizard = self.wizard(layout=other)
        self.assertEqual(wizard.state, "errors")
        self.assertIn("SI1.0050", wizard.line_ids.what)
        wizard.file = base64.b64encode(b"%PDF-1.4")
        wizard.action_read()
        self.assertEqual(wizard.state, "errors")

    def test_only_managers_replace_a_layout(self):
        with self.assertRaises(AccessError):
            self.layout.with_user(self.operator).action_new_version()
        with self.assertRaises(AccessError):
            self.env["cmor.layout.import.wizard"].with_user(self.operator).create(
                {"layout_id": self.layout.id}
            )

    def test_renamed_field_is_one_line(self):
        def change(book):
            book[layout_book.FIELDS_SHEET].cell(6, 1).value = "CODICE_PRATICA"

        wizard = self.wizard(change)
        self.assertRecordValues(
            wizard.line_ids,
            [
                {
                    "kind": "renamed",
                    "name": "CODICE_PRATICA",
                    "old_value": "CP_UTENTE",
                    "new_value": "CODICE_PRATICA",
                }
            ],
        )
        self.assertIn("1 renamed", wizard.summary)

    def test_mandatory_field_that_nobody_fills(self):
        """Told when the workbook is read, not by an export that leaves all out."""

        def change(book):
            page = book[layout_book.FIELDS_SHEET]
            page.append(["CAUSALE", "testo", 3, None, "obbligatorio"])

        wizard = self.wizard(change, date_from=NEW_DAY, source="v2")
        self.assertIn("CAUSALE: mandatory, but without a meaning", wizard.summary)
        new = self.env["cmor.flow.layout"].browse(wizard.action_apply()["res_id"])
        self.assertIn("CAUSALE", new.warning)
        with self.assertRaisesRegex(UserError, "CAUSALE"):
            new.with_user(self.manager).action_confirm()
        new.field_ids[-1].required = "optional"
        self.assertFalse(new.warning)
        ack = self.env.ref("cmor_utility.layout_si1_0100").with_user(self.manager)
        self.assertFalse(
            ack._unfilled_warning([{"name": "A", "required": "mandatory"}])
        )

    def test_two_edits_at_once(self):
        """What another manager changed meanwhile is shown before it is overwritten,
        and a version brought in meanwhile is never replaced unseen."""
        wizard = self.changed_wizard()
        shown = len(wizard.line_ids)
        self.mine.field_ids[-1].max_length = 300
        action = wizard.action_apply()
        self.assertEqual(action["res_model"], wizard._name)
        self.assertIn("was changed while", wizard.summary)
        self.assertEqual(
            (len(wizard.line_ids), wizard.line_ids[0].old_value), (shown, "300")
        )
        other = self.wizard(date_from=date(2026, 4, 20))
        other.action_apply()
        with self.assertRaisesRegex(UserError, "compared with"):
            wizard.action_apply()
        self.assertFalse(
            self.env["cmor.flow.layout"].search_count(
                [("type_id", "=", self.mine.type_id.id), ("date_from", "=", NEW_DAY)]
            )
        )

    def test_what_the_second_workbook_says_counts(self):
        """Day and specification are those of the workbook that is read last; those of
        the version that it was made of are nobody's."""
        self.mine.source = "Specifica v1"
        wizard = self.wizard()
        self.assertEqual((wizard.date_from, wizard.source), (False, False))

        def later(source, day):
            def change(book):
                page = book[layout_book.SETTINGS_SHEET]
                page.cell(3, 2).value = day
                page.cell(17, 2).value = source

            return change

        for source, day in (("v2", NEW_DAY), ("v3", date(2026, 6, 1))):
            wizard.file = base64.b64encode(self.book(later(source, day)))
            wizard.action_read()
            self.assertEqual((wizard.date_from, wizard.source), (day, source))

    def test_pattern_of_the_file_name_is_told_when_it_is_read(self):
        def change(book):
            page = book[layout_book.SETTINGS_SHEET]
            for row in page.iter_rows(min_row=2):
                if row[0].value == "Nome del file":
                    row[1].value = "SI1 {flow}.csv"

        wizard = self.wizard(change, date_from=NEW_DAY)
        self.assertEqual(wizard.state, "errors")
        self.assertIn("SI1 {flow}.csv cannot be used", wizard.line_ids.what)

    def test_accepted_as_it_was_no_longer_when_changed(self):
        """Somebody accepted to export with this form unchecked, not with the next."""
        self.assertTrue(self.layout.acknowledged_by_id)
        self.mine.field_ids[-1].note = "vista"
        self.mine.file_name_pattern = "{service}_{n:3}.{ext}"
        self.assertTrue(self.layout.acknowledged_by_id)
        self.mine.field_ids[-1].max_length = 100
        self.assertFalse(self.layout.acknowledged_by_id)

    def test_unsound_layout_writes_no_file(self):
        """A separator that stands in the values: no file leaves, and it is said why."""
        self._create_switch_out("K1")
        practice = self._find()
        self._declare(practice)
        practice.action_confirm()
        self.mine.delimiter = "|"
        self.assertIn("separator", self.mine.preview)
        self.layout.sudo().action_acknowledge()
        with self.assertRaisesRegex(UserError, "cannot be used:\n.*separator"):
            practice.action_export()
        self.mine.delimiter = ";"
        self.mine.type_id.sudo().code = "SI8.0050"
        self.layout.sudo().action_acknowledge()
        with self.assertRaisesRegex(UserError, "COD_SERVIZIO is SI1"):
            practice.action_export()
        self.assertEqual(practice.state, "ready")
        self.assertFalse(practice.code)

    def test_layout_of_a_discarded_file_stays(self):
        self._create_switch_out("K1")
        practice = self._find()
        self._declare(practice)
        practice.action_confirm()
        action = practice.action_export()
        file = self.env["cmor.flow.file"].browse(action["res_id"])
        file.with_user(self.operator).action_discard("prova")
        with self.assertRaisesRegex(UserError, "is kept"):
            self.mine.unlink()
        self.assertEqual(file.layout_id, self.layout)

    def test_preview_says_why_it_is_empty(self):
        field = self.mine.field_ids.filtered(lambda f: f.name == "SETTORE")
        field.source = False
        field.write({"table_codes": "Łódź", "max_length": 4})
        rule = self.mine.field_ids.filtered("condition_field")
        rule.write(
            {"required": "optional", "condition_field": False, "condition_value": False}
        )
        self.mine.encoding = "cp1252"
        self.assertIn("Cannot be written with this layout:", self.mine.preview)
        self.assertIn("SETTORE has characters the file cannot hold", self.mine.preview)

    # --- trying a file --------------------------------------------------------------

    def attempt(self, data, wizard=None, name="a.csv"):
        if wizard is None:
            action = self.layout.with_user(self.operator).action_try()
            wizard = (
                self.env[action["res_model"]]
                .with_user(self.operator)
                .with_context(**action["context"])
                .create({})
            )
        wizard.write({"file": base64.b64encode(data), "filename": name})
        wizard.action_read()
        return wizard

    def test_try_a_file(self):
        data, rules = flow_sample.sample(self.layout._spec(), 3, bad=True)
        wizard = self.attempt(data)
        bad = len([rule for rule in rules if rule])
        self.assertEqual((wizard.state, wizard.wrong_count), ("read", bad))
        self.assertIn(f"3 rows understood, {bad} with something wrong.", wizard.summary)
        self.assertEqual(len(wizard.line_ids), len(rules))
        self.assertIn("is not the code expected: XXX", wizard.line_ids[0].problem)
        self.assertFalse(wizard.line_ids[-1].problem)
        self.assertIn("CP_UTENTE = E26-00000003", wizard.line_ids[-1].values)
        data, _rules = flow_sample.sample(shipped()["SI1.0100"], 1)
        wizard = self.attempt(data)
        self.assertEqual(wizard.state, "refused")
        self.assertIn("Columns missing: SETTORE", wizard.summary)

    def test_try_a_file_with_a_version_that_is_not_there_yet(self):
        def change(book):
            book[layout_book.FIELDS_SHEET].cell(6, 3).value = 3

        wizard = self.wizard(change)
        attempt = self.env["cmor.layout.try.wizard"].browse(
            wizard.action_try()["res_id"]
        )
        data, _rules = flow_sample.sample(self.layout._spec(), 2)
        attempt = self.attempt(data, attempt.with_user(self.manager))
        self.assertEqual(attempt.wrong_count, 2)
        self.assertIn("CP_UTENTE is longer than 3", attempt.line_ids[0].problem)
        self.assertEqual(attempt.action_back()["res_id"], wizard.id)

    # --- form -------------------------------------------------------------------------

    def test_preview(self):
        self.assertEqual(
            self.mine.file_name_preview, "SI1.0050_12345670017_20260115103000_001.csv"
        )
        self.assertIn(
            "SI1;0050;12345670017;05877611003;E26-00000001", self.mine.preview
        )
        with Form(self.mine) as form:
            form.file_format = "xml"
            self.assertTrue(form.file_name_preview.endswith("_001.xml"))
            self.assertIn("<CP_UTENTE>E26-00000001</CP_UTENTE>", form.preview)
            with form.field_ids.edit(6) as field:
                field.condition_field = "NIENTE"
            self.assertIn("has no field NIENTE", form.preview)
        with self.assertRaisesRegex(UserError, "has no field NIENTE"):
            self.mine.action_download_schema()

    def test_downloads(self):
        for name, end in (
            ("book", "book?download=true&filename=SI1.0050_20180101.xlsx"),
            ("schema", "schema?download=true&filename=SI1.0050_20180101.xsd"),
            ("sample", "sample?download=true&filename=SI1.0050_20180101_esempio.csv"),
            (
                "bad_sample",
                "bad_sample?download=true&filename=SI1.0050_20180101_errori.csv",
            ),
        ):
            action = getattr(self.mine, f"action_download_{name}")()
            self.assertTrue(action["url"].endswith(end), action["url"])
            self.assertTrue(base64.b64decode(self.mine[name]))
        book = openpyxl.load_workbook(io.BytesIO(self.book()))
        self.assertEqual(book.sheetnames, ["Campi", "Impostazioni", "Significati"])

    def test_codes_of_another_flow(self):
        field = self.mine.field_ids[1]
        field.write({"fixed_value": "0051"})
        self.assertIn("COD_FLUSSO is 0051", self.mine.warning)
        self.mine.source = "x"
        with self.assertRaisesRegex(UserError, "COD_FLUSSO is 0051"):
            self.mine.action_confirm()

    def test_settings_that_cannot_be(self):
        for vals in (
            {"xml_record": "a b"},
            {"xml_root": "A//B"},
            {"delimiter": ",", "decimal_mark": ","},
            {"file_name_pattern": "{nome}.csv"},
        ):
            with self.assertRaises(ValidationError):
                self.mine.write(vals)
        for vals in (
            {"name": "9A"},
            {"decimals": 3},
            {"kind": "fixed", "fixed_value": False},
            {"kind": "group"},
            {"source": "bills"},
        ):
            with self.assertRaises(ValidationError):
                self.mine.field_ids[4].write(vals)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestTooLong(CmorCommon):
    def test_one_character_too_long(self):
        """Gate 29: a field one character too long stays out, the others go."""
        self._create_switch_out("K1")
        second = self._create_switch_out("K2")
        practices = self._find().sorted("id")
        name = self.layout.field_ids.filtered(lambda f: f.source == "last_name")
        second.partner_id.name = "Mario Rossini"
        name.sudo().max_length = len("Rossini") - 1
        self.layout.sudo().action_acknowledge()
        self._declare(practices)
        practices.action_confirm()
        action = practices.action_export()
        file = self.env["cmor.flow.file"].browse(action["res_id"])
        self.assertEqual((file.count_written, file.count_refused), (1, 1))
        refused = file.record_ids.filtered(lambda record: record.state == "refused")
        self.assertEqual(refused.practice_id.contract_id, second)
        self.assertEqual(
            [(issue["field"], issue["rule"]) for issue in refused.issues],
            [("COGNOME", "too_long")],
        )
        self.assertNotIn(b"Rossini", file.attachment_id.raw)
        self.assertIn(b";Rossi;", file.attachment_id.raw)
        self.assertEqual(practices.mapped("state"), ["exported", "ready"])
        self.assertEqual(practices[0].company_id, self.company)
        self.assertLess(practices[0].date_end, TODAY)

"""Rows set aside, rights, bad files, profiles and the direct feed."""

import base64
import io
import zipfile
from datetime import date

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.utility_supply.formats import datasets, workbook
from odoo.addons.utility_supply.formats.issues import FileRefused
from odoo.addons.utility_supply.models.import_reading import MASK
from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    bill,
    contract,
    csv_file,
    customer,
    payment,
    xlsx,
)

# a layout that is not ours
SAMPLE = (
    b"NUM;ANNO;CTR;EMESSA;SCADE;IMPORTO EURO;SEGNO\n"
    b"77;2026;S00001;20260110;20260209;1.234,50;D\n"
    b"78;2026;S00002;20260110;20260209;50,00;A\n"
)


@tagged("post_install", "-at_install")
class TestImportQuarantine(ImportCommon):
    def quarantined(self):
        """A batch with one row in error (a wrong codice fiscale)."""
        records = [customer(1), customer(2, fiscal_code="WRONG")]
        batch = self.load_records(customers=records)["customers"]
        (row,) = batch.row_ids
        return batch, row

    def test_reason_names_sheet_row_and_column(self):
        batch, row = self.quarantined()
        self.assertEqual((row.row_number, row.column), (3, "Codice fiscale"))
        for part in ("Clienti", "3", "Codice fiscale", "WRONG"):
            self.assertIn(part, row.reason)
        self.assertEqual(batch.state, "partial")
        self.assertIn("WRONG", row.cells_html)

    def test_correct_and_retry_on_screen(self):
        """Row I10: corrected on screen."""
        batch, row = self.quarantined()
        fix = (
            self.env["utility.import.row.fix"]
            .with_user(self.utility_user)
            .with_context(default_row_id=row.id)
            .create({})
        )
        self.assertEqual(
            fix.line_ids[0].heading, "Codice fiscale", "the wrong one first"
        )
        fix.line_ids[0].value = "STILLWRONG"
        fix.action_retry()
        self.assertEqual(row.state, "open")
        self.assertIn("STILLWRONG", row.reason)
        fix.line_ids[0].value = "RSSMRA80A01F205X"
        fix.action_retry()
        self.assertEqual((row.state, row.closed_by_id), ("applied", self.utility_user))
        self.assertEqual((batch.state, batch.count_created), ("done", 2))
        self.assertEqual(
            row.raw["Codice fiscale"], "WRONG", "what came stays as it came"
        )

    def test_discard_wants_a_reason(self):
        batch, row = self.quarantined()
        rows = row.with_user(self.utility_user)
        with self.assertRaises(UserError):
            rows._discard("  ")
        wizard = self.env["utility.import.row.discard"].with_user(self.utility_user)
        wizard.create(
            {"row_ids": [Command.set(row.ids)], "reason": "test data"}
        ).action_discard()
        self.assertEqual((row.state, row.discard_reason), ("discarded", "test data"))
        self.assertEqual(batch.state, "done")
        with self.assertRaises(UserError):
            rows._correct({"Codice fiscale": "x"})

    def test_sent_back_as_xlsx_and_uploaded_corrected(self):
        batch, row = self.quarantined()
        data, name = batch.with_user(self.utility_user)._errors_bytes()
        book = openpyxl.load_workbook(io.BytesIO(data))
        page = book.active
        headings = [cell.value for cell in page[1]]
        self.assertEqual(page.max_row, 2)
        reason = page.cell(2, headings.index(workbook.REASON_HEADING) + 1)
        self.assertEqual(reason.value, row.reason)
        page.cell(2, headings.index("Codice fiscale") + 1).value = "RSSMRA80A01F205X"
        stream = io.BytesIO()
        book.save(stream)
        again = self.load(stream.getvalue(), name)
        self.assertEqual((again.state, again.count_created), ("done", 1))
        self.assertEqual((row.state, row.applied_batch_id), ("applied", again))
        self.assertEqual(batch.state, "done")

    def test_state_cannot_be_written(self):
        batch, row = self.quarantined()
        for record, vals in (
            (row, {"state": "applied"}),
            (row, {"raw": {}}),
            (row, {"corrected": {"Codice fiscale": "x"}}),
            (batch, {"state": "done"}),
            (batch, {"next_row": 0}),
            (batch, {"count_created": 99}),
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                record.with_user(self.utility_admin).write(vals)
        with self.assertRaises(AccessError):
            batch.file_id.with_user(self.utility_admin).write({"filename": "x"})
        with self.assertRaises(AccessError):
            row.with_user(self.utility_admin).unlink()

    # -- rights --------------------------------------------------------------------

    def test_humble_user(self):
        stranger = self._create_user("stranger", "base.group_user")
        batch, row = self.quarantined()
        for records in (batch, row, batch.file_id):
            with self.assertRaises(AccessError):
                records.with_user(stranger).read(["create_date"])
        upload = {"data": base64.b64encode(b"x"), "filename": "x.csv"}
        with self.assertRaises(AccessError):
            self.env["utility.import.upload"].with_user(stranger).create(upload)
        with self.assertRaises(AccessError):
            self.batches.with_user(stranger).ingest("customers", [customer(5)])
        with self.assertRaises(AccessError):
            row.with_user(stranger).action_retry()
        profile = batch.profile_id
        with self.assertRaises(AccessError):
            profile.with_user(self.utility_user).write({"sheet": "x"})
        source = self.env["utility.import.source"]
        with self.assertRaises(AccessError):
            source.with_user(self.utility_user).create({"name": "x", "path": "x"})

    def test_clerk_uploads(self):
        """The ordinary user loads a file that only the program could write."""
        upload = (
            self.env["utility.import.upload"]
            .with_user(self.utility_user)
            .create(
                {
                    "data": base64.b64encode(
                        xlsx({"customers": [customer(1)], "contracts": [contract(1)]})
                    ),
                    "filename": "carico.xlsx",
                }
            )
        )
        upload.action_apply()
        batches = self.batches.with_user(self.utility_user).search([])
        self.assertEqual(batches.mapped("state"), ["done", "done"])
        self.assertEqual(batches.create_uid, self.utility_user)
        self.assertFalse(self.env["utility.contract"].search([]).message_follower_ids)

    def test_other_company_sees_nothing(self):
        batch, row = self.quarantined()
        other = self._create_user("other_clerk", "group_utility_user")
        other.write(
            {
                "company_ids": [Command.set(self.other_company.ids)],
                "company_id": self.other_company.id,
            }
        )
        for records in (batch, row, batch.file_id, batch.file_id.attachment_id):
            model = records.with_user(other)
            self.assertFalse(model.search([("id", "in", records.ids)]))
            with self.assertRaises(AccessError):
                model.read(["create_date"])
        with self.assertRaises(AccessError):
            self.batches.with_user(other).ingest(
                "customers", [customer(5)], company=self.company.id
            )
        # the same codes belong to another customer there
        answer = self.batches.with_user(other).ingest(
            "customers", [_named(customer(1))], company=self.other_company.id
        )
        self.assertEqual(answer["applied"], 1)
        partners = self.env["res.partner"].search([("billing_code", "=", "K00001")])
        self.assertEqual(partners.company_id, self.company | self.other_company)
        # and a bill never finds a contract of the other company
        self.load_records(contracts=[contract(1)])
        answer = self.batches.with_user(other).ingest(
            "bills", [_named(bill("B1", 1))], company=self.other_company.id
        )
        self.assertIn("unknown_contract", {one["code"] for one in answer["errors"]})

    def test_protected_data_stay_reserved(self):
        """Bonus and life support: masked in rows, in sheets and in the file itself."""
        record = customer(
            1,
            fiscal_code="WRONG",
            bonus_kind="Salvavita",
            bonus_from=date(2026, 1, 1),
            bonus_protocol="PROT-77",
        )
        batch = self.load_records(customers=[record])["customers"]
        (row,) = batch.row_ids
        clerk, reader = (
            row.with_user(self.utility_user),
            row.with_user(self.protected_reader),
        )
        self.assertNotIn("PROT-77", clerk.cells_html)
        self.assertIn(MASK, clerk.cells_html)
        self.assertNotIn("PROT-77", str(clerk.raw))
        with self.assertRaises(AccessError):
            clerk.read(["raw_protected"])
        self.assertIn("PROT-77", reader.cells_html)
        self.assertTrue(batch.file_id.has_protected_data)
        with self.assertRaises(AccessError):
            batch.file_id.attachment_id.with_user(self.utility_user).read(["raw"])
        with self.assertRaises(UserError):
            clerk._correct({"Bonus": "Bonus economico"})
        data, _name = batch.with_user(self.utility_user)._errors_bytes()
        texts = _texts(data)
        self.assertIn(MASK, texts)
        self.assertNotIn("PROT-77", texts)
        data, _name = batch.with_user(self.protected_reader)._errors_bytes()
        self.assertIn("PROT-77", _texts(data))
        clerk._correct({"Codice fiscale": "RSSMRA80A01F205X"})
        clerk.action_retry()
        protections = self.env["utility.protection"].search([])
        self.assertEqual(protections.mapped("protocol"), ["PROT-77"])

    # -- bad files -----------------------------------------------------------------

    def test_bad_files_leave_nothing(self):
        """Each is refused with a sentence that names what is wrong."""
        self.load_base()
        good = [bill("B1", 1)]
        cases = {
            "empty": (b"", "b.xlsx", "empty|vuoto"),
            "wrong extension": (xlsx({"bills": good}), "b.csv", r"\.csv"),
            "foreign": (b"%PDF-1.7", "b.pdf", "b.pdf"),
            "corrupt": (xlsx({"bills": good})[:900], "b.xlsx", "damaged|danneggiata"),
            "column": (_without_column("Totale"), "b.xlsx", "Bollette.*Totale"),
            "sheet": (_renamed("Foglio1"), "b.xlsx", "profil"),
            "merged": (_merged_header(), "b.xlsx", "Bollette.* 1: .*(merged|unite)"),
            "bomb": (_bomb(), "b.xlsx", "too large|troppo grande"),
            "entity": (_entity(), "b.xlsx", "XML"),
            "protected": (_protected(), "b.xlsx", "password"),
        }
        before = self.counts()
        for name, (data, filename, expected) in cases.items():
            with self.subTest(case=name):
                try:
                    batches = self.load(data, filename)
                    self.assertEqual(set(batches.mapped("state")), {"refused"})
                    text = "\n".join(batches.mapped("message"))
                except FileRefused as refusal:
                    upload = self.env["utility.import.upload"]
                    text = upload._sentences(refusal)
                self.assertRegex(text, expected)
                self.assertEqual(self.counts(), before)

    def test_bad_cells(self):
        """A formula, a date as text or as a number, a doubtful amount."""
        self.load_base()
        good = bill("B9", 1)
        cases = {
            "formula_cell": {"total": "=50+50"},
            "ambiguous_number": {"total": "1.234"},
            "bad_date": {"due_date": "01/02/26"},
            "impossible_date": {"due_date": "31/02/2026"},
            "date_as_number": {"due_date": 46054},
            "required": {"due_date": None},
            "unknown_code": {"document_type": "XX"},
        }
        records = [
            {**bill(f"B{n}", 1), **wrong} for n, wrong in enumerate(cases.values(), 1)
        ]
        batch = self.load(_typed_workbook([*records, good]))
        found = {row.row_number: row.issue_code for row in batch.row_ids}
        self.assertEqual(found, dict(enumerate(cases, 2)))
        for row in batch.row_ids:
            self.assertRegex(row.reason, rf"^\w+ Bollette, \w+ {row.row_number}, col")
        self.assertEqual(batch.count_created, 1)

    def test_upload_says_what_is_wrong(self):
        upload = self.env["utility.import.upload"].create(
            {
                "company_id": self.company.id,
                "data": base64.b64encode(b"a;b\n1;2\n"),
                "filename": "x.csv",
            }
        )
        upload._onchange_data()
        self.assertRegex(upload.problem, "[Pp]rofil")
        with self.assertRaises(UserError):
            upload.action_apply()

    # -- profiles --------------------------------------------------------------------

    def test_template_can_be_downloaded_and_comes_back(self):
        """Row I07."""
        profiles = self.env["utility.import.profile"]._shipped()
        # a module of ours may ship more
        self.assertLessEqual(set(datasets.BASE), set(profiles.mapped("dataset")))
        data, _name = profiles[0]._template_bytes()
        book = openpyxl.load_workbook(io.BytesIO(data))
        self.assertIn("Solleciti pregressi", book.sheetnames)
        with self.assertRaises(ValidationError):
            profiles.unlink()
        batch = self.load(data)
        self.assertEqual(batch.state, "refused", "no rows")

    def test_shipped_profiles_are_loaded_again(self):
        profiles = self.env["utility.import.profile"]
        before = profiles._shipped()
        profiles._utility_load_shipped_profiles()
        self.assertEqual(profiles._shipped(), before)
        self.assertTrue(all(profile.field_count > 5 for profile in before))

    def test_profile_from_a_sample(self):
        """Row I03.

        Another layout: other headings, text dates, joined and translated
        columns.
        """
        self.load_base()
        wizard = self._sample_wizard()
        wizard.action_read()
        columns = {column.name: column for column in wizard.column_ids}
        self.assertIn("77", columns["NUM"].values)
        self._map_sample({line.target: line for line in wizard.line_ids}, columns)
        wizard.action_preview()
        self.assertIn("77/2026", wizard.preview_html)
        self.assertIn("1234.50", wizard.preview_html)
        wizard.write({"name": "Old billing", "code": "old-bills"})
        action = wizard.action_save()
        profile = self.env["utility.import.profile"].browse(action["res_id"])
        batch = self.load(SAMPLE, "tonight.csv")
        self.assertEqual(batch.profile_id, profile)
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        told = {"invoice_date_due": date(2026, 2, 9), "reading_kind": "actual"}
        self.assertRecordValues(
            self.bill_of("77/2026") | self.bill_of("78/2026"),
            [
                {"move_type": "out_invoice", "amount_total": 1234.5, **told},
                {"move_type": "out_refund", "amount_total": 50.0, **told},
            ],
        )
        data, name = profile._template_bytes()
        self.assertEqual(name, "old-bills.csv")
        self.assertIn(b"IMPORTO EURO", data)

    def _sample_wizard(self):
        wizards = self.env["utility.import.profile.wizard"]
        return wizards.with_user(self.utility_admin).create(
            {
                "dataset": "bills",
                "company_id": self.company.id,
                "sample": base64.b64encode(SAMPLE),
                "sample_filename": "old.csv",
                "decimal_mark": "comma",
                "thousands_mark": "point",
                "date_form": "ymd",
            }
        )

    def _map_sample(self, lines, columns):
        lines["billing_ref"].write(
            {
                "column_ids": [Command.set((columns["NUM"] | columns["ANNO"]).ids)],
                "transform": "concat",
                "separator": "/",
            }
        )
        for target, name in (
            ("contract_code", "CTR"),
            ("date", "EMESSA"),
            ("due_date", "SCADE"),
            ("total", "IMPORTO EURO"),
        ):
            lines[target].column_ids = columns[name]
        lines["document_type"].write(
            {
                "column_ids": [Command.set(columns["SEGNO"].ids)],
                "transform": "map",
                "code_map": "D = FT\nA = NC",
            }
        )
        lines["reading_kind"].write({"transform": "constant", "constant": "Effettiva"})

    def test_rows_of_a_csv_come_back_as_xlsx(self):
        """The profile of a CSV source reads the sheet of corrections too."""
        records = [customer(1), customer(2, fiscal_code="WRONG")]
        batch = self.load(csv_file("customers", records), "night.csv")
        data, name = batch._errors_bytes()
        again = self.load(data, name)
        self.assertEqual(again.count_quarantined, 1)
        self.assertEqual(again.row_ids.issue_code, "bad_fiscal_code")

    # -- direct feed -----------------------------------------------------------------

    def test_ingest(self):
        feed = self.batches.with_user(self.utility_user)
        self.load_base()
        rows = [
            {**_named(bill("B1", 1)), "total": 100.0},
            {**_named(bill("B2", 77)), "total": 50.5},
            {"Numero bolletta": "B3", **_headed(bill("B3", 2))},
        ]
        answer = feed.ingest("bills", rows, idempotency_key="night-1")
        self.assertEqual(
            {key: answer[key] for key in ("received", "applied", "quarantined")},
            {"received": 3, "applied": 2, "quarantined": 1},
        )
        (error,) = answer["errors"]
        self.assertEqual((error["row"], error["code"]), (2, "unknown_contract"))
        self.assertEqual(error["column"], "Codice contratto")
        self.assertEqual(self.bill_of("B1").invoice_date, date(2026, 1, 10))
        before = self.counts()
        self.assertEqual(feed.ingest("bills", rows, idempotency_key="night-1"), answer)
        self.assertEqual(self.counts(), before)
        with self.assertRaisesRegex(ValidationError, "night-1"):
            feed.ingest("bills", rows[:1], idempotency_key="night-1")
        (row,) = self.batches.browse(answer["batch_id"]).row_ids
        row._correct({"Codice contratto": "S00002"})
        row.action_retry()
        self.assertEqual(self.bill_of("B2").amount_total, 50.5)

    def test_ingest_wrong_calls(self):
        feed = self.batches.with_user(self.utility_user)
        good = [_named(customer(1))]
        for arguments in (
            ("nothing", good),
            ("customers", []),
            ("customers", "rows"),
            ("customers", ["row"]),
            ("customers", [{"billing_code": "K1", "unknown_name": 1}]),
            ("customers", [{"billing_code": ["K1"]}]),
            ("customers", good * 5001),
        ):
            with (
                self.subTest(call=str(arguments)[:60]),
                self.assertRaises(ValidationError),
            ):
                feed.ingest(*arguments)
        self.assertFalse(self.batches.search([]))

    def test_ingest_control_totals(self):
        self.load_base()
        feed = self.batches.with_user(self.utility_user)
        rows = [{**_named(payment("P1", None, customer_code="K00001")), "amount": 10}]
        answer = feed.ingest("payments", rows, control_count=2)
        self.assertEqual((answer["state"], answer["applied"]), ("refused", 0))
        self.assertEqual(answer["errors"][0]["code"], "control_count")
        answer = feed.ingest("payments", rows, control_count=1, control_amount=10.0)
        self.assertEqual((answer["state"], answer["applied"]), ("done", 1))


def _named(record):
    """A record as a client sends it: field names, dates as text."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in record.items()
        if value is not None and not hasattr(value, "as_tuple")
    } | {
        name: float(value)
        for name, value in record.items()
        if hasattr(value, "as_tuple")
    }


def _headed(record):
    """A record under the columns of the template, as text."""
    return {
        "Codice contratto": record["contract_code"],
        "Tipo documento": "FT",
        "Data emissione": "10/01/2026",
        "Data scadenza": "09/02/2026",
        "Totale": "100,00",
    }


def _texts(data):
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [str(cell.value) for row in book.active.iter_rows() for cell in row]


def _book():
    return openpyxl.load_workbook(io.BytesIO(xlsx({"bills": [bill("B1", 1)]})))


def _saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _without_column(heading):
    book = _book()
    page = book.active
    for cell in page[1]:
        if cell.value == heading:
            page.delete_cols(cell.column)
            break
    return _saved(book)


def _renamed(name):
    book = _book()
    book.active.title = name
    book.active["A1"].value = "Altro"
    return _saved(book)


def _merged_header():
    book = _book()
    book.active.merge_cells("C1:D1")
    return _saved(book)


def _rewritten(change):
    """The workbook with one part of its package changed."""
    source = zipfile.ZipFile(io.BytesIO(xlsx({"bills": [bill("B1", 1)]})))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return stream.getvalue()


def _bomb():
    def change(name, data):
        if name == "xl/worksheets/sheet1.xml":
            return data.replace(b"<sheetData>", b"<sheetData>" + b" " * 200_000_000)
        return data

    return _rewritten(change)


def _entity():
    doctype = b'<!DOCTYPE x [<!ENTITY a "boom">]>'

    def change(name, data):
        if name == "xl/worksheets/sheet1.xml":
            return data.replace(b"<worksheet", doctype + b"<worksheet", 1)
        return data

    return _rewritten(change)


def _protected():
    """What Excel writes for a workbook with a password: an OLE file."""
    stream = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream + bytes(1024)


def _typed_workbook(records):
    """A workbook written by openpyxl: formulas are formulas, numbers numbers."""
    book = _book()
    page = book.active
    headings = [cell.value for cell in page[1]]
    columns = {
        "billing_ref": "Numero bolletta",
        "contract_code": "Codice contratto",
        "document_type": "Tipo documento",
        "date": "Data emissione",
        "due_date": "Data scadenza",
        "total": "Totale",
    }
    for number, record in enumerate(records, 2):
        for name, heading in columns.items():
            cell = page.cell(number, headings.index(heading) + 1)
            cell.value = record[name]
    return _saved(book)

"""Files become records: datasets, forms, repetition, interruption."""

import contextlib
import io
import zipfile
from datetime import date
from decimal import Decimal
from unittest import mock

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.utility_supply.formats.issues import FileRefused
from odoo.addons.utility_supply.models import import_engine
from odoo.addons.utility_supply.tests import formats_samples
from odoo.addons.utility_supply.tests.import_common import (
    ImportCommon,
    bill,
    contract,
    csv_file,
    customer,
    payment,
    xls,
    xlsx,
)


@tagged("post_install", "-at_install")
class TestImportLoad(ImportCommon):
    def test_new_customers_are_written_to_in_italian(self):
        """Odoo would take the database's first language: dates as 10/25/2026."""
        self.env["res.lang"]._activate_lang("it_IT")
        records = [customer(1), customer(2, lang="EN")]
        self.load_records(customers=records)
        partners = self.env["res.partner"].search(
            [("billing_code", "in", [record["billing_code"] for record in records])],
            order="billing_code",
        )
        self.assertEqual(partners.mapped("lang"), ["it_IT", "en_US"])

    def test_workbook_of_five_sheets(self):
        """All datasets in one workbook, in any order of its sheets."""
        proofs = io.BytesIO()
        with zipfile.ZipFile(proofs, "w") as archive:
            archive.writestr("prove/S1.pdf", b"%PDF proof")
        notice = {
            "ref": "N1",
            "contract_code": "S00001",
            "kind": "Costituzione in mora",
            "channel": "PEC",
            "sent_date": date(2026, 3, 1),
            "notified_date": date(2026, 3, 2),
            "pay_term": date(2026, 3, 31),
            "cmor_warning": "S",
            "amount": Decimal("100.00"),
            "billing_refs": "B1",
            "proof_file": "S1.pdf",
        }
        data = xlsx(
            {
                "notices": [notice],
                "payments": [payment("P1", "B2", "40.00")],
                "bills": [bill("B1", 1), bill("B2", 1, "60.00")],
                "contracts": [contract(1)],
                "customers": [customer(1)],
            }
        )
        batches = self.load(data, proofs=proofs.getvalue())
        reasons = batches.row_ids.mapped("reason")
        self.assertEqual(batches.mapped("state"), ["done"] * 5, reasons)
        self.assertEqual(
            batches.mapped("dataset"),
            ["customers", "contracts", "bills", "payments", "notices"],
        )
        bills = self.bill_of("B1") | self.bill_of("B2")
        self.assertEqual(bills.mapped("state"), ["posted", "posted"])
        self.assertEqual(bills.mapped("amount_residual"), [100.0, 20.0])
        supply = bills[0].utility_contract_id
        self.assertRecordValues(
            supply,
            [{"code": "S00001", "service": "electricity", "customer_type": "domestic"}],
        )
        sent = self.env["utility.notice"].search([("ref", "=", "N1")])
        self.assertTrue(sent.is_formal_notice)
        self.assertTrue(sent.cmor_warning)
        self.assertEqual(sent.move_ids, bills[0])
        self.assertEqual(sent.attachment_ids.raw, b"%PDF proof")
        self.assertEqual(sent.source, "imported")

    def test_three_forms_give_the_same_records(self):
        """Row I01 (gate 23).

        XLSX first; XLS and every CSV then find nothing new and nothing changed.
        """
        self.load_base(3)
        records = [
            bill(
                f"B{n}",
                n,
                "1234.56",
                untaxed=Decimal("1111.10"),
                tax=Decimal("123.46"),
                consumption_from=date(2025, 11, 1),
                consumption_to=date(2025, 12, 31),
                reading_kind="Effettiva",
                payment_code="001100000000000018",
            )
            for n in (1, 2, 3)
        ]
        forms = {
            "b.xlsx": xlsx({"bills": records}),
            "b.xls": xls("bills", records),
            "semicolon.csv": csv_file("bills", records),
            "comma.csv": csv_file("bills", records, ","),
            "tab.csv": csv_file("bills", records, "\t"),
            "bom.csv": csv_file("bills", records, encoding="utf-8-sig"),
        }
        for number, (name, data) in enumerate(forms.items()):
            with self.subTest(form=name):
                batch = self.load(data, name)
                self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
                self.assertEqual(batch.count_created, 0 if number else 3)
                self.assertEqual(batch.count_unchanged, 3 if number else 0)

    def test_three_forms_of_customers_with_accents(self):
        """The accents of UTF-8 and cp1252 are read the same."""
        records = [customer(1), customer(2, bonus_kind=None)]
        forms = {
            "c.xlsx": xlsx({"customers": records}),
            "c.xls": xls("customers", records),
            "utf8.csv": csv_file("customers", records),
            "windows.csv": csv_file("customers", records, encoding="cp1252"),
        }
        for number, (name, data) in enumerate(forms.items()):
            with self.subTest(form=name):
                batch = self.load(data, name)
                self.assertEqual(batch.count_created, 0 if number else 2)
                self.assertEqual(batch.count_unchanged, 2 if number else 0)
        partner = self.env["res.partner"].search([("billing_code", "=", "K00001")])
        self.assertEqual(partner.name, "Niccolò Città 1")
        self.assertEqual(partner.company_id, self.company)

    # -- the same again ------------------------------------------------------------

    def test_same_file_twice_changes_nothing(self):
        """Row I08 (gate 23)."""
        data = xlsx({"customers": [customer(1)], "contracts": [contract(1)]})
        first = self.load(data)
        before = self.counts()
        with self.assertRaisesRegex(UserError, first[0].name):
            self.load(data, "another name.xlsx")
        self.assertEqual(self.counts(), before)

    def test_same_rows_in_another_file(self):
        """One new row among known ones: one created, the rest unchanged."""
        self.load_base()
        sheets = {
            "bills": [bill("B1", 1), bill("B2", 2)],
            "payments": [payment("P1", "B1", "30.00")],
        }
        self.load_records(**sheets)
        before = self.counts()
        again = self.load_records(
            bills=[bill("B2", 2), bill("B1", 1), bill("B3", 1)],
            payments=[payment("P1", "B1", "30.00")],
        )
        self.assertEqual(again["bills"].count_created, 1)
        self.assertEqual(again["bills"].count_unchanged, 2)
        self.assertEqual(again["payments"].count_unchanged, 1)
        after = self.counts()
        self.assertEqual(after["account.move"], before["account.move"] + 1)
        self.assertEqual(self.bill_of("B1").amount_residual, 70.0)

    def test_changed_customer_is_updated(self):
        self.load_records(customers=[customer(1)])
        batch = self.load_records(
            customers=[customer(1, email="new@example.com", street=None)]
        )["customers"]
        self.assertEqual((batch.count_updated, batch.count_unchanged), (1, 0))
        partner = self.env["res.partner"].search([("billing_code", "=", "K00001")])
        self.assertEqual(partner.email, "new@example.com")
        self.assertEqual(partner.street, "Via dell'Università 1", "blank says nothing")

    def test_refused_file_may_come_again(self):
        """A refused file is not "already received"."""
        data = xlsx({"customers": [customer(1)]})
        batch = self.load(data, control_count=5)
        self.assertEqual(batch.state, "refused")
        batch = self.load(data)
        self.assertEqual(batch.state, "done")

    # -- cut and killed ------------------------------------------------------------

    def test_cut_workbook_is_refused_then_loaded_whole(self):
        data = xlsx({"customers": [customer(n) for n in range(1, 40)]})
        before = self.counts()
        for size in (len(data) // 2, len(data) - 30):
            with self.subTest(size=size):
                batches = self._load_cut(data[:size], "c.xlsx")
                self.assertFalse(batches.filtered(lambda b: b.state != "refused"))
        self.assertEqual(self.counts(), before)
        self.assertEqual(self.load(data).count_created, 39)

    def test_cut_csv_loses_and_doubles_nothing(self):
        data = csv_file("customers", [customer(n) for n in range(1, 21)])
        lines = data.splitlines(keepends=True)
        # at a row's end nobody can see the cut: the rows there are good
        batch = self.load(b"".join(lines[:11]), "c.csv")
        self.assertEqual(batch.count_created, 10)
        # in the middle of a row it shows
        batches = self._load_cut(b"".join(lines[:15])[:-40], "c.csv")
        self.assertFalse(batches.filtered(lambda b: b.state == "done"))
        batch = self.load(data, "c.csv")
        self.assertEqual(batch.count_created + batch.count_unchanged, 20)
        found = self.env["res.partner"].search([("billing_code", "like", "K000")])
        self.assertEqual(len(found), 20)

    def _load_cut(self, data, filename):
        """Load a damaged file as a folder would: refused or not, never a traceback."""
        try:
            return self.load(data, filename)
        except FileRefused:
            return self.batches

    def test_killed_in_the_middle_goes_on(self):
        """Row I09 (gate 23).

        After a kill the next run goes on at the row of the last commit.
        """
        data = xlsx({"customers": [customer(n) for n in range(1, 11)]})
        batch = self.receive(data)
        loader = self.registry["utility.import.loader.customers"]
        calls = []
        original = loader._load

        def dying(model, of_batch, records):
            calls.append([number for number, _r in records])
            if len(calls) == 3:
                raise KeyboardInterrupt
            return original(model, of_batch, records)

        batch._guarded().write({"state": "running"})
        with (
            mock.patch.object(import_engine, "CHUNK", 3),
            mock.patch.object(loader, "_load", dying),
            # not assertRaises: Odoo's rolls back what was "committed" before
            contextlib.suppress(KeyboardInterrupt),
        ):
            batch._work()
        self.assertEqual(batch.state, "running")
        self.assertEqual(batch.next_row, 8, "two chunks of three below the headings")
        self.assertEqual(batch.count_created, 6)
        self.assertEqual(len(self._loaded()), 6)
        with mock.patch.object(import_engine, "CHUNK", 3):
            self.batches._work_all_waiting()
        self.assertEqual((batch.state, batch.count_created), ("done", 10))
        self.assertEqual(len(self._loaded()), 10)

    def _loaded(self):
        return self.env["res.partner"].search([("billing_code", "like", "K000")])

    def test_time_is_up(self):
        """A button that runs out of time leaves the rest to the scheduled action."""
        batch = self.receive(xlsx({"customers": [customer(n) for n in range(1, 8)]}))
        with (
            mock.patch.object(import_engine, "CHUNK", 2),
            mock.patch.object(import_engine.time, "monotonic", _clock(15)),
        ):
            batch.action_apply()
            self.assertEqual(batch.state, "running")
            self.assertLess(batch.count_created, 7)
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("utility_supply.ir_cron_import_process").id)]
        )
        self.assertTrue(trigger)
        self.batches._work_all_waiting()
        self.assertEqual((batch.state, batch.count_created), ("done", 7))

    def test_file_that_fails_as_a_whole_blocks_nobody(self):
        """An error of the program itself stops its batch, not the ones behind it."""
        first = self.receive(xlsx({"customers": [customer(1)]}))
        second = self.receive(xlsx({"customers": [customer(2)]}))
        (first | second)._guarded().write({"state": "running"})
        original = import_engine.BatchReader.scan

        def failing(reader):
            if reader.batch == first:
                raise ZeroDivisionError("division by zero")
            return original(reader)

        with (
            mock.patch.object(import_engine.BatchReader, "scan", failing),
            mock.patch.object(
                self.registry["ir.cron"], "_commit_progress", return_value=60.0
            ),
            # what is rolled back here would be all that the test has made
            mock.patch.object(self.env.cr, "rollback"),
            mute_logger("odoo.addons.utility_supply.models.import_engine"),
        ):
            self.batches._cron_process()
        self.assertEqual((first.state, second.state), ("refused", "done"))
        self.assertIn("division by zero", first.message)

    # -- dry check, control totals --------------------------------------------------

    def test_dry_check_writes_nothing(self):
        """Row I04.

        It knows what the other sheets bring, and says what loading would do.
        """
        sheets = {
            "customers": [customer(1), customer(2, fiscal_code="XX")],
            "contracts": [contract(1), contract(9)],
            "bills": [bill("B1", 1), bill("B2", 8)],
            "payments": [payment("P1", "B1"), payment("P2", "B9")],
        }
        batches = self.receive(xlsx(sheets))
        before = self.counts()
        batches.action_check()
        self.assertEqual(self.counts(), before)
        self.assertEqual(batches.mapped("state"), ["ready"] * 4)
        self.assertEqual(batches.mapped("count_failed"), [1, 1, 1, 1])
        self.assertIn("S00008", batches[2].message)
        batches.action_apply()
        self.assertEqual(batches.mapped("count_quarantined"), [1, 1, 1, 1])
        self.assertEqual(batches.mapped("count_created"), [1, 1, 1, 1])

    def test_control_totals(self):
        """Row I12."""
        self.load_base()
        data = xlsx({"bills": [bill("B1", 1, "10.10"), bill("B2", 2, "20.20")]})
        wrong = (
            {"control_count": 3},
            {"has_control_amount": True, "control_amount": 30.31},
        )
        before = self.counts()
        for controls in wrong:
            with self.subTest(controls=controls):
                batch = self.load(data, **controls)
                self.assertEqual(batch.state, "refused")
                self.assertIn("Bollette", batch.message)
        self.assertEqual(self.counts(), before)
        batch = self.load(
            data, control_count=2, has_control_amount=True, control_amount=30.30
        )
        self.assertEqual(batch.state, "done")
        self.assertEqual(batch.sum_amount, 30.30)

    def test_control_total_stops_the_whole_workbook(self):
        """A sheet that is refused keeps the others from being loaded by themselves."""
        data = xlsx({"customers": [customer(1)], "contracts": [contract(1)]})
        batches = self.receive(data)
        batches[1].control_count = 7
        before = self.counts()
        batches.action_apply()
        self.assertEqual(batches.mapped("state"), ["ready", "refused"])
        self.assertEqual(self.counts(), before)

    def test_totals_row_is_a_declared_sum(self):
        self.load_base()
        totals = {"billing_ref": "Totale", "total": Decimal("100.00")}
        good = xlsx({"bills": [bill("B1", 1), totals]})
        batch = self.load(good)
        self.assertEqual((batch.state, batch.count_skipped), ("done", 1))
        bad = xlsx({"bills": [bill("B2", 1), {**totals, "total": Decimal("90.00")}]})
        batch = self.load(bad)
        self.assertEqual(batch.state, "refused")
        self.assertFalse(self.bill_of("B2"))

    # -- many -----------------------------------------------------------------------

    def test_a_million_blank_rows_change_nothing(self):
        """A sheet formatted down to its end: its two customers, nothing else."""
        headings = ("Codice cliente", "Denominazione", "Tipo soggetto")
        blank = b'<row r="%d" spans="1:3" ht="15" customHeight="1"/>'
        rows = b"".join(blank % number for number in range(3, 1_000_000))
        inline = formats_samples.inline_row
        sheet = formats_samples.sheet_xml(
            inline(1, *headings)
            + inline(2, "BLANK1", "Primo", "Consumatore")
            + "@"
            + inline(1_000_000, "BLANK2", "Ultimo", "Consumatore")
        ).replace(b"@", rows)
        workbook = (
            f'<workbook xmlns="{formats_samples.MAIN}"'
            f' xmlns:r="{formats_samples._OFFICE}"><sheets>'
            '<sheet name="Clienti" sheetId="1" r:id="r1"/></sheets></workbook>'
        )
        data = formats_samples.raw_xlsx(sheet, workbook=workbook.encode())
        batch = self.receive(data, "lungo.xlsx")
        batch.action_apply()
        # on a slow machine the button's seconds may not do for them
        batch._work()
        self.assertEqual(
            (batch.state, batch.count_created, batch.count_quarantined), ("done", 2, 0)
        )

    def test_a_thousand_bad_rows_are_all_listed(self):
        """Row I05 (gate 23)."""
        records = [customer(n, fiscal_code="WRONG") for n in range(1, 1001)]
        records += [customer(n) for n in range(1001, 1011)]
        batch = self.receive(xlsx({"customers": records}))
        batch.action_check()
        self.assertEqual(batch.count_failed, 1000)
        data, _name = batch._errors_bytes()
        again = self.receive(data, "errors.xlsx")
        again.action_check()
        self.assertEqual((again.count_total, again.count_failed), (1000, 1000))
        batch.action_apply()
        self.assertEqual(batch.count_quarantined, 1000)
        self.assertEqual(batch.count_created, 10)
        self.assertEqual(batch.state, "partial")

    def test_bad_row_never_stops_good_ones(self):
        """Row I10. A row that the database refuses is set aside alone."""
        self.load_records(customers=[customer(1), customer(2), customer(3)])
        loader = self.registry["utility.import.loader.contracts"]
        original = loader._write_contracts
        refusal = "the database says no"

        def failing(model, batch, todo, facts):
            if any(record["code"] == "S00002" for _n, record, _o in todo):
                raise UserError(refusal)
            return original(model, batch, todo, facts)

        with mock.patch.object(loader, "_write_contracts", failing):
            records = [contract(n) for n in (1, 2, 3)]
            batch = self.load_records(contracts=records)["contracts"]
        self.assertEqual(batch.count_created, 2)
        (row,) = self.open_rows(batch)
        self.assertEqual((row.row_number, row.issue_code), (3, "refused_by_odoo"))
        self.assertIn(refusal, row.reason)
        self.assertFalse(
            self.env["utility.supply.point"].search([("code", "=", "IT001E00000002")]),
            "nothing of a refused row stays",
        )


def _clock(limit):
    """A clock that stands still for ``limit`` looks, then jumps an hour."""
    looks = iter(range(10**6))

    def monotonic():
        return 0.0 if next(looks) < limit else 3600.0

    return monotonic

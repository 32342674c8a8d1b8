import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..formats import flow_csv
from ..models import cmor_flow_file, cmor_practice_export, ir_attachment
from ..models.cmor_practice_export import CmorPractice as Exporter
from .common import TODAY, CmorCommon

FILES = Path(__file__).parent / "files"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestExport(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls._create_switch_out("K1")
        cls.second = cls._create_switch_out("K2")
        cls.all = cls._find().sorted("id")
        cls._declare(cls.all)
        cls.all.action_confirm()

    def export(self, practices=None):
        action = (practices or self.all).action_export()
        self.assertEqual(action["res_model"], "cmor.flow.file")
        files = self.env["cmor.flow.file"].with_user(self.operator)
        if action.get("res_id"):
            return files.browse(action["res_id"])
        return files.search(action["domain"])

    def test_golden_file(self):
        """The whole file, byte for byte."""
        file = self.export()
        path = FILES / "SI1.0050_golden.csv"
        self.assertEqual(
            file.attachment_id.raw.decode(), path.read_bytes().decode(), path.name
        )

    def test_in_chunks_the_file_is_the_same(self):
        """Practice after practice: the same bytes, rows numbered through, one file."""
        with (
            patch.object(cmor_practice_export, "CHUNK", 1),
            patch.object(type(self.all), "_flow_written", autospec=True) as written,
        ):
            written.side_effect = Exporter._flow_written
            file = self.export()
        self.assertEqual(written.call_count, 2)
        golden = (FILES / "SI1.0050_golden.csv").read_bytes()
        self.assertEqual(file.attachment_id.raw, golden)
        self.assertEqual(file.record_ids.sorted("id").mapped("row_number"), [1, 2])
        self.assertEqual(file.count_written, 2)
        self.assertEqual(file.amount_total, sum(self.all.mapped("indemnity")))
        self.assertEqual(set(self.all.mapped("state")), {"exported"})
        with patch.object(cmor_flow_file, "CHUNK", 1):
            file.action_mark_sent()
        self.assertEqual(file.state, "sent")
        self.assertEqual(set(file.record_ids.mapped("state")), {"sent"})
        self.assertEqual(set(self.all.mapped("state")), {"sent"})
        self.assertEqual(self.all.mapped("next_action"), ["await_answer"] * 2)

    def test_what_changed_stays_here_the_others_leave(self):
        """Nobody has to look for the one that was paid, and it says what to do."""
        for move in self.all[1].line_ids.move_id:
            self._pay(move)
        with patch.object(cmor_practice_export, "CHUNK", 1):
            action = self.all.action_export()
        self.assertEqual(self.all.mapped("state"), ["exported", "blocked"])
        self.assertFalse(self.all[1].code)
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn(self.all[1].display_name, action["params"]["message"])
        file = self.all[0].record_ids.file_id
        self.assertEqual(action["params"]["next"]["res_id"], file.id)
        self.assertEqual((file.count_written, file.count_refused), (1, 0))

    def test_when_all_changed_there_is_no_file(self):
        for move in self.all.line_ids.move_id:
            self._pay(move)
        action = self.all.action_export()
        self.assertEqual(action["params"]["next"]["res_model"], "cmor.practice")
        self.assertFalse(self.all.record_ids)

    def test_the_bills_of_the_list_add_up_to_the_credit(self):
        self._create_period_bill(
            "K1/NC",
            self.first,
            30.0,
            date(2025, 8, 1),
            date(2025, 8, 29),
            move_type="out_refund",
        )
        practice = self.all.filtered(lambda p: p.contract_id == self.first)
        practice.action_recompute()
        self._declare(practice)
        practice.action_confirm()
        self.export(practice)
        raw = practice.record_ids.raw_values
        items = [item.split("|") for item in raw["ELENCO_FATTURE"].split("#")]
        self.assertEqual(
            sum(Decimal(item[3]) for item in items), Decimal(raw["VALORE_CREDITO"])
        )
        self.assertEqual(len(items), int(raw["NUM_FATTURE"]))

    def test_in_chunks_one_that_may_not_leave_keeps_all_here(self):
        """The bad one is in the second chunk: the first is undone, no code is lost."""
        self.all[1].sudo()._guarded().write({"state": "candidate"})
        with (
            patch.object(cmor_practice_export, "CHUNK", 1),
            self.assertRaisesRegex(UserError, "only ready"),
        ):
            with self.env.cr.savepoint():
                self.practices.browse(self.all.ids)._export(TODAY)
        self.env.invalidate_all()
        self.assertEqual(self.all[0].state, "ready")
        self.assertFalse(self.all[0].code)
        self.assertFalse(self.all.record_ids)

    def test_codes_of_the_past_are_skipped(self):
        """The counter was put back: whatever was given once is not given again."""
        self.export(self.all[0]).action_discard()
        self.role.code_next = 1
        self.export(self.all[1])
        self.assertEqual(self.all[0].code, "E26-00000001")
        self.assertEqual(self.all[1].code, "E26-00000002")
        self.assertEqual(self.role.code_next, 3)

    def test_bytes_are_not_kept_again_as_words(self):
        """Odoo would put the words of a text file into the database as well."""
        attachment = self.export().attachment_id
        self.assertEqual(attachment.mimetype, "text/csv")
        self.assertFalse(attachment.index_content)

    def test_words_kept_by_an_earlier_version_go(self):
        attachments = self.env["ir.attachment"].sudo()
        mine = self.export().attachment_id.sudo()
        other = attachments.create({"name": "altro.txt", "raw": b"altro"})
        (mine | other).write({"index_content": "parole"})
        before = mine.raw
        with patch.object(ir_attachment, "BATCH", 1):
            self.assertEqual(attachments._forget_words(), (1, True))
            self.assertEqual(attachments._forget_words(), (0, False))
        (mine | other).invalidate_recordset()
        self.assertFalse(mine.index_content)
        self.assertEqual(mine.raw, before)
        self.assertEqual(other.index_content, "parole")

    def test_file_is_kept_with_its_fingerprint(self):
        file = self.export()
        data = file.attachment_id.raw
        self.assertRecordValues(
            file,
            [
                {
                    "name": "SI1.0050_12345670017_20260415123000_001.csv",
                    "state": "generated",
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "count_written": 2,
                    "count_refused": 0,
                    "exported_by_id": self.operator.id,
                    "layout_state": "to_check",
                }
            ],
        )
        self.assertRecordValues(
            self.all,
            [
                {"state": "exported", "code": "E26-00000001"},
                {"state": "exported", "code": "E26-00000002"},
            ],
        )
        self.assertEqual(self.role.code_next, 3)

    def test_the_engine_reads_its_own_file(self):
        data = self.export().attachment_id.raw
        result = flow_csv.read(self.layout._spec(), data)
        self.assertEqual(
            [row.values["CP_UTENTE"] for row in result.rows], self.all.mapped("code")
        )
        self.assertEqual([row.issues for row in result.rows], [(), ()])
        self.assertEqual(result.rows[0].values["COGNOME"], "Rossi")

    def test_bad_practice_is_reported_the_other_goes(self):
        self.second.partner_id.write(
            {"name": "=cmd|' /C calc'!A0", "l10n_it_codice_fiscale": False}
        )
        self.second.partner_id.vat = False
        file = self.export()
        self.assertEqual((file.count_written, file.count_refused), (1, 1))
        good, bad = self.all
        self.assertEqual((good.state, bad.state), ("exported", "ready"))
        record = file.record_ids.filtered(lambda r: r.state == "refused")
        self.assertEqual(record.practice_id, bad)
        rules = {(i["field"], i["rule"]) for i in record.issues}
        self.assertEqual(
            rules, {("RAGIONE_SOCIALE_DENOMINAZIONE", "formula"), ("CF", "one_of")}
        )
        self.assertIn("RAGIONE_SOCIALE_DENOMINAZIONE", record.issue_text)
        refused = bad.event_ids.filtered(lambda e: e.kind == "refused")
        self.assertIn("begins like a formula", refused.text)
        self.assertIn(
            "inizia come una formula", refused.with_context(lang="it_IT").text
        )
        self.assertEqual(file.attachment_id.raw.count(b"\r\n"), 2)

    def test_wrong_tax_code_is_reported(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET l10n_it_codice_fiscale = 'RSSMRA80A01F205Y'"
            " WHERE id = %s",
            [self.second.partner_id.id],
        )
        self.second.partner_id.invalidate_recordset()
        file = self.export()
        record = file.record_ids.filtered(lambda r: r.state == "refused")
        self.assertEqual(
            [(i["field"], i["rule"]) for i in record.issues],
            [("CF", "bad_fiscal_code")],
        )

    def test_name_with_separators_stays_one_cell(self):
        self.second.partner_id.write(
            {"name": "Bar; Sport\r\nSI1;0050", "is_company": True}
        )
        data = self.export().attachment_id.raw.decode()
        self.assertEqual(data.count("\r\n"), 3)
        self.assertIn(";Bar Sport SI1 0050;", data)

    def test_nothing_written_is_a_file_that_says_why(self):
        self.all.sudo().partner_id.name = "@evil"
        file = self.export()
        self.assertRecordValues(
            file, [{"state": "refused", "count_written": 0, "count_refused": 2}]
        )
        self.assertFalse(file.attachment_id)
        self.assertEqual(set(self.all.mapped("state")), {"ready"})

    def test_exported_once(self):
        self.export()
        with self.assertRaisesRegex(UserError, "only ready"):
            self.all.action_export()

    def test_discard_and_make_again_keeps_the_code(self):
        file = self.export()
        codes = self.all.mapped("code")
        data = file.attachment_id.raw
        file.action_discard("Nome sbagliato")
        self.assertEqual(file.state, "discarded")
        self.assertEqual(set(self.all.mapped("state")), {"ready"})
        self.assertEqual(file.attachment_id.raw, data, "the bytes stay")
        again = self.export()
        self.assertNotEqual(again, file)
        self.assertEqual(self.all.mapped("code"), codes)
        self.assertTrue(again.name.endswith("_002.csv"))

    def test_sent_is_for_ever(self):
        file = self.export()
        file.action_mark_sent()
        self.assertRecordValues(
            file, [{"state": "sent", "sent_by_id": self.operator.id}]
        )
        self.assertEqual(set(self.all.mapped("state")), {"sent"})
        self.assertEqual(self.all[0].next_action, "await_answer")
        # 15 April 2026 is a Wednesday: two working days
        self.assertEqual(self.all[0].next_date, date(2026, 4, 17))
        with self.assertRaises(UserError):
            file.action_discard("no")
        with self.assertRaises(UserError):
            file.action_mark_sent()

    def test_practice_buttons_act_on_the_file(self):
        file = self.export()
        self.all[0].action_discard_file()
        self.assertEqual(file.state, "discarded")
        file = self.export()
        self.all[0].action_mark_sent()
        self.assertEqual(file.state, "sent")

    def test_code_burnt_for_ever(self):
        self.export().action_discard()
        self.role.code_next = 1
        third = self._create_switch_out("K3")
        practice = self._find().filtered(lambda p: p.contract_id == third)
        self._declare(practice)
        practice.action_confirm()
        self.export(practice)
        self.assertEqual(practice.code, "E26-00000003")

    def test_files_of_two_sectors_have_two_names(self):
        """Both roles have the company's VAT number and export in the same second."""
        self._create_role(sector="gas")
        point = self._create_point("12345678901234", service="gas", gas_use="domestic")
        contract = self._create_switch_out("G1", point=point)
        gas = self._find().filtered(lambda p: p.contract_id == contract)
        self._declare(gas)
        gas.action_confirm()
        files = self.export(self.all | gas)
        self.assertEqual(
            files.sorted("name").mapped("name"),
            [
                "SI1.0050_12345670017_20260415123000_001.csv",
                "SI1.0050_12345670017_20260415123000_002.csv",
            ],
        )
        self.assertEqual(gas.code, "G26-00000001")
        record = gas.record_ids.raw_values
        self.assertEqual(
            (record["SETTORE"], record["COD_POD"], record["COD_PDR"]),
            ("G", "", "12345678901234"),
        )
        # sent together, each practice tells of its own file
        files.action_mark_sent()
        for practice in self.all | gas:
            event = practice.event_ids.filtered(lambda e: e.state_to == "sent")
            self.assertEqual(
                event.params, {"file": practice.record_ids.file_id.name}, practice.code
            )

    def test_file_name_without_a_number(self):
        self.layout.sudo().file_name_pattern = "{service}_{date}.csv"
        self.export(self.all[0])
        with self.assertRaisesRegex(UserError, "n:3"):
            self.all[1].action_export()

    def test_pattern_of_the_user(self):
        """Codes by the user's own pattern (A11)."""
        self.role.write({"code_pattern": "ED_{year}_{seq:4}", "code_next": 7})
        self.export()
        self.assertEqual(self.all.mapped("code"), ["ED_2026_0007", "ED_2026_0008"])

    def test_pattern_that_has_run_out(self):
        """Year over year the numbers go on; when they no longer fit nothing leaves,
        no code is lost, and the message says what to do."""
        self.role.write({"code_pattern": "ED{year}{seq:9}", "code_next": 999_999_999})
        with self.assertRaisesRegex(UserError, "15 characters.*Change the pattern"):
            self.all.action_export()
        self.assertFalse(any(self.all.mapped("code")))
        self.role.code_pattern = "ED{yy}{seq:10}"
        self.export()
        codes = ["ED260999999999", "ED261000000000"]
        self.assertEqual(self.all.mapped("code"), codes)

    def test_codes_go_on_over_the_year(self):
        first, second = self.all
        self.export(first)
        role = self.role
        with freeze_time("2027-01-04"):
            self.assertEqual(
                role._next_code(date(2027, 1, 4), role.code_next, ""), "E27-00000002"
            )
        self.assertEqual((first.code, second.code), ("E26-00000001", False))

    def test_codes_of_two_companies_with_one_vat_number(self):
        """Branches have the VAT number of their parent: to the SII they are one."""
        self.export(self.all[0])
        other = self._create_role(
            company_id=self.other_company.id, user_ids=[Command.clear()]
        )
        codes = self.env["cmor.practice.code"].sudo()
        self.assertEqual(other._code_companies(), self.company | self.other_company)
        taken = codes._taken(other._code_companies(), ["E26-00000001"])
        self.assertEqual(taken, {"E26-00000001"})
        other.vat = "00743110157"
        self.assertEqual(other._code_companies(), self.other_company)

    def test_customer_code_that_no_practice_code_may_hold(self):
        """One odd customer code must not stop the export of all the others."""
        self.role.code_pattern = "{customer:6}-{seq:6}"
        first, second = self.all
        first.sudo().partner_id.billing_code = "C/0 1.2"
        second.sudo().partner_id.billing_code = "-à9"
        self.export()
        self.assertEqual(self.all.mapped("code"), ["C012-000001", "9-000002"])

    def test_who_may_export(self):
        """Roles decide which flows may be made (A08)."""
        for user in (self.bystander, self.manager):
            with self.assertRaises(AccessError):
                self.all.with_user(user).action_export()
        with self.assertRaises(AccessError):
            self.all.with_user(self.accountant).action_export()
        file = self.export()
        for user in (self.bystander, self.manager):
            with self.assertRaises(AccessError):
                file.with_user(user).action_mark_sent()
            with self.assertRaises(AccessError):
                file.with_user(user).action_discard()

    def test_role_without_accreditation_says_why(self):
        for vals, reason in (
            ({"accreditation_state": "requested"}, "not accredited"),
            ({"accreditation_state": "accredited", "role": "cc"}, "through its UDD"),
            ({"role": "udd", "side_outgoing": False}, "outgoing"),
        ):
            self.role.write(vals)
            with self.assertRaisesRegex(UserError, reason):
                self.all.action_export()
            self.assertTrue(self.all[0].role_warning)
            self.assertEqual(set(self.all.mapped("state")), {"ready"})

    def test_no_role_at_all(self):
        contract = self._create_switch_out("K4")
        self.role.date_to = date(2026, 1, 1)
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertFalse(practice.role_id)
        with self.assertRaisesRegex(AccessError, "no outgoing role"):
            practice.action_confirm()

    def test_unconfirmed_layout_asks_once(self):
        self.layout.sudo()._guarded().write({"acknowledged_by_id": False})
        action = self.all.action_export()
        self.assertEqual(action["res_model"], "cmor.export.wizard")
        wizard = (
            self.env["cmor.export.wizard"]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({})
        )
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.accept = True
        result = wizard.action_apply()
        self.assertEqual(result["res_model"], "cmor.flow.file")
        self.assertEqual(self.layout.acknowledged_by_id, self.operator)

    def test_layout_changes_with_the_date(self):
        """A file made the day after the last day uses the next layout
        (gate 28, F05)."""
        self.layout.sudo().date_to = TODAY
        newer = self.layout.sudo().copy({"name": "nuovo"})
        self.assertEqual(newer.date_from, date(2026, 4, 16))
        newer.field_ids.filtered(lambda f: f.name == "NOTE").unlink()
        newer.action_acknowledge()
        self.assertEqual(self.export(self.all[0]).layout_id, self.layout)
        with freeze_time("2026-04-16"):
            file = self.export(self.all[1])
        self.assertEqual(file.layout_id, newer)
        self.assertNotIn(b"NOTE", file.attachment_id.raw)

    @mute_logger("odoo.sql_db")
    def test_database_refuses_a_second_live_record(self):
        file = self.export()
        record = file.record_ids[0]
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["cmor.flow.record"].sudo()._guarded().create(
                {
                    "file_id": file.id,
                    "practice_id": record.practice_id.id,
                    "state": "written",
                }
            )
            self.env.flush_all()

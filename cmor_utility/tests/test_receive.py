import hashlib
import io
import zipfile
from datetime import date
from unittest import mock

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..models import cmor_flow_file_receive
from ..models.cmor_flow_handler import applied
from .receive_common import ReceiveCommon

APPLY = "odoo.addons.cmor_utility.models.cmor_flow_record_apply"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestReceive(ReceiveCommon):
    """What arrives is kept, read, applied once; what cannot be applied waits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = cls._create_bare(3)

    def handle(self, wrong=()):
        """A handler that only counts, and fails on the codes of ``wrong``."""
        calls = []

        def apply(handler, key, records):
            calls.append((key, records))
            if {code for code in records.mapped("code") if code in wrong}:
                raise ValueError("poison")
            return {record: applied(record.practice_id) for record in records}

        cls = self.registry["cmor.flow.handler"]
        self.patch(cls, "_apply", apply)
        return calls

    def test_kept_read_applied(self):
        self.handle()
        data = self._bytes("claim_ack", [self._ack(p) for p in self.all])
        file = self.files._receive("esiti.csv", data, self.company)
        self.assertRecordValues(
            file,
            [
                {
                    "name": "esiti.csv",
                    "direction": "in",
                    "state": "applied",
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "code": "SI1.0100",
                    "count_written": 3,
                    "count_waiting": 0,
                    "exported_by_id": self.operator.id,
                }
            ],
        )
        self.assertEqual(file.attachment_id.raw, data)
        self.assertEqual(file.record_ids.practice_id, self.all.sudo())
        record = file.record_ids[0]
        self.assertEqual(record.raw_values["VERIFICA_AMM"], "1")
        self.assertEqual(record._values()["admitted"], "1")
        self.assertEqual(record.sii_code, f"SII{self.all[0].id:012d}")

    def test_each_row_is_written_once(self):
        """A second UPDATE of a row in one transaction checks its foreign keys again."""
        data = self._bytes("claim_ack", [self._ack(p) for p in self.all])
        tables = ("cmor_flow_record", "cmor_practice")
        before = self._rows_written(*tables)
        file = self.files._receive("esiti.csv", data, self.company)
        after = self._rows_written(*tables)
        self.assertEqual(set(self.all.mapped("state")), {"accepted"})
        self.assertEqual(set(file.record_ids.mapped("state")), {"applied"})
        self.assertEqual(file.record_ids.practice_id, self.all.sudo())
        self.assertTrue(all(self.all.mapped("terms_on")))
        answered = len(file.record_ids.answered_id)
        written = {table: after[table] - before[table] for table in tables}
        self.assertEqual(written, {tables[0]: 3 + answered, tables[1]: 3})

    def test_many_are_written_as_told(self):
        """What waits in the cache of many: days, documents, amounts, nothing."""
        many = self._create_bare(24, prefix="M").sudo()
        told = [
            {
                "next_params": document,
                "next_date": date(2026, 5, 1 + number) if number % 2 else False,
                "next_action": f"it's {number}" if number % 3 else False,
                "indemnity": number + 0.25,
                "needs_action": bool(number % 2),
            }
            for number, document in enumerate(
                [False, {"a": [1, "due"]}, {"l": [[1], [2]]}, {"più": "«à» \\"}] * 6
            )
        ]
        update_changed(many, dict(zip(many, told, strict=True)))
        self.env.flush_all()
        self.env.invalidate_all()
        names = list(told[0])
        self.assertEqual(
            [{name: practice[name] for name in names} for practice in many], told
        )

    def test_amounts_as_their_currency_has_them(self):
        """Rounded before they are compared: what is the same is not written again."""
        first, second, third = many = self._create_bare(3, prefix="A").sudo()
        told = {first: 0.1 + 0.2, second: 100.004, third: 0.001}
        rows = {practice: {"indemnity": value} for practice, value in told.items()}
        self.assertEqual(update_changed(many, rows), first | third)
        self.assertFalse(update_changed(many, rows))
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(many.mapped("indemnity"), [0.3, 100.0, 0.0])
        names = ("code", "indemnity", "contract_id", "company_id")
        self.assertEqual(
            plain_values(many, names)[first.id],
            (first.code, 0.3, None, self.company.id),
        )

    def test_poison_keeps_what_was_found(self):
        """A record that fails says which practice it is about; so do the others."""
        self.handle(wrong=[self.all[1].code])
        rows = [self._ack(p) for p in self.all]
        with mute_logger(APPLY):
            records = self._receive("claim_ack", rows).record_ids
        self.assertEqual(records.mapped("state"), ["applied", "waiting", "applied"])
        self.assertEqual(records.practice_id, self.all.sudo())
        self.assertEqual(records[1].practice_id, self.all[1].sudo())

    def test_same_bytes_change_nothing(self):
        """The same bytes are recognised (F01)."""
        calls = self.handle()
        rows = [self._ack(self.all[0])]
        first = self._receive("claim_ack", rows)
        again = self._receive("claim_ack", rows, "altro_nome.csv")
        self.assertEqual(again, first)
        self.assertEqual(len(calls), 1)
        self.assertEqual(self.files.search_count([("direction", "=", "in")]), 1)

    def test_zip_gives_a_file_a_member(self):
        self.handle()
        one = self._bytes("claim_ack", [self._ack(self.all[0])])
        two = self._bytes("claim_ack", [self._ack(self.all[1])])
        self.files._receive("prima.csv", one, self.company)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.csv", one)
            archive.writestr("b/b.csv", two)
            archive.writestr("c.pdf", b"%PDF-1.4 niente")
        files = self.files._receive("esiti.zip", buffer.getvalue(), self.company)
        self.assertEqual(
            [(f.name, f.state) for f in files.sorted("id")],
            [("prima.csv", "applied"), ("b.csv", "applied"), ("c.pdf", "refused")],
        )
        parent = files.parent_id
        self.assertEqual(parent.state, "partial")
        self.assertEqual(parent.attachment_id.raw, buffer.getvalue())
        self.assertIn("a.csv", parent.refusal_text)
        self.assertTrue(files.filtered(lambda f: f.name == "c.pdf").refusal_text)

    def test_unreadable_is_refused_with_the_reason(self):
        for number, (name, data) in enumerate(
            [
                ("a.csv", b""),
                ("b.csv", b"boh;boh\r\n1;2\r\n"),
                ("c.bin", b"\x00\x01\x02\xff" * 50),
                ("SI1.0100.csv", b"COD_POD\r\nIT001E00000001\r\n"),
                ("e.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
                ("ZZ9.0999.csv", b"A;B\r\n1;2\r\n"),
            ]
        ):
            with self.subTest(name):
                file = self.files._receive(name, data, self.company)
                self.assertEqual((len(file), file.state), (1, "refused"), number)
                self.assertTrue(file.refusal_text)
                self.assertEqual(file.attachment_id.raw or b"", data)

    def test_bad_row_waits_the_others_go(self):
        self.handle()
        rows = [self._ack(p) for p in self.all]
        rows[1] |= {"CP_UTENTE": "X" * 40}
        file = self._receive("claim_ack", rows)
        self.assertEqual(file.state, "partial")
        self.assertEqual(
            file.record_ids.mapped("state"), ["applied", "waiting", "applied"]
        )
        self.assertEqual((file.count_written, file.count_waiting), (3, 1))
        self.assertIn("CP_UTENTE", file.record_ids[1].problem_text)
        # among a hundred thousand they are one click away
        action = file.action_open_waiting()
        self.assertIn("search_default_waiting", action["context"])
        found = self.env["cmor.flow.record"].search(action["domain"])
        self.assertEqual(found, file.record_ids)
        form = self.env["cmor.flow.file"].get_view(view_type="form")["arch"]
        self.assertIn('name="action_open_waiting"', form)

    @mute_logger(APPLY)
    def test_poisoned_record_is_isolated(self):
        self.handle(wrong=[self.all[1].code])
        file = self._receive("claim_ack", [self._ack(p) for p in self.all])
        self.assertEqual(
            file.record_ids.mapped("state"), ["applied", "waiting", "applied"]
        )
        self.assertIn("poison", file.record_ids[1].problem_text)

    def test_same_row_twice_counts_once(self):
        calls = self.handle()
        file = self._receive("claim_ack", [self._ack(self.all[0])] * 2)
        self.assertEqual(file.record_ids.mapped("state"), ["applied", "repeated"])
        self.assertEqual(len(calls), 1)

    def test_rows_that_only_look_alike_are_two(self):
        """A mark that joins texts may stand in a text: no row is taken for another."""
        seen, told = set(), []
        for raw in ({"A": "x\x1fy", "B": "z"}, {"A": "x", "B": "y\x1fz"}):
            told.append({"raw_values": raw, "state": "new"})
            cmor_flow_file_receive._count_once(told[-1], seen)
        self.assertEqual([vals["state"] for vals in told], ["new", "new"])

    def test_one_practice_is_once_in_each_call(self):
        calls = self.handle()
        rows = [self._ack(p) for p in self.all[:2]]
        rows.append(self._ack(self.all[0], MOTIVAZIONE="di nuovo"))
        self._receive("claim_ack", rows)
        self.assertEqual([len(records) for _key, records in calls], [2, 1])

    def test_for_another_vat(self):
        self.handle()
        row = self._ack(self.all[0]) | {"PIVA_UTENTE": "00743110157"}
        file = self._receive("claim_ack", [row])
        self.assertEqual(file.record_ids.problem, "other_vat")

    def test_retry_link_and_set_aside(self):
        self.handle()
        row = self._ack(self.all[0]) | {"PIVA_UTENTE": "00743110157"}
        file = self._receive("claim_ack", [row, self._ack(self.all[1])])
        record = file.record_ids[0]
        for user in (self.bystander, self.manager):
            with self.assertRaises(AccessError):
                record.with_user(user).action_retry()
            with self.assertRaises(AccessError):
                record.with_user(user).action_set_aside("no")
        record.action_retry()
        self.assertEqual(record.state, "waiting")
        record.action_link(self.all[0].id)
        self.assertEqual((record.state, file.state), ("applied", "applied"))
        with self.assertRaises(UserError):
            record.action_retry()

    def test_set_aside_for_ever(self):
        self.handle()
        row = self._ack(self.all[0]) | {"PIVA_UTENTE": "00743110157"}
        file = self._receive("claim_ack", [row])
        record = file.record_ids
        with self.assertRaises(UserError):
            record.action_set_aside(" ")
        record.action_set_aside("Non nostro")
        self.assertRecordValues(
            record,
            [{"state": "set_aside", "set_aside_reason": "Non nostro"}],
        )
        self.assertEqual(file.state, "applied")
        with self.assertRaises(UserError):
            record.sudo().unlink()

    def test_kept_and_killed_before_it_was_read(self):
        """The scheduled action takes up what is in state received."""
        self.handle()
        data = self._bytes("claim_ack", [self._ack(self.all[0])])
        file = self.files.sudo()._keep_received("a.csv", data, self.company)
        self.assertEqual((file.state, len(file.record_ids)), ("received", 0))
        with mock.patch.object(
            self.registry["ir.cron"], "_commit_progress", return_value=60.0
        ):
            self.env["cmor.flow.file"]._cron_received()
        self.assertEqual(file.state, "applied")

    def test_long_file_in_chunks(self):
        calls = self.handle()
        clock = mock.Mock(side_effect=[0.0, 100.0])
        self.patch(cmor_flow_file_receive, "CHUNK", 2)
        data = self._bytes("claim_ack", [self._ack(p) for p in self.all])
        with mock.patch.object(cmor_flow_file_receive, "monotonic", clock):
            file = self.files._receive("a.csv", data, self.company, seconds=1)
        self.assertEqual(file.state, "received")
        self.assertEqual(len(calls), 1)
        file.sudo()._work_received()
        self.assertEqual(file.state, "applied")

    def test_bad_row_read_again_by_a_mended_layout(self):
        self.handle()
        rows = [self._ack(self.all[0], COD_POD="IT001E0000000100000")]
        file = self._receive("claim_ack", rows)
        record = file.record_ids
        self.assertEqual((record.state, record.problem), ("waiting", "row_issues"))
        record.action_retry()
        self.assertEqual(record.state, "waiting")
        # a layout in use never changes: its next version, from the file's day on
        old = file.layout_id.sudo()
        old.date_to = "2026-04-19"
        new = old.copy({"name": "nuovo"})
        new.field_ids.filtered(lambda f: f.name == "COD_POD").max_length = 30
        record.action_retry()
        self.assertEqual((record.state, file.state), ("applied", "applied"))

    def test_bad_row_applied_anyway(self):
        self.handle()
        rows = [self._ack(self.all[0], COD_POD="IT001E0000000100000")]
        record = self._receive("claim_ack", rows).record_ids
        record.action_apply_anyway()
        self.assertEqual(record.state, "applied")

    def test_row_applied_anyway_contradicts_all_the_same(self):
        """Using a row that breaks its layout is no licence to win silently."""
        self.all[0].sudo()._guarded().write({"state": "rejected"})
        rows = [self._ack(self.all[0], COD_POD="IT001E0000000100000")]
        record = self._receive("claim_ack", rows).record_ids
        record.action_apply_anyway()
        self.assertEqual(
            (record.state, record.problem), ("waiting", "admitted_after_refusal")
        )

    def test_upload_of_several_files(self):
        """The dialog keeps each, says which were known, shows them."""
        self.handle()
        data = [self._bytes("claim_ack", [self._ack(p)]) for p in self.all[:2]]
        self.files._receive("prima.csv", data[0], self.company)
        foreign = self.env["ir.attachment"].create({"name": "b.csv", "raw": data[1]})
        attachments = foreign | self.env["ir.attachment"].with_user(
            self.operator
        ).create({"name": "a.csv", "raw": data[0], "res_model": "cmor.receive.wizard"})
        foreign.sudo().public = True
        wizard = self.env["cmor.receive.wizard"].with_user(self.operator)
        wizard = wizard.with_company(self.company)
        made = wizard.create({"attachment_ids": attachments.ids})
        action = made.action_receive()
        self.assertIn("a.csv (prima.csv)", action["params"]["message"])
        files = self.files.search(action["params"]["next"]["domain"])
        self.assertEqual(set(files.mapped("name")), {"prima.csv", "b.csv"})
        self.assertTrue(foreign.exists())
        self.assertFalse((attachments - foreign).exists())
        with self.assertRaises(AccessError):
            wizard.with_user(self.bystander).create(
                {"attachment_ids": foreign.ids}
            ).action_receive()

    def test_statements_do_not_grow_with_the_rows(self):
        """1,000 records are as many statements as 100, but for the writing."""
        self.handle()
        counts = []
        for count, prefix in ((10, "S"), (100, "T")):
            practices = self._create_bare(count, prefix=prefix)
            data = self._bytes("claim_ack", [self._ack(p) for p in practices])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.files._receive(f"{prefix}.csv", data, self.company)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5, counts)

"""Files that cannot be read: told in words, settled by a person, kept for ever."""

import base64
import io
import zipfile
from dataclasses import replace

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..formats import flow_sample
from .layouts import shipped
from .receive_common import ReceiveCommon
from .test_flow_io import packed, workbook


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestFlowRefused(ReceiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = cls._create_bare(2)

    def receive(self, data, name="esiti.csv"):
        return self.files._receive(name, data, self.company)

    # --- settling -------------------------------------------------------------------

    def test_a_refused_file_is_set_aside(self):
        """A picture loaded by mistake must not ask for attention for ever."""
        file = self.receive(b"%PDF-1.7 niente", "fattura.pdf")
        self.assertEqual((file.state, file.attention), ("refused", "check"))
        for user in (self.bystander, self.manager):
            with self.assertRaises(AccessError):
                file.with_user(user).action_set_aside("no")
        for reason in ("", "  "):
            with self.assertRaises(UserError):
                file.action_set_aside(reason)
        action = file.action_set_aside()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({"reason": "Caricato per errore"})
        )
        wizard.action_apply()
        self.assertRecordValues(
            file, [{"state": "set_aside", "discard_reason": "Caricato per errore"}]
        )
        file.invalidate_recordset(["attention"])
        self.assertFalse(file.attention)
        self.assertEqual(file.attachment_id.raw, b"%PDF-1.7 niente")
        with self.assertRaises(UserError):
            file.action_set_aside("ancora")

    def test_only_a_refused_file_is_set_aside(self):
        file = self._receive("claim_ack", [self._ack(self.all[0])])
        with self.assertRaises(UserError):
            file.action_set_aside("no")

    def test_set_aside_by_mistake_is_read_again(self):
        data = self._bytes("claim_ack", [self._ack(self.all[0])])
        rows = data.replace(b"SI1;0100", b";")  # nothing says which flow it is
        file = self.receive(rows)
        self.assertEqual(file.state, "refused")
        file.action_set_aside("non si capisce")
        file.action_read_again(self.env.ref("cmor_utility.layout_si1_0100").id)
        self.assertEqual(file.state, "partial")
        self.assertFalse(file.discard_reason)

    def test_archive_with_a_member_set_aside(self):
        good = self._bytes("claim_ack", [self._ack(self.all[0])])
        files = self.receive(packed(("a.csv", good), ("b.pdf", b"%PDF-1")), "x.zip")
        parent, bad = files.parent_id, files.filtered(lambda f: f.name == "b.pdf")
        self.assertEqual(parent.state, "partial")
        bad.action_set_aside("Ricevuta, non un flusso")
        self.assertEqual(parent.state, "applied")
        with self.assertRaises(UserError):
            parent.action_set_aside("no")

    # --- hostile files, as they come ------------------------------------------------

    def test_every_hostile_file_is_told_or_waits(self):
        good = self._bytes("claim_ack", [self._ack(self.all[0])])
        head, row = good.split(b"\r\n")[:2]
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", bytes(40 << 20))
        quoted = b";".join(b'"%s"' % name for name in head.split(b";"))
        for name, data, state in (
            ("utf16.csv", good.decode().encode("utf-16"), "refused"),
            ("nul.csv", good + b"\0", "refused"),
            ("bomb.zip", bomb.getvalue(), "refused"),
            ("path.zip", packed(("../../etc/a.csv", good)), "refused"),
            ("nested.zip", packed(("a.zip", packed(("b", good)))), "refused"),
            ("double.zip", packed(("a.csv", good), ("A.CSV", row)), "refused"),
            ("cut.zip", packed(("a.csv", good))[:-9], "refused"),
            ("quote.csv", quoted + b'\r\n"SI1;0100\r\n', "refused"),
            ("rows.csv", head + b"\r\n" + b";" * 10 + b"\r\n" * 50_000, "refused"),
            ("entity.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "refused"),
            ("deep.xml", b"<a>" * 9_000, "refused"),
            (
                "huge.csv",
                head + b"\r\n" + row.replace(b"B-", b"E" * 900_000),
                "partial",
            ),
            ("sheets.xlsx", workbook([["COD_SERVIZIO", "COD_FLUSSO"]]), "refused"),
        ):
            with self.subTest(name):
                file = self.receive(data, name)
                self.assertEqual(len(file), 1)
                self.assertEqual(file.state, state, file.refusal_text)
                self.assertEqual(bool(file.refusal_text), state == "refused")
                self.assertEqual(file.attachment_id.raw, data)
                if state == "partial":
                    self.assertTrue(file.record_ids.problem_text)

    def test_an_amount_beyond_all_measure_is_shown(self):
        """Four hundred digits are no number that a browser could be told."""
        row = {
            "CP_GESTORE": "SII000000000001",
            "IMPORTO_PAGATO": "9" * 400,
            "DATA_PAGAMENTO": "01/04/2026",
        }
        layout = shipped()["SI6.0200"]
        data = flow_sample.sample(layout, 1)[0].decode()
        head, cells, _end = data.split("\r\n")
        made = dict(zip(head.split(";"), cells.split(";"), strict=True)) | row
        file = self.receive(f"{head}\r\n{';'.join(made.values())}\r\n".encode())
        record = file.record_ids
        self.assertEqual((file.state, record.state), ("partial", "waiting"))
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(record.read(["amount"])[0]["amount"], 0)
        self.assertEqual(record.raw_values["IMPORTO_PAGATO"], "9" * 400)

    def test_the_reason_is_the_file_not_its_name(self):
        """A file whose name says nothing tells what is wrong with it all the same."""
        head = self._bytes("claim_ack", [])
        for name, data, text in (
            ("a.xml", b"<a><b>", "not well formed"),
            ("b.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "document type"),
            ("c.csv", head, "no row below"),
            ("d.csv", b"a;b\r\n1;2\r\n", "Nothing tells which flow"),
            ("e.csv", b"\x81;b\r\n", "any encoding"),
        ):
            self.assertIn(text, self.receive(data, name).refusal_text)

    def test_an_empty_file_in_an_archive_says_that_it_is_empty(self):
        good = self._bytes("claim_ack", [self._ack(self.all[0])])
        files = self.receive(packed(("a.csv", good), ("b.csv", b"")), "x.zip")
        empty = files.filtered(lambda f: f.name == "b.csv")
        self.assertEqual(empty.refusal_text, "The file is empty.")

    def test_a_file_name_that_looks_like_a_code(self):
        """FATT_2026.csv of a distributor is no flow FATT.2026."""
        layout = shipped()["DS1.0200"]
        data = flow_sample.sample(layout, 1)[0]
        for name in ("FATT_2026.csv", "CMOR-2026-04.csv"):
            file = self.receive(data.replace(b"2026/1", name.encode()), name)
            self.assertEqual(file.code, "DS1.0200", file.refusal_text)
        file = self.receive(b"A;B\r\n1;2\r\n", "CMOR_2025.csv")
        self.assertEqual(file.state, "refused")

    def test_columns_of_the_codes_with_other_names(self):
        """A new version may call COD_FLUSSO otherwise: its files are still known."""
        layout = self.env.ref("cmor_utility.layout_si1_0100").sudo()
        for source, name in (("service_code", "Servizio"), ("flow_code", "Flusso")):
            layout.field_ids.filtered(lambda f, s=source: f.source == s).name = name
        for form in ("csv", "xml"):
            spec = replace(layout._spec(), file_format=form)
            data, _rules = flow_sample.sample(spec, 1)
            file = self.receive(data, f"esiti.{form}")
            self.assertEqual(file.code, "SI1.0100", file.refusal_text)

    def test_names_that_an_address_would_cut(self):
        file = self.receive(b"%PDF", "esiti & altri #1 100%.pdf")
        url = file.action_download()["url"]
        self.assertTrue(
            url.endswith("filename=esiti%20%26%20altri%20%231%20100%25.pdf")
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestFlowTypesAndNames(ReceiveCommon):
    def test_code_of_a_kind_of_flow(self):
        """Two kinds with one code: whose answer would a file be?"""
        flow = self.env.ref("cmor_utility.flow_type_si1_0100", raise_if_not_found=False)
        flow = flow or self.env["cmor.flow.type"].search([("code", "=", "SI1.0100")])
        for code in ("SI1.0050", "SI10100", "si1.0100", "SI1.100", "SI1.0100 "):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                flow.code = code
        flow.code = "SI9.0100"

    def try_file(self, data, name):
        layout = self.env.ref("cmor_utility.layout_si1_0100")
        wizard = (
            self.env["cmor.layout.try.wizard"]
            .with_user(self.operator)
            .create(
                {
                    "layout_id": layout.id,
                    "file": base64.b64encode(data),
                    "filename": name,
                }
            )
        )
        wizard.action_read()
        return wizard

    def test_one_bad_file_of_an_archive_that_is_tried(self):
        good = flow_sample.sample(shipped()["SI1.0100"], 2)[0]
        wizard = self.try_file(packed(("a.csv", good), ("b.csv", b"boh")), "x.zip")
        self.assertEqual((wizard.state, wizard.wrong_count), ("read", 1))
        self.assertIn("b.csv: The first row has none", wizard.line_ids[0].problem)
        self.assertEqual(len(wizard.line_ids), 3)
        wizard = self.try_file(b"boh", "b.csv")
        self.assertEqual(wizard.state, "refused")

    def test_long_file_that_is_tried(self):
        """Of many rows those with something wrong are shown, the good ones counted."""
        good = flow_sample.sample(shipped()["SI1.0100"], 1)[0].decode()
        head, row, _end = good.split("\r\n")
        rows = [row] * 700 + [row.replace("E26-", "X" * 20)] * 3
        wizard = self.try_file("\r\n".join([head, *rows]).encode(), "a.csv")
        self.assertEqual(wizard.wrong_count, 3)
        self.assertIn("700 rows understood", wizard.summary)
        self.assertEqual(len(wizard.line_ids), 500)
        self.assertEqual(len([x for x in wizard.line_ids if x.problem]), 3)

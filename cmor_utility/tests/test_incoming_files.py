"""Incoming side through whole files: bytes in, practices and answers out."""

from odoo.tests import freeze_time, tagged

from .common_incoming import IncomingCommon
from .receive_common import ReceiveCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingFiles(IncomingCommon, ReceiveCommon):
    def _load(self, key, *rows):
        data = self._bytes(key, rows)
        return self.files._receive(f"{key}.csv", data, self.company)

    def _row(self, code, **values):
        return {
            "CP_GESTORE": code,
            "SETTORE": "E",
            "COD_POD": self.contract.supply_point_id.code + "7",
            "CF": "RSSMRA80A01F205X",
            "NOME": "Mario",
            "COGNOME": "Rossi",
            "PIVA_DISTR": "05779711000",
            "VALORE_CMOR": "123.45",
            "CMOR_PRECEDENTE": "0",
            "DATA_ACCETTAZIONE": "10/04/2026",
            **values,
        }

    def _practice(self, code):
        return self.env["cmor.practice"].search([("sii_code", "=", code)])

    def test_notices_of_a_file(self):
        files = self._load(
            "claim_notice_in",
            self._row("SII000000000001"),
            self._row("SII000000000002", COD_POD="IT001E99999999"),
            self._row("SII000000000003", VALORE_CMOR="uno"),
        )
        self.assertEqual(
            files.record_ids.sorted("row_number").mapped("state"),
            ["applied", "applied", "waiting"],
        )
        self.assertEqual(files.state, "partial")
        practice = self._practice("SII000000000001")
        self.assertRecordValues(
            practice,
            [{"state": "matched", "indemnity": 123.45, "sector": "electricity"}],
        )
        self.assertEqual(practice.record_ids.file_id, files)
        self.assertEqual(self._practice("SII000000000002").state, "unmatched")
        # the same bytes, and the same notice in another file, change nothing
        self._load("claim_notice_in", self._row("SII000000000001"))
        self.assertEqual(len(self._practice("SII000000000001")), 1)

    def test_lines_of_the_network_and_a_credit_note(self):
        self._load("claim_notice_in", self._row("SII000000000001"))
        practice = self._practice("SII000000000001")
        line = {
            "CP_GESTORE": "SII000000000001",
            "COD_POD": practice.point_code,
            "PIVA_DISTR": "05779711000",
            "NUM_DOCUMENTO": "D/1",
            "DATA_DOCUMENTO": "14/04/2026",
            "IMPORTO": "123.45",
            "TIPO_DOCUMENTO": "F",
        }
        files = self._load("dso_charge", line)
        self.assertEqual(
            files.record_ids.state, "applied", files.record_ids.problem_text
        )
        self.assertEqual(practice.state, "to_charge")
        self._load(
            "dso_charge", {**line, "NUM_DOCUMENTO": "D/2", "TIPO_DOCUMENTO": "N"}
        )
        self.assertEqual((practice.network_amount, practice.state), (0.0, "matched"))

    def test_annulment_before_its_notice(self):
        row = {
            "CP_GESTORE": "SII000000000009",
            "SETTORE": "E",
            "COD_POD": self.contract.supply_point_id.code,
            "COD_CAUSALE": "N1",
            "MOTIVAZIONE": "Costituzione in mora mancante",
            "DATA_ANNULLAMENTO": "14/04/2026",
            "INDENNIZZO_EROGATO": "0",
        }
        early = self._load("cancel_notice", row)
        self.assertEqual(early.record_ids.state, "waiting")
        self._load("claim_notice_in", self._row("SII000000000009"))
        early.record_ids.with_user(self.operator).action_retry()
        practice = self._practice("SII000000000009")
        self.assertEqual(
            early.record_ids.state, "applied", early.record_ids.problem_text
        )
        self.assertEqual((practice.state, practice.is_annulled), ("closed", True))
        self.assertIn("Costituzione", practice.cancel_cause)
        self.assertEqual(early.record_ids.state, "applied")

    def test_answer_to_a_suspension(self):
        self._load("claim_notice_in", self._row("SII000000000001"))
        practice = self.as_operator(self._practice("SII000000000001"))
        self.contract.supply_state = "suspended"
        practice._ask_suspension()
        request = self._sent(practice, "suspend_request")
        files = self._load(
            "suspend_outcome",
            {
                "CP_UTENTE": request.code,
                "CP_GESTORE": practice.sii_code,
                "ESITO": "1",
            },
        )
        self.assertEqual(files.record_ids.state, "applied", files.record_ids.problem)
        self.assertEqual(practice.state, "suspended")
        self.assertEqual(files.record_ids.request_id, request)

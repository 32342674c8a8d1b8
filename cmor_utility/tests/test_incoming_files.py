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

    def _export(self, practice):
        """Export and send what waits of a practice, as the operator."""
        requests = practice.request_ids.filtered(lambda r: r.state == "to_export")
        files = (
            self.env["cmor.practice"]
            .with_user(self.operator)
            ._export_requests(requests.with_user(self.operator), self.today)
        )
        problems = files.sudo().record_ids.mapped("issue_text")
        self.assertEqual(files.state, "generated", problems)
        files.with_user(self.operator).action_mark_sent()
        return requests, files.sudo().record_ids.raw_values

    def test_requests_leave_as_files(self):
        self._load("claim_notice_in", self._row("SII000000000001"))
        practice = self.as_operator(self._practice("SII000000000001"))
        self.contract.supply_state = "suspended"
        practice._ask_suspension()
        request, row = self._export(practice)
        self.assertEqual((request.state, practice.state), ("sent", "suspend_requested"))
        # the point as the SII wrote it, with its 15th character
        self.assertEqual(row["COD_POD"], practice.point_code)
        self.assertEqual((row["COD_MOTIVO"], row["CMOR_INCASSATO"]), ("S1", "0"))
        answer = {"CP_UTENTE": request.code, "CP_GESTORE": practice.sii_code}
        self._load("suspend_outcome", {**answer, "ESITO": "1"})
        practice._ask_resumption("Riattivata")
        _request, row = self._export(practice)
        self.assertEqual(row["TIPO_RICHIESTA"], "2")

    def test_annulment_of_a_stranger_and_report_leave(self):
        self._load(
            "claim_notice_in", self._row("SII000000000002", COD_POD="IT001E99999999")
        )
        stranger = self.as_operator(self._practice("SII000000000002"))
        stranger._ask_cancel_in(self.reason("N6"))
        _request, row = self._export(stranger)
        self.assertEqual((row["RUOLO"], row["COD_POD"]), ("E", "IT001E99999999"))
        self.assertEqual(stranger.state, "cancel_requested")
        practice = self._to_charge("SII000000000003")
        self._pay(self._on_bill(practice))
        practice.action_settle()
        practice.action_report()
        request, row = self._export(practice)
        self.assertEqual((row["STATO"], row["IMPORTO_INCASSATO"]), ("3", "100.00"))
        self._load(
            "report_ack",
            {
                "CP_UTENTE": request.code,
                "CP_GESTORE": practice.sii_code,
                "VERIFICA_AMM": "1",
            },
        )
        self.assertEqual(practice.state, "reported")

    def test_code_of_another_party_in_a_notice(self):
        """A notice carries the claimant's CP_UTENTE, which may be ours by chance."""
        self._load("claim_notice_in", self._row("SII000000000001"))
        self._load("claim_notice_in", self._row("SII000000000002"))
        told = self._practice("SII000000000002")
        asking = self.as_operator(self._practice("SII000000000001"))
        self.contract.supply_state = "suspended"
        asking._ask_suspension()
        request, _row = self._export(asking)
        files = self._load(
            "claim_update",
            {
                "CP_UTENTE": request.code,
                "CP_GESTORE": told.sii_code,
                "SETTORE": "E",
                "VALORE_PRECEDENTE": "123.45",
                "VALORE_AGGIORNATO": "100.00",
                "DATA_AGGIORNAMENTO": "14/04/2026",
            },
        )
        record = files.record_ids
        self.assertEqual((record.state, record.practice_id), ("applied", told))
        self.assertFalse(record.request_id)
        self.assertEqual((told.indemnity, asking.indemnity), (100.0, 123.45))

    def _opened(self, first, count):
        """Practices of ``count`` notices, each of a supply of its own."""
        rows = []
        for number in range(first, first + count):
            contract = self._create_contract(f"SET{number}", self.customer)
            pod = contract.supply_point_id.code
            rows.append(self._row(f"SII{number:012d}", COD_POD=pod))
        self._load("claim_notice_in", *rows)
        codes = [row["CP_GESTORE"] for row in rows]
        return self.env["cmor.practice"].search([("sii_code", "in", codes)])

    def _statements(self, key, practices, **values):
        """Statements to apply a file with a row about each of the practices."""
        data = self._bytes(key, [self._row(p.sii_code, **values) for p in practices])
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        file = self.files._receive(f"{key}.csv", data, self.company)
        self.env.flush_all()
        self.assertEqual(set(file.record_ids.mapped("state")), {"applied"})
        return self.env.cr.sql_log_count - before

    def test_many_cost_no_more_statements(self):
        """What the SII tells of eight practices takes the statements of two."""
        told = (
            (
                "claim_update",
                {
                    "VALORE_PRECEDENTE": "123.45",
                    "VALORE_AGGIORNATO": "100.00",
                    "DATA_AGGIORNAMENTO": "12/04/2026",
                },
            ),
            ("suspend_notice", {"SOSPESA": "1", "DATA_COMUNICAZIONE": "12/04/2026"}),
            (
                "cancel_notice",
                {
                    "DATA_ANNULLAMENTO": "12/04/2026",
                    "COD_CAUSALE": "N3",
                    "INDENNIZZO_EROGATO": "0",
                },
            ),
        )
        practices = self._opened(1, 12)
        self.assertEqual(set(practices.mapped("state")), {"matched"})
        warm, few, many = practices[:2], practices[2:4], practices[4:]
        for key, values in told:
            self._statements(key, warm, **values)
            spent = self._statements(key, few, **values)
            with self.subTest(key):
                self.assertLessEqual(self._statements(key, many, **values), spent)

    def test_each_row_is_written_once(self):
        """Told of an update: practices and the charges that wait for a bill; a second
        UPDATE of a row would check all its foreign keys again."""
        practices = self._opened(31, 3)
        for practice in practices:
            self._charged_by_network(practice, "123.45")
        self.as_operator(practices).action_charge_customer()
        charges = practices.sudo().charge_ids
        self.assertEqual(charges.mapped("state"), ["to_export"] * 3)
        update = {
            "VALORE_PRECEDENTE": "123.45",
            "VALORE_AGGIORNATO": "100.00",
            "DATA_AGGIORNAMENTO": "12/04/2026",
        }
        tables = ("cmor_practice", "utility_charge", "cmor_flow_record")
        before = self._rows_written(*tables)
        file = self._load(
            "claim_update", *(self._row(p.sii_code, **update) for p in practices)
        )
        after = self._rows_written(*tables)
        self.assertEqual(file.record_ids.mapped("state"), ["applied"] * 3)
        self.assertEqual(charges.mapped("state"), ["cancelled"] * 3)
        written = {table: after[table] - before[table] for table in tables}
        self.assertEqual(written, dict.fromkeys(tables, 3))

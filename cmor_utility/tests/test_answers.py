from datetime import date
from decimal import Decimal
from unittest import mock

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .receive_common import ReceiveCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestAnswers(ReceiveCommon):
    """What the SII answers to a claim, from the file to the practice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-04-15 10:30:00"):
            cls.all = cls._create_sent(2)
        cls.one, cls.two = cls.all

    def notice(self, practice, **more):
        return {
            "CP_UTENTE": practice.code or "",
            "CP_GESTORE": practice.sii_code or "",
            "SETTORE": "E",
            "COD_POD": "IT001E00000001",
            **more,
        }

    def test_admitted_and_refused(self):
        """Partial acceptance: each record its own way, the file says so (F02, F03)."""
        file = self._receive("claim_ack", [self._ack(self.one), self._ack(self.two, 0)])
        self.assertEqual(file.state, "applied")
        self.assertRecordValues(
            self.all,
            [
                {
                    "state": "accepted",
                    "sii_code": f"SII{self.one.id:012d}",
                    "accepted_on": date(2026, 4, 20),
                    "cause_id": False,
                },
                {
                    "state": "rejected",
                    "sii_code": False,
                    "accepted_on": False,
                    "cause_id": self.env.ref("cmor_utility.cause_admissibility_4").id,
                },
            ],
        )
        self.assertEqual(self.two.cause_kind, "fixable")
        self.assertEqual(self.two.next_action, "claim_again")
        sent = self.all.record_ids.filtered(lambda r: r.direction == "out")
        self.assertEqual(sent.mapped("answer"), ["accepted", "refused"])
        self.assertEqual(sent.file_id.answer_state, "partly")
        self.assertEqual(file.record_ids.answered_id, sent)
        event = self.one.event_ids.filtered(lambda e: e.kind == "accepted")
        self.assertIn(f"SII{self.one.id:012d}", event.text)
        self.assertEqual(event.file_id, file)

    def test_again_changes_nothing(self):
        rows = [self._ack(self.one), self._ack(self.two, 0)]
        self._receive("claim_ack", rows)
        events = self.all.event_ids
        again = self._receive("claim_ack", [{**r, "CF": "x"} for r in rows[::-1]])
        self.assertEqual(again.record_ids.mapped("state"), ["repeated", "repeated"])
        self.assertEqual(self.all.event_ids, events)

    def test_answer_to_a_file_not_marked_sent(self):
        """The answer proves that it left: the whole file is marked."""
        with freeze_time("2026-04-15 10:30:00"):
            contract = self._create_switch_out("U1")
            practice = self._find().filtered(lambda p: p.contract_id == contract)
            self._declare(practice)
            practice.action_confirm()
            practice.action_export()
        self._receive("claim_ack", [self._ack(practice)])
        self.assertEqual(practice.state, "accepted")
        self.assertEqual(
            set(practice.record_ids.file_id.mapped("state")), {"sent", "applied"}
        )

    def test_unknown_code_of_a_cause(self):
        """Gate 30: a code that nobody knows is shown, kept, not lost; classified
        afterwards (F07)."""
        row = self._ack(self.one, 0, COD_CAUSALE="0X7", MOTIVAZIONE="Motivo ignoto")
        file = self._receive("claim_ack", [row])
        self.assertEqual(file.record_ids.state, "applied")
        self.assertEqual(file.record_ids.raw_values["COD_CAUSALE"], "0X7")
        self.assertEqual(self.one.state, "rejected")
        cause = self.one.cause_id
        self.assertRecordValues(
            cause,
            [
                {
                    "code": "0X7",
                    "plain_code": "X7",
                    "name": "Motivo ignoto",
                    "kind": "unknown",
                    "is_received": True,
                }
            ],
        )
        self.assertEqual(self.one.cause_text, "Motivo ignoto")
        self.assertEqual(self.one.next_action, "classify_cause")
        with self.assertRaisesRegex(UserError, "classify"):
            self.one.action_claim_again()
        cause.with_user(self.operator).action_classify("fixable")
        self.assertEqual(self.one.next_action, "claim_again")
        with self.assertRaises(UserError):
            cause.with_user(self.operator).action_classify("final")
        with self.assertRaises(AccessError):
            cause.with_user(self.operator).write({"kind": "final"})
        # the same code again finds the same cause, with and without zeros
        self._receive("claim_ack", [self._ack(self.two, 0, COD_CAUSALE="X7")])
        self.assertEqual(self.two.cause_id, cause)

    def test_unknown_practice_waits(self):
        """An answer that matches nothing waits in sight (F09)."""
        row = self._ack(
            self.one, CP_UTENTE="E99-00000001", CP_GESTORE="SII999999999999"
        )
        file = self._receive("claim_ack", [row, self._ack(self.two)])
        record = file.record_ids[0]
        self.assertEqual(
            (record.state, record.problem), ("waiting", "unknown_practice")
        )
        self.assertEqual(self.two.state, "accepted")
        record.action_link(self.one.id)
        self.assertEqual(record.state, "applied")
        self.assertEqual(self.one.sii_code, "SII999999999999")

    def test_applied_later_when_the_practice_is_there(self):
        row = self._ack(
            self.one, CP_UTENTE="NEW-00000000", CP_GESTORE="SII999999999999"
        )
        record = self._receive("claim_ack", [row]).record_ids
        self.assertEqual(record.state, "waiting")
        practice = self._create_bare(1, prefix="NEW")
        record.action_retry()
        self.assertEqual((record.state, practice.state), ("applied", "accepted"))

    def test_claim_again_with_a_new_code(self):
        """Refused and put right: a new code, the old one is burnt for ever."""
        self._receive("claim_ack", [self._ack(self.one, 0)])
        old = self.one.code
        with self.assertRaises(AccessError):
            self.one.with_user(self.bystander).action_claim_again()
        self.one.action_claim_again()
        self.assertEqual(self.one.state, "candidate")
        self.assertEqual(self.one.next_action, "confirm")
        self.assertFalse(self.one.code)
        self.one.action_confirm()
        self.one.action_export()
        self.one.action_mark_sent()
        self.assertEqual(self.one.state, "sent")
        self.assertNotEqual(self.one.code, old)
        burnt = self.env["cmor.practice.code"].search(
            [("practice_id", "=", self.one.id)]
        )
        self.assertEqual(set(burnt.mapped("code")), {old, self.one.code})
        # late and contradictory: the old code is refused again, then admitted
        row = self._ack(self.one, 0, CP_UTENTE=old, MOTIVAZIONE="ancora")
        self.assertEqual(self._receive("claim_ack", [row]).record_ids.state, "repeated")
        row = self._ack(self.one, CP_UTENTE=old)
        record = self._receive("claim_ack", [row]).record_ids
        self.assertEqual(record.problem, "old_code_admitted")
        self.assertEqual(self.one.state, "sent")

    def test_refused_for_good(self):
        cause = self.env.ref("cmor_utility.cause_admissibility_4")
        cause.sudo().kind = "final"
        self._receive("claim_ack", [self._ack(self.one, 0)])
        with self.assertRaisesRegex(UserError, "final"):
            self.one.action_claim_again()
        self.one.action_give_up_refused()
        self.assertEqual(self.one.state, "closed_lost")
        event = self.one.event_ids.filtered(lambda e: e.kind == "lost")
        self.assertIn("Mandatory fields", event.text)

    def test_already_registered(self):
        """Gate 31: already registered is adopted, never sent again blindly (F10)."""
        row = self._ack(self.one, 0, COD_CAUSALE="005", MOTIVAZIONE="Gia' ricevuta")
        record = self._receive("claim_ack", [row]).record_ids
        self.assertEqual(
            (record.state, record.problem), ("waiting", "already_registered")
        )
        self.assertEqual(self.one.state, "sent")
        with self.assertRaises(AccessError):
            self.one.with_user(self.bystander)._adopt("SII000000000009")
        self.one._adopt(" sii000000000009 ")
        self.assertRecordValues(
            self.one, [{"state": "accepted", "sii_code": "SII000000000009"}]
        )
        self.assertEqual((record.state, record.file_id.state), ("applied", "applied"))
        # told at once: adopted by itself
        row = self._ack(self.two, 0, COD_CAUSALE="5", CP_GESTORE="SII000000000010")
        self._receive("claim_ack", [row])
        self.assertRecordValues(
            self.two, [{"state": "accepted", "sii_code": "SII000000000010"}]
        )

    def test_code_of_another_practice(self):
        self._receive("claim_ack", [self._ack(self.one)])
        row = self._ack(self.two, CP_GESTORE=self.one.sii_code)
        record = self._receive("claim_ack", [row]).record_ids
        self.assertEqual(record.problem, "sii_code_taken")
        self.assertEqual(self.two.state, "sent")

    @mute_logger("odoo.sql_db")  # the unique index speaks, the halves go on
    def test_same_code_for_two_in_one_file(self):
        rows = [self._ack(p, CP_GESTORE="SII000000000001") for p in self.all]
        records = self._receive("claim_ack", rows).record_ids
        self.assertEqual(records.mapped("problem"), [False, "sii_code_taken"])
        self.assertEqual(self.all.mapped("state"), ["accepted", "sent"])

    def test_amount_of_the_outcome_differs(self):
        row = {
            "CP_UTENTE": self.one.code,
            "CP_GESTORE": "SII000000000001",
            "COD_POD": "IT001E00000001",
            "ESITO": "1",
            "VALORE_CMOR": "1.00",
            "DATA_ACCETTAZIONE": "18/04/2026",
        }
        record = self._receive("claim_outcome", [row]).record_ids
        self.assertEqual((record.state, record.problem), ("waiting", "amount_differs"))
        self.assertEqual(self.one.state, "sent")
        self.assertTrue(record.is_confirmable)
        record.action_apply_anyway()
        self.assertRecordValues(
            self.one,
            [
                {
                    "state": "accepted",
                    "indemnity": 1.0,
                    "accepted_on": date(2026, 4, 18),
                }
            ],
        )

    def accept(self):
        self._receive("claim_ack", [self._ack(p) for p in self.all])

    def test_new_amount(self):
        self.accept()
        before = self.one.indemnity
        row = self.notice(
            self.one,
            VALORE_PRECEDENTE=f"{before:.2f}",
            VALORE_AGGIORNATO="50.00",
            DATA_AGGIORNAMENTO="19/04/2026",
        )
        file = self._receive("claim_update", [row])
        self.assertEqual(file.record_ids.state, "applied")
        self.assertRecordValues(
            self.one,
            [{"state": "accepted", "indemnity": 50.0, "amount_before": before}],
        )
        again = self._receive("claim_update", [{**row, "NOTE": "di nuovo"}])
        self.assertEqual(again.record_ids.state, "repeated")
        wrong = {
            **row,
            "VALORE_AGGIORNATO": "40.00",
            "DATA_AGGIORNAMENTO": "20/04/2026",
        }
        record = self._receive("claim_update", [wrong]).record_ids
        self.assertEqual(record.problem, "amount_before_differs")
        self.assertEqual(self.one.indemnity, 50.0)

    def test_suspended_and_going_on(self):
        self.accept()
        stop = self.notice(self.one, SOSPESA="1", DATA_COMUNICAZIONE="18/04/2026")
        self._receive("suspend_notice", [stop])
        self.assertEqual(self.one.state, "suspended")
        go = self.notice(self.one, SOSPESA="0", DATA_COMUNICAZIONE="19/04/2026")
        self._receive("suspend_notice", [go])
        self.assertEqual(self.one.state, "accepted")
        late = self._receive("suspend_notice", [{**stop, "NOTE": "tardi"}])
        self.assertEqual(late.record_ids.state, "repeated")
        self.assertEqual(self.one.state, "accepted")

    def test_notice_with_the_code_of_another_user(self):
        """Only the SII's code counts when a notice goes to all parties."""
        self.accept()
        row = self.notice(self.two, SOSPESA="1", DATA_COMUNICAZIONE="19/04/2026")
        self._receive("suspend_notice", [{**row, "CP_UTENTE": self.one.code}])
        self.assertEqual(self.all.mapped("state"), ["accepted", "suspended"])

    def ask_cancel(self):
        reason = self.env["cmor.cancel.reason"].search([("code", "=", "N2")])
        collected = {self.one: Decimal("100.00")}
        return self.one._ask_cancel(reason, date(2026, 4, 19), "Pagato", collected)

    def send(self, requests):
        files = self.practices._export_requests(requests, date(2026, 4, 20))
        self.assertEqual(files.record_ids.mapped("issue_text"), [""] * len(requests))
        files.action_mark_sent()
        return files

    def test_annulment_asked_admitted_granted(self):
        self.accept()
        request = self.ask_cancel()
        file = self.send(request)
        self.assertEqual((request.state, self.one.state), ("sent", "cancel_requested"))
        row = {"CP_UTENTE": request.code, "COD_POD": "IT001E00000001"}
        self._receive(
            "cancel_ack",
            [{**row, "VERIFICA_AMM": "1", "CP_GESTORE": "SII000000000077"}],
        )
        self.assertEqual(request.state, "admitted")
        self.assertEqual(file.answer_state, "answered")
        outcome = {**row, "ESITO": "1", "DATA_ANNULLAMENTO": "20/04/2026"}
        outcome["CP_GESTORE"] = "SII000000000077"
        self._receive("cancel_outcome", [outcome])
        self.assertEqual((request.state, self.one.state), ("accepted", "cancelled"))
        notice = self.notice(
            self.one,
            COD_CAUSALE="N2",
            MOTIVAZIONE="Pagato",
            DATA_ANNULLAMENTO="20/04/2026",
            INDENNIZZO_EROGATO="0",
        )
        again = self._receive("cancel_notice", [notice])
        self.assertEqual(again.record_ids.state, "repeated")

    def test_annulment_refused_goes_back(self):
        self.accept()
        request = self.ask_cancel()
        file = self.send(request)
        row = {"CP_UTENTE": request.code, "COD_POD": "IT001E00000001"}
        refusal = {"VERIFICA_AMM": "0", "COD_CAUSALE": "4", "MOTIVAZIONE": "No"}
        self._receive("cancel_ack", [{**row, **refusal}])
        self.assertEqual((request.state, self.one.state), ("rejected", "accepted"))
        self.assertEqual(request.answer, "4 No")
        self.assertEqual(file.answer_state, "refused")
        # by whom it was applied does not matter: each reads it in his language
        cause = self.env["cmor.cause"].search([("code", "=", "4")])
        reason = self.env["cmor.cancel.reason"].search([("code", "=", "N2")])
        for kind, named in (("cancel_refused", cause), ("cancel_asked", reason)):
            event = self.one.event_ids.filtered(lambda e, k=kind: e.kind == k)
            for lang, other in (("en_US", "it_IT"), ("it_IT", "en_US")):
                text = event.with_context(lang=lang).text
                self.assertIn(named.with_context(lang=lang).name, text)
                self.assertNotIn(named.with_context(lang=other).name, text)
        # asked again: another request, another code
        second = self.ask_cancel()
        self.send(second)
        self.assertNotEqual(second.code, request.code)

    def test_annulled_by_the_sii(self):
        self.accept()
        request = self.ask_cancel()
        row = self.notice(
            self.one,
            COD_CAUSALE="N1",
            MOTIVAZIONE="Senza mora",
            DATA_ANNULLAMENTO="20/04/2026",
            INDENNIZZO_EROGATO="0",
        )
        self._receive("cancel_notice", [row])
        self.assertEqual((self.one.state, request.state), ("cancelled", "overtaken"))
        self.assertEqual(self.one.cause_text, "Senza mora")

    def test_deemed_at_the_distributor(self):
        self.accept()
        practices = self.env["cmor.practice"].sudo()
        # ten working days from Monday 20 April 2026, with 25 April and 1 May between
        practices._deem_terms(self.company, date(2026, 5, 4))
        self.assertEqual(self.one.state, "accepted")
        practices._deem_terms(self.company, date(2026, 5, 6))
        self.assertEqual(self.one.state, "to_distributor")
        # the month of the deadline that the practice shows, and no other number
        self.env["cmor.parameter"].sudo().create(
            {
                "company_id": self.company.id,
                "key": "first_billing_months",
                "name": "Prima fatturazione utile",
                "value": "2",
                "unit": "months",
                "date_from": date(2026, 1, 1),
            }
        )
        practices._deem_terms(self.company, date(2026, 7, 31))
        self.assertEqual(self.one.state, "to_distributor")
        practices._deem_terms(self.company, date(2026, 8, 1))
        self.assertEqual(self.one.state, "awaiting_csea")
        # told late: the notice knows better, but not that late
        with mock.patch.object(
            self.registry["ir.cron"], "_commit_progress", return_value=60.0
        ):
            practices._cron_deemed()

    def test_bulk(self):
        """Statements for 100 answers are those for 10, but for the writing."""
        counts = []
        for count, prefix in ((10, "S"), (100, "T")):
            practices = self._create_bare(count, prefix=prefix)
            rows = [self._ack(p, n % 3) for n, p in enumerate(practices)]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._receive("claim_ack", rows, f"{prefix}.csv")
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] * 1.3, counts)

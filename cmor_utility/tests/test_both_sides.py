from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from .common_incoming import IncomingCommon
from .receive_common import ReceiveCommon

CODE = "SII000000000077"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestBothSides(ReceiveCommon, IncomingCommon):
    """One company claims and is charged: what the SII tells all is for both halves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.claim = cls._create_bare(1, state="accepted", sii_code=CODE)
        notice = cls._notice(CODE)
        records = cls._records("claim_notice_in", [notice])
        results = cls.env["cmor.flow.handler"].sudo()._apply("claim_notice_in", records)
        cls.charged = cls.as_operator(results[records.sudo()].practice)

    def tell(self, key, **row):
        common = {"CP_GESTORE": CODE, "SETTORE": "E", "COD_POD": "IT001E00000009"}
        return ReceiveCommon._receive.__func__(
            type(self), key, [{**common, **row}]
        ).record_ids

    def cancel(self, **more):
        row = {"COD_CAUSALE": "N1", "DATA_ANNULLAMENTO": "19/04/2026"}
        return self.tell("cancel_notice", **{**row, "INDENNIZZO_EROGATO": "0", **more})

    def update(self, before, after, day="18/04/2026", **more):
        return self.tell(
            "claim_update",
            VALORE_PRECEDENTE=before,
            VALORE_AGGIORNATO=after,
            DATA_AGGIORNAMENTO=day,
            **more,
        )

    def test_annulled_on_both(self):
        """Annulment, told to both sides (A05)."""
        record = self.cancel()
        self.assertEqual((record.state, record.practice_id), ("applied", self.claim))
        self.assertEqual(self.claim.state, "cancelled")
        self.assertEqual(
            (self.charged.state, self.charged.is_annulled), ("closed", True)
        )
        self.assertEqual(self.cancel(NOTE="di nuovo").state, "repeated")

    def test_updated_and_suspended_on_both(self):
        """Suspension and its end, on both sides (A06)."""
        self.assertEqual(self.update("100.00", "80.00").state, "applied")
        self.assertEqual((self.claim | self.charged).mapped("indemnity"), [80.0, 80.0])
        record = self.tell(
            "suspend_notice", SOSPESA="1", DATA_COMUNICAZIONE="19/04/2026"
        )
        self.assertEqual(record.state, "applied", record.problem)
        both = self.claim | self.charged
        self.assertEqual(both.mapped("state"), ["suspended", "suspended"])

    def test_one_half_waits(self):
        """Tried again, what was applied stays and the other half follows."""
        self.charged.sudo()._guarded().write({"indemnity": 90.0})
        record = self.update("100.00", "80.00")
        self.assertEqual(
            (record.state, record.problem, record.practice_id),
            ("waiting", "update_before_differs", self.charged),
        )
        self.assertEqual(self.claim.indemnity, 80.0)
        self.charged.sudo()._guarded().write({"indemnity": 100.0})
        record.action_retry()
        self.assertEqual((record.state, self.charged.indemnity), ("applied", 80.0))
        self.assertEqual(self.claim.indemnity, 80.0)

    def test_linked_by_a_person_is_for_that_half_only(self):
        record = self.cancel(CP_GESTORE="SII000000000078")
        self.assertEqual(
            (record.state, record.problem), ("waiting", "unknown_practice")
        )
        record.action_link(self.charged.id)
        self.assertEqual(record.state, "applied", record.problem)
        self.assertEqual((self.claim.state, self.charged.state), ("accepted", "closed"))

    def test_an_answer_is_for_who_has_asked(self):
        reason = self.reason("N6")
        request = self.charged._ask_cancel_in(reason, date=date(2026, 4, 19))
        request = self._sent(self.charged, "cancel_request")
        record = self.tell(
            "cancel_ack", CP_UTENTE=request.code, CP_GESTORE="ANN1", VERIFICA_AMM="1"
        )
        self.assertEqual(record.state, "applied", record.problem)
        self.assertEqual((request.state, self.claim.state), ("admitted", "accepted"))
        self.assertEqual(Decimal(str(self.claim.indemnity)), Decimal("100.0"))

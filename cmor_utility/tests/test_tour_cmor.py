"""A day of the CMOR operator in a browser: answers, timeline, terms, a charge."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common_incoming import IncomingCommon
from .receive_common import ReceiveCommon


@tagged("post_install", "-at_install", "tour")
class TestTourCmor(HttpCase, IncomingCommon, ReceiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sent = cls._create_bare(1, prefix="TOUR")
        unknown = cls._ack(cls.sent, CP_UTENTE="E99-00000001", CP_GESTORE="SII99")
        cls.acks = cls._load("claim_ack", cls._ack(cls.sent, ok=False), unknown)
        cls._load("claim_notice_in", cls._notice_row())
        cls.incoming = cls.env["cmor.practice"].search([("side", "=", "incoming")])
        cls._charged_by_network(cls.incoming, "100")

    @classmethod
    def _load(cls, key, *rows):
        data = cls._bytes(key, rows)
        return cls.files._receive(f"{key}.csv", data, cls.company)

    @classmethod
    def _notice_row(cls):
        today = fields.Date.today()
        return {
            "CP_GESTORE": "SII000000000001",
            "SETTORE": "E",
            "COD_POD": cls.contract.supply_point_id.code,
            "CF": "RSSMRA80A01F205X",
            "VALORE_CMOR": "100.00",
            "CMOR_PRECEDENTE": "0",
            "DATA_ACCETTAZIONE": f"{today:%d/%m/%Y}",
        }

    def test_day(self):
        self.assertEqual(self.incoming.state, "to_charge")
        waiting = self.acks.record_ids.filtered(lambda r: r.state == "waiting")
        self.assertEqual(waiting.code, "E99-00000001")
        self.start_tour("/odoo", "cmor_day", login="operator")
        self.assertRecordValues(
            waiting,
            [
                {
                    "state": "set_aside",
                    "set_aside_reason": "Pratica di un altro utente",
                    "handled_by_id": self.operator.id,
                }
            ],
        )
        charge = self.incoming.charge_ids
        self.assertEqual((charge.amount, charge.kind), (100.0, "cmor"))

    def test_each_side_has_its_form(self):
        address = f"/odoo/cmor.practice/{self.incoming.id}"
        self.start_tour(address, "cmor_sides", login="operator")

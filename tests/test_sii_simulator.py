"""The simulator of the SII answers by the shipped layouts and keeps right books."""

from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import BaseCase, tagged

from odoo.addons.cmor_utility.formats import flow_io
from odoo.addons.cmor_utility.tests.layouts import FILES, shipped

from .sii import simulator as sii

KEYS = {
    "claim_request": "SI1.0050",
    "claim_ack": "SI1.0100",
    "claim_notice_in": "SI2.0200",
    "claim_paid": "SI6.0200",
    "claim_update": "SI7.0200",
    "cancel_notice": "AI2.0200",
    "dso_charge": "DS1.0200",
}
ASKING, HOLDING = "12345670017", "09876540015"
TODAY = date(2026, 4, 15)


@tagged("standard", "post_install", "-at_install")
class TestSiiSimulator(BaseCase):
    def setUp(self):
        super().setUp()
        layouts = shipped()
        self.layouts = {key: layouts[code] for key, code in KEYS.items()}
        self.data = (FILES / "SI1.0050_golden.csv").read_bytes()
        rows = flow_io.read(self.layouts["claim_request"], self.data).rows
        self.asked = [
            flow_io.by_source(self.layouts["claim_request"], row.values) for row in rows
        ]

    def simulator(self, *scripts):
        points = [row["pod"] or row["pdr"] for row in self.asked]
        return sii.Sii(
            self.layouts,
            dict.fromkeys(points, HOLDING),
            dict(zip(points, scripts, strict=False)),
        )

    def told(self, gestore, receiver, days):
        """{key: [{source: value}]} of what falls due for a company within ``days``."""
        found = {}
        for name, data in gestore.deliver(receiver, TODAY + timedelta(days=days)):
            code = ".".join(flow_io.sniff(data, name))
            key = next(key for key, value in KEYS.items() if value == code)
            rows = flow_io.read(self.layouts[key], data, name).rows
            self.assertFalse([row.issues for row in rows if row.issues])
            found[key] = [
                flow_io.by_source(self.layouts[key], row.values) for row in rows
            ]
        return found

    def ask(self, *scripts):
        gestore = self.simulator(*scripts)
        gestore.receive(self.asked[0]["role_vat"], self.data, TODAY)
        return gestore, self.asked[0]["role_vat"]

    def test_a_claim_from_request_to_payment(self):
        gestore, asking = self.ask()
        self.assertFalse(self.told(gestore, asking, 1))
        answers = self.told(gestore, asking, 2)["claim_ack"]
        self.assertEqual([row["admitted"] for row in answers], ["1"] * len(self.asked))
        self.assertEqual(set(self.told(gestore, HOLDING, 2)), {"claim_notice_in"})
        lines = self.told(gestore, HOLDING, 20)["dso_charge"]
        paid = self.told(gestore, asking, 60)["claim_paid"]
        total = sum(row["indemnity"] for row in self.asked)
        self.assertEqual(sum(row["cmor_amount"] for row in lines), total)
        self.assertEqual(sum(row["paid_amount"] for row in paid), total)

    def test_refused_updated_and_annulled(self):
        gestore, asking = self.ask(sii.FINAL, sii.UPDATED)
        answers = self.told(gestore, asking, 2)["claim_ack"]
        self.assertEqual(sorted(row["admitted"] for row in answers), ["0", "1"])
        (update,) = self.told(gestore, HOLDING, 8)["claim_update"]
        lowered = update["amount_before"] - update["cmor_amount"]
        self.assertEqual(lowered, Decimal("10.00"))
        (line,) = self.told(gestore, HOLDING, 20)["dso_charge"]
        self.assertEqual(line["cmor_amount"], update["cmor_amount"])
        gestore, asking = self.ask(sii.ANNULLED_EARLY, sii.ANNULLED_PAID)
        told = self.told(gestore, asking, 70)
        paid = sorted(row["indemnity_paid"] for row in told["cancel_notice"])
        self.assertEqual((len(told["claim_paid"]), paid), (1, ["0", "1"]))

    def test_the_distributor_gives_back_what_was_annulled(self):
        gestore, _asking = self.ask(sii.ANNULLED_CHARGED, sii.ANNULLED_PAID)
        lines = self.told(gestore, HOLDING, 90)["dso_charge"]
        credits = [row for row in lines if row["document_kind"] == "N"]
        annulled = [c for c in gestore.claims.values() if c.state == "cancelled"]
        # not what CSEA has paid already: that comes back from the outgoing seller
        (back,) = [claim for claim in annulled if not claim.paid]
        self.assertEqual([row["sii_code"] for row in credits], [back.sii_code])
        self.assertEqual(credits[0]["cmor_amount"], back.amount)
        self.assertEqual(back.charged, 0)

"""A CMOR received weighs on the customer's valuation and goes to the contract desk."""

from datetime import date

from odoo.tests import freeze_time, tagged

from odoo.addons.cmor_utility.tests.common_incoming import IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestValuationBridge(IncomingCommon):
    def _valued(self):
        self.env.flush_all()
        runs = self.env["dunning.valuation.run"].sudo()
        runs._value_company(self.company, date(2026, 4, 15))
        return (
            self.env["dunning.valuation"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", self.contract.partner_id.id),
                    ("contract_id", "=", False),
                ]
            )
        )

    def test_cmor_received_counts_until_it_is_annulled(self):
        practice = self._to_charge()
        one = self._valued()
        self.assertEqual((one.cmor_received, one.is_serial), (1, True))
        self.assertIn("cmor_received", [why["measure"] for why in one.reasons])
        self._receive("cancel_notice", {"sii_code": practice.sii_code})
        self.assertTrue(practice.is_annulled)
        one = self._valued()
        self.assertEqual((one.cmor_received, one.is_serial), (0, False))

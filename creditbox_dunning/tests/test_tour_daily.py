"""A day of the clerk and of the manager, in a browser."""

from odoo.tests import HttpCase, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install", "tour")
class TestTourDaily(HttpCase, DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.overdue()
        nobody = cls._create_customer("C9", email=False, street=False)
        cls.overdue("B9999", cls._create_contract("CT9", nobody), 70)
        for day in (1, 7, 15, 30):
            cls.run_on(day)
        cls.lost = cls.env["dunning.case"].search([("partner_id", "=", nobody.id)])

    def test_clerk(self):
        self.assertEqual(self.lost.next_kind, "stop")
        self.start_tour("/odoo", "creditbox_daily_clerk", login="operator")
        self.assertEqual(self.lost.user_id, self.operator)

    def test_manager(self):
        self.start_tour("/odoo", "creditbox_daily_manager", login="manager")

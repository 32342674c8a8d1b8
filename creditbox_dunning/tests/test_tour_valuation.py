"""The valuation of a customer in a browser."""

from odoo.tests import HttpCase, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install", "tour")
class TestTourValuation(HttpCase, DunningCommon):
    def test_watch_and_look(self):
        self.overdue("A", self.contract, 9000)
        runs = self.env["dunning.valuation.run"].sudo()
        runs._value_company(self.company, self.day(40))
        self.start_tour("/odoo", "creditbox_valuation", login="manager")
        one = self.env["dunning.valuation"]._of_customers(self.customer, self.company)
        one = one[self.company.id, self.customer.id]
        self.assertFalse(one.is_watched)
        self.assertEqual(one.watch_user_id, self.manager)

"""Thresholds are in the company's currency, whatever the currency of a bill."""

from odoo.tests import tagged

from .test_action_table_screens import TableCase


@tagged("post_install", "-at_install")
class TestCurrency(TableCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollar = cls.env.ref("base.USD")
        cls.dollar.active = True
        cls.env["res.currency.rate"].create(
            {
                "currency_id": cls.dollar.id,
                "rate": 4.0,
                "company_id": cls.company.id,
                "name": "2026-01-01",
            }
        )

    def bill(self, ref, amount):
        contract = self._create_contract(ref, self.customer)
        return self.overdue(ref, contract, amount, currency_id=self.dollar.id)

    def test_gate_35_a_bill_in_another_currency(self):
        """Gate 35: 36 dollars are 9 euro, below the 10 of the friendly notice; 44 are
        11. Compared in dollars both would be above."""
        below, above = self.bill("U1", 36), self.bill("U2", 44)
        for day in (1, 4, 8, 16):
            self.run_on(day)
        states = {
            move: [rule.seq for rule in self.case_of(move).next_rule_id]
            for move in (below, above)
        }
        self.assertAlmostEqual(self.case_of(below).amount_due, 9)
        self.assertEqual(self.case_of(below).state, "parked", states)
        self.assertEqual(self.case_of(above).state, "open", states)

    def test_gate_35_bands_include_both_ends(self):
        """Gate 35: a row from 100 to 500 takes 100.00 and 500.00, not 99.99 nor
        500.01, also for bills in another currency."""
        rule = self.row(30)
        rule.write({"amount_from": 100, "amount_to": 500, "min_threshold": 0})
        self.draft.action_publish()
        amounts = {"V1": 399.96, "V2": 400, "V3": 2000, "V4": 2000.04}
        moves = {ref: self.bill(ref, amount) for ref, amount in amounts.items()}
        self.run_on(1)
        caught = {
            ref: self.case_of(move) in self.draft._caught_by(self.row(30))
            for ref, move in moves.items()
        }
        self.assertEqual(caught, {"V1": False, "V2": True, "V3": True, "V4": False})
        self.run_on(16)
        taken = {
            ref: 30
            in [s for s, state in self.actions(self.case_of(m)) if state != "skipped"]
            for ref, m in moves.items()
        }
        self.assertEqual(taken, caught)

    def test_gate_35_a_company_in_another_currency(self):
        """Gate 35: the amounts of a table are in its company's currency."""
        company = self.env["res.company"].create(
            {"name": "Dollari Inc.", "currency_id": self.dollar.id}
        )
        table = self.env["dunning.action.table"]._published_for(company)
        self.assertEqual(table.rule_ids.currency_id, self.dollar)
        self.assertEqual(
            {rule.currency_id for rule in self.draft.rule_ids},
            {self.company.currency_id},
        )

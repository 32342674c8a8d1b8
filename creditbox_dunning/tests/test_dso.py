"""DSO of a company: month by month, by service, equal to the ledger to the cent."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, freeze_time, tagged

from ..rules import score
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestMonthEnds(BaseCase):
    def test_ends(self):
        found = score.month_ends(date(2028, 3, 31), 2)
        self.assertEqual(
            found, [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]
        )

    @given(st.dates(date(2000, 1, 1), date(2200, 1, 1)), st.integers(0, 40))
    def test_each_month_once(self, today, months):
        found = score.month_ends(today, months)
        self.assertEqual(len(found), months + 1)
        self.assertEqual(found[-1], today)
        for early, late in itertools.pairwise(found):
            self.assertEqual((early + timedelta(days=1)).day, 1)
            self.assertEqual(
                (late.year * 12 + late.month) - (early.year * 12 + early.month), 1
            )


@tagged("post_install", "-at_install")
class TestDso(DunningCommon):
    """Bills of electricity and of gas, paid late, one payment without a supply."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        gas = cls._create_point("01234567890123", service="gas")
        cls.gas = cls._create_contract("GAS1", cls.customer, gas)
        for ref, contract, amount, number in (
            ("E1", cls.contract, 400, -70),
            ("E2", cls.contract, 100, -40),
            ("G1", cls.gas, 250.55, -40),
            ("G2", cls.gas, 80, -10),
        ):
            cls.overdue(ref, contract, amount, due=cls.day(number))
        cls.bills = cls.env["account.move"].search(
            [("partner_id", "=", cls.customer.id), ("move_type", "=", "out_invoice")]
        )
        for index, number in ((0, -20), (2, 3)):
            with freeze_time(cls.day(number)):
                cls.pay(cls.bills.sorted("id")[index], 50)

    def refresh(self, number):
        self.env["dunning.dso"].sudo()._refresh(self.company, self.day(number))
        return self.env["dunning.dso"].search([("company_id", "=", self.company.id)])

    def ledger(self, day, contract=None):
        """Balance of the receivable accounts up to a day, the plain way."""
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("date", "<=", day),
            ]
        )
        return sum(Decimal(str(line.balance)) for line in lines)

    def test_each_month_is_the_ledger(self):
        rows = self.refresh(20)
        days = sorted(set(rows.mapped("date")))
        self.assertEqual(days[-1], self.day(20))
        self.assertGreater(len(days), 2)
        for day in days:
            told = rows.filtered(lambda row, d=day: row.date == d)
            total = sum(Decimal(str(row.receivables)) for row in told)
            self.assertEqual(total, self.ledger(day), day)

    def test_the_formula(self):
        rows = self.refresh(20).filtered(lambda row: row.date == self.day(20))
        by = {row.service: row for row in rows}
        # 50 of each of the two kinds was paid
        self.assertEqual(
            (by["electricity"].receivables, by["electricity"].billed), (450, 500)
        )
        self.assertEqual(by["electricity"].dso, 328.5)
        self.assertEqual((by["gas"].receivables, by["gas"].billed), (280.55, 330.55))
        self.assertEqual(by["gas"].customer_type, self.gas.customer_type)
        # of a group: the quotient of the sums, no mean of the two
        [(dso,)] = self.env["dunning.dso"]._read_group(
            [("date", "=", self.day(20)), ("company_id", "=", self.company.id)],
            [],
            ["dso:avg"],
        )
        self.assertEqual(round(float(dso), 1), 321.1)  # 730.55 / 830.55 * 365

    def test_a_past_day_and_money_not_matched(self):
        """What was paid later was open then; a payment on account has no supply."""
        rows = self.refresh(20)
        last = max(row.date for row in rows if row.date < self.day(0))
        before = rows.filtered(lambda row: row.date == last and row.service == "gas")
        self.assertEqual(
            sum(Decimal(str(row.receivables)) for row in rows if row.date == last),
            self.ledger(last),
        )
        self.assertGreater(before.receivables, 280)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 30,
                "date": self.day(10),
                "company_id": self.company.id,
            }
        )
        payment.action_post()
        rows = self.refresh(20).filtered(lambda row: row.date == self.day(20))
        none = rows.filtered(lambda row: not row.service)
        self.assertEqual((none.receivables, none.dso), (-30, 0))
        self.assertEqual(
            sum(Decimal(str(row.receivables)) for row in rows),
            self.ledger(self.day(20)),
        )

    def test_a_year_later_nothing_was_billed(self):
        rows = self.refresh(500).filtered(lambda row: row.date == self.day(500))
        self.assertEqual(set(rows.mapped("billed")), {0})
        self.assertEqual(set(rows.mapped("dso")), {0})
        self.assertEqual(
            sum(Decimal(str(row.receivables)) for row in rows),
            self.ledger(self.day(500)),
        )

    def test_the_night_makes_it_anew(self):
        runs = self.env["dunning.valuation.run"].sudo()
        for number in (20, 21):
            runs._value_company(self.company, self.day(number))
        rows = self.env["dunning.dso"].search([("company_id", "=", self.company.id)])
        days = rows.mapped("date")
        self.assertIn(self.day(21), days)
        self.assertNotIn(self.day(20), days, "the month under way is there once")
        keys = [(row.date, row.service, row.customer_type) for row in rows]
        self.assertEqual(len(keys), len(set(keys)))

"""Dated rules of interest and costs: kept once used, good payers, fees by the point."""

from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .test_interest import InterestCommon


class DatedCommon(InterestCommon):
    @classmethod
    def rule(cls, **vals):
        row = {"valid_from": "2020-01-01", "base": "ecb", "margin": 3.5}
        row.update({"reference": "test", "company_id": cls.company.id}, **vals)
        return cls.env["dunning.interest.rule"].create(row)

    @classmethod
    def tariff(cls, **vals):
        row = {"kind": "other", "op": "default", "valid_from": "2020-01-01"}
        row.update({"amount": 7, "reference": "test", "company_id": cls.company.id})
        return cls.env["dunning.cost.tariff"].create({**row, **vals})

    def done(self, case, op, number, **vals):
        """A step that was carried out on a day counted from the due date."""
        rule = self.table.rule_ids.filtered(lambda row: row.op == op)[:1]
        row = {
            "case_id": case.id,
            "rule_id": rule.id,
            "action_type_id": rule.action_type_id.id,
            "op": op,
            "state": "done",
            "planned_date": self.day(number),
            "executed_date": self.day(number),
            "channel_used": "task",
            "round": case.round,
            "attempt": 9,
        }
        actions = self.env["dunning.action"].sudo()._guarded()
        return actions.create({**row, **vals})

    def cost(self, case, kind):
        case._propose_costs(self.day(200))
        return self.charges(case, dunning_cost_kind=kind)


@tagged("post_install", "-at_install")
class TestDatedRules(DatedCommon):
    def test_what_was_charged_by_is_kept(self):
        rule = self.rule(service="electricity")
        tariff = self.tariff()
        _bill, case = self.case()
        self.done(case, "default", 8)
        for row in (rule, tariff):
            row.note = "still free"
            self.assertFalse(row.is_used)
        rule.margin, tariff.amount = 4.5, 8
        charge = case._propose_interest(self.day(10))
        self.assertEqual(charge.stretch_ids.rule_id, rule)
        cost = self.cost(case, "other")
        self.assertEqual((cost.amount, cost.dunning_tariff_id), (8, tariff))
        admin = self.dunning_admin
        for row, vals in ((rule, {"margin": 1}), (tariff, {"amount": 1})):
            row.invalidate_recordset(["is_used"])
            self.assertTrue(row.is_used)
            with self.assertRaisesRegex(UserError, "enter a later row"):
                row.with_user(admin).write(vals)
            with self.assertRaisesRegex(UserError, "enter a later row"):
                row.with_user(admin).unlink()
            # what says where it stands may be completed, and the row replaced
            row.with_user(admin).write({"reference": "art. 1", "active": False})
        self.env.flush_all()
        again = self.rule(service="electricity", margin=1)
        self.assertTrue(again.active)

    def test_the_kind_of_a_rule_may_have_no_rate_at_all(self):
        self.rule(service="electricity", base="contract")
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 10), 0)

    def test_one_company_does_not_read_the_rows_of_another(self):
        other = self.env["res.company"].create({"name": "Other"})
        row = self.rule(company_id=other.id)
        with self.assertRaises(AccessError):
            row.with_user(self.operator).read(["margin"])
        rules = self.env["dunning.interest.rule"]._rules_of(self.company)
        self.assertNotIn(row.id, [rule.key for rule in rules])


@tagged("post_install", "-at_install")
class TestGoodPayer(DatedCommon):
    """Tutela: paid in time for two years, ten days at the legal rate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # ecb + 3.5 = 7.3: two cents a day; the legal rate is one
        cls.good = cls.rule(service="electricity", debtor="consumer", good_days=10)

    def past(self, ref, due, paid, **vals):
        bill = self.overdue(ref, due=self.day(due), **vals)
        if paid is not None:
            with freeze_time(self.day(paid)):
                self.pay(bill)
        return bill

    def test_in_time_for_two_years(self):
        self.past("P1", -60, -60)
        self.past("P2", -800, -700)  # late, but longer ago than two years
        bill, case = self.case()
        self.assertEqual(self.owed(bill, 12), Decimal("0.14"))
        case._propose_interest(self.day(12))
        days = self.charges(case).stretch_ids.sorted("day_from")
        self.assertEqual([(d.days, d.rate) for d in days], [(10, 3.65), (2, 7.3)])
        self.assertEqual(days.rule_id, self.good)

    def test_one_day_late_once_is_enough(self):
        self.past("P1", -60, -59)
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 12), Decimal("0.24"))

    def test_a_bill_still_open_is_late(self):
        self.past("P1", -60, None)
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 12), Decimal("0.24"))

    def test_a_bill_that_was_credited_was_never_owed(self):
        old = self.past("P1", -60, None)
        self.credit(old, -20)
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 12), Decimal("0.14"))

    def test_another_contract_does_not_count(self):
        point = self._create_point("IT001E66666666")
        other = self._create_contract("E9", self.customer, point)
        self.past("P1", -60, -10, contract=other)
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 12), Decimal("0.14"))

    def test_a_late_payment_that_comes_in_afterwards_is_put_right(self):
        old = self.overdue("P1", due=self.day(-60))
        with freeze_time(self.day(-60)):
            self.pay(old)
        _bill, case = self.case()
        case._propose_interest(self.day(12))
        old.line_ids.remove_move_reconcile()
        case._propose_interest(self.day(12))
        self.assertAlmostEqual(
            sum(self.charges(case, state="draft").mapped("amount")), 0.24
        )

    def test_many_bills_cost_no_more_statements(self):
        counts = []
        for number in (2, 20):
            bills = self.env["account.move"]
            for place in range(number):
                bills |= self.overdue(f"G{number}-{place}")
            lines = bills.line_ids.filtered(lambda x: x.display_type == "payment_term")
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["dunning.case"]._interest_of(lines, self.day(30))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)


@tagged("post_install", "-at_install")
class TestFeesByThePoint(DatedCommon):
    def test_half_the_fee_where_the_meter_is_reached_from_afar(self):
        self.contract.supply_point_id.write(
            {"voltage_level": "low", "remote_reduction": True}
        )
        _bill, case = self.case()
        self.done(case, "suspend", 80)
        cost = self.cost(case, "distributor")
        self.assertEqual(cost.amount, 12.55)
        self.assertEqual(cost.dunning_tariff_id.percent, 50)

    def test_the_whole_fee_elsewhere(self):
        self.contract.supply_point_id.voltage_level = "medium"
        _bill, case = self.case()
        self.done(case, "suspend", 80)
        self.assertEqual(self.cost(case, "distributor").amount, 25.1)

    def _limited(self, amount, **vals):
        row = self.env.ref("creditbox_dunning.cost_tariff_limiter")
        row.write({"active": True, "amount": 60})
        point = self._create_point("W1", "water")
        point.write({"water_resident": True, "annual_facilitated_charge": 100, **vals})
        contract = self._create_contract("W1", self._create_customer("CW"), point)
        bill = self.overdue("BW", contract, amount=amount)
        self.run_on(12)
        case = self.case_of(bill)
        step = self.done(case, "limit", 80, amount=amount)
        return bill, case, step

    def test_the_limiter_above_three_yearly_charges(self):
        _bill, case, _step = self._limited(301)
        self.assertEqual(self.cost(case, "limiter").amount, 60)

    def test_no_limiter_below_and_none_when_nobody_knows(self):
        _bill, case, _step = self._limited(300)
        self.assertFalse(self.cost(case, "limiter"))

    def test_the_limiter_after_a_default_of_the_last_months(self):
        bill, case, step = self._limited(50)
        old = self.overdue("BO", case.contract_id, due=self.day(-400))
        notice = self.env["utility.notice"].create(
            {
                "company_id": self.company.id,
                "contract_id": case.contract_id.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": self.day(-300),
                "notified_date": self.day(-290),
                "is_formal_notice": True,
                "move_ids": [(6, 0, old.ids)],
            }
        )
        self.assertEqual(self.cost(case, "limiter").mapped("amount"), [60])
        self.assertTrue(notice and bill and step)

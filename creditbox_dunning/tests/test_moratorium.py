"""A moratorium reaches the supplies of its area and is over by itself."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .hold_common import HoldCommon


@tagged("post_install", "-at_install")
class TestMoratorium(HoldCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.supply_point_id.write(
            {"city": "Accumoli", "municipality_code": "057001"}
        )

    def decree(self, user=None, **vals):
        return (
            self.env["dunning.moratorium"]
            .with_user(user or self.manager)
            .create(
                {
                    "name": "Sisma",
                    "source": "Ordinanza 1/2027",
                    "company_id": self.company.id,
                    "date_from": self.day(3),
                    "date_to": self.day(20),
                    "clock": "run",
                    "area_ids": [Command.create({"city": "ACCUMOLI"})],
                    **vals,
                }
            )
        )

    def test_stops_and_resumes_by_itself(self):
        self.decree()
        self.walk(7, 20)
        self.assertFalse(self.done())
        self.assertIn("moratorium", self.case.next_reason)
        self.assertEqual(self.case.next_date, self.day(21))
        self.walk(21)
        self.assertTrue(self.done())

    def test_only_its_area_services_and_customers(self):
        milan = self.env.ref("base.state_it_mi")
        today = self.day(5)
        found = self.holds._for_cases
        for vals, reached in (
            ({}, True),
            ({"area_ids": [Command.create({"city": "Amatrice"})]}, False),
            ({"area_ids": [Command.create({"code": "057001"})]}, True),
            ({"area_ids": [Command.create({"code": "057002"})]}, False),
            ({"area_ids": [Command.create({"state_id": milan.id})]}, False),
            ({"electricity": False}, False),
            ({"gas": False, "water": False, "telephone": False}, True),
            ({"domestic": False}, False),
            ({"area_ids": False, "everywhere": True}, True),
            ({"date_from": self.day(21), "date_to": False}, True),
        ):
            decree = self.decree(**vals)
            holds = found(self.case, today).get(self.case.id, ())
            self.assertEqual(bool(holds), reached, vals)
            self.assertEqual(len(decree._cases()), int(reached), vals)
            decree.active = False
        self.contract.supply_point_id.state_id = milan
        self.decree(area_ids=[Command.create({"state_id": milan.id})])
        self.assertTrue(found(self.case, today))

    def test_case_of_a_customer_is_reached_by_the_address(self):
        self.env.flush_all()
        for table, column in (
            ("account_move", "id"),
            ("account_move_line", "move_id"),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET utility_contract_id = NULL WHERE %s = %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    self.bill.id,
                )
            )
        self.case.sudo()._guarded().write({"contract_id": False})
        self.env.invalidate_all()
        self.decree(area_ids=[Command.create({"city": "milano"})])
        holds = self.holds._for_cases(self.case, self.day(5))[self.case.id]
        lines = self.bill.line_ids.filtered("dunning_case_id")
        self.assertEqual([h.lines for h in holds], [frozenset(lines.ids)])

    def test_applied_at_once(self):
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        decree = self.decree(date_from=self.day(31), date_to=self.day(60))
        with self.at(31):
            with self.assertRaises(AccessError):
                decree.with_user(self.operator).action_apply()
            decree.action_apply()
        self.assertEqual(letter.state, "superseded")

    def test_tonight_without_a_click(self):
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        self.decree(date_from=self.day(31), date_to=self.day(60))
        self.walk(31)
        self.assertEqual(letter.state, "superseded")

    def test_needs_an_area_and_sane_days(self):
        with self.assertRaises(UserError):
            self.decree(area_ids=False)
        with self.assertRaises(AccessError):
            self.decree(user=self.operator)
        with self.assertRaises(UserError):
            self.decree().sudo().unlink()

    def test_other_company_is_not_reached(self):
        decree = self.decree(area_ids=False, everywhere=True)
        theirs = decree.sudo().copy(
            {"company_id": self.other_company.id, "area_ids": []}
        )
        decree.active = False
        self.assertFalse(self.holds._for_cases(self.case, self.day(5)))
        with self.assertRaises(AccessError):
            theirs.with_user(self.manager).read(["name"])

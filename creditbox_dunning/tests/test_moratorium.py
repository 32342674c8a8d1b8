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


@tagged("post_install", "-at_install")
class TestMoratoriumOfSeveral(HoldCommon):
    """One decision for several companies, or for the whole group."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.other_company
        cls.group = cls.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": cls.other.id,
                "member_ids": [Command.set((cls.company | cls.other).ids)],
            }
        )
        cls.env.registry.clear_cache()

    def decree(self, user=None, **vals):
        moratoria = self.env["dunning.moratorium"]
        return (moratoria.with_user(user) if user else moratoria.sudo()).create(
            {
                "name": "Alluvione",
                "source": "Ordinanza 2/2027",
                "company_id": self.other.id,
                "date_from": self.day(3),
                "everywhere": True,
                **vals,
            }
        )

    def reached(self, case=None):
        case = case or self.case
        return bool(self.holds._for_cases(case, self.day(5)).get(case.id))

    def test_of_another_company_it_holds_when_named_or_of_the_group(self):
        decree = self.decree()
        self.assertFalse(self.reached())
        self.assertFalse(decree._cases())
        decree.company_ids = self.company
        self.assertTrue(self.reached())
        self.assertEqual(decree._cases(), self.case)
        decree.write({"company_ids": [Command.clear()], "whole_group": True})
        self.assertTrue(self.reached())
        self.assertEqual(decree._cases(), self.case)
        self.group.member_ids = self.other
        self.assertFalse(self.reached(), "it left the group")
        self.group.member_ids = self.company | self.other
        self.assertTrue(self.reached(), "it joined again")
        self.group.active = False
        self.assertFalse(self.reached())

    def test_a_branch_goes_with_its_company(self):
        branch = self.env["res.company"].create(
            {"name": "Filiale", "parent_id": self.company.id}
        )
        self.env.cr.execute(
            "UPDATE dunning_case SET company_id = %s WHERE id = %s",
            (branch.id, self.case.id),
        )
        self.env.invalidate_all()
        decree = self.decree(company_ids=[Command.set(self.company.ids)])
        self.assertTrue(self.reached())
        self.assertEqual(decree._cases(), self.case)
        decree.write({"company_ids": [Command.clear()], "whole_group": True})
        self.assertTrue(self.reached())

    def test_the_run_obeys(self):
        self.decree(whole_group=True, date_to=self.day(20), clock="run")
        self.walk(7, 20)
        self.assertFalse(self.done())
        self.walk(21)
        self.assertTrue(self.done())

    def test_who_decides_for_whom(self):
        mine = {"company_id": self.company.id}
        self.decree(self.manager, **mine)
        with self.assertRaises(AccessError):
            named = [Command.set(self.other.ids)]
            self.decree(self.manager, **mine, company_ids=named)
        with self.assertRaisesRegex(AccessError, "no credit manager"):
            self.decree(self.manager, **mine, whole_group=True)
        self.manager.company_ids = [Command.link(self.other.id)]
        self.decree(self.manager, **mine, whole_group=True)
        head = self._create_dunning_user("head", "group")
        head.write(
            {"company_ids": [Command.set(self.other.ids)], "company_id": self.other.id}
        )
        self.decree(head, whole_group=True)

    def test_read_where_it_holds_changed_where_it_was_recorded(self):
        decree = self.decree(
            everywhere=False, area_ids=[Command.create({"city": "Accumoli"})]
        )
        seen = self.env["dunning.moratorium"].with_user(self.manager)
        self.assertNotIn(decree, seen.search([]))
        for vals in (
            {"company_ids": [Command.set(self.company.ids)]},
            {"company_ids": [Command.clear()], "whole_group": True},
        ):
            decree.write(vals)
            mine = seen.search([("id", "=", decree.id)])
            self.assertEqual(mine.area_ids.city, "Accumoli")
            with self.assertRaises(AccessError):
                mine.write({"name": "Altro"})
            with self.assertRaises(AccessError):
                mine.area_ids.write({"city": "Roma"})

"""The page Today: each figure is the list that it opens."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestWorklists(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.overdue()
        nobody = cls._create_customer("C9", email=False, street=False)
        cls.overdue("B9", cls._create_contract("CT9", nobody), 70)
        for day in (1, 7, 15, 30):
            cls.run_on(day)

    def today(self, user=None):
        return self.env["dunning.worklist"].with_user(user or self.operator).get_today()

    def lists(self, user=None):
        return {one["key"]: one for one in self.today(user)["lists"]}

    def test_figures_are_those_of_the_lists(self):
        found = self.lists()
        self.assertEqual(found["to_send"]["count"], 1)
        self.assertIn("100", found["to_send"]["amounts"][0])
        self.assertEqual(found["decide"]["count"], 1)
        self.assertIn("70", found["decide"]["amounts"][0])
        for key, one in found.items():
            with self.subTest(key=key):
                action = one["action"]
                records = self.env[action["res_model"]].with_user(self.operator)
                self.assertEqual(one["count"], records.search_count(action["domain"]))
                self.assertTrue(one["title"] and one["help"] and one["icon"])
                records.get_views([tuple(view) for view in action["views"]])

    def test_a_step_is_in_one_list_only(self):
        """Sent by hand, carried out, refused: what the person does, never twice."""
        types = self.env["dunning.action.type"].search([])
        kinds = {
            kind: types.filtered(lambda t, k=kind: t.kind == k)[:1]
            for kind in ("technical", "agency", "settlement", "legal", "registered")
        }
        [letter] = self.env["dunning.action"].search([("state", "=", "executing")])
        lists = ("to_send", "to_do", "refused_steps")
        for kind, state, expected in (
            ("registered", "executing", "to_send"),
            ("agency", "executing", "to_do"),
            ("agency", "approved", "to_do"),
            ("settlement", "executing", "to_do"),
            ("legal", "executing", "to_do"),
            ("technical", "approved", "to_do"),
            ("technical", "executing", "to_do"),
            ("agency", "waiting_approval", None),
            ("registered", "approved", None),
        ):
            with self.subTest(kind=kind, state=state):
                letter.sudo()._guarded().write({"action_type_id": kinds[kind].id})
                letter._set_state(state)
                found = self.lists()
                counts = {key: found[key]["count"] for key in lists}
                wanted = {key: int(key == expected) for key in lists}
                self.assertEqual(counts, wanted)

    def test_a_refused_step_comes_back_to_a_person(self):
        [letter] = self.env["dunning.action"].search([("state", "=", "executing")])
        letter._ask_approval()
        self.assertEqual(self.lists()["refused_steps"]["count"], 0)
        requests = self.env["dunning.approval.request"].sudo()
        request = requests.search([("res_id", "=", letter.id)])
        request._set_state("refused")
        self.assertEqual(self.lists()["refused_steps"]["count"], 1)
        # asked again: somebody is waited for
        letter._ask_approval()
        self.assertEqual(self.lists()["refused_steps"]["count"], 0)

    def test_a_list_grows_when_something_fails(self):
        before = self.lists()["failed"]["count"]
        action = self.env["dunning.action"].search([("state", "=", "executing")])
        action._set_state("failed", planned_date=self.env.cr.now().date())
        after = self.lists()
        self.assertEqual(after["failed"]["count"], before + 1)
        self.assertEqual(after["to_send"]["count"], 0)

    def test_refused_runs_are_shown_until_they_are_old(self):
        run = self.env["dunning.run"].sudo()._guarded()
        today = self.env["dunning.case"]._today(self.company)
        run.create({"company_id": self.company.id, "date": today, "state": "refused"})
        found = self.today()
        self.assertEqual(
            [one["count"] for one in found["lists"] if one["key"] == "refused"], [1]
        )
        self.assertEqual(found["companies"][0]["run_tone"], "success")

    def test_what_the_user_may_not_read_is_not_there(self):
        with self.assertRaises(AccessError):
            self.today(self.env.ref("base.public_user"))
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        with self.assertRaises(AccessError):
            self.today(stranger)
        # an accountant reads cases but no approvals
        keys = set(self.lists(self.accountant))
        self.assertIn("decide", keys)
        self.assertNotIn("approve", keys)

    def test_own_requests_are_not_to_approve(self):
        requests = self.env["dunning.approval.request"].sudo().search([])
        self.assertFalse(
            requests.filtered(lambda one: one.requested_by == self.manager)
        )
        count = self.lists(self.manager)["approve"]["count"]
        pending = requests.filtered(
            lambda one: one.state == "pending" and one.required_level <= 2
        )
        self.assertEqual(count, len(pending))

    def test_two_companies_are_told_apart(self):
        both = self.company | self.other_company
        self.manager.company_ids = [Command.set(both.ids)]
        worklists = self.env["dunning.worklist"].with_user(self.manager)
        one = worklists.with_context(allowed_company_ids=self.company.ids).get_today()
        two = worklists.with_context(allowed_company_ids=both.ids).get_today()
        self.assertEqual(len(one["companies"]), 1)
        self.assertEqual(len(two["companies"]), 2)
        rows = {row["key"]: row["companies"] for row in two["lists"]}
        self.assertEqual([row["name"] for row in rows["decide"]], [self.company.name])
        other = worklists.with_context(allowed_company_ids=self.other_company.ids)
        self.assertFalse(any(row["count"] for row in other.get_today()["lists"]))

    def test_what_waits_elsewhere_in_the_group(self):
        """Counted beside, never in the figure; nothing without a group or a right."""
        key, others = "decide", self.other_company
        head = self._create_dunning_user("head4", "group")
        case = self.env["dunning.case"].sudo()._guarded()
        customer = self.env["res.partner"].create(
            {"name": "Altrove", "company_id": others.id}
        )
        vals = {"company_id": others.id, "partner_id": customer.id}
        case.create([{**vals, "name": f"X/{n}", "next_kind": "stop"} for n in (1,)])
        before = self.lists(head)[key]
        self.assertEqual(before["elsewhere"]["count"], 0)
        self.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": self.company.id,
                "member_ids": [Command.set((self.company | others).ids)],
            }
        )
        self.env.registry.clear_cache()
        found = self.lists(head)[key]
        self.assertEqual(found["count"], before["count"])
        self.assertEqual(found["elsewhere"]["count"], 1)
        self.assertEqual(found["elsewhere"]["companies"][0]["name"], others.name)
        cases = self.env["dunning.case"].with_user(head)
        self.assertEqual(cases.search_count(found["action"]["domain"]), found["count"])
        there = found["elsewhere"]["action"]["domain"]
        self.assertEqual(cases.search(there).company_id, others)
        # no level in the member: it is not there for a manager of the head alone
        self.assertEqual(self.lists(self.manager)[key]["elsewhere"]["count"], 0)
        # who works in both has ticked one only: told, but not led there
        self.manager.company_ids = [Command.link(others.id)]
        mine = self.env["dunning.worklist"].with_user(self.manager)
        mine = mine.with_context(allowed_company_ids=self.company.ids).get_today()
        [row] = [one for one in mine["lists"] if one["key"] == key]
        self.assertEqual(row["elsewhere"]["count"], 1)
        self.assertFalse(row["elsewhere"]["action"])

    def test_a_new_company_is_welcomed(self):
        user = new_test_user(
            self.env,
            "first_day",
            "creditbox_dunning.group_dunning_operator",
            company_id=self.other_company.id,
            company_ids=[Command.set(self.other_company.ids)],
        )
        self.assertFalse(self.today(user)["has_cases"])
        self.assertTrue(self.today()["has_cases"])

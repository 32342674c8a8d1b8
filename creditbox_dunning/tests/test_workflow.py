"""The picture of a set: what is drawn is what the planner walks."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..rules.facts import Key
from ..rules.sets import choose_set
from .common import DunningCommon

KEYS = {
    "customer_type": "domestic",
    "service": "electricity",
    "supply_state": "active",
    "suspendibility": "suspendible",
}


@tagged("post_install", "-at_install")
class TestWorkflow(DunningCommon):
    def picture(self, keys=None, user=None):
        table = self.table.with_user(user or self.operator)
        return table.get_workflow(keys or KEYS)

    def nodes(self, **kw):
        return {node["id"]: node for node in self.picture(**kw)["nodes"]}

    def test_nodes_are_the_steps_of_the_planner(self):
        rows, _notes = choose_set(self.table.rule_ids._as_rules(), Key(**KEYS))
        steps = {str(row.step) for row in rows}
        self.assertEqual(set(self.nodes()), steps | {"end"})
        self.assertGreater(len(steps), 8)

    def test_alternatives_by_channel_are_one_node(self):
        node = self.nodes()["4"]
        self.assertEqual([one["seq"] for one in node["channels"]], [40, 41])
        self.assertEqual(
            [one["words"] for one in node["channels"]], ["PEC", "Registered letter"]
        )

    def test_edges_follow_the_ladder_and_the_branches(self):
        edges = {(e["from"], e["to"], e["kind"]) for e in self.picture()["edges"]}
        self.assertIn(("1", "2", "next"), edges)
        self.assertIn(("9", "90", "route"), edges)  # agency: part paid -> plan
        self.assertIn(("11", "end", "next"), edges)
        draft = self.table.sudo().copy()
        rule = draft.rule_ids.filtered(
            lambda r: r.seq == 30 and all(r[name] == KEYS[name] for name in KEYS)
        )
        rule.write({"next_ok": 110, "next_ko": 55})
        edges = {
            (e["from"], e["to"], e["kind"]) for e in draft.get_workflow(KEYS)["edges"]
        }
        self.assertIn(("3", "11", "ok"), edges)
        # 55 is not there: the next step after it, as the planner does
        self.assertIn(("3", "6", "ko"), edges)
        self.assertNotIn(("3", "4", "next"), edges)

    def test_every_edge_joins_two_nodes_of_every_set(self):
        for one in self.table.get_workflow_sets():
            picture = self.table.get_workflow(one["id"])
            ids = {node["id"] for node in picture["nodes"]}
            for edge in picture["edges"]:
                self.assertLessEqual({edge["from"], edge["to"]}, ids, one["label"])

    def test_counts_are_the_cases_before_each_node(self):
        bill = self.overdue()
        self.overdue("B2", self._create_contract("CT2", self.customer), 50)
        self.run_on(1)
        case = self.case_of(bill)
        step = str(case.next_rule_id.seq // 10)
        node = self.nodes(keys=case.workflow_set)[step]
        self.assertEqual(node["count"], 2)
        self.assertIn("150", node["amount"])
        opened = self.env["dunning.case"].with_user(self.operator)
        opened = opened.search(node["open"]["domain"])
        self.assertEqual(opened, case | self.env["dunning.case"].search([]))
        sets = {one["id"]: one for one in self.table.get_workflow_sets()}
        self.assertEqual(sets[case.workflow_set]["count"], 2)
        action = case.action_open_workflow()
        self.assertEqual(action["context"]["workflow_step"], step)

    def test_hostile_keys_and_other_companies(self):
        for keys in ({}, "", "a|b|c|d", "|||", {"service": "' OR 1=1"}, 7, None, []):
            with self.assertRaises(UserError):
                self.table.get_workflow(keys)
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        elsewhere = new_test_user(
            self.env,
            "elsewhere",
            "creditbox_dunning.group_dunning_operator",
            company_id=self.other_company.id,
            company_ids=self.other_company.ids,
        )
        for user in (stranger, elsewhere):
            with self.assertRaises(AccessError):
                self.table.with_user(user).get_workflow(KEYS)
            with self.assertRaises(AccessError):
                self.table.with_user(user).get_workflow_sets()

    def test_versions_to_choose_from(self):
        tables = self.env["dunning.action.table"].with_user(self.operator)
        found = tables.get_workflow_tables()
        self.assertEqual(found[0]["id"], self.table.id)
        self.assertEqual(
            {one["state"] for one in found} - {"published", "draft"}, set()
        )

"""The group's table: handed down to the members, single rows overridden."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.creditbox_dunning.rules.table_group import merge

from .common import DunningCommon


@tagged("post_install", "-at_install", "slow")
class TestGroupTable(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = cls.env["res.company"]
        cls.head = companies.create({"name": "Capogruppo S.p.A."})
        cls.b = companies.create({"name": "Azienda B S.r.l."})
        cls.c = companies.create({"name": "Azienda C S.r.l."})
        cls.group = cls.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": cls.head.id,
                "member_ids": [Command.set((cls.head | cls.b | cls.c).ids)],
            }
        )
        cls.head_admin = cls.admin_of("headadmin", cls.head)
        cls.b_admin = cls.admin_of("badmin", cls.b)

    @classmethod
    def admin_of(cls, login, company):
        return new_test_user(
            cls.env,
            login=login,
            groups="creditbox_dunning.group_dunning_admin",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def published(self, company):
        return self.env["dunning.action.table"]._published_for(company)

    def make_group_table(self):
        mine = self.published(self.head).with_user(self.head_admin)
        return mine.browse(mine.action_make_group_table()["res_id"])

    @staticmethod
    def cim(table):
        return table.rule_ids.filtered(
            lambda r: (
                r.seq == 40
                and (r.customer_type, r.service) == ("domestic", "electricity")
                and r.suspendibility == "suspendible"
            )
        )

    def own_draft(self):
        mine = self.published(self.b).with_user(self.b_admin)
        return mine.browse(mine.action_own_rows()["res_id"])

    def test_gate_42_one_row_overridden(self):
        """Gate 42: B with one row of its own differs, the head and C follow."""
        draft = self.make_group_table()
        self.cim(draft).wait_after = 33
        draft.action_publish()
        for company in (self.head, self.b, self.c):
            table = self.published(company)
            self.assertEqual(table.company_id, company)
            self.assertEqual(table.source_table_id, draft)
            self.assertEqual(self.cim(table).wait_after, 33)
            self.assertEqual(set(table.rule_ids.mapped("origin")), {"group"})
            self.assertEqual(len(table.rule_ids), 257)
        before = {c: self.published(c) for c in (self.head, self.c)}

        inherited = self.cim(self.published(self.b)).with_user(self.b_admin)
        opened = inherited.action_change_here()
        own = inherited.table_id.browse(opened["res_id"])
        self.assertEqual(own.rule_ids.origin, "changed")
        own.rule_ids.wait_after = 50
        own.action_publish()

        mine = self.published(self.b)
        self.assertEqual(
            (self.cim(mine).wait_after, self.cim(mine).origin), (50, "changed")
        )
        self.assertEqual(mine.rule_ids.mapped("origin").count("changed"), 1)
        for company, table in before.items():
            self.assertEqual(self.published(company), table)

        # the group moves on: B keeps its row, the others follow
        second = draft.browse(draft.action_new_version()["res_id"])
        self.assertEqual(second.scope, "group")
        self.cim(second).wait_after = 34
        second.action_publish()
        self.assertEqual(draft.state, "superseded")
        waits = [
            self.cim(self.published(c)).wait_after for c in (self.head, self.b, self.c)
        ]
        self.assertEqual(waits, [34, 50, 34])

    def test_rows_switched_off_and_added(self):
        self.make_group_table().action_publish()
        row = self.cim(self.published(self.b)).with_user(self.b_admin)
        row.action_switch_off_here()
        own = self.own_draft()
        own.write(
            {
                "rule_ids": [
                    Command.create(
                        {
                            "customer_type": "domestic",
                            "service": "electricity",
                            "supply_state": "active",
                            "suspendibility": "suspendible",
                            "seq": 35,
                            "action_type_id": row.action_type_id.id,
                            "op": "notice",
                            "channel": "pec",
                            "short_description": "Secondo bonario",
                            "anchor": "due",
                            "wait_before": 22,
                        }
                    )
                ]
            }
        )
        self.assertEqual(sorted(own.rule_ids.mapped("origin")), ["added", "off"])
        self.assertEqual(len(own.inherited_rule_ids), 256)
        own.action_publish()
        table = self.published(self.b)
        self.assertFalse(self.cim(table))
        self.assertEqual(table.rule_ids.filtered(lambda r: r.origin == "added").seq, 35)
        # a new draft of the own rows begins from the published ones
        again = self.own_draft()
        self.assertEqual(sorted(again.rule_ids.mapped("origin")), ["added", "off"])

    def test_own_rows_are_checked_together_with_the_groups(self):
        self.make_group_table().action_publish()
        for seq in (40, 41):
            row = self.published(self.b).rule_ids.filtered(
                lambda r, s=seq: (
                    r.seq == s
                    and (r.customer_type, r.service) == ("domestic", "electricity")
                    and r.suspendibility == "suspendible"
                )
            )
            row.with_user(self.b_admin).action_switch_off_here()
        with self.assertRaises(UserError):
            self.own_draft().action_publish()

    def test_rights(self):
        """Only the head company's administrator has the group's table in hand."""
        with self.assertRaises(UserError):
            self.published(self.b).with_user(self.b_admin).action_make_group_table()
        draft = self.make_group_table()
        theirs = draft.with_user(self.b_admin)
        for call in (
            lambda: theirs.rule_ids.read(["seq"]),
            lambda: theirs.write({"name": "Mia"}),
            lambda: theirs.action_publish(),
            lambda: theirs.env["dunning.action.table"].create(
                {
                    "name": "x",
                    "company_id": self.b.id,
                    "scope": "group",
                    "group_id": self.group.id,
                }
            ),
            lambda: theirs.env["dunning.action.table"].create(
                {"name": "x", "company_id": self.head.id}
            ),
        ):
            with self.assertRaises(AccessError):
                call()
        draft.action_publish()
        # the head's administrator does not reach B's own rows
        own = self.own_draft()
        with self.assertRaises(AccessError):
            own.with_user(self.head_admin).write({"name": "Mie"})
        # where a row comes from is not for people to say outside of own rows
        plain = self.published(self.b).with_user(self.b_admin)
        sandbox = plain.browse(plain.action_new_version()["res_id"])
        with self.assertRaises(UserError):
            sandbox.rule_ids[0].origin = "group"

    def test_a_member_follows_the_group(self):
        self.make_group_table().action_publish()
        plain = self.published(self.b).with_user(self.b_admin)
        sandbox = plain.browse(plain.action_new_version()["res_id"])
        self.assertEqual(
            (sandbox.scope, sandbox.source_table_id.id), ("company", False)
        )
        with self.assertRaises(UserError):
            sandbox.action_publish()

    def test_cases_freeze_the_companys_version(self):
        """A case of a member keeps the version made for its company."""
        self.make_group_table().action_publish()
        first = self.published(self.b)
        self.own_draft().action_publish()
        self.assertEqual(first.state, "superseded")
        self.assertNotEqual(self.published(self.b), first)
        with self.assertRaises(UserError):
            first.rule_ids[0].write({"wait_after": 1})

    def test_amounts_in_the_members_currency(self):
        """Gate 35: a member with another currency gets the amounts in its own."""
        franc = self.env.ref("base.CHF")
        franc.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": franc.id,
                    "rate": 2.0,
                    "company_id": c.id,
                    "name": "2020-01-01",
                }
                for c in (self.head, self.c)
            ]
        )
        euro = self.env.ref("base.EUR")
        self.head.currency_id = euro
        self.c.currency_id = franc
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "rate": 1.0,
                "company_id": self.head.id,
                "name": "2020-01-01",
            }
        )
        draft = self.make_group_table()
        draft.action_publish()
        self.assertEqual(self.cim(self.published(self.head)).amount_from, 25)
        theirs = self.cim(self.published(self.c))
        rate = euro._convert(25, franc, self.c, self.env["dunning.case"]._today(self.c))
        self.assertEqual(theirs.amount_from, rate)
        self.assertNotEqual(theirs.amount_from, 25)

    def test_a_branch_follows_its_company(self):
        """A branch has no table of its own: the run finds that of its company."""
        branch = self.env["res.company"].create(
            {"name": "Filiale B", "parent_id": self.b.id}
        )
        tables = self.env["dunning.action.table"]
        self.assertFalse(tables.search([("company_id", "=", branch.id)]))
        self.assertEqual(tables._published_for(branch), self.published(self.b))
        run = self.env["dunning.run"].sudo()._run_company(branch, self.day(1))
        self.assertEqual(run.state, "done")
        user = self.admin_of("filiale", branch)
        seen = self.published(self.b).with_user(user)
        self.assertTrue(seen.rule_ids.mapped("seq"))
        with self.assertRaises(AccessError):
            seen.write({"name": "Mia"})

    def test_a_company_without_a_table_gets_the_groups(self):
        self.make_group_table().action_publish()
        table = self.published(self.c)
        table.sudo()._guarded().write({"state": "superseded"})
        again = self.published(self.c)
        self.assertEqual((again.company_id, again.state), (self.c, "published"))
        self.assertNotEqual(again, table)

    def test_who_joins_without_a_table_of_its_own_follows_at_once(self):
        """The standard that the program published counts as none; the screen says who
        keeps a table of its own until the next publication."""
        self.make_group_table().action_publish()
        companies = self.env["res.company"]
        bare, own = companies.create([{"name": "Nuova"}, {"name": "Propria"}])
        mine = self.published(own)
        self.assertTrue(mine.is_standard)
        draft = mine.copy({"name": "La mia"})
        self.assertFalse(draft.is_standard)
        draft._publish()
        self.assertEqual(self.published(own), draft)
        self.group.member_ids |= bare | own
        table = self.published(bare)
        self.assertEqual(table.source_table_id.group_id, self.group)
        self.assertFalse(table.is_standard)
        self.assertEqual(self.published(own), draft)
        self.assertTrue(self.group.dunning_has_table)
        self.assertEqual(self.group.dunning_own_table_ids, own)
        # written again nothing new is made
        self.group.member_ids |= self.head
        self.assertEqual(self.published(bare), table)
        self.make_group_table().action_publish()
        self.assertEqual(self.published(own).source_table_id.group_id, self.group)
        self.group.invalidate_recordset()
        self.assertFalse(self.group.dunning_own_table_ids)

    def test_the_nightly_run_takes_branches_and_followers_along(self):
        branch, idle = self.env["res.company"].create(
            [
                {"name": "Filiale B", "parent_id": self.company.id},
                {"name": "Filiale vuota", "parent_id": self.company.id},
            ]
        )
        runs = self.env["dunning.run"].sudo()
        self.assertNotIn(branch, runs._companies_to_run())
        bill = self.overdue("B1")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET company_id = %s WHERE id = %s",
            (branch.id, bill.id),
        )
        self.env.invalidate_all()
        found = runs._companies_to_run()
        self.assertIn(branch, found)
        self.assertNotIn(idle, found)
        self.assertIn(self.company, found)

    def test_merge_leaves_out_changes_of_rows_that_are_gone(self):
        row = {
            "customer_type": "",
            "service": "",
            "supply_state": "",
            "suspendibility": "",
            "seq": 10,
        }
        own = [{**row, "origin": "changed"}, {**row, "seq": 20, "origin": "added"}]
        rows, orphans = merge([], own)
        self.assertEqual([r["seq"] for r in rows], [20])
        self.assertEqual([r["seq"] for r in orphans], [10])

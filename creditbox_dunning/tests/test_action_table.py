"""Action tables: loaded, edited as drafts, frozen once published."""

from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestActionTable(DunningCommon):
    def test_every_company_has_the_standard_table(self):
        for company in (self.company, self.other_company):
            table = self.env["dunning.action.table"]._published_for(company)
            self.assertEqual(len(table.rule_ids), 257)
            self.assertEqual((table.version, table.state), (1, "published"))
        fresh = self.env["res.company"].create({"name": "Nuova S.r.l."})
        table = self.env["dunning.action.table"]._published_for(fresh)
        self.assertEqual(len(table.rule_ids), 257)
        codes = set(table.rule_ids.action_type_id.mapped("code"))
        self.assertEqual(codes, set(range(1, 11)))

    def test_setting_up_twice_changes_nothing(self):
        tables = self.env["dunning.action.table"].search_count([])
        self.company._dunning_set_up()
        self.assertEqual(self.env["dunning.action.table"].search_count([]), tables)

    def test_a_published_version_is_frozen(self):
        rule = self.table.rule_ids[0]
        mine = rule.with_user(self.dunning_admin)
        for change in (
            lambda: mine.write({"wait_before": 9}),
            lambda: mine.unlink(),
            lambda: mine.copy({"seq": 777}),
            lambda: rule.sudo().write({"wait_before": 9}),
            lambda: self.table.with_user(self.dunning_admin).write(
                {"rule_ids": [(3, rule.id)]}
            ),
            lambda: self.table.with_user(self.dunning_admin).unlink(),
        ):
            with self.assertRaises(UserError):
                change()
        with self.assertRaises(AccessError):
            self.table.with_user(self.dunning_admin).write({"state": "draft"})

    def test_draft_is_edited_then_published(self):
        table = self.table.with_user(self.dunning_admin)
        draft = table.browse(table.action_new_version()["res_id"])
        self.assertEqual((draft.state, len(draft.rule_ids)), ("draft", 257))
        draft.rule_ids[0].wait_before = 5
        draft.rule_ids[1].unlink()
        draft.action_publish()
        self.assertEqual((draft.state, draft.version), ("published", 2))
        self.assertEqual(draft.published_by, self.dunning_admin)
        self.assertEqual(self.table.state, "superseded")
        with self.assertRaises(UserError):
            draft.rule_ids[0].write({"wait_before": 6})
        with self.assertRaises(UserError):
            draft.action_publish()

    def test_only_the_administrator_edits(self):
        draft = self.table.copy()
        for user in (self.operator, self.manager):
            mine = draft.with_user(user)
            with self.assertRaises(AccessError):
                mine.rule_ids[0].write({"wait_before": 5})
            with self.assertRaises(AccessError):
                mine.action_publish()
            with self.assertRaises(AccessError):
                mine.action_load_standard()

    def test_load_standard_makes_a_draft(self):
        tables = self.env["dunning.action.table"].with_user(self.dunning_admin)
        draft = tables.browse(tables.action_load_standard()["res_id"])
        self.assertEqual((draft.state, draft.company_id), ("draft", self.company))

    def test_load_standard_without_italian_in_the_database(self):
        """A newcomer's Odoo may have English only."""
        languages = type(self.env["res.lang"])
        known = languages._get_data

        def without_italian(records, **kwargs):
            return {} if kwargs.get("code") == "it_IT" else known(records, **kwargs)

        with patch.object(languages, "_get_data", without_italian):
            made = self.env["dunning.action.table"]._load_standard(self.company)
        self.assertEqual(made.name, "Tabella standard")

    def test_hostile_rows_are_refused(self):
        draft = self.table.copy()
        rule = draft.rule_ids[0]
        for channel in ("fax", "sms|", "a+b", "sms;email"):
            with self.assertRaises(ValidationError):
                rule.write({"channel": channel})
        for vals in (
            {"wait_before": 10**6},
            {"wait_after": -1},
            {"amount_from": -5},
            {"amount_from": 10, "amount_to": 5},
            {"seq": draft.rule_ids[1].seq},
        ):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
                with self.env.cr.savepoint():
                    rule.write(vals)
                    rule.flush_recordset()

    def test_tables_of_other_companies_are_not_seen(self):
        tables = self.env["dunning.action.table"].with_user(self.dunning_admin)
        self.assertEqual(tables.search([]).company_id, self.company)
        other = self.env["dunning.action.table"]._published_for(self.other_company)
        with self.assertRaises(AccessError):
            other.with_user(self.dunning_admin).rule_ids.read(["seq"])

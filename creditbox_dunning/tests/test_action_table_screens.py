"""Editing action tables as people do: grid, workbook, check, log of changes."""

import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.creditbox_dunning.formats import action_table_xlsx
from odoo.addons.creditbox_dunning.rules import table_diff

from .common import DunningCommon

ELECTRICITY = {
    "customer_type": "domestic",
    "service": "electricity",
    "supply_state": "active",
    "suspendibility": "suspendible",
}


class TableCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tables = cls.table.with_user(cls.dunning_admin)
        cls.draft = tables.browse(tables.action_new_version()["res_id"])

    @classmethod
    def rows(cls, table=None, **keys):
        """The rows of a set in order."""
        keys = {**ELECTRICITY, **keys}
        return (
            (table or cls.draft)
            .rule_ids.filtered(
                lambda rule: all((rule[n] or "") == value for n, value in keys.items())
            )
            .sorted("seq")
        )

    def row(self, seq, table=None):
        return self.rows(table).filtered(lambda rule: rule.seq == seq)

    def changes(self, table=None):
        """[(kind, row number and name, column, old, new)], oldest first."""
        found = self.env["dunning.table.change"].search(
            [("table_id", "=", (table or self.draft).id)], order="id"
        )
        return [
            (c.kind, (c.row or "").split(": ")[-1], c.column, c.old_value, c.new_value)
            for c in found
        ]


@tagged("post_install", "-at_install")
class TestGrid(TableCase):
    def drag(self, order):
        rows = self.rows()
        ids = [rows.filtered(lambda r, s=seq: r.seq == s).id for seq in order]
        self.draft.rule_ids.browse(ids).web_resequence({"seq": {}}, field_name="seq")
        return [(r.seq, r.short_description) for r in self.rows()]

    def test_dragging_takes_the_step_along(self):
        before = [(r.seq, r.short_description) for r in self.rows()]
        self.row(50).next_ko = 90
        # the agency before the works: from 90 up to the place of 60
        after = self.drag([90, 60, 70, 80])
        names = dict(before)
        self.assertEqual(after[6], (60, names[90]))
        self.assertEqual(after[7], (70, names[60]))
        self.assertEqual([seq for seq, _name in after], [seq for seq, _n in before])
        # the jump still means the agency
        self.assertEqual(self.row(50).next_ko, 60)

    def test_alternatives_stay_together(self):
        after = self.drag([30, 40, 41, 50][::-1][0:1] + [30, 40, 41])
        self.assertEqual(
            [(seq, name) for seq, name in after if 30 <= seq <= 59],
            [
                (30, "Elenco a Uff.Tec."),
                (40, "Sollecito bonario"),
                (50, "CiM via PEC"),
                (51, "CiM racc. A/R"),
            ],
        )

    def test_a_frozen_set_is_not_dragged(self):
        rows = self.rows(self.table).with_user(self.dunning_admin)
        with self.assertRaises(UserError):
            rows[::-1].web_resequence({"seq": {}}, field_name="seq")
        with self.assertRaises(AccessError):
            self.rows().with_user(self.operator)[::-1].web_resequence(
                {"seq": {}}, field_name="seq"
            )

    def test_sets_of_a_version_with_counts(self):
        contract = self._create_contract("S1", self.customer)
        self.overdue("S1", contract)
        self.run_on(1)
        sets = self.env["dunning.action.set"].with_user(self.operator)
        found = sets.search([("table_id", "=", self.table.id)])
        self.assertEqual(sum(found.mapped("rule_count")), 257)
        self.assertEqual(self.table.set_count, len(found))
        key = {
            name: contract[name] or "any"
            for name in ("customer_type", "service", "supply_state", "suspendibility")
        }
        mine = found.filtered(lambda s: all(s[n] == v for n, v in key.items()))
        self.assertEqual(mine.case_count, 1)
        self.assertEqual(sum(found.mapped("case_count")), 1)
        opened = mine.action_open_rows()
        rows = self.env["dunning.action.rule"].search(opened["domain"])
        self.assertEqual(len(rows), mine.rule_count)

    def test_which_cases_a_row_catches_today(self):
        contract = self._create_contract("S2", self.customer)
        move = self.overdue("S2", contract, amount=60)
        self.run_on(1)
        counts = {r.seq: r.caught_count for r in self.rows(self.table)}
        # 60 EUR: all but the row that acts from 1.000 on
        self.assertEqual({seq for seq, n in counts.items() if not n}, {110})
        opened = self.row(40, self.table).action_open_cases()
        self.assertEqual(opened["domain"], [("id", "in", self.case_of(move).ids)])
        self.assertEqual(
            self.row(110, self.table).action_open_cases()["domain"][0][2], []
        )


@tagged("post_install", "-at_install")
class TestCopySet(TableCase):
    def wizard(self, mode="copy", **to):
        return (
            self.env["dunning.set.copy.wizard"]
            .with_user(self.dunning_admin)
            .create(
                {
                    "table_id": self.draft.id,
                    "mode": mode,
                    **{f"from_{n}": v for n, v in ELECTRICITY.items()},
                    **{f"to_{n}": to.get(n, v) for n, v in ELECTRICITY.items()},
                }
            )
        )

    def test_copy_to_another_class(self):
        wizard = self.wizard(suspendibility="deactivable")
        self.assertEqual((wizard.from_count, wizard.to_count), (13, 0))
        opened = wizard.action_apply()
        copied = self.rows(suspendibility="deactivable")
        self.assertEqual(copied.mapped("seq"), self.rows().mapped("seq"))
        self.assertEqual(self.draft.rule_ids.search(opened["domain"]), copied)

    def test_overwriting_is_asked(self):
        wizard = self.wizard(service="gas")
        self.assertEqual(wizard.to_count, 12)
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.is_overwritten = True
        wizard.action_apply()
        self.assertEqual(len(self.rows(service="gas")), 13)

    def test_a_set_from_scratch(self):
        opened = self.wizard("new", suspendibility="deactivable").action_apply()
        self.assertEqual(opened["context"]["default_suspendibility"], "deactivable")
        with self.assertRaises(UserError):
            self.wizard("new").action_apply()
        sets = self.env["dunning.action.set"].with_user(self.dunning_admin)
        asked = sets.with_context(default_table_id=self.draft.id).action_new_set()
        self.assertEqual(asked["context"]["default_mode"], "new")
        with self.assertRaises(UserError):
            sets.with_context(default_table_id=self.table.id).action_new_set()

    def test_deleting_a_set(self):
        sets = self.env["dunning.action.set"].with_user(self.dunning_admin)
        one = sets.browse(min(self.rows().ids))
        one.action_delete_set()
        self.assertFalse(self.rows())
        frozen = sets.browse(min(self.rows(self.table).ids))
        with self.assertRaises(UserError):
            frozen.action_delete_set()


@tagged("post_install", "-at_install")
class TestWorkbookScreens(TableCase):
    def wizard(self, rows, name="tabella.xlsx", data=None):
        data = action_table_xlsx.write(rows) if data is None else data
        return (
            self.env["dunning.table.import.wizard"]
            .with_user(self.dunning_admin)
            .create(
                {
                    "table_id": self.draft.id,
                    "filename": name,
                    "file": base64.b64encode(data),
                }
            )
        )

    def exported(self, table):
        opened = table.with_user(self.dunning_admin).action_export_xlsx()
        number = int(opened["url"].split("/")[3].split("?")[0])
        return self.env["ir.attachment"].browse(number).raw

    def test_gate_37_edited_exported_imported_restored(self):
        """Gate 37: standard, edited, exported, imported elsewhere, restored."""
        self.row(40).wait_after = 35
        self.row(20).unlink()
        data = self.exported(self.draft)
        edited = self.draft.rule_ids._as_rows()
        other = self.table.with_user(self.dunning_admin)
        other = other.browse(other.action_new_version()["res_id"])
        wizard = self.wizard([], data=data)
        wizard.table_id = other
        wizard.action_read()
        self.assertEqual(wizard.state, "ready", wizard.line_ids.mapped("what"))
        self.assertEqual(sorted(wizard.line_ids.mapped("kind")), ["changed", "removed"])
        changed = wizard.line_ids.filtered(lambda line: line.kind == "changed")
        self.assertEqual((changed.old_value, changed.new_value), ("28", "35"))
        wizard.action_apply()
        self.assertEqual(table_diff.diff(edited, other.rule_ids._as_rows()), ())
        # and back
        restore = self.env["dunning.table.import.wizard"].browse(
            other.action_restore_standard()["res_id"]
        )
        self.assertEqual(sorted(restore.line_ids.mapped("kind")), ["added", "changed"])
        restore.with_user(self.dunning_admin).action_apply()
        standard = self.table.rule_ids._as_rows()
        self.assertEqual(table_diff.diff(standard, other.rule_ids._as_rows()), ())

    def test_a_file_with_errors_applies_nothing_and_loses_nothing(self):
        rows = self.draft.rule_ids._as_rows()
        rows[3]["channel"] = "fax"
        rows[9]["op"] = "nulla"
        wizard = self.wizard(rows)
        wizard.action_read()
        self.assertEqual(wizard.state, "errors")
        self.assertEqual(len(wizard.line_ids), 2)
        self.assertIn("fax", wizard.line_ids[0].what)
        self.assertIn("5", wizard.line_ids[0].what)
        before = self.draft.rule_ids._as_rows()
        wizard.action_apply()
        self.assertEqual(table_diff.diff(before, self.draft.rule_ids._as_rows()), ())
        self.assertTrue(wizard.file)

    def test_hostile_files_are_refused(self):
        for data, name in (
            (b"", "vuoto.xlsx"),
            (b"PK\x03\x04 not a workbook", "rotto.xlsx"),
            (b"%PDF-1.7", "tabella.xlsx"),
            (b"\x00\xff\xfe\x00", "tabella.csv"),
            (b"a;b\n1;2\n", "altro.csv"),
        ):
            wizard = self.wizard([], name, data)
            wizard.action_read()
            self.assertEqual(wizard.state, "errors", name)
            self.assertTrue(wizard.line_ids)

    def test_import_into_a_published_version_makes_a_draft(self):
        rows = self.table.rule_ids._as_rows()
        rows[0]["wait_before"] = 77
        wizard = self.wizard(rows)
        wizard.table_id = self.table
        opened = wizard.action_apply()
        draft = self.env["dunning.action.table"].browse(opened["res_id"])
        self.assertNotEqual(draft, self.table)
        self.assertEqual(draft.state, "draft")
        self.assertIn(77, draft.rule_ids.mapped("wait_before"))
        # the bytes are kept with the history
        files = draft.message_ids.attachment_ids
        self.assertEqual(files.raw, base64.b64decode(wizard.file))

    def test_swapped_numbers_are_applied(self):
        rows = self.draft.rule_ids._as_rows()
        mine = [
            row
            for row in rows
            if {k: row[k] for k in ELECTRICITY} == ELECTRICITY
            and row["seq"] in (20, 30)
        ]
        mine[0]["seq"], mine[1]["seq"] = mine[1]["seq"], mine[0]["seq"]
        self.wizard(rows).action_apply()
        self.assertEqual(self.row(20).short_description, mine[1]["short_description"])

    def test_only_the_administrator_imports(self):
        wizard = self.wizard([]).with_user(self.manager)
        for call in (wizard.action_read, wizard.action_apply):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            self.draft.with_user(self.manager).action_restore_standard()


@tagged("post_install", "-at_install")
class TestCheck(TableCase):
    def found(self):
        opened = self.draft.action_check()
        return self.env["dunning.action.finding"].search(opened["domain"])

    def test_gate_3_the_check_of_the_standard_table(self):
        """Gate 3: 48 combinations in three sentences, nothing wrong, nothing that the
        guard always postpones."""
        found = self.found()
        self.assertEqual(set(found.mapped("severity")), {"warning"})
        self.assertEqual(
            sorted(found.mapped("code")),
            [
                "fallback_deactivable",
                "fallback_public_body",
                "fallback_suspended_protected",
            ],
            found.mapped(lambda f: (f.code, f.set_name, f.rule_id.seq, f.sentence)),
        )

    def test_gate_3_errors_block_publishing(self):
        """Gate 3: with an error the table is not published, with warnings it is."""
        self.rows().filtered(lambda r: r.op == "default").unlink()
        self.assertIn("cut_without_notice", self.found().mapped("code"))
        with self.assertRaises(UserError) as caught:
            self.draft.action_publish()
        self.assertIn("70", str(caught.exception))
        self.assertEqual(self.draft.state, "draft")

    def test_gate_3_the_guard_is_asked(self):
        """Gate 3: 28 days after the notice are 15 too few for gas (40 days and 3)."""
        for rule in self.rows(service="gas").filtered(lambda r: r.op == "default"):
            rule.wait_after = 10
        found = self.found().filtered(lambda f: f.code == "postponed")
        self.assertTrue(found)
        self.assertEqual(set(found.rule_id.mapped("service")), {"gas"})
        self.draft.action_publish()
        self.assertEqual(self.draft.state, "published")

    def test_everybody_may_check(self):
        opened = self.draft.with_user(self.operator).action_check()
        self.assertTrue(opened["domain"][0][2])


@tagged("post_install", "-at_install")
class TestChangeLog(TableCase):
    def test_gate_50_old_and_new_value_of_each_change(self):
        """Gate 50: who, when, from what to what, for rows and for the table."""
        start = len(self.changes())
        self.row(40).write({"wait_after": 35, "channel": "pec|ar"})
        self.row(41).unlink()
        self.draft.name = "Tabella 2027"
        told = self.changes()[start:]
        self.assertEqual(
            sorted(told[:2], key=lambda c: c[2]),
            [
                ("write", "40 CiM via PEC", "Channel", "pec", "pec|ar"),
                ("write", "40 CiM via PEC", "Wait After", "28", "35"),
            ],
        )
        self.assertEqual(told[2][:2], ("unlink", "41 CiM racc. A/R"))
        self.assertEqual(told[3][0], "table")
        self.assertEqual(told[3][4], "Tabella 2027")
        log = self.env["dunning.table.change"].search([], limit=4)
        self.assertEqual(log.user_id, self.dunning_admin)
        self.assertTrue(all(log.mapped("date")))

    def test_gate_50_append_only(self):
        """Gate 50: nobody writes or deletes a line of the log."""
        self.row(40).wait_after = 35
        line = self.env["dunning.table.change"].search([], limit=1)
        for who in (line.with_user(self.dunning_admin), line.sudo()):
            for change in (
                lambda r=who: r.write({"new_value": "1"}),
                lambda r=who: r.unlink(),
                lambda r=who: r.create(
                    {
                        "table_name": "x",
                        "company_id": self.company.id,
                        "user_id": self.manager.id,
                        "kind": "table",
                    }
                ),
            ):
                with self.assertRaises(AccessError):
                    change()
        # a context from outside switches nothing off
        start = len(self.changes())
        self.row(40).with_context(dunning_change_log={"silent": True}).wait_after = 36
        self.assertEqual(len(self.changes()), start + 1)

    def test_one_note_a_call_however_many_rows(self):
        notes = len(self.draft.message_ids)
        lines = len(self.changes())
        self.draft.write(
            {
                "rule_ids": [
                    (1, rule.id, {"wait_after": rule.wait_after + 1})
                    for rule in self.rows()
                ]
            }
        )
        self.assertEqual(len(self.draft.message_ids), notes + 1)
        self.assertEqual(len(self.changes()), lines + 13)
        self.rows().write({"day_kind": "working"})
        self.assertEqual(len(self.draft.message_ids), notes + 2)

    def test_making_and_publishing_a_version_is_one_line_each(self):
        told = self.changes()
        self.assertEqual([c[0] for c in told], ["table"])
        self.assertIn("257", told[0][4])
        self.draft.action_publish()
        self.assertEqual(len(self.changes()), 2)

    def test_the_log_outlives_a_deleted_draft(self):
        self.row(40).wait_after = 35
        log = self.env["dunning.table.change"].search(
            [("table_id", "=", self.draft.id)]
        )
        self.draft.unlink()
        log.invalidate_recordset()
        self.assertEqual(len(log.exists()), len(log))
        self.assertFalse(log.table_id)

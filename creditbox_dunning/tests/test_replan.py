"""Versions: a case keeps its own; chosen cases are moved after seeing what changes."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_action_table_screens import TableCase


@tagged("post_install", "-at_install")
class TestReplan(TableCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moves = [
            cls.overdue(f"R{n}", cls._create_contract(f"R{n}", cls.customer))
            for n in range(2)
        ]
        cls.run_on(1)
        cls.cases = cls.env["dunning.case"].union(*map(cls.case_of, cls.moves))

    def setUp(self):
        super().setUp()
        self.today_is(1)

    def today_is(self, number):
        """The moves are made on this day, counted from the due date."""
        day = self.day(number)
        cases = self.env.registry["dunning.case"]
        self.patch(cases, "_today", lambda _self, _company: day)

    def publish(self):
        """The version with the friendly notice on day 40 instead of 15."""
        self.row(10).unlink()
        self.row(20).wait_before = 12
        self.draft.action_publish()

    def test_gate_4_a_case_keeps_its_version(self):
        """Gate 4: open cases go on by their version, new ones follow the new one."""
        self.publish()
        self.run_on(3)
        self.assertEqual(self.cases.table_id, self.table)
        self.assertEqual(self.actions(self.cases[0])[0][0], 10)
        later = self.overdue("R9", self._create_contract("R9", self.customer))
        self.run_on(4)
        self.assertEqual(self.case_of(later).table_id, self.draft)

    def test_gate_4_moving_shows_what_changes_then_moves(self):
        """Gate 4: the wizard shows both next steps and writes nothing until asked."""
        self.publish()
        mover = self.cases[0].with_user(self.manager)
        before = mover.read(["table_id", "next_rule_id", "next_date", "next_reasons"])
        opened = mover.action_replan()
        wizard = (
            self.env["dunning.replan.wizard"]
            .with_user(self.manager)
            .with_context(**opened["context"])
            .create({"case_ids": mover.ids})
        )
        self.assertEqual(wizard.table_id, self.draft)
        wizard.action_preview()
        self.assertEqual(
            mover.read(["table_id", "next_rule_id", "next_date", "next_reasons"]),
            before,
        )
        line = wizard.line_ids
        self.assertTrue(line.is_changed)
        self.assertIn("20 E-mail", line.old_step)
        self.assertIn("20 E-mail", line.new_step)
        self.assertNotEqual(line.old_date, line.new_date)
        wizard.action_move()
        self.assertEqual(mover.table_id, self.draft)
        self.assertEqual(mover.next_rule_id.table_id, self.draft)
        self.assertEqual(mover.next_rule_id.seq, 20)
        self.assertEqual(self.cases[1].table_id, self.table)
        note = mover.message_ids[0]
        self.assertIn("2", note.body)
        self.assertEqual(note.author_id, self.manager.partner_id)

    def test_what_was_done_stays_done(self):
        self.run_on(7)
        case = self.cases[0]
        done = [seq for seq, state in self.actions(case) if state == "done"]
        self.assertTrue(done)
        self.publish()
        case.with_user(self.manager)._move_to_table(self.draft)
        again = self.actions(case)
        self.run_on(8)
        self.assertEqual(self.actions(case), again)

    def test_guards(self):
        self.publish()
        cases = self.cases
        with self.assertRaises(AccessError):
            cases.with_user(self.operator)._move_to_table(self.draft)
        with self.assertRaises(AccessError):
            cases.with_user(self.operator).action_replan()
        with self.assertRaises(AccessError):
            cases.with_user(self.manager).write({"table_id": self.draft.id})
        other = self.env["dunning.action.table"]._published_for(self.other_company)
        for table in (self.table, other):
            with self.assertRaises(UserError):
                cases.with_user(self.manager)._move_to_table(table)
        self.assertEqual(cases.table_id, self.table)

    def test_closed_cases_stay(self):
        self.publish()
        self.pay(self.moves[0])
        self.run_on(2)
        moved = self.cases.with_user(self.manager)._move_to_table(self.draft)
        self.assertEqual(moved, self.cases[1])

"""Starting, stopping and refusing a run: who may, on what data, what is logged."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.creditbox_dunning.models import dunning_run_work

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestFreshness(DunningCommon):
    def _payment_file(self, day):
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO ir_attachment (name, type, company_id) VALUES
                   ('p.csv', 'binary', %s) RETURNING id
            """,
            [self.company.id],
        )
        attachment = self.env.cr.fetchone()[0]
        values = {
            "name": "P",
            "filename": "p.csv",
            "company_id": self.company.id,
            "attachment_id": attachment,
            "sha256": "0" * 63 + str(day.day % 10),
            "dataset": "payments",
            "state": "done",
            "phase": "finish",
            "date_end": fields.Datetime.to_datetime(day),
        }
        file = self._insert("utility_import_file", values)
        values["file_id"] = file
        self._insert("utility_import_batch", values)
        self.env.invalidate_all()

    def _insert(self, table, values):
        """As acquired by another process: columns of ``table`` that ``values`` has."""
        cr = self.env.cr
        cr.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        names = [name for (name,) in cr.fetchall() if name in values]
        cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES %s RETURNING id",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, names)),
                tuple(values[name] for name in names),
            )
        )
        return cr.fetchone()[0]

    def test_gate_24_old_payments_are_refused(self):
        """Gate 24, row I11: on payments too old nobody is asked for money."""
        bill = self.overdue("B1")
        self._payment_file(self.day(0))
        self.assertEqual(self.run_on(7).state, "done")
        run = self.run_on(8)
        self.assertEqual(run.state, "refused")
        self.assertIn("7", run.message)
        self.assertEqual((run.count_cases, run.payments_file_date), (0, self.day(0)))
        self.assertFalse(run.batch_ids)
        actions = self.case_of(bill).action_ids
        self.assertFalse(actions.filtered(lambda a: a.planned_date == self.day(8)))
        # told once, to the credit managers of the company
        self.assertIn(self.manager, run.activity_ids.user_id)
        self.assertNotIn(self.operator, run.activity_ids.user_id)
        again = self.run_on(9)
        self.assertEqual((again.state, len(again.activity_ids)), ("refused", 0))
        # the file comes: the run goes, what was asked is taken back
        self._payment_file(self.day(9))
        self.assertEqual(self.run_on(10).state, "done")
        self.assertFalse(run.activity_ids)

    def test_no_limit_and_no_files(self):
        """A company that acquires no payments is warned; 0 means no limit."""
        self.overdue("B1")
        run = self.run_on(400)
        self.assertEqual((run.state, run.is_expected), ("done", False))
        self.assertTrue(run.message)
        self._payment_file(self.day(0))
        self.company.dunning_max_payment_age = 0
        self.assertEqual(self.run_on(401).state, "done")

    def test_only_a_manager_runs_on_old_data_and_says_why(self):
        self.overdue("B1")
        self._payment_file(self.day(0))
        run = self.run_on(30)
        self.assertEqual(run.state, "refused")
        for user in (self.operator, self.dunning_admin):
            with self.assertRaises(AccessError):
                run.with_user(user).run_on_old_data("because")
        mine = run.with_user(self.manager)
        with self.assertRaises(UserError):
            mine.run_on_old_data("  ")
        with self.assertRaises(AccessError):
            mine.with_context(utility_guard=True).write({"state": "running"})
        wizard = self.env["dunning.run.override.wizard"].with_user(self.manager)
        wizard.create({"run_id": run.id, "reason": "bank closed"}).action_confirm()
        self.assertEqual(run.state, "waiting")
        order = run.order_ids
        self.assertRecordValues(
            order,
            [{"kind": "override", "reason": "bank closed", "user_id": self.manager.id}],
        )
        with self.assertRaises(UserError):
            order.sudo().unlink()
        with self.assertRaises(AccessError):
            order.write({"reason": "other"})
        self.env["dunning.run"].sudo()._cron_started()
        self.assertEqual((run.state, run.count_cases), ("done", 1))
        with self.assertRaises(UserError):
            mine.run_on_old_data("again")


@tagged("post_install", "-at_install")
class TestControl(DunningCommon):
    def test_background_run_waits_for_the_scheduled_action(self):
        self.overdue("B1")
        runs = self.env["dunning.run"].with_user(self.manager)
        run = runs.start_for(self.company, self.company_today())
        self.assertEqual((run.state, run.progress), ("waiting", 0))
        # asked again: the same run
        self.assertEqual(runs.start_for(self.company, self.company_today()), run)
        self.env["dunning.run"].sudo()._cron_started()
        self.assertEqual(run.state, "done")
        with self.assertRaises(AccessError):
            self.env["dunning.run"].with_user(self.operator).start_for(self.company)

    def company_today(self):
        return self.env["dunning.case"]._today(self.company)

    def test_stop_after_the_present_chunk(self):
        for number in range(5):
            contract = self._create_contract(
                f"CTS{number}",
                self.customer,
                self._create_point(f"IT001E9{number:07d}"),
            )
            self.overdue(f"S{number}", contract)
        cases = type(self.env["dunning.case"])
        original = cases._run_chunk

        def stopping(records, run, today):
            result = original(records, run, today)
            run.with_user(self.manager).action_stop()
            return result

        with (
            patch.object(dunning_run_work, "CHUNK", 2),
            patch.object(cases, "_run_chunk", stopping),
        ):
            run = self.run_on(7)
        self.assertEqual((run.state, run.count_cases), ("cancelled", 2))
        self.assertEqual(run.order_ids.user_id, self.manager)
        # what was left is done by the next run; nothing twice
        again = self.run_on(7)
        self.assertEqual((again.state, again.count_cases), ("done", 5))
        self.assertEqual(run.count_mails + again.count_mails, 5)
        with self.assertRaises(AccessError):
            again.with_user(self.operator).action_stop()

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_engine")
    def test_errors_are_tried_again(self):
        """Gate 49: each error can be tried again by its button."""
        bill = self.overdue("B1")
        guard = type(self.env["dunning.guard"])
        with patch.object(guard, "_supply_of", side_effect=ValueError("poison")):
            run = self.run_on(7)
        self.assertEqual((run.state, run.count_errors), ("partial", 1))
        self.assertFalse(self.case_of(bill).action_ids)
        with self.assertRaises(AccessError):
            run.with_user(self.operator).action_retry_errors()
        with patch.object(type(self.env["dunning.case"]), "_today") as today:
            today.return_value = self.day(7)
            run.with_user(self.manager).action_retry_errors()
        self.assertTrue(run.error_ids.is_solved)
        self.assertEqual(run.state, "done")
        self.assertTrue(self.case_of(bill).action_ids)

    def test_another_process_at_work_is_left_alone(self):
        """Two runs at once: the lock is the company's, the second does nothing."""
        self.overdue("B1")
        with patch.object(type(self.env["dunning.run"]), "_claim", return_value=False):
            run = self.run_on(7)
        self.assertEqual((run.state, run.count_cases), ("running", 0))
        self.assertEqual(self.run_on(7), run)
        self.assertEqual((run.state, run.count_cases), ("done", 1))

    def test_company_ahead_does_not_hinder_another(self):
        """Defect N2 of others: a run of A dated later must not stop B's."""
        ahead = self.env["dunning.run"].sudo()
        data = self.setup_other_company(name="Terza Utility S.p.A.")
        second = data["company"]
        later = ahead.run_for(second, self.day(60))
        self.overdue("B1")
        run = self.run_on(7)
        self.assertEqual((later.state, run.state), ("done", "done"))
        self.assertEqual(run.count_opened, 1)

    def test_settings_are_the_administrators(self):
        wizards = self.env["dunning.settings.wizard"].with_user(self.dunning_admin)
        wizard = wizards.create({"dunning_max_payment_age": 3})
        self.assertEqual(wizard.dunning_group_public_body, "customer")
        wizard.action_save()
        self.assertEqual(self.company.dunning_max_payment_age, 3)
        with self.assertRaises(AccessError):
            self.env["dunning.settings.wizard"].with_user(self.manager).create({})
        wizard.company_id = self.other_company
        with self.assertRaises(AccessError):
            wizard.action_save()

    def test_age_counts_days(self):
        today = self.day(0)
        known = {"max_age": 7, "is_expected": True, "bank_date": None}
        for age, stale in ((0, False), (7, False), (8, True)):
            known["payments_file_date"] = today - timedelta(days=age)
            self.assertEqual(self.company._dunning_is_stale(known, today), stale)
        known["payments_file_date"] = None
        self.assertTrue(self.company._dunning_is_stale(known, today))
        known["bank_date"] = today
        self.assertFalse(self.company._dunning_is_stale(known, today))

"""The nightly run: repeatable, resumable, one poisoned case stops no other."""

import contextlib
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.creditbox_dunning.models import dunning_run_work

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestRun(DunningCommon):
    def _many(self, count, prefix="M"):
        bills = self.env["account.move"]
        for number in range(count):
            customer = self._create_customer(f"{prefix}{number}")
            point = self._create_point(f"IT001E{prefix}{number:07d}")
            contract = self._create_contract(f"CT{prefix}{number}", customer, point)
            bills |= self.overdue(f"{prefix}B{number}", contract)
        return bills

    def _snapshot(self):
        self.env.flush_all()
        cases = self.env["dunning.case"].search([])
        fields = ["state", "next_date", "next_kind", "next_reasons", "round"]
        return (
            cases.read(fields),
            cases.action_ids.read(["state", "reasons", "planned_date", "amount"]),
            cases.communication_ids.read(["state", "key"]),
            self.env["utility.notice"].search_count([]),
            self.env["mail.mail"].search_count([]),
        )

    def test_twice_on_a_day_changes_nothing(self):
        self._many(3)
        for day in (1, 3, 7, 15, 30, 31, 60):
            self.run_on(day)
            before = self._snapshot()
            again = self.run_on(day)
            self.assertEqual(self._snapshot(), before, f"day {day}")
            self.assertEqual((again.count_actions, again.count_mails), (0, 0))

    def test_counts(self):
        bills = self._many(3)
        run = self.run_on(7)
        self.assertRecordValues(
            run,
            [
                {
                    "state": "done",
                    "count_opened": 3,
                    "count_cases": 3,
                    "count_mails": 3,
                    "count_actions": 3,
                    "count_skipped": 3,
                    "count_errors": 0,
                }
            ],
        )
        self.pay(bills[0])
        run = self.run_on(15)
        self.assertEqual((run.count_closed, run.count_letters), (1, 2))
        self.assertEqual(
            run.payments_date,
            self.company._dunning_data_dates(run.date)["payments_date"],
        )
        self.assertIn(str(run.payments_date.year), run.message)
        self.assertEqual(run.action_open_actions()["domain"], [("run_id", "=", run.id)])

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_engine")
    def test_gate_poisoned_case_is_isolated_and_reported(self):
        bills = self._many(7)
        self.run_on(1)
        poisoned = self.case_of(bills[3])
        guard = type(self.env["dunning.guard"])
        original = guard._supply_of

        def broken(self, case_id, *args):
            if case_id == poisoned.id:
                raise ValueError("poison")
            return original(self, case_id, *args)

        with patch.object(guard, "_supply_of", broken):
            run = self.run_on(7)
        self.assertEqual(
            (run.state, run.count_errors, run.count_mails), ("partial", 1, 6)
        )
        self.assertEqual(run.error_ids.case_id, poisoned)
        self.assertIn("poison", run.error_ids.message)
        self.assertFalse(poisoned.action_ids)
        # cured: the next run takes it up
        self.assertEqual(self.run_on(8).count_mails, 1)

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_engine")
    def test_failure_in_the_middle_of_sending_leaves_no_half_case(self):
        bills = self._many(4)
        self.run_on(1)
        victim = self.case_of(bills[1])
        actions = type(self.env["dunning.action"])
        original = actions._render_texts

        def broken(self, channel, today):
            if victim in self.case_id:
                raise RuntimeError("template")
            return original(self, channel, today)

        with patch.object(actions, "_render_texts", broken):
            run = self.run_on(7)
        self.assertEqual(run.count_mails, 3)
        self.assertFalse(victim.action_ids | victim.communication_ids.action_id)
        written = self.env["dunning.communication"].search([("body", "!=", False)])
        self.assertEqual(len(written), 3)

    def test_chunks_and_resume(self):
        self._many(5)
        engine = type(self.env["dunning.engine"])
        original = engine._process
        calls = []

        def stops(self, cases, today, run=None):
            calls.append(len(cases))
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(self, cases, today, run)

        with patch.object(dunning_run_work, "CHUNK", 2):
            with patch.object(engine, "_process", stops):
                # not assertRaises: its savepoint would undo what was finished
                with contextlib.suppress(KeyboardInterrupt):
                    self.run_on(7)
            run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
            self.assertEqual((run.state, run.count_mails), ("running", 2))
            resumed = self.run_on(7)
        self.assertEqual(resumed, run)
        self.assertEqual((run.state, run.count_mails, run.count_cases), ("done", 5, 5))

    def test_cron_runs_every_company_once_a_day(self):
        cron = self.env.ref("creditbox_dunning.ir_cron_dunning_nightly")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
            runs = self.env["dunning.run"].search([])
            tables = self.env["dunning.action.table"].search(
                [("state", "=", "published")]
            )
            self.assertEqual(set(runs.company_id.ids), set(tables.company_id.ids))
            cron.method_direct_trigger()
            self.assertEqual(self.env["dunning.run"].search([]), runs)

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_run_work")
    def test_cron_goes_on_with_the_other_companies(self):
        runs = self.env["dunning.run"]
        original = type(runs)._run_company
        done = []

        def broken(self, company, today):
            done.append(company)
            if company.id == broken.victim:
                raise ValueError("books closed")
            return original(self, company, today)

        tables = self.env["dunning.action.table"].sudo()
        tables = tables.search([("state", "=", "published")])
        broken.victim = tables.company_id[0].id
        with patch.object(type(runs), "_run_company", broken):
            with contextlib.suppress(ValueError):
                runs.sudo()._cron_nightly()
        self.assertEqual(len(done), len(tables.company_id))

    def test_stops_when_the_time_of_the_cron_is_over(self):
        self._many(5)
        with patch.object(dunning_run_work, "CHUNK", 2):
            with patch.object(
                type(self.env["dunning.run"]), "_checkpoint", return_value=0
            ):
                run = self.run_on(7)
            self.assertEqual((run.state, run.count_cases), ("running", 2))
            self.run_on(7)
        self.assertEqual((run.state, run.count_cases, run.count_mails), ("done", 5, 5))

    def test_neutralized_copy_sends_nothing(self):
        bills = self._many(1)
        self.run_on(7)
        self.env.flush_all()
        with file_open("creditbox_dunning/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        message = self.case_of(bills).communication_ids
        self.assertEqual(message.state, "cancelled")
        self.assertEqual(message.provider_id.state, "stopped")


@tagged("post_install", "-at_install")
class TestRunCompanies(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = cls.setup_other_company(name="Seconda Utility S.p.A.")
        cls.second = data["company"]
        cls.second._utility_setup_books()
        cls.env.user.company_ids |= cls.second
        cls.stranger = new_test_user(
            cls.env,
            login="stranger",
            groups="creditbox_dunning.group_dunning_manager",
            company_id=cls.second.id,
            company_ids=[Command.set(cls.second.ids)],
        )

    def _in_second(self, ref):
        first = self.company
        type(self).company = self.second
        try:
            customer = self._create_customer(f"C{ref}")
            contract = self._create_contract(f"CT{ref}", customer)
            return self.overdue(ref, contract)
        finally:
            type(self).company = first

    def test_a_run_touches_its_company_only(self):
        mine, theirs = self.overdue("B1"), self._in_second("S1")
        self.run_on(7)
        self.assertTrue(self.case_of(mine))
        self.assertFalse(self.case_of(theirs))
        self.env["dunning.run"].sudo().run_for(self.second, self.day(7))
        case = self.case_of(theirs)
        self.assertEqual(case.company_id, self.second)
        self.assertEqual(case.table_id.company_id, self.second)

    def test_gate_1_strangers_see_nothing(self):
        """Gate 1: no record of the other company is visible or can be acted on."""
        bill = self.overdue("B1")
        for day in (7, 15, 30):
            self.run_on(day)
        case = self.case_of(bill)
        records = (
            case,
            case.action_ids,
            case.action_ids.item_ids,
            case.communication_ids,
            case.table_id,
            case.table_id.rule_ids[:1],
            self.env["dunning.run"].search([("company_id", "=", self.company.id)]),
        )
        for record in records:
            model = record.with_user(self.stranger).browse()
            with self.subTest(model=model._name):
                self.assertFalse(model.search([("company_id", "=", self.company.id)]))
                with self.assertRaises(AccessError):
                    record.with_user(self.stranger).read(["company_id"])
        letter = case.communication_ids.attachment_id[:1]
        with self.assertRaises(AccessError):
            letter.with_user(self.stranger).read(["raw"])
        letter.with_user(self.operator).read(["raw"])
        for call in (
            case.with_user(self.stranger).action_plan_now,
            case.action_ids.with_user(self.stranger).action_print_letters,
            case.communication_ids.with_user(self.stranger).action_mark_posted,
        ):
            with self.assertRaises(AccessError):
                call()
        waiting = case.action_ids.filtered(lambda a: a.state == "executing")
        with self.assertRaises(AccessError):
            self.env["dunning.outcome.wizard"].with_user(self.stranger).create(
                {
                    "action_ids": [Command.set(waiting.ids)],
                    "result": "sent",
                    "sent_date": self.day(31),
                }
            ).action_confirm()

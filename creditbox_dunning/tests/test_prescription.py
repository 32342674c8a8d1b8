"""Prescription of real bills: acts with and without proof, the guard, who may what."""

import base64
from datetime import date

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import DunningCommon

PROOF = base64.b64encode(b"%PDF-1.4 proof").decode()


@tagged("post_install", "-at_install")
class TestPrescriptionDates(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue("P1", due=date(2025, 1, 10))
        cls.later = cls.overdue("P2", due=date(2026, 1, 20))
        cls.run_on(7)
        cls.case = cls.case_of(cls.bill)

    def refresh(self):
        self.env["dunning.prescription"]._cron_refresh()
        return self.case.prescription_date

    def proof(self):
        files = self.env["ir.attachment"].with_user(self.operator)
        return files.create({"name": "ricevuta.pdf", "datas": PROOF})

    def act(self, proved=True, **vals):
        acts = self.env["dunning.prescription.act"].with_user(self.operator)
        return acts.create(
            {
                "case_id": self.case.id,
                "company_id": self.company.id,
                "kind": "acknowledgement",
                "date": date(2026, 3, 2),
                "attachment_ids": [Command.set(self.proof().ids)] if proved else [],
                **vals,
            }
        )

    def end_of(self, bill):
        line = bill.line_ids.filtered("dunning_case_id")
        line.invalidate_recordset(["dunning_prescription_date"])
        return line.dunning_prescription_date

    def test_gate_45_moves_with_a_proof_not_without(self):
        self.assertEqual(self.refresh(), date(2027, 1, 10), "two years of energy")
        with freeze_time(self.day(30)):
            act = self.act(proved=False)
            self.assertFalse(act.has_proof)
            self.assertEqual(self.case.prescription_date, date(2027, 1, 10))
            act.with_user(self.operator).attachment_ids = self.proof()
            self.assertEqual(self.case.prescription_date, date(2028, 3, 2))
            self.assertEqual(self.end_of(self.bill), date(2028, 3, 2))
            act.with_user(self.manager).action_withdraw("of another customer")
            self.assertEqual(self.case.prescription_date, date(2027, 1, 10))

    def test_of_one_bill_only(self):
        with freeze_time(self.day(30)):
            self.act(move_ids=[Command.set(self.bill.ids)])
        self.assertEqual(self.end_of(self.bill), date(2028, 3, 2))
        self.assertEqual(self.end_of(self.later), date(2028, 1, 20))

    def test_a_notice_that_arrived_counts_by_itself(self):
        notice = self.env["utility.notice"].create(
            {
                "company_id": self.company.id,
                "contract_id": self.contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": date(2026, 2, 1),
                "move_ids": [Command.set(self.bill.ids)],
            }
        )
        self.assertEqual(self.refresh(), date(2027, 1, 10), "nobody knows it arrived")
        notice.notified_date = date(2026, 2, 9)
        self.assertEqual(self.refresh(), date(2028, 1, 20))
        self.assertEqual(self.end_of(self.bill), date(2028, 2, 9))

    def test_lawsuit_stands_still(self):
        with freeze_time(self.day(30)):
            suit = self.act(kind="lawsuit")
            self.assertFalse(self.case.prescription_date)
            suit.with_user(self.operator).until = date(2026, 9, 1)
            self.assertEqual(self.case.prescription_date, date(2036, 9, 1))
            with self.assertRaises(AccessError):
                suit.with_user(self.operator).until = date(2026, 9, 2)

    def test_the_guard_counts_the_same(self):
        barred = date(2027, 1, 11)
        line = self.bill.line_ids.filtered("dunning_case_id")

        def prescribed():
            self.env.flush_all()
            facts = self.env["dunning.facts"].sudo()._collect(self.case, barred)
            return facts[self.case.id].supply.prescribed

        self.assertEqual(prescribed(), set(line.ids))
        with freeze_time(self.day(30)):
            self.act()
        self.assertFalse(prescribed())

    def test_nothing_is_rewritten(self):
        with freeze_time(self.day(30)):
            act = self.act()
            for user in (self.operator, self.manager):
                with self.assertRaises(AccessError):
                    act.with_user(user).date = date(2026, 4, 1)
                with self.assertRaises(AccessError):
                    act.with_user(user).state = "withdrawn"
            with self.assertRaises(AccessError):
                act.with_user(self.operator).action_withdraw("no")
            with self.assertRaises(UserError):
                act.with_user(self.manager).action_withdraw(" ")
            with self.assertRaises(UserError):
                act.unlink()
            with self.assertRaises(ValidationError):
                self.act(date=date(2030, 1, 1))

    def test_worklist_before_it_is_lost(self):
        self.refresh()
        worklist = self.env["dunning.worklist"].with_user(self.operator)

        def count(day):
            with freeze_time(day):
                lists = worklist.get_today()["lists"]
            return {one["key"]: one["count"] for one in lists}.get("prescription", 0)

        self.assertEqual(count("2026-11-10"), 0)
        self.assertEqual(count("2026-11-11"), 1)
        limit = self.case._prescription_limit(fields.Date.to_date("2026-11-11"))
        self.assertEqual(limit, date(2027, 1, 10))

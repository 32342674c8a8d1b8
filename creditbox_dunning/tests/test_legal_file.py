"""H05: the legal file of a case, its steps, terms, costs and proofs."""

import base64
import hashlib
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.utility_supply.rules.workdays import next_working_day

from .test_outcomes import OutcomeCommon


@tagged("post_install", "-at_install")
class TestLegalFile(OutcomeCommon):
    def to_court(self):
        """The walk of test_outcomes as far as the legal action, approved on day 146."""
        self.contract.supply_state = "ceased"
        self.walk(3, 7, 15)
        self.night(30)
        self.arrives()
        self.night(57)
        self.tell(80, agency_result="insolvent", done_date=self.day(80))
        for number in range(81, 200, 3):
            action = self.night(number)
            if action.op == "writeoff":
                self.tell(
                    number, settlement_result="refused", done_date=self.day(number)
                )
            elif action.op == "legal":
                self.today = number
                break
        return self.env["dunning.legal.file"].search([("case_id", "=", self.case.id)])

    def open_day(self, number):
        """The day, or the first after it on which the courts are open."""
        day = self.day(number)
        return next_working_day(day, self.company._utility_holidays({day.year}))

    def step(self, file, number, kind, user=None, **vals):
        with freeze_time(self.day(number)):
            steps = self.env["dunning.legal.step"].with_user(user or self.manager)
            return steps.create(
                {"file_id": file.id, "kind": kind, "date": self.day(number), **vals}
            )

    def paper(self):
        files = self.env["ir.attachment"].with_user(self.manager)
        return files.create(
            {"name": "relata.pdf", "datas": base64.b64encode(b"%PDF-1.4")}
        )

    def test_steps_are_outcomes_with_their_terms(self):
        file = self.to_court()
        self.assertEqual((len(file), file.state, file.amount), (1, "preparing", 1400))
        action, day = file.action_id, self.today
        self.assertEqual((action.op, action.state), ("legal", "executing"))
        with self.assertRaises(UserError):  # no injunction yet
            self.step(file, day + 1, "precept")
        decree = self.step(file, day + 1, "injunction", cost_advanced=300)
        self.assertEqual((file.state, action.outcome), ("injunction", "injunction"))
        self.assertEqual(decree.deadline, self.open_day(day + 61))
        self.assertEqual(file.next_deadline, decree.deadline)
        self.assertEqual(file.activity_ids.date_deadline, decree.deadline)
        with self.assertRaises(UserError):  # nobody told the customer
            self.step(file, day + 2, "precept")
        with freeze_time(self.day(day + 5)):
            decree.with_user(self.manager).write({"notified_date": self.day(day + 4)})
            self.assertFalse(decree.act_id, "no document, no interruption")
            decree.with_user(self.manager).write(
                {"attachment_ids": [Command.set(self.paper().ids)]}
            )
        self.assertEqual(decree.due, "oppose")
        self.assertEqual(decree.act_id.kind, "lawsuit")
        self.assertEqual(decree.act_id.date, self.day(day + 4))
        precept = self.step(file, day + 50, "precept", notified_date=self.day(day + 50))
        self.assertEqual(precept.deadline, self.open_day(day + 140))
        with self.assertRaises(UserError):  # ten days to pay
            self.step(file, day + 55, "seizure")
        self.step(file, day + 61, "seizure", cost_advanced=50, is_recoverable=False)
        self.step(file, day + 90, "recovered", cost_refunded=100)
        self.assertEqual((file.state, action.state), ("recovered", "done"))
        self.assertEqual((file.cost_advanced, file.cost_recoverable), (350, 200))
        self.assertFalse(file.next_deadline)
        with self.assertRaises(UserError):
            self.step(file, day + 91, "uncollectable")

    def test_hearing_and_dossier(self):
        file = self.to_court()
        at = fields.Datetime.to_datetime(self.day(self.today + 30)) + timedelta(hours=9)
        with freeze_time(self.day(self.today)):
            hearing = self.step(file, self.today, "hearing", hearing_at=at)
        self.assertEqual((file.state, hearing.calendar_at), ("preparing", at))
        self.assertEqual(hearing.deadline, self.day(self.today + 30))
        self.assertEqual(file.activity_ids.date_deadline, hearing.deadline)
        file.with_user(self.operator).action_take_dossier()
        data = file.dossier_id.raw
        self.assertTrue(data.startswith(b"PK"))
        self.assertEqual(file.dossier_sha256, hashlib.sha256(data).hexdigest())

    def test_who_may(self):
        file = self.to_court()
        mine = file.with_user(self.manager)
        mine.write({"court": "Milano", "number": "1/2027"})
        for vals in ({"state": "recovered"}, {"dossier_sha256": "0"}):
            with self.assertRaises(AccessError):
                mine.write(vals)
        with self.assertRaises(AccessError):
            file.with_user(self.operator).write({"court": "Roma"})
        with self.assertRaises(AccessError):
            self.step(file, self.today, "injunction", user=self.operator)
        step = self.step(file, self.today, "injunction")
        with self.assertRaises(AccessError):
            step.with_user(self.manager).write({"date": self.day(1)})
        with self.assertRaises(UserError):
            step.unlink()

    def test_paid_meanwhile_is_called_off(self):
        file = self.to_court()
        self.pay(self.bill)
        self.run_on(self.today + 1)
        self.run_on(self.today + 2)
        self.assertEqual(file.state, "cancelled")

    def test_an_outcome_of_the_form_is_a_step_too(self):
        """Told on the action's own form: the file has the step, once."""
        file = self.to_court()
        day = self.today + 2
        self.tell(day, court_result="injunction", done_date=self.day(day))
        self.assertRecordValues(
            file.step_ids, [{"kind": "injunction", "date": self.day(day)}]
        )
        self.assertEqual(file.next_deadline, self.open_day(day + 60))
        with freeze_time(self.day(day + 5)):
            step = file.step_ids.with_user(self.manager)
            step.write({"notified_date": self.day(day + 4)})
        self.step(file, day + 50, "precept", notified_date=self.day(day + 50))
        self.assertEqual(file.state, "precept", "not refused for lack of a decree")
        self.assertEqual(len(file.step_ids), 2)
        self.tell(day + 90, court_result="recovered", done_date=self.day(day + 90))
        kinds = ["injunction", "precept", "recovered"]
        self.assertEqual(sorted(file.step_ids.mapped("kind")), kinds)
        self.assertEqual(file.state, "recovered")

    def test_hearings_pass_and_the_page_today_shows_the_next_term(self):
        file = self.to_court()
        day = self.today
        at = fields.Datetime.to_datetime(self.day(day + 10)) + timedelta(hours=9)
        self.step(file, day + 1, "injunction")
        self.step(file, day + 1, "hearing", hearing_at=at)
        self.assertEqual(file.next_deadline, self.day(day + 10))
        worklist = self.env["dunning.worklist"].with_user(self.operator)

        def shown(number):
            with freeze_time(self.day(number)):
                lists = worklist.get_today()["lists"]
            return {one["key"]: one["count"] for one in lists}.get("legal_terms", 0)

        self.assertEqual(shown(day + 2), 0)
        self.assertEqual(shown(day + 3), 1)
        with freeze_time(self.day(day + 11)):
            self.env["dunning.legal.file"]._watch_deadlines(self.day(day + 11))
        self.assertEqual(file.next_deadline, self.open_day(day + 61), "the decree's")
        self.assertEqual(shown(day + 11), 0)

"""The interface for programs, as one calls it: JSON-2, references, keys, errors."""

import json
from datetime import datetime, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestApi(DunningCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = new_test_user(
            cls.env,
            "crm",
            groups="creditbox_dunning.group_dunning_operator",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        keys = cls.env["res.users.apikeys"].with_user(cls.program).sudo()
        tomorrow = datetime.now() + timedelta(days=1)  # noqa: DTZ005
        cls.api_key = keys._generate("rpc", "crm", tomorrow)
        cls.bill = cls.overdue("API1")
        cls.env["dunning.run"].sudo().run_for(cls.company, cls.day(7))
        cls.case = cls.case_of(cls.bill)

    def call(self, method, **arguments):
        """(HTTP status, answer) of a call."""
        with mute_logger("odoo.http", "odoo.sql_db"):
            answer = self.url_open(
                f"/json/2/dunning.api/{method}",
                data=json.dumps(arguments),
                headers={
                    "Authorization": f"Bearer {self.api_key}",
                    "Content-Type": "application/json",
                },
            )
        self.env.invalidate_all()
        return answer.status_code, answer.json()

    def refused(self, kind, method, **arguments):
        status, answer = self.call(method, **arguments)
        self.assertEqual(status // 100, 4, answer)
        self.assertTrue(answer["name"].endswith(kind), answer)
        self.assertTrue(answer["message"])
        return answer

    def test_where_a_case_stands(self):
        for asked in (
            {"case": self.case.name},
            {"customer": self.customer.billing_code},
            {"contract": self.contract.code},
            {"bill": "API1"},
        ):
            with self.subTest(**asked):
                status, (answer,) = self.call("find_cases", **asked)
                self.assertEqual(status, 200)
                self.assertEqual(answer["case"], self.case.name)
                self.assertEqual(answer["amount_due"], 100)
                self.assertEqual(answer["state"], self.case.state)
                self.assertEqual(answer["suspensions"], [])
                self.assertTrue(answer["why"])

    def test_suspended_once_and_resumed_once(self):
        asked = {
            "idempotency_key": "crm-1",
            "scope": "bill",
            "ref": "API1",
            "reason": "bill_disputed",
            "note": "wrong reading",
            "amount": 40,
        }
        status, first = self.call("suspend", **asked)
        self.assertEqual(status, 200, first)
        self.assertEqual(
            self.call("suspend", **asked), (200, first), "the answer again"
        )
        hold = self.env["dunning.hold"].search([("move_id", "=", self.bill.id)])
        self.assertEqual(hold.ids, [first["suspension"]], "one, not two")
        self.assertEqual(hold.placed_by, self.program)
        (case,) = self.call("find_cases", case=self.case.name)[1]
        self.assertEqual([h["suspension"] for h in case["suspensions"]], hold.ids)
        self.refused("KeyReused", "suspend", **{**asked, "amount": 50})
        end = {"idempotency_key": "crm-2", "suspension": hold.id, "why": "withdrawn"}
        status, answer = self.call("resume", **end)
        self.assertEqual(status, 200, answer)
        self.assertTrue(answer["ended_on"])
        self.assertEqual(self.call("resume", **end), (200, answer))
        self.assertEqual(hold.end_reason, "withdrawn")

    def test_a_promise_has_its_day_and_its_sum(self):
        today = self.env["dunning.case"]._today(self.company)
        day = str(today + timedelta(days=5))
        asked = {
            "idempotency_key": "crm-p",
            "scope": "case",
            "ref": self.case.name,
            "reason": "promise",
            "promise_date": day,
            "promise_amount": 60.5,
        }
        for wrong in (
            {"promise_date": "soon"},
            {"promise_amount": "60"},
            {"promise_amount": True},
            {"amount": 50},
            {"reason": "bill_disputed"},
        ):
            self.refused("BadArgument", "suspend", **{**asked, **wrong})
        status, answer = self.call("suspend", **asked)
        self.assertEqual(status, 200, answer)
        self.assertEqual(
            (answer["promise_date"], answer["promise_amount"]), (day, 60.5)
        )
        hold = self.env["dunning.hold"].browse(answer["suspension"])
        grace = self.company.dunning_promise_grace_days
        self.assertGreater(grace, 0)
        self.assertRecordValues(
            hold,
            [
                {
                    "promise_date": today + timedelta(days=5),
                    "amount": 60.5,
                    "date_to": today + timedelta(days=5 + grace),
                }
            ],
        )
        self.assertEqual(self.call("suspend", **asked), (200, answer))
        later = str(today + timedelta(days=6))
        self.refused("KeyReused", "suspend", **{**asked, "promise_date": later})
        # a sum is not needed: all that is owed
        self.call("resume", idempotency_key="r", suspension=hold.id, why="withdrawn")
        del asked["promise_amount"]
        status, answer = self.call("suspend", **{**asked, "idempotency_key": "crm-q"})
        self.assertEqual((status, answer.get("promise_amount")), (200, 100), answer)

    def test_a_call_that_fails_keeps_its_key_free(self):
        asked = {
            "idempotency_key": "crm-3",
            "scope": "case",
            "ref": self.case.name,
            "reason": "promise",
            "date_to": "2000-01-01",
        }
        self.call("suspend", **asked)
        self.assertFalse(self.env["dunning.api.call"].search([]))
        self.assertFalse(self.env["dunning.hold"].search([("case_id", "!=", False)]))

    def test_errors_have_names(self):
        suspend = {"idempotency_key": "k", "reason": "promise", "scope": "case"}
        self.refused("UnknownRecord", "suspend", **suspend, ref="nobody")
        self.refused("BadArgument", "find_cases")
        self.refused("BadArgument", "find_cases", case=self.case.name, limit=10**6)
        self.refused("BadArgument", "suspend", **{**suspend, "scope": "moon"}, ref="x")
        self.refused(
            "BadArgument", "suspend", **{**suspend, "idempotency_key": " "}, ref="x"
        )
        self.refused(
            "BadArgument", "suspend", **suspend, ref=self.case.name, date_to="soon"
        )
        self.refused(
            "BadArgument", "resume", idempotency_key="r", suspension="1", why="paid"
        )
        self.refused(
            "NotPossibleNow",
            "record_outcome",
            idempotency_key="o",
            case=self.case.name,
            result="delivered",
            date="2027-02-01",
            step=999,
        )
        self.refused("AccessError", "find_cases", case=self.case.name, company=10**6)

    def test_an_outcome_as_on_the_form(self):
        for day in (15, 30):
            self.env["dunning.run"].sudo().run_for(self.company, self.day(day))
        letter = self.case.action_ids.filtered(lambda a: a.op == "default")
        self.assertEqual(letter.state, "executing")
        api = self.env["dunning.api"].with_user(self.program)
        with freeze_time(self.day(45)):
            for key, result, day in (("o1", "sent", 31), ("o2", "delivered", 40)):
                answer = api.record_outcome(
                    key,
                    self.case.name,
                    result,
                    str(self.day(day)),
                    protocol="RA9",
                    step=letter.rule_id.seq,
                )
        self.assertEqual(answer["case"], self.case.name)
        self.assertRecordValues(
            letter, [{"state": "done", "effective_date": self.day(40)}]
        )
        with (
            freeze_time(self.day(45)),
            self.assertRaisesRegex(UserError, "no outcome|open steps"),
        ):
            api.record_outcome("o3", self.case.name, "collected", str(self.day(41)))

    def test_only_people_of_creditbox_and_history_stays(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        api = self.env["dunning.api"]
        with self.assertRaises(AccessError):
            api.with_user(stranger).find_cases(case=self.case.name)
        with self.assertRaises(AccessError):
            api.with_user(stranger).suspend("k", "case", self.case.name, "promise")
        call = self.env["dunning.api.call"].sudo()._guarded()
        call = call.create(
            {
                "company_id": self.company.id,
                "user_id": self.program.id,
                "idempotency_key": "k",
                "method": "suspend",
                "digest": "x",
            }
        )
        with self.assertRaises(UserError):
            call.unlink()
        with self.assertRaises(AccessError):
            call.with_user(self.dunning_admin).sudo(False).write({"method": "other"})

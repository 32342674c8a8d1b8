"""Many at once (gate 15), absence, time that passes."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .approval_common import ApprovalCommon


class ManyCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue("B1", cls.contract, amount=100.0)
        cls.run_on(7)
        cls.case = cls.case_of(cls.bill)

    def ask(self, amount=10, asker=None, subject="settlement", record=None, **more):
        asker = asker or self.operator
        record = record or self.case
        return self.Request.with_user(asker)._ask(
            record.with_user(asker), subject, amount, {"amount": amount}, **more
        )

    def _cases(self, count):
        """``count`` open cases that were made by hand."""
        cases = self.env["dunning.case"].sudo()._guarded()
        partners = self.env["res.partner"].create(
            [
                {"name": f"Many {number}", "company_id": self.company.id}
                for number in range(count)
            ]
        )
        return cases.create(
            [
                {
                    "name": f"M/{partner.id}",
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                }
                for partner in partners
            ]
        )

    def ask_many(self, count, amount=10, start=None):
        cases = self._cases(count)
        return self.Request.with_user(self.operator)._ask_many(
            "settlement",
            [
                {"record": case, "amount": amount, "facts": {"amount": amount}}
                for case in cases
            ],
        )


@tagged("post_install", "-at_install", "slow")
class TestApprovalMany(ManyCommon):
    def test_gate_15_five_hundred_in_one_go(self):
        requests = self.ask_many(500)
        self.assertEqual(len(requests), 500)
        asked = self.ask(10, self.manager, record=self._cases(1))
        high = self.ask(5000, record=self._cases(1))
        everything = (requests | asked | high).with_user(self.manager)
        told = everything.action_approve("visti")
        self.assertEqual(set(requests.mapped("state")), {"approved"})
        self.assertEqual((asked.state, high.state), ("pending", "pending"))
        self.assertEqual(
            set(told["params"]["left"]), {str(asked.id), str(high.id)}, "and why"
        )
        rows = requests.decision_ids.filtered(lambda row: row.kind == "approved")
        self.assertEqual(len(rows), 500, "one row each")
        self.assertEqual(rows.user_id, self.manager)
        self.assertEqual(set(rows.mapped("note")), {"visti"})

    def test_gate_15_statements_do_not_grow(self):
        counts = []
        for size in (10, 300):
            requests = self.ask_many(size).with_user(self.manager)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            requests.action_approve("ok")
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    def test_gate_15_asking_does_not_grow(self):
        counts = []
        for size in (10, 300):
            cases = self._cases(size)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            self.Request.with_user(self.operator)._ask_many(
                "settlement",
                [{"record": case, "amount": 1, "facts": {}} for case in cases],
            )
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    def test_wizard_shows_sums_and_takes_rows_out(self):
        requests = self.ask_many(30) | self.ask(5000, record=self._cases(1))
        opened = requests.with_user(self.manager).action_decide_many()
        wizard = self.env[opened["res_model"]].with_user(self.manager)
        wizard = wizard.browse(opened["res_id"])
        self.assertEqual((wizard.count_able, wizard.count_left), (30, 1))
        self.assertEqual(wizard.amount_able, 300)
        self.assertEqual(len(wizard.line_ids.filtered("is_sample")), 10)
        able = wizard.line_ids.filtered(lambda line: not line.why_not)
        out, kept = able[0], able[1]
        out.is_chosen = False
        kept.unlink()
        self.assertEqual(wizard.count_able, 28)
        with self.assertRaises(UserError):
            wizard.action_refuse()
        wizard.note = "visti a campione"
        wizard.action_approve()
        self.assertEqual((wizard.state, wizard.count_done), ("done", 28))
        states = requests.mapped("state")
        self.assertEqual(states.count("pending"), 3)

    def test_wizard_refuses_with_the_reason(self):
        requests = self.ask_many(5)
        opened = requests.with_user(self.manager).action_decide_many()
        wizard = self.env[opened["res_model"]].with_user(self.manager)
        wizard = wizard.browse(opened["res_id"])
        wizard.note = "prima si telefona"
        wizard.action_refuse()
        self.assertEqual(set(requests.mapped("state")), {"refused"})
        self.assertEqual(set(requests.mapped("end_note")), {"prima si telefona"})

    def test_wizard_shows_nothing_of_another_company(self):
        other = self._user_in("elsewhere", "manager", self.other_company)
        request = self.ask()
        with self.assertRaises(AccessError):
            request.with_user(other).action_decide_many()
        wizard = self.env["dunning.approval.wizard"].with_user(other).create({})
        with self.assertRaises(AccessError):
            self.env["dunning.approval.wizard.line"].with_user(other).create(
                {"wizard_id": wizard.id, "request_id": request.id}
            )

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_approval_deciding")
    def test_one_that_cannot_be_done_stops_no_other(self):
        requests = self.ask_many(20)
        poisoned = requests[7]
        model = type(self.env["dunning.case"])

        def on_approved(records, asked):
            if poisoned.res_id in records.ids:
                raise ValueError("poison")

        self.patch(model, "_on_approved", on_approved, create=True)
        told = requests.with_user(self.manager).action_approve()
        self.assertEqual(list(told["params"]["left"]), [str(poisoned.id)])
        self.assertEqual(poisoned.state, "pending")
        self.assertFalse(
            poisoned.decision_ids.filtered(lambda row: row.kind == "approved")
        )
        self.assertEqual(set((requests - poisoned).mapped("state")), {"approved"})

    def patch(self, obj, key, val, create=False):
        if create and not hasattr(obj, key):
            setattr(obj, key, val)
            self.addCleanup(delattr, obj, key)
            return
        super().patch(obj, key, val)


@tagged("post_install", "-at_install", "slow")
class TestSubstitution(ManyCommon):
    """D05: from, to, company; shown in the log; never chained, never for the asker."""

    def _stand_in(self, absent, substitute, by=None, first=0, last=5, **vals):
        today = self._today()
        return (
            self.env["dunning.substitution"]
            .with_user(by or absent)
            .create(
                {
                    "user_id": absent.id,
                    "substitute_id": substitute.id,
                    "company_id": self.company.id,
                    "date_from": today + timedelta(days=first),
                    "date_to": today + timedelta(days=last),
                    **vals,
                }
            )
        )

    def test_substitute_has_the_level_and_the_log_says_for_whom(self):
        request = self.ask(5000)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve()
        self._stand_in(self.director, self.manager)
        request.with_user(self.manager).action_approve()
        row = request.decision_ids[-1]
        self.assertEqual(
            (row.user_id, row.acting_for_id, row.level),
            (self.manager, self.director, 3),
        )

    def test_own_level_is_used_first(self):
        self._stand_in(self.director, self.manager)
        request = self.ask(10)
        request.with_user(self.manager).action_approve()
        self.assertFalse(request.decision_ids[-1].acting_for_id)

    def test_only_on_its_days(self):
        request = self.ask(5000)
        self._stand_in(self.director, self.manager, first=1, last=5)
        self._stand_in(self.director, self.manager, first=-5, last=-1)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve()

    def test_not_chained(self):
        """manager2 stands in for manager, who stands in for the director."""
        self._stand_in(self.director, self.manager)
        self._stand_in(self.manager, self.manager2)
        with self.assertRaises(AccessError):
            self.ask(5000).with_user(self.manager2).action_approve()

    def test_asker_gains_nothing(self):
        """Four eyes hold through a substitution, in both directions."""
        asked_by_substitute = self.ask(5000, self.manager)
        self._stand_in(self.director, self.manager)
        with self.assertRaises(AccessError):
            asked_by_substitute.with_user(self.manager).action_approve()
        asked_by_absent = self.ask(6000, self.director, record=self._cases(1))
        with self.assertRaises(AccessError):
            asked_by_absent.with_user(self.manager).action_approve()

    def test_only_in_its_company(self):
        company = self.env["res.company"].create({"name": "Terza"})
        director = self._user_in("dir2", "director", self.company, company)
        manager = self._user_in("man3", "manager", self.company, company)
        self._stand_in(director, manager, company_id=company.id)
        with self.assertRaises(AccessError):
            self.ask(5000).with_user(manager).action_approve()

    def test_who_may_name_a_substitute(self):
        with self.assertRaises(AccessError):
            self._stand_in(self.director, self.manager, by=self.manager)
        with self.assertRaises(AccessError):
            self._stand_in(self.director, self.manager2, by=self.manager)
        with self.assertRaises(AccessError):
            self._stand_in(self.director, self.dunning_admin, by=self.dunning_admin)
        given = self._stand_in(self.director, self.manager, by=self.dunning_admin)
        with self.assertRaises(ValidationError):
            self._stand_in(self.director, self.accountant)
        with self.assertRaises(AccessError):
            given.with_user(self.manager).write({"date_to": "2099-01-01"})
        with self.assertRaises(UserError):
            given.with_user(self.director).write({"substitute_id": self.operator.id})
        given.with_user(self.director).write({"date_to": self._today()})

    @mute_logger("odoo.sql_db")
    def test_nobody_stands_in_for_himself(self):
        with self.assertRaises(Exception):  # noqa: B017 the constraint, whatever class
            with self.cr.savepoint():
                self._stand_in(self.director, self.director)


@tagged("post_install", "-at_install", "slow")
class TestApprovalTime(ManyCommon):
    """D08: requests expire, climb and are brought to mind."""

    def test_expires_and_the_record_is_told(self):
        self.want_level(2)
        contract = self._create_contract("CT2", self._create_customer("C002"))
        _bill, action, request = self.waiting("B2", contract=contract)
        day = request.expires_on
        self.assertEqual(day, self._today() + timedelta(days=30))
        self.Request.sudo()._cron_daily(day)
        self.assertEqual(request.state, "pending", "the last day is inside")
        self.Request.sudo()._cron_daily(day + timedelta(days=1))
        self.assertEqual((request.state, action.state), ("expired", "superseded"))
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve()

    def test_escalates_to_the_next_level_that_has_somebody(self):
        request = self.ask(10)
        self.assertEqual((request.required_level, request.asked_level), (2, 2))
        since = self._today()
        self.Request.sudo()._cron_daily(since + timedelta(days=4))
        self.assertEqual(request.asked_level, 2)
        self.Request.sudo()._cron_daily(since + timedelta(days=5))
        self.assertEqual((request.required_level, request.asked_level), (2, 3))
        self.assertEqual(self.log_of(request)[-1][0], "escalated")
        self.assertIn(self.director.name, request.sentence)
        self.assertNotIn(self.manager.name, request.sentence.split(":")[1])
        self.assertIn(
            request, self.Request.search([("is_escalated", "=", True)]), "the filter"
        )
        request.with_user(self.manager).action_approve()
        self.assertEqual(request.state, "approved", "who could still can")

    def test_zero_days_is_never(self):
        self.company.write({"dunning_approval_days": 0, "dunning_escalation_days": 0})
        request = self.ask(10)
        self.Request.sudo()._cron_daily(self._today() + timedelta(days=999))
        self.assertEqual((request.state, request.asked_level), ("pending", 2))

    def test_daily_digest_for_each_approver(self):
        self.manager.email = "capo.credito@example.com"
        self.manager2.email = False
        requests = self.ask_many(3)
        mine = self.ask(10, self.manager, record=self._cases(1))
        today = self._today()
        self.Request.sudo()._cron_daily(today)
        self.Request.sudo()._cron_daily(today)
        activities = self.env["mail.activity"].search(
            [("res_model", "=", "dunning.approval.request")]
        )
        by_user = {user: found for user, found in activities.grouped("user_id").items()}
        # who built the world is a manager too
        self.assertEqual(set(by_user), {self.manager, self.manager2, self.env.user})
        self.assertEqual({len(found) for found in by_user.values()}, {1})
        self.assertIn("3", by_user[self.manager].summary)
        self.assertIn("4", by_user[self.manager2].summary)
        mails = self.env["mail.mail"].search(
            [("email_to", "ilike", "capo.credito@example.com")]
        )
        self.assertEqual(len(mails), 2)
        self.assertIn(requests[0].name, mails[0].body_html)
        self.assertNotIn(mine.name, mails[0].body_html)
        (requests[1:] | mine).with_user(self.director).action_approve()
        self.Request.sudo()._cron_daily(today)
        last = self.env["mail.activity"].search(
            [
                ("res_model", "=", "dunning.approval.request"),
                ("user_id", "=", self.manager.id),
            ]
        )
        self.assertEqual(last.summary, "One request waits for you")
        last = self.env["mail.mail"].search(
            [("email_to", "ilike", "capo.credito@example.com")], order="id", limit=3
        )[-1]
        self.assertIn("One request waits for you", last.subject)
        self.assertNotIn("1 requests", " ".join(last.body_html.split()))
        requests[:1].with_user(self.director).action_approve()
        self.Request.sudo()._cron_daily(today)
        self.assertFalse(activities.exists(), "nothing waits any more")

    def test_approved_in_the_night_by_the_queue(self):
        """Many letters are not made while the person waits."""
        self.want_level(2)
        for number in range(3):
            customer = self._create_customer(f"Q{number}")
            self.overdue(f"Q{number}", self._create_contract(f"CQ{number}", customer))
        self.run_on(7)
        actions = self.env["dunning.action"].search(
            [("company_id", "=", self.company.id), ("state", "=", "waiting_approval")]
        )
        self.assertGreaterEqual(len(actions), 3)
        self.patch(self.env.registry["dunning.action"], "_get_at_once", lambda self: 1)
        self.approve(actions, self.manager, 8)
        self.assertEqual(set(actions.mapped("state")), {"approved"})
        with self.enter_registry_test_mode(), freeze_time(self.day(8)):
            self.env["dunning.action"]._cron_execute_approved(self.day(8))
        self.assertEqual(set(actions.mapped("state")), {"done"})
        self.assertEqual(len(actions.communication_ids), len(actions))

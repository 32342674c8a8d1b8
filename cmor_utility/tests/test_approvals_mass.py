"""Approvals of the practice's life, and one step for many practices."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, freeze_time, tagged

from ..rules import approvals, messages
from .test_receipts import MoneyCommon

D = Decimal


@tagged("post_install", "-at_install")
class TestApprovalRules(BaseCase):
    rules = (
        approvals.Rule("confirm", D("1000"), D("5000"), frozenset({1, 2})),
        approvals.Rule("confirm", D("5000"), D(0), frozenset({1}), four_eyes=True),
    )

    def test_bands_are_inclusive(self):
        found = approvals.matching
        self.assertFalse(found(self.rules, "confirm", D("999.99")))
        self.assertEqual(len(found(self.rules, "confirm", D("1000"))), 1)
        self.assertEqual(len(found(self.rules, "confirm", D("5000"))), 2)
        self.assertEqual(len(found(self.rules, "confirm", D("5000.01"))), 1)
        self.assertFalse(found(self.rules, "annul", D("9999")))

    def test_who(self):
        clear, may = approvals.clear, approvals.may_decide
        self.assertEqual(clear(self.rules, "confirm", D("10"), 9), approvals.GO)
        self.assertEqual(clear(self.rules, "confirm", D("2000"), 2), approvals.GO)
        self.assertEqual(clear(self.rules, "confirm", D("2000"), 9), approvals.ASK)
        self.assertEqual(clear(self.rules, "confirm", D("6000"), 1), approvals.ASK)
        self.assertTrue(may(self.rules, "confirm", D("6000"), 1, 9))
        self.assertFalse(may(self.rules, "confirm", D("6000"), 1, 1))
        self.assertFalse(may(self.rules, "confirm", D("6000"), 2, 9))


class ApprovalCommon(MoneyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env["cmor.approval.rule"].create(
            {
                "company_id": cls.company.id,
                "action": "confirm",
                "amount_from": 100,
                "user_ids": [Command.set((cls.manager | cls.operator).ids)],
                "four_eyes": True,
            }
        )

    @classmethod
    def _create_candidate(cls, code):
        contract = cls._create_switch_out(code)
        practice = cls._find().filtered(lambda p: p.contract_id == contract)
        cls._declare(practice)
        return practice.with_user(cls.operator)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestApprovals(ApprovalCommon):
    def setUp(self):
        super().setUp()
        self.practice = self._create_candidate("A1")

    def test_asked_approved_and_done_at_once(self):
        answer = self.practice.action_confirm()
        self.assertEqual(answer["tag"], "display_notification")
        self.assertEqual(self.practice.state, "candidate")
        approval = self.practice.approval_ids
        self.assertEqual((approval.state, approval.amount), ("asked", 296.77))
        self.practice.action_confirm()
        self.assertEqual(len(self.practice.approval_ids), 1, "asked twice")
        approval.with_user(self.manager).action_approve()
        self.assertEqual(self.practice.state, "ready")
        self.assertEqual(approval.state, "used")
        self.assertEqual(approval.decided_by_id, self.manager)
        texts = self.practice.event_ids.filtered(lambda e: e.kind == "approval")
        self.assertEqual(len(texts), 3, "asked, approved, used")

    def test_four_eyes_and_who_may(self):
        """A step that another has to authorise (A13)."""
        self.practice.action_confirm()
        approval = self.practice.approval_ids
        for user in (self.operator, self.bystander):
            with self.assertRaises(AccessError):
                approval.with_user(user).action_approve()
        self.assertFalse(approval.with_user(self.operator).can_decide)
        self.assertTrue(approval.with_user(self.manager).can_decide)

    def test_bound_to_its_amount(self):
        self.practice.action_confirm()
        first = self.practice.approval_ids
        line = self.practice.line_ids.filtered("relevant_amount")[0]
        line.write({"is_excluded": True, "exclude_reason": "contestata"})
        self._declare(self.practice)
        first.with_user(self.manager).action_approve()
        self.assertEqual(self.practice.state, "candidate")
        self.assertEqual(first.state, "lapsed")
        second = self.practice.approval_ids - first
        self.assertEqual(second.state, "asked")
        self.assertNotEqual(second.amount, first.amount)

    def test_bound_to_what_was_asked(self):
        """The same amount to be returned in another way is another question."""
        self.rule.action = "return_excess"
        paid = self._create_waiting("A5").with_user(self.operator)
        self._pay(paid.line_ids.move_id[0], 100)
        self._apply(self._record(paid))
        bank = self.company_data["default_journal_bank"]
        day = date(2026, 4, 15)
        paid._return_money("transfer", D("100"), day, "", bank)
        first = paid.approval_ids
        paid._return_money("offset", D("100"), day)
        self.assertEqual(first.state, "lapsed")
        second = paid.approval_ids - first
        self.assertEqual((second.state, second.payload["mode"]), ("asked", "offset"))
        paid._return_money("offset", D("100"), day)
        self.assertEqual(len(paid.approval_ids), 2, "asked twice")
        # approved, but it could not be done: good for this, and for nothing else
        second.sudo()._decide("approved")
        paid._return_money("transfer", D("100"), day, "", bank)
        self.assertEqual(second.state, "lapsed")
        self.assertFalse(paid.return_ids)

    def test_a_refused_claim_is_given_up_with_the_same_approval(self):
        self.rule.action = "give_up"
        refused = self._create_waiting("A6", state="rejected").with_user(self.operator)
        refused.action_give_up_refused()
        self.assertEqual(refused.state, "rejected")
        refused.approval_ids.with_user(self.manager).action_approve()
        self.assertEqual(refused.state, "closed_lost")

    def test_given_up_by_the_dialog_only_with_a_reason(self):
        wizard = (
            self.env["cmor.declare.wizard"]
            .with_user(self.operator)
            .create(
                {"mode": "give_up", "practice_ids": self.practice.ids, "proof": " "}
            )
        )
        with self.assertRaisesRegex(UserError, "Write why"):
            wizard.action_apply()

    def test_refused_with_a_reason(self):
        self.practice.action_confirm()
        approval = self.practice.approval_ids.with_user(self.manager)
        self.assertEqual(approval.action_refuse()["res_model"], "cmor.approval.wizard")
        approval.action_refuse("manca la prova")
        self.assertEqual((approval.state, approval.note), ("refused", "manca la prova"))
        self.assertEqual(self.practice.state, "candidate")
        with self.assertRaises(UserError):
            approval.action_approve()

    def test_nobody_writes_it(self):
        self.practice.action_confirm()
        approval = self.practice.approval_ids
        with self.assertRaises(AccessError):
            approval.with_user(self.manager).write({"state": "approved"})
        with self.assertRaises(UserError):
            approval.sudo().unlink()
        with self.assertRaises(AccessError):
            self.rule.with_user(self.operator).write({"amount_from": 9999})

    def test_below_the_band_nobody_is_asked(self):
        self.rule.amount_from = 296.78
        self.practice.action_confirm()
        self.assertEqual(self.practice.state, "ready")

    def test_a_file_leaves_whole_or_not(self):
        self.rule.action = "mark_sent"
        self.rule.amount_from = 296.77
        other = self._create_candidate("A2")
        both = self.practice | other
        both.action_confirm()
        both.action_export()
        file = both.record_ids.file_id
        file.with_user(self.operator).action_mark_sent()
        self.assertEqual(file.state, "generated")
        first, second = both.approval_ids.with_user(self.manager)
        first.action_approve()
        self.assertEqual((file.state, first.state), ("generated", "approved"))
        second.action_approve()
        self.assertEqual(file.state, "sent")
        self.assertEqual(set(both.approval_ids.mapped("state")), {"used"})

    def test_give_up_annul_and_return(self):
        self.rule.action = "give_up"
        self.practice.action_give_up("troppo vecchia")
        self.assertEqual(self.practice.state, "candidate")
        self.practice.approval_ids.with_user(self.manager).action_approve()
        self.assertEqual(self.practice.state, "closed_lost")

        self.rule.action = "annul"
        running = self._create_waiting("A3").with_user(self.operator)
        n7 = self.env.ref("cmor_utility.cancel_reason_n7")
        running._ask_cancel(
            n7, date(2026, 4, 1), "x", {running: D("1.5")}, {running: D("200")}
        )
        self.assertFalse(running.request_ids)
        running.approval_ids.with_user(self.manager).action_approve()
        self.assertEqual(running.request_ids.amount, 1.5)
        self.assertEqual(running.state, "cancel_requested")

        self.rule.action = "return_excess"
        paid = self._create_waiting("A4").with_user(self.operator)
        self._pay(paid.line_ids.move_id[0], 100)
        self._apply(self._record(paid))
        bank = self.company_data["default_journal_bank"]
        made = paid._return_money("transfer", D("100"), date(2026, 4, 15), "", bank)
        self.assertFalse(made)
        paid.approval_ids.with_user(self.manager).action_approve()
        self.assertEqual(paid.state, "closed")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestMass(ApprovalCommon):
    def _job(self, practices, action, payload=None, user=None):
        jobs = self.env["cmor.mass.job"].with_user(user or self.operator)
        job = jobs._start(practices.with_user(user or self.operator), action, payload)
        job.sudo()._work()
        return job

    def test_poisoned_one_is_listed_and_the_others_go(self):
        self.rule.active = False
        good = self._create_candidate("M1") | self._create_candidate("M2")
        bad = self._create_waiting("M3")
        job = self._job(good | bad, "confirm")
        self.assertEqual(set(good.mapped("state")), {"ready"})
        self.assertEqual(job.state, "done")
        self.assertEqual((job.count_done, job.count_failed), (2, 1))
        self.assertEqual(job.problem_ids.practice_id, bad)
        self.assertIn("not a candidate", job.problem_ids.message)
        self.assertEqual(job.progress, 100)

    def test_an_error_of_the_program_is_isolated_too(self):
        self.rule.active = False
        practices = self._create_candidate("M4") | self._create_candidate("M5")
        poisoned = practices[1]
        model = type(self.env["cmor.practice"])
        whole = model._claimed

        def claimed(practice):
            if practice == poisoned:
                raise ZeroDivisionError("boom")
            return whole(practice)

        with (
            patch.object(model, "_claimed", claimed),
            self.assertLogs("odoo.addons.cmor_utility.models.cmor_mass_job", "ERROR"),
        ):
            job = self._job(practices, "confirm")
        self.assertEqual(practices[0].state, "ready")
        self.assertEqual(job.problem_ids.practice_id, poisoned)

    def test_approval_asked_then_approved_in_mass(self):
        practices = self._create_candidate("M6") | self._create_candidate("M7")
        job = self._job(practices, "confirm")
        self.assertEqual(job.count_asked, 2)
        job = self._job(practices, "approve", user=self.manager)
        self.assertEqual(job.count_done, 2)
        self.assertEqual(set(practices.mapped("state")), {"ready"})

    def test_annul_and_give_up(self):
        running = self._create_waiting("M8") | self._create_waiting("M9")
        wizard = (
            self.env["cmor.mass.wizard"]
            .with_user(self.operator)
            .create(
                {
                    "practice_ids": running.ids,
                    "action": "annul",
                    "reason_id": self.env.ref("cmor_utility.cancel_reason_n1").id,
                }
            )
        )
        job = self.env["cmor.mass.job"].browse(wizard.action_start()["res_id"])
        job.sudo()._work()
        self.assertEqual(set(running.mapped("state")), {"cancel_requested"})
        with self.assertRaises(UserError):
            wizard.create(
                {"practice_ids": running.ids, "action": "give_up"}
            ).action_start()

    def test_annul_for_a_wrong_amount_tells_the_right_one(self):
        self.rule.active = False
        practice, other = self._create_waiting("MC"), self._create_waiting("MD")
        practice.sudo()._guarded().write(
            {"late_state": "open", "late_kind": "part", "late_amount": 50}
            | {"late_new_amount": 250}
        )
        reason = self.env.ref("cmor_utility.cancel_reason_n7")
        payload = messages.encode_params(
            {"reason_id": reason.id, "event_date": date(2026, 4, 10), "note": ""}
        )
        job = self._job(practice | other, "annul", payload)
        values = messages.typed_params(practice.request_ids.values)
        self.assertEqual(values["cmor_amount"], D("250"))
        self.assertEqual(job.problem_ids.practice_id, other)
        self.assertFalse(other.request_ids)

    def test_only_operators_start(self):
        with self.assertRaises(AccessError):
            self._job(self._create_candidate("MA"), "confirm", user=self.bystander)

    def test_stopped_leaves_the_rest(self):
        practice = self._create_candidate("MB")
        job = (
            self.env["cmor.mass.job"]
            .with_user(self.operator)
            ._start(practice, "recompute")
        )
        job.action_stop()
        job.sudo()._work()
        self.assertEqual((job.state, job.line_ids.state), ("stopped", "todo"))

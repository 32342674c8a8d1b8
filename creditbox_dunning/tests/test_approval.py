"""Who may decide, on what facts, and a log that nobody can change (gate 14)."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .approval_common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.want_level(2)

    def test_nothing_leaves_before_the_approval(self):
        """D01: the run asks, it writes no message, no letter, no e-mail."""
        _bill, action, request = self.waiting()
        self.assertEqual(request.required_level, 2)
        self.assertEqual(request.requested_by, self.env.ref("base.user_root"))
        self.assertFalse(action.communication_ids)
        self.run_on(8)
        self.run_on(9)
        self.assertFalse(action.communication_ids)
        self.assertEqual(self.request_of(action), request, "asked once")
        with self.assertRaises(AccessError):
            action.sudo()._write_messages(self.day(9))
        with self.assertRaises(AccessError):
            action.sudo()._communications("pp", {action: "Via Roma 1"})

    def test_approved_is_carried_out_the_same_day(self):
        _bill, action, request = self.waiting()
        with freeze_time(self.day(8)):
            self.assertIs(request.with_user(self.manager).action_approve("ok"), True)
        self.assertEqual(action.state, "done")
        self.assertEqual(action.executed_date, self.day(8))
        self.assertEqual(action.decided_by, self.manager)
        self.assertEqual(action.communication_ids.channel, "email")
        self.assertTrue(action.communication_ids.body)
        self.assertEqual(
            self.log_of(request),
            [("asked", False, "pending"), ("approved", "pending", "approved")],
        )
        row = request.decision_ids[-1]
        self.assertEqual((row.user_id, row.level), (self.manager, 2))
        self.assertEqual(row.facts_hash, request.facts_hash)
        with self.assertRaises(AccessError):
            request.with_user(self.director).action_refuse("too late")

    def test_level_is_not_enough(self):
        _bill, action, request = self.waiting()
        for user in (self.operator, self.dunning_admin):
            with self.assertRaises(AccessError, msg=user.login):
                request.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            request.with_user(self.accountant).action_approve()
        self.assertEqual(action.state, "waiting_approval")
        self.assertFalse(request.with_user(self.operator).can_decide)
        self.assertIn("2", request.with_user(self.operator).cannot_reason)
        self.assertTrue(request.with_user(self.manager).can_decide)

    def test_program_itself_never_approves(self):
        _bill, _action, request = self.waiting()
        root = self.env.ref("base.user_root")
        for asked in (request.sudo().with_user(root), request.with_user(root).sudo()):
            with self.assertRaises(AccessError):
                asked.action_approve()

    def test_sudo_is_no_level(self):
        """Superuser mode of a low user does not raise his level."""
        _bill, _action, request = self.waiting()
        with self.assertRaises(AccessError):
            request.with_user(self.operator).sudo().action_approve()

    def test_refused_with_reason_waits_for_a_person(self):
        _bill, action, request = self.waiting()
        with self.assertRaises(UserError):
            request.with_user(self.manager).action_refuse("  ")
        request.with_user(self.manager).action_refuse("cliente in contatto")
        self.assertEqual(request.state, "refused")
        self.assertEqual(action.state, "waiting_approval")
        self.assertIn("cliente in contatto", action.reason)
        self.run_on(20)
        self.assertEqual(action.state, "waiting_approval")
        self.assertFalse(action.communication_ids)

    def test_who_asks_again_counts_as_asker(self):
        _bill, action, request = self.waiting()
        request.with_user(self.manager2).action_refuse("no")
        request.with_user(self.manager).action_ask_again("serve")
        again = self.request_of(action)
        self.assertNotEqual(again, request)
        self.assertEqual(again.asker_ids, self.manager)
        with self.assertRaises(AccessError):
            again.with_user(self.manager).action_approve()
        with freeze_time(self.day(9)):
            again.with_user(self.manager2).action_approve()
        self.assertEqual(action.state, "done")

    def test_recording_an_outcome_is_no_way_round(self):
        _bill, action, _request = self.waiting()
        with self.assertRaises(UserError):
            action.with_user(self.manager).action_record_outcome()
        wizard = (
            self.env["dunning.outcome.wizard"]
            .with_user(self.manager)
            .create({"action_ids": action.ids, "result": "sent"})
        )
        with self.assertRaises(UserError):
            wizard.action_confirm()

    def test_paid_meanwhile_is_cancelled(self):
        """Gate 8 for what waits: the request ends with the reason."""
        bill, action, request = self.waiting()
        self.pay(bill)
        self.run_on(8)
        self.assertEqual(action.state, "superseded")
        self.assertEqual(request.state, "cancelled")
        self.assertTrue(request.end_note)

    def test_paid_between_run_and_approval(self):
        bill, action, request = self.waiting()
        self.pay(bill)
        request.with_user(self.manager).action_approve()
        self.assertNotEqual(request.state, "approved")
        self.assertEqual(action.state, "superseded")
        self.assertFalse(action.communication_ids)

    def test_hold_meanwhile_is_cancelled(self):
        _bill, action, request = self.waiting()
        reason = self.env["dunning.hold.reason"].search([], limit=1)
        self.assertTrue(reason)
        from ..rules.facts import Hold

        hold = {action.case_id.id: (Hold(reason.code, None, self.day(8)),)}
        cls = type(self.env["dunning.hold"])
        self.patch(cls, "_for_cases", lambda self, cases, today: hold)
        self.run_on(8)
        self.assertEqual((action.state, request.state), ("superseded", "cancelled"))

    def test_who_must_act_now(self):
        """D10: names, level and since when."""
        _bill, _action, request = self.waiting()
        sentence = request.sentence
        for word in ("2", self.manager.name, self.manager2.name, self.director.name):
            self.assertIn(word, sentence)
        self.assertNotIn(self.operator.name, sentence)
        other = self._user_in("elsewhere", "manager", self.other_company)
        self.assertNotIn(other.name, request.sentence)

    def test_facts_in_words(self):
        """The form says what the decision is bound to, in people's words."""
        bill, _action, request = self.waiting()
        shown = str(request.facts_html)
        for word in (bill.billing_ref, "100", "c001@example.com", self.customer.name):
            self.assertIn(word, shown)
        self.assertNotIn(request.facts["document"], shown)
        self.customer.name = "<b>Rossi</b>"
        other = self.waiting("B2", contract=self._create_contract("CT9", self.customer))
        self.assertNotIn("<b>Rossi</b>", str(other[2].facts_html))

    def test_counts_on_the_case(self):
        _bill, action, _request = self.waiting()
        self.assertEqual(action.case_id.approval_request_count, 1)
        self.assertEqual(action.approval_state, "pending")


@tagged("post_install", "-at_install")
class TestApprovalGate14(ApprovalCommon):
    """Gate 14: limit, asker, changed amount, log."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case_bill = cls.overdue("B1", cls.contract, amount=1000.0)
        cls.run_on(7)
        cls.case = cls.case_of(cls.case_bill)

    def _settlement(self, amount, asker=None, discount=0):
        asker = asker or self.operator
        return self.Request.with_user(asker)._ask(
            self.case.with_user(asker),
            "settlement",
            amount,
            {"amount": amount},
            discount=discount,
        )

    def test_gate_14_limit_of_one_thousand(self):
        """D03: with a limit of 1,000 no 1,000.01."""
        inside = self._settlement(1000.00)
        self.assertEqual(inside.required_level, 2)
        inside.with_user(self.manager).action_approve()
        self.assertEqual(inside.state, "approved")
        beyond = self._settlement(1000.01)
        self.assertEqual(beyond.required_level, 3)
        with self.assertRaises(AccessError):
            beyond.with_user(self.manager).action_approve()
        self.assertEqual(beyond.state, "pending")
        beyond.with_user(self.director).action_approve()
        self.assertEqual(beyond.state, "approved")

    def test_gate_14_discount_has_its_bands(self):
        for discount, level in ((0, 1), (0.01, 2), (20, 2), (20.01, 3), (40.01, 4)):
            found = self.Rule._level_for(
                self.company, "settlement", amount=0, discount=discount
            )
            self.assertEqual(found, level, discount)

    def test_gate_14_asker_is_refused(self):
        """D04: whoever asked never approves, whatever the level."""
        for asker in (self.manager, self.director, self.dunning_admin):
            request = self._settlement(10, asker)
            with self.assertRaises(AccessError):
                request.with_user(asker).action_approve()
            request._end("cancelled", "next")
        admin = self.env.ref("base.user_admin")
        admin.company_ids |= self.company
        request = self._settlement(10, admin)
        with self.assertRaises(AccessError):
            request.with_user(admin).action_approve()

    def test_gate_14_asking_twice_makes_two_askers(self):
        request = self._settlement(10)
        self.assertEqual(self._settlement(10, self.manager), request)
        self.assertEqual(request.asker_ids, self.operator | self.manager)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve()

    def test_gate_14_changed_amount_lapses(self):
        """D09: approved or not, what changed has to be asked anew."""
        self.want_level(2)
        bill, action, request = self.waiting("B2", contract=self._second())
        self.pay(bill, 40.0)
        told = request.with_user(self.manager).action_approve()
        self.assertEqual(request.state, "lapsed")
        self.assertIn(str(request.id), told["params"]["left"])
        self.assertEqual(action.state, "superseded")
        self.assertFalse(action.communication_ids)
        self.run_on(8)
        again = self.request_of(action)
        self.assertNotEqual(again, request)
        self.assertEqual((again.state, again.amount), ("pending", 60.0))

    def test_gate_14_changed_after_the_approval_lapses(self):
        """Approved, but the law lets it go later: meanwhile the amount changes."""
        self.want_level(2)
        bill, action, request = self.waiting("B2", contract=self._second())
        later = self.day(12)
        self._postpone_until(later)
        request.with_user(self.manager).action_approve()
        self.assertEqual((request.state, action.state), ("approved", "approved"))
        self.pay(bill, 40.0)
        self.run_on(13)
        self.assertEqual(request.state, "lapsed")
        self.assertEqual(
            self.log_of(request)[-1], ("lapsed", "approved", "lapsed"), "both kept"
        )
        self.assertFalse(action.communication_ids)

    def _change_text(self, action):
        """Another version of the text of ``action`` is put into use."""
        text = action._get_template()
        told = text.with_user(self.dunning_admin).action_new_version()
        text.browse(told["res_id"]).with_user(self.dunning_admin).subject = "Altro"
        text.browse(told["res_id"]).with_user(self.dunning_admin).action_publish()

    def test_addressee_and_document_are_facts_too(self):
        self.want_level(2)
        for change in (
            lambda action: action.partner_id.write({"email": "altro@example.com"}),
            self._change_text,
        ):
            contract = self._second()
            _bill, action, request = self.waiting(contract.code, contract=contract)
            change(action)
            request.with_user(self.manager).action_approve()
            self.assertEqual(request.state, "lapsed")
            self.assertEqual(self.log_of(request)[-1], ("lapsed", "pending", "lapsed"))

    def test_approved_later_leaves_on_the_day_of_the_law(self):
        self.want_level(2)
        _bill, action, request = self.waiting("B2", contract=self._second())
        self._postpone_until(self.day(12))
        with freeze_time(self.day(8)):
            request.with_user(self.manager).action_approve()
        self.run_on(11)
        self.assertEqual(action.state, "approved")
        self.run_on(12)
        self.assertEqual((action.state, action.executed_date), ("done", self.day(12)))

    def test_law_forbids_now(self):
        self.want_level(2)
        _bill, action, request = self.waiting("B2", contract=self._second())
        self._guard(lambda today: {"blocked": True})
        request.with_user(self.manager).action_approve()
        self.assertEqual((request.state, action.state), ("lapsed", "superseded"))
        self.assertFalse(action.communication_ids)

    def _second(self):
        number = self.env["utility.contract"].search_count([])
        customer = self._create_customer(f"CX{number}", email=f"x{number}@example.com")
        return self._create_contract(f"CTX{number}", customer)

    def _postpone_until(self, day):
        self._guard(lambda today: {"earliest": day})

    def _guard(self, verdict):
        from ..rules.facts import Verdict

        cls = type(self.env["dunning.guard"])
        self.patch(
            cls,
            "_guard_for",
            lambda self, company, today: (
                lambda rule, facts, day: Verdict(**verdict(day))
            ),
        )

    def test_gate_14_log_cannot_be_touched(self):
        """D07: neither written nor deleted nor made up, by anybody."""
        request = self._settlement(10)
        request.with_user(self.manager).action_approve()
        row = request.decision_ids[-1]
        admin = self.env.ref("base.user_admin")
        admin.group_ids |= self.env.ref("creditbox_dunning.group_dunning_admin")
        admin.company_ids |= self.company
        for who in (row.with_user(admin), row.sudo(), row.sudo()._guarded()):
            with self.assertRaises(AccessError):
                who.write({"note": "x"})
            with self.assertRaises(AccessError):
                who.unlink()
        with self.assertRaises(AccessError):
            row.sudo().create(
                {
                    "request_id": request.id,
                    "company_id": self.company.id,
                    "kind": "approved",
                    "user_id": admin.id,
                    "to_state": "approved",
                }
            )
        with self.assertRaises(UserError):
            request.sudo().unlink()
        for vals in ({"state": "pending"}, {"required_level": 1}, {"facts": {}}):
            with self.assertRaises(AccessError):
                request.with_user(admin).write(vals)
            with self.assertRaises(AccessError):
                request.sudo().with_context(utility_guard=True).write(vals)

    @mute_logger("odoo.sql_db")
    def test_only_listed_models(self):
        with self.assertRaises(UserError):
            self.Request._ask(self.customer, "waiver", 1, {})

    def test_rule_change_never_lowers_what_waits(self):
        request = self._settlement(2000)
        self.assertEqual(request.required_level, 3)
        rules = self.Rule.search(
            [("company_id", "=", self.company.id), ("subject", "=", "settlement")]
        )
        rules.with_user(self.dunning_admin).write({"level": "1"})
        self.assertEqual(request.required_level, 3)
        rules[0].with_user(self.dunning_admin).write({"level": "4"})
        self.assertEqual(request.required_level, 4)
        self.assertEqual(self.log_of(request)[-1][0], "raised")

    def test_rule_changes_are_logged_with_old_and_new_value(self):
        """Gate 50, second half: of the matrix."""
        rule = self.Rule.search([("company_id", "=", self.company.id)], limit=1)
        # tests switch it off
        tracked = {"tracking_disable": False, "mail_notrack": False}
        rule = rule.with_user(self.dunning_admin).with_context(**tracked)
        old = dict(rule._fields["level"].selection)[rule.level]
        rule.write({"level": "4"})
        self.env.flush_all()
        self.cr.precommit.run()
        values = rule.sudo().message_ids.tracking_value_ids
        self.assertIn(
            (old, "4 - Group"),
            [(value.old_value_char, value.new_value_char) for value in values],
        )
        with self.assertRaises(AccessError):
            rule.with_user(self.manager).write({"level": "0"})
        with self.assertRaises(AccessError):
            rule.unlink()
        with self.assertRaises(UserError):
            rule.sudo().unlink()

    def test_what_no_row_mentions_needs_a_director(self):
        self.Rule.search([("company_id", "=", self.company.id)]).active = False
        self.assertEqual(self.Rule._level_for(self.company, "action", 2), 3)

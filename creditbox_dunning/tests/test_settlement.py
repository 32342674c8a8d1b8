"""Gate 18: a settlement needs its level; the loss comes only after the agreed sum."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .settlement_common import SettlementCommon
from .test_agency import AgencyCommon


@tagged("post_install", "-at_install")
class TestSettlementApproval(SettlementCommon):
    def test_gate_18_level_by_amount_and_discount(self):
        """G07: 20 % is the manager's, 30 % the director's, 45 % the group's; interest
        alone an operator's."""
        for agreed, level in ((100, 1), (80, 2), (70, 3), (55, 4)):
            one = self.asked(agreed=agreed)
            self.assertEqual(one.request_id.required_level, level, agreed)
            one.with_user(self.operator).action_cancel()

    def test_gate_18_four_eyes_and_level(self):
        one = self.asked(agreed=70)
        for user in (self.operator, self.manager):
            with self.assertRaises(AccessError):
                one.request_id.with_user(user).action_approve()
        self.assertEqual(one.state, "waiting")
        with self.at(40):
            one.request_id.with_user(self.director).action_approve()
        self.assertEqual(one.state, "offered")
        # who asks never approves, whatever the level
        one.with_user(self.manager).action_cancel()
        other = self.draft(agreed=90)
        other.with_user(self.director).action_request()
        with self.assertRaises(AccessError):
            other.request_id.with_user(self.director).action_approve()

    def test_waived_interest_needs_its_own_level(self):
        one = self.draft(agreed=100)
        one.with_user(self.operator).write({"costs": 60})
        with self.at(40):
            one.with_user(self.operator).action_request()
        self.assertEqual((one.waived - one.interest, one.discount), (60, 0))
        self.assertEqual(one.request_id.required_level, 2)

    def test_gate_18_amount_changed_before_the_answer_lapses(self):
        one = self.asked()
        self.pay_on(41, 10)
        with self.at(42):
            one.request_id.with_user(self.manager).action_approve()
        self.assertEqual(one.request_id.state, "lapsed")
        self.assertEqual((one.state, one.capital), ("draft", 90))
        self.assertIn("lapsed", self.kinds(one))
        self.assertFalse(one.hold_id)

    def test_refused_by_the_level(self):
        one = self.asked()
        with self.at(41):
            one.request_id.with_user(self.manager).action_refuse("no")
        self.assertEqual(one.state, "refused")
        self.assertFalse(one.move_id)

    def test_what_is_asked_is_complete(self):
        one = self.draft()
        mine = one.with_user(self.operator)
        for vals, back in (
            ({"reason": False}, {"reason": "other"}),
            ({"agreed": 0}, {"agreed": 80}),
            ({"agreed": 101}, {"agreed": 80}),
        ):
            mine.write(vals)
            with self.assertRaises(UserError):
                mine.action_request()
            mine.write(back)
        with self.assertRaises(UserError):  # other without a note
            mine.action_request()

    def test_everything_is_guarded_in_code(self):
        one = self.offered()
        mine = one.with_user(self.dunning_admin)
        for vals in ({"state": "paid"}, {"in_time": 80}, {"move_id": 1}):
            with self.assertRaises(AccessError):
                mine.write(vals)
        with self.assertRaises(UserError):
            mine.write({"agreed": 1})
        with self.assertRaises(UserError):
            mine.sudo().unlink()
        with self.assertRaises(AccessError):
            self.Settlement.create({"case_id": self.case.id})
        with self.assertRaises(AccessError):
            one.event_ids[:1].write({"note": "x"})
        with self.assertRaises(UserError):
            one.event_ids[:1].sudo().unlink()
        with self.assertRaises(AccessError):
            self.env["dunning.settlement.event"].create(
                {"settlement_id": one.id, "kind": "paid"}
            )
        # what was offered is taken back by a credit manager only
        with self.assertRaises(AccessError):
            one.with_user(self.operator).action_cancel()

    def test_one_at_a_time(self):
        one = self.asked()
        self.case.with_user(self.operator).action_propose_settlement()
        self.assertEqual(self.case.settlement_ids, one)


@tagged("post_install", "-at_install")
class TestSettlementOffer(SettlementCommon):
    def test_offer_is_sent_and_the_case_stands_still(self):
        one = self.offered()
        self.assertEqual(one.valid_until, self.day(70))
        self.assertEqual(one.hold_id.reason_id.code, "settlement_offer")
        self.assertEqual(one.hold_id.date_to, self.day(75))
        message = one.communication_ids
        self.assertEqual((message.channel, message.state), ("email", "to_send"))
        self.assertIn("80,00", message.body)
        self.assertIn("31/03/2027", message.body)
        self.assertIn(one.name, message.body)
        self.assertEqual(one.action_id.state, "executing")
        self.assertEqual(one.action_id.op, "writeoff")
        self.walk(45, 50, 60)
        self.assertEqual(self.case.state, "on_hold")
        self.assertEqual(one.action_id.state, "executing")
        self.assertFalse(self.case.action_ids.filtered(lambda a: a.op == "default"))

    def test_letters_are_files_and_no_notice(self):
        one = self.offered(channel="ar")
        letter = one.communication_ids
        self.assertTrue(letter.attachment_id)
        with self.at(41):
            letter._record_leaving(self.day(41))
            letter._record_arrival("delivered", self.day(44))
        # the receipt of the letter is no outcome of the settlement
        self.assertEqual(one.action_id.state, "executing")
        self.assertFalse(one.action_id.outcome)
        self.assertFalse(one.action_id.notice_id)

    def test_an_offer_that_does_not_arrive_is_told(self):
        one = self.offered()
        with self.at(41):
            one.communication_ids._move("failed", "no such mailbox")
            one.communication_ids._tell_failure("no such mailbox")
        self.assertEqual((one.state, one.attention), ("offered", "not_delivered"))
        self.assertEqual(one.action_id.state, "executing")

    def test_refused_by_the_customer(self):
        one = self.offered()
        with self.at(45):
            one.with_user(self.operator).action_customer_refused("no money")
        self.assertEqual(one.state, "refused")
        self.assertEqual(one.action_id.outcome, "refused")
        self.assertTrue(one.hold_id.ended_on)
        self.assertEqual(self.bill.amount_residual, 100)

    def test_outcome_recorded_on_the_step_is_the_settlement_s(self):
        one = self.offered()
        with self.at(45):
            one.action_id._record_outcome("refused", self.day(45))
        self.assertEqual(one.state, "refused")
        self.assertTrue(one.hold_id.ended_on)

    def test_the_table_s_step_makes_a_draft(self):
        with self.at(40):
            rule = self.Settlement._propose(self.case)._find_rule(self.day(40))
            self.case.settlement_ids.with_user(self.operator).action_cancel()
            one = self.Settlement.search([("case_id", "=", self.case.id)])
            action = one._make_action(rule, self.day(40))
            action._set_state("executing")
        draft = action.settlement_ids
        self.assertEqual((draft.state, draft.agreed), ("draft", 100))
        # and the offer takes that step, no second one
        with self.at(40):
            mine = draft.with_user(self.operator)
            mine.write({"agreed": 80, "reason": "agency", "channel": "pp"})
            mine.action_request()
            draft.request_id.with_user(self.manager).action_approve()
        self.assertEqual(draft.action_id, action)
        self.assertTrue(draft.communication_ids.attachment_id)


@tagged("post_install", "-at_install")
class TestSettlementPayment(SettlementCommon):
    def test_gate_18_loss_only_after_the_agreed_sum(self):
        one = self.offered()
        self.watch(41)
        self.pay_on(45, 79.99)
        self.watch(46)
        self.assertEqual((one.state, one.in_time), ("offered", 79.99))
        self.assertFalse(one.move_id)
        self.assertEqual(self.bill.amount_residual, 20.01)
        self.pay_on(50, 0.01)
        self.watch(51)
        self.assertEqual((one.state, one.paid_on), ("paid", self.day(50)))
        self.assertEqual(self.bill.amount_residual, 0)
        move = one.move_id
        self.assertEqual((one.loss, move.state), (20, "posted"))
        self.assertEqual(move.date, self.day(51))
        balances = {line.account_id: line.balance for line in move.line_ids}
        receivable = self.bill.line_ids.filtered(
            lambda l: l.display_type == "payment_term"
        )
        self.assertEqual(balances, {self.loss_account: 20, receivable.account_id: -20})
        self.assertEqual(one.action_id.outcome, "accepted")
        self.assertTrue(one.hold_id.ended_on)
        charge = self.env["utility.charge"].search(
            [("origin", "=", f"dunning.settlement,{one.id}")]
        )
        self.assertEqual(
            (charge.kind, charge.amount, charge.state), ("writeoff", -20, "to_export")
        )
        # nothing twice
        self.watch(52)
        self.assertEqual(one.move_id, move)
        self.walk(52)
        self.assertEqual(self.case.state, "closed")
        self.assertEqual(self.case.close_reason, "settled")

    def test_value_date_counts(self):
        """Recorded after the last day, value date in time: paid."""
        one = self.offered()
        self.pay_on(73, 80, value=70)
        self.watch(73)
        self.assertEqual(one.state, "paid")

    def test_what_was_paid_before_the_offer_does_not_count(self):
        self.pay_on(30, 10)
        one = self.offered(agreed=72)
        self.assertEqual(one.capital, 90)
        self.pay_on(45, 62)
        self.watch(46)
        self.assertEqual(one.state, "offered")
        self.pay_on(47, 10)
        self.watch(48)
        self.assertEqual((one.state, one.loss), ("paid", 18))

    def test_a_credit_note_is_no_money(self):
        one = self.offered()
        with self.at(45):
            self.bill._reverse_moves([{"invoice_date": self.day(45)}], cancel=True)
        self.watch(46)
        self.assertNotEqual(one.state, "paid")

    def test_gate_18_expired_revives_the_full_debt(self):
        one = self.offered()
        self.watch(75)
        self.assertEqual(one.state, "offered")
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", False))
        self.assertEqual(one.action_id.outcome, "expired")
        self.assertEqual(self.bill.amount_residual, 100)
        self.assertEqual(one.hold_id.resume_date, self.day(76))
        self.walk(77)
        self.assertNotEqual(self.case.state, "on_hold")

    def test_paid_late_a_person_decides(self):
        one = self.offered()
        self.pay_on(72, 80)
        self.watch(73)
        self.assertEqual(one.state, "offered")
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", "late"))
        self.assertFalse(one.move_id)
        with self.assertRaises(AccessError):
            one.with_user(self.operator).action_accept_anyway()
        with self.at(78):
            one.with_user(self.manager).action_accept_anyway("a day")
            with self.assertRaises(AccessError):
                one.request_id.with_user(self.manager).action_approve()
            one.request_id.with_user(self.manager2).action_approve()
        self.assertEqual((one.state, one.loss), ("paid", 20))
        self.assertEqual(self.bill.amount_residual, 0)

    def test_paid_less_a_person_decides(self):
        one = self.offered()
        self.pay_on(60, 50)
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", "short"))
        with self.at(78):
            one.with_user(self.manager).action_accept_anyway()
        # half of the capital given up is no longer a manager's
        self.assertEqual(one.request_id.required_level, 4)
        with self.at(79):
            one.with_user(self.manager).action_leave_expired("goes on")
        self.assertEqual(one.request_id.state, "cancelled")
        self.assertFalse(one.attention)
        self.assertEqual(self.bill.amount_residual, 50)
        # decided once: only what comes later is asked about again
        self.watch(90)
        self.assertEqual((one.attention, one.in_time), (False, 50))
        self.pay_on(91, 50)
        self.watch(92)
        self.assertFalse(one.move_id)

    def test_money_that_comes_weeks_later_is_told(self):
        one = self.offered()
        self.watch_until(one)
        self.assertFalse(one.attention)
        self.pay_on(100, 80)
        self.watch(101)
        self.assertEqual((one.state, one.attention), ("expired", "late"))

    def test_gate_18_payment_returned_undoes_it(self):
        one = self.offered()
        payment = self.pay_on(45, 80)
        self.watch(46)
        loss = one.move_id
        self.assertEqual(one.state, "paid")
        with self.at(48):
            payment.move_id.line_ids.remove_move_reconcile()
        self.watch(48)
        # the days are not over: the offer waits again, nothing is given up
        self.assertEqual((one.state, one.loss), ("offered", 0))
        self.assertEqual(self.bill.amount_residual, 100)
        self.assertEqual(one.undo_move_ids.reversed_entry_id, loss)
        self.assertEqual(one.hold_id.date_from, self.day(48))
        self.assertFalse(one.hold_id.ended_on)
        self.pay_on(50, 80)
        self.watch(51)
        self.assertEqual((one.state, self.bill.amount_residual), ("paid", 0))

    def test_payment_returned_after_the_last_day(self):
        one = self.offered()
        payment = self.pay_on(69, 80)
        self.watch(70)
        with self.at(90):
            payment.move_id.line_ids.remove_move_reconcile()
        self.watch(90)
        self.assertEqual((one.state, one.attention), ("expired", "returned"))
        self.assertEqual(self.bill.amount_residual, 100)

    def test_credit_note_by_configuration(self):
        tax = self.env["account.tax"].create(
            {
                "name": "IVA 22 inclusa",
                "amount": 22,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
                "company_id": self.company.id,
            }
        )
        self.company.write(
            {
                "dunning_settlement_way": "credit_note",
                "dunning_settlement_tax_id": tax.id,
            }
        )
        one = self.offered()
        self.pay_on(45, 80)
        self.watch(46)
        self.assertEqual(one.state, "paid")
        note = one.move_id
        self.assertEqual((note.move_type, note.amount_total), ("out_refund", 20))
        self.assertEqual(note.amount_tax, 3.61)
        self.assertEqual(self.bill.amount_residual, 0)
        # undone too
        payment = self.bill.line_ids.matched_credit_ids.credit_move_id.payment_id
        with self.at(90):
            payment.move_id.line_ids.remove_move_reconcile()
        self.watch(90)
        self.assertEqual(self.bill.amount_residual, 100)

    def test_extra_is_charged(self):
        one = self.draft(agreed=105)
        one.with_user(self.operator).write({"costs": 30})
        with self.at(40):
            one.with_user(self.operator).action_request()
            one.request_id.with_user(self.manager).action_approve()
        self.assertEqual((one.extra, one.waived - one.interest), (5, 25))
        self.pay_on(45, 100)
        self.watch(46)
        self.assertEqual(one.state, "offered")
        self.bill.line_ids.matched_credit_ids.unlink()
        with self.at(47):
            payment = self.env["account.payment"].create(
                {
                    "amount": 105,
                    "partner_id": self.customer.id,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "date": self.day(47),
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
            payment.action_post()
            lines = (payment.move_id | self.bill).line_ids.filtered(
                lambda l: l.account_type == "asset_receivable"
            )
            lines.reconcile()
        self.watch(48)
        self.assertEqual((one.state, one.loss), ("paid", 0))
        charge = self.env["utility.charge"].search(
            [("origin", "=", f"dunning.settlement,{one.id}")]
        )
        self.assertEqual(
            (charge.kind, charge.amount, charge.state), ("interest", 5, "draft")
        )

    def test_books_not_set_up(self):
        self.company.dunning_loss_account_id = False
        one = self.offered()
        self.pay_on(70, 80)
        self.watch(71)
        self.assertEqual((one.state, one.attention), ("offered", "problem"))
        count = len(one.event_ids)
        self.watch(72)
        self.assertEqual(len(one.event_ids), count)
        # the case stays still although the days of the offer are over
        self.assertGreater(one.hold_id.date_to, self.day(80))
        self.company.dunning_loss_account_id = self.loss_account
        self.watch(78)
        self.assertEqual((one.state, one.attention), ("paid", False))

    def test_more_open_than_approved(self):
        """Another bill's rest is never given up with it."""
        one = self.offered()
        self.pay_on(45, 80)
        one._guarded().write({"capital": 95})
        self.env.flush_all()
        self.assertEqual(one.discount, 15)
        self.watch(46)
        self.assertEqual((one.state, one.attention), ("offered", "problem"))
        self.assertFalse(one.move_id)
        self.assertEqual(self.bill.amount_residual, 20)

    def test_killed_between_entry_and_state(self):
        one = self.offered()
        self.pay_on(45, 80)
        model = self.env.registry["dunning.settlement"]
        whole = model._move

        def killed(self, state, kind, *args, **more):
            if kind == "paid":
                raise ValueError("killed")
            return whole(self, state, kind, *args, **more)

        entries = self.env["account.move"].search_count([])
        with (
            patch.object(model, "_move", killed),
            self.assertLogs("odoo.addons.creditbox_dunning", "ERROR"),
        ):
            self.watch(46)
        self.assertEqual((one.state, one.attention), ("offered", "problem"))
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.assertEqual(self.bill.amount_residual, 20)
        self.watch(47)
        self.assertEqual((one.state, self.bill.amount_residual), ("paid", 0))
        self.assertEqual(self.env["account.move"].search_count([]), entries + 1)

    def test_button_looks_at_once(self):
        one = self.offered()
        self.pay_on(45, 80)
        with self.at(45):
            one.with_user(self.operator).action_check_payments()
        self.assertEqual(one.state, "paid")

    def test_the_case_tells_it(self):
        one = self.offered()
        titles = [entry["title"] for entry in self.case.timeline]
        self.assertIn(one.name, titles)


@tagged("post_install", "-at_install")
class TestSettlementAfterAgency(AgencyCommon):
    def test_nothing_collected_leads_to_a_draft(self):
        """G07: the agency collected nothing: the table proposes, a person completes."""
        self.to_agency()
        day = self.today
        self.send(day)
        self.tell_agency(day + 1, ("Insolvente", day + 1))
        for number in range(day + 2, day + 100, 3):
            if self.night(number).filtered(lambda a: a.op == "writeoff"):
                break
        action = self.case.action_ids.filtered(lambda a: a.op == "writeoff")
        self.assertEqual(action.state, "executing")
        draft = action.settlement_ids
        self.assertEqual((draft.state, draft.reason), ("draft", "agency"))
        self.assertEqual((draft.capital, draft.agreed), (1400, 1400))
        lists = self.env["dunning.worklist"].with_user(self.operator)
        lists = lists.with_context(allowed_company_ids=self.company.ids).get_today()
        counts = {one["key"]: one["count"] for one in lists["lists"]}
        self.assertEqual(counts["settlements_draft"], 1)

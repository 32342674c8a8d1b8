"""Promises to pay: judged by the payments that arrive, told on the case, limited."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .hold_common import HoldCommon


@tagged("post_install", "-at_install")
class TestPromise(HoldCommon):
    def promise(self, amount=None, due=11, on=2, record=None, user=None):
        with self.at(on):
            return self.suspend(
                "promise", record, user, amount=amount, promise_date=self.day(due)
            )

    def watch(self, number):
        with self.at(number):
            self.holds._watch(self.company, self.day(number))

    def pay_on(self, number, amount=None, bill=None):
        with self.at(number):
            return self.pay(bill or self.bill, amount)

    def test_gate_17_promise_broken(self):
        """Gate 17 [G04]: not paid by its day and the day of grace, the promise is
        broken, the case says so and goes on by itself."""
        hold = self.promise()
        self.assertRecordValues(
            hold,
            [
                {
                    "promise_date": self.day(11),
                    "date_to": self.day(12),
                    "amount": self.bill.amount_residual,
                    "promise_outcome": False,
                }
            ],
        )
        self.watch(12)
        self.assertFalse(hold.promise_outcome, "the day of grace is not past")
        self.walk(7, 12)
        self.assertFalse(self.done())
        self.watch(13)
        self.assertRecordValues(
            hold,
            [
                {
                    "promise_outcome": "broken",
                    "promise_paid": 0,
                    "promise_judged_on": self.day(13),
                    "end_reason": "date",
                }
            ],
        )
        self.assertIn("Promise broken", hold.promise_explanation)
        self.assertIn("Promise broken", self.case.message_ids[:1].body)
        self.assertEqual(self.case.broken_promise_count, 1)
        self.walk(13)
        self.assertEqual(self.done(), [20], "the case did not go on by itself")
        before = len(self.case.message_ids), len(hold.message_ids)
        self.watch(13)
        self.assertEqual((len(self.case.message_ids), len(hold.message_ids)), before)

    def test_kept_in_part_resumes_for_the_rest(self):
        """A part was promised and came: kept, and what is left goes on at once."""
        hold = self.promise(40)
        self.pay_on(5, 40)
        self.watch(6)
        self.assertEqual((hold.promise_outcome, hold.promise_paid), ("kept", 40))
        self.assertEqual((hold.end_reason, hold.resume_date), ("kept", self.day(6)))
        self.walk(7)
        self.assertEqual(self.done(), [20])

    def test_part_of_what_was_promised_breaks_it(self):
        hold = self.promise(40)
        self.pay_on(5, 39)
        self.watch(13)
        self.assertEqual((hold.promise_outcome, hold.promise_paid), ("broken", 39))

    def test_money_before_the_promise_does_not_count(self):
        self.pay_on(1, 40)
        hold = self.promise(40)
        self.watch(13)
        self.assertEqual((hold.promise_outcome, hold.promise_paid), ("broken", 0))

    def test_late_money_does_not_count(self):
        hold = self.promise()
        self.pay_on(13)
        self.watch(14)
        self.assertEqual(hold.promise_outcome, "broken")

    def test_returned_payment_undoes_it(self):
        hold = self.promise()
        payment = self.pay_on(5)
        self.watch(6)
        self.assertEqual(hold.promise_outcome, "kept")
        payment.move_id.line_ids.remove_move_reconcile()
        self.watch(8)
        self.assertFalse(hold.promise_outcome, "it can still be kept")
        self.pay_on(9)
        self.watch(14)
        self.assertEqual(hold.promise_outcome, "kept")
        self.bill.line_ids.remove_move_reconcile()
        self.watch(60)
        self.assertEqual(hold.promise_outcome, "broken")
        self.assertIn("came back", hold.promise_explanation)

    def test_payment_recorded_late_mends_it(self):
        """The bank tells after days what came in time."""
        hold = self.promise()
        self.watch(13)
        self.assertEqual(hold.promise_outcome, "broken")
        self.pay_on(12)
        self.watch(16)
        self.assertEqual(hold.promise_outcome, "kept")

    def test_credit_note_is_no_payment(self):
        hold = self.promise()
        with self.at(5):
            credit = self.bill._reverse_moves(
                [{"invoice_date": self.day(5), "date": self.day(5)}], cancel=True
            )
        self.assertEqual(credit.state, "posted")
        self.watch(13)
        self.assertEqual(hold.promise_outcome, "cancelled")

    def test_of_a_bill_only_its_money_counts(self):
        other = self.overdue("B2")
        self.run_on(1)
        hold = self.promise(record=self.bill)
        self.pay_on(5, bill=other)
        self.watch(13)
        self.assertEqual(hold.promise_outcome, "broken")

    def test_many_in_the_same_statements(self):
        """No statement more for each promise."""
        bills = [self.overdue(f"M{number}") for number in range(6)]
        self.run_on(1)
        for bill in bills:
            self.promise(record=bill)
        holds = self.holds.search([("promise_date", "=", self.day(11))])
        for several in (holds[:1], holds):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(2):
                several._read_promise_money()

    def test_limit_of_promises_not_kept(self):
        for start in (2, 14):
            self.promise(due=start + 5, on=start, user=self.operator)
            self.watch(start + 9)
        with self.assertRaisesRegex(AccessError, "did not keep 2 promises"):
            self.promise(due=35, on=30)
        self.promise(due=35, on=30, user=self.manager)
        self.company.dunning_promise_max = 0
        self.promise(due=35, on=30, record=self.bill)

    def test_given_up_and_put_off_count_too(self):
        hold = self.promise()
        with self.at(5):
            hold.with_user(self.operator).action_extend(self.day(14))
        self.assertEqual((hold.promise_date, hold.promise_moves), (self.day(13), 1))
        with self.at(6):
            hold.with_user(self.operator).action_end("withdrawn")
        with self.assertRaises(AccessError):
            self.promise(on=7)
        self.watch(16)
        self.assertEqual(hold.promise_outcome, "broken", "given up is not kept")

    def test_mistake_is_cancelled(self):
        hold = self.promise()
        with self.at(5):
            hold.with_user(self.manager).action_end("mistake")
        self.watch(20)
        self.assertEqual(hold.promise_outcome, "cancelled")
        self.assertFalse(self.case.broken_promise_count)

    def test_nobody_writes_the_outcome(self):
        hold = self.promise()
        for values in (
            {"promise_outcome": "kept"},
            {"promise_date": self.day(90)},
            {"promise_paid": 100},
        ):
            with self.assertRaises(AccessError):
                hold.with_user(self.manager).write(values)
        for why in ("kept", "broken"):
            with self.at(5), self.assertRaises(UserError):
                hold.with_user(self.manager).action_end(why)

    def test_sums_and_days_that_make_no_sense(self):
        for amount in (-1, self.bill.amount_residual + 1):
            with self.assertRaises(UserError):
                self.promise(amount)
        with self.at(2), self.assertRaises(UserError):
            self.suspend("promise", promise_date=self.day(9), date_to=self.day(8))

    def test_wizard(self):
        with self.at(2):
            wizards = self.env["dunning.hold.wizard"].with_user(self.operator)
            action = self.case.with_user(self.operator).action_suspend()
            with Form(wizards.with_context(**action["context"])) as form:
                form.reason_id = self.env.ref(
                    "creditbox_dunning.dunning_hold_reason_promise"
                )
                form.promise_date = self.day(8)
                self.assertEqual(form.date_to, self.day(9))
                form.amount = 40
            form.save().action_confirm()
        hold = self.holds.search([("case_id", "=", self.case.id)])
        self.assertRecordValues(
            hold,
            [
                {
                    "amount": 40,
                    "promise_date": self.day(8),
                    "date_to": self.day(8) + timedelta(days=1),
                }
            ],
        )

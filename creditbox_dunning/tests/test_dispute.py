"""The dispute of one bill: term, correspondence, answer, what follows."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .hold_common import PROOF, HoldCommon


@tagged("post_install", "-at_install")
class TestDispute(HoldCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.overdue("B2")
        cls.run_on(1)

    def setUp(self):
        super().setUp()
        with self.at(2):
            self.hold = self.suspend("bill_disputed", self.bill, note="Lettura errata")

    def answer(self, outcome, number=10, user=None, **more):
        with self.at(number):
            return self.hold.with_user(user or self.operator).action_answer(
                outcome, more.pop("answer", "Abbiamo verificato."), **more
            )

    def credit_note(self, amount=None, post=True, bill=None):
        with self.at(9):
            note = (bill or self.bill)._reverse_moves(
                [{"invoice_date": self.day(9), "date": self.day(9)}]
            )
            if amount:
                note.invoice_line_ids[:1].price_unit = amount
            if post:
                note.action_post()
        return note

    def test_dispute_of_one_bill_rest_goes_on(self):
        self.assertTrue(self.hold.is_dispute)
        self.assertEqual(self.hold.received_on, self.day(2))
        self.assertTrue(self.hold.answer_date and self.hold.answer_source)
        self.assertEqual(self.hold.date_to, self.hold.answer_date)
        self.walk(7)
        listed = self.case.action_ids.item_ids.move_line_id.move_id
        self.assertEqual(listed, self.other, "the disputed bill was in a reminder")

    def test_correspondence(self):
        message = self.hold.with_user(self.operator).message_post(
            body="La lettura", attachments=[("foto.jpg", b"contatore")]
        )
        self.assertEqual(message.attachment_ids.raw, b"contatore")

    def test_credit_note_lets_the_rest_of_the_bill_go_on(self):
        note = self.credit_note()
        self.answer("credit_note", credit_note_id=note.id)
        self.assertRecordValues(
            self.hold,
            [
                {
                    "dispute_outcome": "credit_note",
                    "answered_on": self.day(10),
                    "answered_by": self.operator.id,
                    "credit_note_id": note.id,
                    "end_reason": "answered",
                    "resume_date": self.day(10),
                }
            ],
        )
        self.assertIn("Abbiamo verificato", self.bill.message_ids[:1].body)

    def test_credit_note_of_this_bill_only(self):
        for note in (
            self.credit_note(bill=self.other),
            self.credit_note(post=False),
            self.bill,
            self.env["account.move"],
        ):
            with self.subTest(note=note.name), self.assertRaises(UserError):
                self.answer("credit_note", credit_note_id=note.id)

    def test_corrected_reading_needs_the_correction(self):
        with self.assertRaises(UserError):
            self.answer("reading_corrected")
        self.answer("reading_corrected", proofs=PROOF)
        self.assertEqual(self.hold.end_reason, "answered")
        self.assertTrue(self.hold.attachment_ids)

    def test_refused_leaves_days_to_pay(self):
        with self.assertRaises(UserError):
            self.answer("refused")
        self.answer("refused", proofs=PROOF)
        with self.at(10):
            self.hold.invalidate_recordset()
            self.assertEqual(self.hold.state, "active")
        self.assertEqual(self.hold.resume_date, self.day(20))
        self.assertFalse(self.hold.activity_ids)
        self.walk(19)
        listed = self.case.action_ids.item_ids.move_line_id.move_id
        self.assertNotIn(self.bill, listed)
        self.assertTrue(self.holds._for_cases(self.case, self.day(19)))
        self.assertFalse(self.holds._for_cases(self.case, self.day(20)))
        with self.at(20):
            self.holds._watch(self.company, self.day(20))
        self.assertEqual(self.hold.end_reason, "date")
        self.walk(20, 30)
        listed = self.case.action_ids.item_ids.move_line_id.move_id
        self.assertIn(self.bill, listed)

    def test_answered_once_with_words_and_a_possible_day(self):
        for more in (
            {"answer": " "},
            {"answered_on": self.day(1)},
            {"answered_on": self.day(11)},
        ):
            with self.subTest(more=more), self.assertRaises(UserError):
                self.answer("reading_corrected", proofs=PROOF, **more)
        with self.assertRaises(UserError):
            self.answer("kept", proofs=PROOF)
        self.answer("refused", proofs=PROOF)
        with self.assertRaises(UserError):
            self.answer("reading_corrected", proofs=PROOF)

    def test_it_cannot_end_as_answered_without_the_answer(self):
        for why in ("answered", "unfounded"):
            with self.at(10), self.assertRaises(UserError):
                self.hold.with_user(self.manager).action_end(why)
        with self.at(10):
            self.hold.with_user(self.operator).action_end("withdrawn")
        self.assertEqual(self.hold.end_reason, "withdrawn")

    def test_nobody_writes_the_outcome(self):
        for values in (
            {"dispute_outcome": "refused"},
            {"answered_on": self.day(3)},
            {"answer": "no"},
        ):
            with self.assertRaises(AccessError):
                self.hold.with_user(self.manager).write(values)

    def test_reminder_is_of_the_dispute_until_it_is_answered(self):
        last = (self.hold.answer_date - self.day(0)).days
        with self.at(last - 1):
            self.holds._watch(self.company, self.day(last - 1))
            self.assertIn("dispute", self.hold.activity_ids.summary)

    def test_wizard(self):
        with self.at(10):
            action = self.hold.with_user(self.operator).action_open_answer()
            wizards = self.env[action["res_model"]].with_user(self.operator)
            with Form(wizards.with_context(**action["context"])) as form:
                form.dispute_outcome = "refused"
                form.note = "La lettura è quella del distributore."
                form.proof = PROOF[0]["datas"]
            form.save().action_confirm()
        self.assertEqual(self.hold.dispute_outcome, "refused")
        self.assertIn("distributore", self.hold.answer)

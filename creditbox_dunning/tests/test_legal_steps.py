"""H05: what the steps of a legal file ask for, and what they do elsewhere."""

import csv
import hashlib
import io
import zipfile
from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.utility_supply.formats.dossier_zip import INDEX

from .legal_common import LegalCommon


@tagged("post_install", "-at_install")
class TestLegalTerms(LegalCommon):
    def test_a_later_step_closes_the_reminders_before_it(self):
        decree = self.step(21, "injunction")
        self.assertEqual(self.reminders(), [decree.deadline])
        self.told(30, decree, notified_date=self.day(28))
        self.assertEqual(decree.due, "oppose")
        self.assertEqual(self.reminders(), [decree.deadline], "of the next term only")
        precept = self.step(80, "precept", notified_date=self.day(80))
        self.assertEqual(self.reminders(), [precept.deadline])
        hearing = self.step(85, "hearing", hearing_at=self.at(120))
        self.assertEqual(self.reminders(), [self.day(120), precept.deadline])
        seizure = self.step(121, "seizure", notified_date=self.day(121))
        self.assertEqual(self.reminders(), [seizure.deadline], "the hearing was held")
        self.assertEqual(hearing.deadline, self.day(120))
        self.step(130, "recovered")
        self.assertEqual(self.reminders(), [])
        done = self.file.with_context(active_test=False).activity_ids
        self.assertEqual(len(done - self.file.activity_ids), 5, "kept as done")

    def test_what_a_person_noted_is_not_closed(self):
        self.step(21, "injunction")
        own = self.file.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.day(60),
            summary="Call the lawyer",
            user_id=self.manager.id,
        )
        self.step(30, "recovered")
        self.assertEqual(self.file.activity_ids, own)

    def test_reminders_follow_who_follows_the_file(self):
        self.step(21, "injunction")
        self.file.with_user(self.manager).user_id = self.operator
        self.assertEqual(self.file.activity_ids.user_id, self.operator)

    def test_called_off_asks_for_nothing(self):
        self.step(21, "injunction")
        self.action.sudo()._set_state("superseded")
        self.assertEqual((self.file.state, self.reminders()), ("cancelled", []))
        self.assertFalse(self.file.next_deadline)
        self.assertTrue(self.file.ended_on)
        self.action.sudo()._set_state("executing")
        self.assertEqual(self.file.state, "injunction", "taken up again")
        decree = self.file.step_ids
        self.assertEqual(self.reminders(), [decree.deadline])
        self.assertEqual(self.file.next_deadline, decree.deadline)
        self.assertFalse(self.file.ended_on)

    def test_terms_end_on_a_working_day(self):
        """Art. 155 c.p.c.; 28 and 29 March 2027 are Easter, 6 February a Saturday."""
        decree = self.step(21, "injunction")
        self.told(28, decree, notified_date=date(2027, 2, 16))
        self.assertEqual(decree.deadline, date(2027, 3, 30))
        claim = self.step(22, "insolvency_claim", hearing_at="2027-05-31 08:00:00")
        self.assertEqual(claim.deadline, date(2027, 4, 30), "a Saturday, backwards")

    def test_the_pause_of_august_is_data(self):
        decree = self.step(150, "injunction")
        self.told(182, decree, notified_date=date(2027, 7, 20))
        self.assertEqual(decree.deadline, date(2027, 9, 29))
        row = self.env["dunning.legal.parameter"].search(
            [("name", "=", "court_pause_days"), ("valid_from", "=", "2015-01-01")]
        )
        self.assertEqual((row.value, bool(row.checked_on)), (31, False))
        row.sudo().value = 46
        self.env.add_to_compute(decree._fields["deadline"], decree)
        self.assertEqual(decree.deadline, date(2027, 10, 14), "until 15 September")

    def test_a_precept_that_was_not_notified_hides_nothing(self):
        decree = self.step(21, "injunction")
        self.told(23, decree, notified_date=self.day(22))
        precept = self.step(24, "precept")
        self.assertEqual(self.file.next_deadline, decree.deadline)
        self.assertEqual(self.reminders(), [decree.deadline])
        self.told(30, precept, notified_date=self.day(29))
        self.assertEqual(self.file.next_deadline, precept.deadline)

    def test_a_claim_gets_its_hearing_afterwards_once(self):
        self.outcome(25, "insolvency_claim")
        claim = self.file.step_ids
        self.assertFalse(claim.deadline)
        self.told(26, claim, hearing_at=self.at(120))
        self.assertEqual((claim.due, bool(claim.deadline)), ("file", True))
        self.assertEqual(self.reminders(), [claim.deadline])
        self.assertEqual(claim.calendar_at, self.at(120))
        with self.assertRaises(AccessError):
            self.told(27, claim, hearing_at=self.at(140))
        with self.assertRaises(UserError):
            self.told(27, self.step(27, "injunction"), hearing_at=self.at(140))


@tagged("post_install", "-at_install")
class TestLegalOutcomes(LegalCommon):
    def test_a_second_step_of_a_kind_reaches_the_action(self):
        decree = self.step(21, "injunction")
        self.told(22, decree, notified_date=self.day(22))
        self.step(60, "precept", notified_date=self.day(60))
        self.step(80, "seizure", number="1/2027", note="bank account")
        self.assertEqual(self.action.outcome_note, "bank account")
        self.step(90, "seizure", number="2/2027", note="employer")
        self.assertEqual(self.action.outcome_note, "employer")
        self.assertEqual(len(self.file.step_ids), 4)
        with self.assertRaises(UserError):
            self.step(91, "seizure", number="2/2027")

    def test_the_same_decree_told_with_two_dates_is_one_step(self):
        self.outcome(25, "injunction")
        self.outcome(27, "injunction", note="the right day")
        self.assertRecordValues(
            self.file.step_ids, [{"kind": "injunction", "date": self.day(27)}]
        )
        history = " ".join(self.file.message_ids.mapped("body"))
        self.assertIn("02/14/2027", history, "the day as it was")
        self.assertIn("02/16/2027", history)
        self.assertEqual(self.reminders(), [self.file.step_ids.deadline])

    def test_another_decree_has_its_number(self):
        self.outcome(25, "injunction", court_number="10/2027")
        self.outcome(27, "injunction", court_number="11/2027")
        self.assertEqual(
            sorted(self.file.step_ids.mapped("number")), ["10/2027", "11/2027"]
        )
        self.outcome(28, "injunction", court_number="10/2027")
        self.assertEqual(len(self.file.step_ids), 2)
        first = self.file.step_ids.filtered(lambda s: s.number == "10/2027")
        self.assertEqual(first.date, self.day(28))

    def test_a_correction_cannot_come_after_the_notification(self):
        decree = self.step(21, "injunction")
        self.told(25, decree, notified_date=self.day(23))
        with self.assertRaises(UserError):
            self.outcome(30, "injunction")
        self.assertEqual(decree.date, self.day(21))

    def test_a_corrected_claim_has_its_act_on_the_right_day(self):
        claim = self.step(
            25, "insolvency_claim", attachment_ids=[Command.set(self.paper().ids)]
        )
        wrong = claim.act_id
        self.outcome(27, "insolvency_claim")
        self.assertEqual((wrong.state, claim.act_id.state), ("withdrawn", "valid"))
        self.assertEqual(claim.act_id.date, self.day(27))

    def test_final_ends_the_lawsuit_of_the_act(self):
        decree = self.step(
            21, "injunction", attachment_ids=[Command.set(self.paper().ids)]
        )
        with self.assertRaises(UserError):
            self.told(22, decree, final_on=self.day(22))
        self.told(30, decree, notified_date=self.day(28))
        act = decree.act_id
        self.assertFalse(act.until)
        line = self.bill.line_ids.filtered("dunning_case_id")
        self.assertFalse(line.dunning_prescription_date, "time stands still")
        self.assertTrue(self.file.next_deadline)
        with self.assertRaises(UserError):
            self.told(80, decree, final_on=self.day(20))
        with freeze_time(self.day(80)), self.assertRaises(UserError):
            act.with_user(self.operator).until = self.day(79)
        self.told(80, decree, final_on=self.day(75))
        self.assertEqual(act.until, self.day(75))
        line.invalidate_recordset()
        self.assertEqual(line.dunning_prescription_date, date(2037, 4, 5))
        self.assertFalse(self.file.next_deadline, "nobody can oppose any more")
        self.assertEqual(self.reminders(), [])
        with self.assertRaises(AccessError):
            self.told(81, decree, final_on=self.day(76))

    def test_final_before_the_document_comes(self):
        decree = self.step(21, "injunction")
        self.told(30, decree, notified_date=self.day(28))
        self.told(80, decree, final_on=self.day(75))
        self.assertFalse(decree.act_id)
        self.told(81, decree, attachment_ids=[Command.link(self.paper().id)])
        self.assertEqual(decree.act_id.until, self.day(75))

    def test_an_act_covers_the_bills_of_its_step(self):
        self.assertEqual(self.file.item_ids.move_id, self.bill | self.bill2)
        decree = self.step(
            21,
            "injunction",
            item_ids=[Command.set(self.items(self.bill).ids)],
            attachment_ids=[Command.set(self.paper().ids)],
        )
        self.told(30, decree, notified_date=self.day(28))
        self.assertEqual(decree.act_id.move_ids, self.bill)
        ends = {
            bill: bill.line_ids.filtered("dunning_case_id").dunning_prescription_date
            for bill in (self.bill, self.bill2)
        }
        self.assertEqual(ends, {self.bill: False, self.bill2: date(2029, 1, 20)})
        with self.assertRaises(UserError):
            self.told(31, decree, item_ids=[Command.set(self.items(self.bill2).ids)])

    def test_bills_of_the_file_by_default_and_no_others(self):
        decree = self.step(21, "injunction")
        self.assertEqual(decree.item_ids.move_id, self.bill | self.bill2)
        self.outcome(22, "insolvency_claim")
        claim = self.file.step_ids - decree
        self.assertEqual(claim.item_ids.move_id, self.bill | self.bill2)
        stranger = self._create_contract("CT8", self._create_customer("C8"))
        self.overdue("L9", stranger)
        self.run_on(9)
        others = self.env["dunning.action.item"].search(
            [("action_id.case_id", "!=", self.case.id)], limit=1
        )
        self.assertTrue(others)
        with self.assertRaises(UserError):
            self.step(23, "precept", item_ids=[Command.set(others.ids)])

    def test_closed_days_of_a_file_are_kept(self):
        self.assertEqual(self.file.opened_on, self.day(20))
        self.step(30, "uncollectable")
        self.assertEqual(
            (self.file.state, self.file.ended_on), ("uncollectable", self.day(30))
        )


@tagged("post_install", "-at_install")
class TestLegalCorrection(LegalCommon):
    """A day that was told wrong, with a reason; what was done on it stays."""

    def correct(self, number, step, reason="misread", user=None, **vals):
        with freeze_time(self.day(number)):
            wizard = self.env["dunning.legal.correction"].with_user(
                user or self.manager
            )
            wizard.create(
                {"step_id": step.id, "reason": reason, **vals}
            ).action_confirm()

    def history(self):
        return " ".join(self.file.message_ids.mapped("body"))

    def test_a_wrong_notification_moves_term_reminder_and_act(self):
        decree = self.step(
            21,
            "injunction",
            number="4/2027",
            attachment_ids=[Command.set(self.paper().ids)],
        )
        self.told(30, decree, notified_date=self.day(28))
        wrong, end = decree.act_id, decree.deadline
        self.correct(40, decree, "relata read again", notified_date=self.day(24))
        self.assertEqual(decree.notified_date, self.day(24))
        self.assertLess(decree.deadline, end)
        self.assertEqual(self.reminders(), [decree.deadline])
        done = self.file.with_context(active_test=False).activity_ids
        self.assertIn(end, (done - self.file.activity_ids).mapped("date_deadline"))
        self.assertEqual((wrong.state, wrong.date), ("withdrawn", self.day(28)))
        self.assertEqual(decree.act_id.date, self.day(24))
        # the reminders of the old term are closed after it
        message = self.file.message_ids.filtered(lambda m: "relata" in m.body)
        self.assertEqual(message.author_id, self.manager.partner_id)
        for text in ("Notified on", "02/17/2027", "02/13/2027", "relata read again"):
            self.assertIn(text, message.body)
        self.assertNotIn("4/2027", message.body, "only what was wrong")
        self.correct(41, decree, notified_date=self.day(28))
        self.assertEqual(self.reminders(), [end], "and back")

    def test_never_notified_after_all(self):
        decree = self.step(
            21, "injunction", attachment_ids=[Command.set(self.paper().ids)]
        )
        self.told(30, decree, notified_date=self.day(28))
        wrong = decree.act_id
        self.correct(40, decree, notified_date=False)
        self.assertEqual((decree.due, wrong.state), ("notify", "withdrawn"))
        self.assertFalse(decree.act_id)
        self.assertIn("(nothing)", self.history())
        self.told(45, decree, notified_date=self.day(44))
        self.assertEqual(decree.act_id.date, self.day(44), "an act of its own")

    def test_a_wrong_final_day_and_hearing(self):
        decree = self.step(
            21, "injunction", attachment_ids=[Command.set(self.paper().ids)]
        )
        self.told(30, decree, notified_date=self.day(28))
        self.told(80, decree, final_on=self.day(75))
        self.correct(81, decree, final_on=self.day(76))
        self.assertEqual(decree.act_id.until, self.day(76))
        self.correct(82, decree, final_on=False)
        self.assertFalse(decree.act_id.until)
        self.assertEqual(self.reminders(), [decree.deadline], "open again")
        hearing = self.step(85, "hearing", hearing_at=self.at(120))
        self.correct(86, hearing, hearing_at=self.at(130))
        self.assertEqual(hearing.deadline, self.day(130))
        self.assertEqual(self.reminders(), [decree.deadline, self.day(130)])
        with self.assertRaises(UserError):
            self.correct(87, hearing, hearing_at=False)

    def test_a_wrong_day_of_the_step_itself(self):
        decree = self.step(21, "injunction", number="4/2027")
        end = decree.deadline
        self.correct(40, decree, "stamp read again", date=self.day(18))
        self.assertEqual((decree.date, decree.number), (self.day(18), "4/2027"))
        self.assertLess(decree.deadline, end)
        self.assertEqual(self.reminders(), [decree.deadline])
        for text in ("Date", "02/10/2027", "02/07/2027", "stamp read again"):
            self.assertIn(text, self.history())
        self.told(41, decree, notified_date=self.day(30))
        with self.assertRaises(UserError):  # after it reached the customer
            self.correct(42, decree, date=self.day(31))
        with self.assertRaises(UserError):
            self.correct(42, decree, date=False)
        hearing = self.step(43, "hearing", hearing_at=self.at(120))
        self.correct(44, hearing, date=self.day(42))
        self.assertEqual(hearing.date, self.day(42), "no outcome of the action")
        self.assertEqual(self.action.outcome, "injunction")

    def test_the_day_of_the_end_moves_file_and_action(self):
        self.step(30, "recovered")
        end = self.file.step_ids
        self.assertEqual(self.action.executed_date, self.day(30))
        self.correct(40, end, date=self.day(28))
        self.assertEqual(
            (self.file.state, self.file.ended_on), ("recovered", self.day(28))
        )
        self.assertEqual(
            (self.action.executed_date, self.action.effective_date),
            (self.day(28), self.day(28)),
        )

    def test_what_a_correction_may_not_say(self):
        decree = self.step(21, "injunction")
        self.told(30, decree, notified_date=self.day(28))
        self.step(40, "precept", notified_date=self.day(40))
        for day in (20, 45, 41):  # before it exists, in the future, after the precept
            with self.subTest(day=day), self.assertRaises(UserError):
                self.correct(42, decree, notified_date=self.day(day))
        with self.assertRaises(UserError):
            self.correct(42, decree, notified_date=self.day(28))  # as it is
        with self.assertRaises(UserError):
            self.correct(42, decree, reason=" ", notified_date=self.day(27))
        with self.assertRaises(AccessError):
            self.correct(42, decree, user=self.operator, notified_date=self.day(27))
        with self.assertRaises(AccessError):
            decree.with_user(self.operator).action_correct()
        with self.assertRaises(AccessError):
            self.told(42, decree, notified_date=self.day(27))
        self.assertEqual(decree.notified_date, self.day(28))


@tagged("post_install", "-at_install")
class TestLegalOpposition(LegalCommon):
    """Art. 645 c.p.c.: an injunction that is opposed is not final."""

    def setUp(self):
        super().setUp()
        self.decree = self.step(
            21, "injunction", attachment_ids=[Command.set(self.paper().ids)]
        )
        self.told(24, self.decree, notified_date=self.day(22))

    def test_its_hearing_takes_the_place_of_the_days_to_oppose(self):
        self.assertEqual(self.reminders(), [self.decree.deadline])
        one = self.step(40, "opposition", number="77/2027")
        self.assertEqual(one.opposed_id, self.decree, "the only one")
        self.assertEqual(one.opponent_id, self.customer)
        shown = one.with_context(step_itself=True).display_name
        self.assertEqual(shown, "Opposition to an injunction 77/2027")
        self.assertEqual(self.reminders(), [])
        self.assertFalse(self.file.next_deadline)
        self.assertEqual(
            (self.decree.due, self.decree.deadline),
            (False, False),
            "neither in the list of the steps nor in the calendar",
        )
        self.told(41, one, hearing_at=self.at(130))
        self.assertEqual((one.due, self.file.next_deadline), ("appear", self.day(130)))
        self.assertEqual(self.reminders(), [self.day(130)])
        self.assertEqual(self.file.state, "injunction", "no outcome of the action")
        self.told(90, one, result="rejected", result_on=self.day(89))
        self.assertEqual(self.reminders(), [], "over before its hearing")
        self.assertEqual(self.decree.due, False, "those days do not come back")

    def test_opposed_it_is_not_final(self):
        one = self.step(40, "opposition")
        line = self.bill.line_ids.filtered("dunning_case_id")
        with self.assertRaises(UserError):
            self.told(80, self.decree, final_on=self.day(75))
        with self.assertRaises(UserError):
            self.told(80, one, result="rejected")  # on which day
        with self.assertRaises(UserError):
            self.told(80, one, result_on=self.day(79))  # and how
        for day in (39, 81):  # before it was made, in the future
            with self.subTest(day=day), self.assertRaises(UserError):
                self.told(80, one, result="rejected", result_on=self.day(day))
        self.told(82, one, result="rejected", result_on=self.day(80))
        with self.assertRaises(UserError):
            self.told(83, self.decree, final_on=self.day(79))
        self.told(83, self.decree, final_on=self.day(80))
        self.assertEqual(self.decree.act_id.until, self.day(80))
        line.invalidate_recordset()
        self.assertEqual(line.dunning_prescription_date, date(2037, 4, 10))

    def test_what_is_final_is_not_opposed_until_it_is_corrected(self):
        self.told(80, self.decree, final_on=self.day(75))
        with self.assertRaises(UserError):
            self.step(81, "opposition")
        with freeze_time(self.day(82)):
            self.env["dunning.legal.correction"].with_user(self.manager).create(
                {"step_id": self.decree.id, "final_on": False, "reason": "art. 650"}
            ).action_confirm()
        self.step(83, "opposition")
        self.assertFalse(self.decree.act_id.until, "the lawsuit goes on")

    def test_a_revoked_injunction_carries_no_precept(self):
        one = self.step(40, "opposition")
        self.step(41, "precept")  # provisionally enforceable (art. 648 c.p.c.)
        self.told(79, one, result="rejected", result_on=self.day(78))
        with freeze_time(self.day(80)):
            corrections = self.env["dunning.legal.correction"].with_user(self.manager)
            corrections.create(
                {"step_id": one.id, "result": "accepted", "reason": "misread"}
            ).action_confirm()
        self.assertEqual(one.result_on, self.day(78))
        with self.assertRaises(UserError):
            self.step(81, "precept", number="2/2027")
        # one of before that is only found now
        self.step(77, "precept", number="3/2027")
        with freeze_time(self.day(82)):
            corrections.create(
                {
                    "step_id": one.id,
                    "result": False,
                    "result_on": False,
                    "reason": "of another lawsuit",
                }
            ).action_confirm()
        self.step(83, "precept", number="4/2027")
        with self.assertRaises(UserError):
            self.told(81, self.decree, final_on=self.day(81))

    def test_what_is_no_opposition(self):
        with self.assertRaises(UserError):
            self.step(40, "hearing", hearing_at=self.at(50), result="rejected")
        other = self.step(41, "injunction", number="9/2027")
        with self.assertRaises(UserError):  # which of the two
            self.step(42, "opposition")
        with self.assertRaises(UserError):  # it was not notified
            self.step(42, "opposition", opposed_id=other.id)
        self.step(42, "opposition", opposed_id=self.decree.id)


@tagged("post_install", "-at_install")
class TestLegalDossier(LegalCommon):
    def unpack(self, user):
        """({path: bytes}, {path: (sum, what)}) of the ZIP of the case."""
        data, _name, _kind = self.case.with_user(user)._dossier_zip()
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = {path: archive.read(path) for path in archive.namelist()}
        index = io.StringIO(members.pop(INDEX).decode("utf-8-sig"))
        rows = csv.reader(index, delimiter=";")
        return members, {row[0]: (row[1], row[3]) for row in rows}

    def test_documents_of_the_steps_are_in_the_dossier(self):
        """Two of one name stay two; each with its sum, and what it is, in the index."""
        decree, precept = self.paper(data=b"decree"), self.paper(data=b"precept")
        self.step(
            21,
            "injunction",
            number="4120/2027",
            notified_date=self.day(21),
            attachment_ids=[Command.set(decree.ids)],
        )
        self.step(22, "precept", attachment_ids=[Command.set(precept.ids)])
        members, index = self.unpack(self.operator)
        wanted = {
            "tribunale/relata.pdf": (b"decree", "4120/2027"),
            "tribunale/relata (2).pdf": (b"precept", "Precept"),
        }
        for path, (data, what) in wanted.items():
            self.assertEqual(members.get(path), data, list(members))
            digest, told = index[path]
            self.assertEqual(digest, hashlib.sha256(data).hexdigest())
            self.assertIn(what, told)
            self.assertIn(self.file.name, told)


@tagged("post_install", "-at_install")
class TestLegalWriteoff(LegalCommon):
    def propose(self, kind):
        with freeze_time(self.day(250)):
            lists = self.env["dunning.writeoff"].with_user(self.manager)
            lists = lists.with_context(allowed_company_ids=self.company.ids)
            one = lists.create({"as_of": self.day(250), "kind": kind})
            one.action_propose()
            lines = one.line_ids.filtered(lambda l: l.contract_id == self.contract)
            told = lines.mapped(lambda line: (line.state, line.reasons))
            one.action_cancel()
        return told

    def test_what_is_before_the_court_is_not_written_off(self):
        self.assertEqual(self.propose("small"), [("excluded", ["in_court"])])
        self.assertEqual(
            self.propose("useless"), [("excluded", ["no_proof", "in_court"])]
        )
        self.step(30, "uncollectable")
        self.assertEqual(self.propose("small"), [("included", False)])
        # the outcome alone is no proof: its document is
        self.assertEqual(self.propose("useless"), [("excluded", ["no_document"])])

"""What the steps do: e-mails queued once, letters made, notices written, outcomes."""

import email
import hashlib
from io import BytesIO
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools.pdf import PdfFileReader

from .outbox_common import OutboxCommon


class ExecutionCommon(OutboxCommon):
    def outcome(self, actions, user=None, **vals):
        """What a person records on ``actions`` through the wizard."""
        wizard = (
            self.env["dunning.outcome.wizard"]
            .with_user(user or self.operator)
            .create({"action_ids": [Command.set(actions.ids)], **vals})
        )
        return wizard.action_confirm()

    def walk(self, *days):
        for day in days:
            self.run_on(day)


@tagged("post_install", "-at_install")
class TestEmail(ExecutionCommon):
    def setUp(self):
        super().setUp()
        self.bill = self.overdue()
        self.overdue("B2", amount=50)
        self.walk(7)
        self.case = self.case_of(self.bill)
        self.action = self.case.action_ids.filtered(lambda a: a.state == "done")
        self.message = self.action.communication_ids

    def test_one_mail_with_its_key(self):
        self.assertEqual(self.action.rule_id.seq, 20)
        self.assertEqual(self.action.amount, 150)
        self.assertEqual(len(self.action.item_ids), 2)
        self.assertEqual(self.message.state, "to_send")
        self.assertEqual(self.message.provider_id, self.mailer)
        self.assertEqual(self.message.address, "c001@example.com")
        self.assertIn(self.message.key, self.message.message_id)
        for text in ("B1", "B2", "150", "Gentile"):
            self.assertIn(text, self.message.body)

    def test_it_leaves_once_as_it_was_kept(self):
        with self.mail_leaves() as server:
            self.send()
            self.send()
        self.assertRecordValues(
            self.message,
            [{"state": "sent", "attempts": 1, "external_ref": "queued 1"}],
        )
        ((bounces_to, to, content),) = server.received
        self.assertEqual(to, "c001@example.com")
        self.assertEqual(bounces_to, self.message.bounce_address)
        self.assertEqual(content, self.message.raw_id.raw)
        digest = hashlib.sha256(content).hexdigest()
        self.assertEqual(self.message.raw_sha256, digest)
        mail = email.message_from_bytes(content)
        self.assertEqual(mail["Message-Id"], self.message.message_id)
        self.assertIn("c001@example.com", mail["To"])
        # the answer of the customer finds its case
        told = self.case.message_ids.filtered("message_id").mapped("message_id")
        self.assertIn(self.message.message_id, told)

    def test_paid_before_sending_is_not_sent(self):
        """Gate 8: paid one minute before sending, not sent."""
        self.pay(self.action.item_ids.move_id[0])
        self.pay(self.action.item_ids.move_id[1])
        with self.mail_leaves() as server:
            self.send()
        self.assertFalse(server.tries)
        self.assertEqual(self.message.state, "cancelled")
        self.assertEqual(self.action.state, "superseded")

    def test_gate_22_a_reminder_that_left_keeps_its_bill(self):
        with self.mail_leaves():
            self.send()
        for undo in (self.bill.button_draft, self.bill.button_cancel):
            with self.assertRaisesRegex(UserError, "B1.*credit note"):
                undo()
        self.assertEqual(self.bill.state, "posted")

    def test_a_bill_nobody_was_asked_for_is_undone(self):
        self.assertEqual(self.message.state, "to_send", "it has not left")
        self.bill.button_draft()
        self.assertEqual(self.bill.state, "draft")

    def test_same_key_makes_no_second_message(self):
        again = self.action._communications("email", {})
        self.assertEqual(again, self.message)
        self.assertFalse(
            self.action._write_messages(self.day(7)) - self.message,
            "a second message was made",
        )

    def test_hostile_name_and_number_are_escaped(self):
        evil = self._create_customer("C666", name="<script>alert(1)</script>")
        contract = self._create_contract("CT666", evil)
        bill = self.overdue("<b>B6</b>", contract)
        self.run_on(8)
        message = self.case_of(bill).communication_ids
        self.assertNotIn("<script>", message.body)
        self.assertNotIn("<b>B6</b>", message.body)

    def test_rows_left_out_say_why(self):
        skipped = self.case.action_ids.filtered(lambda a: a.state == "skipped")
        self.assertEqual(skipped.rule_id.seq, 10)
        self.assertTrue(skipped.reason)
        self.customer.dunning_mobile = "+39 333 1234567"
        other = self.overdue("B9", self._create_contract("CT9", self.customer))
        self.run_on(7)
        reason = self.case_of(other).action_ids.filtered(lambda a: a.state == "skipped")
        self.assertNotEqual(reason.reason, skipped.reason, "no gateway, not no mobile")

    def test_company_without_sender_says_so(self):
        self.company.email = False
        bill = self.overdue("B7", self._create_contract("CT7", self.customer))
        self.run_on(7)
        left = self.case_of(bill).action_ids
        self.assertEqual(set(left.mapped("state")), {"skipped"})
        self.assertIn("no_sender", str(left.mapped("reasons")))

    def test_no_text_message_ever_leaves(self):
        self.assertFalse(
            self.env["sms.sms"].search([("partner_id", "=", self.customer.id)])
        )

    def test_italian_template(self):
        body = self.message.body
        self.assertIn("scadute e non ancora pagate", body)
        self.assertIn("Promemoria", self.message.subject.title())


@tagged("post_install", "-at_install")
class TestLetters(ExecutionCommon):
    def _to_default(self):
        bill = self.overdue()
        self.walk(7, 15, 30)
        case = self.case_of(bill)
        return case, case.action_ids.filtered(lambda a: a.op == "default")

    def test_friendly_notice_is_a_letter_and_a_notice(self):
        bill = self.overdue()
        self.walk(7, 15)
        case = self.case_of(bill)
        action = case.action_ids.filtered(lambda a: a.op == "notice")
        self.assertRecordValues(
            action,
            [
                {
                    "state": "done",
                    "executed_date": self.day(15),
                    "effective_date": self.day(15),
                    "channels": "pp",
                }
            ],
        )
        letter = action.communication_ids
        self.assertTrue(letter.attachment_id)
        html = letter.attachment_id.raw.decode()
        for text in ("sollecito di pagamento", "B1", "100", "Via Roma 1", case.name):
            self.assertIn(text, html)
        self.assertNotIn("http", html.split("<style>")[0] + html.split("</style>")[1])
        self.assertRecordValues(
            action.notice_id,
            [
                {
                    "kind": "notice",
                    "channel": "pp",
                    "source": "dunning",
                    "is_formal_notice": False,
                    "sent_date": self.day(15),
                    "move_ids": bill.ids,
                    "amount": 100,
                }
            ],
        )
        letter.with_user(self.operator).action_mark_posted("2027-02-05")
        self.assertEqual((letter.state, str(letter.sent_date)), ("sent", "2027-02-05"))

    def test_registered_letter_waits_for_its_proofs(self):
        case, action = self._to_default()
        self.assertEqual(action.state, "executing")
        self.assertFalse(action.notice_id, "nothing was sent yet")
        self.run_on(70)
        self.assertEqual(action.state, "executing")
        self.assertEqual(case.next_kind, "wait")
        with freeze_time(self.day(71)):
            self.outcome(
                action, result="sent", sent_date=self.day(31), protocol="RA123"
            )
        self.assertRecordValues(
            action.notice_id,
            [
                {
                    "kind": "default",
                    "channel": "ar",
                    "is_formal_notice": True,
                    "cmor_warning": True,
                    "sent_date": self.day(31),
                    "notified_date": False,
                    "pay_term": self.day(51),
                    "source": "dunning",
                }
            ],
        )
        self.assertEqual(action.communication_ids.protocol, "RA123")
        self.run_on(72)
        self.assertIn("waits_notification", str(case.next_reasons))
        with freeze_time(self.day(73)):
            self.outcome(action, result="notified", notified_date=self.day(38))
        self.assertRecordValues(
            action,
            [
                {
                    "state": "done",
                    "executed_date": self.day(31),
                    "effective_date": self.day(38),
                    "decided_by": self.operator.id,
                }
            ],
        )
        self.assertEqual(action.notice_id.notified_date, self.day(38))
        self.assertEqual(action.communication_ids.state, "delivered")
        self.assertEqual(len(case.contract_id.notice_ids), 2, "one notice a letter")
        self.run_on(73)
        listed = case.action_ids.filtered(lambda a: a.op == "list")
        self.assertEqual(listed.state, "waiting_approval")

    def test_pec_when_there_is_one_then_letter(self):
        self.customer.l10n_it_pec_email = "rossi@pec.example.it"
        case, action = self._to_default()
        self.assertEqual((action.channels, action.rule_id.seq), ("pec", 40))
        self.assertEqual(action.communication_ids.address, "rossi@pec.example.it")
        with freeze_time(self.day(32)):
            self.outcome(
                action, result="failed", sent_date=self.day(30), note="casella piena"
            )
        self.assertEqual(action.state, "failed")
        self.assertIn("casella piena", action.reason)
        self.run_on(32)
        letter = case.action_ids.filtered(lambda a: a.rule_id.seq == 41)
        self.assertEqual(letter.state, "executing")

    def test_water_reminder_goes_registered(self):
        point = self._create_point("ACQ1", "water")
        contract = self._create_contract("CTW", self.customer, point)
        bill = self.overdue("W1", contract)
        self.walk(7, 12)
        case = self.case_of(bill)
        action = case.action_ids.filtered(lambda a: a.op == "notice")
        self.assertEqual((action.state, action.channels), ("executing", "ar"))
        with freeze_time(self.day(20)):
            self.outcome(
                action,
                result="notified",
                sent_date=self.day(12),
                notified_date=self.day(19),
            )
        self.run_on(30)
        default = case.action_ids.filtered(lambda a: a.op == "default")
        self.assertEqual(default.state, "executing")
        with freeze_time(self.day(40)):
            self.outcome(
                default,
                result="notified",
                sent_date=self.day(30),
                notified_date=self.day(37),
            )
        # 40 days from the arrival of the reminder, later than sending + 20
        self.assertEqual(default.notice_id.pay_term, self.day(59))
        self.assertFalse(default.notice_id.cmor_warning)

    def test_wrong_days_are_refused(self):
        _case, action = self._to_default()
        with freeze_time(self.day(40)):
            for vals in (
                {"result": "sent", "sent_date": self.day(41)},
                {"result": "sent"},
                {"result": "notified", "sent_date": self.day(31)},
                {
                    "result": "notified",
                    "sent_date": self.day(31),
                    "notified_date": self.day(30),
                },
                {"sent_date": self.day(31)},
            ):
                with self.assertRaises(UserError):
                    self.outcome(action, **vals)

    def test_proof_is_kept(self):
        _case, action = self._to_default()
        with freeze_time(self.day(40)):
            self.outcome(
                action,
                result="notified",
                sent_date=self.day(31),
                notified_date=self.day(33),
                proof=b"cHJvdmE=",
                proof_name="cartolina.pdf",
            )
        proofs = action.notice_id.attachment_ids
        self.assertIn(b"prova", proofs.mapped("raw"))
        self.assertIn(action.communication_ids.attachment_id, proofs)

    def test_outcome_is_for_the_people_of_creditbox(self):
        _case, action = self._to_default()
        with self.assertRaises(AccessError), freeze_time(self.day(40)):
            self.outcome(action, self.accountant, result="sent", sent_date=self.day(31))

    def test_pdf_of_many_letters_cut_apart(self):
        """Letters of one page and of several come from few calls and are told apart."""
        report = self.env["ir.actions.report"]
        if report.get_wkhtmltopdf_state() not in ("ok", "workers"):
            self.skipTest("wkhtmltopdf is not installed")
        bills = []
        for number in range(4):
            customer = self._create_customer(f"P{number}", name=f"Signor P{number}X")
            contract = self._create_contract(f"CTP{number}", customer)
            for copy in range(60 if number in (1, 2) else 1):
                bills.append(self.overdue(f"P{number}-{copy}", contract, amount=20))
        cls = type(report)
        runs = self.env["dunning.run"].sudo()
        runs = runs.with_context(force_report_rendering=True)
        self.walk(7)
        with patch.object(
            cls, "_run_wkhtmltopdf", autospec=True, side_effect=cls._run_wkhtmltopdf
        ) as call:
            runs.run_for(self.company, self.day(15))
        self.assertEqual(call.call_count, 2, "one for the short, one for the long")
        pages = []
        for bill in (bills[0], bills[1], bills[61], bills[-1]):
            case = self.case_of(bill)
            letter = case.communication_ids.filtered(lambda m: m.channel == "pp")
            self.assertEqual(letter.attachment_id.mimetype, "application/pdf")
            reader = PdfFileReader(BytesIO(letter.attachment_id.raw))
            text = "".join(page.extract_text() for page in reader.pages)
            text = "".join(text.split())
            self.assertIn("".join(case.partner_id.name.split()), text)
            others = self.env["res.partner"].search(
                [("name", "like", "Signor P"), ("id", "!=", case.partner_id.id)]
            )
            for other in others:
                self.assertNotIn("".join(other.name.split()), text)
            pages.append(len(reader.pages))
        self.assertEqual((pages[0], pages[3]), (1, 1))
        self.assertGreater(min(pages[1], pages[2]), 1)


@tagged("post_install", "-at_install")
class TestWork(ExecutionCommon):
    """Steps 6 to 10 wait for a person, and nothing touches a supply."""

    def _waiting(self):
        bill = self.overdue()
        self.walk(7, 15, 30)
        case = self.case_of(bill)
        default = case.action_ids.filtered(lambda a: a.op == "default")
        with freeze_time(self.day(40)):
            self.outcome(
                default,
                result="notified",
                sent_date=self.day(30),
                notified_date=self.day(36),
            )
        self.run_on(64)
        return case, case.action_ids.filtered(lambda a: a.state == "waiting_approval")

    def test_list_waits_then_the_technical_office_is_awaited(self):
        case, action = self._waiting()
        self.assertEqual(action.op, "list")
        self.assertTrue(action.reason)
        self.approve(action, self.manager, 65)
        self.assertEqual(action.state, "executing")
        with freeze_time(self.day(66)), self.assertRaises(AccessError):
            self.outcome(action, work_result="done", done_date=self.day(65))
        with freeze_time(self.day(66)):
            self.outcome(
                action, self.manager, work_result="done", done_date=self.day(65)
            )
        self.run_on(90)
        self.assertEqual((case.next_kind, case.state), ("wait", "open"))
        self.assertIn("waits_plan", str(case.next_reasons))
        self.run_on(400)
        self.assertFalse(
            case.action_ids.filtered(lambda a: a.op in ("reduce", "suspend"))
        )

    def test_steps_on_the_supply_cannot_be_recorded_here(self):
        case, _action = self._waiting()
        rule = self.table.rule_ids.filtered(
            lambda r: r.op == "suspend" and r.service == "electricity"
        )[:1]
        cut = (
            self.env["dunning.action"]
            .sudo()
            ._guarded()
            .create(
                {
                    "case_id": case.id,
                    "rule_id": rule.id,
                    "action_type_id": rule.action_type_id.id,
                    "op": "suspend",
                    "channels": "task",
                    "planned_date": self.day(64),
                }
            )
        )
        cut._execute(self.day(64))
        self.assertEqual(cut.state, "waiting_approval")
        with freeze_time(self.day(66)), self.assertRaises(UserError):
            self.outcome(cut, self.manager, work_result="done", done_date=self.day(65))

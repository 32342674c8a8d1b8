"""E-mails against a real server on the loopback interface, with injected faults."""

import email
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from . import smtp_server
from .outbox_common import OutboxCommon

OUTBOX = "odoo.addons.creditbox_dunning.models.dunning_outbox"
CHECK = "odoo.addons.creditbox_dunning.models.dunning_outbox_check"


@tagged("post_install", "-at_install")
class TestEmailFaults(OutboxCommon):
    def test_one_bad_address_among_many(self):
        """Gate 10: bad address in the middle, all the others leave, one in the tray,
        whose step goes on by another channel with its reason."""
        messages = self.reminders(30)
        victim = messages[17]
        with self.mail_leaves() as server:
            server.faults[victim.address] = smtp_server.REFUSE
            self.send()
        self.assertEqual(len(server.received), 29)
        self.assertEqual(set((messages - victim).mapped("state")), {"sent"})
        self.assertEqual(victim.state, "failed")
        self.assertIn("no such user", victim.failure_reason)
        self.assertRecordValues(
            victim.action_id, [{"state": "failed", "outcome": "other_failure"}]
        )
        self.assertIn("no such user", victim.action_id.reason)
        tray = self.env["dunning.worklist"].with_user(self.operator).get_today()
        (row,) = [one for one in tray["lists"] if one["key"] == "messages"]
        self.assertEqual(row["count"], 1)
        self.assertEqual(self.mailer.state, "running")

    def test_gate_13_what_bounced_goes_on_by_letter(self):
        """Gate 13: mail refused, the next step of the table comes by its channel."""
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = smtp_server.REFUSE
            self.send()
        self.run_on(15)
        case = message.case_id
        letter = case.action_ids.filtered(lambda a: a.op == "notice")
        self.assertEqual((letter.state, letter.channels), ("done", "pp"))

    @mute_logger(CHECK)
    def test_one_that_cannot_be_written_stops_no_other(self):
        messages = self.reminders(5)
        channel = type(self.env["dunning.channel.email"])
        original = channel._build

        def broken(records, message, known):
            if message == messages[2]:
                raise ValueError("no such header")
            return original(records, message, known)

        with self.mail_leaves() as server, patch.object(channel, "_build", broken):
            self.send()
        self.assertEqual(len(server.received), 4)
        self.assertEqual(messages[2].state, "failed")
        self.assertIn("no such header", messages[2].failure_reason)

    def test_greylisted_is_tried_later_and_leaves_once(self):
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = [smtp_server.LATER, None]
            self.send()
            self.assertEqual((message.state, message.attempts), ("to_send", 1))
            self.assertTrue(message.next_try)
            self.send()
            self.assertEqual(len(server.tries), 1, "before its time")
            self.pull_forward(message)
            self.send()
        self.assertEqual((message.state, message.attempts), ("sent", 2))
        self.assertEqual(len(server.received), 1)

    def test_new_address_while_it_waits(self):
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = smtp_server.LATER
            self.send()
            message.partner_id.email = "new@example.com"
            self.pull_forward(message)
            self.send()
        ((_sender, to, content),) = server.received
        self.assertEqual((to, message.address), ("new@example.com",) * 2)
        self.assertIn("new@example.com", email.message_from_bytes(content)["To"])

    def test_tries_end(self):
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = smtp_server.LATER
            for _try in range(10):
                self.send()
                self.pull_forward(message)
        self.assertEqual(message.state, "failed")
        self.assertEqual(len(server.tries), 7)
        self.assertEqual(message.action_id.state, "failed")

    def test_lost_before_the_text_is_tried_again(self):
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = [smtp_server.DROP_BEFORE, None]
            self.send()
            self.assertEqual((message.state, message.attempts), ("to_send", 0))
            self.assertTrue(self.mailer.paused_until)
            self.pull_forward(message)
            self.send()
        self.assertEqual(message.state, "sent")
        self.assertFalse(self.mailer.errors)
        self.assertEqual(len(server.received), 1)

    def test_lost_after_the_text_is_uncertain_and_never_resent(self):
        """Gate 9: what may have left is never sent again by the program."""
        first, second, third = self.reminders(3)
        with self.mail_leaves() as server:
            server.faults[first.address] = smtp_server.DROP_AFTER
            server.faults[second.address] = smtp_server.DROP_LOST
            self.send()
            self.send()
        self.assertEqual(len(server.tries), 3)
        self.assertEqual(
            [m.state for m in (first, second, third)],
            ["uncertain", "uncertain", "sent"],
        )
        self.assertEqual(first.action_id.state, "done", "nobody knows yet")
        # the driver knows no language: it is told in the reader's
        event = second.event_ids.filtered(lambda e: e.state_to == "uncertain")
        self.assertIn("lost before", event.reason)
        found = event.with_context(lang="it_IT")
        self.assertTrue(
            found.reason_text.startswith("La connessione si è interrotta prima"),
            found.reason_text,
        )
        self.assertEqual(second.failure_text, second.failure_reason)

    def test_slow_server_is_uncertain(self):
        (message,) = self.reminders()
        base = "odoo.addons.base.models.ir_mail_server.SMTP_TIMEOUT"
        with self.mail_leaves() as server, patch(base, 1):
            server.faults[message.address] = smtp_server.SLOW
            self.send()
        self.assertEqual(message.state, "uncertain")

    def test_server_down_pauses_the_provider_not_the_messages(self):
        messages = self.reminders(3)
        with self.mail_leaves() as server:
            pass
        with patch(
            "odoo.addons.base.models.ir_mail_server.IrMail_Server._disable_send",
            return_value=False,
        ):
            self.send()
        self.assertFalse(server.tries)
        self.assertEqual(set(messages.mapped("attempts")), {0})
        self.assertTrue(self.mailer.paused_until)
        self.assertEqual(self.mailer.errors, 1)

    def test_login_refused_stops_it_at_once(self):
        messages = self.reminders(2)
        with self.mail_leaves() as server:
            self.mailer.mail_server_id.write({"smtp_user": "a", "smtp_pass": "b"})
            server.login = ("x", "y")
            self.send()
        self.assertEqual(self.mailer.state, "stopped")
        self.assertIn("bad login", self.mailer.stopped_reason)
        self.assertEqual(set(messages.mapped("state")), {"to_send"})
        self.assertTrue(self.mailer.activity_ids)

    def test_refused_in_a_row_stop_it_and_the_rest_waits(self):
        messages = self.reminders(10)
        self.mailer.max_refusals = 4
        with self.mail_leaves() as server:
            server.faults.update(
                dict.fromkeys(messages.mapped("address"), smtp_server.REFUSE)
            )
            self.send()
        self.assertEqual(len(server.tries), 4)
        self.assertEqual(messages.mapped("state").count("to_send"), 6)
        self.assertEqual(self.mailer.state, "stopped")

    def test_hours_and_pace_are_kept(self):
        messages = self.reminders(5)
        self.mailer.pace_per_minute = 2
        with self.mail_leaves() as server:
            self.send()
            self.send()
            self.assertEqual(len(server.received), 2)
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE dunning_communication SET tried_at = tried_at - interval '2m'"
            )
            self.env.invalidate_all()
            self.send()
        self.assertEqual(messages.mapped("state").count("sent"), 4)
        days = dict.fromkeys(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), False
        )
        self.mailer.write({"pace_per_minute": 0, **days})
        with (
            self.mail_leaves() as server,
            patch.object(
                type(self.mailer),
                "_now_there",
                lambda s, now: now.replace(year=2027, month=3, day=1, hour=12),
            ),
        ):
            self.send()
        self.assertFalse(server.tries, "a Monday")

    @mute_logger(OUTBOX)
    def test_found_as_being_sent_is_uncertain(self):
        """Gate 9: the sender died while it handed it over."""
        (message,) = self.reminders()
        message._move("sending", attempts=1)
        with self.mail_leaves() as server:
            self.send()
        self.assertFalse(server.tries)
        self.assertEqual(message.state, "uncertain")

    def test_suspended_before_it_left(self):
        (message,) = self.reminders()
        self.env["dunning.hold"].with_user(self.operator).suspend(
            "bill",
            message.action_id.item_ids.move_id.ids,
            "bill_disputed",
            note="letter of today",
        )
        with self.mail_leaves() as server:
            self.send()
        self.assertFalse(server.tries)
        self.assertEqual(message.state, "cancelled")


@tagged("post_install", "-at_install")
class TestResolve(OutboxCommon):
    def _decide(self, message, decision, user=None):
        wizard = (
            self.env["dunning.communication.wizard"]
            .with_user(user or self.operator)
            .create(
                {
                    "communication_ids": [(6, 0, message.ids)],
                    "decision": decision,
                    "reason": "looked in the sent folder",
                    "notified_date": self.day(8),
                }
            )
        )
        wizard.action_confirm()

    def _uncertain(self):
        (message,) = self.reminders()
        with self.mail_leaves() as server:
            server.faults[message.address] = smtp_server.DROP_LOST
            self.send()
        return message

    def test_person_says_it_left(self):
        message = self._uncertain()
        self._decide(message, "sent")
        self.assertEqual(message.state, "sent")
        self.assertRecordValues(
            message.event_ids[0],
            [{"reason": "looked in the sent folder", "user_id": self.operator.id}],
        )

    def test_person_has_it_sent_again(self):
        message = self._uncertain()
        old = message.message_id
        self._decide(message, "again")
        with self.mail_leaves() as server:
            self.send()
        self.assertEqual(message.state, "sent")
        mail = email.message_from_bytes(server.received[0][2])
        self.assertEqual(mail["Message-Id"], message.message_id)
        self.assertNotEqual(message.message_id, old)

    def test_person_gives_up(self):
        message = self._uncertain()
        self._decide(message, "failed")
        self.assertEqual(message.action_id.state, "failed")

    def test_what_arrived_is_over(self):
        message = self._uncertain()
        self._decide(message, "delivered")
        for decision in ("again", "failed", "sent"):
            with self.assertRaises(UserError):
                self._decide(message, decision)
        with self.assertRaises(AccessError):
            message.with_user(self.accountant).action_decide()


REPORT = """From: MAILER-DAEMON@mx.example.com
To: {bounce}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-{number}@mx.example.com>
Date: Mon, 1 Mar 2027 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 mailbox unknown

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
Subject: x

--b--
"""


@tagged("post_install", "-at_install")
class TestBounce(OutboxCommon):
    def report(self, message, action="failed", number=1, message_id=None):
        text = REPORT.format(
            bounce="bounce@example.com",
            number=number,
            to=message.address,
            action=action,
            status="5.1.1" if action == "failed" else "2.0.0",
            message_id=message_id or message.message_id,
        )
        self.env["mail.thread"].sudo().message_process(False, text.encode())
        self.env.invalidate_all()

    def test_gate_41_bounced_resent_arrived(self):
        """Gate 41: a message bounces, is sent again, arrives: "delivered" once in the
        list, both attempts in the history, the reports kept as evidence."""
        (message,) = self.reminders()
        with self.mail_leaves():
            self.send()
        first = message.message_id
        self.report(message)
        self.report(message)
        self.assertEqual(message.state, "failed")
        self.assertIn("mailbox unknown", message.failure_reason)
        self.assertEqual(message.action_id.state, "failed")
        bounced = message.event_ids.filtered(lambda e: e.state_to == "failed")
        self.assertEqual(len(bounced), 1, "told twice, written once")
        self.assertIn(b"mailbox unknown", bounced.attachment_ids.raw)

        message.partner_id.email = "right@example.com"
        message.with_user(self.operator)._decide("again", "new address by phone")
        self.assertEqual(message.action_id.state, "done")
        with self.mail_leaves() as server:
            self.send()
        self.assertEqual(server.received[0][1], "right@example.com")
        # late news of the first attempt is not about this one
        self.report(message, number=2, message_id=first)
        self.assertEqual(message.state, "sent")
        self.report(message, "delivered", number=3)
        found = self.env["dunning.communication"].search(
            [("case_id", "=", message.case_id.id)]
        )
        self.assertEqual(found.mapped("state"), ["delivered"])
        attempts = message.event_ids.filtered(lambda e: e.state_to == "sent")
        self.assertEqual(sorted(attempts.mapped("attempt")), [1, 2])
        self.assertEqual(message.address, "right@example.com")

    def test_delayed_is_only_noted(self):
        (message,) = self.reminders()
        with self.mail_leaves():
            self.send()
        self.report(message, "delayed")
        self.assertEqual(message.state, "sent")
        self.assertEqual(message.event_ids[0].kind, "told")

    def test_case_that_went_on_is_not_written_to_again(self):
        (message,) = self.reminders()
        with self.mail_leaves():
            self.send()
        self.report(message)
        self.run_on(15)
        with self.assertRaises(UserError):
            message.with_user(self.operator)._decide("again", "too late")

"""Gate 11: receipts of every kind, out of order, doubled, unknown; the mailbox never
stops. And gate 13: a PEC that is not delivered goes on by registered letter."""

from email import message_from_bytes
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.creditbox_dunning.rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ProviderRefused,
)

from . import pec_golden, pec_samples
from .pec_common import SENT_NOW, PecCommon


@tagged("post_install", "-at_install")
class TestPecSending(PecCommon):
    def test_what_leaves(self):
        """One recipient, no Bcc, our id, the receipt asked for, the letter attached;
        the bytes that left are those that were written down before."""
        message = self.to_pec()
        self.assertRecordValues(
            message,
            [{"state": "to_send", "provider_id": self.mailbox.id, "raw_id": False}],
        )
        send = self.leave(message)
        self.assertEqual(message.state, "sent")
        sender, recipient, data = send.call_args.args
        self.assertEqual(sender, pec_samples.MAILBOX)
        self.assertEqual(recipient, pec_samples.CUSTOMER)
        self.assertEqual(message.raw_id.raw, data)
        mail = message_from_bytes(data)
        self.assertEqual(mail["To"], pec_samples.CUSTOMER)
        self.assertIsNone(mail["Bcc"])
        self.assertIsNone(mail["Cc"])
        self.assertEqual(mail["X-TipoRicevuta"], "completa")
        self.assertEqual(
            mail["Message-ID"], f"<dun.{message.key}@pec.fornitrice.example>"
        )
        self.assertEqual(message.message_id, mail["Message-ID"])
        files = [part for part in mail.walk() if part.get_filename()]
        self.assertEqual(len(files), 1)
        self.assertEqual(
            files[0].get_payload(decode=True).strip(),
            message.attachment_id.raw.strip(),
        )
        # sent is not delivered: the step waits
        self.assertEqual(message.action_id.state, "executing")
        self.assertFalse(message.action_id.notice_id)

    def test_receipt_of_other_messages(self):
        message = self.to_pec()
        channel = self.env["dunning.channel.pec"]
        message.action_id.sudo()._guarded().write({"op": "notice"})
        self.assertEqual(channel._receipt_type(message), "breve")
        draft = message.template_id.with_user(self.dunning_admin).copy(
            {"company_id": self.company.id, "pec_receipt": "sintetica"}
        )
        before = message.template_id.content_hash
        draft.action_publish()
        self.assertNotEqual(draft.content_hash, before, "an approval sees it")
        message.sudo()._guarded().write({"template_id": draft.id})
        self.assertEqual(channel._receipt_type(message), "sintetica")

    def test_too_big_is_refused_before_it_leaves(self):
        message = self.to_pec()
        module = "odoo.addons.creditbox_dunning.models.dunning_channel_pec"
        with patch(f"{module}.MAX_BYTES", 100):
            send = self.leave(message)
        send.assert_not_called()
        self.assertEqual(message.state, "failed")
        self.assertIn("30 MB", message.failure_reason)
        self.assertEqual(message.action_id.outcome, "pec_failed")

    def test_a_file_that_changed_does_not_leave(self):
        message = self.to_pec()
        message.sudo()._guarded().write({"raw_sha256": "0" * 64})
        with freeze_time(SENT_NOW), self.smtp() as send:
            channel = self.env["dunning.channel.pec"].sudo()
            channel._prepare(message, self.day(30))
            message.sudo()._guarded().write({"raw_sha256": "0" * 64})
            with self.assertRaises(ChannelRefused):
                channel._send(message, send)
        send.assert_not_called()

    def test_refused_login_stops_the_mailbox(self):
        message = self.to_pec()
        refusal = ProviderRefused("535 bad password")
        with (
            freeze_time(SENT_NOW),
            patch(
                "odoo.addons.creditbox_dunning.drivers.pec_mail.Smtp.open",
                side_effect=refusal,
            ) as opened,
        ):
            self.outbox._work(self.mailbox)
            self.outbox._work(self.mailbox)
        self.assertEqual(opened.call_count, 1, "trying again may lock it")
        self.assertEqual((message.state, self.mailbox.state), ("to_send", "stopped"))
        self.assertTrue(self.mailbox.pec_is_login_refused)
        self.assertIn("535", self.mailbox.stopped_reason)
        self.mailbox.with_user(self.dunning_admin).action_restart()
        self.assertFalse(self.mailbox.pec_is_login_refused)

    def test_a_connection_lost_after_the_text_is_a_doubt(self):
        message = self.to_pec()
        send = self.leave(message, side_effect=ChannelInDoubt("lost"))
        self.assertEqual(message.state, "uncertain")
        again = self.leave(message)
        again.assert_not_called()
        self.assertEqual(send.call_count, 1)
        # ... which its receipt resolves
        self.receive(self.receipt(message, "accettazione"))
        self.assertEqual(message.state, "accepted")

    def test_without_a_mailbox_it_stays_by_hand(self):
        self.mailbox.active = False
        message = self.to_pec()
        self.assertFalse(message.provider_id)
        self.outbox._cron_send()
        self.assertEqual(message.state, "to_send")


@tagged("post_install", "-at_install")
class TestPecReceipts(PecCommon):
    def _deliver(self, message):
        delivered = self.receive(
            self.receipt(message, "avvenuta-consegna", original=message.raw_id.raw)
        )
        self.assertEqual(delivered.state, "applied")
        told = (message.state, message.notified_date)
        self.assertEqual(told, ("delivered", self.day(30)))
        return delivered

    def test_gate_11_acceptance_proves_the_sending_delivery_the_notice(self):
        message = self.sent()
        action = message.action_id
        accepted = self.receive(self.receipt(message, "accettazione"))
        self.assertRecordValues(
            accepted,
            [
                {
                    "state": "applied",
                    "kind": "acceptance",
                    "communication_id": message.id,
                    "case_id": message.case_id.id,
                    "matched_by": "msgid",
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertEqual((message.state, action.state), ("accepted", "executing"))
        self.assertEqual(str(message.accepted_at), "2027-02-19 09:15:30")
        self.assertEqual(message.external_ref, f"opec.{message.id}@pec.gestore.example")
        self.assertRecordValues(
            action.notice_id,
            [
                {
                    "channel": "pec",
                    "kind": "default",
                    "is_formal_notice": True,
                    "sent_date": self.day(30),
                    "notified_date": False,
                }
            ],
        )
        delivered = self._deliver(message)
        self.assertRecordValues(
            action,
            [
                {
                    "state": "done",
                    "outcome": "delivered",
                    "executed_date": self.day(30),
                    "effective_date": self.day(30),
                    "channel_used": "pec",
                    # 15 days from the delivery
                    "pay_term": self.day(45),
                }
            ],
        )
        notice = action.notice_id
        self.assertRecordValues(
            notice,
            [{"notified_date": self.day(30), "pay_term": self.day(45)}],
        )
        told = accepted.raw_id | delivered.raw_id | message.raw_id
        self.assertLessEqual(told, notice.attachment_ids)
        # kept byte for byte, and nobody deletes them
        with self.assertRaises(UserError):
            delivered.raw_id.sudo().unlink()

    def test_the_day_is_the_one_in_italy(self):
        """Delivered at 00:30 of 1 July in Rome, which is 30 June in UTC."""
        message = self.sent()
        self.receive(
            self.receipt(message, "avvenuta-consegna", when=pec_golden.SUMMER),
            now="2027-07-01 08:00:00",
        )
        self.assertEqual(str(message.notified_date), "2027-07-01")
        self.assertEqual(str(message.delivered_at), "2027-06-30 22:30:00")

    def test_gate_11_out_of_order_and_doubled(self):
        message = self.sent()
        delivery = self.receipt(message, "avvenuta-consegna")
        acceptance = self.receipt(message, "accettazione")
        taken = self.receipt(message, "presa-in-carico")
        found = self.receive(delivery, acceptance, taken, delivery, acceptance)
        self.assertEqual(len(found), 3, "the same message twice is one")
        self.assertEqual(message.state, "delivered")
        self.assertTrue(message.accepted_at, "learned late")
        self.assertEqual(set(found.mapped("state")), {"applied", "noted"})
        count = len(message.event_ids)
        self.receive(delivery, acceptance)
        self.assertEqual(len(message.event_ids), count)
        self.assertEqual(len(message.action_id.notice_id), 1)

    def test_gate_13_wrong_address_goes_on_by_registered_letter(self):
        """PEC refused -> registered letter, with the reason; the address is dropped."""
        message = self.sent()
        case = message.case_id
        self.receive(
            self.receipt(message, "accettazione"),
            self.receipt(
                message,
                "errore-consegna",
                error="no-dest",
                error_text="5.1.1 indirizzo non valido",
            ),
        )
        self.assertRecordValues(
            message.action_id, [{"state": "failed", "outcome": "pec_failed"}]
        )
        self.assertIn("5.1.1", message.failure_reason)
        self.assertEqual(self.customer.dunning_pec_dead, pec_samples.CUSTOMER)
        self.assertEqual(self.customer.dunning_pec_dead_on, self.day(30))
        self.run_on(31)
        letter = case.action_ids.filtered(lambda a: a.rule_id.seq == 41)
        self.assertEqual((letter.channels, letter.state), ("ar", "executing"))
        # another case of the customer does not try it again
        point = self._create_point("IT001E99999999")
        contract = self._create_contract("CT9", self.customer, point)
        self.walk(31, 32)
        other = self.to_pec("B9", contract)
        self.assertEqual(other.channel, "ar")
        # ... until there is a new address
        self.customer.l10n_it_pec_email = "nuova@pec.cliente.example"
        self.assertEqual(
            self.customer._dunning_pec_for(case), "nuova@pec.cliente.example"
        )

    def test_full_mailbox(self):
        error = {"error": "altro", "error_text": "5.2.2 casella piena"}
        message = self.sent()
        self.receive(self.receipt(message, "errore-consegna", **error))
        self.assertEqual(message.state, "failed")
        self.assertFalse(self.customer.dunning_pec_dead, "it may be emptied")

    def test_full_mailbox_of_a_firm_may_count(self):
        error = {"error": "altro", "error_text": "5.2.2 casella piena"}
        self.mailbox.pec_full_counts = True
        self.customer.legal_form = "business"
        message = self.sent()
        self.receive(self.receipt(message, "errore-consegna", **error))
        self.assertEqual(message.state, "delivered")
        self.assertEqual(message.action_id.notice_id.notified_date, self.day(30))

    def test_refused_or_infected_tells_somebody_at_once(self):
        message = self.sent()
        self.receive(
            self.receipt(message, "non-accettazione", error="virus", error_text="EICAR")
        )
        self.assertEqual(message.state, "failed")
        activity = message.case_id.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertIn("EICAR", activity.summary)
        self.assertFalse(message.action_id.notice_id, "nothing left")

    def test_a_warning_waits(self):
        message = self.sent()
        self.receive(self.receipt(message, "accettazione"))
        self.receive(self.receipt(message, "preavviso-errore-consegna", error="altro"))
        self.assertEqual(message.state, "accepted")
        self.assertTrue(message.pec_warned_at)
        self.assertEqual(message.action_id.state, "executing")

    def test_ordinary_address(self):
        message = self.sent()
        self.receive(
            self.receipt(
                message,
                "accettazione",
                recipient=pec_samples.CUSTOMER,
                recipient_kind="esterno",
            )
        )
        self.assertEqual(message.state, "failed")
        self.assertEqual(message.action_id.outcome, "pec_failed")
        self.assertEqual(self.customer.dunning_pec_dead, pec_samples.CUSTOMER)

    def test_found_by_the_providers_number(self):
        message = self.sent()
        self.receive(self.receipt(message, "accettazione"))
        raw = self.receipt(message, "avvenuta-consegna", msgid=None)
        self.assertEqual(self.receive(raw).matched_by, "provider_ref")
        self.assertEqual(message.state, "delivered")

    def test_a_step_taken_back_keeps_its_proof(self):
        """Paid and closed meanwhile: the delivery is written down all the same."""
        message = self.sent()
        message.action_id._set_state("superseded")
        self.receive(self.receipt(message, "avvenuta-consegna"))
        self.assertEqual(message.state, "delivered")
        self.assertEqual(message.action_id.state, "superseded")
        self.assertEqual(message.action_id.notice_id.notified_date, self.day(30))

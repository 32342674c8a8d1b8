"""Gate 11: receipts of every kind, out of order, doubled, unknown; the mailbox never
stops. And gate 13: a PEC that is not delivered goes on by registered letter."""

from datetime import timedelta
from email import message_from_bytes
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tests.common import new_test_user
from odoo.tools import mute_logger

from odoo.addons.creditbox_dunning.formats import pec_receipt
from odoo.addons.creditbox_dunning.rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ProviderRefused,
)

from . import pec_golden, pec_samples
from .pec_common import LATER, SENT_NOW, PecCommon


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


@tagged("post_install", "-at_install")
class TestPecTray(PecCommon):
    def test_gate_11_every_golden_message_and_the_mailbox_goes_on(self):
        """All of them, known and unknown, whole and broken: each is kept, and the
        receipt that comes last still has its effect."""
        message = self.sent()
        golden = list(pec_golden.messages().values())
        last = self.receipt(message, "avvenuta-consegna")
        found = self.receive(*golden, last)
        self.assertEqual(message.state, "delivered")
        shas = set(found.mapped("sha256"))
        self.assertEqual(len(shas), len({*golden, last}), "none is lost")
        self.assertFalse(found.filtered(lambda m: m.state == "new"))
        tray = found.filtered(lambda m: m.state == "tray")
        self.assertEqual(len(tray), len(shas) - 1)
        for each in found:
            raw = each.raw_id.raw or b""
            self.assertEqual(raw in golden, raw != last)
        same = tray.filtered(lambda m: m.tray_reason == "same_id")
        self.assertTrue(same, "one id with several contents: all kept")

    def test_a_fault_of_ours_stops_no_other(self):
        message = self.sent()
        bad = self.receipt(message, "accettazione")
        good = self.receipt(message, "avvenuta-consegna")
        judged = pec_receipt.read

        def read(raw):
            if raw == bad:
                raise RuntimeError("a fault")
            return judged(raw)

        path = "odoo.addons.creditbox_dunning.formats.pec_receipt.read"
        with (
            patch(path, side_effect=read),
            mute_logger("odoo.addons.creditbox_dunning.models.dunning_pec_reading"),
            mute_logger("odoo.addons.creditbox_dunning.models.dunning_pec_effect"),
        ):
            found = self.receive(bad, good)
        self.assertEqual(found[0].state, "tray")
        self.assertEqual(found[0].raw_id.raw, bad)
        self.assertEqual(message.state, "delivered")
        # mended: judged again
        found[0].with_user(self.operator).action_judge_again()

    def test_what_the_database_does_not_take_is_kept_as_bytes(self):
        message = self.sent()
        bad = self.receipt(message, "accettazione")
        cls = type(self.mailbox)
        vals_of = cls._prepare_pec_vals

        def prepare(mailbox, received, *args):
            vals = vals_of(mailbox, received, *args)
            if received.kind == "acceptance":
                vals["subject"] = "\0"
            return vals

        log = "odoo.addons.creditbox_dunning.models.dunning_pec_reading"
        with patch.object(cls, "_prepare_pec_vals", prepare), mute_logger(log):
            found = self.receive(bad, self.receipt(message, "avvenuta-consegna"))
        self.assertEqual(found[0].kind, "unknown")
        self.assertEqual(found[0].raw_id.raw, bad)
        self.assertEqual(message.state, "delivered")

    def test_forged_receipt_does_nothing(self):
        message = self.sent()
        forged = self.receipt(message, "avvenuta-consegna")
        envelope = pec_samples.envelope(inner=forged, sender="m@pec.example")
        plain = self.receipt(message, "avvenuta-consegna", issuer="m@example.com")
        found = self.receive(envelope, plain)
        self.assertEqual(message.state, "sent")
        self.assertEqual(found.mapped("state"), ["tray", "tray"])

    def test_about_another_address(self):
        message = self.sent()
        raw = self.receipt(message, "avvenuta-consegna", recipient="x@pec.example")
        found = self.receive(raw)
        self.assertRecordValues(
            found, [{"state": "tray", "tray_reason": "other_recipient"}]
        )
        self.assertEqual(found.communication_id, message, "linked, not applied")

    def test_contradiction_alerts(self):
        message = self.sent()
        self.receive(self.receipt(message, "avvenuta-consegna"))
        found = self.receive(self.receipt(message, "errore-consegna"))
        self.assertEqual(found.tray_reason, "contradiction")
        self.assertEqual(message.state, "delivered")
        self.assertTrue(message.case_id.activity_ids)

    def test_another_mailboxs_receipt_is_not_ours(self):
        message = self.sent()
        other = self._create_mailbox(self.company, "altra@pec.fornitrice.example")
        found = self.receive(self.receipt(message, "accettazione"), mailbox=other)
        self.assertEqual(found.tray_reason, "unmatched")
        self.assertEqual(message.state, "sent")

    def test_an_answer_goes_to_the_case(self):
        message = self.sent()
        inner = pec_samples.reply("Ho <b>pagato</b>.", to=message.message_id)
        found = self.receive(pec_samples.envelope(inner=inner))
        self.assertRecordValues(
            found, [{"state": "answer", "case_id": message.case_id.id}]
        )
        case = message.case_id
        files = self.env["ir.attachment"].search(
            [("res_model", "=", "dunning.case"), ("res_id", "=", case.id)]
        )
        self.assertEqual(files.raw, found.raw_id.raw, "the envelope, whole")
        self.assertIn("&lt;b&gt;", case.activity_ids.note, "shown, not obeyed")
        self.assertIn("PEC", case.activity_ids.summary)

    def test_a_message_being_sent_is_judged_later(self):
        message = self.to_pec()
        message._move("sending")
        message.sudo()._guarded().write({"message_id": f"<dun.{message.key}@x>"})
        raw = self.receipt(message, "accettazione")
        found = self.receive(raw)
        self.assertEqual(found.state, "new")
        message._move("uncertain")
        self.receive()
        self.assertEqual((found.state, message.state), ("applied", "accepted"))

    # people

    def deal(self, messages, user=None, **vals):
        wizard = (
            self.env["dunning.pec.tray.wizard"]
            .with_user(user or self.operator)
            .with_context(active_ids=messages.ids)
            .create({"note": "Letto", **vals})
        )
        with freeze_time(LATER):
            return wizard.action_confirm()

    def test_a_person_says_what_it_is(self):
        message = self.sent()
        case = message.case_id
        news, doubtful = self.receive(
            pec_samples.ordinary(),
            self.receipt(message, "avvenuta-consegna", evidence=b""),
        )
        self.assertEqual(doubtful.tray_reason, "doubtful")
        self.deal(news, decision="nothing")
        self.assertRecordValues(
            news,
            [
                {
                    "state": "handled",
                    "handled_by": self.operator.id,
                    "handled_note": "Letto",
                }
            ],
        )
        with self.assertRaises(UserError):
            self.deal(doubtful, decision="message", communication_id=message.id)
        with self.assertRaises(UserError):
            self.deal(
                doubtful,
                decision="message",
                communication_id=message.id,
                result="delivered",
                day=self.day(31),
            )
        self.deal(
            doubtful,
            decision="message",
            communication_id=message.id,
            result="delivered",
            day=self.day(30),
        )
        self.assertEqual(message.state, "delivered")
        self.assertEqual(message.action_id.state, "done")
        self.assertIn(doubtful.raw_id, message.action_id.notice_id.attachment_ids)
        with self.assertRaises(UserError):
            self.deal(doubtful, decision="nothing")
        (mail,) = self.receive(pec_samples.ordinary("Altro", headers=["X: 1"]))
        self.assertEqual(mail.tray_reason, "same_id")
        self.deal(mail, decision="case", case_id=case.id)
        self.assertEqual((mail.case_id, mail.state), (case, "handled"))

    def test_what_was_received_is_nobodys_to_change(self):
        (found,) = self.receive(pec_samples.ordinary())
        for user in (
            self.operator,
            self.dunning_admin,
            self.env.ref("base.user_admin"),
        ):
            with self.assertRaises(AccessError):
                found.with_user(user).write({"state": "handled"})
            with self.assertRaises(AccessError):
                found.with_user(user).create({"provider_id": self.mailbox.id})
        with self.assertRaises(AccessError):
            found.sudo().write({"tray_reason": False})
        with self.assertRaises(UserError):
            found.sudo().unlink()
        clerk = new_test_user(
            self.env,
            login="pec_clerk",
            groups="account.group_account_invoice",
            company_id=self.company.id,
        )
        with self.assertRaises(AccessError):
            found.with_user(clerk).action_judge_again()

    def test_the_mailbox_is_the_administrators(self):
        for method in ("action_pec_test", "action_pec_read"):
            with self.assertRaises(AccessError):
                getattr(self.mailbox.with_user(self.operator), method)()
        self.assertTrue(self.mailbox.with_user(self.dunning_admin).action_pec_read())
        self.mailbox.pec_login = False
        with self.assertRaises(UserError):
            self.mailbox.with_user(self.dunning_admin).action_pec_test()

    def test_the_password_is_the_administrators(self):
        with self.assertRaises(AccessError):
            self.mailbox.with_user(self.operator).read(["pec_password"])
        copied = self.mailbox.copy()
        self.assertFalse(copied.pec_password)

    def test_no_open_connection_to_another_machine(self):
        for name in ("smtp", "imap"):
            with self.assertRaises(ValidationError):
                self.mailbox.write({f"pec_{name}_host": "pec.example.com"})


@tagged("post_install", "-at_install")
class TestPecCompanies(PecCommon):
    def test_a_shared_mailbox_tells_each_company_its_own(self):
        head = self.env["res.company"].create({"name": "Holding"})
        self.env.user.company_ids = [Command.link(head.id)]
        group = self.env["utility.group"].create(
            {
                "name": "G",
                "head_company_id": head.id,
                "member_ids": [Command.set((head | self.company).ids)],
            }
        )
        self.mailbox.active = False
        shared = self._create_mailbox(head, "gruppo@pec.example", group_id=group.id)
        message = self.to_pec()
        self.assertEqual(message.provider_id, shared)
        with freeze_time(SENT_NOW), self.smtp():
            self.outbox._work(shared)
        receipt = self.receipt(message, "accettazione", sender="gruppo@pec.example")
        mine, other = self.receive(receipt, pec_samples.ordinary(), mailbox=shared)
        self.assertEqual(mine.company_id, self.company)
        self.assertEqual(other.company_id, head)
        seen = self.env["dunning.pec.message"].with_user(self.operator).search([])
        self.assertEqual(seen, mine)


@tagged("post_install", "-at_install")
class TestPecSilence(PecCommon):
    def watch(self, hours):
        with freeze_time(SENT_NOW):
            now = self.env.cr.now().replace(tzinfo=None)
        message_time = (
            self.env["dunning.communication"]
            .search([("provider_id", "=", self.mailbox.id)], limit=1)
            .sent_at
        )
        now = message_time + timedelta(hours=hours)
        with freeze_time(now):
            self.mailbox.sudo()._pec_watch(now)

    def test_alerts_at_24_and_48_hours(self):
        message = self.sent()
        self.watch(24)
        self.assertFalse(message.pec_silence)
        self.watch(25)
        self.assertEqual(message.pec_silence, "no_acceptance")
        self.assertEqual(len(self.mailbox.activity_ids), 1)
        self.watch(49)
        self.assertEqual(message.pec_silence, "no_delivery")
        self.assertEqual(len(self.mailbox.activity_ids), 1, "told once")
        found = self.env["dunning.worklist"].with_user(self.operator).get_today()
        counts = {one["key"]: one["count"] for one in found["lists"]}
        self.assertEqual(counts["pec_silence"], 1)
        self.receive(
            self.receipt(message, "avvenuta-consegna"), now="2027-02-23 08:00:00"
        )
        self.watch(50)
        self.assertFalse(message.pec_silence)


@tagged("post_install", "-at_install")
class TestPecSources(PecCommon):
    def test_an_address_counts_by_its_source_and_service(self):
        """INAD does not count for electricity: the customer must have given it."""
        message = self.to_pec()
        case = message.case_id
        self.assertEqual(case.service, "electricity")
        missing = self.env["dunning.facts"]._missing_for(self.company)
        for source, electricity, water in (
            (False, None, None),
            ("customer", None, None),
            ("inipec", None, None),
            ("ipa", None, None),
            ("inad", "pec_source", None),
        ):
            self.customer.pec_source = source
            found = missing(self.customer, "electricity").get("pec")
            self.assertEqual(found, electricity, source)
            self.assertEqual(missing(self.customer, "water").get("pec"), water, source)
        self.assertEqual(self.customer._dunning_pec_for(case), "")
        # what waited does not leave by it
        send = self.leave(message)
        send.assert_not_called()
        self.assertEqual(message.state, "failed")

"""The tray of received PEC, shared mailboxes, silence and sources of addresses."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tests.common import new_test_user
from odoo.tools import mute_logger

from odoo.addons.creditbox_dunning.formats import pec_receipt

from . import pec_golden, pec_samples
from .pec_common import LATER, SENT_NOW, PecCommon


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

        logs = "odoo.addons.creditbox_dunning.models.dunning_pec_reading", "odoo.sql_db"
        with patch.object(cls, "_prepare_pec_vals", prepare), mute_logger(*logs):
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

"""Text messages: a gateway described by data, Odoo's own, a driver of somebody else."""

import hashlib
import hmac
import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from ..rules.outbox import ChannelRefused
from .http_stub import Gateway
from .outbox_common import OutboxCommon

SECRET = "known to both"


class SmsCommon(OutboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.dunning_mobile = "333 1234567"
        cls.customer.country_id = cls.env.ref("base.it")

    def gateway_provider(self, **vals):
        return self.providers.create(
            {
                "name": "Gateway",
                "kind": "sms",
                "company_id": self.company.id,
                "sms_driver": "http",
                "sms_url": "https://gateway.example.com/send",
                "sms_secret": "token",
                "sms_sender": "Acquedotto",
                "sms_answer_cost": "price",
                "sms_report_secret": SECRET,
                "hour_from": 0,
                "hour_to": 24,
                "sunday": True,
                "is_closed_on_holidays": False,
                **vals,
            }
        )

    @contextmanager
    def texts_leave(self, provider):
        with Gateway() as gateway:
            provider.sms_url = gateway.url
            yield gateway

    def text(self, ref="S1", day=3):
        """The text message of the first row, waiting to leave."""
        bill = self.overdue(ref)
        self.run_on(day)
        return self.case_of(bill).communication_ids.filtered(
            lambda m: m.channel == "sms"
        )


@tagged("post_install", "-at_install")
class TestHttpGateway(SmsCommon):
    def setUp(self):
        super().setUp()
        self.provider = self.gateway_provider()

    def test_it_leaves_once_with_its_proof(self):
        message = self.text()
        self.assertEqual(message.address, "+393331234567")
        with self.texts_leave(self.provider) as gateway:
            self.send(self.provider)
            self.send(self.provider)
        ((headers, body),) = gateway.received
        told = json.loads(body)
        self.assertEqual(told["to"], "+393331234567")
        self.assertEqual(told["from"], "Acquedotto")
        self.assertEqual(headers["Authorization"], "Bearer token")
        self.assertRecordValues(
            message, [{"state": "sent", "external_ref": "G1", "cost": 0.045}]
        )
        kept = json.loads(message.raw_id.raw)
        self.assertEqual(kept["text"], told["text"])
        self.assertEqual(
            message.raw_sha256, hashlib.sha256(message.raw_id.raw).hexdigest()
        )

    def test_text_tells_nobody_of_the_debt(self):
        self.company.phone = "02 123456"
        text = self.text().body
        for word in ("100", "bollett", "debit", "scadut", "insolut", "S1"):
            self.assertNotIn(word, text.lower())
        self.assertIn("02 123456", text)

    def test_faults(self):
        cases = (
            ((400, {"error": "bad number"}), "failed"),
            ("drop", "uncertain"),
            ((500, {}), "uncertain"),
            ((429, {}), "to_send"),
        )
        for number, (answer, state) in enumerate(cases):
            contract = self._create_contract(f"CTS{number}", self.customer)
            bill = self.overdue(f"S{number}", contract)
            self.run_on(3)
            message = self.case_of(bill).communication_ids
            with self.texts_leave(self.provider) as gateway:
                gateway.answers = [answer]
                self.send(self.provider)
            with self.subTest(answer=answer):
                self.assertEqual(message.state, state)
                self.assertEqual(len(gateway.received), 1)

    def test_long_text_costs_its_parts(self):
        """The gateway tells no price: that of the list, for each part of the text."""
        self.env["dunning.channel.cost"].create(
            {"company_id": self.company.id, "channel": "sms", "cost": 0.05}
        )
        message = self.text()
        message.sudo()._guarded().write({"body": "a" * 161})
        with self.texts_leave(self.provider) as gateway:
            gateway.answers = [(200, {"id": "G1"})]
            self.send(self.provider)
        self.assertEqual(message.cost, 0.1)

    def test_silence_is_shown_after_72_hours(self):
        message = self.text()
        with self.texts_leave(self.provider):
            self.send(self.provider)
        outbox, sent = self.env["dunning.outbox"].sudo(), message.sent_at
        outbox._note_sms_silence(sent + timedelta(hours=72))
        self.assertFalse(message.pec_silence)
        self.provider.sms_report_hours = 0
        outbox._note_sms_silence(sent + timedelta(hours=73))
        self.assertFalse(message.pec_silence, "this gateway sends no reports")
        self.provider.sms_report_hours = 72
        outbox._note_sms_silence(sent + timedelta(hours=73))
        self.assertEqual((message.state, message.pec_silence), ("sent", "no_report"))
        lists = self.env["dunning.worklist"].with_user(self.operator).get_today()
        counts = {one["key"]: one["count"] for one in lists["lists"]}
        self.assertEqual(counts["pec_silence"], 1)
        message._move("delivered", "late, but there")
        lists = self.env["dunning.worklist"].with_user(self.operator).get_today()
        counts = {one["key"]: one["count"] for one in lists["lists"]}
        self.assertFalse(counts.get("pec_silence"))

    def test_no_credit_stops_it(self):
        message = self.text()
        with self.texts_leave(self.provider) as gateway:
            gateway.answers = [(402, {"error": "no credit"})]
            self.send(self.provider)
        self.assertEqual((message.state, message.attempts), ("to_send", 0))
        self.assertEqual(self.provider.state, "stopped")
        self.assertIn("no credit", self.provider.stopped_reason)

    def test_gateway_that_is_not_there(self):
        message = self.text()
        with self.texts_leave(self.provider):
            pass
        self.send(self.provider)
        self.assertEqual(message.state, "to_send")
        self.assertTrue(self.provider.paused_until)

    def test_default_hours_are_lawful(self):
        provider = self.providers.create({"name": "S", "kind": "sms"})
        self.assertEqual((provider.hour_from, provider.hour_to), (9, 20))
        self.assertFalse(provider.sunday)

    def test_description_is_checked(self):
        for vals in (
            {"sms_url": "ftp://x"},
            {"sms_body": "{"},
            {"sms_body": '{"x": "{iban}"}'},
            {"sms_sender": "Acqua & C"},
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.provider.write(vals)

    def test_secrets_are_the_administrators(self):
        provider = self.provider.with_user(self.operator)
        for name in ("sms_secret", "sms_report_secret", "sms_report_token"):
            with self.assertRaises(AccessError):
                provider.read([name])

    def test_gate_40_one_step_sends_mail_and_text(self):
        """Gate 40: one step sends an e-mail and a text message; twelve bills make one
        message of each."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE dunning_action_rule SET channel = 'sms+email'"
            " WHERE table_id = %s AND seq = 10",
            [self.table.id],
        )
        self.env.invalidate_all()
        bills = [self.overdue(f"T{number}", amount=20) for number in range(12)]
        self.run_on(3)
        messages = self.case_of(bills[0]).communication_ids
        self.assertEqual(sorted(messages.mapped("channel")), ["email", "sms"])
        mail = messages.filtered(lambda m: m.channel == "email")
        for bill in bills:
            self.assertIn(bill.ref or bill.name, mail.body)
        with self.texts_leave(self.provider) as gateway:
            self.send(self.provider)
        with self.mail_leaves() as server:
            self.send()
        self.assertEqual((len(gateway.received), len(server.received)), (1, 1))

    def test_one_of_two_fails_the_step_is_done_all_the_same(self):
        self.test_gate_40_one_step_sends_mail_and_text()
        messages = self.env["dunning.communication"].search(
            [("provider_id", "in", (self.provider | self.mailer).ids)]
        )
        text = messages.filtered(lambda m: m.channel == "sms")
        text._hear("failed", "absent")
        self.assertEqual(text.state, "failed")
        self.assertEqual(text.action_id.state, "done")


@tagged("post_install", "-at_install")
class TestOdooSms(SmsCommon):
    def test_odoos_own_service(self):
        provider = self.providers.create(
            {
                "name": "IAP",
                "kind": "sms",
                "company_id": self.company.id,
                "hour_from": 0,
                "hour_to": 24,
                "sunday": True,
                "is_closed_on_holidays": False,
            }
        )
        message = self.text()
        asked = []

        def answer(api, messages, delivery_reports_url=False):
            asked.extend(messages)
            number = messages[0]["numbers"][0]
            return [{"uuid": number["uuid"], "state": "success", "credit": 0.06}]

        with patch.object(SmsApi, "_send_sms_batch", answer):
            self.send(provider)
            self.send(provider)
        self.assertEqual(len(asked), 1)
        self.assertRecordValues(message, [{"state": "sent", "cost": 0.06}])
        # as Odoo's controller does with a delivery report
        tracker = self.env["sms.tracker"].search(
            [("sms_uuid", "=", message.external_ref)]
        )
        tracker._action_update_from_sms_state("sent")
        self.assertEqual(message.state, "delivered")


@tagged("post_install", "-at_install")
class TestThirdPartyDriver(SmsCommon):
    def test_gate_51_somebody_elses_driver(self):
        """Gate 51: a driver that our code does not know, added from outside."""
        channel = type(self.env["dunning.channel.sms"])
        field = type(self.providers)._fields["sms_driver"]
        sent = []

        def fake(records, provider, told):
            if told["to"].endswith("9"):
                raise ChannelRefused("not this one")
            sent.append(told)
            return {"external_ref": f"F{len(sent)}", "cost": 0.01}

        choices = [*field.selection, ("fake", "Fake")]
        with (
            patch.object(channel, "_send_by_fake", fake, create=True),
            patch.object(field, "selection", choices),
            patch.object(field, "_selection", dict(choices)),
        ):
            provider = self.gateway_provider(sms_driver="fake")
            message = self.text()
            self.send(provider)
            self.customer.dunning_mobile = "333 1234569"
            contract = self._create_contract("CT9", self.customer)
            bill = self.overdue("S9", contract)
            self.run_on(3)
            other = self.case_of(bill).communication_ids
            self.send(provider)
        self.assertRecordValues(
            message, [{"state": "sent", "external_ref": "F1", "cost": 0.01}]
        )
        self.assertEqual(other.state, "failed")
        self.assertEqual(len(sent), 1)


@tagged("post_install", "-at_install")
class TestReports(SmsCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.provider = self.gateway_provider()
        self.message = self.text()
        with self.texts_leave(self.provider):
            self.send(self.provider)
        token = self.provider.sms_report_token
        self.address = f"/creditbox/sms/{token}"

    def tell(self, told, secret=SECRET, address=None):
        data = json.dumps(told).encode()
        signature = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
        answer = self.url_open(
            address or self.address, data=data, headers={"X-Signature": signature}
        )
        self.env.invalidate_all()
        return answer.status_code

    def test_delivered_told_twice(self):
        for _time in range(2):
            self.assertEqual(self.tell({"id": "G1", "status": "delivered"}), 200)
        self.assertEqual(self.message.state, "delivered")
        heard = self.message.event_ids.filtered(lambda e: e.state_to == "delivered")
        self.assertEqual(len(heard), 1)

    def test_not_delivered_goes_on_by_the_table(self):
        self.tell({"id": "G1", "status": "undelivered", "error": "absent"})
        self.assertEqual(self.message.state, "failed")
        self.assertEqual(self.message.action_id.state, "failed")
        self.run_on(7)
        mails = self.message.case_id.communication_ids - self.message
        self.assertEqual(mails.mapped("channel"), ["email"])

    def test_strangers_are_refused(self):
        told = {"id": "G1", "status": "delivered"}
        self.assertEqual(self.tell(told, secret="guess"), 403)
        self.assertEqual(self.tell(told, address="/creditbox/sms/" + "x" * 32), 404)
        self.assertEqual(self.tell({"id": "G99", "status": "delivered"}), 404)
        self.assertEqual(self.message.state, "sent")
        self.provider.sms_report_secret = False
        self.assertEqual(self.tell(told, secret=""), 403)

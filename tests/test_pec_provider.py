"""PEC by real servers on loopback: SMTP, IMAP, receipts of every kind, faults.

The provider is ours (tests/pec): its books are compared with those of Odoo.
"""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.creditbox_dunning.drivers import pec_mail
from odoo.addons.creditbox_dunning.rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ChannelTemporary,
    ProviderRefused,
)
from odoo.addons.creditbox_dunning.tests.common import DunningCommon

from .pec import provider as scripts
from .pec.provider import Provider
from .pec.samples import pec_samples

MAILBOX = "recupero@pec.fornitrice.example"
LOGIN, PASSWORD = "M0123456", "segreta"
READING = "odoo.addons.creditbox_dunning.models.dunning_pec_reading"


class ProviderCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outbox = cls.env["dunning.outbox"].sudo()
        cls.mailbox = cls.env["dunning.service.provider"].create(
            {
                "name": "PEC",
                "kind": "pec",
                "company_id": cls.company.id,
                "pec_address": MAILBOX,
                "pec_login": LOGIN,
                "pec_password": PASSWORD,
                "pec_smtp_host": "127.0.0.1",
                "pec_smtp_security": "none",
                "pec_imap_host": "127.0.0.1",
                "pec_imap_security": "none",
                "pec_read_from": fields.Date.today() - timedelta(days=1),
            }
        )

    def setUp(self):
        super().setUp()
        self.provider = Provider({LOGIN: (PASSWORD, MAILBOX)}).start()
        self.addCleanup(self.provider.stop)
        self.mailbox.pec_smtp_port = self.provider.smtp_port
        self.mailbox.pec_imap_port = self.provider.imap_port

    def server(self, name="smtp", **values):
        values = {
            "host": "127.0.0.1",
            "port": getattr(self.provider, f"{name}_port"),
            "login": LOGIN,
            "password": PASSWORD,
            "security": "none",
            "timeout": 1,
            **values,
        }
        return pec_mail.Server(**values)


@tagged("standard", "post_install", "-at_install")
class TestDrivers(ProviderCommon):
    """What each fault means: it surely did not leave, or nobody knows."""

    def mail(self, number=1, to="a@pec.example", more=""):
        text = (
            f"Message-ID: <m{number}@x>\r\nFrom: {MAILBOX}\r\nTo: {to}\r\n"
            f"Subject: s\r\n{more}\r\n.dot\r\n..two\r\n"
        )
        return text.encode()

    def test_the_bytes_arrive_as_they_are(self):
        smtp = pec_mail.Smtp(self.server()).open()
        self.addCleanup(smtp.close)
        smtp.send(MAILBOX, "a@pec.example", self.mail())
        self.assertEqual(self.provider.mails, [self.mail()])

    def test_faults(self):
        smtp = pec_mail.Smtp(self.server()).open()
        self.addCleanup(smtp.close)
        for fault, error, is_there in (
            (scripts.DROP_BEFORE_DATA, ChannelTemporary, False),
            (scripts.BUSY, ChannelTemporary, False),
            (scripts.REFUSED, ChannelRefused, False),
            (scripts.DROP_AFTER_DATA, ChannelInDoubt, True),
            (scripts.SLOW, ChannelInDoubt, None),
        ):
            before = len(self.provider.taken)
            self.provider.faults = [fault]
            with self.assertRaises(error, msg=fault):
                smtp.send(MAILBOX, "a@pec.example", self.mail(fault))
            if is_there is not None:
                found = len(self.provider.taken) - before
                self.assertEqual(found, int(is_there), fault)
        # the next one opens the connection again
        smtp.send(MAILBOX, "a@pec.example", self.mail("last"))
        self.assertEqual(self.provider.taken[-1], "<mlast@x>")

    def test_login_refused(self):
        with self.assertRaises(ProviderRefused):
            pec_mail.Smtp(self.server(password="x")).open()
        with self.assertRaises(ProviderRefused):
            with pec_mail.Imap(self.server("imap", password="x")):
                pass

    def test_nobody_there(self):
        gone = Provider({}).start()
        gone.stop()
        with self.assertRaises(ChannelTemporary) as caught:
            pec_mail.Smtp(self.server(port=gone.smtp_port)).open()
        self.assertTrue(caught.exception.is_provider)
        with self.assertRaises(ChannelTemporary):
            with pec_mail.Imap(self.server("imap", port=gone.imap_port)):
                pass

    def test_imap_faults(self):
        self.provider.boxes[MAILBOX].append(pec_samples.ordinary())
        for fault, error in (("busy", ChannelTemporary), ("drop", ChannelTemporary)):
            self.provider.imap.faults = [fault]
            with self.assertRaises(error):
                with pec_mail.Imap(self.server("imap")) as box:
                    box.fetch(1)

    def test_the_password_never_travels_open_to_another_machine(self):
        with self.assertRaises(ProviderRefused):
            pec_mail.Smtp(self.server(host="192.0.2.1")).open()
        self.assertNotIn(PASSWORD, repr(self.server()))

    def test_the_access_point_refuses_what_the_rules_forbid(self):
        """The simulator is strict, so that our messages are seen to be right."""
        smtp = pec_mail.Smtp(self.server()).open()
        self.addCleanup(smtp.close)
        smtp.send(MAILBOX, "a@pec.example", self.mail(1, more="Bcc: b@pec.example\r\n"))
        smtp.send(MAILBOX, "a@pec.example", self.mail(2, to="other@pec.example"))
        box = self.provider.boxes[MAILBOX]
        for _uid, data, _when in box.messages:
            self.assertIn(b"X-Ricevuta: non-accettazione", data)
        self.assertEqual(len(box.messages), 2)


@tagged("standard", "post_install", "-at_install")
class TestThroughTheProvider(ProviderCommon):
    """A notice of default to each of several customers, through real servers."""

    def to_pec(self, number, script):
        address = f"cliente{number}@pec.cliente.example"
        self.provider.scripts[address] = script
        customer = self.env["res.partner"].create(
            {
                "name": f"Cliente {number}",
                "company_id": self.company.id,
                "l10n_it_pec_email": address,
                "street": "Via Roma 1",
                "city": "Roma",
                "zip": "00100",
            }
        )
        point = self._create_point(f"IT001E{number:08d}")
        contract = self._create_contract(f"PEC{number}", customer, point)
        return self.overdue(f"P{number}", contract)

    def messages(self, bills):
        for day in (7, 15, 30):
            self.run_on(day)
        actions = bills.line_ids.dunning_case_id.action_ids
        return actions.filtered(lambda a: a.op == "default").communication_ids

    def through(self, *ways, first=1):
        """[message for each of ``ways``], sent and answered."""
        bills = self.env["account.move"]
        for number, script in enumerate(ways, first):
            bills |= self.to_pec(number, script)
        messages = self.messages(bills)
        self.assertEqual(set(messages.mapped("provider_id")), {self.mailbox})
        self.outbox._work(self.mailbox)
        self.mailbox.sudo()._pec_read()
        by_address = {message.address: message for message in messages}
        return [
            by_address[f"cliente{number}@pec.cliente.example"]
            for number in range(first, first + len(ways))
        ]

    def test_gate_11_every_script(self):
        ways = {
            scripts.DELIVER: "delivered",
            scripts.NO_MAILBOX: "failed",
            scripts.FULL: "failed",
            scripts.WARN_DELIVER: "delivered",
            scripts.WARN_FAIL: "failed",
            scripts.REFUSE: "failed",
            scripts.VIRUS: "failed",
            scripts.SILENT: "sent",
            scripts.ACCEPT_ONLY: "accepted",
            scripts.EXTERNAL: "failed",
            scripts.REPLY: "delivered",
        }
        found = self.through(*ways)
        states = {way: one.state for way, one in zip(ways, found, strict=True)}
        self.assertEqual(states, ways)
        # each left once, and what the provider has is what we kept
        self.assertEqual(len(self.provider.taken), len(ways))
        ours = {message.message_id: message.raw_id.raw for message in found}
        theirs = dict(zip(self.provider.taken, self.provider.mails, strict=True))
        self.assertEqual(ours, theirs)
        box = self.provider.boxes[MAILBOX]
        received = self.env["dunning.pec.message"].search(
            [("provider_id", "=", self.mailbox.id)]
        )
        self.assertEqual(len(received), len(box.messages))
        self.assertFalse(received.filtered(lambda m: m.state in ("new", "tray")))
        answer = received.filtered(lambda m: m.state == "answer")
        self.assertEqual(answer.case_id, found[-1].case_id)
        # read again: nothing new, nothing changes
        events = self.env["dunning.communication.event"].search_count([])
        self.mailbox.sudo()._pec_read()
        self.assertEqual(
            self.env["dunning.communication.event"].search_count([]), events
        )

    def test_gate_11_out_of_order_doubled_and_renumbered(self):
        for number, mischief in enumerate(("reverse", "double"), 1):
            self.provider.mischief = mischief
            (message,) = self.through(scripts.DELIVER, first=number)
            self.assertEqual(message.state, "delivered", mischief)
        count = self.env["dunning.pec.message"].search_count([])
        # another UIDVALIDITY: everything is read again, nothing is stored twice
        self.provider.boxes[MAILBOX].renumber()
        self.mailbox.sudo()._pec_read()
        self.assertEqual(self.env["dunning.pec.message"].search_count([]), count)
        validity = str(self.provider.boxes[MAILBOX].uidvalidity)
        self.assertEqual(self.mailbox.pec_uidvalidity, validity)

    def test_gate_11_rubbish_in_the_mailbox(self):
        box = self.provider.boxes[MAILBOX]
        rubbish = [b"", b"\0\xff" * 500, pec_samples.ordinary(), b"X-Ricevuta: boh\r\n"]
        for data in rubbish:
            box.append(data)
        (message,) = self.through(scripts.DELIVER)
        self.assertEqual(message.state, "delivered")
        received = self.env["dunning.pec.message"].search(
            [("provider_id", "=", self.mailbox.id), ("state", "=", "tray")]
        )
        self.assertEqual(
            sorted(one.raw_id.raw or b"" for one in received), sorted(rubbish)
        )

    def test_lost_after_data_is_resolved_by_its_receipt(self):
        """Gate 9 by PEC: it left once, and nobody sends it again."""
        self.provider.faults = [scripts.DROP_AFTER_DATA]
        bill = self.to_pec(1, scripts.DELIVER)
        message = self.messages(bill)
        self.outbox._work(self.mailbox)
        self.assertEqual(message.state, "uncertain")
        self.outbox._work(self.mailbox)
        self.mailbox.sudo()._pec_read()
        self.assertEqual(message.state, "delivered")
        self.assertEqual(self.provider.taken, [message.message_id])

    def test_refused_login_is_tried_once(self):
        self.provider.imap.faults = ["login"]
        with mute_logger(READING):
            self.env["dunning.service.provider"]._cron_pec_read()
            self.env["dunning.service.provider"]._cron_pec_read()
        self.assertEqual(self.provider.imap.logins, 1)
        self.assertEqual(self.mailbox.state, "stopped")
        self.mailbox.action_restart()
        self.env["dunning.service.provider"]._cron_pec_read()
        self.assertEqual(self.provider.imap.logins, 2)
        self.assertFalse(self.mailbox.pec_read_error)

    def test_a_connection_lost_while_reading_goes_on_next_time(self):
        box = self.provider.boxes[MAILBOX]
        for number in range(3):
            box.append(pec_samples.ordinary(headers=[f"X-N: {number}"]))
        self.provider.imap.faults = ["drop"]
        with mute_logger(READING):
            self.mailbox.sudo()._pec_read()
        self.assertTrue(self.mailbox.pec_read_error)
        self.assertEqual(self.mailbox.state, "running")
        self.mailbox.sudo()._pec_read()
        self.assertFalse(self.mailbox.pec_read_error)
        received = self.env["dunning.pec.message"].search_count(
            [("provider_id", "=", self.mailbox.id)]
        )
        self.assertEqual(received, 3)

    def test_try_the_mailbox(self):
        self.assertEqual(self.mailbox.action_pec_test()["params"]["type"], "success")

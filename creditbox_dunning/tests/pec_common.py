"""A company with a PEC mailbox, a customer with a PEC, and no network."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import freeze_time

from odoo.addons.creditbox_dunning.drivers import pec_mail

from . import pec_samples
from .test_execution import ExecutionCommon

# the notice of default leaves on 19 February 2027 (samples: 10:15 in Rome)
SENT_NOW = "2027-02-19 09:00:00"
LATER = "2027-02-19 12:00:00"


class PecCommon(ExecutionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.l10n_it_pec_email = pec_samples.CUSTOMER
        cls.mailbox = cls._create_mailbox(cls.company)
        cls.outbox = cls.env["dunning.outbox"].sudo()

    @classmethod
    def _create_mailbox(cls, company, address=pec_samples.MAILBOX, **vals):
        return cls.env["dunning.service.provider"].create(
            {
                "name": "PEC",
                "kind": "pec",
                "company_id": company.id,
                "pec_address": address,
                "pec_login": address,
                "pec_password": "secret",
                "pec_smtp_host": "127.0.0.1",
                "pec_smtp_security": "none",
                "pec_imap_host": "127.0.0.1",
                "pec_imap_security": "none",
                "pec_read_from": "2027-01-01",
                **vals,
            }
        )

    def to_pec(self, ref="B1", contract=None):
        """The message of a notice of default that waits to leave by PEC."""
        bill = self.overdue(ref, contract)
        self.walk(7, 15, 30)
        action = self.case_of(bill).action_ids.filtered(lambda a: a.op == "default")
        return action.communication_ids

    @contextmanager
    def smtp(self, **behaviour):
        """The server replaced: ``send`` is a mock, ``side_effect`` its answer."""
        with (
            patch.object(pec_mail.Smtp, "open", lambda smtp: smtp),
            patch.object(pec_mail.Smtp, "close"),
            patch.object(pec_mail.Smtp, "send", **behaviour) as send,
        ):
            yield send

    def leave(self, message, now=SENT_NOW, **behaviour):
        """The sender works once."""
        with freeze_time(now), self.smtp(**behaviour) as send:
            self.outbox._work(self.mailbox)
        return send

    def sent(self, ref="B1"):
        message = self.to_pec(ref)
        self.leave(message)
        return message

    def receipt(self, message, kind, **facts):
        facts.setdefault("msgid", message.message_id)
        facts.setdefault("ref", f"opec.{message.id}@pec.gestore.example")
        return pec_samples.receipt(kind, **facts)

    def receive(self, *raws, now=LATER, mailbox=None):
        """The mailbox has these messages and is read."""
        mailbox = mailbox or self.mailbox
        with freeze_time(now):
            stored = [mailbox.sudo()._pec_store(raw) for raw in raws]
            mailbox.sudo()._pec_judge_waiting()
        return self.env["dunning.pec.message"].union(*stored)

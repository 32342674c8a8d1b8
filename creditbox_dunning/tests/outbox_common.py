"""What the tests of the outbox share: a mail server on the loopback interface."""

from contextlib import contextmanager
from unittest.mock import patch

from .common import DunningCommon
from .smtp_server import SmtpServer

SERVER = "odoo.addons.base.models.ir_mail_server.IrMail_Server"


class OutboxCommon(DunningCommon):
    """`mail_leaves()` opens the server and lets Odoo speak to it; `send()` is the
    outbox's work for the company's e-mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outbox = cls.env["dunning.outbox"].sudo()
        cls.providers = cls.env["dunning.service.provider"].sudo()
        cls.mailer = cls.providers._for("email", cls.company)

    @contextmanager
    def mail_leaves(self):
        with (
            SmtpServer() as server,
            patch(f"{SERVER}._disable_send", return_value=False),
        ):
            self.mailer.mail_server_id = self.env["ir.mail_server"].create(
                {
                    "name": "Loopback",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": server.port,
                    "smtp_encryption": "none",
                }
            )
            yield server

    def send(self, provider=None):
        """The outbox's work; cached values are read again."""
        self.outbox._work(provider or self.mailer)
        self.env.invalidate_all()

    def reminders(self, count=1, prefix="M"):
        """``count`` e-mails to as many customers, waiting to leave."""
        bills = []
        for number in range(count):
            code = f"{prefix}{number}"
            customer = self._create_customer(code, email=f"{code.lower()}@example.com")
            bills.append(
                self.overdue(code, self._create_contract(f"CT{code}", customer))
            )
        self.run_on(7)
        cases = self.env["dunning.case"].union(*(self.case_of(bill) for bill in bills))
        return cases.communication_ids.filtered(lambda m: m.channel == "email").sorted(
            "id"
        )

    def pull_forward(self, messages):
        """Their next try is due."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE dunning_communication SET next_try = NULL WHERE id = ANY(%s)",
            [messages.ids],
        )
        self.env.cr.execute(
            "UPDATE dunning_service_provider SET paused_until = NULL"
            " WHERE id = ANY(%s)",
            [messages.provider_id.ids],
        )
        self.env.invalidate_all()

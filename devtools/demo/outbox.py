"""The post of the demonstration: what the program sends really leaves, to a mail server
of this process that keeps it. Nothing goes any further."""

import contextlib
import importlib.util
from email import message_from_bytes

from freezegun import freeze_time

from ..places import ROOT
from .check import Line

SERVER = ROOT / "creditbox_dunning" / "tests" / "smtp_server.py"


def _smtp_server():
    """The mail server of the tests, by its path: its package is Odoo's."""
    spec = importlib.util.spec_from_file_location("demo_smtp_server", SERVER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Post:
    """`deliver` is the scheduled action of a night; ``received`` what came out."""

    def __init__(self, demo):
        self.demo = demo
        self.module = _smtp_server()
        self.stack = contextlib.ExitStack()
        self.server = self.stack.enter_context(self.module.SmtpServer())
        self.received = self.server.received
        env = demo.env
        ours = env["ir.mail_server"].create(
            {
                "name": "Posta della dimostrazione (questo computer)",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.server.port,
                "smtp_encryption": "none",
            }
        )
        companies = env["res.company"].concat(*demo.companies.values())
        providers = env["dunning.service.provider"].search(
            [("kind", "=", "email"), ("company_id", "in", companies.ids)]
        )
        providers.action_restart()
        providers.mail_server_id = ours
        env.cr.commit()

    def deliver(self, day):
        """What waits leaves on the morning of ``day``.

        Once the line breaks after the text of a message, so that it shows what a person
        has to look at.
        """
        env = self.demo.env
        waiting = env["dunning.communication"].search(
            [("state", "=", "to_send"), ("channel", "=", "email")]
        )
        if waiting and not self.server.faults:
            self.server.faults[waiting[-1].address] = [self.module.DROP_AFTER]
        with freeze_time(f"{day} 08:00:00"):
            env["dunning.outbox"].sudo()._cron_send()
        env.cr.commit()

    def close(self):
        self.stack.close()


def compare(env, post):
    """Lines that must hold: what is told as sent came out, each once."""
    mails = env["dunning.communication"].search([("channel", "=", "email")])
    out = mails.filtered(lambda mail: mail.state in ("sent", "uncertain"))
    # Odoo's own notices to the users leave by the same server
    ids = set(mails.mapped("message_id"))
    ours = [
        content
        for _sender, _to, content in post.received
        if message_from_bytes(content)["Message-ID"] in ids
    ]
    yield Line("e-mails that came out of the house", len(ours), len(out))
    kept = {content for _sender, _to, content in post.received}
    same = out.filtered(lambda mail: mail.raw_id.raw in kept)
    yield Line("e-mails kept as they came out", len(same), len(out))
    waiting = mails.filtered(lambda mail: mail.state in ("to_send", "sending"))
    yield Line("e-mails still in the house", len(waiting), 0)

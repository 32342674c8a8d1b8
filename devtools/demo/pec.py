"""The PEC of the demonstration: a provider of this process (tests/pec) that takes the
messages of the energy seller and answers as providers do."""

from collections import Counter
from datetime import datetime, timedelta, timezone

from freezegun import freeze_time

from tests.pec import provider as pec
from tests.pec.samples import pec_samples

from .check import Line

ADDRESS = "recupero@pec.fornitrice.example"
PASSWORD = "dimostrazione"  # noqa: S105 of a server of this process
#: what becomes of the first messages; of all the others: delivered
STORY = (
    pec.DELIVER,
    pec.NO_MAILBOX,
    pec.REPLY,
    pec.FULL,
    pec.WARN_DELIVER,
    pec.DELIVER,
    pec.REFUSE,
)
STATES = {
    pec.DELIVER: "delivered",
    pec.REPLY: "delivered",
    pec.WARN_DELIVER: "delivered",
    pec.NO_MAILBOX: "failed",
    pec.FULL: "failed",
    pec.REFUSE: "failed",
    pec.SILENT: "sent",
}


class Mailbox:
    """``prepare`` before the messages of a day leave, ``read`` after."""

    def __init__(self, demo, company):
        self.demo = demo
        self.now = None
        self.provider = pec.Provider(
            {ADDRESS: (PASSWORD, ADDRESS)}, clock=lambda: self.now
        ).start()
        self.mailbox = demo.env["dunning.service.provider"].create(
            {
                "name": "PEC recupero crediti",
                "kind": "pec",
                "company_id": company.id,
                "pec_address": ADDRESS,
                "pec_login": ADDRESS,
                "pec_password": PASSWORD,
                "pec_smtp_host": "127.0.0.1",
                "pec_smtp_port": self.provider.smtp_port,
                "pec_smtp_security": "none",
                "pec_imap_host": "127.0.0.1",
                "pec_imap_port": self.provider.imap_port,
                "pec_imap_security": "none",
                # the mailbox is new, and its messages bear the days of the story
                "pec_read_from": demo.anchor - timedelta(days=1),
            }
        )
        demo.env.cr.commit()

    def prepare(self, day):
        """Write the story of the messages that wait."""
        zone = timezone(timedelta(hours=1))
        self.now = datetime(day.year, day.month, day.day, 9, 10, tzinfo=zone)
        waiting = self.demo.env["dunning.communication"].search(
            [("provider_id", "=", self.mailbox.id), ("state", "=", "to_send")],
            order="id",
        )
        for message in waiting:
            if message.address in self.provider.scripts:
                continue
            told = sum(way != pec.SILENT for way in self.provider.scripts.values())
            way = STORY[told] if told < len(STORY) else pec.DELIVER
            if message.case_id.contract_id.supply_state == "ceased":
                # the independent reckoning of the claims of those who left knows only
                # the notices of the past
                way = pec.SILENT
            self.provider.scripts[message.address] = way

    def read(self, day):
        """The receipts of the day come in."""
        with freeze_time(f"{day} 09:00:00"):
            self.mailbox._pec_read()
            self.mailbox._pec_watch(datetime(day.year, day.month, day.day, 9))
        self.demo.env.cr.commit()

    def close(self, day):
        """Two mails that somebody has to look at, then the provider goes home."""
        box = self.provider.boxes[ADDRESS]
        box.append(pec_samples.ordinary("Rinnovo della casella PEC"))
        box.append(
            pec_samples.receipt(
                "avvenuta-consegna", when=self.now, msgid="<altro.1@pec.example>"
            )
        )
        self.read(day)
        self.provider.stop()


def compare(env, post):
    """Lines that must hold: each message left once, and is what its receipts say."""
    messages = env["dunning.communication"].search(
        [("provider_id", "=", post.mailbox.id)]
    )
    left = messages.filtered(lambda m: m.tried_at and m.state != "to_send")
    taken = Counter(post.provider.taken)
    ours = Counter(left.mapped("message_id"))
    yield Line("PEC that came out of the house, each once", taken, ours)
    story = Counter(STATES[post.provider.scripts[message.address]] for message in left)
    yield Line("PEC by what their receipts say", Counter(left.mapped("state")), story)
    delivered = left.filtered(lambda m: m.state == "delivered")
    notified = delivered.action_id.notice_id.filtered("notified_date")
    wanted = delivered.action_id.filtered("contract_id")
    yield Line("PEC notices with their day of delivery", len(notified), len(wanted))
    received = env["dunning.pec.message"].search(
        [("provider_id", "=", post.mailbox.id)]
    )
    in_box = len(post.provider.boxes[ADDRESS].messages)
    yield Line("PEC messages of the mailbox kept", len(received), in_box)
    tray = received.filtered(lambda m: m.state == "tray")
    yield Line("PEC messages to look at", len(tray), 2)

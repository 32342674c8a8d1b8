"""A PEC provider in one process: SMTP in, receipts and answers out over IMAP.

It knows nothing of Odoo: it checks what the access point of a provider checks (RFC
6109, 3.1), writes receipts as providers do, and keeps its own books of what came in. A
*script* says what becomes of the messages to an address; a *mischief* says how the post
brings the receipts; *faults* say what goes wrong while a message is handed over.

As a program: ``python -m tests.pec.provider`` serves a mailbox until it is stopped.
"""

import argparse
import asyncio
import email
import email.policy
import email.utils
import logging
import signal
import socket
import threading
import warnings
from datetime import datetime, timedelta, timezone

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from .imap import ImapServer, Mailbox
from .samples import pec_samples

# scripts: what becomes of a message to an address
DELIVER = "deliver"
NO_MAILBOX, FULL = "no_mailbox", "full"
WARN_DELIVER, WARN_FAIL = "warn_deliver", "warn_fail"
REFUSE, VIRUS, SILENT, ACCEPT_ONLY = "refuse", "virus", "silent", "accept_only"
EXTERNAL = "external"  # ordinary mail: accepted, and nothing more ever
REPLY = "reply"  # delivered, and the customer answers
BOTH = "both"  # delivered and not delivered: what no provider should say

# faults, each for one message handed over
DROP_AFTER_DATA = "drop_after_data"  # it has it, but never says so
DROP_BEFORE_DATA = "drop_before_data"
BUSY, REFUSED, SLOW = "busy", "refused", "slow"

logging.getLogger("mail.log").setLevel(logging.ERROR)

MAX_BYTES = 30_000_000
NAME = "Gestore Esempio S.p.A."


class Provider:
    """``accounts``: {login: (password, address of its mailbox)}."""

    def __init__(self, accounts, *, smtp_port=0, imap_port=0, clock=None):
        self.accounts = accounts
        self.boxes = {address: Mailbox() for _password, address in accounts.values()}
        self.scripts = {}
        self.faults = []
        self.mischief = ""
        self.refuse_logins = False
        self.smtp_logins = 0
        self.taken = []  # Message-IDs that came in, each time
        self.mails = []  # their bytes
        self.number = 0
        self.clock = clock or (lambda: datetime.now(timezone(timedelta(hours=1))))
        self.imap = ImapServer(
            {
                login: (password, self.boxes[address])
                for login, (password, address) in accounts.items()
            },
            imap_port,
        )
        self.smtp = _Smtp(self, hostname="127.0.0.1", port=smtp_port or _free_port())

    def start(self):
        self.imap.start()
        self.smtp.start()
        return self

    def stop(self):
        self.smtp.stop()
        self.imap.stop()

    @property
    def smtp_port(self):
        return self.smtp.port

    @property
    def imap_port(self):
        return self.imap.port

    # the access point

    def take(self, sender, recipients, data):
        """A message handed over: answer it as its recipient's script says."""
        mail = email.message_from_bytes(data, policy=email.policy.compat32)
        message_id = (mail["Message-ID"] or "").strip()
        self.taken.append(message_id)
        self.mails.append(data)
        self.number += 1
        recipient = recipients[0]
        facts = {
            "sender": sender,
            "recipient": recipient,
            "msgid": message_id,
            "ref": f"opec21006.{self.number}@pec.gestore.example",
            "subject": str(mail["Subject"] or ""),
            "provider": NAME,
            "receipt_type": mail["X-TipoRicevuta"] or "completa",
        }
        why = _formal_fault(sender, recipients, mail, data)
        script = REFUSE if why else self.scripts.get(recipient, DELIVER)
        receipts = list(self._receipts(script, facts, data, why))
        if self.mischief == "reverse":
            receipts.reverse()
        elif self.mischief == "double":
            receipts = [each for one in receipts for each in (one, one)]
        box = self.boxes[sender]
        for receipt in receipts:
            box.append(receipt)

    def _receipts(self, script, facts, data, why):
        if script == SILENT:
            return
        error = {"error": "altro", "error_text": why or "anomalia formale"}
        if script == REFUSE:
            yield self._receipt("non-accettazione", facts, **error)
            return
        if script == VIRUS:
            yield self._receipt("non-accettazione", facts, error="virus")
            return
        kind = "esterno" if script == EXTERNAL else "certificato"
        yield self._receipt("accettazione", facts, recipient_kind=kind)
        if script in (ACCEPT_ONLY, EXTERNAL):
            return
        if script in (WARN_DELIVER, WARN_FAIL):
            yield self._receipt("preavviso-errore-consegna", facts, error="altro")
        failure = {
            NO_MAILBOX: ("no-dest", "5.1.1 - Gestore - indirizzo non valido"),
            FULL: ("altro", "5.2.2 - Gestore - casella piena"),
            WARN_FAIL: ("altro", "superamento del tempo massimo di consegna"),
            BOTH: ("altro", "errore"),
        }.get(script)
        if script not in (NO_MAILBOX, FULL, WARN_FAIL):
            original = data if facts["receipt_type"] == "completa" else None
            yield self._receipt("avvenuta-consegna", facts, original=original)
        if failure:
            code, words = failure
            yield self._receipt("errore-consegna", facts, error=code, error_text=words)
        if script == REPLY:
            inner = pec_samples.reply(
                to=facts["msgid"], number=self.number, sender=facts["recipient"]
            )
            yield pec_samples.envelope(
                inner=inner,
                number=self.number,
                sender=facts["recipient"],
                recipient=facts["sender"],
                ref=facts["ref"],
                when=self.clock(),
            )

    def _receipt(self, kind, facts, **more):
        return pec_samples.receipt(
            kind, number=self.number, when=self.clock(), **{**facts, **more}
        )


def _formal_fault(sender, recipients, mail, data):
    """Why the access point does not accept a message (RFC 6109, 3.1.1), or ""."""
    to = [
        address.lower()
        for _name, address in email.utils.getaddresses(
            [*mail.get_all("To", []), *mail.get_all("Cc", [])]
        )
    ]
    written_by = email.utils.parseaddr(str(mail["From"]))[1].lower()
    if written_by != sender:
        return "mittente diverso dal titolare della casella"
    if mail["Bcc"] is not None or any(each not in to for each in recipients):
        return "destinatari in copia nascosta"
    if len(data) * len(recipients) > MAX_BYTES:
        return "dimensione superiore a 30 MB"
    return ""


class _Handler:
    def __init__(self, provider):
        self.provider = provider

    async def handle_RCPT(self, server, session, envelope, address, options):
        faults = self.provider.faults
        if faults and faults[0] in (DROP_BEFORE_DATA, BUSY, REFUSED):
            fault = faults.pop(0)
            if fault == DROP_BEFORE_DATA:
                server.transport.abort()
            return "451 4.3.2 busy" if fault == BUSY else "550 5.7.1 refused"
        envelope.rcpt_tos.append(address.lower())
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        fault = self.provider.faults.pop(0) if self.provider.faults else ""
        if fault == SLOW:
            # longer than the client waits
            await asyncio.sleep(2)
        self.provider.take(
            envelope.mail_from.lower(), envelope.rcpt_tos, envelope.original_content
        )
        if fault == DROP_AFTER_DATA:
            server.transport.abort()
        return "250 2.0.0 accepted for delivery"


class _Smtp(Controller):
    def __init__(self, provider, **where):
        super().__init__(_Handler(provider), **where)
        self.provider = provider

    def factory(self):
        # on this machine only: without TLS the library warns at each connection
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SMTP(
                self.handler,
                hostname="pec.gestore.example",
                authenticator=self._check,
                auth_required=True,
                auth_require_tls=False,
                data_size_limit=2 * MAX_BYTES,
                timeout=30,
            )

    def _check(self, server, session, envelope, mechanism, data):
        self.provider.smtp_logins += 1
        known = self.provider.accounts.get(data.login.decode())
        good = known and known[0] == data.password.decode()
        if self.provider.refuse_logins or not good:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=data.login)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.pec.provider")
    parser.add_argument("--address", default="recupero@pec.example")
    parser.add_argument("--login", default="recupero@pec.example")
    parser.add_argument("--password", default="demo")
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--imap-port", type=int, default=2143)
    options = parser.parse_args()
    accounts = {options.login: (options.password, options.address)}
    provider = Provider(
        accounts, smtp_port=options.smtp_port, imap_port=options.imap_port
    ).start()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: stopped.set())
    stopped.wait()
    provider.stop()


if __name__ == "__main__":
    main()

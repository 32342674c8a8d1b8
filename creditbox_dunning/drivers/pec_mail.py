"""A certified mailbox over SMTP and IMAP, without Odoo.

What matters in sending is to know whether a message may have left: see ``Smtp.send``.
Reading never marks, moves or deletes anything.
"""

import imaplib
import ipaddress
import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from ..rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ChannelTemporary,
    ProviderRefused,
)

TIMEOUT = 60
# RFC 6109, 3.1.1: size times recipients; ours have one
MAX_BYTES = 30_000_000
_BROKEN = (OSError, smtplib.SMTPServerDisconnected, ssl.SSLError)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_UID = re.compile(rb"UID (\d+)")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True)
class Server:
    """Where a mailbox is. ``security``: ssl, starttls or none (this machine only)."""

    host: str
    port: int
    login: str
    password: str = field(repr=False)
    security: str = "ssl"
    timeout: int = TIMEOUT

    def check(self):
        """:raise ProviderRefused: when the password would travel unprotected"""
        if self.security == "none" and not is_this_machine(self.host):
            raise ProviderRefused("The connection to this server must be encrypted.")


def is_this_machine(host):
    """Whether ``host`` is the machine that we run on."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _text(answer):
    """What a server said, as text of one line, at most 300 characters."""
    if isinstance(answer, tuple | list):
        answer = b" ".join(part for part in answer if isinstance(part, bytes))
    if isinstance(answer, bytes):
        answer = answer.decode("utf-8", "replace")
    kept = "".join(c if c.isprintable() else " " for c in str(answer))
    return " ".join(kept.split())[:300]


class Smtp:
    """Hands messages over; opens its connection again when one was lost."""

    def __init__(self, server):
        self.server = server
        self._session = None

    def open(self):
        """:raise ProviderRefused: when the login is refused
        :raise ChannelTemporary: when the server cannot be reached"""
        server = self.server
        server.check()
        session = None
        try:
            if server.security == "ssl":
                session = smtplib.SMTP_SSL(
                    server.host,
                    server.port,
                    timeout=server.timeout,
                    context=ssl.create_default_context(),
                )
            else:
                session = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
            if server.security == "starttls":
                session.starttls(context=ssl.create_default_context())
            session.login(server.login, server.password)
        except smtplib.SMTPAuthenticationError as error:
            self._drop(session)
            if error.smtp_code >= 500:
                # trying again may lock the mailbox
                raise ProviderRefused(
                    _text(error.smtp_error), error.smtp_code
                ) from None
            raise self._unreachable(error.smtp_error) from None
        except (smtplib.SMTPException, *_BROKEN) as error:
            self._drop(session)
            raise self._unreachable(error) from None
        self._session = session
        return self

    def send(self, sender, recipient, data):
        """Hand over ``data`` (bytes) and return the server's answer.

        Until the server asked for the text, nothing left; once it has it all and does
        not answer, nobody knows.

        :raise ChannelError: what may be done next, see rules/outbox.py
        """
        if self._session is None:
            self.open()
        try:
            self._judge(self._session.mail(sender), ProviderRefused)
            self._judge(self._session.rcpt(recipient), ChannelRefused)
            self._judge(self._session.docmd("DATA"), ChannelRefused, good=354)
        except _BROKEN as error:
            self._lose()
            raise self._unreachable(error) from None
        try:
            self._session.send(_dotted(data))
            answer = self._session.getreply()
        except _BROKEN as error:
            self._lose()
            raise ChannelInDoubt(
                f"The connection was lost before the server answered: {_text(error)}"
            ) from None
        return self._judge(answer, ChannelRefused)

    def close(self):
        """Never raises."""
        if self._session is not None:
            with suppress(smtplib.SMTPException, *_BROKEN):
                self._session.quit()
            self._lose()

    def _judge(self, answer, refusal, good=250):
        """The server's words when it agrees, else the error that they mean."""
        code, words = answer
        if code == good or (good == 250 and 200 <= code < 300):
            return _text(words)
        if code < 0 or code == 421:
            self._lose()
            raise self._unreachable(words)
        with suppress(smtplib.SMTPException, *_BROKEN):
            self._session.rset()
        if code < 500:
            raise ChannelTemporary(_text(words), code)
        raise refusal(_text(words), code)

    def _unreachable(self, error):
        return ChannelTemporary(_text(error) or type(error).__name__, is_provider=True)

    def _lose(self):
        session, self._session = self._session, None
        self._drop(session)

    @staticmethod
    def _drop(session):
        if session is not None:
            with suppress(Exception):
                session.close()


def _dotted(data):
    """``data`` as SMTP wants it: CR LF, dots doubled, the end marked (RFC 5321)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return lines + b".\r\n"


class Imap:
    """Reads a folder, only reads. Use as a context manager.

    :raise ProviderRefused: when the login is refused
    :raise ChannelTemporary: for whatever else goes wrong on the way
    """

    def __init__(self, server, folder="INBOX"):
        self.server = server
        self.folder = folder
        self.uidvalidity = 0
        self._session = None

    def __enter__(self):
        server = self.server
        server.check()
        try:
            self._session = self._connected()
        except (imaplib.IMAP4.error, *_BROKEN) as error:
            raise self._failed(error) from None
        try:
            self._session.login(server.login, server.password)
        except imaplib.IMAP4.abort as error:
            self.__exit__()
            raise self._failed(error) from None
        except imaplib.IMAP4.error as error:
            self.__exit__()
            raise ProviderRefused(_text(_words(error))) from None
        except _BROKEN as error:
            self.__exit__()
            raise self._failed(error) from None
        quoted = self.folder.replace("\\", "").replace('"', "")
        self._call("select", f'"{quoted}"', readonly=True)
        _name, found = self._session.response("UIDVALIDITY")
        self.uidvalidity = int(found[0]) if found and found[0] else 0
        return self

    def __exit__(self, *_error):
        if self._session is not None:
            with suppress(Exception):
                self._session.logout()
            with suppress(Exception):
                self._session.shutdown()
            self._session = None

    def _connected(self):
        server = self.server
        if server.security == "ssl":
            return imaplib.IMAP4_SSL(
                server.host,
                server.port,
                ssl_context=ssl.create_default_context(),
                timeout=server.timeout,
            )
        session = imaplib.IMAP4(server.host, server.port, timeout=server.timeout)
        if server.security == "starttls":
            session.starttls(ssl_context=ssl.create_default_context())
        return session

    def uids(self, after, since):
        """UIDs above ``after`` and those of messages that came on ``since`` (a date) or
        later, in order. ``after`` None: only by the day."""
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        found = set(self._search(f"SINCE {day}"))
        if after is not None:
            # "n:*" always finds the last message, even when it is below n
            more = self._search(f"UID {after + 1}:*")
            found |= {uid for uid in more if uid > after}
        return sorted(found)

    def sizes(self, uids):
        """{uid: bytes}"""
        found = {}
        for start in range(0, len(uids), 500):
            numbers = ",".join(map(str, uids[start : start + 500]))
            for answer in self._call("uid", "FETCH", numbers, "(UID RFC822.SIZE)"):
                line = answer if isinstance(answer, bytes) else answer[0]
                uid, size = _UID.search(line), _SIZE.search(line)
                if uid and size:
                    found[int(uid[1])] = int(size[1])
        return found

    def fetch(self, uid, part="BODY.PEEK[]"):
        """The bytes of a message; None when it is gone. Not marked as read."""
        for answer in self._call("uid", "FETCH", str(uid), f"(UID {part})"):
            if isinstance(answer, tuple) and len(answer) > 1:
                return answer[1]
        return None

    def _search(self, criteria):
        answer = self._call("uid", "SEARCH", None, criteria)
        return [int(number) for number in (answer[0] or b"").split()]

    def _call(self, name, *args, **kwargs):
        try:
            state, answer = getattr(self._session, name)(*args, **kwargs)
        except (imaplib.IMAP4.error, ValueError, *_BROKEN) as error:
            raise self._failed(error) from None
        if state != "OK":
            raise self._failed(answer)
        return answer

    def _failed(self, error):
        return ChannelTemporary(
            _text(_words(error)) or type(error).__name__, is_provider=True
        )


def _words(error):
    """What an IMAP error says: imaplib hands on the server's bytes."""
    if isinstance(error, imaplib.IMAP4.error) and error.args:
        return error.args[0]
    return error

"""The mail that leaves by PEC, as bytes.

The provider refuses (RFC 6109, 3.1.1) what has another sender than the mailbox, a
recipient that no header names, or a Bcc: so one recipient, in To, and nothing else.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from .mail_parts import one_line

# the whole message, a message without its content, or nothing in the receipt
RECEIPT_TYPES = ("completa", "breve", "sintetica")


@dataclass(frozen=True)
class Letter:
    """``when``: moment with zone; ``files``: ((name, mimetype, bytes), ...)."""

    message_id: str
    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    when: object
    receipt_type: str = "completa"
    files: tuple = ()


def build(letter):
    """The bytes of ``letter``: CR LF, lines below 998 characters.

    :raise ValueError: when an address cannot stand in a header
    """
    for address in (letter.sender, letter.recipient):
        if not address.isascii() or "@" not in address or one_line(address) != address:
            raise ValueError(f"not an address: {address[:80]}")
    if letter.receipt_type not in RECEIPT_TYPES:
        raise ValueError(letter.receipt_type)
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = letter.message_id
    message["Date"] = format_datetime(letter.when)
    message["From"] = formataddr((one_line(letter.sender_name), letter.sender))
    message["To"] = letter.recipient
    message["Subject"] = one_line(letter.subject)
    message["X-TipoRicevuta"] = letter.receipt_type
    message.set_content(letter.text or " ")
    for name, mimetype, content in letter.files:
        main, _slash, sub = mimetype.partition("/")
        message.add_attachment(
            content, maintype=main, subtype=sub or "octet-stream", filename=name
        )
    return message.as_bytes()

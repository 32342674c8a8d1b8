"""What a certified mailbox receives, read without knowing who certifies it.

PEC is today's Italian form of certified mail; the qualified European one (REM, EN 319
532) brings other evidence. So a message is read by the first reader of ``READERS`` that
recognises its headers; the rest of the product knows only :class:`Received`. A module
adds its reader with :func:`register`.

Pure: bytes in, values out. Reading never raises on any bytes: what cannot be
understood has the kind ``unknown`` or ``ordinary`` and says why in ``issues``.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from . import mail_parts as mail

# what a message is
ACCEPTANCE = "acceptance"  # the sender's provider took it: the sending is proved
REFUSAL = "refusal"  # it did not: nothing left
VIRUS = "virus"  # a virus was found on the way: nothing arrives
TAKEN_OVER = "taken_over"  # between providers
DELIVERY = "delivery"  # in the addressee's mailbox: notified
WARNING = "warning"  # not delivered so far
FAILURE = "failure"  # not delivered
ENVELOPE = "envelope"  # certified mail that somebody wrote to us
ANOMALY = "anomaly"  # ordinary mail handed over by the provider: proves nothing
ORDINARY = "ordinary"  # mail that nobody certifies
UNKNOWN = "unknown"  # evidence of a kind that we do not know, or contradicting itself

RECEIPTS = frozenset(
    {ACCEPTANCE, REFUSAL, VIRUS, TAKEN_OVER, DELIVERY, WARNING, FAILURE}
)
KINDS = RECEIPTS | {ENVELOPE, ANOMALY, ORDINARY, UNKNOWN}


@dataclass(frozen=True)
class Received:
    """A message of the mailbox.

    ``own_id``: its own Message-ID, empty if it has none; ``msgid`` and ``reference``:
    the message that it is about, by its evidence and by its header; ``provider_ref``:
    the provider's number of that message; ``thread``: what it answers, by the headers
    of the mail itself or of the one in the envelope.

    ``when``: the moment that the evidence certifies, with its zone; None when it
    certifies none. ``recipient``: whom a receipt of delivery or failure is about;
    ``recipients``: pairs (address, kind), kind being "certificato" or "esterno".
    ``error``/``error_text``: the evidence's code and words. ``issuer``: address that
    the message comes from; ``text``: what a person reads first. ``issues``: codes of
    ISSUES, in the order found.
    """

    reader: str
    kind: str
    raw_kind: str = ""
    key: str = ""
    own_id: str = ""
    msgid: str = ""
    reference: str = ""
    provider_ref: str = ""
    thread: tuple = ()
    when: datetime | None = None
    sender: str = ""
    recipient: str = ""
    recipients: tuple = ()
    subject: str = ""
    provider: str = ""
    receipt_type: str = ""
    error: str = ""
    error_text: str = ""
    issuer: str = ""
    mail_date: datetime | None = None
    text: str = ""
    signed: bool = False
    issues: tuple = ()


# what may be wrong with a message
ISSUES = frozenset(
    {
        "no_evidence",  # a receipt without its daticert.xml
        "bad_evidence",  # not well-formed: read by pattern
        "forbidden_xml",  # it declares a DTD: read by pattern, nothing is followed
        "two_evidences",  # two that differ: neither counts
        "kind_differs",  # header and evidence do not say the same
        "no_time",  # no day, no hour or no zone
        "two_headers",  # the header that tells the kind is there twice, and differs
        "not_from_provider",  # a receipt that does not come from a provider's address
        "unknown_kind",
        "bad_mail",  # the parts of the mail cannot be told apart
    }
)


@dataclass
class Reader:
    """How one kind of certified mail is told and read.

    ``recognises``: (headers) -> bool; ``read``: (raw, headers) -> Received. Headers are
    an ``email.message.Message`` of the outer headers only.
    """

    name: str
    recognises: object
    read: object
    rank: int = 50


READERS = []


def read(raw):
    """The message in ``raw`` (bytes, as the mailbox gave them) as :class:`Received`."""
    headers = mail.outer_headers(raw)
    for reader in READERS:
        if reader.recognises(headers):
            return reader.read(raw, headers)
    return _read_ordinary(raw, headers)


def _read_ordinary(raw, headers):
    message = mail.parse(raw)
    own_id = mail.bare_id(mail.header(headers, "Message-ID"))
    sender = mail.address(mail.header(headers, "From"))
    return Received(
        reader="",
        kind=ORDINARY,
        key=key_of(own_id, raw),
        own_id=own_id,
        thread=mail.thread(headers),
        sender=sender,
        issuer=sender,
        subject=mail.header(headers, "Subject"),
        mail_date=mail.moment(mail.header(headers, "Date")),
        text="" if message is None else mail.text_of(message),
        issues=("bad_mail",) if message is None else (),
    )


def register(reader):
    """Add ``reader``; one of the same name is replaced. Lower ranks are asked first."""
    READERS[:] = sorted(
        [*(known for known in READERS if known.name != reader.name), reader],
        key=lambda known: known.rank,
    )
    return reader


def key_of(own_id, raw):
    """Deterministic key of a received message: the same message twice is the same key.

    By its own Message-ID; by its bytes when it has none.
    """
    basis = own_id.encode("utf-8", "replace") or b"\0" + raw
    return hashlib.sha256(basis).hexdigest()

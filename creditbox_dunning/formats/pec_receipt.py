"""PEC: receipts, transport envelopes and anomalies, from the raw message.

Sources: RFC 6109; the technical rules attached to DM 2 November 2005 and the AgID notes
to them. The kind is told by the header ``X-Ricevuta``, never by the subject; everything
else by ``daticert.xml``, which is *inline* and so no attachment for many programs.

Only the outer headers and the outer ``daticert.xml`` count: what a third party sends
reaches us inside an envelope, and may hold a forged receipt.
"""

import re
from datetime import datetime, timedelta, timezone
from html import unescape
from typing import NamedTuple

from lxml import etree

from . import mail_parts as mail
from .certified_mail import (
    ACCEPTANCE,
    ANOMALY,
    DELIVERY,
    ENVELOPE,
    FAILURE,
    RECEIPTS,
    REFUSAL,
    TAKEN_OVER,
    UNKNOWN,
    VIRUS,
    WARNING,
    Reader,
    Received,
    key_of,
    read,
    register,
)

__all__ = ["read", "read_evidence", "read_pec"]

# values of X-Ricevuta and of /postacert/@tipo
RECEIPT_KINDS = {
    "accettazione": ACCEPTANCE,
    "non-accettazione": REFUSAL,
    "presa-in-carico": TAKEN_OVER,
    "avvenuta-consegna": DELIVERY,
    "errore-consegna": FAILURE,
    # only subjects say so in what providers are seen to send: taken all the same
    "mancata-consegna": FAILURE,
    "preavviso-errore-consegna": WARNING,
    "rilevazione-virus": VIRUS,
}
TRANSPORT_KINDS = {"posta-certificata": ENVELOPE, "errore": ANOMALY}

EVIDENCE, ORIGINAL = "daticert.xml", "postacert.eml"
ISSUER = "posta-certificata@"
MAX_EVIDENCE = 1_000_000
MAX_VALUE = 4_000
MAX_ELEMENTS = 5_000

# elements of daticert.xml that are one value
VALUES = frozenset(
    {
        "mittente",
        "risposte",
        "oggetto",
        "gestore-emittente",
        "giorno",
        "ora",
        "identificativo",
        "msgid",
        "consegna",
        "errore-esteso",
    }
)
_DTD = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_HOUR = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
# with a bound each: linear on any text
_BY_PATTERN = {
    name: re.compile(
        rf"<{name}(?:\s[^<>]{{0,200}})?>(.{{0,{MAX_VALUE}}}?)</{name}\s*>", re.DOTALL
    )
    for name in VALUES
}
_ROOT = re.compile(r"<postacert\s([^<>]{0,300})>")
_DATA = re.compile(r"<data\s([^<>]{0,100})>")
_RECEIPT = re.compile(r"<ricevuta\s([^<>]{0,100}?)/?>")
_TO = re.compile(r"<destinatari(?:\s([^<>]{0,100}))?>([^<>]{0,400})</destinatari\s*>")


class Evidence(NamedTuple):
    """What daticert.xml says, as text; ``recipients``: ((address, kind), ...)."""

    kind: str = ""
    error: str = ""
    zone: str = ""
    receipt_type: str = ""
    recipients: tuple = ()
    values: dict = {}

    def get(self, name):
        return self.values.get(name, "")


# the mail


def recognises(headers):
    """Whether a provider of PEC marked the mail: as a receipt or as an envelope."""
    return bool(mail.headers(headers, "X-Ricevuta")) or bool(
        mail.headers(headers, "X-Trasporto")
    )


def read_pec(raw, headers):
    """A PEC message as :class:`~.certified_mail.Received`. Never raises."""
    issues = []
    raw_kind, kind = _kind(headers, issues)
    message = mail.parse(raw)
    if message is None:
        issues.append("bad_mail")
    evidence = _find_evidence(message, issues)
    when = _when(evidence)
    issuer = mail.address(mail.header(headers, "From"))
    if kind in RECEIPTS:
        issues += _doubts(kind, evidence, when, issuer, issues)
    # an envelope is about what is in it, a receipt about what we sent
    is_transport = kind in TRANSPORT_KINDS.values()
    inner = _original(message) if is_transport else None
    about = headers if inner is None else inner
    own_id = mail.bare_id(mail.header(headers, "Message-ID"))
    sender = evidence.get("mittente") or mail.header(about, "From")
    return Received(
        reader="pec",
        kind=kind,
        raw_kind=raw_kind,
        key=key_of(own_id, raw),
        own_id=own_id,
        msgid=mail.bare_id(unescape(evidence.get("msgid"))),
        reference=mail.bare_id(mail.header(headers, "X-Riferimento-Message-ID")),
        provider_ref=evidence.get("identificativo"),
        thread=mail.thread(about),
        when=when,
        sender=mail.address(sender),
        recipient=mail.address(evidence.get("consegna")),
        recipients=evidence.recipients,
        subject=mail.header(about, "Subject") or evidence.get("oggetto"),
        provider=evidence.get("gestore-emittente"),
        receipt_type=evidence.receipt_type or _mark(headers, "X-TipoRicevuta"),
        error=evidence.error,
        error_text=evidence.get("errore-esteso"),
        issuer=issuer,
        mail_date=mail.moment(mail.header(headers, "Date")),
        text=_text(message, inner),
        signed=mail.content_type(headers) == "multipart/signed",
        issues=tuple(issues),
    )


def _text(message, inner):
    shown = message if inner is None else inner
    return "" if shown is None else mail.text_of(shown)


def _marks(headers, name):
    return sorted({value.lower() for value in mail.headers(headers, name) if value})


def _mark(headers, name):
    found = _marks(headers, name)
    return found[0] if len(found) == 1 else ""


def _kind(headers, issues):
    """(the header's value, kind): what is marked twice is nothing certain."""
    receipts = _marks(headers, "X-Ricevuta")
    transports = _marks(headers, "X-Trasporto")
    found = receipts + transports
    if len(found) != 1:
        issues.append("two_headers" if found else "unknown_kind")
        return ", ".join(found)[:200], UNKNOWN
    table = RECEIPT_KINDS if receipts else TRANSPORT_KINDS
    kind = table.get(found[0], UNKNOWN)
    if kind == UNKNOWN:
        issues.append("unknown_kind")
    return found[0][:200], kind


def _doubts(kind, evidence, when, issuer, issues):
    """What speaks against believing a receipt."""
    doubts = []
    if evidence == NOTHING:
        doubts.append("no_evidence")
    elif RECEIPT_KINDS.get(evidence.kind) != kind:
        doubts.append("kind_differs")
    if when is None:
        doubts.append("no_time")
    if not issuer.startswith(ISSUER):
        doubts.append("not_from_provider")
    return [doubt for doubt in doubts if doubt not in issues]


def _original(message):
    """The mail inside an envelope, or None."""
    if message is None:
        return None
    for part in mail.walk(message):
        is_mail = mail.content_type(part) == "message/rfc822"
        if is_mail or mail.file_name(part) == ORIGINAL:
            return mail.attached(part)
    return None


# the evidence


def _find_evidence(message, issues):
    if message is None:
        return NOTHING
    parts = list(mail.walk(message))
    found = [p for p in parts if mail.file_name(p) == EVIDENCE]
    if not found:
        kinds = ("application/xml", "text/xml")
        found = [p for p in parts if mail.content_type(p) in kinds]
    texts = {mail.content(part)[:MAX_EVIDENCE] for part in found} - {b""}
    if len(texts) > 1:
        issues.append("two_evidences")
    if len(texts) != 1:
        return NOTHING
    evidence, found = read_evidence(texts.pop())
    issues += found
    return evidence


def read_evidence(data):
    """(:class:`Evidence`, issues) of a daticert.xml. Never raises.

    What is not well-formed (an id whose brackets are not escaped, a lost tag) is read
    by pattern, and only what is there once. Nothing is ever fetched or expanded.
    """
    if _DTD.search(data):
        return _by_pattern(data), ["forbidden_xml"]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data.strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return _by_pattern(data), ["bad_evidence"]
    if root.getroottree().docinfo.doctype:
        return _by_pattern(data), ["forbidden_xml"]
    if _name(root) != "postacert":
        return NOTHING, ["bad_evidence"]
    return _by_tree(root), []


def _by_tree(root):
    values, recipients, zone, receipt_type = {}, [], "", ""
    for count, element in enumerate(root.iter("*")):
        if count > MAX_ELEMENTS:
            break
        name, text = _name(element), mail.one_line(element.text or "")
        if name in VALUES:
            values.setdefault(name, text[:MAX_VALUE])
        elif name == "destinatari":
            recipients.append((text, element.get("tipo", "")))
        elif name == "data":
            zone = element.get("zona", "")
        elif name == "ricevuta":
            receipt_type = element.get("tipo", "")
    return _evidence(
        root.get("tipo", ""),
        root.get("errore", ""),
        zone,
        receipt_type,
        recipients,
        values,
    )


def _by_pattern(data):
    text = data.replace(b"\0", b"").decode("utf-8", "replace")
    values = {}
    for name, pattern in _BY_PATTERN.items():
        found = pattern.findall(text)
        if len(found) == 1:
            values[name] = mail.one_line(unescape(found[0]))
    root = _attributes(_ROOT, text)
    return _evidence(
        root.get("tipo", ""),
        root.get("errore", ""),
        _attributes(_DATA, text).get("zona", ""),
        _attributes(_RECEIPT, text).get("tipo", ""),
        [(to, _pairs(kind).get("tipo", "")) for kind, to in _TO.findall(text)],
        values,
    )


def _attributes(pattern, text):
    found = pattern.findall(text)
    return _pairs(found[0]) if len(found) == 1 else {}


def _pairs(text):
    pairs = re.findall(r"([\w-]{1,40})\s{0,9}=\s{0,9}[\"']([^\"']{0,200})[\"']", text)
    return {name: unescape(value) for name, value in pairs}


def _evidence(kind, error, zone, receipt_type, recipients, values):
    return Evidence(
        mail.one_line(kind).lower(),
        mail.one_line(error).lower(),
        zone.strip(),
        mail.one_line(receipt_type).lower(),
        tuple((mail.address(to), kind.strip().lower()) for to, kind in recipients),
        values,
    )


def _name(element):
    return etree.QName(element).localname


def _when(evidence):
    """The certified moment; None without a whole day, hour and zone."""
    day = _DAY.fullmatch(evidence.get("giorno"))
    hour = _HOUR.fullmatch(evidence.get("ora"))
    zone = _ZONE.fullmatch(evidence.zone)
    # PEC began in 2005: another century is a broken text
    if not (day and hour and zone) or not day[3].startswith("20"):
        return None
    shift = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
    try:
        return datetime(
            *(int(part) for part in reversed(day.groups())),
            *(int(part) for part in hour.groups()),
            tzinfo=timezone(-shift if zone[1] == "-" else shift),
        )
    except ValueError:
        return None


NOTHING = Evidence()

register(Reader("pec", recognises, read_pec))

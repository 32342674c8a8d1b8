"""Parts of an e-mail, taken from bytes that nobody checked. Never raises.

The standard library's parser is tolerant, its accessors are not: names of character
sets, file names and encoded words of a broken message make them raise in many ways.
"""

import email
import email.header
import email.policy
import email.utils
import re
from datetime import timezone

MAX_TEXT = 20_000
MAX_HEADER = 2_000
# deeper nesting than any mail program makes
MAX_PARTS = 500

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    email.errors.MessageError,
)
_ID = re.compile(r"<\s*([^<>\s]{1,990})\s*>")
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BLANKS = re.compile(r"[ \t]+")


def outer_headers(raw):
    """The outer headers of ``raw`` as a message without body."""
    found = _HEADER_END.search(raw)
    head = raw[: found.end()] if found else raw[:1_000_000]
    found = _parse(head)
    # an empty message is false
    return email.message.Message(email.policy.compat32) if found is None else found


def parse(raw):
    """The whole message, or None when its parts cannot be told apart."""
    return _parse(raw)


def _parse(raw):
    try:
        return email.message_from_bytes(raw, policy=email.policy.compat32)
    except (RecursionError, *_BROKEN):
        return None


def header(message, name):
    """The first header of that name, encoded words decoded, on one line."""
    return one_line(decoded(_first(message, name)))


def headers(message, name):
    """All headers of that name, on one line each, not decoded."""
    try:
        values = message.get_all(name, [])
    except _BROKEN:
        return []
    return [one_line(str(value)) for value in values]


def _first(message, name):
    found = headers(message, name)
    return found[0] if found else ""


def decoded(text):
    """``=?utf-8?Q?...?=`` as text; the text itself when that fails."""
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except _BROKEN:
        return text


def one_line(text):
    """Without line ends, control characters and halves of characters."""
    kept = "".join(c if c.isprintable() else " " for c in text[:MAX_HEADER])
    return _BLANKS.sub(" ", kept).strip()


def address(text):
    """The address in ``"Name" <a@b>``, lower case; empty when there is none."""
    try:
        found = email.utils.parseaddr(text)[1]
    except _BROKEN:
        return ""
    return found.strip().lower() if "@" in found else ""


def bare_id(text):
    """A Message-ID without its brackets, lower case: ids are compared like that."""
    found = _ID.search(text)
    return (found[1] if found else text.strip(" <>\t\r\n")).lower()


def thread(message):
    """Ids of the messages that this one answers, the nearest first."""
    answered = headers(message, "In-Reply-To")
    found = [each for text in answered for each in _ID.findall(text)]
    for text in headers(message, "References"):
        found += reversed(_ID.findall(text))
    return tuple(dict.fromkeys(each.lower() for each in found))[:50]


def moment(text):
    """The moment of a Date header, in UTC; None when it tells no zone or no date."""
    try:
        when = email.utils.parsedate_to_datetime(text)
        return when.astimezone(timezone.utc) if when.tzinfo else None
    except _BROKEN:
        return None


def walk(message):
    """The parts of ``message`` that are no containers, in order; what a message
    attached to it holds is not among them."""
    todo, seen = [message], 0
    while todo and seen < MAX_PARTS:
        part = todo.pop(0)
        seen += 1
        payload = part.get_payload()
        if content_type(part).startswith("multipart/") and isinstance(payload, list):
            todo[:0] = payload
        else:
            yield part


def content_type(part):
    try:
        return part.get_content_type()
    except _BROKEN:
        return "text/plain"


def file_name(part):
    try:
        return one_line(decoded(part.get_filename() or "")).lower()
    except _BROKEN:
        return ""


def content(part):
    """The bytes of a part, decoded as far as they can be; empty for a container."""
    try:
        return part.get_payload(decode=True) or b""
    except _BROKEN:
        return b""


def attached(part):
    """The message in a ``message/rfc822`` part or in a file named .eml, or None."""
    payload = part.get_payload()
    if content_type(part) == "message/rfc822" and isinstance(payload, list):
        return payload[0] if payload else None
    data = content(part)
    return _parse(data) if data else None


def text_of(message):
    """What a person reads first in ``message``: its plain text, else its HTML."""
    html = ""
    for part in walk(message):
        kind = content_type(part)
        if kind == "text/plain" and not file_name(part):
            return _text(part)
        if kind == "text/html" and not html:
            html = _TAGS.sub(" ", _text(part))
    return html.strip()


def _text(part):
    data = content(part)[: 4 * MAX_TEXT]
    try:
        charset = part.get_content_charset() or "utf-8"
        text = data.decode(charset, "replace")
    except _BROKEN:
        text = data.decode("latin-1")
    rows = text.split("\n")
    rows = ("".join(c if c.isprintable() else " " for c in row) for row in rows)
    return "\n".join(row.rstrip() for row in rows)[:MAX_TEXT].strip()

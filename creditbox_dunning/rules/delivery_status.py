"""What a mail server reports of a message (RFC 3464): pure, from the raw bytes.

Reports are hostile and often malformed: whatever cannot be read is left out, never
raises.
"""

import email
import email.policy
import re
from dataclasses import dataclass

DELIVERED, FAILED, DELAYED, RELAYED = "delivered", "failed", "delayed", "relayed"
# the action of a report -> what it means; relayed: to a server that reports no more
ACTIONS = {
    "failed": FAILED,
    "delivered": DELIVERED,
    "expanded": DELIVERED,
    "delayed": DELAYED,
    "relayed": RELAYED,
}
# our own ids in whatever a server quotes
_KEY = re.compile(r"<dunning-[0-9a-f]{40}(?:\.\d+)?@[^<>\s]{1,255}>")
# a server that says it is no report says it in its subject
MAX_BYTES = 5_000_000


@dataclass(frozen=True)
class Report:
    """``message_ids`` of ours that it quotes; ``state`` of them; ``words`` of the
    server, in one line; ``status`` as 5.1.1."""

    message_ids: tuple
    state: str
    words: str = ""
    status: str = ""


def read(raw):
    """The :class:`Report` in the bytes of a mail, or None when it quotes none of our
    messages or is no report.

    A report without a delivery-status part, as some servers send, counts as failed.
    """
    if len(raw) > MAX_BYTES:
        return None
    ids = tuple(dict.fromkeys(_KEY.findall(raw.decode("latin-1"))))
    if not ids:
        return None
    try:
        mail = email.message_from_bytes(raw)
        parts = list(mail.walk())
    except Exception:  # noqa: BLE001 a parser may stumble over anything
        return Report(ids, FAILED)
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            return _of_status(ids, part)
    return Report(ids, FAILED, _line(mail.get("Subject", "")))


def _of_status(ids, part):
    """What the groups of fields of a delivery-status part say."""
    payload = part.get_payload()
    groups = payload if isinstance(payload, list) else []
    for group in groups:
        action = _line(group.get("Action", "")).lower()
        if not action:
            continue
        words = _line(group.get("Diagnostic-Code", "")).partition(";")[2].strip()
        return Report(
            ids,
            ACTIONS.get(action.split()[0], DELAYED),
            words or _line(group.get("Diagnostic-Code", "")),
            _line(group.get("Status", "")).split(" ")[0],
        )
    return Report(ids, FAILED)


def _line(text):
    """``text`` in one line of what can be printed, at most 300 characters."""
    kept = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(kept.split())[:300]

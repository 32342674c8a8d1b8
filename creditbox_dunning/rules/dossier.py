"""What a dossier of evidence lacks: said by name, for the lawyer finds it out anyway.

A claim stands on the bills, on a formal notice and on the proof that it arrived (art.
1219 and 1335 of the civil code); a cut and the CMOR on more: the warning in the notice
(TISIND), the first reminder (REMSI).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

FORMAL_KINDS = frozenset({"default", "termination"})
PROVABLE = frozenset({"ar", "pec"})
ENERGY = frozenset({"electricity", "gas"})


@dataclass(frozen=True)
class BillProof:
    """A bill of the case: its number and how many documents of it are there."""

    number: str
    documents: int = 0


@dataclass(frozen=True)
class NoticeProof:
    """A notice: ``copies`` of what was sent, ``proofs`` of what came back; ``bills``
    the numbers of the bills that it lists."""

    ref: str
    kind: str
    channel: str
    sent: date | None = None
    notified: date | None = None
    copies: int = 0
    proofs: int = 0
    cmor_warning: bool = False
    bills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MessageProof:
    """A message: ``files`` {name: (sum kept with it, the same sum of its bytes)}."""

    name: str
    state: str
    has_copy: bool = True
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """A proof that is missing. ``code``: bill_document, no_formal_notice, not_noticed,
    notice_copy, not_notified, delivery_proof, cmor_warning, no_reminder, message_copy,
    message_doubt, hash_differs; ``what`` names the bill, the notice or the file."""

    code: str
    what: str = ""


def gaps(service, bills, notices, messages):
    """The :class:`Gap` of a dossier, in the order in which it is read.

    :param service: electricity, gas, water, telephone or ""
    :param bills: [:class:`BillProof`] still open or listed
    :param notices: [:class:`NoticeProof`] of the contract
    :param messages: [:class:`MessageProof`] of the case
    """
    found = [Gap("bill_document", bill.number) for bill in bills if not bill.documents]
    formal = [n for n in notices if n.kind in FORMAL_KINDS and n.channel in PROVABLE]
    if not formal:
        found.append(Gap("no_formal_notice"))
    listed = frozenset().union(*(notice.bills for notice in formal))
    if formal:
        found += [
            Gap("not_noticed", bill.number)
            for bill in bills
            if bill.number not in listed
        ]
    for notice in notices:
        found += _of_notice(notice, service)
    is_reminded = any(n.kind in ("notice", "reminder") for n in notices)
    if service == "water" and formal and not is_reminded:
        found.append(Gap("no_reminder"))
    for message in messages:
        found += _of_message(message)
    return found


def _of_notice(notice, service):
    is_provable = notice.channel in PROVABLE
    if not notice.copies:
        yield Gap("notice_copy", notice.ref)
    if is_provable and not notice.notified:
        yield Gap("not_notified", notice.ref)
    elif is_provable and not notice.proofs:
        yield Gap("delivery_proof", notice.ref)
    if notice.kind == "default" and service in ENERGY and not notice.cmor_warning:
        yield Gap("cmor_warning", notice.ref)


def _of_message(message):
    if message.state in ("sending", "uncertain"):
        yield Gap("message_doubt", message.name)
    left = message.state in ("sent", "accepted", "delivered", "uncertain")
    if left and not message.has_copy:
        yield Gap("message_copy", message.name)
    for name, (kept, now) in message.files.items():
        if kept and kept != now:
            yield Gap("hash_differs", name)

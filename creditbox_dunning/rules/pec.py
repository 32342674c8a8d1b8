"""What a received PEC message is about and what it does to the message we sent.

Sources: DM 2 November 2005 (technical rules of PEC), RFC 6109, AgID's notes. A receipt
that leaves a doubt has no effect of its own: it waits for a person.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ..formats.certified_mail import (
    ACCEPTANCE,
    DELIVERY,
    RECEIPTS,
    REFUSAL,
    TAKEN_OVER,
    UNKNOWN,
    VIRUS,
    WARNING,
)
from .outbox import (
    ACCEPTED,
    CANCELLED,
    DELIVERED,
    FAILED,
    SENDING,
    SENT,
    TO_SEND,
    UNCERTAIN,
)

# how a receipt was linked to a message, in the order in which it is tried
BY_MSGID, BY_REFERENCE, BY_LOCAL_PART = "msgid", "reference", "local_part"
BY_PROVIDER_REF, BY_THREAD = "provider_ref", "thread"

# why a message waits for a person
DOUBTFUL = "doubtful"  # the receipt is not whole, or contradicts itself
UNMATCHED = "unmatched"  # about no message of ours
OTHER_RECIPIENT = "other_recipient"  # about an address that we did not write to
BAD_TIME = "bad_time"  # certified before it was sent, or in the future
CONTRADICTION = "contradiction"  # another receipt said the opposite
NOT_SENT = "not_sent"  # about a message that was called off
NOT_RECEIPT = "not_receipt"  # mail that somebody has to read

# a receipt that has one of these proves nothing by itself
STOPPING = frozenset(
    {
        "no_evidence",
        "two_evidences",
        "kind_differs",
        "no_time",
        "not_from_provider",
        "forbidden_xml",
    }
)
# clocks of two houses differ
TOLERANCE = timedelta(minutes=10)

# why it was not delivered
NO_MAILBOX, FULL, DISABLED, TOO_LATE = "no_mailbox", "full", "disabled", "too_late"
NOT_CERTIFIED, TOO_BIG, INFECTED, REFUSED = (
    "not_certified",
    "too_big",
    "infected",
    "refused",
)
OTHER = "other"
# the address will not get better by itself
DEAD_ADDRESS = frozenset({NO_MAILBOX, NOT_CERTIFIED})

# the first pattern that is found in the provider's words
_REASONS = (
    (FULL, r"\b[45]\.2\.2\b|\bpiena\b|\bfull\b|quota|spazio (insufficiente|esaurito)"),
    (TOO_BIG, r"\b[45]\.(2\.3|3\.4)\b|dimension[ei]|too (big|large)"),
    (DISABLED, r"\b[45]\.2\.1\b|disabilitat|disabled|sospes[ao]|non accetta|bloccat"),
    (
        NO_MAILBOX,
        r"\b5\.1\.([0-37]|10)\b|non valid|inesistent|non esist|sconosciut"
        + r"|unknown user|user unknown|not exist|no such|revocat|cessat",
    ),
    (TOO_LATE, r"(24|ventiquattro) ?(ore|h\b)|tempo massimo|timeout"),
)
_BY_CODE = {"no-dest": NO_MAILBOX, "no-dominio": NO_MAILBOX, "virus": INFECTED}
_FINAL_WARNING = re.compile(r"\b(24|ventiquattro) ?(ore|h\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Index:
    """Our messages by what a receipt may quote; ids lower case, without brackets.

    ``ids``: {Message-ID: message}; ``locals``: {its part before the @: message};
    ``refs``: {the provider's number, learned from the acceptance: message}.
    """

    ids: dict = field(default_factory=dict)
    locals: dict = field(default_factory=dict)
    refs: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """The message of ours: its ``state``, ``address`` and ``sent_at`` (with zone, None
    when we do not know)."""

    state: str
    address: str
    sent_at: object = None


@dataclass(frozen=True)
class Policy:
    """``full_counts``: a full mailbox counts as delivered, because the addressee has to
    keep it in order. Disputed: off, unless the company's lawyer decides (for whom the
    caller knows)."""

    full_counts: bool = False


@dataclass(frozen=True)
class Effect:
    """What becomes of our message.

    ``moves``: states to go through, in order; ``outcome``: code of rules/outcomes.py
    for the action, "" for none; ``reason``: why it was not delivered, ``words``: the
    provider's; ``drop_address``: the address must not be used again; ``alert``: tell
    the operator now; ``is_warned``: not delivered so far; ``tray``: why a person has to
    look, and then nothing else is done; ``later``: it is being sent right now.
    """

    moves: tuple = ()
    outcome: str = ""
    reason: str = ""
    words: str = ""
    drop_address: bool = False
    alert: bool = False
    is_warned: bool = False
    tray: str = ""
    later: bool = False


# linking


def quoted_ids(received):
    """[(how, id)] to look our message up by, in the order of trust.

    An envelope quotes its own id where a receipt quotes ours: only what the mail in it
    answers counts.
    """
    found = []
    if received.kind in RECEIPTS | {UNKNOWN}:
        found = [(BY_MSGID, received.msgid), (BY_REFERENCE, received.reference)]
        found += [(BY_LOCAL_PART, _local(each)) for _how, each in found]
        found.append((BY_PROVIDER_REF, received.provider_ref))
    found += [(BY_THREAD, each) for each in received.thread]
    return [(how, each) for how, each in found if each]


def match(received, index):
    """(our message, how it was found), or (None, "")."""
    books = {BY_LOCAL_PART: index.locals, BY_PROVIDER_REF: index.refs}
    for how, quoted in quoted_ids(received):
        found = books.get(how, index.ids).get(quoted)
        if found is not None:
            return found, how
    return None, ""


def _local(message_id):
    local, at, _domain = message_id.rpartition("@")
    return local if at else ""


# effect


def judge(received, outgoing, now, policy=Policy()):
    """What ``received`` does to ``outgoing``, the message that it is about.

    :param now: the moment at which it is judged, with its zone
    """
    doubt = _doubt(received, outgoing, now)
    if doubt:
        return Effect(tray=doubt)
    if outgoing.state == SENDING:
        return Effect(later=True)
    if outgoing.state == CANCELLED:
        return Effect(tray=NOT_SENT, alert=True)
    effect = _effect(received, outgoing, policy)
    if _contradicts(effect, outgoing.state):
        return Effect(tray=CONTRADICTION, alert=True)
    moves = _path(outgoing.state, effect.moves)
    if not moves:
        # said before: noted, and nothing is done twice
        is_open = outgoing.state not in (DELIVERED, FAILED)
        return Effect(is_warned=effect.is_warned and is_open, words=effect.words)
    return replace(effect, moves=moves)


def _doubt(received, outgoing, now):
    if received.kind not in RECEIPTS:
        return NOT_RECEIPT
    if STOPPING & set(received.issues):
        return DOUBTFUL
    is_other = received.recipient and received.recipient != outgoing.address.lower()
    if is_other:
        return OTHER_RECIPIENT
    early = outgoing.sent_at and received.when < outgoing.sent_at - TOLERANCE
    if early or received.when > now + TOLERANCE:
        return BAD_TIME
    return ""


def _effect(received, outgoing, policy):
    kind, words = received.kind, received.error_text
    if kind == TAKEN_OVER:
        return Effect(moves=(SENT,))
    if kind == ACCEPTANCE:
        kinds = dict(received.recipients)
        if kinds.get(outgoing.address.lower()) == "esterno":
            # ordinary mail: no delivery receipt will ever come, nothing is notified
            return _failed(NOT_CERTIFIED, words, first=(ACCEPTED,))
        return Effect(moves=(ACCEPTED,))
    if kind == DELIVERY:
        return Effect(moves=(DELIVERED,), outcome="delivered")
    if kind == WARNING:
        if _FINAL_WARNING.search(words):
            return _failed(TOO_LATE, words)
        return Effect(moves=(SENT,), is_warned=True, words=words)
    if kind in (REFUSAL, VIRUS):
        reason = INFECTED if kind == VIRUS or received.error == "virus" else REFUSED
        return _failed(reason, words, alert=True)
    reason = reason_of(received.error, words)
    if reason == FULL and policy.full_counts:
        return Effect(moves=(DELIVERED,), outcome="delivered", reason=FULL, words=words)
    return _failed(reason, words)


def _failed(reason, words, *, first=(), alert=False):
    return Effect(
        moves=(*first, FAILED),
        outcome="pec_failed",
        reason=reason,
        words=words,
        drop_address=reason in DEAD_ADDRESS,
        alert=alert,
    )


def reason_of(code, words):
    """Why it was not delivered, by the words of the provider, else by its code.

    The words come first: some providers always give the code "altro".
    """
    for reason, pattern in _REASONS:
        if re.search(pattern, words, re.IGNORECASE):
            return reason
    return _BY_CODE.get(code, OTHER)


def _contradicts(effect, state):
    last = effect.moves[-1] if effect.moves else ""
    return {state, last} == {DELIVERED, FAILED}


# what was certified before stays: receipts come in any order
_RANK = {TO_SEND: 0, UNCERTAIN: 0, SENT: 1, ACCEPTED: 2, DELIVERED: 3, FAILED: 3}


def _path(state, moves):
    """The states to go through from ``state``: none that it is beyond already."""
    path = [move for move in moves if _RANK[move] > _RANK[state]]
    if path and state == TO_SEND and path[0] != SENT:
        # somebody let it be sent again, but it had left
        path.insert(0, SENT)
    return tuple(path)


# silence


def overdue(outgoing, now, acceptance_hours, delivery_hours):
    """``no_acceptance``, ``no_delivery`` or "": what has been awaited for too long."""
    if outgoing.sent_at is None:
        return ""
    waited = now - outgoing.sent_at
    if outgoing.state in (SENT, ACCEPTED) and waited > timedelta(hours=delivery_hours):
        return "no_delivery"
    if outgoing.state == SENT and waited > timedelta(hours=acceptance_hours):
        return "no_acceptance"
    return ""

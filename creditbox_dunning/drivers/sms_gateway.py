"""A gateway of text messages described by data: how to ask it, what it answers, what
it tells later. Pure: nothing is sent here.

The description is written by an administrator; what the gateway says is hostile.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from ..rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ChannelTemporary,
    ProviderRefused,
)

JSON, FORM = "json", "form"
MAX_ANSWER = 100_000
PLACES = ("number", "text", "sender", "reference")
_PLACE = re.compile(r"\{(\w+)\}")
# HTTP: not taken now; we are not known, or have no credit
BUSY = frozenset({425, 429, 503})
UNKNOWN_TO_IT = frozenset({401, 402, 403, 407})


class BadDescription(ValueError):
    """The description of the gateway cannot be used; says why."""


@dataclass(frozen=True)
class Answer:
    """Where an answer or a report says what, as paths: ``messages.0.id``.

    :param reference: path of the gateway's own number of the message
    :param status: path of the state; empty = the HTTP status alone tells
    :param cost: path of the price
    :param error: path of the words of an error
    :param good: states that mean taken (answer) or delivered (report)
    :param bad: states that mean refused (answer) or not delivered (report)
    :param again: states that mean try again
    """

    reference: str = ""
    status: str = ""
    cost: str = ""
    error: str = ""
    good: frozenset = field(default_factory=frozenset)
    bad: frozenset = field(default_factory=frozenset)
    again: frozenset = field(default_factory=frozenset)


def words(text):
    """The states written in a field, one a line or after commas, as a frozenset."""
    return frozenset(w.strip().lower() for w in re.split(r"[,\n;]", text or "")) - {""}


def fill(template, kind, values):
    """The body of a request: (bytes, content type).

    The template is read first and the values put into its leaves, so that no text can
    become part of its structure.

    :param kind: JSON or FORM
    :param values: {place: text} of PLACES
    :raise BadDescription: when the template is not of that kind, or has other places
    """
    wrong = set(_PLACE.findall(_without_json_braces(template, kind))) - set(PLACES)
    if wrong:
        raise BadDescription(f"unknown place: {', '.join(sorted(wrong))}")
    if kind == FORM:
        pairs = parse_qsl(
            "&".join(line.strip() for line in template.splitlines() if line.strip()),
            keep_blank_values=True,
        )
        if not pairs:
            raise BadDescription("empty body")
        filled = [(name, _put(value, values)) for name, value in pairs]
        return urlencode(filled).encode(), "application/x-www-form-urlencoded"
    try:
        told = json.loads(template)
    except ValueError as error:
        raise BadDescription(str(error)) from None
    return json.dumps(_filled(told, values)).encode(), "application/json"


def _without_json_braces(template, kind):
    """The texts in which a place may stand."""
    if kind == FORM:
        return template
    try:
        told = json.loads(template)
    except ValueError as error:
        raise BadDescription(str(error)) from None
    return "\n".join(_leaves(told))


def _leaves(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value


def _filled(value, values):
    if isinstance(value, dict):
        return {name: _filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return _put(value, values) if isinstance(value, str) else value


def _put(text, values):
    return _PLACE.sub(lambda match: str(values.get(match[1], "") or ""), text)


def read(data):
    """What the gateway said (bytes), as dicts and lists; {} when it is neither JSON nor
    a form."""
    if not data or len(data) > MAX_ANSWER:
        return {}
    text = data.decode("utf-8", "replace").strip()
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return {}
    pairs = parse_qsl(text, max_num_fields=200) if "=" in text else []
    return dict(pairs)


def at(told, path):
    """The text at ``path`` of ``told``; "" when there is none."""
    for part in (path or "").split("."):
        if isinstance(told, dict):
            told = told.get(part)
        elif isinstance(told, list) and part.isdigit() and int(part) < len(told):
            told = told[int(part)]
        else:
            return ""
    if told is None or isinstance(told, dict | list):
        return ""
    return str(told)[:200]


def judge(status, data, answer):
    """What an HTTP answer means for the message.

    :param status: the HTTP status
    :param data: the bytes of the body
    :return: {"reference": text, "cost": text}
    :raise ChannelError: when it was not taken, or nobody can say
    """
    told = read(data)
    said = at(told, answer.error) or f"HTTP {status}"
    state = at(told, answer.status).lower() if answer.status else ""
    if status in UNKNOWN_TO_IT:
        raise ProviderRefused(said, status)
    if status in BUSY:
        raise ChannelTemporary(said, status)
    if status >= 500:
        # it may have been taken before the gateway fell over
        raise ChannelInDoubt(said, status)
    if state and state in answer.again:
        raise ChannelTemporary(said, state)
    if state and state in answer.bad:
        raise ChannelRefused(said, state)
    if status >= 300:
        raise ChannelRefused(said, status)
    if answer.status and state not in answer.good:
        raise ChannelInDoubt(f"unknown answer: {state or '-'}", state)
    return {"reference": at(told, answer.reference), "cost": at(told, answer.cost)}


def report(data, answer):
    """[(reference, state, words)] of a delivery report; ``state``: delivered, failed or
    "" when it is another one, which is only noted.

    A report is one object or a list of them.
    """
    told = read(data)
    found = []
    for one in told if isinstance(told, list) else [told]:
        reference, state = at(one, answer.reference), at(one, answer.status)
        if not reference:
            continue
        known = state.lower()
        meaning = "delivered" if known in answer.good else ""
        meaning = "failed" if known in answer.bad else meaning
        text = ": ".join(part for part in (state, at(one, answer.error)) if part)
        found.append((reference, meaning, text))
    return found


def is_signed(secret, data, signature):
    """Whether ``signature`` (hexadecimal or base64, with or without "sha256=") is the
    HMAC-SHA256 of ``data`` with ``secret``."""
    if not secret or not signature:
        return False
    digest = hmac.new(secret.encode(), data, hashlib.sha256).digest()
    told = signature.strip()
    told = told[7:] if told.lower().startswith("sha256=") else told
    return hmac.compare_digest(
        told.lower().encode(), digest.hex().encode()
    ) or hmac.compare_digest(told.encode(), base64.b64encode(digest))

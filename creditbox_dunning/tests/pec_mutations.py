"""PEC messages broken at random, and what must hold however they are broken.

Pure: used by the tests (some of each kind) and, for many, by
``./dev bench broken_files pec``.
"""

import random
import re
from datetime import datetime, timedelta, timezone

from ..formats import certified_mail, pec_receipt
from ..rules import pec
from . import pec_golden, pec_samples

HOSTILE = (
    b"\0",
    b"\r\n\r\n",
    b"\r\n.\r\n",
    b"=?utf-8?B?////?=",
    b"=?x-unknown?Q?=FF=?=",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b'Content-Type: multipart/mixed; boundary=""\r\n',
    b"Content-Type: message/rfc822\r\n\r\n",
    b'Content-Type: text/plain; charset="utf-8\0\'"\r\n',
    b"filename*0*=x''%E2; filename*1*=%82; filename*x=1",
    b"X-Ricevuta: avvenuta-consegna\r\n",
    b"X-Trasporto: errore\r\n",
    b"X-Riferimento-Message-ID: <a@b>\r\n",
    b"<msgid>&lt;a@b&gt;</msgid>",
    b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    b"<![CDATA[",
    b"&lol9;",
    b"<a>" * 300,
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"A" * 5000,
    b"<" * 3000,
    b"--",
    b"\n--=\n" * 50,
    b"31/02/2027",
    b"99:99:99",
    b"+9999",
)


# kinds of mutation: (data, rng) -> data


def flip(data, rng):
    """A byte becomes another."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]


def flip_many(data, rng):
    for _time in range(rng.randrange(2, 40)):
        data = flip(data, rng)
    return data


def cut(data, rng):
    """A piece is missing."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 400) :]


def stop(data, rng):
    """The message ends early."""
    return data[: rng.randrange(1, len(data))]


def double(data, rng):
    """A piece is there twice."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randrange(1, 600))
    return data[:end] + data[start:end] + data[end:]


def hostile(data, rng):
    """Bytes that mean something to a careless program."""
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(HOSTILE) + data[place:]


def lines(data, rng):
    """Lines out of order, lost or twice."""
    found = data.split(b"\r\n")
    one, two = rng.randrange(len(found)), rng.randrange(len(found))
    how = rng.randrange(3)
    if how == 0:
        found[one], found[two] = found[two], found[one]
    elif how == 1:
        del found[one]
    else:
        found.insert(one, found[two])
    return b"\r\n".join(found)


def evidence(data, rng):
    """The same faults inside daticert.xml, below its base64."""
    place = data.find(b"Content-Type: application/xml")
    if place < 0:
        return hostile(data, rng)
    start = data.index(b"\r\n\r\n", place) + 4
    end = data.index(b"\r\n--", start)
    inside = pec_samples.daticert(
        rng.choice(sorted(pec_samples.WORDS)), error_text="5.1.1 non valido"
    ).encode()
    broken = rng.choice((flip, flip_many, cut, stop, double, hostile))(inside, rng)
    text = "\r\n".join(pec_samples.as_base64(broken))
    return data[:start] + text.encode() + data[end:]


def nest(data, rng):
    """A mail in a mail in a mail."""
    depth = rng.choice((3, 30, 300, 3000))
    head = b"Content-Type: message/rfc822\r\n\r\n"
    deep = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    return rng.choice((head, deep)) * depth + data


def headers(data, rng):
    """Headers lost, renamed, or with another value."""
    names = re.findall(rb"(?m)^([A-Za-z-]+): ", data[:1500])
    if not names:
        return flip(data, rng)
    name = rng.choice(names)
    new = rng.choice((b"X-Altro", name.lower(), b"X-Ricevuta", b"From", b""))
    return data.replace(name + b":", new + b":", 1)


KINDS = (
    flip,
    flip_many,
    cut,
    stop,
    double,
    hostile,
    lines,
    evidence,
    nest,
    headers,
)


# what must hold


def problem(data):
    """What is wrong with how ``data`` was read; None when all holds."""
    received = pec_receipt.read(data)
    if received.kind not in certified_mail.KINDS:
        return f"kind {received.kind}"
    if set(received.issues) - certified_mail.ISSUES:
        return f"issues {received.issues}"
    if len(received.key) != 64:
        return f"key {received.key}"
    again = pec_receipt.read(data)
    if again != received:
        return "read twice, two results"
    for name in ("subject", "sender", "recipient", "provider_ref", "error_text"):
        text = getattr(received, name)
        if not text.isprintable() or len(text) > pec_receipt.MAX_VALUE:
            return f"{name}: {text[:100]!r}"
        text.encode()
    received.text.encode()
    return _judged(received)


def _judged(received):
    """A judgement never ends in two ways, and never without certified time."""
    now = datetime(2028, 1, 1, tzinfo=timezone.utc)
    for state in ("to_send", "sending", "sent", "accepted", "delivered", "failed"):
        outgoing = pec.Outgoing(state, pec_samples.CUSTOMER, now - timedelta(days=900))
        effect = pec.judge(received, outgoing, now)
        if effect.moves and (effect.tray or effect.later or received.when is None):
            return f"{state}: {effect}"
        if effect.moves and received.kind not in certified_mail.RECEIPTS:
            return f"{received.kind} moves {effect.moves}"
    return None


def guarded(data):
    """``problem``, an exception being one too."""
    try:
        return problem(data)
    except Exception as error:  # noqa: BLE001  pylint: disable=broad-except
        return f"{type(error).__name__}: {error}"


def run(count, seed):
    """Break the golden messages in each kind of way, ``count`` times a kind.

    :return: (messages read, list of (kind, number, problem, bytes))
    """
    good = [data for data in pec_golden.messages().values() if data]
    read, wrong = 0, []
    for kind in KINDS:
        rng = random.Random(f"{seed}-{kind.__name__}")  # noqa: S311
        for number in range(count):
            data = kind(good[number % len(good)], rng)
            found = guarded(data)
            read += 1
            if found:
                wrong.append((kind.__name__, number, found, data))
    return read, wrong

"""What the post tells of a letter, whatever the provider calls it.

Providers speak in codes of their own; a table of each provider (data) makes them ours.
The events of a letter come late, twice and in any order: what they mean together
depends on the events only, never on the order in which they were read.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .outcomes import POSTAL

# what an event makes of a letter
TAKEN = "taken"  # the mail house has it; nothing is proved yet
SENT = "sent"  # handed over to the carrier: the day of sending is proved
WAY = "way"  # still on its way
NOTIFIED = "notified"  # it reached the addressee, or counts as if it had
FAILED = "failed"  # it came back or was lost
REJECTED = "rejected"  # the mail house did not take it: it never left

STORED = "CG"
# the notice that the post leaves at the address when nobody is there
_LEFT_NOTICE = frozenset({"ABS", "STO"})
_ON_THE_WAY = {"RCV": TAKEN, "ACC": SENT, "ABS": WAY, "STO": WAY, "REJ": REJECTED}
_NOTIFIED = frozenset({"DEL", "DELO", "CG", "REF"})
#: normalised code -> what it makes of the letter
EFFECTS = {
    code: _ON_THE_WAY.get(code, NOTIFIED if code in _NOTIFIED else FAILED)
    for code in POSTAL
}
FINAL = frozenset({NOTIFIED, FAILED, REJECTED})
MAX_CODE = 60

#: codes of the carriers, as a new provider's table begins: name -> {theirs: ours}.
#: "poste": tracking codes of registered mail; "send": A/R codes of the public platform
#: of notifications, where the cause tells more than the event.
STANDARD_CODES = {
    "poste": {
        "DP1": "DEL",
        "DP2": "UNK",
        "DP3": "MOV",
        "DP4": "IRR",
        "DP5": "DEC",
        "DP6": "ANE",
        "DP7": "AIS",
        "DP8": "AIN",
        "DP9": "NTR",
        "DP10": "REF",
        "DP11": "DELO",
        "DP12": "LOS",
        "DP13": "DAM",
        "DP14": "FOR",
        "DP15": "CG",
        "B20": "STO",
    },
    "send": {
        "CON080": "ACC",
        "CON018": "ACC",
        "RECRN001C": "DEL",
        "RECRN003C": "DELO",
        "RECRN005C": "CG",
        "RECRN006": "LOS",
        "RECRN010": "ABS",
        "RECRN011": "STO",
        "RECRN013": "NRP",
        "RECRN015": "FOR",
        "M01": "IRR",
        "M02": "DEC",
        "M03": "UNK",
        "M04": "MOV",
        "M05": "REF",
        "M06": "AIN",
        "M07": "ANE",
        "M08": "AIS",
        "M09": "OTH",
        "F01": "LOS",
        "F02": "LOS",
        "F03": "DAM",
        "F04": "LOS",
        "C01": "FOR",
        "C02": "FOR",
        "C03": "FOR",
        "C04": "FOR",
        "C05": "FOR",
        "C06": "FOR",
    },
}


@dataclass(frozen=True, order=True)
class Event:
    """One thing that was told of a letter.

    ``at``: local moment; ``code``: normalised, "" when nobody knows what it means.
    """

    at: datetime
    code: str = ""


@dataclass(frozen=True)
class Letter:
    """What all the events of a letter mean together.

    ``state``: "" (nothing told), taken, sent, notified, failed, rejected; ``code``: the
    event that decides it; ``sent_on``: proved day of the hand-over; ``notified_on``:
    day from which the terms run; ``outcome``: code of rules/outcomes.py, "" while it is
    on its way; ``is_conflict``: later events contradict the one that decided;
    ``has_unknown``: some event has a code that nobody has explained.
    """

    state: str = ""
    code: str = ""
    sent_on: date | None = None
    notified_on: date | None = None
    ended_on: date | None = None
    outcome: str = ""
    is_conflict: bool = False
    has_unknown: bool = False


def clean_code(text):
    """A provider's code as it is looked up: upper case, no blanks, at most 60 long."""
    return re.sub(r"\s+", "", text or "").upper()[:MAX_CODE]


def translate(code, cause, table):
    """The normalised code of a provider's event.

    :param str code: the provider's code; ``cause``: its reason, may be blank
    :param dict table: {provider's code, cause, or code+cause: normalised code}
    :return: the most precise that the table knows (both, the cause, the code), or our
        own code written as it is; "" when nobody knows
    """
    code, cause = clean_code(code), clean_code(cause)
    wanted = (f"{code}+{cause}", cause, code) if cause else (code,)
    for key in wanted:
        found = table.get(key)
        if found in POSTAL:
            return found
    return code if code in POSTAL and code not in table else ""


def what_happened(events, stored_days=None):
    """What the events of one letter mean together.

    The earliest final event decides; a later one of another effect is a conflict that a
    person looks at.

    :param events: iterable of ``Event``, any order, repeated or not
    :param stored_days: for letters left at the post office (compiuta giacenza): full
        days from the notice left at the address after which they count as notified;
        None: the day on which the post says so
    :return: ``Letter``
    """
    told = sorted(set(events))
    known = [event for event in told if event.code in EFFECTS]
    sent = [e.at.date() for e in known if EFFECTS[e.code] == SENT]
    finals = [event for event in known if EFFECTS[event.code] in FINAL]
    has_unknown = len(known) < len(told)
    sent_on = min(sent, default=None)
    if not finals:
        code = known[-1].code if known else ""
        seen = {EFFECTS[event.code] for event in known}
        # what is on its way has left, even if nobody told of the hand-over
        state = SENT if seen & {SENT, WAY} else TAKEN if seen else ""
        return Letter(state, code, sent_on, has_unknown=has_unknown)
    first = finals[0]
    effect = EFFECTS[first.code]
    notified = _notified_on(first, known, stored_days) if effect == NOTIFIED else None
    if notified and sent_on and notified < sent_on:
        notified = sent_on
    return Letter(
        state=effect,
        code=first.code,
        sent_on=sent_on,
        notified_on=notified,
        ended_on=first.at.date(),
        outcome=POSTAL[first.code] or "",
        is_conflict=any(EFFECTS[event.code] != effect for event in finals),
        has_unknown=has_unknown,
    )


def _notified_on(final, known, stored_days):
    day = final.at.date()
    if final.code != STORED or stored_days is None:
        return day
    left = [e.at.date() for e in known if e.code in _LEFT_NOTICE and e.at <= final.at]
    if not left:
        return day
    # the post says so when it is over: that day is the latest that it can be
    return min(day, min(left) + timedelta(days=stored_days))

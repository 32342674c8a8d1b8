"""Whose CMOR is it: a notice against our contracts, a network's line against practices.

The SII writes POD of 14 or 15 characters; the 15th is not significant. PDR are text,
their leading zeros are lost by spreadsheets. A match needs the contract in force on the
day of the notice and the same holder: a different one means that the point changed
hands (voltura), and a person decides.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

MATCHED = "matched"
UNMATCHED = "unmatched"

# why a person has to look
UNKNOWN_POINT = "unknown_point"
NOT_IN_FORCE = "not_in_force"
HOLDER_DIFFERS = "holder_differs"
HOLDER_UNKNOWN = "holder_unknown"
SEVERAL = "several"

_JUNK = re.compile(r"[\s.\-/]+")


def point_key(sector, code):
    """What two writings of the same point share.

    :param str sector: electricity or gas
    :param code: POD or PDR as written, or None
    :return: first 14 characters of a POD; a PDR filled with zeros to 14; "" for none
    """
    text = _JUNK.sub("", str(code or "")).upper()
    if not text:
        return ""
    if sector == "gas":
        return text.zfill(14) if text.isdigit() else text
    return text[:14]


@lru_cache(maxsize=4096)  # of each person: as told, as customer, as owner
def person_keys(fiscal_code, vat):
    """Tax code and VAT number, plain; an entity's tax code is often its VAT number."""
    codes = set()
    for number in (fiscal_code, vat):
        text = _JUNK.sub("", str(number or "")).upper()
        text = text.removeprefix("IT") if len(text) == 13 else text
        # the VAT numbers of Italy have eleven digits: spreadsheets cut their zeros
        if text.isdigit() and 8 <= len(text) < 11:
            text = text.zfill(11)
        if text:
            codes.add(text)
    return frozenset(codes)


@dataclass(frozen=True)
class Supply:
    """One of our contracts: ``key`` is whatever the caller wants back."""

    key: object
    point: str
    date_from: date
    date_to: date | None
    holder: frozenset

    def in_force(self, day):
        """Whether the supply runs on ``day``; the last day counts."""
        return self.date_from <= day and (self.date_to is None or day <= self.date_to)


@dataclass(frozen=True)
class Match:
    """``chosen`` is a Supply when nobody has to look; ``proposals`` best first."""

    state: str
    reason: str = ""
    chosen: Supply | None = None
    proposals: tuple = ()


def match_contract(point, holder, day, supplies):
    """Find the contract that a notice is about.

    :param str point: ``point_key`` told by the SII
    :param frozenset holder: ``person_keys`` told by the SII
    :param date day: day of the notice
    :param supplies: Supply of the same point or of the same holder, any order
    :return: Match
    """
    here = [supply for supply in supplies if supply.point == point]
    running = [supply for supply in here if supply.in_force(day)]

    def rank(supply):
        return (
            supply.point != point,
            not supply.in_force(day),
            not (supply.holder & holder),
            -supply.date_from.toordinal(),
            str(supply.key),
        )

    alone = len(supplies) < 2
    proposals = tuple(supplies if alone else sorted(supplies, key=rank))
    same = [supply for supply in running if supply.holder & holder]
    if len(same) == 1:
        return Match(MATCHED, "", same[0], proposals)
    if len(same) > 1:
        return Match(UNMATCHED, SEVERAL, None, proposals)
    if running:
        compared = holder and all(supply.holder for supply in running)
        reason = HOLDER_DIFFERS if compared else HOLDER_UNKNOWN
        return Match(UNMATCHED, reason, None, proposals)
    reason = NOT_IN_FORCE if here else UNKNOWN_POINT
    return Match(UNMATCHED, reason, None, proposals)


@dataclass(frozen=True)
class Awaiting:
    """A practice that a line of the network may be about.

    ``left`` is what the network has not charged yet of the amount in force.
    """

    key: object
    sii_code: str
    point: str
    left: Decimal


def match_line(sii_code, point, amount, practices):
    """Find the practice that a line of the distributor's or UDD's invoice is about.

    By the SII's code; without one, by point and amount when only one fits.

    :param str sii_code: as written, may be ""
    :param str point: ``point_key``, may be ""
    :param Decimal amount: of the line; negative when the network gives back
    :param practices: Awaiting of the company
    :return: the Awaiting, or None
    """
    if sii_code:
        # a code that we do not know is not guessed by the point
        found = [p for p in practices if p.sii_code == sii_code]
    elif point:
        found = [p for p in practices if p.point == point and p.left == amount]
    else:
        return None
    return found[0] if len(found) == 1 else None


_SII_CODE = re.compile(r"\bSII[A-Z0-9]{12}\b", re.ASCII)
_POINT = re.compile(r"\bIT[0-9]{3}E[A-Z0-9]{8,9}\b|\b[0-9]{14}\b", re.ASCII)


def codes_in(text):
    """(SII code, point as written) found in the words of an invoice line; "" for none.

    The code of the SII has 15 characters and begins with SII (CSEA circular 11/2020).
    """
    text = (text or "").upper()
    code, point = _SII_CODE.search(text), _POINT.search(text)
    return (code.group() if code else ""), (point.group() if point else "")

"""The statement of an agency's fees: what is frozen once does not change again."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)
# a payment of the period, one of an earlier period that the books have only now, a
# change of what an earlier statement had
FEE, LATE, CORRECTION = "fee", "late", "correction"


@dataclass(frozen=True)
class Arrival:
    """A payment of the books as it counts today.

    :param key: (assignment, matching of the books): the same payment has it for ever
    :param day: on which it arrived; amount, fee: Decimal, euro
    """

    key: tuple
    day: date
    amount: Decimal
    fee: Decimal


@dataclass(frozen=True)
class Frozen:
    """What all earlier statements of the agency have of one payment, summed up.

    :param turns: how many lines they are
    """

    day: date
    amount: Decimal
    fee: Decimal
    turns: int = 1


@dataclass(frozen=True)
class Line:
    """A line of a statement: ``kind``; what it adds to earlier lines of the same key;
    ``turn``: how many lines of the key are there already."""

    kind: str
    key: tuple
    day: date
    amount: Decimal
    fee: Decimal
    turn: int = 0


def statement(arrivals, frozen, first, last):
    """The lines of an agency's statement from ``first`` to ``last``, both included.

    Whatever statements are made in a row, the sum of their lines is what the books say
    on the day of the last one: a payment that was never told comes when its day is not
    after ``last``; one that was told and counts otherwise today comes as the
    difference, also when it is in the books no more. Payments without a fee are left
    out, as long as they never had one.

    :param arrivals: Arrival, all of the agency that the books have
    :param frozen: {key: Frozen} of all its earlier statements
    :return: [Line] by day
    """
    lines, present = [], set()
    for one in arrivals:
        present.add(one.key)
        told = frozen.get(one.key)
        if told:
            lines += _difference(one.key, one.day, one.amount, one.fee, told)
        elif one.fee and one.day <= last:
            kind = FEE if one.day >= first else LATE
            lines.append(Line(kind, one.key, one.day, one.amount, one.fee))
    for key, told in frozen.items():
        if key not in present:
            lines += _difference(key, told.day, ZERO, ZERO, told)
    return sorted(lines, key=lambda line: (line.day, line.key))


def _difference(key, day, amount, fee, told):
    more, dearer = amount - told.amount, fee - told.fee
    if not more and not dearer:
        return []
    return [Line(CORRECTION, key, day, more, dearer, told.turns)]


def sums(lines):
    """{kind: Decimal fee} of the lines, every kind named."""
    found = dict.fromkeys((FEE, LATE, CORRECTION), ZERO)
    for line in lines:
        found[line.kind] += line.fee
    return found

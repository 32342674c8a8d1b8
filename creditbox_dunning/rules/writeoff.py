"""Which small credits may go to a loss for tax, and why the others may not.

Sources: art. 101, c. 5, DPR 917/1986 (TUIR): losses on credits are deductible with
certain and precise elements, which exist in any case for a small credit (up to 2.500
euro, 5.000 for companies of great size) whose term expired six months ago, and when
the right is prescribed. The numbers are dated data, given by the caller. To be checked
by a person: that the amount is looked at contract by contract (circ. 26/E of 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dateutil.relativedelta import relativedelta

SMALL, PRESCRIBED, USELESS = "small", "prescribed", "useless"


@dataclass(frozen=True)
class Limits:
    """``amount``: the most a small credit may be, None = no number in force;
    ``months``: how long overdue."""

    amount: Decimal | None
    months: int | None


@dataclass(frozen=True)
class Credit:
    """All that a customer owes on one contract and is overdue on the day.

    ``due``: of the newest of its bills, so that all of them are old enough;
    ``has_clock``: its prescription could be counted (``rules/prescription.py``);
    ``expires``: last day on which the last of its bills may be claimed, None = a
    lawsuit goes on; ``is_useless``: the agency or the court said that nothing can be
    had; ``is_in_court``: a legal file is open on it; ``has_money``: the customer has
    payments or credit notes that are matched with no bill.
    """

    key: tuple
    amount: Decimal
    due: date
    has_clock: bool = False
    expires: date | None = None
    is_disputed: bool = False
    is_agreed: bool = False
    is_listed: bool = False
    is_useless: bool = False
    is_in_court: bool = False
    has_money: bool = False


def exclusions(credit, kind, limits, today):
    """Codes of the reasons why ``credit`` cannot be written off on ``today``.

    ``kind``: small, prescribed or useless. An empty tuple = it can.
    """
    found = []
    if credit.amount <= 0:
        found.append("nothing_open")
    if kind == SMALL:
        found += _small(credit, limits, today)
    elif kind == PRESCRIBED:
        if not credit.has_clock:
            found.append("no_clock")
        elif credit.expires is None or credit.expires >= today:
            found.append("not_prescribed")
    elif not credit.is_useless:
        found.append("no_proof")
    # certain and precise elements are missing while the court may still give it
    if kind != PRESCRIBED and credit.is_in_court:
        found.append("in_court")
    if credit.is_disputed:
        found.append("disputed")
    if credit.is_agreed:
        found.append("agreed")
    if credit.is_listed:
        found.append("listed")
    if credit.has_money:
        found.append("has_money")
    return tuple(found)


def _small(credit, limits, today):
    if limits.amount is None or limits.months is None:
        return ["no_number"]
    found = []
    if credit.amount > limits.amount:
        found.append("too_large")
    # "six months have passed": the day after the same day of the sixth month
    if credit.due + relativedelta(months=limits.months) >= today:
        found.append("too_recent")
    return found

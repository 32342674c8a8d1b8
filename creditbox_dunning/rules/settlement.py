"""Saldo e stralcio: what is asked, what is given up, and whether it was paid.

No database here. Amounts are Decimals in the company's currency, days are dates.
What is given up comes first from costs and interest, last from the capital: a
customer who pays the whole capital gets no discount on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)

# what the receipts say of an offer
WAIT, PAID, EXPIRED, DECIDE = "wait", "paid", "expired", "decide"
# why a person has to decide
SHORT, LATE, RETURNED = "short", "late", "returned"


class Wrong(ValueError):
    """The figures do not make an offer; ``code`` says why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Figures:
    """An offer in figures; see :func:`figures`.

    ``discount``: given up on the capital; ``percent``: the same of the capital, two
    decimals; ``waived``: interest and costs given up; ``extra``: interest and costs
    that the agreed sum still asks for.
    """

    capital: Decimal
    interest: Decimal
    costs: Decimal
    agreed: Decimal
    discount: Decimal
    percent: Decimal
    waived: Decimal
    extra: Decimal

    @property
    def total(self):
        return self.capital + self.interest + self.costs


def figures(capital, interest, costs, agreed):
    """The :class:`Figures` of an offer to pay ``agreed`` instead of everything.

    :raise Wrong: no capital, an amount below zero, nothing to pay or more than all
    """
    if capital <= 0:
        raise Wrong("no_capital")
    if interest < 0 or costs < 0:
        raise Wrong("negative")
    if agreed <= 0:
        raise Wrong("nothing_to_pay")
    if agreed > capital + interest + costs:
        raise Wrong("more_than_all")
    discount = max(ZERO, capital - agreed)
    extra = max(ZERO, agreed - capital)
    return Figures(
        capital=capital,
        interest=interest,
        costs=costs,
        agreed=agreed,
        discount=discount,
        percent=percent_of(discount, capital),
        waived=interest + costs - extra,
        extra=extra,
    )


def percent_of(part, whole):
    """``part`` of ``whole`` in percent, two decimals, never rounded down to nothing:
    a discount of a cent of a million is still a discount."""
    if not whole:
        return ZERO
    cents = Decimal("0.01")
    found = (part * HUNDRED / whole).quantize(cents, ROUND_HALF_UP)
    return max(found, cents) if part > 0 else found


def last_day(offered_on, days):
    """Last day to pay an offer made on ``offered_on`` and valid for ``days`` days."""
    return offered_on + timedelta(days=days)


@dataclass(frozen=True)
class Receipt:
    """Money that came in on a bill of the offer after it was made.

    ``day``: value date (valuta) of the payment, not the day on which it was recorded.
    """

    day: date
    amount: Decimal


@dataclass(frozen=True)
class Verdict:
    """``kind``: wait, paid, expired or decide; ``why`` for decide: short or late.

    ``in_time`` / ``late``: the money that came by the last day, and after it;
    ``paid_on``: the day on which the agreed sum was complete.
    """

    kind: str
    in_time: Decimal
    late: Decimal
    why: str = ""
    paid_on: date | None = None


def judge(agreed, tolerance, valid_until, receipts, today, grace=0):
    """What has become of an offer.

    :param tolerance: how much may lack of ``agreed`` (euro)
    :param valid_until: last day on which money counts, by its value date
    :param receipts: iterable of :class:`Receipt`
    :param grace: days after ``valid_until`` in which payments made in time may still
        be told by the bank: the offer does not expire before they are over
    """
    wanted = max(agreed - tolerance, ZERO)
    in_time = late = ZERO
    paid_on = complete_on = None
    for receipt in sorted(receipts, key=lambda r: r.day):
        if receipt.day <= valid_until:
            in_time += receipt.amount
            if paid_on is None and in_time >= wanted and in_time > 0:
                paid_on = receipt.day
        else:
            late += receipt.amount
        if complete_on is None and in_time + late >= wanted and in_time + late > 0:
            complete_on = receipt.day
    if in_time >= wanted and in_time > 0:
        return Verdict(PAID, in_time, late, paid_on=paid_on)
    if today <= valid_until + timedelta(days=grace):
        return Verdict(WAIT, in_time, late)
    if complete_on:
        return Verdict(DECIDE, in_time, late, LATE, complete_on)
    if in_time + late > 0:
        return Verdict(DECIDE, in_time, late, SHORT)
    return Verdict(EXPIRED, in_time, late)


@dataclass(frozen=True)
class Loss:
    """What is booked on one receivable."""

    key: int
    amount: Decimal


def losses(residuals, allowed):
    """The losses that close the receivables of a paid offer.

    :param residuals: {key: what is still open on the receivable}
    :param allowed: the most that may be given up: discount approved and tolerance
    :return: list of :class:`Loss`, one for each receivable that is still open
    :raise Wrong: ``above`` when more is open than may be given up: something else
        happened on the bills, and nobody approved that
    """
    found = [Loss(key, amount) for key, amount in residuals.items() if amount > 0]
    if sum((loss.amount for loss in found), ZERO) > allowed:
        raise Wrong("above")
    return found

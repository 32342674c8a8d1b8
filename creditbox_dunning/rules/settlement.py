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
WAIT, PAID, EXPIRED, DECIDE, CHECK = "wait", "paid", "expired", "decide", "check"
# why a person has to decide
SHORT, LATE, RETURNED = "short", "late", "returned"
# its sum lies unmatched, or paid other bills
UNMATCHED, ELSEWHERE = "unmatched", "elsewhere"


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
    """``kind``: wait, paid, expired, decide or check; ``why`` for decide: short or
    late.

    ``in_time`` / ``late``: the money that came by the last day, and after it;
    ``free``: the customer's money that lies there and is matched with no bill;
    ``paid_on``: the day on which the agreed sum was complete.
    """

    kind: str
    in_time: Decimal
    late: Decimal
    why: str = ""
    paid_on: date | None = None
    free: Decimal = ZERO


def judge(agreed, tolerance, valid_until, receipts, today, grace=0, free=ZERO):
    """What has become of an offer.

    :param tolerance: how much may lack of ``agreed`` (euro)
    :param valid_until: last day on which money counts, by its value date
    :param receipts: iterable of :class:`Receipt`
    :param grace: days after ``valid_until`` in which payments made in time may still
        be told by the bank: the offer does not expire before they are over
    :param free: money of the customer that came since and is matched with no bill. It
        pays nothing, but an offer whose sum lies there does not expire: ``check``, a
        person says what the money is for
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
        return Verdict(PAID, in_time, late, paid_on=paid_on, free=free)
    if today <= valid_until + timedelta(days=grace):
        return Verdict(WAIT, in_time, late, free=free)
    if complete_on:
        return Verdict(DECIDE, in_time, late, LATE, complete_on, free)
    if free > 0 and in_time + late + free >= wanted:
        return Verdict(CHECK, in_time, late, free=free)
    if in_time + late + free > 0:
        return Verdict(DECIDE, in_time, late, SHORT, free=free)
    return Verdict(EXPIRED, in_time, late)


def is_reminder_due(valid_until, free, today, days):
    """Whether the clerk is reminded: money lies there and the term is near.

    ``days``: how long before the last day.
    """
    return free > 0 and today >= valid_until - timedelta(days=days)


def allot(wanted, money):
    """Whose money it is, where several offers of a customer wait: it counts once.

    :param wanted: [(offer, what is missing of it)] in the order of being served
    :param money: [(key, amount, offers for which it may count)] in the order of its use
    :return: {offer: {key: amount above zero}}; what is beyond all that is missing stays
        with the first that may have it
    """
    found, missing = {offer: {} for offer, _missing in wanted}, dict(wanted)
    for key, amount, may in money:
        able = [(offer, own) for offer, own in found.items() if offer in may]
        left = amount
        for offer, own in able:
            part = min(left, max(missing[offer], ZERO))
            if part > 0:
                own[key] = part
                missing[offer] -= part
                left -= part
        if able and left > 0:
            first = able[0][1]
            first[key] = first.get(key, ZERO) + left
    return found


def shares(missing, bills, credits_):
    """How money that lies free is matched with the bills of an offer.

    Never more than is missing of the agreed sum: the rest stays the customer's.

    :param missing: what is missing of the agreed sum
    :param bills: [(key, what is open on it)], in the order in which they are paid
    :param credits_: [(key, what is free of it)], in the order in which they are used
    :return: list of (bill's key, credit's key, amount above zero)
    """
    found, left = [], dict(bills)
    for credit, free in credits_:
        for bill, _open in bills:
            amount = min(missing, free, left[bill])
            if amount > 0:
                found.append((bill, credit, amount))
                missing -= amount
                free -= amount
                left[bill] -= amount
    return found


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

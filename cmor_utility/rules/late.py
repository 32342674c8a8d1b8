"""The customer pays his old bills after they were claimed (double collection).

He must not pay twice: once to us and once as CMOR to the new seller. So a payment on a
claimed bill has to be followed by an update of the claim or by its annulment.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)

NONE = "none"
FULL = "full"
PART = "part"
UNTOUCHED = "untouched"


@dataclass(frozen=True)
class ClaimedBill:
    """A bill in the claim as it stands now.

    ``claimed``: its part in the claim; ``residual``: open now; ``by_csea``: what
    CSEA's receipts paid of it; ``late``: paid otherwise (payment, credit note) since
    the claim left; ``late_on``: day of the last of these.
    """

    claimed: Decimal
    residual: Decimal
    by_csea: Decimal = ZERO
    late: Decimal = ZERO
    late_on: date | None = None


@dataclass(frozen=True)
class Verdict:
    """``kind``: NONE, FULL (nothing of the claim is left), PART (less is left) or
    UNTOUCHED (something was paid, the claim is covered still); ``paid``: since the
    claim left; ``new_amount``: the indemnity that is left; ``day``: of the last
    payment, or None."""

    kind: str
    paid: Decimal
    new_amount: Decimal
    day: date | None


@dataclass(frozen=True)
class Credit:
    """What the customer has paid that no bill takes: open credits since the claim
    left; ``day`` of the last one."""

    amount: Decimal = ZERO
    day: date | None = None


def judge(bills, indemnity, cap, prev, is_paid_by_csea=False, credit=Credit()):
    """What late payments on claimed bills mean for the claim.

    :param bills: ``ClaimedBill`` of the practice
    :param Decimal indemnity: as claimed now
    :param Decimal cap: cap of the claim, without the previous CMOR
    :param Decimal prev: previous CMOR inside the indemnity
    :param bool is_paid_by_csea: then a payment of what was not claimed is as it
        should be
    :param Credit credit: open credits of the customer; once CSEA's money has closed a
        bill, that is all there is to see of his payment
    :return: ``Verdict``
    """
    bills = tuple(bills)
    paid = sum((bill.late for bill in bills), ZERO)
    days = [bill.late_on for bill in bills if bill.late_on]
    left = sum((min(b.claimed, max(ZERO, b.residual) + b.by_csea) for b in bills), ZERO)
    twice = _paid_twice(bills, credit)
    if twice:
        paid, left = paid + twice, left - twice
        days.append(credit.day)
    new_amount = min(indemnity, min(left, cap) + prev)
    if not paid:
        return Verdict(NONE, ZERO, indemnity, None)
    if not left:
        kind = FULL
    elif new_amount < indemnity:
        kind = PART
    else:
        kind = NONE if is_paid_by_csea else UNTOUCHED
    if kind == NONE:
        return Verdict(NONE, ZERO, indemnity, None)
    return Verdict(kind, paid, new_amount, max(days, default=None))


def _paid_twice(bills, credit):
    """What of an open credit pays again what CSEA has paid: an open bill comes first,
    its payment is seen when the two are reconciled."""
    open_ = sum((max(ZERO, bill.residual) for bill in bills), ZERO)
    by_csea = sum((min(bill.claimed, bill.by_csea) for bill in bills), ZERO)
    return max(ZERO, min(credit.amount - open_, by_csea))

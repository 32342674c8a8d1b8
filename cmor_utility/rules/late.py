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

    ``claimed``: its part in the claim, negative for a credit note; ``residual``: open
    now; ``by_csea``: what CSEA's receipts paid of it; ``late``: paid otherwise
    (payment, credit note) since the claim left; ``late_on``: day of the last of these.
    """

    claimed: Decimal
    residual: Decimal
    by_csea: Decimal = ZERO
    late: Decimal = ZERO
    late_on: date | None = None

    @property
    def left(self):
        """What of its part in the claim is unpaid. A credit note lowers the claim as
        long as it is open; once a bill has taken it, that bill is the lower for it."""
        if self.claimed < 0:
            return max(self.claimed, min(ZERO, self.residual))
        return min(self.claimed, max(ZERO, self.residual) + self.by_csea)


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


def judge(
    bills,
    indemnity,
    cap,
    prev,
    is_paid_by_csea=False,
    credit=Credit(),
    prev_on_top=True,
    prev_left=None,
):
    """What late payments on claimed bills mean for the claim.

    :param bills: ``ClaimedBill`` of the practice
    :param Decimal indemnity: as claimed now
    :param Decimal cap: cap of the claim, without the previous CMOR
    :param Decimal prev: previous CMOR inside the indemnity
    :param bool is_paid_by_csea: then a payment of what was not claimed is as it
        should be
    :param Credit credit: open credits of the customer; once CSEA's money has closed a
        bill, that is all there is to see of his payment
    :param bool prev_on_top: the previous CMOR is not under the cap
    :param Decimal prev_left: what of it the customer has not paid; None: all of it
    :return: ``Verdict``
    """
    bills = tuple(bills)
    left_of_prev = prev if prev_left is None else min(prev, prev_left)
    # its bill may be one of the claim, where the payment is seen as well
    paid = max(sum((bill.late for bill in bills), ZERO), prev - left_of_prev)
    days = [bill.late_on for bill in bills if bill.late_on]
    left = max(ZERO, sum((bill.left for bill in bills), ZERO))
    twice = _paid_twice(bills, credit)
    if twice:
        paid, left = paid + twice, max(ZERO, left - twice)
        days.append(credit.day)
    own = min(left, cap)
    owed = own + left_of_prev if prev_on_top else min(left + left_of_prev, cap)
    new_amount = min(indemnity, owed)
    if not paid:
        return Verdict(NONE, ZERO, indemnity, None)
    # a previous CMOR that nobody has paid is left when all the bills are
    if not new_amount:
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
    by_csea = sum((max(ZERO, min(b.claimed, b.by_csea)) for b in bills), ZERO)
    return max(ZERO, min(credit.amount - open_, by_csea))

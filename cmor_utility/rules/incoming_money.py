"""The money of an incoming practice: what is due, what the customer paid, what is next.

The distributor (or the UDD) charges us the CMOR, we charge it to the customer, he pays
or not. All amounts are euro as ``Decimal``.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

# states of the report (domain: STATO of RI1.0050, codes assumed)
REPORT_NOT_CHARGED = "0"
REPORT_CHARGED = "1"
REPORT_PARTLY = "2"
REPORT_COLLECTED = "3"
REPORT_REVERSED = "4"
REPORT_LEFT = "5"

# the network has charged it; it may charge more of it at any time (an amount raised
# by TISIND art. 10), and that goes on a bill of the customer as well
BILLABLE = (
    "to_charge",
    "charged",
    "uncollected",
    "collected",
    "carried",
    "reported",
)
# billed before the program, by a bill that is not known: where the money is
TOLD_EXPOSURE = {"charged": "billed", "uncollected": "unpaid", "carried": "unpaid"}


def round_cent(amount):
    """Round half up to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class OnBill:
    """A charge (negative: a refund) on a bill of the customer.

    ``total``, ``residual`` and ``given_up`` (written off, settled for less: closed
    without a payment) are the bill's, with everything else that it carries.
    """

    amount: Decimal
    total: Decimal
    residual: Decimal
    due: date | None = None
    given_up: Decimal = ZERO

    @property
    def open_amount(self):
        """What of the charge is unpaid: the bill's residual pro quota."""
        return self._share_of(self.residual)

    @property
    def lost_amount(self):
        """What of the charge was given up: pro quota as well."""
        return self._share_of(self.given_up)

    def _share_of(self, part):
        if not self.total or (part > 0) != (self.total > 0):
            return ZERO
        return round_cent(self.amount * min(part / self.total, Decimal(1)))


@dataclass(frozen=True)
class Money:
    """Facts of one practice.

    ``network`` is what was charged to us; ``pending`` what waits to be put on a bill
    of the customer (negative: to be given back to him). ``is_told``: billed before the
    program by a bill that nobody has named: the state is all that is known of it.
    """

    state: str
    amount: Decimal
    is_annulled: bool = False
    network: Decimal = ZERO
    pending: Decimal = ZERO
    bills: tuple = field(default=())
    has_left: bool = False
    is_told: bool = False

    @cached_property
    def billed(self):
        """What the customer's bills carry, refunds taken off."""
        return sum((bill.amount for bill in self.bills), ZERO)

    @cached_property
    def open_amount(self):
        """What of it he has not paid."""
        opened = sum((bill.open_amount for bill in self.bills), ZERO)
        return max(ZERO, min(opened, self.billed))

    @cached_property
    def lost(self):
        """What of it was given up: not paid, and asked of him no more."""
        lost = sum((bill.lost_amount for bill in self.bills), ZERO)
        return max(ZERO, min(lost, self.billed - self.open_amount))

    @property
    def collected(self):
        """What of it he has paid."""
        return max(ZERO, self.billed - self.open_amount - self.lost)

    @property
    def due(self):
        """What the customer owes in the end: never more than we are charged."""
        return ZERO if self.is_annulled else min(self.network, self.amount)

    @property
    def unbilled(self):
        """What he owes, and is neither on a bill of his nor on its way to one."""
        if self.is_annulled or self.is_told:
            return ZERO
        return max(ZERO, self.due - self.billed - self.pending)

    @property
    def to_bill(self):
        """What may still be put on a bill of his."""
        return self.unbilled if self.state in BILLABLE else ZERO

    @cached_property
    def to_return(self):
        """What he was billed beyond the amount in force (TISIND art. 10, 12 and 15).

        Measured against the SII's amount, not the network's: its credit comes later.
        While the claim is suspended nothing of it is due.
        """
        stopped = self.is_annulled or self.state == "suspended"
        ceiling = ZERO if stopped else self.amount
        # a charge still on its way is stopped or comes back, a refund counts already
        return max(ZERO, self.billed + min(ZERO, self.pending) - ceiling)

    @property
    def is_returned(self):
        """Nothing is left to be given back, and nothing on its way."""
        return not self.to_return and not self.pending

    @property
    def difference(self):
        """Charged to us more (positive) or less than the SII says."""
        return self.network - (ZERO if self.is_annulled else self.amount)

    def is_overdue(self, today):
        """Something of it is unpaid after its due date."""
        return any(
            bill.amount > 0 and bill.open_amount > 0 and bill.due and bill.due < today
            for bill in self.bills
        )


def path(money, today):
    """States to enter, one after the other, so that the state fits the money.

    :param Money money: the facts
    :param date today: day of the due dates
    :return: tuple of states, () when nothing changes
    """
    if money.is_told:
        return ()
    steps, state = [], money.state
    while True:
        following = _next(state, money, today)
        if not following or following in steps or following == money.state:
            return tuple(steps)
        steps.append(following)
        state = following


def _next(state, money, today):
    follow = _FOLLOW.get(state)
    return follow(money, today) if follow else ""


def _after_cancelled(money, _today):
    if money.billed > 0:
        return "to_refund"
    # what billing has been told and has not put on a bill yet decides
    return "" if money.pending else "closed"


def _after_matched(money, _today):
    return "to_charge" if money.network > 0 else ""


def _after_to_charge(money, _today):
    if money.billed > 0:
        return "charged"
    return "matched" if money.network <= 0 and not money.pending else ""


def _after_charged(money, today):
    if money.billed <= 0:
        return "to_charge"
    if money.open_amount <= 0:
        return "uncollected" if money.lost else "collected"
    return "uncollected" if money.is_overdue(today) else ""


def _after_uncollected(money, _today):
    if money.billed <= 0:
        # its bill was credited in full: that is no payment
        return "to_charge"
    if money.open_amount <= 0 and not money.lost:
        return "collected"
    return "carried" if money.has_left else ""


def _after_carried(money, _today):
    if money.billed <= 0:
        return "to_charge"
    return "collected" if money.open_amount <= 0 and not money.lost else ""


def _after_collected(money, today):
    if money.billed <= 0:
        return "to_charge"
    if money.open_amount <= 0:
        return "uncollected" if money.lost else ""
    return "uncollected" if money.is_overdue(today) else "charged"


def _after_closed(money, _today):
    # closed as collected, and since then the payment was reversed, the network has
    # charged more of it, or the SII has lowered it
    opened = money.billed > 0 and money.open_amount > 0
    opened = opened or money.unbilled or money.to_return
    return "reported" if not money.is_annulled and opened else ""


_FOLLOW = {
    "cancelled": _after_cancelled,
    "matched": _after_matched,
    "to_charge": _after_to_charge,
    "charged": _after_charged,
    "uncollected": _after_uncollected,
    "carried": _after_carried,
    "collected": _after_collected,
    "closed": _after_closed,
}


def may_close(money, is_report_due, balance):
    """Whether nothing is left to do for a practice that is reported: paid by the
    customer, told to the SII, back to zero on the transit account.

    :param Decimal balance: of the practice on the transit account
    """
    return (
        money.state == "reported"
        and not is_report_due
        and not balance
        and money.is_returned
        and not money.unbilled
        and money.open_amount <= 0
    )


def report_state(money):
    """State told in the report (11.5 of the notes, codes assumed)."""
    if money.is_annulled:
        return REPORT_REVERSED
    if money.billed <= 0:
        return REPORT_NOT_CHARGED
    if money.open_amount <= 0 and not money.lost:
        return REPORT_COLLECTED
    if money.has_left:
        return REPORT_LEFT
    return REPORT_PARTLY if money.collected > 0 else REPORT_CHARGED


def exposure(money, today):
    """Where our money is.

    :return: (kind, amount): not_billed, billed, unpaid or "" with what we were charged
        and have not collected
    """
    amount = max(ZERO, money.network - money.collected - money.lost)
    if money.is_told:
        kind = TOLD_EXPOSURE.get(money.state, "")
        return kind, amount if kind else ZERO
    if not amount or money.state == "closed":
        return "", ZERO
    if money.open_amount > 0:
        return ("unpaid" if money.is_overdue(today) else "billed"), amount
    return "not_billed", amount

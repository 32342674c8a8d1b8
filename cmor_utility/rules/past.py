"""Practices of the past: which steps a file tells of, and when they happened.

Terms run from the days of the steps, so these are the file's days, not the day on
which the file was read.
"""

from dataclasses import dataclass
from datetime import date

from . import lifecycle

# states that the admission does not come before
NOT_ADMITTED = ("sent", "rejected")
# states that the payment of CSEA leads to
AFTER_PAYMENT = ("paid", "closed", "excess_to_return", "refund_due")


@dataclass(frozen=True)
class Told:
    """What a row says of the life of a practice; ``since``: day of its state."""

    side: str
    state: str
    sent: date | None = None
    accepted: date | None = None
    since: date | None = None
    paid: date | None = None


def steps(told):
    """The changes of state that a row tells of, in order.

    :return: list of (source, target, day); day None: not told
    """
    found, at = [], ""
    is_outgoing = told.side == lifecycle.OUTGOING
    if is_outgoing:
        known = [("sent", told.sent)]
        if told.state not in NOT_ADMITTED:
            known.append(("accepted", told.accepted))
    else:
        known = [("received", told.accepted)]
    for target, day in known:
        if day and target != told.state:
            found.append((at, target, day))
            at = target
    own = dict(known).get(told.state)
    paid = told.paid if told.state in AFTER_PAYMENT else None
    found.append((at, told.state, told.since or own or paid))
    return found


def are_in_order(told, today):
    """Whether the days follow each other, none of them in the future."""
    days = [day for day in (told.sent, told.accepted, told.since) if day]
    every = [*days, *([told.paid] if told.paid else [])]
    return days == sorted(days) and all(day <= today for day in every)

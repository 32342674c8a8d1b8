"""The life of a practice, both sides, in one place.

For each target state: the states it may be entered from. Nothing else in the add-on
decides whether a change of state is allowed.
"""

OUTGOING = "outgoing"
INCOMING = "incoming"

# target -> allowed sources; "" is the birth of the practice
OUTGOING_SOURCES = {
    "candidate": ("", "blocked", "ready", "rejected"),
    "blocked": ("", "candidate"),
    # what the portal refused as a whole was never registered: it leaves again
    "ready": ("candidate", "exported", "file_error"),
    "exported": ("ready",),
    "sent": ("exported",),
    # the portal refuses a malformed file as a whole: nothing was registered
    "file_error": ("sent",),
    # from what was admitted: the later outcome is negative
    "rejected": ("sent", "file_error", "accepted"),
    # from what was refused: a person found that the SII has it after all
    "accepted": ("sent", "rejected", "suspended", "cancel_requested", "updated"),
    # at the distributor: that was deemed by us, the notice knows better
    "suspended": ("accepted", "to_distributor"),
    "to_distributor": ("accepted", "updated", "cancel_requested"),
    "updated": ("accepted", "to_distributor", "awaiting_csea"),
    "cancel_requested": ("accepted", "to_distributor", "awaiting_csea"),
    # from what is paid: the receipt was reversed
    "awaiting_csea": (
        "to_distributor",
        "updated",
        "cancel_requested",
        "paid",
        "excess_to_return",
    ),
    "cancelled": (
        "accepted",
        "suspended",
        "to_distributor",
        "updated",
        "cancel_requested",
        "awaiting_csea",
    ),
    "paid": ("awaiting_csea",),
    # closed: the amount was lowered after all
    "excess_to_return": ("paid", "closed"),
    # annulled after CSEA has paid, even when nothing was left to do
    "refund_due": ("paid", "excess_to_return", "closed"),
    "closed": ("paid", "excess_to_return", "refund_due", "cancelled"),
    # given up by an operator with a reason, before or after a refusal
    "closed_lost": ("candidate", "blocked", "ready", "rejected"),
    "expired": ("candidate", "blocked", "ready"),
}

# What the incoming side may go through. Answers come late and out of order, so that a
# step may be skipped when a later one implies it; never is one undone by itself.
INCOMING_LIVE = (
    "received",
    "unmatched",
    "matched",
    "suspend_requested",
    "suspended",
    "to_charge",
    "charged",
    "collected",
    "uncollected",
    "carried",
    "reported",
    "cancel_requested",
)
INCOMING_SOURCES = {
    "received": ("",),
    # from what was matched: the match was wrong, or the annulment was refused; from
    # what was annulled: CSEA had paid, the charge of the network stands after all
    "unmatched": (
        "received",
        "matched",
        "to_charge",
        "cancel_requested",
        "cancelled",
        "closed",
    ),
    "matched": (
        "received",
        "unmatched",
        "suspend_requested",
        "suspended",
        "cancel_requested",
        # the distributor took its line back
        "to_charge",
        # annulled, but CSEA had paid: the charge of the network stands
        "cancelled",
        "to_refund",
        "closed",
    ),
    "suspend_requested": ("matched",),
    # the outcome may overtake the mark that the request was sent; told after the bill,
    # while it is unpaid: the customer is credited
    "suspended": (
        "suspend_requested",
        "matched",
        "to_charge",
        "charged",
        "uncollected",
    ),
    # back from a bill: it was credited in full without a payment
    "to_charge": ("matched", "charged", "uncollected", "collected", "carried"),
    # from what was collected: more of it was billed, or a payment was reversed
    "charged": ("to_charge", "collected"),
    "collected": ("charged", "uncollected", "carried"),
    # from what was collected: the payment was reversed
    "uncollected": ("charged", "collected"),
    "carried": ("uncollected",),
    # from what was closed: a payment was reversed, or somebody opens it again
    # from what is unpaid: the rest was given up, nothing more will be paid
    "reported": ("collected", "carried", "uncollected", "to_refund", "closed"),
    "cancel_requested": ("unmatched", "matched"),
    # the SII annuls at any time, even what was reported and closed
    "cancelled": (*INCOMING_LIVE, "closed"),
    "to_refund": ("cancelled",),
    "closed": ("cancelled", "reported"),
}

SOURCES = {OUTGOING: OUTGOING_SOURCES, INCOMING: INCOMING_SOURCES}

# still worked on by the nightly evaluation: nothing has left yet
OPEN_STATES = ("candidate", "blocked", "ready")
# no claim runs any more: another practice for the same supply may be made
DEAD_STATES = ("cancelled", "closed", "closed_lost", "expired")


class TransitionError(ValueError):
    """A change of state that the life of a practice does not know."""

    def __init__(self, side, source, target):
        super().__init__(f"{side}: {source or 'new'} -> {target}")
        self.side, self.source, self.target = side, source, target


def states(side):
    """All states of a side, in the order of a normal life."""
    return tuple(SOURCES[side])


def can_move(side, source, target):
    """Whether ``source`` -> ``target`` is allowed. ``source`` "" means birth."""
    return source in SOURCES[side].get(target, ())


def check_move(side, source, target):
    """Like ``can_move``, raising ``TransitionError``."""
    if not can_move(side, source, target):
        raise TransitionError(side, source, target)


# steps that a payment implies when nobody told of them
DEEMED_BEFORE_PAID = ("accepted", "to_distributor", "awaiting_csea")
# states that CSEA may pay in; a payment in any other contradicts what is known
PAYABLE_STATES = (
    "sent",
    "accepted",
    "to_distributor",
    "updated",
    "cancel_requested",
    "awaiting_csea",
    "paid",
    "excess_to_return",
)
# CSEA has paid, or it is over: nothing more is expected
PAID_STATES = ("paid", "excess_to_return", "refund_due", "closed")
# claimed, in a file or gone: what happens to the bills now concerns the claim
CLAIMED_STATES = (
    "exported",
    "sent",
    "accepted",
    "suspended",
    "to_distributor",
    "updated",
    "awaiting_csea",
    "cancel_requested",
    "paid",
)


def deemed_path(side, source, target, through):
    """Shortest way from ``source`` to ``target`` over states that may be skipped.

    :param through: states that an answer to a later step implies
    :return: tuple of the states to enter, ``target`` last; () when there is none
    """
    ways = [(source,)]
    seen = {source}
    while ways:
        way = ways.pop(0)
        for state in targets(side, way[-1]):
            if state == target:
                return (*way[1:], state)
            if state in through and state not in seen:
                seen.add(state)
                ways.append((*way, state))
    return ()


def targets(side, source):
    """States that may follow ``source``."""
    return tuple(t for t, sources in SOURCES[side].items() if source in sources)

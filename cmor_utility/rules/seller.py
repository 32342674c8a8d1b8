"""What a network user can check of a claim that a seller asks it to present.

The figures are the seller's: its bills are not here. Only what the request itself tells
is checked.
"""

from datetime import date
from decimal import Decimal

from . import incoming, lifecycle, window

SECTORS = {"E": "electricity", "G": "gas"}
#: what makes a request another one; notes and names may be written differently
FIGURES = ("date_end", "credit", "indemnity", "has_prev", "prev_amount", "pod", "pdr")


#: key of a request that a seller makes through us -> states of the practice in which
#: it may be forwarded: (outgoing side, incoming side)
FORWARDED = {
    "cancel_request": (
        (
            *lifecycle.OUTGOING_SOURCES["cancel_requested"],
            "suspended",
            "updated",
            "paid",
            "excess_to_return",
        ),
        (
            "received",
            "unmatched",
            *incoming.OPEN_TO_SUSPEND,
            "suspended",
            "to_charge",
            "charged",
            "collected",
            "uncollected",
            "carried",
            "reported",
        ),
    ),
    "refund_report": (("refund_due",), ()),
    "suspend_request": ((), ("matched", "to_charge")),
    "suspend_revoke": ((), ("suspended",)),
    "report": (
        (),
        (
            "to_charge",
            "charged",
            "collected",
            "uncollected",
            "carried",
            "reported",
            "to_refund",
        ),
    ),
}


def side_of(key, values):
    """Side of the practice that a request of a seller is about."""
    if key == "cancel_request":
        is_incoming = str(values.get("side_code") or "").strip().upper() == "E"
        return lifecycle.INCOMING if is_incoming else lifecycle.OUTGOING
    return lifecycle.OUTGOING if FORWARDED[key][0] else lifecycle.INCOMING


def may_forward(key, side, state):
    """Whether a seller may ask ``key`` of a practice that is ``state``."""
    outgoing, incoming_ = FORWARDED[key]
    return state in (outgoing if side == lifecycle.OUTGOING else incoming_)


def differences(before, after):
    """Names of the figures that differ between two requests of the same code.

    :param dict before, after: values by source
    """
    return [name for name in FIGURES if before.get(name) != after.get(name)]


def check(values, today, terms, has_twin=False):
    """Why a request cannot be forwarded.

    :param dict values: the request by source
    :param date today: the day of the check
    :param terms: ``rules.terms.Terms`` in force
    :param bool has_twin: another claim runs for the same point, customer and end
    :return: (window or None, list of condition codes that fail, e.g. ["C11"])
    """
    failed = set()
    end = values.get("date_end")
    span = window.request_window(end, terms) if isinstance(end, date) else None
    if span is None or span.status(today) in ("not_open", "doubtful_open", "closed"):
        failed.add("C11")
    credit = values.get("credit") or Decimal(0)
    indemnity = values.get("indemnity") or Decimal(0)
    prev = values.get("prev_amount") or Decimal(0)
    if credit <= 0 or not values.get("bills"):
        failed.add("C2")
    if indemnity > credit + prev:
        failed.add("C2")
    reached = (
        indemnity >= terms.min_amount
        if terms.min_inclusive
        else indemnity > terms.min_amount
    )
    if not reached:
        failed.add("C10")
    if not values.get("notices"):
        failed.add("C4")
    if str(values.get("art4")) != "1":
        failed.update(("C7", "C8", "C9"))
    if has_twin:
        failed.add("C13")
    order = ("C2", "C4", "C7", "C8", "C9", "C10", "C11", "C13")
    return span, [code for code in order if code in failed]

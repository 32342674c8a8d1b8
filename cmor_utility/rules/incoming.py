"""Answers of the SII to the incoming side: what they change, what they contradict.

Answers come late, twice, in the wrong order and sometimes against each other. Each
function judges one answer from the practice as it is and gives a ``Decision``: apply
it (with the states to enter, one after the other), leave it (known already), or let a
person look. A contradiction never wins by itself.

Sources: TISIND art. 8-10, 12, 15 as summarised in public sources; no record layout nor
state of the incoming side is public, so everything here is our reading.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import lifecycle

APPLY = "apply"
REPEAT = "repeat"
WAIT = "wait"

SUSPEND = "suspend_request"
REVOKE = "suspend_revoke"
CANCEL = "cancel_request"
REPORT = "report"

# states in which the claim has not reached the customer's bill
BEFORE_BILL = (
    "received",
    "unmatched",
    "matched",
    "suspend_requested",
    "suspended",
    "to_charge",
    "cancel_requested",
)
# on the customer's bill, or on its way there, and not paid
BILLED_OPEN = ("to_charge", "charged", "uncollected")
# where a practice waits for the distributor, or for its own request
OPEN_TO_SUSPEND = ("matched", "suspend_requested")


@dataclass(frozen=True)
class Practice:
    """What an answer is judged against.

    ``amount`` is the CMOR in force, ``first_amount`` that of the first notice;
    ``is_charged``: a bill carries the CMOR, or may carry it by now. ``is_annulled``:
    it is no longer due, what was billed is given back by us; ``stands_annulled``: it
    was annulled after CSEA had paid, the outgoing seller gives back; ``is_returned``:
    we have given something back, or it is on its way; ``is_given_up``: nothing is
    open any more, and not all of it was paid.
    """

    state: str
    amount: Decimal
    first_amount: Decimal
    point: str
    is_annulled: bool = False
    is_charged: bool = False
    updated_on: date | None = None
    stands_annulled: bool = False
    is_returned: bool = False
    is_matched: bool = True
    is_collected: bool = False
    is_given_up: bool = False


@dataclass(frozen=True)
class Decision:
    """``path``: states to enter in order; ``request``: new state of the request;
    ``stands``: annulled, but the CMOR stays due to us."""

    verdict: str
    path: tuple = ()
    request: str = ""
    stands: bool = False
    problem: str = ""
    params: dict = field(default_factory=dict)


def _wait(problem, **params):
    return Decision(WAIT, problem=problem, params=params)


REPEATED = Decision(REPEAT)
UNCLEAR = _wait("answer_unclear")


def on_notice(practice, amount, point):
    """A notice of a new CMOR (``claim_notice_in``).

    :param practice: ``Practice`` with the same SII code, or None
    :param amount: Decimal told, or None
    :param str point: key of the point told (see ``incoming_match.point_key``)
    """
    if amount is None or amount <= 0:
        return _wait("notice_no_amount")
    if not point:
        return _wait("notice_no_point")
    if practice is None:
        return Decision(APPLY, ("received",))
    if practice.point and practice.point != point:
        return _wait("notice_point_differs", before=practice.point, after=point)
    if amount not in (practice.first_amount, practice.amount):
        return _wait("notice_amount_differs", before=practice.amount, after=amount)
    return REPEATED


def on_update(practice, before, after, updated_on):
    """A new amount (``claim_update``, TISIND art. 10).

    The amount before tells whether another update is still on its way: such a record
    waits, and applies when it is tried again.

    :param before: Decimal or None when the flow does not say
    :param after: Decimal
    :param updated_on: date or None
    """
    if after is None or after <= 0:
        return _wait("update_no_amount")
    if practice.is_annulled:
        return _wait("update_of_annulled")
    if after == practice.amount:
        return REPEATED
    if before is not None and before != practice.amount:
        return _wait("update_before_differs", before=before, amount=practice.amount)
    if updated_on and practice.updated_on and updated_on < practice.updated_on:
        return _wait("update_is_older", date=updated_on, last=practice.updated_on)
    return Decision(APPLY)


def on_cancel(practice, is_paid=None):
    """The SII annuls the claim (``cancel_notice``, TISIND art. 12).

    Who gives the money back depends on CSEA: once it has paid, the outgoing seller
    does, and the CMOR that the network charged us stays due by the customer; before,
    we do.

    :param is_paid: whether CSEA has paid the outgoing seller; None when not told
    """
    if is_paid:
        return _on_cancel_paid(practice)
    if practice.stands_annulled:
        return REPEATED if is_paid is None else _wait("cancel_paid_before")
    if practice.is_annulled:
        return REPEATED
    if not lifecycle.can_move(lifecycle.INCOMING, practice.state, "cancelled"):
        return _wait("cancel_in_state", state=practice.state)
    return Decision(APPLY, ("cancelled",))


def _on_cancel_paid(practice):
    """Annulled after CSEA has paid: our charge stands."""
    if practice.stands_annulled:
        return REPEATED
    if practice.is_annulled and practice.is_returned:
        return _wait("cancel_paid_returned")
    # told without it before (an outcome says nothing of CSEA): it goes on again
    stopped = practice.is_annulled or practice.state == "cancel_requested"
    back = "matched" if practice.is_matched else "unmatched"
    return Decision(APPLY, (back,) if stopped else (), stands=True)


def answer_request(state, is_positive, is_final):
    """What an answer makes of a request of ours.

    :param str state: of the request
    :param bool is_positive: admitted, or a positive outcome
    :param bool is_final: an outcome; an acknowledgement is not
    :return: ``Decision`` without path; ``request`` is the new state
    """
    if state in ("to_export", "exported"):
        return _wait("answer_before_sent")
    if state == "withdrawn":
        return _wait("answer_to_withdrawn")
    if state == "overtaken":
        return REPEATED
    if state == "accepted":
        return REPEATED if is_positive else _wait("answer_contradicts")
    if state == "rejected":
        return _wait("answer_contradicts") if is_positive else REPEATED
    if not is_positive:
        if state == "admitted" and not is_final:
            return _wait("answer_contradicts")
        return Decision(APPLY, request="rejected")
    if is_final:
        return Decision(APPLY, request="accepted")
    return Decision(APPLY, request="admitted") if state == "sent" else REPEATED


def on_suspension(practice, key, state, is_positive, is_final):
    """Answer to our request of suspension, or of its end (TISIND art. 15).

    :param str key: SUSPEND or REVOKE
    :param str state: of the request
    """
    decision = answer_request(state, is_positive, is_final)
    if _is_granted_late(practice, state, is_positive, is_final):
        decision = Decision(APPLY, request="accepted")
    if decision.verdict != APPLY or decision.request == "admitted":
        return decision
    if practice.is_annulled:
        # nothing left to suspend: the request is over, whatever was answered
        return Decision(APPLY, request="overtaken")
    return _after_suspension(practice, key, decision)


def _is_granted_late(practice, state, is_positive, is_final):
    """A person had given the request up as never answered, and it is granted after
    all: the SII decides, not our patience."""
    over = practice.is_annulled or practice.stands_annulled
    return state == "overtaken" and is_positive and is_final and not over


def _after_suspension(practice, key, decision):
    path = ()
    if key == SUSPEND and decision.request == "accepted":
        if practice.state != "suspended":
            if practice.is_charged and practice.is_collected:
                return _wait("suspended_after_charge")
            # billed and not paid: the customer is credited, see incoming_money
            if practice.state not in (*OPEN_TO_SUSPEND, *BILLED_OPEN):
                return _wait("suspended_in_state", state=practice.state)
            path = ("suspended",)
    elif key == SUSPEND:
        path = ("matched",) if practice.state == "suspend_requested" else ()
    elif decision.request == "accepted":
        path = ("matched",) if practice.state == "suspended" else ()
    return Decision(APPLY, path, decision.request)


def on_suspend_notice(practice, is_suspended):
    """The SII tells by itself that the claim is suspended, or goes on again."""
    if practice.is_annulled:
        return REPEATED
    if is_suspended:
        if practice.state == "suspended":
            return REPEATED
        return _after_suspension(practice, SUSPEND, Decision(APPLY, request="accepted"))
    if practice.state == "suspended":
        return Decision(APPLY, ("matched",))
    return REPEATED


def on_cancel_answer(practice, state, is_positive, is_final, back_to):
    """Answer to our own request of annulment.

    :param str back_to: state the practice had before it waited
    """
    decision = answer_request(state, is_positive, is_final)
    if _is_granted_late(practice, state, is_positive, is_final):
        decision = Decision(APPLY, request="accepted")
    if decision.verdict != APPLY or decision.request == "admitted":
        return decision
    if practice.is_annulled or practice.stands_annulled:
        return Decision(APPLY, request=decision.request)
    if decision.request == "accepted":
        return Decision(APPLY, ("cancelled",), "accepted")
    path = (back_to,) if practice.state == "cancel_requested" else ()
    return Decision(APPLY, path, "rejected")


def on_report_ack(practice, state, is_positive, is_refunded):
    """Acknowledgement of a report: the only answer it gets, so it is final.

    :param bool is_refunded: nothing is left to be given back to the customer
    """
    decision = answer_request(state, is_positive, True)
    if decision.verdict != APPLY or decision.request != "accepted":
        return decision
    is_final = practice.state == "uncollected" and practice.is_given_up
    if practice.state in ("collected", "carried") or is_final:
        return Decision(APPLY, ("reported",), "accepted")
    if practice.state == "to_refund" and is_refunded:
        return Decision(APPLY, ("reported", "closed"), "accepted")
    return decision

"""What the answers of the SII mean for a practice of the outgoing side.

Pure: a decision is reckoned from what a record says (``values``, by source) and from
what is known (``Facts``); the Odoo side finds the practice, carries the decision out
and keeps the event. Late, repeated, out-of-order and contradictory answers:

* repeated: nothing changes;
* out of order where it is harmless: applied, the steps in between are deemed;
* contradictory: waits for a person, never silently wins.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from .lifecycle import INCOMING, OUTGOING, can_move, deemed_path

NOTHING = MappingProxyType({})
BOTH = (OUTGOING, INCOMING)
#: key of a flow -> sides of the practices that it may be about; the code of the user
#: (CP_UTENTE) counts only for practices of these sides
SIDES = {
    "claim_ack": (OUTGOING,),
    "claim_outcome": (OUTGOING,),
    "claim_paid": (OUTGOING,),
    "cc_answer": BOTH,
    "suspend_notice": BOTH,
    "claim_update": BOTH,
    "cancel_ack": BOTH,
    "cancel_outcome": BOTH,
    "cancel_notice": BOTH,
    "claim_notice_in": (INCOMING,),
    "claim_notice_in_cc": (INCOMING,),
    "suspend_ack": (INCOMING,),
    "suspend_outcome": (INCOMING,),
    "report_ack": (INCOMING,),
    "dso_charge": (INCOMING,),
}
#: flows in which PIVA_UTENTE is ourselves; in copies it is our network user
TO_US = frozenset(SIDES) - {"claim_notice_in_cc", "dso_charge", "cc_answer"}

APPLY, REPEATED, WAIT = "apply", "repeated", "wait"
# classes of a cause (cmor.cause)
FIXABLE, FINAL, ADOPT, UNKNOWN = "fixable", "final", "adopt", "unknown"

#: nothing has left yet, or not any more: an answer contradicts it
NOT_SENT = ("candidate", "blocked", "ready", "closed_lost", "expired")
#: left, and nothing answered
SENT = ("exported", "sent")
#: runs at the SII
RUNNING = (
    "accepted",
    "suspended",
    "to_distributor",
    "updated",
    "cancel_requested",
    "awaiting_csea",
)
PAID = ("paid", "excess_to_return")
OVER = ("refund_due", "closed", "cancelled")
#: states that a later answer implies
DEEMED = ("sent", "accepted")
#: a request of ours that the SII may still answer
OPEN_REQUEST = ("exported", "sent", "admitted")


class Facts(NamedTuple):
    """What is known of the practice before the answer.

    ``is_current``: the answer names the practice's own code, not one burnt before.
    ``request``: state of our request that is answered or under way, "" without one.
    ``seen``: fingerprints of answers of this kind applied before; ``latest``: the
    newest day among them. ``confirmed``: a person decided that the record holds.
    """

    state: str
    sii_code: str = ""
    amount: Decimal = Decimal(0)
    is_current: bool = True
    request: str = ""
    cause: str = UNKNOWN
    seen: frozenset = frozenset()
    latest: date | None = None
    confirmed: bool = False


class Decision(NamedTuple):
    """What follows from an answer.

    ``path``: states to enter in order. ``event``: key of the event's text. ``sets``:
    what to write (sii_code, accepted_on, amount). ``request``: new states of our
    request, in order. ``effect``: more to do: "refund" (annulled after payment),
    "back" (the annulment was refused), "amount" (new amount). ``problem`` and
    ``params``: why it waits.
    """

    verdict: str
    path: tuple = ()
    event: str = ""
    sets: Mapping = NOTHING
    request: tuple = ()
    effect: str = ""
    problem: str = ""
    params: Mapping = NOTHING


def repeat():
    """Known already: nothing changes."""
    return Decision(REPEATED)


def wait(problem, **params):
    """Somebody has to look."""
    return Decision(WAIT, problem=problem, params=params)


def plain_code(code):
    """A cause code for comparison: "004" and "4" are the same (SII, AN 3)."""
    text = str(code or "").strip().upper()
    return text.lstrip("0") or ("0" if text else "")


def flag(value):
    """True, False, or None when it is neither 1 nor 0."""
    return {"1": True, "0": False}.get(str(value).strip() if value is not None else "")


def fingerprint(key, values):
    """What makes two answers the same; None when the kind has nothing that tells."""
    names = {
        "claim_update": ("updated_on", "cmor_amount"),
        "suspend_notice": ("notice_date", "suspended"),
    }.get(key)
    if not names or not values.get(names[0]):
        return None
    return tuple(str(values.get(name)) for name in names)


def day_of(key, values):
    """The day that puts answers of this kind in order, or None."""
    name = {"claim_update": "updated_on", "suspend_notice": "notice_date"}.get(key)
    day = values.get(name) if name else None
    return day if isinstance(day, date) else None


def decide(key, values, facts):
    """What an answer means.

    :param str key: key of its flow: claim_ack, claim_outcome, claim_update,
        suspend_notice, cancel_ack, cancel_outcome or cancel_notice
    :param dict values: what the record says, by source
    :param Facts facts: what is known of the practice
    :return: ``Decision``; its path is always allowed by the life of a practice
    """
    decision = _RULES[key](values, facts)
    state = facts.state
    for target in decision.path:
        if not can_move(OUTGOING, state, target):
            return wait("not_in_this_state")
        state = target
    return decision


def _to(state, target):
    """Path over states that nobody told of; () when there is no way."""
    if state == target:
        return ()
    return deemed_path(OUTGOING, state, target, DEEMED)


def _other_code(values, facts):
    """The answer names another SII code than the one we have."""
    told = values.get("sii_code")
    return bool(told and facts.sii_code and told != facts.sii_code)


# --- the request of indemnity ----------------------------------------------------


def _claim_ack(values, facts):
    ok = flag(values.get("admitted"))
    if ok is None:
        return wait("answer_unclear")
    return _admitted(values, facts, False) if ok else _refused(values, facts, False)


def _claim_outcome(values, facts):
    ok = flag(values.get("outcome"))
    if ok is None:
        return wait("answer_unclear")
    return _admitted(values, facts, True) if ok else _refused(values, facts, True)


def _admitted(values, facts, is_outcome):
    told = values.get("sii_code")
    amount = values.get("cmor_amount") if is_outcome else None
    differs = bool(amount) and amount != facts.amount
    problem = _admission_problem(values, facts)
    if problem:
        return problem
    enters = facts.state in (*SENT, "rejected")
    if differs and not facts.confirmed and (enters or facts.state in RUNNING):
        return wait("amount_differs", told=amount, known=facts.amount)
    sets = {}
    if told and not facts.sii_code:
        sets["sii_code"] = told
    if not enters:
        return Decision(APPLY, (), "code_told", sets) if sets else repeat()
    if not told and not facts.sii_code:
        return wait("no_sii_code")
    if values.get("accepted_on"):
        sets["accepted_on"] = values["accepted_on"]
    if differs:
        sets["amount"] = amount
    return Decision(APPLY, _to(facts.state, "accepted"), "accepted", sets)


def _admission_problem(values, facts):
    """Why an admission contradicts what is known; None when it does not."""
    if not facts.is_current and not facts.confirmed:
        return wait("old_code_admitted")
    if facts.state in NOT_SENT:
        return wait("answer_not_sent")
    if _other_code(values, facts):
        return wait("other_sii_code", told=values["sii_code"], known=facts.sii_code)
    refused = facts.state in ("rejected", "file_error")
    if refused and not (facts.confirmed and facts.state == "rejected"):
        return wait("admitted_after_refusal")
    return None


def _refused(values, facts, is_outcome):
    if not facts.is_current or facts.state == "rejected":
        return repeat()
    if facts.state in NOT_SENT:
        return wait("answer_not_sent")
    if facts.cause == ADOPT:
        return _adopt(values, facts)
    if facts.state in SENT:
        return Decision(APPLY, _to(facts.state, "rejected"), "rejected")
    if is_outcome and facts.state == "accepted":
        # admitted, and refused by the later check
        return Decision(APPLY, ("rejected",), "rejected")
    return wait("refused_after_admission")


def _adopt(values, facts):
    """The SII has this request already (code 5): its practice is ours, if told."""
    told = values.get("sii_code")
    if facts.state not in SENT:
        return repeat()
    if not told:
        return wait("already_registered")
    if _other_code(values, facts):
        return wait("other_sii_code", told=told, known=facts.sii_code)
    return Decision(APPLY, _to(facts.state, "accepted"), "adopted", {"sii_code": told})


# --- notices about the running claim -----------------------------------------------


def _claim_update(values, facts):
    amount, before = values.get("cmor_amount"), values.get("amount_before")
    if not isinstance(amount, Decimal):
        return wait("no_new_amount")
    if fingerprint("claim_update", values) in facts.seen:
        return repeat()
    if _other_code(values, facts):
        return wait("other_sii_code", told=values["sii_code"], known=facts.sii_code)
    if facts.state in NOT_SENT or facts.state in ("rejected", "file_error"):
        return wait("answer_not_sent")
    if facts.state in ("cancelled", "refund_due"):
        return wait("update_after_end")
    if amount == facts.amount:
        return repeat()
    day = day_of("claim_update", values)
    if facts.latest and day and day < facts.latest:
        # a newer amount is known: this one is history
        return repeat()
    if before is not None and before != facts.amount and not facts.confirmed:
        return wait("amount_before_differs", told=before, known=facts.amount)
    sets = {"amount": amount}
    if values.get("sii_code") and not facts.sii_code:
        sets["sii_code"] = values["sii_code"]
    path = ()
    if facts.state in SENT:
        path = (*_to(facts.state, "accepted"), "updated", "accepted")
    elif facts.state in ("accepted", "to_distributor", "awaiting_csea"):
        path = ("updated", facts.state)
    return Decision(APPLY, path, "", sets, effect="amount")


def _suspend_notice(values, facts):
    stopped = flag(values.get("suspended"))
    if stopped is None:
        return wait("answer_unclear")
    if fingerprint("suspend_notice", values) in facts.seen:
        return repeat()
    if _other_code(values, facts):
        return wait("other_sii_code", told=values["sii_code"], known=facts.sii_code)
    if facts.state in NOT_SENT or facts.state in ("rejected", "file_error"):
        return wait("answer_not_sent")
    day = day_of("suspend_notice", values)
    if facts.latest and day and day < facts.latest:
        return repeat()
    if stopped:
        return _suspended(facts)
    if facts.state == "suspended":
        return Decision(APPLY, ("accepted",), "resumed")
    if facts.state in SENT:
        return Decision(APPLY, _to(facts.state, "accepted"), "resumed")
    return repeat()


def _suspended(facts):
    if facts.state == "suspended":
        return repeat()
    if facts.state in (*SENT, "accepted", "to_distributor"):
        return Decision(APPLY, _to(facts.state, "suspended"), "suspended")
    return wait("suspended_late")


# --- annulment -----------------------------------------------------------------------


def _cancel_ack(values, facts):
    ok = flag(values.get("admitted"))
    if ok is None:
        return wait("answer_unclear")
    if not facts.request:
        return wait("unknown_request")
    if facts.request in OPEN_REQUEST and facts.request != "admitted":
        through = ("sent",) if facts.request == "exported" else ()
        if ok:
            return Decision(
                APPLY, (), "cancel_admitted", request=(*through, "admitted")
            )
        return _cancel_refused(facts, (*through, "rejected"))
    if ok:
        return (
            wait("admitted_after_refusal") if facts.request == "rejected" else repeat()
        )
    if facts.request == "rejected":
        return repeat()
    return wait("refused_after_admission")


def _cancel_refused(facts, request):
    return Decision(APPLY, (), "cancel_refused", request=request, effect="back")


def _cancel_outcome(values, facts):
    ok = flag(values.get("outcome"))
    if ok is None:
        return wait("answer_unclear")
    if not facts.request:
        return wait("unknown_request")
    through = ("sent",) if facts.request == "exported" else ()
    if not ok:
        if facts.request in OPEN_REQUEST:
            return _cancel_refused(facts, (*through, "rejected"))
        if facts.request == "rejected":
            return repeat()
        return wait("refused_after_admission")
    if facts.request in OPEN_REQUEST:
        return _annulled(values, facts, (*through, "accepted"))
    if facts.request == "rejected":
        return wait("admitted_after_refusal")
    return repeat()


def _cancel_notice(values, facts):
    if _other_code(values, facts):
        return wait("other_sii_code", told=values["sii_code"], known=facts.sii_code)
    request = {
        "to_export": ("overtaken",),
        "exported": ("sent", "accepted"),
        "sent": ("accepted",),
        "admitted": ("accepted",),
    }.get(facts.request, ())
    return _annulled(values, facts, request)


def _annulled(values, facts, request):
    """The claim is annulled: the money, if any came, is the customer's."""
    if facts.state in ("cancelled", "refund_due"):
        if request:
            return Decision(APPLY, (), "", request=request)
        return repeat()
    if facts.state in NOT_SENT or facts.state in ("rejected", "file_error"):
        return wait("answer_not_sent")
    paid = flag(values.get("indemnity_paid"))
    if facts.state in PAID or facts.state == "closed":
        if paid is False and not facts.confirmed:
            return wait("paid_says_who")
        if facts.state == "closed" and not facts.confirmed:
            return wait("cancelled_after_closing")
        return Decision(APPLY, ("refund_due",), "", request=request, effect="refund")
    if paid and not facts.confirmed:
        return wait("paid_unknown")
    return Decision(APPLY, _to(facts.state, "cancelled"), "cancelled", request=request)


_RULES = {
    "claim_ack": _claim_ack,
    "claim_outcome": _claim_outcome,
    "claim_update": _claim_update,
    "suspend_notice": _suspend_notice,
    "cancel_ack": _cancel_ack,
    "cancel_outcome": _cancel_outcome,
    "cancel_notice": _cancel_notice,
}

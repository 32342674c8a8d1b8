"""The terms of a practice: from what happened and the dated terms to a list of dates.

Each deadline says from which event it runs, how it was reckoned, who has to act and
what follows when nobody does (TISIND, Allegato A to 593/2017/R/com; CSEA circulars).
Numbers are never here: they are dated terms that come in as a ``TermTable``. Where the
law says "days" without their kind, the term's own kind decides.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from . import window as windows
from .reckoning import csea_declaration, reckon
from .suspension import OPEN_STATES
from .window import add_months, month_end

US, SII, DISTRIBUTOR, CSEA = "us", "sii", "distributor", "csea"
ACTORS = (US, SII, DISTRIBUTOR, CSEA)
# must: late is late. may: a right that lapses. from_then: nothing to do before
MUST, MAY, FROM_THEN = "must", "may", "from_then"
OPEN, MET, MISSED, DROPPED = "open", "met", "missed", "dropped"
RUNNING = (OPEN, MISSED)

BEFORE_LEAVING = ("candidate", "blocked", "ready", "exported", "file_error", "rejected")
DEAD = ("cancelled", "closed", "closed_lost", "expired")
# states of a request of ours that has not left
UNSENT = ("to_export", "exported")
# terms that an end of the practice does not lift: who complains is answered
OUTLIVES = ("complaint_reply",)
# requests of ours -> the key of the term of its answer, the parameter that gives it
CHECKS = {
    "cancel_request": ("annul", "annul_days"),
    "suspend_request": ("suspension_check", "suspension_check_days"),
    "suspend_revoke": ("revoke_check", "suspension_check_days"),
    "report": ("report_check", "sii_check_days"),
    "refund_report": ("refund_report_check", "sii_check_days"),
}
NOTHING = MappingProxyType({})
# every key there is, in the order of a practice's life
KEYS = (
    *("mora_term", "request_open", "request_close", "sii_check"),
    *("suspension_request", "suspension_check", "revoke_check", "waiting"),
    *("first_billing", "csea", "annul", "late_payment", "excess_return"),
    *("refund_customer", "refund_report", "refund_report_check"),
    *("report_check", "complaint_reply", "retention"),
)


class Step(NamedTuple):
    """The practice entered ``target`` from ``source`` on ``day``."""

    day: date
    source: str
    target: str


class RequestFact(NamedTuple):
    """A later request of ours: flow key, its state, when it left."""

    key: str
    state: str
    sent: date | None = None
    answered: date | None = None


class NoticeFact(NamedTuple):
    """A formal notice with the CMOR warning."""

    channel: str
    sent: date | None
    notified: date | None
    pay_term: date | None
    ref: str = ""


class DeadlineFacts(NamedTuple):
    """What the terms of one practice follow from.

    ``steps`` are in the order they happened. ``known``: {key: due date} reckoned when
    it happened, or told by a flow: it wins. ``bases``: {key: day} for terms whose
    event is no change of state (late_payment, excess_return, refund_report...).
    ``done``: {key: day} for what was done without a change of state.
    """

    side: str
    sector: str
    state: str
    last_day: date | None = None
    window: windows.RequestWindow | None = None
    steps: tuple = ()
    requests: tuple = ()
    notices: tuple = ()
    known: Mapping = NOTHING
    bases: Mapping = NOTHING
    done: Mapping = NOTHING


class Deadline(NamedTuple):
    """One term of a practice; ``how`` is a key of the texts of its ``params``."""

    key: str
    due: date
    base: date
    base_event: str
    actor: str
    kind: str
    how: str
    params: Mapping
    state: str
    done: date | None = None


def deadlines(facts, table, today, calendar):
    """All the terms of a practice, in the order of its life.

    :param DeadlineFacts facts: what happened
    :param TermTable table: the dated terms of the company
    :param date today: the day that decides what is missed
    :param Calendar calendar: its holidays are of every year the terms may touch
    :return: list of ``Deadline``, at most one a key
    """
    reckoner = _Reckoner(facts, table, today, calendar)
    rules = _INCOMING if facts.side == "incoming" else _OUTGOING
    found = [rule(reckoner) for rule in (*rules, *_BOTH)]
    found += _checks(reckoner)
    by_key = {item.key: item for item in found if item}
    return [by_key[key] for key in KEYS if key in by_key]


class _Reckoner:
    """The facts with what the rules ask of them."""

    def __init__(self, facts, table, today, calendar):
        self.facts, self.table = facts, table
        self.today, self.calendar = today, calendar
        self.done = dict(facts.done)
        if self.is_unsent("cancel_request"):
            # decided is not done: the update or annulment has to leave
            self.done.pop("late_payment", None)

    def is_unsent(self, key):
        """Whether a request of this kind was opened and has not left yet."""
        return any(
            request.key == key and request.state in UNSENT
            for request in self.facts.requests
        )

    def entered(self, *targets, sources=None):
        """Index of the last step into one of ``targets``; None."""
        for index in range(len(self.facts.steps) - 1, -1, -1):
            step = self.facts.steps[index]
            if step.target in targets and (sources is None or step.source in sources):
                return index
        return None

    def later(self, index, *targets):
        """Day of the first step after ``index`` into one of ``targets``; None."""
        for step in self.facts.steps[index + 1 :]:
            if step.target in targets:
                return step.day
        return None

    def term(
        self, key, parameter, base, event, actor, kind=MUST, done=None, over=False
    ):
        """The ``Deadline`` of a term that is a parameter; None when it has none.

        :param date done: day on which it was complied with
        :param bool over: it no longer matters
        """
        term = self.table.at(parameter, base)
        known = self.facts.known.get(key)
        if known is not None:
            return self.deadline(
                key, known, base, event, actor, kind, "known", {}, done, over
            )
        if term is None:
            return None
        due, how, params = reckon(base, term, self.calendar)
        return self.deadline(
            key, due, base, event, actor, kind, how, params, done, over
        )

    def deadline(
        self, key, due, base, event, actor, kind, how, params, done=None, over=False
    ):
        due = max(due, base)
        done = self.done.get(key) or done
        if kind == FROM_THEN and not over:
            state, done = (MET, due) if due <= self.today else (OPEN, None)
        elif done is not None:
            state = MET
        elif over:
            state = DROPPED
        elif due < self.today:
            state = DROPPED if kind == MAY else MISSED
        else:
            state = OPEN
        return Deadline(key, due, base, event, actor, kind, how, params, state, done)


# --- the outgoing side -----------------------------------------------------------


def _mora_term(reckoner):
    """Payment term of the last formal notice (TIMOE, TIMG): default begins then."""
    ends = [_notice_end(reckoner, notice) for notice in reckoner.facts.notices]
    ends = [end for end in ends if end]
    if not ends:
        return None
    due, base, how, params = max(ends, key=lambda end: end[:2])
    over = reckoner.facts.state in DEAD
    return reckoner.deadline(
        "mora_term", due, base, "notice", US, FROM_THEN, how, params, over=over
    )


def _notice_end(reckoner, notice):
    """(due, base, how, params) of one notice; None when nothing can be said."""
    base = notice.notified if notice.channel == "pec" else notice.sent
    base = base or notice.sent or notice.notified
    if not base:
        return None
    parameter = {"ar": "mora_term_ar_days", "pec": "mora_term_pec_days"}.get(
        notice.channel, "mora_term_issue_days"
    )
    term = reckoner.table.at(parameter, base)
    named = {"ref": notice.ref}
    if notice.pay_term and (
        term is None or notice.pay_term >= reckon(base, term, reckoner.calendar)[0]
    ):
        return notice.pay_term, base, "notice_term", named
    if term is None:
        return None
    due, how, params = reckon(base, term, reckoner.calendar)
    return due, base, how, {**named, **params}


def _request_open(reckoner):
    """First day of the request (TISIND 7.1), the later of both readings."""
    facts = reckoner.facts
    if not facts.window or not facts.last_day:
        return None
    params = {"one": facts.window.earliest_open, "other": facts.window.opens}
    how = "window_same" if params["one"] == params["other"] else "window_open"
    return reckoner.deadline(
        "request_open",
        facts.window.opens,
        facts.last_day,
        "end",
        US,
        FROM_THEN,
        how,
        params,
        over=facts.state in ("closed_lost", "expired"),
    )


def _request_close(reckoner):
    """Last day of the request (TISIND 7.1), the earlier of both readings."""
    facts = reckoner.facts
    if not facts.window or not facts.last_day:
        return None
    left = reckoner.entered("sent")
    is_waiting = facts.state in BEFORE_LEAVING
    done = facts.steps[left].day if left is not None and not is_waiting else None
    over = not is_waiting and not (
        # expired while nothing was wrong with it: that one was missed
        facts.state == "expired"
        and facts.steps
        and facts.steps[-1].source in ("candidate", "ready")
    )
    params = {"one": facts.window.closes, "other": facts.window.latest_close}
    how = "window_same" if params["one"] == params["other"] else "window_close"
    return reckoner.deadline(
        "request_close",
        facts.window.closes,
        facts.last_day,
        "end",
        US,
        MUST,
        how,
        params,
        done,
        over,
    )


def _sii_check(reckoner):
    """The SII checks a request (TISIND 8.1)."""
    index = reckoner.entered("sent")
    if index is None:
        return None
    answers = ("accepted", "rejected", "file_error", "paid", "awaiting_csea")
    return reckoner.term(
        "sii_check",
        "sii_check_days",
        reckoner.facts.steps[index].day,
        "sent",
        SII,
        done=reckoner.later(index, *answers),
        over=reckoner.facts.state != "sent",
    )


def _waiting(reckoner):
    """From the acceptance to the notice to the distributor (TISIND 8.4)."""
    index = reckoner.entered("accepted", sources=("", "sent", "suspended"))
    if index is None:
        return None
    state = reckoner.facts.state
    return reckoner.term(
        "waiting",
        "waiting_days",
        reckoner.facts.steps[index].day,
        "accepted",
        SII,
        done=reckoner.later(index, "to_distributor", "awaiting_csea", "paid"),
        # while suspended the flow stands still; once paid nobody waits
        over=state not in ("accepted", "updated", "cancel_requested"),
    )


def _first_billing(reckoner):
    """The distributor charges at the first useful billing (TISIND 9.1 a)."""
    index = reckoner.entered("to_distributor")
    if index is None:
        return None
    return _billing_end(
        reckoner,
        reckoner.facts.steps[index].day,
        "to_distributor",
        reckoner.later(index, "awaiting_csea", "paid"),
        reckoner.facts.state not in ("to_distributor", "updated", "cancel_requested"),
    )


def _billing_end(reckoner, base, event, done, over):
    """End of the month in which the first useful billing is expected."""
    term = reckoner.table.at("first_billing_months", base)
    if term is None:
        return None
    due = month_end(add_months(base, term.count))
    params = {"count": term.count, "base": base}
    return reckoner.deadline(
        "first_billing",
        due,
        base,
        event,
        DISTRIBUTOR,
        MUST,
        "month_end",
        params,
        done,
        over,
    )


def _csea(reckoner):
    """The distributor declares to CSEA: electricity month by month, two months after
    (circular 19/2025); gas by periods of two months (circular 11/2020)."""
    index = reckoner.entered("awaiting_csea")
    if index is None:
        return None
    base = reckoner.facts.steps[index].day
    is_gas = reckoner.facts.sector == "gas"
    parameter = "csea_gas_months" if is_gas else "csea_ele_months"
    term = reckoner.table.at(parameter, base)
    if term is None:
        return None
    due, how = csea_declaration(base, term.count, is_gas)
    return reckoner.deadline(
        "csea",
        due,
        base,
        "awaiting_csea",
        CSEA,
        MUST,
        how,
        {"count": term.count, "base": base},
        reckoner.later(index, "paid", "excess_to_return", "closed"),
        reckoner.facts.state not in ("awaiting_csea", "updated", "cancel_requested"),
    )


def _excess_return(reckoner):
    """What was received beyond the debt goes back (TISIND 2.4)."""
    index = reckoner.entered("excess_to_return")
    if index is None:
        return None
    base = reckoner.facts.bases.get("excess_return")
    base = base or reckoner.facts.steps[index].day
    return reckoner.term(
        "excess_return",
        "excess_return_days",
        base,
        "paid",
        US,
        done=reckoner.later(index, "closed"),
        over=reckoner.facts.state != "excess_to_return",
    )


def _late_payment(reckoner):
    """The customer paid a claimed bill: the claim is updated or annulled."""
    base = reckoner.facts.bases.get("late_payment")
    if not base:
        return None
    return reckoner.term(
        "late_payment",
        "late_payment_days",
        base,
        "late_payment",
        US,
        over=reckoner.facts.state in DEAD,
    )


# --- the incoming side -----------------------------------------------------------


def _suspension_request(reckoner):
    """Within the term of 8.4 the incoming user may ask the suspension (TISIND 15).

    A right that lapses, until somebody has decided to use it: then the request has to
    leave in time. It ends with the notice to the distributor, of which nobody tells us:
    with the last day that the SII has told, else the term of 8.4; or with the
    collection (TISIND 15). A charge of the network within it is no such notice to us,
    and no source lets it end the right: the SII judges.
    """
    index = reckoner.entered("received")
    if index is None:
        return None
    facts = reckoner.facts
    is_wanted = reckoner.is_unsent("suspend_request")
    sent = [r.sent for r in facts.requests if r.key == "suspend_request" and r.sent]
    asked = reckoner.later(index, "suspend_requested") or min(sent, default=None)
    return reckoner.term(
        "suspension_request",
        "suspension_request_days",
        facts.bases.get("accepted") or facts.steps[index].day,
        "accepted",
        US,
        MUST if is_wanted else MAY,
        done=None if is_wanted else asked,
        over=not is_wanted
        and (
            facts.state not in ("received", "unmatched", *OPEN_STATES)
            or "collected" in facts.bases
        ),
    )


def _incoming_waiting(reckoner):
    """From the acceptance to the notice to the distributor, as told to us."""
    index = reckoner.entered("received")
    if index is None:
        return None
    facts = reckoner.facts
    return reckoner.term(
        "waiting",
        "waiting_days",
        facts.bases.get("accepted") or facts.steps[index].day,
        "accepted",
        SII,
        FROM_THEN,
        over=facts.state in ("suspend_requested", "suspended", "cancelled", "closed"),
    )


def _incoming_billing(reckoner):
    """The distributor charges us at the first useful billing after the wait."""
    waiting = _incoming_waiting(reckoner)
    if waiting is None or waiting.state == DROPPED:
        return None
    index = reckoner.entered("received")
    return _billing_end(
        reckoner,
        waiting.due,
        "to_distributor",
        reckoner.later(index, "to_charge", "charged"),
        reckoner.facts.state not in ("received", "unmatched", "matched"),
    )


# --- both ------------------------------------------------------------------------


def _refund_customer(reckoner):
    """An annulled CMOR goes back to the customer (TISIND 12): by the outgoing seller
    when CSEA has paid, else by the incoming one (term assumed the same), who gives back
    what an update took off the bill as well (TISIND 10, term assumed the same)."""
    if lowered := reckoner.facts.bases.get("lowered"):
        return reckoner.term(
            "refund_customer", "refund_customer_days", lowered, "updated", US
        )
    state = "to_refund" if reckoner.facts.side == "incoming" else "refund_due"
    index = reckoner.entered(state)
    if index is None:
        return None
    base = reckoner.facts.bases.get("refund_customer")
    return reckoner.term(
        "refund_customer",
        "refund_customer_days",
        base or reckoner.facts.steps[index].day,
        "cancelled",
        US,
        done=reckoner.later(index, "reported", "closed"),
        over=reckoner.facts.state != state,
    )


def _refund_report(reckoner):
    """The SII is told of the return within days of it (TISIND 12)."""
    base = reckoner.facts.bases.get("refund_report")
    if not base:
        return None
    told = [
        request.sent
        for request in reckoner.facts.requests
        if request.key == "refund_report" and request.sent
    ]
    return reckoner.term(
        "refund_report",
        "refund_report_days",
        base,
        "returned",
        US,
        done=min(told, default=None),
        over=reckoner.facts.state in DEAD,
    )


def _complaint_reply(reckoner):
    """A complaint about the CMOR is answered; solar days."""
    base = reckoner.facts.bases.get("complaint_reply")
    if not base:
        return None
    return reckoner.term(
        "complaint_reply", "complaint_reply_days", base, "complaint", US
    )


def _retention(reckoner):
    """Proofs are kept for years after the end (house rule)."""
    index = reckoner.entered(*DEAD)
    if index is None or reckoner.facts.state not in DEAD:
        return None
    return reckoner.term(
        "retention",
        "retention_years",
        reckoner.facts.steps[index].day,
        "closed",
        US,
        FROM_THEN,
    )


def _checks(reckoner):
    """The SII answers our later requests; the newest request of a kind counts."""
    found = []
    for request in reckoner.facts.requests:
        if request.key not in CHECKS or not request.sent:
            continue
        key, parameter = CHECKS[request.key]
        is_waiting = request.state in ("sent", "admitted")
        found.append(
            reckoner.term(
                key,
                parameter,
                request.sent,
                request.key,
                SII,
                done=None if is_waiting else request.answered,
                over=not is_waiting,
            )
        )
    return found


_OUTGOING = (
    _mora_term,
    _request_open,
    _request_close,
    _sii_check,
    _waiting,
    _first_billing,
    _csea,
    _excess_return,
    _late_payment,
)
_INCOMING = (_suspension_request, _incoming_waiting, _incoming_billing)
_BOTH = (_refund_customer, _refund_report, _complaint_reply, _retention)

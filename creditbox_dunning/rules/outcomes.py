"""What can come of an action, and what the planner makes of it.

An outcome is told by a person, a receipt or a file; here it is only a code. The table
may say what follows (``next_ok``, ``next_ko``); where it does not, the kind of action
does: see ``Outcome.route``.
"""

from dataclasses import dataclass

# routes: what follows by default
GO_ON = "go_on"  # the next step of the ladder
WAIT = "wait"  # not over yet: the action stays open
CHANNEL = "channel"  # another channel; none left = as SEARCH
SEARCH = "search"  # a second letter once a new address is known
HEIRS = "heirs"  # nobody to write to until the heirs are known
RESEND = "resend"  # the same again: it never reached the address
RETRY = "retry"  # the same order again after some days, a few times
NEXT_WORK = "next_work"  # impossible here: the next row does without it
PLAN = "plan"  # to the instalment plan of the set
SETTLE = "settle"  # to the settlement when the amount is in its band, else to court
AWAIT_PAYMENT = "await_payment"  # said to be paid: time for the money to come in
BACK = "back"  # as if it had not been tried: where the case stood, with no wait
RESUME = "resume"  # a broken plan: where the case stood, a formal notice if old
END = "end"  # nothing more to try: a person decides

LETTER, WORK, AGENCY = "letter", "work", "agency"
SETTLEMENT, INSTALMENTS, COURT = "settlement", "instalments", "court"


@dataclass(frozen=True)
class Outcome:
    """``state``: what becomes of the action: ``done``, ``failed`` or ``open``."""

    code: str
    subject: str
    state: str
    is_positive: bool
    route: str


def _table(*rows):
    return {row[0]: Outcome(*row) for row in rows}


OUTCOMES = _table(
    # letters, messages, PEC; a letter refused or left at the post office is notified
    ("delivered", LETTER, "done", True, GO_ON),
    ("delivery_refused", LETTER, "done", True, GO_ON),
    ("stored", LETTER, "done", True, GO_ON),
    ("pec_failed", LETTER, "failed", False, CHANNEL),
    ("unknown", LETTER, "failed", False, SEARCH),
    ("moved", LETTER, "failed", False, SEARCH),
    ("untraceable", LETTER, "failed", False, SEARCH),
    ("bad_address", LETTER, "failed", False, SEARCH),
    ("deceased", LETTER, "failed", False, HEIRS),
    ("lost", LETTER, "failed", False, RESEND),
    ("other_failure", LETTER, "failed", False, CHANNEL),
    # technical office and distributor
    ("executed", WORK, "done", True, GO_ON),
    ("meter_unreachable", WORK, "failed", False, RETRY),
    ("wrong_meter", WORK, "failed", False, RETRY),
    ("danger", WORK, "failed", False, RETRY),
    ("opposition", WORK, "failed", False, RETRY),
    ("not_done", WORK, "failed", False, RETRY),
    ("impossible", WORK, "failed", False, NEXT_WORK),
    # collection agency
    ("taken", AGENCY, "open", True, WAIT),
    ("rejected", AGENCY, "failed", False, RETRY),
    ("collected", AGENCY, "done", True, AWAIT_PAYMENT),
    ("partial", AGENCY, "done", True, PLAN),
    ("promise", AGENCY, "done", True, PLAN),
    ("insolvent", AGENCY, "done", False, SETTLE),
    ("debtor_untraceable", AGENCY, "done", False, SETTLE),
    ("disputed", AGENCY, "done", False, SETTLE),
    ("negative", AGENCY, "done", False, SETTLE),
    # settlement
    ("accepted", SETTLEMENT, "done", True, AWAIT_PAYMENT),
    ("refused", SETTLEMENT, "failed", False, BACK),
    ("expired", SETTLEMENT, "done", False, GO_ON),
    # instalment plan
    ("agreed", INSTALMENTS, "open", True, WAIT),
    ("kept", INSTALMENTS, "done", True, AWAIT_PAYMENT),
    ("broken", INSTALMENTS, "failed", False, RESUME),
    ("not_agreed", INSTALMENTS, "failed", False, BACK),
    # court: sub-states of an open file, then its end
    ("injunction", COURT, "open", True, WAIT),
    ("precept", COURT, "open", True, WAIT),
    ("seizure", COURT, "open", True, WAIT),
    ("insolvency_claim", COURT, "open", True, WAIT),
    ("recovered", COURT, "done", True, AWAIT_PAYMENT),
    ("uncollectable", COURT, "done", False, END),
)

# letters that a person takes to the post (or to the PEC mailbox)
SENT_BY_HAND = frozenset({"ar", "pec"})
# state of an open action -> reason code of what it waits for
WAITS_FOR = {
    "waiting_approval": "waits_approval",
    "approved": "waits_queue",
    "executing": "waits_outcome",
}


def waits_for(op, state, channels, *, is_begun, is_sent, is_carried=False):
    """Reason code of what an open action waits for.

    ``channels``: those chosen, with plus signs between; ``is_begun``: it was carried
    out; ``is_sent``: one of its letters left; ``is_carried``: a provider carries it and
    tells what became of it, instead of a person.
    """
    if op == "list" and is_begun:
        return "waits_plan"
    by_hand = SENT_BY_HAND & {part.strip() for part in channels.split("+")}
    if state == "executing" and by_hand and is_carried:
        return "waits_receipt" if is_sent else "waits_outbox"
    if state == "executing" and by_hand:
        return "waits_notification" if is_sent else "waits_sending"
    return WAITS_FOR.get(state, "waits_person")


# normalised results of the post -> outcome; None = still on its way or, for REJ (the
# mail house refused it), for a person to decide. See rules/postal.py too.
POSTAL = {
    "RCV": None,
    "REJ": None,
    "ACC": None,
    "ABS": None,
    "STO": None,
    "DEL": "delivered",
    "DELO": "delivered",
    "CG": "stored",
    "REF": "delivery_refused",
    "UNK": "unknown",
    "MOV": "moved",
    "IRR": "untraceable",
    "DEC": "deceased",
    "ANE": "bad_address",
    "AIS": "bad_address",
    "AIN": "bad_address",
    "ADDR": "bad_address",
    "NTR": "lost",
    "LOS": "lost",
    "DAM": "lost",
    "FOR": "lost",
    "NRP": "lost",
    "OTH": "other_failure",
}

# action code -> whose outcomes it may have
SUBJECT_BY_ACTION = {
    **dict.fromkeys((1, 2, 3, 4, 5), LETTER),
    6: AGENCY,
    7: WORK,
    8: SETTLEMENT,
    9: INSTALMENTS,
    10: COURT,
}


@dataclass(frozen=True)
class Policy:
    """Numbers of the company for what the table does not say.

    ``work_attempts`` / ``work_retry_days``: how often an order is given, and after how
    many calendar days again. ``letter_attempts``: letters by one channel before giving
    up; ``search_days``: for finding another address. ``payment_days``: for money that
    somebody says is paid. ``notice_days``: after a broken plan a formal notice older
    than this is sent again (domain notes 1.7).
    """

    work_attempts: int = 3
    work_retry_days: int = 7
    letter_attempts: int = 2
    search_days: int = 60
    payment_days: int = 30
    notice_days: int = 90


NORMAL_POLICY = Policy()


def outcomes_for(action):
    """The outcomes that an action with this code may have, in order."""
    subject = SUBJECT_BY_ACTION.get(action)
    return tuple(o for o in OUTCOMES.values() if o.subject == subject)


def route_of(done):
    """The default route of a :class:`~.facts.Done`; by its state without an outcome."""
    outcome = OUTCOMES.get(done.outcome)
    if outcome and outcome.state == done.state:
        return outcome.route
    return GO_ON if done.state == "done" else CHANNEL

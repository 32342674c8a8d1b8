"""What the technical office (or the distributor) answers, and what it means.

``judge`` looks at one answer against one order and reads nothing else; its verdict is
"apply", "unchanged", or the code of what is wrong with the row. A wrong row is kept for
a person: an answer never vanishes.
"""

from dataclasses import dataclass, replace
from datetime import date

from . import work

APPLY, UNCHANGED = "apply", "unchanged"

# answers of the file
ACCEPTED, PLANNED, EXECUTED = "accepted", "planned", "executed"
NOT_DONE, REFUSED, GIVEN_BACK = "not_done", "refused", "given_back"
ANSWERS = (ACCEPTED, PLANNED, EXECUTED, NOT_DONE, REFUSED, GIVEN_BACK)
STATE_AFTER = {
    ACCEPTED: work.TAKEN,
    PLANNED: work.PLANNED,
    EXECUTED: work.DONE,
    NOT_DONE: work.FAILED,
    REFUSED: work.FAILED,
    GIVEN_BACK: work.WITHDRAWN,
}
# why it was not done: codes of rules/outcomes.py; without a reason it is not_done
REASONS = (
    "meter_unreachable",
    "wrong_meter",
    "danger",
    "opposition",
    "impossible",
    "not_done",
)
LIST = "list"


@dataclass(frozen=True)
class Order:
    """An order as it stands: ``op`` list, reduce ... reactivate; ``sent``: the day on
    which it left; ``planned``: the day that the office fixed; ``done``: the day of the
    work; ``outcome``: code of rules/outcomes.py; ``point``: POD, PDR ..."""

    op: str
    state: str
    point: str = ""
    sent: date | None = None
    planned: date | None = None
    done: date | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Answer:
    """One row of the office: ``day`` of the work or of the plan; ``reason``: one of
    REASONS when it was not done; ``point`` as the office wrote it, "" = not written."""

    kind: str
    day: date | None = None
    reason: str = ""
    point: str = ""


def outcome_of(answer):
    """The code of rules/outcomes.py that ``answer`` stands for, "" for none."""
    if answer.kind == EXECUTED:
        return "executed"
    if answer.kind in (NOT_DONE, REFUSED):
        return answer.reason or "not_done"
    return ""


def judge(order, answer, today):
    """What becomes of ``answer``: APPLY, UNCHANGED or the code of its problem.

    :param Order order: the order that the row names
    :param today: an outcome of tomorrow is a typing error, a plan is not
    """
    problem = _misfit(order, answer, today)
    if problem:
        return problem
    if _is_known(order, answer):
        return UNCHANGED
    target = STATE_AFTER[answer.kind]
    if order.state == work.TO_SEND:
        return "work_not_sent"
    if order.state in work.CALLED_BACK and answer.kind == EXECUTED:
        # a person decides whether it was lawful: it never slips through a file
        return "work_all_the_same"
    if order.state in work.CALLED_BACK and answer.kind in (ACCEPTED, PLANNED):
        return "work_called_back"
    if order.state == work.WITHDRAWN or order.state in work.OVER:
        return "work_over"
    if answer.kind == GIVEN_BACK and order.state not in work.CALLED_BACK:
        return "work_not_called_back"
    return APPLY if work.may_move(order.state, target) else "work_over"


def after(order, answer):
    """The order once an answer judged APPLY was recorded."""
    state = STATE_AFTER[answer.kind]
    if answer.kind == PLANNED:
        # a list is over when its plan is there
        state = work.DONE if order.op == LIST else state
        return replace(order, state=state, planned=answer.day)
    if order.state in work.CALLED_BACK and answer.kind in (NOT_DONE, REFUSED):
        # nothing was done, which is what was asked
        return replace(order, state=work.WITHDRAWN)
    done = answer.day if state in work.OVER else order.done
    return replace(order, state=state, outcome=outcome_of(answer), done=done)


def _misfit(order, answer, today):
    """Code of what is wrong with the row itself, "" when nothing is."""
    if answer.point and order.point and not same_point(answer.point, order.point):
        return "work_other_point"
    needs_day = answer.kind in (PLANNED, EXECUTED, NOT_DONE)
    if needs_day and not answer.day:
        return "work_no_day"
    if order.op == LIST and answer.kind == EXECUTED:
        return "work_list_is_planned"
    if not answer.day:
        return ""
    if answer.kind != PLANNED and answer.day > today:
        return "work_future"
    if order.sent and answer.day < order.sent:
        return "work_before_order"
    return ""


def same_point(one, other):
    """Codes of points compared without blanks and case."""
    return "".join(one.split()).upper() == "".join(other.split()).upper()


def _is_known(order, answer):
    """True when the order already says what the row says."""
    if order.op == LIST and answer.kind == PLANNED:
        return order.state == work.DONE and order.planned == answer.day
    if answer.kind == PLANNED:
        return order.planned == answer.day
    if answer.kind == ACCEPTED:
        return order.state in (work.TAKEN, work.PLANNED)
    if answer.kind == GIVEN_BACK:
        return order.state == work.WITHDRAWN
    if order.state == work.WITHDRAWN and answer.kind in (NOT_DONE, REFUSED):
        return True
    same_day = order.done == answer.day or not answer.day
    target = STATE_AFTER[answer.kind]
    return order.state == target and order.outcome == outcome_of(answer) and same_day


def reactivation_due(asked, *, is_late, count, day_kind, shift):
    """Last day on which the supply may come back, in time.

    :param asked: day on which the order is passed on
    :param is_late: passed on after the hour up to which a day counts: as if the next
        calendar day
    :param count: days of the law (parameter ``reactivation_days``), counted as
        ``day_kind``; :param shift: (day, count, day_kind) -> day
    """
    start = shift(asked, 1, "solar") if is_late else asked
    return shift(start, count, day_kind)


def cutoff_name(day):
    """Name of the legal number with the hour up to which ``day`` counts: for gas it
    is another one from Thursday on (RQDG)."""
    late_week = day.weekday() in (3, 4)
    return "reactivation_cutoff_late_week" if late_week else "reactivation_cutoff"

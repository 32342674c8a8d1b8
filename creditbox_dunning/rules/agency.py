"""Collection agencies: the mandate, and what an agency answers row by row."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from . import work
from .technical import APPLY, UNCHANGED

# rows of history: they change nothing of the case
CONTACT, PAYMENT = "contact", "payment"
HISTORY = frozenset({CONTACT, PAYMENT})
GIVEN_BACK = "given_back"
COLLECTED, PARTIAL = "collected", "partial"
# what an agency told of money, beside what the books have
MATCHED, AWAITED, MISSING, MORE = "matched", "awaited", "missing", "more"
# answers that are outcomes of rules/outcomes.py
OUTCOMES = (
    "taken",
    "rejected",
    "collected",
    "partial",
    "promise",
    "insolvent",
    "debtor_untraceable",
    "disputed",
    "negative",
)
ANSWERS = (*OUTCOMES, CONTACT, PAYMENT, GIVEN_BACK)
STATE_AFTER = {
    **dict.fromkeys(OUTCOMES, work.DONE),
    "taken": work.TAKEN,
    "rejected": work.FAILED,
    GIVEN_BACK: work.WITHDRAWN,
}
ZERO = Decimal(0)


@dataclass(frozen=True)
class Assignment:
    """A case in an agency's hands: ``start``/``end`` of the mandate; ``amount``: the
    debt handed over; ``outcome`` and ``closed`` once it is over, ``promised`` when a
    promise ended it; ``rows``: keys of the rows of history that are known."""

    state: str
    amount: Decimal = Decimal(0)
    start: date | None = None
    end: date | None = None
    outcome: str = ""
    closed: date | None = None
    rows: frozenset = frozenset()
    promised: date | None = None


@dataclass(frozen=True)
class Answer:
    """One row of the agency. ``ref``: its own number of a payment or contact."""

    kind: str
    day: date | None = None
    amount: Decimal | None = None
    promised: date | None = None
    ref: str = ""

    @property
    def key(self):
        """What makes two rows of history the same."""
        amount = None if self.amount is None else f"{self.amount:.2f}"
        return (self.kind, self.day, amount, self.promised, self.ref)


@dataclass(frozen=True)
class FeeRow:
    """A band of an agency's tariff, up to the next one: from ``age_from`` days and
    ``amount_from`` euro; ``percent`` of what arrives, ``fixed`` euro once a case."""

    valid_from: date
    age_from: int = 0
    amount_from: Decimal = ZERO
    percent: Decimal = ZERO
    fixed: Decimal = ZERO


def mandate_end(start, days):
    """Last day of a mandate of ``days`` calendar days that begins on ``start``."""
    return start + timedelta(days=max(days, 1) - 1)


def is_over(end, today):
    """True on the day after the last one of the mandate."""
    return bool(end) and today > end


def choose_fee(rows, day, age, amount):
    """The row of an agency's tariff for a case.

    The tariff in force is that of the latest ``valid_from`` up to ``day``; in it the
    band that begins nearest below, by age first. None when no tariff is in force yet; a
    row of zeros when the tariff has no band for the case.

    :param rows: FeeRow; day: on which the case was sent
    :param age: days past due of the oldest bill on that day; amount: handed over
    """
    begun = [row for row in rows if row.valid_from <= day]
    if not begun:
        return None
    since = max(row.valid_from for row in begun)
    fit = [
        row
        for row in begun
        if row.valid_from == since and row.age_from <= age and row.amount_from <= amount
    ]
    none = FeeRow(since)
    return max(fit, key=lambda row: (row.age_from, row.amount_from), default=none)


def told_money(answers, debt, until=None):
    """What the agency says that it collected, in euro.

    Its payments one by one, or what it says at the end when that is more: the last row
    repeats the others. *Collected in full* without an amount is the whole debt.

    :param answers: Answer rows; others than of money count nothing
    :param debt: Decimal, what was handed over
    :param until: only rows up to this day
    """
    rows = [one for one in answers if not until or (one.day and one.day <= until)]
    paid = sum((one.amount or Decimal(0) for one in rows if one.kind == PAYMENT), ZERO)
    ends = [
        one.amount or (debt if one.kind == COLLECTED else ZERO)
        for one in rows
        if one.kind in (COLLECTED, PARTIAL)
    ]
    return max([paid, *ends])


def money_state(answers, debt, arrived, days, today):
    """What was told beside what arrived: "" when no money was told nor arrived.

    MISSING: told more than ``days`` ago and not arrived by ``today``; AWAITED: told
    since; MORE: the books have more than was told, be it that the customer paid us;
    MATCHED: to the cent.
    """
    told = told_money(answers, debt)
    if arrived == told:
        return MATCHED if told else ""
    if arrived > told:
        return MORE
    late = told_money(answers, debt, today - timedelta(days=days + 1))
    return MISSING if arrived < late else AWAITED


def judge(assignment, answer, today):
    """What becomes of ``answer``: APPLY, UNCHANGED or the code of its problem."""
    problem = _misfit(assignment, answer, today)
    if problem:
        return problem
    if assignment.state == work.TO_SEND:
        return "work_not_sent"
    if answer.kind in HISTORY:
        # what was paid to the agency is told even after the mandate is over
        return UNCHANGED if answer.key in assignment.rows else APPLY
    if _is_known(assignment, answer):
        return UNCHANGED
    if assignment.state in work.OVER:
        return "work_over"
    is_back = assignment.state in work.CALLED_BACK
    if answer.kind == GIVEN_BACK:
        return APPLY if is_back else "work_not_called_back"
    if is_back:
        return "work_called_back"
    if answer.kind == "taken" and assignment.state != work.SENT:
        return "work_over"
    return APPLY


def _misfit(assignment, answer, today):
    if not answer.day:
        return "work_no_day"
    if answer.day > today:
        return "work_future"
    if assignment.start and answer.day < assignment.start:
        return "work_before_order"
    if answer.kind == PAYMENT and not (answer.amount and answer.amount > 0):
        return "agency_no_amount"
    if answer.amount is not None and answer.amount < 0:
        return "agency_no_amount"
    if answer.kind == "promise" and not answer.promised:
        return "agency_no_promise"
    return ""


def _is_known(assignment, answer):
    if answer.kind == "taken":
        return assignment.state == work.TAKEN
    if answer.kind == GIVEN_BACK:
        return assignment.state == work.WITHDRAWN
    same = assignment.outcome == answer.kind and assignment.closed == answer.day
    # the same day promised: another one is another promise, and no repetition
    same = same and answer.promised in (None, assignment.promised)
    return assignment.state in work.OVER and same


def choose(cases, agencies, had, load):
    """{assignment: agency}: one that did not have the case yet, the least busy first.

    :param cases: {assignment: case}; agencies: ids in the order of preference
    :param had: {case: set of agencies that had it}; when all had it, any of them
    :param load: {agency: how many it has}
    """
    load = dict(load)
    chosen = {}
    for assignment, case in cases.items():
        fresh = [one for one in agencies if one not in had.get(case, ())]
        pool = fresh or list(agencies)
        best = min(pool, key=lambda one: (load.get(one, 0), agencies.index(one)))
        load[best] = load.get(best, 0) + 1
        chosen[assignment] = best
    return chosen


def lots(cases, size):
    """``cases`` in their order, in lists of ``size`` at most; 0: one list."""
    cases = list(cases)
    size = size or len(cases) or 1
    return [cases[at : at + size] for at in range(0, len(cases), size)]


def after(assignment, answer):
    """The assignment once an answer judged APPLY was recorded."""
    if answer.kind in HISTORY:
        return replace(assignment, rows=assignment.rows | {answer.key})
    state = STATE_AFTER[answer.kind]
    if state not in work.OVER:
        return replace(assignment, state=state)
    return replace(
        assignment,
        state=state,
        outcome=answer.kind,
        closed=answer.day,
        promised=answer.promised,
    )

"""Whether a promise to pay was kept, and what follows the answer to a dispute.

Pure: days and amounts come in, nothing is read. Whoever promises says a sum and a day;
only money that came after the promise counts, the bank gets ``grace`` days more, and a
payment that came back never came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .facts import Reason

KEPT, BROKEN, CANCELLED = "kept", "broken", "cancelled"
# why a promise told by others does not become one of ours
PAID, PAST = "paid", "past"
# a direct debit that the debtor did not authorise can come back for 13 months
# (D.Lgs. 11/2010, art. 9, from directive (EU) 2015/2366, art. 71): so long is a promise
# that was kept looked at again
RETURN_DAYS = 400
# outcomes of a dispute
CREDIT_NOTE, CORRECTED, REFUSED = "credit_note", "reading_corrected", "refused"


@dataclass(frozen=True)
class Entry:
    """Money matched with what the promise is about. ``is_credit``: a credit note."""

    day: date
    amount: Decimal
    is_credit: bool = False


@dataclass(frozen=True)
class Promise:
    """``made`` and ``due``: the day it was given and the day promised; ``amount``: the
    sum promised, always above zero; ``outcome``: what was judged before, or None."""

    made: date
    due: date
    amount: Decimal
    outcome: str | None = None


@dataclass(frozen=True)
class Verdict:
    """``outcome``: kept, broken, cancelled, or None while it can still be kept;
    ``paid``: what came in time."""

    outcome: str | None
    paid: Decimal
    reason: Reason | None = None


def last_day(due: date, grace: int) -> date:
    """The last day on which money for a promise of ``due`` is in time."""
    return due + timedelta(days=max(grace, 0))


def take_over(due: date, amount, owed: Decimal, today: date, grace: int):
    """(problem, amount) of a promise that somebody else took for us.

    ``problem``: PAID, nothing is owed any more; PAST, money for it would be late by
    ``today`` already; "" when it becomes a promise of ours. ``amount``: what was told,
    never more than what is owed; all of it when no sum was told.
    """
    if owed <= 0:
        return PAID, Decimal(0)
    if last_day(due, grace) < today:
        return PAST, Decimal(0)
    return "", min(amount or owed, owed)


def judge(promise: Promise, entries, owed: Decimal, today: date, grace: int) -> Verdict:
    """What became of ``promise`` on ``today``.

    :param entries: :class:`Entry` of what is matched *now* with the bills concerned: a
        payment that came back is not among them
    :param owed: what is open *now* of the bills concerned
    :param grace: days after the day promised in which money is still in time

    What a credit note took off the bills need not be paid any more: the sum promised
    is never more than what was left to pay. When nothing at all was left the promise
    is cancelled: it was neither kept nor broken.
    """
    limit = last_day(promise.due, grace)
    money = [e for e in entries if not e.is_credit and e.day >= promise.made]
    paid = sum((e.amount for e in money if e.day <= limit), Decimal(0))
    late = sum((e.amount for e in money if e.day > limit), Decimal(0))
    to_pay = min(promise.amount, paid + late + max(owed, Decimal(0)))
    if paid > 0 and paid >= to_pay:
        return Verdict(
            KEPT,
            paid,
            Reason.of("promise_kept", paid=paid, amount=promise.amount, date=limit),
        )
    if to_pay <= 0:
        return Verdict(CANCELLED, paid, Reason.of("promise_nothing_owed"))
    if today <= limit:
        return Verdict(None, paid)
    code = "promise_returned" if promise.outcome == KEPT else "promise_broken"
    reason = Reason.of(code, paid=paid, amount=promise.amount, date=limit)
    return Verdict(BROKEN, paid, reason)


def may_promise(broken: int, most: int) -> bool:
    """Whether one more promise may be taken after ``broken`` ones; ``most`` 0 = any."""
    return not most or broken < most


def resumes_after_answer(outcome: str, answered: date, days: int) -> date:
    """First day on which the bill goes on after its dispute was answered.

    A refusal leaves the customer ``days`` days to pay; otherwise what is left of the
    bill goes on at once.
    """
    return answered + timedelta(days=days if outcome == REFUSED else 0)

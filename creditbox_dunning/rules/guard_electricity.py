"""Electricity: TIMOE (ARERA 258/2015/R/com, annex A).

* notice of default from the first day after the due date, by registered letter or PEC;
* low voltage with a meter that can be reduced from afar: first the reduction to 15 %,
  not before 3 working days after the term to pay and 25 days after notification, then
  15 more days unpaid before the suspension;
* every other supply, and where the reduction was tried in vain: suspension not before
  3 working days after the term and 40 days after notification.
"""

from .facts import Reason
from .guard_common import (
    COMMON_BLOCKS,
    Question,
    channel_block,
    deceased,
    impossible,
    pay_term,
    small_debt,
    termination,
)

BLOCKS = (*COMMON_BLOCKS, deceased, small_debt)


def can_reduce(question: Question):
    """Only what is known for certain shortens the terms."""
    supply = question.supply
    return supply.voltage == "low" and supply.can_reduce is True


def impossible_here(question: Question):
    """The Reason why this supply can never have the operation, or None."""
    op = question.rule.op
    if op == "limit" or (op == "reduce" and not can_reduce(question)):
        return impossible(op)
    return None


def notice_floors(question: Question):
    """A friendly notice has no term of its own."""
    return []


def notice_blocks(question: Question):
    return ()


def default_floors(question: Question):
    return [question.after("guard_after_due", question.facts.due, "default_after_due")]


def default_blocks(question: Question):
    return (channel_block,)


def after_the_term(question: Question, name):
    """Floors that every request to the distributor has: term to pay, notification."""
    notice = question.notice()
    term, _number = pay_term(question, notice)
    return [
        question.after("guard_after_term", term, "request_after_term"),
        question.after("guard_after_notified", notice.effective, name),
    ]


def cut_floors(question: Question):
    op = question.rule.op
    if op == "deactivate":
        return termination(question)
    if op == "reduce":
        return after_the_term(question, "reduce_after_notified")
    reduced = question.carried_out("reduce", "reduced")
    if reduced:
        floors = after_the_term(question, "reduce_after_notified")
        return [
            *floors,
            question.after("guard_after_reduction", reduced, "suspend_after_reduced"),
        ]
    return after_the_term(question, "suspend_after_notified")


def needs_reduction(question: Question):
    """A supply that can be reduced is reduced before it is suspended."""
    if (
        question.rule.op == "suspend"
        and can_reduce(question)
        and not question.carried_out("reduce", "reduced")
        and not question.tried("reduce")
    ):
        return Reason.of("guard_needs_reduction")
    return None


def cut_blocks(question: Question):
    return (*BLOCKS, needs_reduction)

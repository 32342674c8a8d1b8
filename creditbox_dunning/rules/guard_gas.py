"""Gas: TIMG (ARERA ARG/gas 99/11, annex A).

As electricity without the partial step: the point is closed not before 3 working days
after the term to pay and 40 days after notification.
"""

from .guard_common import (
    COMMON_BLOCKS,
    Question,
    deceased,
    impossible,
    small_debt,
    termination,
)
from .guard_electricity import (
    after_the_term,
    default_blocks,
    default_floors,
    notice_blocks,
    notice_floors,
)

__all__ = [
    "cut_blocks",
    "cut_floors",
    "default_blocks",
    "default_floors",
    "impossible_here",
    "notice_blocks",
    "notice_floors",
]


def impossible_here(question: Question):
    op = question.rule.op
    return impossible(op) if op in ("reduce", "limit") else None


def cut_floors(question: Question):
    if question.rule.op == "deactivate":
        return termination(question)
    return after_the_term(question, "suspend_after_notified")


def cut_blocks(question: Question):
    return (*COMMON_BLOCKS, deceased, small_debt)

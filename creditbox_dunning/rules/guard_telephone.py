"""Telephone: law 160/2019 art. 1 c. 291, AGCOM rules, the operators' contracts.

* a bill counts as unpaid from the 16th day after its due date;
* the notice goes by registered letter (or PEC) and announces the suspension at least
  40 days ahead: barring of outgoing calls and suspension count from its arrival;
* the contract ends not before 15 days after the suspension, with 10 days of notice.
"""

from .facts import Reason
from .guard_common import (
    COMMON_BLOCKS,
    BlockedError,
    Question,
    channel_block,
    deceased,
    impossible,
    termination,
)


def impossible_here(question: Question):
    return impossible("reduce") if question.rule.op == "reduce" else None


def notice_floors(question: Question):
    return []


def notice_blocks(question: Question):
    return ()


def default_floors(question: Question):
    return [question.after("guard_after_due", question.facts.due, "default_after_due")]


def default_blocks(question: Question):
    return (channel_block,)


def after_suspension(question: Question):
    since = question.carried_out("suspend", "suspended")
    if not since:
        raise BlockedError(Reason.of("guard_not_suspended"))
    return [question.after("guard_after_suspension", since, "end_after_suspended")]


def cut_floors(question: Question):
    if question.rule.op == "deactivate":
        return [*termination(question), *after_suspension(question)]
    notice = question.notice()
    return [
        question.after(
            "guard_after_notified", notice.effective, "suspend_after_notified"
        )
    ]


def cut_blocks(question: Question):
    return (*COMMON_BLOCKS, deceased)

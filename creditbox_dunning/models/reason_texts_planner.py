"""What the planner says of anchors, outcomes, further attempts and holds, in words."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_PLANNER = {
    "after_plan": _lt(
        "The technical office planned the work for %(date)s; the row asks for %(days)s"
        " %(day_kind)s."
    ),
    "after_operation": _lt(
        "The work on the supply is in effect since %(date)s; the row asks for %(days)s"
        " %(day_kind)s."
    ),
    "after_payment": _lt("Paid on %(date)s: the supply comes back."),
    "after_event": _lt("Asked for on %(date)s."),
    "after_failure": _lt("It was tried in vain: again from %(date)s on."),
    "another_attempt": _lt("Attempt number %(number)s."),
    "bills_on_hold": _lt("The bills that the step is about are suspended: %(reason)s."),
    "nothing_noticed": _lt(
        "What the formal notice listed is paid: newer bills begin their own round."
    ),
    "no_channel": _lt("No channel is left to try."),
    "address_search": _lt(
        "The letter came back: another address has to be found for a second one."
    ),
    "heirs": _lt(
        "The addressee is dead: nothing goes on until the heirs are known and written"
        " in the master data."
    ),
    "uncollectable": _lt(
        "What is owed cannot be collected: a person has to decide on writing it off."
    ),
    "work_failed": _lt(
        "The technical office tried in vain as often as it may: a person has to decide."
    ),
    "reactivate_by_hand": _lt(
        "The supply is off and paid for, but the table has no row to give it back:"
        " order the reactivation."
    ),
    "cut_without_right": _lt(
        "The supply was cut on %(date)s without any right to it: it comes back."
    ),
    "reactivated_late": _lt(
        "The supply came back on %(date)s, %(days)s late: an indemnity is due to"
        " the customer."
    ),
    "waits_agency": _lt("The collection agency is at work."),
    "waits_instalments": _lt("The customer is paying by instalments."),
    "waits_court": _lt("The lawyers are at work."),
}

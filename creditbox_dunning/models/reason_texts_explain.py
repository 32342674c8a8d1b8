"""Words of the explanation: statuses of rows, bills left out or not followed."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_EXPLAIN = {
    "line_on_hold": _lt("Suspended: the steps leave this bill out."),
    "line_credit_alone": _lt("A credit note: it is listed together with open bills."),
    "line_too_young": _lt("Its own time for this step comes on %(date)s."),
    "line_not_reminded": _lt(
        "It is not in a first reminder yet, which this step needs."
    ),
    "line_not_in_notice": _lt(
        "It is not in the formal notice: this step covers only the bills named there."
    ),
    "line_paid": _lt("Paid."),
    "line_excluded": _lt("Excluded from reminders by the accounting."),
    "line_blocked": _lt("Blocked for payment by the accounting."),
    "line_not_due": _lt("Not overdue: it is due on %(date)s."),
    "bill_not_customer": _lt("It is no customer bill: only those are followed."),
    "bill_not_posted": _lt("It is not posted: only posted bills are followed."),
    "bill_paid": _lt("It is paid: nothing is owed any more."),
    "bill_not_due": _lt("It is not overdue yet: it is due on %(date)s."),
    "bill_excluded": _lt(
        "The accounting excluded it from reminders: the flag is on the bill."
    ),
    "bill_blocked": _lt("The accounting blocked it for payment: it is not followed."),
    "bill_credit": _lt("It is a credit note: it lowers what the customer is asked."),
    "bill_no_partner": _lt("It names no customer."),
    "bill_next_run": _lt(
        "It is overdue and in no case yet: the next run opens a case for it."
    ),
    "bill_no_table": _lt(
        "The company has no published action table: nothing is followed."
    ),
    "bill_credit_covers": _lt(
        "Open credit notes of %(amount)s cover what is owed: it is not asked for."
    ),
}

STATUS_TEXTS = {
    "done": _lt("Done"),
    "open": _lt("Waits"),
    "failed": _lt("Failed"),
    "skipped": _lt("Left out"),
    "behind": _lt("Behind"),
    "next": _lt("Next"),
    "ahead": _lt("Ahead"),
    "ahead_skipped": _lt("Will be left out"),
    "unreached": _lt("Not reached"),
    "event": _lt("On an event"),
}
DECISION_TEXTS = {
    "execute": _lt("To do on this day"),
    "wait": _lt("Waits"),
    "park": _lt("Parked"),
    "close": _lt("Nothing is owed: to be closed"),
    "stop": _lt("A person has to decide"),
}
ANCHOR_TEXTS = {
    "due": _lt("due date of the oldest bill"),
    "prev_end": _lt("end of the previous action's wait"),
    "plan": _lt("date planned by the technical office"),
    "op_done": _lt("operation carried out"),
    "payment": _lt("payment"),
    "event": _lt("event"),
}
STOPS_TEXTS = {
    "all": _lt("all steps"),
    "technical": _lt("technical steps only"),
    "nothing": _lt("nothing, it is a note"),
}
CLOCK_TEXTS = {
    "run": _lt("the waits of the table go on"),
    "stop": _lt("the waits of the table stand still"),
}

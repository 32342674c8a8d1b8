"""Why a receivable is in no case: sentences of the try-out and of the run."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_RUN = {
    "no_customer": _lt("Entry %(bill)s names no customer: nobody can be asked."),
    "bill_blocked": _lt("Bill %(bill)s is blocked for payment by accounting."),
    "bill_excluded": _lt("Bill %(bill)s is excluded from reminders by accounting."),
    "not_a_bill": _lt("Entry %(bill)s is not a bill: CreditBox asks for bills only."),
    "not_a_term": _lt(
        "Bill %(bill)s has a receivable that is not one of its payment terms."
    ),
}

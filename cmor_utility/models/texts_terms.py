"""Texts of terms, attention and history."""


def _lt(source):
    return source


EVENTS = {}
NEXT = {}
PROBLEMS = {}

# what a term runs from
BASE_TEXTS = {
    "end": _lt("end of supply"),
    "notice": _lt("notice"),
    "sent": _lt("request sent"),
    "accepted": _lt("acceptance"),
    "to_distributor": _lt("notice to the distributor"),
    "awaiting_csea": _lt("charge by the distributor"),
    "paid": _lt("payment by CSEA"),
    "late_payment": _lt("payment of the customer"),
    "cancelled": _lt("annulment"),
    "updated": _lt("update of the amount"),
    "returned": _lt("return to the customer"),
    "complaint": _lt("complaint"),
    "closed": _lt("end of the practice"),
    "cancel_request": _lt("annulment asked"),
    "suspend_request": _lt("suspension asked"),
    "suspend_revoke": _lt("end of the suspension asked"),
    "report": _lt("report sent"),
    "refund_report": _lt("return reported"),
}

# how the last day was reckoned
HOW_TEXTS = {
    "working": _lt("%(count)s working days from %(base)s (%(event)s)."),
    "working_holidays": _lt(
        "%(count)s working days from %(base)s (%(event)s); holidays left out:"
        " %(skipped)s."
    ),
    "solar": _lt("%(count)s calendar days from %(base)s (%(event)s)."),
    "months": _lt("%(count)s months from %(base)s (%(event)s)."),
    "years": _lt("%(count)s years from %(base)s (%(event)s)."),
    "month_end": _lt(
        "First useful billing: end of the month, %(count)s after %(base)s (%(event)s)."
    ),
    "csea_ele": _lt(
        "Declared in the month that is %(count)s after the one of %(base)s (%(event)s)."
    ),
    "csea_gas": _lt(
        "Declared by periods of %(count)s months, by the end of the one after"
        " %(base)s (%(event)s)."
    ),
    "window_open": _lt(
        "By the two readings of the end date %(one)s or %(other)s: the later counts."
    ),
    "window_close": _lt(
        "By the two readings of the end date %(one)s or %(other)s: the earlier counts."
    ),
    "window_same": _lt("The same by both readings of the end date."),
    "notice_term": _lt("Term written in notice %(ref)s."),
    "known": _lt("As told or reckoned when it happened (%(event)s)."),
}

CONSEQUENCE_TEXTS = {
    "request_close": _lt("The indemnity can no longer be asked."),
    "sii_check": _lt("Look on the portal: the answer may be lost."),
    "suspension_request": _lt("The suspension can no longer be asked."),
    "suspension_check": _lt("Look on the portal: the answer may be lost."),
    "revoke_check": _lt("Look on the portal: the answer may be lost."),
    "waiting": _lt("Ask the SII whether the distributor was told."),
    "first_billing": _lt("Ask the SII or the distributor about the charge."),
    "csea": _lt("Ask CSEA about the payment."),
    "annul": _lt("Ask the SII about the annulment."),
    "late_payment": _lt("The customer may pay the same debt twice."),
    "excess_return": _lt("Money of the customer is held beyond the term."),
    "refund_customer": _lt("Money of the customer is held beyond the term."),
    "refund_report": _lt("The SII does not know of the return."),
    "refund_report_check": _lt("Look on the portal: the answer may be lost."),
    "report_check": _lt("Look on the portal: the answer may be lost."),
    "complaint_reply": _lt("An automatic indemnity may be due to the customer."),
}

# why a practice needs a person
ATTENTION_TEXTS = {
    "missed": _lt("%(term)s: missed on %(date)s."),
    "near": _lt("%(term)s by %(date)s."),
    "waiting": _lt("A received record waits for a decision."),
    "lapses": _lt("%(term)s: possible until %(date)s, then the right lapses."),
    "theirs": _lt("%(term)s was due on %(date)s: nothing has arrived."),
}

# why a file, a record or a request needs a person
NEED_TEXTS = {
    "unanswered": _lt("The SII has not answered within its term: look on the portal."),
    "to_send": _lt("Upload the file, then mark it as sent."),
    "to_export": _lt("Put it into a file and send it."),
    "file_refused": _lt(
        "It cannot be read: choose the layout and read it again, or set it aside."
    ),
    "records_wait": _lt("Some records wait for a decision."),
    "record_waits": _lt("Received, but not applied: decide what it means."),
    "layout_refused": _lt(
        "Refused by the layout: correct the data, then export again."
    ),
}

"""Texts of the money: receipts of CSEA, excess, refunds, annulments asked by us."""


def _lt(source):
    return source


EVENTS = {
    "receipt": _lt("CSEA paid %(amount)s on %(date)s (%(ref)s)."),
    "deemed": _lt("Deemed: a later answer implies it."),
    "receipt_reversed": _lt("Receipt of %(amount)s reversed (%(ref)s)."),
    "excess": _lt("%(amount)s beyond the debt, to be returned by %(date)s."),
    "returned": _lt("%(amount)s returned to the customer on %(date)s (%(ref)s)."),
    "paid_on_seller": _lt(
        "%(amount)s paid on to the seller %(seller)s on %(date)s (%(ref)s)."
    ),
    "return_cancelled": _lt("The return of %(amount)s was cancelled."),
    "refund_due": _lt(
        "Annulled after CSEA had paid: %(amount)s to be returned by %(date)s."
    ),
    "refund_reported": _lt("The SII was told of the return."),
    "cancel_asked": _lt("Annulment asked, reason %(reason)s: %(note)s"),
    "cancel_withdrawn": _lt("The request of annulment was withdrawn."),
    "late_payment": _lt(
        "%(amount)s paid on the claimed bills after the claim: update or annul by"
        " %(date)s."
    ),
    "late_payment_over": _lt("The payment on the claimed bills was reversed."),
    "late_payment_answered": _lt("Late payment looked at: %(note)s"),
    "amount_updated": _lt("Amount changed from %(before)s to %(after)s. %(what)s"),
    "approval": _lt("%(action)s of %(amount)s: %(decision)s. %(note)s"),
    "loaded": _lt("Loaded from the past, %(amount)s, by %(file)s."),
}
WORDS = {
    "nothing_paid": _lt("Nothing was paid yet."),
    "still_to_pay": _lt("CSEA has %(amount)s still to pay."),
    "paid_covers": _lt("What was paid covers it."),
    "paid_too_much": _lt("Paid %(amount)s too much: to be returned to the customer."),
    "csea_has_paid": _lt("CSEA has paid: the excess goes back to the customer"),
}
NEXT = {
    "return_excess": _lt("Return the excess of %(amount)s by %(date)s."),
    "await_offset": _lt("Wait for the bill that returns %(amount)s, by %(date)s."),
    "return_refund": _lt("Return %(amount)s to the customer by %(date)s."),
    "report_refund": _lt("Tell the SII of the return by %(date)s."),
    "pay_on": _lt("Pay on to the seller %(seller)s: %(amount)s."),
    "await_seller_refund": _lt(
        "Annulled after CSEA had paid: the seller returns the money to the customer,"
        " wait for its report."
    ),
    "close_paid": _lt("Paid by CSEA: close the practice."),
    "answer_late": _lt("Paid after the claim: update or annul by %(date)s."),
    "discard_paid": _lt(
        "A bill of the file was paid: discard the file and make it again before"
        " %(date)s."
    ),
    "withdraw_returned": _lt(
        "The payment came back: withdraw the annulment before it leaves (discard its"
        " file first)."
    ),
    "annulled_returned": _lt(
        "The payment came back after the annulment was sent: tell the SII. If it is"
        " annulled all the same, claim anew."
    ),
}
PROBLEMS = {
    "unknown_practice": _lt("No practice of ours has this code."),
    "no_payment_data": _lt("Amount or day of the payment is missing."),
    "receipt_differs": _lt(
        "The payment %(ref)s is entered already with another amount than %(amount)s."
    ),
    "paid_amount_differs": _lt(
        "Paid %(amount)s, expected %(expected)s: check, then enter the receipt by hand"
        " and apply this record again."
    ),
    "paid_in_state": _lt("CSEA cannot have paid a practice that is %(state)s."),
}

"""Texts of the incoming side."""


def _lt(source):
    return source


EVENTS = {
    "notice_in": _lt("Notice of the SII: %(amount)s on %(point)s, %(customer)s."),
    "matched": _lt("Our contract %(contract)s."),
    "matched_by_hand": _lt("Contract %(contract)s, chosen by hand: %(note)s"),
    "unmatched": _lt("%(reason)s."),
    "annulled": _lt("Annulled by the SII on %(date)s. %(cause)s"),
    "annulled_paid": _lt(
        "Annulled by the SII on %(date)s after CSEA had paid: the outgoing seller gives"
        " the money back, the charge of the network stands. %(cause)s"
    ),
    "network_charged": _lt("The network charged us %(network)s."),
    "billed": _lt("%(billed)s on a bill of the customer."),
    "cmor_collected": _lt("%(collected)s collected."),
    "cmor_unpaid": _lt("%(unpaid)s unpaid after the due date."),
    "cmor_given_up": _lt("%(given_up)s given up: nothing more of it will be paid."),
    "customer_left": _lt("The customer left with %(unpaid)s unpaid."),
    "refund_customer": _lt("%(returned)s to be given back by %(date)s."),
    "difference_accepted": _lt("Difference of the network accepted: %(note)s"),
    "charge_made": _lt("Charge %(ref)s of %(amount)s to the customer."),
    "refund_made": _lt("%(amount)s given back to the customer by %(ref)s."),
    "prev_proposed": _lt("Previous CMOR proposed: %(amount)s, %(code)s."),
    "suspension_asked": _lt("Suspension asked, reason %(reason)s: %(proof)s"),
    "suspension_failed": _lt("The suspension was not granted."),
    "cancel_failed": _lt("The annulment was not granted."),
    "resumption_asked": _lt("End of the suspension asked: %(note)s"),
    "request_answered": _lt("%(flow)s: %(state)s. %(answer)s"),
    "closed_done": _lt("Collected, reported, transit account at zero: closed."),
    "opened_again": _lt("Opened again: %(note)s"),
    "past_bill": _lt("Billed before the program by %(bill)s."),
    "past_ended": _lt("It had ended before the program: %(note)s"),
    "report_made": _lt("Report: %(billed)s billed, %(collected)s collected."),
}
# the facts behind a request of suspension
FACTS = {
    "suspended": _lt("Point suspended for default"),
    "requested": _lt("Request of suspension pending"),
    "failed": _lt("Suspension tried in vain"),
}
NEXT = {
    "match": _lt("Find the contract, or ask the annulment."),
    "await_network": _lt(
        "Wait for the charge of the network; last day to ask the suspension: %(date)s."
    ),
    "await_network_only": _lt("Wait for the charge of the network."),
    "await_suspension": _lt("Wait for the answer about the suspension."),
    "is_suspended": _lt("Suspended: ask its end when the reason is over."),
    "charged_while_asked": _lt(
        "The network charges it while its suspension is asked: find out which holds."
    ),
    "charged_while_suspended": _lt(
        "The network charges it while it is suspended: ask for the charge back."
    ),
    "await_annulment": _lt("Wait for the answer about the annulment."),
    "check_difference": _lt(
        "The network charges %(network)s, the SII says %(amount)s: find out why."
    ),
    "charge_customer": _lt("Charge %(to_bill)s to the customer."),
    "await_bill": _lt("Wait for the bill that carries the charge."),
    "await_charge_export": _lt("The charge waits for its export to billing."),
    "await_charge_invoice": _lt("The charge waits for accounting to invoice it."),
    "await_payment": _lt("Wait for the payment of the customer."),
    "collect": _lt("%(unpaid)s unpaid: an ordinary debt of the customer."),
    "report": _lt("Report to the SII."),
    "report_again": _lt("The figures changed: report to the SII again."),
    "close_incoming": _lt("Reported: close the practice."),
    "say_past": _lt("Billed before the program: name the bill, or say how it ended."),
    "await_transit": _lt("Reported: the transit account is not back to zero yet."),
    "await_bill_annulled": _lt(
        "Annulled while billing has the charge: wait for the bill, or take it back."
    ),
    "refund_customer": _lt("Give %(returned)s back to the customer by %(date)s."),
    "refund_suspended": _lt(
        "Suspended after it was billed: credit %(returned)s to the customer; it is"
        " charged again when the suspension ends."
    ),
    "await_refund_bill": _lt("Wait for the bill that gives the money back."),
    "export_request": _lt("Export the request: %(flow)s."),
    "mark_request": _lt("Upload the file and mark it as sent: %(flow)s."),
}
PROBLEMS = {
    "notice_no_code": _lt("The notice has no SII code (CP_GESTORE)."),
    "notice_no_amount": _lt("The notice has no amount."),
    "notice_no_point": _lt("The notice names no POD or PDR."),
    "notice_point_differs": _lt(
        "The same SII code came for another point: %(before)s, now %(after)s."
    ),
    "notice_amount_differs": _lt(
        "The same SII code came with another amount: %(before)s, now %(after)s."
    ),
    "update_no_amount": _lt("The update has no new amount."),
    "update_of_annulled": _lt("An update of a practice that is annulled."),
    "update_before_differs": _lt(
        "The update starts from %(before)s, here it is %(amount)s: another update is"
        " missing. Apply it again when that one has come."
    ),
    "update_is_older": _lt("The update of %(date)s is older than that of %(last)s."),
    "cancel_in_state": _lt("A practice that is %(state)s cannot be annulled."),
    "cancel_paid_before": _lt(
        "Annulled before as paid by CSEA, now as not paid: find out who gives the money"
        " back to the customer."
    ),
    "cancel_paid_returned": _lt(
        "CSEA had paid: the outgoing seller gives the money back, but we have given it"
        " back already. Find out with the SII who has to."
    ),
    "suspended_in_state": _lt("A practice that is %(state)s cannot be suspended."),
    "suspended_after_charge": _lt(
        "Suspended, but the customer has paid it already: decide what to do."
    ),
    "unknown_practice": _lt("No practice of ours has this code."),
    "unknown_request": _lt("No request of ours has this code."),
    "answer_unclear": _lt("The answer says neither yes nor no."),
    "answer_before_sent": _lt(
        "The request is not marked as sent: mark its file, then apply this again."
    ),
    "answer_to_withdrawn": _lt("An answer to a request that was withdrawn."),
    "answer_contradicts": _lt("The answer contradicts the one before."),
    "line_no_amount": _lt("The line has no amount."),
    "line_no_invoice": _lt("Number or date of the network's invoice is missing."),
}

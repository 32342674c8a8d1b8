"""Texts of the answers received and of the files between seller and network user."""


def _lt(source):
    return source


EVENTS = {
    "accepted": _lt("The SII accepted it with code %(code)s."),
    "rejected": _lt("The SII refused it. %(cause)s"),
    "adopted": _lt("The SII had it already: its code %(code)s is ours."),
    "code_told": _lt("The SII's code is %(code)s."),
    "claim_again": _lt("To be claimed again with a new code; %(code)s is burnt."),
    "suspended": _lt("The SII suspended it at the request of the incoming user."),
    "resumed": _lt("The suspension is over."),
    "cancel_admitted": _lt("The request of annulment is admitted."),
    "cancel_refused": _lt("The annulment was refused. %(cause)s"),
    "cancelled": _lt("Annulled. %(cause)s"),
    "deemed_term": _lt("Deemed on %(date)s: the term has passed."),
    "request_exported": _lt("%(flow)s: code %(code)s in file %(file)s."),
    "request_sent": _lt("%(flow)s: file %(file)s marked as sent."),
    "request_discarded": _lt("%(flow)s: file %(file)s discarded."),
    "file_refused": _lt("The portal refused file %(file)s as a whole."),
    "cc_request": _lt(
        "%(flow)s: asked by the seller %(seller)s with its code %(code)s."
    ),
    "matched_seller": _lt("A customer of the seller %(seller)s."),
    "seller_by_hand": _lt(
        "A customer of the seller %(seller)s, said by hand: %(note)s"
    ),
    "cc_received": _lt("Asked by the seller %(seller)s with its code %(code)s."),
    "contract_changed": _lt(
        "The contract was corrected: %(customer)s on %(point)s, supplied from %(start)s"
        " to %(end)s."
    ),
    "claimed_anew": _lt("Claimed anew by practice %(name)s."),
    "twin_contract": _lt(
        "Contract %(contract)s is the same supply under another code: its bills are not"
        " in this claim. Put the contracts right in the billing system."
    ),
}
NEXT = {
    "claim_again": _lt("Refused: put it right and claim again before %(date)s."),
    "give_up_refused": _lt("Refused for good: give it up."),
    "compare_sii": _lt("The SII has it already: compare on the portal, take its code."),
    "classify_cause": _lt("Refused with a code nobody knows: say what it means."),
}
PROBLEMS = {
    "answer_unclear": _lt("The answer says neither yes nor no."),
    "answer_not_sent": _lt("An answer about a practice that has not left."),
    "old_code_admitted": _lt(
        "Admitted under an old code of the practice, which was claimed again since."
    ),
    "other_sii_code": _lt(
        "The SII tells code %(told)s, we know the practice as %(known)s."
    ),
    "sii_code_taken": _lt("The SII's code is that of %(name)s already."),
    "no_sii_code": _lt("Admitted, but the SII's code (CP_GESTORE) is missing."),
    "admitted_after_refusal": _lt("Admitted, but it was refused before."),
    "refused_after_admission": _lt("Refused, but it was admitted before."),
    "amount_differs": _lt("Accepted for %(told)s, asked for %(known)s."),
    "already_registered": _lt(
        "The SII has this request already. Compare on the portal and take its code; it"
        " is never sent again by itself."
    ),
    "no_new_amount": _lt("The update has no new amount."),
    "amount_before_differs": _lt(
        "The update starts from %(told)s, here it is %(known)s: another update may be"
        " missing. Apply it again when that one has come."
    ),
    "update_after_end": _lt("An update of a practice that is annulled."),
    "suspended_late": _lt("Suspended, but it is beyond that already."),
    "unknown_request": _lt("No request of ours has this code."),
    "paid_says_who": _lt(
        "Annulled as not paid, but CSEA has paid it: a receipt is entered."
    ),
    "paid_unknown": _lt(
        "Annulled after payment, but no receipt of CSEA is entered: enter it, then"
        " apply this again."
    ),
    "cancelled_after_closing": _lt(
        "Annulled after it was closed: the indemnity goes back to the customer."
    ),
    "not_in_this_state": _lt("The answer does not fit the state of the practice."),
    "cc_unknown": _lt("VAT number %(vat)s is none of the sellers that we act for."),
    "cc_no_point": _lt("The request names no POD or PDR."),
    "cc_differs": _lt(
        "The seller sent code %(code)s before with other figures: %(what)s."
    ),
    "cc_other_seller": _lt("The practice is not of the seller with VAT %(vat)s."),
    "cc_request_state": _lt("This cannot be asked of a practice that is %(state)s."),
    "cc_request_busy": _lt("A request of this kind is under way already."),
    "cc_checks": _lt("The request cannot be forwarded: %(what)s"),
    "cc_unknown_answer": _lt("The UDD passes on a flow that is not known: %(key)s"),
}

# why a received file is refused as a whole, beside what the readers say
REFUSALS = {
    "unknown_flow": _lt(
        "Nothing tells which flow this is: choose the layout and read it again."
    ),
    "unknown_code": _lt("%(detail)s is no flow that the program knows."),
    "no_layout": _lt("No layout of %(detail)s was in force on the day it arrived."),
    "unexpected": _lt("The file cannot be read (%(detail)s)."),
    "member_known": _lt("%(name)s was received before, as %(first)s."),
    "words": "%(detail)s",
}

"""The words of suspensions: the reasons shipped, and what follows from them."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_HOLDS = {
    # names of the shipped reasons, in the middle of a sentence
    "complaint_meter": _lt("complaint on the meter or on abnormal amounts"),
    "complaint": _lt("complaint"),
    "payment_communicated": _lt("payment communicated, to be checked"),
    "bill_disputed": _lt("bill disputed"),
    "promise": _lt("promise to pay"),
    "plan_requested": _lt("payment plan asked for"),
    "plan_active": _lt("payment plan under way"),
    "settlement_offer": _lt("settlement offered"),
    "moratorium": _lt("moratorium"),
    "deposit_offset": _lt("the deposit is being used"),
    "condominium_half": _lt("the condominium paid half"),
    "prescription_objected": _lt("prescription objected"),
    "insolvency": _lt("insolvency procedure"),
    "death": _lt("death reported, heirs to be found"),
    "bonus_received": _lt("protection reported, class being computed again"),
    "address_doubtful": _lt("address doubtful"),
    "legal_hold": _lt("stopped by the lawyer"),
    "commercial": _lt("commercial decision"),
    # what follows
    "hold_placed": _lt("Withdrawn: suspended (%(reason)s)."),
    "complaint_small": _lt(
        "The complaint stops nothing: the amount contested, %(amount)s, is not above"
        " %(limit)s."
    ),
    "promise_kept": _lt(
        "Promise kept: %(paid)s of the %(amount)s promised came by %(date)s."
    ),
    "promise_broken": _lt(
        "Promise broken: %(paid)s of the %(amount)s promised came by %(date)s."
    ),
    "promise_returned": _lt(
        "Promise broken: the payment came back, %(paid)s of the %(amount)s promised"
        " are left of what came by %(date)s."
    ),
    "promise_nothing_owed": _lt("Nothing was left to pay: the promise does not count."),
    "promise_mistake": _lt("Recorded by mistake: the promise does not count."),
    "complaint_late": _lt(
        "The complaint stops nothing: it came %(days)s after the due date"
        " (%(date)s), the limit is %(limit)s."
    ),
}

"""The legal guard's reasons in words: each names its rule, number, source and date.

``%(source)s`` and ``%(since)s`` come with every number; the facts behind a protection
never do.
"""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS_GUARD = {
    # not before a day
    "guard_after_due": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the due date"
        " of %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_reminder_after_due": _lt(
        "First reminder not before %(date)s: %(number)s %(day_kind)s have to pass after"
        " the due date of %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_after_reminder": _lt(
        "Not before %(date)s: the notice of default follows the first reminder."
    ),
    "guard_after_term": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the term to"
        " pay of %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_list_after_term": _lt(
        "Not before %(date)s: the term to pay ends on %(anchor)s (%(number)s"
        " %(day_kind)s, %(source)s, in force since %(since)s)."
    ),
    "guard_water_after_term": _lt(
        "Not before %(date)s, the first working day after the term to pay of %(anchor)s"
        " (%(number)s %(day_kind)s, %(source)s, in force since %(since)s)."
    ),
    "guard_after_notified": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the notice of"
        " default arrived on %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_after_reduction": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the power was"
        " reduced on %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_after_limitation": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the supply was"
        " limited on %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_after_suspension": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the supply was"
        " suspended on %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_after_termination": _lt(
        "Not before %(date)s: %(number)s %(day_kind)s have to pass after the notice to"
        " terminate arrived on %(anchor)s (%(source)s, in force since %(since)s)."
    ),
    "guard_half_paid": _lt(
        "Not before %(date)s: the condominium paid at least half on %(anchor)s and has"
        " %(number)s months for the rest (%(source)s, in force since %(since)s)."
    ),
    "guard_forbidden_day": _lt(
        "Moved from %(day)s to %(date)s: no supply is cut on a Friday, Saturday,"
        " holiday, eve of a holiday or local patron day."
    ),
    "guard_on_forbidden_day": _lt(
        "%(day)s was a Friday, Saturday, holiday, eve of a holiday or local patron day,"
        " on which no supply may be cut: %(date)s was the first day."
    ),
    "guard_order_withdrawn": _lt(
        "The order had been withdrawn before it was carried out."
    ),
    "guard_waived": _lt(
        "A term that the law leaves to agreement was waived with approval."
    ),
    # not at all as things stand
    "guard_protected": _lt("The supply is protected by law: it may not be cut."),
    "guard_limit_only": _lt(
        "The supply is protected by law: it may be limited, never suspended."
    ),
    "guard_not_suspendible": _lt(
        "The class of the supply is not one of those that may be cut."
    ),
    "guard_no_default_notice": _lt(
        "No formal notice is proved to have reached the customer: without its day of"
        " arrival nothing may be done on the supply."
    ),
    "guard_no_reminder": _lt(
        "No first reminder by registered letter or PEC is proved to have reached the"
        " customer: water needs it before anything else (REMSI, 311/2019/R/idr)."
    ),
    "guard_needs_reduction": _lt(
        "The power has to be reduced first: this meter can do it (TIMOE, 258/2015)."
    ),
    "guard_needs_limitation": _lt(
        "A resident's water has to be limited first (REMSI, 311/2019/R/idr)."
    ),
    "guard_not_suspended": _lt(
        "The supply is not suspended: its contract may not be ended yet."
    ),
    "guard_below_deposit": _lt(
        "What is owed is not above the deposit of %(amount)s and below one billing"
        " cycle: the supply may not be cut for it."
    ),
    "guard_deposit_not_offset": _lt(
        "The deposit of %(amount)s has to be used first (REMSI, 311/2019/R/idr)."
    ),
    "guard_other_services": _lt(
        "What is owed is for other services: the supply may not be cut for it."
    ),
    "guard_below_annual_charge": _lt(
        "What is owed is not above %(amount)s, last year's charge for the facilitated"
        " band: a resident's water may not be suspended for it (REMSI)."
    ),
    "guard_prescribed": _lt(
        "All that is owed is time-barred: %(number)s years without an act that"
        " interrupts them (%(source)s, in force since %(since)s)."
    ),
    "guard_insolvent": _lt("The customer is in an insolvency procedure."),
    "guard_deceased": _lt("The customer has died: the heirs come first."),
    "guard_no_ground_to_end": _lt(
        "A resident's water contract ends only for tampering or for old unpaid default"
        " charges (REMSI, 311/2019/R/idr)."
    ),
    "guard_channel": _lt(
        "A formal notice goes by registered letter or PEC, not by %(channel)s."
    ),
    "guard_no_supply": _lt(
        "The case has no supply: there is nothing that could be cut."
    ),
    "guard_nothing_owed": _lt("No overdue bill is open."),
    "guard_no_number": _lt(
        'The number "%(name)s" is not in the list of legal numbers:'
        " nothing may be concluded without it."
    ),
    "guard_unknown_fact": _lt(
        "It is not known: %(fact)s. What is not known does not make a step lawful."
    ),
    "guard_unknown_operation": _lt("No rule of law is known for this operation."),
    "impossible_operation": _lt("This supply cannot have this operation."),
}
# what a `fact` may be, in words
FACTS_GUARD = {
    "is_protected": _lt("whether the law protects the supply"),
    "other_services": _lt("which share is for other services"),
    "prescribed": _lt("since when the bills are time-barred"),
    "deposit": _lt("the deposit"),
    "cycle_amount": _lt("the average amount of a billing cycle"),
    "annual_charge": _lt("last year's charge for the facilitated band"),
    "deactivation_ground": _lt("whether there is tampering or old default charges"),
    "insolvent": _lt("whether an insolvency procedure is open"),
    "deceased": _lt("whether the customer is alive"),
}

"""Sentences about the codes of rules/settlement.py and rules/writeoff.py."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

WRONG = {
    "no_capital": _lt("There is no open bill to settle."),
    "negative": _lt("Interest and costs cannot be negative."),
    "nothing_to_pay": _lt("Say how much the customer has to pay."),
    "more_than_all": _lt("The agreed sum is more than capital, interest and costs."),
    "above": _lt(
        "More is open on the bills than what was approved to be given up: look at them."
    ),
}
EXCLUSIONS = {
    "nothing_open": _lt("nothing is open"),
    "too_large": _lt("above the limit of small credits"),
    "too_recent": _lt("not overdue for long enough"),
    "not_prescribed": _lt("not prescribed yet"),
    "no_clock": _lt("its prescription cannot be counted: no case, or no number"),
    "in_court": _lt("a legal file is open on it"),
    "no_proof": _lt("nothing says that it is lost: no outcome, no document"),
    "no_document": _lt("the document that shows that it is lost is missing"),
    "proof_not_accepted": _lt("its document is of a kind that is not enough"),
    "proof_later": _lt("its document is of a later day"),
    "cost_below": _lt("going on costs less than what is open"),
    "no_number": _lt("no number of the law is in force"),
    "disputed": _lt("disputed by the customer"),
    "agreed": _lt("a settlement or a plan is under way"),
    "listed": _lt("in another list"),
    "has_money": _lt("the customer has payments or credits to be matched first"),
    "changed": _lt("what is open changed after the approval"),
    "taken_out": _lt("taken out by a person"),
}


def in_words(env, codes):
    """The reasons as one text, in the language of ``env``."""
    words = (env._(EXCLUSIONS[code]) for code in codes or () if code in EXCLUSIONS)
    return ", ".join(words)

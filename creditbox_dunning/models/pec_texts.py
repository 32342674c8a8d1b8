"""Why a PEC was not delivered, in the user's words."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

FAILURES = {
    "no_mailbox": _lt("The PEC address does not exist"),
    "not_certified": _lt("The address is no PEC: only ordinary mail was sent"),
    "full": _lt("The addressee's mailbox is full"),
    "disabled": _lt("The addressee's mailbox does not accept messages"),
    "too_late": _lt("Not delivered within 24 hours"),
    "too_big": _lt("The message is too big for the addressee"),
    "infected": _lt("A virus was found: the message did not leave"),
    "refused": _lt("The provider refused the message: it did not leave"),
    "other": _lt("Not delivered"),
}


def failure_text(env, reason, words=""):
    """``reason`` (a code of rules/pec.py) and the provider's ``words``, as one text."""
    text = env._(FAILURES.get(reason, FAILURES["other"]))
    return f"{text}: {words}" if words else text

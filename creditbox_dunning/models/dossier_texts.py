"""What a dossier lacks, in words (rules/dossier.py)."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

GAPS = {
    "bill_document": _lt("The document of bill %(what)s is missing."),
    "no_formal_notice": _lt(
        "There is no notice of default by registered letter or PEC."
    ),
    "not_noticed": _lt("No notice of default lists bill %(what)s."),
    "notice_copy": _lt("The copy of notice %(what)s is missing."),
    "not_notified": _lt("Nobody recorded that notice %(what)s was delivered."),
    "delivery_proof": _lt("The proof that notice %(what)s was delivered is missing."),
    "cmor_warning": _lt("Notice %(what)s has no CMOR warning."),
    "no_reminder": _lt("The friendly notice that water requires is missing."),
    "message_copy": _lt("The copy of what was sent with %(what)s is missing."),
    "message_doubt": _lt("Nobody knows whether message %(what)s left."),
    "hash_differs": _lt("File %(what)s is not what it was: its checksum differs."),
}


def gap_sentence(env, gap):
    """A ``rules.dossier.Gap`` in words."""
    text = env._(GAPS[gap.code])
    return text % {"what": gap.what}

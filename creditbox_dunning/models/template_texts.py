"""The words of the texts' check: contents, conditions, what is missing."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

CONDITION_LABELS = [
    ("can_cut", "The supply may be cut"),
    ("low_voltage", "Low voltage, may be cut"),
    ("resident", "Resident (water)"),
    ("not_resident", "Not resident (water)"),
    ("prescribable", "Bills with old consumption"),
    ("consumer", "Consumer"),
    ("business", "Business or public body"),
    ("condominium", "Condominium"),
]
CONTENT_LABELS = [
    ("term", "Term to pay and when it starts"),
    ("action_date", "Date from which the supply may be cut"),
    ("tell_payment", "How and where to tell a payment"),
    ("indemnity", "Automatic indemnities"),
    ("low_voltage", "Reduction before the suspension (low voltage)"),
    ("prescription", "Right to object the prescription"),
    ("bonus_plan", "Right to instalments of bonus holders"),
    ("reminder", "The friendly notice sent before (water)"),
    ("plan", "Offer of instalments (water)"),
    ("limitation", "How a resident gets the limitation (water)"),
    ("default_date", "Date from which the notice of default may follow (water)"),
    ("cmor", "CMOR warning"),
]
MISSING = {
    "none": _lt("%(service)s: no part says \u201c%(content)s\u201d (%(law)s)."),
    "condition": _lt(
        "%(service)s: the part \u201c%(content)s\u201d is not in every message that"
        " needs it: take its condition away (%(law)s)."
    ),
    "values": _lt(
        "%(service)s: the part \u201c%(content)s\u201d has to name %(what)s (%(law)s)."
    ),
    "words": _lt(
        "%(service)s: the part \u201c%(content)s\u201d has to say %(what)s (%(law)s)."
    ),
}


def missing_sentence(env, lack):
    """A ``notice_contents.Missing`` in words."""
    fields_ = env["dunning.template.part"]._fields
    services = dict(fields_["service"]._description_selection(env))
    # a table or a slip is a content by being there
    contents = dict(fields_["kind"]._description_selection(env)) | dict(
        fields_["content"]._description_selection(env)
    )
    text = env._(MISSING[lack.why])
    return text % {
        "service": services[lack.service],
        "content": contents[lack.content],
        "what": ", ".join(
            f"{{{{{name}}}}}" if lack.why == "values" else name for name in lack.what
        ),
        "law": lack.source,
    }

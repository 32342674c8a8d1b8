"""What a notice must contain, and what a template lacks.

One :class:`Content` for each line of the check list: TIMOE (258/2015/R/com), TIMG
(ARG/gas 99/11), REMSI (311/2019/R/idr), law 160/2019 art. 1 c. 291, TISIND, law
205/2017. A part of a template says which of them it fulfils; it does so when it stands
in every message that needs it and asks for the values without which the sentence says
nothing. Whether the words are right only a person can say.
"""

import re
from dataclasses import dataclass

from .notice_text import placeholders

SERVICES = ("electricity", "gas", "water", "telephone")
ENERGY = ("electricity", "gas")
ARERA = (*ENERGY, "water")
LETTER_CHANNELS = frozenset({"letter", "pp", "ar", "pec"})


@dataclass(frozen=True)
class Content:
    """One mandatory content.

    ``ops`` {operation: services}; ``conditions``: those under which a part may stand
    and still be in every message that needs it; ``values``: placeholders that it needs,
    all of them; ``words``: forms that the text needs in every language (names of rules
    and figures, no prose); ``supplied``: only while the supply is there; ``consumers``:
    not in notices to public bodies, which are no consumers; ``kind``: the part is of
    this kind.
    """

    code: str
    ops: dict
    source: str
    values: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    conditions: frozenset[str] = frozenset()
    supplied: bool = False
    consumers: bool = False
    kind: str = ""


def _for(services, *ops):
    return dict.fromkeys(ops, services)


CONTENTS = (
    Content(
        "bills",
        {**_for(SERVICES, "notice", "default", "terminate")},
        "TIMOE, TIMG, REMSI, L. 160/2019 art. 1 c. 291",
        kind="bills",
    ),
    Content(
        "term",
        _for(SERVICES, "default", "terminate"),
        "TIMOE, TIMG, REMSI",
        values=("term_days", "term_from"),
    ),
    Content(
        "action_date",
        _for(SERVICES, "default"),
        "TIMOE, TIMG, REMSI, L. 160/2019 art. 1 c. 291",
        values=("action_date",),
        conditions=frozenset({"can_cut"}),
        supplied=True,
    ),
    Content(
        "tell_payment",
        {**_for(SERVICES, "default", "terminate"), "notice": ("water",)},
        "TIMOE, TIMG, REMSI",
        values=("contacts",),
    ),
    Content(
        "indemnity",
        _for(ARERA, "default"),
        "TIMOE, TIMG, REMSI",
        values=("law.indemnity_no_notice", "law.indemnity_terms"),
        supplied=True,
    ),
    Content(
        "low_voltage",
        _for(("electricity",), "default"),
        "TIMOE",
        values=("law.reduced_power", "law.suspend_after_reduced"),
        conditions=frozenset({"can_cut", "low_voltage"}),
        supplied=True,
    ),
    Content(
        "prescription",
        _for(ARERA, "default"),
        "L. 205/2017 art. 1 c. 4",
        values=("prescribable",),
        conditions=frozenset({"prescribable"}),
        consumers=True,
    ),
    Content(
        "bonus_plan",
        _for(ENERGY, "default"),
        "TIMOE, TIMG",
        conditions=frozenset({"consumer"}),
        supplied=True,
        consumers=True,
    ),
    Content(
        "reminder",
        _for(("water",), "default"),
        "REMSI",
        values=("reminder_date",),
        supplied=True,
    ),
    Content(
        "plan",
        _for(("water",), "default"),
        "REMSI",
        values=("law.plan_months",),
        supplied=True,
    ),
    Content(
        "slip",
        _for(("water",), "notice", "default"),
        "REMSI",
        kind="slip",
        supplied=True,
    ),
    Content(
        "limitation",
        _for(("water",), "default"),
        "REMSI",
        values=("law.guaranteed_litres",),
        conditions=frozenset({"can_cut", "resident"}),
        supplied=True,
        consumers=True,
    ),
    Content(
        "default_date",
        {"notice": ("water",)},
        "REMSI",
        values=("default_date",),
        supplied=True,
    ),
    Content(
        "cmor",
        _for(ENERGY, "default"),
        "TISIND",
        words=("CMOR",),
    ),
)


@dataclass(frozen=True)
class Missing:
    """A content that a template lacks for a service. ``why``: none (no part names it),
    condition (it is not in every message), values (``what`` it does not ask for),
    words (``what`` it does not say), kind (it is not the table or the slip)."""

    content: str
    service: str
    why: str
    what: tuple[str, ...] = ()
    source: str = ""


def required(op, channel, service="", customer_type="", supply_state=""):
    """[(content, service)] that a template with these keys must have.

    Only letters and PEC put a customer in default: an e-mail or a text message needs
    none. An empty service stands for each of the four.
    """
    if channel not in LETTER_CHANNELS:
        return []
    services = (service,) if service else SERVICES
    found = []
    for content in CONTENTS:
        if content.supplied and supply_state == "ceased":
            continue
        if content.consumers and customer_type == "public_body":
            continue
        found += [(content, s) for s in services if s in content.ops.get(op, ())]
    return found


def missing(parts, op, channel, service="", customer_type="", supply_state=""):
    """[:class:`Missing`] of a template made of ``parts``; empty when it may be used."""
    found = []
    for content, of_service in required(
        op, channel, service, customer_type, supply_state
    ):
        lacks = [
            _lack(content, part)
            for part in parts
            if _names(content, part) and part.service in ("", of_service)
        ]
        if None in lacks:
            continue
        why, what = lacks[0] if lacks else ("none", ())
        found.append(Missing(content.code, of_service, why, what, content.source))
    return found


def _names(content, part):
    """Whether ``part`` is meant to be this content."""
    if content.kind:
        return part.kind == content.kind
    return part.content == content.code


def _lack(content, part):
    """Why ``part`` does not fulfil ``content``: (why, what), or None when it does."""
    if part.condition and part.condition not in content.conditions:
        return "condition", (part.condition,)
    asked = set(placeholders(part.text))
    lost = tuple(name for name in content.values if name not in asked)
    if lost:
        return "values", lost
    unsaid = tuple(
        word
        for word in content.words
        if not re.search(rf"\b{re.escape(word)}\b", part.text, re.IGNORECASE)
    )
    if unsaid:
        return "words", unsaid
    if not part.text.strip():
        return "values", ()
    return None

"""Valuation of customers in words: measures, reasons, what is wrong with a table."""

from odoo.tools import LazyTranslate
from odoo.tools.misc import format_amount, formatLang

from .day_words import day_count

_lt = LazyTranslate(__name__)

BANDS = [(letter, letter) for letter in "ABCDE"]

# measure -> its name, in the order of ``rules.score.MEASURES``
MEASURE_NAMES = [
    ("overdue", "Overdue amount"),
    ("exposure", "Exposure"),
    ("oldest_days", "Days since the oldest unpaid due date"),
    ("days_late", "Average days late"),
    ("dso", "Days of sales outstanding (DSO)"),
    ("broken_promises", "Broken promises"),
    ("broken_plans", "Broken payment plans"),
    ("returned_debits", "Returned payments"),
    ("switches", "Supplies gone to another seller"),
    ("cmor_received", "CMOR requests of former sellers"),
    ("cover", "Guarantees, per cent of the exposure"),
    ("info_score", "Score of the information provider"),
]
DAYS = frozenset({"oldest_days", "days_late", "dso"})
MONEY = frozenset({"overdue", "exposure", "left_debt"})
WHY = {
    "overdue": _lt("%(value)s are overdue"),
    "exposure": _lt("the exposure is %(value)s"),
    "oldest_days": _lt("the oldest unpaid bill is overdue by %(value)s"),
    "days_late": _lt("in the last 12 months paid %(value)s late on average"),
    "dso": _lt("not collected: %(value)s of billing"),
    "broken_promises": _lt("promises to pay not kept: %(value)s"),
    "broken_plans": _lt("payment plans not kept: %(value)s"),
    "returned_debits": _lt("payments that came back in 12 months: %(value)s"),
    "switches": _lt("supplies that went to another seller: %(value)s"),
    "cmor_received": _lt("CMOR requests of former sellers: %(value)s"),
    "cover": _lt("guarantees cover only %(value)s %% of the exposure"),
    "info_score": _lt("the information provider gives %(value)s"),
}
WORSE = {
    "band": _lt("band from %(old)s to %(new)s"),
    "points": _lt("risk points from %(old)s to %(new)s"),
    "overdue": _lt("overdue from %(old)s to %(new)s"),
}
SERIAL = {
    "switches": WHY["switches"],
    "left_debt": _lt("went to another seller leaving %(value)s overdue"),
    "cmor_received": WHY["cmor_received"],
}
FAULTS = {
    "empty": _lt("The table has no rows."),
    "tops": _lt("The limits of the bands have to rise from A to D."),
    "unknown": _lt("%(measure)s: this measure is not known."),
    "upside_down": _lt(
        "%(measure)s, from %(low)s: the upper limit is not above the lower."
    ),
    "negative": _lt("%(measure)s, from %(low)s: limits and points are not negative."),
    "overlap": _lt("%(measure)s: two rows take the value %(low)s."),
    "direction": _lt(
        "%(measure)s, at %(low)s: a worse figure would give fewer points than a better"
        " one. A value that no row takes gives none."
    ),
}


def _figure(env, name, value, currency):
    if name in MONEY:
        return format_amount(env, float(value), currency)
    number = float(value)
    shown = formatLang(env, number, digits=0 if number == int(number) else 1)
    return day_count(env, number, shown=shown) if name in DAYS else shown


def _filled(env, text, **params):
    """``text`` in the reader's language, its figures put in."""
    told = env._(text)
    return told % params


def why_words(env, reasons, currency):
    """["10 points: payments that came back ...", ...] of the stored ``reasons``."""
    return [
        env._(
            "%(points)s points: %(why)s",
            points=one["points"],
            why=_filled(
                env,
                WHY[one["measure"]],
                value=_figure(env, one["measure"], one["value"], currency),
            ),
        )
        for one in reasons or ()
        if one["measure"] in WHY
    ]


def worse_words(env, reasons, currency):
    """What got worse, in one sentence."""
    words = []
    for code, old, new in reasons or ():
        if code == "overdue":
            old, new = (format_amount(env, float(one), currency) for one in (old, new))
        words.append(_filled(env, WORSE[code], old=old, new=new))
    return ", ".join(words)


def serial_words(env, reasons, currency):
    """Why the contract desk should look, in one sentence."""
    return ", ".join(
        _filled(env, SERIAL[code], value=_figure(env, code, value, currency))
        for code, value in reasons or ()
    )


def fault_words(env, found):
    """The sentences of ``rules.score.faults``."""
    names = dict(
        env["dunning.score.row"]._fields["measure"]._description_selection(env)
    )
    return [
        _filled(
            env,
            FAULTS[code],
            **{**params, "measure": names.get(params.get("measure"), "")},
        )
        for code, params in found
    ]

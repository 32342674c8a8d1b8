"""The sentences of the action tables' check and of reading a workbook back."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

FINDINGS = {
    "dead_band": _lt(
        "The row never applies: its upper limit %(amount_to)s is below the amount"
        " %(amount_from)s from which it acts."
    ),
    "dead_shadowed": _lt(
        "The row never has its turn: row %(first)s of the same step can always be done"
        " and takes all its amounts."
    ),
    "dead_jumped_over": _lt(
        "The row is never reached: the rows before it always go on elsewhere."
    ),
    "dead_overtaken": _lt(
        "The reminder never leaves: row %(later)s is due no later than this one and"
        " overtakes it."
    ),
    "gap": _lt(
        "No row of step %(step)s takes the amounts between %(low)s and %(high)s."
    ),
    "overlap": _lt(
        "From %(low)s to %(high)s this row and row %(first)s of the same step both"
        " apply, through the same channel (%(channel)s): the first one is taken."
    ),
    "overlap_open": _lt(
        "From %(low)s on this row and row %(first)s of the same step both apply,"
        " through the same channel (%(channel)s): the first one is taken."
    ),
    "loop": _lt(
        "The row sends back to %(target)s, where the case has already been: it would"
        " never come to an end."
    ),
    "jump_unknown": _lt("The row goes on to %(target)s, but the set has no such row."),
    "formal_without_proof": _lt(
        "A formal notice has to leave by registered letter or PEC only: %(channel)s"
        " gives no proof of delivery."
    ),
    "cut_without_notice": _lt(
        "No notice of default comes before this row: the supply may not be touched."
    ),
    "cut_avoids_notice": _lt(
        "A case can get to this row without the notice of default, by the rows that"
        " jump over it."
    ),
    "cut_below_notice": _lt(
        "The row acts from %(low)s, the notice of default before it from"
        " %(notice_low)s: in between nothing was notified and the supply may not be"
        " touched."
    ),
    "plan_without_list": _lt(
        "The row waits for the day planned by the technical office, but no list is sent"
        " to it before."
    ),
    "postponed": _lt(
        "The law always puts this row off, by %(days)s at least. %(reasons)s"
    ),
    "impossible": _lt("The law never allows this row. %(reasons)s"),
    "fallback_deactivable": _lt(
        "%(count)s combinations (active supply, deactivable class) have no set and use"
        " that of the suspendible class: %(keys)s."
    ),
    "fallback_public_body": _lt(
        "%(count)s combinations (class public body of a customer who is none) have no"
        " set and use that of the public bodies: %(keys)s."
    ),
    "fallback_suspended_protected": _lt(
        "%(count)s combinations (suspended supply that should not have been) have no"
        " set and use that of the suspendible class: %(keys)s."
    ),
    "no_set": _lt(
        "%(count)s combinations find no set at all: their cases stop and wait for a"
        " person. They are: %(keys)s."
    ),
}

CELLS = {
    "cell_missing": _lt("the value is missing."),
    "cell_formula": _lt("%(value)s is a formula: write the value that it gives."),
    "cell_error": _lt("the cell holds an error (%(value)s)."),
    "cell_wrong_type": _lt("%(value)s is not the kind of value that belongs here."),
    "cell_bad_character": _lt("the text has characters that cannot be kept."),
    "cell_too_long": _lt("the text is longer than %(limit)s characters."),
    "cell_unknown_code": _lt("%(value)s is not known. Write one of: %(choices)s."),
    "cell_bad_channel": _lt(
        "%(value)s is no channel. Use %(words)s, joined by | or +."
    ),
    "cell_not_integer": _lt("%(value)s is not a whole number."),
    "cell_out_of_range": _lt("%(value)s is not between %(low)s and %(high)s."),
    "cell_not_amount": _lt("%(value)s is not an amount."),
    "cell_ambiguous_amount": _lt(
        "%(value)s can be read in two ways: write 1500 or 1.500,00."
    ),
    "cell_negative": _lt("%(value)s is below zero."),
    "cell_too_many_decimals": _lt("%(value)s has more than two decimals."),
    "row_twice": _lt(
        "row %(first)s of the file is of the same set and has the same sequence."
    ),
    "band_upside_down": _lt("the upper limit %(value)s is below the lower limit."),
    "table_too_long": _lt("the table has more than %(limit)s rows."),
}


def cell_sentence(env, issue):
    """ "Row 3, column Canale: fax is no channel ..." in the reader's language."""
    params = {"value": issue.value, **dict(issue.params)}
    text = env._(CELLS[issue.code])
    text = text % params
    if issue.column:
        return env._(
            "Row %(row)s, column %(column)s: %(text)s",
            row=issue.row,
            column=issue.column,
            text=text,
        )
    return env._("Row %(row)s: %(text)s", row=issue.row, text=text)

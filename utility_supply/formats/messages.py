"""All the texts of acquisition, in one table, in clear English source.

``describe(issue, translate)`` makes the sentence. On the Odoo side ``translate`` is
``env._`` of the user's environment: the terms are found here by the exporter because
they stand in ``_()``, and they are looked up in this module's catalogue.
"""


def _(source):
    """Marks a term for the exporter of translations; translated in `describe`."""
    return source


# where the problem is: one lead for each degree of precision
_PLACES = {
    (True, True, True): _("Sheet %(sheet)s, row %(row)s, column %(column)s:"),
    (True, True, False): _("Sheet %(sheet)s, row %(row)s:"),
    (True, False, True): _("Sheet %(sheet)s, column %(column)s:"),
    (True, False, False): _("Sheet %(sheet)s:"),
    (False, True, True): _("Row %(row)s, column %(column)s:"),
    (False, True, False): _("Row %(row)s:"),
    (False, False, True): _("Column %(column)s:"),
}

FILE_MESSAGES = {
    "empty_file": _("The file is empty."),
    "wrong_extension": _(
        "The file %(filename)s ends with %(extension)s, but its content is %(found)s. "
        "Save it again in the right format, or rename it."
    ),
    "unknown_extension": _(
        "The file %(filename)s is not accepted: only .xlsx, .xls and .csv files are."
    ),
    "wrong_kind": _(
        "The profile expects a file of kind %(expected)s, but this one is %(found)s."
    ),
    "unsupported_file": _(
        "The content of the file is %(found)s, which cannot be acquired. "
        "Save it as .xlsx, .xls or .csv."
    ),
    "protected_workbook": _(
        "The workbook is protected by a password. Save it again without a password."
    ),
    "corrupt_workbook": _(
        "The workbook is damaged or incomplete and cannot be read (%(detail)s)."
    ),
    "file_too_large": _(
        "The file is too large: %(size)s MB, the limit is %(limit)s MB."
    ),
    "zip_bomb": _(
        "The workbook would become too large once unpacked (%(part)s): it was not "
        "opened."
    ),
    "xml_entity": _(
        "The workbook holds XML declarations (%(part)s) that no spreadsheet program "
        "writes; it was not opened."
    ),
    "missing_sheet": _(
        "The sheet %(wanted)s is missing. The workbook has these sheets: %(found)s."
    ),
    "no_sheet": _("The workbook has no sheet with cells."),
    "missing_column": _(
        "The column %(wanted)s is missing. The headings found in row %(header_row)s "
        "are: %(found)s."
    ),
    "duplicate_heading": _(
        "The heading %(value)s appears twice, in columns %(first)s and %(second)s."
    ),
    "merged_header": _(
        "The row of headings has merged cells (%(value)s). Unmerge them: each column "
        "needs a heading of its own in a single row."
    ),
    "no_headings": _("No headings were found."),
    "header_row_missing": _("The file ends before row %(header_row)s, the headings."),
    "too_many_rows": _("The table has more than %(limit)s rows."),
    "too_many_columns": _("The table has more than %(limit)s columns."),
    "cell_too_long": _("A cell has more than %(limit)s characters."),
    "unknown_encoding": _("The profile's encoding %(value)s is not known."),
    "unknown_delimiter": _("The profile's separator %(value)s is not accepted."),
    "undecodable": _(
        "The text is not valid %(encoding)s. Save the file again as UTF-8, or choose "
        "the right encoding in the profile."
    ),
    "mixed_encoding": _(
        "The text mixes UTF-8 with another encoding, so its accents cannot be trusted. "
        "Export the file again in one encoding."
    ),
    "encoding_mismatch": _(
        "The profile says %(expected)s, but the file begins as %(found)s."
    ),
    "nul_bytes": _("The file holds binary data (NUL characters): it is not a CSV."),
    "ambiguous_delimiter": _(
        "It is not clear which character separates the columns. Choose the separator "
        "in the profile."
    ),
    "unterminated_quote": _(
        "A quotation mark that opens in this row is never closed: the rest of the file "
        "cannot be read."
    ),
    "file_cut": _(
        "The file ends in the middle of this row: it was cut off. Send it again whole."
    ),
    "unknown_target": _(
        "The profile fills %(value)s, which %(dataset)s does not have."
    ),
    "unknown_dataset": _("The profile is for %(value)s, which is not a known dataset."),
}

ROW_MESSAGES = {
    "bad_quoting": _(
        "The quotation marks of this row are wrong. A quotation mark inside a quoted "
        "text has to be doubled."
    ),
    "row_short": _(
        "The row has %(found)s columns instead of %(expected)s; is there a line break "
        "inside a text?"
    ),
    "row_long": _(
        "The row has %(found)s columns instead of %(expected)s; is there a separator "
        "inside a text without quotation marks?"
    ),
    "merged_cells": _("The row has merged cells (%(value)s). Unmerge them."),
    "duplicate_key": _("%(value)s is already in row %(first_row)s of the same file."),
    "totals_row": _(
        "This looks like a totals row (%(value)s), not like data. Delete it, or let "
        "the profile skip totals rows."
    ),
    "totals_row_skipped": _("The totals row (%(value)s) was skipped."),
    "unknown_column": _("The column is not used by the profile."),
    "no_final_newline": _(
        "The file does not end with a line break. If it was cut off, the last value "
        "may be incomplete."
    ),
}

CELL_MESSAGES = {
    "required": _("The value is missing."),
    "formula_cell": _(
        "The cell holds a formula (%(value)s). Replace formulas by their values: copy, "
        "then paste values only."
    ),
    "error_cell": _("The cell holds an error (%(value)s)."),
    "bad_character": _(
        "The text %(value)s holds a character that cannot be printed, a sign of "
        "damaged data."
    ),
    "too_long": _(
        "%(value)s has %(length)s characters, at most %(limit)s are allowed."
    ),
    "number_for_text": _(
        "The cell holds the number %(value)s where a code or a text is expected. "
        "Format the column as text and write the value again."
    ),
    "digits_lost": _(
        "The cell holds the number %(value)s: spreadsheets keep 15 digits, so the last "
        "ones may be lost. Format the column as text and write the value again."
    ),
    "boolean_for_text": _(
        "The cell holds %(value)s (true or false) instead of a text."
    ),
    "date_for_text": _("The cell holds the date %(value)s instead of a text or code."),
    "bad_number": _(
        "%(value)s is not a number written as the profile says (%(form)s)."
    ),
    "ambiguous_number": _(
        "%(value)s can be read in two ways. The profile has to say which sign "
        "separates decimals and which thousands; now it says: %(form)s."
    ),
    "foreign_currency": _("%(value)s is not an amount in euro."),
    "dash_for_number": _(
        "The cell holds a dash: write 0, or leave the cell blank if there is no value."
    ),
    "scientific_number": _(
        "%(value)s is in scientific notation, so digits were lost. Format the column "
        "as a number and export it again."
    ),
    "too_many_decimals": _("%(value)s has more than %(limit)s decimals."),
    "number_too_large": _("%(value)s is too large."),
    "not_a_number": _("The cell does not hold a number but %(value)s."),
    "not_an_integer": _("%(value)s is not a whole number."),
    "percent_fraction": _(
        "%(value)s is less than one per cent: write the rate as 22, not as 0.22."
    ),
    "bad_date": _("%(value)s is not a date written as %(form)s."),
    "impossible_date": _("%(value)s is not a day of the calendar."),
    "ambiguous_date": _(
        "%(value)s can be read in two ways: the profile has to say how dates are "
        "written."
    ),
    "date_as_number": _(
        "The cell holds the number %(value)s instead of a date. Format the column as a "
        "date (it would be %(would_be)s)."
    ),
    "date_out_of_range": _("The year of %(value)s is not plausible."),
    "date_with_time": _("%(value)s holds a time of day; only the date is expected."),
    "bad_boolean": _("%(value)s is neither yes (S) nor no (N)."),
    "unknown_code": _("%(value)s is not one of the accepted values: %(accepted)s."),
    "unmapped_value": _("The profile does not say what %(value)s stands for."),
    "bad_instalment": _(
        "%(value)s is not an instalment: write the date, a colon and the amount, for "
        "example 2026-01-31:50,00, and separate instalments with |."
    ),
    "repeated_item": _("%(value)s is listed twice."),
}

MESSAGES = {**FILE_MESSAGES, **ROW_MESSAGES, **CELL_MESSAGES}


def describe(issue, translate=None, *, place=True):
    """The sentence that tells ``issue``, led by its place.

    ``translate``: source text -> translated text (``env._``), default English. A code
    without a text (from a loader of the Odoo side) is shown as it is, never an error.
    """
    translate = translate or _
    source = MESSAGES.get(issue.code)
    values = {
        "sheet": issue.sheet,
        "row": issue.row,
        "column": issue.column,
        "value": issue.value,
        **issue.params,
    }
    text = translate(source) % _Forgiving(values) if source else issue.code
    lead = _PLACES.get((bool(issue.sheet), bool(issue.row), bool(issue.column)))
    if not place or not lead:
        return text
    return f"{translate(lead) % values} {text}"


class _Forgiving(dict):
    """An issue made by hand may lack a parameter: the message still comes out."""

    def __missing__(self, key):
        return "?"

"""All the texts of acquisition, in one table, in clear English source.

``describe(issue, translate)`` makes the sentence. On the Odoo side ``translate`` is
``env._`` of the user's environment: the terms are found here by the exporter because
they stand in ``_lt()``, and they are looked up in this module's catalogue.
"""


def _lt(source):
    """Marks a term for the exporter of translations; translated in `describe`."""
    return source


# where the problem is: one lead for each degree of precision
_PLACES = {
    (True, True, True): _lt("Sheet %(sheet)s, row %(row)s, column %(column)s:"),
    (True, True, False): _lt("Sheet %(sheet)s, row %(row)s:"),
    (True, False, True): _lt("Sheet %(sheet)s, column %(column)s:"),
    (True, False, False): _lt("Sheet %(sheet)s:"),
    (False, True, True): _lt("Row %(row)s, column %(column)s:"),
    (False, True, False): _lt("Row %(row)s:"),
    (False, False, True): _lt("Column %(column)s:"),
}

FILE_MESSAGES = {
    "empty_file": _lt("The file is empty."),
    "wrong_extension": _lt(
        "The file %(filename)s ends with %(extension)s, but its content is %(found)s. "
        "Save it again in the right format, or rename it."
    ),
    "unknown_extension": _lt(
        "The file %(filename)s is not accepted: only .xlsx, .xls and .csv files are."
    ),
    "wrong_kind": _lt(
        "The profile expects a file of kind %(expected)s, but this one is %(found)s."
    ),
    "unsupported_file": _lt(
        "The content of the file is %(found)s, which cannot be acquired. "
        "Save it as .xlsx, .xls or .csv."
    ),
    "protected_workbook": _lt(
        "The workbook is protected by a password. Save it again without a password."
    ),
    "corrupt_workbook": _lt(
        "The workbook is damaged or incomplete and cannot be read (%(detail)s)."
    ),
    "file_too_large": _lt(
        "The file is too large: %(size)s MB, the limit is %(limit)s MB."
    ),
    "zip_bomb": _lt(
        "The workbook would become too large once unpacked (%(part)s): it was not "
        "opened."
    ),
    "xml_entity": _lt(
        "The workbook holds XML declarations (%(part)s) that no spreadsheet program "
        "writes; it was not opened."
    ),
    "missing_sheet": _lt(
        "The sheet %(wanted)s is missing. The workbook has these sheets: %(found)s."
    ),
    "no_sheet": _lt("The workbook has no sheet with cells."),
    "missing_column": _lt(
        "The column %(wanted)s is missing. The headings found in row %(header_row)s "
        "are: %(found)s."
    ),
    "duplicate_heading": _lt(
        "The heading %(value)s appears twice, in columns %(first)s and %(second)s."
    ),
    "merged_header": _lt(
        "The row of headings has merged cells (%(value)s). Unmerge them: each column "
        "needs a heading of its own in a single row."
    ),
    "no_headings": _lt("No headings were found."),
    "header_row_missing": _lt("The file ends before row %(header_row)s, the headings."),
    "too_many_rows": _lt("The table has more than %(limit)s rows."),
    "too_many_columns": _lt("The table has more than %(limit)s columns."),
    "cell_too_long": _lt("A cell has more than %(limit)s characters."),
    "unknown_encoding": _lt("The profile's encoding %(value)s is not known."),
    "unknown_delimiter": _lt("The profile's separator %(value)s is not accepted."),
    "undecodable": _lt(
        "The text is not valid %(encoding)s. Save the file again as UTF-8, or choose "
        "the right encoding in the profile."
    ),
    "mixed_encoding": _lt(
        "The text mixes UTF-8 with another encoding, so its accents cannot be trusted. "
        "Export the file again in one encoding."
    ),
    "encoding_mismatch": _lt(
        "The profile says %(expected)s, but the file begins as %(found)s."
    ),
    "nul_bytes": _lt("The file holds binary data (NUL characters): it is not a CSV."),
    "ambiguous_delimiter": _lt(
        "It is not clear which character separates the columns. Choose the separator "
        "in the profile."
    ),
    "unterminated_quote": _lt(
        "A quotation mark that opens in this row is never closed: the rest of the file "
        "cannot be read."
    ),
    "file_cut": _lt(
        "The file ends in the middle of this row: it was cut off. Send it again whole."
    ),
    "unknown_target": _lt(
        "The profile fills %(value)s, which %(dataset)s does not have."
    ),
    "unknown_dataset": _lt(
        "The profile is for %(value)s, which is not a known dataset."
    ),
}

ROW_MESSAGES = {
    "bad_quoting": _lt(
        "The quotation marks of this row are wrong. A quotation mark inside a quoted "
        "text has to be doubled."
    ),
    "row_short": _lt(
        "The row has %(found)s columns instead of %(expected)s; is there a line break "
        "inside a text?"
    ),
    "row_long": _lt(
        "The row has %(found)s columns instead of %(expected)s; is there a separator "
        "inside a text without quotation marks?"
    ),
    "merged_cells": _lt("The row has merged cells (%(value)s). Unmerge them."),
    "duplicate_key": _lt("%(value)s is already in row %(first_row)s of the same file."),
    "totals_row": _lt(
        "This looks like a totals row (%(value)s), not like data. Delete it, or let "
        "the profile skip totals rows."
    ),
    "totals_row_skipped": _lt("The totals row (%(value)s) was skipped."),
    "unknown_column": _lt("The column is not used by the profile."),
    "no_final_newline": _lt(
        "The file does not end with a line break. If it was cut off, the last value "
        "may be incomplete."
    ),
}

CELL_MESSAGES = {
    "required": _lt("The value is missing."),
    "formula_cell": _lt(
        "The cell holds a formula (%(value)s). Replace formulas by their values: copy, "
        "then paste values only."
    ),
    "error_cell": _lt("The cell holds an error (%(value)s)."),
    "bad_character": _lt(
        "The text %(value)s holds a character that cannot be printed, a sign of "
        "damaged data."
    ),
    "too_long": _lt(
        "%(value)s has %(length)s characters, at most %(limit)s are allowed."
    ),
    "number_for_text": _lt(
        "The cell holds the number %(value)s where a code or a text is expected. "
        "Format the column as text and write the value again."
    ),
    "digits_lost": _lt(
        "The cell holds the number %(value)s: spreadsheets keep 15 digits, so the last "
        "ones may be lost. Format the column as text and write the value again."
    ),
    "boolean_for_text": _lt(
        "The cell holds %(value)s (true or false) instead of a text."
    ),
    "date_for_text": _lt(
        "The cell holds the date %(value)s instead of a text or code."
    ),
    "bad_number": _lt(
        "%(value)s is not a number written as the profile says (%(form)s)."
    ),
    "ambiguous_number": _lt(
        "%(value)s can be read in two ways. The profile has to say which sign "
        "separates decimals and which thousands; now it says: %(form)s."
    ),
    "foreign_currency": _lt("%(value)s is not an amount in euro."),
    "dash_for_number": _lt(
        "The cell holds a dash: write 0, or leave the cell blank if there is no value."
    ),
    "scientific_number": _lt(
        "%(value)s is in scientific notation, so digits were lost. Format the column "
        "as a number and export it again."
    ),
    "too_many_decimals": _lt("%(value)s has more than %(limit)s decimals."),
    "number_too_large": _lt("%(value)s is too large."),
    "not_a_number": _lt("The cell does not hold a number but %(value)s."),
    "not_an_integer": _lt("%(value)s is not a whole number."),
    "percent_fraction": _lt(
        "%(value)s is less than one per cent: write the rate as 22, not as 0.22."
    ),
    "bad_date": _lt("%(value)s is not a date written as %(form)s."),
    "impossible_date": _lt("%(value)s is not a day of the calendar."),
    "ambiguous_date": _lt(
        "%(value)s can be read in two ways: the profile has to say how dates are "
        "written."
    ),
    "date_as_number": _lt(
        "The cell holds the number %(value)s instead of a date. Format the column as a "
        "date (it would be %(would_be)s)."
    ),
    "date_out_of_range": _lt("The year of %(value)s is not plausible."),
    "date_with_time": _lt("%(value)s holds a time of day; only the date is expected."),
    "bad_boolean": _lt("%(value)s is neither yes (S) nor no (N)."),
    "unknown_code": _lt("%(value)s is not one of the accepted values: %(accepted)s."),
    "unmapped_value": _lt("The profile does not say what %(value)s stands for."),
    "bad_instalment": _lt(
        "%(value)s is not an instalment: write the date, a colon and the amount, for "
        "example 2026-01-31:50,00, and separate instalments with |."
    ),
    "repeated_item": _lt("%(value)s is listed twice."),
}

MESSAGES = {**FILE_MESSAGES, **ROW_MESSAGES, **CELL_MESSAGES}


def describe(issue, translate=None, *, place=True):
    """The sentence that tells ``issue``, led by its place.

    ``translate``: source text -> translated text (``env._``), default English. A code
    without a text (from a loader of the Odoo side) is shown as it is, never an error.
    """
    translate = translate or _lt
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

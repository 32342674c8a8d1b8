"""Texts that are put together from a code and parameters, for the reader's language.

``_lt`` only marks a source text for the translation export; ``env._`` translates it
when it is shown.
"""

from odoo.exceptions import MissingError
from odoo.tools import format_date, formatLang

from odoo.addons.utility_supply.formats.messages import describe

from ..rules import messages
from . import texts_answers, texts_incoming, texts_money, texts_terms

_PARTS = (texts_answers, texts_money, texts_incoming, texts_terms)


def _lt(source):
    return source


EVENT_TEXTS = {
    "created": _lt("The customer left on %(date)s with %(amount)s open."),
    "declared": _lt("%(code)s declared %(result)s: %(proof)s"),
    "lapsed": _lt("The facts changed: the declaration of %(code)s no longer holds."),
    "edited": _lt("%(what)s: %(value)s"),
    "confirmed": _lt("Amount confirmed: %(amount)s."),
    "exported": _lt("Code %(code)s in file %(file)s."),
    "refused": _lt("Not exported. %(issues)s"),
    "discarded": _lt("File %(file)s discarded."),
    "sent": _lt("File %(file)s marked as sent."),
    "lost": _lt("Given up: %(reason)s"),
    "expired": _lt("The request window closed on %(date)s."),
    "all_met": _lt("All conditions are met."),
    "to_declare": _lt("To be declared: %(unknown)s."),
    "evaluated": _lt("Failed: %(failed)s. To be declared: %(unknown)s."),
}

NEXT_TEXTS = {
    "wait_open": _lt("Wait: the window opens on %(date)s."),
    "solve": _lt("Solve %(codes)s before %(date)s."),
    "declare": _lt("Declare %(codes)s before %(date)s."),
    "declare_art4": _lt("Declare the conditions of art. 4 before %(date)s."),
    "confirm": _lt("Confirm the amount before %(date)s."),
    "export": _lt("Export the request before %(date)s."),
    "mark_sent": _lt("Upload the file and mark it as sent before %(date)s."),
    "await_answer": _lt("Wait for the answer of the SII, expected by %(date)s."),
}

for _part in _PARTS:
    EVENT_TEXTS.update(_part.EVENTS)
    NEXT_TEXTS.update(_part.NEXT)

# sentences that are a parameter of another text
WORD_TEXTS = dict(texts_money.WORDS)

# why a received record waits for somebody
PROBLEM_TEXTS = {
    "row_issues": _lt("The row breaks rules of its layout."),
    "failed": _lt("Something went wrong when it was applied: %(d)s"),
    "other_vat": _lt(
        "The record is for the VAT number %(vat)s, which is none of ours."
    ),
    "no_handler": _lt("This flow is not one that is received here."),
}
for _part in _PARTS:
    PROBLEM_TEXTS.update(_part.PROBLEMS)

RULE_TEXTS = {
    "required": _lt("%(field)s is mandatory."),
    "one_of": _lt("At least one of %(param)s is needed."),
    "too_long": _lt("%(field)s is longer than %(param)s characters: %(value)s"),
    "bad_type": _lt("%(field)s has a value of the wrong kind: %(value)s"),
    "bad_number": _lt("%(field)s is not a number: %(value)s"),
    "bad_decimals": _lt("%(field)s has too many decimals: %(value)s"),
    "negative": _lt("%(field)s cannot be negative: %(value)s"),
    "bad_date": _lt("%(field)s is not a date: %(value)s"),
    "not_in_table": _lt("%(field)s is not a code of its table: %(value)s"),
    "fixed_value": _lt("%(field)s is not the code expected: %(value)s"),
    "unencodable": _lt("%(field)s has characters the file cannot hold: %(value)s"),
    "formula": _lt("%(field)s begins like a formula: %(value)s"),
    "columns": _lt("The row has not the columns of the header."),
    "empty_item": _lt("%(field)s has an item with nothing in it."),
    "group_count": _lt("%(field)s has %(param)s items, the record says %(value)s."),
    "group_split": _lt(
        "The lines of %(value)s differ in more than their items: which one holds?"
    ),
    "double": _lt("%(field)s is there more than once: %(value)s"),
    "unknown_element": _lt("Not expected here: %(field)s %(value)s"),
    "merged_cells": _lt("The row has merged cells."),
    "spreadsheet": _lt(
        "%(field)s was changed by the spreadsheet and cannot be told for certain:"
        " %(value)s"
    ),
    "bad_fiscal_code": _lt("%(field)s is not a valid tax code: %(value)s"),
    "bad_vat": _lt("%(field)s is not a valid VAT number: %(value)s"),
}

# what is wrong with a layout (formats.layout_spec.SpecIssue)
SPEC_TEXTS = {
    "no_name": _lt("A field has no name."),
    "bad_name": _lt(
        "%(value)s: a field name has letters, digits and _ only and begins with no"
        " digit."
    ),
    "bad_choice": _lt("%(field)s: %(value)s is none of %(param)s."),
    "bad_source": _lt("%(field)s: the source %(value)s is not known."),
    "bad_length": _lt("%(field)s: %(value)s is no possible length."),
    "bad_number": _lt("%(field)s: %(value)s is no whole number."),
    "bad_cell": _lt("%(field)s: the cell cannot be used: %(value)s"),
    "bad_day": _lt("%(field)s: write a date like 31/12/2026, not %(value)s."),
    "merged": _lt(
        "%(field)s: the cells %(value)s are merged. Split them and write each value in"
        " its own row."
    ),
    "unknown_setting": _lt("There is no setting %(value)s."),
    "no_fixed": _lt("%(field)s: a fixed code needs its value."),
    "no_decimals": _lt("%(field)s: %(value)s decimals are not possible here."),
    "is_group": _lt("%(field)s: the source %(value)s is a repeated group."),
    "bad_parts": _lt("%(field)s: the parts of this group may be %(param)s."),
    "separators": _lt(
        "%(field)s: items and parts need two different separators, each of one"
        " character that is no letter, digit or blank: %(value)s"
    ),
    "no_effect": _lt(
        "%(field)s: %(value)s has no effect on a field of this kind. Change the kind or"
        " take the value away."
    ),
    "bad_code": _lt(
        "%(field)s: %(value)s is no code. Separate the codes with commas, without"
        " blanks inside a code."
    ),
    "long_value": _lt(
        "%(field)s: %(value)s is longer than the field, which has %(param)s characters."
    ),
    "not_conditional": _lt(
        "%(field)s: the condition (%(value)s) counts only when the field is"
        " conditional. Make it conditional or take the condition away."
    ),
    "no_condition_value": _lt(
        "%(field)s: a condition needs both the other field and the value that it has."
    ),
    "never": _lt(
        "%(field)s: %(param)s never has the value %(value)s, so the condition would"
        " never hold."
    ),
    "mark_taken": _lt(
        "%(field)s: %(value)s is a separator of the file, the decimal mark or part of a"
        " date as well: choose another."
    ),
    "bad_file_name": _lt(
        "%(field)s: %(value)s cannot be used. Letters, digits, - _ . and the tokens"
        " only, at most 120 characters."
    ),
    "bad_extension": _lt(
        "%(field)s: %(value)s has not the ending of a file in the form %(param)s: put"
        " {ext} at the end."
    ),
    "no_fields": _lt("The layout has no field."),
    "too_many_fields": _lt("The layout has %(value)s fields, at most %(param)s fit."),
    "double": _lt("%(value)s is there more than once."),
    "unknown_condition": _lt("%(field)s: the layout has no field %(value)s."),
    "bad_setting": _lt("%(field)s: %(value)s is none of %(param)s."),
    "same_marks": _lt("Separator and decimal mark cannot be the same."),
    "bad_element": _lt("%(value)s is no name of an XML element."),
}


def spec_line(env, issue):
    """What is wrong with a layout, for the reader's language.

    :param issue: ``formats.layout_spec.SpecIssue``
    """
    field = env["cmor.flow.layout"]._fields.get(issue.field)
    return env._(
        SPEC_TEXTS[issue.code],
        # a setting by the name that it has on the screen
        field=field._description_string(env) if field else issue.field,
        value=issue.value,
        param=issue.param,
    )


# why a file cannot be read at all (formats.flow_io.FlowRefused)
REFUSAL_TEXTS = {
    "empty": _lt("The file is empty."),
    "too_big": _lt("The file is larger than %(limit)s MB."),
    "too_many_rows": _lt("The file has more than %(limit)s rows."),
    "too_many_columns": _lt("The file has more than %(limit)s columns."),
    "no_rows": _lt(
        "The file has the names of the fields and no row below them. If it should have"
        " some, download it again."
    ),
    "nul": _lt("The file is no text: it has zero bytes."),
    "utf16": _lt(
        "The file is in UTF-16 (“Unicode text”): save it as CSV UTF-8 and load it"
        " again."
    ),
    "undecodable": _lt("The characters of the file cannot be read in any encoding."),
    "quoting": _lt("The quotes of the file do not match: %(detail)s"),
    "header_missing": _lt("The first row has none of the field names of the layout."),
    "header_double": _lt("The same column is there more than once: %(columns)s"),
    "column_missing": _lt("Columns missing: %(columns)s"),
    "record_missing": _lt("The file has no element %(name)s."),
    "xml": _lt("The XML is not well formed: %(detail)s"),
    "xml_dtd": _lt("The XML declares a document type: such files are not read."),
    "kind": _lt("The file is a %(found)s: CSV, XML, XLSX or a ZIP of them is needed."),
    "zip": _lt("The ZIP is damaged or incomplete: download it again."),
    "zip_protected": _lt(
        "The ZIP is protected by a password: unpack it and load the files."
    ),
    "zip_bomb": _lt(
        "The ZIP holds too many files, or would become too large once unpacked: unpack"
        " it and load the files one by one."
    ),
    "zip_empty": _lt("The ZIP has no file in it."),
    "zip_nested": _lt("%(name)s is an archive inside the archive: unpack it first."),
    "zip_path": _lt("The ZIP has a file with the path of another folder: %(name)s"),
    "zip_double": _lt("The ZIP has two files of the same name: %(name)s"),
    "sheets": _lt(
        "More than one sheet has rows (%(names)s) and only one is read: save each sheet"
        " as a file of its own."
    ),
    "workbook": _lt("The workbook cannot be read."),
}


def refusal_line(env, error):
    """Why a file was refused, for the reader's language.

    :param error: ``formats.flow_io.FlowRefused``
    """
    text = env._(REFUSAL_TEXTS[error.code], **error.params)
    details = [describe(issue, env._, place=False) for issue in error.issues]
    return " ".join([text, *details])


def show_params(env, params, currency):
    """Stored parameters as texts of the reader's language.

    :param env: environment of the reader
    :param dict params: as stored by ``rules.messages.encode_params``
    :param currency: res.currency of the amounts
    """

    def number(value):
        if currency and value == round(value, 2):
            return formatLang(env, float(value), currency_obj=currency)
        return str(value)

    def word(kind, key, texts):
        return _WORDS[kind](env, key, texts)

    def day(value):
        return format_date(env, value)

    return messages.decode_params(params, day, number, word)


def choice(record, name):
    """What a record's selection field is, as each reader has it in his language."""
    return messages.Word("choice", [record._name, name, record[name] or ""])


def named(record):
    """The name of a record whose name is translated; as it is now where it is gone."""
    name = {"name": record.display_name or ""}
    return messages.Word("record", [record._name, record.id], name)


def plain(env, value, currency):
    """One parameter, as it is given to an event, in the language of ``env``."""
    return show_params(env, messages.encode_params({"x": value}), currency)["x"]


def _choice_text(env, key, _texts):
    model, name, value = key
    labels = dict(env[model]._fields[name]._description_selection(env))
    return labels.get(value, value)


def _record_text(env, key, texts):
    model, id_ = key
    try:
        return env[model].sudo().browse(id_).display_name
    except MissingError:
        return texts["name"]


# where the words of the parameters have their texts, see rules.messages.Word
_WORDS = {
    "text": lambda env, key, texts: env._(WORD_TEXTS[key], **texts),
    "issue": lambda env, issue, _texts: issue_line(env, issue),
    "choice": _choice_text,
    "record": _record_text,
}


def issue_vals(issue):
    """An engine's issue as JSON."""
    return {
        "rule": issue.rule,
        "field": issue.field,
        "value": issue.value,
        "param": ", ".join(str(param) for param in issue.params),
    }


def issue_line(env, issue):
    """Text of one stored issue, for the reader's language.

    :param dict issue: as made by ``issue_vals``
    """
    return env._(
        RULE_TEXTS.get(issue["rule"], RULE_TEXTS["bad_type"]),
        field=issue.get("field", ""),
        value=issue.get("value", ""),
        param=issue.get("param", ""),
    )

"""A layout as plain rows, the way users edit it, made into what the engine wants.

The rows come from the records of Odoo, from the file of the shipped layouts, or from a
workbook; here is the only place that says what their columns mean and what is wrong
with them.
"""

import re
from collections import Counter
from dataclasses import dataclass

from ...utility_supply.formats.record_layout import (
    CODE,
    CONDITIONAL,
    CSV,
    DATE,
    DECIMAL,
    FIXED,
    GROUP,
    INTEGER,
    JOINED,
    KINDS,
    MANDATORY,
    MAX_DIGITS,
    OPTIONAL,
    ROWS,
    XML,
    Field,
    Layout,
    clean_text,
)
from ..rules import patterns
from .flow_sources import GROUP_PARTS, PART_WORDS, SOURCES

LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
REQUIRED = (MANDATORY, "conditional", OPTIONAL)
# one byte or more a character, never a zero byte: what the reader takes
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "iso-8859-15")
DATE_FORMATS = ("DD/MM/YYYY", "YYYY-MM-DD", "YYYYMMDD", "DD-MM-YYYY")
#: column of a field -> what is meant when it is empty
FIELD_COLUMNS = {
    "name": "",
    "kind": "text",
    "max_length": 0,
    "decimals": 0,
    "required": OPTIONAL,
    "condition_field": "",
    "condition_value": "",
    "one_of": "",
    "source": "",
    "fixed_value": "",
    "table_codes": "",
    "group_parts": "",
    "item_separator": "#",
    "part_separator": "|",
    "note": "",
}
NUMBERS = ("max_length", "decimals")
#: setting of a layout -> (what ships, values allowed or None for any text)
SETTINGS = {
    "file_format": (CSV, (CSV, XML)),
    "repeat": (JOINED, (JOINED, ROWS)),
    "delimiter": (";", (";", ",", "|")),
    "encoding": ("utf-8", ENCODINGS),
    "line_end": ("crlf", tuple(LINE_ENDS)),
    "decimal_mark": (".", (".", ",")),
    "date_format": ("DD/MM/YYYY", DATE_FORMATS),
    "has_header": (True, (True, False)),
    "file_name_pattern": ("{service}.{flow}_{vat}_{timestamp}_{n:3}.{ext}", None),
    "xml_root": ("RichiestaSII/DatiSII", None),
    "xml_record": ("Flusso", None),
    "xml_item": ("Elemento", None),
    "xml_namespace": ("", None),
    "source": ("", None),
}
_SOURCES = frozenset(source for source, _meaning in SOURCES)
_XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# codes of a table stand between commas: any other mark in one is a typing error
_TABLE_CODE = re.compile(r"[^\s;,|]+\Z")
#: a file name as it would come out, to see whether the pattern gives one
EXAMPLE = {
    "service": "SI1",
    "flow": "0050",
    "vat": "12345670017",
    "timestamp": "20260115103000",
    "date": "20260115",
    "n": 1,
}
MAX_FIELDS = 300
MAX_LENGTH = 20_000


@dataclass(frozen=True)
class SpecIssue:
    """What is wrong with a layout. ``code`` is stable; ``field`` is the name of the
    field or setting, ``value`` what it says, ``param`` what would be right."""

    code: str
    field: str = ""
    value: str = ""
    param: str = ""


def words(text):
    """The texts between commas, without blanks around them."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def part_headings(row):
    """[(part of a group, its heading where it has a place of its own)]."""
    found = []
    for text in words(row.get("group_parts")):
        part, _colon, heading = (word.strip() for word in text.partition(":"))
        word = PART_WORDS.get(part, part.upper())
        found.append((part, heading or f"{row.get('name')}_{word}"))
    return found


def make_field(row):
    """The ``Field`` of a row without issues.

    :param dict row: by the names of FIELD_COLUMNS; numbers as int
    """
    known = GROUP_PARTS.get(row.get("source"), {})
    parts = part_headings(row)
    condition = None
    if row.get("condition_field"):
        condition = (row["condition_field"], row.get("condition_value") or "")
    return Field(
        name=row["name"],
        kind=row.get("kind") or "text",
        length=row.get("max_length") or 0,
        decimals=row.get("decimals") or 0,
        required=row.get("required") or OPTIONAL,
        condition=condition,
        one_of=row.get("one_of") or "",
        fixed=row.get("fixed_value") or "",
        table=frozenset(words(row.get("table_codes"))),
        parts=tuple((name, known[name]) for name, _heading in parts if name in known),
        item_sep=row.get("item_separator") or "#",
        part_sep=row.get("part_separator") or "|",
        source=row.get("source") or "",
        part_names=tuple(heading for name, heading in parts if name in known),
    )


def make_layout(code, settings, rows):
    """The ``Layout`` of settings and rows without issues.

    :param str code: service and flow code
    :param dict settings: by the names of SETTINGS; what is absent is as shipped
    :param rows: dicts as for ``make_field``, in order
    """

    def setting(name):
        value = settings.get(name)
        return SETTINGS[name][0] if value is None else value

    return Layout(
        code=code,
        fields=tuple(make_field(row) for row in rows),
        delimiter=setting("delimiter"),
        encoding=setting("encoding"),
        line_end=LINE_ENDS[setting("line_end")],
        decimal_mark=setting("decimal_mark"),
        date_format=setting("date_format"),
        header=setting("has_header"),
        file_format=setting("file_format"),
        repeat=setting("repeat"),
        xml_root=setting("xml_root"),
        xml_record=setting("xml_record"),
        xml_item=setting("xml_item"),
        xml_namespace=setting("xml_namespace") or "",
    )


# --- what is wrong --------------------------------------------------------------


def field_issue(row):
    """The first thing that is wrong with one field.

    :return: ``SpecIssue`` or None. Codes: no_name, bad_name, bad_choice, bad_source,
        bad_length, no_fixed, no_effect, bad_code, long_value, bad_parts, is_group,
        no_decimals, separators, not_conditional, no_condition_value
    """
    name = row.get("name") or ""
    if not name.strip():
        return SpecIssue("no_name")
    if not _FIELD_NAME.match(name):
        return SpecIssue("bad_name", name, name)
    for column, allowed in (("kind", KINDS), ("required", REQUIRED)):
        value = row.get(column) or FIELD_COLUMNS[column]
        if value not in allowed:
            return SpecIssue("bad_choice", name, str(value), ", ".join(allowed))
    source = row.get("source") or ""
    if source and source not in _SOURCES:
        return SpecIssue("bad_source", name, source)
    for column in NUMBERS:
        if not 0 <= (row.get(column) or 0) <= MAX_LENGTH:
            return SpecIssue("bad_length", name, str(row[column]))
    is_number = row.get("kind") in (INTEGER, DECIMAL)
    if is_number and (row.get("max_length") or 0) > MAX_DIGITS:
        return SpecIssue("bad_length", name, str(row["max_length"]))
    return _kind_issue(row, name, source) or _condition_issue(row, name)


def _condition_issue(row, name):
    """A condition that would be forgotten, or hold when nobody meant it to."""
    wanted = row.get("condition_field") or row.get("condition_value")
    if wanted and row.get("required") != CONDITIONAL:
        return SpecIssue("not_conditional", name, wanted)
    if wanted and not (row.get("condition_field") and row.get("condition_value")):
        return SpecIssue("no_condition_value", name)
    return None


def _value_issue(row, name, kind):
    """Fixed value and codes: of the right kind, whole, and no longer than the field."""
    fixed, table = row.get("fixed_value") or "", row.get("table_codes") or ""
    if fixed and kind != FIXED:
        return SpecIssue("no_effect", name, fixed)
    if table.strip() and kind != CODE:
        return SpecIssue("no_effect", name, table)
    length = row.get("max_length") or 0
    for text in [fixed] if kind == FIXED else words(table):
        if kind == CODE and not _TABLE_CODE.match(text):
            return SpecIssue("bad_code", name, text)
        if length and len(text) > length:
            return SpecIssue("long_value", name, text, str(length))
    return None


def _kind_issue(row, name, source):
    kind = row.get("kind") or "text"
    if kind == FIXED and not row.get("fixed_value"):
        return SpecIssue("no_fixed", name)
    issue = _value_issue(row, name, kind)
    if issue:
        return issue
    if (row.get("decimals") or 0) > (9 if kind == DECIMAL else 0):
        return SpecIssue("no_decimals", name, str(row["decimals"]))
    if kind != GROUP:
        return SpecIssue("is_group", name, source) if source in GROUP_PARTS else None
    known = GROUP_PARTS.get(source, {})
    parts = part_headings(row)
    told = [part for part, _heading in parts]
    if not parts or set(told) - set(known) or len(set(told)) < len(told):
        return SpecIssue(
            "bad_parts", name, row.get("group_parts") or "", ", ".join(known)
        )
    wrong = [heading for _part, heading in parts if not _FIELD_NAME.match(heading)]
    if wrong:
        return SpecIssue("bad_name", name, wrong[0])
    item, part = separators(row)
    if item == part or not (_is_mark(item) and _is_mark(part)):
        return SpecIssue("separators", name, f"{item} {part}")
    return None


def separators(row):
    """(between the items, between the parts) of a group."""
    return row.get("item_separator") or "#", row.get("part_separator") or "|"


def _is_mark(text):
    """One character that stands in no word and no number."""
    return len(text) == 1 and text.isprintable() and not (text.isalnum() or text == " ")


def layout_issues(settings, rows):
    """Everything that is wrong with a layout: its settings, its fields, how they fit.

    :return: list of ``SpecIssue``. Further codes: no_fields, too_many_fields, double,
        unknown_condition, never, mark_taken, bad_setting, same_marks, bad_element,
        bad_file_name, bad_extension
    """
    issues = [issue for issue in map(field_issue, rows) if issue]
    if not rows:
        issues.append(SpecIssue("no_fields"))
    if len(rows) > MAX_FIELDS:
        issues.append(SpecIssue("too_many_fields", "", str(len(rows)), str(MAX_FIELDS)))
    names = [(row.get("name") or "").upper() for row in rows]
    headings = [
        heading.upper()
        for row in rows
        if row.get("kind") == GROUP
        for _part, heading in part_headings(row)
    ]
    counts = Counter(name for name in names + headings if name)
    issues += [SpecIssue("double", n, n) for n in sorted(counts) if counts[n] > 1]
    by_name = {row.get("name"): row for row in rows}
    issues += [issue for row in rows if (issue := _target_issue(row, by_name))]
    issues += [issue for row in rows if (issue := _mark_issue(settings, row))]
    return issues + setting_issues(settings)


def _target_issue(row, by_name):
    """A condition on a field that is not there, or on a value it never has."""
    wanted, value = row.get("condition_field"), row.get("condition_value")
    if not wanted:
        return None
    name, target = row.get("name") or "", by_name.get(wanted)
    if target is None:
        return SpecIssue("unknown_condition", name, wanted)
    possible = None
    if target.get("kind") == FIXED:
        possible = [target.get("fixed_value") or ""]
    elif target.get("kind") == CODE:
        possible = words(target.get("table_codes"))
    if (
        target is row
        or target.get("kind") == GROUP
        or (possible and value and value not in possible)
    ):
        return SpecIssue("never", name, value or "", wanted)
    return None


def _mark_issue(settings, row):
    """A mark of the file inside a value of it: nobody could take the row apart."""
    found = {name: settings.get(name, pair[0]) for name, pair in SETTINGS.items()}
    name, delimiter = row.get("name") or "", found["delimiter"]
    if row.get("kind") == FIXED:
        fixed = row.get("fixed_value") or ""
        if clean_text(fixed, delimiter) != fixed:
            return SpecIssue("mark_taken", name, fixed)
    length = row.get("max_length") or 0
    if row.get("kind") == DATE and 0 < length < len(found["date_format"]):
        return SpecIssue("long_value", name, found["date_format"], str(length))
    if row.get("kind") != GROUP or found["repeat"] != JOINED:
        return None
    taken = {found["decimal_mark"], *str(found["date_format"])}
    if found["file_format"] == CSV:
        taken.add(delimiter)
    for mark in separators(row):
        if mark in taken:
            return SpecIssue("mark_taken", name, mark)
    return None


def setting_issues(settings):
    """What is wrong with the settings alone, as ``layout_issues`` says it."""
    issues = []
    for name, (default, allowed) in SETTINGS.items():
        value = settings.get(name, default)
        if allowed and value not in allowed:
            shown = ", ".join(map(str, allowed))
            issues.append(SpecIssue("bad_setting", name, str(value), shown))
    found = {name: settings.get(name, pair[0]) for name, pair in SETTINGS.items()}
    if found["delimiter"] == found["decimal_mark"]:
        issues.append(SpecIssue("same_marks", "delimiter", found["delimiter"]))
    for name in ("xml_root", "xml_record", "xml_item"):
        for element in (
            str(found[name]).split("/") if name == "xml_root" else [found[name]]
        ):
            if not _XML_NAME.match(str(element)):
                issues.append(SpecIssue("bad_element", name, str(element)))
    if found["xml_record"] in str(found["xml_root"]).split("/"):
        # reading, nobody could tell the record from what is around it
        issues.append(SpecIssue("double", "xml_record", found["xml_record"]))
    return issues + _file_name_issues(found["file_name_pattern"], found["file_format"])


def _file_name_issues(pattern, form):
    try:
        name = patterns.file_name(pattern or "", {**EXAMPLE, "ext": form})
    except patterns.PatternError as error:
        told = error.args[1] if error.args[0] == "too_long" else pattern
        return [SpecIssue("bad_file_name", "file_name_pattern", told or "-")]
    other = f".{CSV if form == XML else XML}"
    if name.lower().endswith(other):
        return [SpecIssue("bad_extension", "file_name_pattern", name, str(form))]
    return []


def unfilled(rows):
    """Names of the fields that must have a value when we write, and can have none: they
    have no meaning and no value of their own."""
    return [
        row["name"]
        for row in rows
        if row.get("required") == MANDATORY
        and row.get("kind") != FIXED
        and not row.get("source")
    ]


# --- differences -----------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One difference between two layouts.

    ``kind``: added, removed, renamed, changed, moved or setting; ``name``: of the field
    (the new one) or setting; ``column``: what changed; ``old``, ``new``: plain values.
    """

    kind: str
    name: str
    column: str = ""
    old: object = ""
    new: object = ""


def differences(old_settings, old_rows, new_settings, new_rows):
    """What the new layout changes, settings first, then fields in the new order.

    :return: list of ``Difference``
    """
    found = []
    for name, (default, _allowed) in SETTINGS.items():
        old, new = old_settings.get(name, default), new_settings.get(name, default)
        if (old or "") != (new or ""):
            found.append(Difference("setting", name, "", old, new))
    old_by_name = {row["name"]: row for row in old_rows}
    renamed = _renamed(old_rows, new_rows)
    # names of the old layout under which the fields of the new one were there
    was = {row["name"]: renamed.get(row["name"], row["name"]) for row in new_rows}
    for row in new_rows:
        before = old_by_name.get(was[row["name"]])
        if row["name"] in renamed:
            found.append(
                Difference("renamed", row["name"], "", before["name"], row["name"])
            )
        if before is None:
            found.append(Difference("added", row["name"], "", "", row))
            continue
        for column, default in FIELD_COLUMNS.items():
            old, new = before.get(column) or default, row.get(column) or default
            if old != new and column != "name":
                found.append(Difference("changed", row["name"], column, old, new))
    found += [
        Difference("removed", row["name"], "", row, "")
        for row in old_rows
        if row["name"] not in was.values()
    ]
    return found + _moves(
        [row["name"] for row in old_rows if row["name"] in was.values()],
        [was[row["name"]] for row in new_rows if was[row["name"]] in old_by_name],
        {old: new for new, old in renamed.items()},
    )


def _renamed(old_rows, new_rows):
    """{new name: old name} of fields that have another name and the same meaning."""
    old, new = ({row["name"] for row in rows} for rows in (old_rows, new_rows))

    def by_source(rows, others):
        return {
            row["source"]: row["name"]
            for row in rows
            if row.get("source") and row["name"] not in others
        }

    gone, came = by_source(old_rows, new), by_source(new_rows, old)
    return {name: gone[source] for source, name in came.items() if source in gone}


def _moves(old, new, names):
    """Fields that changed their place among those that stay: the fewest that explain
    the new order, so that one field moved to the top is one difference.

    :param old, new: names of the old layout
    :param dict names: {old name: new name} where they differ
    """
    place = {name: index for index, name in enumerate(old)}
    best, before = [], []
    for index, name in enumerate(new):
        length, link = 1, None
        for other in range(index):
            if place[new[other]] < place[name] and best[other] + 1 > length:
                length, link = best[other] + 1, other
        best.append(length)
        before.append(link)
    stay, index = set(), max(range(len(new)), key=best.__getitem__, default=None)
    while index is not None:
        stay.add(new[index])
        index = before[index]
    return [
        Difference("moved", names.get(name, name), "", place[name] + 1, index + 1)
        for index, name in enumerate(new)
        if name not in stay
    ]

"""Rows of a flow, whatever the form of its file: values to texts, texts to values.

The forms (CSV, XML, XLSX) hand over lines; here they become rows with what each means
and what is wrong with it. A bad value is an issue of its row and never stops another.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from stdnum import luhn

from ...utility_supply.formats.record_layout import (
    CODE,
    FIXED,
    GROUP,
    Issue,
    check_record,
    decode,
    decode_item,
    encode,
    item_texts,
)
from .flow_sources import GROUP_COUNTS, IDENTITIES, KEYS

MAX_BYTES = 256 * 2**20
MAX_ROWS = 1_000_000
MAX_COLUMNS = 512
MAX_CELL = 20_000
MAX_ITEMS = 1000  # of one group of one record
PDR_LENGTH, VAT_LENGTH = 14, 11
# 12345678901234 as a spreadsheet saves it: "1,23457E+13", the other digits are lost
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)


class FlowRefused(Exception):
    """A file that cannot be read at all. ``code`` is stable, ``params`` fill its text.

    Codes: empty, no_rows, too_big, too_many_rows, too_many_columns, nul, utf16,
    undecodable, quoting, header_missing, header_double, column_missing, record_missing,
    xml, xml_dtd, kind, sheets, workbook, and those of ``flow_zip``. ``issues`` are the
    reader's own words on a workbook (``utility_supply.formats.issues.Issue``).
    """

    def __init__(self, code, issues=(), **params):
        super().__init__(code)
        self.code, self.params, self.issues = code, params, tuple(issues)


@dataclass(frozen=True)
class WrittenRow:
    """A record that is in the file: its key, its texts by field name."""

    key: object
    texts: dict


@dataclass(frozen=True)
class RefusedRow:
    """A record left out: its key, what is wrong with it."""

    key: object
    texts: dict
    issues: tuple


@dataclass(frozen=True)
class WriteResult:
    """``data`` is the file, or b"" when no record could be written."""

    data: bytes
    written: tuple
    refused: tuple


@dataclass(frozen=True)
class ReadRow:
    """A row as received (``raw``), understood (``values``), and what is wrong.

    ``number`` is its first line in the file, ``lines`` how many belong to it.
    """

    number: int
    raw: dict
    values: dict
    issues: tuple
    lines: int = 1


@dataclass(frozen=True)
class ReadResult:
    """Rows in the order of the file; ``unknown`` headings were kept in ``raw``."""

    rows: tuple
    encoding: str
    unknown: tuple = ()


@dataclass(frozen=True)
class Line:
    """What stands in one line: texts by heading, ``items`` of groups when the form
    nests them (field name -> list of texts by part heading), what is wrong already.
    """

    number: int
    cells: dict
    issues: tuple = ()
    items: dict | None = None
    count: int = 1


class FlowReader:
    """A file opened: its rows can be walked as often as needed, one by one."""

    def __init__(self, layout, lines, encoding):
        self._layout = layout
        self._lines = lines
        self.encoding = encoding

    def rows(self):
        """Yield each ReadRow."""
        layout = self._layout
        if not layout.groups():
            for line in self._lines():
                yield read_line(layout, line)
            return
        key = key_field(layout)
        seen = Counter(
            line.cells.get(key, "").strip()
            for line in merge_lines(layout, self._lines())
        )
        for line in merge_lines(layout, self._lines()):
            row = read_line(layout, line)
            text = line.cells.get(key, "").strip()
            if text and seen[text] > 1:
                issue = Issue("group_split", key, text[:80], line.number)
                row = replace(row, issues=(*row.issues, issue))
            yield row

    def read_all(self):
        """All of it, as a ``ReadResult``."""
        rows = tuple(self.rows())
        unknown = dict.fromkeys(name for row in rows for name in self.unknown_in(row))
        return ReadResult(rows, self.encoding, tuple(unknown))

    def unknown_in(self, row):
        """The headings of a row that its layout does not have, in their order."""
        return [name for name in row.raw if name not in self._known]

    @cached_property
    def _known(self):
        layout = self._layout
        return {name for field in layout.fields for name in _headings(layout, field)}


def _headings(layout, field):
    if field in layout.groups():
        return [field.name, *(part.name for part in field.part_fields())]
    return [field.name]


def key_field(layout):
    """Name of the field that names the practice of a record, or ""."""
    by_source = {field.source: field.name for field in reversed(layout.fields)}
    return next((by_source[key] for key in KEYS if key in by_source), "")


# --- writing ------------------------------------------------------------------


def encode_record(layout, values):
    """Texts of one record.

    :param dict values: field name -> Python value
    :return: (texts by field name, list of Issue)
    """
    texts, issues = {}, []
    for field in layout.fields:
        text, issue = encode(layout, field, values.get(field.name))
        texts[field.name] = text
        if issue:
            issues.append(issue)
    broken = {issue.field for issue in issues}
    issues += [i for i in check_record(layout, texts) if i.field not in broken]
    issues += [i for i in check_counts(layout, values) if i.field not in broken]
    return texts, issues


def check_counts(layout, values):
    """A record says how many items its groups have: the two must agree."""
    by_source, issues = layout.by_source, []
    for group, count in GROUP_COUNTS.items():
        if group not in by_source or count not in by_source:
            continue
        told = values.get(by_source[count].name)
        found = len(values.get(by_source[group].name) or ())
        if told is not None and told != found:
            name = by_source[group].name
            issues.append(Issue("group_count", name, str(told), 0, (found,)))
    return issues


def encode_all(layout, records):
    """Sort records into those that can be written and those that cannot.

    :param records: iterable of (key, values)
    :return: (list of (WrittenRow, values), list of RefusedRow)
    """
    good, refused = [], []
    for key, values in records:
        texts, issues = encode_record(layout, values)
        if issues:
            refused.append(RefusedRow(key, texts, tuple(issues)))
        else:
            good.append((WrittenRow(key, texts), values))
    return good, refused


def split_items(layout, values):
    """{field name: items as texts by heading} of the groups with places of their own.

    :param dict values: field name -> value, of a record that has no issue
    """
    found = {}
    for field in layout.groups():
        items, _rule = item_texts(layout, field, values.get(field.name))
        names = [part.name for part in field.part_fields()]
        found[field.name] = [dict(zip(names, item, strict=True)) for item in items]
    return found


# --- reading ------------------------------------------------------------------


def merge_lines(layout, lines):
    """Lines of the same record become one: they are neighbours, all their columns but
    those of the items are equal, and each brings an item.

    :param lines: iterable of Line
    :return: iterator of Line with ``items``
    """
    groups = layout.groups()
    parts = {f.name: [part.name for part in f.part_fields()] for f in groups}
    inside = {name for names in parts.values() for name in names}
    current, head = None, None
    for line in lines:
        if line.items is not None:  # the form nests them: nothing to put together
            yield line
            continue
        common = {k: v.strip() for k, v in line.cells.items() if k not in inside}
        items = {}
        for name, names in parts.items():
            item = {part: line.cells.get(part, "") for part in names}
            if any(text.strip() for text in item.values()):
                items[name] = [item]
        if current and items and current.items and common == head and not line.issues:
            for name, found in items.items():
                current.items.setdefault(name, []).extend(found)
            current = replace(current, count=current.count + 1)
            continue
        if current:
            yield current
        current, head = replace(line, cells=common, items=items), common
    if current:
        yield current


def read_line(layout, line):
    """What a line means.

    :param Line line: texts by heading
    :return: ``ReadRow``
    """
    cells = line.cells
    issues = [replace(issue, row=line.number) for issue in line.issues]
    mangled = _is_mangled(layout, cells)
    raw = {name: text[:MAX_CELL] for name, text in cells.items() if name}
    values, texts = {}, {}
    stray = [text for name, text in raw.items() if name[0] == "#" and text.strip()]
    if stray and not any(issue.rule == "columns" for issue in issues):
        issues.append(Issue("columns", "", stray[0][:80], line.number))
    told = {issue.field for issue in line.issues if issue.field}
    groups = () if line.items is None else {f.name for f in layout.groups()}
    for field in layout.fields:
        name = field.name
        if name in groups:
            value, found = _read_items(layout, field, line.items.get(name, ()))
            raw[name] = _joined(field, line.items.get(name, ()))[:MAX_CELL]
            texts[name] = raw[name]
        else:
            cell = _visible(cells.get(name, ""))
            if not cell:
                # most of a line is empty
                values[name], texts[name] = None, ""
                continue
            value, found = _read_cell(layout, field, cell, mangled)
            # a code as the layout writes it: conditions are about that
            is_code = field.kind in (FIXED, CODE) and value
            texts[name] = value if is_code else cell.strip()
        values[name] = value
        if found:
            issues += [
                replace(i, row=line.number) for i in found if i.field not in told
            ]
    broken = {issue.field for issue in issues if issue.field}
    for issue in (*check_record(layout, texts), *check_counts(layout, values)):
        if issue.field not in broken:
            issues.append(replace(issue, row=line.number))
    return ReadRow(line.number, raw, values, tuple(issues), line.count)


def _visible(cell):
    """``cell``, or "" when nobody would see anything in it."""
    if cell.isprintable():
        return cell if cell.strip(" ") else ""
    return cell if any(c.isprintable() and c != " " for c in cell) else ""


def _read_cell(layout, field, cell, mangled):
    if len(cell) > MAX_CELL:
        return None, [Issue("too_long", field.name, cell[:80], 0, (MAX_CELL,))]
    if mangled:
        cell = restore_zeros(field, cell.strip())
    value, issue = decode(layout, field, cell)
    if field.source in IDENTITIES and _SCIENTIFIC.fullmatch(cell.strip()):
        issue = Issue("spreadsheet", field.name, cell[:80])
    if field.kind == GROUP and value and len(value) > MAX_ITEMS:
        issue = Issue("too_long", field.name, cell[:80], 0, (MAX_ITEMS,))
    return value, [issue] if issue else []


def _read_items(layout, field, items):
    values, issues = [], []
    names = [part.name for part in field.part_fields()]
    if len(items) > MAX_ITEMS:
        return None, [Issue("too_long", field.name, "", 0, (MAX_ITEMS,))]
    for item in items:
        texts = [item.get(name, "") for name in names]
        long = [text for text in texts if len(text) > MAX_CELL]
        if long:
            issues.append(Issue("too_long", field.name, long[0][:80], 0, (MAX_CELL,)))
            continue
        if not any(text.strip() for text in texts):
            issues.append(Issue("empty_item", field.name))
            continue
        value, issue = decode_item(layout, field, texts)
        values.append(value)
        issues += [issue] if issue else []
    return values or None, issues


def _joined(field, items):
    names = [part.name for part in field.part_fields()]
    return field.item_sep.join(
        field.part_sep.join(item.get(name, "") for name in names) for item in items
    )


# --- what spreadsheets take away ----------------------------------------------


def _is_mangled(layout, cells):
    """A fixed code without its zeros: the row went through a spreadsheet."""
    for field in layout.fixed_numbers:
        text = cells.get(field.name, "").strip()
        if text != field.fixed and text.isdigit():
            return text.zfill(len(field.fixed)) == field.fixed
    return False


def restore_zeros(field, text):
    """``text`` with the leading zeros that a spreadsheet took, where there is no doubt.

    A PDR has 14 digits, a VAT number 11 with a check digit. Practice codes have no
    length of their own: they stay as they are.
    """
    if not (text.isascii() and text.isdigit()):
        return text
    if field.source == "pdr":
        return text.zfill(PDR_LENGTH)
    if field.source == "vat" or field.source.endswith("_vat"):
        return _vat(text)
    return _vat(text) if field.source == "fiscal_code" else text


def _vat(text):
    full = text.zfill(VAT_LENGTH)
    return full if len(text) > 6 and luhn.is_valid(full) else text

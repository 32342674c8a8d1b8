"""Write and read a flow as CSV, by its layout.

Conventions of the SII (``;`` separator, header row with the field names, no quoting,
decimals with a point, dates DD/MM/YYYY, CRLF, UTF-8 without BOM) are properties of the
layout. A record that breaks a rule is left out and reported; the others go.
"""

import codecs
from dataclasses import dataclass, replace

from .flow_layout import FIXED, MANDATORY, Issue, check_record, decode, encode

MAX_BYTES = 50_000_000
MAX_CELL = 20_000
FALLBACK_ENCODINGS = ("utf-8-sig", "cp1252")


class FlowRefused(Exception):
    """A file that cannot be read at all. ``code`` is stable, ``params`` fill its text.

    Codes: empty, too_big, nul, undecodable, header_missing, header_double,
    column_missing.
    """

    def __init__(self, code, **params):
        super().__init__(code)
        self.code, self.params = code, params


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
    """A row as received (``raw``), understood (``values``), and what is wrong."""

    number: int
    raw: dict
    values: dict
    issues: tuple


@dataclass(frozen=True)
class ReadResult:
    """Rows in the order of the file; ``unknown`` headings were kept in ``raw``."""

    rows: tuple
    encoding: str
    unknown: tuple = ()


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
    return texts, issues


def write(layout, records):
    """Make a file.

    :param Layout layout: the layout in force
    :param records: iterable of (key, values)
    :return: ``WriteResult``
    """
    lines, written, refused = [], [], []
    names = [field.name for field in layout.fields]
    if layout.header:
        lines.append(layout.delimiter.join(names))
    for key, values in records:
        texts, issues = encode_record(layout, values)
        if issues:
            refused.append(RefusedRow(key, texts, tuple(issues)))
            continue
        lines.append(layout.delimiter.join(texts[name] for name in names))
        written.append(WrittenRow(key, texts))
    data = b""
    if written:
        text = layout.line_end.join(lines) + layout.line_end
        data = text.encode(layout.encoding)
    return WriteResult(data, tuple(written), tuple(refused))


def decode_bytes(data, encoding):
    """Text of a file: its layout's encoding first, then the usual ones.

    :return: (text, encoding used)
    :raise FlowRefused: empty, too_big, nul, undecodable
    """
    if not data.strip():
        raise FlowRefused("empty")
    if len(data) > MAX_BYTES:
        raise FlowRefused("too_big", limit=MAX_BYTES)
    if b"\0" in data:
        raise FlowRefused("nul")
    first = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    for name in dict.fromkeys((first, *FALLBACK_ENCODINGS)):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    raise FlowRefused("undecodable")


def _split_lines(text):
    """Lines of the file: only CR and LF end a line (not U+2028 and its like)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _header(layout, line):
    names = [name.strip().strip('"').upper() for name in line.split(layout.delimiter)]
    known = {field.name.upper(): field.name for field in layout.fields}
    if not any(name in known for name in names):
        raise FlowRefused("header_missing")
    doubles = sorted({name for name in names if name and names.count(name) > 1})
    if doubles:
        raise FlowRefused("header_double", columns=", ".join(doubles))
    columns = [known.get(name, name) for name in names]
    missing = [
        field.name
        for field in layout.fields
        if field.required == MANDATORY and field.name not in columns
    ]
    if missing:
        raise FlowRefused("column_missing", columns=", ".join(missing))
    return columns


def read(layout, data):
    """Read a file, columns by header name whatever their order.

    :param Layout layout: the layout in force
    :param bytes data: the file
    :return: ``ReadResult``; each row with its own issues
    :raise FlowRefused: the file as a whole cannot be read
    """
    text, encoding = decode_bytes(data, layout.encoding)
    lines = _split_lines(text)
    if layout.header:
        columns = _header(layout, lines[0])
        start = 1
    else:
        columns, start = [field.name for field in layout.fields], 0
    fields = {field.name: field for field in layout.fields}
    rows = []
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip(" \t" + layout.delimiter):
            rows.append(_read_row(layout, fields, columns, number, line))
    unknown = tuple(name for name in columns if name and name not in fields)
    return ReadResult(tuple(rows), encoding, unknown)


def _read_row(layout, fields, columns, number, line):
    cells = line.split(layout.delimiter)
    issues = []
    if len(cells) != len(columns):
        params = (len(columns), len(cells))
        issues.append(Issue("columns", "", "", number, params))
    raw = dict(zip(columns, cells, strict=False))
    values, texts = {}, {}
    for name, field in fields.items():
        cell = raw.get(name, "")
        if len(cell) > MAX_CELL:
            issues.append(Issue("too_long", name, cell[:80], number, (MAX_CELL,)))
            continue
        value, issue = decode(layout, field, cell)
        values[name] = value
        texts[name] = value if field.kind == FIXED and value else cell.strip()
        if issue:
            issues.append(replace(issue, row=number))
    issues += [replace(i, row=number) for i in check_record(layout, texts)]
    return ReadRow(number, raw, values, tuple(issues))

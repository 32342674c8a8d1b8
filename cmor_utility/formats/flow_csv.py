"""Write and read a flow as CSV, by its layout.

Conventions of the SII (``;`` separator, header row with the field names, no quoting,
decimals with a point, dates DD/MM/YYYY, CRLF, UTF-8 without BOM) are properties of the
layout. A record that breaks a rule is left out and reported; the others go.
"""

import codecs
import csv
import io
from itertools import islice

from ...utility_supply.formats.record_layout import MANDATORY, Issue
from .flow_rows import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_ROWS,
    FlowReader,
    FlowRefused,
    Line,
    ReadResult,
    ReadRow,
    RefusedRow,
    WriteResult,
    WrittenRow,
    encode_record,
)

__all__ = [
    "FlowRefused",
    "ReadResult",
    "ReadRow",
    "RefusedRow",
    "WriteResult",
    "WrittenRow",
    "encode_record",
    "open_csv",
    "read",
]

FALLBACK_ENCODINGS = ("utf-8-sig", "cp1252")
DELIMITERS = (";", ",", "|", "\t")
_CHUNK = 1 << 20


# --- reading ------------------------------------------------------------------


def read(layout, data):
    """Read a file, columns by header name whatever their order.

    :param Layout layout: the layout in force
    :param bytes data: the file
    :return: ``ReadResult``; each row with its own issues
    :raise FlowRefused: the file as a whole cannot be read
    """
    return open_csv(layout, data).read_all()


def open_csv(layout, data):
    """Like ``read``, but the rows are read while they are walked.

    :return: ``FlowReader``
    """
    encoding = find_encoding(data, layout.encoding)
    first = next(_text_lines(data, encoding), "")
    if layout.header:
        delimiter, quoted = _form(layout, first)
        columns = header(layout, _split(first, delimiter, quoted))
    else:
        columns, delimiter, quoted = layout.columns(), layout.delimiter, False
    if quoted:
        _check_quoting(data, encoding, delimiter)

    # a heading that is blank, at the end of the row, is of no column
    needed = len(columns)
    while needed and columns[needed - 1][0] == "#":
        needed -= 1

    def lines():
        rows = _quoted_rows if quoted else _plain_rows
        for number, cells in rows(data, encoding, delimiter):
            if (number > 1 or not layout.header) and any(c.strip() for c in cells):
                yield _line(columns, needed, number, cells, delimiter)

    if next(lines(), None) is None:
        raise FlowRefused("no_rows")
    return FlowReader(layout, lines, encoding)


def first_rows(data, count=5):
    """The first rows of a CSV as lists of texts, its separator told by the header.

    :raise FlowRefused: it is no text file
    """
    encoding = find_encoding(data, "utf-8")
    lines = list(islice(_text_lines(data, encoding), count))
    delimiter = max(DELIMITERS, key=lines[0].count)
    return [line.split(delimiter) for line in lines]


def check_bytes(data):
    """Refuse what cannot be a text file at all.

    :raise FlowRefused: empty, too_big, utf16, nul
    """
    if not data.strip():
        raise FlowRefused("empty")
    if len(data) > MAX_BYTES:
        raise FlowRefused("too_big", limit=MAX_BYTES >> 20)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FlowRefused("utf16")
    if b"\0" in data:
        raise FlowRefused("nul")


def find_encoding(data, wanted):
    """The encoding that reads the whole file: its layout's first, then the usual ones.

    :raise FlowRefused: empty, too_big, utf16, nul, too_many_rows, undecodable
    """
    check_bytes(data)
    if max(data.count(b"\n"), data.count(b"\r")) > MAX_ROWS:
        raise FlowRefused("too_many_rows", limit=MAX_ROWS)
    first = "utf-8-sig" if codecs.lookup(wanted).name == "utf-8" else wanted
    if data.startswith(codecs.BOM_UTF8):
        # what says of itself what it is, whatever the layout says
        first = "utf-8-sig"
    for name in dict.fromkeys((first, *FALLBACK_ENCODINGS)):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            for start in range(0, len(data), _CHUNK):
                decoder.decode(data[start : start + _CHUNK])
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        return name
    raise FlowRefused("undecodable")


def _text_lines(data, encoding):
    """Lines of the file: only CR and LF end a line (not U+2028 and its like)."""
    stream = io.TextIOWrapper(io.BytesIO(data), encoding, newline=None)
    for line in stream:
        yield line.removesuffix("\n")


def _plain_rows(data, encoding, delimiter):
    for number, line in enumerate(_text_lines(data, encoding), 1):
        yield number, line.split(delimiter)


def _quoted_rows(data, encoding, delimiter):
    stream = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    yield from enumerate(csv.reader(stream, delimiter=delimiter, strict=True), 1)


def _check_quoting(data, encoding, delimiter):
    """Quotes that do not close would swallow good rows: the file is refused."""
    try:
        for _row in _quoted_rows(data, encoding, delimiter):
            pass
    except csv.Error as error:
        raise FlowRefused("quoting", detail=str(error)) from error


def _form(layout, line):
    """(separator, quoted or not) of a file with this header.

    The SII quotes nothing, so quotes are text, unless every heading is in quotes: then
    a program wrote the file that quotes all.
    """
    for delimiter in dict.fromkeys((layout.delimiter, *DELIMITERS)):
        names = [name.strip() for name in line.split(delimiter)]
        quoted = all(len(n) > 1 and n[0] == n[-1] == '"' for n in names)
        plain = {name.strip('"').strip().upper() for name in names}
        if plain & {name.upper() for name in layout.columns()}:
            return delimiter, quoted
    raise FlowRefused("header_missing")


def _split(line, delimiter, quoted):
    return [
        name.strip().strip('"') if quoted else name for name in line.split(delimiter)
    ]


def header(layout, cells):
    """Headings of the columns, known ones as the layout writes them.

    :param cells: texts of the header row
    :return: list, a heading for each column; blank ones become "#" and their number
    :raise FlowRefused: header_missing, header_double, column_missing,
        too_many_columns
    """
    if len(cells) > MAX_COLUMNS:
        raise FlowRefused("too_many_columns", limit=MAX_COLUMNS)
    names = [name.strip().strip('"').strip().upper() for name in cells]
    known = {name.upper(): name for name in layout.columns()}
    if not any(name in known for name in names):
        raise FlowRefused("header_missing")
    doubles = sorted({name for name in names if name and names.count(name) > 1})
    if doubles:
        raise FlowRefused("header_double", columns=", ".join(doubles))
    columns = [
        known.get(name, name) or f"#{number}" for number, name in enumerate(names, 1)
    ]
    groups = layout.groups()
    missing = [
        field.name
        for field in layout.fields
        if field.required == MANDATORY
        and not any(
            part.name in columns
            for part in (field.part_fields() if field in groups else [field])
        )
    ]
    if missing:
        raise FlowRefused("column_missing", columns=", ".join(missing))
    return columns


def _line(columns, needed, number, cells, delimiter):
    issues, more = (), cells[len(columns) :]
    # separators at the end of a row, with nothing between them, say nothing
    has_more = any(text.strip() for text in more)
    if len(cells) < needed or has_more:
        issues = (Issue("columns", "", "", number, (len(columns), len(cells))),)
    found = dict(zip(columns, cells, strict=False))
    if has_more:
        found[f"#{len(columns) + 1}"] = delimiter.join(more)
    return Line(number, found, issues)

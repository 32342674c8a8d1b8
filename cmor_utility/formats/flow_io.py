"""Files of flows, whatever their form: what others use of this folder.

    for name, data in members(upload, filename):
        service, flow = sniff(data, name) or ("", "")
        result = read(layout, data, name)
        for row in result.rows:
            meaning = by_source(layout, row.values)
    result = write(layout, [(practice, values), ...])

Whatever the bytes are, only ``FlowRefused`` is raised.
"""

import codecs
import io
import re

from ...utility_supply.formats import tabular
from ...utility_supply.formats.record_render import parts_of
from . import flow_csv, flow_xlsx, flow_xml, flow_zip
from .flow_rows import (
    FlowReader,
    FlowRefused,
    ReadResult,
    ReadRow,
    RefusedRow,
    WriteResult,
    WrittenRow,
    encode_all,
    split_items,
)

__all__ = [
    "FlowReader",
    "FlowRefused",
    "FlowWriter",
    "ReadResult",
    "ReadRow",
    "RefusedRow",
    "WriteResult",
    "WrittenRow",
    "by_source",
    "kind_of",
    "members",
    "open_flow",
    "read",
    "sniff",
    "write",
]

members = flow_zip.members

#: sources of the two columns that say which flow a file is
SOURCES = ("service_code", "flow_code")
CODES = dict(zip(("COD_SERVIZIO", "COD_FLUSSO"), SOURCES, strict=True))
_CODE = re.compile(r"(?<![A-Z0-9])([A-Z]{2}[0-9A-Z]{1,2})[._-]?([0-9]{4})(?![0-9])")
_SERVICE = re.compile(r"[A-Z0-9]{2,4}\Z")
_FLOW = re.compile(r"[0-9]{1,4}\Z")


def kind_of(data):
    """What the bytes are: "csv", "xml", "xlsx" or "xls".

    :raise FlowRefused: kind, when they are something else (a PDF, a picture)
    """
    found = tabular.sniff(data)
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if found in ("csv", "HTML or XML") and start.startswith(b"<"):
        return "xml"
    if found in ("csv", "xlsx", "xls"):
        return found
    raise FlowRefused("kind", found=found)


def open_flow(layout, data, name=""):
    """Open a file of a flow, its form told by its content.

    The file is checked whole; then ``rows()`` walks its rows with flat memory.

    :param Layout layout: the layout in force on the day of the file
    :param bytes data: CSV, XML, XLSX or XLS (a ZIP goes through ``members`` first)
    :param str name: name of the file, for the messages
    :return: ``FlowReader``
    :raise FlowRefused: the file as a whole cannot be read
    """
    if not data.strip():
        raise FlowRefused("empty")
    kind = kind_of(data)
    if kind == "xml":
        return flow_xml.open_xml(layout, data)
    if kind == "csv":
        return flow_csv.open_csv(layout, data)
    return flow_xlsx.open_xlsx(layout, data)


def read(layout, data, name=""):
    """Read a file of a flow at once; parameters and errors as ``open_flow``.

    :return: ``ReadResult``: every row of the file with its own issues
    """
    return open_flow(layout, data, name).read_all()


class FlowWriter:
    """A file in the form that its layout asks for, made part by part.

    A record that breaks a rule of the layout is left out and told; the others go.
    Only the bytes of the file are kept.
    """

    def __init__(self, layout):
        self._layout = layout
        self._head, self._body, self._tail = parts_of(layout)
        # one for all parts: a mark of the byte order stands at the beginning only
        self._encode = codecs.getincrementalencoder(layout.encoding)().encode
        self._stream = io.BytesIO()

    def add(self, records):
        """Append records.

        :param records: iterable of (key, {field name: value})
        :return: (list of WrittenRow, list of RefusedRow)
        """
        layout = self._layout
        good, refused = encode_all(layout, records)
        if good:
            if not self._stream.tell():
                self._stream.write(self._encode(self._head(layout)))
            text = self._body(
                layout, [(row.texts, split_items(layout, vals)) for row, vals in good]
            )
            self._stream.write(self._encode(text))
        return [row for row, _values in good], refused

    def close(self):
        """The bytes of the file; b"" when no record is in it."""
        if self._stream.tell():
            self._stream.write(self._encode(self._tail(self._layout)))
        return self._stream.getvalue()


def write(layout, records):
    """Make a file at once; parameters as ``FlowWriter``.

    :return: ``WriteResult``: the bytes, what is in them and what was left out and why
    """
    writer = FlowWriter(layout)
    written, refused = writer.add(records)
    return WriteResult(writer.close(), tuple(written), tuple(refused))


def by_source(layout, values):
    """What the values mean, whatever their columns are called.

    :param dict values: field name -> value, as read
    :return: {source: value}; of two fields with the same source the first filled one
    """
    found = {}
    for field in layout.fields:
        if field.source and found.get(field.source) is None:
            found[field.source] = values.get(field.name)
    return found


def sniff(data, name="", headings=None):
    """Which flow a file is: from its first record, else from its name.

    :param dict headings: {heading: "service_code" or "flow_code"}, as the layouts call
        the two columns; None: as the SII does today
    :return: (service code, flow code of four digits), or None when nothing tells
    """
    known = {text.upper(): source for text, source in (headings or CODES).items()}
    try:
        found = _sniff_content(data, known)
    except FlowRefused:
        found = None
    return found or _sniff_name(name)


def check_readable(data, headings):
    """Whether a file of which nothing says what it is can be read at all.

    :param dict headings: as for ``sniff``
    :raise FlowRefused: why it cannot
    """
    _sniff_content(data, {text.upper(): headings[text] for text in headings})


def _sniff_name(name):
    found = _CODE.search((name or "").upper())
    return (found[1], found[2]) if found else None


def _sniff_content(data, known):
    kind = kind_of(data)
    if kind == "xml":
        return flow_xml.sniff(data, known, _code)
    if kind == "csv":
        rows = flow_csv.first_rows(data)
    else:
        rows = flow_xlsx.first_rows(data)
    names = [text.strip().strip('"').upper() for text in rows[0]] if rows else []
    places = {known[text]: place for place, text in enumerate(names) if text in known}
    if len(places) < len(SOURCES):
        return None
    if not any(text.strip() for cells in rows[1:] for text in cells):
        raise FlowRefused("no_rows")
    for cells in rows[1:]:
        if max(places.values()) < len(cells):
            found = _code(*(cells[places[source]] for source in SOURCES))
            if found:
                return found
    return None


def _code(service, flow):
    """(service, flow) when the two texts are such codes, else None."""
    service = service.strip().strip('"').strip().upper()
    flow = flow.strip().strip('"').strip()
    if _SERVICE.match(service) and _FLOW.match(flow):
        return service, flow.zfill(4)
    return None

"""Files of flows, whatever their form: what others use of this folder.

    for name, data in members(upload, filename):
        service, flow = sniff(data, name) or ("", "")
        result = read(layout, data, name)
        for row in result.rows:
            meaning = by_source(layout, row.values)
    result = write(layout, [(practice, values), ...])

Whatever the bytes are, only ``FlowRefused`` is raised.
"""

import re

from ...utility_supply.formats import tabular
from ...utility_supply.formats.record_layout import XML
from . import flow_csv, flow_xlsx, flow_xml, flow_zip
from .flow_rows import (
    FlowReader,
    FlowRefused,
    ReadResult,
    ReadRow,
    RefusedRow,
    WriteResult,
    WrittenRow,
)

__all__ = [
    "FlowReader",
    "FlowRefused",
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

SERVICE, FLOW = "COD_SERVIZIO", "COD_FLUSSO"
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


def write(layout, records):
    """Make a file in the form that the layout asks for.

    :param Layout layout: the layout in force
    :param records: iterable of (key, {field name: value})
    :return: ``WriteResult``: the bytes, what is in them and what was left out and why
    """
    form = flow_xml if layout.file_format == XML else flow_csv
    return form.write(layout, records)


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


def sniff(data, name=""):
    """Which flow a file is: from its first record, else from its name.

    :return: (service code, flow code of four digits), or None when nothing tells
    """
    try:
        found = _sniff_content(data)
    except FlowRefused:
        found = None
    return found or _sniff_name(name)


def _sniff_name(name):
    found = _CODE.search((name or "").upper())
    return (found[1], found[2]) if found else None


def _sniff_content(data):
    kind = kind_of(data)
    if kind == "xml":
        return flow_xml.sniff(data, (SERVICE, FLOW), _code)
    if kind == "csv":
        rows = flow_csv.first_rows(data)
    else:
        rows = flow_xlsx.first_rows(data)
    names = [text.strip().strip('"').upper() for text in rows[0]] if rows else []
    if SERVICE not in names or FLOW not in names:
        return None
    service, flow = names.index(SERVICE), names.index(FLOW)
    for cells in rows[1:]:
        if max(service, flow) < len(cells):
            found = _code(cells[service], cells[flow])
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

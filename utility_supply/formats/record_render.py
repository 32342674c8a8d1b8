"""Write records by their layout: texts as they are, no rule is checked.

Whether a record may be written at all is said by ``record_layout``; here it only gets
the form that the layout asks for, CSV or XML.
"""

import codecs
from itertools import zip_longest
from xml.sax.saxutils import escape, quoteattr

from .record_layout import XML

# names of encodings as XML writes them
_NAMES = {"utf-8": "UTF-8", "cp1252": "windows-1252", "iso8859-1": "ISO-8859-1"}
_NAMES["iso8859-15"] = "ISO-8859-15"


def csv_head(layout):
    """Text before the first record: the names of the columns, if the layout wants."""
    if not layout.header:
        return ""
    return layout.delimiter.join(layout.columns()) + layout.line_end


def csv_body(layout, records):
    """Text of some records, as they are: no rule is checked.

    :param records: list of (texts by field name, items by field name)
    """
    columns, lines = layout.columns(), []
    for texts, items in records:
        for part in _spread(layout, items):
            cells = {**texts, **part}
            lines.append(layout.delimiter.join(cells[name] for name in columns))
            lines.append(layout.line_end)
    return "".join(lines)


def csv_tail(layout):
    """Text after the last record."""
    return ""


def render_csv(layout, records):
    """Bytes of a whole CSV; parameters as ``csv_body``."""
    text = csv_head(layout) + csv_body(layout, records) + csv_tail(layout)
    return text.encode(layout.encoding)


def _spread(layout, items):
    """The cells of the items of a record, line by line; at least one line."""
    if not layout.groups():
        return [{}]
    blank = {p.name: "" for f in layout.groups() for p in f.part_fields()}
    rows = list(zip_longest(*items.values(), fillvalue={})) or [()]
    return [
        {**blank, **{name: text for item in row for name, text in item.items()}}
        for row in rows
    ]


def xml_head(layout):
    """Text before the first record: declaration and the elements around."""
    space = layout.xml_namespace
    codec = codecs.lookup(layout.encoding).name.removesuffix("-sig")
    lines = [f'<?xml version="1.0" encoding="{_NAMES.get(codec, codec)}"?>']
    for depth, name in enumerate(layout.xml_root.split("/")):
        attribute = f" xmlns={quoteattr(space)}" if space and not depth else ""
        lines.append(f"{'  ' * depth}<{name}{attribute}>")
    return _text(layout, lines)


def xml_body(layout, records):
    """Text of some records, as they are: no rule is checked.

    :param records: list of (texts by field name, items by field name)
    """
    indent = "  " * len(layout.xml_root.split("/"))
    lines = []
    for texts, items in records:
        lines += _record(layout, texts, items, indent)
    return _text(layout, lines)


def xml_tail(layout):
    """Text after the last record."""
    path = list(enumerate(layout.xml_root.split("/")))
    return _text(layout, [f"{'  ' * depth}</{name}>" for depth, name in reversed(path)])


def render_xml(layout, records):
    """Bytes of a whole XML; parameters as ``xml_body``."""
    text = xml_head(layout) + xml_body(layout, records) + xml_tail(layout)
    return text.encode(layout.encoding)


def _text(layout, lines):
    return "".join(part for line in lines for part in (line, layout.line_end))


def _record(layout, texts, items, indent):
    lines = [f"{indent}<{layout.xml_record}>"]
    groups = layout.groups()
    for field in layout.fields:
        if field in groups:
            found = items.get(field.name)
            lines += _group(layout, field, found, indent + "  ") if found else ()
        elif texts.get(field.name):
            lines.append(_element(indent + "  ", field.name, texts[field.name]))
    lines.append(f"{indent}</{layout.xml_record}>")
    return lines


def _group(layout, field, items, indent):
    lines = [f"{indent}<{field.name}>"]
    for item in items:
        lines.append(f"{indent}  <{layout.xml_item}>")
        lines += [
            _element(indent + "    ", n, text) for n, text in item.items() if text
        ]
        lines.append(f"{indent}  </{layout.xml_item}>")
    return [*lines, f"{indent}</{field.name}>"]


def _element(indent, name, text):
    return f"{indent}<{name}>{escape(text)}</{name}>"


def parts_of(layout):
    """(head, body, tail) of the form that the layout asks for."""
    if layout.file_format == XML:
        return xml_head, xml_body, xml_tail
    return csv_head, csv_body, csv_tail


def render(layout, records):
    """Bytes of a whole file in the form that the layout asks for; parameters as
    ``csv_body``."""
    form = render_xml if layout.file_format == XML else render_csv
    return form(layout, records)

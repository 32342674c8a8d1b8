"""Write records by their layout: texts as they are, no rule is checked.

Whether a record may be written at all is said by ``record_layout``; here it only gets
the form that the layout asks for, CSV or XML.
"""

import codecs
from itertools import zip_longest
from xml.sax.saxutils import escape, quoteattr

# names of encodings as XML writes them
_NAMES = {"utf-8": "UTF-8", "cp1252": "windows-1252", "iso8859-1": "ISO-8859-1"}
_NAMES["iso8859-15"] = "ISO-8859-15"


def render_csv(layout, records):
    """Bytes of a CSV with texts as they are: no rule is checked.

    :param records: list of (texts by field name, items by field name)
    """
    columns = layout.columns()
    lines = [layout.delimiter.join(columns)] if layout.header else []
    for texts, items in records:
        for part in _spread(layout, items):
            cells = {**texts, **part}
            lines.append(layout.delimiter.join(cells[name] for name in columns))
    text = layout.line_end.join(lines) + layout.line_end
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


def render_xml(layout, records):
    """Bytes of an XML with texts as they are: no rule is checked.

    :param records: list of (texts by field name, items by field name)
    """
    path = layout.xml_root.split("/")
    space = layout.xml_namespace
    codec = codecs.lookup(layout.encoding).name.removesuffix("-sig")
    lines = [f'<?xml version="1.0" encoding="{_NAMES.get(codec, codec)}"?>']
    for depth, name in enumerate(path):
        attribute = f" xmlns={quoteattr(space)}" if space and not depth else ""
        lines.append(f"{'  ' * depth}<{name}{attribute}>")
    for texts, items in records:
        lines += _record(layout, texts, items, "  " * len(path))
    for depth, name in reversed(list(enumerate(path))):
        lines.append(f"{'  ' * depth}</{name}>")
    text = layout.line_end.join(lines) + layout.line_end
    return text.encode(layout.encoding)


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

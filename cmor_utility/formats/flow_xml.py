"""Write and read a flow as XML, by its layout.

Element names are the field names; the names around them are the layout's. Empty fields
have no element. Reading takes any depth between the record and its fields, ignores
namespaces, and never loads anything from outside (no DTD, no entities).
"""

import codecs

from ...utility_supply.formats.issues import FileRefused
from ...utility_supply.formats.record_layout import Issue
from ...utility_supply.formats.safe_xml import XmlParts
from .flow_csv import check_bytes
from .flow_rows import MAX_COLUMNS, MAX_ROWS, FlowReader, FlowRefused, Line

_CHUNK = 1 << 17


# --- reading ------------------------------------------------------------------


class _Document(XmlParts):
    """The one part of an XML file."""

    encodings = frozenset(
        {b"utf-8", b"us-ascii", b"windows-1252", b"iso-8859-1", b"iso-8859-15"}
    )

    def __init__(self, data):
        self._data = data

    def chunks(self, part):
        for start in range(0, len(self._data), _CHUNK):
            yield self._data[start : start + _CHUNK]


def read(layout, data):
    """Read a file; parameters, result and errors as ``flow_csv.read``."""
    return open_xml(layout, data).read_all()


def open_document(data):
    """A document that was checked whole.

    :raise FlowRefused: empty, too_big, nul, xml, xml_dtd
    """
    check_bytes(data)
    document = _Document(data.removeprefix(codecs.BOM_UTF8).lstrip())
    try:
        document.check("XML")
    except FileRefused as error:
        issue = error.issues[0]
        if issue.code == "xml_entity":
            raise FlowRefused("xml_dtd") from error
        raise FlowRefused("xml", detail=issue.params.get("detail", "")) from error
    return document


def sniff(data, known, judge):
    """The first texts of the elements or attributes ``known`` that ``judge`` likes.

    :param dict known: {name in capitals: "service_code" or "flow_code"}
    :param judge: function of their two texts, a true answer ends the search
    :return: the answer of ``judge``, or None
    :raise FlowRefused: it is no XML that may be read
    """
    document = open_document(data)
    found = {}
    for element, _done in _elements(document, ("*",)):
        texts = {**element.attrib, local_name(element): element.text or ""}
        for name, text in texts.items():
            source = known.get(name.upper())
            if source:
                found[source] = text
        answer = len(found) == 2 and judge(found["service_code"], found["flow_code"])
        if answer:
            return answer
    return None


def open_xml(layout, data):
    """Like ``read``, but the records are read while they are walked.

    :return: ``FlowReader``
    :raise FlowRefused: the file as a whole cannot be read
    """
    document = open_document(data)
    name = layout.xml_record
    if data.count(name.encode()) > 2 * MAX_ROWS:
        raise FlowRefused("too_many_rows", limit=MAX_ROWS)
    if next(_elements(document, (f"{{*}}{name}",)), None) is None:
        raise FlowRefused("record_missing", name=name)
    return FlowReader(layout, lambda: _walk(layout, document), "xml")


def _walk(layout, document):
    """A Line for each record; what stands beside the records becomes a bad line."""
    name, number, last = layout.xml_record, 0, None
    read = _Record(layout)
    for element, _done in _elements(document, (f"{{*}}{name}",)):
        for other in reversed(list(element.itersiblings(preceding=True))):
            if len(other):
                number += 1
                yield _foreign(read, other, number)
        number += 1
        last = element
        yield read.line(element, number)
    for other in last.itersiblings() if last is not None else ():
        if len(other):
            number += 1
            yield _foreign(read, other, number)


def _elements(document, wanted):
    try:
        yield from document.elements("XML", wanted)
    except FileRefused as error:
        detail = error.issues[0].params.get("detail", "")
        raise FlowRefused("xml", detail=detail) from error


def local_name(element):
    """Name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _foreign(read, element, number):
    line = read.line(element, number)
    issue = Issue("unknown_element", "", local_name(element), number)
    return Line(number, line.cells, (*line.issues, issue), line.items)


class _Record:
    """Reads records by a layout: attributes and leaves at any depth, by their name."""

    def __init__(self, layout):
        self._known = {field.name.upper(): field.name for field in layout.fields}
        self._fields = frozenset(self._known.values())
        self._groups = {field.name: field for field in layout.groups()}
        # a file has few names, and says them again in each record
        self._names = {}

    def _name(self, tag):
        name = self._names.get(tag)
        if name is None:
            local = str(tag).rpartition("}")[2]
            if len(self._names) > MAX_COLUMNS:  # of a file that has another in each
                self._names.clear()
            name = self._names[tag] = self._known.get(local.upper(), local)
        return name

    def line(self, element, number):
        """The texts of a record."""
        cells, issues = self._flat(element), []
        if cells is not None:
            return Line(number, cells, (), {name: [] for name in self._groups})
        cells, items = {}, {name: [] for name in self._groups}

        def add(name, text):
            name = self._known.get(name.upper(), name)
            if cells.get(name, "").strip():
                if name in self._fields:
                    issues.append(Issue("double", name, text[:80], number))
                text = f"{cells[name]} {text}"
            cells[name] = text

        for node in self._leaves(element):
            name = self._name(node.tag)
            stray = "" if node is element else (node.tail or "").strip()
            if name in self._groups:
                items[name] += _items(self._groups[name], node, number, issues)
            else:
                for attribute, text in node.attrib.items():
                    add(attribute.rpartition("}")[2], text)
                if not len(node) and node is not element:
                    add(name, node.text or "")
                else:
                    stray = (node.text or "").strip() or stray
            if stray:  # text between elements belongs to no field
                issues.append(Issue("unknown_element", name, stray[:80], number))
        return Line(number, cells, tuple(issues), items)

    def _flat(self, element):
        """The texts of the usual record: leaves without attributes, each name once;
        None for any other."""
        cells = {}
        if element.attrib or (element.text and element.text.strip()):
            return None
        for node in element:
            name = self._name(node.tag)
            if len(node) or node.attrib or name in cells or name in self._groups:
                return None
            if node.tail and node.tail.strip():
                return None
            cells[name] = node.text or ""
        return cells

    def _leaves(self, element):
        """The element and its descendants; groups are not entered."""
        stack = [element]
        while stack:
            node = stack.pop()
            yield node
            if self._name(node.tag) not in self._groups:
                stack += reversed(node)


def _items(field, node, number, issues):
    """Texts by heading of each child of a group."""
    known = {part.name.upper(): part.name for part in field.part_fields()}
    found = []
    for child in node:
        item = {}
        for leaf in child.iter():
            if len(leaf):
                continue
            name = known.get(local_name(leaf).upper())
            if name is None or name in item:
                rule = "unknown_element" if name is None else "double"
                issues.append(Issue(rule, local_name(leaf), "", number))
            else:
                item[name] = leaf.text or ""
        found.append(item)
    if not len(node) and (node.text or "").strip():
        issues.append(Issue("bad_type", field.name, node.text.strip()[:80], number))
    return found

"""The parts of an XLSX, opened without trusting them.

An XLSX is a zip of XML parts. Before anything is read: number and size of the parts
as the directory declares them (a part never yields more than declared), ratio against
zip bombs, no encryption. A part is then checked whole, checksum and XML, by libxml2
without building a tree (it bounds depth and length), and refused if it has a DTD, the
only place where entities can be declared. Only then is it read, by expat.
"""

import io
import posixpath
import re
import struct
import zipfile
import zlib
from xml.parsers import expat

from lxml import etree

from .issues import FileRefused, refuse

CHUNK = 1 << 17
SMALL_PART = 32 * 2**20  # workbook, relations, styles
_MAX_DIRECTORY = 4 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    OverflowError,
)

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main ",
    "http://purl.oclc.org/ooxml/spreadsheetml/main ",
)
_RELATION_ID = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_MERGE = re.compile(
    rb"<(?:[\w.-]+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z0-9:$]{1,32})"
)
_MERGE_LENGTH = 200  # longest tag that may straddle two chunks


def names(*locals_):
    """{namespaced tag: local name} of spreadsheet elements, transitional and strict."""
    return {namespace + local: local for namespace in _MAIN for local in locals_}


class Package:
    """An open XLSX. Everything it raises is FileRefused."""

    def __init__(self, data, limits):
        self._limits = limits
        try:
            _check_directory(data)
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            refuse("corrupt_workbook", detail=type(error).__name__)
        self._parts = {}
        for info in self._zip.infolist():
            self._parts.setdefault(info.filename.lstrip("/").casefold(), info)
        self._check_sizes()

    def _check_sizes(self):
        entries = self._zip.infolist()
        limits = self._limits
        if len(entries) > limits.max_entries:
            refuse("zip_bomb", part=f"{len(entries)} parts")
        if any(info.flag_bits & 1 for info in entries):
            refuse("protected_workbook")
        if sum(info.file_size for info in entries) > limits.max_uncompressed:
            refuse("zip_bomb", part=f"> {limits.max_uncompressed >> 20} MB")
        for info in entries:
            ratio = info.file_size / max(info.compress_size, 1)
            if info.file_size > limits.ratio_floor and ratio > limits.max_ratio:
                refuse("zip_bomb", part=f"{info.filename}, {ratio:.0f}:1")

    def has(self, part):
        return part.casefold() in self._parts

    def size(self, part):
        return self._parts[part.casefold()].file_size

    def chunks(self, part):
        """The bytes of ``part``, piece by piece."""
        info = self._parts.get(part.casefold())
        if info is None or info.compress_type not in _METHODS:
            refuse("corrupt_workbook", detail=part)
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except _BROKEN as error:
            refuse("corrupt_workbook", detail=f"{part}: {type(error).__name__}")

    def check(self, part, *, merges=False):
        """Refuse ``part`` unless it is whole, well-formed and free of DTD. Returns the
        references of its merged cells ("A1:C1") when ``merges``."""
        parser = etree.XMLParser(
            target=_NoDoctype(part), resolve_entities=False, no_network=True
        )
        found, tail = [], b""
        try:
            for chunk in self.chunks(part):
                parser.feed(chunk)
                if merges:
                    window = tail + chunk
                    found += _MERGE.findall(window)
                    # only what follows the last match may hold another, cut in two
                    last = window.rfind(b">") + 1
                    tail = window[max(last, len(window) - _MERGE_LENGTH) :]
            parser.close()
        except (etree.XMLSyntaxError, ValueError, AssertionError) as error:
            refuse("corrupt_workbook", detail=f"{part}: {str(error)[:80]}")
        return [reference.decode("ascii").replace("$", "") for reference in found]

    def read(self, part, on_start, *, namespaced=True):
        """Check a small part, then call ``on_start(tag, attributes)`` for its tags."""
        if not self.has(part) or self.size(part) > SMALL_PART:
            refuse("corrupt_workbook", detail=part)
        self.check(part)
        parser = make_parser(part)
        parser.StartElementHandler = on_start
        for _chunk in feed(parser, self.chunks(part), part):
            pass


class _NoDoctype:
    """A parser target without start, end and data: libxml2 only checks."""

    def __init__(self, part):
        self._part = part

    def doctype(self, *_args):
        refuse("xml_entity", part=self._part)

    def close(self):
        return None


def make_parser(part):
    """An expat parser that names tags "namespace local" and refuses a DTD."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def doctype(*_args):
        refuse("xml_entity", part=part)

    parser.StartDoctypeDeclHandler = doctype
    return parser


def feed(parser, chunks, part):
    """Feed ``parser``; yields after each chunk, so that a reader can hand on rows."""
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            yield len(chunk)
        parser.Parse(b"", True)
        yield 0
    except expat.ExpatError as error:
        refuse("corrupt_workbook", detail=f"{part}: {error}")


def _check_directory(data):
    """Bound the zip's directory before ``zipfile`` builds an object for each entry."""
    start = data.rfind(b"PK\x05\x06", max(0, len(data) - 65557))
    if start < 0:
        raise zipfile.BadZipFile("no directory")
    size = struct.unpack_from("<L", data, start + 12)[0]
    if data[start - 20 : start - 16] == b"PK\x06\x07" and start >= 20:
        where = struct.unpack_from("<Q", data, start - 20 + 8)[0]
        size = struct.unpack_from("<Q", data, where + 40)[0]
    if size > _MAX_DIRECTORY:
        refuse("zip_bomb", part="directory")


def workbook_part(package):
    """The path of the workbook part, "xl/workbook.xml" nearly always."""
    found = []

    def on_start(tag, attributes):
        kind = attributes.get("Type", "")
        if tag.endswith(" Relationship") and kind.endswith("/officeDocument"):
            found.append(attributes.get("Target", "").lstrip("/"))

    if package.has("_rels/.rels"):
        package.read("_rels/.rels", on_start)
    return found[0] if found else "xl/workbook.xml"


class Workbook:
    """Sheets, date system, styles and shared strings' path of an XLSX.

    ``sheets``: list of (name, part, visible) of worksheets, in order.
    """

    def __init__(self, package):
        self._package = package
        self._part = workbook_part(package)
        self.date1904 = False
        self._listed = []
        package.read(self._part, self._on_workbook)
        self._relations = self._read_relations()
        self.sheets = [
            (name, self._relations[relation][1], visible)
            for name, relation, visible in self._listed
            if self._relations.get(relation, ("", ""))[0] == "worksheet"
        ]

    def _on_workbook(self, tag, attributes):
        local = tag.rpartition(" ")[2]
        if local == "workbookPr":
            self.date1904 = attributes.get("date1904") in ("1", "true", "on")
        elif local == "sheet":
            relation = next(
                (attributes[key] for key in _RELATION_ID if key in attributes), ""
            )
            visible = attributes.get("state", "visible") == "visible"
            self._listed.append((attributes.get("name", ""), relation, visible))

    def _read_relations(self):
        """relation id -> (last word of its type, path of the part)."""
        folder, name = posixpath.split(self._part)
        relations = {}

        def on_start(tag, attributes):
            if tag.endswith(" Relationship") and attributes.get("TargetMode") != (
                "External"
            ):
                target = attributes.get("Target", "")
                if target.startswith("/"):
                    path = target.lstrip("/")
                else:
                    path = posixpath.normpath(posixpath.join(folder, target))
                kind = attributes.get("Type", "").rpartition("/")[2]
                relations[attributes.get("Id", "")] = (kind, path)

        part = posixpath.join(folder, "_rels", f"{name}.rels")
        self._package.read(part, on_start)
        return relations

    def part_of(self, kind):
        """The part of the first relation of ``kind`` that is there, or None."""
        for found, path in self._relations.values():
            if found == kind and self._package.has(path):
                return path
        return None

    def date_styles(self):
        """The set of cell style indexes ("s" attribute, text) that show a date."""
        part = self.part_of("styles")
        reader = _StyleReader()
        if part:
            self._package.read(part, reader.on_start)
        return reader.dates()


class _StyleReader:
    def __init__(self):
        self._formats, self._styles, self._inside = {}, [], False

    def on_start(self, tag, attributes):
        local = tag.rpartition(" ")[2]
        if local == "numFmt":
            code = attributes.get("formatCode", "")
            self._formats[attributes.get("numFmtId")] = code
        elif local in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._inside = local == "cellXfs"
        elif local == "xf" and self._inside:
            self._styles.append(attributes.get("numFmtId", "0"))

    def dates(self):
        known = {}
        for number in set(self._styles):
            code = self._formats.get(number)
            known[number] = (
                is_date_format(code) if code is not None else number in _BUILTIN_DATES
            )
        return {str(i) for i, number in enumerate(self._styles) if known[number]}


# built-in formats that show a day; 18-21 and 45-47 are times of day
_BUILTIN_DATES = frozenset(
    str(number) for number in (14, 15, 16, 17, 22, *range(27, 37), *range(50, 59))
)
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


def is_date_format(code):
    """True when the number format shows a day, month or year (not only a time)."""
    shown = _LITERALS.sub("", code.partition(";")[0]).lower()
    if shown in ("general", "standard"):
        return False
    if "d" in shown or "y" in shown:
        return True
    return "m" in shown and not ("h" in shown or "s" in shown)


__all__ = ["FileRefused", "Package", "Workbook", "feed", "make_parser", "names"]

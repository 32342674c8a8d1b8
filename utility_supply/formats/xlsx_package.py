"""The parts of an XLSX, opened without trusting them.

An XLSX is a zip of XML parts. Before anything is read: number and size of the parts
as the directory declares them (a part never yields more than declared), ratio against
zip bombs, no encryption. A part is then checked whole, checksum and XML, by libxml2
without building a tree (it bounds depth and length), and refused if it has a DTD, the
only place where entities can be declared. Only then its elements are read, one by one.
"""

import io
import posixpath
import re
import struct
import zipfile
import zlib

from . import cells
from .issues import FileRefused, refuse
from .safe_xml import XmlParts

CHUNK = 1 << 17
MAX_SMALL_PART = 32 * 2**20  # workbook, relations, styles
_MAX_DIRECTORY = 4 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)

_MAIN = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
_RELATION = (
    "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship",
)
_RELATION_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)


def tags(*locals_):
    """The tags of spreadsheet elements, transitional and strict."""
    return tuple(namespace + local for namespace in _MAIN for local in locals_)


class Package(XmlParts):
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

    def members(self):
        """Names of the files in the zip, in order, as its directory writes them."""
        return [i.filename for i in self._zip.infolist() if not i.is_dir()]

    def has(self, part):
        return part.casefold() in self._parts

    def size(self, part):
        """Bytes of ``part`` once unpacked, 0 when it is not there."""
        info = self._parts.get(part.casefold())
        return info.file_size if info else 0

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

    def parsed(self, part, wanted):
        """The elements of a small part that is still to be checked."""
        if self.size(part) > MAX_SMALL_PART:
            refuse("corrupt_workbook", detail=f"{part}: too long")
        self.check(part)
        for element, _done in self.elements(part, wanted):
            yield element


def zip_names(data):
    """Names of the files in a zip, as its directory writes them; None when it has no
    directory that can be read."""
    try:
        _check_directory(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (*_BROKEN, FileRefused):
        return None


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


class Workbook:
    """Sheets, date system, styles and shared strings of an XLSX.

    ``sheets``: list of (name, part, visible) of worksheets, in order.
    """

    def __init__(self, package):
        self._package = package
        self._part = self._find_part()
        self.date1904 = False
        self._relations = self._read_relations(self._part)
        self.sheets = list(self._read_sheets())

    def _find_part(self):
        """The path of the workbook part, "xl/workbook.xml" nearly always."""
        if self._package.has("_rels/.rels"):
            for kind, path in self._read_relations("").values():
                if kind == "officeDocument":
                    return path
        return "xl/workbook.xml"

    def _read_relations(self, owner):
        """relation id -> (last word of its type, path of the part)."""
        folder, name = posixpath.split(owner)
        relations = {}
        part = posixpath.join(folder, "_rels", f"{name}.rels")
        for item in self._package.parsed(part, _RELATION):
            if item.get("TargetMode") == "External":
                continue
            target = item.get("Target", "")
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = item.get("Type", "").rpartition("/")[2]
            relations[item.get("Id", "")] = (kind, path)
        return relations

    def _read_sheets(self):
        for item in self._package.parsed(self._part, tags("workbookPr", "sheet")):
            if item.tag.endswith("}workbookPr"):
                self.date1904 = item.get("date1904") in ("1", "true", "on")
                continue
            relation = next(filter(None, map(item.get, _RELATION_ID)), "")
            kind, path = self._relations.get(relation, ("", ""))
            if kind == "worksheet":
                visible = item.get("state", "visible") == "visible"
                yield item.get("name", ""), path, visible

    def part_of(self, kind):
        """The part of the first relation of ``kind`` that is there, or None."""
        for found, path in self._relations.values():
            if found == kind and self._package.has(path):
                return path
        return None

    def styles(self):
        """(dates, padded): the indexes ("s" attribute, text) of the cell styles that
        show a date, and {index: digits} of those that show leading zeros."""
        part = self.part_of("styles")
        formats, used = {}, []
        for item in self._package.parsed(part, tags("numFmt", "xf")) if part else ():
            if item.tag.endswith("}numFmt"):
                formats[item.get("numFmtId")] = item.get("formatCode", "")
            elif item.getparent().tag.endswith("}cellXfs"):
                used.append(item.get("numFmtId", "0"))
        dates, padded = set(_BUILTIN_DATES.difference(formats)), {}
        for number, code in formats.items():
            if cells.padding(code):
                padded[number] = cells.padding(code)
            elif is_date_format(code):
                dates.add(number)
        styles = list(enumerate(used))
        return (
            {str(index) for index, number in styles if number in dates},
            {str(i): padded[number] for i, number in styles if number in padded},
        )


# built-in formats that show a day; 18-21 and 45-47 are times of day
_BUILTIN_DATES = frozenset(
    str(number) for number in (14, 15, 16, 17, 22, *range(27, 37), *range(50, 59))
)
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def is_date_format(code):
    """True when the number format shows a day, month or year (not only a time)."""
    # Excel's formats have 255 characters at most
    shown = _LITERALS.sub("", code[:255].partition(";")[0]).lower()
    if shown in ("general", "standard"):
        return False
    if "d" in shown or "y" in shown:
        return True
    return "m" in shown and not ("h" in shown or "s" in shown)

"""A table out of the bytes of a CSV, XLSX or XLS: the same rows in all three forms.

    table = open_table(data, "bollette.xlsx", sheet="Bollette")
    table.headings            # ["Numero bolletta", ...]
    for row in table.rows():  # RawRow(number, {heading: Cell}, issues), streaming
        ...

Whatever the bytes are, only :class:`~.issues.FileRefused` is raised, nearly always by
``open_table``: the file is checked whole (checksums, XML, quotes, encoding) before the
first row is given. Blank rows are left out and cost next to nothing.
"""

from pathlib import PurePath

from . import cells, csv_reader, xls_reader, xlsx_reader
from .cells import EMPTY, Cell, Limits, RawRow
from .issues import FileRefused, make, refuse
from .xlsx_package import zip_names

__all__ = ["Cell", "Limits", "RawRow", "Table", "list_sheets", "open_table", "sniff"]

KINDS = ("csv", "xlsx", "xls")
EXTENSIONS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x08\x10\x00\x00\x06", b"\x09\x08\x08\x00\x00\x05")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# what people upload by mistake, told by the first bytes
_FOREIGN = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "GZIP"),
    (b"{\\rtf", "RTF"),
)
_MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<workbook", b"<meta", b"<div")


def sniff(data):
    """What the bytes are: "csv", "xlsx", "xls", "protected", or the name of a format
    that cannot be acquired ("PDF", "HTML or XML", "ODS", "XLSB", "ZIP")."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_zip(data)
    if data.startswith(_OLE):
        return "protected" if _ENCRYPTED in data else "xls"
    if data.startswith(_BIFF):
        return "xls"
    for mark, name in _FOREIGN:
        if data.startswith(mark):
            return name
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "HTML or XML" if start.startswith(_MARKUP) else "csv"


def _sniff_zip(data):
    if b"opendocument" in data[:200]:
        return "ODS"
    names = zip_names(data)
    if names is None:
        # cut off: a workbook is known by the names of its parts all the same
        edges = data[-65536:] + data[:4096]
        looks = b"[Content_Types].xml" in data or b"xl/" in edges
        return "xlsx" if looks else "ZIP"
    if "xl/workbook.bin" in names:
        return "XLSB"
    if "word/document.xml" in names:
        return "DOCX"
    parts = ("[Content_Types].xml", "xl/")
    return "xlsx" if any(n.lstrip("/").startswith(parts) for n in names) else "ZIP"


def check_kind(data, filename, kind=None, limits=None):
    """The kind of the file, or FileRefused when content, name and ``kind`` disagree."""
    limits = limits or Limits()
    if not data:
        refuse("empty_file")
    if len(data) > limits.max_bytes:
        size, limit = len(data) >> 20, limits.max_bytes >> 20
        refuse("file_too_large", value=filename, size=size, limit=limit)
    extension = PurePath(filename or "").suffix.lower()
    if extension and extension not in EXTENSIONS:
        refuse("unknown_extension", value=filename, filename=filename)
    found = sniff(data)
    if found == "protected":
        refuse("protected_workbook")
    named = EXTENSIONS.get(extension)
    if named and named != found:
        shown = found.upper() if found in KINDS else found
        names = {"filename": filename, "extension": extension, "found": shown}
        refuse("wrong_extension", value=filename, **names)
    if found not in KINDS:
        refuse("unsupported_file", value=filename, found=found)
    if kind and kind != found:
        refuse("wrong_kind", expected=kind.upper(), found=found.upper())
    return found


def list_sheets(data, filename, *, limits=None):
    """Names of the visible sheets of a workbook; ``[""]`` for a CSV."""
    limits = limits or Limits()
    kind = check_kind(data, filename, limits=limits)
    if kind == "csv":
        return [""]
    reader = xlsx_reader if kind == "xlsx" else xls_reader
    return reader.list_sheets(data, limits)


def open_table(
    data,
    filename,
    *,
    kind=None,
    sheet=None,
    header_row=None,
    encoding=None,
    delimiter=None,
    limits=None,
):
    """The :class:`Table` in ``data``.

    ``kind``: "csv", "xlsx" or "xls", refused if the content is another; ``sheet``: name
    (case ignored), default the first visible one; ``header_row``: 1-based, default the
    first row that is not blank; ``encoding``: "utf-8", "utf-16", "cp1252",
    "iso-8859-1", "iso-8859-15", default found out; ``delimiter``: one of ; , tab,
    default found out. Raises FileRefused.
    """
    limits = limits or Limits()
    found = check_kind(data, filename, kind, limits)
    if found == "csv":
        source = csv_reader.CsvSource(
            data, limits, encoding=encoding, delimiter=delimiter, header_row=header_row
        )
    elif found == "xlsx":
        source = xlsx_reader.XlsxSource(data, limits, sheet=sheet)
    else:
        source = xls_reader.XlsSource(data, limits, sheet=sheet)
    return Table(source, header_row, limits)


class Table:
    """A sheet with headings.

    ``kind``; ``sheet`` ("" for CSV); ``header_row``; ``headings``: those not blank, in
    order, on one line and without the star of a required column; ``columns``: heading
    -> letter; ``warnings``: Issues that stop nothing; ``encoding`` (CSV).
    """

    def __init__(self, source, header_row, limits):
        self._source = source
        self._limits = limits
        self.kind = source.kind
        self.sheet = source.sheet
        self.encoding = getattr(source, "encoding", "")
        self.header_row, found = self._find_header(header_row)
        self._check_merged_header()
        self._names = self._read_headings(found)
        self.headings = list(self._names.values())
        self.columns = {
            name: cells.column_letter(index) for index, name in self._names.items()
        }
        source.set_header(self.header_row, max(self._names) + 1)
        self.warnings = list(source.warnings)

    @property
    def progress(self):
        """How much of the file the running ``rows()`` has read, 0.0 to 1.0."""
        return self._source.progress

    @property
    def count(self):
        """Rows that are not blank, below the headings; None where only reading tells
        (XLSX, XLS)."""
        count = self._source.count
        return None if count is None else max(count - 1, 0)

    def _find_header(self, wanted):
        for number, found, _issues in self._source.records():
            if wanted and number < wanted:
                continue
            if wanted and number > wanted:
                break
            return number, found
        if wanted:
            refuse("header_row_missing", sheet=self.sheet, header_row=wanted)
        return refuse("empty_file", sheet=self.sheet)

    def _check_merged_header(self):
        for top, bottom, left, right in self._source.merges:
            if top <= self.header_row <= bottom:
                first, last = cells.column_letter(left), cells.column_letter(right)
                refuse(
                    "merged_header",
                    sheet=self.sheet,
                    row=self.header_row,
                    value=f"{first}{top}:{last}{bottom}",
                )

    def _read_headings(self, found):
        """{column index: heading} in order."""
        if len(found) > self._limits.max_columns:
            limit = self._limits.max_columns
            refuse("too_many_columns", sheet=self.sheet, limit=limit)
        names, first, problems = {}, {}, []
        for index, cell in found:
            name = cells.clean_heading(cells.plain(cell))
            key = name.casefold()
            if not name:
                continue
            if key in first:
                problems.append(
                    make(
                        "duplicate_heading",
                        sheet=self.sheet,
                        row=self.header_row,
                        value=name,
                        first=cells.column_letter(first[key]),
                        second=cells.column_letter(index),
                    )
                )
            first.setdefault(key, index)
            names[index] = name
        if problems:
            raise FileRefused(*problems)
        if not names:
            refuse("no_headings", sheet=self.sheet, row=self.header_row)
        return names

    def rows(self, start=0):
        """Iterate the rows below the headings, from row number ``start`` on. Each call
        begins anew, so the file can be walked as often as needed."""
        blank = dict.fromkeys(self.headings, EMPTY)
        names = self._names
        first = max(start, self.header_row + 1)
        merged = _MergedRows(self._source.merges, names, self.header_row, self.sheet)
        for number, found, issues in self._source.records():
            if number < first:
                continue
            values = blank.copy()
            filled = False
            for column, cell in found:
                name = names.get(column)
                if name is not None:
                    values[name] = cell
                    filled = True
            if merged.areas:
                issues = (*issues, *merged.issues(number))
            if filled or issues:
                yield RawRow(number, values, issues)


class _MergedRows:
    """Which data rows are touched by merged cells; rows are asked in rising order."""

    def __init__(self, merges, names, header_row, sheet):
        last = max(names)
        self.areas = sorted(
            area for area in merges if area[1] > header_row and area[2] <= last
        )
        self._next = 0
        self._lowest = (0, 0, 0, 0)  # of the areas begun, the one that ends last
        self._sheet = sheet

    def issues(self, number):
        """The issue of row ``number`` when a merged area covers it, in a tuple."""
        while self._next < len(self.areas) and self.areas[self._next][0] <= number:
            self._lowest = max(
                self._lowest, self.areas[self._next], key=lambda area: area[1]
            )
            self._next += 1
        top, bottom, left, right = self._lowest
        if bottom < number:
            return ()
        first, last = cells.column_letter(left), cells.column_letter(right)
        area = f"{first}{top}:{last}{bottom}"
        return (make("merged_cells", sheet=self._sheet, row=number, value=area),)

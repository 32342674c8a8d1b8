"""XLSX: the cells of one sheet, streamed from the XML.

Memory is that of one chunk plus the shared strings, kept as one block of bytes.
Why not openpyxl: docs/decisions/0003-tabular-reader.md.
"""

import re
from array import array
from datetime import datetime

from . import cells
from .cells import Cell
from .issues import refuse
from .xlsx_package import Package, Workbook, tags

_MAX_ROW, _MAX_COLUMN = 1_048_576, 16_384
_MAX_STRINGS = 10_000_000
_MAX_SHOWN = 1000  # characters kept of a formula or an error, which nobody converts
_SHEET_DATA = tags("sheetData")
_ROWS = (*tags("row"), *_SHEET_DATA)
_STRINGS = tags("si")
_FORMULA, _TEXT, _RUN = tags("f"), tags("t"), tags("r")
_DIGITS = "0123456789"
_REMEMBERED_DAYS = 20_000
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")


def list_sheets(data, limits):
    """Names of the worksheets, visible ones only unless none is."""
    sheets = Workbook(Package(data, limits)).sheets
    return [name for name, _part, visible in sheets if visible] or [
        name for name, _part, _visible in sheets
    ]


class XlsxSource:
    """The records of one sheet. ``records()`` can be walked more than once.

    ``merges``: (first row, last row, first column, last column) of merged cells, rows
    from 1, columns from 0.
    """

    kind = "xlsx"
    warnings = ()
    count = None

    def __init__(self, data, limits, *, sheet=None):
        self._limits = limits
        self._package = Package(data, limits)
        book = Workbook(self._package)
        self.sheet, self._part = _choose(book, sheet)
        self._date1904 = book.date1904
        self._dates, self._padded = book.styles()
        if not self._package.has(self._part):
            refuse("corrupt_workbook", detail=self._part)
        checked = self._package.check(self._part, sheet=True)
        self.merges = [area for area in map(parse_area, checked.merges) if area]
        self._formulas = checked.formulas
        strings = book.part_of("sharedStrings")
        self._strings = SharedStrings(self._package, strings, limits.max_cell_chars)
        self.progress = 0.0

    def set_header(self, number, width):
        """Nothing to check: the end of an XLSX is guarded by its checksums."""

    def records(self):
        """Yield (number, [(column, Cell)], ()) of the rows that are not blank."""
        read_row = _RowReader(
            self._strings,
            (self._dates, self._padded),
            self._date1904,
            self._limits.max_cell_chars,
            self._formulas,
        )
        size = max(self._package.size(self._part), 1)
        number = count = 0
        for element, done in self._package.elements(self._part, _ROWS):
            reference = element.get("r")
            if reference is None and element.tag in _SHEET_DATA:
                return
            number = _next_row(number, reference)
            if not len(element):
                continue
            self.progress = done / size
            found = read_row(element)
            if found:
                count += 1
                self._check_count(count, number)
                yield number, found, ()

    def _check_count(self, count, number):
        limit = self._limits.max_rows
        if count > limit:
            refuse("too_many_rows", sheet=self.sheet, row=number, limit=limit)


def _choose(book, wanted):
    if not book.sheets:
        refuse("no_sheet")
    if not wanted:
        shown = [sheet for sheet in book.sheets if sheet[2]] or book.sheets
        return shown[0][:2]
    for name, part, _visible in book.sheets:
        if name.strip().casefold() == wanted.strip().casefold():
            return name, part
    found = ", ".join(name for name, _part, _visible in book.sheets)
    return refuse("missing_sheet", value=wanted, wanted=wanted, found=found)


def parse_area(reference):
    """ "B2:D3" -> (2, 3, 1, 3); None when it is no area of a sheet."""
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return None
    left, top, right, bottom = found.groups()
    right, bottom = right or left, bottom or top
    return int(top), int(bottom), column_index(left), column_index(right)


def column_index(letters):
    """ "A" -> 0, "AA" -> 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def unescape(text):
    """``text`` without escapes (_x000D_); NUL and surrogates stay escaped."""

    def character(found):
        code = int(found[1], 16)
        return found[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(character, text)


def rich_text(element):
    """The text of <si> or <is>: plain or in runs, without phonetic hints."""
    if len(element) == 1 and not len(element[0]):
        return element[0].text or ""
    pieces = []
    for child in element:
        if child.tag in _TEXT:
            pieces.append(child.text or "")
        elif child.tag in _RUN:
            pieces.extend(part.text or "" for part in child if part.tag in _TEXT)
    return "".join(pieces)


class SharedStrings:
    """The texts that cells refer to by number; 8 bytes each beside the text itself."""

    def __init__(self, package, part, limit):
        self._bytes = bytearray()
        self._ends = array("Q")
        if part:
            package.check(part)
            for element, _done in package.elements(part, _STRINGS):
                text = rich_text(element)
                if len(text) > limit:
                    refuse("cell_too_long", limit=limit)
                self._bytes += text.encode()
                self._ends.append(len(self._bytes))
                if len(self._ends) > _MAX_STRINGS:
                    refuse("corrupt_workbook", detail=f"{part}: too long")

    def get(self, index):
        """The text number ``index``; IndexError when there is none."""
        if index < 0:
            raise IndexError(index)
        end = self._ends[index]
        start = self._ends[index - 1] if index else 0
        return self._bytes[start:end].decode()


class _RowReader:
    """Called with a <row> and its number, gives [(column, Cell)] of what is filled."""

    def __init__(self, strings, styles, date1904, limit, formulas):
        self._strings = strings
        self._dates, self._padded = styles
        self._date1904 = date1904
        self._limit = limit
        self._formulas = formulas
        self._columns = {}
        self._days = {}

    def __call__(self, row):
        column, found, columns = -1, [], self._columns
        for element in row:
            reference = element.get("r")
            if reference is None:
                column += 1
            else:
                letters = reference.rstrip(_DIGITS)
                column = columns.get(letters, -1)
                if column < 0:
                    column = columns[letters] = _safe_column(letters)
            if len(element):
                cell = self._cell(element)
                if cell is not None:
                    found.append((column, cell))
        return found

    def _cell(self, element):
        """The Cell of a <c> that has children, or None when it is blank."""
        child = element[0]
        if self._formulas and child.tag in _FORMULA:
            return Cell(f"={(child.text or '')[:_MAX_SHOWN]}", cells.FORMULA)
        kind = element.get("t")
        if kind == "inlineStr":
            return self._text(rich_text(child))
        text = child.text
        if not text:
            return None
        if kind is None or kind == "n":
            return self._number(text.strip(), element.get("s"))
        if kind == "s":
            try:
                return self._text(self._strings.get(int(text)))
            except (IndexError, ValueError, OverflowError):
                return Cell(f"#{text[:_MAX_SHOWN]}", cells.ERROR)
        return self._text(text) if kind == "str" else _other_cell(kind, text)

    def _text(self, text):
        if not text or text.isspace():
            return None
        if len(text) > self._limit:
            refuse("cell_too_long", limit=self._limit)
        return Cell(unescape(text) if "_x" in text else text, cells.TEXT)

    def _number(self, text, style):
        if not text:
            return None
        try:
            if style is not None:
                if style in self._dates:
                    return self._day(text)
                if style in self._padded:
                    text = cells.number_text(text).zfill(self._padded[style])
                    return Cell(text, cells.NUMBER)
            return Cell(cells.number_text(text), cells.NUMBER)
        except (ValueError, OverflowError, ArithmeticError):
            return Cell(text[:_MAX_SHOWN], cells.ERROR)

    def _day(self, text):
        """A file has few different days: they are worked out once."""
        cell = self._days.get(text)
        if cell is None:
            cell = cells.serial_cell(text, self._date1904)
            if len(self._days) < _REMEMBERED_DAYS and len(text) < 30:
                self._days[text] = cell
        return cell


def _other_cell(kind, text):
    if kind == "b":
        return Cell(text.strip() in ("1", "true"), cells.BOOL)
    if kind == "d":
        return _iso_cell(text.strip())
    return Cell(text[:_MAX_SHOWN], cells.ERROR)


def _iso_cell(text):
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return Cell(text[:_MAX_SHOWN], cells.ERROR)
    moment = moment.replace(tzinfo=None)
    midnight = moment.time() == moment.min.time()
    return Cell(moment.date() if midnight else moment, cells.DATE)


def _next_row(previous, reference):
    number = previous + 1 if reference is None else _safe_int(reference)
    if not previous < number <= _MAX_ROW:
        refuse("corrupt_workbook", detail=f"row {number} after {previous}")
    return number


def _safe_int(text):
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _safe_column(letters):
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        refuse("corrupt_workbook", detail=f"cell {letters[:10]}")
    index = column_index(letters.upper())
    if index >= _MAX_COLUMN:
        refuse("corrupt_workbook", detail=f"cell {letters[:10]}")
    return index

"""XLSX: the cells of one sheet, streamed from the XML.

Memory is that of one chunk plus the shared strings, kept as one block of bytes.
Why not openpyxl: docs/decisions/0002-tabular-reader.md.
"""

import re
from array import array
from datetime import datetime

from . import cells
from .cells import Cell
from .issues import refuse
from .xlsx_package import Package, Workbook, feed, make_parser, names

_MAX_ROW, _MAX_COLUMN = 1_048_576, 16_384
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
        self._dates = book.date_styles()
        if not self._package.has(self._part):
            refuse("corrupt_workbook", detail=self._part)
        references = self._package.check(self._part, merges=True)
        self.merges = [area for area in map(parse_area, references) if area]
        strings = book.part_of("sharedStrings")
        self._strings = SharedStrings(self._package, strings, limits)
        self.progress = 0.0

    def set_width(self, width):
        """Nothing to check: the end of an XLSX is guarded by its checksums."""

    def records(self):
        """Yield (number, [(column, Cell)], ()) of the rows that are not blank."""
        reader = _SheetReader(self._strings, self._dates, self._date1904, self._limits)
        size = max(self._package.size(self._part), 1)
        done = count = 0
        for length in feed(reader.parser(self._part), self._chunks(), self._part):
            done += length
            self.progress = done / size
            rows, reader.rows = reader.rows, []
            for number, found in rows:
                count += 1
                if count > self._limits.max_rows:
                    limit = self._limits.max_rows
                    refuse("too_many_rows", sheet=self.sheet, row=number, limit=limit)
                yield number, found, ()

    def _chunks(self):
        return self._package.chunks(self._part)


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
    if "_x" not in text:
        return text

    def character(found):
        code = int(found[1], 16)
        return found[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(character, text)


class SharedStrings:
    """The texts that cells refer to by number; 8 bytes each beside the text itself."""

    def __init__(self, package, part, limits):
        self._bytes = bytearray()
        self._ends = array("Q")
        if part:
            package.check(part)
            self._read(package, part, limits.max_cell_chars)

    def _read(self, package, part, limit):
        kinds = names("si", "t", "rPh")
        pieces, phonetic, inside = [], False, False

        def start(tag, _attributes):
            nonlocal phonetic, inside
            kind = kinds.get(tag)
            if kind == "t":
                inside = not phonetic
            elif kind == "si":
                pieces.clear()
            elif kind == "rPh":
                phonetic = True

        def end(tag):
            nonlocal phonetic, inside
            kind = kinds.get(tag)
            if kind == "t":
                inside = False
            elif kind == "rPh":
                phonetic = False
            elif kind == "si":
                self._add("".join(pieces), limit)

        def data(text):
            if inside:
                pieces.append(text)

        parser = make_parser(part)
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = data
        for _chunk in feed(parser, package.chunks(part), part):
            pass

    def _add(self, text, limit):
        if len(text) > limit:
            refuse("cell_too_long", limit=limit)
        self._bytes += text.encode()
        self._ends.append(len(self._bytes))

    def get(self, index):
        """The text number ``index``; IndexError when there is none."""
        end = self._ends[index]
        start = self._ends[index - 1] if index else 0
        return self._bytes[start:end].decode()


class _SheetReader:
    """Turns the tags of a sheet into rows; ``rows`` fills while the parser is fed."""

    def __init__(self, strings, dates, date1904, limits):
        self.rows = []
        self._strings = strings
        self._dates = dates
        self._date1904 = date1904
        self._limit = limits.max_cell_chars

    def parser(self, part):
        parser = make_parser(part)
        kinds = names("row", "c", "v", "t", "f", "is", "rPh", "sheetData")
        self._set_handlers(parser, kinds)
        return parser

    def _set_handlers(self, parser, kinds):
        """Closures instead of methods: this is the innermost loop of acquisition."""
        make_cell, rows_of, limit = self._make_cell, self, self._limit
        number = column = -1
        number = 0
        row, pieces, columns = [], [], {}
        attributes_of_cell, formula, inside, phonetic = {}, False, False, False
        size = 0

        def start(tag, attributes):
            nonlocal number, column, row, attributes_of_cell, formula
            nonlocal inside, phonetic, size
            kind = kinds.get(tag)
            if kind == "c":
                attributes_of_cell, formula, size = attributes, False, 0
                pieces.clear()
                reference = attributes.get("r")
                if reference is None:
                    column += 1
                else:
                    letters = reference.rstrip("0123456789")
                    column = columns.get(letters, -1)
                    if column < 0:
                        column = columns[letters] = _safe_column(letters)
            elif kind == "v" or kind == "t":
                inside = not phonetic
            elif kind == "row":
                number, column, row = _next_row(number, attributes.get("r")), -1, []
            elif kind == "f":
                formula = inside = True
                pieces.append("=")
            elif kind == "rPh":
                phonetic = True

        def end(tag):
            nonlocal inside, phonetic
            kind = kinds.get(tag)
            if kind == "c":
                if pieces:
                    cell = make_cell(attributes_of_cell, pieces, formula)
                    if cell is not None:
                        row.append((column, cell))
            elif kind == "row":
                if row:
                    rows_of.rows.append((number, row))
            elif kind == "rPh":
                phonetic = False
            elif kind is not None:
                if kind == "f":
                    pieces.append("\0")  # what follows is the remembered result
                inside = False

        def data(text):
            nonlocal size
            if inside:
                size += len(text)
                if size > limit:
                    refuse("cell_too_long", row=number, limit=limit)
                pieces.append(text)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = data

    def _make_cell(self, attributes, pieces, formula):
        """The Cell, or None when it is blank."""
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        if formula:
            return Cell(text.partition("\0")[0], cells.FORMULA)
        kind = attributes.get("t", "n")
        if kind == "s":
            try:
                text = self._strings.get(int(text))
            except (IndexError, ValueError, OverflowError):
                return Cell(f"#{text}", cells.ERROR)
            text = unescape(text)
            return Cell(text, cells.TEXT) if text and not text.isspace() else None
        if kind == "n":
            return self._number(text.strip(), attributes.get("s"))
        return _other_cell(kind, text)

    def _number(self, text, style):
        if not text:
            return None
        try:
            if style is not None and style in self._dates:
                return cells.serial_cell(text, self._date1904)
            return Cell(cells.number_text(text), cells.NUMBER)
        except (ValueError, OverflowError, ArithmeticError):
            return Cell(text, cells.ERROR)


def _other_cell(kind, text):
    if kind in ("inlineStr", "str"):
        text = unescape(text)
        return Cell(text, cells.TEXT) if text and not text.isspace() else None
    if kind == "b":
        return Cell(text.strip() in ("1", "true"), cells.BOOL)
    if kind == "d":
        return _iso_cell(text.strip())
    return Cell(text, cells.ERROR)


def _iso_cell(text):
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return Cell(text, cells.ERROR)
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

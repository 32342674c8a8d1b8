"""XLS (Excel 97-2003) through xlrd, plus what xlrd does not tell: formulas and merges.

An XLS has at most 65,536 rows, so the sheet is read whole. xlrd gives the result of a
formula as if it were a value; the records of the sheet are therefore walked once more
for formula cells and merged areas.
"""

import io
import struct
import warnings as python_warnings

import xlrd

from . import cells
from .cells import Cell
from .issues import refuse

_FORMULA = (0x0006, 0x0206, 0x0406)
_MULTIPLE = 0x00BD
_NUMBERS = (0x0203, 0x027E, _MULTIPLE)
_MERGED, _BOF, _EOF = 0x00E5, (0x0809, 0x0409, 0x0209, 0x0009), 0x000A
_ERRORS = xlrd.error_text_from_code


def _open(data):
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        try:
            return xlrd.open_workbook(
                file_contents=data,
                on_demand=True,
                ragged_rows=True,
                logfile=io.StringIO(),
            )
        except Exception as error:  # noqa: BLE001 xlrd raises anything on hostile bytes
            if "encrypted" in str(error).lower():
                refuse("protected_workbook")
            refuse("corrupt_workbook", detail=type(error).__name__)


def list_sheets(data, limits):
    """Names of the sheets, visible ones only unless none is."""
    book = _open(data)
    names = [clean(name) for name in book.sheet_names()]
    visible = [
        name
        for name, shown in zip(names, book._sheet_visibility, strict=False)
        if not shown
    ]
    return visible or names


def clean(text):
    """PostgreSQL and XML take no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


class XlsSource:
    """The records of one sheet; same attributes as XlsxSource."""

    kind = "xls"
    warnings = ()

    def __init__(self, data, limits, *, sheet=None):
        self._limits = limits
        self.progress = 0.0
        book = _open(data)
        index, self.sheet = self._choose(book, sheet)
        try:
            self._sheet = book.sheet_by_index(index)
        except Exception as error:  # noqa: BLE001 as above
            refuse("corrupt_workbook", detail=type(error).__name__)
        self._formulas, self.merges, self._padded = scan_sheet(
            book.mem, book._sh_abs_posn[index], padded_styles(book)
        )
        self._date1904 = bool(book.datemode)
        self.count = None

    @staticmethod
    def _choose(book, wanted):
        names = [clean(name) for name in book.sheet_names()]
        if not names:
            refuse("no_sheet")
        if not wanted:
            for index, hidden in enumerate(book._sheet_visibility[: len(names)]):
                if not hidden:
                    return index, names[index]
            return 0, names[0]
        for index, name in enumerate(names):
            if name.strip().casefold() == wanted.strip().casefold():
                return index, name
        return refuse(
            "missing_sheet", value=wanted, wanted=wanted, found=", ".join(names)
        )

    def set_header(self, number, width):
        """Nothing to check."""

    def records(self):
        """Yield (number, [(column, Cell)], ()) of the rows that are not blank."""
        sheet, total = self._sheet, max(self._sheet.nrows, 1)
        for index in range(sheet.nrows):
            self.progress = (index + 1) / total
            kinds, contents = sheet.row_types(index), sheet.row_values(index)
            found = []
            for column, kind in enumerate(kinds):
                if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                    continue
                if (index, column) in self._formulas:
                    formula = Cell(f"= {contents[column]}", cells.FORMULA)
                    found.append((column, formula))
                    continue
                cell = self._cell(kind, contents[column])
                if cell is None:
                    continue
                if cell.type == cells.NUMBER and (index, column) in self._padded:
                    digits = self._padded[index, column]
                    cell = Cell(cell.value.zfill(digits), cells.NUMBER)
                found.append((column, cell))
            if found:
                yield index + 1, found, ()

    def _cell(self, kind, content):
        if kind == xlrd.XL_CELL_TEXT:
            if len(content) > self._limits.max_cell_chars:
                refuse("cell_too_long", limit=self._limits.max_cell_chars)
            if not content or content.isspace():
                return None
            return Cell(clean(content), cells.TEXT)
        try:
            if kind == xlrd.XL_CELL_NUMBER:
                return Cell(cells.number_text(repr(content)), cells.NUMBER)
            if kind == xlrd.XL_CELL_DATE:
                return cells.serial_cell(repr(content), self._date1904)
        except (ValueError, OverflowError, ArithmeticError):
            return Cell(str(content), cells.ERROR)
        if kind == xlrd.XL_CELL_BOOLEAN:
            return Cell(bool(content), cells.BOOL)
        return Cell(_ERRORS.get(content, f"#{content}"), cells.ERROR)


def padded_styles(book):
    """{cell style: digits} of the number formats that show leading zeros."""
    found = {}
    for index, style in enumerate(book.xf_list):
        number_format = book.format_map.get(style.format_key)
        digits = cells.padding(number_format and number_format.format_str)
        if digits:
            found[index] = digits
    return found


def scan_sheet(stream, start, styles):
    """(formula cells, merged areas, {cell: digits}) of the sheet whose records begin at
    ``start``. Cells are (row, column) from 0; areas as in XlsxSource; ``styles``: what
    ``padded_styles`` gave."""
    formulas, merges, padded = set(), [], {}
    position, depth, size = start, 0, len(stream)
    while position + 4 <= size:
        kind, length = struct.unpack_from("<HH", stream, position)
        position += 4
        if position + length > size:
            break
        if kind in _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                break
        elif depth != 1 or length < 4:
            pass
        elif kind in _FORMULA:
            formulas.add(struct.unpack_from("<HH", stream, position))
        elif kind == _MERGED:
            merges += _merged_areas(stream, position, length)
        elif styles and kind in _NUMBERS and length >= 6:
            _add_padded(padded, stream, position, length, kind, styles)
        position += length
    return formulas, merges, padded


def _add_padded(padded, stream, position, length, kind, styles):
    row, column = struct.unpack_from("<HH", stream, position)
    # MULRK: row, first column, (style, number) for each cell, last column
    step = 6 if kind == _MULTIPLE else length
    for offset in range(4, length - 2 if kind == _MULTIPLE else 5, step):
        style = struct.unpack_from("<H", stream, position + offset)[0]
        if style in styles:
            padded[row, column] = styles[style]
        column += 1


def _merged_areas(stream, position, length):
    areas = []
    count = struct.unpack_from("<H", stream, position)[0]
    for index in range(min(count, (length - 2) // 8)):
        top, bottom, left, right = struct.unpack_from(
            "<HHHH", stream, position + 2 + 8 * index
        )
        areas.append((top + 1, bottom + 1, left, right))
    return areas

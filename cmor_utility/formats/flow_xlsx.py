"""Read a flow that went through a spreadsheet.

A spreadsheet takes leading zeros, turns dates into numbers and amounts into binary
fractions. What can be put right without doubt is; the rest is an issue of its row.
"""

import bisect
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice

from ...utility_supply.formats import cells, xls_reader, xlsx_reader
from ...utility_supply.formats.issues import FileRefused
from ...utility_supply.formats.record_layout import (
    CODE,
    DATE,
    DECIMAL,
    FIXED,
    GROUP,
    TEXT,
    Field,
    Issue,
)
from .flow_csv import header
from .flow_rows import (
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    FlowReader,
    FlowRefused,
    Line,
    restore_zeros,
)

LIMITS = cells.Limits(
    max_bytes=MAX_BYTES,
    max_uncompressed=512 * 2**20,
    max_rows=MAX_ROWS,
    max_columns=MAX_COLUMNS,
    max_cell_chars=100_000,
)
# a number that is no amount: days since 1900, from 1954 to 2119
_DAYS = range(20_000, 80_000)
_FIRST_DAY = date(1899, 12, 30)
_EXACT = Decimal("1e-9")


def open_source(data):
    """The first visible sheet of a workbook, XLSX or XLS, walked once to its end.

    :raise FlowRefused: workbook
    """
    try:
        source = _source(data)
        for _record in source.records():
            pass  # what is wrong with the file shows before the first row is given
    except FileRefused as error:
        raise FlowRefused("workbook", error.issues) from error
    return source


def _source(data, sheet=None):
    is_zip = data.startswith(b"PK")
    reader = xlsx_reader.XlsxSource if is_zip else xls_reader.XlsSource
    return reader(data, LIMITS, sheet=sheet)


def _check_other_sheets(layout, data, sheet):
    """One sheet is read: rows on another that can be seen would be lost in silence."""
    module = xlsx_reader if data.startswith(b"PK") else xls_reader
    known = {name.upper() for name in layout.columns()}
    try:
        names = [name for name in module.list_sheets(data, LIMITS) if name != sheet]
        double = [name for name in names if known & _headings(data, name)]
    except FileRefused as error:
        raise FlowRefused("workbook", error.issues) from error
    if double:
        raise FlowRefused("sheets", names=", ".join([sheet, *double]))


def _headings(data, sheet):
    """The texts of the first row of a sheet that is not blank, in capitals."""
    for _number, found, _issues in _source(data, sheet).records():
        return {cells.plain(cell).strip().upper() for _column, cell in found}
    return set()


def first_rows(data, count=5):
    """The first rows of a workbook as lists of texts.

    :raise FlowRefused: workbook
    """
    rows = []
    for _number, found, _issues in islice(open_source(data).records(), count):
        texts = [""] * (min(found[-1][0], MAX_COLUMNS) + 1)
        for column, cell in found:
            if column < len(texts):
                texts[column] = cells.plain(cell)
        rows.append(texts)
    return rows


def open_xlsx(layout, data):
    """Open a workbook: headings in the first row that is not blank.

    :return: ``FlowReader``
    :raise FlowRefused: the file as a whole cannot be read
    """
    source = open_source(data)
    first = next(source.records(), None)
    if first is None:
        raise FlowRefused("empty")
    top, found, _issues = first
    if found[-1][0] >= MAX_COLUMNS:
        raise FlowRefused("too_many_columns", limit=MAX_COLUMNS)
    texts = [""] * (found[-1][0] + 1)
    for column, cell in found:
        texts[column] = cells.plain(cell)
    columns = header(layout, texts)
    _check_other_sheets(layout, data, source.sheet)
    merged = _Merged(source.merges, top)
    kinds = _fields_by_heading(layout)

    def lines():
        for number, cells_, _issues in source.records():
            if number > top:
                yield _line(layout, kinds, columns, number, cells_, merged)

    if next(lines(), None) is None:
        raise FlowRefused("no_rows")
    return FlowReader(layout, lines, "xlsx")


def _fields_by_heading(layout):
    found = {field.name: field for field in layout.fields}
    for field in layout.groups():
        found.update({part.name: part for part in field.part_fields()})
    return found


def _line(layout, kinds, columns, number, found, merged):
    texts, issues = dict.fromkeys(columns, ""), []
    if merged.covers(number):
        issues.append(Issue("merged_cells", "", "", number))
    for column, cell in found:
        if column >= len(columns):
            # a value under no heading: kept, and the row is looked at
            texts[f"#{column + 1}"] = cells.plain(cell)[:MAX_CELL]
            issues.append(Issue("columns", "", "", number, (len(columns), column + 1)))
            continue
        name = columns[column]
        field = kinds.get(name) or Field(name)
        text, is_right = cell_text(layout, field, cell)
        texts[name] = text
        if not is_right:
            issues.append(Issue("spreadsheet", name, text[:80], number))
    return Line(number, texts, tuple(issues))


def cell_text(layout, field, cell):
    """The text that stood in the file before a spreadsheet read it.

    :param Field field: the column's field
    :param Cell cell: what the spreadsheet has now
    :return: (text, False when it cannot be told for certain)
    """
    value, kind = cell
    if kind == cells.TEXT:
        return value, True
    if kind == cells.NUMBER:
        return _number_text(layout, field, value)
    if kind == cells.DATE:
        if field.kind == DATE:
            return _day_text(layout, value), True
        return _day_text(layout, value), False
    if kind == cells.BOOL and field.kind == CODE and field.table <= {"0", "1"}:
        return ("1" if value else "0"), True
    return cells.plain(cell), False


def _number_text(layout, field, text):
    if field.kind == DECIMAL:
        return _decimal_text(layout, field, Decimal(text))
    if field.kind == DATE:
        if text.isdigit() and int(text) in _DAYS:
            return _day_text(layout, _FIRST_DAY + timedelta(days=int(text))), True
        return text, False
    if field.kind == GROUP:
        return text, False
    if field.kind == FIXED and text.isdigit():
        return text.zfill(len(field.fixed)), True
    if field.kind in (TEXT, CODE):
        # 16 digits or more: the last ones are lost
        exact = not text.isdigit() or len(text) <= 15
        return restore_zeros(field, text), exact
    return text, True


def _decimal_text(layout, field, number):
    """31.24 is stored as the nearest binary fraction: to nine places it is 31.24."""
    step = Decimal(1).scaleb(-field.decimals)
    exact = number.quantize(step, ROUND_HALF_UP)
    if abs(exact - number) > _EXACT:
        return f"{number:f}".replace(".", layout.decimal_mark), True
    return f"{exact:f}".replace(".", layout.decimal_mark), True


def _day_text(layout, value):
    day = value.date() if isinstance(value, datetime) else value
    return day.strftime(layout.strftime)


class _Merged:
    """Which rows below the headings are touched by merged cells."""

    def __init__(self, areas, top):
        self._starts, self._ends = [], []
        for first, last, *_columns in sorted(areas):
            if last <= top:
                continue
            if self._ends and first <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], last)
            else:
                self._starts.append(first)
                self._ends.append(last)

    def covers(self, number):
        """Whether row ``number`` is touched."""
        index = bisect.bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]

"""A cell and a row as the three file forms hand them over, and their exact numbers."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

TEXT, NUMBER, DATE, BOOL = "text", "number", "date", "bool"
EMPTY_TYPE, FORMULA, ERROR = "empty", "formula", "error"

# Excel keeps 15 significant digits: from 10**15 on the last digits are lost
EXACT_INTEGER = 10**15
_LONGEST_NUMBER = 400  # characters; 1.8E+308 written out has 309
_PADDED = re.compile("0{2,30}")
_LAST_SERIAL = 2958465  # 31/12/9999
_DAY = timedelta(days=1)
_MILLISECONDS = 86_400_000


class Cell(NamedTuple):
    """One cell. ``type``: text, number, date, bool, empty, formula or error.

    ``value`` by type: text str (not stripped); number str in plain notation with a
    point ("-1234.56"); date ``date``, or ``datetime`` when the cell has a time; bool
    bool; empty ""; formula "=" and its text; error the code, e.g. "#N/A".
    """

    value: object
    type: str


EMPTY = Cell("", EMPTY_TYPE)


class RawRow(NamedTuple):
    """One row of a table.

    ``number``: 1-based row in the file; ``cells``: heading -> Cell, every heading
    present; ``issues``: what the reader found wrong with the row itself.
    """

    number: int
    cells: dict
    issues: tuple = ()


@dataclass(frozen=True)
class Limits:
    """Bounds against hostile files; the defaults are far above honest ones."""

    max_bytes: int = 256 * 2**20
    max_uncompressed: int = 2**30  # all parts of an XLSX together
    max_ratio: int = 250  # uncompressed / compressed of a part; real ones stay < 60
    ratio_floor: int = 16 * 2**20  # parts below this size are not held to the ratio
    max_entries: int = 5000  # parts in an XLSX
    max_rows: int = 1_048_576
    max_columns: int = 512
    max_cell_chars: int = 100_000  # Excel itself stops at 32,767


def number_text(text):
    """The number that a spreadsheet stores as ``text``, as a person wrote it.

    Excel writes 17 digits of a binary fraction (1.1 -> "1.1000000000000001") and shows
    at most 15: so 15 significant digits are kept and 31.24 stays 31.24. A longer
    whole number is given back as stored, for ``values`` to refuse. Raises ValueError
    when ``text`` is no finite number.
    """
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text[:80])
    digits = text[1:] if text[:1] == "-" else text
    if digits.isascii() and digits.isdigit() and (digits[0] != "0" or digits == "0"):
        return text if digits != "0" else "0"
    if not text.isascii() or "_" in text:  # float() takes them, a spreadsheet does not
        raise ValueError(text)
    number = float(text)
    if number.is_integer():
        if abs(number) < EXACT_INTEGER:
            return str(int(number))
        return format(Decimal(text.strip()).to_integral_value(), "f")
    if not math.isfinite(number):
        raise ValueError(text)
    shown = format(number, ".15g")
    return format(Decimal(shown), "f") if "e" in shown else shown


def padding(number_format):
    """Digits that a format like "00000" shows (a CAP, a PDR as a number), else 0."""
    return len(number_format) if _PADDED.fullmatch(number_format or "") else 0


def serial_cell(text, date1904=False):
    """The cell of a date-formatted number (days since 1900 or 1904).

    Times alone (below one day) and numbers beyond year 9999 stay numbers; 29/02/1900,
    which exists only in Excel, is an error cell.
    """
    serial = float(text)
    if not 1 <= serial < _LAST_SERIAL - (1462 if date1904 else 0):
        return Cell(number_text(text), NUMBER)
    days, part = divmod(round(serial * _MILLISECONDS), _MILLISECONDS)
    if date1904:
        day = date(1904, 1, 1) + days * _DAY
    elif days == 60:
        return Cell("29/02/1900", ERROR)
    else:
        day = date(1899, 12, 31 if days < 60 else 30) + days * _DAY
    if not part:
        return Cell(day, DATE)
    moment = datetime(day.year, day.month, day.day) + timedelta(milliseconds=part)
    return Cell(moment, DATE)


def column_letter(index):
    """0 -> "A", 26 -> "AA"."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def clean_heading(text):
    """A heading on one line, without the star that marks a required column."""
    return " ".join(str(text).split()).rstrip("*").rstrip()


def heading_key(text):
    """The form in which two headings are compared: spaces, star and case ignored."""
    return clean_heading(text).casefold()


def plain(cell, *, decimal_mark=".", date_form="yyyy-mm-dd"):
    """The cell as a person would type it in a file with these forms (for a screen)."""
    value, kind = cell
    if kind == NUMBER and decimal_mark and decimal_mark != ".":
        return value.replace(".", decimal_mark)
    if kind == DATE:
        return _plain_date(value, date_form or "yyyy-mm-dd")
    if kind == BOOL:
        return "1" if value else "0"
    return storable(value)


def storable(value):
    """``value`` as text that PostgreSQL and XML can hold: no NUL, no surrogates."""
    text = str(value)
    if text.isascii():
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _plain_date(value, form):
    pattern = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
    strf = re.sub("yyyy|yy|mm|dd", lambda found: pattern[found[0]], form)
    if isinstance(value, datetime):
        return f"{value.strftime(strf)} {value:%H:%M:%S}"
    return value.strftime(strf)


def to_json(row):
    """``row``'s non-blank cells for a JSON column, without loss of type.

    Text stays a plain string; any other type is ``{"type": ..., "value": str}``.
    """
    return {
        storable(heading): _cell_to_json(cell)
        for heading, cell in row.cells.items()
        if cell.type != EMPTY_TYPE
    }


def _cell_to_json(cell):
    if cell.type == TEXT:
        return plain(cell)
    value = cell.value
    if cell.type == DATE:
        value = value.isoformat()
    value = value if cell.type == BOOL else storable(value)
    return {"type": cell.type, "value": value}


def from_json(number, values, headings=()):
    """The :class:`RawRow` that :func:`to_json` wrote, or that came over RPC.

    ``values``: heading -> str, int, float, Decimal, bool, None, date or the dict of
    ``to_json``; ``headings``: those that must be there even when blank.
    """
    cells = dict.fromkeys(headings, EMPTY)
    for heading, value in values.items():
        cells[heading] = cell_of(value)
    return RawRow(number, cells)


def cell_of(value):
    """The cell of a Python value (what a JSON client sends). Never raises."""
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return Cell(value, BOOL)
    if isinstance(value, int | float | Decimal):
        return _cell_of_number(value)
    if isinstance(value, date):
        return Cell(value, DATE)
    if isinstance(value, dict):
        return _cell_from_json(value)
    text = str(value)
    return Cell(text, TEXT) if text.strip() else EMPTY


def _cell_of_number(value):
    try:
        if isinstance(value, float):
            return Cell(number_text(repr(value)), NUMBER)
        if isinstance(value, Decimal) and not value.is_finite():
            return Cell(str(value), ERROR)
        return Cell(
            format(value, "f") if isinstance(value, Decimal) else str(value), NUMBER
        )
    except ValueError:
        return Cell(repr(value), ERROR)


def _cell_from_json(stored):
    kind, value = stored.get("type"), stored.get("value")
    try:
        if kind == DATE:
            long = len(str(value)) > 10
            return Cell((datetime if long else date).fromisoformat(value), DATE)
        if kind == NUMBER:
            return Cell(number_text(str(value)), NUMBER)
    except (TypeError, ValueError, ArithmeticError):
        return Cell(str(value), ERROR)
    if kind == BOOL:
        return Cell(bool(value), BOOL)
    if kind in (FORMULA, ERROR):
        return Cell(str(value), kind)
    return Cell(str(stored), ERROR)

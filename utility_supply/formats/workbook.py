"""Writing XLSX: our template, the rows sent back with their reasons, plain tables.

A text that begins like a formula ("=", "+", "-", "@", tab, line break) is written as a
text cell with the quote prefix: no program runs it, and it reads back unchanged.
"""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter

from . import cells
from .datasets import BASE, DATASETS
from .mapping import ProfileSpec

REASON_HEADING = "Motivo"
ROW_HEADING = "Riga"
ERRORS_SHEET = "Righe da correggere"
INSTRUCTIONS_SHEET = "Istruzioni"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_MAX_CELL = 32_767  # Excel's own bound
_CHOICE_ROWS = 5000  # rows of the template that offer the list of accepted values
_SHEET_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))

TYPE_NAMES = {
    "text": "testo",
    "int": "numero intero",
    "decimal": "importo o numero",
    "percent": "percentuale",
    "date": "data gg/mm/aaaa",
    "moment": "data e ora gg/mm/aaaa hh:mm",
    "bool": "S/N",
    "code": "codice",
    "codes": "codici separati da |",
    "texts": "testi separati da |",
    "instalments": "rate",
}


def template_workbook(names=BASE):
    """The template of datasets, as bytes of an XLSX: one sheet each, headings with
    their help as comments, no rows, and a last sheet that explains every column.

    ``names``: which datasets, in order."""
    specs = [DATASETS[name] for name in names]
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    formats = _Formats(book)
    for spec in specs:
        columns = [(item.heading, item) for item in spec.fields]
        _template_sheet(book, formats, spec.sheet, columns)
    _instructions_sheet(book, formats, specs)
    book.close()
    return stream.getvalue()


def profile_template(profile: ProfileSpec):
    """(bytes, extension) of an empty file as ``profile`` expects it."""
    spec = DATASETS[profile.dataset]
    columns, seen = [], set()
    for item in profile.fields:
        for heading in item.columns:
            if cells.heading_key(heading) not in seen:
                seen.add(cells.heading_key(heading))
                columns.append((heading, spec.by_name.get(item.target)))
    if profile.kind == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=profile.delimiter or ";")
        writer.writerow([heading for heading, _item in columns])
        codec = "utf-8-sig" if profile.encoding in ("", "utf-8") else profile.encoding
        return text.getvalue().encode(codec, "replace"), ".csv"
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    header_row = max(profile.header_row, 1) - 1
    sheet = profile.sheet or spec.sheet
    _template_sheet(book, _Formats(book), sheet, columns, header_row)
    book.close()
    return stream.getvalue(), ".xlsx"


def error_workbook(headings, rows, *, sheet=None):
    """The rows that could not be applied, to be corrected and uploaded again.

    ``rows``: iterable of (RawRow, reason); its ``cells`` may also hold plain values
    (str, number, date, bool, None). The columns are ``headings`` plus the reason and
    the row number in the original file, two columns that no profile reads. Bytes.
    """
    headings = [*headings, REASON_HEADING, ROW_HEADING]

    def lines():
        for row, reason in rows:
            found = [row.cells.get(heading) for heading in headings[:-2]]
            yield [*found, reason, row.number]

    return rows_workbook([(sheet or ERRORS_SHEET, headings, lines())])


def rows_workbook(sheets):
    """Bytes of an XLSX with ``sheets``: iterable of (name, headings, rows), each row a
    sequence of Cells or plain values. Memory stays flat: rows are streamed to disk."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    formats = _Formats(book)
    for name, headings, rows in sheets:
        page = book.add_worksheet(sheet_name(name))
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(headings) - 1, 0), 18)
        for column, heading in enumerate(headings):
            _write(page, 0, column, heading, formats, formats.heading)
        for index, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value is not None:
                    _write(page, index, column, value, formats)
    book.close()
    return stream.getvalue()


def sheet_name(name):
    """``name`` within Excel's rules for the name of a sheet."""
    return str(name).translate(_SHEET_FORBIDDEN).strip(" '")[:31] or "Foglio"


class _Formats:
    def __init__(self, book):
        self.heading = book.add_format({"bold": True, "bg_color": "#D9E2F3"})
        self.required = book.add_format({"bold": True, "bg_color": "#F8CBAD"})
        self.quoted = book.add_format({"quote_prefix": True})
        self.text = book.add_format({"num_format": "@"})
        self.day = book.add_format({"num_format": "dd/mm/yyyy"})
        self.moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        self.amount = book.add_format({"num_format": "#,##0.00"})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.by_type = {
            "text": self.text,
            "texts": self.text,
            "instalments": self.text,
            "date": self.day,
            "moment": self.moment,
            "decimal": self.amount,
        }


def _write(page, row, column, value, formats, style=None):
    """Write a Cell or a plain value with the type it has."""
    cell = value if isinstance(value, cells.Cell) else cells.cell_of(value)
    content, kind = cell
    if kind == cells.EMPTY_TYPE:
        return
    if kind == cells.NUMBER and len(content.strip("-")) <= 16:
        page.write_number(row, column, float(Decimal(content)), style)
    elif kind == cells.BOOL:
        page.write_boolean(row, column, content, style)
    elif kind == cells.DATE and date(1900, 3, 1) <= _day(content):
        style = style or (
            formats.moment if isinstance(content, datetime) else formats.day
        )
        page.write_datetime(row, column, content, style)
    else:
        text = cells.plain(cell)[:_MAX_CELL]
        if text.startswith(_DANGEROUS):
            style = style or formats.quoted
        page.write_string(row, column, text, style)


def _day(moment):
    return moment.date() if isinstance(moment, datetime) else moment


def _template_sheet(book, formats, name, columns, header_row=0):
    page = book.add_worksheet(sheet_name(name))
    page.freeze_panes(header_row + 1, 1)
    for column, (heading, item) in enumerate(columns):
        required = item is not None and item.required
        style = formats.required if required else formats.heading
        page.write_string(header_row, column, heading, style)
        if item is None:
            continue
        width = max(len(heading) + 2, 12)
        page.set_column(column, column, width, formats.by_type.get(item.type))
        page.write_comment(header_row, column, field_help(item), {"x_scale": 2})
        choices = ["S", "N"] if item.type == "bool" else list(item.accepted)
        if choices and item.type != "codes":
            page.data_validation(
                header_row + 1,
                column,
                header_row + _CHOICE_ROWS,
                column,
                {"validate": "list", "source": choices, "error_type": "warning"},
            )


def field_help(item):
    """The Italian help of a field: what it is, its values, whether it is required."""
    parts = [item.help]
    if item.accepted:
        parts.append(f"Valori: {', '.join(item.accepted)}.")
    parts.append("Obbligatorio." if item.required else "Facoltativo.")
    return " ".join(part for part in parts if part)


def _instructions_sheet(book, formats, specs):
    page = book.add_worksheet(INSTRUCTIONS_SHEET)
    page.freeze_panes(1, 0)
    for column, width in enumerate((20, 26, 14, 26, 90)):
        page.set_column(column, column, width, formats.wrap)
    titles = ("Foglio", "Colonna", "Obbligatoria", "Contenuto", "Spiegazione")
    for column, title in enumerate(titles):
        page.write_string(0, column, title, formats.heading)
    row = 0
    for spec in specs:
        for item in spec.fields:
            row += 1
            required = "sì" if item.required else "no"
            cells_ = (spec.sheet, item.heading, required, TYPE_NAMES[item.type])
            for column, text in enumerate((*cells_, field_help(item))):
                page.write_string(row, column, text)

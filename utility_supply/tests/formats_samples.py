"""Files for the tests of `formats`: the same rows in every form, and hostile ones."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import xlsxwriter
import xlwt

from ..formats import cells, tabular
from ..formats.issues import FileRefused

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def csv_text(value):
    """A value as the template profile reads it from a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "S" if value else "N"
    if isinstance(value, date):
        return f"{value:%d/%m/}{value.year:04}"
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    return str(value)


def as_csv(rows, delimiter=";", encoding="utf-8", newline="\r\n"):
    """``rows`` (headings first) as a CSV."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline)
    writer.writerows([csv_text(value) for value in row] for row in rows)
    return stream.getvalue().encode(encoding)


def as_xlsx(rows, sheet="Foglio1"):
    """``rows`` as an XLSX with shared strings."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, bool):
                page.write_boolean(number, column, value)
            elif isinstance(value, date):
                page.write_datetime(number, column, value, day)
            elif isinstance(value, int | Decimal):
                page.write_number(number, column, float(value))
            elif value is not None:
                page.write_string(number, column, value)
    book.close()
    return stream.getvalue()


def as_openpyxl(rows, sheet="Foglio1"):
    """``rows`` as an XLSX by another writer."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            if value is None:
                continue
            cell = page.cell(number, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
            elif isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_xls(rows, sheet="Foglio1"):
    """``rows`` as an XLS."""
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet(sheet)
    day = xlwt.easyxf(num_format_str="dd/mm/yyyy")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                page.write(number, column, value, day)
            elif value is not None:
                page.write(number, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_xml(body, after=""):
    """A worksheet part with ``body`` as its rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}">'
        f"<sheetData>{body}</sheetData>{after}</worksheet>"
    ).encode()


def inline_row(number, *texts):
    """A <row> of inline texts."""
    found = "".join(
        f'<c r="{cells.column_letter(column)}{number}" t="inlineStr"><is><t>{text}</t>'
        "</is></c>"
        for column, text in enumerate(texts)
    )
    return f'<row r="{number}">{found}</row>'


def raw_xlsx(sheet, **parts):
    """An XLSX written by hand. ``sheet``: bytes of its only worksheet; ``parts``:
    strings, styles, workbook: bytes of those parts instead of the plain ones."""
    relation = f'<Relationship Id="{{}}" Type="{_OFFICE}/{{}}" Target="{{}}"/>'.format
    listed = [relation("r1", "worksheet", "worksheets/sheet1.xml")]
    files = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": _relations(relation("r1", "officeDocument", "xl/workbook.xml")),
        "xl/worksheets/sheet1.xml": sheet,
        "xl/workbook.xml": parts.get("workbook")
        or (
            f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Foglio1" sheetId="1" r:id="r1"/></sheets></workbook>'
        ).encode(),
    }
    if "strings" in parts:
        listed.append(relation("r2", "sharedStrings", "/xl/sharedStrings.xml"))
        files["xl/sharedStrings.xml"] = parts["strings"]
    if "styles" in parts:
        listed.append(relation("r3", "styles", "styles.xml"))
        files["xl/styles.xml"] = parts["styles"]
    files["xl/_rels/workbook.xml.rels"] = _relations("".join(listed))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _relations(body):
    return f'<Relationships xmlns="{_PACKAGE}">{body}</Relationships>'.encode()


def simple_styles(*formats):
    """A styles part whose cell style number n has the n-th of ``formats``."""
    numbers = "".join(
        f'<numFmt numFmtId="{200 + index}" formatCode="{code}"/>'
        for index, code in enumerate(formats)
    )
    styles = "".join(f'<xf numFmtId="{200 + index}"/>' for index in range(len(formats)))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{numbers}</numFmts><cellStyleXfs>'
        f'<xf numFmtId="14"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>'
    ).encode()


def read(data, filename, **options):
    """[(row number, {heading: (value, type)} of what is filled)] of a file."""
    table = tabular.open_table(data, filename, **options)
    return [
        (
            row.number,
            {name: tuple(c) for name, c in row.cells.items() if c.type != "empty"},
        )
        for row in table.rows()
    ]


def refusal(data, filename, **options):
    """The issues with which a file is refused, opening and reading it to the end."""
    try:
        read(data, filename, **options)
    except FileRefused as error:
        return error.issues
    return []

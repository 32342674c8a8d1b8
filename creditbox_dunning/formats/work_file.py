"""The files that go out: a list of orders, of assignments, of questions.

The layout is data (``dunning.file.layout``): which columns, under which headings, in
which order, in which form of file. What may stand in a column is a *source*: a name
that the program knows (SOURCES). A value that the layout cannot carry is an issue of
its row; the row stays, the others go.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

CSV, XLSX = "csv", "xlsx"
CONSTANT = "constant"
ENCODINGS = ("utf-8-sig", "utf-8", "cp1252")
DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t", "pipe": "|"}
DATE_FORMS = {
    "dmy_slash": "%d/%m/%Y",
    "dmy_dash": "%d-%m-%Y",
    "ymd_dash": "%Y-%m-%d",
    "ymd": "%Y%m%d",
}
_PHONE = re.compile(r"\+[0-9][0-9 ./-]{4,24}")
MARKS = {"comma": ",", "point": "."}

# what each kind of file may carry
_CASE = (
    "ref",
    "movement",
    "case",
    "company",
    "customer_code",
    "customer",
    "tax_code",
    "vat",
    "legal_form",
    "street",
    "zip",
    "city",
    "province",
    "phone",
    "mobile",
    "email",
    "pec",
    "note",
)
_SUPPLY = (
    "contract",
    "service",
    "point",
    "supply_street",
    "supply_zip",
    "supply_city",
    "distributor_vat",
    "supply_state",
)
_DEBT = ("amount", "bills", "bill_count", "oldest_due")
SOURCES = {
    "technical": (
        *_CASE,
        *_SUPPLY,
        *_DEBT,
        "operation",
        "planned_date",
        "due_date",
        "notified_date",
        "pay_term",
        "technical_obstacle",
    ),
    "agency": (
        *_CASE,
        *_SUPPLY,
        *_DEBT,
        "notices",
        "lot",
        "mandate_from",
        "mandate_to",
        "fee_class",
        "bill_number",
        "bill_date",
        "bill_due",
        "bill_amount",
    ),
    "info": (*_CASE, "wanted", "reason"),
}
# one row for each bill when a column asks for one of these
PER_BILL = frozenset({"bill_number", "bill_date", "bill_due", "bill_amount"})


@dataclass(frozen=True)
class Column:
    """``source``: one of SOURCES or CONSTANT, then ``constant`` is the value.
    ``length``: most characters, 0 = any; ``is_required``: a blank is an issue."""

    heading: str
    source: str
    constant: str = ""
    length: int = 0
    is_required: bool = False


@dataclass(frozen=True)
class FileLayout:
    """Columns and form of a file; names as in the tables above."""

    columns: tuple
    file_format: str = CSV
    delimiter: str = ";"
    encoding: str = "utf-8-sig"
    decimal_mark: str = ","
    date_form: str = "%d/%m/%Y"
    sheet: str = "Elenco"

    @property
    def is_per_bill(self):
        """Whether a case takes one row for each of its bills."""
        return any(column.source in PER_BILL for column in self.columns)

    @property
    def extension(self):
        """End of the file's name."""
        return f".{self.file_format}"


@dataclass(frozen=True)
class RowIssue:
    """``code``: work_blank, work_too_long or work_unencodable; ``heading``: where."""

    code: str
    heading: str
    value: str = ""


def check(layout, row):
    """The issues of one row (a dict source -> value), in the order of the columns."""
    issues = []
    for column in layout.columns:
        text = _text(layout, _value(column, row))
        if column.is_required and not text:
            issues.append(RowIssue("work_blank", column.heading))
        elif column.length and len(text) > column.length:
            issues.append(RowIssue("work_too_long", column.heading, text[:80]))
        elif layout.file_format == CSV and not _is_encodable(layout, text):
            issues.append(RowIssue("work_unencodable", column.heading, text[:80]))
    return issues


def table(layout, rows):
    """(headings, lines of plain values) of the file, for the writer of workbooks.

    :param rows: dicts source -> str, int, Decimal, date, bool or None; checked before
    """
    headings = [column.heading for column in layout.columns]
    return headings, [[_value(c, row) for c in layout.columns] for row in rows]


def write_csv(layout, rows, safe):
    """The bytes of a CSV of ``rows`` (as in :func:`table`).

    :param safe: text -> text that no spreadsheet takes for a formula
    """
    headings, lines = table(layout, rows)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=layout.delimiter, lineterminator="\r\n")
    writer.writerow(headings)
    for line in lines:
        writer.writerow([_cell(layout, value, safe) for value in line])
    return stream.getvalue().encode(layout.encoding)


def _value(column, row):
    if column.source == CONSTANT:
        return column.constant
    value = row.get(column.source)
    return value if value is not False else None


def _text(layout, value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "S" if value else "N"
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", layout.decimal_mark)
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        # strftime does not pad years below 1000
        form = layout.date_form.replace("%Y", f"{value.year:04d}")
        return value.strftime(form)
    return " ".join(str(value).replace("\x00", "").split())


def _cell(layout, value, safe):
    text = _text(layout, value)
    # a negative amount and a telephone number are what they look like
    if isinstance(value, Decimal) or _PHONE.fullmatch(text):
        return text
    return safe(text)


def _is_encodable(layout, text):
    try:
        text.encode(layout.encoding)
    except UnicodeEncodeError:
        return False
    return True

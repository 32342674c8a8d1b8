"""The files that go out: a list of orders, of assignments, of questions.

The layout is data (``dunning.file.layout``): which columns, under which headings, in
which order, in which form of file. What may stand in a column is a *source*: a name
that the program knows (SOURCES). A value that the layout cannot carry is an issue of
its row; the row stays, the others go.
"""

from dataclasses import dataclass

from ...utility_supply.formats.charge_csv import safe_text
from ...utility_supply.formats.record_layout import (
    CSV,
    DATE,
    DECIMAL,
    FIXED,
    INTEGER,
    MANDATORY,
    OPTIONAL,
    TEXT,
    XML,
    Field,
    Layout,
    check_record,
    clean_text,
    encode,
)
from ...utility_supply.formats.record_render import render_csv, render_xml
from ...utility_supply.formats.workbook import rows_workbook

XLSX = "xlsx"
FORMATS = (CSV, XML, XLSX)
CONSTANT = "constant"

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
    "info": (*_CASE, "wanted"),
    # the index of a job for a mail house: one row a letter
    "post": (
        *("ref", "case", "company", "customer_code", "customer", "customer2"),
        *("tax_code", "street", "street2", "zip", "city", "province"),
        *("country", "country_name", "amount"),
        *("job", "row", "product", "is_registered", "ar_text"),
        *("pdf_name", "pages", "first_page", "last_page", "sha256"),
        *("colour", "duplex", "sender_code", "return_code", "cost_centre"),
        *("contract_code", "send_date"),
    ),
}
# one row for each bill when a column asks for one of these
PER_BILL = frozenset({"bill_number", "bill_date", "bill_due", "bill_amount"})
PHONES = frozenset({"phone", "mobile"})
KINDS = {
    **dict.fromkeys(
        (
            "oldest_due",
            "planned_date",
            "due_date",
            "notified_date",
            "mandate_from",
            "mandate_to",
            "bill_date",
            "bill_due",
            "send_date",
        ),
        DATE,
    ),
    **dict.fromkeys(("amount", "bill_amount"), DECIMAL),
    **dict.fromkeys(("bill_count", "row", "pages", "first_page", "last_page"), INTEGER),
    **dict.fromkeys(("is_registered", "colour", "duplex"), INTEGER),
}


@dataclass(frozen=True)
class Column:
    """``source``: one of SOURCES or CONSTANT, then ``constant`` is the value.
    ``length``: most characters (of an amount: whole digits), 0 = any."""

    heading: str
    source: str
    constant: str = ""
    length: int = 0
    is_required: bool = False

    def field(self):
        """The column as a field of a record layout."""
        is_fixed = self.source == CONSTANT
        kind = FIXED if is_fixed else KINDS.get(self.source, TEXT)
        return Field(
            self.heading,
            kind,
            length=self.length,
            decimals=2,
            required=MANDATORY if self.is_required else OPTIONAL,
            fixed=self.constant,
        )


class WorkFile:
    """Columns bound to a form of file.

    ``options``: delimiter, encoding, decimal_mark, date_format, header ... as
    ``record_layout.Layout`` takes them; ``sheet``: name of the sheet of a workbook.
    """

    def __init__(self, columns, file_format=CSV, sheet="Elenco", **options):
        self.columns = tuple(columns)
        self.file_format = file_format
        self.sheet = sheet
        fields = tuple(column.field() for column in self.columns)
        text_format = CSV if file_format == XLSX else file_format
        self.layout = Layout("work", fields, file_format=text_format, **options)

    @property
    def is_per_bill(self):
        """Whether a case takes one row for each of its bills."""
        return any(column.source in PER_BILL for column in self.columns)

    def check(self, row):
        """The issues (``record_layout.Issue``) of one row, a dict source -> value."""
        return self._encoded(row)[1]

    def to_bytes(self, rows):
        """The bytes of the file.

        :param rows: dicts source -> str, int, Decimal, date or None; those with an
            issue must have been left out
        """
        if self.file_format == XLSX:
            headings = [column.heading for column in self.columns]
            lines = ([_plain(c, row) for c in self.columns] for row in rows)
            return rows_workbook([(self.sheet, headings, lines)])
        records = [(self._encoded(row)[0], {}) for row in rows]
        render = render_xml if self.file_format == XML else render_csv
        return render(self.layout, records)

    def _encoded(self, row):
        """({heading: text}, [Issue])"""
        texts, issues = {}, []
        for column, field in zip(self.columns, self.layout.fields, strict=True):
            value = self._value(column, row)
            texts[column.heading], problem = encode(self.layout, field, value)
            issues += [problem] if problem else []
        return texts, issues + check_record(self.layout, texts)

    def _value(self, column, row):
        value = _plain(column, row)
        if isinstance(value, str) and self.file_format == CSV:
            # a name that a spreadsheet takes for a formula still goes, as a text; a
            # quotation mark at its beginning would swallow the columns behind it, and
            # quoted cells are read by some offices as they stand
            value = value.replace('"', "'")
            return safe_text(clean_text(value, self.layout.delimiter))
        return value


def _plain(column, row):
    """The value of a cell: None when blank."""
    if column.source == CONSTANT:
        return column.constant
    value = row.get(column.source)
    if value is None or value is False or value == "":
        return None
    if column.source in PHONES:
        # "+39 ..." looks like a sum: the two zeros mean the same
        text = str(value).strip()
        return f"00{text[1:].strip()}" if text.startswith("+") else text
    if KINDS.get(column.source, TEXT) == TEXT:
        return str(value)
    return value

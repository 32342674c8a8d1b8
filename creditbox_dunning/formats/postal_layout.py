"""The index of a postal job: what a column may stand for, and layouts made of rows.

Layouts are data that users edit (``dunning.postal.layout``), so nothing of theirs is
ever evaluated: a column only names one of these sources.
"""

import re
from dataclasses import dataclass

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
)

#: source -> (kind, meaning)
SOURCES = {
    # the job
    "job": (TEXT, "Number of the job"),
    "row": (INTEGER, "Row in the index, from 1"),
    "company_vat": (TEXT, "VAT number of the sender"),
    "contract_code": (TEXT, "Contract with the provider"),
    "sender_code": (TEXT, "Sender's code with the provider"),
    "return_code": (TEXT, "Code of the return address"),
    "cost_centre": (TEXT, "Cost centre"),
    "send_date": (DATE, "Day of sending asked for"),
    # the letter
    "letter_uuid": (TEXT, "Code of the letter, never used twice"),
    "product": (TEXT, "The provider's word for the kind of mail"),
    "is_registered": (INTEGER, "1 with acknowledgement of receipt, else 0"),
    "pdf_name": (TEXT, "Name of the PDF"),
    "pages": (INTEGER, "Pages"),
    "first_page": (INTEGER, "First page in the PDF"),
    "last_page": (INTEGER, "Last page in the PDF"),
    "sha256": (TEXT, "SHA-256 of the letter's PDF"),
    "colour": (INTEGER, "1 in colour, else 0"),
    "duplex": (INTEGER, "1 on both sides, else 0"),
    "ar_text": (TEXT, "Text on the receipt card"),
    "has_slip": (INTEGER, "1 with a payment slip, else 0"),
    "case": (TEXT, "Case"),
    "amount": (DECIMAL, "Amount asked"),
    # the addressee
    "name": (TEXT, "Name of the addressee"),
    "name2": (TEXT, "Second line of the name"),
    "care_of": (TEXT, "Care of"),
    "street": (TEXT, "Street and number"),
    "street2": (TEXT, "Second line of the street"),
    "zip": (TEXT, "Postal code"),
    "city": (TEXT, "City"),
    "province": (TEXT, "Province, two letters"),
    "country": (TEXT, "Country, two letters"),
    "country_name": (TEXT, "Country in words"),
    "fiscal_code": (TEXT, "Tax code of the addressee"),
    "customer_code": (TEXT, "Customer's code"),
}
#: without one of these no outcome could ever be told apart
KEYS = ("letter_uuid", "pdf_name")

#: setting -> (what ships, values allowed or None for any text)
SETTINGS = {
    "file_format": (CSV, (CSV, XML)),
    "delimiter": (";", (";", ",", "|")),
    "encoding": ("utf-8", ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1")),
    "line_end": ("crlf", ("crlf", "lf")),
    "decimal_mark": (",", (",", ".")),
    "date_format": (
        "DD/MM/YYYY",
        ("DD/MM/YYYY", "YYYY-MM-DD", "YYYYMMDD", "DD-MM-YYYY"),
    ),
    "has_header": (True, (True, False)),
    "xml_root": ("Lotto", None),
    "xml_record": ("Lettera", None),
}
_LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
MAX_COLUMNS = 200
MAX_LENGTH = 5000


@dataclass(frozen=True)
class LayoutIssue:
    """What is wrong with a layout: ``code`` is stable, ``name`` the column or setting,
    ``value`` what it says, ``param`` what would be right."""

    code: str
    name: str = ""
    value: str = ""
    param: str = ""


def layout_issues(settings, rows):
    """Everything that is wrong with a layout.

    :param dict settings: by the names of SETTINGS; what is absent is as shipped
    :param rows: dicts with name, source, max_length, is_required, fixed_value
    :return: list of ``LayoutIssue``. Codes: no_columns, too_many_columns, bad_name,
        double, bad_source, no_content, bad_length, no_key, bad_setting, same_marks,
        bad_element
    """
    issues = [issue for row in rows for issue in _row_issues(row)]
    if not rows:
        issues.append(LayoutIssue("no_columns"))
    if len(rows) > MAX_COLUMNS:
        issues.append(LayoutIssue("too_many_columns", "", str(len(rows)), "200"))
    names = [(row.get("name") or "").upper() for row in rows]
    doubles = sorted({name for name in names if names.count(name) > 1})
    issues += [LayoutIssue("double", name, name) for name in doubles]
    if rows and not {row.get("source") for row in rows} & set(KEYS):
        issues.append(LayoutIssue("no_key", "", "", ", ".join(KEYS)))
    return issues + _setting_issues(settings)


def _row_issues(row):
    name = row.get("name") or ""
    if not _NAME.match(name):
        yield LayoutIssue("bad_name", name, name)
    source = row.get("source") or ""
    if source and source not in SOURCES:
        yield LayoutIssue("bad_source", name, source)
    if not source and not row.get("fixed_value"):
        yield LayoutIssue("no_content", name)
    if not 0 <= (row.get("max_length") or 0) <= MAX_LENGTH:
        yield LayoutIssue("bad_length", name, str(row["max_length"]))


def _setting_issues(settings):
    issues = []
    for name, (default, allowed) in SETTINGS.items():
        value = settings.get(name, default)
        if allowed and value not in allowed:
            shown = ", ".join(map(str, allowed))
            issues.append(LayoutIssue("bad_setting", name, str(value), shown))
    marks = [settings.get(n, SETTINGS[n][0]) for n in ("delimiter", "decimal_mark")]
    if marks[0] == marks[1]:
        issues.append(LayoutIssue("same_marks", "delimiter", marks[0]))
    for name in ("xml_root", "xml_record"):
        value = str(settings.get(name) or SETTINGS[name][0])
        if not _ELEMENT.match(value):
            issues.append(LayoutIssue("bad_element", name, value))
    return issues


def make_layout(code, settings, rows):
    """The ``Layout`` of settings and rows without issues (see ``layout_issues``)."""

    def setting(name):
        value = settings.get(name)
        return SETTINGS[name][0] if value is None else value

    return Layout(
        code=code,
        fields=tuple(_field(row) for row in rows),
        delimiter=setting("delimiter"),
        encoding=setting("encoding"),
        line_end=_LINE_ENDS[setting("line_end")],
        decimal_mark=setting("decimal_mark"),
        date_format=setting("date_format"),
        header=setting("has_header"),
        file_format=setting("file_format"),
        xml_root=setting("xml_root"),
        xml_record=setting("xml_record"),
    )


def _field(row):
    source = row.get("source") or ""
    kind = SOURCES[source][0] if source else FIXED
    return Field(
        name=row["name"],
        kind=kind,
        # of a decimal the length counts its whole digits
        length=row.get("max_length") or 0,
        decimals=2 if kind == DECIMAL else 0,
        required=MANDATORY if row.get("is_required") else OPTIONAL,
        fixed=row.get("fixed_value") or "",
        source=source,
    )

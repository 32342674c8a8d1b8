"""Strict reading of the demonstration's workbooks, apart from the product's reader.

``read(content)`` gives, for each sheet, the rows that stand by themselves and, for the
others, the kind of the first thing that is wrong. Nothing of the modules is imported:
what both readers agree on was found twice.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO

import openpyxl
from stdnum.it import codicefiscale, iva

# heading -> type, and the headings that must be filled, sheet by sheet
DATES = {
    "Bonus dal",
    "Bonus al",
    "Data inizio",
    "Data fine",
    "Data emissione",
    "Data scadenza",
    "Periodo dal",
    "Periodo al",
    "Data residuo",
    "Data",
    "Data valuta",
    "Data invio",
    "Data notifica",
    "Termine pagamento",
}
AMOUNTS = {
    "Totale",
    "Imponibile",
    "IVA",
    "Altri servizi",
    "Residuo gestionale",
    "Importo",
    "Smc annui",
    "Fascia agevolata annua",
}
REQUIRED = {
    "Clienti": ("Codice cliente", "Denominazione", "Tipo soggetto"),
    "Contratti": (
        "Codice contratto",
        "Codice cliente",
        "Servizio",
        "POD/PDR/Punto",
        "Tipologia cliente",
        "Stato",
        "Data inizio",
    ),
    "Bollette": (
        "Numero bolletta",
        "Codice contratto",
        "Tipo documento",
        "Data emissione",
        "Data scadenza",
        "Totale",
    ),
    "Pagamenti": ("Id pagamento", "Data", "Importo"),
    "Solleciti pregressi": (
        "Id sollecito",
        "Codice contratto",
        "Tipo",
        "Canale",
        "Data invio",
    ),
}
KEYS = {
    "Clienti": ("Codice cliente",),
    "Contratti": ("Codice contratto",),
    "Bollette": ("Numero bolletta", "Codice contratto"),
    "Pagamenti": ("Id pagamento",),
    "Solleciti pregressi": ("Id sollecito",),
}
CODES = {
    "Tipo soggetto": {
        "Consumatore",
        "Microimpresa",
        "Impresa",
        "Ente pubblico",
        "Condominio",
    },
    "Servizio": {"Acqua", "Gas", "Energia elettrica", "Telefono"},
    "Tipologia cliente": {"Domestico", "Non domestico", "Grande utente", "Ente"},
    "Stato": {"Attivo", "Sospeso", "Cessato", "Da riattivare"},
    "Tipo documento": {"FT", "NC"},
    "Tipo": {"Sollecito bonario", "Costituzione in mora"},
    "Canale": {"PP", "AR", "PEC"},
}


@dataclass
class Sheet:
    """``rows``: (row number, {heading: value}); ``wrong``: {row number: kind}."""

    rows: list = field(default_factory=list)
    wrong: dict = field(default_factory=dict)


def read(content):
    """{sheet name: Sheet} of XLSX ``content``."""
    book = openpyxl.load_workbook(BytesIO(content), read_only=True)
    return {sheet.title: _sheet(sheet) for sheet in book.worksheets}


def _sheet(sheet):
    result, keys = Sheet(), set()
    lines = sheet.iter_rows()
    headings = [cell.value for cell in next(lines)]
    for number, cells in enumerate(lines, 2):
        values = {}
        kind = None
        for heading, cell in zip(headings, cells, strict=False):
            value, fault = _value(sheet.title, heading, cell)
            values[heading] = value
            kind = kind or fault
        if values[headings[0]] == "Totale":
            continue  # the sum that somebody wrote below the table
        if any(value is not None for value in values.values()) or kind:
            kind = kind or _row_fault(sheet.title, values)
            key = tuple(values[heading] for heading in KEYS[sheet.title])
            kind = kind or ("duplicate_key" if key in keys else None)
            keys.add(key)
            if kind:
                result.wrong[number] = kind
            result.rows.append((number, values))
    return result


def _value(sheet, heading, cell):
    """(value, None) or (None, kind of fault) of one cell."""
    value = cell.value
    if value is None or value == "":
        missing = heading in REQUIRED[sheet]
        return None, "required" if missing else None
    if cell.data_type == "f":
        return None, "formula_cell"
    if heading in DATES:
        if isinstance(value, datetime):
            return value.date(), None
        return _text_date(str(value))
    if heading in AMOUNTS:
        return _amount(value)
    known = CODES.get(heading)
    if heading == "Canale" and sheet == "Pagamenti":
        known = None  # free text there, a code among the notices
    if known and value not in known:
        return None, "unknown_code"
    return str(value), None


def _text_date(text):
    """A date written as text: only gg/mm/aaaa leaves no doubt."""
    if not re.fullmatch(r"\d{2}/\d{2}/\d{4}", text):
        return None, "bad_date"
    try:
        return date(int(text[6:]), int(text[3:5]), int(text[:2])), None
    except ValueError:
        return None, "impossible_date"


def _amount(value):
    """Number cells as they are; "1.234" as text may mean two things: refused."""
    if isinstance(value, str):
        if re.fullmatch(r"-?\d+,\d{2}", value):
            return Decimal(value.replace(",", ".")), None
        return None, "ambiguous_number"
    try:
        return Decimal(repr(value)), None
    except InvalidOperation:
        return None, "ambiguous_number"


def _row_fault(sheet, row):
    """What one row, looked at alone, has wrong: a kind or None."""
    check = {
        "Clienti": _customer_fault,
        "Contratti": _contract_fault,
        "Bollette": _bill_fault,
        "Pagamenti": lambda row: None,
        "Solleciti pregressi": _notice_fault,
    }
    return check[sheet](row)


def _customer_fault(row):
    if row["Codice fiscale"] and not codicefiscale.is_valid(row["Codice fiscale"]):
        return "bad_fiscal_code"
    if row["Partita IVA"] and not iva.is_valid(row["Partita IVA"]):
        return "bad_vat"
    return None


def _contract_fault(row):
    form = {
        "Energia elettrica": r"IT\d{3}E[A-Z0-9]{8,9}",
        "Gas": r"\d{14}",
    }.get(row["Servizio"])
    if form and not re.fullmatch(form, row["POD/PDR/Punto"]):
        return "bad_point_code"
    return None


def _bill_fault(row):
    total, untaxed, tax = row["Totale"], row["Imponibile"], row["IVA"]
    if untaxed is not None and untaxed + (tax or 0) != total:
        return "bad_total"
    return None


def _notice_fault(row):
    notified = row["Data notifica"]
    return "bad_period" if notified and notified < row["Data invio"] else None


def instalments(bill_text):
    """[(date, amount)] of "2026-01-31:50,00|..."; [] for None."""
    parts = []
    for part in (bill_text or "").split("|"):
        if part:
            day, amount = part.split(":")
            parts.append((date.fromisoformat(day), Decimal(amount.replace(",", "."))))
    return parts

"""The file of charges for the billing system: CSV, UTF-8 with BOM, `;`, comma decimals.

Whatever people typed (description, tax note, codes) may reach a spreadsheet: cells that
a spreadsheet would take for a formula are preceded by an apostrophe. The amount is
ours and stays a number, negative ones included.
"""

import csv
import io
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal

HEADINGS = (
    "Riferimento addebito",
    "Codice cliente",
    "Codice contratto",
    "Tipo",
    "Importo",
    "Valuta",
    "Data",
    "Descrizione",
    "Trattamento fiscale",
)
DANGEROUS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)


@dataclass(frozen=True)
class ChargeRow:
    ref: str
    customer_code: str
    contract_code: str
    kind: str
    amount: Decimal
    currency: str
    date: date
    description: str
    tax_note: str


def safe_text(text):
    """``text`` on one line, with an apostrophe before what looks like a formula."""
    text = " ".join(str(text or "").replace("\x00", "").splitlines())
    if text.lstrip().startswith(DANGEROUS) or text.startswith(DANGEROUS):
        return "'" + text
    return text


def _cell(value):
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(value)


def write(rows):
    """The bytes of the file for an iterable of :class:`ChargeRow`."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for row in rows:
        cells = [_cell(value) for value in astuple(row)]
        cells[4] = f"{Decimal(str(row.amount)):.2f}".replace(".", ",")
        writer.writerow(cells)
    return stream.getvalue().encode("utf-8-sig")

"""Entries for another accounting program: CSV, UTF-8 with BOM, `;`, comma decimals.

Double entry: for each document its debit and its credit rows, equal in sum. Texts that
a spreadsheet would take for a formula are preceded by an apostrophe, amounts are ours
and never negative: the side says which way they go.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ...utility_supply.formats.charge_csv import safe_text

HEADINGS = (
    "Data",
    "Documento",
    "Conto",
    "Nome del conto",
    "Dare",
    "Avere",
    "Valuta",
    "Codice cliente",
    "Cliente",
    "Contratto",
    "Bolletta",
    "Causale",
    "Descrizione",
    "Trattamento fiscale",
)


class UnbalancedError(ValueError):
    """Debit and credit of these documents differ."""


@dataclass(frozen=True)
class Entry:
    """One row; ``amount`` positive in debit, negative in credit."""

    day: date
    ref: str
    account: str
    account_name: str
    amount: Decimal
    currency: str
    customer_code: str
    customer: str
    contract: str
    bill: str
    reason: str
    description: str
    tax_note: str = ""


def pair(entry, account, account_name):
    """``entry`` and its counterpart on another account."""
    fields = {**entry.__dict__, "account": account, "account_name": account_name}
    return [entry, Entry(**{**fields, "amount": -entry.amount})]


def check_balance(entries):
    """:raise UnbalancedError: names the documents whose rows do not add up to zero"""
    sums = {}
    for entry in entries:
        sums[entry.ref] = sums.get(entry.ref, Decimal(0)) + entry.amount
    wrong = [ref for ref, amount in sums.items() if amount]
    if wrong:
        raise UnbalancedError(", ".join(wrong))


def write(entries):
    """The bytes of the file.

    :raise UnbalancedError: names the documents whose rows do not add up to zero
    """
    check_balance(entries)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for entry in entries:
        writer.writerow(_cells(entry))
    return stream.getvalue().encode("utf-8-sig")


def _cells(entry):
    amount = f"{abs(entry.amount):.2f}".replace(".", ",")
    debit, credit = (amount, "") if entry.amount > 0 else ("", amount)
    texts = (entry.ref, entry.account, entry.account_name)
    rest = (
        entry.currency,
        entry.customer_code,
        entry.customer,
        entry.contract,
        entry.bill,
        entry.reason,
        entry.description,
        entry.tax_note,
    )
    return [
        entry.day.isoformat(),
        *map(safe_text, texts),
        debit,
        credit,
        *map(safe_text, rest),
    ]

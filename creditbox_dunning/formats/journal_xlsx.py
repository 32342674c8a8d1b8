"""The same entries as journal_csv for a spreadsheet: amounts as numbers, days as days.

Texts go through the product's safe writer: none is ever a formula.
"""

from ...utility_supply.formats.workbook import rows_workbook
from .journal_csv import HEADINGS, check_balance

SHEET = "Prima nota"


def write(entries):
    """The bytes of the workbook.

    :raise UnbalancedError: names the documents whose rows do not add up to zero
    """
    check_balance(entries)
    return rows_workbook([(SHEET, HEADINGS, map(_cells, entries))])


def _cells(entry):
    debit, credit = (entry.amount, None) if entry.amount > 0 else (None, -entry.amount)
    return [
        entry.day,
        entry.ref,
        entry.account,
        entry.account_name,
        debit,
        credit,
        entry.currency,
        entry.customer_code,
        entry.customer,
        entry.contract,
        entry.bill,
        entry.reason,
        entry.description,
        entry.tax_note,
    ]

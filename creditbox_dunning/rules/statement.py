"""The statement of account: what a customer has open, oldest due date first.

Pure: no Odoo. Amounts are exact Decimals in one currency, positive when the customer
owes them.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# rows of the first page, under address and title, and of each other one: what makes the
# PDF repeats no heads and cuts what it finds at the edge
FIRST_PAGE, OTHER_PAGES = 26, 36


@dataclass(frozen=True)
class Item:
    """One open item of the ledger."""

    ref: str
    kind: str  # bill, credit (note), payment (not matched yet), other
    issued: date
    due: date | None
    amount: Decimal
    residual: Decimal
    point: str = ""


@dataclass(frozen=True)
class Row:
    """An item as it is shown; ``days``: how long it is overdue, 0 when it is not."""

    item: Item
    days: int
    balance: Decimal


@dataclass(frozen=True)
class Statement:
    rows: tuple
    overdue: Decimal
    not_due: Decimal
    in_favour: Decimal
    balance: Decimal


def statement(items, today):
    """The :class:`Statement` of ``items`` on ``today``.

    What is due on ``today`` itself is not overdue. Credits, which have no due date that
    matters, come last and are told apart (``in_favour``, positive); ``overdue`` +
    ``not_due`` - ``in_favour`` is the balance, which is the sum of all residuals.
    """
    owed = sorted((i for i in items if i.residual > 0), key=lambda i: (_due(i), i.ref))
    credits = sorted(
        (i for i in items if i.residual < 0), key=lambda i: (i.issued, i.ref)
    )
    rows, balance = [], Decimal(0)
    overdue = not_due = in_favour = Decimal(0)
    for item in (*owed, *credits):
        balance += item.residual
        days = max(0, (today - _due(item)).days) if item.residual > 0 else 0
        if item.residual < 0:
            in_favour -= item.residual
        elif days:
            overdue += item.residual
        else:
            not_due += item.residual
        rows.append(Row(item, days, balance))
    return Statement(tuple(rows), overdue, not_due, in_favour, balance)


def _due(item):
    return item.due or item.issued


def sheets(rows):
    """The rows page by page, at least one page."""
    pages = [rows[:FIRST_PAGE]]
    pages += [
        rows[start : start + OTHER_PAGES]
        for start in range(FIRST_PAGE, len(rows), OTHER_PAGES)
    ]
    return pages

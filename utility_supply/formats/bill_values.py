"""A bill as the writer wants it: plain values, checked without a database.

Amounts are ``Decimal`` in the bill's currency and always as printed on the document:
the total of a credit note is positive. ``models/bill_writer.py`` turns them into posted
journal entries.
"""

import datetime
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise

from .issues import Issue, make

ZERO = Decimal(0)
# VAT printed on a bill may differ from rate x base because billing rounds each
# component: beyond this much a row, it is another rate or a mistake
TAX_TOLERANCE = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class BillLine:
    """The share of one supply contract in a bill.

    ``contract_id``: utility.contract or None; ``untaxed`` and ``tax``: amounts of the
    share, one of them may be negative; ``tax_id``: account.tax of that share (full
    books only); ``account_id``: income or clearing account, None = the company's
    default; ``name``: text of the journal item, "" = the bill's number.
    """

    contract_id: int | None
    untaxed: Decimal
    tax: Decimal = ZERO
    tax_id: int | None = None
    account_id: int | None = None
    name: str = ""

    @property
    def total(self):
        return self.untaxed + self.tax


@dataclass(slots=True)
class BillValues:
    """One bill of the billing system.

    ``move_type``: out_invoice or out_refund; ``currency_id``: res.currency, None = the
    company's; ``instalments``: [(due date, amount)], empty = all of it on ``due_date``;
    ``payment_reference``: what the customer quotes when paying, "" = the bill's number;
    ``extra``: further stored fields of account.move (``consumption_from`` ...).
    """

    billing_ref: str
    move_type: str
    partner_id: int
    date: datetime.date
    due_date: datetime.date
    lines: list[BillLine]
    total: Decimal
    currency_id: int | None = None
    instalments: list[tuple[datetime.date, Decimal]] = field(default_factory=list)
    payment_reference: str = ""
    extra: dict = field(default_factory=dict)

    @property
    def is_refund(self):
        return self.move_type == "out_refund"

    @property
    def contract_ids(self):
        """Contracts of the lines in order, each once (None excluded)."""
        ids = (line.contract_id for line in self.lines)
        return list(dict.fromkeys(id_ for id_ in ids if id_))

    @property
    def last_due_date(self):
        """The date after which nothing of the bill is still to fall due."""
        return max((day for day, _amount in self.instalments), default=self.due_date)


class BillsRefused(Exception):
    """Some bills may not be posted; ``issues``: {position in the list: [Issue]}."""

    def __init__(self, issues):
        codes = {issue.code for found in issues.values() for issue in found}
        super().__init__(f"{len(issues)} bills refused: {', '.join(sorted(codes))}")
        self.issues = issues


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is due of a bill for one contract on one date: one term line."""

    contract_id: int | None
    due_date: datetime.date
    amount: Decimal


def spread(shares, terms):
    """Split amounts over two dimensions, exactly.

    ``shares``: amounts by row (contracts), ``terms``: amounts by column (instalments),
    all integers (cents) with the same sum. Returns the matrix whose rows sum to
    ``shares`` and whose columns sum to ``terms``, each cell as near to proportional as
    whole cents allow.
    """
    total = sum(terms)
    if total != sum(shares):
        raise ValueError("shares and terms have different sums")
    if not total:
        # nothing to be proportional to: shares fall due first, terms bear no contract
        first, *others = shares
        rows = [[first, *terms[1:]]] + [[s] + [0] * (len(terms) - 1) for s in others]
        rows[0][0] = terms[0] - sum(others)
        return rows
    # difference of cumulated roundings: every partial sum is right to half a cent, so
    # the last one of each row and column is exact
    before = [0] * (len(terms) + 1)
    matrix = []
    for cumulated in accumulate(shares):
        after = [0, *(_divide(cumulated * t, total) for t in accumulate(terms))]
        up_to = [now - then for now, then in zip(after, before, strict=True)]
        matrix.append([b - a for a, b in pairwise(up_to)])
        before = after
    return matrix


def _divide(numerator, denominator):
    """Quotient rounded half up (to the nearest integer)."""
    return (2 * numerator + denominator) // (2 * denominator)


def receivables(bill, cents=2):
    """The term lines of ``bill``: per contract and instalment, in due order.

    Zero cells are left out, unless nothing else remains.
    """
    shares = {}
    for line in bill.lines:
        shares[line.contract_id] = shares.get(line.contract_id, ZERO) + line.total
    terms = bill.instalments or [(bill.due_date, bill.total)]
    if len(shares) == 1:
        (contract_id,) = shares
        cells = [Receivable(contract_id, day, amount) for day, amount in terms]
    elif len(terms) == 1:
        day = terms[0][0]
        cells = [Receivable(id_, day, amount) for id_, amount in shares.items()]
    else:
        cells = _spread_cells(shares, terms, cents)
    return [cell for cell in cells if cell.amount] or cells[:1]


def _spread_cells(shares, terms, cents):
    unit = Decimal(1).scaleb(-cents)
    matrix = spread(
        [int(amount / unit) for amount in shares.values()],
        [int(amount / unit) for _day, amount in terms],
    )
    return [
        Receivable(contract_id, terms[column][0], row[column] * unit)
        for column in range(len(terms))
        for contract_id, row in zip(shares, matrix, strict=True)
    ]


def percent_of(base, rate, cents=2):
    """``rate`` % of ``base`` rounded half away from zero, as Odoo rounds money."""
    unit = Decimal(1).scaleb(-cents)
    return (base * rate / 100).quantize(unit, rounding=ROUND_HALF_UP)


def amount_issues(bill, *, cents=2) -> list[Issue]:
    """What is wrong with the figures of ``bill`` taken alone; [] when they agree."""
    found = _precision_issues(bill, cents)
    if found:
        return found  # such figures cannot be compared
    expected = sum((line.total for line in bill.lines), ZERO)
    terms = sum((amount for _day, amount in bill.instalments), ZERO)
    if bill.total != expected:
        found.append(
            make("bad_total", column="total", value=bill.total, expected=expected)
        )
    if bill.total < 0:
        found.append(make("negative_total", column="total", value=bill.total))
    if bill.instalments and terms != bill.total:
        found.append(
            make(
                "instalments_sum",
                column="instalments",
                value=terms,
                expected=bill.total,
            )
        )
    if not bill.billing_ref.strip() or bill.billing_ref == "/":
        found.append(make("required", column="billing_ref", value=bill.billing_ref))
    return found


def _precision_issues(bill, cents):
    """One issue when a figure is no amount of money."""
    amounts = [bill.total, *(amount for _day, amount in bill.instalments)]
    amounts += [figure for line in bill.lines for figure in (line.untaxed, line.tax)]
    for amount in amounts:
        if not amount.is_finite() or amount != round(amount, cents):
            return [
                make("too_many_decimals", column="total", value=amount, limit=cents)
            ]
    return []

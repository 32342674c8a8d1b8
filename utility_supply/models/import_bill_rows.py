"""The rows of one bill put together. Pure: records in, values and issues out."""

from collections import defaultdict
from decimal import Decimal

from ..formats.bill_values import BillLine, BillValues
from .import_message import issue

# columns that describe the whole bill: all its rows must agree
HEADER = (
    "document_type",
    "date",
    "due_date",
    "payment_code",
    "reverses_ref",
)
# columns of the bill that carry no amount of the books: a later file may complete them
EXTRA = (
    "consumption_from",
    "consumption_to",
    "reading_kind",
    "is_closing_bill",
    "recalculation_kind",
    "other_services_amount",
    "payment_code",
)
MOVE_TYPE = {"invoice": "out_invoice", "credit_note": "out_refund"}


def group_rows(records):
    """{billing_ref: [(row number, record)]} in the order of the file."""
    groups = defaultdict(list)
    for number, record in records:
        groups[record["billing_ref"]].append((number, record))
    return groups


def header_issue(rows):
    """The issue of the first column in which the rows of a bill differ, or None."""
    first = rows[0][1]
    for name in HEADER:
        for _number, record in rows[1:]:
            if record.get(name) != first.get(name):
                return issue("bill_rows_differ", name, first["billing_ref"])
    return None


def amount_issues(record, is_full):
    """What the amounts of one row say against each other."""
    total, untaxed, tax = record["total"], record.get("untaxed"), record.get("tax")
    if untaxed is not None and tax is not None and untaxed + tax != total:
        return [issue("bad_total", "total", total, expected=untaxed + tax)]
    if is_full and untaxed is None and tax is None:
        return [issue("missing_tax", "untaxed")]
    if is_full and record.get("tax_rate") is None and shares(record)[1]:
        return [issue("missing_tax_rate", "tax_rate")]
    return []


def shares(record):
    """(taxable amount, VAT) of one row; what is not told follows from the total."""
    total, untaxed, tax = record["total"], record.get("untaxed"), record.get("tax")
    if untaxed is None:
        untaxed = total - (tax or Decimal(0))
    return untaxed, total - untaxed


def merge_instalments(rows):
    """[(due date, amount)] of the bill: told once for all rows, or row by row."""
    told = [tuple(record.get("instalments") or ()) for _n, record in rows]
    total = sum(record["total"] for _n, record in rows)
    first = told[0]
    merged = defaultdict(Decimal)
    if first and all(t == first for t in told) and _sum(first) == total:
        rows, told = rows[:1], told[:1]
    for (_number, record), terms in zip(rows, told, strict=True):
        # a row that tells no instalments falls due whole
        for day, amount in terms or ((record["due_date"], record["total"]),):
            merged[day] += amount
    return sorted(merged.items()) if any(told) else []


def _sum(terms):
    return sum((amount for _day, amount in terms), Decimal(0))


def extra_values(rows):
    """Values of the bill's further fields: periods widen, amounts add up."""
    values = {}
    for name in EXTRA:
        told = [r[name] for _n, r in rows if r.get(name) not in (None, "")]
        if not told:
            continue
        if name == "consumption_from":
            values[name] = min(told)
        elif name == "consumption_to":
            values[name] = max(told)
        elif name == "is_closing_bill":
            values[name] = all(told) and len(told) == len(rows)
        elif name == "other_services_amount":
            values[name] = float(sum(told))
        else:
            values[name] = told[0] if len(set(told)) == 1 else _mixed(name, told)
    return values


def _mixed(name, told):
    if name == "reading_kind":
        return "mixed"
    if name == "recalculation_kind":
        return next(kind for kind in told if kind != "none")
    return told[0]


def residual_values(rows):
    """What billing says is still open, with its date, {} when it says nothing."""
    told = [r for _n, r in rows if r.get("billing_residual") is not None]
    if not told:
        return {}
    day = max((r["billing_residual_date"] or r["date"]) for r in told)
    residual = sum(r["billing_residual"] for r in told)
    return {"billing_residual": float(residual), "billing_residual_date": day}


def bill_values(rows, contracts, taxes):
    """`BillValues` of the rows of one bill.

    :param contracts: {code: utility.contract}; one that is not there yet (dry check)
        gives values that can be checked, not written
    :param taxes: {rate: account.tax id}; empty for a subledger
    """
    first = rows[0][1]
    lines = []
    for _number, record in rows:
        untaxed, tax = shares(record)
        contract = contracts.get(record["contract_code"])
        lines.append(
            BillLine(
                contract_id=contract.id if contract else None,
                untaxed=untaxed,
                tax=tax,
                tax_id=taxes.get(record.get("tax_rate")),
            )
        )
    contract = contracts.get(first["contract_code"])
    return BillValues(
        billing_ref=first["billing_ref"],
        move_type=MOVE_TYPE[first["document_type"]],
        partner_id=contract.partner_id.id if contract else None,
        date=first["date"],
        due_date=first["due_date"],
        lines=lines,
        total=sum(record["total"] for _n, record in rows),
        instalments=merge_instalments(rows),
        payment_reference=first.get("payment_code") or "",
        extra={**extra_values(rows), **residual_values(rows)},
    )

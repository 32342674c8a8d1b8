"""The fast way of the bill writer: rows cloned from specimens, one INSERT per table."""

import re
from collections import Counter
from itertools import chain

from odoo import models

from ..formats.bill_values import ZERO, percent_of, receivables

# columns computed below for each bill; all others are the specimen's
MOVE_COLUMNS = (
    *("id", "name", "sequence_prefix", "sequence_number", "payment_reference"),
    *("date", "invoice_date", "invoice_date_due", "payment_state"),
    *("partner_id", "commercial_partner_id", "partner_shipping_id", "partner_bank_id"),
    *("invoice_partner_display_name", "billing_ref", "utility_contract_id"),
    *("amount_untaxed", "amount_untaxed_signed", "amount_untaxed_in_currency_signed"),
    *("amount_tax", "amount_tax_signed"),
    *("amount_total", "amount_total_signed", "amount_total_in_currency_signed"),
    *("amount_residual", "amount_residual_signed"),
)
LINE_COLUMNS = (
    *("id", "move_id", "move_name", "name", "date", "invoice_date", "date_maturity"),
    *("partner_id", "account_id", "utility_contract_id"),
    *("debit", "credit", "balance", "amount_currency", "tax_base_amount"),
    *("amount_residual", "amount_residual_currency", "reconciled"),
    *("price_unit", "price_subtotal", "price_total"),
)


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    _nullable_columns = frozenset({"partner_bank_id", "utility_contract_id"})

    def _post_fast(self, books, bills):
        """Insert posted moves for ``bills``; the moves in the same order.

        A constant number of statements, whatever the number of bills.
        """
        facts = self._customer_facts(books.company, [b.partner_id for b in bills])
        self._add_refund_banks(books, bills, facts)
        kinds = [self._kind(books, bill, facts[bill.partner_id]) for bill in bills]
        specimens = self._specimens(books, dict(zip(kinds, bills, strict=True)))
        rows = _Rows(self, books, specimens, self._open_accounts(books, bills))
        for bill, kind in zip(bills, kinds, strict=True):
            rows.add(bill, kind, facts[bill.partner_id])
        self._insert(rows)
        moves = self.env["account.move"].browse(row["id"] for row in rows.moves)
        self._count_customers(Counter(bill.partner_id for bill in bills))
        first_of_kind = dict(zip(reversed(kinds), reversed(moves), strict=True))
        for kind in specimens.fresh:
            self._verify_sample(first_of_kind[kind], 1)
        return moves

    def _open_accounts(self, books, bills):
        """Ids of the accounts in use whose items have a residual."""
        accounts = self.env["account.account"].browse(
            {books.account_id(line) for bill in bills for line in bill.lines}
        )
        return set(accounts.filtered(self._keeps_residual).ids)

    def _number_regex(self):
        """What splits a number into prefix and counter, as ``sequence.mixin`` does."""
        move = self.env["account.move"]
        pattern = move._sequence_fixed_regex.replace("?P<seq>", "")
        return re.compile(move._make_regex_non_capturing(pattern))

    def _insert(self, rows):
        self._number("account.move", rows.moves)
        for move, lines in zip(rows.moves, rows.lines_of, strict=True):
            for line in lines:
                line["move_id"] = move["id"]
        lines = list(chain.from_iterable(rows.lines_of))
        self._number("account.move.line", lines)
        columns = [*MOVE_COLUMNS, *set(chain.from_iterable(rows.extra))]
        specimens = rows.specimens
        self._clone("account.move", specimens.move_rows, rows.moves, columns)
        self._clone("account.move.line", specimens.line_rows, lines, LINE_COLUMNS)
        self._clone_links(specimens.links, lines)
        self._forget_caches("account.move", "account.move.line")
        self._compute_foreign_fields("account.move", [row["id"] for row in rows.moves])
        self._compute_foreign_fields("account.move.line", [row["id"] for row in lines])


class _Rows:
    """Collects the rows of a call: plain dicts, ready for JSON."""

    def __init__(self, writer, books, specimens, open_accounts):
        self.writer = writer
        self.books = books
        self.specimens = specimens
        self.open_accounts = open_accounts
        self.moves = []
        self.lines_of = []  # one list for each move
        self.extra = []
        self.number_regex = writer._number_regex()

    def add(self, bill, kind, facts):
        sign = 1 if bill.is_refund else -1
        common = {
            "date": self.books.accounting_date(bill),
            "invoice_date": bill.date,
            "partner_id": facts.commercial_id,
            "move_name": bill.billing_ref,
        }
        bases = [self.books.amounts(line) for line in bill.lines]
        untaxed = sum((base for base, _tax in bases), ZERO)
        tax = sum((tax for _base, tax in bases), ZERO)
        lines = [
            *self._product_lines(bill, kind, sign),
            *self._tax_lines(bill, kind, sign),
            *self._term_lines(bill, kind, sign),
        ]
        for line in lines:
            line.update(common)
        self.lines_of.append(lines)
        self.extra.append(bill.extra)
        self.moves.append(
            {
                **self._move(bill, kind, facts),
                **amounts("amount_untaxed", untaxed, sign),
                **amounts("amount_tax", tax, sign),
                **amounts("amount_total", bill.total, sign),
                **amounts("amount_residual", bill.total, sign),
                **bill.extra,
            }
        )

    def _move(self, bill, kind, facts):
        contracts = bill.contract_ids
        match = self.number_regex.match(bill.billing_ref)
        bank_id = self.specimens.bank_ids[kind]
        return {
            "of": self.specimens.numbers[kind],
            "name": bill.billing_ref,
            "billing_ref": bill.billing_ref,
            "sequence_prefix": bill.billing_ref[: match.start(1)],
            "sequence_number": int(match.group(1) or 0),
            "payment_reference": bill.payment_reference or bill.billing_ref,
            "date": self.books.accounting_date(bill),
            "invoice_date": bill.date,
            "invoice_date_due": bill.last_due_date,
            "payment_state": "not_paid" if bill.total else "paid",
            "partner_id": bill.partner_id,
            "commercial_partner_id": facts.commercial_id,
            "partner_shipping_id": facts.shipping_id,
            "partner_bank_id": facts.refund_bank_id if bill.is_refund else bank_id,
            "invoice_partner_display_name": facts.display_name,
            "utility_contract_id": contracts[0] if len(contracts) == 1 else None,
        }

    def _product_lines(self, bill, kind, sign):
        for line in bill.lines:
            base, _tax = self.books.amounts(line)
            tax_id = self.books.tax_id(line)
            rate = self.books.rates.get(tax_id, ZERO)
            account_id = self.books.account_id(line)
            number = self.specimens.roles[kind, "product", tax_id]
            is_open = account_id in self.open_accounts
            yield {
                **self._entry(number, sign * base, is_open),
                "name": line.name or bill.billing_ref,
                "account_id": account_id,
                "utility_contract_id": line.contract_id,
                "price_unit": base,
                "price_subtotal": base,
                "price_total": base + percent_of(base, rate, self.books.cents),
            }

    def _tax_lines(self, bill, kind, sign):
        """One line a tax; Odoo makes none when the VAT is zero."""
        sums = {}
        for line in bill.lines:
            tax_id = self.books.tax_id(line)
            if tax_id:
                base, tax = sums.get(tax_id, (ZERO, ZERO))
                sums[tax_id] = (base + line.untaxed, tax + line.tax)
        contracts = bill.contract_ids
        for tax_id, (base, tax) in sums.items():
            if tax:
                number = self.specimens.roles[kind, "tax", tax_id]
                is_open = number in self.specimens.open_roles
                yield {
                    **self._entry(number, sign * tax, is_open),
                    "tax_base_amount": sign * base,
                    "utility_contract_id": contracts[0]
                    if len(contracts) == 1
                    else None,
                }

    def _term_lines(self, bill, kind, sign):
        number = self.specimens.roles[kind, "payment_term", None]
        for cell in receivables(bill, self.books.cents):
            yield {
                **self._entry(number, -sign * cell.amount, True),
                "name": bill.payment_reference or bill.billing_ref,
                "date_maturity": cell.due_date,
                "utility_contract_id": cell.contract_id,
            }

    def _entry(self, number, balance, is_open):
        """``is_open``: the account keeps a residual (it can be reconciled)."""
        return {
            "of": number,
            "debit": max(balance, ZERO),
            "credit": max(-balance, ZERO),
            "balance": balance,
            "amount_currency": balance,
            "amount_residual": balance if is_open else ZERO,
            "amount_residual_currency": balance if is_open else ZERO,
            "reconciled": is_open and not balance,
        }


def amounts(name, amount, sign):
    """The columns of one amount of a move; ``sign``: -1 for what a customer owes."""
    values = {name: amount, f"{name}_signed": -sign * amount}
    if name in ("amount_untaxed", "amount_total"):
        values[f"{name}_in_currency_signed"] = -sign * amount
    return values

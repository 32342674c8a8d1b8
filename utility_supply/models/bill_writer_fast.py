"""The fast way of the bill writer: rows cloned from specimens, one INSERT per table."""

import logging
import re
from collections import Counter, defaultdict
from functools import partial
from itertools import chain

from psycopg2 import OperationalError

from odoo import models
from odoo.tools import SQL, ormcache

from ..formats.bill_values import ZERO, percent_of, receivables
from .bill_writer_specimen import json_text

_logger = logging.getLogger(__name__)

COUNT_KEY = "utility_supply.bill_writer.customer_rank"
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
# columns where NULL is a value, not "as in the specimen"
NULLABLE_COLUMNS = frozenset({"partner_bank_id", "utility_contract_id"})
# modules whose stored computed fields are all either above or the same in each kind
KNOWN_COMPUTE_MODULES = frozenset(
    {
        *(
            "account",
            "account_debit_note",
            "account_edi_proxy_client",
            "account_payment",
        ),
        *("account_add_gln", "account_edi_ubl_cii", "account_peppol", "analytic"),
        *("account_qr_code_sepa", "base", "l10n_it", "l10n_it_edi", "mail", "portal"),
        *("product", "sms", "snailmail_account", "utility_supply"),
    }
)


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    def _post_fast(self, books, bills):
        """Insert posted moves for ``bills``; the moves in the same order.

        A constant number of statements, whatever the number of bills.
        """
        facts = self._customer_facts(books, bills)
        kinds = [self._kind(books, bill, facts[bill.partner_id]) for bill in bills]
        specimens = self._specimens(books, dict(zip(kinds, bills, strict=True)))
        rows = _Rows(self, books, specimens, self._open_accounts(books, bills))
        for bill, kind in zip(bills, kinds, strict=True):
            rows.add(bill, kind, facts[bill.partner_id])
        self._insert(rows)
        moves = self.env["account.move"].browse(row["id"] for row in rows.moves)
        self._forget_caches()
        self._count_customers(bills)
        self._compute_foreign_fields(moves)
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

    # --- SQL -----------------------------------------------------------------

    def _insert(self, rows):
        number_ids(self.env, "account.move", rows.moves)
        for move, lines in zip(rows.moves, rows.lines_of, strict=True):
            for line in lines:
                line["move_id"] = move["id"]
        lines = list(chain.from_iterable(rows.lines_of))
        number_ids(self.env, "account.move.line", lines)
        extra = sorted(set(chain.from_iterable(rows.extra)))
        self._clone(
            "account.move", rows.specimens.move_rows, rows.moves, MOVE_COLUMNS, extra
        )
        self._clone(
            "account.move.line", rows.specimens.line_rows, lines, LINE_COLUMNS, ()
        )
        self._clone_relations(rows.specimens.links, lines)

    def _clone(self, model_name, specimens, rows, columns, extra):
        """Insert ``rows`` (dicts by column, ``of`` = number of their specimen)."""
        model = self.env[model_name]
        given = {*columns, *extra}
        stamps = {
            "create_uid": SQL("%s", self.env.uid),
            "write_uid": SQL("%s", self.env.uid),
            "create_date": SQL("now() AT TIME ZONE 'UTC'"),
            "write_date": SQL("now() AT TIME ZONE 'UTC'"),
        }
        targets, sources = [], []
        for name, field in model._fields.items():
            if not field.store or not field.column_type:
                continue
            column = SQL.identifier(name)
            targets.append(column)
            if name in stamps:
                sources.append(stamps[name])
            elif name not in given:
                sources.append(SQL("s.%s", column))
            elif name in NULLABLE_COLUMNS:
                sources.append(SQL("v.%s", column))
            else:
                sources.append(SQL("COALESCE(v.%s, s.%s)", column, column))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO %(table)s (%(targets)s)
                SELECT %(sources)s
                  FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(%(types)s)
                  JOIN jsonb_populate_recordset(
                           NULL::%(table)s, %(specimens)s::jsonb
                       ) WITH ORDINALITY AS s
                    ON s.ordinality = v."of"
                """,
                table=SQL.identifier(model._table),
                targets=SQL(", ").join(targets),
                sources=SQL(", ").join(sources),
                rows=json_text(rows),
                types=self._column_types(model, sorted(given)),
                specimens=f"[{', '.join(specimens)}]",
            )
        )

    def _column_types(self, model, names):
        """Column definition list of the values given for each row."""
        types = [SQL('"of" int4')]
        for name in names:
            kind = model._fields[name].column_type[0] if name != "id" else "int4"
            types.append(SQL("%s %s", SQL.identifier(name), SQL(kind)))
        return SQL(", ").join(types)

    def _clone_relations(self, relations, lines):
        """Taxes, tax tags and whatever else a specimen's lines are linked to."""
        by_name = defaultdict(list)
        for name, number, id_ in relations:
            by_name[name].append({"of": number, "value": id_})
        for name, values in by_name.items():
            field = self.env["account.move.line"]._fields[name]
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO %(table)s (%(line)s, %(value)s)
                    SELECT v.id, r.value
                      FROM jsonb_to_recordset(%(lines)s::jsonb) AS v("of" int4, id int4)
                      JOIN jsonb_to_recordset(%(values)s::jsonb)
                           AS r("of" int4, value int4)
                        ON r."of" = v."of"
                    """,
                    table=SQL.identifier(field.relation),
                    line=SQL.identifier(field.column1),
                    value=SQL.identifier(field.column2),
                    lines=json_text(
                        [{"of": line["of"], "id": line["id"]} for line in lines]
                    ),
                    values=json_text(values),
                )
            )

    # --- what posting does besides -------------------------------------------

    def _forget_caches(self):
        """Drop what the cache may hold of the tables just written to."""
        for model in (self.env["account.move"], self.env["account.move.line"]):
            model.invalidate_model(flush=False)
            for field in model._fields.values():
                for inverse in self.pool.field_inverses[field]:
                    self.env[inverse.model_name].invalidate_model(
                        [inverse.name], flush=False
                    )

    def _count_customers(self, bills):
        """``customer_rank`` as posting counts it, but set-wise.

        As Odoo does: new customers at once, the others after the commit, because many
        processes may touch the same customers.
        """
        counts = Counter(bill.partner_id for bill in bills)
        partners = self.env["res.partner"].browse(counts)
        for partner in partners:
            if partner.commercial_partner_id != partner:
                counts[partner.commercial_partner_id.id] += counts[partner.id]
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner SET customer_rank = %s
                 WHERE id = ANY(%s) AND COALESCE(customer_rank, 0) = 0
             RETURNING id
                """,
                SQL("(%s::jsonb ->> id::text)::int", json_text(counts)),
                list(counts),
            )
        )
        for (partner_id,) in self.env.cr.fetchall():
            del counts[partner_id]
        partners.invalidate_model(["customer_rank"], flush=False)
        noted = self.env.cr.postcommit.data.setdefault(COUNT_KEY, Counter())
        if not noted and counts:
            self.env.cr.postcommit.add(partial(count_customers, self.pool, noted))
        noted.update(counts)

    def _compute_foreign_fields(self, moves):
        """Stored computed fields of modules unknown here: the ORM computes them."""
        if not self._has_foreign_fields():
            return
        records = (moves, moves.line_ids)
        known = [
            ([f for f in recordset._fields.values() if is_known(f)], recordset)
            for recordset in records
        ]
        with self.env.protecting(known):
            for recordset in records:
                recordset.modified(list(recordset._fields), create=True)
            self.env.flush_all()

    @ormcache()
    def _has_foreign_fields(self):
        """Some stored computed field of an unknown module depends on bills."""
        models_read = (self.env["account.move"], self.env["account.move.line"])
        return any(
            dependent.store and dependent.compute and not is_known(dependent)
            for model in models_read
            for field in model._fields.values()
            if field.store
            for dependent in self.pool.get_dependent_fields(field)
        )


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
        move = writer.env["account.move"]
        pattern = move._sequence_fixed_regex.replace("?P<seq>", "")
        self.number_regex = re.compile(move._make_regex_non_capturing(pattern))

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


def is_known(field):
    """True when the field is defined by modules that this writer was written for."""
    return set(field._modules) <= KNOWN_COMPUTE_MODULES


def number_ids(env, model_name, rows):
    """Take the ids of ``rows`` from the table's own sequence."""
    ids = env.execute_query(
        SQL(
            "SELECT nextval(%s::regclass) FROM generate_series(1, %s)",
            f"{env[model_name]._table}_id_seq",
            len(rows),
        )
    )
    for row, (id_,) in zip(rows, ids, strict=True):
        row["id"] = id_


def count_customers(registry, counts):
    """Add ``counts`` to the ranks of the customers, in a transaction of its own."""
    try:
        with registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    UPDATE res_partner
                       SET customer_rank = customer_rank
                         + (%s::jsonb ->> id::text)::int
                     WHERE id IN (
                           SELECT id FROM res_partner WHERE id = ANY(%s)
                              FOR NO KEY UPDATE SKIP LOCKED
                     )
                    """,
                    json_text(counts),
                    list(counts),
                )
            )
    except OperationalError:
        _logger.debug("customer ranks not counted: the customers are being edited")

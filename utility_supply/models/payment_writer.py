"""Payments received become posted payments, many at a time.

The same idea as the bill writer (see there, and docs/decisions/0006*): Odoo makes one
payment of each kind, which is rolled back, and the others are clones of its rows. To
match them with bills stays the ORM's work.
"""

import logging
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from psycopg2 import errors

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .row_cloner import KeptRank

_logger = logging.getLogger(__name__)

# modules whose overrides of these methods of account.payment were read: nothing of them
# concerns a payment without token, check or expense
KNOWN_PAYMENT_MODULES = frozenset(
    {"account", "account_check_printing", "account_payment", "hr_expense", "mail"}
) | {"utility_supply", "website_payment"}
PAYMENT_METHODS = (
    *("create", "write", "action_post", "_generate_journal_entry"),
    *("_prepare_move_line_default_vals", "_get_aml_default_display_name_list"),
)
# values that a clone may have of its own
PAYMENT_KEYS = frozenset(
    {
        *("payment_type", "partner_type", "partner_id", "amount", "currency_id"),
        *("journal_id", "date", "memo", "source_ref", "billing_ref"),
        *("payment_channel", "value_date"),
    }
)
PAYMENT_COLUMNS = (
    *("id", "name", "date", "amount", "amount_company_currency_signed", "memo"),
    *("partner_id", "source_ref", "billing_ref", "payment_channel", "value_date"),
    "move_id",
)
MOVE_COLUMNS = (
    *("id", "name", "sequence_prefix", "sequence_number", "made_sequence_gap", "date"),
    *("ref", "partner_id", "commercial_partner_id", "invoice_partner_display_name"),
    *("amount_total", "amount_total_signed", "amount_total_in_currency_signed"),
    "origin_payment_id",
)
LINE_COLUMNS = (
    *("id", "move_id", "move_name", "name", "ref", "date", "date_maturity"),
    *("partner_id", "payment_id", "debit", "credit", "balance", "amount_currency"),
    *("amount_residual", "amount_residual_currency", "price_subtotal", "price_total"),
)
EDITABLE_PAYMENT_FIELDS = frozenset(
    {"payment_method_line_id", "partner_bank_id", "currency_id", "state"}
)
EDITABLE_MOVE_FIELDS = frozenset(
    {
        *("fiscal_position_id", "invoice_user_id", "name", "partner_shipping_id"),
        *("preferred_payment_method_line_id", "l10n_it_payment_method", "checked"),
    }
)
EDITABLE_LINE_FIELDS = frozenset({"credit", "debit", "no_followup", "sequence"})


class NotClonable(Exception):
    """A specimen does not have the shape that the clones need."""


class Kind(NamedTuple):
    """Payments of one kind are clones of one specimen."""

    payment_type: str
    journal_id: int
    profile: tuple  # facts of the customer
    receivable_id: int
    bank_id: int | None  # account that a refund goes to


@dataclass(slots=True)
class SpecimenLine:
    row: str  # JSON text, never parsed: numbers stay exact
    prefix: str  # the line's name before the memo
    side: int  # 1 debit, -1 credit
    is_open: bool  # its account keeps a residual


@dataclass(slots=True)
class Specimen:
    payment: str
    move: str
    lines: list


class UtilityPaymentWriter(models.AbstractModel):
    _name = "utility.payment.writer"
    _inherit = "utility.row.cloner"
    _description = "Writer of payments"

    _nullable_columns = frozenset(
        {"billing_ref", "move_id", "payment_channel", "value_date"}
    )

    def _post_payments(self, company, vals_list):
        """Create and post payments of customers in ``company``.

        ``vals_list``: values as for ``account.payment.create``. Returns the payments in
        the same order. All or nothing: what Odoo refuses raises its UserError.
        """
        if not self.env.su and not self.env.user.has_group(
            "account.group_account_invoice"
        ):
            raise AccessError(
                self.env._("You don't have the access rights to post a payment.")
            )
        writer = self.sudo().with_company(company)._quiet()
        slow = writer._slow_positions(company, vals_list)
        fast = [n for n in range(len(vals_list)) if n not in slow]
        ids = {}
        for post, positions in (
            (writer._post_fast, fast),
            (writer._post_careful, sorted(slow)),
        ):
            if positions:
                chosen = [vals_list[position] for position in positions]
                ids.update(zip(positions, post(company, chosen).ids, strict=True))
        payments = self.env["account.payment"]
        return payments.browse(ids[n] for n in range(len(vals_list)))

    def _post_fast(self, company, vals_list):
        try:
            return self._post_clones(company, vals_list)
        except NotClonable as reason:
            _logger.info("payments take the careful way: %s", reason)
            return self._post_careful(company, vals_list)

    def _post_careful(self, company, vals_list):
        """The way of the ORM.

        Each payment has its journal entry, because the journal's payment methods have
        outstanding accounts (``_utility_payment_journal_problems``).
        """
        payments = self.env["account.payment"].create(
            [dict(vals) for vals in vals_list]
        )
        payments.action_post()
        return payments

    def _match(self, plans):
        """Reconcile ``plans`` (journal items that belong together) through the ORM.

        Matching plain items of one currency changes no other journal item, so Odoo is
        told not to look for cash basis entries of each plan and not to bring taxes and
        term lines of each bill up to date: that would be half of the time.
        """
        lines = self.env["account.move.line"].union(*plans)
        context = {}
        if lines.currency_id == lines.company_currency_id and not self._is_on_payment(
            lines.move_id
        ):
            names = ("no_cash_basis", "skip_invoice_sync")
            context = {**dict.fromkeys(names, True), "check_move_validity": False}
        lines.with_context(**context)._reconcile_plan(
            [plan.with_context(**context) for plan in plans]
        )

    def _is_on_payment(self, moves):
        """True when a tax of ``moves`` becomes due only when they are paid."""
        on_payment = self.env["account.tax"].search(
            [("tax_exigibility", "=", "on_payment")]
        )
        return bool(on_payment) and bool(
            self.env["account.move.line"].search_count(
                [
                    ("move_id", "in", moves.ids),
                    "|",
                    ("tax_ids", "in", on_payment.ids),
                    ("tax_line_id", "in", on_payment.ids),
                ],
                limit=1,
            )
        )

    # --- which way -----------------------------------------------------------

    def _slow_positions(self, company, vals_list):
        """Positions of the payments that only the careful way understands."""
        if self._slow_reason(company):
            return set(range(len(vals_list)))
        journals = self.env["account.journal"].browse(
            {vals["journal_id"] for vals in vals_list}
        )
        plain = {
            journal.id
            for journal in journals
            if not journal.restrict_mode_hash_table
            and journal.currency_id
            in (company.currency_id, journal.currency_id.browse())
        }
        first = min((vals["date"] for vals in vals_list), default=None)
        locks = self._locks(company, first) if first else []
        return {
            position
            for position, vals in enumerate(vals_list)
            if not PAYMENT_KEYS.issuperset(vals)
            or vals["journal_id"] not in plain
            or vals.get("currency_id", company.currency_id.id) != company.currency_id.id
            or vals.get("partner_type") != "customer"
            or not vals.get("memo")
            or not vals["amount"] > 0
            or (locks and vals["date"] <= max(locks))
        }

    def _slow_reason(self, company):
        """Why no payment of ``company`` may be a clone, "" when it may."""
        unread = self._unread_post_modules()
        for method in PAYMENT_METHODS:
            unread |= self._modules_of("account.payment", method)
        if unread - KNOWN_PAYMENT_MODULES:
            return "posting is extended by a module that was not read"
        if company.restrictive_audit_trail or company.account_storno:
            return "audit trail or storno accounting"
        return ""

    def _locks(self, company, day):
        violated = company._get_lock_date_violations(
            day, fiscalyear=True, sale=False, purchase=False, tax=False, hard=True
        )
        return [lock for lock, _field in violated]

    # --- clones --------------------------------------------------------------

    def _post_clones(self, company, vals_list):
        """Insert posted payments; a constant number of statements."""
        self.env.flush_all()
        facts = self.env["utility.bill.writer"]._customer_facts(
            company, [vals["partner_id"] for vals in vals_list]
        )
        self._check_customers(company, list(facts))
        kinds = [self._kind(company, vals, facts) for vals in vals_list]
        found, fresh = self._kept_specimens(
            self._settings_of_kinds(company, kinds),
            dict(zip(kinds, vals_list, strict=True)),
            partial(self._make_specimens, company),
        )
        rows = _Rows(found)
        numbers = self._take_numbers(vals_list)
        for vals, kind, number in zip(vals_list, kinds, numbers, strict=True):
            rows.add(vals, kind, facts[vals["partner_id"]], number)
        payments = self._insert(rows)
        self._count_customers(Counter(vals["partner_id"] for vals in vals_list))
        first_of_kind = dict(zip(reversed(kinds), reversed(payments), strict=True))
        for kind in fresh:
            self._verify(first_of_kind[kind])
        return payments

    def _check_customers(self, company, partner_ids):
        partners = self.env["res.partner"].with_context(active_test=False)
        domain = [
            ("id", "in", partner_ids),
            *partners._check_company_domain(company),
        ]
        if partners.search_count(domain) != len(partner_ids):
            raise UserError(
                self.env._(
                    "A payment is of a customer that does not exist or belongs to"
                    " another company than %(company)s.",
                    company=company.display_name,
                )
            )

    def _kind(self, company, vals, facts):
        fact = facts[vals["partner_id"]]
        bank_id = None
        if vals["payment_type"] == "outbound":
            partner = self.env["res.partner"].browse(vals["partner_id"])
            banks = partner.bank_ids.filtered(
                lambda bank: bank.company_id.id in (False, company.id)
            )
            bank_id = banks[:1].id or None
        return Kind(
            payment_type=vals["payment_type"],
            journal_id=vals["journal_id"],
            profile=fact.profile,
            receivable_id=fact.receivable_id,
            bank_id=bank_id,
        )

    def _settings_of_kinds(self, company, kinds):
        journal_ids = list({kind.journal_id for kind in kinds})
        account_ids = list({kind.receivable_id for kind in kinds})
        parts = [
            SQL(
                "SELECT j::text FROM account_journal j WHERE id = ANY(%s)", journal_ids
            ),
            SQL(
                "SELECT a::text FROM account_account a WHERE id = ANY(%s)", account_ids
            ),
        ]
        return self._settings_digest(company, parts)

    def _make_specimens(self, company, examples):
        """{kind: Specimen}. Nothing of this stays behind in the database."""
        kinds = list(examples)
        with KeptRank(self.env.cr), closing(self.env.cr.savepoint()):
            payments = self._post_careful(company, list(examples.values()))
            self.env.flush_all()
            return {
                kind: self._read_specimen(payment)
                for kind, payment in zip(kinds, payments, strict=True)
            }

    def _read_specimen(self, payment):
        move = payment.move_id
        lines = move.line_ids
        if len(lines) != 2 or not all(
            line.name.endswith(payment.memo) for line in lines
        ):
            raise NotClonable(f"entry of {payment.display_name}")
        return Specimen(
            payment=self._rows_as_json(payment)[0],
            move=self._rows_as_json(move)[0],
            lines=[
                SpecimenLine(
                    row=row,
                    prefix=line.name.removesuffix(payment.memo),
                    side=1 if line.balance > 0 else -1,
                    is_open=self._keeps_residual(line.account_id),
                )
                for line, row in zip(lines, self._rows_as_json(lines), strict=True)
            ],
        )

    def _take_numbers(self, vals_list):
        """[(name, prefix, number)] as Odoo would number the entries on posting.

        In the order of the payments; Odoo numbers by date and memo.
        """
        order = sorted(
            range(len(vals_list)),
            key=lambda n: (vals_list[n]["date"], vals_list[n]["memo"], n),
        )
        months, last, names = {}, {}, {}
        for position in order:
            vals = vals_list[position]
            day = vals["date"]
            month = (vals["journal_id"], day.year, day.month)
            if month not in months:
                months[month] = self._number_format(vals["journal_id"], day)
            text, values = months[month]
            series = (vals["journal_id"], text.format(**{**values, "seq": 0}))
            last[series] = last.get(series, values["seq"]) + 1
            names[position] = text.format(**{**values, "seq": last[series]})
        # whoever numbers through the ORM later in this transaction has to look again
        self.env["account.move"]._get_sequence_cache().clear()
        return [self._split_number(names[n]) for n in range(len(vals_list))]

    def _number_format(self, journal_id, day):
        """(format, values) of the next number; ``seq`` is the last one taken."""
        model = self.env["account.move"].with_context(is_payment=True)
        entry = model.new({"move_type": "entry", "journal_id": journal_id, "date": day})
        return entry._get_next_sequence_format()

    def _split_number(self, name):
        """(name, prefix, number) as ``sequence.mixin`` stores them."""
        match = self.env["utility.bill.writer"]._number_regex().match(name)
        return name, name[: match.start(1)], int(match.group(1) or 0)

    def _insert(self, rows):
        for model_name, table in (
            ("account.payment", rows.payments),
            ("account.move", rows.moves),
            ("account.move.line", rows.lines),
        ):
            self._number(model_name, table)
        rows.connect()
        try:
            # a payment points to its entry and the entry to its payment
            self._clone("account.payment", *rows.payment_rows(), PAYMENT_COLUMNS)
            self._clone("account.move", *rows.move_rows(), MOVE_COLUMNS)
        except errors.UniqueViolation as error:
            if error.diag.constraint_name != "account_move_unique_name":
                raise
            # somebody has just taken the same number: Odoo's way is to begin again
            raise errors.SerializationFailure(str(error)) from error
        self._clone("account.move.line", *rows.line_rows(), LINE_COLUMNS)
        payments = self.env["account.payment"].browse(r["id"] for r in rows.payments)
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_payment p SET move_id = m.id FROM account_move m
                 WHERE m.origin_payment_id = p.id AND p.id = ANY(%s)
                """,
                payments.ids,
            )
        )
        tables = {
            "account.payment": rows.payments,
            "account.move": rows.moves,
            "account.move.line": rows.lines,
        }
        self._forget_caches(*tables)
        for model_name, table in tables.items():
            self._compute_foreign_fields(model_name, [row["id"] for row in table])
        return payments

    # --- reading again -------------------------------------------------------

    def _verify(self, payment):
        """Raise UserError unless ``payment`` is what Odoo would have posted."""
        move = payment.move_id
        faults = []
        if move._get_unbalanced_moves({"records": move}):
            faults.append(f"{move.name}: not balanced")
        with closing(self.env.cr.savepoint()):
            faults += self._changed_when_computed(
                (payment, EDITABLE_PAYMENT_FIELDS),
                (move, EDITABLE_MOVE_FIELDS),
                (move.line_ids, EDITABLE_LINE_FIELDS),
            )
        for records in (payment, move, move.line_ids):
            try:
                records._validate_fields(records._fields)
            except UserError as error:
                faults.append(str(error))
        if faults:
            raise UserError(
                self.env._(
                    "Payments were not written as Odoo would: nothing of them is kept."
                    " Tell the administrator.\n%(faults)s",
                    faults="\n".join(faults[:20]),
                )
            )


class _Rows:
    """Collects the rows of a call: plain dicts, ready for JSON."""

    def __init__(self, specimens):
        self.payments, self.moves, self.lines = [], [], []
        self._specimens = list(specimens.values())
        self._numbers = {kind: n for n, kind in enumerate(specimens, 1)}

    def add(self, vals, kind, facts, number):
        specimen = self._specimens[self._numbers[kind] - 1]
        name, prefix, sequence = number
        amount = Decimal(str(vals["amount"]))
        partner_id = vals["partner_id"]
        sign = 1 if vals["payment_type"] == "inbound" else -1
        of = self._numbers[kind]
        self.payments.append(
            {
                "of": of,
                "name": name,
                "date": vals["date"],
                "amount": amount,
                "amount_company_currency_signed": sign * amount,
                "memo": vals["memo"],
                "partner_id": partner_id,
                **{
                    key: vals.get(key) or None
                    for key in ("source_ref", "billing_ref", "payment_channel")
                },
                "value_date": vals.get("value_date") or None,
            }
        )
        self.moves.append(
            {
                "of": of,
                "name": name,
                "sequence_prefix": prefix,
                "sequence_number": sequence,
                "made_sequence_gap": False,
                "date": vals["date"],
                "ref": vals["memo"],
                "partner_id": partner_id,
                "commercial_partner_id": facts.commercial_id,
                "invoice_partner_display_name": facts.display_name,
                "amount_total": amount,
                "amount_total_signed": amount,
                "amount_total_in_currency_signed": amount,
            }
        )
        for position, line in enumerate(specimen.lines):
            self.lines.append(self._line(of, position, line, vals, name, amount))

    def _line(self, of, position, line, vals, name, amount):
        balance = line.side * amount
        residual = balance if line.is_open else Decimal(0)
        return {
            "of": (of - 1) * 2 + position + 1,
            "move_name": name,
            "name": f"{line.prefix}{vals['memo']}",
            "ref": vals["memo"],
            "date": vals["date"],
            "date_maturity": vals["date"],
            "partner_id": vals["partner_id"],
            "debit": max(balance, Decimal(0)),
            "credit": max(-balance, Decimal(0)),
            "balance": balance,
            "amount_currency": balance,
            "amount_residual": residual,
            "amount_residual_currency": residual,
            # the lines of an entry count as product lines of their own amount
            "price_subtotal": balance,
            "price_total": balance,
        }

    def connect(self):
        """Fill in who belongs to whom, once all have their ids."""
        for position, (payment, move) in enumerate(
            zip(self.payments, self.moves, strict=True)
        ):
            move["origin_payment_id"] = payment["id"]
            for line in self.lines[2 * position : 2 * position + 2]:
                line.update(move_id=move["id"], payment_id=payment["id"])

    def payment_rows(self):
        return [specimen.payment for specimen in self._specimens], self.payments

    def move_rows(self):
        return [specimen.move for specimen in self._specimens], self.moves

    def line_rows(self):
        rows = [line.row for specimen in self._specimens for line in specimen.lines]
        return rows, self.lines

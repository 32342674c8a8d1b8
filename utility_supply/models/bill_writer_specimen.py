"""Specimens of the fast way: one bill of each kind, made by Odoo itself.

Two bills are of one kind when every stored column that the fast way does not compute
per bill has the same value in both: same document type, same taxes, and customers who
look the same to Odoo (`CustomerFacts.profile`). Of each kind one bill is made by the
careful way, its rows are read as JSON, and all is rolled back.
"""

import json
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ..formats.bill_values import BillLine, BillValues

# Odoo's Italian rule for simplified invoices looks at this total
SIMPLIFIED_LIMIT = 400
RANK_KEY = "account.res.partner.increase_rank.customer_rank"


@dataclass(slots=True)
class CustomerFacts:
    """What Odoo derives from a customer when it posts a bill."""

    commercial_id: int
    shipping_id: int
    display_name: str
    refund_bank_id: int | None
    has_address: bool
    profile: tuple


@dataclass(slots=True)
class Specimens:
    """Rows to clone. ``number`` of a kind and of a line role are 1-based positions in
    ``move_rows`` and ``line_rows`` (JSON texts, never parsed: numbers stay exact)."""

    numbers: dict = field(default_factory=dict)  # kind -> number of its move row
    roles: dict = field(default_factory=dict)  # (kind, display_type, tax) -> number
    move_rows: list = field(default_factory=list)
    line_rows: list = field(default_factory=list)
    bank_ids: dict = field(default_factory=dict)  # kind -> partner_bank_id
    residual_roles: set = field(default_factory=set)  # line numbers that reconcile
    relations: list = field(default_factory=list)  # (field name, line number, id)


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    # --- kinds ---------------------------------------------------------------

    def _kind(self, books, bill, facts):
        """Hashable: bills with the same kind are clones of one specimen."""
        taxes = {books.tax_id(line) for line in bill.lines}
        is_small = not facts.has_address and bill.total <= SIMPLIFIED_LIMIT
        return (
            bill.move_type,
            tuple(sorted(taxes, key=lambda tax_id: tax_id or 0)),
            facts.profile,
            is_small,
        )

    def _customer_facts(self, books, bills):
        """{partner id: CustomerFacts}, in a constant number of queries."""
        partners = self.env["res.partner"].browse({bill.partner_id for bill in bills})
        partners = partners.with_company(books.company)
        partners.fetch(self._fact_fields())
        detail = self._address_detail()
        return {
            partner.id: self._facts_of(books, partner, detail) for partner in partners
        }

    def _fact_fields(self):
        return [
            *("name", "complete_name", "is_company", "parent_id", "type", "lang"),
            *("commercial_partner_id", "user_id", "vat", "l10n_it_codice_fiscale"),
            *("street", "street2", "zip", "city", "state_id", "country_id"),
            "property_account_position_id",
            "property_account_receivable_id",
            "property_inbound_payment_method_line_id",
            "property_outbound_payment_method_line_id",
        ]

    def _address_detail(self):
        """(zip matters, state matters): some fiscal position looks at them."""
        positions = self.env["account.fiscal.position"].search([])
        groups = positions.country_group_id
        return (
            any(position.zip_from for position in positions),
            bool(positions.state_ids or groups.exclude_state_ids),
        )

    def _facts_of(self, books, partner, detail):
        commercial = partner.commercial_partner_id
        shipping = partner
        if partner.child_ids or partner.parent_id:
            shipping = partner.browse(partner.address_get(["delivery"])["delivery"])
        has_address = self._has_address(commercial)
        profile = (
            self._address_profile(partner, detail),
            shipping != partner and self._address_profile(shipping, detail),
            commercial != partner and self._address_profile(commercial, detail),
            has_address,
            bool(commercial.vat or commercial.l10n_it_codice_fiscale),
            partner.lang,
            (partner.user_id or commercial.user_id).id,
            commercial.property_account_receivable_id.id,
            partner.property_inbound_payment_method_line_id.id,
            partner.property_outbound_payment_method_line_id.id,
        )
        return CustomerFacts(
            commercial_id=commercial.id,
            shipping_id=shipping.id,
            display_name=partner.display_name,
            refund_bank_id=self._refund_bank(books, commercial).id or None,
            has_address=has_address,
            profile=profile,
        )

    def _address_profile(self, partner, detail):
        """What decides the fiscal position and the Italian document type."""
        with_zip, with_state = detail
        return (
            partner.property_account_position_id.id,
            partner.country_id.id,
            with_zip and partner.zip,
            with_state and partner.state_id.id,
            partner.vat and partner.vat[:2],
            partner.vat and partner._get_vat_required_valid(company=self.env.company),
        )

    def _has_address(self, partner):
        return bool(
            (partner.street or partner.street2)
            and partner.zip
            and partner.city
            and partner.country_id
        )

    def _refund_bank(self, books, commercial):
        """The account to pay a refund to, chosen as ``_compute_partner_bank_id``."""
        banks = commercial.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == books.company
        )
        return banks.sorted(
            key=lambda bank: (
                bool(bank.currency_id) and bank.currency_id != books.currency,
                not bank.allow_out_payment,
            )
        )[:1]

    # --- specimens -----------------------------------------------------------

    def _make_specimens(self, books, examples):
        """``examples``: {kind: a bill of that kind}. Nothing of this stays behind."""
        specimens = Specimens()
        kinds = list(examples)
        with self._rank_untouched(), closing(self.env.cr.savepoint()):
            moves = self._post_careful(
                books,
                [self._specimen_bill(books, kind, examples[kind]) for kind in kinds],
            )
            moves.env.flush_all()
            for kind, move in zip(kinds, moves, strict=True):
                self._read_specimen(specimens, kind, move)
        return specimens

    def _specimen_bill(self, books, kind, example):
        """A simple bill: one share for each tax, one instalment, no extra facts."""
        amount = Decimal(10) if kind[-1] else Decimal(1000)
        lines = []
        for tax_id in kind[1]:
            rate = books.rates.get(tax_id, Decimal(0))
            tax = (amount * rate / 100).quantize(Decimal(1).scaleb(-books.cents))
            lines.append(BillLine(None, amount, tax, tax_id))
        return BillValues(
            billing_ref=example.billing_ref,
            move_type=example.move_type,
            partner_id=example.partner_id,
            date=example.date,
            due_date=example.due_date,
            lines=lines,
            total=sum((line.total for line in lines), Decimal(0)),
        )

    def _read_specimen(self, specimens, kind, move):
        (move_row,) = self._rows_as_json(move)
        specimens.move_rows.append(move_row)
        specimens.numbers[kind] = len(specimens.move_rows)
        specimens.bank_ids[kind] = move.partner_bank_id.id or None
        lines = move.line_ids
        for line, row in zip(lines, self._rows_as_json(lines), strict=True):
            specimens.line_rows.append(row)
            number = len(specimens.line_rows)
            tax_id = line.tax_line_id.id or line.tax_ids.id or None
            specimens.roles[kind, line.display_type, tax_id] = number
            if self._keeps_residual(line.account_id):
                specimens.residual_roles.add(number)
            for name in self._cloned_relations():
                specimens.relations += [(name, number, id_) for id_ in line[name].ids]

    def _rows_as_json(self, records):
        """The table's rows of ``records``, in their order, as JSON texts."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, to_jsonb(r)::text FROM %s r WHERE id = ANY(%s)",
                SQL.identifier(records._table),
                records.ids,
            )
        )
        by_id = dict(rows)
        return [by_id[id_] for id_ in records.ids]

    def _cloned_relations(self):
        """Names of the stored many2many fields of a journal item."""
        return [
            name
            for name, field_ in self.env["account.move.line"]._fields.items()
            if field_.type == "many2many" and field_.store
        ]

    def _keeps_residual(self, account):
        return account.reconcile or account.account_type in (
            "asset_cash",
            "liability_credit_card",
        )

    def _rank_untouched(self):
        """Posting counts the customer's bills after the commit: not the specimens'."""
        return _KeptRank(self.env.cr)


class _KeptRank:
    """Context manager: what ``_increase_rank`` has noted so far stays as it is."""

    def __init__(self, cr):
        self.callbacks = cr.postcommit

    def __enter__(self):
        self.kept = dict(self.callbacks.data.get(RANK_KEY, {}))
        self.functions = list(self.callbacks._funcs)
        return self

    def __exit__(self, *exc_info):
        noted = self.callbacks.data.get(RANK_KEY)
        if noted is not None:
            noted.clear()
            noted.update(self.kept)
        self.callbacks._funcs.clear()
        self.callbacks._funcs.extend(self.functions)
        return False


def json_text(rows):
    """``rows`` for PostgreSQL: dates in ISO form, Decimal as text (exact)."""
    return json.dumps(rows, default=str)

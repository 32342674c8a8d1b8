"""Specimens of the fast way: one bill of each kind, made by Odoo itself.

Two bills are of one kind when every stored column that the fast way does not compute
per bill has the same value in both: same document type, same taxes, and customers who
look the same to Odoo (`CustomerFacts.profile`). Of each kind one bill is made by the
careful way, its rows are read as JSON, and all is rolled back.
"""

from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from ..formats.bill_values import BillLine, BillValues
from .row_cloner import KeptRank

# Odoo's Italian rule for simplified invoices looks at this total
SIMPLIFIED_LIMIT = 400


class Kind(NamedTuple):
    """Bills of one kind are clones of one specimen."""

    move_type: str
    tax_ids: tuple
    receivable_id: int | None  # default receivable account of the customer
    profile: tuple  # further facts of the customer, compared but not read
    is_small: bool  # could be a simplified invoice


@dataclass(slots=True)
class CustomerFacts:
    """What Odoo derives from a customer when it posts a bill."""

    commercial_id: int
    shipping_id: int
    display_name: str
    refund_bank_id: int | None  # known only for who gets a credit note
    has_address: bool
    receivable_id: int | None
    profile: tuple


@dataclass(slots=True)
class SpecimenLine:
    """A journal item to clone. ``row``: JSON text, never parsed: numbers stay exact."""

    role: tuple  # (display_type, tax id or None)
    row: str
    is_open: bool  # its account keeps a residual
    links: list  # [(many2many field name, id)]


@dataclass(slots=True)
class Specimen:
    """One kind of bill as Odoo posts it."""

    row: str
    bank_id: int | None
    lines: list


class Specimens:
    """The specimens of a call, their rows numbered from 1 as SQL's ordinality does."""

    def __init__(self, by_kind, fresh):
        self.fresh = fresh  # kinds made just now
        self.move_rows = []
        self.line_rows = []
        self.numbers = {}  # kind -> number of its move row
        self.roles = {}  # (kind, display_type, tax id) -> number of its line row
        self.open_roles = set()  # line numbers whose account keeps a residual
        self.bank_ids = {}  # kind -> partner_bank_id
        self.links = []  # (many2many field name, line number, id)
        for kind, specimen in by_kind.items():
            self.move_rows.append(specimen.row)
            self.numbers[kind] = len(self.move_rows)
            self.bank_ids[kind] = specimen.bank_id
            for line in specimen.lines:
                self._add_line(kind, line)

    def _add_line(self, kind, line):
        self.line_rows.append(line.row)
        number = len(self.line_rows)
        self.roles[(kind, *line.role)] = number
        if line.is_open:
            self.open_roles.add(number)
        self.links += [(name, number, id_) for name, id_ in line.links]


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    # --- kinds ---------------------------------------------------------------

    def _kind(self, books, bill, facts):
        taxes = {books.tax_id(line) for line in bill.lines}
        return Kind(
            move_type=bill.move_type,
            tax_ids=tuple(sorted(taxes, key=lambda tax_id: tax_id or 0)),
            receivable_id=facts.receivable_id,
            profile=facts.profile,
            is_small=not facts.has_address and bill.total <= SIMPLIFIED_LIMIT,
        )

    def _customer_facts(self, company, partner_ids):
        """{partner id: CustomerFacts}, in a constant number of queries."""
        partners = self.env["res.partner"].browse(set(partner_ids))
        partners = partners.with_company(company)
        partners.fetch(self._fact_fields())
        detail = self._address_detail()
        families = self._families(partners)
        return {
            partner.id: self._facts_of(partner, detail, partner.id in families)
            for partner in partners
        }

    def _add_refund_banks(self, books, bills, facts):
        """Fill in ``refund_bank_id`` of those who get a credit note."""
        for bill in bills:
            if bill.is_refund:
                fact = facts[bill.partner_id]
                commercial = self.env["res.partner"].browse(fact.commercial_id)
                fact.refund_bank_id = self._refund_bank(books, commercial).id or None

    def _families(self, partners):
        """Ids of the partners that have contacts or are one: few do."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT parent_id FROM res_partner WHERE parent_id = ANY(%(ids)s)
                UNION
                SELECT id FROM res_partner
                 WHERE id = ANY(%(ids)s) AND parent_id IS NOT NULL
                """,
                ids=partners.ids,
            )
        )
        return {id_ for (id_,) in rows}

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
        positions = self.env["account.fiscal.position"]
        positions = positions.search(positions._check_company_domain(self.env.company))
        groups = positions.country_group_id
        return (
            any(position.zip_from for position in positions),
            bool(positions.state_ids or groups.exclude_state_ids),
        )

    def _facts_of(self, partner, detail, has_family):
        commercial = partner.commercial_partner_id
        shipping = partner
        if has_family:
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
            partner.property_inbound_payment_method_line_id.id,
            partner.property_outbound_payment_method_line_id.id,
        )
        return CustomerFacts(
            commercial_id=commercial.id,
            shipping_id=shipping.id,
            display_name=partner.display_name,
            refund_bank_id=None,
            has_address=has_address,
            receivable_id=commercial.property_account_receivable_id.id or None,
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
        if not commercial.bank_ids:
            return commercial.bank_ids
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

    def _specimens(self, books, examples):
        """``examples``: {kind: a bill of that kind} -> Specimens."""
        self.env.flush_all()
        found, fresh = self._kept_specimens(
            self._settings_of_kinds(books, examples),
            examples,
            partial(self._make_specimens, books),
        )
        return Specimens(found, fresh)

    def _make_specimens(self, books, examples):
        """{kind: Specimen}. Nothing of this stays behind in the database."""
        kinds = list(examples)
        with KeptRank(self.env.cr), closing(self.env.cr.savepoint()):
            moves = self._post_careful(
                books,
                [self._specimen_bill(books, kind, examples[kind]) for kind in kinds],
            )
            self.env.flush_all()
            return {
                kind: self._read_specimen(move)
                for kind, move in zip(kinds, moves, strict=True)
            }

    def _specimen_bill(self, books, kind, example):
        """A simple bill: one share for each tax, one instalment, no extra facts."""
        amount = Decimal(10) if kind.is_small else Decimal(1000)
        lines = []
        for tax_id in kind.tax_ids:
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

    def _read_specimen(self, move):
        (row,) = self._rows_as_json(move)
        return Specimen(
            row=row,
            bank_id=move.partner_bank_id.id or None,
            lines=[
                SpecimenLine(
                    role=(
                        line.display_type,
                        (line.tax_line_id or line.tax_ids).id or None,
                    ),
                    row=line_row,
                    is_open=self._keeps_residual(line.account_id),
                    links=[
                        (name, id_)
                        for name in self._cloned_relations()
                        for id_ in line[name].ids
                    ],
                )
                for line, line_row in zip(
                    move.line_ids, self._rows_as_json(move.line_ids), strict=True
                )
            ],
        )

    def _cloned_relations(self):
        """Names of the stored many2many fields of a journal item."""
        return [
            name
            for name, field in self.env["account.move.line"]._fields.items()
            if field.type == "many2many" and field.store
        ]

    def _settings_of_kinds(self, books, kinds):
        """Hashable: all that the specimens of ``kinds`` depend on."""
        tax_ids = [tax_id for kind in kinds for tax_id in kind.tax_ids if tax_id]
        accounts = [books.account.id, *(kind.receivable_id for kind in kinds)]
        parts = [
            SQL(
                "SELECT j::text FROM account_journal j WHERE id = %s", books.journal.id
            ),
            SQL("SELECT a::text FROM account_account a WHERE id = ANY(%s)", accounts),
            SQL("SELECT t::text FROM account_tax t WHERE id = ANY(%s)", tax_ids),
            SQL(
                """
                SELECT ROW(l, r)::text FROM account_tax_repartition_line l
                  LEFT JOIN account_account_tag_account_tax_repartition_line_rel r
                    ON r.account_tax_repartition_line_id = l.id
                 WHERE l.tax_id = ANY(%s)
                """,
                tax_ids,
            ),
        ]
        return self._settings_digest(books.company, parts), books.is_full

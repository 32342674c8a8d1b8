"""Bills of the billing system become posted invoices, many at a time.

The way in is ``env["utility.bill.writer"]._post_bills(company, bills)``. Two ways lead
to the same rows:

* the careful way (``bill_writer_careful``) creates and posts through the ORM, as a user
  would, some 50 bills a second;
* the fast way (``bill_writer_fast``) lets the careful way make one specimen of each
  kind of bill, rolls it back, and clones its rows with one INSERT per table. Columns
  of modules that this file has never heard of keep the values that Odoo gave them.

A kind of bill that the fast way does not understand takes the careful one; a test
compares both on every stored column. ``docs/decisions/0006*`` lists what
posting does in Odoo and what becomes of each of these effects here.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..formats.bill_values import TAX_TOLERANCE, BillsRefused, amount_issues, percent_of
from ..formats.issues import make

# kinds of account that the other side of a receivable cannot be
NO_COUNTERPART = ("asset_receivable", "liability_payable", "off_balance")


@dataclass
class Books:
    """Where the bills of one company go; made once per call."""

    company: models.BaseModel
    journal: models.BaseModel
    account: models.BaseModel  # default counterpart of the receivable
    is_full: bool
    currency: models.BaseModel
    cents: int
    opening_date: date | None
    rates: dict  # {tax id: rate} of the taxes that are one percentage in one tax line

    def accounting_date(self, bill):
        """Bills older than the opening are entered on the opening date."""
        if self.opening_date:
            return max(bill.date, self.opening_date)
        return bill.date

    def amounts(self, line):
        """(base, tax) of a bill line in these books: a subledger knows no VAT."""
        if self.is_full:
            return line.untaxed, line.tax
        return line.total, line.total * 0

    def tax_id(self, line):
        return (line.tax_id or None) if self.is_full else None

    def account_id(self, line):
        return line.account_id or self.account.id


class UtilityBillWriter(models.AbstractModel):
    _name = "utility.bill.writer"
    _inherit = "utility.row.cloner"
    _description = "Writer of bills"

    def _post_bills(self, company, bills):
        """Create and post ``bills`` (list of BillValues) in ``company``.

        Returns their account.move in the same order. All or nothing: raises
        BillsRefused (``issues``: position -> issues) when a bill cannot be posted,
        UserError when the company's settings or a reference are wrong.
        """
        self._check_writer()
        writer = self.sudo().with_company(company)._quiet()
        if not bills:
            return writer.env["account.move"]
        books = writer._books(company, bills)
        if issues := writer._bill_issues(books, bills):
            raise BillsRefused(issues)
        writer._check_references(books, bills)
        ids = {}
        for post, positions in writer._ways(books, bills):
            moves = post(books, [bills[position] for position in positions])
            ids.update(zip(positions, moves.ids, strict=True))
        return self.env["account.move"].browse(ids[n] for n in range(len(bills)))

    def _ways(self, books, bills):
        """[(method, positions)]: which bills go which way; none without bills."""
        reason = self._slow_reason(books)
        fast, slow = [], []
        for position, bill in enumerate(bills):
            is_slow = reason or self._slow_bill_reason(books, bill)
            (slow if is_slow else fast).append(position)
        ways = [(self._post_fast, fast), (self._post_careful, slow)]
        return [way for way in ways if way[1]]

    def _check_bills(self, company, bills):
        """{position in ``bills``: [Issue]} of those that may not be posted now."""
        writer = self.sudo().with_company(company)
        return writer._bill_issues(writer._books(company, bills), bills)

    def _check_writer(self):
        """Raise AccessError unless Odoo would let this user post invoices."""
        user = self.env.user
        if not self.env.su and not user.has_group("account.group_account_invoice"):
            raise AccessError(
                self.env._("You don't have the access rights to post an invoice.")
            )

    # --- settings ------------------------------------------------------------

    def _books(self, company, bills):
        company = company.with_env(self.env).with_company(company)
        journal = company.utility_bill_journal_id
        is_full = company.utility_book_mode == "full"
        account = company._utility_bill_account()
        if not journal or not account:
            raise UserError(
                self.env._(
                    "%(company)s: choose the journal and the account of the bills in"
                    " Settings > Utilities first.",
                    company=company.display_name,
                )
            )
        if journal.restrict_mode_hash_table:
            raise UserError(
                self.env._(
                    "Journal %(journal)s is secured with a hash: bills of the billing"
                    " system have numbers of their own and cannot form its chain."
                    " Choose another journal.",
                    journal=journal.display_name,
                )
            )
        currency = company.currency_id
        return Books(
            company=company,
            journal=journal,
            account=account,
            is_full=is_full,
            currency=currency,
            cents=currency.decimal_places,
            opening_date=company.utility_opening_date or None,
            rates=self._percent_taxes(bills) if is_full else {},
        )

    # --- what may not be posted ----------------------------------------------

    def _bill_issues(self, books, bills):
        issues = defaultdict(list)
        if not bills:
            return {}
        for position, bill in enumerate(bills):
            issues[position] += amount_issues(bill, cents=self._cents(books, bill))
        for position, found in self._lock_issues(books, bills):
            issues[position].append(found)
        for position, found in self._number_issues(books, bills):
            issues[position].append(found)
        if books.is_full:
            for position, found in self._tax_issues(books, bills):
                issues[position].append(found)
        return {position: found for position, found in issues.items() if found}

    def _cents(self, books, bill):
        if bill.currency_id and bill.currency_id != books.currency.id:
            return self.env["res.currency"].browse(bill.currency_id).decimal_places
        return books.cents

    def _lock_issues(self, books, bills):
        """Bills in a closed period: Odoo would move their date, we refuse."""
        keys = [
            (books.accounting_date(bill), any(map(books.tax_id, bill.lines)))
            for bill in bills
        ]
        # a lock binds all days up to its own: when it spares the first, it spares all
        first = (min(day for day, _x in keys), any(has_tax for _x, has_tax in keys))
        if not self._lock_date(books, *first):
            return
        locks = {key: self._lock_date(books, *key) for key in set(keys)}
        for position, (bill, key) in enumerate(zip(bills, keys, strict=True)):
            if lock := locks[key]:
                yield (
                    position,
                    make(
                        "locked_period",
                        column="date",
                        value=bill.date.isoformat(),
                        lock=lock.isoformat(),
                    ),
                )

    def _lock_date(self, books, day, has_tax):
        """The last day of the closed period that ``day`` lies in, None if open."""
        violated = books.company._get_violated_lock_dates(day, has_tax, books.journal)
        return max((lock for lock, _field in violated), default=None)

    def _number_issues(self, books, bills):
        """Numbers that this company's books or this very list already hold."""
        names = [bill.billing_ref for bill in bills]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT name FROM account_move
                 WHERE journal_id = %(journal)s AND state = 'posted'
                   AND name = ANY(%(names)s)
                UNION
                SELECT billing_ref FROM account_move
                 WHERE company_id = %(company)s AND billing_ref = ANY(%(names)s)
                """,
                journal=books.journal.id,
                company=books.company.id,
                names=names,
            )
        )
        seen = {name for (name,) in rows}
        for position, name in enumerate(names):
            if name in seen:
                yield (
                    position,
                    make("bill_number_taken", column="billing_ref", value=name),
                )
            seen.add(name)

    def _tax_issues(self, books, bills):
        """VAT that is not its rate of the taxable amount."""
        for position, bill in enumerate(bills):
            for line in bill.lines:
                rate = books.rates.get(line.tax_id)
                if not line.tax_id:
                    if line.tax:
                        yield (
                            position,
                            make("missing_tax_rate", column="tax", value=line.tax),
                        )
                elif rate is not None:
                    expected = percent_of(line.untaxed, rate, books.cents)
                    if abs(expected - line.tax) > TAX_TOLERANCE:
                        found = make(
                            "tax_mismatch",
                            column="tax",
                            value=line.tax,
                            expected=expected,
                            rate=rate.normalize(),
                        )
                        yield position, found

    def _check_references(self, books, bills):
        """Raise UserError when an id belongs to another company or to nothing.

        The ORM would check this record by record (``_check_company``).
        """
        lines = [line for bill in bills for line in bill.lines]
        wanted = {
            "res.partner": {bill.partner_id for bill in bills},
            "utility.contract": {line.contract_id for line in lines},
            "account.tax": {books.tax_id(line) for line in lines},
            "account.account": {books.account_id(line) for line in lines},
            "res.currency": {bill.currency_id for bill in bills},
        }
        for model_name, ids in wanted.items():
            ids -= {None, False}
            if not ids:
                continue
            model = self.env[model_name]
            domain = [("id", "in", list(ids))]
            if model_name != "res.currency":
                domain += model._check_company_domain(books.company)
            if model_name == "account.account":
                # Odoo's _check_payable_receivable, _check_off_balance
                domain += [("account_type", "not in", NO_COUNTERPART)]
            may_be_archived = model_name in ("res.partner", "utility.contract")
            model = model.with_context(active_test=not may_be_archived)
            if model.search_count(domain) != len(ids):
                raise UserError(
                    self.env._(
                        "A bill refers to a record of %(model)s that does not exist,"
                        " cannot be used, or belongs to another company than"
                        " %(company)s.",
                        model=self.env["ir.model"]._get(model_name).name,
                        company=books.company.display_name,
                    )
                )

    # --- which way -----------------------------------------------------------

    def _slow_reason(self, books):
        """Why no bill of this company may take the fast way, "" when it may."""
        unread = self._unread_post_modules()
        if unread:
            return f"posting is extended by {', '.join(sorted(unread))}"
        if books.company.restrictive_audit_trail:
            return "the audit trail wants a message for each entry"
        if books.company.account_storno:
            return "storno accounting"
        models_of_distribution = self.env["account.analytic.distribution.model"]
        if models_of_distribution.search_count(
            [("company_id", "in", (False, books.company.id))], limit=1
        ):
            return "analytic distribution models"
        return ""

    def _slow_bill_reason(self, books, bill):
        """Why this one bill may not take the fast way, "" when it may."""
        if bill.currency_id and bill.currency_id != books.currency.id:
            return "foreign currency"
        if books.journal.currency_id not in (books.currency, self.env["res.currency"]):
            return "journal in foreign currency"
        if any(books.tax_id(line) not in (None, *books.rates) for line in bill.lines):
            return "a tax that is not a plain percentage"
        return ""

    def _percent_taxes(self, bills):
        """{tax id: rate} of the taxes that are one percentage in one tax line."""
        taxes = self.env["account.tax"].browse(
            {line.tax_id for bill in bills for line in bill.lines} - {None, False}
        )
        return {
            tax.id: Decimal(str(tax.amount)) for tax in taxes if self._is_plain(tax)
        }

    def _is_plain(self, tax):
        if tax.amount_type != "percent" or tax.price_include or tax.include_base_amount:
            return False
        for lines in (
            tax.invoice_repartition_line_ids,
            tax.refund_repartition_line_ids,
        ):
            of_tax = lines.filtered(lambda line: line.repartition_type == "tax")
            if len(of_tax) != 1 or of_tax.factor_percent != 100:
                return False
        return True

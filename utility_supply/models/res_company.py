from functools import lru_cache

import holidays

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

BILL_JOURNAL_CODE = "BOLL"
PAYMENT_JOURNAL_CODE = "INCG"


@lru_cache(maxsize=64)
def _italian_holidays(years):
    # asked for each of thousands of bills and practices: milliseconds each time
    return frozenset(holidays.country_holidays("IT", years=sorted(years)))


class ResCompany(models.Model):
    """How a company keeps the books of its bills, and its charges.

    *Subledger*: a bill is receivable lines against one clearing account, no VAT: the
    general ledger is kept from another source. *Full*: revenue and VAT rows from the
    file.
    """

    _inherit = "res.company"

    utility_book_mode = fields.Selection(
        [("subledger", "Subledger"), ("full", "Full")],
        string="Books of the bills",
        default="subledger",
        required=True,
        help="Subledger: receivables against one clearing account, no VAT. Full:"
        " revenue and VAT rows as in the file.",
    )
    utility_bill_journal_id = fields.Many2one(
        "account.journal",
        string="Bills journal",
        check_company=True,
        domain="[('type', '=', 'sale')]",
    )
    utility_clearing_account_id = fields.Many2one(
        "account.account",
        string="Clearing account of the bills",
        check_company=True,
        help="Counterpart of the receivables when the books are a subledger.",
    )
    utility_payment_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of acquired payments",
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash'))]",
    )
    utility_opening_date = fields.Date(
        string="Opening date of the bills",
        help="Older bills are entered on this day; they keep their own date and due"
        " dates.",
    )
    utility_charge_mode = fields.Selection(
        [("billing", "Through the billing system"), ("odoo", "Invoiced in Odoo")],
        string="Charges to customers",
        default="billing",
        required=True,
    )
    utility_deactivable_days = fields.Integer(
        string="Deactivable after days of suspension",
        help="A supply suspended for longer counts as deactivable. 0: never.",
    )
    utility_group_id = fields.Many2one(
        "utility.group", string="Group", compute="_compute_utility_group_id"
    )

    @api.depends_context("uid")
    def _compute_utility_group_id(self):
        groups = (
            self.env["utility.group"].sudo().search([("member_ids", "in", self.ids)])
        )
        for company in self:
            company.utility_group_id = groups.filtered(
                lambda group, company=company: company in group.member_ids
            )[:1]

    # --- calendar --------------------------------------------------------------

    @api.model
    def _utility_holidays(self, years):
        """Italy's public holidays of ``years`` (an iterable of int): a set of dates.

        From the `holidays` package, which follows the law (4 October is a holiday
        again from 2026). Patron saints' days are not in it: they are the
        municipality's. What is a holiday for the company besides is its
        ``utility.holiday``.
        """
        years = frozenset(years)
        days = set(_italian_holidays(years))
        return days | self.env["utility.holiday"]._days(self, years) if self else days

    # --- books -----------------------------------------------------------------

    def _utility_bill_account(self):
        """The account that the rows of a bill are entered on, by the mode of the books:
        what is moved off a bill is moved from there."""
        self.ensure_one()
        if self.utility_book_mode == "full":
            return self.utility_bill_journal_id.default_account_id
        return self.utility_clearing_account_id

    def _utility_accounting_date(self, bill_date):
        """The day on which a bill dated ``bill_date`` is entered: not before the
        opening date, and never in a locked period."""
        self.ensure_one()
        day = max(bill_date, self.utility_opening_date or bill_date)
        journal = self.utility_bill_journal_id
        locks = self._get_lock_date_violations(
            day,
            fiscalyear=True,
            sale=True,
            purchase=False,
            tax=self.utility_book_mode == "full",
            hard=True,
        )
        if locks and journal:
            last = max(lock_date for lock_date, _field in locks)
            day = fields.Date.add(last, days=1)
        return day

    def _utility_check_books(self):
        """Raise UserError naming everything that keeps bills from being entered."""
        self.ensure_one()
        problems = self._utility_books_problems()
        if problems:
            raise UserError(
                self.env._(
                    "The books of %(company)s are not ready for bills:\n%(problems)s",
                    company=self.name,
                    problems="\n".join(f"- {problem}" for problem in problems),
                )
            )

    def _utility_books_problems(self):
        """All that is missing or wrong in the settings, as a list of texts."""
        self.ensure_one()
        company = self.sudo().with_company(self)
        problems = []
        if not company.chart_template:
            problems.append(self.env._("No chart of accounts is installed."))
        problems += company._utility_bill_journal_problems()
        problems += company._utility_payment_journal_problems()
        opening = company.utility_opening_date
        if opening and company._utility_accounting_date(opening) != opening:
            problems.append(
                self.env._("The opening date falls in a period that is locked.")
            )
        if not company.partner_id.property_account_receivable_id:
            problems.append(self.env._("No default receivable account is set."))
        return problems

    def _utility_bill_journal_problems(self):
        journal = self.utility_bill_journal_id
        if not journal:
            return [self.env._("The journal of the bills is not set.")]
        problems = []
        if journal.type != "sale" or not journal.active:
            problems.append(
                self.env._("The journal of the bills must be an active sales journal.")
            )
        if journal.currency_id and journal.currency_id != self.currency_id:
            problems.append(
                self.env._(
                    "The journal of the bills must be in the company's currency."
                )
            )
        if journal.restrict_mode_hash_table:
            problems.append(
                self.env._(
                    "The journal of the bills must not secure entries with a hash:"
                    " billing numbers do not come in order."
                )
            )
        if self.utility_book_mode == "subledger":
            problems += self._utility_clearing_problems()
        elif journal.default_account_id.internal_group != "income":
            problems.append(
                self.env._("The journal of the bills needs an income account.")
            )
        return problems

    def _utility_clearing_problems(self):
        account = self.utility_clearing_account_id
        if not account:
            return [self.env._("The clearing account of the bills is not set.")]
        if account.account_type in ("asset_receivable", "liability_payable"):
            return [
                self.env._(
                    "The clearing account of the bills must be neither receivable nor"
                    " payable."
                )
            ]
        return []

    def _utility_payment_journal_problems(self):
        journal = self.utility_payment_journal_id
        if not journal:
            return [self.env._("The journal of acquired payments is not set.")]
        if journal.type not in ("bank", "cash") or not journal.active:
            return [
                self.env._(
                    "The journal of acquired payments must be an active bank or cash"
                    " journal."
                )
            ]
        lines = (
            journal.inbound_payment_method_line_ids,
            journal.outbound_payment_method_line_ids,
        )
        if any(not side.payment_account_id.filtered("reconcile") for side in lines):
            return [
                self.env._(
                    "The journal of acquired payments needs outstanding accounts for"
                    " receipts and for refunds."
                )
            ]
        return []

    def action_utility_setup_books(self):
        """Button of the settings: create what is missing, then check."""
        self._utility_check_may_set_books()
        for company in self:
            company._utility_setup_books()
            company._utility_check_books()
        return {"type": "ir.actions.client", "tag": "reload"}

    def _utility_check_may_set_books(self):
        if self.env.su:
            return
        user = self.env.user
        allowed = user.has_group(
            "utility_supply.group_utility_admin"
        ) or user.has_group("account.group_account_manager")
        if not allowed or self - user.company_ids:
            raise AccessError(
                self.env._("Only an administrator may prepare the books of a company.")
            )

    def _utility_setup_books(self):
        """Choose or create journals and accounts that are not set. Idempotent."""
        for company in self:
            todo = company.sudo().with_company(company)
            if not todo.utility_clearing_account_id:
                todo.utility_clearing_account_id = todo._utility_create_account(
                    self.env._("Bills of the billing system, clearing")
                )
            if not todo.utility_bill_journal_id:
                todo.utility_bill_journal_id = todo._utility_bill_journal()
            if not todo.utility_payment_journal_id:
                todo.utility_payment_journal_id = todo._utility_payment_journal()

    def _utility_find_journal(self, code, types):
        return self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self),
                ("code", "=", code),
                ("type", "in", types),
            ],
            limit=1,
        )

    def _utility_bill_journal(self):
        journal = self._utility_find_journal(BILL_JOURNAL_CODE, ("sale",))
        if journal:
            return journal
        # an income account in both modes: a subledger names its clearing account on
        # each row, and may later become full books without touching the journal
        account = self.income_account_id or self.env["account.account"].search(
            [
                *self.env["account.account"]._check_company_domain(self),
                ("account_type", "=", "income"),
            ],
            limit=1,
        )
        return self.env["account.journal"].create(
            {
                "name": "Bollette",
                "code": BILL_JOURNAL_CODE,
                "type": "sale",
                "company_id": self.id,
                "default_account_id": account.id,
                "restrict_mode_hash_table": False,
            }
        )

    def _utility_payment_journal(self):
        journal = self._utility_find_journal(PAYMENT_JOURNAL_CODE, ("bank", "cash"))
        if not journal:
            journal = self.env["account.journal"].create(
                {
                    "name": "Incassi gestionale",
                    "code": PAYMENT_JOURNAL_CODE,
                    "type": "bank",
                    "company_id": self.id,
                }
            )
        lines = (
            journal.inbound_payment_method_line_ids
            | journal.outbound_payment_method_line_ids
        ).filtered(lambda line: not line.payment_account_id.reconcile)
        if lines:
            # with an outstanding account a payment has an entry, and reconciles
            lines.payment_account_id = self._utility_create_account(
                self.env._("Payments of the billing system, to be matched")
            )
        return journal

    def _utility_create_account(self, name):
        accounts = self.env["account.account"].with_company(self)
        sample = self.account_journal_suspense_account_id or accounts.search(
            [
                *accounts._check_company_domain(self),
                ("account_type", "=", "asset_current"),
            ],
            limit=1,
        )
        code = accounts._search_new_account_code(sample.code or "100000")
        return accounts.create(
            {
                "name": name,
                "code": code,
                "account_type": "asset_current",
                "reconcile": True,
                "company_ids": [fields.Command.set(self.ids)],
            }
        )

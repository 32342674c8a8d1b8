from odoo import fields, models
from odoo.exceptions import UserError

JOURNAL_CODE = "CMOR"


class ResCompany(models.Model):
    """Where the money of the indemnity system is entered."""

    _inherit = "res.company"

    cmor_csea_account_id = fields.Many2one(
        "account.account",
        string="CSEA indemnities",
        check_company=True,
        domain="[('reconcile', '=', True), ('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        help="Transit account of what CSEA pays: the bank's entry comes in, the bills"
        " of the practices go out. What is open there is money without a practice, or"
        " a practice whose money has not arrived.",
    )
    cmor_return_account_id = fields.Many2one(
        "account.account",
        string="CMOR to be returned",
        check_company=True,
        domain="[('account_type', '=', 'liability_payable')]",
        help="What is owed to customers: excess over their debt and indemnities of"
        " annulled practices.",
    )
    cmor_seller_account_id = fields.Many2one(
        "account.account",
        string="Indemnities of sellers",
        check_company=True,
        domain="[('account_type', '=', 'liability_payable')]",
        help="Network user: what CSEA paid for the sellers that we act for, until it is"
        " paid on to them.",
    )
    cmor_journal_id = fields.Many2one(
        "account.journal",
        string="CMOR journal",
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    cmor_allocation = fields.Selection(
        [
            ("claim", "As claimed, then the oldest"),
            ("oldest", "Oldest bill first"),
        ],
        string="CMOR receipts pay",
        default="claim",
        required=True,
        help="Which bills of the practice a receipt of CSEA pays first.",
    )

    def _cmor_setup_books(self):
        """Choose or create the accounts and the journal that are not set. Idempotent.

        :raise UserError: the company has no chart of accounts
        """
        for company in self:
            todo = company.sudo().with_company(company)
            if not todo.chart_template:
                raise UserError(
                    self.env._(
                        "%(company)s has no chart of accounts.", company=company.name
                    )
                )
            if not todo.cmor_csea_account_id:
                todo.cmor_csea_account_id = todo._utility_create_account(
                    self.env._("CSEA indemnities (CMOR)")
                )
            if not todo.cmor_return_account_id:
                todo.cmor_return_account_id = todo._cmor_create_payable(
                    self.env._("CMOR to be returned to customers")
                )
            if not todo.cmor_journal_id:
                todo.cmor_journal_id = todo._cmor_journal()

    def _cmor_setup_seller_account(self):
        """The account of the sellers' money, where a company acts for sellers."""
        for company in self.sudo():
            if not company.cmor_seller_account_id:
                company.cmor_seller_account_id = company._cmor_create_payable(
                    self.env._("CMOR indemnities of sellers")
                )

    def _cmor_create_payable(self, name):
        accounts = self.env["account.account"].with_company(self)
        sample = accounts.search(
            [
                *accounts._check_company_domain(self),
                ("account_type", "=", "liability_payable"),
            ],
            limit=1,
        )
        return accounts.create(
            {
                "name": name,
                "code": accounts._search_new_account_code(sample.code or "250000"),
                "account_type": "liability_payable",
                "non_trade": True,
                "reconcile": True,
                "company_ids": [fields.Command.set(self.ids)],
            }
        )

    def _cmor_journal(self):
        journal = self._utility_find_journal(JOURNAL_CODE, ("general",))
        return journal or self.env["account.journal"].create(
            {
                "name": "CMOR",
                "code": JOURNAL_CODE,
                "type": "general",
                "company_id": self.id,
            }
        )

    def _utility_setup_books(self):
        # EXTENDS utility_supply: one button prepares all the books
        result = super()._utility_setup_books()
        self.filtered("chart_template")._cmor_setup_books()
        return result

    def _cmor_pay_out(self, partner, account, journal, amount, date, memo):
        """A posted payment of CMOR money to somebody.

        :param partner: res.partner who is owed it
        :param account: account.account on which it is owed
        :param journal: account.journal of a bank
        :param float amount: in the company's currency
        :param date date: asked; the books may need a later one
        :return: (account.payment, its line on ``account``)
        :raise UserError: the journal makes payments without an entry
        """
        self.ensure_one()
        payment = (
            self.env["account.payment"]
            .sudo()
            .create(
                {
                    "payment_type": "outbound",
                    "partner_type": "supplier",
                    "partner_id": partner.commercial_partner_id.id,
                    "company_id": self.id,
                    "journal_id": journal.id,
                    "amount": amount,
                    "date": self._utility_accounting_date(date),
                    "memo": memo,
                    "destination_account_id": account.id,
                }
            )
        )
        payment.action_post()
        if not payment.move_id:
            raise UserError(
                self.env._(
                    "%(journal)s makes payments without an entry: give it an"
                    " outstanding account.",
                    journal=journal.display_name,
                )
            )
        lines = payment.move_id.line_ids
        return payment, lines.filtered(lambda line: line.account_id == account)

from odoo import api, fields, models
from odoo.exceptions import AccessError


class UtilityBooksWizard(models.TransientModel):
    """The settings of a company's bills, for who keeps them.

    Not in Odoo's general settings: those are open to administrators of the whole
    system only, while these belong to the utility's own administrator and to the
    accounting manager.
    """

    _name = "utility.books.wizard"
    _description = "Books of the bills"

    # the settings live on the company: these are the ones that may be changed here
    _settings = (
        "utility_book_mode",
        "utility_bill_journal_id",
        "utility_clearing_account_id",
        "utility_payment_journal_id",
        "utility_opening_date",
        "utility_charge_mode",
        "utility_deactivable_days",
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
    )
    utility_book_mode = fields.Selection(
        [("subledger", "Subledger"), ("full", "Full")],
        string="Books",
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
        string="Clearing account",
        check_company=True,
        help="Counterpart of the receivables when the books are a subledger.",
    )
    utility_payment_journal_id = fields.Many2one(
        "account.journal",
        string="Payments journal",
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash'))]",
    )
    utility_opening_date = fields.Date(
        string="Opening date",
        help="Older bills are entered on this day; they keep their own date and due"
        " dates.",
    )
    utility_charge_mode = fields.Selection(
        [("billing", "Through the billing system"), ("odoo", "Invoiced in Odoo")],
        string="Charges to customers",
        help="Exported to the billing system and confirmed by its bills, or invoiced"
        " in Odoo.",
    )
    utility_deactivable_days = fields.Integer(
        string="Long suspension",
        help="Days of suspension after which a supply counts as deactivable. 0: never.",
    )
    problems = fields.Text(compute="_compute_problems")

    @api.depends("company_id")
    def _compute_problems(self):
        """What still keeps bills from being entered, one sentence a line."""
        for wizard in self:
            wizard.problems = "\n".join(wizard.company_id._utility_books_problems())

    @api.onchange("company_id")
    def _onchange_company_id(self):
        for wizard in self:
            wizard.update(wizard._read_settings(wizard.company_id))

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        company = self.env["res.company"].browse(values.get("company_id"))
        settings = self._read_settings(company)
        return {**values, **{n: v for n, v in settings.items() if n in fields}}

    @api.model
    def _read_settings(self, company):
        company = company.sudo()
        return {
            name: company._fields[name].convert_to_write(company[name], company)
            for name in self._settings
        }

    @api.model_create_multi
    def create(self, vals_list):
        # a form sends only what was changed: the rest is as the company has it
        for vals in vals_list:
            company = self.env["res.company"].browse(
                vals.get("company_id") or self.env.company.id
            )
            for name, value in self._read_settings(company).items():
                vals.setdefault(name, value)
        return super().create(vals_list)

    def action_save(self):
        """Button: keep the settings, then say what is still missing."""
        for wizard in self:
            company = wizard._checked_company()
            company.sudo().write(
                {
                    name: wizard._fields[name].convert_to_write(wizard[name], wizard)
                    for name in self._settings
                }
            )
        return self._show_again()

    def action_prepare(self):
        """Button: keep the settings, create the journals and accounts that lack."""
        self.action_save()
        self._checked_company().action_utility_setup_books()
        return self._show_again()

    def _checked_company(self):
        """The company, of the user and for the user to set; AccessError otherwise."""
        self.ensure_one()
        company = self.company_id
        if company not in self.env.companies:
            raise AccessError(
                self.env._("You are not working in %(company)s.", company=company.name)
            )
        company._utility_check_may_set_books()
        return company

    def _show_again(self):
        """The form again, read anew from the company."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "utility_supply.utility_books_wizard_action"
        )
        return {**action, "context": {"default_company_id": self.company_id.id}}

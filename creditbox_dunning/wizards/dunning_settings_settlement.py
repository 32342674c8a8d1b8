from odoo import api, fields, models

from ..models.dunning_company_settlement import WAYS

SETTINGS = (
    "dunning_settlement_way",
    "dunning_settlement_days",
    "dunning_settlement_grace",
    "dunning_settlement_remind_days",
    "dunning_settlement_tolerance",
    "dunning_loss_account_id",
    "dunning_loss_journal_id",
    "dunning_credit_journal_id",
    "dunning_settlement_tax_id",
    "dunning_income_account_id",
    "dunning_is_large_taxpayer",
)


class DunningSettingsWizard(models.TransientModel):
    """How what is given up is booked: settings of the same wizard."""

    _inherit = "dunning.settings.wizard"
    _check_company_auto = True

    dunning_settlement_way = fields.Selection(WAYS, string="What is given up becomes")
    dunning_settlement_days = fields.Integer(string="Offers are valid for")
    dunning_settlement_grace = fields.Integer(string="Payments are awaited for")
    dunning_settlement_remind_days = fields.Integer(string="Remind before the end")
    dunning_settlement_tolerance = fields.Float(string="Tolerance", digits=(12, 2))
    dunning_loss_account_id = fields.Many2one(
        "account.account", string="Account of losses", check_company=True
    )
    dunning_loss_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of losses",
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    dunning_credit_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of credit notes",
        check_company=True,
        domain="[('type', '=', 'sale')]",
    )
    dunning_settlement_tax_id = fields.Many2one(
        "account.tax",
        string="Tax of credit notes",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale'), ('price_include', '=', True)]",
        help="Empty: outside VAT.",
    )
    dunning_income_account_id = fields.Many2one(
        "account.account", string="Account of later income", check_company=True
    )
    dunning_is_large_taxpayer = fields.Boolean(
        string="Company of great size",
        help="Revenue of 100 million euro or more: the higher limit of small credits.",
    )

    @api.model
    def _get_settlement_settings(self, company):
        found = {}
        for name in SETTINGS:
            value = company.sudo()[name]
            found[name] = value.id if isinstance(value, models.BaseModel) else value
        return found

    def _get_present(self):
        # EXTENDS
        company = self.company_id or self.env.company
        return {**super()._get_present(), **self._get_settlement_settings(company)}

    def action_save(self):
        # EXTENDS: who may was checked there
        answer = super().action_save()
        values = self._get_settlement_settings_given()
        self.company_id.sudo().write(values)
        return answer

    def _get_settlement_settings_given(self):
        found = {}
        for name in SETTINGS:
            value = self[name]
            found[name] = value.id if isinstance(value, models.BaseModel) else value
        found["dunning_settlement_way"] = found["dunning_settlement_way"] or "loss"
        return found

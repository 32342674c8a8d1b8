from odoo import api, fields, models
from odoo.exceptions import ValidationError

WAYS = [("loss", "Entry of loss"), ("credit_note", "Credit note")]


class ResCompany(models.Model):
    """How settlements and write-offs are offered, awaited and booked."""

    _inherit = "res.company"

    dunning_settlement_way = fields.Selection(
        WAYS,
        string="What is given up becomes",
        required=True,
        default="loss",
        help="Once the agreed sum is there: an entry of loss on the bills, or a credit"
        " note to the customer.",
    )
    dunning_settlement_days = fields.Integer(
        string="Offers are valid for", default=30, help="Days from the offer."
    )
    dunning_settlement_grace = fields.Integer(
        string="Payments are awaited for",
        default=5,
        help="Days after the last day in which the bank may still tell a payment whose"
        " value date is in time. The offer does not expire before.",
    )
    dunning_settlement_remind_days = fields.Integer(
        string="Remind before the end",
        default=5,
        help="Days before the last one in which whoever asked for the offer hears of"
        " money of the customer that lies unmatched.",
    )
    dunning_settlement_tolerance = fields.Float(
        string="Tolerance",
        digits=(12, 2),
        help="How much may lack of the agreed sum for the offer to be kept.",
    )
    dunning_loss_account_id = fields.Many2one(
        "account.account",
        string="Account of losses",
        check_company=True,
        help="Losses on credits, and what is given up in settlements.",
    )
    dunning_income_account_id = fields.Many2one(
        "account.account",
        string="Account of later income",
        check_company=True,
        help="What a customer pays after his credit was written off (sopravvenienza"
        " attiva).",
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
        help="Empty: outside VAT, the tax of the bills stays as it is. With a tax"
        " included in the price the credit note reduces it (art. 26, DPR 633/1972,"
        " within its terms: ask the accountant).",
    )
    dunning_is_large_taxpayer = fields.Boolean(
        string="Company of great size",
        help="Revenue of 100 million euro or more: the higher limit of small credits"
        " holds (art. 101, c. 5, TUIR).",
    )

    _dunning_settlement_remind_check = models.Constraint(
        "CHECK(dunning_settlement_remind_days BETWEEN 0 AND 365)",
        "Settlements: the reminder comes 0 to 365 days before the end.",
    )

    @api.constrains("dunning_settlement_tax_id")
    def _check_dunning_settlement_tax(self):
        for company in self:
            tax = company.dunning_settlement_tax_id
            if tax and not tax.price_include:
                raise ValidationError(
                    self.env._(
                        "The tax of credit notes has to be included in the price: what"
                        " is given up is a sum with its tax."
                    )
                )

    def _dunning_loss_problem(self, way="loss"):
        """What is missing to book a loss, in words; "" when nothing is."""
        self.ensure_one()
        company = self.sudo()
        missing = []
        if not company.dunning_loss_account_id:
            missing.append(self.env._("the account of losses"))
        if way == "loss" and not company.dunning_loss_journal_id:
            missing.append(self.env._("the journal of losses"))
        if way == "credit_note" and not company.dunning_credit_journal_id:
            missing.append(self.env._("the journal of credit notes"))
        if not missing:
            return ""
        return self.env._(
            "Missing in the settings of CreditBox: %(what)s.", what=", ".join(missing)
        )

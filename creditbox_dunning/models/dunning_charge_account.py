from odoo import api, fields, models
from odoo.tools import ormcache

from odoo.addons.utility_supply.models.utility_charge import CHARGE_KINDS


class DunningChargeAccount(models.Model):
    """On which account a kind of charge is booked, and how it is taxed."""

    _name = "dunning.charge.account"
    _description = "Account of a kind of charge"
    _inherit = "utility.kept.mixin"
    _order = "company_id, kind"
    _rec_name = "kind"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    kind = fields.Selection(CHARGE_KINDS, required=True)
    account_id = fields.Many2one(
        "account.account",
        required=True,
        check_company=True,
        domain="[('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        help="Revenue of interest and costs, loss of a write-off.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        help="Late payment interest and recovery costs lie outside VAT (art. 15 D.P.R."
        " 633/1972): choose the tax of that nature.",
    )
    tax_note = fields.Char(
        string="Tax treatment", help="In words, for the billing system."
    )

    _kind_uniq = models.Constraint(
        "UNIQUE(company_id, kind)", "This kind of charge has its account already."
    )

    @api.model
    def _charge_vals(self, company, kind):
        """Tax values of a new charge of ``kind``."""
        found = self._kept_taxes(company.id, kind)
        if found is None:
            return {}
        tax_ids, tax_note = found
        return {"tax_ids": [fields.Command.set(tax_ids)], "tax_note": tax_note}

    @api.model
    @ormcache("company_id", "kind")
    def _kept_taxes(self, company_id, kind):
        # asked for each of thousands of charges
        row = self.sudo().search(
            [("company_id", "=", company_id), ("kind", "=", kind)], limit=1
        )
        return (tuple(row.tax_ids.ids), row.tax_note) if row else None

    @api.model
    def _accounts_of(self, companies):
        """{(company id, kind): account}."""
        rows = self.sudo().search([("company_id", "in", companies.ids)])
        return {(row.company_id.id, row.kind): row.account_id for row in rows}


class UtilityCharge(models.Model):
    _inherit = "utility.charge"

    def _prepare_invoice_vals(self):
        # EXTENDS utility_supply: each kind on its account
        vals = super()._prepare_invoice_vals()
        accounts = self.env["dunning.charge.account"]._accounts_of(self.company_id)
        for command, charge in zip(vals["invoice_line_ids"], self, strict=True):
            account = accounts.get((charge.company_id.id, charge.kind))
            if account:
                command[2]["account_id"] = account.id
        return vals

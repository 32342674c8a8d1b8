from odoo import models
from odoo.tools.misc import format_date, formatLang

from odoo.addons.utility_supply.formats.dossier_zip import safe_name

from ..rules.statement import Item, sheets, statement
from .amounts import exact

DOCUMENT = "creditbox_dunning.statement"
KINDS = {"out_invoice": "bill", "out_receipt": "bill", "out_refund": "credit"}


class ResPartner(models.Model):
    """The statement of account of a customer, towards the company that is chosen."""

    _inherit = "res.partner"

    def action_dunning_statement(self):
        """Smart button: the statement, as PDF (HTML where wkhtmltopdf is absent)."""
        self.ensure_one()
        self.env["dunning.case"].check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/creditbox_dunning/statement/{self.id}/{self.env.company.id}",
            "target": "download",
        }

    def _dunning_statement_document(self, company):
        """(bytes, file name, content type) of the statement towards ``company``.

        Who works on cases may make it, for a customer and a company of his own.
        """
        self.ensure_one()
        self.check_access("read")
        self.env["dunning.case"].with_company(company).check_access("read")
        company.check_access("read")
        customer = self.commercial_partner_id.with_context(
            lang=self.lang or self.env.lang
        )
        values = customer._dunning_statement_values(company)
        html = str(customer.env["ir.qweb"]._render(DOCUMENT, values))
        day = self.env["dunning.case"]._today(company)
        name = self.billing_code or self.name or str(self.id)
        stem = safe_name(f"estratto-conto-{name}-{day}".replace("/", "-"))
        return self.env["utility.pdf"]._document(html, stem)

    def _dunning_statement_values(self, company):
        today = self.env["dunning.case"]._today(company)
        currency = company.sudo().currency_id
        told = statement(self._dunning_statement_items(company), today)
        return {
            "partner": self,
            # whoever may work for the company may read its name and account
            "company": company.sudo(),
            "creditor": company._dunning_creditor(),
            "today": today,
            "statement": told,
            "sheets": sheets(told.rows),
            "day": lambda value: format_date(self.env, value) if value else "",
            "money": lambda value: formatLang(
                self.env, float(value), currency_obj=currency
            ),
        }

    def _dunning_statement_items(self, company):
        """The open items of the customer in the ledger of ``company``."""
        # whoever works on the cases of a customer may read what the customer owes
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("partner_id", "child_of", self.ids),
                    ("company_id", "=", company.id),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", "!=", 0),
                ]
            )
        )
        return [
            Item(
                ref=line.move_id.billing_ref or line.move_id.name or "",
                kind=KINDS.get(
                    line.move_id.move_type,
                    "payment" if line.amount_residual < 0 else "other",
                ),
                issued=line.move_id.invoice_date or line.date,
                due=line.date_maturity or None,
                amount=exact(line.balance),
                residual=exact(line.amount_residual),
                point=line.move_id.utility_contract_id.supply_point_id.code or "",
            )
            for line in lines
        ]


class DunningCase(models.Model):
    _inherit = "dunning.case"

    def action_statement(self):
        """Button: a message to the customer with the statement, to be looked at."""
        self.ensure_one()
        self.check_access("read")
        data, name, kind = self.partner_id._dunning_statement_document(self.company_id)
        composer = self.env["mail.compose.message"]
        file = self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": data,
                "mimetype": kind.split(";")[0],
                "res_model": composer._name,
                "res_id": 0,
            }
        )
        env = self.with_context(lang=self.partner_id.lang or self.env.lang).env
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement of account"),
            "res_model": composer._name,
            "views": [[False, "form"]],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_partner_ids": self.partner_id.ids,
                "default_attachment_ids": file.ids,
                "default_subject": env._(
                    "%(company)s: statement of account",
                    company=self.sudo().company_id.name,
                ),
                "default_body": env._(
                    "Good morning, attached is today's statement of your account."
                ),
            },
        }

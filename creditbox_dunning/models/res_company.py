from odoo import api, models
from odoo.tools import config, formataddr


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._dunning_set_up()
        return companies

    def _dunning_set_up(self):
        """Numbering and standard action table for companies that have none.

        Branches follow the company they belong to: they get none of their own.
        """
        mains = self.sudo().filtered(lambda company: not company.parent_id)
        sequences = self.env["ir.sequence"].sudo()
        numbered = sequences.search(
            [("code", "=", "dunning.case"), ("company_id", "in", mains.ids)]
        ).company_id
        sequences.create(
            [
                {
                    "name": self.env._("Recovery cases"),
                    "code": "dunning.case",
                    "prefix": "PR/",
                    "padding": 6,
                    "company_id": company.id,
                }
                for company in mains - numbered
            ]
        )
        tables = self.env["dunning.action.table"].sudo()
        with_table = tables.search([("company_id", "in", mains.ids)]).company_id
        for table in tables._load_standard(mains - with_table):
            table._publish()
            table._guarded().write({"is_standard": True})

    def _dunning_sender(self):
        """Address that reminders leave from; empty when the company has none."""
        self.ensure_one()
        if self.email:
            return formataddr((self.name, self.email))
        return self.catchall_formatted or config.get("email_from") or ""

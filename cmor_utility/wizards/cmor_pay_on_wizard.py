from odoo import api, fields, models
from odoo.exceptions import AccessError

from .cmor_receipt_wizard import ACCOUNTING
from .cmor_return_wizard import PAYING


class CmorPayOnWizard(models.TransientModel):
    """Dialog of a network user: pay its sellers what CSEA paid for them."""

    _name = "cmor.pay.on.wizard"
    _description = "Pay CMOR indemnities on to sellers"

    practice_ids = fields.Many2many("cmor.practice", required=True)
    company_id = fields.Many2one("res.company", compute="_compute_totals")
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(compute="_compute_totals")
    sellers = fields.Char(compute="_compute_totals")
    date = fields.Date(required=True, default=fields.Date.context_today)
    ref = fields.Char(string="Reference", help="CRO of the transfer, or other.")
    journal_id = fields.Many2one(
        "account.journal",
        string="Pay from",
        groups=ACCOUNTING,
        domain="[('type', 'in', ('bank', 'cash')), ('company_id', '=', company_id)]",
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        practices = self.env["cmor.practice"].browse(
            self.env.context.get("default_practice_ids", ())
        )
        if "journal_id" in fields and practices:
            company = practices.company_id[:1]
            journals = self.env["account.journal"].sudo()
            values["journal_id"] = journals.search(
                [
                    ("company_id", "=", company.id),
                    ("type", "=", "bank"),
                    ("id", "!=", company.sudo().utility_payment_journal_id.id),
                ],
                limit=1,
            ).id
        return values

    @api.depends("practice_ids")
    def _compute_totals(self):
        for wizard in self:
            practices = wizard.practice_ids
            wizard.company_id = practices.company_id[:1]
            wizard.amount = sum(practices.mapped("seller_due_amount"))
            names = practices.cc_partner_id.mapped("display_name")
            wizard.sellers = ", ".join(names)

    def action_apply(self):
        """Make one payment for each seller."""
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(PAYING):
            raise AccessError(self.env._("Payments are made by accounting."))
        asked = self.practice_ids._pay_on(
            self.sudo().journal_id, self.date, self.ref or ""
        )
        if asked:
            return asked._asked_notice()
        return {"type": "ir.actions.act_window_close"}

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..models.cmor_practice_facts import _cents
from .cmor_receipt_wizard import ACCOUNTING

PAYING = "account.group_account_invoice"


class CmorReturnWizard(models.TransientModel):
    """Dialog of an operator: give an excess or a refund back to the customer."""

    _name = "cmor.return.wizard"
    _description = "Return money of a CMOR practice"

    practice_id = fields.Many2one("cmor.practice", required=True, readonly=True)
    company_id = fields.Many2one(related="practice_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="practice_id.partner_id", string="Customer")
    due = fields.Date(related="practice_id.money_due")
    to_return = fields.Monetary(related="practice_id.to_return_amount")
    amount = fields.Monetary(required=True)
    mode = fields.Selection(
        [
            ("transfer", "Pay now"),
            ("offset", "On the customer's next bill"),
            ("other", "Paid already: choose the payment"),
        ],
        required=True,
        default="transfer",
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    ref = fields.Char(string="Reference", help="CRO of the transfer, or other.")
    journal_id = fields.Many2one(
        "account.journal",
        string="Pay from",
        groups=ACCOUNTING,
        domain="[('type', 'in', ('bank', 'cash')), ('company_id', '=', company_id)]",
    )
    item_id = fields.Many2one(
        "account.move.line",
        string="Payment",
        groups=ACCOUNTING,
        domain="[('company_id', '=', company_id), ('parent_state', '=', 'posted'),"
        " ('partner_id', 'child_of', partner_id), ('balance', '>', 0),"
        " ('reconciled', '=', False), ('move_id.move_type', '=', 'entry'),"
        " ('account_id.account_type', 'in',"
        " ('asset_receivable', 'liability_payable'))]",
    )

    can_pay = fields.Boolean(compute="_compute_can_pay")

    @api.depends_context("uid")
    def _compute_can_pay(self):
        self.can_pay = self._may_pay()

    @api.model
    def _may_pay(self):
        """Payments are for who keeps the books; others go through a bill."""
        return self.env.su or self.env.user.has_group(PAYING)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        practice = self.env["cmor.practice"].browse(values.get("practice_id"))
        if practice and "amount" in fields:
            values["amount"] = practice.to_return_amount
        if not self._may_pay():
            values["mode"] = "offset"
        elif practice and "journal_id" in fields:
            journals = self.env["account.journal"].sudo()
            values["journal_id"] = journals.search(
                [
                    ("company_id", "=", practice.company_id.id),
                    ("type", "=", "bank"),
                    ("id", "!=", practice.company_id.utility_payment_journal_id.id),
                ],
                limit=1,
            ).id
        return values

    def action_apply(self):
        """Return the money as the dialog says."""
        self.ensure_one()
        if self.mode != "offset" and not self.can_pay:
            raise AccessError(
                self.env._("Payments are made by accounting: choose the next bill.")
            )
        if self.mode == "transfer" and not self.sudo().journal_id:
            raise UserError(self.env._("Choose the bank to pay from."))
        if self.mode == "other":
            self._check_item()
        practice = self.practice_id
        made = practice._return_money(
            self.mode,
            _cents(self.amount),
            self.date,
            self.ref or "",
            self.sudo().journal_id,
            self.sudo().item_id,
        )
        if not made:
            return practice._asked_notice()
        return {"type": "ir.actions.act_window_close"}

    def _check_item(self):
        item = self.sudo().item_id
        if not item:
            raise UserError(self.env._("Choose the payment that was made."))
        is_his = (
            item.company_id == self.company_id
            and item.parent_state == "posted"
            and item.partner_id.commercial_partner_id
            == self.partner_id.commercial_partner_id
            and item.account_id.account_type
            in ("asset_receivable", "liability_payable")
        )
        if not is_his or _cents(item.amount_residual) < _cents(self.amount):
            raise UserError(
                self.env._("This payment is not the customer's, or not open enough.")
            )

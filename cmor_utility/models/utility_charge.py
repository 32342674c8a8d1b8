from odoo import fields, models


class UtilityCharge(models.Model):
    """A charge that returns CMOR money: its bill ends the return."""

    _inherit = "utility.charge"

    cmor_return_ids = fields.One2many(
        "cmor.practice.return",
        "charge_id",
        string="CMOR returns",
        groups="cmor_utility.group_cmor_user,account.group_account_invoice",
    )

    def _set_state(self, state, **extra):
        # EXTENDS utility_supply
        changed = super()._set_state(state, **extra)
        returns = (
            self.env["cmor.practice.return"]
            .sudo()
            .search([("charge_id", "in", changed.ids), ("state", "=", "planned")])
        )
        if state in ("confirmed", "invoiced"):
            for made in returns:
                bill_date = made.charge_id.sudo().move_id.invoice_date
                made._charge_arrived(bill_date or fields.Date.context_today(self))
        elif state == "cancelled":
            returns._cancelled()
        return changed

    def _prepare_invoice_vals(self):
        # EXTENDS utility_supply: what returns CMOR money is no revenue; the account
        # is the one that the return's entry credits
        vals = super()._prepare_invoice_vals()
        account = self.company_id.sudo()._utility_bill_account()
        for charge, command in zip(self, vals["invoice_line_ids"], strict=True):
            if account and charge.sudo().cmor_return_ids:
                command[2]["account_id"] = account.id
        return vals

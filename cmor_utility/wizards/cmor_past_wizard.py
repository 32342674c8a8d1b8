from odoo import api, fields, models
from odoo.exceptions import UserError


class CmorPastWizard(models.TransientModel):
    """Dialog: the bill that carried a CMOR before the program, or how it ended."""

    _name = "cmor.past.wizard"
    _description = "CMOR billed before the program"

    practice_id = fields.Many2one("cmor.practice", required=True)
    customer_id = fields.Many2one("res.partner", compute="_compute_customer_id")
    company_id = fields.Many2one(related="practice_id.company_id")
    outcome = fields.Selection(
        [
            ("bill", "A bill that is here has carried it"),
            ("collected", "The customer has paid it"),
            ("lost", "The customer has not paid it, and it is over"),
        ],
        string="What became of it",
        required=True,
        default="bill",
    )
    bill_id = fields.Many2one("account.move", check_company=True)
    note = fields.Text(string="Where you know it from")

    @api.depends("practice_id")
    def _compute_customer_id(self):
        for wizard in self:
            customer = wizard.practice_id.sudo().partner_id
            wizard.customer_id = customer.commercial_partner_id

    def action_apply(self):
        """Keep what was said."""
        self.ensure_one()
        if self.outcome != "bill":
            self.practice_id._end_past(self.outcome, self.note)
        elif self.bill_id:
            self.practice_id._name_past_bill(self.bill_id)
        else:
            raise UserError(self.env._("Choose the bill."))
        return {"type": "ir.actions.act_window_close"}

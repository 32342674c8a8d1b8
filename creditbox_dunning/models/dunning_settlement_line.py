from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningSettlementLine(models.Model):
    """A receivable that an offer is about, as it was when it was asked for."""

    _name = "dunning.settlement.line"
    _description = "Bill of a settlement"
    _inherit = "utility.guarded.mixin"
    _order = "date_maturity, id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "settlement_id",
            "company_id",
            "move_line_id",
            "bill_number",
            "date_maturity",
            "amount",
            "interest",
        }
    )

    settlement_id = fields.Many2one(
        "dunning.settlement", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Receivable",
        required=True,
        index=True,
        readonly=True,
        check_company=True,
        ondelete="restrict",
    )
    bill_number = fields.Char(readonly=True)
    date_maturity = fields.Date(string="Due date", readonly=True)
    amount = fields.Monetary(
        string="Capital", readonly=True, help="What was open when it was asked for."
    )
    interest = fields.Monetary(readonly=True)
    residual = fields.Monetary(
        related="move_line_id.amount_residual", string="Open today"
    )

    _once = models.Constraint(
        "UNIQUE(settlement_id, move_line_id)", "A bill is in a settlement once."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(line.settlement_id.state != "draft" for line in self):
            raise UserError(self.env._("What was offered is never deleted."))

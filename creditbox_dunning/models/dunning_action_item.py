from odoo import fields, models


class DunningActionItem(models.Model):
    """A receivable listed by an action, frozen as it was then.

    Number, date and amount are copies: the bill may be reset to draft and made again,
    what was written to the customer may not.
    """

    _name = "dunning.action.item"
    _description = "Bill listed by a dunning action"
    _inherit = "utility.guarded.mixin"
    _order = "date_maturity, id"
    _rec_name = "bill_number"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "action_id",
            "move_line_id",
            "move_id",
            "bill_number",
            "date_bill",
            "date_maturity",
            "amount",
        }
    )

    action_id = fields.Many2one(
        "dunning.action", required=True, index=True, readonly=True, check_company=True
    )
    company_id = fields.Many2one(
        related="action_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Receivable",
        index="btree_not_null",
        readonly=True,
        check_company=True,
        ondelete="set null",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        index="btree_not_null",
        readonly=True,
        check_company=True,
        ondelete="set null",
    )
    bill_number = fields.Char(readonly=True)
    date_bill = fields.Date(string="Bill date", readonly=True)
    date_maturity = fields.Date(string="Due date", readonly=True)
    amount = fields.Monetary(readonly=True, help="What was open when it was listed.")
    residual = fields.Monetary(
        related="move_line_id.amount_residual", string="Open today"
    )

    _once = models.Constraint(
        "UNIQUE(action_id, move_line_id)", "A bill is listed once by an action."
    )

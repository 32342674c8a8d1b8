from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import agency_fees as rules

KINDS = [
    (rules.FEE, "Payment of the period"),
    (rules.LATE, "Payment of before, recorded since"),
    (rules.CORRECTION, "Correction"),
]


class DunningAgencyStatementLine(models.Model):
    """A payment with its fee, as it was when the statement was frozen."""

    _name = "dunning.agency.statement.line"
    _description = "Line of an agency's statement"
    _inherit = "utility.guarded.mixin"
    _order = "date, id"
    _rec_name = "assignment_id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "statement_id",
            "company_id",
            "provider_id",
            "kind",
            "assignment_id",
            "partner_id",
            "move_id",
            "matching",
            "turn",
            "is_void",
            "date",
            "amount",
            "fee",
        }
    )

    statement_id = fields.Many2one(
        "dunning.agency.statement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Agency",
        required=True,
        readonly=True,
        ondelete="restrict",
        # it may be of another company of the group
        check_company=False,
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    assignment_id = fields.Many2one(
        "dunning.agency.assignment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    move_id = fields.Many2one("account.move", string="Bill", readonly=True)
    matching = fields.Integer(
        readonly=True, help="Number of the matching in the books: it may be gone since."
    )
    turn = fields.Integer(readonly=True)
    is_void = fields.Boolean(string="Called off", readonly=True)
    date = fields.Date(string="Arrived on", required=True, readonly=True)
    amount = fields.Monetary(string="Arrived", readonly=True)
    fee = fields.Monetary(readonly=True)

    # two statements frozen at the same moment: the second one fails
    _turn_uniq = models.UniqueIndex(
        "(company_id, provider_id, assignment_id, matching, turn)"
        " WHERE is_void IS NOT TRUE",
        "These fees are in another statement already: try again.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Frozen fees are never deleted."))

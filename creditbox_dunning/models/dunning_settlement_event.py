from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.utility_supply.models.bulk import insert_rows

KINDS = [
    ("proposed", "Proposed"),
    ("asked", "Approval asked"),
    ("offered", "Offered to the customer"),
    ("not_delivered", "The offer did not arrive"),
    ("not_approved", "Not approved"),
    ("lapsed", "Approval lapsed"),
    ("matched", "Payments matched with its bills"),
    ("paid", "Paid and booked"),
    ("returned", "Payment returned, booking undone"),
    ("expired", "Offer expired"),
    ("to_decide", "A person has to decide"),
    ("problem", "Could not be booked"),
    ("kept_expired", "Left expired"),
    ("refused", "Refused by the customer"),
    ("cancelled", "Called off"),
]


class DunningSettlementEvent(models.Model):
    """What happened to a settlement: only added to, never changed."""

    _name = "dunning.settlement.event"
    _description = "History of a settlement"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "settlement_id",
            "company_id",
            "kind",
            "at",
            "state_from",
            "state_to",
            "user_id",
            "amount",
            "note",
            "move_id",
        }
    )

    settlement_id = fields.Many2one(
        "dunning.settlement", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(KINDS, string="What", required=True, readonly=True)
    at = fields.Datetime(string="When", required=True, readonly=True)
    state_from = fields.Char(readonly=True)
    state_to = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="Who", readonly=True)
    amount = fields.Monetary(readonly=True)
    note = fields.Char(readonly=True)
    move_id = fields.Many2one(
        "account.move",
        string="Document",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("The history writes itself."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What happened is never deleted."))

    @api.model
    def _add(self, settlement, kind, state_to, note="", amount=0, move=None):
        """One more row; ``state_to`` the state that follows."""
        return insert_rows(
            self.sudo()._guarded(),
            [
                {
                    "settlement_id": settlement.id,
                    "company_id": settlement.company_id.id,
                    "kind": kind,
                    "at": fields.Datetime.now(),
                    "state_from": settlement.state,
                    "state_to": state_to,
                    "user_id": self.env.uid,
                    "amount": float(amount or 0),
                    "note": note or False,
                    "move_id": move.id if move else False,
                }
            ],
        )

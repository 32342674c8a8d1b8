from odoo import api, fields, models
from odoo.exceptions import AccessError

from .dunning_approval_request import STATES


class DunningApprovalDecision(models.Model):
    """What was decided on a request: one row each time, and no row ever changes.

    Nobody may write or delete one, not even code that runs as superuser: what is
    corrected adds a row.
    """

    _name = "dunning.approval.decision"
    _description = "Decision on a request"
    _inherit = "utility.guarded.mixin"
    _order = "id"
    _check_company_auto = True

    _guarded_fields = frozenset({"request_id"})

    request_id = fields.Many2one(
        "dunning.approval.request",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    kind = fields.Selection(
        [
            ("asked", "Asked"),
            ("asked_again", "Asked again"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("lapsed", "Lapsed: the facts changed"),
            ("expired", "Expired"),
            ("escalated", "Passed to the next level"),
            ("raised", "Level raised"),
            ("cancelled", "Cancelled"),
        ],
        string="What",
        required=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Who", required=True, ondelete="restrict"
    )
    acting_for_id = fields.Many2one(
        "res.users", string="In place of", ondelete="restrict"
    )
    from_state = fields.Selection(STATES, string="From")
    to_state = fields.Selection(STATES, string="To", required=True)
    level = fields.Integer(help="The level that was used or asked for.")
    note = fields.Text()
    facts_hash = fields.Char()

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("Decisions are recorded by the buttons only."))
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_change()
        return super().write(vals)

    def _refuse_change(self):
        raise AccessError(self.env._("A decision is history: nobody changes it."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("A decision is history: nobody deletes it."))

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .channel_words import driver_words
from .dunning_communication import STATES


class DunningCommunicationEvent(models.Model):
    """What happened to a message: every change of its state, what was told without
    changing it, what came too late. Written by `dunning.communication._move` only,
    never changed, never deleted."""

    _name = "dunning.communication.event"
    _description = "Event of a communication"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "reason"

    _guarded_fields = frozenset(
        {
            "communication_id",
            "company_id",
            "at",
            "kind",
            "state_from",
            "state_to",
            "reason",
            "attempt",
            "user_id",
            "attachment_ids",
        }
    )

    communication_id = fields.Many2one(
        "dunning.communication",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    at = fields.Datetime(required=True, readonly=True)
    kind = fields.Selection(
        [
            ("move", "Change of state"),
            ("told", "Told"),
            ("ignored", "Came too late"),
        ],
        required=True,
        readonly=True,
        help="Came too late: it would have changed the message, which was already"
        " over.",
    )
    state_from = fields.Selection(STATES, readonly=True, string="State before")
    state_to = fields.Selection(STATES, readonly=True, string="State after")
    reason = fields.Char(readonly=True)
    reason_text = fields.Char(string="Why", compute="_compute_reason_text")
    attempt = fields.Integer(readonly=True)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_communication_event_attachment_rel",
        "event_id",
        "attachment_id",
        string="Evidence",
        readonly=True,
    )

    @api.depends("reason")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        for event in self:
            event.reason_text = driver_words(self.env, event.reason)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("The history of a message is the program's."))
        return super().create(vals_list)

    def write(self, vals):
        if not self._is_guard_open():
            raise AccessError(self.env._("The history of a message is the program's."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was sent is never deleted."))

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class DunningWithdrawnMixin(models.AbstractModel):
    """What a person recorded and nobody rewrites nor deletes.

    A wrong one is taken back by a credit manager, with a reason, and stays to be seen.
    """

    _name = "dunning.withdrawn.mixin"
    _description = "Record that is taken back, not rewritten"
    _inherit = ("mail.thread", "utility.guarded.mixin")

    _guarded_fields = frozenset({"state", "withdrawn_by", "withdrawn_reason"})
    # what a person may still tell of a record that is made
    _open_fields = frozenset({"note"})

    state = fields.Selection(
        [("valid", "Counts"), ("withdrawn", "Taken back")],
        string="Status",
        required=True,
        default="valid",
        readonly=True,
        copy=False,
        tracking=True,
    )
    withdrawn_by = fields.Many2one("res.users", readonly=True, copy=False)
    withdrawn_reason = fields.Char(
        string="Why it is taken back", readonly=True, copy=False
    )

    def write(self, vals):
        closed = set(vals) - self._open_fields - self._all_guarded_fields()
        if not self.env.su and closed & set(self._fields) - {"message_follower_ids"}:
            raise AccessError(
                self.env._(
                    "What is recorded is not rewritten: take it back and record it"
                    " anew."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("What is recorded is taken back with a reason, not deleted.")
        )

    def action_withdraw(self, reason=""):
        """Button of a credit manager: it was recorded by mistake.

        :param reason: why
        """
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why it is taken back."))
        self.filtered(lambda one: one.state == "valid")._take_back(reason)
        return True

    def _take_back(self, reason):
        self.sudo()._guarded().write(
            {
                "state": "withdrawn",
                "withdrawn_by": self.env.uid,
                "withdrawn_reason": reason,
            }
        )

from odoo import fields, models

MODES = [
    ("refused", "The customer refuses the offer"),
    ("cancel", "Give the settlement up"),
    ("accept", "Accept what was paid"),
    ("leave", "Leave it as it is"),
]


class DunningSettlementWizard(models.TransientModel):
    """Say what becomes of a settlement, and why."""

    _name = "dunning.settlement.wizard"
    _description = "Decide on a settlement"

    settlement_ids = fields.Many2many("dunning.settlement", required=True)
    mode = fields.Selection(MODES, string="What", required=True)
    note = fields.Text(string="Reason")

    def action_apply(self):
        """Button: done, by the rights of whoever presses it."""
        self.ensure_one()
        note = self.note or ""
        if self.mode == "refused":
            self.settlement_ids.action_customer_refused(note)
        elif self.mode == "cancel":
            self.settlement_ids.action_cancel(note)
        elif self.mode == "accept":
            self.settlement_ids.action_accept_anyway(note)
        else:
            self.settlement_ids.action_leave_expired(note)
        return {"type": "ir.actions.act_window_close"}


class DunningSettlement(models.Model):
    _inherit = "dunning.settlement"

    def action_open_refused(self):
        """Button: the customer said no."""
        return self._open_wizard("refused", self.env._("The customer refuses"))

    def action_open_cancel(self):
        """Button: give it up."""
        return self._open_wizard("cancel", self.env._("Give the settlement up"))

    def action_open_accept(self):
        """Button: what came is enough."""
        return self._open_wizard("accept", self.env._("Accept what was paid"))

    def action_open_leave(self):
        """Button: it stays as it is."""
        return self._open_wizard("leave", self.env._("Leave it as it is"))

    def _open_wizard(self, mode, name):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "dunning.settlement.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_mode": mode,
                "default_settlement_ids": [fields.Command.set(self.ids)],
            },
        }

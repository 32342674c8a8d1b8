from odoo import fields, models

from ..models.dunning_protection_release import FACTS


class DunningProtectionReleaseWizard(models.TransientModel):
    """Ask to end a legal protection: last day, reason and proof."""

    _name = "dunning.protection.release.wizard"
    _description = "Ask to end a legal protection"

    fact = fields.Selection(FACTS, required=True, default="protection")
    protection_id = fields.Many2one("utility.protection", readonly=True)
    supply_point_id = fields.Many2one("utility.supply.point", readonly=True)
    date_to = fields.Date(string="Last day of protection")
    reason = fields.Text(required=True)
    attachment_ids = fields.Many2many("ir.attachment", string="Proof")

    def action_ask(self):
        """Button: hand the request to a director."""
        self.ensure_one()
        record = self.protection_id or self.supply_point_id
        self.env["dunning.protection.release"].ask_release(
            self.fact, record.id, self.date_to, self.reason, self.attachment_ids.ids
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("A director was asked to approve it."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

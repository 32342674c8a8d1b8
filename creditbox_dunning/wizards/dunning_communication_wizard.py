from odoo import api, fields, models


class DunningCommunicationWizard(models.TransientModel):
    """What a person found out about messages that are in doubt or failed."""

    _name = "dunning.communication.wizard"
    _description = "Say what became of messages"

    communication_ids = fields.Many2many("dunning.communication", required=True)
    are_uncertain = fields.Boolean(compute="_compute_are_uncertain")
    decision = fields.Selection(
        [
            ("sent", "It left: it waits for its proof"),
            ("delivered", "It reached the customer"),
            ("again", "Send it again"),
            ("failed", "It did not leave and shall not: go on by another channel"),
        ],
        required=True,
    )
    notified_date = fields.Date(
        string="Delivered on", default=fields.Date.context_today
    )
    reason = fields.Char(
        required=True,
        help="How you know: the sent folder, the provider's page, a call.",
    )

    @api.depends("communication_ids")
    def _compute_are_uncertain(self):
        for wizard in self:
            states = set(wizard.communication_ids.mapped("state"))
            wizard.are_uncertain = "uncertain" in states

    def action_confirm(self):
        """Button: write it down on every message chosen."""
        self.ensure_one()
        self.communication_ids._decide(self.decision, self.reason, self.notified_date)
        return {"type": "ir.actions.act_window_close"}

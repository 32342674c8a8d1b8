from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.cmor_mass_job import ACTIONS
from ..rules import messages


class CmorMassWizard(models.TransientModel):
    """Dialog of an operator: choose a step for all the practices selected."""

    _name = "cmor.mass.wizard"
    _description = "One step for many CMOR practices"

    practice_ids = fields.Many2many("cmor.practice", required=True)
    practice_count = fields.Integer(compute="_compute_practice_count")
    action = fields.Selection(ACTIONS, required=True, default="confirm")
    reason_id = fields.Many2one(
        "cmor.cancel.reason", domain="[('by_outgoing', '=', True)]"
    )
    needs_text = fields.Boolean(related="reason_id.needs_text")
    event_date = fields.Date(
        string="Day of the event", default=fields.Date.context_today
    )
    note = fields.Text()

    @api.depends("practice_ids")
    def _compute_practice_count(self):
        for wizard in self:
            wizard.practice_count = len(wizard.practice_ids)

    def action_start(self):
        """Queue the step and show how it goes."""
        self.ensure_one()
        payload = {}
        note = (self.note or "").strip()
        if self.action == "give_up":
            if not note:
                raise UserError(self.env._("Write why they are given up."))
            payload = {"reason": note}
        elif self.action == "annul":
            if not self.reason_id:
                raise UserError(self.env._("Choose the reason."))
            payload = messages.encode_params(
                {
                    "reason_id": self.reason_id.id,
                    "event_date": self.event_date,
                    "note": note,
                }
            )
        jobs = self.env["cmor.mass.job"]._start(self.practice_ids, self.action, payload)
        return jobs._get_records_action(name=self.env._("Steps for many practices"))

from odoo import api, fields, models

from ..models.dunning_company_interest import TIMES


class DunningSettingsWizard(models.TransientModel):
    """When interest is proposed by itself: settings of the same wizard."""

    _inherit = "dunning.settings.wizard"

    _interest_settings = (
        "dunning_interest_when",
        "dunning_interest_day",
        "dunning_interest_minimum",
        "dunning_interest_with_flat",
        "dunning_interest_with_costs",
    )

    dunning_interest_when = fields.Selection(TIMES, string="Interest is proposed")
    dunning_interest_day = fields.Integer(string="Day of the month")
    dunning_interest_minimum = fields.Float(string="Not below", digits=(12, 2))
    dunning_interest_with_flat = fields.Boolean(string="Flat sum (D.Lgs. 231/2002) too")
    dunning_interest_with_costs = fields.Boolean(string="Costs of recovery too")
    dunning_interest_missing = fields.Text(compute="_compute_dunning_interest_missing")

    @api.depends("company_id")
    def _compute_dunning_interest_missing(self):
        rates = self.env["dunning.interest.rate"]
        for wizard in self:
            today = self.env["dunning.case"]._today(wizard.company_id)
            told = rates._warnings_of(wizard.company_id, today)
            wizard.dunning_interest_missing = "\n".join(told) or False

    def _get_present(self):
        # EXTENDS
        company = (self.company_id or self.env.company).sudo()
        own = {name: company[name] for name in self._interest_settings}
        return {**super()._get_present(), **own}

    def action_save(self):
        # EXTENDS: who may was checked there
        answer = super().action_save()
        own = {name: self[name] for name in self._interest_settings}
        own["dunning_interest_when"] = own["dunning_interest_when"] or "off"
        own["dunning_interest_day"] = own["dunning_interest_day"] or 1
        self.company_id.sudo().write(own)
        return answer

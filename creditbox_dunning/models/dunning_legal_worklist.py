from datetime import timedelta

from odoo import api, fields, models

from .dunning_legal_file import OVER

DAYS = 7


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    @api.model
    def _cron_watch(self):
        # EXTENDS: hearings pass by themselves
        files = self.env["dunning.legal.file"]
        files._watch_deadlines(fields.Date.context_today(self))
        return super()._cron_watch()


class DunningWorklist(models.AbstractModel):
    """Hearings and terms before the court, on the page Today."""

    _inherit = "dunning.worklist"

    def _lists_of_plans(self, today):
        # EXTENDS
        soon = fields.Date.to_string(today + timedelta(days=DAYS))
        return [
            *super()._lists_of_plans(today),
            {
                "key": "legal_terms",
                "title": self.env._("Hearings and terms of the court"),
                "help": self.env._(
                    "Within seven days, or past: a term that is missed is lost."
                ),
                "icon": "fa-balance-scale",
                "tone": "danger",
                "model": "dunning.legal.file",
                "domain": [
                    ("next_deadline", "<=", soon),
                    ("state", "not in", OVER),
                ],
            },
        ]

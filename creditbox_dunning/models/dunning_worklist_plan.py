from datetime import timedelta

from odoo import fields, models

from .dunning_worklist import RECENT_DAYS


class DunningWorklist(models.AbstractModel):
    """Payment plans that wait for a person."""

    _inherit = "dunning.worklist"

    def _lists_of_plans(self, today):
        # EXTENDS: agreed instalments beside planned work
        since = fields.Date.to_string(today - timedelta(days=RECENT_DAYS))
        broken = [
            ("state", "=", "broken"),
            ("ended_on", ">=", since),
            ("case_id.state", "!=", "closed"),
        ]
        return [
            *super()._lists_of_plans(today),
            {
                "key": "plans_late",
                "title": self.env._("Payment plans late"),
                "help": self.env._(
                    "An instalment is past its day: call before the days of tolerance"
                    " are over and the plan breaks."
                ),
                "icon": "fa-calendar-times-o",
                "tone": "warning",
                "model": "dunning.payment.plan",
                "domain": [("state", "=", "running"), ("is_late", "=", True)],
            },
            {
                "key": "plans_offered",
                "title": self.env._("Payment plans offered"),
                "help": self.env._(
                    "They wait for the customer: record the acceptance when it comes."
                ),
                "icon": "fa-calendar-check-o",
                "tone": "info",
                "model": "dunning.payment.plan",
                "domain": [("state", "=", "offered")],
            },
            {
                "key": "plans_broken",
                "title": self.env._("Payment plans broken"),
                "help": self.env._(
                    "In the last 30 days, on cases that are still open: the case went"
                    " on by itself."
                ),
                "icon": "fa-chain-broken",
                "tone": "danger",
                "model": "dunning.payment.plan",
                "domain": broken,
            },
        ]

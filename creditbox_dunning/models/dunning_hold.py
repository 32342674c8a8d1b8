from odoo import api, models


class DunningHold(models.AbstractModel):
    """A recorded reason to stop a case, a bill, a contract or a customer."""

    _name = "dunning.hold"
    _description = "Suspension of a case"

    @api.model
    def _for_cases(self, cases, today):
        """{case id: tuple of rules.facts.Hold} in a fixed number of statements."""
        return {}

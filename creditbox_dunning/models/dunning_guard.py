from odoo import api, models

from ..rules.planner import no_guard


class DunningGuard(models.AbstractModel):
    """The legal guard's door to the database: its facts, its numbers, its calendar."""

    _name = "dunning.guard"
    _description = "Legal guard"

    @api.model
    def _guard_for(self, company, today):
        """The planner's ``guard`` for the cases of ``company`` on ``today``."""
        return no_guard

    @api.model
    def _supply_facts(self, cases, lines, today):
        """{case id: rules.guard_facts.Supply} in a fixed number of statements.

        ``lines``: {case id: [open receivables]} as read by ``dunning.facts``.
        """
        return {}

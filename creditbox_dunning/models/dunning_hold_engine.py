from odoo import models


class DunningEngine(models.AbstractModel):
    """The run takes back what a suspension that began meanwhile stops.

    A suspension planned for today or a moratorium begins without anybody's click:
    steps decided before it and not yet sent are withdrawn on its first day.
    """

    _inherit = "dunning.engine"

    def _process_together(self, cases, today, run):
        self.env["dunning.hold"]._withdraw_stopped(cases, today)
        return super()._process_together(cases, today, run)

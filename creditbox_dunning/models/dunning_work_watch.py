from odoo import api, models

from ..rules import work
from ..rules.facts import Reason


class DunningWorkMixin(models.AbstractModel):
    _inherit = "dunning.work.mixin"

    @api.model
    def _cron_watch(self):
        """Several times a day: take back what is paid, end the mandates that are
        over, leave files in their folders, look at the agencies' money, write lots."""
        self._order_missing()
        self._take_back_paid()
        self.env["ir.cron"]._commit_progress(1)
        self.env["dunning.technical.order"]._watch_ground()
        self.env["ir.cron"]._commit_progress(1)
        self.env["dunning.agency.assignment"]._end_mandates()
        self.env["ir.cron"]._commit_progress(1)
        self.env["dunning.work.file"]._deliver_waiting()
        self.env["dunning.agency.assignment"]._check_money()
        self.env["ir.cron"]._commit_progress(1)
        # their files wake this up again
        self.env["dunning.agency.assignment"]._send_scheduled()

    @api.model
    def _order_missing(self):
        """Steps under way that nothing was ordered for: older than the orders are."""
        actions = self.env["dunning.action"].sudo()
        for code, name in actions._work_models().items():
            field = "technical_order_ids" if "technical" in name else "assignment_ids"
            alone = actions.search(
                [
                    ("state", "=", "executing"),
                    ("action_type_id.code", "=", code),
                    (field, "=", False),
                ]
            )
            if alone:
                alone._work_follows(self.env[name].sudo(), "executing", ())

    @api.model
    def _work_records(self):
        """Models whose records are about bills."""
        return ["dunning.technical.order", "dunning.agency.assignment"]

    @api.model
    def _take_back_paid(self):
        """Everything that is wanted and whose bills are all paid: one statement."""
        for name in self._work_records():
            wanted = (
                self.env[name]
                .sudo()
                .search(
                    [
                        ("state", "in", sorted(work.WANTED)),
                        # who paid gets the supply back
                        ("action_id.op", "!=", "reactivate"),
                    ]
                )
            )
            wanted.action_id._filter_paid()._withdraw(Reason.of("order_paid"))

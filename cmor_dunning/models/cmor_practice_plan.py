from odoo import api, fields, models

from .cmor_practice import READERS


class CmorPractice(models.Model):
    """A practice knows that its debt is being paid by instalments.

    No rule of the indemnity system forbids to claim it: a person is told and decides.
    """

    _inherit = "cmor.practice"

    dunning_plan_text = fields.Char(
        string="Payment plan", compute="_compute_dunning_plan_text", groups=READERS
    )

    @api.depends("contract_id")
    def _compute_dunning_plan_text(self):
        """The live plan of the supply in one sentence; empty without one."""
        plans = self.env["dunning.payment.plan"].sudo()
        live = plans.search(
            [
                ("case_id.contract_id", "in", self.contract_id.ids),
                ("state", "in", ("offered", "running")),
            ]
        )
        told = {}
        for plan in live:
            told[plan.case_id.contract_id.id] = self.env._(
                "This debt is being paid by instalments (plan %(plan)s, still open"
                " %(amount)s): decide whether to claim it.",
                plan=plan.name,
                amount=plan._money_words(plan.amount_open),
            )
        for practice in self:
            practice.dunning_plan_text = told.get(practice.contract_id.id, False)

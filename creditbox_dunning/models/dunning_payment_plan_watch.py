import logging

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import update_rows
from odoo.addons.utility_supply.models.isolation import apart

from ..rules import plans as rules
from .dunning_payment_plan import LIVE_STATES
from .dunning_payment_plan_flow import PLAN_ACTION

_logger = logging.getLogger(__name__)


class DunningPaymentPlan(models.Model):
    """What happens to plans by themselves, every night before the run."""

    _inherit = "dunning.payment.plan"

    @api.model
    def _scan(self, company, today):
        """Look at the plans of ``company``: paid, broken, expired, late.

        A fixed number of statements finds out; only those whose state changes cost
        more, each apart from the others. Repeating it on a day changes nothing.
        """
        me = self.sudo().with_company(company)
        live = me.search(
            [("company_id", "=", company.id), ("state", "in", ("offered", "running"))]
        )
        paid = live._paid()
        told = {plan: plan._standing(paid.get(plan.id), today) for plan in live}
        told = {plan: standing for plan, standing in told.items() if standing}
        ends = live.filtered(lambda plan: plan._is_over(told.get(plan), today))
        apart(
            ends._guarded(),
            lambda some: some._end_each(told, today),
            self._not_ended,
        )
        still = live.filtered(lambda plan: plan.state in ("offered", "running"))
        update_rows(
            me._guarded().browse(),
            {
                plan.id: {
                    "next_due": told[plan].next_due,
                    "is_late": plan.state == "running" and told[plan].missing > 0,
                }
                for plan in still
                if plan in told
            },
        )

    def _is_over(self, standing, today):
        """Whether its state changes tonight."""
        if standing is None:
            return False
        if self.state == "running":
            return standing.state != rules.RUNNING
        return bool(standing.paid) or self.valid_until < today

    def _end_each(self, told, today):
        for plan in self:
            standing = told[plan]
            if plan.state == "offered":
                plan._settle_offer(standing, today)
            if plan.state != "running":
                continue
            if standing.state == rules.KEPT:
                note = self.env._("All instalments are paid.")
                plan._close("kept", note, why="paid", day=today)
            elif standing.state == rules.BROKEN:
                plan._close("broken", plan._broken_words(standing), "fact_over", today)
                plan._tell_broken(today)

    def _settle_offer(self, standing, today):
        """Who pays the first instalment accepts; who lets the days pass does not."""
        if standing.paid:
            self._accept(today)
        elif self.valid_until < today:
            note = self.env._("The offer expired without an answer.")
            self._close("cancelled", note, why="answered", day=today)

    def _broken_words(self, standing):
        return self.env._(
            "Instalment %(number)s was not paid within %(days)s days of its due date;"
            " %(amount)s are missing.",
            number=standing.late[0],
            days=self.tolerance_days,
            amount=self._money_words(standing.missing),
        )

    def _tell_broken(self, today):
        """Who follows the case hears of it."""
        case = self.case_id.sudo()
        if case.state == "closed" or not case.user_id:
            return
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=today,
            summary=self.env._("Payment plan broken: the case goes on"),
            user_id=case.user_id.id,
        )

    def _not_ended(self, plan, error):
        """One that cannot be judged stops no other; its worklist shows it as late."""
        _logger.error("Payment plan %s cannot be judged.", plan.id, exc_info=error)


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    @api.model
    def _cron_watch(self):
        # EXTENDS: what ends with a plan ends first
        plans = self.env["dunning.payment.plan"].sudo()
        groups = plans._read_group(
            [("state", "in", ("offered", "running"))], ["company_id"]
        )
        for (company,) in groups:
            plans._scan(company, self.env["dunning.case"]._today(company))
        return super()._cron_watch()

    def action_end(self, why, note="", proofs=None):
        # EXTENDS: what a plan holds ends with the plan
        plans = self.env["dunning.payment.plan"].sudo()
        live = plans.search(
            [
                ("state", "in", LIVE_STATES),
                "|",
                ("hold_id", "in", self.ids),
                ("request_hold_id", "in", self.ids),
            ],
            limit=1,
        )
        if live:
            raise UserError(
                self.env._(
                    "Payment plan %(plan)s is under way: cancel the plan, the"
                    " suspension ends with it.",
                    plan=live.name,
                )
            )
        return super().action_end(why, note, proofs)

    @api.model
    def _stopping(self, action, holds, today):
        # EXTENDS: the step that stands for a live plan is what suspends the case
        if action.action_type_id.code == PLAN_ACTION and action.plan_ids.filtered(
            lambda plan: plan.state in LIVE_STATES
        ):
            return None
        return super()._stopping(action, holds, today)

import logging
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import update_rows
from odoo.addons.utility_supply.models.isolation import apart

from ..rules import plans as rules
from ..rules.holds import last_day
from .day_words import day_count
from .dunning_payment_plan import ASKED, LIVE_STATES
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
        live |= me._come_back(company, today)
        paid = live._paid()
        live._note_paid(paid, today)
        told = {plan: plan._standing(paid.get(plan.id), today) for plan in live}
        told = {plan: standing for plan, standing in told.items() if standing}
        joined = live.filtered(lambda plan: plan.state == "offered")._joined()
        ends = live.filtered(lambda plan: plan._is_over(told.get(plan), joined, today))
        apart(
            ends._guarded(),
            lambda some: some._end_each(told, joined, today),
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

    def _note_paid(self, paid, today):
        """Write on the instalments which are paid, and which are open again because
        their payment went back."""
        rows = {}
        for plan in self:
            standing = plan._standing(paid.get(plan.id), today)
            if standing is None:
                continue
            for one in plan.instalment_ids:
                is_paid = one.number in standing.paid
                if is_paid and not one.paid_on:
                    rows[one.id] = {"paid_on": today, "reopened_on": False}
                elif one.paid_on and not is_paid:
                    rows[one.id] = {"paid_on": False, "reopened_on": today}
                    plan._say(
                        self.env._(
                            "The payment of instalment %(number)s went back: it is open"
                            " again.",
                            number=one.number,
                        )
                    )
        update_rows(self.instalment_ids.browse(), rows)

    @api.model
    def _come_back(self, company, today, cases=None):
        """Plans paid in full of which a payment went back: they run again, late.

        ``cases``: those to look at, the open ones of ``company`` when empty. Returns
        them. One whose case has another plan by now stays as it is: its bills are
        dunned again.
        """
        which = (
            [("case_id", "in", cases.ids)]
            if cases
            else [("company_id", "=", company.id), ("case_id.state", "!=", "closed")]
        )
        back = self.search(
            [
                *which,
                ("state", "=", "kept"),
                ("line_ids.amount_residual", ">", 0),
                ("line_ids.parent_state", "=", "posted"),
                ("case_id.plan_ids", "not any", [("state", "in", LIVE_STATES)]),
            ],
            order="id desc",
        )
        # the last one of each case
        back = back.filtered(
            lambda plan: plan == back.filtered(lambda p: p.case_id == plan.case_id)[:1]
        )
        for plan in back._guarded():
            plan.write(
                {
                    "state": "running",
                    "ended_on": False,
                    "end_note": False,
                    "round": plan.case_id.round,
                }
            )
            plan.action_id.filtered(lambda a: a.state == "done")._record_outcome(
                "agreed", today, reason=plan._reason()
            )
            plan._hold_running()
            plan._say(
                self.env._(
                    "Payment plan %(plan)s runs again: a payment went back.",
                    plan=plan.name,
                )
            )
        return back

    def _is_over(self, standing, joined, today):
        """Whether its state changes tonight."""
        if standing is None:
            return False
        if self.state == "running":
            return standing.state != rules.RUNNING
        return self._is_taken(standing, joined) or self._is_offer_over(today)

    def _is_taken(self, standing, joined):
        """Whether an offer was accepted by paying; ``joined``: see `_joined`."""
        return joined.get(self, bool(standing.paid))

    def _is_offer_over(self, today):
        """Its days are over, those in which the bank tells of the last one as well."""
        grace = self.tolerance_days if self.join_by else 0
        return self.valid_until + timedelta(days=grace) < today

    def _end_each(self, told, joined, today):
        for plan in self:
            standing = told[plan]
            if plan.state == "offered":
                plan._settle_offer(plan._is_taken(standing, joined), today)
            if plan.state != "running":
                continue
            if standing.state == rules.KEPT:
                note = self.env._("All instalments are paid.")
                plan._close("kept", note, why="paid", day=today)
            elif standing.state == rules.BROKEN:
                plan._close("broken", plan._broken_words(standing), "fact_over", today)
                plan._tell_broken(today)

    def _settle_offer(self, is_taken, today):
        """Who pays the first instalment accepts; who lets the days pass does not."""
        if is_taken:
            self._accept(today)
        elif self._is_offer_over(today):
            note = self.env._("The offer expired without an answer.")
            if self.join_by:
                note = self.env._(
                    "The first instalment was not paid by %(day)s, as the law asks.",
                    day=self._day_words(self.valid_until),
                )
            self._close("cancelled", note, why="answered", day=today)

    def _broken_words(self, standing):
        return self.env._(
            "Instalment %(number)s was not paid within %(days)s of its due date;"
            " %(amount)s are missing.",
            number=standing.late[0],
            days=day_count(self.env, self.tolerance_days),
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

    def _prepare_hold_vals(self, scope, record, reason, asked):
        # EXTENDS: how long a request may wait for its answer is the company's choice
        if reason.code == ASKED and not asked["to"]:
            company = self._company_of(record)
            start = asked["from"] or self.env["dunning.case"]._today(company)
            days = company.sudo().dunning_plan_request_days
            asked = {**asked, "to": last_day(start, days)}
        return super()._prepare_hold_vals(scope, record, reason, asked)

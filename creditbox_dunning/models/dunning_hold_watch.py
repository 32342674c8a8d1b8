from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain

# an activity shows up this many days before the day it is about
SOON = 7
CHECK_TYPE = "creditbox_dunning.mail_activity_type_hold_check"
ORDER_TYPE = "creditbox_dunning.mail_activity_type_order_stop"
PAID_STATES = ("paid", "in_payment", "reversed")


class DunningHold(models.Model):
    """What happens to suspensions by themselves, every night before the run."""

    _inherit = "dunning.hold"

    @api.model
    def _cron_watch(self):
        """Note the ends of the night, end what is paid, remind of what is near."""
        companies = self.sudo()._read_group([], ["company_id"])
        for (company,) in companies:
            self._watch(company, self.env["dunning.case"]._today(company))

    @api.model
    def _watch(self, company, today):
        """One company on one day; repeating it on the same day changes nothing."""
        me = self.sudo().with_company(company)
        mine = Domain("company_id", "=", company.id) & Domain("end_reason", "=", False)
        past = me.search(mine & Domain("resume_date", "<=", today))
        me._note_end(past, today)
        me._end_what_is_paid(mine)
        me._remind_of(mine, today)

    @api.model
    def _note_end(self, holds, today):
        """Their last day passed: the next run goes on, here it is only told."""
        guarded = holds._guarded()
        for day, ended in guarded.grouped("resume_date").items():
            ended.write(
                {"end_reason": "date", "ended_on": day, "waits_approval": False}
            )
        holds._forget_requests()
        holds.activity_unlink([CHECK_TYPE])
        holds._say(self.env._("Its last day passed: the case goes on by itself."))
        self._replan(holds._cases(), today)

    @api.model
    def _end_what_is_paid(self, mine):
        """Suspensions of closed cases, and those that wait for a payment that came."""
        open_ = mine & Domain("is_cancelled", "=", False)
        closed = self.search(open_ & Domain("case_id.state", "=", "closed"))
        waiting = self.search(open_ & Domain("end_rule", "=", "payment")) - closed
        bills = waiting.filtered(lambda hold: hold.scope == "bill")
        paid = bills.filtered(lambda h: h.move_id.payment_state in PAID_STATES)
        others = waiting - bills
        live = {(case.contract_id.id, case.partner_id.id) for case in others._cases()}
        contracts = {contract for contract, _partner in live}
        partners = {partner for _contract, partner in live}
        paid |= others.filtered(
            lambda h: (
                (h.scope == "contract" and h.contract_id.id not in contracts)
                or (h.scope == "customer" and h.partner_id.id not in partners)
            )
        )
        if paid:
            paid._end("paid")
        if closed:
            closed._end("closed")

    @api.model
    def _remind_of(self, mine, today):
        """One activity for each one that ends, or has to be looked at, soon."""
        limit = today + timedelta(days=SOON)
        soon = Domain.OR(
            Domain(name, "<=", limit)
            for name in ("check_date", "answer_date", "date_to")
        )
        holds = self.search(mine & soon & Domain("date_from", "<=", today))
        days = {hold: hold._next_day() for hold in holds}
        kind = self.env.ref(CHECK_TYPE)
        activities = self.env["mail.activity"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", holds.ids),
                ("activity_type_id", "=", kind.id),
            ]
        )
        known = {activity.res_id: activity for activity in activities}
        for hold, day in days.items():
            activity = known.get(hold.id)
            if activity and activity.date_deadline != day:
                activity.date_deadline = day
            elif not activity:
                hold._remind(day, hold._get_reminder())

    def _next_day(self):
        """The first day on which somebody has to look at it."""
        self.ensure_one()
        days = (self.check_date, self.answer_date, self.date_to)
        return min(day for day in days if day)

    def _get_reminder(self):
        self.ensure_one()
        if self.answer_date:
            return self.env._("Answer the complaint, then end the suspension.")
        if self.date_to and not self.check_date:
            return self.env._("The suspension is about to end.")
        return self.env._("Check whether the suspension is still right.")

    def _remind(self, day, summary):
        """An activity for who follows it, in that person's language."""
        self.ensure_one()
        users = (self.user_id, self.case_id.user_id, self.placed_by)
        people = [user for user in users if user.active and not user.share]
        user = people[0] if people else self.env.user
        return self.activity_schedule(
            CHECK_TYPE, date_deadline=day, summary=summary, user_id=user.id
        )

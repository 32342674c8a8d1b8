from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.utility_supply.models.bulk import plain_values

from ..rules import deadlines as rules
from ..rules.attention import DEAD
from ..rules.reckoning import reckon

CHUNK = 500
OF_ACTIVITY = ("actor", "kind", "activity_id", "activity_on")


class CmorDeadline(models.Model):
    """Activities for what we have to do, and telling the manager of what was missed."""

    _inherit = "cmor.deadline"

    activity_on = fields.Date(
        readonly=True, help="An activity is made once, whatever becomes of it."
    )

    def _sync_activities(self, company, horizons, today):
        """Make an activity of each term of ours that is near, close those of the past.

        :param company: res.company of all of them
        :param dict horizons: see ``_horizons``, those of the company
        :param date today: day on which they are made
        """
        new, over, same = [], [], []
        self.activity_id.fetch(["active"])
        for id_, row in plain_values(self, OF_ACTIVITY).items():
            is_ours = row.actor == rules.US and row.kind == rules.MUST
            if not (is_ours and self.browse(id_)._is_waited_for(horizons)):
                if row.activity_id:
                    over.append(id_)
            elif row.activity_on or self.browse(id_).activity_id.active:
                same.append(id_)
            else:
                new.append(id_)
        self.browse(new)._make_activities(company, today)
        self.browse(over)._close_activities()
        self.browse(same)._reassign_activities(company)

    def _is_waited_for(self, horizons):
        """Whether what somebody of ours has to do is to be done soon."""
        if self.state == rules.MISSED:
            return self.practice_id.state not in DEAD or self.key in rules.OUTLIVES
        near = horizons.get(self.key) or horizons[""]
        return self.state == rules.OPEN and self.date_due <= near

    def _responsible(self, company):
        """Who does it: the practice's responsible, else the first operator of its role,
        else whoever is told of what was missed: of those who still work here."""
        for user in self.practice_id.user_id | self.role_id.user_ids:
            if user._may_work_on_cmor(company):
                return user
        return self.role_id._escalation_user(company)

    def _make_activities(self, company, today):
        kind = self.env.ref("cmor_utility.activity_type_deadline")
        todo = [(deadline, deadline._responsible(company)) for deadline in self]
        todo = [(deadline, user) for deadline, user in todo if user]
        vals_list = [
            deadline._activity_vals(kind, user, deadline.date_due)
            for deadline, user in todo
        ]
        activities = self._create_activities(vals_list)
        for (deadline, _user), activity in zip(todo, activities, strict=True):
            deadline._guarded().write(
                {"activity_id": activity.id, "activity_on": today}
            )

    def _activity_vals(self, kind, user, day, note=False):
        shown = self.with_context(lang=user.lang or self.env.lang)
        labels = dict(self._fields["key"]._description_selection(shown.env))
        return {
            "res_model_id": self.env["ir.model"]._get_id("cmor.practice"),
            "res_id": self.practice_id.id,
            "activity_type_id": kind.id,
            "summary": labels[self.key],
            "note": note or shown.explanation,
            "date_deadline": day,
            "user_id": user.id,
            "automated": True,
        }

    @api.model
    def _create_activities(self, vals_list):
        # the names that the activities show, in one go
        practices = self.env["cmor.practice"].sudo()
        practices.browse([vals["res_id"] for vals in vals_list]).mapped("display_name")
        # no e-mail for each: the digest tells them all at once
        activities = self.env["mail.activity"].sudo()
        return activities.with_context(mail_activity_quick_update=True).create(
            vals_list
        )

    def _close_activities(self):
        """What was kept, dropped or made pointless is no longer to be done."""
        self.activity_id.fetch(["active"])
        live = self.activity_id.filtered("active")
        live.with_context(mail_activity_quick_update=True).write(
            {"active": False, "feedback": self.env._("Closed by the program.")}
        )

    def _redate_activities(self):
        """The last day has changed: the activity is due on it, and says why."""
        for deadline in self:
            activity = deadline.activity_id
            if not activity.active:
                continue
            shown = deadline.with_context(lang=activity.user_id.lang or self.env.lang)
            activity.with_context(mail_activity_quick_update=True).write(
                {"date_deadline": deadline.date_due, "note": shown.explanation}
            )

    @api.model
    def _leave_activities(self, users):
        """These users go: what they had to do goes to others when the transaction ends.

        Called before Odoo deletes their activities; who threw his own activity away is
        not asked again, who left is succeeded.
        """
        activities = self.env["mail.activity"].sudo()
        theirs = activities.search_fetch(
            Domain("user_id", "in", users.ids)
            & Domain("res_model", "=", "cmor.practice")
            & Domain("automated", "=", True),
            ["res_id", "activity_type_id"],
        )
        if not theirs:
            return
        deadlines = self.sudo()._guarded()
        deadlines.search([("activity_id", "in", theirs.ids)]).write(
            {"activity_id": False, "activity_on": False}
        )
        kind = self.env.ref("cmor_utility.activity_type_escalation")
        told = theirs.filtered(lambda activity: activity.activity_type_id == kind)
        deadlines.search(
            Domain("practice_id", "in", told.mapped("res_id"))
            & Domain("state", "=", rules.MISSED)
            & Domain("escalated_on", "!=", False)
        ).write({"escalated_on": False})
        self.env["cmor.practice"].browse(set(theirs.mapped("res_id")))._queue_terms()

    def _reassign_activities(self, company):
        """The responsible has changed: the activity goes with the practice."""
        told = self.filtered("activity_id")
        told.activity_id.fetch(["active", "user_id"])
        for deadline in told:
            activity = deadline.activity_id
            if not activity.active:
                continue
            user = deadline._responsible(company)
            if user and user != activity.user_id:
                activity.with_context(mail_activity_quick_update=True).user_id = user

    # --- escalation --------------------------------------------------------------

    @api.model
    def _escalate(self, today):
        """Tell the manager of what is missed for some days: once each.

        :param date today: day of the scan
        """
        found = self.sudo().search(
            Domain("state", "=", rules.MISSED)
            & Domain("actor", "=", rules.US)
            & Domain("kind", "=", rules.MUST)
            & Domain("escalated_on", "=", False)
            & Domain("date_due", "<", today)
            & self._alive()
        )
        for company, deadlines in found.grouped("company_id").items():
            due = deadlines._to_escalate(company, today)
            for start in range(0, len(due), CHUNK):
                due[start : start + CHUNK]._tell_manager(company, today)
                self.env["ir.cron"]._commit_progress(min(CHUNK, len(due) - start))

    def _to_escalate(self, company, today):
        table = self.env["cmor.parameter"]._term_table(company)
        term = table.at("escalation_days", today)
        if not term or not self:
            return self.browse()
        first = min(self.mapped("date_due"))
        calendar = self.env["cmor.parameter"]._calendar(
            company, range(first.year, today.year + 2)
        )
        return self.filtered(lambda d: reckon(d.date_due, term, calendar)[0] <= today)

    def _tell_manager(self, company, today):
        kind = self.env.ref("cmor_utility.activity_type_escalation")
        vals_list, told = [], self.browse()
        for deadline in self:
            manager = deadline.role_id._escalation_user(company)
            # with nobody to tell it is tried again the next night
            if manager:
                told |= deadline
                vals_list.append(
                    deadline._activity_vals(
                        kind, manager, today, deadline._escalation_note(manager)
                    )
                )
        self._create_activities(vals_list)
        told._guarded().write({"escalated_on": today})

    def _escalation_note(self, manager):
        shown = self.with_context(lang=manager.lang or self.env.lang)
        responsible = self.user_id or self.role_id.user_ids[:1]
        return shown.env._(
            "Missed on %(date)s. %(consequence)s Responsible: %(user)s.",
            date=format_date(shown.env, self.date_due),
            consequence=shown.consequence or "",
            user=responsible.name or "-",
        )

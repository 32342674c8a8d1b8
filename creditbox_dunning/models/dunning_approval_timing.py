from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import update_rows

from ..rules.approval import HIGHEST_LEVEL


class DunningApprovalRequest(models.Model):
    """Requests do not wait for ever: they end, they climb, people are reminded."""

    _inherit = "dunning.approval.request"

    is_escalated = fields.Boolean(
        string="Passed to a higher level",
        compute="_compute_is_escalated",
        search="_search_is_escalated",
    )

    @api.depends("asked_level", "required_level")
    def _compute_is_escalated(self):
        for request in self:
            request.is_escalated = request.asked_level > request.required_level

    def _search_is_escalated(self, operator, value):
        if operator != "in":
            return NotImplemented
        query = self.env["dunning.approval.decision"].sudo()
        passed = query._search([("kind", "=", "escalated")]).subselect("request_id")
        return [("id", "in" if True in value else "not in", passed)]

    @api.model
    def _cron_daily(self, today=None):
        """Scheduled action: end what is too old, pass on what nobody answered, remind.

        ``today``: a date; each company's own today when empty.
        """
        companies = self._waiting_companies()
        for company in companies:
            day = fields.Date.to_date(today) or self.env["dunning.case"]._today(company)
            self._expire(company, day)
            self._escalate(company, day)
            self._digest(company, day)

    def _waiting_companies(self):
        reminded = (
            self.env["mail.activity"].sudo().search([("res_model", "=", self._name)])
        )
        # those where all is decided by now lose their reminders
        waiting = [
            "|",
            ("state", "=", "pending"),
            ("id", "in", reminded.mapped("res_id")),
        ]
        groups = self.sudo()._read_group(waiting, ["company_id"])
        return self.env["res.company"].union(*(company for (company,) in groups))

    @api.model
    def _expire(self, company, day):
        """Requests past their day end; their records are told."""
        old = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "pending"),
                ("expires_on", "<", day),
            ]
        )
        if old:
            old._end("expired", self.env._("Nobody decided in time."))
            old._call_hook("expired")
        return old

    @api.model
    def _escalate(self, company, day):
        """Ask the next level that has somebody, when this one did not answer.

        Who could decide before still can: only who is asked changes.
        """
        days = company.dunning_escalation_days
        if days <= 0:
            return self.browse()
        limit = fields.Datetime.to_datetime(day) - timedelta(days=days - 1)
        slow = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "pending"),
                ("level_since", "<", limit),
                ("asked_level", "<", HIGHEST_LEVEL),
            ]
        )
        approvers = self.env["res.users"]._dunning_approvers(company)[company]
        higher = sorted(set(approvers.values()))
        now = fields.Datetime.now()
        rows = {}
        for request in slow:
            level = next((one for one in higher if one > request.asked_level), 0)
            if level:
                rows[request.id] = {"asked_level": level, "level_since": now}
        update_rows(self.sudo().browse(), rows)
        passed = self.sudo().browse(rows)
        passed._log("escalated", "pending", "pending")
        return passed

    @api.model
    def _digest(self, company, day):
        """One activity and one e-mail for each person for whom requests wait."""
        pending = self.sudo().search(
            [("company_id", "=", company.id), ("state", "=", "pending")],
            order="level_since, id",
        )
        approvers = self.env["res.users"]._dunning_approvers(company)[company]
        for user, level in approvers.items():
            waiting = pending.filtered(
                lambda r, u=user, n=level: r.asked_level <= n and u not in r.asker_ids
            )
            # the lowest level that can decide is asked; the others only when it climbs
            mine = waiting.filtered(
                lambda r, n=level: not self._someone_lower(r, n, approvers)
            )
            self._remind(user, mine, company, day)

    def _someone_lower(self, request, level, approvers):
        """Whether somebody below ``level`` may decide ``request`` as well."""
        return any(
            request.asked_level <= other < level and user not in request.asker_ids
            for user, other in approvers.items()
        )

    def _remind(self, user, requests, company, day):
        """Today's reminder of ``requests`` for ``user``; yesterday's goes away."""
        if not requests:
            self._forget_reminder(user, company)
            return
        oldest = requests[0]
        text = self.env["dunning.approval.request"].with_context(lang=user.lang)
        summary = (
            text.env._("One request waits for you")
            if len(requests) == 1
            else text.env._("%(count)s requests wait for you", count=len(requests))
        )
        known = self._reminders(user, company)
        if known.res_id == oldest.id:
            known.write({"summary": summary, "date_deadline": day})
        else:
            known.unlink()
            # the e-mail below says it: none for the activity as well
            quiet = oldest.with_context(mail_activity_quick_update=True)
            quiet.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=day,
                summary=summary,
                user_id=user.id,
            )
        self._mail_digest(user, requests, summary)

    def _reminders(self, user, company):
        """The open reminder of ``user`` in ``company``."""
        activities = (
            self.env["mail.activity"]
            .sudo()
            .search([("res_model", "=", self._name), ("user_id", "=", user.id)])
        )
        own = self.sudo().browse(activities.mapped("res_id")).exists()
        own = own.filtered(lambda request: request.company_id == company)
        return activities.filtered(lambda activity: activity.res_id in own.ids)[:1]

    def _forget_reminder(self, user, company):
        self._reminders(user, company).unlink()

    def _mail_digest(self, user, requests, summary):
        """Queue today's e-mail to ``user``; nothing without an address."""
        if not user.email:
            return
        template = self.env.ref("creditbox_dunning.dunning_approval_digest")
        values = {
            "user": user,
            "requests": requests[:20],
            "count": len(requests),
            "total": sum(requests.mapped("amount")),
            "company": requests.company_id,
            "url": requests[0].get_base_url(),
        }
        body = (
            self.env["ir.qweb"]
            .with_context(lang=user.lang)
            ._render(template.id, values)
        )
        self.env["mail.mail"].sudo().create(
            {
                "subject": f"{requests.company_id.name}: {summary}",
                "body_html": body,
                "email_to": user.email_formatted,
                "email_from": requests.company_id._dunning_sender()
                or user.email_formatted,
                "auto_delete": True,
            }
        )

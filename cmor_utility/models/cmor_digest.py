import logging
from ast import literal_eval

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

MONDAY = 0
TOP = 10
# lists of what the flows leave to a person -> where their records have their role
LISTS = {
    "cmor_utility.cmor_flow_file_action": "role_id",
    "cmor_utility.cmor_flow_file_action_received": "role_id",
    "cmor_utility.cmor_flow_record_action_waiting": "practice_id.role_id",
    "cmor_utility.cmor_practice_request_action": "role_id",
}


class CmorDigest(models.Model):
    """One digest of a user on a day: that it was made, and its e-mail.

    Written in the transaction that queues the e-mail, one user a transaction, and
    unique: after a crash the next run goes on with those who have none, and nobody
    gets two.
    """

    _name = "cmor.digest"
    _description = "CMOR digest of a user"
    _order = "date desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    mail_id = fields.Many2one("mail.mail", readonly=True, ondelete="set null")

    _user_date_uniq = models.Constraint(
        "UNIQUE(user_id, date)", "This user has the digest of the day already."
    )

    @api.model
    def _cron_send(self, today=None):
        """Nightly: queue the digest of each user who wants it today."""
        today = today or fields.Date.context_today(self)
        users = self._recipients(today)
        for done, user in enumerate(users, 1):
            try:
                with self.env.cr.savepoint():
                    self._make(user, today)
            except OperationalError:
                raise
            except Exception:
                # one user's digest must not cost the others theirs
                _logger.exception("CMOR digest of %s failed", user.login)
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(users) - done):
                break

    @api.model
    def _recipients(self, today):
        """Users of CMOR who want a digest today and have none yet."""
        group = self.env.ref("cmor_utility.group_cmor_user").sudo()
        wanted = ("daily", "weekly") if today.weekday() == MONDAY else ("daily",)
        users = group.all_user_ids.filtered(
            lambda user: user.active and user.email and user.cmor_digest in wanted
        )
        made = self.sudo().search(
            Domain("date", "=", today) & Domain("user_id", "in", users.ids)
        )
        return (users - made.user_id).sorted("id")

    @api.model
    def _make(self, user, today):
        """Queue the digest of one user; none when nothing waits for him.

        :return: the digest, with its e-mail if there is one
        """
        reader = self.with_user(user).with_context(
            lang=user.lang, tz=user.tz, allowed_company_ids=user.company_ids.ids
        )
        sections = [
            section
            for company in user.company_ids
            if (section := reader.with_company(company)._section(company))
        ]
        mail = self.env["mail.mail"].sudo()
        if sections:
            body = reader.env["ir.qweb"]._render(
                "cmor_utility.digest",
                {"sections": sections, "user": user, "base": reader.get_base_url()},
            )
            mail = mail.create(
                {
                    "subject": reader.env._("CMOR: what waits for you"),
                    "body_html": body,
                    "email_to": user.email_formatted,
                    "email_from": user.company_id.email_formatted
                    or self.env.user.email_formatted,
                    "auto_delete": True,
                }
            )
        return self.sudo().create(
            {"user_id": user.id, "date": today, "mail_id": mail.id}
        )

    def _section(self, company):
        """What waits for the current user in one company; None when nothing does."""
        practices = self.env["cmor.practice"]
        own = self._own_domain(company)
        counts = practices._read_group(
            own & Domain("attention", "!=", False), ["attention"], ["__count"]
        )
        levels = dict(practices._fields["attention"]._description_selection(self.env))
        counts.sort(key=lambda found: list(levels).index(found[0]))
        lines = [
            {"label": levels[level], "count": count, "path": "cmor-work"}
            for level, count in counts
        ]
        lines += self._flow_lines(company) + self._approval_lines(company)
        if not lines:
            return None
        # layouts alone are no reason for an e-mail every day
        lines += self._layout_lines(company)
        return {
            "company": company,
            "lines": lines,
            "practices": practices.search(
                own & Domain("attention", "in", ("late", "risk", "action")),
                order="attention_rank, attention_date, id",
                limit=TOP,
            ),
        }

    def _own_domain(self, company):
        """Practices of the user: his own, those of his roles that nobody took, also of
        roles that have ended; for a manager who operates no role, all."""
        domain = Domain("company_id", "=", company.id)
        roles = self._own_roles(company)
        if not roles and self._is_manager():
            return domain
        own = Domain("user_id", "=", self.env.uid)
        if roles:
            # of nobody, or of somebody who has left
            free = Domain("user_id", "=", False) | Domain("user_id.active", "=", False)
            own |= free & roles._practices_domain()
        return domain & own

    def _own_roles(self, company):
        roles = self.env["cmor.company.role"]._followed()
        return roles.filtered(lambda role: role.company_id == company)

    def _is_manager(self):
        return self.env.user.has_group("cmor_utility.group_cmor_manager")

    def _flow_lines(self, company):
        """Files, records and requests that need somebody: those of the user's roles, or
        of no role; all for a manager who operates none."""
        roles = self._own_roles(company)
        if not roles and not self._is_manager():
            return []
        needed = Domain("company_id", "=", company.id)
        needed &= Domain("attention", "!=", False)
        lines = []
        for xml_id, role in LISTS.items():
            action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
            domain = needed & Domain(literal_eval(action["domain"] or "[]"))
            if roles:
                domain &= Domain(role, "in", roles.ids) | Domain(role, "=", False)
            count = self.env[action["res_model"]].search_count(domain)
            if count:
                lines.append(
                    {"label": action["name"], "count": count, "path": action["path"]}
                )
        return lines

    def _approval_lines(self, company):
        """What waits for this user's decision."""
        asked = self.env["cmor.approval"].search(
            Domain("company_id", "=", company.id) & Domain("state", "=", "asked")
        )
        count = len(asked.filtered("can_decide"))
        label = self.env._("Approvals to decide")
        return (
            [{"label": label, "count": count, "path": "cmor-approvals"}]
            if count
            else []
        )

    def _layout_lines(self, company):
        if not self.env.user.has_group("cmor_utility.group_cmor_manager"):
            return []
        count = self.env["cmor.flow.layout"].search_count(
            [("state", "=", "to_check"), ("company_id", "in", [False, company.id])]
        )
        label = self.env._("Layouts to be checked")
        return (
            [{"label": label, "count": count, "path": "cmor-layouts"}] if count else []
        )

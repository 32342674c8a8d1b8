import logging

from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .dunning_engine import RETRY_ERRORS

_logger = logging.getLogger(__name__)

CHUNK = 1000
COUNTED = (
    "opened",
    "reopened",
    "cases",
    "closed",
    "actions",
    "skipped",
    "mails",
    "letters",
    "waiting",
    "errors",
)


class DunningRun(models.Model):
    """One nightly pass over the cases of one company.

    Works in chunks and commits after each; interrupted anywhere, the next start takes
    up the same run behind the last chunk that was finished.
    """

    _name = "dunning.run"
    _description = "Dunning run"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {"company_id", "date", "state", "cursor", "started_at", "finished_at"}
        | {f"count_{name}" for name in COUNTED}
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Date(string="Day", required=True, readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("partial", "Done with errors"),
            ("refused", "Refused"),
        ],
        string="Status",
        required=True,
        default="running",
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Started by", readonly=True, default=lambda s: s.env.user
    )
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    cursor = fields.Integer(readonly=True, help="Last case of the last finished chunk.")
    payments_date = fields.Date(string="Payments until", readonly=True)
    message = fields.Char(compute="_compute_message")
    count_opened = fields.Integer(string="Opened", readonly=True)
    count_reopened = fields.Integer(string="Reopened", readonly=True)
    count_cases = fields.Integer(string="Cases looked at", readonly=True)
    count_closed = fields.Integer(string="Closed", readonly=True)
    count_actions = fields.Integer(string="Actions", readonly=True)
    count_skipped = fields.Integer(string="Rows left out", readonly=True)
    count_mails = fields.Integer(string="E-mails", readonly=True)
    count_letters = fields.Integer(string="Letters", readonly=True)
    count_waiting = fields.Integer(string="For a person", readonly=True)
    count_errors = fields.Integer(string="Errors", readonly=True)
    action_ids = fields.One2many("dunning.action", "run_id", readonly=True)
    error_ids = fields.One2many("dunning.run.error", "run_id", readonly=True)

    _one_running = models.UniqueIndex(
        "(company_id, date) WHERE state = 'running'",
        "A run for this day is under way.",
    )

    @api.depends("company_id", "date")
    def _compute_display_name(self):
        for run in self:
            day = format_date(self.env, run.date) if run.date else ""
            run.display_name = f"{run.company_id.name or ''} {day}".strip()

    @api.depends("payments_date", "date")
    @api.depends_context("lang")
    def _compute_message(self):
        for run in self:
            if run.payments_date and run.date:
                run.message = self.env._(
                    "Payments acquired until %(date)s, %(days)s days before the run.",
                    date=format_date(self.env, run.payments_date),
                    days=(run.date - run.payments_date).days,
                )
            else:
                run.message = self.env._("No payment has been acquired yet.")

    # actions

    def action_open_actions(self):
        """Button: everything that this run made."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Actions of the run"),
            "res_model": "dunning.action",
            "view_mode": "list,form",
            "domain": [("run_id", "=", self.id)],
        }

    @api.model
    def action_run_now(self, date=None):
        """Run for the companies that the user is working in; returns the runs' list.

        ``date``: day to run for (ISO text or date), today when empty. For credit
        managers and administrators of CreditBox.
        """
        day = fields.Date.to_date(date)
        runs = self.run_for(self.env.companies, day)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Runs"),
            "res_model": self._name,
            "view_mode": "list,form",
            "domain": [("id", "in", runs.ids)],
        }

    # business

    @api.model
    def run_for(self, companies, today=None):
        """Run the dunning of ``companies`` (records or ids) on ``today``.

        ``today``: a date or ISO text; each company's own today when empty. Returns the
        runs. Repeating it on the same day makes a run with no action in it. Raises
        AccessError unless the caller may: superuser, or a credit manager or CreditBox
        administrator working in all of the companies.
        """
        if not isinstance(companies, models.BaseModel):
            companies = self.env["res.company"].browse(companies)
        self._check_may_run(companies)
        days = {
            company: self.env["dunning.case"]._check_day(company, today)
            for company in companies
        }
        runs = self.browse()
        for company, day in days.items():
            runs |= self._run_company(company, day)
        return runs.sudo(self.env.su)

    def _check_may_run(self, companies):
        if self.env.su:
            return
        user = self.env.user
        may = user.has_group("creditbox_dunning.group_dunning_manager") or (
            user.has_group("creditbox_dunning.group_dunning_admin")
        )
        if not may or companies - user.company_ids:
            raise AccessError(
                self.env._("Only a credit manager starts a run, in their companies.")
            )

    @api.model
    def _run_company(self, company, today):
        """One run for one company: cases opened and fed, then planned in chunks."""
        me = self.sudo().with_company(company).with_context(active_test=False)
        if not me.env["dunning.action.table"]._published_for(company):
            raise UserError(
                self.env._(
                    "%(company)s has no published action table.", company=company.name
                )
            )
        run = me._take_up(company, today)
        if not run.cursor:
            lines = run.env["dunning.engine"]._refresh_lines(company, today)
            run._add({"opened": lines["opened"], "reopened": lines["reopened"]})
            run._checkpoint(0)
        if run._walk(today):
            run._finish()
        return run

    def _take_up(self, company, today):
        """The interrupted run of that day, or a new one."""
        run = self.search(
            [
                ("company_id", "=", company.id),
                ("date", "=", today),
                ("state", "=", "running"),
            ],
            limit=1,
        )
        if run:
            return run._guarded()
        return self._guarded().create(
            {
                "company_id": company.id,
                "date": today,
                "started_at": fields.Datetime.now(),
                "payments_date": self._last_payment_date(company),
            }
        )

    def _last_payment_date(self, company):
        """Day of the newest payment in the books: how fresh the run's knowledge is."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT MAX(date) FROM account_payment
                 WHERE company_id = %s AND payment_type = 'inbound'
                   AND state IN ('in_process', 'paid')
                """,
                company.id,
            )
        )
        return rows[0][0]

    def _walk(self, today):
        """Chunk after chunk; True at the end, False when the cron's time is over."""
        while True:
            cases = self._next_chunk()
            if not cases:
                return True
            counts = self.env["dunning.engine"]._process(cases, today, self)
            counts["closed"] = counts.pop("close", 0)
            self._add({**counts, "cursor": max(cases.ids)})
            if not self._checkpoint(len(cases)):
                return False

    def _next_chunk(self):
        """The next live cases, locked; those that another run holds are its own."""
        cases = self.env["dunning.case"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "closed"),
                ("id", ">", self.cursor),
            ],
            order="id",
            limit=CHUNK,
        )
        if not cases:
            return cases
        locked = cases.try_lock_for_update()
        if not locked:
            self._add({"cursor": max(cases.ids)})
            return self._next_chunk()
        return locked

    def _add(self, counts):
        vals = {"cursor": counts["cursor"]} if "cursor" in counts else {}
        for name in COUNTED:
            if counts.get(name):
                vals[f"count_{name}"] = self[f"count_{name}"] + counts[name]
        self._guarded().write(vals)

    def _checkpoint(self, processed):
        """Commit what is done so far and drop the cache: memory stays flat.

        Returns the seconds left to the cron, infinite outside of one.
        """
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            return float("inf")
        remaining = self._count_left() if in_cron else None
        left = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        self.env.invalidate_all()
        return left

    def _count_left(self):
        return self.env["dunning.case"].search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "closed"),
                ("id", ">", self.cursor),
            ]
        )

    def _finish(self):
        self._guarded().write(
            {
                "state": "partial" if self.count_errors else "done",
                "finished_at": fields.Datetime.now(),
            }
        )
        self._checkpoint(0)

    @api.model
    def _cron_nightly(self):
        """Every company with a published table, once a day; takes up broken runs.

        A company whose run fails does not stop the others; the failure is raised at
        the end, so that the scheduled action tells of it.
        """
        tables = self.env["dunning.action.table"].sudo()
        failure = None
        for company in tables.search([("state", "=", "published")]).company_id:
            today = self.env["dunning.case"]._today(company)
            if self._has_run(company, today):
                continue
            try:
                self._run_company(company, today)
            except RETRY_ERRORS:
                raise
            except Exception as error:
                _logger.exception("Dunning run of company %s failed", company.id)
                failure = error
                if not modules.module.current_test:
                    self.env.cr.rollback()
        if failure:
            raise failure

    def _has_run(self, company, today):
        domain = [("company_id", "=", company.id), ("date", "=", today)]
        return bool(self.search_count([*domain, ("state", "!=", "running")], limit=1))

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_date

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
# states in which a run still has something to do
ALIVE = ("waiting", "running")
MANAGER = "creditbox_dunning.group_dunning_manager"


class DunningRun(models.Model):
    """One nightly pass over the cases of one company.

    Works in chunks and commits after each; interrupted anywhere, the next start takes
    up the same run behind the last chunk that was finished. The work itself is in
    `dunning_run_work.py`, what it knows of payments in `dunning_run_freshness.py`.
    """

    _name = "dunning.run"
    _description = "Dunning run"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _order = "date desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    _guarded_fields = frozenset(
        {
            "company_id",
            "date",
            "state",
            "cursor",
            "user_id",
            "started_at",
            "finished_at",
            "payments_date",
            "payments_file_date",
            "bank_date",
            "max_age",
            "is_expected",
            "count_total",
            "batch_ids",
            "order_ids",
        }
        | {f"count_{name}" for name in COUNTED}
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Date(string="Day", required=True, readonly=True)
    state = fields.Selection(
        [
            ("waiting", "To start"),
            ("running", "Running"),
            ("done", "Done"),
            ("partial", "Done with errors"),
            ("refused", "Refused"),
            ("cancelled", "Stopped"),
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
    seconds = fields.Float(
        string="Duration",
        compute="_compute_seconds",
        help="Seconds from the start to the end.",
    )
    is_alive = fields.Boolean(compute="_compute_is_alive")
    cursor = fields.Integer(readonly=True, help="Last case of the last finished chunk.")
    payments_date = fields.Date(
        string="Payments until",
        readonly=True,
        help="Day of the newest payment in the books when the run began.",
    )
    payments_file_date = fields.Date(
        string="Last payment file",
        readonly=True,
        help="Day on which the last file of payments was acquired.",
    )
    bank_date = fields.Date(
        string="Last bank entry",
        readonly=True,
        help="Day of the newest entry in the bank and cash journals.",
    )
    max_age = fields.Integer(
        string="Limit in days",
        readonly=True,
        help="How old payments might be by the settings of that day; 0: no limit.",
    )
    is_expected = fields.Boolean(
        string="Payments are acquired",
        readonly=True,
        help="The company acquires files of payments or bank statements: their age is"
        " held against the limit.",
    )
    message = fields.Char(compute="_compute_message")
    count_total = fields.Integer(string="Cases to look at", readonly=True)
    progress = fields.Float(
        compute="_compute_progress", help="Part of the cases already looked at."
    )
    count_opened = fields.Integer(string="Opened", readonly=True)
    count_reopened = fields.Integer(string="Reopened", readonly=True)
    count_cases = fields.Integer(string="Cases looked at", readonly=True)
    count_closed = fields.Integer(string="Closed", readonly=True)
    count_actions = fields.Integer(string="Actions", readonly=True)
    count_skipped = fields.Integer(string="Rows left out", readonly=True)
    count_mails = fields.Integer(string="E-mails and text messages", readonly=True)
    count_letters = fields.Integer(string="Letters", readonly=True)
    count_waiting = fields.Integer(string="For a person", readonly=True)
    count_errors = fields.Integer(string="Errors", readonly=True)
    action_ids = fields.One2many("dunning.action", "run_id", readonly=True)
    batch_ids = fields.One2many("dunning.run.batch", "run_id", readonly=True)
    order_ids = fields.One2many("dunning.run.order", "run_id", readonly=True)
    error_ids = fields.One2many("dunning.run.error", "run_id", readonly=True)

    _one_running = models.UniqueIndex(
        "(company_id, date) WHERE state IN ('waiting', 'running')",
        "A run for this day is under way.",
    )

    @api.depends("company_id", "date")
    def _compute_display_name(self):
        # the head company reads the runs of its members, not the companies
        for run in self.sudo():
            day = format_date(self.env, run.date) if run.date else ""
            run.display_name = f"{run.company_id.name or ''} {day}".strip()

    @api.depends("state")
    def _compute_is_alive(self):
        for run in self:
            run.is_alive = run.state in ALIVE

    @api.depends("started_at", "finished_at")
    def _compute_seconds(self):
        for run in self:
            end = run.finished_at or fields.Datetime.now()
            start = run.started_at or end
            run.seconds = (end - start).total_seconds()

    @api.depends("state", "count_cases", "count_total")
    def _compute_progress(self):
        for run in self:
            if run.state in ("done", "partial"):
                run.progress = 100
            else:
                run.progress = min(100, 100 * run.count_cases / (run.count_total or 1))

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

    def action_open_communications(self):
        """Button: the messages that this run made."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Messages of the run"),
            "res_model": "dunning.communication",
            "view_mode": "list,form",
            "domain": [("action_id.run_id", "=", self.id)],
        }

    def action_refresh(self):
        """Button: look at the progress again."""
        self.check_access("read")
        return True

    def action_stop(self):
        """Button: stop after the present chunk. What is done stays done."""
        self._check_may_run(self.company_id)
        self.env["dunning.run.order"]._give(self.filtered("is_alive"), "stop")
        idle = self.filtered(lambda run: run.state == "waiting")
        idle.sudo()._guarded().write(
            {"state": "cancelled", "finished_at": fields.Datetime.now()}
        )
        return True

    def action_retry_errors(self):
        """Button: plan again, for the day of the run, the cases that failed."""
        self._check_may_run(self.company_id)
        return self.error_ids.action_retry()

    @api.model
    def action_run_now(self, date=None):
        """Run for the companies that the user is working in; returns the runs' list.

        ``date``: day to run for (ISO text or date), today when empty. For credit
        managers and administrators of CreditBox.
        """
        day = fields.Date.to_date(date)
        return self.run_for(self.env.companies, day)._open()

    def _open(self):
        """Window action on these runs: the form when it is one."""
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Runs"),
            "res_model": self._name,
            "view_mode": "list,form",
            "domain": [("id", "in", self.ids)],
        }
        if len(self) == 1:
            action.update(view_mode="form", res_id=self.id)
        return action

    # business

    @api.model
    def run_for(self, companies, today=None):
        """Run the dunning of ``companies`` (records or ids) on ``today``.

        ``today``: a date or ISO text; each company's own today when empty. Returns the
        runs. Repeating it on the same day makes a run with no action in it. Raises
        AccessError unless the caller may: superuser, or a credit manager or CreditBox
        administrator working in all of the companies.
        """
        runs = self.browse()
        for company, day in self._check_days(companies, today).items():
            runs |= self._run_company(company, day)
        return runs.sudo(self.env.su)

    @api.model
    def start_for(self, companies, today=None):
        """As :meth:`run_for`, but the scheduled action does the work: returns the runs
        at once, waiting to start."""
        runs = self.browse()
        for company, day in self._check_days(companies, today).items():
            runs |= self._as_runner(company)._take_up(company, day, "waiting")
        if runs.filtered("is_alive"):
            cron = self.env.ref("creditbox_dunning.ir_cron_dunning_started")
            cron.sudo()._trigger()
        return runs.sudo(self.env.su)

    def _check_days(self, companies, today):
        """{company: day to run for}, once the caller's right to do so is sure."""
        if not isinstance(companies, models.BaseModel):
            companies = self.env["res.company"].browse(companies)
        self._check_may_run(companies)
        return {
            company: self.env["dunning.case"]._check_day(company, today)
            for company in companies
        }

    def _check_may_run(self, companies):
        if self.env.su:
            return
        user = self.env.user
        may = user.has_group(MANAGER) or (
            user.has_group("creditbox_dunning.group_dunning_admin")
        )
        if not may or companies - user.company_ids:
            raise AccessError(
                self.env._("Only a credit manager starts a run, in their companies.")
            )

    def run_on_old_data(self, reason):
        """Run although the payments are older than the limit: ``reason`` is logged.

        For credit managers of the company; the run must have been refused. Starts in
        the background and returns the run. Raises UserError without a reason.
        """
        self.ensure_one()
        self.check_access("read")
        user = self.env.user
        if not self.env.su and not (
            user.has_group(MANAGER) and self.company_id in user.company_ids
        ):
            raise AccessError(
                self.env._("Only a credit manager runs on data that are old.")
            )
        if not (reason or "").strip():
            raise UserError(self.env._("Write why the run may use these data."))
        if self.state != "refused":
            raise UserError(self.env._("This run was not refused."))
        order = self.env["dunning.run.order"]._give(self, "override", reason.strip())
        return self.sudo()._restart(order)

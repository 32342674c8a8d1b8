import logging
from collections import Counter

from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import apart

from ..rules import messages
from .cmor_practice_facts import _cents

_logger = logging.getLogger(__name__)

CHUNK = 500
# first key of the lock of a job that is being worked on; the second is its id
LOCK = 0x636D6F
ALIVE = ("waiting", "running")
ACTIONS = [
    ("confirm", "Confirm the amount"),
    ("give_up", "Give up"),
    ("annul", "Ask the annulment"),
    ("approve", "Approve what waits"),
    ("recompute", "Check again"),
]


class CmorMassJob(models.Model):
    """One step for thousands of practices, in the background, chunk after chunk.

    A chunk is committed when it is done, so nothing done is lost and everybody sees
    how far it is. A practice that cannot take the step is left out and listed with the
    reason; it never stops the others. The work is done with the rights of who asked.
    """

    _name = "cmor.mass.job"
    _description = "CMOR step for many practices"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "action"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    action = fields.Selection(ACTIONS, required=True, readonly=True)
    payload = fields.Json(readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Asked by", required=True, readonly=True
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("stopped", "Stopped"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    line_ids = fields.One2many("cmor.mass.line", "job_id", string="Practices")
    problem_ids = fields.One2many(
        "cmor.mass.line",
        "job_id",
        string="Practices left out",
        domain=[("state", "in", ("failed", "asked"))],
    )
    count_total = fields.Integer(string="Chosen", readonly=True)
    count_done = fields.Integer(string="Done", readonly=True)
    count_asked = fields.Integer(string="Approval asked", readonly=True)
    count_failed = fields.Integer(string="Not possible", readonly=True)
    progress = fields.Float(compute="_compute_progress")
    started_on = fields.Datetime(readonly=True)
    ended_on = fields.Datetime(readonly=True)

    @api.depends("count_total", "count_done", "count_asked", "count_failed")
    def _compute_progress(self):
        for job in self:
            worked = job.count_done + job.count_asked + job.count_failed
            job.progress = 100 * worked / job.count_total if job.count_total else 100

    @api.depends("action")
    def _compute_display_name(self):
        labels = dict(self._fields["action"]._description_selection(self.env))
        for job in self:
            job.display_name = labels.get(job.action, "")

    # --- asking -----------------------------------------------------------------

    @api.model
    def _start(self, practices, action, payload=None):
        """Queue a step for ``practices``, one job a company.

        :param str action: key of ``ACTIONS``
        :param dict payload: what the step needs besides (reason, dates), as JSON
        :return: the jobs
        """
        if action == "approve":
            # who decides need not be an operator
            practices.check_access("read")
        else:
            practices._check_may_operate()
        jobs = self.browse()
        for company, group in practices.grouped("company_id").items():
            job = (
                self.sudo()
                ._guarded()
                .create(
                    {
                        "company_id": company.id,
                        "action": action,
                        "payload": payload or {},
                        "user_id": self.env.uid,
                        "count_total": len(group),
                    }
                )
            )
            job.line_ids._guarded().create(
                [{"job_id": job.id, "practice_id": practice.id} for practice in group]
            )
            jobs |= job
        self.env.ref("cmor_utility.ir_cron_cmor_mass").sudo()._trigger()
        return jobs.with_env(self.env)

    def action_refresh(self):
        """Button: look again how far it is."""
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_stop(self):
        """Button: leave the rest undone; what is done stays."""
        for job in self:
            if job.user_id != self.env.user:
                job.line_ids.practice_id._check_may_operate()
            if job.state in ALIVE:
                job.sudo()._guarded().write(
                    {"state": "stopped", "ended_on": fields.Datetime.now()}
                )

    # --- working ----------------------------------------------------------------

    @api.model
    def _cron_work(self):
        """Scheduled action: the jobs that wait, in turn."""
        while job := self.sudo().search([("state", "in", ALIVE)], order="id", limit=1):
            if not job._work():
                return

    def _work(self):
        """Chunks until the end; False when the time is over or another works."""
        while self.state in ALIVE:
            if not self._claim():
                return False
            left = self._step()
            if not self._checkpoint(left):
                return False
        return True

    def _claim(self):
        ((mine,),) = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK, self.id)
        )
        return mine

    def _step(self):
        """One chunk; how many lines are left."""
        lines = self.env["cmor.mass.line"].sudo()
        todo = lines.search(
            [("job_id", "=", self.id), ("state", "=", "todo")],
            order="id",
            limit=CHUNK,
        )
        vals = {"state": "running", "started_on": self.started_on}
        if not self.started_on:
            vals["started_on"] = fields.Datetime.now()
        if todo:
            counts = todo._run(self)
            for name in ("done", "asked", "failed"):
                vals[f"count_{name}"] = self[f"count_{name}"] + counts[name]
        left = lines.search_count([("job_id", "=", self.id), ("state", "=", "todo")])
        if not left:
            vals.update(state="done", ended_on=fields.Datetime.now())
        self._guarded().write(vals)
        return left

    def _checkpoint(self, left):
        """Commit the chunk and forget the cache: memory stays flat."""
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            return True
        seconds = self.env["ir.cron"]._commit_progress(CHUNK, remaining=left)
        self.env.invalidate_all()
        return seconds > 0

    # --- guards -----------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Jobs are started by the buttons."))


class CmorMassLine(models.Model):
    _name = "cmor.mass.line"
    _description = "Practice of a CMOR mass step"
    _inherit = "utility.guarded.mixin"
    _order = "id"
    _rec_name = "practice_id"
    _check_company_auto = True

    job_id = fields.Many2one(
        "cmor.mass.job", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="job_id.company_id", store=True, index=True, precompute=True
    )
    practice_id = fields.Many2one(
        "cmor.practice", required=True, readonly=True, index=True, check_company=True
    )
    practice_state = fields.Selection(
        related="practice_id.state", string="State of the practice"
    )
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("done", "Done"),
            ("asked", "Approval asked"),
            ("failed", "Not possible"),
        ],
        required=True,
        readonly=True,
        default="todo",
    )
    message = fields.Char(readonly=True)

    _todo_idx = models.Index("(job_id, id) WHERE state = 'todo'")

    def _run(self, job):
        """Take the step for these lines; one that fails says why, the others go on.

        :return: Counter of the states they came to
        """

        def blame(line, error):
            if not isinstance(error, (UserError, AccessError)):
                practice = line.practice_id.id
                _logger.error(
                    "Mass step %s, practice %s", job.id, practice, exc_info=error
                )
            line._guarded().write({"state": "failed", "message": str(error)[:500]})

        apart(self, lambda some: some._run_together(job), blame)
        return Counter(self.mapped("state"))

    def _run_together(self, job):
        practices = self.practice_id.with_user(job.user_id).with_company(job.company_id)
        asked = practices._run_mass(job.action, job.payload or {})
        waiting = self.filtered(lambda line: line.practice_id in asked.sudo())
        waiting._guarded().write({"state": "asked"})
        (self - waiting)._guarded().write({"state": "done"})

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Jobs are started by the buttons."))


class CmorPractice(models.Model):
    _inherit = "cmor.practice"

    def action_mass(self):
        """Button of the list: one step for all the chosen practices, in background."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.mass.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("One step for many practices"),
            "context": {"default_practice_ids": self.ids},
        }

    def _run_mass(self, action, payload):
        """Take one step for these practices, as their buttons would.

        :return: those for which an approval was asked instead
        """
        if action == "confirm":
            self.action_confirm()
        elif action == "give_up":
            self.action_give_up(payload.get("reason"))
        elif action == "annul":
            self._annul_mass(messages.typed_params(payload))
        elif action == "recompute":
            self.action_recompute()
        elif action == "approve":
            return self._approve_open()
        return self._still_asked(action)

    def _annul_mass(self, values):
        """Ask the annulment of all, each with its own figures from the books.

        :raise UserError: a wrong amount, and nothing here tells the right one
        """
        reason = self.env["cmor.cancel.reason"].browse(values["reason_id"])
        right = {}
        if reason.kind == "amount":
            unknown = self.filtered(lambda p: p.late_kind != "part")
            if unknown:
                raise UserError(
                    self.env._(
                        "%(names)s: no payment tells the right amount. Ask it from the"
                        " practice and write the amount.",
                        names=", ".join(unknown.mapped("display_name")),
                    )
                )
            right = {practice: _cents(practice.late_new_amount) for practice in self}
        self._ask_cancel(
            reason,
            values["event_date"],
            values.get("note") or "",
            {practice: _cents(practice.late_amount) for practice in self},
            right,
        )

    def _approve_open(self):
        """Approve what waits for these practices and is the user's to decide."""
        waiting = self.env["cmor.approval"].search(
            [("practice_id", "in", self.ids), ("state", "=", "asked")]
        )
        missing = self - waiting.practice_id
        if missing:
            raise UserError(
                self.env._(
                    "%(names)s: nothing waits for an approval.",
                    names=", ".join(missing.mapped("display_name")),
                )
            )
        waiting.action_approve()
        return self.browse()

    def _still_asked(self, action):
        asked = (
            self.env["cmor.approval"]
            .sudo()
            .search(
                [
                    ("practice_id", "in", self.ids),
                    ("action", "=", action),
                    ("state", "=", "asked"),
                ]
            )
        )
        return asked.practice_id

import hashlib
import logging

from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS
from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.simulation import Assumptions

_logger = logging.getLogger(__name__)

CHUNK = 1000
ACTIVE_STATES = ("queued", "running")
# fields that decide the result: changing one asks for another start
PARAMETERS = (
    "table_id",
    "company_ids",
    "date_from",
    "date_to",
    "service",
    "customer_type",
    "with_history",
    "sample_size",
    "days_sms",
    "days_email",
    "days_pec",
    "days_pp",
    "days_ar",
    "failed_pec",
    "failed_ar",
    "plan_days",
    "person_days",
)


class DunningSimulation(models.Model):
    """What a version of the action table would have done in a past period.

    The real bills and payments are replayed by the same planner, calendar and legal
    guard as the nightly run. Nothing is written but the results: no case, action or
    message. It works in the background in chunks; a chunk's results and the place
    reached are committed together, so that it goes on where it was interrupted.
    """

    _name = "dunning.simulation"
    _description = "Simulation of an action table"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "state",
            "cursor",
            "count_total",
            "count_seen",
            "count_cases",
            "count_closed",
            "fingerprint",
            "started_at",
            "finished_at",
            "message",
        }
    )

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Company of the action table.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    company_ids = fields.Many2many(
        "res.company",
        string="Companies replayed",
        required=True,
        default=lambda self: self.env.company,
    )
    table_id = fields.Many2one(
        "dunning.action.table",
        string="Action table",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('company_id', '=', company_id)]",
        check_company=True,
        help="Any version, a draft as well.",
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: fields.Date.subtract(
            fields.Date.start_of(fields.Date.context_today(self), "month"), months=3
        ),
    )
    date_to = fields.Date(
        string="To",
        required=True,
        default=lambda self: fields.Date.subtract(
            fields.Date.start_of(fields.Date.context_today(self), "month"), days=1
        ),
    )
    service = fields.Selection(SERVICES, help="Empty = all.")
    customer_type = fields.Selection(CUSTOMER_TYPES, help="Empty = all.")
    with_history = fields.Boolean(
        string="Start from what was done",
        default=True,
        help="Steps and notices before the period count as done. Without it every case"
        " begins the table anew on the first day.",
    )
    sample_size = fields.Integer(
        string="Cases kept as a sample",
        default=200,
        help="Cases of which every step is kept, to look at them one by one.",
    )
    days_sms = fields.Integer(string="Text message")
    days_email = fields.Integer(string="E-mail")
    days_pec = fields.Integer(string="PEC")
    days_pp = fields.Integer(string="Ordinary mail", default=5)
    days_ar = fields.Integer(string="Registered letter", default=8)
    failed_pec = fields.Integer(string="PEC refused (%)")
    failed_ar = fields.Integer(string="Registered letters returned (%)")
    plan_days = fields.Integer(
        string="Days to the planned date",
        default=10,
        help="From the list to the day that the technical office fixes.",
    )
    person_days = fields.Integer(
        string="Days of work by hand",
        help="Until an order is carried out or a person decided.",
    )
    state = fields.Selection(
        [
            ("draft", "To start"),
            ("queued", "In the queue"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("failed", "Failed"),
        ],
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    cursor = fields.Integer(readonly=True, copy=False)
    fingerprint = fields.Char(
        readonly=True, copy=False, help="Of the rows, parameters and costs replayed."
    )
    count_total = fields.Integer(
        string="Customers to look at", readonly=True, copy=False
    )
    count_seen = fields.Integer(string="Customers looked at", readonly=True, copy=False)
    count_cases = fields.Integer(string="Cases", readonly=True, copy=False)
    count_closed = fields.Integer(string="Cases closed", readonly=True, copy=False)
    progress = fields.Integer(compute="_compute_progress")
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    message = fields.Char(readonly=True, copy=False)
    result_ids = fields.One2many("dunning.simulation.result", "simulation_id")
    case_ids = fields.One2many("dunning.simulation.case", "simulation_id")
    count_simulated = fields.Integer(string="Simulated", compute="_compute_totals")
    count_done = fields.Integer(string="Really done", compute="_compute_totals")
    cost_simulated = fields.Monetary(compute="_compute_totals")
    cost_done = fields.Monetary(compute="_compute_totals")
    collected = fields.Monetary(compute="_compute_totals")
    collection_days = fields.Float(
        string="Days to collection",
        compute="_compute_totals",
        help="From the due date to the payment, weighted by the amount.",
    )
    without_cost = fields.Char(
        compute="_compute_without_cost",
        help="Channels of the table without a unit cost: they count as free.",
    )

    _period_check = models.Constraint(
        "CHECK(date_to >= date_from)", "The period ends before it begins."
    )
    _numbers_check = models.Constraint(
        "CHECK(failed_pec BETWEEN 0 AND 100 AND failed_ar BETWEEN 0 AND 100"
        " AND sample_size BETWEEN 0 AND 10000"
        " AND LEAST(days_sms, days_email, days_pec, days_pp, days_ar, plan_days,"
        " person_days) >= 0"
        " AND GREATEST(days_sms, days_email, days_pec, days_pp, days_ar, plan_days,"
        " person_days) <= 365)",
        "Shares go from 0 to 100, days from 0 to 365, the sample up to 10,000 cases.",
    )

    @api.depends("count_total", "count_seen", "state")
    def _compute_progress(self):
        for simulation in self:
            total = simulation.count_total
            simulation.progress = (
                100
                if simulation.state == "done"
                else min(99, 100 * simulation.count_seen // total)
                if total
                else 0
            )

    @api.depends("result_ids")
    def _compute_totals(self):
        names = (
            "count_simulated",
            "count_done",
            "cost_simulated",
            "cost_done",
            "collected",
            "collected_days",
        )
        groups = self.env["dunning.simulation.result"]._read_group(
            [("simulation_id", "in", self.ids)],
            ["simulation_id"],
            [f"{name}:sum" for name in names],
        )
        found = {simulation.id: sums for simulation, *sums in groups}
        for simulation in self:
            sums = found.get(simulation.id, [0] * len(names))
            values = dict(zip(names, sums, strict=True))
            days = values.pop("collected_days")
            simulation.update(values)
            simulation.collection_days = (
                days / values["collected"] if values["collected"] else 0
            )

    @api.depends("table_id", "company_ids")
    def _compute_without_cost(self):
        costs = self.env["dunning.channel.cost"]
        labels = dict(costs._fields["channel"]._description_selection(self.env))
        for simulation in self:
            known = costs.search([("company_id", "in", simulation.company_ids.ids)])
            words = "|".join(simulation.table_id.sudo().rule_ids.mapped("channel"))
            used = set(words.replace("+", "|").split("|")) & set(labels)
            free = used - set(known.mapped("channel"))
            simulation.without_cost = ", ".join(
                label for code, label in labels.items() if code in free
            )

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for simulation in self:
            if (simulation.date_to - simulation.date_from).days > 3 * 366:
                raise ValidationError(self.env._("A period has at most three years."))

    def write(self, vals):
        if set(vals) & set(PARAMETERS):
            busy = self.filtered(lambda s: s.state in ACTIVE_STATES)
            if busy:
                raise UserError(
                    self.env._("It is running: cancel it before changing it.")
                )
        return super().write(vals)

    # actions

    def action_start(self):
        """Button: put it in the queue of the background; results so far are dropped."""
        self.check_access("write")
        self._check_companies()
        for simulation in self:
            if simulation.state in ACTIVE_STATES:
                raise UserError(self.env._("It is in the queue already."))
        self._clear()
        self.sudo()._guarded().write({"state": "queued"})
        self.env.ref("creditbox_dunning.ir_cron_dunning_simulation").sudo()._trigger()
        return True

    def action_cancel(self):
        """Button: stop after the chunk under way; what was computed stays."""
        self.check_access("write")
        waiting = self.filtered(lambda s: s.state in ACTIVE_STATES)
        waiting.sudo()._guarded().write({"state": "cancelled"})
        return True

    def action_resume(self):
        """Button: go on where it was cancelled or failed."""
        self.check_access("write")
        self._check_companies()
        stopped = self.filtered(lambda s: s.state in ("cancelled", "failed"))
        stopped.sudo()._guarded().write({"state": "queued", "message": False})
        self.env.ref("creditbox_dunning.ir_cron_dunning_simulation").sudo()._trigger()
        return True

    def action_open_results(self):
        """Button: the results as pivot and graph; of several, side by side."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_simulation_result_action"
        )
        action["domain"] = [("simulation_id", "in", self.ids)]
        if len(self) > 1:
            action["context"] = {
                "pivot_column_groupby": ["simulation_id"],
                "pivot_row_groupby": ["action_type_id"],
                "graph_groupbys": ["action_type_id", "simulation_id"],
            }
        return action

    def action_open_sample(self):
        """Button: the cases kept as a sample."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_simulation_case_action"
        )
        return {**action, "domain": [("simulation_id", "in", self.ids)]}

    def _check_companies(self):
        """A user replays only the companies that they work in."""
        # a many2many hides what the user may not see: the whole of it counts
        wanted = self.sudo().company_ids
        if not self.env.su and wanted - self.env.user.company_ids:
            raise AccessError(self.env._("You do not work in all of these companies."))

    # running

    @api.model
    def _cron_run(self):
        """Work off the queue, oldest first; a failed one does not stop the others."""
        while True:
            simulation = self.search(
                [("state", "in", ACTIVE_STATES)], order="id", limit=1
            )
            if not simulation:
                return
            if not simulation._run():
                return

    def _run(self):
        """Replay to the end; False when the cron's time is over before."""
        self.ensure_one()
        while True:
            try:
                with self.env.cr.savepoint():
                    is_over = self._run_chunk()
            except RETRY_ERRORS:
                raise
            except Exception as error:
                _logger.exception("Simulation %s failed", self.id)
                self.env.invalidate_all(flush=False)
                text = f"{type(error).__name__}: {error}"[:500]
                self.sudo()._guarded().write({"state": "failed", "message": text})
                is_over = True
            left = self._checkpoint()
            if is_over:
                return True
            if not left:
                return False

    def _checkpoint(self):
        """Commit what is done so far; the seconds left to the cron."""
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            return float("inf")
        remaining = self.search_count([("state", "in", ACTIVE_STATES)])
        left = self.env["ir.cron"]._commit_progress(1, remaining=remaining)
        self.env.invalidate_all()
        return left

    def _run_chunk(self):
        """One chunk of customers and its results; True when nothing is left to do."""
        me = self.sudo()._guarded()
        if not me.try_lock_for_update() or me.state not in ACTIVE_STATES:
            return True
        reader = self.env["dunning.simulation.reader"].sudo()
        setup = reader._setup(me)
        if me.state == "queued" or me.fingerprint != setup.fingerprint:
            me._begin(reader, setup)
        keys = reader._next_keys(me, CHUNK)
        if not keys:
            me.env["dunning.simulation.result"]._add_done(me, setup)
            me.write({"state": "done", "finished_at": fields.Datetime.now()})
            return True
        replays = reader._replay(me, setup, keys)
        me._store(replays, setup)
        me.write(
            {
                "cursor": keys[-1],
                "count_seen": me.count_seen + len(keys),
                "count_cases": me.count_cases + len(replays),
                "count_closed": me.count_closed
                + sum(1 for item in replays if item.replay.closed),
            }
        )
        return False

    def _begin(self, reader, setup):
        """The first chunk, or the first after the rows, costs or parameters changed."""
        is_resumed = self.fingerprint == setup.fingerprint and self.count_seen
        if not is_resumed:
            self._clear()
        self.write(
            {
                "state": "running",
                "fingerprint": setup.fingerprint,
                "started_at": self.started_at or fields.Datetime.now(),
                "count_total": reader._count_total(self),
            }
        )

    def _store(self, replays, setup):
        """Results and sample of one chunk, in a fixed number of statements."""
        self.env["dunning.simulation.result"]._add_replays(self, replays, setup)
        self.env["dunning.simulation.case"]._add_replays(self, replays, setup)

    def _clear(self):
        """Drop the results: the next start begins from nothing."""
        self.env.flush_all()
        for table in ("dunning_simulation_case", "dunning_simulation_result"):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE simulation_id = ANY(%s)",
                    SQL.identifier(table),
                    self.ids,
                )
            )
        self.env.invalidate_all(flush=False)
        self.sudo()._guarded().write(
            {
                "cursor": 0,
                "fingerprint": False,
                "count_total": 0,
                "count_seen": 0,
                "count_cases": 0,
                "count_closed": 0,
                "started_at": False,
                "finished_at": False,
                "message": False,
            }
        )

    def _assumptions(self):
        """The parameters as the replay takes them."""
        self.ensure_one()
        return Assumptions(
            delivery={
                "sms": self.days_sms,
                "email": self.days_email,
                "pec": self.days_pec,
                "pp": self.days_pp,
                "ar": self.days_ar,
            },
            failed={"pec": self.failed_pec, "ar": self.failed_ar},
            plan_days=self.plan_days,
            person_days=self.person_days,
        )

    def _fingerprint_of(self, rules, prices):
        """Same text, same results: rows, costs and parameters that are replayed."""
        parameters = [
            self[name].ids if name.endswith("_ids") else str(self[name])
            for name in PARAMETERS
        ]
        text = repr((rules, sorted(prices.items()), parameters))
        return hashlib.sha256(text.encode()).hexdigest()

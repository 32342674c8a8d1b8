import logging
import time
from collections import Counter

from odoo import api, fields, models, modules
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.gc import disabling_gc

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS

from .dunning_run import ALIVE, COUNTED

_logger = logging.getLogger(__name__)

CHUNK = 1000
# attempts at a chunk that others disturb: a payment booked in the same moment
ATTEMPTS = 5
PAUSE = 0.2
# first key of the lock that a run holds while it works; the second is the company
LOCK = 0x64756E


class DunningRun(models.Model):
    """The work of a run: claim the company, chunk after chunk, commit, go on.

    Two processes may try at once: a lock of the database, one a company, lets one of
    them work; it ends with each transaction, so that a killed process leaves none.
    """

    _inherit = "dunning.run"

    def _as_runner(self, company):
        me = self.sudo().with_company(company).with_context(active_test=False)
        if not me.env["dunning.action.table"]._published_for(company):
            raise UserError(
                self.env._(
                    "%(company)s has no published action table.", company=company.name
                )
            )
        return me

    @api.model
    def _run_company(self, company, today):
        """One run for one company: cases opened and fed, then planned in chunks."""
        run = self._as_runner(company)._take_up(company, today)
        run._work()
        return run

    def _take_up(self, company, today, state="running"):
        """The run of that day that is still alive, or a new one (maybe refused)."""
        run = self.search(
            [
                ("company_id", "=", company.id),
                ("date", "=", today),
                ("state", "in", ALIVE),
            ],
            limit=1,
        )
        if run:
            return run._guarded()
        known = company._dunning_data_dates(today)
        is_stale = company._dunning_is_stale(known, today)
        run = self._guarded().create(
            {
                "company_id": company.id,
                "date": today,
                "state": "refused" if is_stale else state,
                "started_at": fields.Datetime.now(),
                **known,
            }
        )
        run._tell_data_state()
        return run

    def _work(self):
        """Do what is left of this run, unless another process is at it."""
        self.ensure_one()
        if self.state not in ALIVE:
            self._checkpoint(0)
            return
        if not self.batch_ids and not self._attempt(self._begin):
            return
        while self._attempt(self._step):
            pass

    def _attempt(self, work):
        """``work()``, again when another transaction was in its way.

        In tests a transaction cannot be begun again: there it is tried once.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._claim() and work()
            except RETRY_ERRORS:
                if attempt == ATTEMPTS or modules.module.current_test:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                time.sleep(PAUSE * attempt)
        return False

    def _claim(self):
        """Whether this process may work for the company until its next commit."""
        ((mine,),) = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK, self.company_id.id)
        )
        if not mine:
            _logger.info("Run %s is being worked on by another process.", self.id)
            return False
        self.invalidate_recordset()
        return self.state in ALIVE

    def _begin(self):
        """Open, reopen and feed the cases."""
        begun = time.monotonic()
        lines = self.env["dunning.engine"]._refresh_lines(self.company_id, self.date)
        counts = Counter(opened=lines["opened"], reopened=lines["reopened"])
        self._add(counts)
        self._guarded().write({"state": "running", "count_total": self._count_left()})
        self._note_batch(self.env["dunning.case"], counts, begun)
        self._checkpoint(0)
        return True

    def _step(self):
        """One chunk; True when there is more to do and time left for it."""
        if self._is_stop_asked():
            self._finish("cancelled")
            return False
        cases = self._next_chunk()
        if not cases:
            self._finish()
            return False
        counts = cases._run_chunk(self, self.date)
        self._add({**counts, "cursor": max(cases.ids)})
        return self._checkpoint(len(cases)) > 0

    def _next_chunk(self):
        """The next live cases of the company."""
        return self.env["dunning.case"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "closed"),
                ("id", ">", self.cursor),
            ],
            order="id",
            limit=CHUNK,
        )

    def _is_stop_asked(self):
        orders = self.env["dunning.run.order"].sudo()
        last = orders.search([("run_id", "=", self.id)], order="id desc", limit=1)
        return last.kind == "stop"

    def _add(self, counts):
        vals = {"cursor": counts["cursor"]} if "cursor" in counts else {}
        for name in COUNTED:
            if counts.get(name):
                vals[f"count_{name}"] = self[f"count_{name}"] + counts[name]
        self._guarded().write(vals)

    def _note_batch(self, cases, counts, begun):
        """Record what a chunk came to; ``begun``: time.monotonic() of its start."""
        seconds = time.monotonic() - begun
        vals = {f"count_{name}": counts.get(name, 0) for name in COUNTED}
        self.env["dunning.run.batch"].sudo()._guarded().create(
            {
                **vals,
                "run_id": self.id,
                "company_id": self.company_id.id,
                "first_case": min(cases.ids, default=0),
                "last_case": max(cases.ids, default=0),
                "started_at": fields.Datetime.subtract(
                    fields.Datetime.now(), seconds=round(seconds)
                ),
                "seconds": seconds,
            }
        )

    def _checkpoint(self, processed):
        """Commit what is done so far and drop the cache: memory stays flat.

        Returns the seconds left to the cron, infinite outside of one.
        """
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            return float("inf")
        remaining = None
        if in_cron:
            # to end the run is work too: without it the cron would not come back
            alive = 1 if self.state in ALIVE else 0
            remaining = self._count_left() + self._count_others() + alive
        left = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        self.env.invalidate_all()
        return left

    def _count_others(self):
        """Other runs that the scheduled action still has to take up."""
        return self.search_count([("state", "in", ALIVE), ("id", "!=", self.id)])

    def _count_left(self):
        if self.state not in ALIVE:
            return 0
        return self.env["dunning.case"].search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "closed"),
                ("id", ">", self.cursor),
            ]
        )

    def _finish(self, state=None):
        self._guarded().write(
            {
                "state": state or ("partial" if self.count_errors else "done"),
                "finished_at": fields.Datetime.now(),
            }
        )
        self._checkpoint(0)

    def _retry(self, errors, today):
        """Plan the cases of ``errors`` again; marks those that work as solved."""
        me = self.with_company(errors.company_id).with_context(active_test=False)
        cases = me.env["dunning.case"].browse(errors.case_id.ids)
        cases = cases.filtered(lambda case: case.state != "closed")
        before = self.error_ids
        cases._run_chunk(self, today)
        self.invalidate_recordset(["error_ids"])
        failed = (self.error_ids - before).case_id
        solved = errors.filtered(lambda error: error.case_id not in failed)
        solved._guarded().write({"is_solved": True})
        if self.state == "partial" and all(self.error_ids.mapped("is_solved")):
            self._guarded().write({"state": "done"})

    # scheduled actions

    @api.model
    def _cron_nightly(self):
        """Every company that follows a table, once a day; takes up broken runs.

        A company whose run fails does not stop the others; the failure is raised at
        the end, so that the scheduled action tells of it.
        """
        self._each(
            self._companies_to_run().filtered(
                lambda company: not self._has_run(company)
            ),
            lambda company: self._run_company(
                company, self.env["dunning.case"]._today(company)
            ),
        )

    @api.model
    def _companies_to_run(self):
        """Those with a published table, and the branches and members that follow the
        table of another and have bills of their own."""
        tables = self.env["dunning.action.table"].sudo()
        own = tables.search(
            [("state", "=", "published"), ("scope", "=", "company")]
        ).company_id
        billed = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("state", "=", "posted"),
                    ("move_type", "=", "out_invoice"),
                    ("company_id", "not in", own.ids),
                ],
                ["company_id"],
            )
        )
        followers = self.env["res.company"].union(*(company for (company,) in billed))
        return own | followers.filtered(lambda c: tables._published_for(c))

    @api.model
    def _cron_started(self):
        """The runs that a person started, and those that a crash left half done."""
        runs = self.sudo().search([("state", "in", ALIVE)], order="id")
        self._each(
            runs, lambda run: run._as_runner(run.company_id).browse(run.id)._work()
        )

    def _each(self, records, work):
        """``work`` on each record, in a transaction of its own; raises the last
        failure when all have been tried."""
        failure = None
        for record in records:
            try:
                work(record)
            except RETRY_ERRORS:
                raise
            except Exception as error:
                _logger.exception("Dunning of %s failed", record)
                failure = error
                if not modules.module.current_test:
                    self.env.cr.rollback()
        if failure:
            raise failure

    def _has_run(self, company):
        today = self.env["dunning.case"]._today(company)
        domain = [("company_id", "=", company.id), ("date", "=", today)]
        return bool(self.search_count([*domain, ("state", "not in", ALIVE)], limit=1))


class DunningCase(models.Model):
    _inherit = "dunning.case"

    def _run_chunk(self, run, today):
        """Plan and carry out these cases of one company for ``run`` on ``today``.

        The unit that can be spread over machines: the cases are locked for this
        transaction, those that somebody else holds are theirs; what was done is
        recorded as a batch of the run. Returns a Counter. The caller commits.
        """
        begun = time.monotonic()
        cases = self.try_lock_for_update(allow_referencing=True)
        # what a chunk makes is given back at its end: nothing to look for meanwhile
        with disabling_gc():
            counts = self.env["dunning.engine"]._process(cases, today, run)
        counts["closed"] = counts.pop("close", 0)
        run._note_batch(cases, counts, begun)
        return counts

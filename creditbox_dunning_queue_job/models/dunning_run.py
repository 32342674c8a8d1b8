from odoo import fields, models
from odoo.tools import config

from odoo.addons.creditbox_dunning.models import dunning_run
from odoo.addons.creditbox_dunning.models.dunning_run import ALIVE, COUNTED
from odoo.addons.creditbox_dunning.models.dunning_run_work import CHUNK
from odoo.addons.queue_job.delay import group

# jobs of these states still come to something without anybody's help
PENDING = ("wait_dependencies", "pending", "enqueued", "started")


class DunningRun(models.Model):
    """A background run hands its chunks to the queue instead of walking them itself.

    Only where a job runner is configured (``queue_job`` among the server-wide modules):
    jobs that nobody takes would leave the run standing. The run that a user waits for
    is walked as before.
    """

    _inherit = "dunning.run"

    is_queued = fields.Boolean(
        string="On the queue", readonly=True, help="Its chunks are jobs of the queue."
    )

    _guarded_fields = dunning_run.DunningRun._guarded_fields | {"is_queued"}

    def _compute_progress(self):
        # EXTENDS creditbox_dunning: meanwhile only the batches tell
        result = super()._compute_progress()
        for run in self.filtered(lambda run: run.is_queued and run.state in ALIVE):
            seen = sum(run.batch_ids.mapped("count_cases"))
            run.progress = min(100, 100 * seen / (run.count_total or 1))
        return result

    def _may_queue(self):
        """In the background, with a job runner, and not tried before."""
        return (
            bool(self.env.context.get("ir_cron_progress_id"))
            and "queue_job" in config["server_wide_modules"]
            and not self._queue_jobs(())
        )

    def _work(self):
        # EXTENDS creditbox_dunning
        if self.is_queued and self.state in ALIVE:
            if self._queue_jobs(PENDING):
                return  # the hosts are at it
            self._attempt(self._take_back)
        super()._work()

    def _step(self):
        # EXTENDS creditbox_dunning
        if not self.is_queued and not self.cursor and self._may_queue():
            ids = self._live_ids()
            if len(ids) > CHUNK:
                return self._hand_out(ids)
        return super()._step()

    def _live_ids(self):
        """Ids of the live cases that are still to be looked at, in order."""
        return (
            self.env["dunning.case"]
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("state", "!=", "closed"),
                    ("id", ">", self.cursor),
                ],
                order="id",
            )
            .ids
        )

    def _hand_out(self, ids):
        """One job for each chunk, and one that ends the run after all of them."""
        chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        jobs = [
            self.delayable(
                identity_key=f"dunning-run-{self.id}-{chunk[0]}",
                description=f"{self.display_name}: {chunk[0]} - {chunk[-1]}",
            )._queue_chunk(chunk)
            for chunk in chunks
        ]
        end = self.delayable(
            identity_key=f"dunning-run-{self.id}-end",
            description=self.display_name,
        )._queue_end()
        group(*jobs).on_done(end).delay()
        self._guarded().write({"is_queued": True})
        self._checkpoint(len(ids))
        return False

    def _queue_chunk(self, case_ids):
        """Job: one chunk, on whichever host took it. Returns what it came to."""
        run = self._as_runner(self.company_id).browse(self.id)
        if run.state not in ALIVE or run._is_stop_asked():
            return {}
        cases = run.env["dunning.case"].search(
            [("id", "in", case_ids), ("state", "!=", "closed")], order="id"
        )
        return dict(cases._run_chunk(run, run.date))

    def _queue_end(self):
        """Job: all chunks are done; the run's figures are those of its batches."""
        run = self._as_runner(self.company_id).browse(self.id)
        if run.state in ALIVE:
            run._count_batches()
            run._finish("cancelled" if run._is_stop_asked() else None)

    def _count_batches(self):
        """The run's figures again, as the sum of its batches."""
        names = [f"count_{name}" for name in COUNTED]
        ((*sums,),) = self.env["dunning.run.batch"]._read_group(
            [("run_id", "=", self.id)], [], [f"{name}:sum" for name in names]
        )
        self._guarded().write(dict(zip(names, sums, strict=True)))

    def _take_back(self):
        """Jobs failed for good: what they left is walked here, from the first case.

        A case that was looked at today is not acted on twice.
        """
        self._count_batches()
        self._guarded().write({"is_queued": False, "cursor": 0})
        self._checkpoint(0)
        return True

    def _queue_jobs(self, states):
        """Whether jobs of this run are in one of ``states`` (none given: in any)."""
        domain = [("identity_key", "=like", f"dunning-run-{self.id}-%")]
        if states:
            domain.append(("state", "in", states))
        return bool(self.env["queue.job"].sudo().search_count(domain, limit=1))

    def _checkpoint(self, processed):
        # EXTENDS creditbox_dunning: a job commits once, at its end
        if self.env.context.get("job_uuid"):
            return float("inf")
        return super()._checkpoint(processed)

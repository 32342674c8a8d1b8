import logging

from odoo import models, modules
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS

_logger = logging.getLogger(__name__)


class DunningChunkMixin(models.AbstractModel):
    """Work at night on many records of a company, chunk by chunk.

    Commits after each chunk and goes on behind the last one when it was interrupted.
    The model has ``company_id``, ``state`` (running, done) and its own ``_step``.
    """

    _name = "dunning.chunk.mixin"
    _description = "Work chunk by chunk"

    # first key of the lock that one holds while it works; the second is the company
    _chunk_lock = 0

    def _step(self):
        """One chunk; True when there is more to do and time left for it: hook."""
        raise NotImplementedError

    def _work_on_started(self):
        """Those that were started, and those that a crash left half done: one that
        fails does not stop the others."""
        failure = None
        for run in self.sudo().search([("state", "=", "running")], order="id"):
            try:
                run._work()
            except RETRY_ERRORS:
                raise
            except Exception as error:
                _logger.exception("%s %s failed", self._description, run.id)
                failure = error
                if not modules.module.current_test:
                    self.env.cr.rollback()
        if failure:
            raise failure

    def _work(self):
        """Do what is left of this run, unless another process is at it."""
        self.ensure_one()
        me = self.sudo().with_company(self.company_id)
        me = me.with_context(active_test=False)._guarded()
        while me._claim() and me._step():
            pass

    def _claim(self):
        """Whether this process may work for the company until its next commit."""
        if not self.exists():
            return False
        ((mine,),) = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(%s, %s)",
                self._chunk_lock,
                self.company_id.id,
            )
        )
        self.invalidate_recordset()
        return mine and self.state == "running"

    def _checkpoint(self, processed):
        """Commit what is done so far and drop the cache: memory stays flat.

        Returns the seconds left to the cron, infinite outside of one.
        """
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            return float("inf")
        remaining = None
        if in_cron:
            remaining = self.search_count([("state", "=", "running")])
        left = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        self.env.invalidate_all()
        return left

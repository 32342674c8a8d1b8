import logging
import time

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL
from odoo.tools.gc import disabling_gc

_logger = logging.getLogger(__name__)
# customers in a chunk: one commit each
CHUNK = 2000
COUNTED = ("customers", "rows", "changed", "worse")


class DunningValuationRun(models.Model):
    """One nightly valuation of a company's customers, chunk by chunk.

    Commits after each chunk and goes on behind the last one when it was interrupted,
    as `dunning.run` does. Repeated on the same day it writes nothing.
    """

    _name = "dunning.valuation.run"
    _description = "Valuation run"
    _inherit = ("utility.guarded.mixin", "dunning.chunk.mixin")
    _order = "date desc, id desc"

    _chunk_lock = 0x76616C
    _guarded_fields = frozenset(
        {"company_id", "date", "state", "cursor", "started_at", "finished_at"}
        | {f"count_{name}" for name in COUNTED}
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Date(string="Day", required=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done")],
        string="Status",
        required=True,
        default="running",
    )
    cursor = fields.Integer(help="Last customer of the last finished chunk.")
    started_at = fields.Datetime()
    finished_at = fields.Datetime()
    count_customers = fields.Integer(string="Customers")
    count_rows = fields.Integer(string="Valuations")
    count_changed = fields.Integer(string="Changed")
    count_worse = fields.Integer(string="Got worse")

    _one_running = models.UniqueIndex(
        "(company_id) WHERE state = 'running'", "A valuation is under way already."
    )

    @api.depends("company_id", "date")
    def _compute_display_name(self):
        for run in self.sudo():
            run.display_name = f"{run.company_id.name or ''} {run.date or ''}".strip()

    # actions

    @api.model
    def action_value_now(self):
        """Button: value the customers of the companies that the user works in."""
        if not self.env.su and not (
            self.env.user.has_group("creditbox_dunning.group_dunning_manager")
            or self.env.user.has_group("creditbox_dunning.group_dunning_admin")
        ):
            raise AccessError(
                self.env._("Only a credit manager starts the valuation by hand.")
            )
        cron = self.env.ref("creditbox_dunning.ir_cron_dunning_valuation_started")
        for company in self.env.companies:
            today = self.env["dunning.case"]._today(company)
            self.sudo()._take_up(company, today, again=True)
        cron.sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The valuation has been started: it works in the background."
                ),
            },
        }

    # scheduled actions

    @api.model
    def _cron_nightly(self):
        """Every company that follows an action table, once a day."""
        for company in self.env["dunning.run"].sudo()._companies_to_run():
            self.sudo()._take_up(company, self.env["dunning.case"]._today(company))
        self._cron_started()

    @api.model
    def _cron_started(self):
        """The runs that were started, and those that a crash left half done."""
        self._work_on_started()

    # business

    @api.model
    def _value_company(self, company, today):
        """Value all the customers of ``company`` on ``today``; returns the run."""
        run = self.sudo()._take_up(company, today, again=True)
        run._work()
        return run

    def _take_up(self, company, today, again=False):
        """The run that is under way, or a new one; ``again``: even a second today."""
        domain = [("company_id", "=", company.id)]
        run = self.search([*domain, ("state", "=", "running")], limit=1)
        if not run and not again:
            run = self.search([*domain, ("date", "=", today)], limit=1)
        return run or self._guarded().create(
            {
                "company_id": company.id,
                "date": today,
                "started_at": fields.Datetime.now(),
            }
        )

    def _step(self):
        """One chunk; True when there is more to do and time left for it."""
        partner_ids = self._next_chunk()
        if not partner_ids:
            self.env["dunning.dso"].sudo()._refresh(self.company_id, self.date)
            self.write({"state": "done", "finished_at": fields.Datetime.now()})
            self._checkpoint(0)
            return False
        begun = time.monotonic()
        with disabling_gc():
            counts = self.env["dunning.valuation"]._value(
                self.company_id, partner_ids, self.date
            )
        vals = {f"count_{n}": self[f"count_{n}"] + counts[n] for n in COUNTED}
        self.write({**vals, "cursor": partner_ids[-1]})
        _logger.info(
            "Valuation %s: %s customers in %.2f s",
            self.id,
            len(partner_ids),
            time.monotonic() - begun,
        )
        return self._checkpoint(len(partner_ids)) > 0

    def _next_chunk(self):
        """Ids of the next customers: those with a contract, an entry or a valuation."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner.id
                  FROM res_partner partner
                 WHERE partner.id > %(cursor)s
                   AND (EXISTS (SELECT FROM utility_contract contract
                                 WHERE contract.partner_id = partner.id
                                   AND contract.company_id = %(company)s)
                        OR EXISTS (SELECT FROM account_move_line line
                                    WHERE line.partner_id = partner.id
                                      AND line.company_id = %(company)s
                                      AND line.display_type = 'payment_term'
                                      AND line.parent_state = 'posted'
                                      AND line.balance > 0)
                        OR EXISTS (SELECT FROM dunning_valuation told
                                    WHERE told.partner_id = partner.id
                                      AND told.company_id = %(company)s))
              ORDER BY partner.id
                 LIMIT %(limit)s
                """,
                cursor=self.cursor,
                company=self.company_id.id,
                limit=CHUNK,
            )
        )
        return [partner_id for (partner_id,) in rows]

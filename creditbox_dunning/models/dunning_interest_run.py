import logging

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.gc import disabling_gc

from odoo.addons.utility_supply.models.isolation import apart

from .dunning_company_interest import TIMES

_logger = logging.getLogger(__name__)
# bills in a chunk: one commit each
CHUNK = 1000
COUNTED = ("bills", "charges", "missing", "failed")


class DunningInterestRun(models.Model):
    """One proposal of interest and costs by itself, of a company and a period.

    Commits after each chunk and goes on behind the last one when it was interrupted.
    What it makes are drafts: an accountant confirms them. A day of a bill is charged
    once (`dunning.interest.stretch`), so that nothing is proposed twice whatever
    happens.
    """

    _name = "dunning.interest.run"
    _description = "Proposal of interest"
    _inherit = ("utility.guarded.mixin", "dunning.chunk.mixin")
    _order = "date desc, id desc"

    _chunk_lock = 0x696E74
    _guarded_fields = frozenset(
        {"company_id", "date", "when", "period", "since", "state", "cursor"}
        | {"started_at", "finished_at", "amount", "problem"}
        | {f"count_{name}" for name in COUNTED}
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Until", required=True, help="Last day that it counts.")
    when = fields.Selection(TIMES, required=True)
    period = fields.Date(
        required=True, help="First day of the month, or the day: proposed once."
    )
    since = fields.Datetime(
        help="Payments and bills that came in from here on are looked at."
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done")],
        string="Status",
        required=True,
        default="running",
    )
    cursor = fields.Integer(help="Last receivable of the last finished chunk.")
    started_at = fields.Datetime()
    finished_at = fields.Datetime()
    count_bills = fields.Integer(string="Bills looked at")
    count_charges = fields.Integer(string="Charges proposed")
    count_missing = fields.Integer(
        string="Bills without a rate",
        help="Some of their days have no rate yet: they bear nothing until it is"
        " entered, the next proposal looks at them again.",
    )
    count_failed = fields.Integer(string="Bills left out")
    amount = fields.Monetary(string="Proposed")
    problem = fields.Char(help="Why the last bill was left out.")

    _once = models.UniqueIndex(
        '(company_id, "when", period)', "This period has been proposed already."
    )
    _one_running = models.UniqueIndex(
        "(company_id) WHERE state = 'running'", "A proposal is under way already."
    )

    @api.depends("company_id", "date")
    def _compute_display_name(self):
        for run in self.sudo():
            run.display_name = f"{run.company_id.name or ''} {run.date or ''}".strip()

    # --- scheduled action ------------------------------------------------------

    @api.model
    def _cron_nightly(self):
        """Every company that wants proposals made by themselves."""
        companies = self.env["res.company"].sudo()
        wanted = companies.search(
            [("dunning_interest_when", "!=", "off"), ("active", "=", True)]
        )
        for company in wanted:
            self.sudo()._take_up(company, self.env["dunning.case"]._today(company))
        self._work_on_started()

    def _take_up(self, company, today):
        """The run under way, or a new one when its time has come, or none."""
        running = self.search(
            [("company_id", "=", company.id), ("state", "=", "running")], limit=1
        )
        when = company.dunning_interest_when
        if running or when == "off":
            return running
        period = today.replace(day=1) if when == "monthly" else today
        if when == "monthly" and today.day < company.dunning_interest_day:
            return running
        known = [("company_id", "=", company.id), ("when", "=", when)]
        if self.search_count([*known, ("period", ">=", period)], limit=1):
            return running
        return self._guarded().create(
            {
                "company_id": company.id,
                "date": today,
                "when": when,
                "period": period,
                "since": self._since_of(company),
                "started_at": fields.Datetime.now(),
            }
        )

    def _since_of(self, company):
        """From when payments and bills count: the last proposal; when that one lacked
        a rate, what it looked at comes again."""
        last = self.search(
            [
                ("company_id", "=", company.id),
                ("when", "=", company.dunning_interest_when),
            ],
            limit=1,
        )
        on = company.dunning_interest_since
        seen = last.since if last.count_missing else last.started_at
        return max(filter(None, (seen, on)), default=fields.Datetime.now())

    # --- work ------------------------------------------------------------------

    def _step(self):
        """One chunk; True when there is more to do and time left for it."""
        lines = self._next_chunk()
        if not lines:
            self.write({"state": "done", "finished_at": fields.Datetime.now()})
            self._checkpoint(0)
            return False
        counts = dict.fromkeys(COUNTED, 0) | {"bills": len(lines)}
        amount = 0.0
        with disabling_gc():
            for answer in apart(lines, self._propose, self._blame):
                amount += answer.pop("amount", 0.0)
                for name, number in answer.items():
                    counts[name] += number
        vals = {f"count_{n}": self[f"count_{n}"] + counts[n] for n in COUNTED}
        vals |= {"amount": self.amount + amount, "cursor": lines[-1].id}
        self.write(vals)
        return self._checkpoint(len(lines)) > 0

    def _propose(self, lines):
        """The drafts of these receivables; {count: number}, amount."""
        cases = self.env["dunning.case"].sudo().with_context(dunning_by_itself=True)
        company, day = self.company_id, self.date
        debts = cases._accrue_debts(lines, day)
        made = cases._propose_interest_of(lines, day, company.dunning_interest_minimum)
        if company.dunning_interest_with_flat:
            made |= cases._propose_flat_of(lines, day)
        if company.dunning_interest_with_costs:
            own = cases.browse(lines.dunning_case_id.ids)
            made |= own._propose_costs(day)
        missing = [debt for debt in debts.values() if debt.gaps_until(day)]
        return {
            "charges": len(made),
            "missing": len(missing),
            "amount": sum(made.mapped("amount")),
        }

    def _blame(self, line, error):
        _logger.warning("no interest proposed for receivable %s: %s", line.id, error)
        bill = line.move_id.billing_ref or line.move_id.name
        self.write({"problem": f"{bill}: {error}"[:200]})
        return {"failed": 1}

    # --- which bills -----------------------------------------------------------

    def _next_chunk(self):
        """The next receivables of cases: overdue before the day, and touched by what
        the company waits for."""
        self.env.flush_all()
        touched = {
            "monthly": SQL("(NOT line.reconciled OR %s)", self._paid_since()),
            "paid": SQL("(line.reconciled AND %s)", self._paid_since()),
            "bill": SQL(
                "(%s AND (NOT line.reconciled OR %s))",
                self._billed_since(),
                self._paid_after_due(),
            ),
        }
        # conditions on what other rows were made when: the ORM cannot say that
        query = SQL(
            """
            SELECT line.id
              FROM account_move_line line
             WHERE line.company_id = %(company)s
               AND line.id > %(cursor)s
               AND line.dunning_case_id IS NOT NULL
               AND line.parent_state = 'posted'
               AND line.balance > 0
               AND line.date_maturity < %(day)s
               AND %(touched)s
               AND NOT EXISTS (SELECT FROM dunning_hold dispute
                                WHERE dispute.move_id = line.move_id
                                  AND dispute.is_dispute
                                  AND dispute.is_cancelled IS NOT TRUE
                                  AND dispute.ended_on IS NULL
                                  AND dispute.date_from <= %(day)s
                                  AND (dispute.resume_date IS NULL
                                       OR dispute.resume_date > %(day)s))
          ORDER BY line.id
             LIMIT %(limit)s
            """,
            company=self.company_id.id,
            cursor=self.cursor,
            day=self.date,
            touched=touched[self.when],
            limit=CHUNK,
        )
        rows = self.env.execute_query(query)
        lines = self.env["account.move.line"].sudo()
        return lines.browse(line_id for (line_id,) in rows)

    def _paid_since(self):
        """SQL: something was matched since the last proposal. A day is added for what
        was being written while that one ran; nothing is charged twice for it."""
        return SQL(
            "EXISTS (SELECT FROM account_partial_reconcile part"
            "         WHERE part.debit_move_id = line.id"
            "           AND part.create_date >= %s::timestamp - interval '1 day')",
            self.since,
        )

    def _paid_after_due(self):
        """SQL: paid late, since the company wants proposals."""
        return SQL(
            "EXISTS (SELECT FROM account_partial_reconcile part"
            "         WHERE part.debit_move_id = line.id"
            "           AND part.create_date >= %s)",
            self.company_id.dunning_interest_since or self.since,
        )

    def _billed_since(self):
        """SQL: the contract got another bill since the last proposal."""
        return SQL(
            "EXISTS (SELECT FROM account_move bill"
            "          JOIN account_move later"
            "            ON later.utility_contract_id = bill.utility_contract_id"
            "         WHERE bill.id = line.move_id AND later.id <> bill.id"
            "           AND later.company_id = line.company_id"
            "           AND later.move_type = 'out_invoice'"
            "           AND later.state = 'posted'"
            "           AND later.create_date >= %s::timestamp - interval '1 day')",
            self.since,
        )

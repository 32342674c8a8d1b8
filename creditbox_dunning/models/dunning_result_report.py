from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from .dunning_legal_file import STATES as COURT_STATES

AREAS = [
    ("agency", "Agencies"),
    ("plan", "Payment plans"),
    ("promise", "Promises"),
    ("settlement", "Settlements"),
    ("legal", "Court"),
]
RESULTS = [
    ("running", "In progress"),
    ("good", "Went well"),
    ("bad", "Came to nothing"),
    ("withdrawn", "Called off"),
]


class DunningResultReport(models.Model):
    """What became of agencies, plans, promises, settlements and court.

    One row each: an assignment to an agency, a plan, a promise, a settlement, a legal
    file. *Collected* is what came in on the bills
    while it ran, by its own records (promises, settlements) or by the books: two that
    run together both see the same payment, so only one area at a time adds up. What
    each payment follows, once, is `dunning.recovery.report`.
    """

    _name = "dunning.result.report"
    _description = "Agencies, plans and court"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "case_id"

    area = fields.Selection(AREAS, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    case_id = fields.Many2one("dunning.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    provider_id = fields.Many2one(
        "dunning.service.provider", string="Agency", readonly=True
    )
    record_id = fields.Many2oneReference(model_field="record_model", readonly=True)
    record_model = fields.Char(readonly=True)
    date = fields.Date(string="Begun on", readonly=True)
    date_end = fields.Date(string="Ended on", readonly=True)
    result = fields.Selection(RESULTS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    item_count = fields.Integer(string="Number", readonly=True)
    amount = fields.Monetary(
        readonly=True, help="Entrusted, promised, agreed or asked for."
    )
    collected = fields.Monetary(readonly=True, help="On the bills, while it ran.")
    told = fields.Monetary(
        string="Told by the agency",
        readonly=True,
        help="What the agency says that it collected: the books may say otherwise.",
    )
    fee = fields.Monetary(readonly=True, help="Of the agency, on what arrived.")
    cost = fields.Monetary(
        string="Costs of the court",
        readonly=True,
        help="Advanced and not refunded, by the steps of the legal file.",
    )
    court_state = fields.Selection(
        COURT_STATES, string="Stage before the court", readonly=True
    )
    percent = fields.Float(
        string="Collected (%)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="What was collected, of the amount.",
    )

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(self._parts())

    def _parts(self):
        """One query an area, all with the same columns."""
        return [
            self._agency_sql(),
            self._plan_sql(),
            self._promise_sql(),
            self._settlement_sql(),
            self._court_sql(),
        ]

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS base: a quotient of the sums, not a mean of the rows
        if aggregate_spec != "percent:avg":
            return super()._read_group_select(aggregate_spec, query)
        alias = self._table
        return SQL(
            "100.0 * SUM(%(paid)s) / NULLIF(SUM(%(amount)s), 0)",
            paid=self._field_to_sql(alias, "collected", query),
            amount=self._field_to_sql(alias, "amount", query),
        )

    def _agency_sql(self):
        ended = SQL("COALESCE(one.done_date, one.recalled_on)")
        return SQL(
            """
            SELECT one.id * 5 AS id, 'agency' AS area, one.company_id,
                   company.currency_id, one.case_id, one.partner_id, one.provider_id,
                   one.id AS record_id, 'dunning.agency.assignment' AS record_model,
                   COALESCE(one.sent_on, one.create_date::date) AS date,
                   %(ended)s AS date_end,
                   CASE WHEN one.state = 'done' AND one.collected > 0 THEN 'good'
                        WHEN one.state IN ('done', 'failed') THEN 'bad'
                        WHEN one.state IN ('withdrawn', 'recalled') THEN 'withdrawn'
                        ELSE 'running' END AS result,
                   kase.service, kase.customer_type, 1 AS item_count, one.amount,
                   (%(paid)s) AS collected, one.collected AS told,
                   COALESCE(one.fee, 0) AS fee, 0::numeric AS cost,
                   NULL::varchar AS court_state, NULL::float8 AS percent
              FROM dunning_agency_assignment one
              JOIN dunning_case kase ON kase.id = one.case_id
              JOIN res_company company ON company.id = one.company_id
            """,
            ended=ended,
            paid=self._paid_sql(self._lines_sql(), SQL("one.sent_on"), ended),
        )

    def _plan_sql(self):
        lines = SQL(
            "SELECT line_id AS id FROM dunning_payment_plan_line_rel"
            " WHERE plan_id = one.id"
        )
        return SQL(
            """
            SELECT one.id * 5 + 4 AS id, 'plan' AS area, one.company_id,
                   company.currency_id, one.case_id, one.partner_id,
                   NULL::int AS provider_id, one.id AS record_id,
                   'dunning.payment.plan' AS record_model,
                   COALESCE(one.accepted_on, one.request_date) AS date,
                   one.ended_on AS date_end,
                   CASE one.state WHEN 'kept' THEN 'good' WHEN 'broken' THEN 'bad'
                        WHEN 'cancelled' THEN 'withdrawn'
                        ELSE 'running' END AS result,
                   kase.service, kase.customer_type, 1 AS item_count,
                   COALESCE(one.amount_total, 0) AS amount, (%(paid)s) AS collected,
                   0::numeric AS told, 0::numeric AS fee, 0::numeric AS cost,
                   NULL::varchar AS court_state, NULL::float8 AS percent
              FROM dunning_payment_plan one
              JOIN dunning_case kase ON kase.id = one.case_id
              JOIN res_company company ON company.id = one.company_id
            """,
            paid=self._paid_sql(lines, SQL("one.accepted_on"), SQL("one.ended_on")),
        )

    def _promise_sql(self):
        return SQL(
            """
            SELECT one.id * 5 + 1 AS id, 'promise' AS area, one.company_id,
                   company.currency_id, one.case_id, one.customer_id AS partner_id,
                   NULL::int AS provider_id, one.id AS record_id,
                   'dunning.hold' AS record_model, one.date_from AS date,
                   CASE WHEN one.promise_outcome IS NOT NULL OR one.is_cancelled
                        THEN COALESCE(one.ended_on, one.promise_date) END AS date_end,
                   CASE WHEN one.promise_outcome = 'kept' THEN 'good'
                        WHEN one.promise_outcome = 'broken' THEN 'bad'
                        WHEN one.is_cancelled THEN 'withdrawn'
                        ELSE 'running' END AS result,
                   kase.service, kase.customer_type, 1 AS item_count, one.amount,
                   COALESCE(one.promise_paid, 0) AS collected, 0::numeric AS told,
                   0::numeric AS fee, 0::numeric AS cost,
                   NULL::varchar AS court_state, NULL::float8 AS percent
              FROM dunning_hold one
              JOIN res_company company ON company.id = one.company_id
         LEFT JOIN dunning_case kase ON kase.id = one.case_id
             WHERE one.promise_date IS NOT NULL
            """
        )

    def _settlement_sql(self):
        return SQL(
            """
            SELECT one.id * 5 + 2 AS id, 'settlement' AS area, one.company_id,
                   company.currency_id, one.case_id, one.partner_id,
                   NULL::int AS provider_id, one.id AS record_id,
                   'dunning.settlement' AS record_model,
                   COALESCE(one.offered_on, one.create_date::date) AS date,
                   COALESCE(one.paid_on,
                            CASE WHEN one.state = 'expired' THEN one.valid_until END
                   ) AS date_end,
                   CASE one.state WHEN 'paid' THEN 'good' WHEN 'expired' THEN 'bad'
                        WHEN 'refused' THEN 'bad' WHEN 'cancelled' THEN 'withdrawn'
                        ELSE 'running' END AS result,
                   kase.service, kase.customer_type, 1 AS item_count,
                   COALESCE(one.agreed, 0) AS amount,
                   COALESCE(one.in_time, 0) + COALESCE(one.late, 0) AS collected,
                   0::numeric AS told, 0::numeric AS fee, 0::numeric AS cost,
                   NULL::varchar AS court_state, NULL::float8 AS percent
              FROM dunning_settlement one
              JOIN dunning_case kase ON kase.id = one.case_id
              JOIN res_company company ON company.id = one.company_id
            """
        )

    def _court_sql(self):
        """Court: the legal files, with the costs of their steps and what came in on the
        bills that they claim."""
        lines = SQL(
            "SELECT move_line_id AS id FROM dunning_action_item"
            " WHERE action_id = one.action_id"
        )
        return SQL(
            """
            SELECT one.id * 5 + 3 AS id, 'legal' AS area, one.company_id,
                   company.currency_id, one.case_id, one.partner_id,
                   NULL::int AS provider_id, one.id AS record_id,
                   'dunning.legal.file' AS record_model, one.opened_on AS date,
                   one.ended_on AS date_end,
                   CASE one.state WHEN 'recovered' THEN 'good'
                        WHEN 'uncollectable' THEN 'bad'
                        WHEN 'cancelled' THEN 'withdrawn'
                        ELSE 'running' END AS result,
                   kase.service, kase.customer_type, 1 AS item_count,
                   COALESCE(one.amount, 0) AS amount, (%(paid)s) AS collected,
                   0::numeric AS told, 0::numeric AS fee,
                   COALESCE(one.cost_advanced, 0) - COALESCE(one.cost_refunded, 0)
                       AS cost,
                   one.state AS court_state, NULL::float8 AS percent
              FROM dunning_legal_file one
              JOIN dunning_case kase ON kase.id = one.case_id
              JOIN res_company company ON company.id = one.company_id
            """,
            paid=self._paid_sql(lines, SQL("one.opened_on"), SQL("one.ended_on")),
        )

    def _lines_sql(self):
        """The bills of the case of a row."""
        return SQL(
            "SELECT id FROM account_move_line WHERE dunning_case_id = one.case_id"
        )

    def _paid_sql(self, lines, start, end):
        """What was matched with the bills of ``lines`` from ``start`` to ``end`` (NULL:
        until now), credit notes apart."""
        # a subquery in the list of columns: read only when the measure is asked for
        return SQL(
            """
            SELECT COALESCE(SUM(partial.amount), 0)
              FROM (%(lines)s) line
              JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
              JOIN account_move_line credit ON credit.id = partial.credit_move_id
              JOIN account_move paid ON paid.id = credit.move_id
             WHERE paid.move_type != 'out_refund'
               AND partial.max_date BETWEEN %(start)s
                   AND COALESCE(%(end)s, 'infinity'::date)
            """,
            lines=lines,
            start=start,
            end=end,
        )

    def action_open_record(self):
        """Button: what is behind the row."""
        self.ensure_one()
        self.check_access("read")
        record = self.env[self.record_model].browse(self.record_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [[False, "form"]],
        }

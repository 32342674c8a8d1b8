from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES


class DunningGroupReport(models.Model):
    """The group at a glance: what is overdue, how old, where it stands, what came in.

    *Exposure* rows, one an open case: its overdue amount, in the bucket of its oldest
    unpaid bill, under its next action. *Recovered* rows: the payments of
    `dunning.recovery.report`, by day. Both are the very figures that each company sees
    on its own screens, so the totals are their sums (gate 43). Read only: acting means
    switching to the company.
    """

    _name = "dunning.group.report"
    _description = "Group overview"
    _auto = False
    _order = "company_id, id"
    _rec_name = "case_id"

    kind = fields.Selection(
        [("exposure", "Overdue today"), ("recovered", "Collected")], readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    is_ticked = fields.Boolean(
        string="Ticked companies",
        compute="_compute_is_ticked",
        search="_search_is_ticked",
        help="Of the companies chosen at the top of the screen.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(readonly=True, help="Day of the payment; empty for exposure.")
    case_id = fields.Many2one("dunning.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    state = fields.Selection(
        [("open", "In progress"), ("parked", "Parked"), ("on_hold", "On hold")],
        string="Status",
        readonly=True,
    )
    node_id = fields.Many2one(
        "dunning.action.type", string="Next action", readonly=True
    )
    bucket = fields.Selection(
        [
            ("a0", "Up to 30 days"),
            ("b30", "31 to 60 days"),
            ("c60", "61 to 90 days"),
            ("d90", "91 to 180 days"),
            ("e180", "181 to 365 days"),
            ("f365", "Over a year"),
            ("paid", "Collected"),
        ],
        string="Age of the oldest bill",
        readonly=True,
    )
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    sales_network = fields.Char(readonly=True)
    division = fields.Char(readonly=True)
    case_count = fields.Integer(string="Open cases", readonly=True)
    exposure = fields.Monetary(string="Overdue", readonly=True)
    recovered = fields.Monetary(string="Collected", readonly=True)

    @api.depends("company_id")
    @api.depends_context("allowed_company_ids")
    def _compute_is_ticked(self):
        for row in self:
            row.is_ticked = row.company_id in self.env.companies

    @api.model
    def _search_is_ticked(self, operator, value):
        if operator != "in":
            return NotImplemented
        ticked = fields.Domain("company_id", "in", self.env.companies.ids)
        return ticked if True in value else ~ticked

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        return SQL("%s UNION ALL %s", self._exposure_sql(today), self._paid_sql())

    def _exposure_sql(self, today):
        return SQL(
            """
            SELECT kase.id * 2 AS id, 'exposure' AS kind, kase.company_id,
                   company.currency_id, NULL::date AS date, kase.id AS case_id,
                   kase.partner_id, kase.state, kase.next_action_type_id AS node_id,
                   CASE WHEN %(today)s - kase.due_date <= 30 THEN 'a0'
                        WHEN %(today)s - kase.due_date <= 60 THEN 'b30'
                        WHEN %(today)s - kase.due_date <= 90 THEN 'c60'
                        WHEN %(today)s - kase.due_date <= 180 THEN 'd90'
                        WHEN %(today)s - kase.due_date <= 365 THEN 'e180'
                        WHEN kase.due_date IS NOT NULL THEN 'f365' END AS bucket,
                   kase.service, kase.customer_type, kase.sales_network, kase.division,
                   1 AS case_count, kase.amount_due AS exposure,
                   0::numeric AS recovered
              FROM dunning_case kase
              JOIN res_company company ON company.id = kase.company_id
             WHERE kase.state != 'closed'
            """,
            today=today,
        )

    def _paid_sql(self):
        return SQL(
            """
            SELECT paid.id, 'recovered' AS kind, paid.company_id, paid.currency_id,
                   paid.date, paid.case_id, paid.partner_id, NULL AS state,
                   paid.action_type_id AS node_id, 'paid' AS bucket, paid.service,
                   paid.customer_type, paid.sales_network, paid.division,
                   0 AS case_count, 0::numeric AS exposure, paid.recovered
              FROM (%s) paid
            """,
            self.env["dunning.recovery.report"]._payment_sql(),
        )

    def action_open_case(self):
        """Button: the case behind the row."""
        self.ensure_one()
        self.check_access("read")
        if not self.case_id.has_access("read"):
            raise UserError(
                self.env._(
                    "Tick %(company)s at the top of the screen to open its cases.",
                    company=self.company_id.sudo().name,
                )
            )
        return self.case_id._open_action(self.case_id.display_name)

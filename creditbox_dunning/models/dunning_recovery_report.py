from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from .channel_words import channel_labels
from .dunning_action_rule import OPERATIONS


class DunningRecoveryReport(models.Model):
    """What was done, what it cost and what was collected after it.

    Three kinds of rows. *Action*: an action that was done, on the day it was done, with
    the amount that it asked for. *Payment*: what was matched with a bill of a case (not
    by a credit note), on the day of the payment, given to the **last action done on the
    case up to that day** whose notice or list was not older than the case's opening;
    without such an action it stands under no action. So each euro counts once, and
    what was collected before anybody moved is told apart. It is an allocation by time,
    not a proof of cause. *Cost*: each message that left, at what its carrier asked,
    else at the price list of its day (also of a step that failed afterwards: it was
    paid for); each order to an agency or a person, at the price list of its day.
    """

    _name = "dunning.recovery.report"
    _description = "Actions and recovery"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "case_id"

    kind = fields.Selection(
        [("action", "Action"), ("payment", "Payment"), ("cost", "Cost")], readonly=True
    )
    date = fields.Date(
        readonly=True, help="Day of the action, of the payment, of the message."
    )
    action_date = fields.Date(
        string="Day of the action",
        readonly=True,
        help="Of the action that a payment or a cost is given to: with it, what the"
        " actions of a period cost stands against what they brought, whenever.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    case_id = fields.Many2one("dunning.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    action_id = fields.Many2one(
        "dunning.action", string="After the action", readonly=True
    )
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", readonly=True
    )
    op = fields.Selection(OPERATIONS, string="Operation", readonly=True)
    channels = fields.Char(readonly=True)
    channel_names = fields.Char(
        string="Channel", readonly=True, help="In words, to sum by: as the list says."
    )
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    sales_network = fields.Char(readonly=True)
    division = fields.Char(readonly=True)
    days = fields.Integer(
        string="Days after the action",
        readonly=True,
        aggregator="avg",
        help="From the action to the payment.",
    )
    within = fields.Selection(
        [
            ("a7", "Within 7 days"),
            ("b15", "8 to 15 days"),
            ("c30", "16 to 30 days"),
            ("d60", "31 to 60 days"),
            ("e", "After 60 days"),
            ("none", "Before any action"),
        ],
        string="When it was paid",
        readonly=True,
    )
    action_count = fields.Integer(string="Actions", readonly=True)
    asked = fields.Monetary(readonly=True, help="What the actions asked for.")
    recovered = fields.Monetary(string="Collected", readonly=True)
    recovered_30 = fields.Monetary(string="Collected within 30 days", readonly=True)
    cost = fields.Monetary(
        readonly=True,
        help="Messages and orders, without the fees on what is collected.",
    )
    ratio = fields.Float(
        string="Collected per unit of cost",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="What was collected by what it cost; nothing where it cost nothing.",
    )

    @property
    def _table_query(self):
        # read where the pivot reads, so that a filter on dates reaches the indexes
        return SQL(
            "%s UNION ALL %s UNION ALL %s UNION ALL %s",
            self._action_sql(),
            self._payment_sql(),
            self._message_sql(),
            self._order_sql(),
        )

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS base: a quotient of the sums, not a mean of the rows
        if aggregate_spec != "ratio:avg":
            return super()._read_group_select(aggregate_spec, query)
        alias = self._table
        return SQL(
            "SUM(%(paid)s) / NULLIF(SUM(%(cost)s), 0)",
            paid=self._field_to_sql(alias, "recovered", query),
            cost=self._field_to_sql(alias, "cost", query),
        )

    def _action_sql(self):
        return SQL(
            """
            SELECT action.id * 4 AS id, 'action' AS kind, action.executed_date AS date,
                   action.executed_date AS action_date, action.company_id,
                   company.currency_id, action.case_id,
                   action.partner_id, action.id AS action_id, action.action_type_id,
                   action.op, action.channels, %(names)s AS channel_names,
                   kase.service, kase.customer_type,
                   kase.sales_network, kase.division, NULL::int AS days,
                   NULL::varchar AS within, 1 AS action_count, action.amount AS asked,
                   0::numeric AS recovered, 0::numeric AS recovered_30,
                   0::numeric AS cost, NULL::float8 AS ratio
              FROM dunning_action action
              JOIN dunning_case kase ON kase.id = action.case_id
              JOIN res_company company ON company.id = action.company_id
             WHERE action.state = 'done' AND action.executed_date IS NOT NULL
            """,
            names=self._channel_names_sql(),
        )

    def _payment_sql(self):
        # the bills one by one (OFFSET 0 says so): of a period there are few payments,
        # and PostgreSQL would rather read the bills of all cases that ever were
        return SQL(
            """
            SELECT partial.id * 4 + 1 AS id, 'payment' AS kind,
                   partial.max_date AS date, action.executed_date AS action_date,
                   partial.company_id,
                   company.currency_id, line.dunning_case_id AS case_id,
                   kase.partner_id, action.id AS action_id, action.action_type_id,
                   action.op, action.channels, %(names)s,
                   kase.service, kase.customer_type,
                   kase.sales_network, kase.division,
                   partial.max_date - action.executed_date AS days,
                   CASE WHEN action.id IS NULL THEN 'none'
                        WHEN partial.max_date - action.executed_date <= 7 THEN 'a7'
                        WHEN partial.max_date - action.executed_date <= 15 THEN 'b15'
                        WHEN partial.max_date - action.executed_date <= 30 THEN 'c30'
                        WHEN partial.max_date - action.executed_date <= 60 THEN 'd60'
                        ELSE 'e' END AS within,
                   0 AS action_count, 0::numeric AS asked,
                   partial.amount AS recovered,
                   CASE WHEN partial.max_date - action.executed_date <= 30
                        THEN partial.amount ELSE 0 END AS recovered_30,
                   0::numeric AS cost, NULL::float8 AS ratio
              FROM account_partial_reconcile partial
              JOIN LATERAL (
                   SELECT debit.dunning_case_id
                     FROM account_move_line debit
                    WHERE debit.id = partial.debit_move_id
                      AND debit.dunning_case_id IS NOT NULL
                   OFFSET 0) line ON TRUE
              JOIN dunning_case kase ON kase.id = line.dunning_case_id
              JOIN account_move_line credit ON credit.id = partial.credit_move_id
              JOIN account_move paid ON paid.id = credit.move_id
              JOIN res_company company ON company.id = partial.company_id
         LEFT JOIN LATERAL (
                   SELECT one.id, one.action_type_id, one.op, one.channels,
                          one.executed_date
                     FROM dunning_action one
                    WHERE one.case_id = kase.id
                      AND one.state = 'done'
                      AND one.executed_date <= partial.max_date
                 ORDER BY one.executed_date DESC, one.id DESC
                    LIMIT 1) action ON TRUE
             WHERE paid.move_type != 'out_refund'
               AND partial.max_date >= kase.opened_on
            """,
            names=self._channel_names_sql(),
        )

    def _message_sql(self):
        # the steps of the messages one by one, as the bills above
        return SQL(
            """
            SELECT message.id * 4 + 2 AS id, 'cost' AS kind,
                   message.sent_date AS date,
                   COALESCE(action.executed_date, message.sent_date) AS action_date,
                   %(columns)s,
                   COALESCE(NULLIF(message.cost, 0), price.cost, 0)::numeric AS cost,
                   NULL::float8 AS ratio
              FROM dunning_communication message
              JOIN LATERAL (
                   SELECT * FROM dunning_action step
                    WHERE step.id = message.action_id
                   OFFSET 0) action ON TRUE
              JOIN dunning_case kase ON kase.id = action.case_id
              JOIN res_company company ON company.id = message.company_id
         LEFT JOIN (%(prices)s) price
                ON price.company_id = message.company_id
               AND price.channel = message.channel
               AND price.date_from <= message.sent_date
               AND price.date_to > message.sent_date
             WHERE message.sent_date IS NOT NULL
            """,
            columns=self._cost_columns(),
            prices=self._prices_sql(),
        )

    def _order_sql(self):
        # a step that is a file to an agency or work of a person, whatever else it sends
        return SQL(
            """
            SELECT action.id * 4 + 3 AS id, 'cost' AS kind,
                   action.executed_date AS date, action.executed_date AS action_date,
                   %(columns)s, price.cost::numeric AS cost, NULL::float8 AS ratio
              FROM dunning_action action
              JOIN dunning_case kase ON kase.id = action.case_id
              JOIN res_company company ON company.id = action.company_id
              JOIN (%(prices)s) price
                ON price.company_id = action.company_id
               AND price.channel =
                   CASE WHEN position('file' IN action.channels) > 0 THEN 'file'
                        WHEN position('task' IN action.channels) > 0 THEN 'task' END
               AND price.date_from <= action.executed_date
               AND price.date_to > action.executed_date
             WHERE action.state = 'done'
            """,
            columns=self._cost_columns(),
            prices=self._prices_sql(),
        )

    def _cost_columns(self):
        """What a cost shares with the other rows, between its days and its amount."""
        return SQL(
            """
            action.company_id, company.currency_id, action.case_id, action.partner_id,
            action.id AS action_id, action.action_type_id, action.op, action.channels,
            %(names)s, kase.service, kase.customer_type, kase.sales_network,
            kase.division,
            NULL::int AS days, NULL::varchar AS within, 0 AS action_count,
            0::numeric AS asked, 0::numeric AS recovered, 0::numeric AS recovered_30
            """,
            names=self._channel_names_sql(),
        )

    def _channel_names_sql(self):
        """The channels of the alias ``action`` in the user's words.

        Nearly all steps go by one channel: those are looked up, the others put
        together word by word.
        """
        labels = channel_labels(self.env)
        return SQL(
            """
            CASE action.channels %(whens)s
                 ELSE (SELECT string_agg(COALESCE(told.label, one.code), ' + '
                                         ORDER BY one.place)
                         FROM unnest(string_to_array(action.channels, '+'))
                              WITH ORDINALITY one(code, place)
                    LEFT JOIN unnest(%(codes)s, %(labels)s) told(code, label)
                           ON told.code = one.code) END
            """,
            whens=SQL(" ").join(
                SQL("WHEN %s THEN %s", code, label) for code, label in labels.items()
            ),
            codes=list(labels),
            labels=list(labels.values()),
        )

    def _prices_sql(self):
        """The price list, each row with the first day of the next."""
        return SQL(
            """
            SELECT company_id, channel, cost, date_from,
                   COALESCE(LEAD(date_from) OVER (
                       PARTITION BY company_id, channel ORDER BY date_from),
                       'infinity'::date) AS date_to
              FROM dunning_channel_cost
            """
        )


class DunningAction(models.Model):
    _inherit = "dunning.action"

    # the report of actions and recovery, by period
    _done_idx = models.Index("(company_id, executed_date) WHERE state = 'done'")


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    # what was spent in a period
    _spent_idx = models.Index("(company_id, sent_date) WHERE sent_date IS NOT NULL")


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # what was paid in a period, without reading all that was ever paid
    _dunning_period_idx = models.Index("(company_id, max_date)")

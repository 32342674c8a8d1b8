from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules import score

MONTHS = 24
YEAR = 365


class DunningDso(models.Model):
    """Days of sales outstanding of a company, month by month.

    DSO = receivables on the last day of the month / billed in the 365 days up to then
    x 365. Receivables: what was open of all receivable items on that day, credits
    taken off, taxes included; the sum over services and customer types is the balance
    of the receivable accounts, to the cent. Billed: bills less credit notes, taxes
    included, by their date. The month under way counts up to the day of the last night.

    Made anew each night by the valuation, of all months at once: an entry of the past
    changes the past.
    """

    _name = "dunning.dso"
    _description = "Days of sales outstanding"
    _order = "date desc, service, customer_type, id"
    _rec_name = "date"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        string="As of",
        required=True,
        readonly=True,
        help="Last day of the month; of the month under way, that of the last night.",
    )
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    receivables = fields.Monetary(
        readonly=True,
        help="Open on that day, credits taken off. Add them up within a month only.",
    )
    billed = fields.Monetary(
        string="Billed in 365 days",
        readonly=True,
        help="Up to that day, taxes included, credit notes taken off.",
    )
    dso = fields.Float(
        string="DSO (days)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Receivables by what was billed in 365 days, times 365: of a group, of its"
        " sums. Nothing where nothing was billed.",
    )

    _one_each = models.UniqueIndex(
        "(company_id, date, COALESCE(service, ''), COALESCE(customer_type, ''))",
        "This day is there already.",
    )

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS base: a quotient of the sums, not a mean of the rows
        if aggregate_spec != "dso:avg":
            return super()._read_group_select(aggregate_spec, query)
        alias = self._table
        return SQL(
            "ROUND(GREATEST(SUM(%(open)s), 0) * %(year)s"
            " / NULLIF(GREATEST(SUM(%(billed)s), 0), 0), 1)",
            open=self._field_to_sql(alias, "receivables", query),
            billed=self._field_to_sql(alias, "billed", query),
            year=YEAR,
        )

    @api.model
    def _refresh(self, company, today):
        """Make the months of ``company`` up to ``today`` anew: two statements."""
        self.env.flush_all()
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        receivable = accounts.search([("account_type", "=", "asset_receivable")])
        self.env.cr.execute(
            SQL("DELETE FROM dunning_dso WHERE company_id = %s", company.id)
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_dso (company_id, date, service, customer_type,
                                         receivables, billed, dso, create_uid,
                                         create_date, write_uid, write_date)
                SELECT %(company)s, date, service, customer_type, open, billed,
                       ROUND(GREATEST(open, 0) * %(year)s
                             / NULLIF(GREATEST(billed, 0), 0), 1),
                       %(user)s, %(now)s, %(user)s, %(now)s
                  FROM (%(sums)s) sums
                 WHERE open != 0 OR billed != 0
                """,
                company=company.id,
                year=YEAR,
                user=self.env.uid,
                now=self.env.cr.now(),
                sums=self._sums_sql(
                    self._moves_sql(company, receivable.ids),
                    score.month_ends(today, MONTHS),
                ),
            )
        )
        self.invalidate_model()

    def _sums_sql(self, moves, days):
        """Query (date, service, customer_type, open, billed) of each of ``days``."""
        return SQL(
            """
            SELECT told.date, move.service, move.customer_type,
                   SUM(move.open) AS open,
                   COALESCE(SUM(move.billed) FILTER (
                       WHERE move.date > told.date - %(year)s), 0) AS billed
              FROM unnest(%(days)s::date[]) told(date)
              JOIN (%(moves)s) move ON move.date <= told.date
          GROUP BY told.date, move.service, move.customer_type
            """,
            year=YEAR,
            days=list(days),
            moves=moves,
        )

    def _moves_sql(self, company, account_ids):
        """Query (service, customer_type, date, open, billed): what each day changed.

        What is matched goes from the supply of the payment to that of the bill: the
        sum over all supplies stays the balance of the accounts.
        """
        return SQL(
            """
              WITH line AS MATERIALIZED (
                   SELECT line.id, line.date, line.balance, move.move_type,
                          contract.service, contract.customer_type
                     FROM account_move_line line
                     JOIN account_move move ON move.id = line.move_id
                LEFT JOIN utility_contract contract
                       ON contract.id = COALESCE(line.utility_contract_id,
                                                 move.utility_contract_id)
                    WHERE line.account_id = ANY(%(accounts)s)
                      AND line.company_id = %(company)s
                      AND line.parent_state = 'posted')
            SELECT service, customer_type, date, SUM(open) AS open,
                   SUM(billed) AS billed
              FROM (SELECT service, customer_type, date, balance AS open,
                           CASE WHEN move_type IN ('out_invoice', 'out_refund')
                                THEN balance ELSE 0 END AS billed
                      FROM line
                 UNION ALL
                    SELECT line.service, line.customer_type, paid.max_date,
                           -paid.amount, 0
                      FROM account_partial_reconcile paid
                      JOIN line ON line.id = paid.debit_move_id
                 UNION ALL
                    SELECT line.service, line.customer_type, paid.max_date,
                           paid.amount, 0
                      FROM account_partial_reconcile paid
                      JOIN line ON line.id = paid.credit_move_id) change
          GROUP BY service, customer_type, date
            """,
            accounts=account_ids,
            company=company.id,
        )

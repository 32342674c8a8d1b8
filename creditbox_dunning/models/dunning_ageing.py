from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

# last day overdue of each band
BANDS = [
    ("a_not_due", "Not due"),
    ("b_30", "1 to 30 days"),
    ("c_60", "31 to 60 days"),
    ("d_90", "61 to 90 days"),
    ("e_180", "91 to 180 days"),
    ("f_365", "181 to 365 days"),
    ("g_more", "More than a year"),
    ("h_credit", "Credits not matched"),
]


class DunningAgeing(models.Model):
    """What customers owe, by how late it is: now, or as it stood on any past day.

    Without ``ageing_date`` in the context: the books as they stand, what is open of
    each receivable. With one: the entries up to that day, less what was matched up to
    that day (the later of the two entries counts). Either way the sum of all rows is
    the balance of the receivable accounts, to the cent.
    """

    _name = "dunning.ageing"
    _description = "Ageing of receivables"
    _auto = False
    _order = "days desc, id"
    _rec_name = "move_id"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("utility.contract", readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    sales_network = fields.Char(readonly=True)
    move_id = fields.Many2one("account.move", string="Bill or entry", readonly=True)
    case_id = fields.Many2one("dunning.case", readonly=True)
    date = fields.Date(readonly=True)
    due_date = fields.Date(string="Due", readonly=True)
    days = fields.Integer(string="Days overdue", readonly=True, aggregator="max")
    band = fields.Selection(BANDS, string="Overdue since", readonly=True)
    amount = fields.Monetary(string="Still open", readonly=True)
    overdue = fields.Monetary(readonly=True, help="What is open and past its due date.")

    @property
    def _table_query(self):
        day = fields.Date.to_date(self.env.context.get("ageing_date"))
        today = day or fields.Date.context_today(self)
        return SQL(
            """
            SELECT id, company_id, currency_id, partner_id, contract_id, service,
                   customer_type, sales_network, move_id, case_id, date, due_date,
                   GREATEST(days, 0) AS days, amount,
                   CASE WHEN amount > 0 AND days > 0 THEN amount ELSE 0 END AS overdue,
                   CASE WHEN amount < 0 THEN 'h_credit'
                        WHEN days <= 0 THEN 'a_not_due'
                        WHEN days <= 30 THEN 'b_30'
                        WHEN days <= 60 THEN 'c_60'
                        WHEN days <= 90 THEN 'd_90'
                        WHEN days <= 180 THEN 'e_180'
                        WHEN days <= 365 THEN 'f_365'
                        ELSE 'g_more' END AS band
              FROM (SELECT line.id, line.company_id, company.currency_id,
                           line.partner_id, contract.id AS contract_id,
                           contract.service, contract.customer_type,
                           contract.sales_network, line.move_id,
                           line.dunning_case_id AS case_id, line.date,
                           COALESCE(line.date_maturity, line.date) AS due_date,
                           %(today)s - COALESCE(line.date_maturity, line.date) AS days,
                           %(amount)s AS amount
                      FROM account_move_line line
                      JOIN account_account account ON account.id = line.account_id
                       AND account.account_type = 'asset_receivable'
                      JOIN res_company company ON company.id = line.company_id
                 LEFT JOIN utility_contract contract
                        ON contract.id = COALESCE(
                           line.utility_contract_id,
                           -- looked up for the few lines that do not say it
                           (SELECT utility_contract_id FROM account_move
                             WHERE id = line.move_id))
                     WHERE line.parent_state = 'posted' AND %(open)s) receivable
             WHERE amount != 0
            """,
            today=today,
            amount=self._amount_on(day) if day else SQL("line.amount_residual"),
            open=SQL("line.date <= %s", day)
            if day
            else SQL("line.reconciled IS NOT TRUE"),
        )

    def _amount_on(self, day):
        """What was open of a line on ``day``: its balance less what was matched."""
        return SQL(
            """
            line.balance
            - COALESCE((SELECT SUM(amount) FROM account_partial_reconcile
                         WHERE debit_move_id = line.id AND max_date <= %(day)s), 0)
            + COALESCE((SELECT SUM(amount) FROM account_partial_reconcile
                         WHERE credit_move_id = line.id AND max_date <= %(day)s), 0)
            """,
            day=day,
        )

    def action_open_bill(self):
        """Button: the bill or entry behind the row."""
        self.ensure_one()
        return self.move_id._get_records_action(name=self.move_id.name)

from odoo import api, fields, models
from odoo.fields import Domain
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

# customers of a list by customer of which not all are summed for a page
MANY = 5000

# columns of a row that sums have not
ROW = (
    *("id", "partner_id", "contract_id", "service", "customer_type"),
    *("sales_network", "move_id", "case_id", "date"),
)
# what can be summed by when asked for, and what always is
KEYS = ("service", "customer_type", "sales_network", "partner_id")
ALWAYS = ("company_id", "currency_id", "due_date", "days", "band")
SUMS = {
    *("__count", "amount:sum", "amount:sum_currency", "overdue:sum"),
    *("overdue:sum_currency", "currency_id:array_agg_distinct", "days:max"),
}


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
    # the longest overdue first, by an index
    _order = "due_date, id"
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
        keys = self.env.context.get("ageing_keys")
        rows = self._rows_query() if keys is None else self._sums_query(keys)
        names = ROW if keys is None else (*keys, "lines")
        return SQL(
            """
            SELECT %(columns)s, receivable.company_id, due_date, amount,
                   company.currency_id,
                   GREATEST(days, 0) AS days,
                   CASE WHEN NOT is_credit AND days > 0
                        THEN amount ELSE 0 END AS overdue,
                   CASE WHEN is_credit THEN 'h_credit'
                        WHEN days <= 0 THEN 'a_not_due'
                        WHEN days <= 30 THEN 'b_30'
                        WHEN days <= 60 THEN 'c_60'
                        WHEN days <= 90 THEN 'd_90'
                        WHEN days <= 180 THEN 'e_180'
                        WHEN days <= 365 THEN 'f_365'
                        ELSE 'g_more' END AS band
              FROM (%(rows)s) receivable
         LEFT JOIN res_company company ON company.id = receivable.company_id
            """,
            columns=SQL(", ").join(SQL.identifier("receivable", n) for n in names),
            rows=rows,
        )

    def _rows_query(self):
        """A row for each journal item that is open, now or at the end of a past day.

        What is not asked for costs nothing: PostgreSQL leaves out the join of the
        contract, and reads the sums from `_dunning_ageing_idx` without the entries.

        What was open on a past day is what is open now and what was matched since, put
        back: only what changed since is read, and not the matchings of all time.
        """
        day = fields.Date.to_date(self.env.context.get("ageing_date"))
        items = SQL("account_move_line line")
        lines = self._lines_query(items, SQL("line.amount_residual"), SQL("TRUE"))
        if day:
            up_to = SQL("line.date <= %s", day)
            since = SQL(
                "account_move_line line LEFT JOIN since ON since.line_id = line.id"
            )
            closed = SQL("since JOIN account_move_line line ON line.id = since.line_id")
            lines = SQL(
                "WITH since AS (%s) %s UNION ALL %s",
                self._since_query(day),
                self._lines_query(
                    since,
                    SQL("line.amount_residual + COALESCE(since.amount, 0)"),
                    SQL("%s AND line.amount_residual != 0", up_to),
                ),
                self._lines_query(
                    closed,
                    SQL("since.amount"),
                    SQL("%s AND line.amount_residual = 0", up_to),
                ),
            )
        return SQL(
            """
            SELECT line.*, contract.id AS contract_id, contract.service,
                   contract.customer_type, contract.sales_network,
                   amount < 0 AS is_credit, %s - due_date AS days
              FROM (%s) line
         LEFT JOIN utility_contract contract
                ON contract.id = COALESCE(
                   line.utility_contract_id,
                   -- looked up for the few lines that do not say it
                   (SELECT utility_contract_id FROM account_move
                     WHERE id = line.move_id))
             WHERE amount != 0
            """,
            day or fields.Date.context_today(self),
            lines,
        )

    def _lines_query(self, items, amount, where):
        """The items of ``items`` (alias ``line``), ``amount`` open each: nothing that
        `_dunning_ageing_idx` has not."""
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return SQL(
            """
            SELECT line.id, line.company_id, line.partner_id, line.utility_contract_id,
                   line.move_id, line.dunning_case_id AS case_id, line.date,
                   COALESCE(line.date_maturity, line.date) AS due_date,
                   %(amount)s AS amount
              FROM %(items)s
             WHERE line.account_id = ANY(%(accounts)s)
               AND line.parent_state = 'posted' AND %(where)s
            """,
            amount=amount,
            items=items,
            accounts=accounts.search([("account_type", "=", "asset_receivable")]).ids,
            where=where,
        )

    def _since_query(self, day):
        """Query (line_id, amount): what was matched after ``day``, to be put back."""
        return SQL(
            """
            SELECT line_id, SUM(amount) AS amount
              FROM (SELECT debit_move_id AS line_id, amount
                      FROM account_partial_reconcile WHERE max_date > %(day)s
                 UNION ALL
                    SELECT credit_move_id, -amount
                      FROM account_partial_reconcile WHERE max_date > %(day)s) paid
          GROUP BY line_id
            """,
            day=day,
        )

    def _sums_query(self, keys):
        """A row for each due day, ``keys`` and sign: all rows of it have one band."""
        names = [*map(SQL.identifier, keys)]
        names += map(SQL.identifier, ("company_id", "due_date", "days", "is_credit"))
        return SQL(
            """
            SELECT %(names)s, SUM(amount) AS amount, COUNT(*) AS lines
              FROM (%(rows)s) line GROUP BY %(names)s
            """,
            names=SQL(", ").join(names),
            rows=self._rows_query(),
        )

    # list by customer

    @api.model
    def _formatted_read_group_with_length(
        self, domain, groupby, aggregates, offset=0, limit=None, order=None
    ):
        # OVERRIDE web: there are as many groups as customers, hundreds of thousands.
        # They are counted, not read, and only the rows of one page are summed.
        if not limit or list(groupby) != ["partner_id"]:
            return super()._formatted_read_group_with_length(
                domain, groupby, aggregates, offset, limit, order
            )
        length = self._count_customers(domain)
        by_name = (order or "").lower() in ("", "partner_id", "partner_id asc")
        if by_name and length > MANY:
            page = self._page_of_customers(domain, offset, limit, length)
            domain, offset = Domain(domain) & Domain("partner_id", "in", page), 0
        groups = self.formatted_read_group(
            domain, groupby, aggregates, offset=offset, limit=limit, order=order
        )
        return groups, length

    def _count_customers(self, domain):
        """How many customers the rows of ``domain`` have; nobody is one of them."""
        self.browse().check_access("read")
        query = self._search(domain)
        if query.is_empty():
            return 0
        query.groupby = self._field_to_sql(self._table, "partner_id", query)
        ((count,),) = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM (%s) customer", query.select(query.groupby))
        )
        return count

    def _page_of_customers(self, domain, offset, limit, length):
        """Ids of a page of the ``length`` customers of ``domain`` by name; False, the
        rows without one, comes last.

        By name they are taken from their index, some and then twice as many, and asked
        whether they have such rows, until the page is full.
        """
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        start, size, page = 0, 4 * limit, []
        while len(page) < offset + limit:
            names = partners._search(Domain.TRUE, start, size, partners._order)
            some = names.get_result_ids()
            if not some:
                break
            mine = Domain(domain) & Domain("partner_id", "in", some)
            found = {one.id for (one,) in self._read_group(mine, ["partner_id"])}
            page += [one for one in some if one in found]
            start, size = start + size, 2 * size
        is_last = len(page) < offset + limit and len(page) < length
        return [*page, False][offset:] if is_last else page[offset : offset + limit]

    # pivot and graph

    @api.model
    def _read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        rows = self
        if not having:
            rows = self._summed(domain, groupby, aggregates)
        return super(DunningAgeing, rows)._read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        specs = [spec for groupby in grouping_sets for spec in groupby]
        rows = self._summed(domain, specs, aggregates)
        return super(DunningAgeing, rows)._read_grouping_sets(
            domain, grouping_sets, aggregates, order=order
        )

    def _summed(self, domain, groupby, aggregates):
        """Over sums by due day, when they tell all that is asked; else over rows.

        What they say is the same. Grouping some thousand sums by each division of a
        pivot takes no time; grouping a million rows by each takes seconds.
        """
        rules = self.env["ir.rule"]._compute_domain(self._name, "read")
        conditions = [*(Domain(domain) & rules).iter_conditions()]
        asked = {spec.split(":")[0] for spec in groupby}
        asked |= {
            one.field_expr
            for one in conditions
            # all rows of a sum have one sign
            if (one.field_expr, one.operator) not in {("amount", ">"), ("amount", "<")}
            or one.value != 0
        }
        if asked <= {*KEYS, *ALWAYS} and SUMS.issuperset(aggregates):
            keys = tuple(key for key in KEYS if key in asked)
            return self.with_context(ageing_keys=keys)
        return self

    def _read_group_select(self, aggregate_spec, query):
        if (
            aggregate_spec == "__count"
            and self.env.context.get("ageing_keys") is not None
        ):
            lines = SQL.identifier(self._table, "lines")
            return SQL("COALESCE(SUM(%s), 0)::bigint", lines)
        return super()._read_group_select(aggregate_spec, query)

    def action_open_bill(self):
        """Button: the bill or entry behind the row."""
        self.ensure_one()
        return self.move_id._get_records_action(name=self.move_id.name)

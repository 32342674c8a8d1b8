from collections import defaultdict
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ..rules import score
from .amounts import exact
from .dunning_valuation import AGES

ZERO = Decimal(0)
YEAR = 365
# sums of money, then counts, as the statements below tell them
SUMS = ("not_due", *AGES, "credits", "billed", "guarantee", "paid", "weighted")
COUNTS = (
    "broken_promises",
    "broken_plans",
    "returned_debits",
    "switches",
    "cmor_received",
)


class Figures:
    """What is known of one customer, or of one supply: sums and counts."""

    __slots__ = ("counts", "info", "is_gone", "is_supply", "oldest", "sums")

    def __init__(self):
        self.sums = dict.fromkeys(SUMS, ZERO)
        self.counts = dict.fromkeys(COUNTS, 0)
        self.oldest = None
        self.is_supply = self.is_gone = False
        self.info = (0, None, None)

    def add(self, other):
        """Take what ``other``, a supply of the same customer, has."""
        for name, value in other.sums.items():
            self.sums[name] += value
        for name, value in other.counts.items():
            self.counts[name] += value
        days = [day for day in (self.oldest, other.oldest) if day]
        self.oldest = min(days, default=None)

    def overdue(self):
        """Overdue bills less the open credits; never below zero."""
        ages = sum((self.sums[name] for name in AGES), ZERO)
        return max(ages + self.sums["credits"], ZERO)

    def exposure(self):
        """All that is open."""
        owed = sum((self.sums[name] for name in AGES), ZERO)
        return owed + self.sums["not_due"] + self.sums["credits"]


class DunningValuationFacts(models.AbstractModel):
    """The figures of many customers in a fixed number of statements.

    Nothing here looks at a single customer: each statement reads all of a chunk.
    """

    _name = "dunning.valuation.facts"
    _description = "Figures for the valuation of customers"

    @api.model
    def _collect(self, company, partner_ids, today, months=24):
        """{(partner id, contract id or None): values of dunning.valuation}.

        :param partner_ids: the customers of this chunk
        :param today: the day of the figures
        :param months: how far back switches to other sellers count
        """
        self.env.flush_all()
        since = today - relativedelta(days=YEAR)
        found = defaultdict(Figures)
        digits = company.currency_id.decimal_places
        self._add_contracts(found, company, partner_ids, today, months, digits)
        self._add_guarantees(found, company, partner_ids, today, digits)
        self._add_ledger(found, company, partner_ids, today, since, digits)
        self._add_payments(found, company, partner_ids, today, since, digits)
        self._add_habits(found, company, partner_ids, today, since)
        self._add_info(found, company, partner_ids)
        return self._values(found, partner_ids, today)

    # statements

    def _add_contracts(self, found, company, partner_ids, today, months, digits):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, id, COALESCE(deposit, 0),
                       end_reason = 'switch_out',
                       end_reason = 'switch_out' AND date_end >= %(since)s
                           AND date_end <= %(today)s,
                       date_end IS NULL OR date_end >= %(kept)s
                  FROM utility_contract
                 WHERE partner_id = ANY(%(partners)s) AND company_id = %(company)s
                """,
                since=today - relativedelta(months=months),
                kept=today - relativedelta(days=YEAR),
                today=today,
                partners=partner_ids,
                company=company.id,
            )
        )
        for partner, contract, deposit, is_gone, is_switch, is_kept in rows:
            one = found[partner, contract]
            one.sums["guarantee"] += exact(deposit, digits)
            one.counts["switches"] += bool(is_switch)
            one.is_gone, one.is_supply = bool(is_gone), bool(is_kept)

    def _add_guarantees(self, found, company, partner_ids, today, digits):
        """What others guarantee on ``today``, besides the deposits."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contract.partner_id, contract.id, SUM(one.amount)
                  FROM dunning_guarantee one
                  JOIN utility_contract contract ON contract.id = one.contract_id
                 WHERE contract.partner_id = ANY(%(partners)s)
                   AND contract.company_id = %(company)s
                   AND one.date_from <= %(today)s
                   AND (one.date_to IS NULL OR one.date_to >= %(today)s)
                   AND (one.released_on IS NULL OR one.released_on > %(today)s)
              GROUP BY contract.id
                """,
                partners=partner_ids,
                company=company.id,
                today=today,
            )
        )
        for partner, contract, amount in rows:
            found[partner, contract].sums["guarantee"] += exact(amount, digits)

    def _add_ledger(self, found, company, partner_ids, today, since, digits):
        """What is open, by age, and what was billed in the year."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, contract_id,
                       SUM(open) FILTER (WHERE open > 0 AND days <= 0),
                       SUM(open) FILTER (WHERE open > 0 AND days BETWEEN 1 AND 30),
                       SUM(open) FILTER (WHERE open > 0 AND days BETWEEN 31 AND 60),
                       SUM(open) FILTER (WHERE open > 0 AND days BETWEEN 61 AND 90),
                       SUM(open) FILTER (WHERE open > 0 AND days BETWEEN 91 AND 180),
                       SUM(open) FILTER (WHERE open > 0 AND days > 180),
                       SUM(open) FILTER (WHERE open < 0),
                       SUM(billed),
                       MIN(due) FILTER (WHERE open > 0 AND days > 0)
                  FROM (SELECT line.partner_id,
                               COALESCE(line.utility_contract_id,
                                        move.utility_contract_id) AS contract_id,
                               line.amount_residual AS open,
                               COALESCE(line.date_maturity, line.date) AS due,
                               %(today)s - COALESCE(line.date_maturity, line.date)
                                   AS days,
                               CASE WHEN line.date BETWEEN %(since)s AND %(today)s
                                     AND move.move_type IN ('out_invoice', 'out_refund')
                                    THEN line.balance END AS billed
                          FROM account_move_line line
                          JOIN account_account account
                            ON account.id = line.account_id
                          JOIN account_move move ON move.id = line.move_id
                         WHERE line.partner_id = ANY(%(partners)s)
                           AND line.company_id = %(company)s
                           AND line.parent_state = 'posted'
                           AND account.account_type = 'asset_receivable'
                           AND (line.reconciled IS NOT TRUE
                                OR line.date >= %(since)s)) line
              GROUP BY partner_id, contract_id
                """,
                today=today,
                since=since,
                partners=partner_ids,
                company=company.id,
            )
        )
        names = ("not_due", *AGES, "credits", "billed")
        for partner, contract, *sums, oldest in rows:
            one = found[partner, contract]
            for name, value in zip(names, sums, strict=True):
                one.sums[name] += exact(value, digits)
            one.oldest = oldest

    def _add_payments(self, found, company, partner_ids, today, since, digits):
        """What was paid of bills in the year, and how late, weighted by amount."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT bill.partner_id,
                       COALESCE(bill.utility_contract_id, move.utility_contract_id),
                       SUM(paid.amount),
                       SUM(paid.amount
                           * GREATEST(paid.max_date - bill.date_maturity, 0))
                  FROM account_move_line bill
                  JOIN account_move move ON move.id = bill.move_id
                  JOIN account_partial_reconcile paid ON paid.debit_move_id = bill.id
                  JOIN account_move_line credit ON credit.id = paid.credit_move_id
                  JOIN account_move payment ON payment.id = credit.move_id
                 WHERE bill.partner_id = ANY(%(partners)s)
                   AND bill.company_id = %(company)s
                   AND bill.display_type = 'payment_term'
                   AND move.move_type = 'out_invoice'
                   AND payment.move_type != 'out_refund'
                   AND paid.max_date BETWEEN %(since)s AND %(today)s
              GROUP BY 1, 2
                """,
                partners=partner_ids,
                company=company.id,
                since=since,
                today=today,
            )
        )
        for partner, contract, paid, weighted in rows:
            one = found[partner, contract]
            one.sums["paid"] += exact(paid, digits)
            one.sums["weighted"] += exact(weighted, digits)

    def _add_habits(self, found, company, partner_ids, today, since):
        """Payments that came back, promises and plans that were not kept."""
        for name, query in self._habit_queries(company, partner_ids, today, since):
            for partner, contract, count in self.env.execute_query(query):
                found[partner, contract].counts[name] += count

    def _habit_queries(self, company, partner_ids, today, since):
        """[(count, SQL of rows: customer, contract or NULL, how many)].

        What another part of the program knows of a customer's habits is added here.
        """
        told = {"partners": partner_ids, "company": company.id}
        told.update(since=since, today=today)
        return [
            (
                "returned_debits",
                SQL(
                    """
                    SELECT partner_id, NULL::int, COUNT(*)
                      FROM account_payment
                     WHERE partner_id = ANY(%(partners)s)
                       AND company_id = %(company)s
                       AND reversal_date BETWEEN %(since)s AND %(today)s
                  GROUP BY partner_id
                    """,
                    **told,
                ),
            ),
            ("broken_promises", self._promises_sql(told)),
            ("broken_plans", self._plans_sql(told)),
        ]

    def _promises_sql(self, told):
        return SQL(
            """
            SELECT customer_id, contract_id, COUNT(*)
              FROM (SELECT hold.customer_id,
                           COALESCE(hold.contract_id, kase.contract_id) AS contract_id
                      FROM dunning_hold hold
                 LEFT JOIN dunning_case kase ON kase.id = hold.case_id
                     WHERE hold.customer_id = ANY(%(partners)s)
                       AND hold.company_id = %(company)s
                       AND hold.promise_outcome = 'broken'
                       AND hold.date_from BETWEEN %(since)s AND %(today)s) hold
          GROUP BY 1, 2
            """,
            **told,
        )

    def _plans_sql(self, told):
        return SQL(
            """
            SELECT kase.partner_id, kase.contract_id, COUNT(*)
              FROM dunning_payment_plan plan
              JOIN dunning_case kase ON kase.id = plan.case_id
             WHERE kase.partner_id = ANY(%(partners)s)
               AND kase.company_id = %(company)s
               AND plan.state = 'broken'
               AND plan.ended_on BETWEEN %(since)s AND %(today)s
          GROUP BY 1, 2
            """,
            **told,
        )

    def _add_info(self, found, company, partner_ids):
        """The last score that an information provider told of each customer."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (partner_id) partner_id, score, score_class,
                       done_date
                  FROM dunning_info_request
                 WHERE partner_id = ANY(%s) AND company_id = %s
                   AND done_date IS NOT NULL
                   AND (score > 0 OR score_class IS NOT NULL)
              ORDER BY partner_id, done_date DESC, id DESC
                """,
                partner_ids,
                company.id,
            )
        )
        for partner, points, letters, day in rows:
            found[partner, None].info = (points or 0, letters, day)

    # values

    def _values(self, found, partner_ids, today):
        """Each supply by itself, and each customer with all of them."""
        customers = {partner: Figures() for partner in partner_ids}
        left = dict.fromkeys(partner_ids, ZERO)
        values = {}
        for (partner, contract), one in found.items():
            whole = customers[partner]
            whole.add(one)
            if contract is None:
                whole.info = one.info
                continue
            if one.is_gone:
                left[partner] += one.overdue()
            if one.is_supply or one.exposure() or one.sums["paid"]:
                gone = one.overdue() if one.is_gone else ZERO
                values[partner, contract] = self._of(one, today, gone)
        for partner, whole in customers.items():
            values[partner, None] = self._of(whole, today, left[partner])
        return values

    def _of(self, one, today, left_debt):
        """The values of one row as ``rules.score`` takes them; None = unknown."""
        exposure, sums = one.exposure(), one.sums
        points, letters, day = one.info
        return {
            "exposure": exposure,
            "overdue": one.overdue(),
            **{name: sums[name] for name in ("not_due", *AGES, "credits", "billed")},
            "guarantee": sums["guarantee"],
            "left_debt": left_debt,
            "oldest_days": (today - one.oldest).days if one.oldest else 0,
            "dso": score.dso(exposure, sums["billed"], YEAR),
            "days_late": score.average_late(sums["weighted"], sums["paid"]),
            **one.counts,
            "cover": score.cover(sums["guarantee"], exposure),
            "info_score": points if points else None,
            "info_class": letters,
            "info_date": day,
        }

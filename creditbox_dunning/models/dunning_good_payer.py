from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..rules import interest


class DunningCase(models.Model):
    """Which rates a debt bears: by the rules, milder for who always paid in time."""

    _inherit = "dunning.case"

    @api.model
    def _rates_of(self, company, lines):
        """{receivable id: [rules.interest.Rate]} of one company, margins included."""
        rules = self.env["dunning.interest.rule"]._rules_of(company)
        bases = self.env["dunning.interest.rate"]._bases_of(company)
        known, found, asked = {}, {}, defaultdict(list)
        for line in lines:
            who = self._who_owes(line)
            if who not in known:
                known[who] = interest.rates_for(rules, bases, *who)
            found[line.id] = known[who]
            first = line.date_maturity + interest.ONE_DAY
            rule = interest.rule_for(rules, *who, first)
            if rule and rule.good_days:
                asked[rule.good_years].append((line.id, rule, first))
        for years, rows in asked.items():
            good = self._good_payers([line_id for line_id, *_rest in rows], years)
            for line_id, rule, first in rows:
                if line_id in good:
                    found[line_id] = interest.good_payer_rates(
                        found[line_id], rule, bases, first
                    )
        return found

    @api.model
    def _good_payers(self, line_ids, years):
        """Ids of the receivables of ``line_ids`` whose contract (without one, whose
        customer) paid in time every bill that fell due in the ``years`` before.

        What a credit note took away was never owed; a loss is no payment. One
        statement, however many receivables.
        """
        self.env.flush_all()
        # correlated on each receivable's own past: the ORM has no such question
        query = SQL(
            """
            SELECT line.id
              FROM account_move_line line
              JOIN account_move bill ON bill.id = line.move_id
             WHERE line.id = ANY(%(ids)s)
               AND NOT EXISTS (
                   SELECT
                     FROM account_move_line past
                     JOIN account_move old ON old.id = past.move_id
                    WHERE past.partner_id = line.partner_id
                      AND past.company_id = line.company_id
                      AND past.display_type = 'payment_term'
                      AND past.parent_state = 'posted'
                      AND past.balance > 0
                      AND past.date_maturity < line.date_maturity
                      AND past.date_maturity
                          >= line.date_maturity - make_interval(years => %(years)s)
                      AND old.utility_contract_id
                          IS NOT DISTINCT FROM bill.utility_contract_id
                      AND past.balance > (
                          SELECT COALESCE(SUM(part.amount), 0) + 0.005
                            FROM account_partial_reconcile part
                            JOIN account_move_line paid
                              ON paid.id = part.credit_move_id
                            JOIN account_move other ON other.id = paid.move_id
                           WHERE part.debit_move_id = past.id
                             AND (paid.date <= past.date_maturity
                                  OR other.move_type = 'out_refund')
                             AND NOT EXISTS (SELECT FROM dunning_settlement given
                                              WHERE given.move_id = other.id)
                             AND NOT EXISTS (SELECT FROM dunning_writeoff_line given
                                              WHERE given.move_id = other.id)))
            """,
            ids=line_ids,
            years=years,
        )
        return {line_id for (line_id,) in self.env.execute_query(query)}

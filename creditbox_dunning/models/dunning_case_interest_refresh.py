import logging
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import apart

_logger = logging.getLogger(__name__)


class DunningCase(models.Model):
    """Charges follow their bills: what changed is put right at night."""

    _inherit = "dunning.case"

    @api.model
    def _cron_interest(self):
        """Night: charges follow their bills."""
        for company in self.env["res.company"].sudo().search([("active", "=", True)]):
            self.with_company(company)._refresh_interest(company)

    @api.model
    def _refresh_interest(self, company):
        """Give back charges of bills that were credited, or paid on an older day, and
        charge again what is owed for the same days.

        Looks only at bills matched after their interest was charged. A bill that
        cannot be put right does not stop the others: it is told and tried again.
        """
        apart(self._lines_to_refresh(company), self._refresh_lines, self._refresh_blame)

    @api.model
    def _refresh_lines(self, lines):
        debts = self._debts_of(lines)
        stale = [debt for debt in debts.values() if debt.charged and debt.is_stale()]
        by_day = defaultdict(lambda: self.env["account.move.line"])
        for debt in stale:
            by_day[max(row.day_to for row in debt.charged)] |= debt.line
        self._reverse_interest(stale)
        for day, of_day in by_day.items():
            fresh = self._accrue_debts(of_day, day).values()
            self._charge_debts([debt for debt in fresh if debt.found])
        self._refresh_flat(
            [debt.line.id for debt in debts.values() if debt.is_credited]
        )

    @api.model
    def _refresh_flat(self, line_ids):
        """The flat sum of bills that were credited in full is given back."""
        flat = self.env["utility.charge"].sudo()
        flat = flat.search(
            [
                ("dunning_line_id", "in", line_ids),
                ("dunning_cost_kind", "=", "flat"),
                ("dunning_reverses_id", "=", False),
                ("state", "!=", "cancelled"),
            ]
        )
        flat._dunning_give_back(self.env._("Given back: the bill was credited"))

    @api.model
    def _refresh_blame(self, line, error):
        _logger.warning("interest of receivable %s not put right: %s", line.id, error)
        line.dunning_case_id._message_log(
            body=self.env._(
                "The interest of %(bill)s could not be put right after its payments"
                " changed: %(why)s",
                bill=line.move_id.name,
                why=error,
            )
        )

    @api.model
    def _lines_to_refresh(self, company):
        """Receivables matched with something after they were charged."""
        self.env.flush_all()
        # a join on when both were made: the ORM cannot compare two columns
        query = SQL(
            """
            SELECT stretch.move_line_id
              FROM dunning_interest_stretch stretch
              JOIN account_partial_reconcile matched
                ON matched.debit_move_id = stretch.move_line_id
               AND matched.create_date >= stretch.create_date
             WHERE stretch.state = 'charged' AND stretch.company_id = %(company)s
             UNION
            SELECT charge.dunning_line_id
              FROM utility_charge charge
              JOIN account_partial_reconcile matched
                ON matched.debit_move_id = charge.dunning_line_id
               AND matched.create_date >= charge.create_date
             WHERE charge.dunning_cost_kind = 'flat' AND charge.state <> 'cancelled'
               AND charge.dunning_reverses_id IS NULL
               AND charge.company_id = %(company)s
            """,
            company=company.id,
        )
        rows = self.env.execute_query(query)
        return self.env["account.move.line"].sudo().browse(id_ for (id_,) in rows)

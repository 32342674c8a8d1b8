from odoo import models
from odoo.fields import Domain
from odoo.tools.misc import format_amount, format_date

from ..rules.window import add_months


class CmorDashboard(models.AbstractModel):
    """Receipts expected by month and why money was lost, out of the forecast."""

    _inherit = "cmor.dashboard"

    def _money(self, domain, side, roles):
        # EXTENDS: incoming practices expect no receipt
        if side != "outgoing":
            return super()._money(domain, side, roles)
        rows = Domain.TRUE
        if roles is not None:
            rows &= Domain("practice_id", "any", roles._practices_domain())
        return {
            "expected": self._expected(rows & Domain("kind", "=", "expected")),
            "lost": self._lost(rows & Domain("kind", "=", "lost")),
        }

    def _expected(self, rows):
        groups = self.env["cmor.forecast"]._read_group(
            rows, ["date:month"], ["__count", "amount:sum"]
        )
        found = []
        for month, count, amount in groups:
            chosen = Domain("date", "=", False)
            label = self.env._("No month known")
            if month:
                end = add_months(month, 1)
                chosen = Domain("date", ">=", month) & Domain("date", "<", end)
                label = format_date(self.env, month, date_format="MMMM y")
            found.append(self._row(label, count, amount, rows & chosen))
        return found

    def _lost(self, rows):
        groups = self.env["cmor.forecast"]._read_group(
            rows, ["reason"], ["__count", "amount:sum"]
        )
        return [
            self._row(
                reason or self.env._("No reason told"),
                count,
                amount,
                rows & Domain("reason", "=", reason or False),
            )
            for reason, count, amount in groups
        ]

    def _row(self, label, count, amount, rows):
        return {
            "label": label,
            "count": count,
            "amount": format_amount(
                self.env, amount or 0, self.env.company.currency_id
            ),
            "action": self._action("cmor_utility.cmor_forecast_action", rows, label),
        }

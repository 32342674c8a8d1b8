from odoo import fields, models
from odoo.tools import SQL

from ..rules import forecast, lifecycle
from .cmor_company_role import SECTORS
from .cmor_practice import STATES


class CmorForecast(models.Model):
    """Money of the claims by month: asked, expected, received, returned, lost.

    Read from practices, receipts and returns: what was asked is what is expected, was
    received (less what is the customer's) or was lost, to the cent. A claim made anew
    counts once.
    """

    _name = "cmor.forecast"
    _description = "CMOR money by month"
    _auto = False
    _order = "date desc, id"
    _rec_name = "practice_id"

    practice_id = fields.Many2one("cmor.practice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    sector = fields.Selection(SECTORS, readonly=True)
    state = fields.Selection(STATES, readonly=True)
    kind = fields.Selection(
        [
            ("requested", "Requested"),
            ("expected", "Expected"),
            ("received", "Come in"),
            ("returned", "Returned to customers"),
            ("paid_on", "Paid on to sellers"),
            ("lost", "Lost"),
        ],
        readonly=True,
    )
    reason = fields.Char(string="Why lost", readonly=True)
    date = fields.Date(string="Month", readonly=True)
    is_late = fields.Boolean(string="Later than expected", readonly=True)
    amount = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        # ids made of those of the rows: a window function would keep the database from
        # looking at the wanted kind only
        return SQL(
            """
            SELECT p.id * 8 AS id, p.id AS practice_id, p.company_id, p.partner_id,
                   p.sector, p.state, 'requested' AS kind, NULL AS reason,
                   (p.sent_on AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Rome')::date
                   AS date, FALSE AS is_late,
                   p.indemnity AS amount
              FROM cmor_practice p
             WHERE p.side = 'outgoing' AND p.sent_on IS NOT NULL AND %(counts)s
             UNION ALL
            SELECT p.id * 8 + 1, p.id, p.company_id, p.partner_id, p.sector, p.state,
                   'expected', NULL, p.expected_on,
                   p.expected_on
                   < (CURRENT_TIMESTAMP AT TIME ZONE 'Europe/Rome')::date,
                   p.indemnity - COALESCE(p.received_amount, 0)
              FROM cmor_practice p
             WHERE p.side = 'outgoing' AND p.state IN %(expecting)s
               AND p.indemnity > COALESCE(p.received_amount, 0)
             UNION ALL
            SELECT r.id * 8 + 2, p.id, p.company_id, p.partner_id, p.sector, p.state,
                   'received', NULL, r.date, FALSE, r.amount
              FROM cmor_receipt r
              JOIN cmor_practice p ON p.id = r.practice_id
             WHERE r.state = 'booked'
             UNION ALL
            SELECT r.id * 8 + 3, p.id, p.company_id, p.partner_id, p.sector, p.state,
                   CASE WHEN r.kind = 'seller' THEN 'paid_on' ELSE 'returned' END,
                   NULL, r.date, FALSE, -r.amount
              FROM cmor_practice_return r
              JOIN cmor_practice p ON p.id = r.practice_id
             WHERE r.state = 'done'
             UNION ALL
            SELECT p.id * 8 + 4, p.id, p.company_id, p.partner_id, p.sector, p.state,
                   'lost', COALESCE(p.lost_reason, states.label),
                   COALESCE(p.state_since, p.write_date::date), FALSE,
                   p.indemnity - COALESCE(p.received_amount, 0)
              FROM cmor_practice p
         LEFT JOIN (VALUES %(states)s) AS states (state, label)
                ON states.state = p.state
             WHERE p.side = 'outgoing'
               AND (p.state IN ('rejected', 'cancelled')
                    OR p.state IN ('closed_lost', 'expired')
                    OR p.state IN %(ended)s
                       AND COALESCE(p.received_amount, 0) > 0)
               AND p.indemnity > COALESCE(p.received_amount, 0) AND %(counts)s
            """,
            # what was claimed anew is asked, and may be lost, by the other claim
            counts=SQL(
                "(p.claimed_anew_id IS NULL OR COALESCE(p.received_amount, 0) > 0)"
            ),
            states=SQL(", ").join(
                self._fields["state"]._description_selection(self.env)
            ),
            expecting=forecast.EXPECTING,
            ended=lifecycle.PAID_STATES,
        )

from odoo import fields, models
from odoo.tools import SQL


class DunningAgencyArrival(models.Model):
    """Money that really arrived on the bills of a case while an agency had it.

    One row each payment of the books that was matched with a bill of the case, from the
    day on which the case went to the agency until the day on which it went to the next
    one. Credit notes and losses are no money. Who paid whom the books do not know: a
    customer may have paid us because the agency asked him. A fee is due on what arrived
    until the assignment was over and the agency's days for payments after it; none to
    who refused the case.
    """

    _name = "dunning.agency.arrival"
    _description = "Money that arrived from a case with an agency"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "assignment_id"

    assignment_id = fields.Many2one("dunning.agency.assignment", readonly=True)
    provider_id = fields.Many2one(
        "dunning.service.provider", string="Agency", readonly=True
    )
    case_id = fields.Many2one("dunning.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Bill", readonly=True)
    date = fields.Date(string="Arrived on", readonly=True)
    amount = fields.Monetary(string="Arrived", readonly=True)
    fee = fields.Monetary(
        readonly=True,
        help="What the agency may invoice: its percentage of the payment; with the"
        " first one the fixed amount too.",
    )

    @property
    def _table_query(self):
        # a partial belongs to one assignment: the spans of a case do not overlap
        return SQL(
            """
            SELECT partial.id, one.id AS assignment_id, one.provider_id, one.case_id,
                   one.partner_id, one.company_id, company.currency_id,
                   bill.move_id, partial.max_date AS date, partial.amount,
                   CASE WHEN term.is_due
                        THEN ROUND(
                                 partial.amount * COALESCE(one.fee_percent, 0) / 100, 2)
                             + CASE WHEN partial.id = MIN(partial.id) FILTER (
                                        WHERE term.is_due) OVER (PARTITION BY one.id)
                                    THEN COALESCE(one.fee_fixed, 0) ELSE 0 END
                        ELSE 0 END AS fee
              FROM dunning_agency_assignment one
              JOIN dunning_service_provider provider ON provider.id = one.provider_id
              JOIN res_company company ON company.id = one.company_id
              JOIN account_move_line bill ON bill.dunning_case_id = one.case_id
              JOIN account_partial_reconcile partial ON partial.debit_move_id = bill.id
              JOIN account_move_line credit ON credit.id = partial.credit_move_id
              JOIN account_journal journal ON journal.id = credit.journal_id
        CROSS JOIN LATERAL (
                   SELECT one.state != 'failed'
                          AND partial.max_date <= LEAST(
                              one.done_date, one.recalled_on, one.mandate_to
                              ) + COALESCE(provider.money_days, 0) AS is_due
                   ) term
             WHERE one.sent_on IS NOT NULL
               AND journal.type IN ('bank', 'cash', 'credit')
               AND partial.max_date >= one.sent_on
               AND NOT EXISTS (
                   SELECT
                     FROM dunning_agency_assignment later
                    WHERE later.case_id = one.case_id
                      AND later.id > one.id
                      AND later.sent_on <= partial.max_date
                   )
            """
        )

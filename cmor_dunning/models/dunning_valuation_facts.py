from odoo import api, models
from odoo.tools import SQL

# the former seller was wrong, or took it back: no habit of the customer
NOT_COUNTED = ("cancelled", "rejected")


class DunningValuationFacts(models.AbstractModel):
    """A customer for whom former sellers asked a CMOR has left debts elsewhere."""

    _inherit = "dunning.valuation.facts"

    @api.model
    def _habit_queries(self, company, partner_ids, today, since):
        # EXTENDS creditbox_dunning
        return [
            *super()._habit_queries(company, partner_ids, today, since),
            (
                "cmor_received",
                SQL(
                    """
                    SELECT contract.partner_id, contract.id, COUNT(*)
                      FROM cmor_practice practice
                      JOIN utility_contract contract
                        ON contract.id = practice.contract_id
                     WHERE contract.partner_id = ANY(%s)
                       AND practice.company_id = %s
                       AND practice.side = 'incoming'
                       AND practice.is_annulled IS NOT TRUE
                       AND practice.state != ALL(%s)
                       AND COALESCE(practice.notice_date,
                                    practice.create_date::date) <= %s
                  GROUP BY contract.partner_id, contract.id
                    """,
                    partner_ids,
                    company.id,
                    list(NOT_COUNTED),
                    today,
                ),
            ),
        ]

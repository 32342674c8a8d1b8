from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from .dunning_action_rule import OPERATIONS

# what the regulator asks to be counted: notices and works on supplies, carried out
COUNTED = (
    *("notice", "default", "terminate"),
    *("reduce", "limit", "suspend", "deactivate", "reactivate"),
)


class DunningRegulatorReport(models.Model):
    """How many notices, cuts and reactivations, by service and month: what the
    regulator asks for. An action counts on the day on which it was carried out."""

    _name = "dunning.regulator.report"
    _description = "Counts for the regulator"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "case_id"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    customer_type = fields.Selection(CUSTOMER_TYPES, readonly=True)
    op = fields.Selection(OPERATIONS, string="Operation", readonly=True)
    case_id = fields.Many2one("dunning.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    action_id = fields.Many2one("dunning.action", readonly=True)
    amount = fields.Monetary(string="Asked for", readonly=True)
    count = fields.Integer(string="Number", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT action.id, action.id AS action_id, action.company_id,
                   company.currency_id, action.executed_date AS date,
                   contract.service, contract.customer_type, action.op,
                   action.case_id, "case".partner_id, action.amount, 1 AS count
              FROM dunning_action action
              JOIN res_company company ON company.id = action.company_id
              JOIN dunning_case "case" ON "case".id = action.case_id
         LEFT JOIN utility_contract contract ON contract.id = "case".contract_id
             WHERE action.state = 'done' AND action.executed_date IS NOT NULL
               AND action.op IN %(counted)s
            """,
            counted=COUNTED,
        )

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

GROUPINGS = [
    ("contract", "One case for each supply"),
    ("customer", "One case for each customer"),
    ("billing_account", "One case for each billing account"),
]


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_group_domestic = fields.Selection(
        GROUPINGS, string="Domestic customers", required=True, default="contract"
    )
    dunning_group_non_domestic = fields.Selection(
        GROUPINGS, string="Non domestic customers", required=True, default="contract"
    )
    dunning_group_large = fields.Selection(
        GROUPINGS, string="Large customers", required=True, default="contract"
    )
    # one office pays all the bills of a public body: one letter, not forty
    dunning_group_public_body = fields.Selection(
        GROUPINGS, string="Public bodies", required=True, default="customer"
    )


class DunningCase(models.Model):
    """What one case is about: a supply, a customer or a billing account.

    ``group_key`` says it: ``contract:<id>``, ``customer:<id>`` or
    ``account:<customer>:<code>``. A case about several supplies has no contract of its
    own and walks the rows of supplies that may not be cut: a technical step needs one
    supply. While the open bills are all of one supply, the case is that supply's.
    """

    _inherit = "dunning.case"

    group_key = fields.Char(
        compute="_compute_group_key", store=True, precompute=True, readonly=True
    )
    billing_account = fields.Char(readonly=True, index="btree_not_null")
    service = fields.Selection(
        SERVICES, related=None, compute="_compute_supply", store=True, precompute=True
    )
    customer_type = fields.Selection(
        CUSTOMER_TYPES,
        related=None,
        compute="_compute_supply",
        store=True,
        precompute=True,
    )
    contract_ids = fields.Many2many(
        "utility.contract", string="Supplies", compute="_compute_contract_ids"
    )

    _group_open = models.UniqueIndex(
        "(company_id, group_key) WHERE state != 'closed'",
        "This supply or customer has an open case already.",
    )

    @api.depends()
    def _compute_group_key(self):
        """For cases that the program did not open by group: all of them, before."""
        for case in self:
            if case.contract_id:
                case.group_key = f"contract:{case.contract_id.id}"
            else:
                case.group_key = f"customer:{case.partner_id.id}"

    @api.depends("contract_id.service", "contract_id.customer_type")
    def _compute_supply(self):
        """Of the supply; those of a case about several are set when bills join it."""
        for case in self:
            contract = case.contract_id
            case.service = contract.service or case.service
            case.customer_type = contract.customer_type or case.customer_type

    @api.depends("line_ids.utility_contract_id", "line_ids.move_id", "contract_id")
    def _compute_contract_ids(self):
        for case in self:
            lines = case.line_ids
            case.contract_ids = (
                case.contract_id
                | lines.utility_contract_id
                | lines.move_id.utility_contract_id
            )

    def _group_key_sql(self, company):
        """The group of a receivable: SQL over the aliases ``line`` and ``contract``."""
        return SQL(
            """
            CASE WHEN contract.id IS NULL THEN 'customer:' || line.partner_id
                 ELSE CASE CASE contract.customer_type %(modes)s END
                      WHEN 'customer' THEN 'customer:' || line.partner_id
                      WHEN 'billing_account'
                      THEN COALESCE('account:' || line.partner_id || ':'
                                    || NULLIF(contract.billing_account, ''),
                                    'contract:' || contract.id)
                      ELSE 'contract:' || contract.id END
             END
            """,
            modes=SQL(" ").join(
                SQL("WHEN %s THEN %s", kind, company[f"dunning_group_{kind}"])
                for kind, _label in CUSTOMER_TYPES
            ),
        )

    def _settle_groups(self, company):
        """Say of each case about a customer or account which supply it is about, if
        its open bills are all of one, and which service."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_case kase
                   SET contract_id = told.contract_id, service = told.service,
                       customer_type = told.customer_type
                  FROM (SELECT line.dunning_case_id AS id,
                               CASE WHEN COUNT(DISTINCT contract.id) = 1
                                     AND COUNT(contract.id) = COUNT(*)
                                    THEN MIN(contract.id) END AS contract_id,
                               CASE WHEN COUNT(DISTINCT contract.service) = 1
                                    THEN MIN(contract.service) END AS service,
                               MIN(contract.customer_type) AS customer_type
                          FROM account_move_line line
                          JOIN account_move move ON move.id = line.move_id
                          JOIN dunning_case grouped
                            ON grouped.id = line.dunning_case_id
                     LEFT JOIN utility_contract contract
                            ON contract.id = COALESCE(line.utility_contract_id,
                                                      move.utility_contract_id)
                         WHERE grouped.company_id = %(company)s
                           AND grouped.state != 'closed'
                           AND grouped.group_key NOT LIKE 'contract:%%'
                           AND line.reconciled IS NOT TRUE
                           AND line.parent_state = 'posted'
                           AND line.amount_residual > 0
                      GROUP BY line.dunning_case_id) told
                 WHERE told.id = kase.id
                   AND (kase.contract_id, kase.service, kase.customer_type)
                       IS DISTINCT FROM
                       (told.contract_id, told.service, told.customer_type)
                """,
                company=company.id,
            )
        )

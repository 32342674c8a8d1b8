from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.interest import ANY

DEBTORS = [
    ("consumer", "Consumer"),
    ("business", "Business"),
    ("public_body", "Public body"),
]


class DunningDatedRule(models.AbstractModel):
    """A rule of the law or of the contract, for a service and a kind of customer, from
    a day on; of one company or common to all.

    Once something was charged by it the row says why, and is no longer rewritten: a
    later row holds from its own day, a wrong one is archived and entered again.
    """

    _name = "dunning.dated.rule"
    _description = "Rule that holds from a day on"
    _inherit = "dunning.checked.mixin"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        default=lambda self: self.env.company,
        help="Empty: every company that has no row of its own.",
    )
    service = fields.Selection(SERVICES, help="Empty: every service.", tracking=True)
    debtor = fields.Selection(
        DEBTORS,
        string="Customer is a",
        tracking=True,
        help="Empty: any. By what the customer is (legal form), not by tariff.",
    )
    valid_from = fields.Date(
        string="Valid from",
        required=True,
        tracking=True,
        help="What happens from this day on; older days keep the older row.",
    )
    reference = fields.Char(
        string="Source",
        required=True,
        tracking=True,
        help="Law, decision or contract and its article.",
    )
    note = fields.Char()
    active = fields.Boolean(default=True, tracking=True)
    is_used = fields.Boolean(
        string="Used",
        compute="_compute_is_used",
        help="Something was charged by this row: it is kept as it was.",
    )

    def _compute_is_used(self):
        used = self._used()
        for rule in self:
            rule.is_used = rule._origin in used

    def _used(self):
        """Those by which something was charged: hook."""
        return self.browse()

    def write(self, vals):
        if not self.env.su and self._content_fields & set(vals):
            self._check_not_used()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_not_used()

    def _check_not_used(self):
        used = self._used()
        if used:
            raise UserError(
                self.env._(
                    "%(row)s was charged by and says why: enter a later row, or archive"
                    " this one and enter it again as it should be.",
                    row=used[0].display_name,
                )
            )

    @api.model
    def _rows_of(self, company):
        """The rows of a company, the common ones included, in one statement.

        Archived rows never hold, whatever the caller's context lets searches see.
        """
        return self.sudo().search(
            [("company_id", "in", (False, company.id)), ("active", "=", True)]
        )

    def _scope(self):
        """What every rule says of whom it is for, as rules/ want it."""
        self.ensure_one()
        return {
            "key": self.id,
            "valid_from": self.valid_from,
            "service": self.service or ANY,
            "debtor": self.debtor or ANY,
            "rank": 1 if self.company_id else 0,
        }

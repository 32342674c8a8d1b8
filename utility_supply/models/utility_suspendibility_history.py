from odoo import api, fields, models
from odoo.exceptions import AccessError

from .utility_contract import SUSPENDIBILITIES


class UtilitySuspendibilityHistory(models.Model):
    """What class a contract had from when, and why. Append-only."""

    _name = "utility.suspendibility.history"
    _description = "Suspendibility history"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    contract_id = fields.Many2one(
        "utility.contract",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    date = fields.Date(required=True)
    value = fields.Selection(SUSPENDIBILITIES, string="Class", required=True)
    is_protected = fields.Boolean(string="Protected")
    source = fields.Selection(
        [("facts", "Facts"), ("override", "Override")], required=True
    )
    facts = fields.Char(groups="utility_supply.group_protected_data_reader")
    reason = fields.Char()
    user_id = fields.Many2one("res.users", string="By")

    @api.depends("contract_id", "date")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.contract_id.code} {line.date}"

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            self._refuse()
        return super().create(vals_list)

    def write(self, vals):
        self._refuse()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        self._refuse()

    def _refuse(self):
        raise AccessError(
            self.env._("The history of suspendibility is written by the program only.")
        )

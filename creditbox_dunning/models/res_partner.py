from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_case_count = fields.Integer(
        string="Recovery cases",
        compute="_compute_dunning_case_count",
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    def _compute_dunning_case_count(self):
        counts = dict(
            self.env["dunning.case"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.dunning_case_count = counts.get(partner, 0)

    def action_open_dunning_cases(self):
        """Smart button: the recovery cases of this customer."""
        self.ensure_one()
        cases = self.env["dunning.case"].search([("partner_id", "=", self.id)])
        return cases._open_action(self.env._("Recovery cases"))

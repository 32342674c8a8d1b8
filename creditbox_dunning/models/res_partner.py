from odoo import fields, models
from odoo.tools import email_normalize

from ..rules.pec_address import address_fault


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_pec_dead = fields.Char(
        string="PEC that does not work",
        readonly=True,
        copy=False,
        help="A receipt told that this address does not exist: it is not used again. A"
        " new address takes its place by itself.",
    )
    dunning_pec_dead_on = fields.Date(
        string="Not working since", readonly=True, copy=False
    )
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

    def _dunning_pec_for(self, case):
        """The PEC address that may be used for ``case`` today, else ""."""
        self.ensure_one()
        address = email_normalize(self.l10n_it_pec_email or "") or ""
        fault = address_fault(
            address,
            self.pec_source,
            case.service,
            self.dunning_pec_dead,
            self.env["dunning.legal.parameter"]._parameters(),
            case._today(case.company_id),
        )
        return "" if fault else address

    def _dunning_drop_pec(self, address, day):
        """A receipt of ``day`` told that ``address`` does not exist."""
        for partner in self.sudo():
            if email_normalize(partner.l10n_it_pec_email or "") == address:
                partner.write({"dunning_pec_dead": address, "dunning_pec_dead_on": day})

    def action_open_dunning_cases(self):
        """Smart button: the recovery cases of this customer."""
        self.ensure_one()
        cases = self.env["dunning.case"].search([("partner_id", "=", self.id)])
        return cases._open_action(self.env._("Recovery cases"))

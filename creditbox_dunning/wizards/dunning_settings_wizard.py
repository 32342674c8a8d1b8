from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..models.dunning_case_group import GROUPINGS

ADMIN = "creditbox_dunning.group_dunning_admin"


class DunningSettingsWizard(models.TransientModel):
    """The settings of CreditBox of one company, for its administrators.

    Not in Odoo's general settings, which are open to the system's administrators only.
    """

    _name = "dunning.settings.wizard"
    _description = "Settings of CreditBox"

    # the settings live on the company: these are the ones that may be changed here
    _settings = (
        "dunning_max_payment_age",
        "dunning_group_domestic",
        "dunning_group_non_domestic",
        "dunning_group_large",
        "dunning_group_public_body",
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
    )
    dunning_max_payment_age = fields.Integer(
        string="Oldest payments",
        help="Days. When the last file of payments (or, without files, the last entry"
        " of the bank) is older, the run refuses to ask customers for money. 0: no"
        " limit.",
    )
    dunning_group_domestic = fields.Selection(GROUPINGS, string="Domestic customers")
    dunning_group_non_domestic = fields.Selection(
        GROUPINGS, string="Non domestic customers"
    )
    dunning_group_large = fields.Selection(GROUPINGS, string="Large customers")
    dunning_group_public_body = fields.Selection(GROUPINGS, string="Public bodies")

    @api.onchange("company_id")
    def _onchange_company_id(self):
        self.update(self._get_present())

    @api.model
    def default_get(self, fields):
        # EXTENDS base: the form opens on what holds now
        values = super().default_get(fields)
        present = self._get_present()
        return {**{k: v for k, v in present.items() if k in fields}, **values}

    def _get_present(self):
        company = (self.company_id or self.env.company).sudo()
        return {name: company[name] for name in self._settings}

    def action_save(self):
        """Button: write the settings; they hold from the next run on."""
        self.ensure_one()
        user = self.env.user
        if not self.env.su and not (
            user.has_group(ADMIN) and self.company_id in user.company_ids
        ):
            raise AccessError(
                self.env._("Only an administrator of CreditBox changes its settings.")
            )
        self.company_id.sudo().write({name: self[name] for name in self._settings})
        return {"type": "ir.actions.act_window_close"}

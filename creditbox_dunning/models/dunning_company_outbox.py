from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _dunning_set_up(self):
        # EXTENDS creditbox_dunning
        result = super()._dunning_set_up()
        self.env["dunning.service.provider"]._load_standard(self)
        return result

    @api.model
    def _dunning_set_up_providers(self):
        """On update: for companies that were there before."""
        self.env["dunning.service.provider"]._load_standard(
            self.sudo().search([("active", "=", True)])
        )

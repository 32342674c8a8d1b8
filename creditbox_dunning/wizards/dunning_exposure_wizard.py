from odoo import fields, models

from ..models.valuation_texts import BANDS


class DunningExposureWizard(models.TransientModel):
    """What a tax code owes in the companies of the group that allow it."""

    _name = "dunning.exposure.wizard"
    _description = "Exposure of a tax code in the group"

    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    tax_code = fields.Char(related="partner_id.l10n_it_codice_fiscale")
    reason = fields.Char(string="Why it is needed")
    is_read = fields.Boolean(readonly=True)
    line_ids = fields.One2many("dunning.exposure.line", "wizard_id", readonly=True)

    def action_read(self):
        """Write the reading down, then show the totals."""
        self.ensure_one()
        found = self.env["dunning.exposure.reading"]._read_exposure(
            self.partner_id, self.reason
        )
        self.line_ids.sudo().unlink()
        self.env["dunning.exposure.line"].sudo().create(
            [
                {
                    "wizard_id": self.id,
                    "company_name": one.company_id.name,
                    "currency_id": one.currency_id.id,
                    "exposure": one.exposure,
                    "overdue": one.overdue,
                    "band": one.band,
                    "date": one.date,
                }
                for one in found
            ]
        )
        self.is_read = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exposure in the group"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class DunningExposureLine(models.TransientModel):
    """One company's total: no bill, no name of another company's customer."""

    _name = "dunning.exposure.line"
    _description = "Exposure of a tax code in one company"

    wizard_id = fields.Many2one(
        "dunning.exposure.wizard", required=True, index=True, ondelete="cascade"
    )
    company_name = fields.Char(string="Company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    exposure = fields.Monetary(readonly=True)
    overdue = fields.Monetary(readonly=True)
    band = fields.Selection(BANDS, readonly=True)
    date = fields.Date(string="Figures of", readonly=True)

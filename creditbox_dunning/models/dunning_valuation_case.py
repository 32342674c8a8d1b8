from odoo import fields, models

from .valuation_texts import BANDS

OPERATOR = "creditbox_dunning.group_dunning_operator"


class DunningCase(models.Model):
    """The customer's band and its reasons, shown where the case is worked on."""

    _inherit = "dunning.case"

    valuation_id = fields.Many2one(
        "dunning.valuation", compute="_compute_valuation", groups=OPERATOR
    )
    score_band = fields.Selection(BANDS, compute="_compute_valuation", groups=OPERATOR)
    score_points = fields.Integer(
        string="Risk points", compute="_compute_valuation", groups=OPERATOR
    )
    score_reasons = fields.Text(
        string="Reasons of the band", compute="_compute_valuation", groups=OPERATOR
    )

    def _compute_valuation(self):
        known = self.env["dunning.valuation"]._of_customers(
            self.partner_id, self.company_id
        )
        none = self.env["dunning.valuation"]
        for case in self:
            one = known.get((case.company_id.id, case.partner_id.id), none)
            case.valuation_id = one
            case.score_band, case.score_points = one.band, one.score
            case.score_reasons = one.reason_text

    def action_open_valuation(self):
        """Smart button: the valuation of the customer."""
        self.ensure_one()
        self.check_access("read")
        return self.valuation_id._open()


class ResPartner(models.Model):
    """The band of a customer in the company that the user works in."""

    _inherit = "res.partner"

    dunning_band = fields.Selection(
        BANDS, string="Score band", compute="_compute_dunning_band", groups=OPERATOR
    )
    dunning_points = fields.Integer(
        string="Risk points", compute="_compute_dunning_band", groups=OPERATOR
    )
    dunning_reasons = fields.Text(
        string="Reasons of the band", compute="_compute_dunning_band", groups=OPERATOR
    )

    def _compute_dunning_band(self):
        company = self.env.company
        known = self.env["dunning.valuation"]._of_customers(self, company)
        none = self.env["dunning.valuation"]
        for partner in self:
            one = known.get((company.id, partner.id), none)
            partner.dunning_band, partner.dunning_points = one.band, one.score
            partner.dunning_reasons = one.reason_text

    def action_open_valuation(self):
        """Smart button: the valuation of the customer in this company."""
        self.ensure_one()
        self.check_access("read")
        company = self.env.company
        known = self.env["dunning.valuation"]._of_customers(self, company)
        return known.get((company.id, self.id), self.env["dunning.valuation"])._open()


class DunningValuation(models.Model):
    _inherit = "dunning.valuation"

    def _of_customers(self, partners, companies):
        """{(company id, customer id): valuation} of whole customers, in one search."""
        found = self.search(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "in", companies.ids),
                ("contract_id", "=", False),
            ]
        )
        return {(one.company_id.id, one.partner_id.id): one for one in found}

    def _open(self):
        """Window action on one valuation."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Valuation"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

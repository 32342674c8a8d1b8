from odoo import fields, models

from ..rules import agency
from .amounts import exact


class DunningAgencyFee(models.Model):
    """One row of what an agency gets: a band of age and of amount, from a day on.

    All rows with the same day are one tariff; a new day replaces the whole of it. What
    was sent before keeps the tariff of its own day.
    """

    _name = "dunning.agency.fee"
    _description = "Fee of an agency"
    _order = "provider_id, valid_from desc, age_from, amount_from"
    _rec_name = "provider_id"

    provider_id = fields.Many2one(
        "dunning.service.provider", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="provider_id.company_id.currency_id")
    valid_from = fields.Date(required=True, default=fields.Date.context_today)
    age_from = fields.Integer(
        string="Days past due, from",
        help="Of the oldest bill on the day on which the case is sent.",
    )
    amount_from = fields.Monetary(
        string="Debt, from", help="What is handed over with the case."
    )
    percent = fields.Float(
        string="Fee (%)", digits=(5, 2), help="On the payments that arrived."
    )
    fixed = fields.Monetary(
        string="Fixed amount", help="Once a case, with the first payment that arrived."
    )

    _band_uniq = models.UniqueIndex(
        "(provider_id, valid_from, COALESCE(age_from, 0), COALESCE(amount_from, 0))",
        "This band is there already for that day.",
    )
    _percent_check = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100)",
        "The fee goes from 0 to 100 percent.",
    )
    _from_check = models.Constraint(
        "CHECK(age_from >= 0 AND amount_from >= 0 AND fixed >= 0)",
        "Bands and amounts begin at zero.",
    )

    def _as_facts(self):
        """These rows as rules/agency.py chooses among them."""
        return [
            agency.FeeRow(
                one.valid_from,
                one.age_from,
                exact(one.amount_from),
                exact(one.percent),
                exact(one.fixed),
            )
            for one in self
        ]


class DunningServiceProvider(models.Model):
    _inherit = "dunning.service.provider"

    agency_fee_ids = fields.One2many(
        "dunning.agency.fee", "provider_id", string="Tariff", copy=True
    )

    def _tariff_authors(self, day):
        """Users who wrote what this agency gets, as it is in force up to ``day``: the
        rows of the tariff; without any, the one percentage."""
        self.ensure_one()
        rows = self.agency_fee_ids.filtered(lambda row: row.valid_from <= day)
        if rows:
            return rows.create_uid | rows.write_uid
        return self.fee_author_id or self.create_uid

from odoo import api, fields, models

COST_CHANNELS = [
    ("sms", "Text message"),
    ("email", "E-mail"),
    ("pec", "PEC"),
    ("pp", "Ordinary mail"),
    ("ar", "Registered letter"),
    ("task", "Work of a person or of the technical office"),
    ("file", "File to an agency"),
]


class DunningChannelCost(models.Model):
    """What one message or order costs on a channel, from a day on.

    Kept per company because contracts with the post and the carriers are. The
    simulation, the messages and the report of recovery read it: nothing is charged to
    anybody.
    """

    _name = "dunning.channel.cost"
    _description = "Unit cost of a channel"
    _order = "company_id, channel, date_from desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    channel = fields.Selection(COST_CHANNELS, required=True)
    date_from = fields.Date(
        string="Valid from", required=True, default=fields.Date.context_today
    )
    cost = fields.Float(
        string="Unit cost",
        digits=(12, 4),
        required=True,
        help="In the company's currency; carriers also count in tenths of a cent.",
    )
    note = fields.Char(help="Contract or price list that it comes from.")

    _once = models.Constraint(
        "UNIQUE(company_id, channel, date_from)",
        "This channel has a cost from that day already.",
    )
    _cost_check = models.Constraint("CHECK(cost >= 0)", "A cost cannot be negative.")

    @api.depends("channel", "date_from")
    def _compute_display_name(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{labels.get(row.channel, '')} {row.date_from or ''}"

    @api.model
    def _prices_for(self, companies):
        """{company id: {channel: ((date_from, cost), ...) oldest first}}."""
        prices = {company.id: {} for company in companies}
        rows = self.sudo().search(
            [("company_id", "in", companies.ids)], order="company_id, date_from"
        )
        for row in rows:
            of_channel = prices[row.company_id.id].setdefault(row.channel, [])
            of_channel.append((row.date_from, row.cost))
        return prices

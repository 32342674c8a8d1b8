from odoo import api, fields, models

TIMES = [
    ("off", "Only when a person asks"),
    ("monthly", "Every month"),
    ("paid", "When a bill is paid in full"),
    ("bill", "With the next bill of the contract"),
]


class ResCompany(models.Model):
    """When interest and costs are proposed by themselves, and what with them."""

    _inherit = "res.company"

    dunning_interest_when = fields.Selection(
        TIMES,
        string="Interest is proposed",
        required=True,
        default="off",
        help="As drafts, at night: an accountant confirms them.",
    )
    dunning_interest_day = fields.Integer(
        string="Day of the month", default=1, help="1 to 28; proposed from it on, once."
    )
    dunning_interest_minimum = fields.Float(
        string="Not below",
        digits=(12, 2),
        help="Interest of a bill that is smaller waits for the next proposal. What a"
        " person asks for is proposed whatever it is.",
    )
    dunning_interest_with_flat = fields.Boolean(
        string="Flat sum (D.Lgs. 231/2002) too", default=True
    )
    dunning_interest_with_costs = fields.Boolean(
        string="Costs of recovery too", default=True
    )
    dunning_interest_since = fields.Datetime(
        string="Proposed by itself since", readonly=True
    )

    _dunning_interest_day_check = models.Constraint(
        "CHECK(COALESCE(dunning_interest_day, 1) BETWEEN 1 AND 28"
        " AND COALESCE(dunning_interest_minimum, 0) >= 0)",
        "The day of the month lies between 1 and 28, the least interest is not"
        " negative.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("dunning_interest_when", "off") != "off":
                vals["dunning_interest_since"] = fields.Datetime.now()
        return super().create(vals_list)

    def write(self, vals):
        when = vals.get("dunning_interest_when")
        turned = when and self.filtered(lambda c: c.dunning_interest_when != when)
        result = super().write(vals)
        if turned:
            # what was paid before is not asked for by itself
            since = fields.Datetime.now() if when != "off" else False
            super(ResCompany, turned).write({"dunning_interest_since": since})
        return result

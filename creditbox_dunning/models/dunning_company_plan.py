from odoo import fields, models


class ResCompany(models.Model):
    """How a company agrees on payment plans."""

    _inherit = "res.company"

    dunning_plan_tolerance_days = fields.Integer(
        string="Days of tolerance",
        required=True,
        default=10,
        help="Calendar days after its due date within which an instalment still counts"
        " as paid in time.",
    )
    dunning_plan_missed = fields.Integer(
        string="Missed instalments that break a plan", required=True, default=1
    )
    dunning_plan_offer_days = fields.Integer(
        string="Days to accept an offer", required=True, default=15
    )
    dunning_plan_request_days = fields.Integer(
        string="Days to decide on a plan asked for",
        required=True,
        default=15,
        help="The bills are suspended for these days from the request, at most until"
        " the answer. Afterwards the case goes on by itself: an offer made in time"
        " lengthens the suspension up to its own last day.",
    )
    dunning_plan_longest = fields.Integer(
        string="Longest plan without a special approval (months)",
        required=True,
        default=12,
        help="Instalments times the months between them. Longer plans are decided by"
        " the matrix of approvals, subject Payment plan. 0 = no limit.",
    )
    dunning_plan_first_percent = fields.Float(
        string="Smallest first instalment (%)",
        digits=(5, 2),
        required=True,
        default=20,
        help="A smaller one is decided by the matrix of approvals, subject Payment"
        " plan. 0 = no limit.",
    )

    _dunning_plan_check = models.Constraint(
        "CHECK(dunning_plan_tolerance_days BETWEEN 0 AND 365"
        " AND dunning_plan_missed BETWEEN 1 AND 120"
        " AND dunning_plan_offer_days BETWEEN 1 AND 365"
        " AND dunning_plan_request_days BETWEEN 1 AND 90"
        " AND dunning_plan_longest BETWEEN 0 AND 240"
        " AND dunning_plan_first_percent BETWEEN 0 AND 100)",
        "Payment plans: days from 0 to a year, instalments up to 240, percent up to"
        " 100.",
    )

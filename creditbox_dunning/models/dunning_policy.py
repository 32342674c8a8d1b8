from odoo import fields, models

from ..rules.outcomes import NORMAL_POLICY, Policy


class ResCompany(models.Model):
    """What the table does not say: how often, and for how long, something is tried."""

    _inherit = "res.company"

    dunning_work_attempts = fields.Integer(
        string="Orders to the technical office",
        required=True,
        default=NORMAL_POLICY.work_attempts,
        help="How many times an order that was not carried out is given in all, before"
        " the case goes to the agency.",
    )
    dunning_work_retry_days = fields.Integer(
        string="Days between two orders",
        required=True,
        default=NORMAL_POLICY.work_retry_days,
    )
    dunning_letter_attempts = fields.Integer(
        string="Letters by one channel",
        required=True,
        default=NORMAL_POLICY.letter_attempts,
        help="How many letters that come back are sent in all.",
    )
    dunning_search_days = fields.Integer(
        string="Days for finding an address",
        required=True,
        default=NORMAL_POLICY.search_days,
    )
    dunning_payment_days = fields.Integer(
        string="Days for announced money",
        required=True,
        default=NORMAL_POLICY.payment_days,
        help="How long money is awaited that the agency, a settlement or a plan"
        " announced.",
    )
    dunning_notice_days = fields.Integer(
        string="Days a notice of default lasts",
        required=True,
        default=NORMAL_POLICY.notice_days,
        help="After a broken payment plan a notice of default older than this is sent"
        " again.",
    )

    dunning_promise_grace_days = fields.Integer(
        string="Promise to pay: days of grace",
        required=True,
        default=1,
        help="Days after the day promised in which the money is still in time.",
    )
    dunning_promise_max = fields.Integer(
        string="Promises not kept in a year",
        required=True,
        default=2,
        help="Whoever did not keep so many gets another one only from a credit manager."
        " 0 = no limit.",
    )
    dunning_dispute_days = fields.Integer(
        string="Days to pay after a dispute is refused",
        required=True,
        default=10,
        help="The bill goes on after these days.",
    )

    dunning_portal_paid_days = fields.Integer(
        string="Payment told on the customer's page: days",
        required=True,
        default=10,
        help="So many days the technical steps wait for a payment that the customer"
        " says to have made; then they go on by themselves.",
    )
    dunning_portal_requests = fields.Integer(
        string="Requests a day from a customer's page",
        required=True,
        default=10,
        help="0: customers cannot write from their page.",
    )

    _dunning_portal_check = models.Constraint(
        "CHECK(dunning_portal_paid_days BETWEEN 1 AND 90"
        " AND dunning_portal_requests BETWEEN 0 AND 1000)",
        "Days go from 1 to 90, requests from 0 to 1000.",
    )
    _dunning_promise_check = models.Constraint(
        "CHECK(dunning_promise_grace_days BETWEEN 0 AND 30"
        " AND dunning_promise_max BETWEEN 0 AND 100"
        " AND dunning_dispute_days BETWEEN 0 AND 365)",
        "Days of grace go from 0 to 30, days after a refusal from 0 to a year.",
    )
    _dunning_policy_check = models.Constraint(
        "CHECK(dunning_work_attempts BETWEEN 1 AND 20"
        " AND dunning_letter_attempts BETWEEN 1 AND 20"
        " AND dunning_work_retry_days BETWEEN 1 AND 365"
        " AND dunning_search_days BETWEEN 1 AND 365"
        " AND dunning_payment_days BETWEEN 0 AND 365"
        " AND dunning_notice_days BETWEEN 1 AND 3650)",
        "Attempts go from 1 to 20; days from 1 to a year.",
    )

    def _dunning_policy(self):
        """The planner's :class:`Policy` of this company."""
        self.ensure_one()
        return Policy(
            work_attempts=self.dunning_work_attempts,
            work_retry_days=self.dunning_work_retry_days,
            letter_attempts=self.dunning_letter_attempts,
            search_days=self.dunning_search_days,
            payment_days=self.dunning_payment_days,
            notice_days=self.dunning_notice_days,
        )

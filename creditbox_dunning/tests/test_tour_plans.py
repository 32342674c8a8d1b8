"""A payment plan in a browser: asked for, approved, sent, paid, running."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install", "tour")
class TestTourPlans(HttpCase, DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "c001@example.com"
        cls.bill = cls.overdue(amount=120.0)
        for number in (1, 7):
            cls.run_on(number)
        cls.case = cls.case_of(cls.bill)
        rules = cls.env["dunning.approval.rule"]
        rules.search([("action_type_id.code", "=", 9)]).action_archive()
        rules.create(
            {
                "company_id": cls.company.id,
                "subject": "action",
                "action_type_id": cls.env["dunning.action.type"]._by_code()[9].id,
                "level": "2",
            }
        )

    def test_from_the_request_to_the_first_instalment(self):
        self.start_tour(
            f"/odoo/dunning-cases/{self.case.id}",
            "creditbox_plan_ask",
            login="operator",
        )
        plan = self.case.plan_ids
        self.assertEqual((plan.state, plan.number), ("waiting", 4))
        request = plan.sudo().request_id
        self.start_tour(
            f"/odoo/dunning.approval.request/{request.id}",
            "creditbox_plan_approve",
            login="manager",
        )
        self.assertEqual(plan.state, "offered")
        self.start_tour(
            f"/odoo/payment-plans/{plan.id}", "creditbox_plan_send", login="operator"
        )
        message = plan.sudo().action_id.communication_ids
        self.assertRecordValues(message, [{"channel": "email", "state": "to_send"}])
        # the first instalment comes in: tonight the plan runs
        self.pay(self.bill, 30)
        self.plans_of_tonight()
        self.start_tour(
            f"/odoo/payment-plans/{plan.id}", "creditbox_plan_running", login="operator"
        )
        self.assertEqual(plan.amount_paid, 30)

    def plans_of_tonight(self):
        today = fields.Date.context_today(self.case)
        self.env["dunning.payment.plan"]._scan(self.company, today)
        self.env.flush_all()
        self.env.invalidate_all()

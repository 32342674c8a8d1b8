"""Interest in a browser: proposed by a clerk, waived by a manager, confirmed and
exported by an accountant."""

from datetime import timedelta

from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from .approval_common import ApprovalCommon


@tagged("post_install", "-at_install", "tour")
class TestTourInterest(HttpCase, ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # past midnight it is another day in Italy than in UTC
        cls.today = cls.env["dunning.case"]._today(cls.company)
        cls.env["dunning.interest.rule"].create(
            {
                "company_id": cls.company.id,
                "service": "electricity",
                "debtor": "consumer",
                "valid_from": "2020-01-01",
                "base": "fixed",
                "margin": 7.3,
                "reference": "contract",
            }
        )
        cls.env["dunning.charge.account"].create(
            {
                "company_id": cls.company.id,
                "kind": "interest",
                "account_id": cls.company_data["default_account_revenue"].id,
            }
        )
        cls.accountant = new_test_user(
            cls.env,
            login="accountant",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        due = cls.today - timedelta(days=60)
        first = cls.overdue("B-1", amount=1000, due=due)
        cls.overdue("B-2", amount=50, due=due)
        cls.env["dunning.run"].sudo().run_for(cls.company, cls.today)
        with freeze_time(due + timedelta(days=20)):
            cls.pay(first, 400)

    def charges(self):
        self.env.invalidate_all()
        found = self.env["utility.charge"].search(
            [("company_id", "=", self.company.id)]
        )
        return {charge.dunning_bill_id.billing_ref: charge for charge in found}

    def test_proposed_waived_confirmed_exported(self):
        self.start_tour("/odoo", "creditbox_interest_clerk", login="operator")
        made = self.charges()
        # 20 days on 1,000 and 40 on 600, at two cents a hundred
        self.assertEqual(made["B-1"].amount, 8.8)
        self.assertEqual(made["B-2"].waiver_state, "requested")
        self.start_tour("/odoo", "creditbox_interest_manager", login="manager")
        self.assertEqual(self.charges()["B-2"].state, "cancelled")
        self.start_tour("/odoo", "creditbox_interest_accountant", login="accountant")
        self.assertEqual(self.charges()["B-1"].state, "exported")
        self.start_tour("/odoo", "creditbox_interest_journal", login="accountant")
        export = self.charges()["B-1"].journal_export_id
        self.assertTrue(export.attachment_id and export.xlsx_id)

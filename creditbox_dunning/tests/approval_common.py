"""A case with a step that waits for approval, and people of every level."""

from odoo import Command
from odoo.tests import new_test_user

from .common import DunningCommon


class ApprovalCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "c001@example.com"
        cls.director = cls._create_dunning_user("director", "director")
        cls.manager2 = cls._create_dunning_user("manager2", "manager")
        cls.Request = cls.env["dunning.approval.request"]
        cls.Rule = cls.env["dunning.approval.rule"]

    @classmethod
    def _user_in(cls, login, level, *companies):
        companies = cls.env["res.company"].union(*companies)
        return new_test_user(
            cls.env,
            login=login,
            groups=f"creditbox_dunning.group_dunning_{level}",
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
        )

    @classmethod
    def want_level(cls, level, actions=(1, 2, 3, 4, 5), **vals):
        """The matrix asks for ``level`` for these actions."""
        types = cls.env["dunning.action.type"]._by_code()
        return cls.Rule.create(
            [
                {
                    "company_id": cls.company.id,
                    "subject": "action",
                    "action_type_id": types[code].id,
                    "level": str(level),
                    **vals,
                }
                for code in actions
            ]
        )

    def waiting(self, ref="B1", amount=100.0, contract=None):
        """(bill, action that waits, its request): a reminder that needs level 2."""
        bill = self.overdue(ref, contract or self.contract, amount=amount)
        self.run_on(7)
        action = self.case_of(bill).action_ids.filtered(
            lambda a: a.state == "waiting_approval"
        )
        self.assertEqual(len(action), 1)
        return bill, action, self.request_of(action)

    def request_of(self, record):
        return self.Request.search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)],
            order="id desc",
            limit=1,
        )

    def log_of(self, request):
        return [
            (row.kind, row.from_state, row.to_state) for row in request.decision_ids
        ]

"""The small world that the tests of CreditBox share."""

from contextlib import nullcontext
from datetime import date, timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.utility_supply.tests.common import UtilityCommon

DUE = date(2027, 1, 20)


class DunningCommon(UtilityCommon):
    """A company with the standard table, bills due on 20 January 2027, users of each
    level. `run(day)` is a nightly run on a day counted from the due date."""

    @classmethod
    def set_up_world(cls):
        cls.company.email = "credito@example.com"
        cls.operator = cls._create_dunning_user("operator", "operator")
        cls.manager = cls._create_dunning_user("manager", "manager")
        cls.dunning_admin = cls._create_dunning_user("dunadmin", "admin")
        cls.table = cls.env["dunning.action.table"]._published_for(cls.company)

    @classmethod
    def get_default_groups(cls):
        # EXTENDS utility_supply: the one who builds the world runs it too
        return (
            super().get_default_groups()
            | cls.quick_ref("creditbox_dunning.group_dunning_manager")
            | cls.quick_ref("creditbox_dunning.group_dunning_admin")
        )

    @classmethod
    def _create_dunning_user(cls, login, level):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"creditbox_dunning.group_dunning_{level}",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def overdue(cls, ref="B1", contract=None, amount=100.0, due=DUE, **vals):
        """A posted bill that is due on ``due``."""
        return cls._create_bill(
            ref,
            contract,
            amount,
            invoice_date=due - timedelta(days=30),
            invoice_date_due=due,
            invoice_payment_term_id=False,
            **vals,
        )

    @classmethod
    def _today(cls):
        """Today where the company is: late in the evening not what UTC says."""
        return cls.env["dunning.case"]._today(cls.company)

    @classmethod
    def day(cls, number):
        return DUE + timedelta(days=number)

    @classmethod
    def run_on(cls, number):
        return cls.env["dunning.run"].sudo().run_for(cls.company, cls.day(number))

    @classmethod
    def case_of(cls, move):
        return move.line_ids.dunning_case_id

    @classmethod
    def pay(cls, move, amount=None):
        """A payment matched with the bill; returns the account.payment."""
        wizard = (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "amount": amount or move.amount_residual,
                    "payment_date": fields.Date.today(),
                }
            )
        )
        return wizard._create_payments()

    @classmethod
    def approve(cls, actions, user, number=None):
        """``user`` approves what waits, on the given day or today."""
        requests = cls.env["dunning.approval.request"].search(
            [
                ("res_model", "=", actions._name),
                ("res_id", "in", actions.ids),
                ("state", "=", "pending"),
            ]
        )
        with freeze_time(cls.day(number)) if number else nullcontext():
            return requests.with_user(user).action_approve()

    def actions(self, case):
        """[(seq, state)] of a case in the order they were made."""
        found = case.action_ids.sorted("id")
        return [(action.rule_id.seq, action.state) for action in found]

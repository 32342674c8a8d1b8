"""What the tests of settlements and write-offs share: books that are set up, a case
whose debt may be settled, payments with a value date."""

from datetime import timedelta

from odoo import Command
from odoo.tests import freeze_time, new_test_user

from .hold_common import HoldCommon


class SettlementCommon(HoldCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.director = cls._create_dunning_user("director", "director")
        cls.manager2 = cls._create_dunning_user("manager2", "manager")
        cls.loss_account = cls._account("PERDITE", "expense")
        cls.income_account = cls._account("SOPRAVV", "income_other")
        journals = cls.env["account.journal"]
        cls.loss_journal = journals.create(
            {
                "name": "Perdite",
                "code": "PRD",
                "type": "general",
                "company_id": cls.company.id,
            }
        )
        cls.company.write(
            {
                "dunning_loss_account_id": cls.loss_account.id,
                "dunning_income_account_id": cls.income_account.id,
                "dunning_loss_journal_id": cls.loss_journal.id,
                "dunning_credit_journal_id": cls.company_data[
                    "default_journal_sale"
                ].id,
            }
        )
        cls.Settlement = cls.env["dunning.settlement"]

    @classmethod
    def _account(cls, code, kind):
        return cls.env["account.account"].create(
            {
                "name": code,
                "code": code,
                "account_type": kind,
                "company_ids": [Command.link(cls.company.id)],
            }
        )

    @classmethod
    def _group_user(cls):
        return new_test_user(
            cls.env,
            login="headoffice",
            groups="creditbox_dunning.group_dunning_group",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def draft(self, agreed=80.0, **more):
        """A draft of the operator about the case."""
        self.case.with_user(self.operator).action_propose_settlement()
        one = self.case.settlement_ids.filtered(lambda s: s.state == "draft")
        values = {"agreed": agreed, "reason": "hardship", "channel": "email", **more}
        one.with_user(self.operator).write(values)
        return one

    def asked(self, number=40, **more):
        with self.at(number):
            one = self.draft(**more)
            one.with_user(self.operator).action_request()
        return one

    def offered(self, number=40, user=None, **more):
        one = self.asked(number, **more)
        with self.at(number):
            answer = one.request_id.with_user(user or self.manager).action_approve()
        self.assertEqual(answer, True)
        self.assertEqual(one.state, "offered")
        return one

    def pay_on(self, number, amount, bill=None, value=None):
        """A payment matched with the bill on a day; ``value``: its value date."""
        bill = bill or self.bill
        with self.at(number):
            wizard = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=bill.ids)
                .create({"amount": amount, "payment_date": self.day(number)})
            )
            payment = wizard._create_payments()
        if value is not None:
            payment.value_date = self.day(value)
        return payment

    def watch(self, number):
        with self.at(number):
            self.Settlement._watch(self.company, self.day(number))

    def watch_until(self, one, days=1):
        """The watch of the day after validity and the bank's days."""
        day = one.valid_until + timedelta(
            days=self.company.dunning_settlement_grace + days
        )
        with freeze_time(f"{day} 12:00:00"):
            self.Settlement._watch(self.company, day)

    def kinds(self, one):
        return one.event_ids.sorted("id").mapped("kind")

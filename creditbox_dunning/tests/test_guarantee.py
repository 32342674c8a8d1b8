"""Bank guarantees and sureties: they count while in force, and tell before they end."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestGuarantee(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_dunning_user("guarantee_manager", "manager")
        cls.operator = cls._create_dunning_user("guarantee_operator", "operator")
        cls.bank = cls.env["res.partner"].create({"name": "Banca di prova"})

    def guarantee(self, first, last, **vals):
        return (
            self.env["dunning.guarantee"]
            .with_user(self.manager)
            .create(
                {
                    "name": "F-1",
                    "company_id": self.company.id,
                    "contract_id": self.contract.id,
                    "guarantor_id": self.bank.id,
                    "amount": 300,
                    "date_from": self.day(first),
                    "date_to": last and self.day(last),
                    **vals,
                }
            )
        )

    def covered(self, number):
        runs = self.env["dunning.valuation.run"].sudo()
        runs._value_company(self.company, self.day(number))
        self.env.invalidate_all()
        found = self.env["dunning.valuation"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("company_id", "=", self.company.id),
            ]
        )
        # of the whole customer and of the supply
        self.assertEqual(len(set(found.mapped("guarantee"))), 1)
        return found[0].guarantee

    def test_counts_while_it_is_in_force(self):
        self.contract.deposit = 40
        self.overdue("A", self.contract, 100)
        self.guarantee(10, 20)
        self.guarantee(15, None, amount=1000, kind="insurance")
        for number, covered in ((9, 40), (10, 340), (20, 1340), (21, 1040)):
            self.assertEqual(self.covered(number), covered, number)
        endless = self.env["dunning.guarantee"].search([("date_to", "=", False)])
        endless.with_user(self.manager).released_on = self.day(23)
        self.assertEqual(self.covered(22), 1040)
        self.assertEqual(self.covered(23), 40)

    def test_tells_before_it_expires_once(self):
        one = self.guarantee(0, 100, warn_days=30)
        model = self.env["dunning.guarantee"]
        states = []
        for number in (-1, 69, 70, 71, 100, 101):
            with freeze_time(self.day(number)):
                model._cron_remind()
                one.invalidate_recordset(["state"])
                states.append((one.state, len(one.activity_ids)))
        self.assertEqual(
            states,
            [
                ("planned", 0),
                ("valid", 0),
                ("expiring", 1),
                ("expiring", 1),
                ("expiring", 1),
                ("expired", 1),
            ],
        )
        self.assertEqual(one.activity_ids.user_id, self.manager)
        self.assertEqual(one.activity_ids.date_deadline, self.day(100))
        # lengthened: it tells again
        one.date_to = self.day(200)
        with freeze_time(self.day(170)):
            model._cron_remind()
        self.assertEqual(len(one.activity_ids), 2)
        # given back: nothing to tell
        one.write({"date_to": self.day(300), "released_on": self.day(250)})
        with freeze_time(self.day(280)):
            model._cron_remind()
            one.invalidate_recordset(["state"])
            self.assertEqual((one.state, len(one.activity_ids)), ("released", 2))

    def test_who_may(self):
        one = self.guarantee(0, 10)
        self.assertEqual(one.with_user(self.operator).amount, 300)
        for call in (
            lambda: one.with_user(self.operator).write({"amount": 1}),
            lambda: one.with_user(self.manager).unlink(),
        ):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(UserError):
            one.sudo().unlink()
        with self.assertRaises(UserError):
            other = self.env["res.company"].create({"name": "Altra"})
            one.sudo().company_id = other
        for vals in ({"amount": 0}, {"date_to": self.day(-1)}):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    one.write(vals)
                    one.flush_recordset()
            self.env.invalidate_all()

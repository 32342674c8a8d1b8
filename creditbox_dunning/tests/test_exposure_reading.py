"""What a tax code owes in the group: off by default, written down, totals only."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import DunningCommon

CODE = "RSSMRA80A01H501U"


@tagged("post_install", "-at_install")
class TestExposureReading(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = cls.env["res.company"]
        cls.other = companies.create({"name": "Gas di Prova S.p.A."})
        cls.third = companies.create({"name": "Acqua di Prova S.p.A."})
        cls.customer.l10n_it_codice_fiscale = CODE
        partners = cls.env["res.partner"]
        for company, amount in ((cls.other, 700.0), (cls.third, 900.0)):
            twin = partners.create({"name": "Twin", "l10n_it_codice_fiscale": CODE})
            cls.valued(company, twin, amount)
        cls.valued(cls.company, cls.customer, 100.0)
        cls.group = (
            cls.env["utility.group"]
            .sudo()
            .create(
                {
                    "name": "Gruppo di prova",
                    "head_company_id": cls.company.id,
                    "member_ids": [
                        Command.set((cls.company | cls.other | cls.third).ids)
                    ],
                }
            )
        )

    @classmethod
    def valued(cls, company, partner, amount):
        return (
            cls.env["dunning.valuation"]
            .sudo()
            ._guarded()
            .create(
                {
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "exposure": amount,
                    "overdue": amount,
                    "band": "D",
                }
            )
        )

    def share(self, companies):
        self.group.dunning_sharing_ids = [Command.set(companies.ids)]

    def told(self, user=None, reason="New contract"):
        wizard = (
            self.env["dunning.exposure.wizard"]
            .with_user(user or self.manager)
            .with_company(self.company)
            .create({"partner_id": self.customer.id, "reason": reason})
        )
        wizard.action_read()
        return {line.company_name: line.overdue for line in wizard.line_ids}

    @property
    def readings(self):
        return self.env["dunning.exposure.reading"].sudo().search([], order="id")

    def test_off_by_default(self):
        with self.assertRaises(UserError):
            self.told()
        self.assertFalse(self.readings)

    def test_only_companies_that_share_and_it_is_written_down(self):
        self.share(self.company | self.other)
        told = self.told()
        self.assertEqual(told, {self.company.name: 100.0, "Gas di Prova S.p.A.": 700.0})
        reading = self.readings
        self.assertEqual(
            (reading.user_id, reading.tax_code, reading.reason),
            (self.manager, CODE, "New contract"),
        )
        self.assertEqual(reading.read_company_ids, self.company | self.other)

    def test_who_does_not_share_does_not_read(self):
        self.share(self.other | self.third)
        with self.assertRaises(UserError):
            self.told()

    def test_only_managers_and_only_with_a_reason(self):
        self.share(self.company | self.other)
        with self.assertRaises(UserError):
            self.told(reason=" ")
        with self.assertRaises(AccessError):
            self.told(user=self.operator)
        self.assertFalse(self.readings)

    def test_readings_are_not_changed_nor_deleted(self):
        self.share(self.company | self.other)
        self.told()
        mine = self.readings.with_user(self.manager)
        with self.assertRaises(AccessError):
            mine.write({"reason": "another"})
        with self.assertRaises(AccessError):
            mine.unlink()
        with self.assertRaises(UserError):
            self.readings.unlink()

    def test_sharing_is_decided_in_the_company_itself(self):
        stranger = self.env["res.company"].create({"name": "Stranger"})
        with self.assertRaises(ValidationError):
            self.share(self.company | stranger)
        admin = self.dunning_admin
        admin.group_ids |= self.env.ref("utility_supply.group_utility_admin")
        group = self.group.with_user(admin)
        with self.assertRaises(AccessError):
            group.write({"dunning_sharing_ids": [Command.link(self.other.id)]})
        group.write({"dunning_sharing_ids": [Command.link(self.company.id)]})
        self.assertEqual(self.group.dunning_sharing_ids, self.company)
        log = self.company.partner_id.message_ids[0]
        self.assertIn("Gruppo di prova", log.body)
        self.assertEqual(log.author_id, admin.partner_id)
        group.write({"dunning_sharing_ids": [Command.clear()]})
        self.assertEqual(len(self.company.partner_id.message_ids - log), 1)

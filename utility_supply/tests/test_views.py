"""Every screen opens for everybody who has its menu."""

from datetime import date

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestViews(UtilityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls._create_bill("V1", billing_residual_date=date(2026, 2, 1))
        cls.notice = (
            cls.env["utility.notice"]
            .sudo()
            .create(
                {
                    "company_id": cls.company.id,
                    "contract_id": cls.contract.id,
                    "kind": "default",
                    "channel": "pec",
                    "sent_date": date(2026, 3, 1),
                    "source": "imported",
                    "move_ids": [Command.set(cls.bill.ids)],
                }
            )
        )
        cls.charge = cls.env["utility.charge"].create(
            {
                "company_id": cls.company.id,
                "partner_id": cls.customer.id,
                "contract_id": cls.contract.id,
                "kind": "cost",
                "amount": 1,
                "description": "x",
            }
        )
        cls.charge.action_confirm()
        cls.charge.action_export()
        cls.env["utility.protection"].create(
            {
                "company_id": cls.company.id,
                "partner_id": cls.customer.id,
                "kind": "life_support",
                "date_from": date(2026, 1, 1),
            }
        )

    def test_every_action_opens(self):
        actions = self.env["ir.model.data"].search(
            [("module", "=", "utility_supply"), ("model", "=", "ir.actions.act_window")]
        )
        self.assertGreater(len(actions), 9)
        for user in (self.utility_user, self.utility_admin, self.protected_reader):
            for data in actions.filtered(lambda item: "import" not in item.name):
                action = self.env[data.model].browse(data.res_id)
                model = self.env[action.res_model].with_user(user)
                if model.is_transient() or not model.has_access("read"):
                    continue
                with self.subTest(user=user.login, action=data.name):
                    views = [tuple(view) for view in action.views]
                    result = model.get_views([*views, (False, "search")])
                    self.assertIn("search", result["views"])
                    arch = etree.fromstring(result["views"]["list"]["arch"])
                    names = arch.xpath("//field/@name")
                    self.assertTrue(names)
                    model.search([], limit=3).read(names)

    def test_forms_open_for_the_clerk(self):
        for record in (
            self.contract,
            self.contract.supply_point_id,
            self.notice,
            self.charge,
            self.charge.export_id,
            self.bill,
            self.customer,
        ):
            with self.subTest(model=record._name):
                self.assertTrue(Form(record.with_user(self.utility_user)).id)

    def test_bill_opens_for_who_only_invoices(self):
        form = Form(self.bill.with_user(self.accountant))
        self.assertEqual(form.utility_contract_id, self.contract)

    def test_settings_of_the_books(self):
        """The utility's own administrator keeps them: no system rights needed."""
        wizards = self.env["utility.books.wizard"].with_user(self.utility_admin)
        form = Form(wizards)
        self.assertEqual(form.utility_book_mode, "subledger")
        form.utility_book_mode = "full"
        form.utility_opening_date = "2026-01-01"
        form.save().action_save()
        self.assertEqual(self.company.utility_book_mode, "full")
        self.assertEqual(str(self.company.utility_opening_date), "2026-01-01")
        # what was emptied is said, then made again
        journal = self.company.utility_bill_journal_id
        form = Form(wizards)
        form.utility_bill_journal_id = self.env["account.journal"]
        wizard = form.save()
        wizard.action_save()
        self.assertFalse(self.company.utility_bill_journal_id)
        self.assertIn("journal of the bills", Form(wizards).problems)
        wizard.action_prepare()
        self.assertEqual(self.company.utility_bill_journal_id, journal)
        self.assertFalse(Form(wizards).problems)

    def test_books_of_another_company(self):
        other = self.env["res.company"].create({"name": "Altra"})
        wizards = self.env["utility.books.wizard"].with_user(self.utility_admin)
        with self.assertRaises(AccessError):
            wizards.create({"company_id": other.id}).action_save()
        with self.assertRaises(AccessError):
            wizards.with_user(self.utility_user).create({}).action_save()

    def test_proof_of_an_imported_notice_is_kept(self):
        proof = self.env["ir.attachment"].create(
            {
                "name": "ricevuta.eml",
                "raw": b"proof",
                "res_model": "utility.notice",
                "res_id": self.notice.id,
            }
        )
        self.notice.sudo().attachment_ids = proof
        proof.name = "ricevuta di consegna.eml"
        for attempt in (
            lambda: proof.write({"raw": b"other"}),
            lambda: proof.write({"res_model": False, "res_id": False}),
            lambda: proof.sudo().unlink(),
        ):
            with self.assertRaises(UserError):
                attempt()
        self.assertEqual(proof.raw, b"proof")

"""Health and social facts: one group reads them, by no way anybody else."""

import json
from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestProtectedData(UtilityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.point = cls.contract.supply_point_id
        cls.protection = cls.env["utility.protection"].create(
            {
                "company_id": cls.company.id,
                "partner_id": cls.customer.id,
                "supply_point_id": cls.point.id,
                "kind": "life_support",
                "date_from": date(2020, 1, 1),
                "protocol": "PROT-SECRET",
                "note": "lung machine",
            }
        )
        # an administrator of everything, and still not of this
        export = cls.env.ref("base.group_allow_export")
        (cls.utility_user | cls.utility_admin | cls.accountant).group_ids += export
        cls.superadmin = cls._create_user(
            "superadmin",
            "group_utility_admin",
            "base.group_system",
            "base.group_allow_export",
            "account.group_account_manager",
        )

    def test_reader_sees_all_of_it(self):
        protection = self.protection.with_user(self.protected_reader)
        self.assertEqual(protection.kind, "life_support")
        point = self.point.with_user(self.protected_reader)
        self.assertEqual(point.protection_ids, protection)
        history = self.contract.with_user(
            self.protected_reader
        ).suspendibility_history_ids
        self.assertIn("life_support", history[:1].facts)

    def test_all_others_see_only_protected(self):
        for user in (
            self.utility_user,
            self.utility_admin,
            self.accountant,
            self.superadmin,
        ):
            with self.subTest(user=user.login):
                self.assertTrue(self.point.with_user(user).is_protected)
                self.assertTrue(self.contract.with_user(user).is_protected)
                self._assert_shut(user)

    def _assert_shut(self, user):
        env = self.env(user=user)
        protection, point = env["utility.protection"], env["utility.supply.point"]
        history = env["utility.suspendibility.history"]
        doors = {
            "read": lambda: protection.browse(self.protection.id).read(["kind"]),
            "search": lambda: protection.search([("protocol", "=", "PROT-SECRET")]),
            "search_count": lambda: protection.search_count([]),
            "name_search": lambda: protection.name_search("life"),
            "read_group": lambda: protection.formatted_read_group(
                [], ["kind"], ["__count"]
            ),
            "export": lambda: protection.browse(self.protection.id).export_data(
                ["kind"]
            ),
            "point read": lambda: point.browse(self.point.id).read(["protection_ids"]),
            "point domain": lambda: point.search(
                [("protection_ids.kind", "=", "life_support")]
            ),
            "point any": lambda: point.search(
                [("protection_ids", "any", [("kind", "=", "life_support")])]
            ),
            "point export": lambda: point.browse(self.point.id).export_data(
                ["protection_ids/kind"]
            ),
            "point web_read": lambda: point.browse(self.point.id).web_read(
                {"protection_ids": {"fields": {"kind": {}}}}
            ),
            "history read": lambda: history.search([]).read(["facts"]),
            "history domain": lambda: history.search([("facts", "ilike", "life")]),
            "history group": lambda: history.formatted_read_group(
                [], ["facts"], ["__count"]
            ),
            "history order": lambda: history.search([], order="facts"),
            "history export": lambda: history.search([]).export_data(["facts"]),
        }
        for name, door in doors.items():
            with self.subTest(door=name), self.assertRaises(AccessError):
                door()

    def test_nothing_leaks_through_default_reads_and_forms(self):
        for user in (self.utility_user, self.superadmin):
            env = self.env(user=user)
            for record in (
                env["utility.contract"].browse(self.contract.id),
                env["utility.supply.point"].browse(self.point.id),
                env["utility.suspendibility.history"].search([]),
                env["res.partner"].browse(self.customer.id),
            ):
                # partners have fields of discussion channels that not all may read
                names = [n for n in record.fields_get() if not n.startswith("rtc_")]
                text = json.dumps(record.read(names), default=str)
                for secret in ("life_support", "PROT-SECRET", "lung"):
                    self.assertNotIn(secret, text, record._name)
            for model, view in (
                ("utility.contract", "utility_contract_view_form"),
                ("utility.supply.point", "utility_supply_point_view_form"),
            ):
                view = self.env.ref(f"utility_supply.{view}")
                arch = env[model].get_view(view.id, "form")["arch"]
                self.assertNotIn("protection_ids", arch)
                self.assertNotIn('name="facts"', arch)

    def test_chatter_does_not_tell(self):
        self.env["utility.protection"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": "emergency_plan",
                "date_from": date(2020, 1, 1),
            }
        )
        self.env.flush_all()
        messages = self.contract.message_ids | self.customer.message_ids
        text = str(messages.mapped("body")) + str(
            messages.sudo().tracking_value_ids.mapped("new_value_char")
        )
        self.assertNotIn("emergency", text.lower())

    def test_search_on_protected_works_for_all(self):
        env = self.env(user=self.utility_user)
        free = self._create_point("FREE", "water")
        points = env["utility.supply.point"]
        found = points.search([("is_protected", "=", True)])
        self.assertIn(self.point.id, found.ids)
        self.assertNotIn(free.id, found.ids)
        others = points.search([("is_protected", "=", False)])
        self.assertIn(free.id, others.ids)
        self.assertNotIn(self.point.id, others.ids)

    def test_reader_ends_it_but_never_deletes(self):
        protection = self.protection.with_user(self.protected_reader)
        with self.assertRaises(AccessError):
            protection.unlink()
        if "dunning.protection.release" in self.env:
            # CreditBox asks for proof and a second person: see its own tests
            protection = protection.sudo()
        protection.write({"date_to": date(2020, 12, 31)})
        self.assertFalse(self.contract.is_protected)
        self.assertEqual(self.contract.suspendibility, "suspendible")

    def test_reader_of_another_company_sees_nothing(self):
        reader = self._create_user("reader2", "group_protected_data_reader")
        reader.write(
            {
                "company_ids": [(6, 0, self.other_company.ids)],
                "company_id": self.other_company.id,
            }
        )
        self.assertFalse(self.env["utility.protection"].with_user(reader).search([]))
        with self.assertRaises(AccessError):
            self.protection.with_user(reader).read(["kind"])

"""A legal protection ends only with proof, four eyes and a director."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import DunningCommon

LAST_DAY = date(2026, 10, 31)


@tagged("post_install", "-at_install")
class TestProtectionRelease(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.protection = (
            cls.env["utility.protection"]
            .sudo()
            .create(
                {
                    "company_id": cls.company.id,
                    "partner_id": cls.customer.id,
                    "supply_point_id": cls.contract.supply_point_id.id,
                    "kind": "life_support",
                    "date_from": date(2026, 1, 1),
                }
            )
        )
        cls.director = cls._create_dunning_user("director", "director")

    def _proof(self, user=None):
        return (
            self.env["ir.attachment"]
            .with_user(user or self.protected_reader)
            .create({"name": "proof.pdf", "raw": b"the apparatus was given back"})
        )

    def _ask(self, user=None, **vals):
        user = user or self.protected_reader
        values = {
            "fact": "protection",
            "res_id": self.protection.id,
            "date_to": LAST_DAY,
            "reason": "The apparatus was given back",
            "attachment_ids": self._proof(user).ids,
            **vals,
        }
        releases = self.env["dunning.protection.release"].with_user(user)
        return releases.browse(releases.ask_release(**values))

    def test_no_hand_shortens_a_protection(self):
        mine = self.protection.with_user(self.protected_reader)
        for vals in (
            {"date_to": LAST_DAY},
            {"date_from": date(2026, 2, 1)},
            {"kind": "economic_bonus"},
            {"partner_id": self._create_customer("C9").id},
            {"supply_point_id": False},
        ):
            with self.assertRaises(UserError):
                mine.write(vals)
        mine.write({"note": "seen", "date_from": date(2025, 12, 1)})
        # what the acquisition says of a bonus is the program's
        self.protection.sudo().write({"date_to": date(2027, 12, 31)})
        mine.write({"date_to": date(2028, 12, 31)})
        with self.assertRaises(UserError):
            mine.write({"date_to": date(2028, 12, 30)})
        mine.write({"date_to": False})
        self.assertTrue(self.contract.is_protected)

    def test_ended_by_a_director_with_proof(self):
        release = self._ask()
        self.assertEqual(release.state, "requested")
        self.assertTrue(self.contract.is_protected, "until somebody approves")
        request = release.sudo().request_id
        self.assertEqual((request.subject, request.required_level), ("release", 3))
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve("ok")
        request.with_user(self.director).action_approve("proof seen")
        self.assertEqual(release.state, "approved")
        self.assertEqual(self.protection.date_to, LAST_DAY)
        self.assertFalse(self.contract.is_protected)

    def test_who_asks_never_approves(self):
        self.director.write(
            {
                "group_ids": [
                    (4, self.env.ref("utility_supply.group_protected_data_reader").id)
                ]
            }
        )
        request = self._ask(self.director).sudo().request_id
        with self.assertRaises(AccessError):
            request.with_user(self.director).action_approve("me")
        self.assertFalse(self.protection.date_to)

    def test_no_proof_no_release(self):
        with self.assertRaises(UserError):
            self._ask(attachment_ids=[])
        empty = self.env["ir.attachment"].create({"name": "empty"})
        with self.assertRaises(AccessError):
            self._ask(attachment_ids=empty.ids)
        with self.assertRaises(UserError):
            self._ask(reason=" ")
        with self.assertRaises(UserError):
            self._ask(date_to=date(2025, 1, 1))
        with self.assertRaises(UserError):
            self._ask(fact="moon")

    def test_only_readers_of_protected_data(self):
        release = self._ask()
        for user in (self.operator, self.manager, self.dunning_admin):
            with self.assertRaises(AccessError):
                self._ask(user)
            with self.assertRaises(AccessError):
                release.with_user(user).read(["reason"])
            for proof in release.sudo().attachment_ids:
                with self.assertRaises(AccessError):
                    proof.with_user(user).read(["raw"])

    def test_the_request_does_not_tell_why(self):
        request = self._ask().sudo().request_id
        told = str(request.with_user(self.operator).read()[0])
        for word in ("life", "apparatus", self.customer.name):
            self.assertNotIn(word, told)

    def test_the_proof_stays_as_it_is(self):
        release = self._ask()
        with self.assertRaises(UserError):
            release.sudo().attachment_ids.write({"raw": b"other"})
        with self.assertRaises(UserError):
            release.sudo().unlink()
        with self.assertRaises(AccessError):
            release.with_user(self.protected_reader).write({"state": "approved"})

    def test_refused(self):
        release = self._ask()
        release.sudo().request_id.with_user(self.director).action_refuse("no proof")
        self.assertEqual(release.state, "refused")
        self.assertFalse(self.protection.date_to)

    def test_public_function_of_a_point(self):
        point = self.contract.supply_point_id
        self.protection.sudo().unlink()
        point.public_function = True
        self.assertTrue(self.contract.is_protected)
        with self.assertRaises(UserError):
            point.with_user(self.utility_admin).write({"public_function": False})
        release = self._ask(fact="public_function", res_id=point.id, date_to=False)
        release.sudo().request_id.with_user(self.director).action_approve("closed")
        self.assertFalse(point.public_function)
        self.assertFalse(self.contract.is_protected)

    def test_wizard(self):
        action = self.protection.with_user(self.protected_reader).action_ask_release()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.protected_reader)
            .with_context(**action["context"])
            .create(
                {
                    "date_to": LAST_DAY,
                    "reason": "x",
                    "attachment_ids": [(6, 0, self._proof().ids)],
                }
            )
        )
        wizard.action_ask()
        release = self.env["dunning.protection.release"].search([])
        self.assertEqual(release.protection_id, self.protection)

"""Charges: exported once, kept as sent, confirmed by the bill that carries them."""

import csv
import hashlib
import io
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestCharges(UtilityCommon):
    def _charge(self, amount=12.5, **vals):
        return self.env["utility.charge"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "contract_id": self.contract.id,
                "kind": "cost",
                "amount": amount,
                "date": date(2026, 3, 1),
                "description": "Spese di sollecito",
                **vals,
            }
        )

    def _rows(self, export):
        text = export.attachment_id.raw.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    def test_number_mode_and_state_come_from_the_program(self):
        charge = self._charge()
        self.assertRegex(charge.ref, r"^UTC/\d{4}/\d{6}$")
        self.assertEqual((charge.mode, charge.state), ("billing", "draft"))
        self.company.utility_charge_mode = "odoo"
        self.assertEqual(self._charge().mode, "odoo")
        self.assertEqual(charge.mode, "billing")

    def test_export_is_kept_byte_for_byte(self):
        charges = self._charge() | self._charge(-3.1, kind="refund")
        charges.action_confirm()
        action = charges.action_export()
        export = self.env["utility.charge.export"].browse(action["res_id"])
        self.assertEqual(export.charge_ids, charges)
        self.assertEqual(set(charges.mapped("state")), {"exported"})
        self.assertEqual(
            export.sha256, hashlib.sha256(export.attachment_id.raw).hexdigest()
        )
        rows = self._rows(export)
        self.assertEqual(
            [(r["Riferimento addebito"], r["Importo"]) for r in rows],
            [(charges[0].ref, "12,50"), (charges[1].ref, "-3,10")],
        )
        self.assertEqual(rows[0]["Codice cliente"], "C001")
        self.assertEqual(rows[0]["Codice contratto"], "CT001")
        self.assertIn(str(export.attachment_id.id), export.action_download()["url"])
        self.assertEqual((export.charge_count, export.amount_total), (2, 9.4))

    def test_exported_once(self):
        charge = self._charge()
        charge.action_confirm()
        charge.action_export()
        with self.assertRaises(UserError):
            charge.action_export()
        first = charge.export_id
        charge.action_export_again()
        charge.action_export()
        self.assertNotEqual(charge.export_id, first)
        with self.assertRaises(UserError):
            first.unlink()

    def test_formulas_do_not_travel(self):
        charge = self._charge(description='=HYPERLINK("http://x")', tax_note="@SUM(A1)")
        charge.action_confirm()
        charge.action_export()
        row = self._rows(charge.export_id)[0]
        self.assertEqual(row["Descrizione"], '\'=HYPERLINK("http://x")')
        self.assertEqual(row["Trattamento fiscale"], "'@SUM(A1)")

    def test_confirmed_by_the_bill(self):
        one, two = self._charge(), self._charge(5)
        (one | two).action_confirm()
        one.action_export()
        self.assertEqual(two.state, "to_export")
        bill = self._create_bill("CONF1")
        confirm = self.env["utility.charge"]._confirm_from_bill
        unknown = confirm(bill, [one.ref, f" {two.ref} ", "UTC/1999/1", "", one.ref])
        self.assertEqual(unknown, ["UTC/1999/1"])
        self.assertEqual(set((one | two).mapped("state")), {"confirmed"})
        self.assertEqual((one | two).mapped("move_id"), bill)
        # the same bill once more changes nothing and complains about nothing
        self.assertEqual(confirm(bill, [one.ref]), [])
        # another bill cannot take it
        other = self._create_bill("CONF2")
        self.assertEqual(confirm(other, [one.ref]), [one.ref])
        self.assertEqual(one.move_id, bill)

    def test_a_credit_note_carries_no_charge_of_its_bill(self):
        """It may name what it gives back: the charge stays on the bill, to be billed
        again."""
        charge = self._charge()
        charge.action_confirm()
        bill = self._create_bill("CONF4")
        confirm = self.env["utility.charge"]._confirm_from_bill
        confirm(bill, [charge.ref])
        credit = bill._reverse_moves(cancel=True)
        self.assertEqual(bill.payment_state, "reversed")
        self.assertEqual(confirm(credit, [charge.ref]), [charge.ref])
        self.assertEqual(charge.move_id, bill)

    def test_charge_of_another_customer_or_company_is_not_confirmed(self):
        stranger = self._create_customer("C7")
        foreign = self._charge(partner_id=stranger.id, contract_id=False)
        foreign.action_confirm()
        bill = self._create_bill("CONF3")
        confirm = self.env["utility.charge"]._confirm_from_bill
        self.assertEqual(confirm(bill, [foreign.ref]), [foreign.ref])
        self.assertEqual(foreign.state, "to_export")
        draft = self._charge()
        self.assertEqual(confirm(bill, [draft.ref]), [draft.ref])

    def test_invoiced_in_odoo(self):
        self.company.utility_charge_mode = "odoo"
        one, two = self._charge(), self._charge(7.5, kind="interest")
        refund = self._charge(-4, contract_id=False, kind="refund")
        charges = one | two | refund
        with self.assertRaises(UserError):
            charges.action_confirm()
        charges.action_invoice()
        self.assertEqual(set(charges.mapped("state")), {"invoiced"})
        self.assertEqual(one.move_id, two.move_id)
        self.assertRecordValues(
            one.move_id | refund.move_id,
            [
                {"move_type": "out_invoice", "amount_untaxed": 20.0},
                {"move_type": "out_refund", "amount_untaxed": 4.0},
            ],
        )
        self.assertEqual(one.move_id.utility_contract_id, self.contract)
        self.assertFalse(one.move_id.from_billing)
        plan = self._charge(kind="plan")
        with self.assertRaises(UserError):
            plan.action_invoice()

    def test_transitions_that_do_not_exist(self):
        charge = self._charge()
        with self.assertRaises(UserError):
            charge.action_export()
        with self.assertRaises(UserError):
            charge.action_export_again()
        charge.action_cancel()
        for action in (charge.action_confirm, charge.action_back_to_draft):
            with self.assertRaises(UserError):
                action()
        self.assertEqual(charge.state, "cancelled")

    def test_state_is_not_written_from_outside(self):
        charge = self._charge()
        for user in (self.utility_admin, self.accountant):
            record = charge.with_user(user).with_context(
                utility_guard=1, guard=True, install_mode=True
            )
            for vals in (
                {"state": "confirmed"},
                {"mode": "odoo"},
                {"ref": "X"},
                {"move_id": self._create_bill(f"W{user.login}").id},
            ):
                with self.assertRaises(AccessError):
                    record.write(vals)
        creator = self.env(user=self.utility_admin)["utility.charge"]
        vals = {
            "company_id": self.company.id,
            "partner_id": self.customer.id,
            "kind": "cost",
            "amount": 1,
            "description": "x",
        }
        with self.assertRaises(AccessError):
            creator.create({**vals, "state": "confirmed"})
        with self.assertRaises(AccessError):
            creator.create({**vals, "ref": "UTC/2026/999999"})
        # a form sends the defaults back
        creator.create({**vals, "state": "draft", "mode": "billing", "ref": "/"})

    def test_export_is_not_forged(self):
        charge = self._charge()
        charge.action_confirm()
        charge.action_export()
        export = charge.export_id.with_user(self.utility_admin)
        for vals in ({"sha256": "0" * 64}, {"state": "draft"}, {"name": "X"}):
            with self.assertRaises(AccessError):
                export.write(vals)
        with self.assertRaises(AccessError):
            export.write({"charge_ids": [Command.clear()]})
        with self.assertRaises(UserError):
            export.attachment_id.write({"raw": b"forged"})
        with self.assertRaises(UserError):
            export.attachment_id.unlink()

    def test_what_was_exported_is_not_edited(self):
        charge = self._charge()
        charge.amount = 13
        charge.action_confirm()
        charge.action_export()
        for vals in ({"amount": 1}, {"description": "y"}, {"partner_id": False}):
            with self.assertRaises(UserError):
                charge.write(vals)
        with self.assertRaises(UserError):
            charge.unlink()
        with self.assertRaises(AccessError):
            charge.write({"export_id": False})

    def test_the_clerk_reads_only(self):
        charge = self._charge().with_user(self.utility_user)
        self.assertEqual(charge.amount, 12.5)
        for action in (
            charge.action_confirm,
            charge.action_cancel,
            charge.action_export,
        ):
            with self.assertRaises(AccessError):
                action()
        self._charge().with_user(self.accountant).action_confirm()

    def _notes_of_confirming(self, count, patched):
        """What the histories of some charges say of their confirmation."""
        charges = (
            self.env["utility.charge"]
            .union(*(self._charge() for _turn in range(count)))
            .with_context(tracking_disable=False, mail_notrack=False)
        )
        self.env.cr.flush()
        before = charges.sudo().message_ids
        with patched:
            charges.action_confirm()
            self.env.cr.flush()
        notes = [charge.sudo().message_ids - before for charge in charges]
        self.assertEqual([note.res_id for note in notes], charges.ids)
        self.assertEqual(len({note.message_id for note in notes}), count)
        return [self._said(note) for note in notes]

    def _said(self, note):
        said = {}
        for record in (note, note.tracking_value_ids):
            (row,) = record.read([n for n, f in record._fields.items() if f.store])
            for name in ("id", "res_id", "message_id", "mail_message_id"):
                row.pop(name, None)
            said[record._name] = row
        said["mail.message"].pop("tracking_value_ids")
        return said

    def test_changes_are_noted_as_odoo_notes_them(self):
        """Many at once, in two statements; each note is the one that Odoo makes."""
        plain = self.registry["mail.thread"]._message_track
        charges, messages = map(self.registry.get, ("utility.charge", "mail.message"))
        one = patch.object(charges, "_message_track", plain)
        expected = self._notes_of_confirming(1, one)
        none = patch.object(messages, "create", side_effect=AssertionError)
        self.assertEqual(self._notes_of_confirming(2, none), expected * 2)

    def test_origin_points_to_the_case_or_practice(self):
        charge = self._charge(origin=f"utility.contract,{self.contract.id}")
        self.assertEqual(charge.origin, self.contract)
        domain = [("origin", "=", f"utility.contract,{self.contract.id}")]
        found = self.env["utility.charge"].search(domain)
        self.assertEqual(found, charge)

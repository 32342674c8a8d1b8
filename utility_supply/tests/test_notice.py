"""Past notices: what makes one formal, who may touch which."""

from datetime import date

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestNotice(UtilityCommon):
    def _vals(self, **vals):
        return {
            "company_id": self.company.id,
            "contract_id": self.contract.id,
            "kind": "default",
            "channel": "ar",
            "sent_date": date(2026, 3, 2),
            **vals,
        }

    def _notice(self, **vals):
        return self.env["utility.notice"].create(self._vals(**vals))

    def test_formal_by_kind_and_channel(self):
        expected = {
            ("default", "ar"): True,
            ("default", "pec"): True,
            ("default", "email"): False,
            ("termination", "pec"): True,
            ("notice", "ar"): False,
            ("reminder", "sms"): False,
        }
        for (kind, channel), formal in expected.items():
            notice = self._notice(kind=kind, channel=channel)
            self.assertEqual(notice.is_formal_notice, formal, (kind, channel))
        # the file may know better
        self.assertTrue(
            self._notice(
                kind="notice", channel="ar", is_formal_notice=True
            ).is_formal_notice
        )

    def test_customer_and_number_come_by_themselves(self):
        notice = self._notice()
        self.assertEqual(notice.partner_id, self.customer)
        self.assertRegex(notice.ref, r"^UTN/\d{4}/\d{6}$")
        self.assertEqual(notice.source, "manual")

    @mute_logger("odoo.sql_db")
    def test_refused_by_the_database(self):
        self._notice(ref="N1")
        for vals in (
            {"ref": "N1"},
            {"ref": "N2", "notified_date": date(2026, 3, 1)},
        ):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self._notice(**vals)

    def test_clerk_records_and_corrects_own_but_no_proof(self):
        notices = self.env(user=self.utility_user)["utility.notice"]
        mine = notices.create(self._vals())
        mine.pay_term = date(2026, 4, 1)
        imported = (
            self.env["utility.notice"].sudo().create(self._vals(source="imported"))
        )
        with self.assertRaises(AccessError):
            imported.with_user(self.utility_user).sent_date = date(2026, 1, 1)
        with self.assertRaises(AccessError):
            notices.create(self._vals(source="imported"))
        with self.assertRaises(AccessError):
            mine.write({"source": "dunning"})
        with self.assertRaises(AccessError):
            mine.unlink()
        imported.with_user(self.utility_admin).pay_term = date(2026, 4, 2)
        with self.assertRaises(AccessError):
            imported.with_user(self.utility_admin).unlink()

    def test_bills_and_notices_know_each_other(self):
        bill = self._create_bill("N100")
        notice = self._notice(move_ids=[Command.set(bill.ids)])
        self.assertEqual(bill.utility_notice_ids, notice)
        self.assertEqual(self.contract.notice_count, 1)
        action = self.contract.action_open_notices()
        self.assertEqual(self.env["utility.notice"].search(action["domain"]), notice)

    def test_gate_22_a_bill_with_a_notice_is_not_undone_quietly(self):
        """Neither cancelled nor reset to draft, by button or by RPC, but credited."""
        bill, free = self._create_bill("U1"), self._create_bill("U2")
        self._notice(move_ids=[Command.link(bill.id)])
        for undo in (
            bill.button_draft,
            bill.button_cancel,
            lambda: bill.write({"state": "draft"}),
            lambda: (bill | free).write({"state": "cancel"}),
        ):
            with self.assertRaisesRegex(UserError, "U1.*credit note"):
                undo()
        self.assertEqual((bill | free).mapped("state"), ["posted", "posted"])
        free.button_draft()
        self.assertEqual(free.state, "draft", "nobody was asked for this one")
        credit = bill._reverse_moves([{}], cancel=True)
        self.assertEqual(credit.state, "posted")
        self.assertEqual(bill.payment_state, "reversed")

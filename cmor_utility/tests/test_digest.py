"""Facts checked before are read again as a digest: any change of theirs is seen."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import END, TODAY, CmorCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestDigest(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_switch_out("DG1")
        cls.practice = cls._find()
        cls._declare(cls.practice)
        cls.practice.action_confirm()

    def checks(self, practices, today=TODAY):
        """The practices that a check looks into: those that something has touched."""
        seen = self.practices.browse().sudo()
        original = type(self.practice)._facts

        def watched(practice, *args):
            nonlocal seen
            seen |= practice
            return original(practice, *args)

        with patch.object(type(self.practice), "_facts", watched):
            practices.sudo()._evaluate(today)
        return seen

    def test_untouched_is_not_judged_again(self):
        self.assertTrue(self.practice.facts_digest)
        self.assertFalse(self.checks(self.practice))
        self.assertEqual(self.practice.state, "ready")

    def test_another_day_of_the_same_phase_is_none(self):
        """Confirmed on Wednesday, exported on Thursday: the same answers."""
        tomorrow = date(2026, 4, 16)
        self.assertFalse(self.checks(self.practice, tomorrow))
        self.assertEqual(self.practice.evaluated_on, tomorrow)
        # a day before the last check is none that follows from it
        self.assertTrue(self.checks(self.practice, TODAY))

    def test_another_phase_is_another_judgement(self):
        last = self.practice.window_close
        self.assertTrue(self.checks(self.practice, last))
        closing = self.practice.condition_ids.filtered(lambda c: c.code == "C11")
        self.assertEqual(closing.reason_code, "c11_closing")
        self.assertFalse(self.checks(self.practice, last))
        self.assertTrue(self.checks(self.practice, last + timedelta(days=1)))
        # closed by one reading, open by the other: no longer ready
        self.assertEqual(self.practice.unknown_codes, "C11")
        self.assertEqual(self.practice.state, "candidate")

    def test_a_candidate_that_waits_for_a_person_only(self):
        """Its facts are read as those of one that is ready."""
        self.practice.action_back_to_candidate()
        self.assertFalse(self.checks(self.practice))
        self._pay(self.practice.line_ids.move_id[0], 10)
        owed = self.practice.indemnity
        self.assertTrue(self.checks(self.practice))
        self.assertLess(self.practice.indemnity, owed)

    def test_declared_and_confirmed_is_judged_once(self):
        self._create_switch_out("DG2")
        practice = self._find()
        # what lacks a declaration is looked into each time
        self.assertTrue(self.checks(practice))
        self._declare(practice)
        with patch.object(type(practice), "_facts") as judged:
            practice.action_confirm()
        judged.assert_not_called()
        self.assertEqual(practice.state, "ready")
        self.assertFalse(self.checks(practice))

    def test_paid_between_declaration_and_confirmation(self):
        """The confirmation does not trust the answers of the declaration."""
        self._create_switch_out("DG3")
        practice = self._find()
        self._declare(practice)
        for move in practice.line_ids.move_id:
            self._pay(move)
        with self.assertRaisesRegex(UserError, "not a candidate"):
            practice.action_confirm()

    def changes_of_bills(self, practice):
        """{what: change} of what was billed and paid."""
        bill, contract = practice.line_ids.move_id[0], practice.contract_id
        return {
            "a payment": lambda: self._pay(bill, 10),
            "a new bill": lambda: self._create_period_bill(
                "DG1/9", contract, 50.0, date(2025, 8, 1), END
            ),
            "a bill's period": lambda: bill.write({"consumption_to": END}),
            "a reading": lambda: bill.write({"reading_kind": "estimated"}),
            "a recalculation": lambda: bill.write(
                {"recalculation_kind": "meter_fault"}
            ),
            "other services": lambda: bill.write({"other_services_amount": 5.0}),
        }

    def changes(self, practice):
        """{what: change} of notices, supply, declarations, parameters and role."""
        bill, contract = practice.line_ids.move_id[0], practice.contract_id
        notice, point = practice.notice_ids, practice.supply_point_id
        other = self._create_customer("CUDG2")
        return {
            "a notice's day": lambda: notice.write(
                {"notified_date": date(2025, 10, 26)}
            ),
            "a notice's warning": lambda: notice.write({"cmor_warning": False}),
            "a notice's proofs": lambda: notice.write(
                {"attachment_ids": [Command.clear()]}
            ),
            "a notice's bills": lambda: notice.write(
                {"move_ids": [Command.unlink(bill.id)]}
            ),
            "a new notice": lambda: self._create_notice(contract, ref="N-DG1-2"),
            "the point": lambda: point.write({"voltage_level": "medium"}),
            "why it ended": lambda: contract.write({"end_reason": "transfer"}),
            "a later holder": lambda: self._create_contract(
                "DG2", other, point, date_start=date(2025, 12, 1)
            ),
            "previous CMOR": lambda: practice._guarded().write(
                {"prev_cmor_amount": 20.0}
            ),
            "a complaint": lambda: practice.write({"complaint_on": TODAY}),
            "the last day": lambda: contract.write({"date_end": date(2025, 8, 30)}),
            "an open credit": lambda: self._open_credit(),
            "costs on a bill": lambda: self._costs_on(bill),
            "a bill left out": lambda: (
                practice.line_ids[0]
                ._guarded()
                .write({"is_excluded": True, "exclude_reason": "x"})
            ),
            "a declaration": lambda: (
                practice.condition_ids[0]._guarded().write({"declared_result": "no"})
            ),
            "a parameter": lambda: self.env["cmor.parameter"].create(
                {
                    "key": "min_amount",
                    "name": "Least amount",
                    "value": "20.00",
                    "unit": "eur",
                    "date_from": date(2026, 1, 1),
                    "company_id": self.company.id,
                }
            ),
            "the role": lambda: self.role.sudo().write({"date_to": date(2026, 4, 1)}),
        }

    def _open_credit(self):
        payment = (
            self.env["account.payment"]
            .sudo()
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.contract.partner_id.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "amount": 5.0,
                    "date": TODAY,
                }
            )
        )
        payment.action_post()

    def _costs_on(self, bill):
        self.env["utility.charge"].sudo()._guarded().create(
            {
                "company_id": self.company.id,
                "partner_id": self.contract.partner_id.id,
                "contract_id": self.contract.id,
                "kind": "interest",
                "amount": 2.0,
                "date": TODAY,
                "description": "Mora",
                "state": "confirmed",
                "move_id": bill.id,
            }
        )

    def test_every_fact_counts(self):
        """Whatever the rules look at: a change of it is a reason to judge again."""
        practice = self.practice.sudo()
        changes = {**self.changes_of_bills(practice), **self.changes(practice)}
        for what, change in changes.items():
            with self.subTest(what), self.env.cr.savepoint() as savepoint:
                change()
                self.assertEqual(self.checks(self.practice), self.practice, what)
                savepoint.rollback()
                self.env.invalidate_all(flush=False)
                self.env.registry.clear_cache()
        self.assertFalse(self.checks(self.practice), "all of it was undone")

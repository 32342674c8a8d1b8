"""Suspensions: made, lengthened and ended by who may; the case follows."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .hold_common import PROOF, HoldCommon


@tagged("post_install", "-at_install")
class TestHoldMaking(HoldCommon):
    def test_gate_16_hold_with_end_resumes_by_itself(self):
        """Gate 16 [G01 G02]: nothing is done meanwhile, then the case goes on alone."""
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11), note="Paga l'11")
        self.assertRecordValues(
            hold,
            [
                {
                    "scope": "case",
                    "case_id": self.case.id,
                    "customer_id": self.customer.id,
                    "date_from": self.day(2),
                    "date_to": self.day(11),
                    "resume_date": self.day(12),
                    "stops": "all",
                    "clock": "run",
                    "placed_by": self.operator.id,
                }
            ],
        )
        self.assertEqual(self.case.next_kind, "wait", "the case did not follow at once")
        self.assertIn("Suspended", self.case.next_reason)
        self.assertEqual(self.case.next_date, self.day(12))
        self.walk(3, 7, 11)
        self.assertFalse(self.done())
        with self.at(11):
            self.assertEqual(hold.state, "active")
        self.walk(12)
        self.assertEqual(self.done(), [20], "the case did not go on by itself")
        with self.at(12):
            hold.invalidate_recordset()
            self.assertEqual(hold.state, "ended")
            self.holds._watch(self.company, self.day(12))
        self.assertEqual((hold.end_reason, hold.ended_on), ("date", self.day(12)))

    def test_the_same_without_hold_is_done(self):
        """The test above could fail: without the suspension the e-mail leaves."""
        self.walk(3, 7)
        self.assertEqual(self.done(), [20])

    def test_ended_by_a_person_goes_on_at_once(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
        with self.at(8):
            hold.with_user(self.operator).action_end("unfounded", "non ha pagato")
            self.assertEqual(hold.state, "ended")
        self.assertRecordValues(
            hold,
            [
                {
                    "resume_date": self.day(8),
                    "ended_on": self.day(8),
                    "ended_by": self.operator.id,
                    "end_reason": "unfounded",
                    "date_to": self.day(11),
                }
            ],
        )
        self.assertFalse(self.done(), "ending a suspension sends nothing by itself")
        self.assertEqual(
            (self.case.next_kind, self.case.next_date), ("execute", self.day(8))
        )
        self.walk(8)
        self.assertEqual(self.done(), [20])
        with self.at(9), self.assertRaises(UserError):
            hold.with_user(self.operator).action_end("unfounded")

    def test_planned_starts_on_its_day(self):
        with self.at(2):
            hold = self.suspend("promise", date_from=self.day(6), date_to=self.day(9))
            self.assertEqual(hold.state, "planned")
            self.assertNotIn("Suspended", self.case.next_reason)
        self.walk(7, 9)
        self.assertFalse(self.done())
        self.walk(10)
        self.assertEqual(self.done(), [20])

    def test_planned_and_ended_is_cancelled(self):
        with self.at(2):
            hold = self.suspend("promise", date_from=self.day(6), date_to=self.day(9))
            hold.with_user(self.operator).action_end("withdrawn")
            self.assertEqual(hold.state, "cancelled")
        self.walk(7)
        self.assertEqual(self.done(), [20])

    def test_of_a_contract_and_of_a_customer(self):
        other = self._create_contract("CT2", self._create_customer("C2"))
        elsewhere = self.case_of(self.overdue("B2", other))
        self.run_on(1)
        elsewhere = self.env["dunning.case"].search([("contract_id", "=", other.id)])
        with self.at(2):
            self.suspend("promise", self.contract, date_to=self.day(11))
            self.suspend("promise", other.partner_id, date_to=self.day(11))
        self.walk(7)
        self.assertFalse(self.done() + self.done(elsewhere))
        self.walk(12)
        self.assertEqual(self.done() + self.done(elsewhere), [20, 20])

    def test_letter_not_sent_is_withdrawn_the_same_day_and_comes_back(self):
        """Transition 16: what has not left yet is taken back at once."""
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        self.assertTrue(letter)
        with self.at(31):
            hold = self.suspend("bill_disputed")
        self.assertEqual(letter.state, "superseded")
        self.assertIn("bill disputed", letter.reason)
        self.assertEqual(letter.communication_ids.mapped("state"), ["cancelled"])
        with self.at(40):
            hold.with_user(self.operator).action_end("unfounded")
        self.walk(40)
        self.assertEqual(letter.state, "executing")
        self.assertEqual(letter.communication_ids.mapped("state"), ["to_send"])

    def test_letter_already_sent_stays(self):
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        letter.communication_ids.sudo()._guarded().write(
            {"state": "sent", "sent_date": self.day(30)}
        )
        with self.at(31):
            self.suspend("bill_disputed")
        self.assertEqual(letter.state, "executing")

    def test_planned_hold_withdraws_on_its_first_day(self):
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        with self.at(30):
            self.suspend("promise", date_from=self.day(33), date_to=self.day(35))
        self.walk(31)
        self.assertEqual(letter.state, "executing")
        self.walk(33)
        self.assertEqual(letter.state, "superseded")

    def test_no_overlap_of_scope_and_reason(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
            with self.assertRaises(UserError):
                self.suspend("promise", date_to=self.day(5))
            # another reason, another scope, later days: all fine
            self.suspend("commercial")
            self.suspend("promise", self.contract, date_to=self.day(11))
            self.suspend("promise", date_from=self.day(12), date_to=self.day(14))
            hold.with_user(self.manager).action_end("mistake")
            self.suspend("promise", date_to=self.day(11))

    def test_database_refuses_an_overlap(self):
        """The last word is PostgreSQL's: two users at once cannot make two."""
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
        values = hold.copy_data()[0]
        for shift in (0, 9):
            vals = {
                **{k: v for k, v in values.items() if k != "attachment_ids"},
                "company_id": self.company.id,
                "date_from": self.day(2 + shift),
                "date_to": self.day(20),
                "resume_date": self.day(21),
                "case_id": self.case.id,
                "scope": "case",
                "reason_id": hold.reason_id.id,
                "customer_id": self.customer.id,
                "stops": "all",
                "clock": "run",
                "end_rule": "date",
            }
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.holds.sudo()._guarded().create(vals)
        later = {**vals, "date_from": self.day(12)}
        self.holds.sudo()._guarded().create(later)

    def test_one_scope_only(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
        for vals in ({"contract_id": self.contract.id}, {"case_id": False}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                hold.sudo()._guarded().write(vals)
                self.env.flush_all()

    def test_extend(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(5))
            mine = hold.with_user(self.operator)
            with self.assertRaises(UserError):
                mine.action_extend(self.day(4))
            mine.action_extend(self.day(12), "ha chiesto altri giorni")
            self.assertEqual(
                (hold.date_to, self.case.next_date), (self.day(12), self.day(13))
            )
            with self.assertRaises(AccessError):
                mine.action_extend(self.day(20))
            hold.with_user(self.manager).action_extend(self.day(20))
        self.assertEqual(hold.resume_date, self.day(21))

    def test_dates_that_make_no_sense(self):
        with self.at(10):
            for wrong in (
                {"date_to": self.day(9)},
                {"date_from": self.day(12), "date_to": self.day(11)},
                {"received_on": self.day(11)},
            ):
                with self.assertRaises(UserError):
                    self.suspend("promise", **wrong)
            with self.assertRaises(UserError):
                self.suspend("address_doubtful", date_to=self.day(20))

    def test_proof_kept_as_it_is(self):
        with self.at(2):
            with self.assertRaises(UserError):
                self.suspend("prescription_objected", self.bill)
            hold = self.suspend("prescription_objected", self.bill, proofs=PROOF)
        file = hold.attachment_ids
        self.assertEqual(file.raw, b"scritto")
        self.assertEqual(file.with_user(self.operator).raw, b"scritto")
        with self.assertRaises(UserError):
            file.sudo().write({"raw": b"altro"})
        with self.assertRaises(UserError):
            file.sudo().unlink()

    def test_what_the_law_asks_ends_only_with_proof(self):
        with self.at(2):
            hold = self.suspend("prescription_objected", self.bill, proofs=PROOF)
        with self.at(9):
            mine = hold.with_user(self.operator)
            with self.assertRaises(UserError):
                mine.action_end("fact_over")
            mine.action_end("fact_over", "riconosciuta", PROOF)
            self.assertEqual(hold.state, "ended")
        self.assertEqual(len(hold.attachment_ids), 2)

    def test_bulk(self):
        others = [
            self.overdue(f"X{i}", self._create_contract(f"CX{i}", self.customer))
            for i in range(3)
        ]
        self.run_on(1)
        cases = self.case | self.case_of(others[0]) | self.case_of(others[1])
        with self.at(2):
            holds = self.suspend("commercial", cases)
        self.assertEqual(holds.case_id, cases)
        with self.at(2), self.assertRaises(UserError):
            # all or none: one of them is suspended already
            self.suspend("commercial", cases | self.case_of(others[2]))
        self.assertEqual(len(self.holds.search([("case_id", "in", cases.ids)])), 3)

    def test_bulk_from_the_list(self):
        """The action of the list of cases opens the same window for all of them."""
        other = self.overdue("B2", self._create_contract("CT2", self.customer))
        self.run_on(1)
        cases = self.case | self.case_of(other)
        server = self.env.ref("creditbox_dunning.dunning_hold_action_server_suspend")
        server = server.with_user(self.operator).with_context(
            active_model="dunning.case", active_ids=cases.ids
        )
        action = server.run()
        with self.at(2):
            form = Form(
                self.env["dunning.hold.wizard"]
                .with_user(self.operator)
                .with_context(**action["context"])
            )
            form.reason_id = self.env["dunning.hold.reason"]._get("commercial")
            self.assertIn("200.00", form.effect)
            form.save().action_confirm()
        self.assertEqual(self.holds.search([]).case_id, cases)

    def test_wizard_suspends_and_shows_what_stops(self):
        self.walk(7, 15, 30)
        reason = self.env.ref("creditbox_dunning.dunning_hold_reason_bill_disputed")
        with self.at(31):
            action = self.case.with_user(self.operator).action_suspend()
            wizard = (
                self.env[action["res_model"]]
                .with_user(self.operator)
                .with_context(**action["context"])
                .create({"reason_id": reason.id})
            )
            self.assertEqual(wizard.date_to, self.day(31) + timedelta(days=29))
            self.assertIn(self.case.name, wizard.effect)
            self.assertIn("taken back at once", wizard.effect)
            wizard.only_bill_ids = self.bill
            wizard.action_confirm()
            hold = self.holds.search([("move_id", "=", self.bill.id)])
            self.assertEqual(hold.scope, "bill")
            self.case.invalidate_recordset(["hold_count"])
            self.assertEqual(self.case.with_user(self.operator).hold_count, 1)
            shown = self.case.with_user(self.operator).action_open_holds()
            self.assertEqual(self.holds.search(shown["domain"]), hold)
            ending = hold.with_user(self.operator).action_open_end()
            wizard = (
                self.env[ending["res_model"]]
                .with_user(self.operator)
                .with_context(**ending["context"])
                .create({"why": "withdrawn"})
            )
            wizard.action_confirm()
        self.assertEqual(hold.end_reason, "withdrawn")

"""Incoming side: notices, matching, answers, requests."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common_incoming import TODAY_IN, IncomingCommon

PDR = "00881234567890"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestNotices(IncomingCommon):
    def test_notice_becomes_a_matched_practice(self):
        practice = self._incoming()
        self.assertRecordValues(
            practice,
            [
                {
                    "side": "incoming",
                    "state": "matched",
                    "sii_code": "SII000000000001",
                    "contract_id": self.contract.id,
                    "partner_id": self.customer.id,
                    "indemnity": 100.0,
                    "role_id": self.role.id,
                    "distributor_id": self.distributor.id,
                    # ten working days from 10 April 2026, 25 April is a Saturday
                    "suspend_until": date(2026, 4, 24),
                }
            ],
        )
        self.assertIn("Rossi", practice.event_ids.sorted("id")[0].text)
        self.assertIn("2026", practice.next_text)

    def test_same_notice_again_changes_nothing(self):
        practice = self._incoming()
        events = practice.event_ids
        (again,) = self._receive("claim_notice_in_cc", self._notice())
        self.assertEqual((again.state, again.practice.id), ("repeated", practice.id))
        twice = self._receive(
            "claim_notice_in",
            self._notice("SII000000000002"),
            self._notice("SII000000000002"),
        )
        self.assertEqual([r.state for r in twice], ["applied", "repeated"])
        self.assertEqual(practice.event_ids, events)
        (other,) = self._receive("claim_notice_in", self._notice(amount="99"))
        self.assertEqual(other.problem, "notice_amount_differs")
        self.assertEqual(practice.indemnity, 100.0)

    def test_a_bad_notice_does_not_stop_the_others(self):
        results = self._receive(
            "claim_notice_in",
            self._notice("", amount="1"),
            self._notice("SII000000000003", cmor_amount=None),
            self._notice("SII000000000004", pod="  "),
            self._notice("SII000000000005"),
        )
        self.assertEqual(
            [r.problem or r.state for r in results],
            ["notice_no_code", "notice_no_amount", "notice_no_point", "applied"],
        )

    def test_pod_of_fifteen_characters_and_pdr_without_zeros(self):
        code = self.contract.supply_point_id.code
        self.assertEqual(len(code), 14)
        practice = self._incoming(pod=f"{code}7")
        self.assertEqual(practice.contract_id, self.contract)
        point = self._create_point(PDR, "gas", gas_use="domestic")
        gas = self._create_contract("GAS1", self._create_customer("G1"), point)
        practice = self._incoming(
            "SII000000000009", sector_code="G", pod=None, pdr=PDR.lstrip("0")
        )
        self.assertEqual((practice.contract_id, practice.sector), (gas, "gas"))

    def test_two_contracts_wait_for_a_person(self):
        """The same supply under two codes: nobody guesses, and the practice says so."""
        self._create_contract(
            "CT001-BIS", self.contract.partner_id, self.contract.supply_point_id
        )
        practice = self._incoming()
        self.assertRecordValues(
            practice, [{"state": "unmatched", "match_reason": "several"}]
        )
        event = practice.sudo().event_ids.filtered(lambda e: e.kind == "unmatched")
        self.assertIn("Several contracts", event.text)
        practice.sudo()._refresh_terms(TODAY_IN)
        self.assertTrue(practice.needs_action)
        self.assertEqual(practice.action_next()["res_model"], "cmor.match.wizard")

    def test_another_holder_waits_for_a_person(self):
        practice = self._incoming(fiscal_code="VRDLGI80A01F205B")
        self.assertRecordValues(
            practice,
            [{"state": "unmatched", "match_reason": "holder_differs"}],
        )
        event = practice.sudo().event_ids.filtered(lambda e: e.kind == "unmatched")
        self.assertIn("Another holder", event.text)
        self.assertIn("Altro intestatario", event.with_context(lang="it_IT").text)
        wizard = (
            self.env["cmor.match.wizard"]
            .with_user(self.operator)
            .with_context(default_practice_id=practice.id)
            .create({})
        )
        self.assertEqual(wizard.proposal_ids.ids, self.contract.ids)
        self.assertEqual(wizard.contract_id, self.contract)
        self.assertTrue(wizard.doubt)
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.note = "Erede, atto del 3 aprile"
        wizard.action_apply()
        self.assertEqual(practice.state, "matched")
        self.assertEqual(practice.matched_by_id, self.operator)
        self.assertIn("Erede", practice.event_ids[0].text)

    def test_unmatched_point_and_period(self):
        moved = self._incoming(pod="IT001E99999999")
        self.assertEqual(moved.match_reason, "unknown_point")
        self.contract.write({"date_end": date(2026, 4, 9), "end_reason": "transfer"})
        late = self._incoming("SII000000000002")
        self.assertEqual(late.match_reason, "not_in_force")
        self.contract.write({"date_end": date(2026, 4, 10)})
        late.action_match_again()
        self.assertEqual(late.state, "matched")

    def test_annulment_asked_for_a_stranger_and_refused(self):
        practice = self._incoming(pod="IT001E99999999")
        practice._ask_cancel_in(self.reason("N6"))
        request = self._sent(practice, "cancel_request")
        self.assertEqual(practice.state, "cancel_requested")
        self.assertEqual(request.values["side_code"], "E")
        (ack,) = self._receive("cancel_ack", {"code": request.code, "admitted": 1})
        self.assertEqual((ack.state, request.state), ("applied", "admitted"))
        (no,) = self._receive("cancel_outcome", {"code": request.code, "outcome": 0})
        self.assertEqual((no.state, practice.state), ("applied", "unmatched"))
        practice._ask_cancel_in(self.reason("N9"), "Punto mai servito")
        request = self._sent(practice, "cancel_request")
        self._receive("cancel_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((practice.state, practice.is_annulled), ("closed", True))
        with self.assertRaises(UserError):
            practice._ask_cancel_in(self.reason("N9"), " ")

    def test_annulment_notice_overtakes_what_was_asked(self):
        practice = self._incoming()
        practice._ask_suspension("requested", "Richiesta del 9 aprile")
        request = self._sent(practice, "suspend_request")
        self.assertEqual(practice.state, "suspend_requested")
        (result,) = self._receive(
            "cancel_notice",
            {"sii_code": practice.sii_code, "cancelled_on": date(2026, 4, 14)},
        )
        self.assertEqual(result.state, "applied")
        self.assertEqual((practice.state, request.state), ("closed", "overtaken"))
        (late,) = self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((late.state, practice.state), ("repeated", "closed"))
        (again,) = self._receive("cancel_notice", {"sii_code": practice.sii_code})
        self.assertEqual(again.state, "repeated")

    def test_updates_out_of_order(self):
        practice = self._incoming()
        first = {
            "sii_code": practice.sii_code,
            "amount_before": Decimal("100"),
            "cmor_amount": Decimal("80"),
            "updated_on": date(2026, 4, 12),
        }
        second = {
            **first,
            "amount_before": Decimal("80"),
            "cmor_amount": Decimal("60"),
            "updated_on": date(2026, 4, 13),
        }
        (early,) = self._receive("claim_update", second)
        self.assertEqual(early.problem, "update_before_differs")
        self._receive("claim_update", first)
        (now,) = self._receive("claim_update", second)
        self.assertEqual((now.state, practice.indemnity), ("applied", 60.0))
        (unknown,) = self._receive("claim_update", {**first, "sii_code": "SIIX"})
        self.assertNotEqual(unknown.state, "applied")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestSuspension(IncomingCommon):
    def test_conditions(self):
        practice = self._incoming()
        with self.assertRaises(UserError):
            practice._ask_suspension()
        with self.assertRaises(UserError):
            practice._ask_suspension("requested", " ")
        self.assertTrue(practice.can_suspend)
        self.contract.supply_state = "suspended"
        request = practice._ask_suspension()
        self.assertEqual(request.reason, "S1")
        self.assertFalse(practice.can_suspend)
        with self.assertRaises(UserError):
            practice._ask_suspension()

    def test_term(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        with freeze_time("2026-04-25"):
            with self.assertRaises(UserError):
                practice._ask_suspension()
        with freeze_time("2026-04-24"):
            practice._ask_suspension()

    def test_refused_after_collection(self):
        practice = self._to_charge()
        bill = self._on_bill(practice)
        self._pay(bill)
        practice.action_settle()
        self.assertEqual(practice.state, "collected")
        self.contract.supply_state = "suspended"
        with self.assertRaisesRegex(UserError, "paid the CMOR"):
            practice._ask_suspension()

    def test_granted_revoked_and_goes_on(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        practice._ask_suspension()
        request = self._sent(practice, "suspend_request")
        # the outcome comes before its acknowledgement
        (yes,) = self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual((yes.state, practice.state), ("applied", "suspended"))
        (ack,) = self._receive("suspend_ack", {"code": request.code, "admitted": 1})
        self.assertEqual(ack.state, "repeated")
        (no,) = self._receive("suspend_outcome", {"code": request.code, "outcome": 0})
        self.assertEqual(no.problem, "answer_contradicts")
        self.assertEqual(practice.state, "suspended")
        # what the network charges meanwhile is not passed on
        self._charged_by_network(practice)
        self.assertEqual(practice.state, "suspended")
        with self.assertRaises(UserError):
            practice.action_charge_customer()
        practice._ask_resumption("Riattivata")
        revoke = self._sent(practice, "suspend_revoke")
        self._receive("suspend_outcome", {"code": revoke.code, "outcome": 1})
        self.assertEqual(practice.state, "to_charge")

    def test_answer_before_the_file_was_marked(self):
        practice = self._incoming()
        self.contract.supply_state = "suspended"
        request = practice._ask_suspension()
        request.sudo()._guarded().write({"code": "R1"})
        (result,) = self._receive("suspend_ack", {"code": "R1", "admitted": 1})
        self.assertEqual(result.problem, "answer_before_sent")
        (unclear,) = self._receive("suspend_ack", {"code": "R1", "admitted": "si"})
        self.assertEqual(unclear.problem, "answer_unclear")

    def test_many_at_once_by_the_dialog(self):
        practices = self._incoming() | self._incoming("SII000000000002")
        wizard = (
            self.env["cmor.suspend.wizard"]
            .with_user(self.operator)
            .create(
                {
                    "practice_ids": practices.ids,
                    "declared": "failed",
                    "proof": "Esito del distributore del 8 aprile",
                }
            )
        )
        self.assertTrue(wizard.has_unknown)
        wizard.action_apply()
        self.assertEqual(practices.request_ids.mapped("reason"), ["S3", "S3"])


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingSecurity(IncomingCommon):
    def test_bystander_reads_only(self):
        practice = self._incoming().with_user(self.bystander)
        self.assertEqual(practice.indemnity, 100.0)
        self.assertFalse(practice.can_operate)
        for action in (
            practice.action_match,
            practice.action_match_seller,
            practice.action_charge_customer,
            practice.action_report,
            practice.action_ask_suspension,
            practice.action_unmatch,
            lambda: practice._ask_cancel_in(self.reason("N6")),
        ):
            with self.assertRaises(AccessError):
                action()
        for vals in ({"indemnity": 1}, {"is_annulled": True}, {"billed_amount": 0}):
            with self.assertRaises(AccessError):
                practice.with_user(self.operator).write(vals)

    def test_two_companies(self):
        practice = self._incoming()
        other = self._other_role()
        (result,) = self._receive(
            "claim_notice_in", self._notice(), company=self.other_company
        )
        # the same code at another company is another practice, and not our contract
        self.assertNotEqual(result.practice.id, practice.id)
        self.assertEqual(result.practice.state, "unmatched")
        with self.assertRaises(AccessError):
            practice.with_user(other).read(["name"])
        with self.assertRaises(AccessError):
            result.practice.with_env(self.env(user=self.operator)).read(["name"])
        mine = result.practice.with_env(self.env(user=other))
        with self.assertRaises(UserError):
            mine._match_by_hand(self.contract.with_user(other).sudo(), "x")

    def test_lines_of_the_network_are_guarded(self):
        practice = self._incoming()
        self._charged_by_network(practice)
        line = practice.network_charge_ids.with_user(self.operator)
        for vals in (
            {"state": "unmatched"},
            {"practice_id": False},
            {"source": "bill"},
        ):
            with self.assertRaises(AccessError):
                line.write(vals)
        with self.assertRaises(UserError):
            line.write({"amount": 1})
        with self.assertRaises(AccessError):
            line.unlink()

    def test_forms_of_the_two_sides(self):
        practice = self._incoming()
        form = self.env.ref("cmor_utility.cmor_practice_view_form_incoming")
        self.assertEqual(practice.get_formview_id(), form.id)
        self.assertEqual(practice._action_show()["views"], [(form.id, "form")])
        self.assertIn("SII000000000001", practice.display_name)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingBulk(IncomingCommon):
    def _statements(self, first, count):
        rows = [
            self._notice(f"SII{number:012d}", pod=f"IT001E{number:08d}")
            for number in range(first, first + count)
        ]
        for row in rows[::2]:
            self._create_contract(
                f"B{row['sii_code']}",
                self.customer,
                self._create_point(row["pod"]),
            )
        records = self._records("claim_notice_in", rows)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        results = (
            self.env["cmor.flow.handler"].sudo()._apply("claim_notice_in", records)
        )
        self.env.flush_all()
        states = {r.practice.state for r in results.values()}
        self.assertEqual(states, {"matched", "unmatched"})
        return self.env.cr.sql_log_count - before

    def test_constant_statements(self):
        self._statements(1, 4)
        few = self._statements(100, 20)
        many = self._statements(1000, 200)
        self.assertLess(many, few * 1.5 + 20, f"{few} for 20, {many} for 200")

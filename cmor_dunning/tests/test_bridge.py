from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cmor_utility.tests.common import PROOF, TODAY, CmorCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestBridge(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_switch_out("K1")
        cls.credit_clerk = cls._create_user(
            "credit", "creditbox_dunning.group_dunning_operator"
        )

    def run_dunning(self, day=TODAY):
        return self.env["dunning.run"].sudo().run_for(self.company, day)

    def practices_of(self, contract):
        return self.env["cmor.practice"].search([("contract_id", "=", contract.id)])

    def case_of(self, contract):
        return (
            self.env["dunning.case"].sudo().search([("contract_id", "=", contract.id)])
        )

    def test_a_case_of_a_switched_out_supply_becomes_a_candidate(self):
        stays = self._create_contract("STAY", self._create_customer("STAY"))
        self._create_period_bill(
            "STAY/1", stays, 80.0, date(2025, 6, 1), date(2025, 6, 30)
        )
        self.run_dunning()
        case = self.case_of(self.contract)
        practice = self.practices_of(self.contract)
        self.assertEqual(practice.sudo().dunning_case_id, case)
        self.assertEqual(case.cmor_practice_ids, practice)
        self.assertEqual(practice.state, "candidate")
        self.assertTrue(self.case_of(stays))
        self.assertFalse(self.practices_of(stays))
        self.run_dunning()
        self.assertEqual(len(self.practices_of(self.contract)), 1)

    def test_a_debt_that_is_paid_by_instalments_is_told(self):
        practice = self._find().with_user(self.credit_clerk).sudo()
        self.assertFalse(practice.dunning_plan_text)
        self.run_dunning()
        case = self.case_of(self.contract)
        plan = self.env["dunning.payment.plan"].sudo()
        plan = plan.create({"case_id": case.id, "number": 2})
        practice.invalidate_recordset()
        self.assertFalse(practice.dunning_plan_text, "a draft is no plan")
        plan.action_ask()
        self.env["dunning.approval.request"].sudo().search(
            [("res_model", "=", plan._name), ("res_id", "=", plan.id)]
        ).with_user(self._director()).action_approve()
        practice.invalidate_recordset()
        self.assertIn(plan.name, practice.dunning_plan_text)

    def _director(self):
        return self._create_user("capo", "creditbox_dunning.group_dunning_director")

    def test_whichever_comes_first(self):
        practice = self._find()
        self.assertFalse(practice.sudo().dunning_case_id)
        self.run_dunning()
        self.assertEqual(practice.sudo().dunning_case_id, self.case_of(self.contract))

    def test_notice_of_dunning_is_evidence(self):
        """A formal notice that dunning wrote makes conditions 4 and 5 true."""
        contract = self._create_switch_out("K2", notice=False)
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertEqual(practice.failed_codes, "C4, C5")
        self._create_notice(contract).sudo().source = "dunning"
        self.run_dunning()
        practice.action_recompute()
        self.assertFalse(practice.failed_codes)
        self.assertEqual(practice.notice_ids.source, "dunning")

    def _holds(self):
        return self.env["dunning.hold"].with_user(self.credit_clerk)

    def test_what_the_customer_told_is_a_fact_of_the_conditions(self):
        """A complaint that waits, a payment communicated: no silent yes."""
        other = self._create_switch_out("K3")
        found = self._find()
        practice = found.filtered(lambda p: p.contract_id == self.contract)
        self._declare(found)
        found.action_confirm()
        bill = practice.line_ids.move_id[0]
        proofs = [{"name": "reclamo.pdf", "datas": PROOF}]
        hold = self._holds().suspend(
            "bill", bill.ids, "bill_disputed", note="Letture", proofs=proofs
        )
        # ready, with facts as they were but for this one
        found.action_recompute()
        self.assertEqual((practice.state, practice.failed_codes), ("blocked", "C9"))
        evidence = practice.condition_ids.filtered(lambda c: c.code == "C9").evidence
        self.assertIn(bill.billing_ref, evidence)
        untouched = found - practice
        self.assertEqual((untouched.contract_id, untouched.state), (other, "ready"))
        hold.action_answer("refused", "Letture esatte.", proofs=proofs)
        practice.action_recompute()
        # what was declared before the complaint does not cover it
        self.assertEqual((practice.state, practice.unknown_codes), ("candidate", "C9"))
        self._holds().suspend(
            "contract", self.contract.ids, "payment_communicated", proofs=proofs
        )
        practice.action_recompute()
        self.assertEqual(practice.unknown_codes, "C6, C9")

    def test_buttons_both_ways(self):
        self.run_dunning()
        practice = self.practices_of(self.contract)
        case = self.case_of(self.contract)
        action = practice.with_user(self.accountant).action_open_dunning_case()
        self.assertEqual(action["res_id"], case.id)
        case = case.with_user(self.credit_clerk)
        self.assertEqual(case.cmor_practice_count, 1)
        self.assertEqual(case.action_open_cmor_practices()["res_id"], practice.id)
        self.assertTrue(practice.with_user(self.credit_clerk).amount_explanation)
        with self.assertRaises(AccessError):
            practice.with_user(self.credit_clerk).write({"note": "x"})

    @mute_logger("odoo.addons.cmor_dunning.models.dunning_engine")
    def test_an_error_of_cmor_does_not_stop_dunning(self):
        def fail(practices, contracts, today):
            raise ValueError("boom")

        self.patch(type(self.env["cmor.practice"]), "_open_for", fail)
        run = self.run_dunning()
        self.assertEqual(run.count_errors, 0)
        self.assertTrue(self.case_of(self.contract))
        self.assertFalse(self.practices_of(self.contract))

    def test_case_of_another_company_is_not_shown(self):
        self.run_dunning()
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="creditbox_dunning.group_dunning_operator",
            company_id=self.other_company.id,
            company_ids=[(6, 0, self.other_company.ids)],
        )
        with self.assertRaises(AccessError):
            self.practices_of(self.contract).with_user(stranger).read(["name"])

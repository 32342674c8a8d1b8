from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import END, TODAY, CmorCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestCandidates(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_switch_out("K1")

    def condition(self, practice, code):
        return practice.condition_ids.filtered(lambda c: c.code == code)

    def test_found_with_amount_window_and_reasons(self):
        practice = self._find()
        self.assertRecordValues(
            practice,
            [
                {
                    "contract_id": self.contract.id,
                    "partner_id": self.contract.partner_id.id,
                    "supply_point_id": self.contract.supply_point_id.id,
                    "state": "candidate",
                    "sector": "electricity",
                    "date_end": END,
                    "window_open": date(2026, 3, 1),
                    "window_close": date(2026, 8, 31),
                    "window_close_latest": date(2026, 9, 30),
                    "role_id": self.role.id,
                    "failed_codes": False,
                    "unknown_codes": "C7, C9",
                    "verdict": "unknown",
                    "next_action": "declare",
                    "next_date": date(2026, 8, 31),
                }
            ],
        )
        self.assertEqual(len(practice.condition_ids), 14)
        self.assertEqual(len(practice.line_ids), 3)

    def test_amount_to_the_cent(self):
        """By the last day of the old supply D is excluded: 30 of August's 31 days."""
        practice = self._find()
        self.assertEqual(practice.reading_used, "last_day_old")
        self.assertEqual(practice.credit_amount, 296.77)
        self.assertEqual(practice.reading_difference, 3.23)
        self.assertEqual(practice.indemnity, 296.77)
        august = practice.line_ids.filtered(lambda line: line.name == "K1/3")
        self.assertEqual((august.period_days, august.days_inside), (31, 30))
        self.assertEqual(august.relevant_amount, 96.77)
        self.assertEqual(
            sum(practice.line_ids.mapped("relevant_amount")), practice.credit_amount
        )
        self.assertIn("K1/3", practice.amount_explanation)

    def test_gate_26_amount_with_its_steps_and_why_others_are_out(self):
        """Gate 26: every bill's part can be followed, an exclusion has its reason
        (A02, A03)."""
        without = self._create_switch_out("B2", notice=False, closing=False)
        found = self._find()
        good = found.filtered(lambda p: p.contract_id == self.contract)
        bad = found.filtered(lambda p: p.contract_id == without)
        for line in good.line_ids:
            self.assertIn(line.name, good.amount_explanation)
            # days inside of days billed, of what is open: the step to the amount
            part = line.open_amount * line.days_inside / line.period_days
            self.assertAlmostEqual(line.relevant_amount, part, 2)
        self.assertAlmostEqual(
            sum(good.line_ids.mapped("relevant_amount")), good.credit_amount, 2
        )
        self.assertEqual(good.indemnity, min(good.credit_amount, good.cap_amount))
        self.assertEqual(bad.state, "blocked")
        failed = bad.condition_ids.filtered(lambda c: c.result == "no")
        self.assertEqual(", ".join(failed.mapped("code")), bad.failed_codes)
        for condition in failed:
            self.assertTrue(condition.evidence, condition.code)
        # a bill that is left out says why
        bill = good.line_ids[0]
        bill.write({"is_excluded": True, "exclude_reason": "Contestata"})
        self.assertEqual(bill.relevant_amount, 0)
        self.assertTrue(bill.reason)

    def test_distributor_of_the_point_or_of_its_code(self):
        """What the point says wins; else the codes of the counterparts, also of
        practices that were found before the counterpart was known."""
        rete, other = self.env["res.partner"].create(
            [{"name": "Rete S.p.A."}, {"name": "Altra Rete S.p.A."}]
        )
        told = self._create_switch_out("DI1")
        told.supply_point_id.distributor_id = other
        practices = self._find()
        mine = practices.filtered(lambda p: p.contract_id == told)
        late = practices.filtered(lambda p: p.contract_id == self.contract)
        self.assertEqual(mine.distributor_id, other)
        self.assertFalse(late.distributor_id)
        self.env["cmor.counterpart"].create(
            {
                "partner_id": rete.id,
                "kind": "distributor",
                "vat": "12345670017",
                "point_codes": "001",
            }
        )
        practices.action_recompute()
        self.assertEqual(late.distributor_id, rete)
        self.assertEqual(mine.distributor_id, other, "what is known stays")
        groups = self.practices._read_group(
            [("id", "in", practices.ids)], ["distributor_id"], ["__count"]
        )
        self.assertEqual(dict(groups), {rete: 1, other: 1})

    def test_columns_of_the_board_are_of_its_side(self):
        """Empty columns are shown, but none that practices of the side never enter."""
        practices = self.practices
        for side, first, never in (
            ("outgoing", "candidate", "matched"),
            ("incoming", "unmatched", "candidate"),
        ):
            columns = practices._group_expand_state([], [("side", "=", side)])
            self.assertEqual(columns[0], first)
            self.assertNotIn(never, columns)
        found = practices._group_expand_state(["paid"], [("side", "=", "outgoing")])
        self.assertEqual(found[-1], "paid")

    def test_found_once(self):
        practice = self._find()
        self.assertEqual(len(practice), 1)
        self.assertFalse(self._find())
        practice.action_give_up("Accordo con il cliente")
        self.assertEqual(practice.state, "closed_lost")
        self.assertFalse(self._find())

    def test_not_candidates(self):
        self._find()
        for code, vals in (
            ("N1", {"end_reason": "transfer"}),
            ("N2", {"end_reason": "termination"}),
            ("N3", {"end": date(2024, 12, 31)}),
        ):
            end = vals.pop("end", END)
            self._create_switch_out(code, end=end, **vals)
        paid = self._create_switch_out("N4")
        for move in paid.bill_ids.filtered("amount_residual"):
            self._pay(move)
        water = self._create_point("ACQUA-1", service="water")
        self._create_switch_out("N5", point=water)
        self.assertFalse(self._find())

    def test_before_the_window_it_is_blocked_until_it_opens(self):
        practice = self._find(date(2025, 12, 1))
        self.assertEqual((practice.state, practice.failed_codes), ("blocked", "C11"))
        self.assertEqual(practice.next_action, "wait_open")
        practice.sudo()._evaluate(date(2026, 2, 28))
        self.assertEqual(practice.state, "blocked")
        practice.sudo()._evaluate(date(2026, 3, 1))
        self.assertEqual(practice.state, "candidate")

    def test_doubtful_days_ask_a_person_and_then_expire(self):
        practice = self._find()
        practice.sudo()._evaluate(date(2026, 8, 31))
        self.assertNotIn("C11", practice.unknown_codes)
        practice.sudo()._evaluate(date(2026, 9, 1))
        self.assertIn("C11", practice.unknown_codes)
        practice.sudo()._evaluate(date(2026, 9, 30))
        self.assertEqual(practice.state, "candidate")
        practice.sudo()._evaluate(date(2026, 10, 1))
        self.assertEqual(practice.state, "expired")
        self.assertIn("expired", practice.event_ids.mapped("kind"))

    def test_failed_conditions_block_and_recover(self):
        contract = self._create_switch_out("B1", notice=False, closing=False)
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertEqual(practice.state, "blocked")
        self.assertEqual(practice.failed_codes, "C4, C5, C7")
        self._create_notice(contract)
        contract.bill_ids.filtered(
            lambda m: m.billing_ref == "B1/3"
        ).is_closing_bill = 1
        practice.action_recompute()
        self.assertEqual((practice.state, practice.failed_codes), ("candidate", False))

    def test_payment_lowers_the_claim_and_ends_it(self):
        practice = self._find()
        bills = practice.line_ids.move_id
        self._pay(bills[0], 40.0)
        practice.action_recompute()
        self.assertEqual(practice.credit_amount, 256.77)
        for move in bills:
            self._pay(move)
        practice.action_recompute()
        self.assertEqual(practice.state, "blocked")
        self.assertIn("C6", practice.failed_codes)
        self.assertEqual(practice.indemnity, 0)
        self.assertFalse(practice.line_ids)

    def test_transfer_after_the_switch(self):
        practice = self._find()
        other = self._create_customer("NEW")
        self._create_contract(
            "K2",
            other,
            self.contract.supply_point_id,
            date_start=date(2025, 11, 1),
        )
        practice.action_recompute()
        self.assertIn("C12", practice.failed_codes)

    def test_bill_left_out_by_hand(self):
        practice = self._find()
        line = practice.line_ids.filtered(lambda x: x.name == "K1/1")
        with self.assertRaises(UserError):
            line.is_excluded = True
        practice.write(
            {
                "line_ids": [
                    (1, line.id, {"is_excluded": True, "exclude_reason": "Reclamo 7"})
                ]
            }
        )
        self.assertEqual(practice.credit_amount, 196.77)
        self.assertIn("edited", practice.event_ids.mapped("kind"))
        practice.action_recompute()
        self.assertTrue(line.exists().is_excluded)

    def test_what_is_put_right_on_the_contract(self):
        """The window and the credit are those of the right last day."""
        practice = self._find()
        customer = self._create_customer("CUK1B", name="Mario Bianchi")
        self.contract.write({"date_end": date(2025, 8, 30), "partner_id": customer.id})
        practice.action_recompute()
        self.assertRecordValues(
            practice,
            [
                {
                    "date_end": date(2025, 8, 30),
                    "partner_id": customer.id,
                    "window_open": date(2026, 2, 28),
                    "window_close_latest": date(2026, 8, 31),
                }
            ],
        )
        self.assertIn("contract_changed", practice.event_ids.mapped("kind"))
        events = len(practice.event_ids)
        practice.action_recompute()
        self.assertEqual(len(practice.event_ids), events)

    def test_confirmed_on_a_wrong_last_day_it_does_not_leave(self):
        practice = self._find()
        self._declare(practice)
        practice.action_confirm()
        self.contract.date_end = date(2025, 10, 31)
        practice.action_recompute()
        self.assertEqual(practice.state, "blocked")
        self.assertIn("C11", practice.failed_codes)

    def test_what_has_left_stays_as_it_was(self):
        practice = self._find()
        practice.sudo()._guarded().write({"state": "sent"})
        self.contract.date_end = date(2025, 8, 30)
        practice.sudo()._evaluate(TODAY)
        self.assertEqual(practice.date_end, END)

    def test_the_same_supply_under_two_codes_is_claimed_once(self):
        """And the search of all the others goes on."""
        twin = self._create_contract(
            "K1-BIS",
            self.contract.partner_id,
            self.contract.supply_point_id,
            date_start=date(2020, 1, 1),
            date_end=END,
            end_reason="switch_out",
            supply_state="ceased",
        )
        self._create_period_bill("K1-BIS/1", twin, 50.0, date(2025, 8, 1), END)
        other = self._create_switch_out("K9")
        with self.assertLogs(
            "odoo.addons.cmor_utility.models.cmor_practice_supply", "WARNING"
        ):
            found = self._find()
        self.assertEqual(found.contract_id, self.contract | other)
        # the person who claims has to know that the bills of the other are not in it
        practice = found.filtered(lambda p: p.contract_id == self.contract)
        for _night in range(2):
            self._find()
            told = practice.event_ids.filtered(lambda e: e.kind == "twin_contract")
            self.assertEqual(len(told), 1, "each is told once")
        self.assertIn("K1-BIS", told.text)
        self.assertFalse(
            (found - practice).event_ids.filtered(lambda e: e.kind == "twin_contract")
        )

    def test_claimed_anew_after_it_was_given_up(self):
        practice = self._find()
        with self.assertRaisesRegex(UserError, "claimed anew"):
            practice.action_claim_anew()
        practice.action_give_up("per errore")
        self.assertTrue(practice.can_claim_anew)
        new = self.practices.browse(practice.action_claim_anew()["res_id"])
        self.assertRecordValues(
            new, [{"contract_id": self.contract.id, "state": "candidate"}]
        )
        self.assertEqual(practice.state, "closed_lost")
        self.assertEqual(practice.claimed_anew_id, new)
        self.assertIn("claimed_anew", practice.event_ids.mapped("kind"))
        # it runs now: once more is once too often, and no button offers it
        practice.invalidate_recordset(["can_claim_anew"])
        self.assertFalse(practice.can_claim_anew)
        with self.assertRaisesRegex(UserError, "No new claim"):
            practice.action_claim_anew()
        with self.assertRaises(AccessError):
            practice.with_user(self.bystander).action_claim_anew()

    def test_interest_and_costs_on_a_bill_are_no_credit(self):
        practice = self._find()
        bill = practice.line_ids.filtered(lambda line: line.name == "K1/1").move_id
        charge = (
            self.env["utility.charge"]
            .sudo()
            ._guarded()
            .create(
                {
                    "company_id": self.company.id,
                    "partner_id": self.contract.partner_id.id,
                    "contract_id": self.contract.id,
                    "kind": "cost",
                    "amount": 15.0,
                    "date": TODAY,
                    "description": "Spese di sollecito",
                    "state": "confirmed",
                    "move_id": bill.id,
                }
            )
        )
        practice.action_recompute()
        line = practice.line_ids.filtered(lambda line: line.name == "K1/1")
        self.assertEqual((line.open_amount, line.relevant_amount), (85.0, 85.0))
        self.assertEqual(practice.credit_amount, 281.77)
        self.assertIn("interest and costs are no credit", practice.amount_explanation)
        charge._guarded().kind = "indemnity"
        practice.action_recompute()
        self.assertEqual(practice.credit_amount, 296.77)

    def test_a_payment_that_no_bill_takes_is_a_doubt(self):
        practice = self._find()
        payment = (
            self.env["account.payment"]
            .sudo()
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.contract.partner_id.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "amount": 100.0,
                    "date": date(2026, 4, 10),
                }
            )
        )
        payment.action_post()
        practice.action_recompute()
        known = self.condition(practice, "C6")
        self.assertEqual(known.computed_result, "unknown")
        self.assertIn("100", known.evidence)
        # of another supply of his it is none of this one's
        payment.move_id.line_ids.utility_contract_id = self._create_switch_out("K8")
        practice.action_recompute()
        self.assertEqual(known.computed_result, "yes")

    def test_a_complaint_that_waits_keeps_it_here(self):
        practice = self._find()
        self._declare(practice)
        practice.action_confirm()
        practice.complaint_on = date(2026, 4, 10)
        practice.action_recompute()
        self.assertEqual((practice.state, practice.failed_codes), ("blocked", "C9"))
        practice.complaint_answered_on = TODAY
        practice.action_recompute()
        # what was declared before the complaint does not cover it
        self.assertEqual((practice.state, practice.unknown_codes), ("candidate", "C9"))

    def test_previous_cmor_goes_on_top(self):
        practice = self._find()
        practice.write({"prev_cmor_amount": 50.0, "prev_sii_code": "SII000000000001"})
        self.assertEqual(practice.indemnity, 346.77)

    def test_multi_site_bill_counts_its_share(self):
        """Without a contract on the lines the header's; with one, only that share."""
        contract = self._create_switch_out("MS")
        other = self._create_contract("MS2", contract.partner_id)
        move = self._create_period_bill(
            "MS/9", contract, 90.0, date(2025, 7, 1), date(2025, 7, 31), post=False
        )
        move.utility_contract_id = False
        move.action_post()
        term = move.line_ids.filtered(lambda x: x.display_type == "payment_term")
        term.sudo().utility_contract_id = other
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertNotIn(move, practice.line_ids.move_id)
        term.sudo().utility_contract_id = contract
        practice.action_recompute()
        self.assertIn(move, practice.line_ids.move_id)

    def test_queries_do_not_grow_with_practices(self):
        contracts = [self._create_switch_out(f"Q{i}") for i in range(6)]
        practices = self._find()
        self.env.flush_all()
        self.env.invalidate_all()
        one = practices.filtered(lambda p: p.contract_id == contracts[0]).sudo()
        six = practices.filtered(
            lambda p: p.contract_id in contracts[0].browse([c.id for c in contracts])
        ).sudo()
        self.assertEqual(len(six), 6)

        def count(records):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            records._evaluate(TODAY)
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        self.assertLessEqual(count(six), count(one) + 3)

    def test_nightly_action(self):
        cron = self.env.ref("cmor_utility.ir_cron_cmor_candidates")
        with self.enter_registry_test_mode():
            cron.sudo().method_direct_trigger()
        found = self.env["cmor.practice"].search(
            [("contract_id", "=", self.contract.id)]
        )
        self.assertEqual(found.evaluated_on, TODAY)

    def test_a_company_the_user_does_not_have(self):
        stranger = self._create_other_user("stranger", self.other_company)
        found = (
            self.env["cmor.practice"]
            .with_user(stranger)
            .find_candidates(self.company.ids, TODAY)
        )
        self.assertFalse(found)
        with self.assertRaises(AccessError):
            self.env["cmor.practice"].with_user(self.accountant).find_candidates(
                self.company.ids, TODAY
            )

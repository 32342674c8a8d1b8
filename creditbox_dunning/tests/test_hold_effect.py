"""What suspensions do to cases, through the real nightly run."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .hold_common import PROOF, HoldCommon


@tagged("post_install", "-at_install")
class TestHoldEffect(HoldCommon):
    def _lines(self, move):
        return move.line_ids.filtered(lambda ln: ln.display_type == "payment_term")

    def _to_technical_office(self):
        """The case up to the list for the technical office, which waits."""
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        letter._set_state(
            "done", executed_date=self.day(30), effective_date=self.day(36)
        )
        self.walk(64, 65)
        listed = self.case.action_ids.filtered(lambda a: a.op == "list")
        self.assertEqual(listed.state, "waiting_approval")
        return listed

    def test_gate_16_dispute_on_one_bill_lets_others_go_on(self):
        """Gate 16 [G03]: the disputed bill is left out, the other is asked for."""
        other = self.overdue("B2", amount=60)
        self.run_on(1)
        self.assertEqual(self.case_of(other), self.case)
        with self.at(2):
            hold = self.suspend("bill_disputed", self.bill, note="Consumo non mio")
        self.assertEqual((hold.scope, hold.move_id), ("bill", self.bill))
        self.walk(7, 15)
        self.assertEqual(self.done(), [20, 30], "the rest of the case stood still")
        asked = self.case.action_ids.item_ids.move_id
        self.assertEqual(asked, other, "the disputed bill was asked for")
        self.assertEqual(set(self.case.action_ids.mapped("amount")), {0, 60})

    def test_dispute_on_the_only_bill_stops_the_case(self):
        with self.at(2):
            self.suspend("bill_disputed", self.bill)
        self.walk(7, 15)
        self.assertFalse(self.done())
        # not before the day by which it has to be answered
        self.assertEqual(self.case.next_date, self.day(33))

    def test_notice_that_lists_a_disputed_bill_is_made_again_without_it(self):
        other = self.overdue("B2", amount=60)
        self.run_on(1)
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        self.assertEqual(letter.item_ids.move_id, self.bill | other)
        with self.at(31):
            self.suspend("bill_disputed", self.bill)
            self.assertEqual(letter.state, "superseded")
        self.walk(31)
        self.assertEqual(letter.state, "executing")
        self.assertEqual(letter.item_ids.move_id, other)

    def test_newer_bill_goes_on_once_the_disputed_one_is_taken_out(self):
        """Decision 11: a newer bill waits behind a disputed one whose notice was sent;
        with the disputed bill marked *No follow-up* the newer begins its round."""
        self.walk(7, 15, 30)
        letter = self.case.action_ids.filtered(lambda a: a.state == "executing")
        letter._set_state(
            "done", executed_date=self.day(30), effective_date=self.day(36)
        )
        newer = self.overdue("B2", amount=60, due=self.day(40))
        with self.at(41):
            self.suspend("bill_disputed", self.bill)
        self.walk(41, 47, 55)
        self.assertEqual((self.case.round, self.case_of(newer)), (1, self.case))
        self.assertNotIn(newer, self.case.action_ids.item_ids.move_id)
        # what the accountant ticks on the bill's form
        self.bill.with_user(self.accountant).no_followup = True
        self.walk(56)
        self.assertEqual(self.case.round, 2)
        asked = self.case.action_ids.filtered(lambda a: a.round == 2 and a.amount)
        self.assertEqual(asked.item_ids.move_id, newer)
        self.assertEqual(asked.mapped("amount"), [60])

    def test_gate_44_complaint_stops_the_technical_step(self):
        """Gate 44 [G09]: the order is taken back at once and comes when answered."""
        listed = self._to_technical_office()
        with self.at(66):
            hold = self.suspend(
                "complaint_meter", self.contract, proofs=PROOF, amount=80
            )
            self.assertEqual(hold.stops, "technical")
        self.assertEqual(listed.state, "superseded", "the order was left where it was")
        self.assertIn("complaint", listed.reason)
        self.walk(67, 90)
        self.assertEqual(listed.state, "superseded")
        self.assertIn("complaint", self.case.next_reason)
        with self.at(91):
            hold.with_user(self.operator).action_end("answered", "", PROOF)
        self.walk(91)
        self.assertEqual(listed.state, "waiting_approval")

    def test_gate_44_friendly_notices_go_on_by_rule(self):
        """Gate 44: the same complaint lets courtesy and friendly notices through."""
        with self.at(2):
            self.suspend("complaint_meter", self.contract, proofs=PROOF, amount=80)
        self.walk(7, 15)
        self.assertEqual(self.done(), [20, 30])

    def test_complaint_answer_term_is_dated_data(self):
        with self.at(2):
            hold = self.suspend("complaint_meter", self.contract, proofs=PROOF)
        self.assertEqual(hold.answer_date, self.day(32))
        self.assertEqual(hold.check_date, hold.answer_date)
        self.assertIn("399/2025", hold.answer_source)
        numbers = self.env["dunning.legal.parameter"]._parameters()
        for service, day, text in (
            ("electricity", self.day(-600), "413/2016"),
            ("water", self.day(0), "655/2015"),
            ("telephone", self.day(0), "AGCOM"),
        ):
            found = numbers.get(service, "complaint_answer_days", day)
            self.assertIn(text, found.source)

    def test_complaint_that_stops_nothing_says_why(self):
        """ARERA: up to 50 euros, or later than 10 days after the due date."""
        listed = self._to_technical_office()
        with self.at(66):
            small = self.suspend(
                "complaint_meter", self.contract, proofs=PROOF, amount=50
            )
            late = self.suspend("complaint_meter", self.bill, proofs=PROOF, amount=80)
        self.assertEqual(set((small | late).mapped("stops")), {"nothing"})
        self.assertIn("50.00", small.exception)
        self.assertIn("66 days", late.exception)
        self.assertEqual(listed.state, "waiting_approval")
        # it is recorded all the same, with the term of its answer
        self.assertEqual(small.answer_date, self.day(96))
        self.assertFalse(self.holds._for_cases(self.case, self.day(66)))

    def test_payment_communicated_stops_technical_steps_at_once(self):
        """Transitions 16 and 37: at once, to be checked within 5 days, reminded."""
        listed = self._to_technical_office()
        with self.at(66):
            hold = self.suspend("payment_communicated", note="Pagato in tabaccheria")
        self.assertEqual(listed.state, "superseded")
        self.assertEqual(hold.check_date, self.day(71))
        self.walk(72)
        self.assertEqual(listed.state, "superseded", "it went on although unchecked")
        with self.at(72):
            self.holds._watch(self.company, self.day(72))
            self.assertTrue(hold.is_expired)
            self.assertEqual(self.holds.search([("is_expired", "=", True)]), hold)
            # before the day it is not in the worklist
        with self.at(71):
            self.assertFalse(self.holds.search([("is_expired", "=", True)]))
        activity = hold.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.date_deadline, self.day(71))
        self.assertEqual(activity.user_id, self.operator)

    def test_payment_found_ends_it(self):
        with self.at(2):
            on_bill = self.suspend("payment_communicated", self.bill)
            on_supply = self.suspend("payment_communicated", self.contract)
            on_case = self.suspend("promise", date_to=self.day(9))
        self.pay(self.bill)
        self.walk(3)
        self.assertEqual(self.case.state, "closed")
        with self.at(4):
            self.holds._watch(self.company, self.day(4))
        ends = [on_bill.end_reason, on_supply.end_reason, on_case.end_reason]
        self.assertEqual(ends, ["paid", "paid", "closed"])

    def test_clock_that_stands_still_makes_waits_longer(self):
        """The wait of the table grows by the days of the suspension, G01."""
        with self.at(2):
            hold = self.suspend(
                "settlement_offer", user=self.manager, date_to=self.day(5)
            )
        self.assertEqual(hold.clock, "stop")
        facts = self.holds._for_cases(self.case, self.day(40))
        self.assertEqual([h.clock for h in facts[self.case.id]], ["stop"])
        self.walk(7, 10)
        self.assertFalse(self.done(), "four days of standstill were not counted")
        self.walk(11)
        self.assertEqual(self.done(), [20])

    def test_activities_are_not_doubled(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(12))
            self.holds._watch(self.company, self.day(2))
            self.assertFalse(hold.activity_ids)
        with self.at(6):
            for _night in range(2):
                self.holds._watch(self.company, self.day(6))
            self.assertEqual(len(hold.activity_ids), 1)
            self.assertEqual(hold.activity_ids.date_deadline, self.day(12))
            hold.with_user(self.operator).action_extend(self.day(13))
            self.holds._watch(self.company, self.day(6))
            self.assertEqual(hold.activity_ids.date_deadline, self.day(13))
            hold.with_user(self.operator).action_end("withdrawn")
            self.assertFalse(hold.activity_ids)

    def test_cron(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(5))
        with self.at(6):
            self.holds._cron_watch()
        cron = self.env.ref("creditbox_dunning.ir_cron_dunning_holds")
        self.assertEqual(cron.code, "model._cron_watch()")
        self.assertEqual(hold.end_reason, "date")

    def test_order_that_is_out_is_told_to_a_person(self):
        listed = self._to_technical_office()
        listed._set_state("executing", executed_date=self.day(65))
        self.assertEqual(listed.technical_order_ids.state, "sent")
        with self.at(66):
            self.suspend("payment_communicated")
            self.suspend("promise", date_to=self.day(70))
        self.assertEqual(listed.state, "executing")
        kind = self.env.ref("creditbox_dunning.mail_activity_type_order_stop")
        told = self.case.activity_ids.filtered(lambda a: a.activity_type_id == kind)
        self.assertEqual(len(told), 1)

    def test_facts_in_a_fixed_number_of_statements(self):
        """The same number of statements for 10 cases and for 500."""
        partners = self.env["res.partner"].create(
            [{"name": f"P{i}", "company_id": self.company.id} for i in range(500)]
        )
        cases = (
            self.env["dunning.case"]
            .sudo()
            ._guarded()
            .create(
                [
                    {
                        "name": f"N{i}",
                        "company_id": self.company.id,
                        "partner_id": partner.id,
                        "table_id": self.table.id,
                    }
                    for i, partner in enumerate(partners)
                ]
            )
        )
        self.env["dunning.moratorium"].create(
            {"name": "M", "source": "D", "date_from": self.day(0), "everywhere": True}
        )
        with self.at(2):
            reason = self.env["dunning.hold.reason"]._get("commercial")
            values = [
                {
                    "company_id": self.company.id,
                    "scope": "case",
                    "case_id": case.id,
                    "customer_id": case.partner_id.id,
                    "reason_id": reason.id,
                    "stops": "all",
                    "clock": "run",
                    "end_rule": "date",
                    "date_from": self.day(2),
                    "date_to": self.day(9),
                    "resume_date": self.day(10),
                }
                for case in cases
            ]
            self.holds.sudo()._guarded().create(values)
        counts = []
        for some in (cases[:10], cases):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = self.holds._for_cases(some, self.day(3))
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(found), len(some))
        self.assertEqual(counts[0], counts[1], counts)
        # those of the holds, and of the moratoria with the companies that they reach
        self.assertLessEqual(counts[1], 8)


@tagged("post_install", "-at_install")
class TestHoldApproval(HoldCommon):
    """What is longer than 30 days needs somebody else's word."""

    def _requests(self, hold):
        return self.env["dunning.approval.request"].search(
            [("res_model", "=", hold._name), ("res_id", "=", hold.id)]
        )

    def test_longer_holds_at_once_for_thirty_days(self):
        with self.at(2):
            hold = self.suspend(
                "commercial", user=self.manager, date_to=self.day(2 + 59)
            )
            self.assertEqual(hold.state, "active")
        self.assertRecordValues(
            hold,
            [
                {
                    "date_to": self.day(31),
                    "wanted_to": self.day(61),
                    "waits_approval": True,
                }
            ],
        )
        request = self._requests(hold)
        self.assertEqual((request.state, request.subject), ("pending", "hold"))
        director = self._create_dunning_user("director", "director")
        with self.at(3):
            with self.assertRaises(AccessError):
                # who asked never approves
                request.with_user(self.manager).action_approve("sì")
            request.with_user(director).action_approve("va bene")
        self.assertRecordValues(
            hold,
            [
                {
                    "date_to": self.day(61),
                    "resume_date": self.day(62),
                    "waits_approval": False,
                }
            ],
        )
        self.assertEqual(self.case.next_date, self.day(62))

    def test_refused_ends_on_the_thirtieth_day(self):
        with self.at(2):
            hold = self.suspend("commercial", user=self.manager, date_to=self.day(61))
        director = self._create_dunning_user("director", "director")
        with self.at(3):
            self._requests(hold).with_user(director).action_refuse("troppo lungo")
        self.assertEqual((hold.date_to, hold.waits_approval), (self.day(31), False))
        self.walk(32)
        self.assertTrue(self.done(), "it did not resume after the refusal")

    def test_open_end_waits_too(self):
        director = self._create_dunning_user("director", "director")
        with self.at(2):
            hold = self.suspend("legal_hold", user=director)
        self.assertEqual((hold.date_to, hold.wanted_to), (self.day(31), False))
        self.assertTrue(hold.waits_approval)
        other = self._create_dunning_user("director2", "director")
        with self.at(3):
            self._requests(hold).with_user(other).action_approve("")
        self.assertFalse(hold.date_to or hold.resume_date)

    def test_ended_before_the_answer(self):
        with self.at(2):
            hold = self.suspend("commercial", user=self.manager, date_to=self.day(61))
            hold.with_user(self.manager).action_end("fact_over")
        self.assertEqual(self._requests(hold).state, "cancelled")
        self.assertFalse(hold.waits_approval)

    def test_thirty_days_need_none(self):
        with self.at(2):
            hold = self.suspend("commercial", user=self.manager, date_to=self.day(31))
        self.assertFalse(hold.waits_approval or self._requests(hold))

    def test_extended_beyond(self):
        with self.at(2):
            hold = self.suspend("commercial", user=self.manager, date_to=self.day(31))
        with self.at(20):
            hold.with_user(self.manager).action_extend(self.day(50))
        self.assertEqual((hold.date_to, hold.wanted_to), (self.day(31), self.day(50)))
        self.assertEqual(self._requests(hold).state, "pending")

    def test_what_the_law_gives_needs_none(self):
        with self.at(2):
            hold = self.suspend("condominium_half")
        self.assertFalse(hold.waits_approval)
        self.assertEqual(hold.date_to, hold.date_from + timedelta(days=180))


@tagged("post_install", "-at_install")
class TestHoldSecurity(HoldCommon):
    """Who calls over RPC finds the same doors as in the screens."""

    def test_levels(self):
        with self.at(2):
            for user in (self.accountant, self.utility_user):
                with self.assertRaises(AccessError):
                    self.suspend("promise", user=user)
            with self.assertRaises(AccessError):
                self.suspend("insolvency", proofs=PROOF)
            with self.assertRaises(AccessError):
                self.suspend("legal_hold", user=self.manager)
            with self.assertRaises(AccessError):
                # the operator's most is 15 days
                self.suspend("promise", date_to=self.day(17))
            self.suspend("promise", date_to=self.day(16))
            self.suspend("insolvency", user=self.manager, proofs=PROOF)

    def test_nothing_is_written_by_hand(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
        for user in (self.operator, self.manager, self.dunning_admin):
            mine = hold.with_user(user)
            for vals in (
                {"date_to": self.day(400)},
                {"resume_date": self.day(3)},
                {"stops": "nothing"},
                {"end_reason": "paid"},
                {"is_cancelled": True},
                {"waits_approval": False},
                {"case_id": False, "partner_id": self.customer.id},
                {"attachment_ids": [(5, 0, 0)]},
                {"ended_on": self.day(3)},
                {"company_id": self.other_company.id},
            ):
                with self.assertRaises(AccessError):
                    mine.write(vals)
                with self.assertRaises(AccessError):
                    mine.with_context(utility_guard=True).write(vals)
            with self.assertRaises(UserError):
                mine.unlink()
            with self.assertRaises(AccessError):
                mine.create(
                    {
                        "scope": "case",
                        "case_id": self.case.id,
                        "company_id": self.company.id,
                        "reason_id": hold.reason_id.id,
                        "date_from": self.day(2),
                    }
                )
        with self.assertRaises(UserError):
            hold.sudo().unlink()
        hold.with_user(self.operator).write({"note": "Richiamare venerdì"})

    def test_state_has_no_inverse(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
            hold.with_user(self.operator).write({"state": "ended"})
            hold.invalidate_recordset()
            self.assertEqual(hold.state, "active")

    def test_other_company(self):
        other = (
            self.env["dunning.case"]
            .sudo()
            ._guarded()
            .create(
                {
                    "name": "X1",
                    "company_id": self.other_company.id,
                    "partner_id": self.env["res.partner"]
                    .create({"name": "Loro", "company_id": self.other_company.id})
                    .id,
                }
            )
        )
        with self.at(2):
            for record in (other, other.partner_id):
                with self.assertRaises(AccessError):
                    self.suspend("promise", record, date_to=self.day(5))
            theirs = self.holds.sudo().suspend(
                "case", other.ids, "promise", date_to=self.day(5)
            )
        mine = theirs.with_user(self.operator).with_company(self.company)
        for call in (
            lambda: mine.read(["date_to"]),
            lambda: mine.action_end("withdrawn"),
            lambda: mine.action_extend(self.day(9)),
            lambda: mine.action_open_cases(),
            lambda: mine.write({"note": "x"}),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertFalse(
            self.holds.with_user(self.operator).search([("id", "=", theirs.id)])
        )
        self.assertNotIn(self.case.id, self.holds._for_cases(self.case, self.day(3)))

    def test_only_ends_that_a_person_may_say(self):
        with self.at(2):
            hold = self.suspend("promise", date_to=self.day(11))
            mine = hold.with_user(self.operator)
            for why in ("date", "closed", "nonsense", False):
                with self.assertRaises(UserError):
                    mine.action_end(why)
            with self.assertRaises(AccessError):
                mine.action_end("mistake")
            hold.with_user(self.manager).action_end("mistake")
            self.assertEqual(hold.state, "cancelled")

    def test_hostile_targets(self):
        with self.at(2):
            holds = self.holds.with_user(self.operator)
            for scope, ids in (
                ("res.users", [1]),
                ("case", []),
                ("case", [self.case.id, 999999999]),
                ("bill", self.case.ids),
            ):
                with self.assertRaises(UserError):
                    holds.suspend(scope, ids, "promise")
            with self.assertRaises(UserError):
                holds.suspend("case", self.case.ids, "no_such_reason")

    def test_reasons_are_the_administrators(self):
        reason = self.env["dunning.hold.reason"]._get("promise")
        for user in (self.operator, self.manager):
            with self.assertRaises(AccessError):
                reason.with_user(user).write({"max_days": 0})
        reason.with_user(self.dunning_admin).write({"max_days": 20})
        with self.assertRaises(UserError):
            reason.sudo().unlink()

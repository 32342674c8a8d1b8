"""The case as a cockpit: one sentence, one date, one list of what happened."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import DUE, DunningCommon


@tagged("post_install", "-at_install")
class TestCockpit(DunningCommon):
    def mixed(self):
        """Cases of every kind: new, waiting, parked, to be decided, sent, closed."""
        self.overdue()
        self.overdue("B2", self._create_contract("CT2", self.customer), 7)
        nobody = self._create_customer("C9", email=False, street=False)
        self.overdue("B9", self._create_contract("CT9", nobody))
        paid = self.overdue("B3", self._create_contract("CT3", self.customer), 90)
        for day in (1, 7, 15, 30, 31):
            self.run_on(day)
        self.pay(paid)
        self.run_on(32)
        new = self._create_contract("CT5", self._create_customer("C5"))
        self.overdue("B5", new, due=self.day(33))
        self.env["dunning.case"]._open_for_company(self.company, self.day(35))
        return self.env["dunning.case"].search([("company_id", "=", self.company.id)])

    def test_gate_39_one_sentence_and_one_date(self):
        """Gate 39: every open case of a mixed population has one sentence, one date."""
        cases = self.mixed()
        kinds = set(cases.mapped(lambda case: (case.state, case.next_kind)))
        self.assertGreaterEqual(len(kinds), 5, kinds)
        for case in cases.with_user(self.operator):
            with self.subTest(case=case.name, kind=case.next_kind, state=case.state):
                self.assertTrue(case.sentence.endswith("."), case.sentence)
                self.assertNotIn("False", case.sentence)
                self.assertTrue(case.key_date)
                if case.next_date:
                    self.assertEqual(case.key_date, case.next_date)

    def test_what_happened_last_and_what_comes_next(self):
        """ "Notice: sent by PEC on ..., received on .... Next: ..., not before ..." """
        case = self.case_after_default()
        case.action_ids.filtered(lambda a: a.op == "default")._set_state(
            "done", executed_date=self.day(30), effective_date=self.day(36)
        )
        self.run_on(37)
        self.assertRegex(
            case.sentence,
            r"^.+: sent by Registered letter on \d\d/\d\d/2027, received on"
            r" \d\d/\d\d/2027\. Next: .+, not before \d\d/\d\d/2027\.$",
        )
        self.assertEqual(case.key_date, case.next_date)

    def case_after_default(self):
        bill = self.overdue()
        for day in (1, 7, 15, 30):
            self.run_on(day)
        return self.case_of(bill)

    def test_history_counts_as_what_happened_last(self):
        self.env["utility.notice"].sudo().create(
            {
                "company_id": self.company.id,
                "ref": "OLD1",
                "contract_id": self.contract.id,
                "kind": "notice",
                "channel": "pp",
                "sent_date": self.day(2),
                "source": "manual",
            }
        )
        bill = self.overdue()
        self.run_on(3)
        self.assertIn("before CreditBox", self.case_of(bill).sentence)

    # what may be done now

    def test_buttons_by_right_and_state(self):
        case = self.case_after_default()
        self.assertTrue(case.has_open_action)
        as_operator = case.with_user(self.operator)
        as_manager = case.with_user(self.manager)
        as_accountant = case.with_user(self.accountant)
        self.assertFalse(as_operator.can_plan_now)
        self.assertTrue(as_manager.can_plan_now)
        self.assertTrue(as_operator.can_record_outcome)
        self.assertTrue(as_operator.can_print_letters)
        self.assertFalse(as_accountant.can_record_outcome)
        self.assertFalse(as_accountant.can_take_over)
        as_operator.action_take_over()
        self.assertEqual(case.user_id, self.operator)
        self.assertFalse(as_operator.can_take_over)
        self.assertTrue(as_manager.can_take_over)

    def test_a_hidden_button_is_refused_as_well(self):
        case = self.case_after_default()
        for user in (self.accountant, self.utility_user):
            with self.assertRaises(AccessError):
                case.with_user(user).action_take_over()
        with self.assertRaises(AccessError):
            case.with_user(self.operator).action_plan_now()
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        for method in ("action_open_letters", "action_open_workflow"):
            with self.assertRaises(AccessError):
                getattr(case.with_user(stranger), method)()

    def test_nothing_to_do_on_a_closed_case(self):
        bill = self.overdue()
        self.run_on(1)
        case = self.case_of(bill)
        self.pay(bill)
        self.run_on(2)
        self.assertEqual(case.state, "closed")
        for name in ("can_plan_now", "can_record_outcome", "can_take_over"):
            self.assertFalse(case.with_user(self.manager)[name], name)

    def test_age_of_bills(self):
        bill = self.overdue(due=DUE)
        line = bill.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        self.env.cr.execute(
            "UPDATE account_move_line SET date_maturity = CURRENT_DATE - 40"
            " WHERE id = %s",
            (line.id,),
        )
        line.invalidate_recordset()
        self.assertAlmostEqual(line.dunning_days_overdue, 40, delta=1)
        self.pay(bill)
        line.invalidate_recordset()
        self.assertEqual(line.dunning_days_overdue, 0)

    # the timeline

    def kinds(self, case):
        return [entry["kind"] for entry in case.with_user(self.operator).timeline]

    def test_timeline_tells_everything_in_one_list(self):
        case = self.case_after_default()
        bill = case.line_ids.move_id
        self.env["utility.notice"].sudo().create(
            {
                "company_id": self.company.id,
                "ref": "OLD1",
                "contract_id": self.contract.id,
                "kind": "reminder",
                "channel": "email",
                "sent_date": DUE + timedelta(days=2),
                "source": "manual",
            }
        )
        self.pay(bill, 30)
        case.invalidate_recordset()
        kinds = self.kinds(case)
        for kind in ("opened", "action", "message", "notice", "payment"):
            self.assertIn(kind, kinds)
        entries = case.timeline
        days = [entry["date"] for entry in entries]
        self.assertEqual(days, sorted(days, reverse=True))
        self.assertEqual(kinds.count("action"), len(case.action_ids))
        [payment] = [entry for entry in entries if entry["kind"] == "payment"]
        self.assertIn("30", payment["amount"])
        for entry in entries:
            self.assertTrue(entry["title"], entry)
            if entry.get("id"):
                self.assertTrue(self.env[entry["model"]].browse(entry["id"]).exists())

    def test_one_timeline_for_the_customer(self):
        """Everything of all the cases of a customer, each thing once."""
        case = self.case_after_default()
        self.overdue("B2", self._create_contract("CT2", self.customer), 50)
        self.run_on(31)
        cases = self.env["dunning.case"].search(
            [("partner_id", "=", case.partner_id.id)]
        )
        self.assertEqual(len(cases), 2)
        found = self.customer.with_user(self.operator).dunning_timeline
        self.assertEqual({entry["case"] for entry in found}, set(cases.mapped("name")))
        actions = [entry["id"] for entry in found if entry["kind"] == "action"]
        self.assertEqual(sorted(actions), sorted(cases.action_ids.ids))

    def test_timeline_shows_suspensions(self):
        bill = self.overdue()
        self.run_on(1)
        case = self.case_of(bill)
        reason = self.env["dunning.hold.reason"].search([], limit=1)
        self.env["dunning.hold"].sudo()._guarded().create(
            {
                "company_id": self.company.id,
                "scope": "contract",
                "contract_id": self.contract.id,
                "customer_id": self.customer.id,
                "reason_id": reason.id,
                "stops": reason.stops,
                "clock": reason.clock,
                "end_rule": reason.end_rule,
                "date_from": self.day(1),
            }
        )
        case.invalidate_recordset()
        self.assertIn("hold", self.kinds(case))

    def test_timeline_of_another_company_is_out_of_sight(self):
        bill = self.overdue()
        self.run_on(1)
        other = new_test_user(
            self.env,
            "elsewhere",
            "creditbox_dunning.group_dunning_group",
            company_id=self.other_company.id,
            company_ids=self.other_company.ids,
        )
        case = self.case_of(bill).with_user(other)
        case = case.with_context(allowed_company_ids=self.other_company.ids)
        with self.assertRaises(AccessError):
            case._timeline_entries()

    # stopped by the law

    def test_stopped_by_the_law_is_found_as_it_is_shown(self):
        cases = self.mixed()
        blocked = cases[0]
        self.env.cr.execute(
            "UPDATE dunning_case SET next_date = NULL, next_kind = 'wait',"
            " state = 'open', next_reasons = %s WHERE id = %s",
            ('[{"code": "guard_insolvent", "params": {}}]', blocked.id),
        )
        self.env.cr.execute(
            "UPDATE dunning_case SET next_date = NULL, next_reasons = %s WHERE id = %s",
            ('[{"code": "guardian_of_nothing", "params": {}}]', cases[1].id),
        )
        cases.invalidate_recordset()
        shown = cases.filtered("is_guard_blocked")
        self.assertEqual(shown, blocked)
        search = self.env["dunning.case"].with_user(self.operator).search
        self.assertEqual(search([("is_guard_blocked", "=", True)]), blocked)
        self.assertEqual(search([("is_guard_blocked", "=", False)]), cases - blocked)

    def test_stuck_and_waiting_are_found_as_they_are_shown(self):
        cases = self.mixed().with_user(self.operator)
        for name in ("is_stuck", "waits_for_person"):
            found = cases.search([(name, "=", True)])
            self.assertEqual(found, cases.filtered(name), name)
            self.assertEqual(cases.search([(name, "=", False)]), cases - found, name)
        self.assertTrue(cases.filtered("waits_for_person"))

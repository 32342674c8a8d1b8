"""The legal guard in the database: facts in bulk, dated numbers, the real run."""

from datetime import date, timedelta
from decimal import Decimal

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.creditbox_dunning.rules.guard_common import TECHNICAL, WAIVABLE
from odoo.addons.creditbox_dunning.rules.legal_parameters import shipped_parameters

from .common import DunningCommon


class GuardCommon(DunningCommon):
    """Past notices bring a case where the guard has something to say."""

    def past_notice(self, bills, kind, sent, notified=None, channel="ar", **vals):
        contract = bills[:1].utility_contract_id
        return (
            self.env["utility.notice"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "contract_id": contract.id,
                    "kind": kind,
                    "channel": channel,
                    "sent_date": sent,
                    "notified_date": notified,
                    "source": "imported",
                    "move_ids": [Command.set(bills.ids)],
                    "amount": sum(bills.mapped("amount_total")),
                    **vals,
                }
            )
        )

    def facts_of(self, case, today):
        self.env.flush_all()
        facts = self.env["dunning.facts"].sudo()._collect(case, today)
        return facts[case.id]

    def supply_of(self, case, today):
        return self.facts_of(case, today).supply

    def ops(self, case):
        return set(
            case.action_ids.filtered(lambda a: a.state != "skipped").mapped("op")
        )


@tagged("post_install", "-at_install")
class TestGuardRun(GuardCommon):
    def test_step_earlier_than_the_law_is_postponed_in_words(self):
        """Gate 5: a step earlier than law is postponed, with date and article."""
        bill = self.overdue()
        self.contract.supply_point_id.write(
            {"voltage_level": "low", "remote_reduction": True}
        )
        hasty = self.table.copy()
        hasty.rule_ids.filtered(lambda r: r.wait_after > 5).wait_after = 0
        hasty._publish()
        self.past_notice(bill, "default", self.day(30), self.day(37))
        self.run_on(38)
        case = self.case_of(bill)
        self.assertEqual(case.next_rule_id.op, "list")
        self.assertEqual(case.next_date, self.day(46))
        reason = case.with_context(lang="en_US").next_reason
        self.assertIn("TIMOE", reason)
        self.assertIn("258/2015", reason)
        self.assertIn("15 calendar days", reason)
        self.assertIn("01/01/2019", reason)
        self.assertFalse(self.ops(case) & TECHNICAL)
        self.run_on(45)
        self.assertFalse(self.ops(case) & TECHNICAL)
        self.run_on(46)
        self.assertIn("list", self.ops(case))

    def test_protected_customer_never_reaches_the_technical_office(self):
        """Gate 19, through the run: before, while and after the notice of default."""
        bill = self.overdue(amount=300.0)
        protection = self.env["utility.protection"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "supply_point_id": self.contract.supply_point_id.id,
                "kind": "life_support",
                "date_from": date(2026, 1, 1),
            }
        )
        self.past_notice(bill, "default", self.day(30), self.day(37))
        for number in range(38, 200, 9):
            self.run_on(number)
        case = self.case_of(bill)
        self.assertFalse(self.ops(case) & TECHNICAL)
        # nobody is told why it is protected
        told = str(case.next_reasons) + str(case.action_ids.mapped("reasons"))
        self.assertNotIn(protection.kind, told)

    def test_protection_that_comes_later_takes_the_list_back(self):
        """Gate 19: the customer is protected between the list and the cut."""
        bill = self.overdue(amount=300.0)
        self.past_notice(bill, "default", self.day(30), self.day(37))
        self.run_on(90)
        case = self.case_of(bill)
        listed = case.action_ids.filtered(lambda a: a.op == "list")
        self.assertTrue(listed)
        self.env["utility.protection"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": "emergency_plan",
                "date_from": date(2026, 1, 1),
            }
        )
        for number in range(91, 200, 9):
            self.run_on(number)
        live = case.action_ids.filtered(lambda a: a.op in TECHNICAL and a != listed)
        self.assertFalse(live.filtered(lambda a: a.state != "skipped"))
        self.assertNotIn(listed.state, ("planned", "waiting_approval", "approved"))

    def test_table_that_lists_a_protected_supply_is_stopped(self):
        """Gate 19: even an edited table cannot send it to the technical office."""
        bill = self.overdue(amount=300.0)
        self.contract.supply_point_id.sudo().public_function = True
        self.assertEqual(self.contract.suspendibility, "not_suspendible")
        wrong = self.table.copy()
        rules = wrong.rule_ids.filtered(
            lambda r: r.suspendibility == "suspendible" and r.supply_state == "active"
        )
        wrong.rule_ids.filtered(
            lambda r: r.suspendibility == "not_suspendible"
        ).unlink()
        rules.write({"suspendibility": "not_suspendible"})
        wrong._publish()
        self.past_notice(bill, "default", self.day(30), self.day(37))
        for number in (90, 120, 150):
            self.run_on(number)
        case = self.case_of(bill)
        self.assertEqual(case.next_rule_id.op, "list")
        self.assertFalse(self.ops(case) & TECHNICAL)
        self.assertIn("protected", case.with_context(lang="en_US").next_reason)

    def test_statements_do_not_grow_with_the_cases(self):
        bills = self.env["account.move"]
        for number in range(200):
            customer = self._create_customer(f"G{number}")
            point = self._create_point(
                f"G{number:05d}", "water", city="Torino", dwelling_count=4
            )
            contract = self._create_contract(f"CG{number}", customer, point)
            bills |= self.overdue(f"GB{number}", contract)
        self.run_on(1)
        cases = bills.line_ids.dunning_case_id
        self.assertEqual(len(cases), 200)
        counts = []
        for some in (cases[:10], cases):
            lines = self.env["dunning.facts"].sudo()._read_lines(some, self.day(1))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = self.env["dunning.guard"]._supply_facts(some, lines, self.day(1))
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(found), len(some))
        self.assertEqual(counts[0], counts[1])
        self.assertLess(counts[0], 25)


@tagged("post_install", "-at_install")
class TestGuardFacts(GuardCommon):
    def _water(self, **vals):
        point = self._create_point("W1", "water", **vals)
        return self._create_contract("CW1", self.customer, point, deposit=0)

    def _case(self, *bills):
        self.run_on(1)
        return self.case_of(bills[0])

    def test_money_facts(self):
        self.contract.deposit = 60
        old = self.overdue("OLD", amount=500.0, due=date(2025, 6, 1))
        self.pay(old)
        self._create_bill("P1", amount=80.0, invoice_date=date(2026, 6, 1))
        bill = self.overdue("B1", amount=120.0, other_services_amount=50.0)
        supply = self.supply_of(self._case(bill), self.day(1))
        self.assertEqual(supply.deposit, Decimal(60))
        self.assertEqual(supply.cycle_amount, Decimal(100))  # the last year's two
        self.assertEqual(list(supply.other_services.values()), [Decimal(50)])
        self.assertFalse(supply.is_protected)

    def test_what_was_paid_went_to_the_supply(self):
        bill = self.overdue("B1", amount=120.0, other_services_amount=50.0)
        case = self._case(bill)
        self.pay(bill, 80.0)
        supply = self.supply_of(case, self.day(1))
        self.assertEqual(list(supply.other_services.values()), [Decimal(40)])

    def test_prescription_counts_from_the_last_act_with_proof(self):
        bill = self.overdue("B1", due=date(2024, 12, 1))
        case = self._case(bill)
        line = bill.line_ids.filtered(lambda li: li.dunning_case_id)
        barred = date(2026, 12, 2)
        self.assertFalse(self.supply_of(case, date(2026, 12, 1)).prescribed)
        self.assertEqual(self.supply_of(case, barred).prescribed, set(line.ids))
        self.past_notice(bill, "default", date(2026, 1, 7), channel="ar")
        self.assertTrue(self.supply_of(case, barred).prescribed, "no proof of arrival")
        self.past_notice(bill, "default", date(2026, 1, 7), date(2026, 1, 14))
        self.assertFalse(self.supply_of(case, barred).prescribed)
        self.assertTrue(self.supply_of(case, date(2028, 1, 15)).prescribed)
        # a large customer is no consumer: five years
        self.contract.customer_type = "large"
        self.assertFalse(self.supply_of(case, date(2028, 1, 15)).prescribed)

    def test_in_default_for_other_bills_lately(self):
        contract = self._water()
        old = self._create_bill("OLD", contract, invoice_date=date(2025, 6, 1))
        bill = self.overdue("B1", contract)
        self.past_notice(bill, "default", self.day(26), self.day(27))
        case = self._case(bill)
        self.pay(old)
        today = date(2027, 3, 1)
        self.assertIsNone(self.supply_of(case, today).defaulted_lately)
        self.past_notice(old, "default", date(2025, 9, 1), date(2025, 9, 8))
        self.assertTrue(self.supply_of(case, today).defaulted_lately)
        later = date(2027, 3, 9)
        self.assertIsNone(self.supply_of(case, later).defaulted_lately)

    def test_half_payment_of_a_condominium(self):
        contract = self._water(dwelling_count=12)
        contract.customer_type = "non_domestic"
        bill = self.overdue("B1", contract, amount=1000.0, due=date(2026, 9, 1))
        case = self._case(bill)
        today = fields.Date.today()
        self.past_notice(
            bill,
            "default",
            today - timedelta(days=5),
            today - timedelta(days=4),
            pay_term=today + timedelta(days=30),
        )
        self.pay(bill, 499.0)
        self.assertIsNone(self.supply_of(case, today).half_paid_on)
        self.pay(bill, 1.0)
        supply = self.supply_of(case, today)
        self.assertIsNone(supply.half_paid_on, "not in one payment")
        other = self.overdue("B2", contract, amount=400.0, due=date(2026, 9, 2))
        case = self._case(other)
        self.past_notice(
            bill | other,
            "default",
            today - timedelta(days=3),
            today - timedelta(days=2),
            pay_term=today + timedelta(days=30),
            amount=800.0,
        )
        self.pay(other)
        self.assertEqual(self.supply_of(case, today).half_paid_on, today)

    def test_patron_day_of_the_place(self):
        contract = self._water(city="  torino ")
        case = self._case(self.overdue("B1", contract))
        supply = self.supply_of(case, self.day(1))
        self.assertIn(date(2027, 6, 24), supply.closed_days)
        is_open, first = self.env["dunning.guard"]._open_day(
            contract, date(2027, 6, 23)
        )
        self.assertFalse(is_open)
        self.assertEqual(first, date(2027, 6, 28))
        elsewhere = self._create_contract("CX", self.customer)
        is_open, _first = self.env["dunning.guard"]._open_day(
            elsewhere, date(2027, 6, 23)
        )
        self.assertTrue(is_open)

    def test_a_reminder_without_proof_of_arrival_starts_no_term(self):
        contract = self._water(water_resident=True)
        bill = self.overdue("B1", contract)
        case = self._case(bill)
        self.past_notice(bill, "notice", self.day(11))
        past = self.facts_of(case, self.day(40)).done
        self.assertEqual([(d.op, d.effective) for d in past], [("notice", None)])


@tagged("post_install", "-at_install")
class TestLegalParameterModel(GuardCommon):
    def _row(self, **vals):
        return (
            self.env["dunning.legal.parameter"]
            .with_user(self.dunning_admin)
            .create(
                {
                    "service": "gas",
                    "name": "suspend_after_notified",
                    "value": 60,
                    "unit": "days",
                    "day_kind": "solar",
                    "valid_from": fields.Date.today() + timedelta(days=30),
                    "source": "A decision to come",
                    **vals,
                }
            )
        )

    def test_shipped_numbers_are_those_of_the_file(self):
        shipped = shipped_parameters()
        stored = self.env["dunning.legal.parameter"]._parameters()
        self.assertEqual(dict(shipped._rows), dict(stored._rows))
        self.assertGreater(len(shipped._rows), 70)

    def test_only_an_administrator_changes_them(self):
        row = self.env.ref("creditbox_dunning.legal_gas_term_pec")
        for user in (self.operator, self.manager):
            mine = row.with_user(user)
            self.assertTrue(mine.read(["value"]))
            with self.assertRaises(AccessError):
                mine.write({"note": "x"})
            with self.assertRaises(AccessError):
                mine.action_mark_checked()
            with self.assertRaises(AccessError):
                mine.copy({"valid_from": "2030-01-01"})

    def test_a_number_in_force_is_never_rewritten(self):
        row = self.env.ref("creditbox_dunning.legal_gas_term_pec")
        mine = row.with_user(self.dunning_admin)
        for vals in ({"value": 1}, {"valid_from": "2010-01-01"}, {"source": "me"}):
            with self.assertRaises(UserError):
                mine.write(vals)
        with self.assertRaises(UserError):
            mine.unlink()
        with self.assertRaises(UserError):
            self._row(valid_from=fields.Date.today() - timedelta(days=1))
        with self.assertRaises(AccessError):
            mine.write({"checked_on": fields.Date.today()})

    def test_old_and_new_value_are_logged(self):
        row = self._row().with_context(tracking_disable=False, mail_notrack=False)
        self.assertIn("40", str(row.message_ids[0].body))
        self.assertIn("60", str(row.message_ids[0].body))
        self.env.flush_all()
        self.env.cr.precommit.run()
        row.write({"value": 50})
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracked = (
            self.env["mail.tracking.value"]
            .sudo()
            .search(
                [
                    ("mail_message_id.model", "=", row._name),
                    ("mail_message_id.res_id", "=", row.id),
                    ("field_id.name", "=", "value"),
                ]
            )
        )
        self.assertEqual(
            (tracked.old_value_float, tracked.new_value_float), (60.0, 50.0)
        )

    def test_a_new_value_holds_from_its_day_in_the_guard(self):
        row = self._row()
        numbers = self.env["dunning.legal.parameter"]._parameters()
        before = row.valid_from - timedelta(days=1)
        self.assertEqual(numbers.find("gas", row.name, before).count, 40)
        self.assertEqual(numbers.find("gas", row.name, row.valid_from).count, 60)

    def test_checked_by_a_person_until_it_changes(self):
        row = self._row()
        row.action_mark_checked()
        self.assertEqual(row.checked_by, self.dunning_admin)
        self.assertTrue(row.is_checked)
        row.write({"value": 61})
        self.assertFalse(row.checked_on)
        found = row.search([("is_checked", "=", False), ("id", "=", row.id)])
        self.assertEqual(found, row)

    def test_in_force(self):
        today = self._row(valid_from=fields.Date.today())
        old = self.env.ref("creditbox_dunning.legal_gas_suspend_after_notified")
        self.assertTrue(today.is_current)
        self.assertFalse(old.is_current)
        current = old.search([("is_current", "=", True), ("service", "=", "gas")])
        self.assertNotIn(old, current)
        self.assertIn(today, current)

    def test_patron_days_are_days(self):
        holidays = self.env["dunning.local.holiday"].with_user(self.dunning_admin)
        vals = {"name": "S", "municipality": "X", "day": 31, "month": 6}
        with self.assertRaises(ValidationError):
            holidays.create(vals)
        leap = holidays.create({**vals, "day": 29, "month": 2})
        self.assertEqual(leap._days([2027, 2028]), {date(2028, 2, 29)})
        with self.assertRaises(AccessError):
            leap.with_user(self.manager).write({"day": 1})


@tagged("post_install", "-at_install")
class TestGuardWaiver(GuardCommon):
    def setUp(self):
        super().setUp()
        self.overdue()
        self.run_on(1)
        self.case = self.env["dunning.case"].search(
            [("contract_id", "=", self.contract.id)]
        )
        self.director = self._create_dunning_user("director", "director")

    def _ask(self, code="guard_after_termination", user=None, reason="Agreed"):
        waivers = self.env["dunning.guard.waiver"].with_user(user or self.manager)
        found = waivers.ask_waiver(self.case.id, "deactivate", code, reason)
        return waivers.browse(found)

    def test_asked_by_one_approved_by_another(self):
        waiver = self._ask()
        self.assertEqual(waiver.state, "requested")
        waived = self.env["dunning.guard.waiver"]._waived_of
        self.assertFalse(waived(self.case))
        request = waiver.sudo().request_id
        self.assertEqual(request.subject, "waiver")
        with self.assertRaises(AccessError):
            request.with_user(self.manager).action_approve("me")
        boss = self._create_dunning_user("boss", "group")
        request.with_user(boss).action_approve("agreed with the customer")
        self.assertEqual(waiver.state, "approved")
        pair = ("deactivate", "guard_after_termination")
        self.assertEqual(waived(self.case), {self.case.id: frozenset({pair})})
        self.assertEqual(
            self.supply_of(self.case, self.day(1)).waived, frozenset({pair})
        )
        self.assertIn("Waiver", " ".join(self.case.message_ids.mapped("body")))

    def test_wizard(self):
        wizard = (
            self.env["dunning.guard.waiver.wizard"]
            .with_user(self.manager)
            .with_context(active_id=self.case.id)
            .create({"code": "guard_after_termination", "reason": "Agreed"})
        )
        wizard.action_ask()
        waiver = self.env["dunning.guard.waiver"].search([])
        self.assertEqual((waiver.case_id, waiver.op), (self.case, "deactivate"))

    def test_law_protection_and_days_cannot_be_waived(self):
        for code in (
            "guard_protected",
            "guard_forbidden_day",
            "guard_after_notified",
            "guard_after_term",
            "guard_half_paid",
        ):
            with self.assertRaises(UserError):
                self._ask(code)
        field = self.env["dunning.guard.waiver"]._fields["code"]
        self.assertEqual({code for code, _label in field.selection}, WAIVABLE)

    def test_nobody_writes_one(self):
        waiver = self._ask()
        for user in (self.operator, self.manager, self.director, self.dunning_admin):
            mine = waiver.with_user(user)
            with self.assertRaises(AccessError):
                mine.write({"state": "approved"})
            with self.assertRaises(AccessError):
                mine.create(
                    {
                        "case_id": self.case.id,
                        "op": "deactivate",
                        "code": "guard_after_suspension",
                        "reason": "x",
                        "state": "approved",
                    }
                )
            with self.assertRaises(AccessError):
                mine.unlink()
        with self.assertRaises(UserError):
            waiver.sudo().unlink()
        with self.assertRaises(AccessError):
            self._ask("guard_after_suspension", user=self.operator)
        with self.assertRaises(UserError):
            self._ask("guard_after_suspension", reason="  ")

    def test_other_company(self):
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="creditbox_dunning.group_dunning_manager",
            company_id=self.other_company.id,
            company_ids=[Command.set(self.other_company.ids)],
        )
        waiver = self._ask()
        with self.assertRaises(AccessError):
            self._ask("guard_after_suspension", user=stranger)
        self.assertFalse(waiver.with_user(stranger).search([]))

"""Contracts and supply points: codes, suspendibility with its history, isolation."""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestSupplyPoint(UtilityCommon):
    def test_code_is_validated_and_normalised(self):
        point = self._create_point("it 001 e 1234.5678")
        self.assertEqual(point.code, "IT001E12345678")
        point.code = "it001e12345679"
        self.assertEqual(point.code, "IT001E12345679")
        gas = self._create_point("0088 1234 567890", "gas")
        self.assertEqual(gas.code, "00881234567890")
        water = self._create_point(" acq  12 ", "water")
        self.assertEqual(water.code, "ACQ 12")
        for code, service in (("IT001X00000001", "electricity"), ("123", "gas")):
            with self.assertRaises(ValidationError):
                self._create_point(code, service)
        with self.assertRaises(ValidationError):
            water.service = "gas"

    @mute_logger("odoo.sql_db")
    def test_code_is_unique_per_company_and_service(self):
        self._create_point("A1", "water")
        self._create_point("A1", "telephone")
        self._create_point("A1", "water", company_id=self.other_company.id)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_point("a1", "water")

    def test_contract_of_another_company_is_refused(self):
        point = self._create_point("A2", "water", company_id=self.other_company.id)
        with self.assertRaises(UserError):
            self._create_contract("X1", self.customer, point)


@tagged("post_install", "-at_install")
class TestSuspendibility(UtilityCommon):
    def _protect(self, kind="life_support", **vals):
        return self.env["utility.protection"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": kind,
                "date_from": date(2026, 1, 1),
                **vals,
            }
        )

    def _history(self, contract=None):
        history = (contract or self.contract).suspendibility_history_ids
        return [(h.value, h.source) for h in history.sorted("id")]

    def test_new_contract_has_its_class_and_first_history_row(self):
        self.assertEqual(self.contract.suspendibility, "suspendible")
        self.assertEqual(self._history(), [("suspendible", "facts")])
        body = self._create_customer("PA1", legal_form="public_body")
        contract = self._create_contract("PA1", body, customer_type="public_body")
        self.assertEqual(contract.suspendibility, "public_body")

    def test_facts_of_point_and_customer_change_it(self):
        point = self.contract.supply_point_id
        point.public_function = True
        self.assertEqual(self.contract.suspendibility, "not_suspendible")
        self.assertTrue(self.contract.is_protected)
        self.assertTrue(point.is_protected)
        # by the program: with CreditBox no person ends a protection alone
        point.sudo().public_function = False
        point.seasonal_use = "second_home"
        self.assertEqual(self.contract.suspendibility, "deactivable")
        self.customer.legal_form = "public_body"
        self.assertEqual(self.contract.suspendibility, "public_body")
        self.assertEqual(
            [value for value, _source in self._history()],
            [
                "suspendible",
                "not_suspendible",
                "suspendible",
                "deactivable",
                "public_body",
            ],
        )

    def test_what_does_not_change_writes_no_history(self):
        before = self._history()
        self.contract._refresh_suspendibility()
        self.contract.supply_state = "reduced"
        self.assertEqual(self._history(), before)

    @freeze_time("2026-05-10")
    def test_dated_protection_begins_and_ends_at_night(self):
        self._protect(date_from=date(2026, 5, 12), date_to=date(2026, 5, 20))
        self.assertEqual(self.contract.suspendibility, "suspendible")
        expected = {
            date(2026, 5, 11): "suspendible",
            date(2026, 5, 12): "not_suspendible",
            date(2026, 5, 20): "not_suspendible",
            date(2026, 5, 21): "suspendible",
        }
        for today, value in expected.items():
            due = self.env["utility.contract"]._changing_with_calendar(today)
            self.assertEqual(self.contract in due, today >= date(2026, 5, 12))
            due._refresh_suspendibility(today)
            self.assertEqual(self.contract.suspendibility, value, today)
        self.assertEqual(
            self.contract.suspendibility_history_ids.sorted("id").mapped("date")[1:],
            [date(2026, 5, 12), date(2026, 5, 21)],
        )

    def test_cron_runs_as_the_scheduler_does(self):
        protection = self._protect(kind="emergency_plan")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE utility_protection SET date_to = '2020-01-02',"
            " date_from = '2020-01-01' WHERE id = %s",
            [protection.id],
        )
        self.env.invalidate_all()
        self.assertTrue(self.contract.is_protected)
        cron = self.env.ref("utility_supply.ir_cron_suspendibility")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.contract.invalidate_recordset()
        self.assertFalse(self.contract.is_protected)

    def test_protection_of_the_point_or_of_the_customer(self):
        other = self._create_contract("CT2", self._create_customer("C002"))
        protection = self._protect(supply_point_id=other.supply_point_id.id)
        self.assertEqual(other.suspendibility, "not_suspendible")
        self.assertEqual(self.contract.suspendibility, "suspendible")
        protection.sudo().supply_point_id = False
        self.assertEqual(other.suspendibility, "suspendible")
        self.assertEqual(self.contract.suspendibility, "not_suspendible")

    def test_override_needs_a_reason_and_never_lifts_a_protection(self):
        with self.assertRaises(ValidationError):
            self.contract.suspendibility_override = "deactivable"
        self.contract.write(
            {
                "suspendibility_override": "deactivable",
                "suspendibility_override_reason": "Casa disabitata",
            }
        )
        self.assertEqual(self.contract.suspendibility, "deactivable")
        last = self.contract.suspendibility_history_ids[:1]
        self.assertEqual((last.source, last.reason), ("override", "Casa disabitata"))
        self._protect()
        self.assertEqual(self.contract.suspendibility, "not_suspendible")
        self.assertTrue(self.contract.is_protected)

    def test_a_new_reason_is_history_too(self):
        vals = {"suspendibility_override": "suspendible"}
        self.contract.write({**vals, "suspendibility_override_reason": "One"})
        self.contract.write({**vals, "suspendibility_override_reason": "Two"})
        reasons = self.contract.suspendibility_history_ids.mapped("reason")
        self.assertEqual(reasons[:2], ["Two", "One"])

    def test_long_suspension(self):
        self.company.utility_deactivable_days = 30
        with freeze_time("2026-03-01"):
            self.contract.supply_state = "suspended"
        self.assertEqual(self.contract.supply_state_date, date(2026, 3, 1))
        self.contract._refresh_suspendibility(date(2026, 3, 31))
        self.assertEqual(self.contract.suspendibility, "suspendible")
        self.contract._refresh_suspendibility(date(2026, 4, 1))
        self.assertEqual(self.contract.suspendibility, "deactivable")

    def test_nobody_writes_the_class_by_hand(self):
        for user in (self.utility_admin, self.env.ref("base.user_admin")):
            contract = self.contract.with_user(user).with_context(
                utility_guard=True, bypass=True
            )
            with self.assertRaises(AccessError):
                contract.write({"suspendibility": "deactivable"})
            with self.assertRaises(AccessError):
                contract.write({"is_protected": False})
        with self.assertRaises(AccessError):
            # even the server's own code has to open the guard
            self.contract.sudo().write({"suspendibility": "deactivable"})

    def test_history_is_append_only(self):
        line = self.contract.suspendibility_history_ids
        for attempt in (
            lambda: line.sudo().write({"value": "public_body"}),
            lambda: line.sudo().unlink(),
            lambda: line.sudo().create(
                {
                    "company_id": self.company.id,
                    "contract_id": self.contract.id,
                    "date": date(2026, 1, 1),
                    "value": "suspendible",
                    "source": "facts",
                }
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_refresh_costs_the_same_for_many(self):
        customers = [self._create_customer(f"M{n}") for n in range(30)]
        points = self.env["utility.supply.point"].create(
            [
                {"company_id": self.company.id, "service": "water", "code": f"W{n}"}
                for n in range(30)
            ]
        )
        contracts = self.env["utility.contract"].create(
            [
                {
                    "company_id": self.company.id,
                    "code": f"M{n}",
                    "partner_id": customers[n].id,
                    "supply_point_id": points[n].id,
                    "customer_type": "domestic",
                    "date_start": date(2025, 1, 1),
                }
                for n in range(30)
            ]
        )

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            some._refresh_suspendibility()
            self.env.flush_all()
            return self.cr.sql_log_count - start

        queries(contracts)  # warm
        self.assertEqual(queries(contracts[:3]), queries(contracts))


@tagged("post_install", "-at_install")
class TestContractScreens(UtilityCommon):
    def test_counters_and_smart_buttons(self):
        bill = self._create_bill("B1")
        self.env["utility.notice"].create(
            {
                "company_id": self.company.id,
                "contract_id": self.contract.id,
                "kind": "notice",
                "channel": "pp",
                "sent_date": date(2026, 3, 1),
            }
        )
        bill.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).utility_contract_id = self.contract
        contract = self.contract.with_user(self.utility_user)
        self.assertEqual(
            (contract.bill_count, contract.notice_count, contract.charge_count),
            (1, 1, 0),
        )
        action = contract.action_open_bills()
        found = self.env["account.move"].search(action["domain"])
        self.assertEqual(found, bill)
        partner = self.customer.with_user(self.utility_user)
        self.assertEqual(partner.utility_contract_count, 1)
        action = partner.action_open_utility_contracts()
        self.assertEqual(
            self.env["utility.contract"].search(action["domain"]), self.contract
        )

    def test_found_by_code_customer_or_point(self):
        contracts = self.env["utility.contract"].with_user(self.utility_user)
        code = self.contract.supply_point_id.code
        for text in ("CT001", "cliente c001", code[:10].lower()):
            found = contracts.name_search(text)
            self.assertEqual([found_id for found_id, _name in found], self.contract.ids)
        self.assertFalse(contracts.name_search("nobody"))
        bill = self._create_bill("S1")
        found = self.env["account.move"].search(
            [("utility_contract_id", "ilike", "cliente c001")]
        )
        self.assertIn(bill, found)

    @mute_logger("odoo.sql_db")
    def test_code_is_unique_per_company(self):
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_contract("CT001", self.customer)

    @mute_logger("odoo.sql_db")
    def test_billing_code_is_unique_and_belongs_to_a_company(self):
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_customer("C001")
        self._create_customer("C001", company_id=self.other_company.id)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_customer("C9", company_id=False)

    def test_the_clerk_reads_and_the_administrator_writes(self):
        contract = self.contract.with_user(self.utility_user)
        self.assertEqual(contract.code, "CT001")
        with self.assertRaises(AccessError):
            contract.write({"deposit": 1})
        with self.assertRaises(AccessError):
            contract.action_refresh_suspendibility()
        self.contract.with_user(self.utility_admin).write({"deposit": 1})

    def test_other_company_is_not_seen(self):
        customer = self._create_customer("O1", company_id=self.other_company.id)
        point = self._create_point("O1", "water", company_id=self.other_company.id)
        contract = self._create_contract(
            "O1", customer, point, company_id=self.other_company.id
        )
        for user in (self.utility_user, self.utility_admin, self.accountant):
            found = self.env["utility.contract"].with_user(user).search([])
            self.assertNotIn(contract, found)
            with self.assertRaises(AccessError):
                contract.with_user(user).read(["code"])

    def test_group_of_companies(self):
        group = self.env["utility.group"].create(
            {"name": "Gruppo", "head_company_id": self.company.id}
        )
        self.assertEqual(group.member_ids, self.company)
        self.assertEqual(self.company.utility_group_id, group)
        self.assertFalse(self.other_company.utility_group_id)
        with self.assertRaises(ValidationError):
            self.env["utility.group"].create(
                {
                    "name": "Secondo",
                    "head_company_id": self.other_company.id,
                    "member_ids": [(6, 0, self.company.ids)],
                }
            )

    def test_holidays_of_italy(self):
        holidays = self.company._utility_holidays([2025, 2026])
        self.assertIn(date(2026, 4, 6), holidays)  # Easter Monday
        self.assertIn(date(2026, 10, 4), holidays)  # by law from 2026
        self.assertNotIn(date(2025, 10, 4), holidays)
        self.assertNotIn(date(2026, 4, 7), holidays)

    def test_holidays_of_a_company(self):
        """A day that is a holiday for this company by law, and from when to when."""
        holidays = self.env["utility.holiday"].with_user(self.utility_admin)
        every = holidays.create(
            {
                "name": "Ss. Pietro e Paolo",
                "company_id": self.company.id,
                "date_from": date(2025, 6, 29),
                "every_year": True,
            }
        )
        holidays.create(
            {
                "name": "Chiusura per ordinanza",
                "company_id": self.company.id,
                "date_from": date(2026, 3, 3),
            }
        )
        found = self.company._utility_holidays([2024, 2025, 2026, 2027])
        self.assertEqual(
            {day for day in found if (day.month, day.day) in ((6, 29), (3, 3))},
            {*(date(year, 6, 29) for year in (2025, 2026, 2027)), date(2026, 3, 3)},
        )
        self.assertNotIn(date(2026, 3, 3), self.other_company._utility_holidays([2026]))
        self.assertNotIn(
            date(2026, 3, 3), self.env["res.company"]._utility_holidays([2026])
        )
        # no longer one: from then on, what was reckoned stays explained
        every.date_to = date(2026, 12, 31)
        found = self.company._utility_holidays([2026, 2027])
        self.assertIn(date(2026, 6, 29), found)
        self.assertNotIn(date(2027, 6, 29), found)
        every.active = False
        self.assertNotIn(date(2026, 6, 29), self.company._utility_holidays([2026]))
        with self.assertRaises(ValidationError):
            every.date_to = date(2025, 1, 1)

    def test_a_leap_day_is_a_holiday_when_there_is_one(self):
        self.env["utility.holiday"].create(
            {
                "name": "Bisestile",
                "company_id": self.company.id,
                "date_from": date(2024, 2, 29),
                "every_year": True,
            }
        )
        found = self.company._utility_holidays([2025, 2028])
        self.assertEqual({day for day in found if day.month == 2}, {date(2028, 2, 29)})

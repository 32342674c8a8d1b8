"""Interest and costs of a case (gate 38, row B18): charged once, given back, waived."""

import csv
import io
from decimal import Decimal
from itertools import pairwise
from unittest.mock import patch

from psycopg2.errors import ExclusionViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..rules.interest import ONE_DAY
from .approval_common import ApprovalCommon
from .common import DUE
from .settlement_common import SettlementCommon


class InterestCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Rate = cls.env["dunning.interest.rate"]
        Rate.search([("date_from", ">=", "2026-07-01")]).unlink()
        # 100 EUR bear a cent a day
        for kind, value in (("legal", 3.65), ("ecb", 3.8), ("ecb_half", 2.95)):
            Rate.create(
                {
                    "kind": kind,
                    "date_from": "2027-01-01",
                    "value": value,
                    "reference": "test",
                }
            )

    def case(self, ref="B1", contract=None, amount=100.0):
        """(bill, its case) on the seventh day after the due date."""
        bill = self.overdue(ref, contract or self.contract, amount=amount)
        self.run_on(7)
        return bill, self.case_of(bill)

    def line_of(self, bill):
        return bill.line_ids.filtered("dunning_case_id")

    def owed(self, bill, number):
        """Interest not charged yet until a day counted from the due date."""
        line = self.line_of(bill)
        return self.env["dunning.case"]._interest_of(line, self.day(number))[line.id]

    def credit(self, bill, number=20):
        """The whole bill is credited."""
        with freeze_time(self.day(number)):
            return bill._reverse_moves([{"date": self.day(number)}], cancel=True)

    def charges(self, case, **vals):
        charges = self.env["utility.charge"].search([("dunning_case_id", "=", case.id)])
        return charges.sorted("id").filtered_domain(
            [(name, "=", value) for name, value in vals.items()]
        )

    def refresh(self):
        self.env["dunning.case"]._refresh_interest(self.company)


@tagged("post_install", "-at_install")
class TestInterest(InterestCommon):
    def test_gate_38_rate_by_service_and_customer(self):
        """Gate 38: interest by service and dated rate."""
        domestic, _case = self.case()
        self.assertEqual(self.owed(domestic, 10), Decimal("0.10"))
        water = self._create_contract(
            "W1", self._create_customer("CW"), self._create_point("W1", "water")
        )
        bill, _case = self.case("B2", water)
        # 3.8 + 3.5 points
        self.assertEqual(self.owed(bill, 10), Decimal("0.20"))
        firm = self._create_customer("CF", is_company=True, legal_form="business")
        contract = self._create_contract(
            "F1", firm, self._create_point("IT001E77777777")
        )
        bill, case = self.case("B3", contract)
        # 2.95 + 8 points, and 40 EUR a bill, once
        self.assertEqual(self.owed(bill, 10), Decimal("0.30"))
        case._propose_flat(self.day(10))
        case._propose_flat(self.day(11))
        self.assertEqual(self.charges(case).mapped("amount"), [40.0])

    def test_a_dated_rate_changes_from_its_day(self):
        self.env["dunning.interest.rate"].create(
            {
                "kind": "legal",
                "date_from": self.day(6),
                "value": 7.3,
                "reference": "test",
            }
        )
        bill, case = self.case()
        # five days at one cent, five at two
        self.assertEqual(self.owed(bill, 10), Decimal("0.15"))
        case._propose_interest(self.day(10))
        stretches = self.charges(case).stretch_ids
        self.assertEqual(
            stretches.mapped("days"), [5, 5], "shown by stretches of one rate"
        )

    def test_days_without_a_rate_bear_nothing_and_are_told(self):
        Rate = self.env["dunning.interest.rate"]
        Rate.search([("kind", "=", "legal")]).write({"date_to": "2027-01-01"})
        bill, case = self.case()
        self.assertEqual(self.owed(bill, 10), 0)
        with freeze_time(self.day(10)):
            action = case.with_user(self.operator).action_open_interest()
            wizard = self.env[action["res_model"]].browse(action["res_id"])
            self.assertIn("01/21/2027", wizard.missing)
            with self.assertRaisesRegex(UserError, "Nothing to charge"):
                wizard.with_user(self.operator).action_propose()

    def test_the_due_day_bears_nothing_the_next_does(self):
        bill, _case = self.case()
        self.assertEqual(self.owed(bill, 0), 0)
        self.assertEqual(self.owed(bill, 1), Decimal("0.01"))

    def test_part_payment_lowers_the_base_from_its_day(self):
        bill, _case = self.case()
        with freeze_time(self.day(10)):
            self.pay(bill, 50)
        self.assertEqual(self.owed(bill, 10), Decimal("0.10"))
        self.assertEqual(self.owed(bill, 30), Decimal("0.20"))

    def test_twice_adds_nothing_and_many_are_rounded_as_one(self):
        bill, case = self.case(amount=150.0)  # a cent and a half a day
        for number in range(1, 22):
            case._propose_interest(self.day(number))
            case._propose_interest(self.day(number))
        charges = self.charges(case)
        self.assertAlmostEqual(sum(charges.mapped("amount")), 0.32)  # 0.315
        days = charges.stretch_ids.sorted("day_from")
        for one, other in pairwise(days):
            self.assertEqual(one.day_to + ONE_DAY, other.day_from)
        self.assertEqual(self.owed(bill, 21), 0)

    def test_the_database_refuses_the_same_day_twice(self):
        _bill, case = self.case()
        case._propose_interest(self.day(10))
        stretch = self.charges(case).stretch_ids
        more = {
            "charge_id": stretch.charge_id.id,
            "move_line_id": stretch.move_line_id.id,
        }
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(ExclusionViolation),
            self.env.cr.savepoint(),
        ):
            stretch.sudo()._guarded().create(
                {
                    **more,
                    "day_from": self.day(10),
                    "day_to": self.day(12),
                    "days": 3,
                    "base": 100,
                    "rate": 1,
                }
            )
            self.env.flush_all()

    def test_killed_between_leaves_neither_charge_nor_days(self):
        _bill, case = self.case()
        Stretch = type(self.env["dunning.interest.stretch"])
        self.patch(Stretch, "create", lambda *args: 1 / 0)
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            case._propose_interest(self.day(10))
        self.assertFalse(self.charges(case))

    def test_a_credited_bill_cancels_what_has_not_left(self):
        bill, case = self.case()
        case._propose_interest(self.day(10))
        self.credit(bill)
        self.refresh()
        self.assertEqual(self.charges(case).mapped("state"), ["cancelled"])
        self.assertEqual(self.owed(bill, 30), 0)

    def test_gate_38_a_credited_bill_gives_back_what_was_booked(self):
        """Gate 38: booked, reversed when the bill is credited."""
        self.company.utility_charge_mode = "odoo"
        bill, case = self.case()
        made = case._propose_interest(self.day(10))
        made._create_invoices().action_post()
        self.assertEqual(made.move_id.amount_untaxed, 0.1)
        self.credit(bill)
        self.refresh()
        self.refresh()
        back = self.charges(case) - made
        self.assertEqual(back.mapped("amount"), [-0.1])
        self.assertEqual(back.dunning_reverses_id, made)
        note = back._create_invoices()
        self.assertEqual(note.move_type, "out_refund")
        with self.assertRaisesRegex(UserError, "not cancelled"):
            self.env["utility.charge"].browse(back.ids)._set_state("cancelled")

    def test_a_credit_in_part_charges_the_rest_again(self):
        bill, case = self.case()
        case._propose_interest(self.day(10))
        self.charges(case)._set_state("to_export")
        self.charges(case)._set_state("exported")
        note = self._create_bill(
            "NC1",
            self.contract,
            40.0,
            move_type="out_refund",
            invoice_date=self.day(12),
        )
        lines = (bill | note).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.refresh()
        # 10 days on 60: it was never owed on the rest
        amounts = self.charges(case).mapped("amount")
        self.assertEqual(amounts, [0.1, -0.1, 0.06])
        self.assertEqual(self.owed(bill, 10), 0)

    def test_a_payment_of_an_older_day_comes_in_late(self):
        bill, case = self.case()
        case._propose_interest(self.day(30))
        self.charges(case)._set_state("to_export")
        self.charges(case)._set_state("exported")
        with freeze_time(self.day(10)):
            self.pay(bill)
        self.refresh()
        self.refresh()
        self.assertEqual(self.charges(case).mapped("amount"), [0.3, -0.3, 0.1])

    def test_only_interest_has_days_to_set_free(self):
        """Of what is no interest nothing is looked for; of interest all at once."""
        bills = [self.overdue(f"B{n}") for n in range(6)]
        self.run_on(7)
        case = self.case_of(bills[0])
        made = case._propose_interest(self.day(10)).sudo()
        self.assertEqual(len(made), 6)
        others = self.env["utility.charge"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "kind": kind,
                    "amount": 5,
                    "description": kind,
                }
                for kind in ("cmor", "cost", "indemnity")
            ]
        )
        Stretch = self.registry["dunning.interest.stretch"]
        with patch.object(Stretch, "_search", side_effect=AssertionError("looked")):
            others._set_state("cancelled")
        self.assertEqual(set(others.mapped("state")), {"cancelled"})
        plain = Stretch._search
        with patch.object(Stretch, "_search", autospec=True) as search:
            search.side_effect = plain
            made._set_state("cancelled")
        self.assertEqual(search.call_count, 1)
        self.assertEqual(set(made.stretch_ids.mapped("state")), {"reversed"})
        self.assertEqual(len(case._propose_interest(self.day(10))), 6, "free again")

    def test_a_bill_that_fails_does_not_stop_the_others(self):
        good, case = self.case("B1")
        bad = self.overdue("B2", self.contract)
        self.run_on(7)
        case._propose_interest(self.day(10))
        for bill in (bad, good):
            self.credit(bill)
        Case = type(self.env["dunning.case"])
        plain = Case._debts_of

        def fails(cases, lines):
            if bad in lines.move_id:
                raise ValueError("poison")
            return plain(cases, lines)

        self.patch(Case, "_debts_of", fails)
        with self.assertLogs("odoo.addons.creditbox_dunning", "WARNING"):
            self.refresh()
        state = {c.dunning_bill_id: c.state for c in self.charges(case)}
        self.assertEqual(state, {good: "cancelled", bad: "draft"})
        self.assertIn("poison", case.message_ids[:1].body)

    def test_interest_bears_no_interest(self):
        self.company.utility_charge_mode = "odoo"
        _bill, case = self.case(amount=100000.0)
        made = case._propose_interest(self.day(10))
        move = made._create_invoices()
        move.write({"invoice_date": DUE, "invoice_date_due": self.day(10)})
        move.action_post()
        lines = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        owed = case._interest_of(lines, self.day(100))
        self.assertEqual(set(owed.values()), {Decimal(0)})

    def test_who_may(self):
        _bill, case = self.case()
        with freeze_time(self.day(10)):
            accountant = new_test_user(
                self.env,
                login="acc",
                groups="account.group_account_invoice",
                company_id=self.company.id,
            )
            with self.assertRaises(AccessError):
                case.with_user(accountant)._propose_interest(self.day(10))
            case.with_user(self.operator).action_open_interest()
        charge = case.with_user(self.operator)._propose_interest(self.day(10))
        with self.assertRaises(AccessError):
            charge.with_user(self.operator).write({"description": "x"})
        with self.assertRaises(AccessError):
            charge.with_env(self.env).write({"waiver_state": "approved"})
        with self.assertRaisesRegex(UserError, "sum of its days"):
            charge.with_env(self.env).write({"amount": 1})
        with self.assertRaises(AccessError):
            charge.stretch_ids.with_env(self.env).write({"days": 1})

    def test_only_an_administrator_checks_a_number(self):
        rate = self.env["dunning.interest.rate"].search([("kind", "=", "ecb")], limit=1)
        rule = self.env["dunning.interest.rule"].search([], limit=1)
        tariff = self.env["dunning.cost.tariff"].search([], limit=1)
        for row in (rate, rule, tariff):
            with self.assertRaises(AccessError):
                row.with_user(self.manager).action_mark_checked()
            row.with_user(self.dunning_admin).action_mark_checked()
            self.assertTrue(row.checked_on)
            self.assertEqual(row.checked_by, self.dunning_admin)
        rate.value = 9
        tariff.amount = 9
        rule.margin = 9
        self.assertFalse(rate.checked_on or tariff.checked_on or rule.checked_on)

    def test_many_bills_cost_no_more_statements(self):
        few = self._bills(2, "A")
        many = self._bills(20, "Z")
        counts = []
        for lines in (few, many):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["dunning.case"]._interest_of(lines, self.day(30))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    def _bills(self, number, prefix):
        bills = self.env["account.move"]
        for place in range(number):
            bills |= self.overdue(f"{prefix}{place}", self.contract)
        return bills.line_ids.filtered(lambda line: line.display_type == "payment_term")


@tagged("post_install", "-at_install")
class TestInterestWaiver(InterestCommon):
    def _ask(self, charge):
        charge.with_user(self.operator).ask_dunning_waiver("good customer")
        return self.Request.search(
            [("res_model", "=", "utility.charge"), ("res_id", "=", charge.id)]
        )

    def test_waived_by_approval_and_never_proposed_again(self):
        bill, case = self.case()
        charge = case._propose_interest(self.day(10))
        request = self._ask(charge)
        self.assertEqual(request.subject, "charge_waiver")
        self.assertEqual(charge.state, "draft")
        request.with_user(self.director).action_approve()
        self.assertEqual((charge.state, charge.waiver_state), ("cancelled", "approved"))
        self.assertEqual(self.owed(bill, 10), 0)
        self.assertEqual(self.owed(bill, 12), Decimal("0.02"))

    def test_waived_after_it_left_is_given_back(self):
        _bill, case = self.case()
        charge = case._propose_interest(self.day(10))
        charge._set_state("to_export")
        charge._set_state("exported")
        self._ask(charge).with_user(self.director).action_approve()
        self.assertEqual(self.charges(case).mapped("amount"), [0.1, -0.1])
        self.assertFalse(case._propose_interest(self.day(10)))

    def test_refused_stays(self):
        _bill, case = self.case()
        charge = case._propose_interest(self.day(10))
        self._ask(charge).with_user(self.director).action_refuse("no")
        self.assertEqual((charge.state, charge.waiver_state), ("draft", "refused"))

    def test_a_flat_sum_that_was_waived_is_not_proposed_again(self):
        firm = self._create_customer("CF", is_company=True, legal_form="business")
        contract = self._create_contract(
            "F1", firm, self._create_point("IT001E77777777")
        )
        _bill, case = self.case("B3", contract)
        charge = case._propose_flat(self.day(10))
        self._ask(charge).with_user(self.director).action_approve()
        self.assertFalse(case._propose_flat(self.day(20)))


@tagged("post_install", "-at_install")
class TestCosts(InterestCommon):
    def _done(self, case, op, channel, day, **vals):
        rule = self.table.rule_ids.filtered(lambda row: row.op == op)[:1]
        return (
            self.env["dunning.action"]
            .sudo()
            ._guarded()
            .create(
                {
                    "case_id": case.id,
                    "rule_id": rule.id,
                    "action_type_id": rule.action_type_id.id,
                    "op": op,
                    "state": "done",
                    "planned_date": day,
                    "executed_date": day,
                    "channel_used": channel,
                    "round": case.round,
                    "attempt": 9,
                    **vals,
                }
            )
        )

    def test_postage_at_what_it_costs_us_once(self):
        self.env["dunning.channel.cost"].create(
            {
                "company_id": self.company.id,
                "channel": "ar",
                "date_from": "2027-01-01",
                "cost": 5.4,
            }
        )
        _bill, case = self.case()
        self._done(case, "default", "ar", self.day(30))
        case._propose_costs(self.day(29))
        self.assertFalse(self.charges(case))
        for _twice in range(2):
            case._propose_costs(self.day(30))
        charge = self.charges(case)
        self.assertEqual(charge.mapped("amount"), [5.4])
        self.assertEqual(charge.dunning_cost_kind, "postage")

    def test_the_distributor_is_paid_once_a_round(self):
        _bill, case = self.case()
        self._done(case, "reduce", "task", self.day(60))
        self._done(case, "suspend", "task", self.day(80))
        case._propose_costs(self.day(90))
        self.assertEqual(self.charges(case).mapped("amount"), [25.1])

    def test_no_fee_for_a_cut_against_the_law(self):
        _bill, case = self.case()
        self._done(case, "suspend", "task", self.day(80), is_unlawful=True)
        case._propose_costs(self.day(90))
        self.assertEqual(self.charges(case).mapped("description"), [])


@tagged("post_install", "-at_install")
class TestJournalExport(InterestCommon):
    """Row Z05: entries for an accounting program outside."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = new_test_user(
            cls.env,
            login="journal",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.income = cls.company_data["default_account_revenue"]

    def _left(self, amount=10000.0, name=None):
        bill, case = self.case(amount=amount)
        if name:
            bill.partner_id.name = name
        charge = case._propose_interest(self.day(10))
        charge._set_state("to_export")
        charge._set_state("exported")
        return charge.with_env(self.env)

    def _rows(self, export):
        text = export.attachment_id.raw.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    def _account(self, kind):
        self.env["dunning.charge.account"].create(
            {
                "company_id": self.company.id,
                "kind": kind,
                "account_id": self.income.id,
            }
        )

    def test_a_kind_without_account_is_named(self):
        charge = self._left()
        with self.assertRaisesRegex(UserError, "Late payment interest"):
            charge.with_user(self.accountant).action_export_journal()
        self.assertFalse(charge.journal_export_id)

    def test_debit_equals_credit_and_each_charge_leaves_once(self):
        self._account("interest")
        charge = self._left(name='=HYPERLINK("http://x")')
        charge.with_user(self.accountant).action_export_journal()
        rows = self._rows(charge.journal_export_id)
        customer = charge.partner_id.property_account_receivable_id
        self.assertEqual(
            [(row["Conto"], row["Dare"], row["Avere"]) for row in rows],
            [(customer.code, "10,00", ""), (self.income.code, "", "10,00")],
        )
        self.assertEqual(rows[0]["Cliente"], '\'=HYPERLINK("http://x")')
        with self.assertRaisesRegex(UserError, "No charge waits"):
            charge.with_user(self.accountant).action_export_journal()
        with self.assertRaises(UserError):
            charge.journal_export_id.attachment_id.write({"raw": b"x"})

    def test_what_is_given_back_and_written_off_goes_the_other_way(self):
        self._account("interest")
        self._account("writeoff")
        charge = self._left()
        back = charge._dunning_give_back("test")
        off = self.env["utility.charge"].create(
            {
                "partner_id": self.customer.id,
                "contract_id": self.contract.id,
                "kind": "writeoff",
                "amount": -7,
                "description": "small credit",
                "company_id": self.company.id,
            }
        )
        for each in (back, off):
            each._set_state("to_export")
            each._set_state("exported")
        with freeze_time(self.day(30)):
            Export = self.env["dunning.journal.export"].with_user(self.accountant)
            Export.action_export_waiting()
        rows = self._rows(charge.journal_export_id)
        credits = [row["Avere"] for row in rows if row["Conto"] != self.income.code]
        self.assertEqual(sorted(credits), ["", "10,00", "7,00"])

    def test_who_may(self):
        charge = self._left()
        with self.assertRaises(AccessError):
            charge.with_user(self.operator).action_export_journal()
        with self.assertRaises(AccessError):
            charge.write({"journal_export_id": False})


@tagged("post_install", "-at_install")
class TestInterestSettled(SettlementCommon):
    """A settlement closes the interest of its bills; what it gave up was owed."""

    def test_settled_days_are_not_charged_and_nothing_is_given_back(self):
        self.env["dunning.interest.rate"].create(
            {
                "kind": "legal",
                "date_from": "2027-01-01",
                "value": 3.65,
                "reference": "test",
            }
        )
        case = self.bill.line_ids.dunning_case_id
        charge = case.sudo()._propose_interest(self.day(20))
        self.assertAlmostEqual(charge.amount, 0.2)
        one = self.asked(agreed=80)
        # what was charged is a charge already: the settlement asks for the rest
        self.assertAlmostEqual(one.interest, 0.2)
        with self.at(41):
            one.request_id.with_user(self.manager).action_approve()
        self.pay_on(45, 80)
        self.watch(46)
        self.assertEqual(one.state, "paid")
        self.assertFalse(case.sudo()._propose_interest(self.day(60)))
        self.env["dunning.case"]._refresh_interest(self.company)
        self.assertEqual(charge.state, "draft")

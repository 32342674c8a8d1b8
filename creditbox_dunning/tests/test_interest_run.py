"""Interest proposed by itself, told to who may not confirm, and rates that lack."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from ..models import dunning_interest_run as module
from .test_interest import InterestCommon


@tagged("post_install", "-at_install")
class TestInterestRun(InterestCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Run = cls.env["dunning.interest.run"].sudo()
        cls.accountant = new_test_user(
            cls.env,
            login="runacc",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def turn_on(self, when, **vals):
        self.company.write({"dunning_interest_when": when, **vals})
        self.company.dunning_interest_since = datetime(2027, 1, 1)
        self.env.flush_all()

    def night(self, number):
        """The nightly job on a day counted from the due date; its run or none."""
        before = self.Run.search([])
        with freeze_time(self.day(number)):
            self.Run._cron_nightly()
        return self.Run.search([]) - before

    def paid(self, bill, number, amount=None):
        """A payment, whose matching was written on that day too."""
        before = bill.line_ids.matched_credit_ids
        with freeze_time(self.day(number)):
            self.pay(bill, amount)
        self.env.flush_all()
        parts = bill.line_ids.matched_credit_ids - before
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET create_date = %s WHERE id = ANY(%s)",
            [self.day(number), parts.ids],
        )
        self.env.invalidate_all()

    def drafts(self, bill):
        line = self.line_of(bill)
        return self.env["utility.charge"].search([("dunning_line_id", "=", line.id)])

    def test_off_proposes_nothing(self):
        bill, _case = self.case()
        self.assertFalse(self.night(20))
        self.assertFalse(self.drafts(bill))

    def test_every_month_on_its_day_once(self):
        bill, _case = self.case()
        self.turn_on("monthly", dunning_interest_day=5)
        self.assertTrue(self.night(10))  # 30 January, on or after the fifth
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.1])
        self.assertFalse(self.night(11))
        self.assertFalse(self.night(15))  # 4 February
        run = self.night(16)
        self.assertEqual(run.period, date(2027, 2, 1))
        self.assertEqual(run.state, "done")
        self.assertEqual((run.count_bills, run.count_charges), (1, 1))
        self.assertAlmostEqual(run.amount, 0.06)
        drafts = self.drafts(bill)
        self.assertEqual(set(drafts.mapped("state")), {"draft"})
        self.assertAlmostEqual(sum(drafts.mapped("amount")), 0.16)

    def test_when_a_bill_is_paid_in_full(self):
        open_, case = self.case("B1")
        paid = self.overdue("B2")
        self.run_on(7)
        self.turn_on("paid")
        self.assertTrue(self.night(10))
        self.paid(paid, 12, 40)
        self.night(12)
        self.assertFalse(self.drafts(paid))
        self.paid(paid, 13)
        self.night(13)
        self.night(14)
        self.assertEqual(self.drafts(paid).mapped("amount"), [0.13])
        self.assertFalse(self.drafts(open_))
        self.assertTrue(case)

    def test_with_the_next_bill_of_the_contract(self):
        bill, _case = self.case("B1")
        other = self._create_contract(
            "E2", self._create_customer("C7"), self._create_point("IT001E55555555")
        )
        alone, _case = self.case("B2", other)
        self.turn_on("bill")
        self.env.cr.execute("UPDATE account_move SET create_date = '2027-01-02'")
        self.night(10)
        self.assertFalse(self.drafts(bill))
        later = self.overdue("B3", due=self.day(50))
        self.env.cr.execute(
            "UPDATE account_move SET create_date = %s WHERE id = %s",
            [self.day(12), later.id],
        )
        self.night(12)
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.12])
        self.assertFalse(self.drafts(alone))

    def test_interrupted_it_goes_on_and_charges_each_day_once(self):
        bills = [self.overdue(f"B{number}") for number in range(5)]
        self.run_on(7)
        self.turn_on("monthly")
        with patch.object(module, "CHUNK", 2), freeze_time(self.day(10)):
            run = self.Run._take_up(self.company, self.day(10))
            run.with_context(active_test=False)._guarded()._step()
            # as after a crash: another process finds it
            self.env.invalidate_all()
            self.assertEqual(self.Run._take_up(self.company, self.day(10)), run)
            self.Run._cron_nightly()
        self.assertEqual((run.state, run.count_bills), ("done", 5))
        for bill in bills:
            self.assertEqual(self.drafts(bill).mapped("amount"), [0.1])

    def test_a_poisoned_bill_stops_no_other(self):
        good, _case = self.case("B1")
        bad = self.overdue("B2")
        self.run_on(7)
        self.turn_on("monthly")
        Case = type(self.env["dunning.case"])
        plain = Case._debts_of

        def fails(cases, lines):
            if bad in lines.move_id:
                raise ValueError("poison")
            return plain(cases, lines)

        self.patch(Case, "_debts_of", fails)
        with self.assertLogs("odoo.addons.creditbox_dunning", "WARNING"):
            run = self.night(10)
        self.assertEqual((run.count_failed, run.count_charges), (1, 1))
        self.assertIn("B2", run.problem)
        self.assertTrue(self.drafts(good))

    def test_what_a_person_cancelled_does_not_come_back_by_itself(self):
        bill, case = self.case()
        self.turn_on("monthly")
        self.night(10)
        self.drafts(bill).with_user(self.accountant).action_cancel()
        self.night(16)
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.06, 0.1])
        # a person may
        case._propose_interest(self.day(16))
        live = self.drafts(bill).filtered(lambda c: c.state == "draft")
        self.assertAlmostEqual(sum(live.mapped("amount")), 0.16)

    def test_less_than_the_minimum_waits(self):
        bill, _case = self.case()
        self.turn_on("monthly", dunning_interest_minimum=0.15)
        self.night(10)
        self.assertFalse(self.drafts(bill))
        self.night(16)
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.16])

    def test_a_disputed_bill_waits(self):
        bill, case = self.case()
        self.turn_on("monthly")
        hold = self.env["dunning.hold"].sudo()._guarded()
        reason = self.env.ref("creditbox_dunning.dunning_hold_reason_bill_disputed")
        hold.create(
            {
                "company_id": self.company.id,
                "scope": "bill",
                "move_id": bill.id,
                "customer_id": bill.commercial_partner_id.id,
                "reason_id": reason.id,
                "stops": "all",
                "clock": "stop",
                "end_rule": "person",
                "date_from": self.day(8),
            }
        )
        self.night(10)
        self.assertFalse(self.drafts(bill))
        self.assertTrue(case)

    def test_days_without_a_rate_are_looked_at_again(self):
        self.env["dunning.interest.rate"].search([("kind", "=", "legal")]).write(
            {"date_to": "2027-01-01"}
        )
        bill, _case = self.case()
        self.paid(bill, 9)
        self.turn_on("paid")
        run = self.night(10)
        self.assertEqual((run.count_missing, run.count_charges), (1, 0))
        self.env["dunning.interest.rate"].create(
            {
                "kind": "legal",
                "date_from": self.day(0),
                "value": 3.65,
                "reference": "test",
            }
        )
        # many days later the same payment still counts
        self.assertEqual(self.night(40).since, run.since)
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.09])

    def test_what_was_paid_before_it_was_turned_on_is_left(self):
        bill, _case = self.case()
        self.paid(bill, 9)
        self.turn_on("paid")
        self.company.dunning_interest_since = self.day(20)
        self.night(21)
        self.assertFalse(self.drafts(bill))

    def test_archived_rules_never_hold(self):
        self.env["dunning.interest.rule"].create(
            {
                "service": "electricity",
                "valid_from": "2026-01-01",
                "base": "fixed",
                "margin": 36.5,
                "reference": "test",
                "active": False,
            }
        )
        bill, _case = self.case()
        self.turn_on("monthly")
        self.night(10)
        self.assertEqual(self.drafts(bill).mapped("amount"), [0.1])

    def test_one_company_only(self):
        bill, _case = self.case()
        other = self.env["res.company"].create({"name": "Other"})
        other.write({"dunning_interest_when": "monthly"})
        run = self.night(10)
        self.assertEqual(run.company_id, other)
        self.assertFalse(self.drafts(bill))
        with self.assertRaises(AccessError):
            run.with_user(self.operator).read(["amount"])

    def test_statements_do_not_grow_with_the_bills(self):
        self.turn_on("monthly")
        counts = []
        for size, day in ((3, date(2027, 2, 1)), (30, date(2027, 3, 1))):
            for place in range(size):
                self.overdue(f"S{size}-{place}")
            self.run_on(7)
            run = self.Run._take_up(self.company, day)
            run = run.with_company(self.company)._guarded()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run._step()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            run._step()
        self.assertEqual(run.count_charges, 33)
        # each charge takes its number from the sequence, alone: nothing else grows
        self.assertLess(counts[1] - counts[0], 30 * 3)


@tagged("post_install", "-at_install")
class TestInterestHints(InterestCommon):
    def test_who_may_not_confirm_sees_who_does(self):
        _bill, case = self.case()
        charge = case._propose_interest(self.day(10))
        accountant = new_test_user(
            self.env,
            login="hint",
            name="Carlo Conti",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        told = charge.with_user(self.manager).confirm_hint
        self.assertIn("An accountant confirms", told)
        names = self.env["utility.charge"]._who_confirms_in_words(self.company)
        self.assertTrue("Carlo Conti" in names or "colleague" in names)
        self.assertFalse(charge.with_user(accountant).confirm_hint)
        self.assertFalse(charge.with_user(accountant).action_confirm())
        self.assertFalse(charge.with_user(self.manager).confirm_hint)

    def test_today_counts_them_and_says_who_has_to_act(self):
        _bill, case = self.case()
        case._propose_interest(self.day(10))
        today = self.env["dunning.worklist"].with_user(self.manager).get_today()
        (own,) = [row for row in today["lists"] if row["key"] == "charges"]
        self.assertEqual(own["count"], 1)
        self.assertIn("An accountant confirms", own["help"])

    def test_level_4_reads_two_companies_and_confirms_in_none(self):
        _bill, case = self.case()
        charge = case._propose_interest(self.day(10))
        other = self.env["res.company"].create({"name": "Other"})
        runs = self.env["dunning.interest.run"].sudo()._guarded()
        vals = {"date": self.day(1), "when": "paid", "period": self.day(1)}
        made = runs.create(
            [{**vals, "company_id": each.id} for each in (self.company, other)]
        )
        head = self._user_in("head4", "group", self.company, other)
        both = (self.company | other).ids
        head_env = self.env(user=head, context={"allowed_company_ids": both})
        self.assertEqual(len(made.with_env(head_env).mapped("company_id.name")), 2)
        today = head_env["dunning.worklist"].get_today()
        (own,) = [row for row in today["lists"] if row["key"] == "charges"]
        self.assertEqual(own["count"], 1)
        self.assertEqual({row["name"] for row in own["companies"]}, {self.company.name})
        with self.assertRaises(AccessError):
            charge.with_env(head_env).action_confirm()
        # the reader of one company sees only that
        alone = self.env(user=self.operator)
        self.assertEqual(alone["dunning.interest.run"].search([]), made[0])

    def test_only_the_program_makes_runs(self):
        with self.assertRaises(AccessError):
            self.env["dunning.interest.run"].with_user(self.dunning_admin).create(
                {
                    "company_id": self.company.id,
                    "date": self.day(1),
                    "when": "paid",
                    "period": self.day(1),
                }
            )

    def test_the_administrator_sets_it(self):
        Wizard = self.env["dunning.settings.wizard"]
        vals = {"dunning_interest_when": "monthly", "dunning_interest_day": 7}
        wizard = Wizard.with_user(self.dunning_admin).create(vals)
        wizard.action_save()
        self.assertEqual(self.company.dunning_interest_when, "monthly")
        self.assertTrue(self.company.dunning_interest_since)


@tagged("post_install", "-at_install")
class TestRatesMissing(InterestCommon):
    def told(self, day):
        return self.env["dunning.interest.rate"]._warnings_of(self.company, day)

    def test_a_half_year_without_a_rate_is_told_and_bears_nothing(self):
        firm = self._create_customer("CF", is_company=True, legal_form="business")
        contract = self._create_contract(
            "F1", firm, self._create_point("IT001E77777777")
        )
        bill, _case = self.case("B1", contract)
        self.env["dunning.interest.rate"].search([("kind", "=", "ecb")]).unlink()
        first = self.owed(bill, 161)  # until 30 June
        self.assertGreater(first, 0)
        # the row of January has no last day: it ends with its half-year all the same
        self.assertEqual(self.owed(bill, 162), first)
        end = date(2027, 6, 30)
        half = "ECB rate of the half-year"
        self.assertFalse([text for text in self.told(end) if half in text])
        (text,) = [text for text in self.told(end + timedelta(days=1)) if half in text]
        self.assertIn("Business", text)
        self.assertNotIn("Consumer", text)

    def test_today_and_the_settings_say_so(self):
        with freeze_time("2027-07-02"):
            today = self.env["dunning.worklist"].with_user(self.dunning_admin)
            (first, *_more) = today.get_today()["warnings"]
            self.assertTrue(first["can_act"])
            wizard = self.env["dunning.settings.wizard"].with_user(self.dunning_admin)
            self.assertIn(first["text"], wizard.create({}).dunning_interest_missing)
            today = self.env["dunning.worklist"].with_user(self.operator).get_today()
            self.assertFalse(today["warnings"][0]["can_act"])

    def test_a_rate_without_an_end_is_looked_at_every_half_year(self):
        row = self.env["dunning.interest.rate"].search([("kind", "=", "ecb")], limit=1)
        seen = row.date_from + timedelta(days=183)
        self.assertFalse([t for t in self.told(seen) if "nobody looked" in t])
        late = seen + timedelta(days=1)
        self.assertEqual(len([t for t in self.told(late) if "nobody looked" in t]), 1)
        with freeze_time(late):
            row.with_user(self.dunning_admin).action_mark_checked()
        self.assertFalse([t for t in self.told(late) if "nobody looked" in t])

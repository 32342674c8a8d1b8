"""Valuation of customers: figures, score, history, watch list, serial switchers."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from ..models import dunning_valuation_run
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestValuation(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scores = cls.env["dunning.score.table"].sudo()
        cls.valuations = cls.env["dunning.valuation"]

    def value(self, number):
        """A nightly valuation on a day counted from the due date."""
        runs = self.env["dunning.valuation.run"].sudo()
        return runs._value_company(self.company, self.day(number))

    def of(self, contract=None, partner=None):
        self.env.flush_all()
        return self.valuations.search(
            [
                ("partner_id", "=", (partner or self.customer).id),
                ("contract_id", "=", contract.id if contract else False),
                ("company_id", "=", self.company.id),
            ]
        )

    def paid(self, move, number, amount=None):
        with freeze_time(self.day(number)):
            return self.pay(move, amount)

    # figures

    def test_ages_add_up_to_the_ledger(self):
        for ref, number, amount in (
            ("A", 0, 100),
            ("B", -45, 200),
            ("C", -75, 50.55),
            ("D", -120, 10),
            ("E", -400, 5),
            ("F", 60, 30),
        ):
            self.overdue(ref, self.contract, amount, due=self.day(number))
        self.value(20)
        one = self.of()
        told = (one.age_30, one.age_60, one.age_90, one.age_180, one.age_over)
        self.assertEqual(told, (100.0, 0.0, 200.0, 60.55, 5.0))
        self.assertEqual((one.not_due, one.overdue), (30.0, 365.55))
        receivable = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("company_id", "=", self.company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        ledger = sum(receivable.mapped("amount_residual"))
        self.assertAlmostEqual(one.exposure, ledger, places=2)
        self.assertEqual(one.oldest_days, 420)
        self.assertEqual(self.of(self.contract).exposure, one.exposure)

    def test_credits_lower_what_is_overdue(self):
        self.overdue("A", self.contract, 100)
        self._create_bill("N", self.contract, 30, move_type="out_refund")
        self.value(20)
        one = self.of()
        self.assertEqual((one.age_30, one.credits), (100.0, -30.0))
        self.assertEqual((one.overdue, one.exposure), (70.0, 70.0))

    def test_days_late_are_weighted_by_amount(self):
        first = self.overdue("A", self.contract, 300)
        self.paid(first, 10)
        second = self.overdue("B", self.contract, 100)
        self.paid(second, 50)
        self.value(60)
        self.assertEqual(self.of().days_late, 20.0)  # (300*10 + 100*50) / 400
        # a year later these payments are no habit any more
        self.value(60 + 400)
        self.assertEqual(self.of().days_late, 0)

    def test_dso(self):
        self.overdue("A", self.contract, 100)
        self.paid(self.overdue("B", self.contract, 300), 0)
        self.value(20)
        self.assertEqual(self.of().dso, 91.3)  # 100 / 400 * 365

    def test_returned_payment_counts(self):
        payment = self.paid(self.overdue("A", self.contract), 0)
        payment.sudo().reversal_date = self.day(10)
        self.value(20)
        one = self.of()
        self.assertEqual(one.returned_debits, 1)
        self.assertIn("returned_debits", [why["measure"] for why in one.reasons])

    def test_guarantee_and_provider(self):
        self.contract.deposit = 40
        self.overdue("A", self.contract, 100)
        self.env["dunning.info.request"].sudo()._guarded().create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "wanted": "score",
                "score": 420,
                "score_class": "B2",
                "done_date": self.day(5),
            }
        )
        self.value(20)
        one = self.of()
        self.assertEqual((one.guarantee, one.cover), (40.0, 40.0))
        told = (one.info_score, one.info_class, one.info_date)
        self.assertEqual(told, (420, "B2", self.day(5)))

    # score and history

    def test_reasons_in_words_and_history(self):
        self.overdue("A", self.contract, 400)
        self.value(5)
        one = self.of()
        self.assertEqual((one.score, one.band), (10, "A"))
        self.assertIn("400.00", one.reason_text.replace(",", "."))
        self.value(40)
        self.assertEqual((one.score, one.band), (15, "B"))
        history = one.history_ids.filtered(lambda line: line.kind == "score")
        self.assertEqual(history.mapped("band"), ["B", "A"])
        self.assertEqual(history[0].date, self.day(40))

    def test_the_same_night_again_writes_nothing(self):
        self.overdue("A", self.contract, 400)
        run = self.value(20)
        self.assertGreaterEqual(run.count_changed, 2)
        again = self.value(20)
        self.assertEqual((again.count_changed, again.state), (0, "done"))
        self.assertEqual(again.count_rows, run.count_rows)

    def test_chunks_take_up_where_they_stopped(self):
        for number in range(4):
            customer = self._create_customer(f"V{number}")
            self._create_contract(f"CV{number}", customer)
        self.patch(dunning_valuation_run, "CHUNK", 2)
        runs = self.env["dunning.valuation.run"].sudo()
        run = runs._take_up(self.company, self.day(1))
        run = run.with_company(self.company)._guarded()
        self.assertTrue(run._step())
        self.assertEqual((run.count_customers, run.state), (2, "running"))
        # killed here: the next start goes on behind the second customer
        runs._cron_started()
        self.assertEqual(run.state, "done")
        known = self.valuations.search_count(
            [("company_id", "=", self.company.id), ("contract_id", "=", False)]
        )
        self.assertEqual(run.count_customers, known)
        self.assertEqual(run, runs._take_up(self.company, self.day(1)))

    def test_statements_do_not_grow_with_customers(self):
        def queries(first, last):
            for number in range(first, last):
                customer = self._create_customer(f"Q{number}")
                contract = self._create_contract(f"CQ{number}", customer)
                self.overdue(f"Q{number}", contract, 100 + number)
            self.env.flush_all()
            partners = self.env["res.partner"].search([("billing_code", "=like", "Q%")])
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.valuations.sudo()._value(self.company, partners.ids, self.day(20))
            return self.cr.sql_log_count - before

        queries(0, 1)
        few, many = queries(1, 2), queries(2, 20)
        self.assertLessEqual(many, few + 2)

    # the table

    def test_a_published_table_is_frozen(self):
        table = self.scores._published_for(self.company)
        self.assertTrue(table.is_standard)
        with self.assertRaises(UserError):
            table.top_a = 20
        with self.assertRaises(UserError):
            table.row_ids[0].points = 1
        with self.assertRaises(UserError):
            table.row_ids[0].unlink()
        with self.assertRaises(AccessError):
            table.with_user(self.dunning_admin).write({"state": "draft"})

    def test_new_version_is_used_from_the_next_night(self):
        self.overdue("A", self.contract, 400)
        self.value(5)
        table = self.scores._published_for(self.company)
        admin = table.with_user(self.dunning_admin)
        draft = self.scores.browse(admin.action_new_version()["res_id"])
        row = draft.row_ids.filtered(
            lambda r: r.measure == "overdue" and r.value_from == 300
        )
        row.points = 15
        draft.with_user(self.dunning_admin).action_publish()
        self.assertEqual((table.state, draft.version), ("superseded", 2))
        self.value(5)
        self.assertEqual((self.of().score, self.of().table_id), (15, draft))

    def test_a_table_that_is_wrong_is_not_published(self):
        draft = self.scores._published_for(self.company).copy()
        draft.row_ids.filtered(lambda r: r.measure == "overdue")[-1].points = 0
        with self.assertRaises(UserError) as error:
            draft.with_user(self.dunning_admin).action_publish()
        self.assertIn("5000", str(error.exception).replace(".", "").replace(",", ""))
        with self.assertRaises(AccessError):
            draft.with_user(self.manager).action_publish()

    # watch list

    def test_who_gets_worse_is_watched_and_the_owner_told(self):
        bill = self.overdue("A", self.contract, 400)
        self.run_on(1)
        self.case_of(bill).user_id = self.operator
        self.value(5)
        one = self.of()
        self.assertFalse(one.is_watched, "the first night nothing got worse")
        self.overdue("B", self.contract, 9000)
        self.value(6)
        self.assertTrue(one.is_watched)
        self.assertIn("A", one.worse_text)
        self.assertEqual(one.activity_ids.user_id, self.operator)
        self.assertEqual(one.history_ids[0].kind, "watched")
        # the next night it is as it was: no second alert
        self.value(6)
        self.assertEqual(len(one.activity_ids), 1)
        with freeze_time(self.day(7)):
            one.with_user(self.operator).action_seen()
        self.assertFalse(one.is_watched)
        self.assertFalse(one.activity_ids)
        self.assertEqual(one.history_ids[0].user_id, self.operator)

    def test_without_an_owner_the_companys_watcher_is_told(self):
        self.company.dunning_watch_user_id = self.manager
        self.value(-10)
        self.overdue("A", self.contract, 9000)
        self.value(5)
        self.assertEqual(self.of().activity_ids.user_id, self.manager)

    def test_the_alert_is_in_the_owners_language(self):
        self.env["res.lang"]._activate_lang("it_IT")
        self.manager.lang = "it_IT"
        self.company.dunning_watch_user_id = self.manager
        self.value(-10)
        self.overdue("A", self.contract, 9000)
        self.value(5)
        self.assertIn("fascia da A", self.of().activity_ids.summary)

    def test_a_broken_promise_counts(self):
        bill = self.overdue("A", self.contract, 100)
        self.run_on(1)
        with freeze_time(self.day(2)):
            hold = self.env["dunning.hold"].suspend(
                "case", self.case_of(bill).ids, "promise", date_to=self.day(5)
            )
        hold.sudo()._guarded().promise_outcome = "broken"
        self.value(10)
        told = (self.of().broken_promises, self.of(self.contract).broken_promises)
        self.assertEqual(told, (1, 1))

    def test_a_broken_plan_counts_for_a_year(self):
        bill = self.overdue("A", self.contract, 120)
        self.run_on(1)
        with freeze_time(self.day(2)):
            plan = self.env["dunning.payment.plan"].create(
                {
                    "case_id": self.case_of(bill).id,
                    "number": 4,
                    "first_due": self.day(12),
                }
            )
        plan.sudo()._guarded().write({"state": "broken", "ended_on": self.day(20)})
        self.value(25)
        told = (self.of().broken_plans, self.of(self.contract).broken_plans)
        self.assertEqual(told, (1, 1))
        self.value(20 + 366)
        self.assertEqual(self.of().broken_plans, 0)

    def test_what_is_unknown_is_no_part_of_an_average(self):
        self.paid(self.overdue("A", self.contract, 100), 10)
        customer = self._create_customer("N1")
        self._create_contract("CN1", customer)
        self.value(20)
        both = self.customer | customer
        ((average, count),) = self.valuations._read_group(
            [
                ("partner_id", "in", both.ids),
                ("company_id", "=", self.company.id),
                ("contract_id", "=", False),
            ],
            [],
            ["days_late:avg", "__count"],
        )
        self.assertEqual((average, count), (10.0, 2))

    def test_watch_by_hand(self):
        self.value(1)
        one = self.of().with_user(self.operator)
        one.action_watch()
        self.assertTrue(one.is_watched)
        with self.assertRaises(AccessError):
            one.write({"is_watched": False})
        with self.assertRaises(UserError):
            self.of(self.contract).with_user(self.operator).action_watch()

    # contract desk

    def test_serial_switchers(self):
        contracts = [self._create_contract(f"S{n}", self.customer) for n in range(3)]
        for contract in contracts:
            contract.write({"date_end": self.day(-30), "end_reason": "switch_out"})
        self.value(1)
        one = self.of()
        self.assertEqual((one.switches, one.is_serial), (3, True))
        self.assertIn("3", one.serial_text)
        self.assertFalse(self.of(contracts[0]).is_serial)

    def test_who_leaves_with_debt(self):
        self.contract.write({"date_end": self.day(10), "end_reason": "switch_out"})
        self.overdue("A", self.contract, 60)
        self.value(20)
        one = self.of()
        self.assertEqual((one.left_debt, one.is_serial), (60.0, True))

    def test_other_companies_are_not_read(self):
        self.overdue("A", self.contract, 400)
        self.value(20)
        other = self.env["res.company"].create({"name": "Other"})
        self.operator.write({"company_ids": [fields.Command.link(other.id)]})
        mine = self.valuations.with_user(self.operator).with_context(
            allowed_company_ids=other.ids
        )
        self.assertFalse(mine.search([("partner_id", "=", self.customer.id)]))

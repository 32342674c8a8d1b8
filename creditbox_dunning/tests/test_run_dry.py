"""Trying a run out, every customer's reason, and what one case is about."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestDryRun(DunningCommon):
    def _mixed(self):
        """Bills of every kind: {name: bill}."""
        bills = {}
        for number, name in enumerate(
            ("plain", "small", "credit", "excluded", "blocked", "paid", "held", "body")
        ):
            kind = "public_body" if name == "body" else "domestic"
            customer = self._create_customer(f"D{name}", email=f"{name}@example.com")
            point = self._create_point(f"IT001E8{number:07d}")
            contract = self._create_contract(
                f"CT{name}", customer, point, customer_type=kind
            )
            amount = 3.0 if name == "small" else 100.0
            bills[name] = self.overdue(f"D{name}", contract, amount)
        bills["excluded"].line_ids.no_followup = True
        bills["blocked"].action_toggle_block_payment()
        bills["no_address"] = self.overdue(
            "Dnone",
            self._create_contract(
                "CTnone",
                self._create_customer("Dnone", email=False, street=False),
                self._create_point("IT001E89999999"),
            ),
        )
        return bills

    @property
    def runs(self):
        return self.env["dunning.run"].sudo()

    def _dry(self, day, user=None):
        """The try-out, through a cursor that sees what the test has made."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            # a day to come is the superuser's only
            runs = self.env["dunning.run"].with_user(user) if user else self.runs
            return runs.dry_run(self.company, self.day(day))

    def _state(self):
        self.env.flush_all()
        self.env.invalidate_all()
        tables = (
            "dunning_case dunning_action dunning_action_item dunning_communication"
            " dunning_run dunning_run_batch mail_mail mail_message utility_notice"
        ).split()
        state = []
        for table in tables:
            self.env.cr.execute(
                SQL("SELECT * FROM %s ORDER BY id", SQL.identifier(table))
            )
            state.append(self.env.cr.fetchall())
        self.env.cr.execute("SELECT id, dunning_case_id FROM account_move_line")
        return state, sorted(self.env.cr.fetchall())

    def test_gate_6_dry_run_equals_the_real_run(self):
        """Gate 6: same decisions as the run when nothing changed; changes nothing."""
        self._mixed()
        for day in (1, 7, 8, 15, 30, 31, 60):
            before = self._state()
            told = self._dry(day)
            self.assertEqual(self._state(), before, f"day {day}: something changed")
            run = self.run_on(day)
            expected = {
                (row["partner_id"], row["rule_id"], tuple(row["lines"]))
                for row in told
                if row["kind"] == "execute"
            }
            done = {
                (
                    action.partner_id.id,
                    action.rule_id.id,
                    tuple(sorted(action.item_ids.move_line_id.ids)),
                )
                for action in run.action_ids
                if action.state != "skipped"
            }
            self.assertEqual(done, expected, f"day {day}")
            skipped = sum(len(row["skipped"]) for row in told)
            self.assertEqual(run.count_skipped, skipped)
            closed = sum(row["kind"] == "close" for row in told)
            self.assertEqual(run.count_closed, closed)
            waits = {
                (row["partner_id"], row["kind"], row["date"], row["reason"])
                for row in told
                if row["kind"] in ("wait", "park", "stop")
            }
            cases = self.env["dunning.case"].search([("state", "!=", "closed")])
            real = {
                (case.partner_id.id, case.next_kind, case.next_date, case.next_reason)
                for case in cases.sudo() - run.action_ids.case_id
            }
            self.assertLessEqual(
                real, waits | {row for row in real if row[1] == "close"}
            )

    def test_numbers_of_the_sequence_are_not_used_up(self):
        self.overdue("B1")
        first = self.env["dunning.case"]._next_names(self.company, 1)[0]
        self._dry(7)
        after = self.env["dunning.case"]._next_names(self.company, 1)[0]
        self.assertEqual(int(after[-6:]), int(first[-6:]) + 1)

    def test_gate_7_every_customer_has_a_reason(self):
        """Gate 7: live cases say why and when; bills in no case say why not."""
        bills = self._mixed()
        for day in (1, 7, 15, 30, 31):
            self.run_on(day)
            cases = self.env["dunning.case"].search([("state", "!=", "closed")])
            for case in cases:
                told = case.next_reasons or case.next_date
                self.assertTrue(told, f"day {day}: {case.partner_id.name}")
                self.assertTrue(case.sentence)
            left = self._dry(day)
            left = {r["lines"][0]: r for r in left if r["kind"] == "left_out"}
            followed = cases.line_ids.ids
            for name, bill in bills.items():
                line = bill.line_ids.filtered("date_maturity")
                code = left.get(line.id, {}).get("reasons")
                self.assertTrue(code or line.id in followed, name)
            excluded = bills["excluded"].line_ids.filtered("date_maturity")
            self.assertEqual(left[excluded.id]["reasons"][0]["code"], "bill_excluded")
            blocked = bills["blocked"].line_ids.filtered("date_maturity")
            self.assertEqual(left[blocked.id]["reasons"][0]["code"], "bill_blocked")
            self.assertIn(bills["blocked"].name, left[blocked.id]["reason"])
        for action in self.env["dunning.action"].search([("state", "=", "skipped")]):
            self.assertTrue(action.reasons)

    def test_page_of_the_try_out(self):
        self._mixed()
        self.env.flush_all()
        with self.enter_registry_test_mode():
            wizard = self.env["dunning.run.wizard"].with_user(self.manager)
            wizard = wizard.create(
                {
                    "company_ids": [Command.set(self.company.ids)],
                    "date": self.env["dunning.case"]._today(self.company),
                }
            )
            page = wizard.action_try_out()
        tryout = self.env["dunning.tryout"].with_user(self.manager)
        tryout = tryout.browse(page["res_id"])
        shown = len(tryout.line_ids)
        counted = sum(
            tryout[f"count_{kind}"]
            for kind in ("execute", "wait", "park", "stop", "close", "left_out")
        )
        self.assertEqual(shown, counted)
        self.assertFalse(self.env["dunning.case"].search([]))
        with self.assertRaises(AccessError):
            self._dry(7, self.operator)
        with self.assertRaises(AccessError):
            tryout.with_user(self.operator).read(["date"])

    def test_gate_8_paid_one_minute_before_sending(self):
        """Gate 8: the balance is read again when the message leaves."""
        bill = self.overdue("B1")
        self.run_on(7)
        action = self.case_of(bill).action_ids.filtered(lambda a: a.rule_id.seq == 20)
        message = action.communication_ids
        self.assertEqual((action.state, message.state), ("done", "to_send"))
        self.pay(bill)
        self.env["dunning.outbox"].sudo()._work(message.provider_id.sudo())
        self.assertEqual(message.state, "cancelled")
        self.assertEqual(action.state, "superseded")
        self.assertEqual(action.reasons[-1]["code"], "paid_before_sending")

    def test_gate_25_returned_payment_reopens_at_its_step(self):
        """Gate 25: the case goes on at the step that it had left."""
        bill = self.overdue("B1")
        self.run_on(7)
        case = self.case_of(bill)
        payment = self.pay(bill)
        self.run_on(8)
        self.assertEqual(case.state, "closed")
        payment.action_draft()
        payment.action_cancel()
        run = self.run_on(9)
        self.assertEqual((run.count_reopened, case.state), (1, "open"))
        self.assertEqual(self.case_of(bill), case)
        self.assertEqual((case.current_rule_id.seq, case.next_rule_id.seq), (20, 30))


@tagged("post_install", "-at_install")
class TestGrouping(DunningCommon):
    def _sites(self, kind, count=2, **vals):
        """A customer of a type with several supplies, a bill for each."""
        code = f"G{kind}{len(vals)}{count}"
        place = self.env["utility.supply.point"].search_count([])
        customer = self._create_customer(code)
        return [
            self.overdue(
                f"{code}B{number}",
                self._create_contract(
                    f"{code}{number}",
                    customer,
                    self._create_point(f"IT001E7{place:05d}{number:02d}"),
                    customer_type=kind,
                    **vals,
                ),
            )
            for number in range(count)
        ]

    def test_public_bodies_have_one_case(self):
        first, second = self._sites("public_body")
        self.run_on(1)
        case = self.case_of(first)
        self.assertEqual(self.case_of(second), case)
        self.assertFalse(case.contract_id)
        self.assertEqual(
            (case.customer_type, case.service), ("public_body", "electricity")
        )
        self.assertEqual(case.contract_ids, (first | second).utility_contract_id)
        self.assertEqual(case.amount_due, 200)
        key = self.env["dunning.facts"]._key(case, "")
        self.assertEqual(key.suspendibility, "not_suspendible")

    def test_one_supply_left_is_that_supplys_case(self):
        first, second = self._sites("public_body")
        self.run_on(1)
        case = self.case_of(first)
        self.pay(first)
        self.run_on(2)
        self.assertEqual(case.contract_id, second.utility_contract_id)
        third = self.overdue("GX", first.utility_contract_id)
        self.run_on(3)
        self.assertEqual(self.case_of(third), case)
        self.assertFalse(case.contract_id)

    def test_supplies_apart_by_default(self):
        first, second = self._sites("domestic")
        self.run_on(1)
        self.assertNotEqual(self.case_of(first), self.case_of(second))

    def test_by_billing_account(self):
        self.company.dunning_group_large = "billing_account"
        first, second = self._sites("large", billing_account="ACC-1")
        alone = self._sites("large", 1)[0]
        self.run_on(1)
        case = self.case_of(first)
        self.assertEqual((self.case_of(second), case.billing_account), (case, "ACC-1"))
        self.assertNotEqual(self.case_of(alone), case)
        self.assertEqual(self.case_of(alone).contract_id, alone.utility_contract_id)

    def test_two_accounts_of_a_customer(self):
        self.company.dunning_group_large = "billing_account"
        bills = self._sites("large", 4, billing_account="ACC-1")
        for bill in bills[2:]:
            bill.utility_contract_id.billing_account = "ACC-2"
        self.run_on(1)
        cases = [self.case_of(bill) for bill in bills]
        self.assertEqual((cases[0], cases[2]), (cases[1], cases[3]))
        self.assertEqual(
            [case.billing_account for case in cases[1:3]], ["ACC-1", "ACC-2"]
        )

    def test_changed_setting_leaves_open_cases_as_they_are(self):
        first, second = self._sites("large")
        self.run_on(1)
        cases = self.case_of(first) | self.case_of(second)
        self.assertEqual(len(cases), 2)
        self.company.dunning_group_large = "customer"
        newer = self.overdue("GN", first.utility_contract_id)
        self.run_on(2)
        self.assertEqual(self.case_of(newer), self.case_of(first))
        self.assertEqual(len(cases.filtered(lambda c: c.state != "closed")), 2)

    def test_payment_returned_reopens_the_group(self):
        first, second = self._sites("public_body")
        self.run_on(1)
        case = self.case_of(first)
        self.pay(first)
        payment = self.pay(second)
        self.run_on(2)
        self.assertEqual(case.state, "closed")
        payment.action_draft()
        payment.action_cancel()
        self.run_on(3)
        self.assertEqual((case.state, self.case_of(second)), ("open", case))

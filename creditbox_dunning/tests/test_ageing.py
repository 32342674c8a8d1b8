"""Gate 48: ageing equals the ledger; stuck board, week and timeline equal the cases."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import product
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, new_test_user, tagged

from ..models import dunning_ageing
from .common import DUE, DunningCommon


@tagged("post_install", "-at_install")
class TestAgeing(DunningCommon):
    """The second reckoning walks the journal items one by one, in Python."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.whole = cls.overdue("A1", amount=100.01)
        cls.part = cls.overdue("A2", amount=250.30, due=DUE - timedelta(days=45))
        cls.credited = cls.overdue("A3", amount=80, due=DUE - timedelta(days=200))
        cls.future = cls.overdue("A4", amount=60, due=DUE + timedelta(days=400))
        cls.returned = cls.overdue("A5", amount=33.33, due=DUE - timedelta(days=90))

    def pay_on(self, move, amount, day):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"amount": amount, "payment_date": day})
        )
        return wizard._create_payments()

    def setUp(self):
        super().setUp()
        self.pay_on(self.part, 100.10, self.day(10))
        reversal = self.credited._reverse_moves(
            [{"date": self.day(20), "invoice_date": self.day(20)}], cancel=True
        )
        self.assertEqual(reversal.state, "posted")
        payment = self.pay_on(self.returned, 33.33, self.day(5))
        self.undone = payment.move_id._reverse_moves(
            [{"date": self.day(12)}], cancel=True
        )
        self.loose = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 12.34,
                "date": self.day(15),
            }
        )
        self.loose.action_post()

    def ageing(self, day=None, user=None):
        # each day is a request of its own: nothing waits, nothing is remembered
        self.env.invalidate_all()
        rows = self.env["dunning.ageing"].with_user(user or self.operator)
        return rows.with_context(
            ageing_date=day and str(day), allowed_company_ids=self.company.ids
        )

    def ledger(self, day=None):
        """{partner: balance of the receivable accounts}, entry by entry."""
        found = defaultdict(Decimal)
        for line in self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "asset_receivable"),
            ]
        ):
            if day is None or line.date <= day:
                found[line.partner_id] += Decimal(f"{line.balance:.2f}")
        return {partner: total for partner, total in found.items() if total}

    def open_on(self, line, day):
        """What was open of a line on ``day``, by the reconciliations one by one."""
        left = Decimal(f"{line.balance:.2f}")
        for match in line.matched_credit_ids:
            if match.max_date <= day:
                left -= Decimal(f"{match.amount:.2f}")
        for match in line.matched_debit_ids:
            if match.max_date <= day:
                left += Decimal(f"{match.amount:.2f}")
        return left

    def sums(self, day=None, by="partner_id"):
        groups = self.ageing(day)._read_group([], [by], ["amount:sum"])
        return {
            key: Decimal(f"{total:.2f}") for key, total in groups if round(total, 2)
        }

    def days(self):
        return [self.day(n) for n in (-300, -60, 0, 4, 5, 11, 12, 14, 19, 20, 40)]

    def test_gate_48_ageing_equals_the_ledger(self):
        self.assertEqual(self.sums(), self.ledger(), "as the books stand")
        for day in self.days():
            with self.subTest(day=day):
                self.assertEqual(self.sums(day), self.ledger(day))

    def test_gate_48_each_row_is_what_was_open_that_day(self):
        for day in self.days():
            rows = self.ageing(day).search([])
            told = {row.id: Decimal(f"{row.amount:.2f}") for row in rows}
            lines = self.env["account.move.line"].search(
                [
                    ("company_id", "=", self.company.id),
                    ("parent_state", "=", "posted"),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("date", "<=", day),
                ]
            )
            known = {line.id: self.open_on(line, day) for line in lines}
            with self.subTest(day=day):
                self.assertEqual(told, {k: v for k, v in known.items() if v})

    def test_sums_are_those_of_the_rows(self):
        """Pivot and graph read sums by due day: the same as adding up the rows."""
        keys = ("band", "service", "customer_type", "company_id", "sales_network")
        for day in (None, *self.days()):
            for domain in ([], [("days", ">", 30)], [("amount", ">", 0)]):
                rows = self.ageing(day).search(domain)
                for key in keys:
                    known = defaultdict(lambda: [0, Decimal(), Decimal()])
                    for row in rows:
                        sums = known[row[key]]
                        sums[0] += 1
                        sums[1] += Decimal(f"{row.amount:.2f}")
                        sums[2] += Decimal(f"{row.overdue:.2f}")
                    told = {
                        value: [
                            count,
                            Decimal(f"{amount:.2f}"),
                            Decimal(f"{overdue:.2f}"),
                        ]
                        for value, count, amount, overdue in self.ageing(
                            day
                        )._read_group(
                            domain, [key], ["__count", "amount:sum", "overdue:sum"]
                        )
                    }
                    with self.subTest(day=day, domain=domain, key=key):
                        self.assertEqual(told, dict(known))

    def entry(self, partner, amount):
        """A posted entry on the receivable account, of a customer or of nobody."""
        lines = self.whole.line_ids
        receivable = lines.filtered(lambda one: one.display_type == "payment_term")
        income = lines - receivable
        told = {"partner_id": partner.id, "date_maturity": self.day(0)}
        entry = self.env["account.move"].create(
            {
                "date": self.day(0),
                "line_ids": [
                    Command.create(
                        {
                            **told,
                            "account_id": receivable.account_id.id,
                            "debit": amount,
                        }
                    ),
                    Command.create(
                        {"account_id": income[:1].account_id.id, "credit": amount}
                    ),
                ],
            }
        )
        entry.action_post()
        return entry

    def test_list_by_customer_page_by_page(self):
        """Pages found by name first say what reading all groups would have said."""
        for number, name in enumerate(("Zeno", "anna", "Bo", "Bo", "Ugo")):
            partner = self._create_customer(f"P{number}")
            partner.name = name
            self.entry(partner, 10 + number)
        self.entry(self.env["res.partner"], 7.77)
        archived = self._create_customer("P9")
        self.entry(archived, 1)
        archived.active = False
        sums = ["amount:sum", "overdue:sum", "days:max", "__count"]
        orders = ("", "partner_id ASC", "partner_id desc", "amount desc")
        domains = ([], [("amount", ">", 0)], [("days", ">", 30)], [("band", "=", "x")])
        for day, order, domain in product((None, self.day(12)), orders, domains):
            rows = self.ageing(day)
            told = {"groupby": ["partner_id"], "aggregates": sums, "order": order}
            known = rows.web_read_group(domain, **told)
            pages = []
            with patch.object(dunning_ageing, "MANY", 0):
                for offset in range(0, known["length"] + 1, 2):
                    page = rows.web_read_group(domain, limit=2, offset=offset, **told)
                    if page["groups"]:
                        self.assertEqual(page["length"], known["length"])
                    pages += page["groups"]
            with self.subTest(day=day, order=order, domain=domain):
                self.assertEqual(pages, known["groups"])
                nobody = [one for one in pages if not one["partner_id"]]
                self.assertEqual(len(nobody), domain in domains[:2])
        self.assertEqual(known["length"], 0)

    def test_bands(self):
        def band(move, day):
            rows = self.ageing(day).search([("move_id", "=", move.id)])
            return {(row.band, row.days) for row in rows}

        self.assertEqual(band(self.whole, self.day(0)), {("a_not_due", 0)})
        self.assertEqual(band(self.whole, self.day(1)), {("b_30", 1)})
        self.assertEqual(band(self.whole, self.day(30)), {("b_30", 30)})
        self.assertEqual(band(self.whole, self.day(31)), {("c_60", 31)})
        self.assertEqual(band(self.whole, self.day(366)), {("g_more", 366)})
        self.assertEqual(band(self.future, self.day(380)), {("a_not_due", 0)})
        self.assertEqual(
            band(self.loose.move_id, self.day(15)), {("h_credit", 0)}, "not matched"
        )
        self.assertFalse(band(self.credited, self.day(20)))
        self.assertTrue(band(self.credited, self.day(19)))

    def test_two_companies(self):
        other = self.setup_other_company(name="Altra S.p.A.")["company"]
        user = new_test_user(
            self.env,
            "elsewhere",
            groups="creditbox_dunning.group_dunning_operator",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.env.flush_all()
        rows = self.env["dunning.ageing"].with_user(user)
        self.assertFalse(rows.search([]))
        self.assertFalse(rows.with_context(ageing_date="2027-12-31").search([]))

    def test_the_dialog_opens_that_day(self):
        wizard = self.env["dunning.ageing.wizard"].with_user(self.operator)
        with freeze_time(self.day(50)):
            action = wizard.create({"date": self.day(11)}).action_open()
            self.assertEqual(action["context"]["ageing_date"], str(self.day(11)))
            rows = self.ageing().with_context(**action["context"])
            total = sum(rows.search([]).mapped("amount"))
            self.assertAlmostEqual(
                total, float(sum(self.ledger(self.day(11)).values()))
            )
            with self.assertRaises(UserError):
                wizard.create({"date": self.day(51)}).action_open()

    def test_regulator_counts_what_was_carried_out(self):
        for number in (7, 15, 30):
            self.run_on(number)
        rows = self.env["dunning.regulator.report"].with_user(self.operator)
        done = self.env["dunning.action"].search(
            [("op", "=", "notice"), ("state", "=", "done")]
        )
        self.assertTrue(done)
        groups = rows._read_group(
            [("company_id", "=", self.company.id)], ["op"], ["count:sum"]
        )
        self.assertEqual(dict(groups).get("notice"), len(done))
        self.assertNotIn("default", dict(groups), "written, not delivered")


@tagged("post_install", "-at_install")
class TestBoards(DunningCommon):
    def test_gate_48_boards_agree_with_their_cases(self):
        """Stuck board, next seven days and timeline against the cases themselves."""
        nobody = self._create_customer("N1", email=False, street=False)
        bills = [
            self.overdue("B1"),
            self.overdue("B2", self._create_contract("CT2", nobody), 70),
            self.overdue(
                "B3",
                self._create_contract("CT3", self._create_customer("C3")),
                45,
                due=DUE - timedelta(days=3),
            ),
        ]
        for number in (1, 7, 15):
            self.run_on(number)
        cases = self.env["dunning.case"].union(*(self.case_of(b) for b in bills))
        for number in (16, 26, 60):
            with self.subTest(day=number), freeze_time(self.day(number)):
                today, soon = self.day(number), self.day(number + 7)
                lists = self.env["dunning.worklist"].with_user(self.operator)
                found = {one["key"]: one for one in lists.get_today()["lists"]}

                def listed(key, boards=found):
                    if key not in boards:
                        return self.env["dunning.case"]
                    action = boards[key]["action"]
                    return self.env[action["res_model"]].search(action["domain"])

                week = cases.filtered(
                    lambda c, a=today, b=soon: (
                        c.state != "closed" and c.next_date and a <= c.next_date <= b
                    )
                )
                self.assertEqual(listed("week"), week)
                self.assertEqual(found.get("week", {}).get("count", 0), len(week))
                late = cases.filtered(
                    lambda c, a=today: (
                        c.state != "closed"
                        and c.next_date
                        and c.next_date < a - timedelta(days=7)
                    )
                )
                self.assertEqual(listed("late"), late)
        for case in cases:
            entries = case.with_user(self.operator).timeline
            actions = [one["id"] for one in entries if one["kind"] == "action"]
            self.assertEqual(sorted(actions), sorted(case.action_ids.ids))

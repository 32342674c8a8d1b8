from datetime import date, timedelta
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import BaseCase, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.rules.explain import explain, explain_later
from odoo.addons.creditbox_dunning.rules.facts import Hold, Key, Reason, Verdict

from .common import DUE, DunningCommon
from .planner_common import ELECTRICITY, bill, done, facts, rule, shift, standard_rules

DAY = timedelta(days=1)


def rows():
    return (
        rule(10, channel="sms", action=1, wait_before=3),
        rule(20, wait_before=7, wait_after=5),
        rule(30, op="notice", action=3, channel="pp", wait_before=15, wait_after=10),
        rule(40, op="default", action=5, channel="pec", wait_before=30, wait_after=28),
        rule(41, op="default", action=4, channel="ar", wait_before=30, wait_after=28),
        rule(50, op="assign", action=6, channel="file", anchor="prev_end"),
        rule(900, op="plan", action=9, channel="event", anchor="event"),
    )


def statuses(answer):
    return {row.rule.seq: row.status for row in answer.rows}


@tagged("standard", "post_install", "-at_install")
class TestExplainRules(BaseCase):
    """The pure explanation: each row has its status, each bill its reason."""

    def test_every_row_has_a_status(self):
        table = rows()
        mail = done(table[1], DUE + 8 * DAY, channel="email")
        known = facts(
            bill(covered={"remind"}), done=(mail,), missing={"sms": "no_mobile"}
        )
        answer = explain(known, table, DUE + 9 * DAY, shift)
        self.assertEqual(
            statuses(answer),
            {
                10: "behind",
                20: "done",
                30: "next",
                40: "ahead",
                41: "unreached",  # the alternative of 40, which works
                50: "ahead",
                900: "event",
            },
        )

    def test_dates_ahead_follow_the_waits(self):
        answer = explain(facts(), rows(), DUE + DAY, shift)
        ahead = {row.rule.seq: row.date for row in answer.rows}
        self.assertEqual(ahead[10], DUE + 3 * DAY)
        self.assertEqual(ahead[20], DUE + 7 * DAY)
        self.assertEqual(ahead[30], DUE + 15 * DAY)
        self.assertEqual(ahead[40], DUE + 30 * DAY)
        self.assertEqual(ahead[50], DUE + 58 * DAY)
        estimated = [row.rule.seq for row in answer.rows if row.estimated]
        self.assertEqual(estimated, [20, 30, 40, 50], "the next row is no estimate")

    def test_row_left_out_says_why(self):
        """On the day on which the mail is due the text message is overtaken."""
        answer = explain(facts(), rows(), DUE + 8 * DAY, shift)
        row = answer.rows[0]
        self.assertEqual(row.status, "skipped")
        self.assertEqual(row.reasons, (Reason.of("overtaken"),))

    def test_calculation_names_anchor_and_wait(self):
        answer = explain(facts(), rows(), DUE + DAY, shift)
        self.assertEqual(answer.calculation.anchor, "due")
        self.assertEqual(answer.calculation.anchor_date, DUE)
        self.assertEqual(answer.calculation.wait, 3)
        self.assertEqual(answer.calculation.table_date, DUE + 3 * DAY)

    def test_guard_is_asked_for_the_next_row(self):
        law = Reason.of("tested", rule="TIMOE 3.2", number=25)

        def guard(row, _facts, _today):
            if row.op == "remind":
                return Verdict(DUE + 60 * DAY, False, (law,))
            return Verdict()

        answer = explain(facts(), rows(), DUE + DAY, shift, guard)
        self.assertEqual(answer.verdict.earliest, DUE + 60 * DAY)
        self.assertEqual(answer.calculation.guard_date, DUE + 60 * DAY)
        self.assertIn(law, answer.verdict.reasons)

    def test_bills_left_out_say_why(self):
        young = bill("50", DUE + 20 * DAY, number=2)
        table = rows()
        past = [done(table[i], DUE + d * DAY) for i, d in ((1, 8), (2, 16))]
        known = facts(bill(covered={"notice"}), young, done=tuple(past))
        answer = explain(known, table, DUE + 31 * DAY, shift)
        self.assertEqual(answer.decision.rule.seq, 40)
        first, second = answer.lines
        self.assertTrue(first.listed)
        self.assertFalse(second.listed)
        self.assertEqual(
            second.reason, Reason.of("line_too_young", date=DUE + 50 * DAY)
        )

    def test_fallback_says_which_set(self):
        key = Key("domestic", "electricity", "active", "deactivable")
        answer = explain(facts(key=key), standard_rules(), DUE + DAY, shift)
        self.assertEqual(answer.set_key.suspendibility, "suspendible")
        self.assertEqual(answer.notes, (Reason.of("fallback_deactivable"),))

    def test_no_set(self):
        key = Key("domestic", "gas", "active", "suspendible")
        answer = explain(facts(key=key), rows(), DUE + DAY, shift)
        self.assertEqual(answer.rows, ())
        self.assertEqual(answer.notes, (Reason.of("no_set"),))

    def test_hold_is_told_with_its_end(self):
        hold = Hold("complaint", until=DUE + 40 * DAY, start=DUE)
        answer = explain(facts(holds=(hold,)), rows(), DUE + 10 * DAY, shift)
        self.assertEqual(answer.holds, (hold,))
        self.assertEqual(answer.decision.date, DUE + 41 * DAY)

    def test_paid_case(self):
        known = facts(bill("-10"), key=ELECTRICITY)
        answer = explain(known, rows(), DUE + DAY, shift)
        self.assertEqual(answer.decision.kind, "close")
        self.assertIsNone(answer.verdict)

    def test_later_day_walks_the_days_between(self):
        """What would happen in 40 days: three steps are behind by then."""
        answer = explain_later(facts(), rows(), DUE + DAY, DUE + 40 * DAY, shift)
        self.assertTrue(answer.estimated)
        found = statuses(answer)
        self.assertEqual([found[seq] for seq in (10, 20, 30, 40)], ["done"] * 4)
        self.assertTrue(all(r.estimated for r in answer.rows if r.status == "done"))
        self.assertEqual(found[50], "next")

    def test_rows_ahead_of_what_waits_for_somebody(self):
        """A letter that nobody proved yet: the days ahead count it as arrived."""
        table = rows()
        past = [done(table[i], DUE + d * DAY) for i, d in ((1, 8), (2, 16))]
        letter = done(table[4], None, state="open", channel="ar")
        known = facts(
            bill(covered={"remind", "notice", "default"}), done=(*past, letter)
        )
        answer = explain(known, table, DUE + 31 * DAY, shift)
        self.assertEqual(statuses(answer)[41], "open")
        ahead = {row.rule.seq: row for row in answer.rows}[50]
        self.assertTrue(ahead.estimated)
        self.assertEqual(ahead.date, DUE + (31 + 8 + 28) * DAY)

    def test_same_question_same_answer(self):
        known = facts(bill(), bill("33.10", DUE + 9 * DAY, number=2))
        first, second = (
            explain(known, standard_rules(), DUE + 12 * DAY, shift) for _ in range(2)
        )
        self.assertEqual(first, second)


@tagged("standard", "post_install", "-at_install")
class TestExplainCase(DunningCommon):
    """The RPC: rights, words, and that nothing is written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue("B1", amount=100)
        cls.late = cls.overdue("B2", amount=40, due=DUE + timedelta(days=20))
        cls.run_on(8)
        cls.case = cls.case_of(cls.bill)

    def setUp(self):
        super().setUp()
        self.clock(400)

    def clock(self, number):
        """From now on it is that day, counted from the due date."""
        self.patch(
            type(self.env["dunning.case"]), "_today", lambda *_args: self.day(number)
        )

    def ask(self, day=9, user=None):
        case = self.case.with_user(user or self.operator)
        return case.explain(self.day(day).isoformat())

    def counts(self):
        """{table: rows} of every table of dunning, and of the journal."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND (relname LIKE 'dunning%' OR relname LIKE 'utility%'"
            "      OR relname LIKE 'mail%' OR relname LIKE 'account_move%')"
        )
        found = {}
        for (name,) in self.env.cr.fetchall():
            self.env.cr.execute(
                SQL(
                    "SELECT COUNT(*), SUM(xmin::text::bigint) FROM %s",
                    SQL.identifier(name),
                )
            )
            found[name] = self.env.cr.fetchone()
        return found

    def test_says_where_the_case_is(self):
        answer = self.ask()
        self.assertEqual(answer["case"]["name"], self.case.name)
        self.assertEqual(answer["decision"]["kind"], "wait")
        status = {row["seq"]: row["status"] for row in answer["rows"]}
        self.assertEqual(status[20], "done")
        self.assertEqual(status[30], "next")
        self.assertEqual(answer["date"], self.day(9).isoformat())
        self.assertFalse(answer["set"]["is_fallback"])
        left_out = next(row for row in answer["rows"] if row["seq"] == 10)
        self.assertEqual(left_out["status"], "skipped")
        self.assertTrue(left_out["date"] and left_out["reasons"], "when and why")
        following = next(row for row in answer["rows"] if row["status"] == "next")
        self.assertIn("15", following["text"], "the wait of the row is named")

    def test_bill_not_due_is_told(self):
        self.run_on(21)
        answer = self.ask(22)
        lines = {line["bill"]: line for line in answer["lines"]}
        self.assertEqual(set(lines), {"B1", "B2"})
        self.assertTrue(lines["B1"]["listed"])
        self.assertFalse(lines["B2"]["listed"])
        self.assertEqual(lines["B2"]["reasons"][0]["code"], "line_too_young")

    def test_paid_and_excluded_bills_are_told(self):
        self.run_on(21)
        self.pay(self.late)
        answer = self.ask(22)
        lines = {line["bill"]: line for line in answer["lines"]}
        self.assertEqual(lines["B2"]["reasons"][0]["code"], "line_paid")
        self.bill.line_ids.no_followup = True
        answer = self.ask(22)
        lines = {line["bill"]: line for line in answer["lines"]}
        self.assertEqual(answer["decision"]["reasons"][0]["code"], "on_hold")
        self.assertEqual(answer["holds"][0]["reason"], "excluded")
        self.assertEqual(lines["B1"]["reasons"][0]["code"], "line_excluded")

    def test_day_to_come_is_an_estimate(self):
        self.clock(9)
        answer = self.ask(60)
        self.assertTrue(answer["is_estimate"])
        status = {row["seq"]: row["status"] for row in answer["rows"]}
        self.assertEqual(status[30], "done")
        self.assertFalse(self.ask(9)["is_estimate"])

    def test_everybody_who_reads_the_case_may_ask(self):
        """The humble user: an operator, and an accountant who only reads."""
        accountant = new_test_user(
            self.env,
            login="accountant",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        for user in (self.operator, accountant):
            self.assertTrue(self.ask(user=user)["rows"], user.login)

    def test_others_may_not_ask(self):
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="creditbox_dunning.group_dunning_manager",
            company_id=self.other_company.id,
            company_ids=[Command.set(self.other_company.ids)],
        )
        plain = new_test_user(self.env, login="plain", groups="base.group_user")
        for user in (stranger, plain):
            with self.assertRaises(AccessError):
                self.ask(user=user)
            with self.assertRaises(AccessError):
                self.bill.with_user(user).explain_dunning()

    def test_writes_nothing(self):
        """The whole answer is given inside a transaction that may not write."""
        before = self.counts()
        self.env.flush_all()
        with self.env.cr.savepoint():
            self.env.cr.execute("SET TRANSACTION READ ONLY")
            self.ask()
            self.clock(9)
            self.ask(60)
            self.bill.with_user(self.operator).explain_dunning()
            self.env.cr.execute("SHOW transaction_read_only")
            self.assertEqual(self.env.cr.fetchone(), ("on",))
        self.assertEqual(self.counts(), before)

    def test_in_italian(self):
        self.env["res.lang"]._activate_lang("it_IT")
        case = self.case.with_user(self.operator).with_context(lang="it_IT")
        answer = case.explain(self.day(9))
        self.assertIn("/02/2027", answer["rows"][2]["date_text"])

    # the bill

    def why(self, move, day=9):
        answer = move.with_user(self.operator).explain_dunning(self.day(day))
        return [reason["code"] for reason in answer["reasons"]]

    def test_bill_that_is_followed(self):
        answer = self.bill.with_user(self.operator).explain_dunning(self.day(9))
        self.assertTrue(answer["is_followed"])
        self.assertEqual(answer["cases"][0]["case"]["id"], self.case.id)

    def test_bill_that_is_not_followed(self):
        paid = self.overdue("P1", amount=10)
        self.pay(paid)
        excluded = self.overdue("P2", amount=10)
        excluded.line_ids.no_followup = True
        blocked = self.overdue("P3", amount=10)
        blocked.action_toggle_block_payment()
        young = self.overdue("P4", amount=10, due=date(2028, 1, 1))
        loose = self.overdue("P5", amount=10)
        self.assertEqual(self.why(paid), ["bill_paid"])
        self.assertEqual(self.why(excluded), ["bill_excluded"])
        self.assertEqual(self.why(blocked), ["bill_blocked"])
        self.assertEqual(self.why(young), ["bill_not_due"])
        self.assertEqual(self.why(loose), ["bill_next_run"])

    def test_bill_covered_by_a_credit_note(self):
        credit = self.overdue("C1", amount=500, move_type="out_refund")
        self.run_on(9)
        self.assertEqual(self.why(credit, 10), ["bill_credit"])
        self.assertEqual(self.why(self.bill, 10), ["bill_credit_covers"])

    def test_button_of_the_bill(self):
        action = self.bill.with_user(self.operator).action_explain_dunning()
        self.assertEqual(action["tag"], "creditbox_dunning.why")
        self.assertEqual(action["params"]["id"], self.bill.id)
        self.assertEqual(Decimal(str(self.bill.amount_residual)), Decimal(100))

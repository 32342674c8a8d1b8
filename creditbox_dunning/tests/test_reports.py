"""Actions and recovery, group overview: each euro once, totals that agree."""

from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import DunningCommon
from .hold_common import HoldCommon


@tagged("post_install", "-at_install")
class TestReports(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.director = cls._create_dunning_user("boss", "director")
        cls.bill = cls.overdue()
        cls.run_on(1)
        cls.case = cls.case_of(cls.bill)

    def pay_on(self, number, amount):
        """A payment whose day is told from the due date."""
        before = self.bill.line_ids.matched_credit_ids
        self.pay(self.bill, amount)
        new = self.bill.line_ids.matched_credit_ids - before
        new.flush_recordset()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET max_date = %s WHERE id = %s",
            (self.day(number), new.id),
        )
        self.env.invalidate_all()
        return new

    def recovered(self, field):
        rows = (
            self.env["dunning.recovery.report"]
            .with_user(self.operator)
            ._read_group(
                [("kind", "=", "payment"), ("case_id", "=", self.case.id)],
                [field],
                ["recovered:sum", "recovered_30:sum"],
            )
        )
        return {value: (total, soon) for value, total, soon in rows}

    def test_each_euro_goes_to_the_last_action_before_it(self):
        self.pay_on(3, 10)  # nobody had moved yet
        self.run_on(7)
        self.run_on(15)
        reminder, notice = self.case.action_ids.filtered(
            lambda a: a.state == "done"
        ).sorted("executed_date")
        self.pay_on(9, 20)
        self.pay_on(15, 5)  # the very day of the notice: after it
        self.pay_on(15 + 45, 15)
        found = self.recovered("action_id")
        none = self.env["dunning.action"]
        self.assertEqual(found, {none: (10, 0), reminder: (20, 20), notice: (20, 5)})
        within = self.recovered("within")
        self.assertEqual(
            {key: total for key, (total, _soon) in within.items()},
            {"none": 10, "a7": 25, "d60": 15},
        )
        self.assertEqual(sum(total for total, _soon in found.values()), 50)

    def test_actions_are_counted_with_what_they_asked(self):
        self.run_on(7)
        [row] = self.env["dunning.recovery.report"].search(
            [("kind", "=", "action"), ("case_id", "=", self.case.id)]
        )
        self.assertEqual((row.action_count, row.asked, row.recovered), (1, 100, 0))
        self.assertEqual(row.date, self.day(7))

    def test_a_credit_note_is_no_money(self):
        refund = self.bill.sudo()._reverse_moves(
            [{"date": self.day(5), "invoice_date": self.day(5)}]
        )
        refund.action_post()
        lines = (self.bill | refund).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        lines.filtered(lambda line: not line.reconciled).reconcile()
        self.assertTrue(self.bill.line_ids.matched_credit_ids)
        self.assertFalse(self.recovered("within"))

    # what it cost

    def price(self, channel, number, cost):
        return self.env["dunning.channel.cost"].create(
            {
                "company_id": self.company.id,
                "channel": channel,
                "date_from": self.day(number),
                "cost": cost,
            }
        )

    def spent(self, field="action_id", domain=()):
        rows = (
            self.env["dunning.recovery.report"]
            .with_user(self.operator)
            ._read_group(
                [("case_id", "=", self.case.id), *domain],
                [field],
                ["recovered:sum", "cost:sum", "ratio:avg"],
            )
        )
        return {value: tuple(rest) for value, *rest in rows}

    def messages_of(self, action, *rows):
        """The messages of ``action``: (channel, day, cost told by the carrier)."""
        # its own never left: what was sent is never deleted
        action.sudo().communication_ids._guarded().write({"sent_date": False})
        return (
            self.env["dunning.communication"]
            .sudo()
            ._guarded()
            .create(
                [
                    {
                        "action_id": action.id,
                        "channel": channel,
                        "state": "sent" if number else "failed",
                        "key": f"cost-{action.id}-{index}",
                        "sent_date": number and self.day(number),
                        "cost": cost,
                    }
                    for index, (channel, number, cost) in enumerate(rows)
                ]
            )
        )

    def test_what_was_collected_stands_against_what_it_cost(self):
        for channel, number, cost in (
            ("pp", 0, 0.9),
            ("pp", 10, 1.5),
            ("sms", 0, 0.0435),
            ("ar", 0, 6),
        ):
            self.price(channel, number, cost)
        self.run_on(7)
        self.run_on(15)
        reminder, notice = self.case.action_ids.filtered(
            lambda a: a.state == "done"
        ).sorted("executed_date")
        # the price list of its day; another channel; one that never left costs nothing
        self.messages_of(
            reminder, ("pp", 7, 0), ("sms", 7, 0), ("email", 7, 0), ("pp", None, 0)
        )
        # what the carrier asked comes before the list
        self.messages_of(notice, ("ar", 15, 7.25), ("pp", 15, 0))
        self.pay_on(3, 10)
        self.pay_on(9, 20)
        self.pay_on(15 + 45, 35)
        self.env.flush_all()
        found = self.spent()
        none = self.env["dunning.action"]
        self.assertEqual(found[none][:2], (10, 0))
        self.assertFalse(found[none][2])
        self.assertEqual(found[reminder][0], 20)
        self.assertAlmostEqual(found[reminder][1], 0.9435)
        self.assertAlmostEqual(found[reminder][2], 20 / 0.9435, 4)
        self.assertAlmostEqual(found[notice][1], 8.75)
        self.assertAlmostEqual(found[notice][2], 4.0)
        # the actions of a period with all that followed, though it was paid later
        of_notice = self.spent("kind", [("action_date", ">=", self.day(10))])
        self.assertEqual(of_notice["payment"][0], 35)
        self.assertAlmostEqual(of_notice["cost"][1], 8.75)
        soon = self.spent("within", [("within", "in", ("a7", "b15", "c30"))])
        self.assertEqual(sum(row[0] for row in soon.values()), 20)

    def test_an_order_costs_the_price_of_its_day(self):
        self.run_on(7)
        action = self.case.action_ids.filtered(lambda a: a.state == "done")
        self.messages_of(action)
        action.sudo()._guarded().write({"channels": "file"})
        self.price("file", 5, 12)
        self.price("file", 8, 99)
        self.price("task", 0, 30)
        self.env.flush_all()
        self.assertEqual(self.spent()[action][1], 12)
        rows = self.env["dunning.recovery.report"].search(
            [("case_id", "=", self.case.id)]
        )
        self.assertEqual(len(set(rows.ids)), len(rows))

    def test_channels_are_summed_by_their_names(self):
        self.run_on(7)
        action = self.case.action_ids.filtered(lambda a: a.state == "done")
        reports = self.env["dunning.recovery.report"]
        domain = [("case_id", "=", self.case.id), ("kind", "=", "action")]
        for channels, lang, name in (
            ("email", "en_US", "E-mail"),
            ("pp", "it_IT", "Posta prioritaria"),
            ("email+sms", "en_US", "E-mail + Text message"),
            ("file+x", "it_IT", "Con un file + x"),
            (False, "it_IT", False),
        ):
            action.sudo()._guarded().write({"channels": channels})
            self.env.flush_all()
            found = reports.with_context(lang=lang)._read_group(
                domain, ["channel_names"], ["__count"]
            )
            self.assertEqual(found, [(name, 1)])

    # the group

    def test_gate_43_totals_are_the_sum_of_the_companies(self):
        """Gate 43: the console's totals equal the sum of the companies' own screens."""
        self.run_on(7)
        self.pay_on(9, 20)
        self.overdue("B2", self._create_contract("CT2", self.customer), 333)
        self.run_on(15)
        other = self.other_company
        table = self.env["dunning.action.table"]._published_for(self.company)
        customer = self.env["res.partner"].create(
            {"name": "Altro", "company_id": other.id}
        )
        self.env["dunning.case"].sudo()._guarded().create(
            {
                "name": "ALTRA/1",
                "company_id": other.id,
                "partner_id": customer.id,
                "opened_on": self.day(1),
                "due_date": self.day(0) - timedelta(days=200),
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE dunning_case SET amount_due = 77, state = 'parked'"
            " WHERE name = 'ALTRA/1'"
        )
        self.env.invalidate_all()
        self.assertTrue(table)
        both = self.company | other
        self.director.company_ids = [Command.set(both.ids)]
        report = self.env["dunning.group.report"].with_user(self.director)
        group = report.with_context(allowed_company_ids=both.ids)
        rows = group._read_group(
            [], ["company_id"], ["exposure:sum", "case_count:sum", "recovered:sum"]
        )
        self.assertEqual({company for company, *_rest in rows}, set(both))
        total, count, paid = 0, 0, 0
        for company, exposure, cases, recovered in rows:
            own = self.own_screens(company)
            self.assertEqual((exposure, cases, recovered), own, company.name)
            total, count, paid = total + own[0], count + own[1], paid + own[2]
        [(all_exposure, all_cases, all_paid)] = group._read_group(
            [], [], ["exposure:sum", "case_count:sum", "recovered:sum"]
        )
        self.assertEqual((all_exposure, all_cases, all_paid), (total, count, paid))
        self.assertEqual(total, 80 + 333 + 77)
        self.assertEqual(paid, 20)
        for field in ("bucket", "node_id", "service", "sales_network", "division"):
            parts = group._read_group([], [field], ["exposure:sum"])
            self.assertEqual(sum(part for _value, part in parts), total, field)
        buckets = dict(group._read_group([], ["bucket"], ["exposure:sum"]))
        self.assertIn("paid", buckets)

    def _case_elsewhere(self):
        customer = self.env["res.partner"].create(
            {"name": "Altrove", "company_id": self.other_company.id}
        )
        return (
            self.env["dunning.case"]
            .sudo()
            ._guarded()
            .create(
                {
                    "name": "ALTROVE/1",
                    "company_id": self.other_company.id,
                    "partner_id": customer.id,
                    "due_date": self.day(0),
                }
            )
        )

    def _companies_shown(self, user, ticked, domain=()):
        report = self.env["dunning.group.report"].with_user(user)
        report = report.with_context(allowed_company_ids=ticked.ids)
        rows = report.formatted_read_group([*domain], ["company_id"], ["__count"])
        return {row["company_id"][0] for row in rows}, report

    def test_overview_shows_the_companies_not_ticked(self):
        """All that the user may work in; the filter narrows it, and a case of a company
        that is not ticked says what to do."""
        case, both = self._case_elsewhere(), self.company | self.other_company
        mine = set(self.company.ids)
        self.assertEqual(self._companies_shown(self.director, self.company)[0], mine)
        self.director.company_ids = [Command.set(both.ids)]
        shown, report = self._companies_shown(self.director, self.company)
        self.assertEqual(shown, set(both.ids))
        ticked = [("is_ticked", "=", True)]
        for of, companies in ((self.company, self.company), (both, both)):
            shown = self._companies_shown(self.director, of, ticked)[0]
            self.assertEqual(shown, set(companies.ids))
        others = self._companies_shown(
            self.director, self.company, [("is_ticked", "=", False)]
        )[0]
        self.assertEqual(others, set(self.other_company.ids))
        row = report.search([("case_id", "=", case.id)])
        self.assertFalse(row.is_ticked)
        with self.assertRaisesRegex(UserError, f"Tick {self.other_company.name}"):
            row.action_open_case()

    def test_overview_of_the_head_shows_its_members(self):
        """Level 4 of the head, nobody else, and not of another group."""
        case = self._case_elsewhere()
        head = self._create_dunning_user("head", "group")
        self.assertEqual(
            self._companies_shown(head, self.company)[0], set(self.company.ids)
        )
        group = self.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": self.company.id,
                "member_ids": [Command.set((self.company | self.other_company).ids)],
            }
        )
        self.env.registry.clear_cache()
        both = set((self.company | self.other_company).ids)
        shown, report = self._companies_shown(head, self.company)
        self.assertEqual(shown, both)
        row = report.search([("case_id", "=", case.id)])
        self.assertEqual(row.action_open_case()["res_id"], case.id)
        self.assertEqual(
            self._companies_shown(self.director, self.company)[0],
            set(self.company.ids),
            "a director of the head has no level in the members",
        )
        group.active = False
        self.assertEqual(
            self._companies_shown(head, self.company)[0], set(self.company.ids)
        )

    def own_screens(self, company):
        """What the list of cases and the recovery report of one company show."""
        me = {"allowed_company_ids": company.ids}
        cases = self.env["dunning.case"].with_user(self.director).with_context(**me)
        [(amount, count)] = cases._read_group(
            [("state", "!=", "closed")], [], ["amount_due:sum", "__count"]
        )
        paid = self.env["dunning.recovery.report"].with_user(self.director)
        [(recovered,)] = paid.with_context(**me)._read_group([], [], ["recovered:sum"])
        return amount or 0, count, recovered or 0

    def test_group_overview_is_for_directors_and_read_only(self):
        report = self.env["dunning.group.report"]
        for user in (self.operator, self.manager, self.accountant):
            with self.assertRaises(AccessError):
                report.with_user(user).search([])
        row = report.with_user(self.director).search([], limit=1)
        self.assertEqual(row.action_open_case()["res_id"], self.case.id)
        for operation in ("write", "create", "unlink"):
            self.assertFalse(report.with_user(self.director).has_access(operation))

    def test_other_companies_are_out_of_sight(self):
        self.run_on(7)
        self.pay_on(9, 20)
        self.director.write(
            {
                "company_ids": [Command.set(self.other_company.ids)],
                "company_id": self.other_company.id,
            }
        )
        for model in ("dunning.group.report", "dunning.recovery.report"):
            records = self.env[model].with_user(self.director)
            records = records.with_context(allowed_company_ids=self.other_company.ids)
            self.assertFalse(records.search([]), model)

    def test_every_report_view_opens(self):
        for name in ("dunning_group_report", "dunning_recovery_report"):
            action = self.env.ref(f"creditbox_dunning.{name}_action")
            kinds = [(False, kind) for kind in [*action.view_mode.split(","), "search"]]
            records = self.env[action.res_model].with_user(self.director)
            views = records.get_views(kinds)["views"]
            self.assertEqual(len(views), len(kinds))


@tagged("post_install", "-at_install")
class TestResults(DunningCommon):
    """Agencies, plans, promises, settlements, court: as their own records say."""

    def rows(self, *domain):
        return (
            self.env["dunning.result.report"]
            .with_user(self.operator)
            .search([("company_id", "=", self.company.id), *domain])
        )

    def test_court_has_the_costs_of_its_steps_and_what_is_paid_on_its_bills(self):
        bill = self.overdue()
        other = self.overdue("B2", amount=40)
        self.run_on(7)
        case = self.case_of(bill)
        self.assertFalse(self.rows(("area", "=", "legal")), "not before the court")
        file = self.open_legal_file(case, bill)
        self.pay(bill, 25)
        self.pay(other, 40)
        partials = (bill | other).line_ids.matched_credit_ids
        self.env.flush_all()
        for number, collected in ((6, 0), (7, 25), (20, 25)):
            self.env.cr.execute(
                "UPDATE account_partial_reconcile SET max_date = %s WHERE id = ANY(%s)",
                (self.day(number), partials.ids),
            )
            self.env.invalidate_all()
            [row] = self.rows(("area", "=", "legal"))
            self.assertEqual((row.amount, row.collected), (100, collected), number)
        self.assertEqual((row.result, row.court_state), ("running", "preparing"))
        [(percent,)] = self.rows()._read_group(
            [("id", "in", row.ids)], [], ["percent:avg"]
        )
        self.assertAlmostEqual(percent, 25.0)
        steps = self.env["dunning.legal.step"].with_user(self.manager)
        for kind, day, advanced, refunded in (
            ("insolvency_claim", 10, 90, 0),
            ("uncollectable", 19, 10, 30),
        ):
            with freeze_time(self.day(day)):
                steps.create(
                    {
                        "file_id": file.id,
                        "kind": kind,
                        "date": self.day(day),
                        "cost_advanced": advanced,
                        "cost_refunded": refunded,
                    }
                )
        self.env.flush_all()
        self.env.invalidate_all()
        [row] = self.rows(("area", "=", "legal"))
        self.assertEqual((row.cost, row.result), (70, "bad"))
        self.assertEqual((row.date, row.date_end), (self.day(7), self.day(19)))
        self.assertEqual(row.collected, 0, "paid after its end")
        self.assertEqual(row.action_open_record()["res_model"], "dunning.legal.file")
        self.assertEqual(row.action_open_record()["res_id"], file.id)

    def open_legal_file(self, case, bill):
        """A file on one bill of the case, opened on day 7."""
        kinds = self.env["dunning.action.type"].sudo()
        action = case.action_ids.filtered(lambda a: a.state == "done")
        action = action.sudo()._guarded()
        court = kinds.search([("code", "=", 10)])
        action.write({"action_type_id": court.id, "executed_date": self.day(7)})
        action.item_ids.filtered(lambda item: item.move_id != bill).unlink()
        with freeze_time(self.day(7)):
            action._set_state("executing")
        return self.env["dunning.legal.file"].search([("case_id", "=", case.id)])

    def test_a_plan_has_what_is_paid_on_its_bills(self):
        bill = self.overdue(amount=120)
        self.run_on(7)
        case = self.case_of(bill)
        plan = self.env["dunning.payment.plan"].create({"case_id": case.id})
        self.env.flush_all()  # its debt is that of now
        self.pay(bill, 30)
        partial = bill.line_ids.matched_credit_ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET max_date = %s WHERE id = %s",
            (self.day(20), partial.id),
        )
        for state, accepted, ended, collected, result in (
            ("draft", None, None, 0, "running"),
            ("running", 20, None, 30, "running"),
            ("running", 21, None, 0, "running"),
            ("broken", 10, 19, 0, "bad"),
            ("kept", 10, 20, 30, "good"),
        ):
            plan.sudo()._guarded().write(
                {
                    "state": state,
                    "accepted_on": accepted and self.day(accepted),
                    "ended_on": ended and self.day(ended),
                }
            )
            self.env.flush_all()
            self.env.invalidate_all()
            [row] = self.rows(("area", "=", "plan"))
            found = (row.amount, row.collected, row.result)
            self.assertEqual(found, (120, collected, result), state)
        self.assertEqual(row.action_open_record()["res_id"], plan.id)

    def test_every_area_has_the_same_columns_and_its_own_ids(self):
        report = self.env["dunning.result.report"]
        self.assertEqual(len(report._parts()), 5)
        self.assertEqual(report.search([("company_id", "=", 0)]), report)

    def test_only_who_works_on_cases(self):
        clerk = self._create_user("no_results", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["dunning.result.report"].with_user(clerk).search([])


@tagged("post_install", "-at_install")
class TestResultsOfPromises(HoldCommon):
    def test_promise(self):
        with self.at(8):
            hold = self.suspend("promise", amount=60, promise_date=self.day(15))
        for outcome, paid, result in (
            (False, 0, "running"),
            ("kept", 60, "good"),
            ("broken", 12, "bad"),
        ):
            hold.sudo()._guarded().write(
                {"promise_outcome": outcome, "promise_paid": paid}
            )
            self.env.flush_all()
            self.env.invalidate_all()
            [row] = self.env["dunning.result.report"].search(
                [("area", "=", "promise"), ("case_id", "=", self.case.id)]
            )
            self.assertEqual((row.amount, row.collected), (60, paid))
            self.assertEqual((row.result, row.partner_id), (result, self.customer))
            self.assertEqual(row.action_open_record()["res_id"], hold.id)

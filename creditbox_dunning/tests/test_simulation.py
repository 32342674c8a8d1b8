from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import DUE, DunningCommon

FIGURES = (
    "company_id",
    "month",
    "action_type_id",
    "op",
    "service",
    "customer_type",
    "count_simulated",
    "count_failed",
    "count_done",
    "amount_simulated",
    "cost_simulated",
    "collected",
    "collected_days",
)


@tagged("standard", "post_install", "-at_install")
class TestSimulation(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contracts = [cls.contract]
        for number in range(2, 6):
            customer = cls._create_customer(f"S{number}")
            cls.contracts.append(cls._create_contract(f"SCT{number}", customer))
        cls.bills = [
            cls.overdue(f"S{n}", contract, 100 + n, DUE + timedelta(days=n))
            for n, contract in enumerate(cls.contracts)
        ]
        cls.env["dunning.channel.cost"].create(
            [
                {
                    "company_id": cls.company.id,
                    "channel": channel,
                    "date_from": date(2026, 1, 1),
                    "cost": cost,
                }
                for channel, cost in (("email", 0.01), ("pp", 1.2), ("ar", 6.9))
            ]
        )
        cls.simulation = cls.make()

    @classmethod
    def make(cls, **vals):
        return (
            cls.env["dunning.simulation"]
            .with_user(cls.manager)
            .create(
                {
                    "name": "Trial",
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "table_id": cls.table.id,
                    "date_from": DUE,
                    "date_to": DUE + timedelta(days=60),
                    **vals,
                }
            )
        )

    def simulate(self, simulation=None):
        simulation = simulation or self.simulation
        simulation.action_start()
        self.env["dunning.simulation"].sudo()._cron_run()
        simulation.invalidate_recordset()
        return simulation

    def rows(self, simulation):
        found = self.env["dunning.simulation.result"].search(
            [("simulation_id", "=", simulation.id)]
        )
        return sorted(tuple(str(row[name]) for name in FIGURES) for row in found.sudo())

    def counted(self):
        """Rows and versions of every table but those of the simulations."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND (relname LIKE 'dunning%' OR relname LIKE 'utility%'"
            "      OR relname LIKE 'mail%' OR relname LIKE 'account_%')"
            " AND relname NOT LIKE 'dunning_simulation%'"
        )
        found = {}
        for (name,) in self.env.cr.fetchall():
            table = SQL.identifier(name)
            query = "SELECT COUNT(*), SUM(xmin::text::bigint) FROM %s"
            self.env.cr.execute(SQL(query, table))
            found[name] = self.env.cr.fetchone()
        return found

    def test_counts_what_the_table_would_do(self):
        self.simulate()
        self.assertEqual(self.simulation.state, "done")
        self.assertEqual(self.simulation.count_cases, 5)
        self.assertEqual(self.simulation.progress, 100)
        by_code = {}
        for row in self.simulation.result_ids:
            code = row.action_type_id.code
            by_code[code] = by_code.get(code, 0) + row.count_simulated
        # no mobile, no PEC: an e-mail, a letter and a registered letter each
        self.assertEqual((by_code[2], by_code[3], by_code[4]), (5, 5, 5))
        self.assertEqual(by_code.get(5, 0), 0)
        self.assertAlmostEqual(
            self.simulation.cost_simulated, 5 * (0.01 + 1.2 + 6.9), 2
        )

    def test_writes_nothing_else(self):
        """No case, action, message or entry: every table is as it was before."""
        before = self.counted()
        self.simulate()
        self.assertTrue(self.simulation.result_ids)
        self.assertEqual(self.counted(), before)

    def test_same_inputs_same_result(self):
        first = self.rows(self.simulate())
        again = self.rows(self.simulate())
        other = self.rows(self.simulate(self.make()))
        self.assertTrue(first)
        self.assertEqual(first, again)
        self.assertEqual(first, other)

    def test_chunks_do_not_change_the_result(self):
        whole = self.rows(self.simulate())
        self.patch_chunk(2)
        self.assertEqual(self.rows(self.simulate(self.make())), whole)

    def patch_chunk(self, size):
        module = "odoo.addons.creditbox_dunning.models.dunning_simulation"
        self.patch(__import__(module, fromlist=["CHUNK"]), "CHUNK", size)

    def test_goes_on_where_it_was_cancelled(self):
        whole = self.rows(self.simulate())
        self.patch_chunk(2)
        other = self.make()
        other.action_start()
        other._run_chunk()
        other.action_cancel()
        self.assertEqual(other.state, "cancelled")
        seen = other.count_seen
        self.env["dunning.simulation"].sudo()._cron_run()
        self.assertEqual(other.count_seen, seen, "cancelled: nothing goes on")
        other.action_resume()
        self.env["dunning.simulation"].sudo()._cron_run()
        self.assertEqual(other.state, "done")
        self.assertEqual(self.rows(other), whole)

    def test_begins_again_when_the_costs_changed_meanwhile(self):
        self.patch_chunk(2)
        self.simulation.action_start()
        self.simulation._run_chunk()
        self.env["dunning.channel.cost"].search([("channel", "=", "ar")]).cost = 9
        self.env["dunning.simulation"].sudo()._cron_run()
        rows = self.simulation.result_ids.filtered(
            lambda row: row.action_type_id.code == 4
        )
        self.assertEqual(sum(rows.mapped("cost_simulated")), 45)
        self.assertEqual(sum(rows.mapped("count_simulated")), 5)

    def test_payment_that_came_ends_the_case(self):
        payment = self.pay(self.bills[0])
        partial = self.bills[0].line_ids.matched_credit_ids
        day = DUE + timedelta(days=20)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET max_date = %s WHERE id = ANY(%s)",
            [day, partial.ids],
        )
        self.env.invalidate_all()
        self.assertTrue(payment)
        self.simulate()
        self.assertEqual(self.simulation.count_closed, 1)
        self.assertEqual(self.simulation.collected, 100)
        self.assertEqual(self.simulation.collection_days, 20)
        case = self.simulation.case_ids.filtered("closed_on")
        self.assertEqual(case.closed_on, day)

    def test_difference_from_what_was_done(self):
        self.run_on(8)
        self.simulate()
        mails = self.simulation.result_ids.filtered(
            lambda row: row.action_type_id.code == 2
        )
        real = sum(mails.mapped("count_done"))
        self.assertEqual(real, 2, "the bills due until then had their e-mail")
        self.assertEqual(sum(mails.mapped("count_difference")), 5 - real)
        self.assertAlmostEqual(sum(mails.mapped("cost_done")), 0.02, 2)

    def test_starts_from_what_was_done_before(self):
        self.run_on(8)
        later = {
            "date_from": DUE + timedelta(days=9),
            "date_to": DUE + timedelta(days=60),
        }
        with_history = self.simulate(self.make(**later))
        without = self.simulate(self.make(**later, with_history=False))
        self.assertEqual(self.mails(with_history), 3)
        self.assertEqual(self.mails(without), 5)

    def mails(self, simulation):
        rows = simulation.result_ids.filtered(lambda r: r.action_type_id.code == 2)
        return sum(rows.mapped("count_simulated"))

    def test_draft_table_and_comparison(self):
        draft = self.table.sudo().copy({"company_id": self.company.id})
        draft.rule_ids.filtered(lambda r: r.op == "remind").unlink()
        other = self.make(table_id=draft.id)
        both = self.simulate() | self.simulate(other)
        self.assertGreater(self.mails(self.simulation), 0)
        self.assertEqual(self.mails(other), 0)
        action = both.action_open_results()
        self.assertEqual(action["domain"], [("simulation_id", "in", both.ids)])
        self.assertIn("simulation_id", action["context"]["pivot_column_groupby"])

    def test_filter_on_the_service(self):
        gas = self.simulate(self.make(service="gas"))
        self.assertFalse(gas.result_ids)
        power = self.simulate(self.make(service="electricity"))
        self.assertEqual(power.count_cases, 5)

    def test_sample_and_drill_down(self):
        self.simulate()
        self.assertEqual(len(self.simulation.case_ids), 5)
        row = self.simulation.result_ids.filtered(lambda r: r.action_type_id.code == 4)[
            0
        ]
        cases = self.env["dunning.simulation.case"].search(
            row.action_open_cases()["domain"]
        )
        self.assertTrue(cases)
        for case in cases:
            self.assertIn("registered", case.step_ids.action_type_id.mapped("kind"))
        none = self.simulate(self.make(sample_size=0))
        self.assertFalse(none.case_ids)

    def test_suspensions_of_the_time_are_respected(self):
        """A complaint on one customer stops that case only, for its days."""
        reason = self.env["dunning.hold.reason"].search([("stops", "=", "all")])[0]
        self.env["dunning.hold"].sudo()._guarded().create(
            {
                "company_id": self.company.id,
                "scope": "contract",
                "contract_id": self.contract.id,
                "customer_id": self.contract.partner_id.id,
                "reason_id": reason.id,
                "stops": "all",
                "clock": "run",
                "end_rule": "date",
                "date_from": DUE,
                "date_to": DUE + timedelta(days=44),
                "resume_date": DUE + timedelta(days=45),
            }
        )
        self.simulate()
        steps = self.simulation.case_ids.step_ids.filtered(lambda s: s.state == "done")
        held = steps.filtered(lambda s: s.sim_case_id.contract_id == self.contract)
        self.assertTrue(held)
        self.assertGreater(min(held.mapped("date")), DUE + timedelta(days=44))
        self.assertLess(min((steps - held).mapped("date")), DUE + timedelta(days=20))

    def test_moratorium_of_the_place(self):
        moratorium = (
            self.env["dunning.moratorium"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "name": "Flood",
                    "source": "Decree",
                    "date_from": DUE - timedelta(days=10),
                    "date_to": DUE + timedelta(days=100),
                    "everywhere": False,
                    "area_ids": [Command.create({"city": "Milano"})],
                }
            )
        )
        self.assertFalse(self.simulate().result_ids, "all of them live there")
        moratorium.area_ids.city = "Roma"
        self.assertTrue(self.simulate().result_ids)

    def test_law_is_asked(self):
        """With a table that asks at once, only the law keeps the steps apart."""
        hasty = self.table.sudo().copy({"company_id": self.company.id})
        hasty.rule_ids.write({"wait_after": 0})
        period = {"date_to": DUE + timedelta(days=150)}
        simulation = self.simulate(self.make(table_id=hasty.id, **period))
        steps = simulation.case_ids.step_ids.filtered(lambda s: s.state == "done")
        formal = steps.filtered(lambda s: s.op == "default")
        cut = steps.filtered(lambda s: s.op in ("reduce", "suspend"))
        self.assertTrue(cut)
        first = {s.sim_case_id: s.effective_date for s in formal}
        for step in cut:
            wait = (step.date - first[step.sim_case_id]).days
            self.assertGreaterEqual(wait, 40, "not reducible: 40 days (TIMOE)")

    def test_channels_without_a_cost_are_named(self):
        self.assertIn("PEC", self.simulation.without_cost)
        self.assertNotIn("Registered", self.simulation.without_cost)

    # rights

    def test_operators_and_other_companies_see_nothing(self):
        self.simulate()
        stranger = new_test_user(
            self.env,
            login="sim_stranger",
            groups="creditbox_dunning.group_dunning_manager",
            company_id=self.other_company.id,
            company_ids=[Command.set(self.other_company.ids)],
        )
        with self.assertRaises(AccessError):
            self.simulation.with_user(self.operator).read(["name"])
        with self.assertRaises(AccessError):
            self.simulation.with_user(stranger).read(["name"])
        for model in ("result", "case", "step"):
            found = self.env[f"dunning.simulation.{model}"].with_user(stranger)
            self.assertFalse(found.search([]))

    def test_only_companies_of_the_user(self):
        self.simulation.sudo().company_ids |= self.other_company
        with self.assertRaises(AccessError):
            self.simulation.action_start()

    def test_state_and_results_are_the_programs(self):
        with self.assertRaises(AccessError):
            self.simulation.write({"state": "done"})
        self.simulate()
        with self.assertRaises(AccessError):
            self.simulation.result_ids[:1].with_user(self.manager).write(
                {"count_simulated": 1}
            )

    def test_running_is_not_changed(self):
        self.simulation.action_start()
        with self.assertRaises(UserError):
            self.simulation.write({"date_to": DUE})
        with self.assertRaises(UserError):
            self.simulation.action_start()

    def test_failure_is_told_and_stops_nobody(self):
        reader = type(self.env["dunning.simulation.reader"])
        whole = reader._replay

        def broken(self_, simulation, *args):
            if simulation.name == "Poisoned":
                raise ValueError("boom")
            return whole(self_, simulation, *args)

        self.patch(reader, "_replay", broken)
        bad, good = self.make(name="Poisoned"), self.make()
        (bad | good).action_start()
        with mute_logger("odoo.addons.creditbox_dunning.models.dunning_simulation"):
            self.env["dunning.simulation"].sudo()._cron_run()
        (bad | good).invalidate_recordset()
        self.assertEqual((bad.state, good.state), ("failed", "done"))
        self.assertIn("boom", bad.message)

"""Seconds per simulated month of an action table's simulation, and its statements.

Usage: ./dev bench simulation [--bills 100000] [--months 3]

Worlds, made by set-based SQL from one bill, customer and supply of the ORM:

* *a year of a utility*: each supply has a bill every 60 days; 72 of a hundred are paid
  in time, 20 late, 8 never;
* *nobody pays*: each supply has four bills, all of them stay open to the end;
* *a case for each bill*: every bill is of another supply and stays open.

``CPU`` is what this process used of a core, the database's work left out: on a machine
that others use as well it tells more than the seconds.

Exit status 1 when a bound does not hold:

* a simulated month takes less than a minute;
* the number of SQL statements per chunk of 1,000 customers does not grow with the
  chunks;
* a second simulation gives the same result;
* no case, action or message was written.
"""

import argparse
import time
from datetime import date, timedelta

from odoo import Command
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.tests.many import (
    copy_bills,
    copy_rows,
    copy_supplies,
)

from ._frame import new_company

BOUND_SECONDS = 60
FIRST_DAY = date(2026, 1, 1)
BILL_EVERY = 60
RESULT_FIELDS = ("month", "action_type_id", "op", "service", "customer_type")
FIGURES = ("count_simulated", "amount_simulated", "cost_simulated", "collected")
WRITTEN_BY_DUNNING = ("dunning_case", "dunning_action", "dunning_communication")


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    options = parse(args)
    bench = Bench(env, out, options)
    good = bench.world("a year of a utility", options.bills * BILL_EVERY // 360)
    good &= bench.world("nobody pays", options.bills // 4)
    good &= bench.world("a case for each bill", options.bills)
    print("All bounds hold." if good else "A BOUND DOES NOT HOLD.", file=out)
    return 0 if good else 1


def parse(args):
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("--bills", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=3)
    return parser.parse_args(args)


class Bench:
    def __init__(self, env, out, options):
        self.env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
        self.out, self.options = out, options
        self.say(
            "world",
            "bills",
            "cases",
            "steps",
            "months",
            "s",
            "s/month",
            "CPU/month",
            "SQL",
        )

    def say(self, *columns):
        widths = (20, 8, 8, 8, 7, 7, 8, 9, 8)
        row = (
            str(column).rjust(width) if index else str(column).ljust(width)
            for index, (column, width) in enumerate(zip(columns, widths, strict=True))
        )
        print("  ".join(row), file=self.out, flush=True)

    def world(self, name, contracts):
        """One company of that many supplies, simulated twice; True if bounds hold."""
        is_year = name.startswith("a year")
        company, self.env = new_company(self.env, name)
        World(self.env, company).fill(self.options.bills, contracts, is_year)
        cpu = time.process_time()
        first, seconds, statements = self.simulate(company)
        cpu = time.process_time() - cpu
        per_month = seconds / self.options.months
        self.say(
            name,
            self.options.bills,
            first.count_cases,
            first.count_simulated,
            self.options.months,
            f"{seconds:.1f}",
            f"{per_month:.1f}",
            f"{cpu / self.options.months:.1f}",
            sum(statements),
        )
        again, _seconds, _statements = self.simulate(company)
        return self.judge(first, again, per_month, statements)

    def simulate(self, company):
        """(simulation, seconds, [statements of each chunk])."""
        end = FIRST_DAY + timedelta(days=30 * self.options.months)
        simulation = self.env["dunning.simulation"].create(
            {
                "name": "Bench",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "table_id": self.env["dunning.action.table"]._published_for(company).id,
                "date_from": FIRST_DAY,
                "date_to": end - timedelta(days=1),
            }
        )
        simulation.action_start()
        self.env.cr.commit()
        start, statements, is_over = time.monotonic(), [], False
        while not is_over:
            before = self.env.cr.sql_log_count
            is_over = simulation._run_chunk()
            self.env.cr.commit()
            self.env.invalidate_all()
            statements.append(self.env.cr.sql_log_count - before)
        return simulation, time.monotonic() - start, statements

    def judge(self, first, again, per_month, statements):
        full = statements[1:-2]
        bounds = {
            "a month below a minute": per_month < BOUND_SECONDS,
            "constant statements per chunk": not full
            or max(full) <= 1.1 * min(full) + 5,
            "the same result twice": self.rows(first) == self.rows(again),
            "nothing else is written": not any(map(self.count, WRITTEN_BY_DUNNING)),
        }
        for text, holds in bounds.items():
            print(f"    {'ok ' if holds else 'BAD'} {text}", file=self.out)
        if full:
            print(
                f"    {min(full)}-{max(full)} statements per full chunk", file=self.out
            )
        return all(bounds.values())

    def rows(self, simulation):
        return sorted(
            tuple(str(row[name]) for name in RESULT_FIELDS + FIGURES)
            for row in simulation.result_ids
        )

    def count(self, table):
        return self.env.execute_query(
            SQL("SELECT COUNT(*) FROM %s", SQL.identifier(table))
        )[0][0]


class World:
    """Bills in bulk: rows of the ORM copied by SQL with other keys and dates."""

    def __init__(self, env, company):
        self.env, self.company = env, company

    def fill(self, bills, contracts, is_year):
        move = self._first_bill()
        payment_line = self._first_payment(move)
        per_supply = bills // contracts
        due = (
            f"(DATE '{FIRST_DAY}' + n %% {per_supply} * {BILL_EVERY}"
            f" + n / {per_supply} %% {BILL_EVERY} - 30)"
        )
        # how a bill is paid depends on its number: 72 in time, 20 late, 8 never
        luck = f"((n * 37 + n / {per_supply}) %% 100)" if is_year else "99"
        open_or_paid = SQL(f"CASE WHEN {luck} < 92 THEN 0 ELSE source.balance END")
        supplies = copy_supplies(
            move.utility_contract_id,
            contracts,
            utility_supply_point={
                "code": SQL("'IT001E' || lpad((n + 1)::text, 8, '0')")
            },
            utility_contract={
                "customer_type": SQL(
                    "CASE WHEN n %% 10 = 0 THEN 'non_domestic' ELSE 'domestic' END"
                )
            },
        )
        count = contracts * per_supply
        terms = copy_bills(
            move,
            supplies,
            count,
            per_supply,
            days=SQL(f"{due} - DATE '{move.invoice_date_due}'"),
            reconciled=SQL(f"{luck} < 92"),
            amount_residual=open_or_paid,
            amount_residual_currency=open_or_paid,
        )
        self._pay(terms, payment_line, count, due, luck)
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()
        self.env.invalidate_all()

    def _pay(self, terms, payment_line, bills, due, luck):
        """Payments in time or late, all of them matched with one entry."""
        day = f"CASE WHEN {luck} < 72 THEN {due} - 3 ELSE {due} + 5 + n %% 60 END"
        partial = payment_line.matched_debit_ids[:1]
        copy_rows(
            self.env.cr,
            "account_partial_reconcile",
            partial.id,
            bills,
            where=SQL(f"{luck} < 92"),
            debit_move_id=SQL("%s + n", terms),
            max_date=SQL(day),
        )
        # by SQL: the ORM would look at every bill matched with that payment
        self.env.cr.execute(
            "DELETE FROM account_partial_reconcile WHERE id = %s", [partial.id]
        )

    def _first_bill(self):
        partner = self.env["res.partner"].create(
            {
                "name": "Cliente",
                "company_id": self.company.id,
                "billing_code": "P0",
                "legal_form": "consumer",
                "email": "cliente@example.com",
                "street": "Via Roma 1",
                "zip": "20121",
                "city": "Milano",
                "country_id": self.env.ref("base.it").id,
            }
        )
        point = self.env["utility.supply.point"].create(
            {
                "company_id": self.company.id,
                "service": "electricity",
                "code": "IT001E00000000",
                "voltage_level": "low",
                "remote_reduction": True,
            }
        )
        contract = self.env["utility.contract"].create(
            {
                "company_id": self.company.id,
                "code": "C0",
                "partner_id": partner.id,
                "supply_point_id": point.id,
                "customer_type": "domestic",
                "date_start": date(2020, 1, 1),
            }
        )
        return self._bill(contract)

    def _bill(self, contract):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": self.company.id,
                "journal_id": self.company.utility_bill_journal_id.id,
                "partner_id": contract.partner_id.id,
                "from_billing": True,
                "billing_ref": "B0",
                "name": "B0",
                "utility_contract_id": contract.id,
                "invoice_date": date(2020, 1, 1),
                "invoice_date_due": date(2020, 1, 31),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "B0",
                            "price_unit": 120,
                            "tax_ids": [Command.clear()],
                            "account_id": self.company.utility_clearing_account_id.id,
                            "utility_contract_id": contract.id,
                        }
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _first_payment(self, move):
        """The journal item of a payment of the first bill."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": date(2020, 1, 20)})
        )
        wizard._create_payments()
        self.env.flush_all()
        return move.line_ids.matched_credit_ids.credit_move_id

"""Seconds, CPU and memory of the nightly valuation of customers, and its statements.

Usage: ./dev bench valuation [--sizes 10000,100000] [--bills 4]

A company of so many contracts, each of its own customer, with ``--bills`` bills each,
made by set-based SQL as in `simulation`: 72 of a hundred are paid in time, 20 late, 8
never. Measured are the first night (every row is new), the same night again (nothing
changed) and the night after (what grew a day older). ``CPU`` is that of this process;
the database's work is in the seconds.

Exit status 1 when a bound does not hold:

* 100,000 contracts are valued in less than ten minutes;
* the number of SQL statements per chunk does not grow with the chunks;
* the same night again changes no row, and no row is valued twice;
* memory does not grow by more than 150 MB from the first chunk to the last;
* a night that is killed after a chunk goes on behind it and counts every customer once;
* the exposures add up to the ledger to the cent.
"""

import argparse
import resource
import time
from datetime import timedelta

from odoo.tools import SQL

from .simulation import FIRST_DAY, World

SECONDS_PER_100K = 600
MEMORY_BOUND = 150
DAY = FIRST_DAY + timedelta(days=400)


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    parser = argparse.ArgumentParser(prog="valuation")
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--bills", type=int, default=4)
    options = parser.parse_args(args)
    bench = Bench(env, out, options.bills)
    good = True
    for size in map(int, options.sizes.split(",")):
        good &= bench.world(size)
    print("All bounds hold." if good else "A BOUND DOES NOT HOLD.", file=out)
    return 0 if good else 1


class Bench:
    def __init__(self, env, out, bills):
        self.env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
        self.out, self.bills = out, bills
        self.say(
            "night", "contracts", "rows", "changed", "s", "CPU s", "SQL/chunk", "MB"
        )

    def say(self, *columns):
        row = (
            str(column).ljust(12) if index == 0 else str(column).rjust(10)
            for index, column in enumerate(columns)
        )
        print("".join(row), file=self.out, flush=True)

    def world(self, size):
        """One company of that many contracts, valued three times; True if bounds
        hold."""
        company = self._company(size)
        World(self.env, company).fill(size * self.bills, size, True)
        first = self.night("first", company, DAY, size, is_killed=True)
        again = self.night("again", company, DAY, size)
        after = self.night("a day later", company, DAY + timedelta(days=1), size)
        return self.judge(company, size, first, again, after)

    def _company(self, size):
        company = self.env["res.company"].create(
            {
                "name": f"Valuation {size}",
                "country_id": self.env.ref("base.it").id,
                "email": "credito@example.com",
            }
        )
        self.env["account.chart.template"].try_loading("it", company, False)
        company._utility_setup_books()
        self.env.user.company_ids |= company
        self.env = self.env(context={"allowed_company_ids": company.ids})
        return company

    def night(self, name, company, day, size, is_killed=False):
        """(run, seconds, [statements of each chunk], [MB after each chunk])."""
        runs = self.env["dunning.valuation.run"].sudo()
        run_ = runs._take_up(company, day, again=True)
        run_ = run_.with_company(company)._guarded()
        self.env.cr.commit()
        statements, memory = [], []
        begun, cpu = time.monotonic(), time.process_time()
        while True:
            before = self.env.cr.sql_log_count
            goes_on = run_._claim() and run_._step()
            statements.append(self.env.cr.sql_log_count - before)
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            if not goes_on:
                break
            if is_killed and len(statements) == 1:
                # as after a crash: another process takes up the run that is there
                self.env.invalidate_all()
                run_ = runs._take_up(company, day).with_company(company)._guarded()
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
        chunks = statements[:-1] or statements
        self.say(
            name,
            size,
            run_.count_rows,
            run_.count_changed,
            f"{seconds:.1f}",
            f"{cpu:.1f}",
            f"{min(chunks)}-{max(chunks)}",
            f"{memory[-1]:.0f}",
        )
        return run_, seconds, chunks, memory

    def judge(self, company, size, first, again, after):
        run_, seconds, chunks, memory = first
        exposure, ledger = self._sums(company)
        full = chunks[1:-1]
        bounds = {
            "in time": seconds <= SECONDS_PER_100K * size / 100_000 + 10,
            "constant statements per chunk": not full
            or max(full) <= 1.1 * min(full) + 5,
            "the same night again changes nothing": again[0].count_changed == 0,
            "rows are as many each night": run_.count_rows
            == again[0].count_rows
            == after[0].count_rows,
            "memory is flat": memory[-1] - memory[0] < MEMORY_BOUND,
            "each customer once": run_.count_customers == again[0].count_customers,
            "the ledger to the cent": abs(exposure - ledger) < 0.005,
        }
        for text, holds in bounds.items():
            print(f"    {'ok ' if holds else 'BAD'} {text}", file=self.out)
        return all(bounds.values())

    def _sums(self, company):
        """(exposure of whole customers, open receivables of the ledger)."""
        ((exposure,),) = self.env.execute_query(
            SQL(
                "SELECT SUM(exposure) FROM dunning_valuation"
                " WHERE company_id = %s AND contract_id IS NULL",
                company.id,
            )
        )
        ((ledger,),) = self.env.execute_query(
            SQL(
                "SELECT SUM(line.amount_residual) FROM account_move_line line"
                " JOIN account_account account ON account.id = line.account_id"
                " WHERE line.company_id = %s AND line.parent_state = 'posted'"
                " AND account.account_type = 'asset_receivable'"
                " AND line.partner_id IS NOT NULL AND line.reconciled IS NOT TRUE",
                company.id,
            )
        )
        return exposure or 0, ledger or 0

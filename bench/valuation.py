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

from datetime import timedelta

from odoo.tools import SQL

from ._frame import Frame
from .simulation import FIRST_DAY, World

SECONDS_PER_100K = 600
MEMORY_BOUND = 150
DAY = FIRST_DAY + timedelta(days=400)


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    return Bench.run(env, args, out)


class Bench(Frame):
    name = "Valuation"
    columns = (
        "night",
        "contracts",
        "rows",
        "changed",
        "s",
        "CPU s",
        "SQL/chunk",
        "MB",
    )
    widths = (12, 10)

    def world(self, size):
        """One company of that many contracts, valued three times; True if bounds
        hold."""
        company = self.company(size)
        World(self.env, company).fill(size * self.options.bills, size, True)
        first = self.night("first", company, DAY, size, is_killed=True)
        again = self.night("again", company, DAY, size)
        after = self.night("a day later", company, DAY + timedelta(days=1), size)
        return self.judge(company, size, first, again, after)

    def night(self, name, company, day, size, is_killed=False):
        """(run, seconds, [statements of each chunk], [MB after each chunk])."""
        runs = self.env["dunning.valuation.run"].sudo()

        def take_up(again=False):
            run_ = runs._take_up(company, day, again=again)
            return run_.with_company(company)._guarded()

        def another():
            # as after a crash: another process takes up the run that is there
            self.env.invalidate_all()
            return take_up()

        run_, seconds, cpu, chunks, memory = self.chunks(
            take_up(again=True), another if is_killed else None
        )
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
        return self.hold(bounds)

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

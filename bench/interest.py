"""Seconds, statements and memory of the proposal of interest over overdue bills.

Usage: ./dev bench interest [--sizes 10000,100000] [--bills 4]

A company of so many overdue bills (``--bills`` a contract), made by set-based SQL as in
`simulation` and followed by cases that the nightly run opened. Measured is the monthly
proposal as the scheduled action makes it, chunk by chunk: each bill's payments, the
rates of each of its days, whether its customer is a good payer (the milder rate of the
first ten days), one draft charge a bill and its days. Then the next month, on the days
since. ``CPU`` is that of this process; the database's work is in the seconds.

Exit status 1 when a bound does not hold:

* every bill has one charge, and no day of a bill is charged twice;
* the sum of the charges is that of the days, counted here by the database;
* the same month again proposes nothing;
* apart from the number of each charge and the look at where it comes from, the SQL
  statements per chunk do not grow with the chunks;
* memory does not grow by more than 150 MB from the first chunk to the last;
* the largest size costs at most 1.25 times as much a bill as the smallest.
"""

from datetime import timedelta

from odoo.tools import SQL

from ._frame import Frame
from .simulation import FIRST_DAY, World

MEMORY_BOUND = 150
GROWTH_BOUND = 1.25
# the number from the sequence, and that what the charge comes from exists
STATEMENTS_A_CHARGE = 2
DAY = FIRST_DAY + timedelta(days=400)


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    return Bench.run(env, args, out)


class Bench(Frame):
    name = "Interest"
    columns = ("month", "bills", "charges", "s", "bills/s", "CPU s", "SQL/chunk", "MB")
    widths = (12, 11)

    def __init__(self, env, out, options):
        super().__init__(env, out, options)
        self.each = []  # seconds a bill, by size

    def world(self, size):
        """One company of that many bills, of which two months are proposed."""
        company = self.company(size)
        World(self.env, company).fill(size, size // self.options.bills, False)
        self.env["dunning.run"].sudo().run_for(company, DAY)
        self.env.cr.commit()
        self._rule(company)
        company.dunning_interest_when = "monthly"
        first = self.month("first", company, DAY)
        again = self.env["dunning.interest.run"].sudo()._take_up(company, DAY)
        second = self.month("second", company, DAY + timedelta(days=31))
        self.each.append(first[1] / size)
        return self.judge(company, first, again, second)

    def compare(self):
        growth = self.each[-1] / self.each[0]
        if len(self.each) > 1:
            self.say(f"    {growth:.2f} times as much a bill (bound {GROWTH_BOUND})")
        return growth <= GROWTH_BOUND

    def _rule(self, company):
        """What costs most: good payers are looked for among all the bills."""
        self.env["dunning.interest.rule"].create(
            {
                "company_id": company.id,
                "service": "electricity",
                "valid_from": "2019-01-01",
                "base": "fixed",
                "margin": 7.3,
                "good_days": 10,
                "reference": "benchmark",
            }
        )

    def month(self, name, company, day):
        """(run, seconds, [statements of each chunk], [MB after each chunk])."""
        run_ = self.env["dunning.interest.run"].sudo()._take_up(company, day)
        run_, seconds, cpu, chunks, memory = self.chunks(
            run_.with_company(company)._guarded()
        )
        self.say(
            name,
            run_.count_bills,
            run_.count_charges,
            f"{seconds:.1f}",
            f"{run_.count_bills / seconds:.0f}",
            f"{cpu:.1f}",
            f"{min(chunks)}-{max(chunks)}",
            f"{memory[-1]:.0f}",
        )
        return run_, seconds, chunks, memory

    def judge(self, company, first, again, second):
        run_, _seconds, chunks, memory = first
        charges, lines, wrong, doubled = self._sums(company)
        each = run_.count_charges / len(chunks)
        fixed = [count - STATEMENTS_A_CHARGE * each for count in chunks[1:-1]]
        bounds = {
            "one charge a bill and month": charges
            == run_.count_charges + second[0].count_charges
            and lines == run_.count_bills,
            "no day twice": not doubled,
            "a charge is the sum of its days": not wrong,
            "the same month again proposes nothing": not again,
            "constant statements per chunk": not fixed
            or max(fixed) <= 1.1 * abs(min(fixed)) + 20,
            "memory is flat": memory[-1] - memory[0] < MEMORY_BOUND,
            "none left out": not (run_.count_failed or second[0].count_failed),
        }
        return self.hold(bounds)

    def _sums(self, company):
        """(charges, bills, charges that are not the sum of their days, pairs of days
        that overlap)."""
        ((charges, lines, wrong),) = self.env.execute_query(
            SQL(
                "SELECT COUNT(*), COUNT(DISTINCT dunning_line_id),"
                "       COUNT(*) FILTER (WHERE ABS(amount - days.owed) > 0.0101)"
                "  FROM utility_charge charge"
                "  JOIN (SELECT charge_id, SUM(base * rate * days / 36500) AS owed"
                "          FROM dunning_interest_stretch WHERE company_id = %(id)s"
                "         GROUP BY charge_id) days ON days.charge_id = charge.id"
                " WHERE charge.company_id = %(id)s",
                id=company.id,
            )
        )
        ((doubled,),) = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM dunning_interest_stretch one"
                "  JOIN dunning_interest_stretch other"
                "    ON other.move_line_id = one.move_line_id AND other.id > one.id"
                "   AND other.day_from <= one.day_to AND other.day_to >= one.day_from"
                " WHERE one.company_id = %s",
                company.id,
            )
        )
        return charges, lines, wrong, doubled

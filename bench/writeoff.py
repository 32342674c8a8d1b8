"""Seconds of a list of small credits: mass proposal, request, approval and entries.

Usage: ./dev bench writeoff [--sizes 1000,10000] [--book 2000]

A company of so many customers with a contract and an old bill each, made by set-based
SQL as in `simulation`; every tenth owes more than a small credit may be. Measured are
the proposal (what the clerk waits for), the request for approval (its facts are read
anew) and the entries of the first ``--book`` credits. ``bare`` is the same reading and
one INSERT of the same rows by SQL alone: what the database needs anyway.

Exit status 1 when a bound does not hold:

* a list of 10,000 credits is proposed in less than ten seconds;
* its SQL statements grow by five a thousand credits at most: rows in batches;
* a tenth is excluded, with its reason, and the others add up to the ledger;
* each credit is booked once, its bill is closed, the loss is the sum of the entries.
"""

import math
import time

from odoo import Command
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.models.dunning_writeoff_booking import CHUNK

from ._frame import Frame
from .simulation import World

SECONDS_PER_10K = 10


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    return Bench.run(env, args, out)


class Bench(Frame):
    name = "Writeoff"
    sizes = "1000,10000"
    option = ("book", 2000)
    columns = (
        "credits",
        "proposal s",
        "SQL",
        "bare s",
        "ratio",
        "request s",
        "entries/s",
    )

    def world(self, size):
        company = self.company(size)
        World(self.env, company).fill(size, size, False)
        self._some_are_large(company)
        one = self.env["dunning.writeoff"].create({"company_id": company.id})
        one.action_propose()  # the first time Odoo loads its caches
        seconds, statements = self._timed(one.action_propose)
        bare = self._bare(one)
        self.env.cr.commit()
        asked, _statements = self._timed(one.action_request)
        booked, per_second = self._book(one)
        self.say(
            one.count_included + one.count_excluded,
            f"{seconds:.2f}",
            statements,
            f"{bare:.2f}",
            f"{seconds / bare:.1f}",
            f"{asked:.2f}",
            f"{per_second:.0f}",
        )
        return self.judge(company, one, size, seconds, statements, booked)

    def company(self, size):
        """One that knows where its losses go."""
        company = super().company(size)
        account = self.env["account.account"].create(
            {
                "name": "Perdite",
                "code": "PERDITE",
                "account_type": "expense",
                "company_ids": [Command.link(company.id)],
            }
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Perdite",
                "code": "PRD",
                "type": "general",
                "company_id": company.id,
            }
        )
        company.write(
            {
                "dunning_loss_account_id": account.id,
                "dunning_loss_journal_id": journal.id,
            }
        )
        self.env.user.group_ids |= self.env.ref(
            "creditbox_dunning.group_dunning_director"
        )
        return company

    def _some_are_large(self, company):
        """Every tenth credit is above the limit."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move_line
                   SET debit = 3000, balance = 3000, amount_currency = 3000,
                       amount_residual = 3000, amount_residual_currency = 3000
                 WHERE company_id = %s AND display_type = 'payment_term'
                   AND reconciled IS NOT TRUE AND id %% 10 = 0
                """,
                company.id,
            )
        )
        self.env.cr.commit()
        self.env.invalidate_all()

    def _timed(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        begun, before = time.monotonic(), self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return time.monotonic() - begun, self.env.cr.sql_log_count - before

    def _bare(self, one):
        """Seconds of the same reading and one INSERT of the same rows, by SQL alone."""
        lines = self.env["dunning.writeoff.line"]
        limits, _sources = one._limits()
        # as a database that runs for a while knows its tables: autovacuum does it
        self.env.cr.execute("ANALYZE dunning_writeoff_line, dunning_writeoff")
        begun = time.monotonic()
        lines._read_credits(one, one._newest_due(limits))
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE bare AS TABLE dunning_writeoff_line WITH NO DATA;
                INSERT INTO bare SELECT * FROM dunning_writeoff_line
                 WHERE writeoff_id = %s;
                DROP TABLE bare
                """,
                one.id,
            )
        )
        return time.monotonic() - begun

    def _book(self, one):
        """The entries of some chunks: (credits booked, credits per second)."""
        some = one._included()[: self.options.book]
        begun = time.monotonic()
        for start in range(0, len(some), CHUNK):
            some[start : start + CHUNK]._book()
            self.env.flush_all()
        self.env.cr.commit()
        return some, len(some) / (time.monotonic() - begun)

    def judge(self, company, one, size, seconds, statements, booked):
        self.env.invalidate_all()
        lines = one.line_ids
        excluded = lines.filtered(lambda line: line.state == "excluded")
        receivables = self.env["account.move.line"].browse(
            [key for line in booked for key, _amount in line.receivables]
        )
        losses = booked.move_id.line_ids.filtered("debit")
        ledger = sum(lines.mapped("amount"))
        bounds = {
            "in time": seconds <= SECONDS_PER_10K * max(size / 10_000, 1),
            "statements grow by five a thousand credits": statements
            <= 15 + 5 * math.ceil(size / 1000),
            "the large ones are out, and say why": len(excluded)
            in range(size // 10 - 1, size // 10 + 2)
            and {tuple(line.reasons) for line in excluded} == {("too_large",)},
            "every credit is looked at": len(lines) == size and ledger > 0,
            "each is booked once": set(booked.mapped("state")) == {"booked"}
            and not any(receivables.mapped("amount_residual")),
            "the loss is what was given up": abs(
                sum(losses.mapped("debit")) - sum(booked.mapped("amount"))
            )
            < 0.005,
        }
        return self.hold(bounds)

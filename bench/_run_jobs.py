"""Jobs of bench/run.py that run inside Odoo; each tells its figures at the end."""

import contextlib
import gc
import json
import os
import resource
import threading
import time
from datetime import date, timedelta
from pathlib import Path

from odoo.tools import SQL

DUE = date(2026, 10, 20)
DAY = timedelta(days=40)


def told(**figures):
    print("RESULT " + json.dumps(figures), flush=True)


class Clock:
    """Wall time, and the CPU time of this process and of its PostgreSQL backend: on a
    machine that others use as well the second says more than the first."""

    def __init__(self, env):
        self._pid = env.cr.connection.info.backend_pid

    def __enter__(self):
        self._wall, self._cpu = time.perf_counter(), self._now()
        return self

    def __exit__(self, *_args):
        self.wall = time.perf_counter() - self._wall
        python, database = self._now()
        self.python, self.database = python - self._cpu[0], database - self._cpu[1]

    def _now(self):
        stat = Path(f"/proc/{self._pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks = int(stat[11]) + int(stat[12])
        return time.process_time(), ticks / os.sysconf("SC_CLK_TCK")

    @property
    def told(self):
        cpu = self.python + self.database
        return {"seconds": self.wall, "cpu": cpu, "python": self.python}


class Memory:
    """Peak of the resident memory of this process, in MB."""

    def __enter__(self):
        self.peak, self._on = 0, True
        self.start = self._now()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_args):
        self._on = False
        self._thread.join()

    def _now(self):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    def _watch(self):
        while self._on:
            self.peak = max(self.peak, self._now())
            time.sleep(0.05)


def specimen(env, company, prefix):
    """A posted bill of a customer with a supply: what all the others are copies of."""
    # the little world of the tests knows how to make one of each
    from odoo.addons.creditbox_dunning.tests.common import DunningCommon

    class World(DunningCommon):
        pass

    World.env, World.company = env, company
    number = sum(ord(char) * 31**place for place, char in enumerate(prefix)) % 10**8
    customer = World._create_customer(f"{prefix}C", email=False)
    point = World._create_point(f"IT001E{number:08d}")
    contract = World._create_contract(f"{prefix}K", customer, point)
    return World.overdue(f"{prefix}B", contract, due=DUE)


def prepare(env, company_id, bills, per_supply):
    """Overdue bills of a company, and a table whose first rows are work for a person:
    rendering messages is measured by others."""
    from odoo.addons.creditbox_dunning.tests.many import clone_bills

    company = env["res.company"].browse(int(company_id))
    env = env(context={"allowed_company_ids": company.ids, "lang": "it_IT"})
    company = company.with_env(env)
    company._utility_setup_books()
    table = env["dunning.action.table"].sudo()._published_for(company)
    env.cr.execute(
        "UPDATE dunning_action_rule SET channel = 'task'"
        " WHERE table_id = %s AND op IN ('remind', 'notice')",
        [table.id],
    )
    env.invalidate_all()
    supplies = int(bills) // int(per_supply)
    begun = time.perf_counter()
    move = specimen(env, company, f"Q{company.id}x")
    with unchecked_keys(env):
        clone_bills(move, supplies, int(per_supply), prefix=f"Q{company.id}x")
        vary(env, company)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    told(seconds=time.perf_counter() - begun)


@contextlib.contextmanager
def unchecked_keys(env):
    """A million copies refer to what is there: no need to look for each."""
    env.cr.execute("SELECT current_setting('is_superuser')")
    (may,) = env.cr.fetchone()
    if may == "on":
        env.cr.execute("SET LOCAL session_replication_role = replica")
    yield
    if may == "on":
        env.cr.execute("SET LOCAL session_replication_role = origin")


def vary(env, company):
    """No two bills alike: what is remembered of one says nothing of the next."""
    env.cr.execute(
        """
        UPDATE account_move_line line
           SET amount_residual = amount_residual + more, balance = balance + more,
               amount_residual_currency = amount_residual_currency + more,
               amount_currency = amount_currency + more, debit = debit + more,
               date_maturity = date_maturity - early
          FROM (SELECT id AS line_id, (id * 37 %% 2000) / 100.0 AS more,
                       (move_id / 3) %% 10 AS early
                  FROM account_move_line) told
         WHERE line.id = told.line_id
           AND line.display_type = 'payment_term' AND line.company_id = %s
        """,
        [company.id],
    )


def second_company(env):
    """Another company with the Italian chart of accounts."""
    company = env["res.company"].create(
        {"name": "Seconda Utility S.p.A.", "country_id": env.ref("base.it").id}
    )
    env["account.chart.template"].try_loading("it", company, install_demo=False)
    env.cr.commit()
    told(company=company.id)


def ours(env, company_id, chunks=0):
    """One run: every case gets its step, every bill is listed.

    ``chunks``: stop after so many, to look at the speed of a run too long to wait for.
    """
    company = env["res.company"].browse(int(company_id))
    runs = env["dunning.run"].sudo()
    note_last_ids(env)
    gc.collect()
    before = env.cr.sql_log_count
    with Memory() as memory, Clock(env) as clock:
        run = first_chunks(runs, company, int(chunks)) if int(chunks) else None
        run = run or runs.run_for(company, DUE + DAY)
    env.cr.execute(
        "SELECT count(*) FROM dunning_action_item item"
        " JOIN dunning_action action ON action.id = item.action_id"
        " WHERE action.run_id = %s",
        [run.id],
    )
    lines = env.cr.fetchone()[0]
    told(
        **clock.told,
        begin=run.batch_ids[0].seconds,
        statements=env.cr.sql_log_count - before,
        chunks=len(run.batch_ids) - 1,
        each=run.batch_ids[1:].mapped("seconds"),
        lines=lines,
        cases=run.count_cases,
        actions=run.count_actions,
        errors=run.count_errors,
        memory=memory.peak,
        grown=memory.peak - memory.start,
    )


def first_chunks(runs, company, chunks):
    """A run as far as its first ``chunks``."""
    run = runs._as_runner(company)._take_up(company, DUE + DAY)
    run._attempt(run._begin)
    for _number in range(chunks):
        run._attempt(run._step)
    return run


def again(env, company_id):
    """The next night, on which every case waits: what a quiet night costs."""
    company = env["res.company"].browse(int(company_id))
    with Clock(env) as clock:
        run = env["dunning.run"].sudo().run_for(company, DUE + DAY + timedelta(days=1))
    told(**clock.told, cases=run.count_cases, actions=run.count_actions)


# the rows that the run made, written again


def note_last_ids(env):
    """Remember the last id of each table: what is above it after the run, it made."""
    # two companies at once: one of them does
    env.cr.execute("SELECT pg_advisory_xact_lock(1), to_regclass('bench_last')")
    if env.cr.fetchone()[1]:
        env.cr.commit()
        return
    env.cr.execute("CREATE TABLE bench_last (name varchar, id int)")
    for table in tables(env):
        env.cr.execute(
            SQL(
                "INSERT INTO bench_last SELECT %s, COALESCE(MAX(id), 0) FROM %s",
                table,
                SQL.identifier(table),
            )
        )
    env.cr.commit()


def tables(env):
    env.cr.execute(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND column_name = 'id'"
        " AND is_updatable = 'YES' AND data_type = 'integer'"
        " AND table_name != 'bench_last' ORDER BY table_name"
    )
    return [name for (name,) in env.cr.fetchall()]


# added to the ids of the copies
SHIFT = 1_000_000_000
# what has to be unique
RENAMED = {
    "dunning_case": {"name": "name || '+'", "group_key": "group_key || '+'"},
    "dunning_communication": {"key": "key || '+'"},
    "utility_notice": {"ref": "ref || '+'"},
    # one that was stopped is under way still
    "dunning_run": {"state": "'done'"},
}
# bookkeeping of the server that runs meanwhile, not of the run
NOT_OURS = frozenset({"ir_cron_trigger", "ir_cron_progress", "bus_bus", "bus_presence"})


def insert_select(env, company_id):
    """The rows that the run made, of all tables, by one INSERT ... SELECT a table; then
    the rows that it changed (a receivable names its case) by one UPDATE.

    The copies refer to one another as the rows do, so that the same keys are checked
    and the same indexes written.
    """
    made = {name: last for name, last in made_tables(env) if name not in NOT_OURS}
    rows = {}
    with Clock(env) as inserting:
        for table in in_order(env, made):
            env.cr.execute(copy_sql(env, table, made))
            rows[table] = env.cr.rowcount
    with Clock(env) as changing:
        env.cr.execute(
            "UPDATE account_move_line SET dunning_case_id = dunning_case_id + %s"
            " WHERE dunning_case_id > %s AND company_id = %s",
            [SHIFT, made["dunning_case"], int(company_id)],
        )
        rows["(changed) account_move_line"] = env.cr.rowcount
    env.cr.rollback()
    told(**inserting.told, changing=changing.told, rows=rows)


def made_tables(env):
    """[(table, last id before the run)] of the tables that the run made rows of."""
    env.cr.execute("SELECT name, id FROM bench_last")
    for table, last in env.cr.fetchall():
        env.cr.execute(
            SQL("SELECT 1 FROM %s WHERE id > %s LIMIT 1", SQL.identifier(table), last)
        )
        if env.cr.fetchone():
            yield table, last


def references(env, table):
    """{column: table that it refers to}"""
    env.cr.execute(
        """
        SELECT attribute.attname, target.relname
          FROM pg_constraint constr
          JOIN pg_class source ON source.oid = constr.conrelid
          JOIN pg_class target ON target.oid = constr.confrelid
          JOIN pg_attribute attribute
            ON attribute.attrelid = source.oid
           AND attribute.attnum = constr.conkey[1]
         WHERE constr.contype = 'f' AND source.relname = %s
        """,
        [table],
    )
    return dict(env.cr.fetchall())


def in_order(env, made):
    """The tables, those that others refer to first."""
    left, done = sorted(made), []
    while left:
        free = [
            table
            for table in left
            if not (set(references(env, table).values()) & set(left)) - {table}
        ] or left
        done += free
        left = [table for table in left if table not in done]
    return done


def copy_sql(env, table, made):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s"
        " AND is_generated = 'NEVER'",
        [table],
    )
    names = [name for (name,) in env.cr.fetchall()]
    refers = {"id": table, **references(env, table)}
    values = []
    for name in names:
        column = SQL.identifier(name)
        if name in RENAMED.get(table, ()):
            values.append(SQL(RENAMED[table][name]))
        elif refers.get(name) in made:
            last = made[refers[name]]
            shifted = SQL("CASE WHEN %s > %s THEN %s + %s ELSE %s END", column, last,
                          column, SHIFT, column)  # fmt: skip
            values.append(shifted)
        else:
            values.append(column)
    return SQL(
        "INSERT INTO %(table)s (%(names)s) SELECT %(values)s FROM %(table)s"
        " WHERE id > %(last)s",
        table=SQL.identifier(table),
        names=SQL(", ").join(map(SQL.identifier, names)),
        values=SQL(", ").join(values),
        last=made[table],
    )


def peer_policy(env, company):
    """A policy of one level for the account of the receivables."""
    line = env["account.move.line"].search(
        [
            ("company_id", "=", company.id),
            ("display_type", "=", "payment_term"),
            ("parent_state", "=", "posted"),
        ],
        limit=1,
    )
    template = env.ref("account_credit_control.email_template_credit_control_base")
    return env["credit.control.policy"].create(
        {
            "name": "Bench",
            "account_ids": [(6, 0, line.account_id.ids)],
            "level_ids": [
                (
                    0,
                    0,
                    {
                        "name": "1",
                        "level": 1,
                        "delay_days": 1,
                        "computation_mode": "net_days",
                        "email_template_id": template.id,
                        "channel": "letter",
                        "custom_text": "x",
                        "custom_mail_text": "x",
                    },
                )
            ],
        }
    )


def peer(env, company_id):
    """The same bills by account_credit_control, one policy of one level.

    First it proposes: a line for each bill. Then it builds the communications: the
    lines of a customer put together, which our run does when it opens a case and lists
    its bills with the step. Letters are made by neither.
    """
    env.cr.execute(
        "UPDATE account_move_line SET dunning_case_id = NULL"
        " WHERE dunning_case_id IS NOT NULL"
    )
    company = env["res.company"].browse(int(company_id))
    env = env(context={"allowed_company_ids": company.ids, "lang": "it_IT"})
    policy = peer_policy(env, company)
    company.credit_policy_id = policy
    env.cr.commit()
    run = env["credit.control.run"].create(
        {"date": DUE + DAY, "policy_ids": [(6, 0, policy.ids)]}
    )
    env.flush_all()
    before = env.cr.sql_log_count
    with Clock(env) as proposing:
        run.with_company(company).generate_credit_lines()
        env.cr.commit()
    proposed = env.cr.sql_log_count - before
    with Clock(env) as building:
        run.set_to_ready_lines()
        communications = env["credit.control.communication"].with_company(company)
        made = communications._generate_comm_from_credit_lines(run.line_ids)
        env.cr.commit()
    told(
        **proposing.told,
        statements=proposed,
        lines=env["credit.control.line"].search_count([("run_id", "=", run.id)]),
        building=building.told,
        building_statements=env.cr.sql_log_count - before - proposed,
        communications=len(made),
    )

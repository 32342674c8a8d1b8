"""Jobs of bench/run.py that run inside Odoo; each tells its figures at the end."""

import gc
import json
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
    clone_bills(move, supplies, int(per_supply), prefix=f"Q{company.id}x")
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    told(seconds=time.perf_counter() - begun)


def second_company(env):
    """Another company with the Italian chart of accounts."""
    company = env["res.company"].create(
        {"name": "Seconda Utility S.p.A.", "country_id": env.ref("base.it").id}
    )
    env["account.chart.template"].try_loading("it", company, install_demo=False)
    env.cr.commit()
    told(company=company.id)


def ours(env, company_id):
    """One run: every case gets its step, every bill is listed."""
    company = env["res.company"].browse(int(company_id))
    runs = env["dunning.run"].sudo()
    gc.collect()
    before = env.cr.sql_log_count
    with Memory() as memory:
        begun = time.perf_counter()
        run = runs.run_for(company, DUE + DAY)
        seconds = time.perf_counter() - begun
    env.cr.execute(
        "SELECT count(*) FROM dunning_action_item item"
        " JOIN dunning_action action ON action.id = item.action_id"
        " WHERE action.run_id = %s",
        [run.id],
    )
    lines = env.cr.fetchone()[0]
    told(
        seconds=seconds,
        begin=run.batch_ids[0].seconds,
        statements=env.cr.sql_log_count - before,
        chunks=len(run.batch_ids) - 1,
        lines=lines,
        cases=run.count_cases,
        actions=run.count_actions,
        errors=run.count_errors,
        memory=memory.peak,
        grown=memory.peak - memory.start,
    )


def again(env, company_id):
    """The next night, on which every case waits: what a quiet night costs."""
    company = env["res.company"].browse(int(company_id))
    begun = time.perf_counter()
    run = env["dunning.run"].sudo().run_for(company, DUE + DAY + timedelta(days=1))
    told(
        seconds=time.perf_counter() - begun,
        cases=run.count_cases,
        actions=run.count_actions,
    )


def insert_select(env, company_id):
    """The rows that the run made, written again by one INSERT ... SELECT a table."""
    changed = {
        "dunning_case": {"name": "name || '+'", "state": "'closed'"},
        "dunning_action": {"round": "round + 1000"},
        "dunning_action_item": {"move_line_id": "NULL"},
    }
    total, rows = 0, {}
    for table, values in changed.items():
        env.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s"
            " AND column_name != 'id'",
            [table],
        )
        names = [name for (name,) in env.cr.fetchall()]
        values = [
            SQL(values[name]) if name in values else SQL.identifier(name)
            for name in names
        ]
        begun = time.perf_counter()
        env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s WHERE company_id = %s",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(values),
                SQL.identifier(table),
                int(company_id),
            )
        )
        total += time.perf_counter() - begun
        rows[table] = env.cr.rowcount
    env.cr.rollback()
    told(seconds=total, rows=rows)


def peer(env, company_id):
    """The same bills proposed by account_credit_control, one policy of one level."""
    env.cr.execute(
        "UPDATE account_move_line SET dunning_case_id = NULL"
        " WHERE dunning_case_id IS NOT NULL"
    )
    company = env["res.company"].browse(int(company_id))
    env = env(context={"allowed_company_ids": company.ids, "lang": "it_IT"})
    line = env["account.move.line"].search(
        [
            ("company_id", "=", company.id),
            ("display_type", "=", "payment_term"),
            ("parent_state", "=", "posted"),
        ],
        limit=1,
    )
    template = env.ref("account_credit_control.email_template_credit_control_base")
    policy = env["credit.control.policy"].create(
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
    company.credit_policy_id = policy
    env.cr.commit()
    run = env["credit.control.run"].create(
        {"date": DUE + DAY, "policy_ids": [(6, 0, policy.ids)]}
    )
    env.flush_all()
    before = env.cr.sql_log_count
    begun = time.perf_counter()
    run.with_company(company).generate_credit_lines()
    env.cr.commit()
    seconds = time.perf_counter() - begun
    told(
        seconds=seconds,
        statements=env.cr.sql_log_count - before,
        lines=env["credit.control.line"].search_count([("run_id", "=", run.id)]),
    )

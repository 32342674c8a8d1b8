"""Every screen of CreditBox opened on a million bills, through the web client's calls.

Usage: ./dev bench screens [--bills 1000000] [--menu TEXT] [--write FILE]

Bills, three a supply, with a case, three actions, a message and a payment for each
supply, and suspensions and approvals for some, copied by set-based SQL. Then, as the
least of the roles that sees it, the first page of each list, board, pivot and graph of
the menus, the search by what a customer says on the phone, a case's form, the page
Today and each list that it opens. The best of three is shown, and what Odoo and its
PostgreSQL process used of a core meanwhile: where the two differ, the machine was busy
with other things. Exit status 1 when one of them takes more than a second; of a core,
if meanwhile more processes want to run than there are cores.

With --menu only the screens of the menus that have this text: "Analisi" for the boards.

Calendars are shown without a bound: they read a whole month by the web client's nature.
"""

import argparse
import os
import time
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.tools import SQL

from odoo.addons.creditbox_dunning.tests.common import DunningCommon
from odoo.addons.creditbox_dunning.tests.large import clone_cases
from odoo.addons.creditbox_dunning.tests.web_client import Client, actions_of

BOUND, ROUNDS, PER_SUPPLY = 1.0, 3, 3
WITHOUT_BOUND = ("calendar",)
AGEING = "Anzianità"
# from the least to the one that sees most
ROLES = ("operator", "manager", "director", "admin")


def run(env, args, out):
    """Entry point of `./dev bench`; ``args``: list of text; 0 when all bounds hold."""
    options = parse(args)
    bench = Bench(env, out, options.menu)
    bench.build(options.bills)
    bench.measure()
    good = not bench.slow
    slow = ", ".join(bench.slow)
    bench.say("All bounds hold." if good else f"OVER {BOUND:.0f} s: {slow}")
    if options.write:
        command = " ".join(["./dev bench screens", *args])
        text = "\n".join(bench.lines)
        Path(options.write).write_text(f"`{command}`\n\n```\n{text}\n```\n")
    return 0 if good else 1


def parse(args):
    parser = argparse.ArgumentParser(prog="screens")
    parser.add_argument("--bills", type=int, default=1_000_000)
    parser.add_argument("--menu", default="")
    parser.add_argument("--write", default="")
    return parser.parse_args(args)


class World(DunningCommon):
    """The little world of the tests, to make one of each."""


class Bench:
    def __init__(self, env, out, menu=""):
        self.env = env(context={"lang": "it_IT", "tz": "Europe/Rome"})
        self.out, self.lines, self.slow, self.menu = out, [], [], menu

    def say(self, line):
        self.lines.append(line)
        print(line, file=self.out, flush=True)

    # the world

    def build(self, bills):
        begun = time.monotonic()
        env, World.env, World.company = self.env, self.env, self.env.company
        company = env.company
        company.email = "credito@example.com"
        company._utility_setup_books()
        today = fields.Date.today()
        due = today - timedelta(days=8)
        customer = World._create_customer("SCREEN")
        point = World._create_point("IT001E00000001")
        contract = World._create_contract("SCREEN", customer, point)
        bill = World.overdue("SCREEN", contract, amount=500.0, due=due)
        env["dunning.run"].sudo().run_for(company, today)
        case = bill.line_ids.dunning_case_id
        World.pay(bill, 10.0)
        reason = env["dunning.hold.reason"].search(
            [("needs_proof", "=", False), ("stops", "!=", "nothing")], limit=1
        )
        hold = env["dunning.hold"].suspend("case", case.ids, reason.code)
        request = case.action_ids[:1]._ask_approval()
        partial = bill.line_ids.matched_credit_ids
        env.flush_all()
        supplies = bills // PER_SUPPLY
        self.first = clone_cases(case, partial, supplies, PER_SUPPLY, hold, request)
        self.supplies = supplies
        self.outside(company)
        self.users = {
            role: World._create_dunning_user(f"screens_{role}", role) for role in ROLES
        }
        env.cr.commit()
        # as the database would have done by itself by the next morning
        env.cr._cnx.autocommit = True
        env.cr.execute("VACUUM ANALYZE")
        env.cr._cnx.autocommit = False
        seconds = time.monotonic() - begun
        self.say(
            f"{bills} bills, {supplies} cases, {3 * supplies} actions:"
            f" made in {seconds:.0f} s"
        )

    def outside(self, company):
        """What the boards read: prices, promises and cases given to agencies."""
        prices = {"sms": 0.05, "email": 0.01, "pp": 0.9, "ar": 6, "file": 2, "task": 15}
        self.env["dunning.channel.cost"].create(
            [
                {
                    "company_id": company.id,
                    "channel": channel,
                    "cost": cost,
                    "date_from": "2000-01-01",
                }
                for channel, cost in prices.items()
            ]
        )
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            """
            UPDATE dunning_hold SET promise_date = date_to, promise_paid = amount / 2,
                   promise_outcome = CASE WHEN id % 3 = 0 THEN 'kept' ELSE 'broken' END
             WHERE id % 2 = 0
            """
        )
        cr.execute(
            """
            INSERT INTO dunning_agency_assignment
                   (name, company_id, partner_id, state, action_id, case_id,
                    contract_id, amount, collected, sent_on, create_date)
            SELECT 'AF/Z' || one.id, one.company_id, one.partner_id,
                   CASE WHEN one.id % 2 = 0 THEN 'done' ELSE 'sent' END, one.id,
                   one.case_id, kase.contract_id, one.amount, one.amount / 3,
                   one.executed_date, now()
              FROM dunning_action one JOIN dunning_case kase ON kase.id = one.case_id
             WHERE one.state = 'done' AND one.id % 60 = 0
            """
        )
        self.say(f"{cr.rowcount} assignments to agencies")

    # measuring

    def time(self, label, call, bound=BOUND):
        """The best of some rounds, each on an empty cache of records."""
        rounds, statements = [], 0
        for _round in range(ROUNDS):
            self.env.cr.commit()
            self.env.invalidate_all()
            before, cpu = self.env.cr.sql_log_count, self.cpu()
            begun = time.perf_counter()
            call()
            seconds = time.perf_counter() - begun
            rounds.append((seconds, self.cpu() - cpu))
            statements = self.env.cr.sql_log_count - before
        best, cpu = min(rounds)
        is_busy = os.getloadavg()[0] > os.cpu_count()
        is_late = bound and best > bound
        is_slow = is_late and (cpu > bound or not is_busy)
        if is_slow:
            self.slow.append(label)
        mark = "" if bound else "no bound"
        if is_late:
            mark = "SLOW" if is_slow else "machine busy"
        line = f"{label:<58}  {best:>7.3f}  {cpu:>7.3f}  {statements:>10}  {mark}"
        self.say(line.rstrip())

    def cpu(self):
        """Seconds of a core that Odoo and its PostgreSQL process used so far."""
        stat = Path(f"/proc/{self.backend}/stat")
        if not stat.exists():  # PostgreSQL runs elsewhere
            return time.process_time()
        ticks = stat.read_text().rsplit(")", 1)[1].split()[11:13]
        return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def measure(self):
        self.backend = self.env.cr._cnx.info.backend_pid
        # the work of other processes of PostgreSQL would not be counted
        self.env.cr.execute("SET max_parallel_workers_per_gather = 0")
        self.say(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        self.say(f"{'screen':<58}  {'seconds':>7}  {'CPU':>7}  {'statements':>10}")
        seen = set()
        for role in ROLES:
            env = self.as_user(role)
            for path, action in actions_of(env):
                if action.id in seen or self.menu not in " / ".join(path):
                    continue
                seen.add(action.id)
                self.open_action(role, path, action)
        if not self.menu:
            self.search()
            self.forms()
            self.today()
        if self.menu in ("", AGEING):
            self.past()

    def as_user(self, role):
        return self.env(user=self.users[role], su=False)

    def open_action(self, role, path, action):
        client = Client(self.as_user(role), action)
        for kind in client.kinds:
            self.time(
                f"{role}: {' / '.join(path)}: {kind}",
                lambda kind=kind: client.open(kind),
                None if kind in WITHOUT_BOUND else BOUND,
            )

    def past(self):
        """Ageing on a past day and by customer, a tenth of the bills without a
        contract: those are looked up through their entry."""
        cr = self.env.cr
        for table, bill in (("account_move_line", "move_id"), ("account_move", "id")):
            cr.execute(
                SQL(
                    "UPDATE %s SET utility_contract_id = NULL WHERE %s %% 10 = 0"
                    " AND utility_contract_id IS NOT NULL",
                    SQL.identifier(table),
                    SQL.identifier(bill),
                )
            )
        cr.commit()
        cr._cnx.autocommit = True
        cr.execute("VACUUM ANALYZE account_move_line, account_move")
        cr._cnx.autocommit = False
        day = fields.Date.today() - timedelta(days=5)
        for name, context in (
            ("now", {}),
            (f"on {day}", {"ageing_date": fields.Date.to_string(day)}),
        ):
            for by in ("", "customer", "service"):
                grouped = {f"search_default_by_{by}": 1} if by else {}
                client = Client.of_model(
                    self.as_user("operator"),
                    "dunning.ageing",
                    (),
                    ("pivot", "graph", "list"),
                    {**context, **grouped},
                )
                for kind in ("list",) if by else client.kinds:
                    self.time(
                        f"operator: ageing {name}{by and f', by {by}'}: {kind}",
                        lambda c=client, k=kind: c.open(k),
                    )

    def search(self):
        """By what a customer says on the phone."""
        number = self.supplies // 2
        wanted = self.env["dunning.case"].browse(self.first + number)
        wanted.partner_id.write(
            {"phone": "02 5551234", "l10n_it_codice_fiscale": "VRDLGU70A01F205R"}
        )
        self.env.flush_all()
        typed = {
            "search_point": f"Z{number}",
            "search_tax_code": "vrdlgu70a01",
            "search_bill": f"ZB{number * PER_SUPPLY}",
            "search_phone": "025551234",
            "search_customer": f"cliente z{number}",
            "display_name": "VRDLGU70A01F205R",
        }
        action = self.env.ref("creditbox_dunning.dunning_case_action")
        client = Client(self.as_user("operator"), action)

        def call(name, text):
            if wanted.id not in client.search([(name, "ilike", text)]):
                raise SystemExit(f"{name}: the case was not found by {text}")

        for name, text in typed.items():
            self.time(f"operator: {name} {text}", lambda n=name, t=text: call(n, t))

    def forms(self):
        action = self.env.ref("creditbox_dunning.dunning_case_action")
        client = Client(self.as_user("operator"), action)
        case = self.first + self.supplies // 2
        self.time("operator: a case, the cockpit", lambda: client.open_record(case))

    def today(self):
        for role in ("operator", "director"):
            env = self.as_user(role)
            pages = env["dunning.worklist"]
            self.time(f"{role}: Today, all figures", pages.get_today)
        for one in pages.get_today()["lists"]:
            values = one["action"]
            kinds = [kind for _view, kind in values["views"]]
            client = Client.of_model(
                env, values["res_model"], values["domain"], kinds, values["context"]
            )
            kind = client.kinds[0]
            self.time(
                f"director: Today / {one['key']}: {kind}",
                lambda c=client, k=kind: c.open(k),
                None if kind in WITHOUT_BOUND else BOUND,
            )

"""`./dev demo`: two invented utilities through the whole house, and the proof.

``run(env, small, out)`` prepares companies and users, acquires the workbooks as a user
would, lets a month of nights pass, prepares the request to the indemnity system and
compares all that with an independent reckoning; then it receives the answers of both
sides, compares again and prints what came out. The exit status is the number of
comparisons that are not right (0 = all are).
"""

import base64
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from . import (
    answers,
    answers_check,
    check,
    court,
    credit,
    fees,
    generator,
    given_up,
    interest,
    letters,
    orders,
    outbox,
    pec,
    plans,
    promises,
    settlements,
    setup,
    show,
    valuation,
)
from .billing import MONTH_OF_RUNS
from .expected import Expected

#: shown by `./dev demo` when it serves
LOGINS = [
    ("operatore", "operatore", "credit clerk of the energy seller"),
    ("responsabile", "responsabile", "credit manager"),
    ("direttore", "direttore", "director"),
    ("gruppo", "gruppo", "group: sees both companies"),
    ("cmor", "cmor", "CMOR clerk"),
    ("cmor_responsabile", "cmor_responsabile", "CMOR manager"),
    ("contabile", "contabile", "accountant: sees cases and practices"),
    ("riservati", "riservati", "reads why a customer is protected"),
    ("amministratore", "amministratore", "administrator of the three modules"),
    ("cliente", "cliente", "a customer, on the own page (/my)"),
    ("admin", "admin", "Odoo's administrator"),
]
PROOF = "Dichiarazione della dimostrazione: verificato nell'archivio cartaceo"
#: claims that are exported at least; what comes after is left to try
CLAIMED = 8


def run(env, small, out, today=None):
    """Fill the database of ``env``; 0 when everything is as reckoned.

    :param small: about forty customers instead of seven hundred
    :param out: file for the report
    :param today: the day on which the month of nights ends; None: today in Italy
    """
    today = today or datetime.now(ZoneInfo("Europe/Rome")).date()
    demo = Demo(env, small, out, today)
    demo.prepare()
    demo.take_over()
    demo.month()
    demo.work()
    demo.claim()
    demo.compare()
    demo.answers()
    demo.orders()
    demo.valuation()
    demo.interest()
    return demo.report()


class Demo:
    """The demonstration on one database; each step commits."""

    def __init__(self, env, small, out, today):
        self.small = small
        setup.italian(env)
        self.env = env(context={**env.context, "lang": "it_IT"})
        self.out, self.today = out, today
        self.anchor = today - timedelta(days=MONTH_OF_RUNS)
        self.datasets = {
            key: generator.generate(key, self.anchor, small=small)
            for key in generator.COMPANIES
        }
        self.companies, self.users, self.files = {}, {}, []
        self.flow, self.plan, self.expected, self.lines = None, {}, {}, []
        self.post = self.mailbox = None
        self._start = time.monotonic()

    def say(self, text):
        self.out.write(f"[{time.monotonic() - self._start:5.0f} s] {text}\n")
        self.out.flush()

    def prepare(self):
        """Companies, books, users, roles."""
        self.say(f"demonstration as at {self.today}, data from {self.anchor}")
        self.companies = setup.companies(self.env, self.datasets)
        self.users = setup.users(self.env, self.companies)
        operators = self.users["cmor"] | self.users["cmor_responsabile"]
        energy = self.companies["energy"]
        setup.roles(self.env, energy, operators, self.today)
        self.env.cr.commit()

    # --- acquisition ------------------------------------------------------------
    def take_over(self):
        """The first workbook of each company: customers, contracts, eighteen months."""
        for key, dataset in self.datasets.items():
            self.acquire(key, dataset.deliveries[0])

    def acquire(self, key, delivery):
        """Upload a workbook as the administrator of the company would."""
        started = time.monotonic()
        company = self.companies[key]
        env = self.env(
            user=self.users["amministratore"],
            context={"allowed_company_ids": company.ids, "lang": "it_IT"},
        )
        upload = env["utility.import.upload"].create(
            {
                "company_id": company.id,
                "filename": delivery.name,
                "data": base64.b64encode(delivery.content),
                "proofs": delivery.proofs and base64.b64encode(delivery.proofs),
            }
        )
        upload.action_apply()
        self.env.cr.commit()
        batches = self.env["utility.import.batch"].search(
            [("filename", "=", delivery.name), ("company_id", "=", company.id)]
        )
        batches._work()
        self.env.cr.commit()
        self.files.append((company, delivery.name, batches))
        rows = sum(batches.mapped("count_total"))
        seconds = time.monotonic() - started
        self.say(f"acquired {delivery.name}: {rows} rows in {seconds:.1f} s")

    # --- the month --------------------------------------------------------------
    def month(self):
        """Each night the run of both companies; once a week the payments before it."""
        both = self.env["res.company"].concat(*self.companies.values())
        self.post = outbox.Post(self)
        self.mailbox = pec.Mailbox(self, self.companies["energy"])
        day = self.anchor
        while day < self.today:
            day += timedelta(days=1)
            for key, dataset in self.datasets.items():
                for delivery in dataset.deliveries[1:]:
                    if delivery.day == day:
                        self.acquire(key, delivery)
            runs = self.env["dunning.run"].run_for(both, day)
            self.env["cmor.practice"]._cron_find_candidates(day)
            valuation.weekly(self, day)
            credit.record_letters(self, self.companies["energy"], day)
            self.env.cr.commit()
            self.mailbox.prepare(day)
            self.post.deliver(day)
            self.mailbox.read(day)
            figures = Counter()
            for run_ in runs:
                figures["opened"] += run_.count_opened
                figures["actions"] += run_.count_actions
                figures["closed"] += run_.count_closed
            self.say(
                f"night of {day}: cases opened {figures['opened']}, "
                f"actions {figures['actions']}, closed {figures['closed']}"
            )

    # --- the credit department --------------------------------------------------
    def work(self):
        """A clerk suspends, a manager approves: the energy seller's last day."""
        self.say("the credit department at work")
        credit.day_of_work(self, self.companies["energy"])

    # --- the claim --------------------------------------------------------------
    def claim(self):
        """A CMOR clerk declares, confirms and exports what may be claimed."""
        company = self.companies["energy"]
        env = self.env(
            user=self.users["cmor"],
            context={"allowed_company_ids": company.ids, "lang": "it_IT"},
        )
        practices = env["cmor.practice"].search(
            [("company_id", "=", company.id), ("state", "=", "candidate")]
        )
        # a few are left to who tries it out: one to declare, one to export
        kept = practices.sorted(lambda p: p.contract_id.code)[CLAIMED:][-2:]
        practices -= kept
        self.say(f"declaring, confirming and exporting {len(practices)} practices")
        if practices:
            declare(practices, PROOF)
            practices.action_confirm()
            export(practices)
        if kept[1:]:
            declare(kept[1:], PROOF)
            kept[1:].action_confirm()
        self.flow = env["cmor.flow.file"].search([("company_id", "=", company.id)])
        self.env.cr.commit()

    # --- the answers ------------------------------------------------------------
    def compare(self):
        """Compare what stands on the day of the claim, before any money of CSEA."""
        for key, dataset in self.datasets.items():
            company = self.companies[key]
            expected = Expected([one.content for one in dataset.deliveries])
            self.expected[key] = expected
            lines = [
                *check.compare(
                    self.env,
                    company,
                    expected,
                    self.anchor,
                    self.today,
                    has_claims=key == "energy",
                ),
                *credit.decisions(self.env, company),
            ]
            self.lines += [(company, line) for line in lines]
        energy = self.companies["energy"]
        self.mailbox.close(self.today)
        lines = [
            *outbox.compare(self.env, self.post),
            *pec.compare(self.env, self.mailbox),
        ]
        self.lines += [(energy, line) for line in lines]
        self.post.close()

    def answers(self):
        """What the SII, CSEA and the network answer, on both sides."""
        company = self.companies["energy"]
        self.say("the answers of the SII, of CSEA and of the network")
        self.plan = answers.play(self, company)
        found = answers_check.compare(
            self.env, company, self.expected["energy"], self.plan, self.today
        )
        self.lines += [(company, line) for line in found]

    def orders(self):
        """Technical office, agency, information provider: files out and in."""
        company = self.companies["energy"]
        self.say("orders to others and their answers")
        found = orders.work(self, company)
        self.lines += [(company, line) for line in found]
        self.say("what the agency's cases brought, and its invoice")
        self.lines += [(company, line) for line in fees.work(self, company)]
        fees.guarantee(self, company)
        self.say("letters through a mail house and what it tells of them")
        self.lines += [(company, line) for line in letters.work(self, company)]
        self.say("promises, and a customer's own page")
        self.lines += [(company, line) for line in promises.work(self, company)]
        self.say("payment plans")
        self.lines += [(company, line) for line in plans.work(self, company)]
        water = self.companies["water"]
        found = plans.work(self, water, "operatore_acqua", plans.FEW)
        self.lines += [(water, line) for line in found]
        self.say("settlements and a list of write-offs")
        self.lines += [(company, line) for line in settlements.work(self, company)]
        self.lines += [(company, line) for line in given_up.work(self, company)]
        self.say("legal files")
        self.lines += [(company, line) for line in court.work(self, company)]

    def valuation(self):
        """What each customer is worth, on the last day."""
        self.say("valuation of the customers")
        for company in self.companies.values():
            found = valuation.work(self, company)
            self.lines += [(company, line) for line in found]
        self.env.cr.commit()

    def interest(self):
        """What is owed besides the bills: proposed, confirmed, waived, exported."""
        company = self.companies["energy"]
        self.say("interest and costs")
        self.lines += [(company, line) for line in interest.work(self, company)]

    # --- report -----------------------------------------------------------------
    def report(self):
        """Print the tables and compare; the number of wrong lines."""
        self._show_files()
        self._show_quarantine()
        self._show_dunning()
        for title, headings, rows in (
            *credit.tables(self),
            *orders.tables(self),
            *valuation.tables(self),
            *settlements.tables(self),
            *court.tables(self),
        ):
            show.table(self.out, title, headings, rows)
        self._show_claims()
        return self._show_comparison()

    def _show_files(self):
        rows = []
        for company, name, batches in self.files:
            for batch in batches.sorted("id"):
                rows.append(
                    [
                        company.name,
                        name,
                        check.DATASETS[batch.dataset],
                        batch.count_total,
                        batch.count_applied,
                        batch.count_quarantined,
                    ]
                )
        show.table(
            self.out,
            "Files",
            ["company", "file", "sheet", "rows", "applied", "quarantine"],
            rows,
        )

    def _show_quarantine(self):
        rows = self.env["utility.import.row"].search([("state", "=", "open")])
        grouped = defaultdict(list)
        for row in rows.sorted("id"):
            sheet = check.DATASETS.get(row.dataset, row.dataset)
            key = (row.company_id.name, sheet, row.issue_code)
            grouped[key].append(row.reason or "")
        show.table(
            self.out,
            "Rows in quarantine, and why",
            ["company", "sheet", "kind", "rows", "first of them"],
            [
                [*key, len(reasons), _first_line(reasons[0])]
                for key, reasons in sorted(grouped.items())
            ],
        )

    def _show_dunning(self):
        headings = ["company", "open", "parked", "on hold", "closed"]
        rows = []
        for company in self.companies.values():
            cases = self.env["dunning.case"].search([("company_id", "=", company.id)])
            states = Counter(cases.mapped("state"))
            order = ("open", "parked", "on_hold", "closed")
            rows.append([company.name, *(states[state] for state in order)])
        show.table(self.out, "Cases", headings, rows)
        counts = Counter()
        for action in self.env["dunning.action"].search([]):
            kind = action.action_type_id
            counts[kind.code, kind.name, action.state] += 1
        show.table(
            self.out,
            "Actions by code",
            ["code", "action", "state", "count"],
            [[*key, count] for key, count in sorted(counts.items())],
        )
        channels = Counter(
            (one.channel, one.state)
            for one in self.env["dunning.communication"].search([])
        )
        show.table(
            self.out,
            "Communications (e-mails and PEC went to servers of this process)",
            ["channel", "state", "count"],
            [[*key, count] for key, count in sorted(channels.items())],
        )

    def _show_claims(self):
        practices = self.env["cmor.practice"].search([("side", "=", "outgoing")])
        failed = Counter(
            (condition.code, condition.title)
            for condition in practices.with_context(lang="it_IT").condition_ids
            if condition.computed_result == "no"
        )
        show.table(
            self.out,
            f"CMOR candidates ({len(practices)}) by failed condition",
            ["condition", "asks", "practices"],
            [
                [code, title, count]
                for (code, title), count in sorted(
                    failed.items(), key=lambda item: int(item[0][0][1:])
                )
            ],
        )
        states = Counter(practices.mapped("state"))
        show.table(self.out, "Practices by state", ["state", "count"], states.items())
        for file in self.flow or ():
            self._show_flow(file)
        for title, headings, rows in answers_check.tables(self.env):
            show.table(self.out, title, headings, rows)

    def _show_flow(self, file):
        text = file.attachment_id.raw.decode("utf-8-sig")
        lines = text.splitlines()
        self.out.write(f"\n{file.name}: {len(lines) - 1} requests, first lines\n")
        for line in lines[:3]:
            self.out.write(f"  {line[:150]}{'…' if len(line) > 150 else ''}\n")

    def _show_comparison(self):
        rows, wrong = [], []
        for company, line in self.lines:
            shown = [_short(line.found), _short(line.expected)]
            verdict = "ok" if line.is_right else "DIFFERENT"
            rows.append([company.name, line.what, *shown, verdict])
            if not line.is_right:
                wrong.append((company, line))
        show.table(
            self.out,
            "Compared with the independent reckoning",
            ["company", "what", "found", "expected", ""],
            rows,
        )
        for company, line in wrong:
            self.out.write(f"\nDIFFERENT: {company.name}, {line.what}\n")
            for text in show.differences(line):
                self.out.write(f"    {text}\n")
        self.say(f"{len(rows) - len(wrong)} of {len(rows)} comparisons are right")
        return len(wrong)


def declare(practices, proof):
    """Declare what is in doubt on each of ``practices``, and article 4."""
    for practice in practices:
        codes = (practice.unknown_codes or "").replace(",", " ").split()
        practice.declare(codes, "yes", proof, with_art4=True)


def export(practices):
    """Export, and answer the question about a layout that nobody has confirmed."""
    answer = practices.action_export()
    if answer["res_model"] == "cmor.export.wizard":
        wizards = practices.env["cmor.export.wizard"].with_context(answer["context"])
        wizards.create({"accept": True}).action_apply()


def _first_line(text):
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= 90 else f"{line[:89]}…"


def _short(value):
    """A figure as it is; of many figures their number and sum."""
    if isinstance(value, dict):
        figures = list(value.values())
        if figures and all(isinstance(one, int) for one in figures):
            return f"{sum(figures)} rows"
        if figures and all(hasattr(one, "quantize") for one in figures):
            return f"{len(figures)}: {sum(figures)}"
        return f"{len(figures)} items"
    if isinstance(value, list):
        return f"{len(value)} items"
    return str(value)

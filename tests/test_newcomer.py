"""The whole way, as a person who has an account and an API key sees it.

Two companies upload their workbooks, put a wrong row right, let the nights pass, and
ask for an indemnity: all of it by HTTP through Odoo's JSON-2 interface, as ordinary
users (no administrator, no superuser). What comes out is compared to the cent with
``devtools.demo.expected`` and ``claims``, which read the workbooks by themselves.
"""

import base64
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from unittest import mock
from zoneinfo import ZoneInfo

from odoo.tests import HttpCase, tagged

from odoo.addons.utility_supply.tests.world import keep_statistics

from devtools.demo import check, generator, setup
from devtools.demo.billing import MONTH_OF_RUNS
from devtools.demo.claims import claims
from devtools.demo.expected import Expected

PROOF = "Verificato sul protocollo"


class Refused(Exception):
    """The server answered with an error; ``status`` and the error's ``name``."""

    def __init__(self, response):
        answer = response.json()
        super().__init__(f"{response.status_code} {answer.get('message')}")
        self.status = response.status_code
        self.name = (answer.get("name") or "").rpartition(".")[2]


class Client:
    """JSON-2, as a program outside of Odoo would speak it."""

    def __init__(self, case, user, companies):
        self._case = case
        keys = case.env["res.users.apikeys"].with_user(user).sudo()
        key = keys._generate("rpc", "newcomer", datetime.now() + timedelta(days=1))  # noqa: DTZ005
        self._headers = {"Authorization": f"bearer {key}"}
        self._context = {"lang": "it_IT", "allowed_company_ids": companies.ids}

    def call(self, model, method, ids=None, more_context=None, **arguments):
        context = {**self._context, **(more_context or {})}
        body = {"context": context, **arguments}
        if ids is not None:
            body["ids"] = list(ids)
        response = self._case.url_open(
            f"/json/2/{model}/{method}",
            json=body,
            headers=self._headers,
            timeout=600,
        )
        if response.status_code != 200:
            raise Refused(response)
        return response.json()

    def read(self, model, domain, names):
        return self.call(model, "search_read", domain=domain, fields=names)


@tagged("standard", "post_install", "-at_install", "slow")
class TestNewcomer(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keep_statistics(cls.env)
        cls.today = datetime.now(ZoneInfo("Europe/Rome")).date()
        cls.anchor = cls.today - timedelta(days=MONTH_OF_RUNS)
        cls.datasets = {
            key: generator.generate(key, cls.anchor, small=True)
            for key in generator.COMPANIES
        }
        cls.expected = {
            key: Expected([one.content for one in dataset.deliveries])
            for key, dataset in cls.datasets.items()
        }
        cls.companies = setup.companies(cls.env, cls.datasets)
        cls.users = setup.users(cls.env, cls.companies)
        setup.roles(
            cls.env, cls.companies["energy"], cls.users["cmor_responsabile"], cls.today
        )

    def setUp(self):
        super().setUp()
        both = self.companies["energy"] | self.companies["water"]
        self.energy = self.companies["energy"]
        self.clerk = Client(self, self.users["cmor_responsabile"], self.energy)
        self.manager = Client(self, self.users["gruppo"], both)
        # the runs commit as they go: not inside a test
        patcher = mock.patch.object(
            self.registry["ir.cron"], "_commit_progress", return_value=60.0
        )
        self.startPatcher(patcher)

    # --- steps --------------------------------------------------------------------
    def upload(self, client, company, delivery):
        """Upload a workbook and load its good rows; the ids of the batches."""
        values = {
            "company_id": company.id,
            "filename": delivery.name,
            "data": base64.b64encode(delivery.content).decode(),
        }
        if delivery.proofs:
            values["proofs"] = base64.b64encode(delivery.proofs).decode()
        (wizard,) = client.call("utility.import.upload", "create", vals_list=[values])
        client.call("utility.import.upload", "action_apply", [wizard])
        # the button works for some seconds; the scheduled action does the rest
        self.env.invalidate_all()
        self.env["utility.import.batch"]._cron_process()
        self.env.flush_all()
        found = client.read(
            "utility.import.batch",
            [("filename", "=", delivery.name), ("company_id", "=", company.id)],
            ["state"],
        )
        self.assertLessEqual({one["state"] for one in found}, {"done", "partial"})
        return [one["id"] for one in found]

    def load_everything(self):
        for key, dataset in self.datasets.items():
            for delivery in dataset.deliveries:
                self.upload(self.manager, self.companies[key], delivery)

    # --- tests --------------------------------------------------------------------
    def test_newcomer(self):
        """Upload, quarantine, nights, claim; every figure as reckoned."""
        later = {}
        for key, dataset in self.datasets.items():
            company = self.companies[key]
            first, *weekly = dataset.deliveries
            self.upload(self.manager, company, first)
            for delivery in weekly:
                later.setdefault(delivery.day, []).append((company, delivery))
        both = [company.id for company in self.companies.values()]
        day = self.anchor
        while day < self.today:
            day += timedelta(days=1)
            for company, delivery in later.get(day, ()):
                self.upload(self.manager, company, delivery)
            self.manager.call(
                "dunning.run", "run_for", companies=both, today=day.isoformat()
            )
        for key in self.datasets:
            with self.subTest(company=key):
                self._check_acquisition(key)
                self._check_sums(key)
                self._check_overdue(key)
        self._check_nights_again()
        self._check_row_put_right()
        self._check_claims()
        self._check_other_company_sees_nothing()

    def _check_acquisition(self, key):
        expected, company = self.expected[key], self.companies[key]
        batches = self.manager.read(
            "utility.import.batch",
            [("company_id", "=", company.id)],
            ["dataset", "count_applied"],
        )
        applied = Counter()
        for batch in batches:
            applied[check.DATASETS[batch["dataset"]]] += batch["count_applied"]
        self.assertEqual(applied, expected.applied)
        rows = self.manager.read(
            "utility.import.row",
            [("company_id", "=", company.id), ("state", "=", "open")],
            ["dataset", "issue_code", "reason"],
        )
        kinds = {}
        for row in rows:
            sheet = check.DATASETS[row["dataset"]]
            kinds.setdefault(sheet, Counter())[row["issue_code"]] += 1
            self.assertIn("riga", row["reason"].lower(), "the reason is in Italian")
        self.assertEqual(kinds, expected.quarantined)
        self.assertEqual(kinds, self.datasets[key].spoiled)

    def _check_sums(self, key):
        expected, company = self.expected[key], self.companies[key]
        bills = self.manager.read(
            "account.move",
            [("company_id", "=", company.id), ("from_billing", "=", True)],
            ["billing_ref", "move_type", "amount_total_signed", "amount_residual"],
        )
        billed = sum(check.money(bill["amount_total_signed"]) for bill in bills)
        self.assertEqual(billed, expected.billed())
        residuals = {
            bill["billing_ref"]: check.money(bill["amount_residual"])
            for bill in bills
            if bill["move_type"] == "out_invoice" and bill["amount_residual"]
        }
        self.assertEqual(residuals, expected.residual_by_bill())
        self.assertEqual(self._balances(company), self._expected_balances(expected))

    def _balances(self, company):
        """{customer code: balance of the receivables}, from the ledger."""
        groups = self.manager.call(
            "account.move.line",
            "formatted_read_group",
            domain=[
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
            ],
            groupby=["partner_id"],
            aggregates=["balance:sum"],
        )
        codes = {
            one["id"]: one["billing_code"]
            for one in self.manager.read(
                "res.partner", [("company_id", "=", company.id)], ["billing_code"]
            )
        }
        balances = {
            codes[group["partner_id"][0]]: check.money(group["balance:sum"])
            for group in groups
        }
        return {code: balance for code, balance in balances.items() if balance}

    def _expected_balances(self, expected):
        return {
            code: part for code, part in expected.open_by_customer().items() if part
        }

    def _check_overdue(self, key):
        expected, company = self.expected[key], self.companies[key]
        cases = self.manager.read(
            "dunning.case",
            [("company_id", "=", company.id), ("state", "!=", "closed")],
            ["sentence", "next_reason"],
        )
        # a public body has one case for all its supplies: the bills tell which
        lines = self.manager.read(
            "account.move.line",
            [
                ("dunning_case_id", "in", [case["id"] for case in cases]),
                ("amount_residual", ">", 0),
                ("date_maturity", "<", self.today.isoformat()),
            ],
            ["utility_contract_id", "move_id"],
        )
        moves = self.manager.read(
            "account.move",
            [("id", "in", [line["move_id"][0] for line in lines])],
            ["utility_contract_id"],
        )
        of_move = {move["id"]: move["utility_contract_id"] for move in moves}
        found = {
            (line["utility_contract_id"] or of_move[line["move_id"][0]])[0]
            for line in lines
        }
        contracts = self.manager.read(
            "utility.contract", [("company_id", "=", company.id)], ["code"]
        )
        codes = {one["id"]: one["code"] for one in contracts}
        self.assertEqual(
            sorted(codes[contract] for contract in found),
            sorted(expected.overdue_contracts(self.today)),
        )
        for case in cases:
            self.assertTrue(case["sentence"])
            self.assertTrue(case["next_reason"])

    def _check_nights_again(self):
        """The same night once more does nothing."""
        count = self.manager.call("dunning.action", "search_count", domain=[])
        self.assertGreater(count, 10)
        self.manager.call(
            "dunning.run",
            "run_for",
            companies=[company.id for company in self.companies.values()],
            today=self.today.isoformat(),
        )
        self.assertEqual(
            self.manager.call("dunning.action", "search_count", domain=[]), count
        )

    def _check_row_put_right(self):
        """A customer with a wrong codice fiscale is corrected and goes in."""
        (row,) = self.manager.read(
            "utility.import.row",
            [
                ("company_id", "=", self.energy.id),
                ("issue_code", "=", "bad_fiscal_code"),
                ("state", "=", "open"),
            ],
            ["key"],
        )
        good = self.datasets["energy"].deliveries[0].content
        right = next(iter(Expected([good]).customers.values()))["Codice fiscale"]
        (wizard,) = self.manager.call(
            "utility.import.row.fix",
            "create",
            vals_list=[{}],
            more_context={"default_row_id": row["id"]},
        )
        (line,) = self.manager.read(
            "utility.import.row.fix.line",
            [("fix_id", "=", wizard), ("heading", "=", "Codice fiscale")],
            ["is_wrong"],
        )
        self.assertTrue(line["is_wrong"], "the cell in error is marked")
        self.manager.call(
            "utility.import.row.fix.line", "write", [line["id"]], vals={"value": right}
        )
        self.manager.call("utility.import.row.fix", "action_retry", [wizard])
        (after,) = self.manager.call(
            "utility.import.row", "read", [row["id"]], fields=["state"]
        )
        self.assertEqual(after["state"], "applied")

    def _check_claims(self):
        """Find, declare, confirm, export; the file says what was reckoned."""
        wanted = claims(self.expected["energy"], self.today)
        self.clerk.call("cmor.practice", "find_candidates", today=str(self.today))
        own = [("company_id", "=", self.energy.id)]
        everyone = self.clerk.call("cmor.practice", "search", domain=own)
        # those found by the nights of the dunning run are looked at again
        self.clerk.call("cmor.practice", "action_recompute", everyone)
        practices = self.clerk.read(
            "cmor.practice",
            own,
            ["contract_id", "credit_amount", "cap_amount", "indemnity", "state"],
        )
        contracts = self.clerk.read("utility.contract", [], ["code"])
        codes = {one["id"]: one["code"] for one in contracts}
        found = {
            codes[one["contract_id"][0]]: (
                check.money(one["credit_amount"]),
                check.money(one["cap_amount"]),
                check.money(one["indemnity"]),
            )
            for one in practices
        }
        reckoned = {
            code: (claim.credit, claim.cap, claim.indemnity)
            for code, claim in wanted.items()
        }
        self.assertEqual({code: found.get(code) for code in reckoned}, reckoned)
        # the others have paid since a night of the month found them
        for code in set(found) - set(reckoned):
            self.assertEqual(found[code][0], 0, code)
        ready = [one["id"] for one in practices if one["state"] == "candidate"]
        self.assertEqual(len(ready), sum(not one.failed for one in wanted.values()))
        self._declare(ready)
        self.clerk.call("cmor.practice", "action_confirm", ready)
        self._export(ready)
        rows = self._exported()
        self.assertEqual(
            sorted(Decimal(row["VALORE_INDENNIZZO"]) for row in rows),
            sorted(one.indemnity for one in wanted.values() if not one.failed),
        )

    def _declare(self, practices):
        """A practice with something in doubt cannot leave before it is declared."""
        with self.assertRaises(Refused):
            self.clerk.call("cmor.practice", "action_confirm", practices)
        for practice in self.clerk.call(
            "cmor.practice", "read", practices, fields=["unknown_codes"]
        ):
            self.clerk.call(
                "cmor.practice",
                "declare",
                [practice["id"]],
                codes=practice["unknown_codes"].replace(",", " ").split(),
                result="yes",
                proof=PROOF,
                with_art4=True,
            )

    def _export(self, practices):
        """Export; the layout that nobody has confirmed is asked about, once."""
        answer = self.clerk.call("cmor.practice", "action_export", practices)
        self.assertEqual(answer["res_model"], "cmor.export.wizard")
        (wizard,) = self.clerk.call(
            "cmor.export.wizard",
            "create",
            vals_list=[{"accept": True}],
            more_context=answer["context"],
        )
        self.clerk.call("cmor.export.wizard", "action_apply", [wizard])

    def _exported(self):
        """The rows of the files made, as {heading: text}."""
        rows = []
        for file in self.clerk.read("cmor.flow.file", [], ["attachment_id", "sha256"]):
            (attachment,) = self.clerk.call(
                "ir.attachment", "read", [file["attachment_id"][0]], fields=["datas"]
            )
            text = base64.b64decode(attachment["datas"]).decode("utf-8-sig")
            head, *lines = text.splitlines()
            headings = head.split(";")
            rows += [
                dict(zip(headings, line.split(";"), strict=True)) for line in lines
            ]
        return rows

    def _check_other_company_sees_nothing(self):
        """A user of the water company alone, in every model that holds something."""
        user = self.users["operatore"].copy(
            {
                "login": "idrico",
                "company_id": self.companies["water"].id,
                "company_ids": [(6, 0, self.companies["water"].ids)],
            }
        )
        water = Client(self, user, self.companies["water"])
        for model in (
            "utility.contract",
            "utility.supply.point",
            "utility.notice",
            "utility.import.batch",
            "utility.import.row",
            "account.move",
            "dunning.case",
            "dunning.action",
            "dunning.run",
        ):
            with self.subTest(model=model):
                domain = [("company_id", "=", self.energy.id)]
                self.assertTrue(self.env[model].sudo().search_count(domain))
                self.assertFalse(water.call(model, "search_count", domain=domain))
                self.assertTrue(water.call(model, "search_count", domain=[]))
        with self.assertRaises(Refused):
            Client(self, user, self.energy).call(
                "utility.contract", "search_count", domain=[]
            )

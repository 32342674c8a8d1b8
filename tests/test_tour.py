"""The first way through the house in a browser, as a clerk of the energy seller."""

from datetime import datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

from odoo.tests import HttpCase, tagged

from devtools.demo import generator, run, setup, sheets
from devtools.demo.billing import MONTH_OF_RUNS
from devtools.demo.claims import claims
from devtools.demo.expected import Expected

WRONG, RIGHT = "RSSMRA80A01H501X", "RSSMRA80A01H501U"
LOGIN = "cmor_responsabile"


def small_workbook(dataset, today):
    """A few customers of the demonstration: one to claim, one overdue, one wrong."""
    content = dataset.deliveries[0].content
    expected = Expected([content])
    claim = next(
        one
        for one in claims(expected, today).values()
        if not one.failed and "C4" not in one.to_declare
    )
    claimed = expected.contracts[claim.contract]["Codice cliente"]
    late = expected.overdue_contracts(today)
    active = [c for c in late if expected.contracts[c]["Stato"] == "Attivo"]
    overdue = expected.contracts[min(active, key=late.get)]["Codice cliente"]
    book = sheets.read(content)
    rows = {
        name: [row for number, row in sheet.rows if number not in sheet.wrong]
        for name, sheet in book.items()
    }
    codes = {claimed, overdue}
    contracts = {
        row["Codice contratto"]
        for row in rows["Contratti"]
        if row["Codice cliente"] in codes
    }
    chosen = {
        "Clienti": [r for r in rows["Clienti"] if r["Codice cliente"] in codes],
        "Pagamenti": [r for r in rows["Pagamenti"] if r["Codice cliente"] in codes],
    }
    for name in ("Contratti", "Bollette", "Solleciti pregressi"):
        chosen[name] = [r for r in rows[name] if r["Codice contratto"] in contracts]
    for row in chosen["Solleciti pregressi"]:
        row["File prova"] = None  # declared by the clerk instead
    for row in chosen["Clienti"]:
        if row["Codice cliente"] == overdue:
            row["Denominazione"] = "Cliente del percorso"
    wrong = {
        **chosen["Clienti"][0],
        "Codice cliente": "E90009",
        "Denominazione": "Mario Rossi",
        "Codice fiscale": WRONG,
        "Partita IVA": None,
    }
    chosen["Clienti"].append(wrong)
    return generator.workbook({name: chosen[name] for name in generator.HEADINGS})


@tagged("standard", "post_install", "-at_install", "tour")
class TestFirstWay(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = datetime.now(ZoneInfo("Europe/Rome")).date()
        anchor = cls.today - timedelta(days=MONTH_OF_RUNS)
        cls.dataset = generator.generate("energy", anchor, small=True)
        by_key = setup.companies(cls.env, {"energy": cls.dataset})
        cls.company = by_key["energy"]
        cls.users = setup.users(cls.env, by_key)
        cls.clerk = cls.users[LOGIN]
        setup.roles(cls.env, cls.company, cls.clerk, cls.today)
        cls.env["ir.attachment"].create(
            {
                "name": "first_way.xlsx",
                "url": "/tour/first_way.xlsx",
                "raw": small_workbook(cls.dataset, cls.today),
                "public": True,
            }
        )

    def test_first_way(self):
        self.start_tour("/odoo", "utility_first_way_upload", login=LOGIN)
        partners = self.env["res.partner"].search(
            [("billing_code", "=", "E90009"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(partners.l10n_it_codice_fiscale, RIGHT)
        patcher = mock.patch.object(
            self.registry["ir.cron"], "_commit_progress", return_value=60.0
        )
        with patcher:
            self.env["dunning.run"].run_for(self.company, self.today)
        as_clerk = self.env["cmor.practice"].with_user(self.clerk)
        as_clerk = as_clerk.with_context(allowed_company_ids=self.company.ids)
        as_clerk.find_candidates(self.company, self.today)
        practices = as_clerk.search([("state", "=", "candidate")])
        run.declare(practices, run.PROOF)
        practices.action_confirm()
        run.export(practices)
        self.start_tour("/odoo", "utility_first_way_case_and_file", login=LOGIN)

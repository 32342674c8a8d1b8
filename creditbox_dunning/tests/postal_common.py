import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import freeze_time
from odoo.tools import config

from odoo.addons.utility_supply.models.import_source import ROOT_OPTION

from ..models.dunning_letter import LetterFile
from .postal_files import COLUMNS, events_csv, pdf
from .test_execution import ExecutionCommon


class PostalCommon(ExecutionCommon):
    """A mail house that takes its jobs from a folder, letters with a PDF each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jobs = cls.env["dunning.postal.job"].sudo()
        cls.outbox = cls.env["dunning.outbox"].sudo()
        cls.startClassPatcher(
            patch.object(cls.registry["dunning.letter"], "_render", cls._render_pdf)
        )

    def _render_pdf(self, messages, today):
        """wkhtmltopdf is another test's business."""
        return {
            message.id: LetterFile(
                f"{message.id}.pdf",
                pdf(f"{message.case_id.name} {message.address}"),
                "application/pdf",
            )
            for message in messages
        }

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        for name in ("out", "in"):
            (self.root / name).mkdir()
        self.startPatcher(patch.dict(config.options, {ROOT_OPTION: str(self.root)}))
        self.provider = self._post()

    def _post(self, **vals):
        provider = self.env["dunning.service.provider"].create(
            {
                "name": "Stampa e Imbusta",
                "kind": "post",
                "company_id": self.company.id,
                "postal_driver": "folder",
                "work_folder_id": self._folder("out", "outgoing").id,
                **vals,
            }
        )
        provider.action_load_postal_codes()
        return provider

    def _folder(self, path, purpose, **vals):
        return self.env["utility.import.source"].create(
            {
                "name": path,
                "path": path,
                "purpose": purpose,
                "company_id": self.company.id,
                "quiet_seconds": 0,
                **vals,
            }
        )

    def ordinary(self, *refs):
        """Ordinary letters that wait, one a customer."""
        return self._letters(refs or ("B1",), (7, 15), "pp")

    def registered(self, *refs):
        """Registered letters (formal notices) that wait, one a customer."""
        return self._letters(refs or ("B1",), (7, 15, 30), "ar")

    def _letters(self, refs, days, channel):
        bills = self.env["account.move"]
        for number, ref in enumerate(refs):
            contract = self.contract
            if number:
                contract = self._another_contract(number)
            bills |= self.overdue(ref, contract)
        self.walk(*days[:2])
        if channel == "ar":
            # the notices before left by hand: only what is asked for waits
            self._of_channel(bills, "pp").action_mark_posted(self.day(16))
            self.walk(*days[2:])
        return self._of_channel(bills, channel)

    def _of_channel(self, bills, channel):
        return bills.line_ids.dunning_case_id.communication_ids.filtered(
            lambda m: m.channel == channel
        ).sorted("id")

    def _another_contract(self, number):
        partner = self._create_customer(f"C9{number:02d}")
        return self._create_contract(f"K9{number:02d}", partner)

    def send(self, number=31):
        """The sender's turn on a day; returns the jobs of the mail house."""
        with freeze_time(self.day(number)):
            self.outbox._work(self.provider.sudo())
        return self.jobs.search([("provider_id", "=", self.provider.id)], order="id")

    def row(self, letter, code, number, **more):
        """A row of a file of outcomes, by our template's headings."""
        return {
            "Codice lettera": letter.key,
            "Codice esito": code,
            "Data esito": f"{self.day(number):%d/%m/%Y} 10:30",
            **more,
        }

    def told(self, *rows, name="esiti.csv", number=80, data=None):
        """What the mail house sent, loaded by the operator; returns the batches."""
        data = data if data is not None else events_csv(*rows, columns=COLUMNS)
        with freeze_time(self.day(number)):
            batches = self.provider.sudo()._receive_postal(name, data, self.company)
            batches._work()
        return batches

    def left(self):
        """Names of the files that lie in the folder of the mail house."""
        return sorted(os.listdir(self.root / "out"))

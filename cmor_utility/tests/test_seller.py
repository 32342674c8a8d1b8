import os
import tempfile
import time
from datetime import date
from pathlib import Path
from unittest import mock

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import config

from odoo.addons.utility_supply.models import import_folders as folders
from odoo.addons.utility_supply.models.import_source import ROOT_OPTION

from .common import ROLE_VAT
from .receive_common import ReceiveCommon
from .seller_common import SELLER_VAT, NetworkUserCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestNetworkUser(NetworkUserCommon):
    """We are the UDD: sellers ask us, we present, answers and money go back."""

    def test_forwarded_with_the_figures_of_the_seller(self):
        file, practice = self.ask(self.row())
        self.assertEqual(file.state, "applied")
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "candidate",
                    "verdict": "yes",
                    "cc_vat": SELLER_VAT,
                    "cc_code": "V-1",
                    "cc_partner_id": self.seller.id,
                    "role_id": self.role.id,
                    "indemnity": 250.0,
                    "code": False,
                    "window_open": date(2026, 3, 1),
                }
            ],
        )
        self.assertEqual(self.counterpart.vat, SELLER_VAT)
        self.present(practice)
        raw = practice.record_ids.filtered(lambda r: r.direction == "out").raw_values
        self.assertEqual(
            {k: raw[k] for k in ("COD_SERVIZIO", "PIVA_UTENTE", "CP_UTENTE", "CF")},
            {
                "COD_SERVIZIO": "SI1",
                "PIVA_UTENTE": ROLE_VAT,
                "CP_UTENTE": practice.code,
                "CF": "RSSMRA80A01F205X",
            },
        )
        self.assertEqual(raw["PIVA_CONTROPARTE_COMMERCIALE"], SELLER_VAT)
        self.assertEqual(raw["ELENCO_FATTURE"], "F1|10/08/2025|30/08/2025|300.00")
        self.assertNotEqual(practice.code, "V-1")

    def test_answers_go_back_once(self):
        _file, practice = self.ask(self.row())
        self.present(practice)
        self._receive("claim_ack", [self._ack(practice)])
        self.assertEqual(practice.state, "accepted")
        role = self.role.with_user(self.operator)
        action = role.action_return_to_sellers()
        file = self.files.browse(action["res_id"])
        self.assertEqual(file.type_id.key, "cc_answer")
        raw = file.record_ids.raw_values
        self.assertEqual(
            (raw["CP_UTENTE"], raw["CP_GESTORE"], raw["FLUSSO_RISPOSTA"]),
            ("V-1", practice.sii_code, "claim_ack"),
        )
        self.assertEqual(raw["PIVA_CONTROPARTE_COMMERCIALE"], SELLER_VAT)
        again = role.action_return_to_sellers()
        self.assertEqual(again["tag"], "display_notification")
        # thrown away, the answers wait again; sent, never again
        file.action_discard()
        file = self.files.browse(role.action_return_to_sellers()["res_id"])
        file.action_mark_sent()
        self.assertEqual(practice.state, "accepted")
        self.assertEqual(role.action_return_to_sellers()["tag"], "display_notification")

    def test_what_cannot_be_forwarded(self):
        rows = [
            self.row("V-1", DATA_CESSAZIONE="31/03/2026"),
            self.row("V-2", VALORE_INDENNIZZO="9.99"),
            self.row("V-3", VALORE_INDENNIZZO="301.00"),
            self.row("V-4", DICH_ART4="0"),
        ]
        file, practices = self.ask(*rows)
        # not declared: the layout itself asks for it
        record = file.record_ids.filtered(lambda r: r.code == "V-4")
        self.assertEqual((record.state, record.problem), ("waiting", "row_issues"))
        self.assertEqual(set(practices.mapped("state")), {"blocked"})
        self.assertEqual(
            practices.sorted("cc_code").mapped("failed_codes"),
            ["C11", "C10", "C2"],
        )
        with self.assertRaises(UserError):
            practices[0].action_confirm()

    def test_the_same_supply_is_presented_once(self):
        """Under another code the same claim is a second one (C13), until the first is
        refused: then it is the one that was put right."""
        _file, first = self.ask(self.row("V-1"))
        _file, both = self.ask(self.row("V-2"))
        again = both.filtered(lambda p: p.cc_code == "V-2") - first
        self.assertEqual((again.state, again.failed_codes), ("blocked", "C13"))
        first.action_recompute()
        self.assertEqual(first.state, "candidate")
        first.sudo()._guarded().write({"state": "rejected"})
        again.action_recompute()
        self.assertEqual((again.state, again.failed_codes), ("candidate", False))

    def test_unknown_seller_and_same_code(self):
        other = self.row(PIVA_CONTROPARTE_COMMERCIALE="12345670017")
        file, _practice = self.ask(other)
        self.assertEqual(file.record_ids.problem, "cc_unknown")
        _file, practice = self.ask(self.row())
        again, _practice = self.ask(self.row(NOTE="di nuovo"))
        self.assertEqual(again.record_ids.state, "repeated")
        differs, _practice = self.ask(self.row(VALORE_INDENNIZZO="200.00"))
        self.assertEqual(differs.record_ids.problem, "cc_differs")
        self.assertEqual(practice.indemnity, 250.0)

    def test_distributor_of_a_point(self):
        partner = self.env["res.partner"].create(
            {"name": "Distributore", "vat": "IT12345670017"}
        )
        counterparts = self.env["cmor.counterpart"]
        counterparts.create(
            {
                "partner_id": partner.id,
                "kind": "distributor",
                "point_codes": "001, 0034",
            }
        )
        found = counterparts._distributors(
            self.company,
            [
                ("electricity", "IT001E00000009"),
                ("electricity", "IT002E00000009"),
                ("gas", "00340000000001"),
            ],
            date(2026, 4, 20),
        )
        self.assertEqual(
            found,
            {
                ("electricity", "IT001E00000009"): partner,
                ("gas", "00340000000001"): partner,
            },
        )
        with self.assertRaises(ValidationError):
            self.counterpart.point_codes = "001"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestSeller(ReceiveCommon):
    """We are a seller that is not UDD: everything passes through our UDD."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.udd = cls.env["res.partner"].create(
            {"name": "Utente del dispacciamento", "vat": f"IT{SELLER_VAT}"}
        )
        cls.role.write(
            {
                "role": "cc",
                "accreditation_state": "none",
                "udd_partner_id": cls.udd.id,
            }
        )
        cls.practice = cls._create_sent(1)

    def test_leaves_as_a_file_to_the_udd(self):
        record = self.practice.record_ids
        self.assertEqual(record.type_id.key, "cc_request")
        raw = record.raw_values
        self.assertEqual(
            (raw["PIVA_CONTROPARTE_COMMERCIALE"], raw["PIVA_UTENTE"], raw["CP_UTENTE"]),
            (ROLE_VAT, SELLER_VAT, self.practice.code),
        )

    def test_without_a_udd_nothing_leaves(self):
        self.role.udd_partner_id = False
        self.assertIn(
            "through its UDD", self.role._cannot_export_reason(date(2026, 4, 20))
        )

    def test_answers_come_from_the_udd(self):
        row = {
            "PIVA_UTENTE": SELLER_VAT,
            "PIVA_CONTROPARTE_COMMERCIALE": ROLE_VAT,
            "CP_UTENTE": self.practice.code,
            "CP_GESTORE": "SII000000000005",
            "FLUSSO_RISPOSTA": "claim_ack",
            "VERIFICA_AMM": "1",
        }
        file = self._receive("cc_answer", [row])
        self.assertEqual(file.record_ids.mapped("state"), ["applied"])
        self.assertRecordValues(
            self.practice, [{"state": "accepted", "sii_code": "SII000000000005"}]
        )
        stop = {**row, "FLUSSO_RISPOSTA": "suspend_notice", "SOSPESA": "1"}
        stop["DATA_COMUNICAZIONE"] = "19/04/2026"
        del stop["VERIFICA_AMM"]
        self._receive("cc_answer", [stop])
        self.assertEqual(self.practice.state, "suspended")
        odd = self._receive("cc_answer", [{**row, "FLUSSO_RISPOSTA": "boh"}])
        self.assertEqual(odd.record_ids.problem, "cc_unknown_answer")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestFolder(ReceiveCommon):
    """Flows that arrive in a polled folder."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.inbox = self.root / "sii"
        self.inbox.mkdir()
        self.startPatcher(
            mock.patch.dict(config.options, {ROOT_OPTION: str(self.root)})
        )
        self.startPatcher(
            mock.patch.object(
                self.registry["ir.cron"], "_commit_progress", return_value=60.0
            )
        )
        self.source = self.env["utility.import.source"].create(
            {
                "name": "SII",
                "path": "sii",
                "company_id": self.company.id,
                "purpose": "cmor",
            }
        )
        self.practice = self._create_bare(1)

    def put(self, name, data):
        path = self.inbox / name
        path.write_bytes(data)
        os.utime(path, (time.time() - 600,) * 2)

    def names(self, folder):
        path = self.inbox / folder
        names = os.listdir(path) if path.exists() else []
        return sorted(name.split("_", 2)[2] for name in names)

    def test_taken_applied_moved(self):
        data = self._bytes("claim_ack", [self._ack(self.practice)])
        self.put("esiti.csv", data)
        self.put("boh.csv", b"niente;di;noto\r\n1;2;3\r\n")
        self.env["utility.import.source"]._cron_poll()
        self.assertFalse(self.source.problem)
        self.assertEqual(self.names("done"), ["esiti.csv"])
        self.assertEqual(self.names("rejected"), ["boh.csv"])
        self.assertEqual(self.practice.state, "accepted")
        files = self.source.flow_file_ids.sorted("name")
        self.assertEqual(files.mapped("state"), ["refused", "applied"])
        self.assertFalse(any(files.mapped("is_in_folder")))
        # the same bytes again change nothing and are put aside
        self.put("esiti_bis.csv", data)
        self.env["utility.import.source"]._cron_poll()
        self.assertEqual(self.names("done"), ["esiti.csv", "esiti_bis.csv"])
        self.assertEqual(len(self.source.flow_file_ids), 2)

    def test_half_written_renamed_and_replaced(self):
        """A file that somebody is still writing waits; one that was replaced while it
        was read stays there and is taken the next time."""
        data = self._bytes("claim_ack", [self._ack(self.practice)])
        (self.inbox / "nuovo.csv").write_bytes(data[:40])
        self.put("altro.csv.part", data[:40])
        self.put(".nascosto.csv", data)
        poll = self.env["utility.import.source"]._cron_poll
        poll()
        self.assertFalse(self.source.flow_file_ids)
        (self.inbox / "nuovo.csv").unlink()
        self.put("esiti.csv", data[:-30])
        whole = folders.LocalFolder.bytes_of

        def replaced(folder, found, limit):
            read = whole(folder, found, limit)
            self.put("esiti.csv", data)
            return read

        with mock.patch.object(folders.LocalFolder, "bytes_of", replaced):
            poll()
        self.assertIn("esiti.csv", self.source.problem)
        self.assertEqual(self.names("done") + self.names("rejected"), [])
        poll()
        self.assertFalse(self.source.problem)
        self.assertEqual(self.names("done"), ["esiti.csv"])
        self.assertEqual(self.practice.state, "accepted")
        # what was read of the first is kept as well, nothing applied twice
        self.assertEqual(len(self.source.flow_file_ids), 2)
        self.assertFalse(any(self.source.flow_file_ids.mapped("is_in_folder")))

    def test_folder_that_is_gone(self):
        self.inbox.rmdir()
        self.env["utility.import.source"]._cron_poll()
        self.assertTrue(self.source.problem)
        self.inbox.mkdir()
        self.env["utility.import.source"]._cron_poll()
        self.assertFalse(self.source.problem)

    def test_killed_after_it_was_kept(self):
        """Kept and committed, then killed: the next poll applies and moves it."""
        data = self._bytes("claim_ack", [self._ack(self.practice)])
        self.put("esiti.csv", data)
        self.files.sudo()._keep_received(
            "esiti.csv", data, self.company, source=self.source
        )
        self.env["utility.import.source"]._cron_poll()
        self.assertEqual(self.names("done"), ["esiti.csv"])
        self.assertEqual(self.practice.state, "accepted")

"""The dossier of evidence: everything in it, what is missing named."""

import csv
import hashlib
import io
import zipfile
from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import BaseCase, HttpCase, freeze_time, tagged

from ..rules.dossier import BillProof, MessageProof, NoticeProof, gaps
from .common import DunningCommon
from .test_execution import ExecutionCommon

INDEX = "indice.csv"


@tagged("post_install", "-at_install")
class TestGaps(BaseCase):
    """Gate 21: a missing proof is named, a complete case has no gap."""

    def notice(self, **vals):
        told = {
            "ref": "N1",
            "kind": "default",
            "channel": "ar",
            "sent": date(2027, 2, 19),
            "notified": date(2027, 2, 26),
            "copies": 1,
            "proofs": 1,
            "cmor_warning": True,
            "bills": frozenset({"B1"}),
        }
        return NoticeProof(**{**told, **vals})

    def codes(self, service="gas", bills=None, notices=None, messages=()):
        bills = [BillProof("B1", 1)] if bills is None else bills
        notices = [self.notice()] if notices is None else notices
        return [(g.code, g.what) for g in gaps(service, bills, notices, messages)]

    def test_complete(self):
        self.assertEqual(self.codes(), [])

    def test_each_gap(self):
        self.assertEqual(
            self.codes(bills=[BillProof("B1"), BillProof("B2", 1)]),
            [("bill_document", "B1"), ("not_noticed", "B2")],
        )
        self.assertEqual(self.codes(notices=[]), [("no_formal_notice", "")])
        for changed, code in (
            ({"copies": 0}, "notice_copy"),
            ({"notified": None}, "not_notified"),
            ({"proofs": 0}, "delivery_proof"),
            ({"cmor_warning": False}, "cmor_warning"),
        ):
            found = self.codes(notices=[self.notice(**changed)])
            self.assertEqual(found, [(code, "N1")])
        # an ordinary letter proves nothing and puts nobody in default
        self.assertEqual(
            self.codes(notices=[self.notice(channel="pp", kind="notice")]),
            [("no_formal_notice", "")],
        )
        self.assertEqual(self.codes("water"), [("no_reminder", "")])
        self.assertEqual(self.codes("telephone"), [])

    def test_messages(self):
        for message, code in (
            (MessageProof("m", "uncertain"), "message_doubt"),
            (MessageProof("m", "sent", has_copy=False), "message_copy"),
            (MessageProof("x", "sent", files={"m": ("aa", "bb")}), "hash_differs"),
        ):
            self.assertEqual(self.codes(messages=[message]), [(code, "m")])
        fine = MessageProof("m", "delivered", files={"m": ("aa", "aa")})
        self.assertEqual(self.codes(messages=[fine]), [])


class DossierCommon(ExecutionCommon):
    def setUp(self):
        super().setUp()
        self.bill = self.overdue()
        self.walk(7, 15, 30)
        self.case = self.case_of(self.bill)
        self.default = self.case.action_ids.filtered(lambda a: a.op == "default")

    def notified(self, proof=True):
        vals = {"proof": b"cHJvdmE=", "proof_name": "cartolina.pdf"} if proof else {}
        with freeze_time(self.day(40)):
            self.outcome(
                self.default,
                result="notified",
                sent_date=self.day(31),
                notified_date=self.day(36),
                **vals,
            )

    def attach(self, record, name, data):
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": data,
                    "res_model": record._name,
                    "res_id": record.id,
                }
            )
        )

    def dossier(self, user=None):
        case = self.case.with_user(user or self.operator)
        data, _name, _kind = case._dossier_document()
        return data.decode()

    def unpack(self, user=None):
        """({path: bytes}, index rows) of the ZIP."""
        data, name, _kind = self.case.with_user(user or self.operator)._dossier_zip()
        self.assertTrue(name.endswith(".zip"))
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = {path: archive.read(path) for path in archive.namelist()}
        index = members.pop(INDEX).decode("utf-8-sig")
        return members, list(csv.reader(io.StringIO(index), delimiter=";"))[1:]


@tagged("post_install", "-at_install")
class TestDossier(DossierCommon):
    def test_every_proof_is_in_it_gate_21(self):
        """Gate 21: bill, letter, proof of delivery, what was sent; a list of hashes."""
        self.notified()
        document = self.attach(self.bill, "bolletta-B1.pdf", b"%PDF bill")
        members, rows = self.unpack()
        letter = self.default.communication_ids.sudo().attachment_id
        wanted = {
            "bollette/bolletta-B1.pdf": document.raw,
            f"inviati/{letter.name}": letter.raw,
            "ricevute/cartolina.pdf": b"prova",
        }
        for path, data in wanted.items():
            self.assertEqual(members.get(path), data, (path, list(members)))
        self.assertEqual({row[0] for row in rows}, set(members))
        for path, digest, *_others in rows:
            self.assertEqual(digest, hashlib.sha256(members[path]).hexdigest())
        page = self.dossier()
        for text in ("B1", "cartolina.pdf", "TIMOE", letter.name, "Cliente C001"):
            self.assertIn(text, page)
        self.assertIn(hashlib.sha256(letter.raw).hexdigest(), page)

    def test_missing_proofs_are_named_gate_21(self):
        """Gate 21: what is missing stands at the top, by name."""
        self.notified(proof=False)
        page = self.dossier()
        ref = self.default.notice_id.ref
        self.assertIn("The document of bill B1 is missing.", page)
        self.assertIn(f"The proof that notice {ref} was delivered is missing.", page)
        self.attach(self.bill, "b.pdf", b"x")
        self.assertNotIn("The document of bill", self.dossier())

    def test_a_changed_file_is_told(self):
        """Bytes that are no more those that were made: somebody reached the disk."""
        self.notified()
        letter = self.default.communication_ids.sudo().attachment_id
        self.assertNotIn("is not what it was", self.dossier())
        self.env.cr.execute(
            "UPDATE ir_attachment SET checksum = 'other' WHERE id = %s", [letter.id]
        )
        letter.invalidate_recordset(["checksum"])
        self.assertIn(f"File {letter.name} is not what it was", self.dossier())

    def test_without_a_notice(self):
        self.assertIn("There is no notice of default", self.dossier())

    def test_numbers_of_the_law_on_the_day_of_the_notice(self):
        self.notified()
        self.env["dunning.legal.parameter"].create(
            {
                "service": "electricity",
                "name": "suspend_after_notified",
                "value": 99,
                "unit": "days",
                "day_kind": "solar",
                "valid_from": self.day(35),
                "source": "legge nuova",
            }
        )
        self.assertNotIn("legge nuova", self.dossier())

    def test_hostile_names(self):
        self.notified()
        self.attach(self.bill, "../../etc/<x>.pdf", b"1")
        self.customer.name = "<script>alert(1)</script>"
        members, _rows = self.unpack()
        for path in members:
            self.assertNotIn("..", path)
        self.assertNotIn("<script>alert", self.dossier())

    def test_with_the_readers_rights(self):
        self.notified()
        stranger = self.operator.copy(
            {
                "company_id": self.other_company.id,
                "company_ids": [Command.set(self.other_company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            self.case.with_user(stranger)._dossier_document()
        with self.assertRaises(AccessError):
            self.case.with_user(stranger)._dossier_zip()


@tagged("post_install", "-at_install")
class TestDossierDownload(HttpCase, DunningCommon):
    def test_download(self):
        bill = self.overdue()
        self.run_on(7)
        case = self.case_of(bill)
        self.authenticate(self.operator.login, self.operator.login)
        for ending, kind in (("", "text/html"), (".zip", "application/zip")):
            answer = self.url_open(f"/creditbox_dunning/dossier/{case.id}{ending}")
            self.assertEqual(answer.status_code, 200)
            self.assertIn(kind, answer.headers["Content-Type"])
            self.assertIn("attachment", answer.headers["Content-Disposition"])
        clerk = self._create_user("nobody_here", "base.group_user")
        self.authenticate(clerk.login, clerk.login)
        answer = self.url_open(f"/creditbox_dunning/dossier/{case.id}")
        self.assertEqual(answer.status_code, 404)

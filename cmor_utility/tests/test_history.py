import base64
import csv
import io
import json
import zipfile
from datetime import date
from unittest.mock import patch

import openpyxl
from freezegun import freeze_time

from odoo import Command, http
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import HttpCase, tagged

from odoo.addons.cmor_utility.tests.common import PROOF, TODAY, CmorCommon

EVIL = '=HYPERLINK("http://evil")'


@tagged("post_install", "-at_install")
class TestHistory(CmorCommon):
    """One page for what happened, figures that open what they count."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_switch_out("H1")
        cls.practice = cls._find()
        with freeze_time(TODAY):
            cls._declare(cls.practice)
            cls.practice.with_user(cls.operator).action_confirm()
            cls.file = cls.practice.with_user(cls.operator)._export(TODAY)
            cls.file.with_user(cls.operator).action_mark_sent()
            cls.practice.sudo()._refresh_terms(TODAY)

    def _kinds(self, practice):
        return {entry["kind"] for entry in practice.timeline}

    def test_timeline(self):
        """Gate 33: flows, events, notices and terms of a practice in one list, the
        newest first, with its original files (F15)."""
        mine = self.practice.with_user(self.operator)
        self.assertLessEqual(
            {"start", "notice", "flow", "event", "deadline"}, self._kinds(mine)
        )
        whens = [entry["when"] for entry in mine.timeline]
        days = [when[:10] for when in whens]
        self.assertEqual(days, sorted(days, reverse=True))
        (flow,) = [entry for entry in mine.timeline if entry["kind"] == "flow"]
        self.assertEqual(flow["files"][0]["hash"], self.file.sudo().sha256)

    def test_timeline_of_who_reads_less(self):
        """An accountant sees events and amounts, not the files of the flows."""
        clerk = self._create_user("clerk33", "account.group_account_invoice")
        kinds = self._kinds(self.practice.with_user(clerk))
        self.assertIn("event", kinds)
        self.assertNotIn("flow", kinds)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_other_user("stranger2", other)
        with self.assertRaises(AccessError):
            self.practice.with_user(stranger).mapped("timeline")

    def test_timeline_statements(self):
        for number in range(10):
            self._create_switch_out(f"HS{number}")
        many = self._find() | self.practice
        counts = []
        for chosen in (many[:2], many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            chosen.with_user(self.operator).mapped("timeline")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 6, counts)

    def test_dossier(self):
        html, name, kind = self.practice.with_user(self.operator)._dossier_document()
        text = html.decode()
        self.assertEqual(kind, "text/html; charset=utf-8")
        self.assertTrue(name.endswith(".html"))
        sha = self.file.sudo().sha256
        for expected in (
            "Mario Rossi",
            self.practice.code,
            "H1/1",
            "N-H1",
            "ricevuta.pdf",
            "Fascicolo 12/2026",
            sha,
        ):
            self.assertIn(expected, text)

    def test_dossier_escapes(self):
        self.practice.sudo().partner_id.name = "<script>alert(1)</script>"
        html, _name, _kind = self.practice.with_user(self.operator)._dossier_document()
        self.assertNotIn(b"<script>alert", html)

    def test_zip_of_the_originals(self):
        data, name, _kind = self.practice.with_user(self.operator)._dossier_zip()
        self.assertTrue(name.endswith(".zip"))
        archive = zipfile.ZipFile(io.BytesIO(data))
        self.assertEqual(len(archive.namelist()), 4, archive.namelist())
        sent = archive.read(f"flussi/{self.file.name}")
        self.assertEqual(sent, self.file.sudo().attachment_id.raw)
        self.assertEqual(
            archive.read("solleciti/ricevuta.pdf"), base64.b64decode(PROOF)
        )
        index = archive.read("indice.csv").decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(index), delimiter=";"))
        (row,) = [row for row in rows if row[0].startswith("flussi/")]
        self.assertEqual(row[1], row[4])

    def test_workbook(self):
        """Any selection as a workbook (A12)."""
        self.practice.sudo().partner_id.name = EVIL
        data = self.practice.with_user(self.operator)._workbook()
        sheets = _sheets(data)
        self.assertEqual(len(sheets), 4)
        heads, values = sheets["Practices"][:2]
        row = dict(zip(heads, values, strict=False))
        self.assertEqual(row["Customer"], EVIL)
        self.assertEqual(float(row["Indemnity"]), self.practice.indemnity)
        self.assertGreater(len(sheets["Bills"]), 3)
        xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
        self.assertNotIn(b"<f>", xml)

    def test_workbook_of_the_other_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_other_user("stranger3", other)
        with self.assertRaises(AccessError):
            self.practice.with_user(stranger)._workbook()

    # --- attention of files and requests ------------------------------------------

    def test_file_without_an_answer(self):
        """Sent on Wednesday 15 April: the SII has until Friday 17."""
        files = self.env["cmor.flow.file"].with_user(self.operator)
        mine = Domain("id", "=", self.file.id)
        for day, level in (("2026-04-17", False), ("2026-04-18 10:00:00", "late")):
            with freeze_time(day):
                files.invalidate_model(["attention"])
                self.assertEqual(files.browse(self.file.id).attention, level, day)
                found = files.search(mine & Domain("attention", "in", ["late"]))
                self.assertEqual(len(found), bool(level))
                rest = files.search(mine & Domain("attention", "=", False))
                self.assertEqual(len(rest), not level)
        with freeze_time("2026-05-18"):
            self.practice.sudo()._move_to("accepted")
            self.env.flush_all()
            files.invalidate_model(["attention"])
            self.assertFalse(files.browse(self.file.id).attention)

    def test_file_to_send(self):
        self._create_switch_out("H2")
        practice = self._find()
        with freeze_time(TODAY):
            self._declare(practice)
            practice.with_user(self.operator).action_confirm()
            file = practice.with_user(self.operator)._export(TODAY)
        self.assertEqual(file.with_user(self.operator).attention, "action")
        self.assertTrue(file.with_user(self.operator).attention_text)

    # --- dashboard ------------------------------------------------------------------

    def _dashboard(self, user=None, only_mine=False):
        page = self.env["cmor.dashboard"].with_user(user or self.operator)
        return page.get_data(only_mine)

    def _numbers(self, data):
        for side in data["sides"]:
            for part in ("attention", "pipeline", "totals", "expected", "lost"):
                yield from side[part]
            yield from side["terms"]

    def test_every_figure_is_its_list(self):
        self._create_switch_out("H3")
        self._create_switch_out("H4", notice=False)
        self._find()
        self.env["cmor.practice"].sudo().search([])._refresh_terms(TODAY)
        for only_mine in (False, True):
            data = self._dashboard(only_mine=only_mine)
            numbers = list(self._numbers(data))
            self.assertGreater(sum(number["count"] for number in numbers), 5)
            for number in numbers:
                action = number["action"]
                found = (
                    self.env[action["res_model"]]
                    .with_user(self.operator)
                    .search_count(action["domain"])
                )
                self.assertEqual(found, number["count"], number["label"])
            self.assertTrue(json.dumps(data, default=str))

    def test_pipeline_holds_every_practice(self):
        data = self._dashboard()
        (side,) = data["sides"]
        total = self.env["cmor.practice"].with_user(self.operator).search_count([])
        self.assertEqual(sum(n["count"] for n in side["pipeline"]), total)

    def test_dashboard_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_other_user("stranger4", other)
        self.assertFalse(self._dashboard(stranger)["sides"])
        with self.assertRaises(AccessError):
            self._dashboard(self._create_user("nobody", "base.group_user"))

    def test_dashboard_statements(self):
        counts = []
        for number in range(2):
            for item in range(8 * number):
                self._create_switch_out(f"HD{item}")
            self._find()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._dashboard()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 3, counts)

    # --- digest -----------------------------------------------------------------------

    def _send(self, today):
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress"), freeze_time(today):
            self.env["cmor.digest"]._cron_send(today)
        found = self.env["cmor.digest"].search(
            [("user_id", "in", (self.operator | self.bystander).ids)]
        )
        return found.filtered(lambda digest: digest.date == today)

    def test_digest_once_a_day(self):
        """What waits for each in one e-mail; a second run, or the run after a crash,
        sends nothing again."""
        self._create_switch_out("H5")
        late = self._find()
        late.sudo()._refresh_terms(date(2026, 8, 20))
        self.operator.email = "operatore@example.com"
        self.bystander.email = "altro@example.com"
        thursday = date(2026, 8, 20)
        digests = self._send(thursday)
        self.assertEqual(len(digests), 2)
        (mine,) = digests.filtered(lambda d: d.user_id == self.operator)
        self.assertIn("operatore@example.com", mine.mail_id.email_to)
        self.assertIn(late.name, mine.mail_id.body_html)
        # the bystander operates no role and has no practice of his own
        mails = self.env["mail.mail"].search_count([])
        self.assertEqual(self._send(thursday), digests)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertEqual(len(self._send(date(2026, 8, 21))), 2)

    def test_digest_of_whom_it_concerns(self):
        """Work of a role that has ended, or of somebody who has left, is in the digest
        of its operators; who operates nothing is not told of the files of others."""
        self.operator.email = "operatore@example.com"
        self.bystander.email = "altro@example.com"
        self.operator.lang = "en_US"
        day = date(2026, 8, 20)
        gone = self._create_user("gone", "cmor_utility.group_cmor_user")
        self._create_switch_out("H6")
        theirs = self._find().sudo()
        theirs.user_id = gone
        (self.practice.sudo() | theirs)._refresh_terms(day)
        gone.active = False
        self.role.date_to = date(2026, 8, 1)
        sent = {digest.user_id: digest.mail_id for digest in self._send(day)}
        self.assertFalse(sent[self.bystander])
        body = sent[self.operator].body_html
        self.assertIn(theirs.name, body)
        # the answer is late: the list is a click away
        self.assertIn("/odoo/cmor-files", body)
        self.assertIn("Files sent", body)
        # the link opens the practice whatever company is ticked
        link = f"/mail/view?model=cmor.practice&amp;res_id={theirs.id}"
        self.assertIn(link, body)

    def test_digest_tells_the_approver(self):
        """What somebody else has asked and he may decide; nobody else is told."""
        self.env["cmor.approval.rule"].create(
            {
                "company_id": self.company.id,
                "action": "give_up",
                "user_ids": [Command.set(self.manager.ids)],
            }
        )
        approvals = self.env["cmor.approval"].sudo()._guarded()
        approvals.create(
            {
                "practice_id": self.practice.id,
                "action": "give_up",
                "amount": 10,
                "asked_by_id": self.operator.id,
                "asked_on": "2026-08-20",
            }
        )
        digest = self.env["cmor.digest"]
        (line,) = digest.with_user(self.manager)._approval_lines(self.company)
        self.assertEqual((line["count"], line["path"]), (1, "cmor-approvals"))
        for user in (self.operator, self.bystander):
            self.assertFalse(digest.with_user(user)._approval_lines(self.company))

    def test_digest_as_often_as_wanted(self):
        self.operator.email = "operatore@example.com"
        self.bystander.email = False
        self.operator.cmor_digest = "weekly"
        self.assertFalse(self._send(date(2026, 8, 20)))
        monday = self._send(date(2026, 8, 24))
        self.assertEqual(monday.user_id, self.operator)
        stranger = self._create_other_user("digest_other", self.other_company)
        self.assertFalse(monday.with_user(stranger).search([("id", "=", monday.id)]))
        self.assertTrue(monday.with_user(self.manager).search([("id", "=", monday.id)]))
        self.operator.with_user(self.operator).cmor_digest = "none"
        self.assertFalse(self._send(date(2026, 8, 31)))

    def test_one_failure_costs_the_others_nothing(self):
        self.operator.email = "operatore@example.com"
        self.bystander.email = "altro@example.com"
        digest = type(self.env["cmor.digest"])
        make = digest._make

        def fail(records, user, today):
            if user == self.operator:
                raise ValueError("broken")
            return make(records, user, today)

        with (
            patch.object(digest, "_make", fail),
            self.assertLogs("odoo.addons.cmor_utility.models.cmor_digest", "ERROR"),
        ):
            found = self._send(date(2026, 8, 20))
        self.assertEqual(found.user_id, self.bystander)
        # the next run makes up for it
        self.assertEqual(len(self._send(date(2026, 8, 20))), 2)


@tagged("post_install", "-at_install")
class TestDownloads(HttpCase, CmorCommon):
    """What leaves by the browser: bytes as they were, texts that stay texts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_switch_out("W1")
        cls.practice = cls._find()
        with freeze_time(TODAY):
            cls._declare(cls.practice)
            cls.practice.with_user(cls.operator).action_confirm()
            cls.file = cls.practice.with_user(cls.operator)._export(TODAY)
        # no such name gets into a flow: the layout refuses it
        cls.practice.sudo().partner_id.write({"name": EVIL, "ref": "@SUM(1)"})
        cls.operator.group_ids += cls.quick_ref("base.group_allow_export")
        cls.operator.password = "operator-secret"
        cls.bystander.password = "bystander-secret"

    def _login(self):
        self.authenticate(self.operator.login, "operator-secret")

    def test_original_byte_for_byte(self):
        """Gate 33: the file of the timeline is the file that left (A09)."""
        self._login()
        mine = self.practice.with_user(self.operator)
        (flow,) = [entry for entry in mine.timeline if entry["kind"] == "flow"]
        answer = self.url_open(flow["files"][0]["url"])
        self.assertEqual(answer.content, self.file.sudo().attachment_id.raw)
        self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_file_as_a_table(self):
        """A column for each field, a row for each record, texts as in the file."""
        mine = self.file.with_user(self.operator)
        shown = mine.table
        names = self.file.layout_id.field_ids.mapped("name")
        for text in (*names, "0050", self.practice.code):
            self.assertIn(f">{text}</", shown)
        self._login()
        answer = self.url_open(mine.action_table_workbook()["url"])
        (rows,) = _sheets(answer.content).values()
        self.assertEqual(rows[0][1 : 1 + len(names)], names)
        written = dict(zip(rows[0], rows[1], strict=False))
        self.assertEqual(written["COD_FLUSSO"], "0050")
        self.assertEqual(written["CP_UTENTE"], self.practice.code)
        self.assertEqual(len(rows), 2)
        self.assertEqual(
            self.url_open("/cmor_utility/flow/999999999.xlsx").status_code, 404
        )

    def test_table_of_a_file_received(self):
        """What came from outside is text: in the page, and in the workbook."""
        evil = "<script>alert(1)</script>"
        layout = self.env.ref("cmor_utility.layout_si1_0100")
        names = layout.field_ids.mapped("name")
        row = dict.fromkeys(names, "")
        row |= {"COD_SERVIZIO": "SI1", "COD_FLUSSO": "0100", "MOTIVAZIONE": evil}
        row |= {"CP_UTENTE": EVIL, "VERIFICA_AMM": "0"}
        heads = [*names, "NUOVO"]
        data = ";".join(heads) + "\r\n" + ";".join([*row.values(), "in più"]) + "\r\n"
        files = self.env["cmor.flow.file"].with_user(self.operator)
        file = files._receive("a.csv", data.encode(), self.company)
        self.assertNotIn("<script>", file.table)
        self.assertIn("in più", file.table)
        (rows,) = _sheets(file._table_workbook()).values()
        written = dict(zip(rows[0], rows[1], strict=False))
        self.assertEqual((written["CP_UTENTE"], written["MOTIVAZIONE"]), (EVIL, evil))

    def test_table_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_other_user("stranger6", other)
        stranger.password = "stranger-secret"
        self.authenticate(stranger.login, "stranger-secret")
        url = f"/cmor_utility/flow/{self.file.id}.xlsx"
        self.assertEqual(self.url_open(url).status_code, 404)

    def test_dossier_and_originals(self):
        self._login()
        url = f"/cmor_utility/dossier/{self.practice.id}"
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(b"CMOR", answer.content)
        archive = zipfile.ZipFile(io.BytesIO(self.url_open(f"{url}.zip").content))
        self.assertIn("indice.csv", archive.namelist())
        self.assertEqual(
            self.url_open("/cmor_utility/dossier/999999999").status_code, 404
        )

    def test_dossier_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_other_user("stranger5", other)
        stranger.password = "stranger-secret"
        self.authenticate(stranger.login, "stranger-secret")
        url = f"/cmor_utility/dossier/{self.practice.id}"
        self.assertEqual(self.url_open(url).status_code, 404)
        self.assertEqual(self.url_open(f"{url}.zip").status_code, 404)

    def _export(
        self, kind, names=("name", "partner_id/name", "partner_id/ref"), **more
    ):
        self._login()
        data = {
            "model": "cmor.practice",
            "fields": [{"name": name, "label": name, "type": "char"} for name in names],
            "ids": self.practice.ids,
            "domain": [],
            "groupby": [],
            "context": {},
            "import_compat": False,
            **more,
        }
        answer = self.url_open(
            f"/web/export/{kind}",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.assertEqual(answer.status_code, 200, answer.text[:500])
        return answer.content

    def test_export_of_odoo_makes_no_formula(self):
        xlsx = self._export("xlsx")
        sheet = zipfile.ZipFile(io.BytesIO(xlsx)).read("xl/worksheets/sheet1.xml")
        self.assertNotIn(b"<f>", sheet)
        (rows,) = _sheets(xlsx).values()
        self.assertEqual(rows[1][1], EVIL)

    def test_grouped_export_makes_no_formula(self):
        xlsx = self._export("xlsx", groupby=["partner_id"], ids=False)
        sheet = zipfile.ZipFile(io.BytesIO(xlsx)).read("xl/worksheets/sheet1.xml")
        self.assertNotIn(b"<f>", sheet)

    def test_csv_export_runs_nothing(self):
        text = self._export("csv").decode()
        rows = list(csv.reader(io.StringIO(text)))
        for row in rows[1:]:
            for cell in row:
                self.assertFalse(cell.startswith(("=", "+", "-", "@", "\t")), cell)


def _sheets(data):
    """{name: rows of texts} of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {
        sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
        for sheet in book
    }

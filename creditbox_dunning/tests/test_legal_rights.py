"""H05: legal files of two companies, the head of a group, hostile documents."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .legal_common import LegalCommon

HOSTILE = {
    "../../../etc/passwd": b"root:x:0:0",
    "C:\\Windows\\evil.exe": b"MZ\x90\x00",
    "page.html": b"<html><script>alert(1)</script></html>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "=cmd|' /C calc'!A0.pdf": b"%PDF-1.4",
    "<img src=x onerror=alert(1)>.pdf": b"%PDF-1.4",
    "x" * 300 + ".pdf": b"%PDF-1.4",
}


class TwoCompanies(LegalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Acqua di prova S.p.A.")["company"]
        cls.head = cls.env["res.company"].create({"name": "Capogruppo S.p.A."})
        cls.group = cls.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": cls.head.id,
                "member_ids": [Command.set((cls.head | cls.company).ids)],
            }
        )
        cls.boss = cls._of("legal_boss", "group", cls.head)
        cls.strangers = [
            cls._of(f"legal_{level}", level, cls.other)
            for level in ("operator", "manager", "director", "group", "admin")
        ]

    @classmethod
    def _of(cls, login, level, company):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"creditbox_dunning.group_dunning_{level}",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )


@tagged("post_install", "-at_install")
class TestLegalRights(TwoCompanies):
    def setUp(self):
        super().setUp()
        self.decree = self.step(
            21, "injunction", attachment_ids=[Command.set(self.paper().ids)]
        )
        self.told(22, self.decree, notified_date=self.day(22))
        self.file.with_user(self.manager).action_take_dossier()
        self.env.flush_all()

    def test_gate_1_another_company_sees_and_does_nothing(self):
        for user in self.strangers:
            with self.subTest(user=user.login):
                for record in (self.file, self.decree, self.decree.act_id):
                    theirs = record.with_user(user).sudo(False)
                    self.assertFalse(theirs.search([("id", "=", record.id)]))
                    with self.assertRaises(AccessError):
                        theirs.read(["display_name"])
                for call in (
                    lambda u: self.file.with_user(u).action_take_dossier(),
                    lambda u: self.file.with_user(u).action_add_step(),
                    lambda u: self.file.with_user(u).action_open_calendar(),
                    lambda u: self.file.with_user(u).action_download_dossier(),
                    lambda u: self.file.with_user(u).write({"court": "Roma"}),
                    lambda u: self.decree.with_user(u).write({"note": "x"}),
                    lambda u: self.step(30, "recovered", user=u),
                    lambda u: self.decree.attachment_ids.with_user(u).read(["raw"]),
                    lambda u: self.file.dossier_id.with_user(u).read(["raw"]),
                ):
                    with self.assertRaises(AccessError):
                        call(user)
        self.assertEqual(self.file.state, "injunction")

    def test_who_records_a_step(self):
        action = self.file.with_user(self.manager).action_add_step()
        self.assertEqual(action["context"], {"default_file_id": self.file.id})
        with self.assertRaises(AccessError):
            self.file.with_user(self.operator).action_add_step()
        answer = self.file.with_user(self.operator).action_download_dossier()
        self.assertIn(str(self.file.dossier_id.id), answer["url"])
        shown = self.file.with_user(self.operator).action_open_calendar()
        self.assertEqual(shown["domain"], [("file_id", "=", self.file.id)])

    def test_the_head_of_the_group_reads_and_does_not_write(self):
        for record in (self.file, self.decree):
            theirs = record.with_user(self.boss)
            self.assertEqual(theirs.search([("id", "=", record.id)]), record)
            known = theirs.get_views([(False, "form")])["models"]
            fields = known[record._name]["fields"]
            wanted = {
                name: {"fields": {"display_name": {}}}
                if info["type"] in ("many2one", "many2many")
                else {}
                for name, info in fields.items()
            }
            self.assertTrue(theirs.web_read({**wanted, "display_name": {}}))
            self.assertTrue(theirs.web_search_read([], {"display_name": {}})["records"])
        for call in (
            lambda: self.file.with_user(self.boss).write({"court": "Roma"}),
            lambda: self.decree.with_user(self.boss).write({"note": "x"}),
            lambda: self.step(30, "recovered", user=self.boss),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_colleagues_open_the_documents_that_one_of_them_uploaded(self):
        paper = self.decree.attachment_ids
        self.assertEqual(
            (paper.res_model, paper.res_id), ("dunning.legal.step", self.decree.id)
        )
        self.assertTrue(paper.with_user(self.operator).read(["raw"]))

    def test_documents_are_kept(self):
        paper = self.decree.attachment_ids
        with self.assertRaises(UserError):
            self.told(30, self.decree, attachment_ids=[Command.clear()])
        with self.assertRaises(UserError):
            paper.with_user(self.manager).unlink()
        with self.assertRaises(UserError):
            paper.with_user(self.manager).write({"raw": b"another"})
        more = self.paper("seconda.pdf")
        self.told(30, self.decree, attachment_ids=[Command.link(more.id)])
        self.assertEqual(self.decree.act_id.attachment_ids, paper | more)

    def test_nobody_links_a_file_that_is_not_his(self):
        secret = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": "secret.pdf",
                    "raw": b"%PDF-1.4 secret",
                    "res_model": "res.company",
                    "res_id": self.other.id,
                    "company_id": self.other.id,
                }
            )
        )
        private = self.paper("own.pdf", user=self.strangers[1])
        for file in (secret, private):
            with self.assertRaises(AccessError):
                self.told(30, self.decree, attachment_ids=[Command.link(file.id)])

    def test_hostile_documents_are_stored_as_they_came(self):
        papers = [self.paper(name, data) for name, data in HOSTILE.items()]
        huge = self.paper("huge.pdf", b"%PDF-" + b"0" * (8 << 20))
        ids = [paper.id for paper in (*papers, huge)]
        links = [Command.link(one) for one in ids]
        self.told(30, self.decree, attachment_ids=links)
        for paper, data in zip(papers, HOSTILE.values(), strict=True):
            self.assertEqual(paper.raw, data)
            self.assertNotIn("html", paper.mimetype)
            self.assertNotIn("svg", paper.mimetype)
        self.assertEqual(len(huge.raw), 5 + (8 << 20))
        self.assertEqual(
            set(self.decree.act_id.attachment_ids.ids) & set(ids), set(ids)
        )


@tagged("post_install", "-at_install")
class TestLegalDownload(HttpCase, LegalCommon):
    def test_nothing_is_executed_by_the_browser(self):
        """Even if the one who uploads may edit views, for whom Odoo keeps the type."""
        admin = self.env.ref("base.user_admin")
        admin.write({"company_ids": [Command.link(self.company.id)]})
        decree = self.step(21, "injunction")
        papers = [
            self.env["ir.attachment"].sudo().create({"name": name, "raw": data})
            for name, data in HOSTILE.items()
            if name.endswith(("html", "svg"))
        ]
        decree.sudo().write(
            {"attachment_ids": [Command.link(paper.id) for paper in papers]}
        )
        self.authenticate("manager", "manager")
        for paper in papers:
            answer = self.url_open(f"/web/content/{paper.id}")
            self.assertEqual(answer.content, paper.raw)
            policy = answer.headers.get("Content-Security-Policy", "")
            self.assertIn("default-src 'none'", policy)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

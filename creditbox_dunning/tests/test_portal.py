"""The customer's own page, over HTTP: two customers, hostile uploads, limits."""

import re
from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..rules.uploads import MAX_BYTES
from .common import DunningCommon

PDF = b"%PDF-1.4 ricevuta"


@tagged("post_install", "-at_install")
class TestPortal(HttpCase, DunningCommon):
    """Customer A asks, customer B tries to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls._today()
        cls.neighbour = cls._create_customer("CB")
        cls.bill_a = cls._late_bill("FT-A", cls.contract)
        cls.bill_b = cls._late_bill("FT-B", cls._create_contract("CTB", cls.neighbour))
        cls.env["dunning.run"].sudo().run_for(cls.company, cls.today)
        cls.case_a = cls.case_of(cls.bill_a)
        cls.users = {
            name: new_test_user(
                cls.env,
                login=f"portal_{name}",
                groups="base.group_portal",
                partner_id=partner.id,
            )
            for name, partner in (("a", cls.customer), ("b", cls.neighbour))
        }
        cls.notice_a = cls._notice(cls.case_a)
        cls.holds = cls.env["dunning.hold"]

    @classmethod
    def _late_bill(cls, ref, contract):
        return cls.overdue(
            ref, contract, due=cls.today - timedelta(days=40), payment_code="1" * 18
        )

    @classmethod
    def _notice(cls, case):
        """A letter that left for the customer of ``case``."""
        files = cls.env["ir.attachment"]
        letter = files.create(
            {
                "name": "lettera.pdf",
                "raw": b"%PDF-1.4 \x00\xff lettera",
                "res_model": case._name,
                "res_id": case.id,
            }
        )
        notice = case.action_ids.communication_ids[:1]
        notice.sudo()._guarded().write(
            {
                "attachment_id": letter.id,
                "state": "sent",
                "sent_date": cls.today,
                "subject": "Sollecito di A",
            }
        )
        return notice

    def enter(self, name):
        self.authenticate(f"portal_{name}", f"portal_{name}")

    def send(self, bill, what, data=None, files=(), token=True):
        data = dict(data or {})
        if token:
            page = self.url_open("/my/overdue").text
            found = re.search(r'csrf_token: "(\w+)"', page)
            data["csrf_token"] = found.group(1)
        return self.url_open(
            f"/my/overdue/{bill.id}/{what}",
            data=data,
            files=[("files", one) for one in files] or None,
        )

    def pay_told(self, bill=None, files=(("r.pdf", PDF),), **more):
        data = {"paid_on": str(self.today), **more}
        return self.send(bill or self.bill_a, "paid", data, files)

    def holds_of(self, bill):
        return self.holds.search(
            ["|", ("move_id", "=", bill.id), ("case_id", "=", self.case_of(bill).id)]
        )

    # seeing

    def test_own_bills_and_how_to_pay(self):
        self.enter("a")
        page = self.url_open("/my/overdue").text
        self.assertIn("FT-A", page)
        self.assertNotIn("FT-B", page)
        page = self.url_open(f"/my/overdue/{self.bill_a.id}").text
        self.assertIn("1111 1111", page)
        self.assertIn('name="csrf_token"', page)
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["dunning_bill_count", "dunning_notice_count"]}
        )
        self.assertEqual(counters, {"dunning_bill_count": 1, "dunning_notice_count": 1})

    def test_a_bill_of_yesterday(self):
        self.overdue("FT-Y", self.contract, due=self.today - timedelta(days=1))
        self.enter("a")
        page = " ".join(self.url_open("/my/overdue").text.split())
        self.assertIn("40 days ago", page)
        self.assertIn("1 day ago", page)

    def test_notices_byte_by_byte(self):
        self.enter("a")
        self.assertIn("Sollecito di A", self.url_open("/my/notices").text)
        answer = self.url_open(f"/my/notices/{self.notice_a.id}/download")
        self.assertEqual(answer.content, self.notice_a.attachment_id.raw)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.notice_a.sudo()._guarded().write({"state": "failed"})
        answer = self.url_open(f"/my/notices/{self.notice_a.id}/download")
        self.assertEqual(answer.status_code, 404)

    def test_b_never_sees_what_is_of_a(self):
        self.enter("b")
        self.assertNotIn("FT-A", self.url_open("/my/overdue").text)
        self.assertNotIn("Sollecito di A", self.url_open("/my/notices").text)
        for path in (
            f"/my/overdue/{self.bill_a.id}",
            f"/my/overdue/{self.bill_a.id}?access_token={self.bill_a._portal_ensure_token()}",
            f"/my/notices/{self.notice_a.id}/download",
            "/my/overdue/999999999",
        ):
            with self.subTest(path=path):
                answer = self.url_open(path)
                self.assertEqual(answer.status_code, 404)
                self.assertNotIn("FT-A", answer.text)

    def test_files_are_not_served_by_another_way(self):
        """Neither letters nor receipts by Odoo's own address of attachments."""
        self.enter("a")
        self.pay_told()
        files = self.holds_of(self.bill_a).attachment_ids | self.notice_a.attachment_id
        self.assertEqual(len(files), 2)
        self.enter("b")
        for file in files:
            answer = self.url_open(f"/web/content/{file.id}")
            self.assertEqual(answer.status_code, 404)

    def test_b_never_acts_on_what_is_of_a(self):
        self.enter("b")
        for answer in (
            self.pay_told(),
            self.send(self.bill_a, "plan", {"instalments": "3"}),
            self.send(self.bill_a, "dispute", {"text": "x"}),
        ):
            self.assertEqual(answer.status_code, 404)
        self.assertFalse(self.holds_of(self.bill_a))

    def test_employees_see_only_their_own(self):
        """Who may read every bill is no customer of them."""
        self.authenticate("operator", "operator")
        answer = self.url_open(f"/my/overdue/{self.bill_a.id}")
        self.assertEqual(answer.status_code, 404)

    def test_nobody_without_login(self):
        self.authenticate(None, None)
        for path in ("/my/overdue", f"/my/notices/{self.notice_a.id}/download"):
            answer = self.url_open(path, allow_redirects=False)
            self.assertEqual(answer.status_code, 303)
            self.assertIn("/web/login", answer.headers["Location"])

    def test_customers_have_no_right_on_the_models(self):
        user = self.users["a"]
        for name in ("dunning.hold", "dunning.communication", "dunning.case"):
            with self.assertRaises(AccessError):
                self.env[name].with_user(user).search([])

    # telling

    def test_paid_stops_technical_steps_for_some_days(self):
        self.enter("a")
        answer = self.pay_told(files=[("../../ricevuta.exe", PDF)], text="Bonifico")
        self.assertEqual(answer.status_code, 200)
        self.assertIn(f"/my/overdue/{self.bill_a.id}?done=paid", answer.url)
        hold = self.holds_of(self.bill_a)
        last = self.today + timedelta(days=self.company.dunning_portal_paid_days - 1)
        self.assertRecordValues(
            hold,
            [
                {
                    "scope": "bill",
                    "stops": "technical",
                    "from_portal": True,
                    "date_to": last,
                    "resume_date": last + timedelta(days=1),
                    "placed_by": self.users["a"].id,
                    "user_id": False,
                }
            ],
        )
        self.assertEqual(hold.attachment_ids.raw, PDF)
        self.assertEqual(hold.attachment_ids.name, "ricevuta.pdf")
        message = hold.message_ids.filtered(lambda m: m.message_type == "comment")
        self.assertEqual(message.author_id, self.customer)
        self.assertIn("Bonifico", message.body)
        self.holds._watch(self.company, self.today)
        self.assertTrue(hold.activity_ids)
        self.assertFalse(hold.activity_ids.user_id.share, "a clerk has to look at it")

    def test_told_again_adds_and_does_not_stop_again(self):
        self.enter("a")
        self.pay_told()
        self.pay_told(text="Ancora")
        hold = self.holds_of(self.bill_a)
        self.assertEqual(len(hold), 1)
        self.assertEqual(len(hold.attachment_ids), 2)
        hold.with_user(self.operator).action_end("unfounded")
        self.pay_told(text="Di nuovo")
        self.assertEqual(self.holds_of(self.bill_a), hold)
        self.assertEqual(hold.end_reason, "unfounded")
        self.assertIn("Di nuovo", hold.message_ids[:1].body)

    def test_paid_day_and_receipt_are_needed(self):
        self.enter("a")
        tomorrow = str(self.today + timedelta(days=1))
        for answer in (
            self.pay_told(files=()),
            self.pay_told(paid_on=""),
            self.pay_told(paid_on=tomorrow),
            self.pay_told(paid_on="' OR 1=1"),
        ):
            self.assertIn("alert-danger", answer.text)
        self.assertFalse(self.holds_of(self.bill_a))

    def test_hostile_uploads(self):
        self.enter("a")
        for files in (
            [("ricevuta.pdf", b"<html><script>alert(1)</script>")],
            [("r.svg", b"<svg onload=alert(1)>")],
            [("r.pdf", b"")],
            [("r.pdf", PDF + b"0" * MAX_BYTES)],
            [("r.pdf", PDF)] * 4,
        ):
            with self.subTest(name=files[0][0], count=len(files)):
                answer = self.pay_told(files=files)
                self.assertIn("alert-danger", answer.text)
        self.assertFalse(self.holds_of(self.bill_a))

    def test_words_are_no_markup(self):
        self.enter("a")
        evil = '<script>alert("x")</script>'
        answer = self.send(self.bill_a, "dispute", {"text": evil})
        self.assertNotIn(evil, answer.text)
        hold = self.holds_of(self.bill_a)
        self.assertNotIn("<script", "".join(hold.message_ids.mapped("body")))
        answer = self.pay_told(files=(), text=evil)
        self.assertIn("alert-danger", answer.text)
        self.assertNotIn(evil, answer.text)

    def test_dispute_and_complaint(self):
        self.enter("a")
        self.send(
            self.bill_a, "dispute", {"text": "Lettura"}, [("f.jpg", b"\xff\xd8\xff")]
        )
        self.send(self.bill_a, "dispute", {"text": "Modi", "about": "other"})
        holds = self.holds_of(self.bill_a)
        self.assertEqual(
            set(holds.mapped("reason_id.code")), {"bill_disputed", "complaint"}
        )
        self.assertTrue(all(hold.answer_date for hold in holds))
        self.assertIn("alert-danger", self.send(self.bill_a, "dispute").text)

    def test_plan_suspends_the_case(self):
        self.enter("a")
        self.send(self.bill_a, "plan", {"instalments": "4", "text": "Grazie"})
        hold = self.holds_of(self.bill_a)
        told = (hold.scope, hold.reason_id.code)
        self.assertEqual(told, ("case", "plan_requested"))
        self.assertIn("4", hold.note)
        self.send(self.bill_a, "plan", {"instalments": "5"})
        # the room of plans is another part of the house
        if "dunning.payment.plan" in self.env:
            plan = self.env["dunning.payment.plan"].search(
                [("case_id", "=", self.case_a.id)]
            )
            told = [(one.state, one.number) for one in plan]
            self.assertEqual(told, [("draft", 4)], "asked twice, drafted once")

    def test_so_many_requests_a_day(self):
        self.company.dunning_portal_requests = 2
        self.enter("a")
        self.pay_told()
        self.pay_told()
        answer = self.pay_told(text="terza")
        self.assertIn("alert-danger", answer.text)
        self.assertNotIn("terza", self.holds_of(self.bill_a).message_ids[:1].body)

    def test_paid_bill_takes_no_requests(self):
        self.pay(self.bill_a)
        self.enter("a")
        answer = self.pay_told()
        self.assertIn("alert-danger", answer.text)
        self.assertFalse(self.holds_of(self.bill_a))

    @mute_logger("odoo.http")
    def test_csrf(self):
        self.enter("a")
        answer = self.send(self.bill_a, "plan", {"instalments": "3"}, token=False)
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.holds_of(self.bill_a))

    def test_tour_of_a_customer(self):
        self.start_tour("/my/overdue", "creditbox_portal_customer", login="portal_a")
        self.assertEqual(self.holds_of(self.bill_a).reason_id.code, "plan_requested")

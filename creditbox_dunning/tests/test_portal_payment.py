"""All overdue bills in one online payment: how much, whose, what is left out."""

from datetime import timedelta

from odoo import Command
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestPayAll(HttpCase, DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls._today()
        cls.company.utility_book_mode = "full"
        cls.neighbour = cls._create_customer("CB")
        cls.first = cls._late("FT-1", 100)
        cls.second = cls._late("FT-2", 60)
        cls.other = cls._late("FT-B", 40, cls._create_contract("CTB", cls.neighbour))
        cls.env["dunning.run"].sudo().run_for(cls.company, cls.today)
        for login, partner in (("payer", cls.customer), ("next", cls.neighbour)):
            new_test_user(
                cls.env,
                login=login,
                groups="base.group_portal",
                partner_id=partner.id,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
        cls.provider = cls._provider()
        cls.euro = cls.first.currency_id
        cls.mine = [("provider_id", "=", cls.provider.id), ("state", "=", "draft")]
        cls.path = f"{cls.company.id}/{cls.euro.id}"

    @classmethod
    def _late(cls, ref, amount, contract=None):
        return cls.overdue(ref, contract, amount, due=cls.today - timedelta(days=40))

    @classmethod
    def _provider(cls):
        form = cls.env["ir.ui.view"].create(
            {"name": "Form", "type": "qweb", "arch": "<form action='x' method='post'/>"}
        )
        method = cls.env.ref("payment.payment_method_unknown")
        provider = cls.env["payment.provider"].create(
            {
                "name": "Test",
                "code": "none",
                "state": "test",
                "is_published": True,
                "company_id": cls.company.id,
                "payment_method_ids": [Command.set(method.ids)],
                "redirect_form_view_id": form.id,
            }
        )
        method.active = True
        journal = cls.company_data["default_journal_bank"]
        cls._create_dummy_payment_method_for_provider(provider, journal)
        return provider

    def page(self):
        return self.url_open(f"/my/overdue/pay/{self.path}").text

    def begin(self, amount, path=None):
        """Ask for the payment, as the browser does; the transaction."""
        answer = self.make_jsonrpc_request(
            f"/my/overdue/transaction/{path or self.path}",
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids.id,
                "token_id": None,
                "amount": amount,
                "flow": "redirect",
                "tokenization_requested": False,
                "landing_route": "https://elsewhere.example.com",
                "is_validation": True,
                "access_token": None,
            },
        )
        return self.env["payment.transaction"].search(
            [("reference", "=", answer["reference"])]
        )

    def refused(self, amount, path=None):
        with (
            self.assertRaisesRegex(JsonRpcException, "ValidationError"),
            mute_logger("odoo.http"),
        ):
            self.begin(amount, path)
        self.assertFalse(self.env["payment.transaction"].search(self.mine))

    def test_what_is_open_is_paid_and_no_more(self):
        """A bill paid in part is asked for what is still open of it, and afterwards
        nothing is open."""
        self.pay(self.first, 30)
        self.authenticate("payer", "payer")
        self.assertIn(f"/my/overdue/pay/{self.path}", self.url_open("/my/overdue").text)
        page = self.page()
        self.assertIn("130.00", page)
        self.assertIn("FT-1", page)
        self.assertNotIn("FT-B", page)
        transaction = self.begin(130)
        self.assertEqual(transaction.invoice_ids, self.first | self.second)
        self.assertEqual(transaction.amount, 130)
        self.assertEqual(transaction.landing_route, "/my/overdue")
        self.assertEqual(transaction.operation, "online_redirect")
        transaction._set_done()
        transaction._post_process()
        bills = self.first | self.second
        bills.invalidate_recordset()
        self.assertEqual(bills.mapped("amount_residual"), [0, 0])

    def test_the_browser_does_not_say_how_much(self):
        self.authenticate("payer", "payer")
        for amount in (1, 159.99, 160.01, None, "160", -160):
            with self.subTest(amount=amount):
                self.refused(amount)

    def test_a_payment_on_its_way_is_not_asked_for_again(self):
        self.authenticate("payer", "payer")
        self.begin(160)._set_pending()
        self.assertNotIn("/my/overdue/pay/", self.url_open("/my/overdue").text)
        self.refused(160)

    def test_what_was_told_is_left_out(self):
        """Whoever said "I have paid" of a bill is not asked to pay it again."""
        self.env["dunning.hold"].with_user(self.operator).suspend(
            "bill", self.second.ids, "payment_communicated", note="Ha pagato ieri"
        )
        self.authenticate("payer", "payer")
        page = self.page()
        self.assertIn("100.00", page)
        self.assertIn('name="left_out"', page)
        self.assertEqual(self.begin(100).invoice_ids, self.first)

    def test_a_subledger_is_paid_elsewhere(self):
        self.company.utility_book_mode = "subledger"
        self.authenticate("payer", "payer")
        self.assertNotIn("/my/overdue/pay/", self.url_open("/my/overdue").text)
        self.refused(160)

    def test_only_ones_own(self):
        """Another customer pays what is theirs, another company has nothing."""
        self.authenticate("next", "next")
        page = self.page()
        self.assertIn("40.00", page)
        self.assertNotIn("FT-1", page)
        self.refused(160)
        self.refused(40, f"{self.other_company.id}/{self.euro.id}")

    def test_in_italian(self):
        self.customer.lang = "it_IT"
        self.authenticate("payer", "payer")
        self.assertIn("Paga online", self.url_open("/my/overdue").text)
        self.assertIn("Da pagare", self.page())

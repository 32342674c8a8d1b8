"""Statement of account: what the ledger has open, with the reader's own rights."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestStatement(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls.overdue(amount=100.0)
        cls.run_on(1)
        cls.case = cls.case_of(cls.bill)

    def items(self, company=None):
        return self.customer._dunning_statement_items(company or self.company)

    def ledger(self, company):
        """Independently of the residuals: what was booked, less what was matched."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT COALESCE(SUM(line.balance), 0)
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted'
               AND line.partner_id = %s AND line.company_id = %s
            """,
            (self.customer.id, company.id),
        )
        return self.env.cr.fetchone()[0]

    def test_the_balance_is_that_of_the_ledger(self):
        self.pay(self.bill, 30.25)
        paid = self.overdue("B2", amount=50)
        self.pay(paid)
        self.overdue("B3", amount=20, move_type="out_refund")
        draft = self._create_bill("B4", None, 77)
        draft.sudo().button_draft()
        found = self.items()
        total = sum(item.residual for item in found)
        self.assertEqual(float(total), self.ledger(self.company))
        self.assertEqual(
            sorted((item.kind, float(item.residual)) for item in found),
            [("bill", 69.75), ("credit", -20.0)],
        )
        # what is of another company is not told
        self.assertEqual(self.items(self.other_company), [])

    def test_the_document(self):
        self.pay(self.bill, 30.25)
        partner = self.customer.with_user(self.operator)
        data, name, kind = partner._dunning_statement_document(self.company)
        page = data.decode()
        self.assertIn("69.75", page)
        self.assertIn("B1", page)
        self.assertTrue(name.startswith("estratto-conto-"))
        self.assertIn("text/html", kind)
        self.pay(self.bill)
        page = partner._dunning_statement_document(self.company)[0].decode()
        self.assertIn("Nothing is open", page)
        self.customer.name = "<script>alert(1)</script>"
        page = partner._dunning_statement_document(self.company)[0].decode()
        self.assertNotIn("<script>alert", page)

    def test_only_who_works_on_cases(self):
        clerk = self._create_user("nobody_there", "base.group_user")
        partner = self.customer.with_user(clerk)
        with self.assertRaises(AccessError):
            partner._dunning_statement_document(self.company)
        with self.assertRaises(AccessError):
            partner.action_dunning_statement()
        with self.assertRaises(AccessError):
            self.case.with_user(clerk).action_statement()

    def test_it_is_sent_to_the_customer_from_the_case(self):
        self.customer.email = "cliente@example.com"
        case = self.case.with_user(self.operator)
        action = case.action_statement()
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(composer.partner_ids, self.customer)
        composer.action_send_mail()
        message = case.message_ids[0]
        self.assertIn("estratto-conto-", message.attachment_ids.name)
        self.assertEqual(message.partner_ids, self.customer)


@tagged("post_install", "-at_install")
class TestStatementDownload(HttpCase, DunningCommon):
    def test_download(self):
        self.overdue()
        other = self.other_company
        url = f"/creditbox_dunning/statement/{self.customer.id}"
        self.authenticate(self.operator.login, self.operator.login)
        answer = self.url_open(f"{url}/{self.company.id}")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.operator.company_ids = [Command.set(self.company.ids)]
        self.assertEqual(self.url_open(f"{url}/{other.id}").status_code, 404)
        clerk = self._create_user("nobody_here", "base.group_user")
        self.authenticate(clerk.login, clerk.login)
        self.assertEqual(self.url_open(f"{url}/{self.company.id}").status_code, 404)

"""A bill of the billing system leaves Odoo through no door. Each door is tried, by an
administrator of everything, with an ordinary invoice beside it as the control."""

from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.l10n_it_edi.models.account_move import AccountMove as ItMove
from odoo.addons.mail.tests.common import MailCase

from .common import UtilityCommon


@tagged("post_install", "-at_install")
class TestNoSending(UtilityCommon, MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill = cls._create_bill("2026/B/000123")
        cls.invoice = cls._create_plain_invoice()
        cls.superadmin = cls._create_user(
            "superadmin",
            "group_utility_admin",
            "base.group_system",
            "account.group_account_manager",
            "account.group_account_user",
        )
        cls.superadmin.email = "superadmin@example.com"
        cls.as_admin = cls.bill.with_user(cls.superadmin)
        cls.control = cls.invoice.with_user(cls.superadmin)

    @classmethod
    def _create_plain_invoice(cls):
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": "2026-01-15",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Allaccio",
                            "price_unit": 10.0,
                            "tax_ids": [Command.set(cls.tax_sale_a.ids)],
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice

    def _mails_to_customer(self):
        # every address a message was built for, by whatever way
        built = [str(mail["email_to"]) for mail in self._mails]
        return [to for to in built if self.customer.email in to]

    # --- the wizards and the button -------------------------------------------

    def test_button_is_hidden_and_refuses(self):
        self.assertFalse(self.as_admin.display_send_button)
        self.assertTrue(self.control.display_send_button)
        with self.assertRaisesRegex(UserError, "billing system"):
            self.as_admin.action_send_and_print()
        with self.assertRaisesRegex(UserError, "billing system"):
            self.as_admin.action_invoice_sent()
        with self.assertRaisesRegex(UserError, "billing system"):
            (self.as_admin | self.control).action_send_and_print()
        self.assertTrue(self.control.action_send_and_print())

    def test_single_wizard(self):
        wizards = self.env(user=self.superadmin)["account.move.send.wizard"]
        with self.assertRaisesRegex(UserError, "billing system"):
            wizards.create({"move_id": self.bill.id})
        # smuggled in after the check, by SQL or by another module
        wizard = wizards.create({"move_id": self.invoice.id})
        wizard.flush_recordset()
        self.env.cr.execute(
            "UPDATE account_move_send_wizard SET move_id = %s WHERE id = %s",
            [self.bill.id, wizard.id],
        )
        wizard.invalidate_recordset()
        with self.mock_mail_gateway(), self.assertRaises(UserError):
            wizard.action_send_and_print()
        self.assertFalse(self._mails_to_customer())

    def test_batch_wizard(self):
        wizards = self.env(user=self.superadmin)["account.move.send.batch.wizard"]
        with self.assertRaisesRegex(UserError, "billing system"):
            wizards.create(
                {"move_ids": [Command.set((self.bill | self.invoice).ids)]}
            ).action_send_and_print()

    def test_sending_engine(self):
        engine = self.env(user=self.superadmin)["account.move.send"]
        for method in ("email", "snailmail", "peppol", "manual"):
            self.assertFalse(engine._is_applicable_to_move(method, self.bill), method)
        with self.assertRaisesRegex(UserError, "billing system"):
            engine._generate_and_send_invoices(
                self.as_admin, sending_methods=["email"], extra_edis=["it_edi_send"]
            )
        with self.assertRaisesRegex(UserError, "billing system"):
            engine._generate_invoice_documents({self.bill: {}})
        with self.assertRaisesRegex(UserError, "billing system"):
            engine._send_mails({self.bill: {}})

    def test_queue(self):
        data = {"sending_methods": ["email"], "author_user_id": self.superadmin.id}
        with self.assertRaisesRegex(UserError, "billing system"):
            self.as_admin.write({"sending_data": data})
        self.env.cr.execute(
            'UPDATE account_move SET sending_data = \'{"sending_methods": ["email"]}\''
            " WHERE id = %s",
            [self.bill.id],
        )
        self.bill.invalidate_recordset()
        cron = self.env.ref("account.ir_cron_account_move_send")
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.bill.invalidate_recordset()
        self.assertFalse(self.bill.sending_data)
        self.assertFalse(self.bill.is_move_sent)
        self.assertFalse(self._mails_to_customer())

    # --- the tax agency ---------------------------------------------------------

    def test_sdi(self):
        self.assertFalse(self.as_admin._l10n_it_edi_ready_for_xml_export())
        self.assertTrue(self.control._l10n_it_edi_ready_for_xml_export())
        edis = self.env["account.move.send"]._get_default_extra_edis
        self.assertNotIn("it_edi_send", edis(self.bill))
        self.assertIn("it_edi_send", edis(self.invoice))
        with patch.object(ItMove, "_l10n_it_edi_upload", autospec=True) as upload:
            for door in (
                self.as_admin.action_l10n_it_edi_send,
                self.as_admin._l10n_it_edi_export_data_check,
                self.as_admin._l10n_it_edi_get_attachment_values,
                lambda: self.as_admin._l10n_it_edi_send(
                    {self.bill: {"name": "x.xml", "raw": b"<x/>"}}
                ),
                lambda: self.as_admin._l10n_it_edi_upload([{"filename": "x.xml"}]),
            ):
                with self.assertRaisesRegex(UserError, "billing system"):
                    door()
            upload.assert_not_called()
        self.assertFalse(self.bill.l10n_it_edi_state)
        self.assertFalse(self.bill.l10n_it_edi_attachment_file)

    def test_posting_sends_nothing(self):
        with (
            self.mock_mail_gateway(),
            patch.object(ItMove, "_l10n_it_edi_upload", autospec=True) as upload,
        ):
            bill = self._create_bill("2026/B/000124")
            upload.assert_not_called()
        self.assertEqual(bill.state, "posted")
        self.assertFalse(self._mails_to_customer())

    def test_credit_note_made_here_is_not_sent_either(self):
        wizard = (
            self.env(user=self.superadmin)["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.bill.ids)
            .create({"journal_id": self.bill.journal_id.id})
        )
        action = wizard.reverse_moves()
        reverse = self.env["account.move"].browse(action["res_id"])
        self.assertTrue(reverse.from_billing)
        self.assertFalse(reverse.billing_ref)
        reverse.action_post()
        self.assertNotIn("000124", reverse.name)
        with self.assertRaisesRegex(UserError, "billing system"):
            reverse.with_user(self.superadmin).action_send_and_print()

    # --- the mailbox --------------------------------------------------------------

    def test_chatter_reaches_colleagues_only(self):
        for move, expected in ((self.bill, 0), (self.invoice, 1)):
            move.message_subscribe((self.customer | self.accountant.partner_id).ids)
            with self.mock_mail_gateway():
                move.with_user(self.superadmin).message_post(
                    body="In allegato la bolletta",
                    message_type="comment",
                    subtype_xmlid="mail.mt_comment",
                    partner_ids=self.customer.ids,
                )
            self.assertEqual(len(self._mails_to_customer()), expected, move.name)
            notified = move.message_ids.notification_ids.res_partner_id
            self.assertEqual(len(notified & self.customer), expected, move.name)
            self.assertIn(self.accountant.partner_id, notified)
        with self.mock_mail_gateway():
            self.as_admin.message_post(
                body="x",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                outgoing_email_to=self.customer.email,
            )
        self.assertFalse(self._mails_to_customer())

    def test_mail_template(self):
        template = self.env.ref("account.email_template_edi_invoice")
        template = template.with_user(self.superadmin)
        for move, expected in ((self.bill, 0), (self.invoice, 1)):
            with self.mock_mail_gateway():
                template.send_mail(
                    move.id,
                    force_send=True,
                    email_values={"recipient_ids": [Command.set(self.customer.ids)]},
                )
            self.assertEqual(len(self._mails_to_customer()), expected, move.name)
        blocked = self.env["mail.mail"].sudo().search([("res_id", "=", self.bill.id)])
        self.assertEqual(blocked.mapped("state"), ["cancel"])
        # tried again by hand, it stays here
        with self.mock_mail_gateway():
            blocked.mark_outgoing()
            blocked.send()
        self.assertFalse(self._mails_to_customer())

    def test_mail_to_a_bare_address(self):
        for field in ("email_to", "email_cc"):
            with self.mock_mail_gateway():
                self.env["mail.mail"].sudo().create(
                    {
                        "subject": "Bolletta",
                        "body_html": "<p>x</p>",
                        "model": "account.move",
                        "res_id": self.bill.id,
                        field: self.customer.email,
                    }
                ).send()
            self.assertFalse(self._mails)

    def test_composer(self):
        for mode in ("comment", "mass_mail"):
            composer = Form(
                self.env(user=self.superadmin)["mail.compose.message"].with_context(
                    default_model="account.move",
                    default_res_ids=self.bill.ids,
                    default_composition_mode=mode,
                    default_template_id=self.env.ref(
                        "account.email_template_edi_invoice"
                    ).id,
                )
            ).save()
            with self.mock_mail_gateway():
                composer.action_send_mail()
                self.env["mail.mail"].sudo().process_email_queue()
            self.assertFalse(self._mails_to_customer(), mode)

    def test_share_link(self):
        share = (
            self.env(user=self.superadmin)["portal.share"]
            .with_context(active_model="account.move", active_id=self.bill.id)
            .create(
                {
                    "res_model": "account.move",
                    "res_id": self.bill.id,
                    "partner_ids": [Command.set(self.customer.ids)],
                }
            )
        )
        with self.mock_mail_gateway():
            share.action_send_mail()
        self.assertFalse(self._mails_to_customer())

    # --- what makes it a bill of billing --------------------------------------------

    def test_nobody_takes_the_mark_away(self):
        for record in (self.as_admin, self.bill.sudo()):
            with self.assertRaises(UserError):
                record.write({"from_billing": False})
        with self.assertRaises(UserError):
            self.as_admin.with_context(utility_guard=True).write({"billing_ref": "X"})
        with self.assertRaises(UserError):
            self.env(user=self.superadmin)["account.move"].create(
                {"move_type": "out_invoice", "billing_ref": "X", "from_billing": True}
            )
        self.assertFalse(self.bill.copy().from_billing)

"""Bills of the billing system leave Odoo through no door.

The billing system has sent them already: a second copy to the tax agency would be a
second tax document. Each door of Odoo is shut here, and tests/test_no_sending.py tries
them one by one: send wizards, cron, SdI button and upload, Peppol, chatter, templates.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_move_constraints(self, move):
        # EXTENDS account: read by both wizards, the button, and again when sending
        constraints = super()._get_move_constraints(move)
        if move.from_billing:
            constraints["from_billing"] = move._text_never_sent()
        return constraints

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        # EXTENDS account (e-mail), account_peppol, snailmail_account
        if move.from_billing:
            return False
        return super()._is_applicable_to_move(method, move, **move_data)

    def _is_it_edi_applicable(self, move):
        # EXTENDS l10n_it_edi
        return not move.from_billing and super()._is_it_edi_applicable(move)

    @api.model
    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        # EXTENDS account: the last step before the PDF, the XML and the web services
        for move in invoices_data:
            move._check_may_be_sent()
        return super()._generate_invoice_documents(invoices_data, allow_fallback_pdf)

    @api.model
    def _send_mails(self, moves_data):
        # EXTENDS account
        for move in moves_data:
            move._check_may_be_sent()
        return super()._send_mails(moves_data)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _text_never_sent(self):
        return self.env._(
            "%(bill)s was issued by the billing system: Odoo never sends it, neither"
            " to the tax agency nor to the customer.",
            bill=self.name or "",
        )

    def _check_may_be_sent(self):
        """Raise UserError when one of the moves is a bill of the billing system."""
        for move in self:
            if move.from_billing:
                raise UserError(move._text_never_sent())

    def _compute_display_send_button(self):
        # EXTENDS account
        result = super()._compute_display_send_button()
        self.filtered("from_billing").display_send_button = False
        return result

    def action_send_and_print(self):
        # EXTENDS account_peppol: before it asks the network for the customer
        self._check_may_be_sent()
        return super().action_send_and_print()

    @api.model
    def _cron_account_move_send(self, job_count=10):
        # EXTENDS account: a bill that was marked for sending by whatever way (SQL, an
        # older version) must not stop the queue of the other invoices
        marked = self.search(
            Domain("sending_data", "!=", False) & Domain("from_billing", "=", True)
        )
        marked.write({"sending_data": False})
        return super()._cron_account_move_send(job_count)

    # --- SdI ---------------------------------------------------------------------

    def _l10n_it_edi_ready_for_xml_export(self):
        # EXTENDS l10n_it_edi
        return not self.from_billing and super()._l10n_it_edi_ready_for_xml_export()

    def _l10n_it_edi_export_data_check(self):
        # EXTENDS l10n_it_edi
        self._check_may_be_sent()
        return super()._l10n_it_edi_export_data_check()

    def action_l10n_it_edi_send(self):
        # EXTENDS l10n_it_edi
        self._check_may_be_sent()
        return super().action_l10n_it_edi_send()

    def _l10n_it_edi_get_attachment_values(self, pdf_values=None):
        # EXTENDS l10n_it_edi: no XML is made either
        self._check_may_be_sent()
        return super()._l10n_it_edi_get_attachment_values(pdf_values)

    def _l10n_it_edi_send(self, attachments_vals):
        # EXTENDS l10n_it_edi
        self._check_may_be_sent()
        return super()._l10n_it_edi_send(attachments_vals)

    def _l10n_it_edi_upload(self, files):
        # EXTENDS l10n_it_edi: the seam in front of the network
        self._check_may_be_sent()
        return super()._l10n_it_edi_upload(files)

    # --- chatter -------------------------------------------------------------------

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        # EXTENDS mail: what is written on a bill is read in the company only
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        if self and self.from_billing:
            return [data for data in recipients if not data.get("share", True)]
        return recipients

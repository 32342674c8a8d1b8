from odoo import models

from ..rules.facts import Reason


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, *args, **kwargs):
        # EXTENDS mail: a reminder may have waited in the queue. What was paid in the
        # meantime is not asked for again.
        stale = self.sudo()._dunning_stale()
        return super(MailMail, self - stale).send(*args, **kwargs)

    def _dunning_stale(self):
        """Queued reminders whose bills were paid meanwhile; they are cancelled."""
        messages = (
            self.env["dunning.communication"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids), ("state", "=", "to_send")])
        )
        actions = messages.action_id._filter_paid()
        paid = messages.filtered(lambda message: message.action_id in actions)
        if not paid:
            return self.browse()
        mails = paid.mail_mail_id
        mails.write({"state": "cancel"})
        paid._move("cancelled", self.env._("Paid before it was sent."))
        paid.action_id._set_state("superseded", Reason.of("paid_before_sending"))
        return mails

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        # EXTENDS mail: the proof lives in the communication, the mail may be deleted
        messages = (
            self.env["dunning.communication"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids)])
        )
        if messages and failure_type:
            note = failure_reason or failure_type
            messages._move("failed", note)
            # the mail server's troubles are not the customer's: somebody sends again
            if failure_type in ("mail_email_invalid", "mail_email_missing"):
                messages.action_id._set_state(
                    "failed", Reason.of("mail_failed", note=note)
                )
        elif messages:
            messages._move("sent")
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )

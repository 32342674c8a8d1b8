from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        # EXTENDS mail: templates and mass mailing on a bill make mails directly
        blocked = self._from_billing_to_outside()
        if blocked:
            blocked.write(
                {
                    "state": "cancel",
                    "failure_reason": self.env._(
                        "Bills of the billing system are never mailed by Odoo."
                    ),
                }
            )
        return super(MailMail, self - blocked).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _from_billing_to_outside(self):
        """The mails about a bill of the billing system that leave the company."""
        about = self.filtered(lambda mail: mail.model == "account.move" and mail.res_id)
        if not about:
            return about
        bills = self.env["account.move"].sudo()
        bills = bills.browse(about.mapped("res_id")).exists().filtered("from_billing")
        return about.filtered(
            lambda mail: (
                mail.res_id in bills.ids
                and (mail.email_to or mail.email_cc or mail._has_outside_recipient())
            )
        )

    def _has_outside_recipient(self):
        return any(partner.partner_share for partner in self.sudo().recipient_ids)

import hashlib

from odoo import api, models

from ..rules import delivery_status


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        # EXTENDS mail: what the mail servers report of an e-mail of ours
        raw = email_message.as_bytes()
        report = delivery_status.read(raw)
        if report:
            self.env["dunning.communication"].sudo()._hear_report(report, raw)
        return super()._routing_handle_bounce(email_message, message_dict)


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    @api.model
    def _hear_report(self, report, raw):
        """A mail server reported: the report is kept, and the message told.

        About an e-mail that a person had sent again since, it is only noted: the new
        one has another Message-ID.
        """
        keys = [told.partition("-")[2].partition("@")[0] for told in report.message_ids]
        messages = self.search(
            [("channel", "=", "email"), ("key", "in", [k.split(".")[0] for k in keys])]
        )
        words = ": ".join(part for part in (report.status, report.words) if part)
        words = words or self.env._(
            "The mail server reported: %(state)s", state=report.state
        )
        for message in messages:
            evidence = message._keep_report(raw)
            is_this = message.message_id in report.message_ids
            state = report.state if report.state in ("delivered", "failed") else ""
            message._hear(
                state if is_this else "",
                words,
                evidence,
            )

    def _keep_report(self, raw):
        """The report as it came, once."""
        self.ensure_one()
        name = f"rapporto-{hashlib.sha256(raw).hexdigest()[:16]}.eml"
        attachments = self.env["ir.attachment"].sudo()
        known = attachments.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("name", "=", name),
            ],
            limit=1,
        )
        return known or attachments.create(
            {
                "name": name,
                "raw": raw,
                "mimetype": "message/rfc822",
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
            }
        )

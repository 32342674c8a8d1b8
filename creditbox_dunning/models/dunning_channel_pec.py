import hashlib
from datetime import timezone

from odoo import api, fields, models
from odoo.tools import email_normalize, html2plaintext

from odoo.addons.utility_supply.models.bulk import update_rows

from ..drivers.pec_mail import MAX_BYTES, Smtp
from ..formats.pec_message import Letter, build
from ..rules.outbox import ChannelRefused
from ..rules.pec_address import address_fault


class DunningChannelPec(models.AbstractModel):
    """Certified mail: one recipient a message, an id that receipts quote."""

    _name = "dunning.channel.pec"
    _inherit = "dunning.channel"
    _description = "PEC"

    _channel = "pec"
    _kind = "pec"

    @api.model
    def _lacks(self, company, today):
        # OVERRIDE: without a mailbox a person sends it, so only the address counts
        numbers = self.env["dunning.legal.parameter"]._parameters()

        def lack(partner, service):
            address = email_normalize(partner.l10n_it_pec_email or "") or ""
            source, dead = partner.pec_source, partner.dunning_pec_dead
            return address_fault(address, source, service, dead, numbers, today)

        return lack

    @api.model
    def _alerts(self, provider):
        missing = provider._pec_missing()
        alerts = []
        if missing:
            alerts.append(
                self.env._(
                    "Nothing leaves: fill in %(fields)s.", fields=", ".join(missing)
                )
            )
        if provider.pec_read_error:
            alerts.append(
                self.env._(
                    "Receipts cannot be read: %(reason)s",
                    reason=provider.pec_read_error,
                )
            )
        return alerts

    @api.model
    def _prepare(self, messages, today):
        # OVERRIDE: the mail as it will leave, kept before it leaves
        contents, rows = {}, {}
        texts = messages.action_id._render_texts(self._channel, today)
        for message in messages:
            letter = self._letter(message, texts[message.action_id.id])
            content = build(letter)
            if len(content) > MAX_BYTES:
                self._too_big(message, len(content))
                continue
            contents[message] = content
            rows[message.id] = {
                "message_id": letter.message_id,
                "subject": letter.subject,
            }
        update_rows(messages.browse(), rows)
        messages._keep_raw(contents, "message/rfc822", "eml")

    def _letter(self, message, told):
        """What leaves: ``told`` is the text that presents the letter attached."""
        provider = message.provider_id
        domain = provider.pec_address.partition("@")[2]
        file = message.sudo().attachment_id
        files = ((file.name, file.mimetype, file.raw),) if file else ()
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        return Letter(
            message_id=f"<dun.{message.key}@{domain}>",
            sender=provider.pec_address,
            sender_name=message.company_id.name,
            recipient=message.address,
            subject=told["subject"] or message.case_id.name,
            text=html2plaintext(told["body_html"] or ""),
            when=provider._now_there(now.replace(tzinfo=None)),
            receipt_type=self._receipt_type(message),
            files=files,
        )

    def _receipt_type(self, message):
        """As the text says; else formal notices are proved with their text, the
        others as the mailbox says."""
        asked = message.sudo().template_id.pec_receipt
        if asked:
            return asked
        provider = message.provider_id
        is_formal = message.action_id.op in ("default", "terminate")
        kind = provider.pec_receipt_formal if is_formal else provider.pec_receipt_other
        return kind or "completa"

    def _too_big(self, message, size):
        reason = self.env._(
            "%(size)s MB: PEC takes messages of 30 MB at most.", size=size // 10**6
        )
        message._move("failed", reason)
        message._tell_failure(reason, "pec_failed")

    @api.model
    def _open(self, provider):
        # OVERRIDE
        return provider._pec_smtp()

    @api.model
    def _close(self, session):
        # OVERRIDE
        if isinstance(session, Smtp):
            session.close()

    @api.model
    def _send(self, message, session=None):
        # OVERRIDE: exactly the bytes that were written down
        content = message.sudo().raw_id.raw or b""
        if hashlib.sha256(content).hexdigest() != message.raw_sha256:
            raise ChannelRefused(
                self.env._("The file that was to leave is not the one written down.")
            )
        session.send(message.provider_id.pec_address, message.address, content)
        return {}

    @api.model
    def _read(self, provider, *args, **kwargs):
        # OVERRIDE
        return provider._pec_read()

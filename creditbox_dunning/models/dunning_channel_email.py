import smtplib
from contextlib import suppress
from email.policy import SMTP as SMTP_POLICY
from functools import partial
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, formataddr

from odoo.addons.utility_supply.models.bulk import update_rows

from ..drivers.pec_mail import Smtp
from ..rules.outbox import ChannelTemporary, ProviderRefused

# what a server is asked to tell of each message (RFC 3461), when it can
NOTIFY = ["NOTIFY=SUCCESS,FAILURE,DELAY"]
# after so many messages a new connection: servers cut long ones
PER_CONNECTION = 100
BROKEN = (OSError, smtplib.SMTPException)


class OdooSmtp(Smtp):
    """A connection to a mail server of Odoo, opened as Odoo does."""

    def __init__(self, servers, server, sender):
        super().__init__(None)
        self.servers, self.mail_server, self.sender = servers, server, sender
        self.count = 0

    def open(self):
        """:raise ProviderRefused: when the login is refused, or no server is chosen
        :raise ChannelTemporary: when the server cannot be reached"""
        try:
            session = self.servers._connect__(
                mail_server_id=self.mail_server.id, smtp_from=self.sender
            )
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code >= 500:
                words = error.smtp_error
                words = words.decode(errors="replace") if words else ""
                raise ProviderRefused(words, error.smtp_code) from None
            raise ChannelTemporary(str(error), is_provider=True) from None
        except UserError as error:
            raise ProviderRefused(str(error)) from None
        except BROKEN as error:
            raise ChannelTemporary(str(error), is_provider=True) from None
        if session is not None and session.has_extn("dsn"):
            session.rcpt = partial(session.rcpt, options=NOTIFY)
        self._session, self.count = session, 0
        return self

    def leave_from(self, sender):
        """The sender of the next message: Odoo may have another server for it."""
        if sender != self.sender and not self.mail_server:
            self.close()
        self.sender = sender

    def send(self, sender, recipient, data):
        # EXTENDS Smtp: a connection is not used for ever
        if self.count >= PER_CONNECTION:
            self.close()
        self.count += 1
        if self._session is None:
            self.open()
        if self._session is None:
            return ""  # Odoo opens none while it tests
        return super().send(sender, recipient, data)


class DunningServiceProvider(models.Model):
    _inherit = "dunning.service.provider"

    mail_server_id = fields.Many2one(
        "ir.mail_server",
        string="Mail server",
        groups="creditbox_dunning.group_dunning_admin,base.group_system",
        help="Which outgoing server of Odoo; the one that Odoo chooses by the sender's"
        " address when empty.",
    )

    @api.model
    def _load_standard(self, companies):
        """The provider of e-mails for companies that have none: Odoo's own servers."""
        known = self.sudo().search(
            [("kind", "=", "email"), ("company_id", "in", companies.ids)]
        )
        return self.sudo().create(
            [
                {
                    "name": self.env._("E-mail"),
                    "kind": "email",
                    "company_id": company.id,
                }
                for company in companies - known.company_id
            ]
        )


class DunningChannelEmail(models.AbstractModel):
    """Ordinary e-mail, by the mail servers of Odoo."""

    _name = "dunning.channel.email"
    _inherit = "dunning.channel"
    _description = "Channel: e-mail"

    _channel = "email"
    _kind = "email"

    @api.model
    def _lacks(self, company, today):
        sender = company._dunning_sender()

        def lack(partner, service):
            if not email_normalize(partner.email or ""):
                return "no_email"
            return None if sender else "no_sender"

        return lack

    @api.model
    def _get_address(self, action):
        return action._get_email()

    @api.model
    def _compose(self, messages, today):
        texts = messages.action_id._render_texts(self._channel, today)
        rows = {}
        for message in messages:
            text = texts[message.action_id.id]
            sender = text.get("email_from") or message.company_id._dunning_sender()
            rows[message.id] = {
                "subject": text.get("subject") or "",
                "body": text.get("body_html") or "",
                "template_id": text.get("template_id"),
                "sender": sender,
                "reply_to": text.get("reply_to") or sender,
                "message_id": self._message_id(message, sender),
            }
        update_rows(messages.browse(), rows)

    def _message_id(self, message, sender):
        """The key as a Message-ID; a number more for each time it was sent again by a
        person, so that what comes back tells which one it is about."""
        domain = (email_normalize(sender) or "").partition("@")[2] or "localhost"
        again = message._times_resent()
        suffix = f".{again + 1}" if again else ""
        return f"<dunning-{message.key}{suffix}@{domain}>"

    @api.model
    def _prepare(self, messages, today):
        contents, rows, known = {}, {}, {}
        update_rows(
            messages.browse(),
            {
                message.id: {"message_id": self._message_id(message, message.sender)}
                for message in messages
            },
        )
        for message in messages:
            bounce, content = self._build(message, known)
            contents[message] = content
            rows[message.id] = {"bounce_address": bounce}
        messages._keep_raw(contents, "message/rfc822", "eml")
        update_rows(messages.browse(), rows)
        self._tell_case(messages)

    def _build(self, message, known):
        """(address that it bounces to, the bytes that leave) of one e-mail.

        ``known``: {sender: (mail server, its sender)}, filled on the way.
        """
        company = message.company_id
        servers = (
            self.env["ir.mail_server"]
            .sudo()
            .with_context(
                domain_bounce_address=company.bounce_email or False,
                domain_notifications_email=company.default_from_email or False,
            )
        )
        sender = message.sender
        mail = servers._build_email__(
            email_from=sender,
            email_to=[formataddr((message.partner_id.name or "", message.address))],
            subject=message.subject or "",
            body=message.body or "",
            subtype="html",
            reply_to=message.reply_to or sender,
            message_id=message.message_id,
            object_id=f"{message.case_id.id}-dunning.case",
            headers={"Auto-Submitted": "auto-generated"},
        )
        if sender not in known:
            server = message.provider_id.mail_server_id
            known[sender] = (
                (server, sender) if server else servers._find_mail_server(sender)
            )
        server, smtp_from = known[sender]
        like_a_session = SimpleNamespace(
            from_filter=server.from_filter
            if server
            else servers._get_default_from_filter(),
            smtp_from=smtp_from,
        )
        envelope, _to, mail = servers._prepare_email_message__(mail, like_a_session)
        return envelope, mail.as_bytes(policy=SMTP_POLICY)

    def _tell_case(self, messages):
        """In the history of the case, where the customer's answer comes in too."""
        self.env["mail.message"].sudo().create(
            [
                {
                    "model": "dunning.case",
                    "res_id": message.case_id.id,
                    "message_type": "email_outgoing",
                    "message_id": message.message_id,
                    "subject": message.subject,
                    "body": message.body,
                    "email_from": message.sender,
                    "reply_to": message.reply_to,
                }
                for message in messages
            ]
        )

    @api.model
    def _open(self, provider):
        servers = self.env["ir.mail_server"].sudo()
        server = provider.mail_server_id
        sender = provider.company_id._dunning_sender()
        return OdooSmtp(servers, server, sender).open()

    @api.model
    def _close(self, session):
        with suppress(Exception):
            session.close()

    @api.model
    def _send(self, message, session=None):
        session.leave_from(message.sender)
        answer = session.send(
            message.bounce_address, message.address, message.raw_id.raw
        )
        return {"external_ref": answer[:200] or False}

    @api.model
    def _alerts(self, provider):
        if not provider.company_id._dunning_sender():
            return [
                self.env._(
                    "The company has no e-mail address: nothing leaves by e-mail."
                )
            ]
        return []

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from ..drivers.pec_mail import Imap, Server, Smtp, is_this_machine
from ..rules.outbox import ChannelError, ProviderRefused

SECURITY = [
    ("ssl", "SSL/TLS"),
    ("starttls", "STARTTLS"),
    ("none", "None (this machine only)"),
]
RECEIPT_TYPES = [
    ("completa", "Complete: with the whole message"),
    ("breve", "Short: with the hashes of the attachments"),
    ("sintetica", "Bare: without the message"),
]
# seen in the providers' own instructions; everything stays editable
PRESETS = {
    "aruba": ("smtps.pec.aruba.it", "imaps.pec.aruba.it"),
    "legalmail": ("sendm.cert.legalmail.it", "mbox.cert.legalmail.it"),
    "namirial": ("smtps.sicurezzapostale.it", "imaps.sicurezzapostale.it"),
}
ADMIN = "creditbox_dunning.group_dunning_admin"


class DunningServiceProvider(models.Model):
    """A PEC mailbox: what leaves by SMTP, what comes back by IMAP."""

    _inherit = "dunning.service.provider"

    _guarded_fields = frozenset(
        {
            "pec_uidvalidity",
            "pec_last_uid",
            "pec_read_at",
            "pec_read_error",
            "pec_is_login_refused",
        }
    )

    pec_preset = fields.Selection(
        [("aruba", "Aruba"), ("legalmail", "Legalmail"), ("namirial", "Namirial")],
        string="Fill in for",
        store=False,
        help="Writes the servers of a known provider: check them with your contract.",
    )
    pec_address = fields.Char(
        string="PEC address", help="Of the mailbox: sender of every message."
    )
    pec_login = fields.Char(
        string="User", help="The address itself with most providers, a code with some."
    )
    pec_password = fields.Char(string="Password", groups=ADMIN, copy=False)
    pec_smtp_host = fields.Char(string="SMTP server")
    pec_smtp_port = fields.Integer(string="SMTP port", default=465)
    pec_smtp_security = fields.Selection(
        SECURITY, string="SMTP encryption", default="ssl"
    )
    pec_imap_host = fields.Char(string="IMAP server")
    pec_imap_port = fields.Integer(string="IMAP port", default=993)
    pec_imap_security = fields.Selection(
        SECURITY, string="IMAP encryption", default="ssl"
    )
    pec_imap_folder = fields.Char(
        string="Folder", default="INBOX", help="Where receipts come in; only read."
    )
    pec_read_from = fields.Date(
        string="Read from",
        default=fields.Date.context_today,
        help="Older messages of the mailbox are left alone.",
    )
    pec_receipt_formal = fields.Selection(
        RECEIPT_TYPES,
        string="Receipt of formal notices",
        default="completa",
        help="The complete receipt proves what was written, and fills the mailbox.",
    )
    pec_receipt_other = fields.Selection(
        RECEIPT_TYPES, string="Receipt of other messages", default="breve"
    )
    pec_acceptance_hours = fields.Integer(
        string="Alert without acceptance after (hours)", default=24
    )
    pec_delivery_hours = fields.Integer(
        string="Alert without delivery after (hours)", default=48
    )
    pec_full_counts = fields.Boolean(
        string="A firm's full mailbox counts as delivered",
        help="Firms have to keep their PEC in order. Disputed: off, unless your lawyer"
        " decides otherwise. Off: the registered letter follows.",
    )
    pec_uidvalidity = fields.Char(readonly=True, copy=False)
    pec_last_uid = fields.Integer(readonly=True, copy=False)
    pec_read_at = fields.Datetime(string="Last read", readonly=True, copy=False)
    pec_read_error = fields.Char(
        string="Why it could not be read", readonly=True, copy=False
    )
    pec_is_login_refused = fields.Boolean(
        readonly=True,
        copy=False,
        help="Trying again may lock the mailbox: nothing is tried before a restart.",
    )
    pec_tray_count = fields.Integer(
        string="To look at", compute="_compute_pec_tray_count"
    )

    # a message is prepared before the mailbox is opened: it needs its sender
    _pec_address_check = models.Constraint(
        "CHECK(kind != 'pec' OR pec_address IS NOT NULL)",
        "A PEC mailbox has an address: write it.",
    )
    _pec_hours_check = models.Constraint(
        "CHECK(pec_acceptance_hours >= 1 AND pec_delivery_hours >= 1)",
        "Alerts come after one hour at the soonest.",
    )

    def _compute_pec_tray_count(self):
        counts = dict(
            self.env["dunning.pec.message"]._read_group(
                [("provider_id", "in", self.ids), ("state", "=", "tray")],
                ["provider_id"],
                ["__count"],
            )
        )
        for provider in self:
            provider.pec_tray_count = counts.get(provider, 0)

    @api.constrains("kind", "pec_address")
    def _check_pec_address(self):
        for provider in self.filtered("pec_address"):
            if email_normalize(provider.pec_address) != provider.pec_address:
                raise ValidationError(
                    self.env._(
                        "%(address)s is no PEC address: write it in small letters,"
                        " without a name.",
                        address=provider.pec_address,
                    )
                )

    @api.constrains(
        "pec_smtp_security", "pec_smtp_host", "pec_imap_security", "pec_imap_host"
    )
    def _check_pec_security(self):
        for provider in self:
            for name in ("smtp", "imap"):
                host = provider[f"pec_{name}_host"]
                is_open = provider[f"pec_{name}_security"] == "none"
                if host and is_open and not is_this_machine(host):
                    raise ValidationError(
                        self.env._(
                            "The password would travel unprotected to %(host)s: choose"
                            " an encryption.",
                            host=host,
                        )
                    )

    @api.onchange("pec_preset")
    def _onchange_pec_preset(self):
        found = PRESETS.get(self.pec_preset)
        if found:
            self.pec_smtp_host, self.pec_imap_host = found
            self.pec_smtp_port, self.pec_imap_port = 465, 993
            self.pec_smtp_security = self.pec_imap_security = "ssl"

    # buttons

    def action_pec_test(self):
        """Button: log in to both servers, send and read nothing."""
        self.ensure_one()
        self.check_access("write")
        self._check_pec_complete()
        try:
            Smtp(self._pec_server("smtp")).open().close()
            with Imap(self._pec_server("imap"), self.pec_imap_folder or "INBOX"):
                pass
        except ChannelError as error:
            raise UserError(
                self.env._("The mailbox says: %(reason)s", reason=error.reason)
            ) from None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Both servers let us in."),
            },
        }

    def action_pec_read(self):
        """Button: read what came in, now."""
        self.ensure_one()
        self.check_access("write")
        self._check_pec_complete()
        self.env.ref("creditbox_dunning.ir_cron_dunning_pec").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The mailbox is being read."),
            },
        }

    def action_open_pec_tray(self):
        """Button: the messages that nobody understood."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_pec_message_action"
        )
        return {**action, "domain": [("provider_id", "=", self.id)]}

    def action_restart(self):
        # EXTENDS outbox: the login may be tried again
        self.check_access("write")
        refused = self.filtered("pec_is_login_refused")
        refused.sudo()._guarded().write({"pec_is_login_refused": False})
        return super().action_restart()

    # business

    def _pec_missing(self):
        """Labels of what has still to be filled in."""
        self.ensure_one()
        names = ["pec_address", "pec_login", "pec_password"]
        names += ["pec_smtp_host", "pec_imap_host"]
        mailbox = self.sudo()
        labels = mailbox.fields_get(names, ["string"])
        return [labels[name]["string"] for name in names if not mailbox[name]]

    def _check_pec_complete(self):
        missing = self._pec_missing()
        if missing:
            raise UserError(
                self.env._("Fill in first: %(fields)s", fields=", ".join(missing))
            )

    def _pec_server(self, name):
        """How the SMTP or IMAP server is spoken to, as drivers/pec_mail.py takes it."""
        self.ensure_one()
        mailbox = self.sudo()
        return Server(
            mailbox[f"pec_{name}_host"] or "",
            mailbox[f"pec_{name}_port"] or 0,
            mailbox.pec_login or "",
            mailbox.pec_password or "",
            mailbox[f"pec_{name}_security"] or "ssl",
        )

    def _pec_login_refused(self, refusal):
        """The login is not accepted: no more tries until somebody put it right.

        :param ProviderRefused refusal: what the server said
        """
        self.sudo()._guarded().write({"pec_is_login_refused": True})
        self.sudo()._stop(
            self.env._("The mailbox refused: %(reason)s", reason=refusal.reason)
        )

    def _pec_smtp(self):
        """An open connection to send by.

        :raise ChannelError: when there is none to be had
        """
        self.ensure_one()
        missing = self._pec_missing()
        if missing:
            raise ProviderRefused(
                self.env._("Not filled in: %(fields)s", fields=", ".join(missing))
            )
        try:
            return Smtp(self._pec_server("smtp")).open()
        except ProviderRefused:
            self.sudo()._guarded().write({"pec_is_login_refused": True})
            raise

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, formataddr

from ..rules.terms import term_days

CHANNELS = [
    ("sms", "Text message"),
    ("email", "E-mail"),
    ("pp", "Ordinary mail"),
    ("ar", "Registered letter"),
    ("pec", "PEC"),
]


class DunningCommunication(models.Model):
    """One message to one customer: written down before anything leaves.

    Its key depends on case, row, round and channel only: the same step can never make
    two messages. For e-mails the key is the Message-ID too.
    """

    _name = "dunning.communication"
    _description = "Dunning communication"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "action_id",
            "channel",
            "address",
            "state",
            "key",
            "message_id",
            "mail_mail_id",
            "attachment_id",
            "sent_date",
            "notified_date",
            "pay_term",
            "protocol",
            "failure_reason",
            "subject",
        }
    )

    action_id = fields.Many2one(
        "dunning.action", required=True, index=True, readonly=True, check_company=True
    )
    case_id = fields.Many2one(
        related="action_id.case_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="action_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="action_id.partner_id", store=True, index=True, precompute=True
    )
    action_type_id = fields.Many2one(
        related="action_id.action_type_id", string="Type of action"
    )
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    address = fields.Char(readonly=True, help="Where it goes, as it was then.")
    state = fields.Selection(
        [
            ("to_send", "To be sent"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("uncertain", "Uncertain"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        default="to_send",
        readonly=True,
        index=True,
    )
    key = fields.Char(required=True, readonly=True, copy=False)
    subject = fields.Char(readonly=True)
    message_id = fields.Char(string="Message-ID", readonly=True, copy=False, index=True)
    mail_mail_id = fields.Many2one(
        "mail.mail", readonly=True, index="btree_not_null", ondelete="set null"
    )
    attachment_id = fields.Many2one("ir.attachment", string="Letter", readonly=True)
    has_pdf = fields.Boolean(compute="_compute_has_pdf")
    sent_date = fields.Date(readonly=True)
    notified_date = fields.Date(readonly=True)
    pay_term = fields.Date(string="Payment term", readonly=True)
    protocol = fields.Char(
        readonly=True, help="Number of the registered letter or PEC."
    )
    failure_reason = fields.Char(readonly=True)

    _key_uniq = models.Constraint("UNIQUE(key)", "This message was already made.")

    @api.depends("channel", "partner_id")
    def _compute_display_name(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        for message in self:
            parts = (labels.get(message.channel), message.partner_id.name)
            message.display_name = " - ".join(filter(None, parts))

    @api.depends("attachment_id")
    def _compute_has_pdf(self):
        for message in self:
            kind = message.sudo().attachment_id.mimetype
            message.has_pdf = kind == "application/pdf"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was sent is never deleted."))

    def action_open_letter(self):
        """Button: download the letter as it was made."""
        self.ensure_one()
        self.check_access("read")
        if not self.attachment_id:
            raise UserError(self.env._("This message has no letter."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    def action_mark_posted(self, date=None):
        """Button: ordinary letters that were printed and handed to the post.

        ``date``: the day, today when empty.
        """
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator()
        letters = self.filtered(lambda m: m.channel == "pp" and m.state == "to_send")
        day = fields.Date.to_date(date) or fields.Date.context_today(self)
        letters.sudo()._guarded().write({"state": "sent", "sent_date": day})
        return True

    # business

    def _get_term_days(self, today=None):
        """Days to pay printed in the letter (rules/terms.py)."""
        self.ensure_one()
        day = today or self.create_date.date()
        numbers = self.env["dunning.legal.parameter"]._parameters()
        term = term_days(self.case_id.service or "", self.channel, day, numbers)
        return term.count if term else 10

    def _prepare_mail_vals(self, rendered):
        """Values of the queued e-mail: its Message-ID is this message's key."""
        self.ensure_one()
        company = self.company_id
        sender = rendered.get("email_from") or company._dunning_sender()
        normal = email_normalize(sender) or ""
        domain = normal.partition("@")[2] or "localhost"
        return {
            "subject": rendered.get("subject") or "",
            "body_html": rendered.get("body_html") or "",
            # what the case's history shows
            "body": rendered.get("body_html") or "",
            "email_from": sender,
            "reply_to": rendered.get("reply_to") or sender,
            "email_to": formataddr((self.partner_id.name or "", self.address)),
            "message_id": f"<dunning-{self.key}@{domain}>",
            "model": "dunning.case",
            "res_id": self.case_id.id,
            "message_type": "email_outgoing",
            "auto_delete": False,
            "is_notification": False,
            "state": "outgoing",
        }

    def _proofs(self):
        """{communication id: ids of its attachments}: the letter and what proves it."""
        groups = (
            self.env["ir.attachment"]
            .sudo()
            ._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)],
                ["res_id"],
                ["id:array_agg"],
            )
        )
        return dict(groups)

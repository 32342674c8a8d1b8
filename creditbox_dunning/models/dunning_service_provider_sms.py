import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..drivers import sms_gateway

ADMIN = "creditbox_dunning.group_dunning_admin"
# marketing is forbidden from 22 to 8 and on Sundays: reminders keep well inside
HOURS = {
    "hour_from": 9.0,
    "hour_to": 20.0,
    "sunday": False,
    "is_closed_on_holidays": True,
}


class DunningServiceProvider(models.Model):
    """Gateways of text messages: Odoo's own, or one that speaks HTTP and is described
    by data."""

    _inherit = "dunning.service.provider"

    sms_driver = fields.Selection(
        [
            ("odoo", "Odoo's service (credits or Twilio)"),
            ("http", "HTTP gateway"),
        ],
        string="Gateway",
        default="odoo",
    )
    sms_sender = fields.Char(
        string="Sender alias",
        size=11,
        help="3 to 11 letters and digits, registered with the gateway (AGCOM).",
    )
    sms_url = fields.Char(string="Address", help="Where a message is posted.")
    sms_auth = fields.Selection(
        [
            ("none", "None"),
            ("basic", "User name and password"),
            ("bearer", "Token (Bearer)"),
            ("header", "Key in a header"),
        ],
        string="Authentication",
        default="bearer",
    )
    sms_user = fields.Char(string="User or header", groups=ADMIN)
    sms_secret = fields.Char(string="Password, token or key", groups=ADMIN, copy=False)
    sms_body_kind = fields.Selection(
        [("json", "JSON"), ("form", "Form")], string="Kind of body", default="json"
    )
    sms_body = fields.Text(
        string="Body",
        default='{"to": "{number}", "text": "{text}", "from": "{sender}",'
        ' "reference": "{reference}"}',
        help="{number}, {text}, {sender} and {reference} are put in. A form: one"
        " name=value a line.",
    )
    sms_answer_reference = fields.Char(
        string="Its number",
        default="id",
        help="Path in the answer, as messages.0.id.",
    )
    sms_answer_status = fields.Char(
        string="State", help="Path; the HTTP status alone tells when empty."
    )
    sms_answer_good = fields.Char(string="Taken", help="Values, with commas between.")
    sms_answer_bad = fields.Char(string="Refused", help="Values, with commas between.")
    sms_answer_again = fields.Char(
        string="Try again", help="Values, with commas between."
    )
    sms_answer_cost = fields.Char(string="Price", help="Path in the answer.")
    sms_answer_error = fields.Char(
        string="Error", default="error", help="Path in the answer."
    )
    sms_report_url = fields.Char(
        string="Address of the reports", compute="_compute_sms_report_url"
    )
    sms_report_token = fields.Char(
        copy=False, groups=ADMIN, default=lambda self: secrets.token_urlsafe(24)
    )
    sms_report_secret = fields.Char(
        string="Secret of the reports",
        groups=ADMIN,
        copy=False,
        help="HMAC-SHA256 of the body with it: a report without the right signature is"
        " refused.",
    )
    sms_report_header = fields.Char(
        string="Header of the signature", default="X-Signature"
    )
    sms_report_reference = fields.Char(
        string="Number in the report", default="id", help="Path in the report."
    )
    sms_report_status = fields.Char(
        string="State in the report", default="status", help="Path in the report."
    )
    sms_report_good = fields.Char(string="Delivered", default="delivered")
    sms_report_bad = fields.Char(
        string="Not delivered", default="undelivered, failed, rejected, expired"
    )

    @api.depends("kind", "sms_driver")
    def _compute_sms_report_url(self):
        for provider in self:
            token = provider.sudo().sms_report_token
            is_ours = provider.kind == "sms" and provider.sms_driver == "http"
            provider.sms_report_url = (
                f"{provider.get_base_url()}/creditbox/sms/{token}"
                if is_ours and token
                else False
            )

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind == "sms":
            self.update(HOURS)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                {**HOURS, **vals} if vals.get("kind") == "sms" else vals
                for vals in vals_list
            ]
        )

    @api.constrains("kind", "sms_driver", "sms_url", "sms_body", "sms_body_kind")
    def _check_sms_gateway(self):
        for provider in self.filtered(
            lambda p: p.kind == "sms" and p.sms_driver == "http"
        ):
            url = provider.sms_url or ""
            if not url.startswith(("https://", "http://")):
                raise ValidationError(
                    self.env._("Write the gateway's address, as https://...")
                )
            try:
                sms_gateway.fill(
                    provider.sms_body or "", provider.sms_body_kind or "json", {}
                )
            except sms_gateway.BadDescription as error:
                raise ValidationError(
                    self.env._(
                        "The body of the message cannot be used: %(error)s",
                        error=str(error),
                    )
                ) from error

    @api.constrains("sms_sender")
    def _check_sms_sender(self):
        for provider in self:
            alias = provider.sms_sender
            if alias and not (alias.isalnum() and alias.isascii() and len(alias) >= 3):
                raise ValidationError(
                    self.env._("The alias has 3 to 11 letters and digits.")
                )

    def _sms_answer(self):
        self.ensure_one()
        return sms_gateway.Answer(
            reference=self.sms_answer_reference or "",
            status=self.sms_answer_status or "",
            cost=self.sms_answer_cost or "",
            error=self.sms_answer_error or "",
            good=sms_gateway.words(self.sms_answer_good),
            bad=sms_gateway.words(self.sms_answer_bad),
            again=sms_gateway.words(self.sms_answer_again),
        )

    def _sms_report(self):
        self.ensure_one()
        return sms_gateway.Answer(
            reference=self.sms_report_reference or "",
            status=self.sms_report_status or "",
            error=self.sms_answer_error or "",
            good=sms_gateway.words(self.sms_report_good),
            bad=sms_gateway.words(self.sms_report_bad),
        )

    @api.model
    def _of_report_token(self, token):
        """The gateway whose address of the reports holds ``token``, as superuser."""
        if not token or len(token) < 20:
            return self.sudo().browse()
        return self.sudo().search(
            [
                ("kind", "=", "sms"),
                ("sms_driver", "=", "http"),
                ("sms_report_token", "=", token),
            ],
            limit=1,
        )

    def _is_report_signed(self, data, signature):
        self.ensure_one()
        return sms_gateway.is_signed(self.sms_report_secret, data, signature)

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import update_rows


class DunningServiceProvider(models.Model):
    _inherit = "dunning.service.provider"

    sms_report_hours = fields.Integer(
        string="Report within (hours)",
        default=72,
        help="A text message of which nothing is heard for so long is shown as without"
        " receipt: nobody can say whether it arrived. 0: the gateway sends no reports.",
    )

    _sms_report_hours_positive = models.Constraint(
        "CHECK(sms_report_hours >= 0)", "Write a number of hours, or 0 for none."
    )


class DunningOutbox(models.AbstractModel):
    """Text messages of which nothing is heard: unknown, and nobody sees silence."""

    _inherit = "dunning.outbox"

    @api.model
    def _cron_send(self):
        # EXTENDS
        self._note_sms_silence(fields.Datetime.now())
        self._commit()
        return super()._cron_send()

    @api.model
    def _note_sms_silence(self, now):
        """Mark the text messages whose report is late; those of which it came all the
        same are no longer in a state in which it is shown. ``now``: UTC, naive."""
        gateways = self.env["dunning.service.provider"].sudo()
        messages = self.env["dunning.communication"].sudo()
        for gateway in gateways.search(
            [("kind", "=", "sms"), ("sms_report_hours", ">", 0)]
        ):
            late = messages.search(
                [
                    ("provider_id", "=", gateway.id),
                    ("channel", "=", "sms"),
                    ("state", "=", "sent"),
                    ("pec_silence", "=", False),
                    ("sent_at", "<", now - timedelta(hours=gateway.sms_report_hours)),
                ]
            )
            update_rows(
                messages, {one.id: {"pec_silence": "no_report"} for one in late}
            )

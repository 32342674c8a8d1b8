from odoo import models

# the words of Odoo's trackers -> what becomes of our message
HEARD = {"sent": "delivered", "bounce": "failed", "exception": "failed"}


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    def _update_sms_notifications(
        self, notification_status, failure_type=False, failure_reason=False
    ):
        # EXTENDS sms: a delivery report of Odoo's services, on a message of ours
        state = HEARD.get(notification_status)
        if state and self:
            messages = (
                self.env["dunning.communication"]
                .sudo()
                .search(
                    [
                        ("channel", "=", "sms"),
                        ("external_ref", "in", self.mapped("sms_uuid")),
                    ]
                )
            )
            words = failure_reason or failure_type or self.env._("Delivered.")
            for message in messages:
                message._hear(state, words)
        return super()._update_sms_notifications(
            notification_status, failure_type, failure_reason
        )

from datetime import timedelta, timezone

from odoo import fields, models

from odoo.addons.utility_supply.models.bulk import update_rows

from ..rules import pec

SILENCE = [
    ("no_acceptance", "No acceptance"),
    ("no_delivery", "No delivery and no refusal"),
    ("no_report", "No delivery report"),
]
WATCH_ACTIVITY = "creditbox_dunning.mail_activity_pec_silence"


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    _guarded_fields = frozenset({"pec_warned_at", "pec_silence"})

    pec_warned_at = fields.Datetime(
        string="Warned of non-delivery at", readonly=True, copy=False
    )
    pec_silence = fields.Selection(
        SILENCE,
        string="Receipt awaited in vain",
        readonly=True,
        copy=False,
        help="The provider should have told by now: look into the mailbox, or ask it."
        " A text message of which nothing is heard proves nothing.",
    )
    pec_message_ids = fields.One2many(
        "dunning.pec.message", "communication_id", string="Receipts and answers"
    )

    _silence_idx = models.Index("(company_id, id) WHERE pec_silence IS NOT NULL")


class DunningServiceProvider(models.Model):
    """Receipts that do not come: nobody sees silence, so it is written down."""

    _inherit = "dunning.service.provider"

    def _pec_watch(self, now):
        """Mark the messages whose receipt has been awaited too long; tell somebody when
        there are new ones. ``now``: UTC, naive."""
        for mailbox in self:
            mailbox._pec_watch_one(now)

    def _pec_watch_one(self, now):
        limits = (self.pec_acceptance_hours or 24, self.pec_delivery_hours or 48)
        messages = self.env["dunning.communication"].sudo()
        old = messages.search(
            [
                ("provider_id", "=", self.id),
                ("channel", "=", "pec"),
                "|",
                ("pec_silence", "!=", False),
                "&",
                ("state", "in", ("sent", "accepted")),
                ("sent_at", "<", now - timedelta(hours=min(limits))),
            ]
        )
        there = now.replace(tzinfo=timezone.utc)
        changes, new = {}, messages
        for message in old:
            sent_at = message.sent_at and message.sent_at.replace(tzinfo=timezone.utc)
            outgoing = pec.Outgoing(message.state, message.address or "", sent_at)
            found = pec.overdue(outgoing, there, *limits) or False
            if found != message.pec_silence:
                changes[message.id] = {"pec_silence": found}
                new |= message if found else messages
        update_rows(messages, changes)
        if new:
            self._tell_silence(new, now)

    def _tell_silence(self, messages, now):
        told = self.activity_ids.filtered(
            lambda a: a.activity_type_id == self.env.ref(WATCH_ACTIVITY)
        )
        if told:
            return
        self.activity_schedule(
            WATCH_ACTIVITY,
            date_deadline=fields.Date.context_today(self),
            summary=self.env._(
                "%(count)s PEC without their receipts", count=len(messages)
            ),
            user_id=self._administrator().id,
        )

from odoo import models

from ..rules import sms
from ..rules.notice_text import fill, mail_html
from .dunning_template_values import Bill, Subject


class DunningAction(models.Model):
    """The words of a step: which text, filled with what."""

    _inherit = "dunning.action"

    def _get_template(self, channel="email"):
        """The text of this step's message by ``channel``; there always is one."""
        self.ensure_one()
        return self.env["dunning.template"]._for_case(self.case_id, self.op, channel)

    def _text_subject(self, channel, template=None, key=None):
        """This step as a :class:`Subject` of a message by ``channel``."""
        self.ensure_one()
        items = self.item_ids.sorted(lambda item: (item.date_maturity, item.id))
        return Subject(
            key=key or self.id,
            case=self.case_id,
            template=template or self._get_template(channel),
            channel=channel,
            bills=tuple(
                Bill(
                    number=item.bill_number or "",
                    issued=item.date_bill,
                    due=item.date_maturity,
                    amount=item.amount,
                    move=item.move_id,
                )
                for item in items
            ),
            amount=self.amount,
            work_date=self._get_work_date(),
        )

    def _get_work_date(self):
        """The day on which the supply is going to be touched, told before it is."""
        self.ensure_one()
        if self.op != "pre_notice":
            return None
        planned = self.case_id.action_ids.filtered(
            lambda a: a.op == "list" and a.round == self.round and a.planned_work_date
        )
        return planned[-1:].planned_work_date or self.planned_date

    def _render_mails(self, template, today=None):
        """{action id: {subject, body_html, email_from, reply_to}} with ``template``."""
        today = today or self.env["dunning.case"]._today(self.company_id[:1])
        subjects = [action._text_subject("email", template) for action in self]
        values = self.env["dunning.template.values"]._collect(subjects, today)
        parts = template._as_parts()
        senders = {c: c._dunning_sender() for c in self.company_id}
        return {
            action.id: {
                "subject": fill(template.subject, values[action.id].words, must=True),
                "body_html": mail_html(parts, values[action.id]),
                "email_from": senders[action.company_id],
                "reply_to": senders[action.company_id],
            }
            for action in self
        }

    def _render_sms(self, today=None):
        """{action id: (text, ``rules.sms.SmsSize``, template)} of text messages."""
        today = today or self.env["dunning.case"]._today(self.company_id[:1])
        subjects = [action._text_subject("sms") for action in self]
        values = self.env["dunning.template.values"]._collect(subjects, today)
        found = {}
        for subject in subjects:
            words = values[subject.key].words
            text = sms.plain(fill(subject.template.sms_text, words, must=True))
            found[subject.key] = (text, sms.size(text), subject.template)
        return found

    def _text_hashes(self):
        """SHA-256 of the texts by which this step would be told, one each channel."""
        self.ensure_one()
        channels = sorted(self._channel_set() & {"sms", "email", "pp", "ar", "pec"})
        return [self._get_template(channel).content_hash or "" for channel in channels]

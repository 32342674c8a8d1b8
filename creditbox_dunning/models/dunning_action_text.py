from odoo import models

from ..rules.facts import Reason
from ..rules.notice_contents import LETTER_CHANNELS
from ..rules.notice_text import Part, fill, lacking, mail_html, marked
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

    def _drop_lacking(self, today):
        """The steps whose letter can tell all that it must; the others failed.

        A formal notice that leaves a mandatory content open is worth nothing, and
        starts clocks that a judge stops.
        """
        subjects = [
            action._text_subject(channel, key=(action.id, channel))
            for action in self
            for channel in sorted(action._channel_set() & LETTER_CHANNELS)
        ]
        subjects = [s for s in subjects if any(p.content for p in s.template.part_ids)]
        if not subjects:
            return self
        values = self.env["dunning.template.values"]._collect(subjects, today)
        found = {}
        for subject in subjects:
            parts = subject.template._as_parts()
            contents = lacking(parts, values[subject.key])
            if contents:
                found.setdefault(contents, []).append(subject.key[0])
        failed = self.browse()
        for contents, ids in found.items():
            actions = self.browse(dict.fromkeys(ids)) - failed
            actions._set_state("failed", Reason.of("text_lacks", contents=contents))
            failed |= actions
        return self - failed

    def _render_texts(self, channel, today):
        """{action id: {subject, body_html, email_from, reply_to, template_id}}: what
        a message by ``channel`` says. A text message's body is its text, escaped."""
        subjects = [action._text_subject(channel) for action in self]
        values = self.env["dunning.template.values"]._collect(subjects, today)
        senders = {company: company._dunning_sender() for company in self.company_id}
        found = {}
        for action, subject in zip(self, subjects, strict=True):
            told, template = values[subject.key], subject.template
            if channel == "sms":
                text = template._sms_text(told)
                found[action.id] = {"subject": False, "body_html": marked(text)}
            elif channel == "email":
                found[action.id] = {
                    "subject": template._subject_text(told),
                    "body_html": mail_html(template._as_parts(), told),
                }
            else:
                cover = fill(template.cover or template.name, told.words, must=True)
                found[action.id] = {
                    "subject": template._subject_text(told),
                    "body_html": mail_html((Part("paragraph", cover),), told),
                }
            found[action.id] |= {
                "email_from": senders[action.company_id],
                "reply_to": senders[action.company_id],
                "template_id": template.id,
            }
        return found

    def _text_hashes(self):
        """SHA-256 of the texts by which this step would be told, one each channel."""
        self.ensure_one()
        channels = sorted(self._channel_set() & {"sms", "email", "pp", "ar", "pec"})
        return [self._get_template(channel).content_hash or "" for channel in channels]

import hashlib
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows, update_same

from ..rules.outbox import may_move
from ..rules.terms import term_days
from .channel_words import driver_words

_logger = logging.getLogger(__name__)

CHANNELS = [
    ("sms", "Text message"),
    ("email", "E-mail"),
    ("pp", "Ordinary mail"),
    ("ar", "Registered letter"),
    ("pec", "PEC"),
]
STATES = [
    ("to_send", "To be sent"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("accepted", "Accepted"),
    ("delivered", "Delivered"),
    ("uncertain", "Uncertain"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
# state -> the field that keeps when it came to it
STAMPS = {"sent": "sent_at", "accepted": "accepted_at", "delivered": "delivered_at"}


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

    # what was sent and what proves it: see utility_supply/models/ir_attachment.py
    _kept_attachment_field = ("attachment_id", "raw_id", "event_ids.attachment_ids")
    _kept_attachment_domain = ()

    _guarded_fields = frozenset(
        {
            "action_id",
            "channel",
            "address",
            "state",
            "key",
            "message_id",
            "body",
            "sender",
            "reply_to",
            "bounce_address",
            "attachment_id",
            "sent_date",
            "notified_date",
            "pay_term",
            "protocol",
            "failure_reason",
            "subject",
            "provider_id",
            "attempts",
            "next_try",
            "tried_at",
            "sent_at",
            "accepted_at",
            "delivered_at",
            "cost",
            "external_ref",
            "raw_id",
            "raw_sha256",
            "template_id",
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
        STATES,
        string="Status",
        required=True,
        default="to_send",
        readonly=True,
        index=True,
    )
    key = fields.Char(required=True, readonly=True, copy=False)
    subject = fields.Char(readonly=True)
    template_id = fields.Many2one(
        "dunning.template",
        string="Text it was made of",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The version that was in use on the day.",
    )
    message_id = fields.Char(string="Message-ID", readonly=True, copy=False, index=True)
    body = fields.Html(
        string="Text", sanitize=False, readonly=True, help="What it says."
    )
    sender = fields.Char(readonly=True, help="The address that it leaves from.")
    reply_to = fields.Char(readonly=True)
    bounce_address = fields.Char(
        readonly=True, help="Where the mail servers report what does not arrive."
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
    failure_text = fields.Char(
        string="Why it failed", compute="_compute_failure_text", help="In your words."
    )
    provider_id = fields.Many2one(
        "dunning.service.provider",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Who carries it; none = a person does.",
    )
    attempts = fields.Integer(readonly=True, default=0)
    next_try = fields.Datetime(
        string="Not before", readonly=True, help="When it is tried again."
    )
    tried_at = fields.Datetime(string="Last try", readonly=True)
    sent_at = fields.Datetime(string="Left at", readonly=True)
    accepted_at = fields.Datetime(readonly=True)
    delivered_at = fields.Datetime(readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    cost = fields.Float(
        digits=(12, 4), readonly=True, help="What the provider asks for it."
    )
    external_ref = fields.Char(
        string="Provider's reference", readonly=True, copy=False, index="btree_not_null"
    )
    raw_id = fields.Many2one(
        "ir.attachment",
        string="As it was sent",
        readonly=True,
        help="The bytes that left, kept for ever.",
    )
    raw_sha256 = fields.Char(string="SHA-256", readonly=True)
    event_ids = fields.One2many(
        "dunning.communication.event",
        "communication_id",
        string="What happened",
        readonly=True,
    )

    # the sender looks for what waits, and for what nobody holds any more
    _waiting_idx = models.Index(
        "(provider_id, id) WHERE state IN ('to_send', 'sending')"
    )
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
        self.env["dunning.case"]._check_is_operator(self)
        letters = self.filtered(lambda m: m.channel == "pp" and m.state == "to_send")
        day = fields.Date.to_date(date) or fields.Date.context_today(self)
        letters._move("sent", self.env._("Handed to the post."), sent_date=day)
        return True

    @api.depends("failure_reason")
    @api.depends_context("lang")
    def _compute_failure_text(self):
        for message in self:
            message.failure_text = driver_words(self.env, message.failure_reason)

    # business

    def _get_term_days(self, today=None):
        """Days to pay printed in the letter (rules/terms.py)."""
        self.ensure_one()
        day = today or self.create_date.date()
        numbers = self.env["dunning.legal.parameter"]._parameters()
        term = term_days(self.case_id.service or "", self.channel, day, numbers)
        return term.count if term else 10

    def _move(
        self, state, reason="", *, evidence=None, by_person=False, kind="move", **vals
    ):
        """The only door: these messages become ``state``, and their history says so.

        What is in the state already is only told what ``vals`` brings that is new: the
        same receipt twice changes nothing. What can no longer become it stays as it is
        and the history says that it came too late.

        :param reason: in plain words, for people
        :param evidence: ir.attachment records that prove it
        :param by_person: a person decided it (rules/outbox.py, PERSON_MOVES)
        :param vals: fields to write with it; the time of ``sent``, ``accepted`` and
            ``delivered`` is now, and the day of ``sent`` today, unless a time or a day
            is given
        :return: the messages whose state changed
        """
        messages = self.sudo()
        there = messages.filtered(lambda m: m.state == state)
        able = (messages - there).filtered(
            lambda m: may_move(m.state, state, by_person=by_person)
        )
        late = messages - there - able
        events = []
        for company, group in able.grouped("company_id").items():
            written = {**self._stamps(state, company, reason, vals), **vals}
            events += group._event_rows(kind, state, reason)
            update_same(group, {"state": state, **written})
        news = there.filtered(lambda message: message._is_news(vals))
        events += news._event_rows("told", state, reason)
        update_same(news, vals)
        events += late._event_rows("ignored", state, reason)
        for message in late:
            _logger.warning(
                "Message %s is %s: it cannot become %s.",
                message.id,
                message.state,
                state,
            )
        self._write_events(events, evidence)
        return able.with_env(self.env)

    def _hear(self, state, words="", evidence=None):
        """What whoever carried it tells: ``delivered``, ``failed`` or "" for news on
        the way, which is only noted. The same told twice changes nothing."""
        self.ensure_one()
        if state == "failed":
            if self._move("failed", words, evidence=evidence):
                self._tell_failure(words)
        elif state:
            self._move(state, words, evidence=evidence)
        elif words not in self.event_ids.mapped("reason"):
            rows = self._event_rows("told", self.state, words)
            self._write_events(rows, evidence)

    def _stamps(self, state, company, reason, told):
        """What every change to ``state`` writes besides ``told``.

        Who tells a day of the past was told of it: the moment is not now.
        """
        found = {}
        is_past = "notified_date" in told if state != "sent" else "sent_date" in told
        if state in STAMPS and not is_past:
            found[STAMPS[state]] = fields.Datetime.now()
        if state == "sent":
            found["sent_date"] = self.env["dunning.case"]._today(company)
            found["failure_reason"] = False
            found["next_try"] = False
        if state in ("failed", "uncertain"):
            found["failure_reason"] = reason or False
        return found

    def _is_news(self, vals):
        """Whether ``vals`` says of this message what it does not say yet."""
        self.ensure_one()
        for name, value in vals.items():
            field = self._fields[name]
            known = field.convert_to_write(self[name], self)
            if known != field.convert_to_write(
                field.convert_to_record(field.convert_to_cache(value, self), self), self
            ):
                return True
        return False

    def _event_rows(self, kind, state, reason):
        now = fields.Datetime.now()
        return [
            {
                "communication_id": message.id,
                "company_id": message.company_id.id,
                "at": now,
                "kind": kind,
                "state_from": message.state,
                "state_to": state,
                "reason": reason or False,
                "attempt": message.attempts,
                "user_id": self.env.uid,
            }
            for message in self
        ]

    def _write_events(self, rows, evidence=None):
        events = self.env["dunning.communication.event"].sudo()._guarded()
        made = insert_rows(events, rows)
        if evidence:
            made.write({"attachment_ids": [(6, 0, evidence.ids)]})
        return made

    def _times_resent(self):
        """How often a person had it sent again."""
        self.ensure_one()
        return len(
            self.event_ids.filtered(
                lambda event: (
                    event.state_to == "to_send"
                    and event.state_from in ("uncertain", "failed")
                )
            )
        )

    def _keep_raw(self, contents, mimetype, suffix):
        """Keep the bytes that will leave, with their SHA-256, before they leave.

        :param contents: {message: bytes}
        """
        attachments = self.env["ir.attachment"].sudo()
        files = attachments.create(
            [
                {
                    "name": f"{message.key}.{suffix}",
                    "raw": content,
                    "mimetype": mimetype,
                    "res_model": message._name,
                    "res_id": message.id,
                    "company_id": message.company_id.id,
                }
                for message, content in contents.items()
            ]
        )
        update_rows(
            self.browse(),
            {
                message.id: {
                    "raw_id": file.id,
                    "raw_sha256": hashlib.sha256(content).hexdigest(),
                }
                for (message, content), file in zip(
                    contents.items(), files, strict=True
                )
            },
        )

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

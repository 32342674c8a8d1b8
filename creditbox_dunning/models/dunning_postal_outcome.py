from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.utility_supply.models.bulk import update_rows

from ..rules import postal
from ..rules.facts import Reason

# the legal number that says from when a letter left at the post office counts
STORED_DAYS = "stored_days"
# nothing that the post tells changes these any more
OVER = ("delivered", "failed", "cancelled")


class DunningCommunication(models.Model):
    """What the events of the post make of a letter, its step and its notice."""

    _inherit = "dunning.communication"

    _guarded_fields = frozenset({"postal_job_id", "postal_row"})

    postal_job_id = fields.Many2one(
        "dunning.postal.job",
        string="Postal job",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
    )
    postal_row = fields.Integer(string="Row of the job", readonly=True, copy=False)
    postal_event_ids = fields.One2many(
        "dunning.postal.event",
        "communication_id",
        string="What the post told",
        readonly=True,
    )
    postal_code = fields.Selection(
        "_selection_postal_code",
        string="Result of the post",
        compute="_compute_postal",
        store=True,
    )
    has_postal_conflict = fields.Boolean(
        string="The post contradicts itself",
        compute="_compute_postal",
        store=True,
        help="Delivered and returned: a person looks at the events and decides.",
    )

    _postal_conflict_idx = models.Index(
        "(company_id) WHERE has_postal_conflict IS TRUE"
    )

    @api.model
    def _selection_postal_code(self):
        return self.env["dunning.postal.code"]._selection_normalised()

    @api.depends("postal_event_ids.code", "postal_event_ids.at", "state")
    def _compute_postal(self):
        for letter in self:
            events = letter.postal_event_ids
            told = letter._what_happened() if events else postal.Letter()
            letter.postal_code = told.code or False
            # by hand or by an earlier file it may be over in another way
            over = {"delivered": postal.NOTIFIED, "failed": postal.FAILED}
            state = over.get(letter.state)
            differs = {state, told.state} == {postal.NOTIFIED, postal.FAILED}
            letter.has_postal_conflict = told.is_conflict or differs

    def _what_happened(self):
        """All that the post told of this letter (`rules.postal.Letter`)."""
        self.ensure_one()
        told = self.sudo().postal_event_ids
        made = self.sudo().postal_job_id.create_date
        # what an earlier job's mail house refused was put right and given again
        told = told.filtered(lambda e: e.code != "REJ" or not made or e.at >= made)
        events = [event._as_event() for event in told]
        return postal.what_happened(events, self._stored_days(events))

    def _stored_days(self, events):
        """The number of the law of the day on which the post says it is over."""
        stored = [event.at.date() for event in events if event.code == postal.STORED]
        if not stored:
            return None
        numbers = self.env["dunning.legal.parameter"]._parameters()
        found = numbers.get(self.case_id.service or "", STORED_DAYS, min(stored))
        return found.count if found else None

    # applying

    def _apply_postal_events(self):
        """Make of these letters what their events say together: message, step, notice.

        What is over stays as it is; what contradicts it is shown to a person. Letters
        of which the same is told are written together.
        """
        letters = self.sudo()
        letters._note_facts()
        groups = {}
        for letter in letters.filtered(lambda m: m.state not in OVER):
            told = letter._what_happened()
            if told.state:
                groups[told] = groups.get(told, letters.browse()) | letter
        for told, group in groups.items():
            group._apply_postal(told)
        letters._link_proofs()

    def _note_facts(self):
        """Registered number and cost, as last told."""
        rows = {}
        for letter in self:
            events = letter.postal_event_ids.sorted(lambda event: (event.at, event.id))
            numbers = events.filtered("registered_no").mapped("registered_no")
            costs = events.filtered("cost").mapped("cost")
            number = numbers[-1] if numbers else letter.protocol
            cost = costs[-1] if costs else letter.cost
            if (number, cost) != (letter.protocol, letter.cost):
                rows[letter.id] = {"protocol": number or None, "cost": cost}
        update_rows(self.browse(), rows)

    def _apply_postal(self, told):
        """Letters that are not over, of all of which ``told`` is told."""
        self._prove_left()
        reason = self._postal_words(told)
        if told.sent_on:
            on_the_way = self.filtered(lambda m: m.state == "sent")
            if told.state in (postal.SENT, postal.NOTIFIED):
                on_the_way._move("accepted", reason, sent_date=told.sent_on)
            self._date_notices(told.sent_on)
        if told.state == postal.NOTIFIED:
            self._tell_arrival(told, reason)
        elif told.state == postal.FAILED:
            self._move("failed", reason)
            self._tell_return(told, reason)
        elif told.state == postal.REJECTED:
            # nothing left: a person puts it right and gives it to another job
            self._move("failed", reason)

    def _prove_left(self):
        """Whatever the post tells of them proves that they left, and their jobs."""
        waiting = self.filtered(
            lambda m: m.state in ("to_send", "sending", "uncertain")
        )
        proof = self.env._("An outcome of the mail house proves it.")
        for job in waiting.postal_job_id:
            if job.state in ("delivering", "uncertain"):
                job._set_sent(proof)
        waiting.filtered(lambda m: m.state != "sent")._move("sent", proof)

    def _postal_words(self, told):
        labels = dict(self._selection_postal_code())
        return self.env._("The post: %(what)s.", what=labels.get(told.code, told.code))

    def _date_notices(self, sent_on):
        """The day of sending is proved: notices of ordinary letters are dated by it."""
        letters = self.filtered(lambda m: m.channel == "pp")
        notices = letters.action_id.notice_id.sudo()
        notices.filtered(lambda n: n.sent_date != sent_on).write({"sent_date": sent_on})

    def _tell_arrival(self, told, reason):
        """They reached the customers: the terms run from that day."""
        # no proof of the day of sending: no earlier day may be counted from
        sent = told.sent_on or told.notified_on
        ordinary = self.filtered(lambda m: m.channel == "pp")
        # an ordinary letter starts no clock
        ordinary._move("delivered", reason, sent_date=sent)
        by_term = {}
        for letter in self - ordinary:
            term = letter.action_id._get_pay_term(letter, sent)
            by_term[term] = by_term.get(term, self.browse()) | letter
        for term, letters in by_term.items():
            letters._move(
                "delivered",
                reason,
                sent_date=sent,
                notified_date=told.notified_on,
                pay_term=term,
            )
            actions = letters.action_id
            actions.filtered(lambda a: a._takes_outcome())._record_outcome(
                told.outcome,
                told.notified_on,
                note=reason,
                executed_date=sent,
                pay_term=term,
                channel_used="ar",
            )
            actions._write_notices(sent, told.notified_on)
            actions.notice_id.sudo().write({"pay_term": term})

    def _tell_return(self, told, reason):
        """They came back: another address, another letter, another channel."""
        for channel, letters in self.grouped("channel").items():
            for sent, group in letters.grouped(
                lambda m: told.sent_on or m.sent_date or told.ended_on
            ).items():
                actions = group.action_id
                actions.filtered(lambda a: a._takes_outcome())._record_outcome(
                    told.outcome,
                    sent,
                    note=reason,
                    reason=Reason.of("returned", note=reason),
                    channel_used=channel,
                )
                if channel != "pp":
                    actions._write_notices(sent)

    def _link_proofs(self):
        """What proves a letter is attached to its notice too."""
        proofs = self._proofs()
        for letter in self.sudo():
            notice = letter.action_id.notice_id.sudo()
            cards = letter.postal_event_ids.image_id
            found = {*proofs.get(letter.id, ()), *cards.ids}
            missing = found - set(notice.attachment_ids.ids)
            if notice and missing:
                notice.write(
                    {"attachment_ids": [Command.link(id_) for id_ in sorted(missing)]}
                )

import logging
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.utility_supply.models.bulk import (
    flush_changed,
    kept,
    plain_values,
    update_changed,
)
from odoo.addons.utility_supply.models.isolation import apart

from ..rules import attention as attention_rules
from ..rules import deadlines as rules
from .texts_terms import ATTENTION_TEXTS

_logger = logging.getLogger(__name__)

CHUNK = 1000
ROME = ZoneInfo("Europe/Rome")
UTC = ZoneInfo("UTC")
QUEUE = "cmor.practice.terms"
# before the indemnity system there was nothing to complain about (ARG/elt 191/09)
COMPLAINTS_FROM = date(2009, 1, 1)
# what the terms look at of each practice: thousands of them
OF_STEPS = ("practice_id", "date", "state_from", "state_to")
OF_NOTICES = ("channel", "sent_date", "notified_date", "pay_term", "ref")
OF_DAYS = (
    *("side", "state", "complaint_on", "complaint_answered_on"),
    *("late_on", "money_due"),
)
MONEY_STATES = ("excess_to_return", "refund_due")


class CmorPractice(models.Model):
    """Terms of the practices, and which of them need a person and why.

    Both are reckoned set-wise: at the end of each transaction in which practices moved
    (once, however often they did), and each night.
    """

    _inherit = "cmor.practice"

    deadline_ids = fields.One2many(
        "cmor.deadline", "practice_id", string="Deadlines", readonly=True
    )
    complaint_on = fields.Date(
        string="Complaint received on",
        copy=False,
        help="Complaint of the customer about the CMOR: the reply has a term.",
    )
    complaint_answered_on = fields.Date(string="Complaint answered on", copy=False)
    attention = fields.Selection(
        [
            ("late", "Late"),
            ("risk", "At risk"),
            ("action", "Needs an action"),
            ("check", "Needs checking"),
        ],
        readonly=True,
        copy=False,
        group_expand="_group_expand_attention",
    )
    attention_rank = fields.Integer(
        readonly=True, copy=False, default=9, help="For the order: late comes first."
    )
    attention_reason = fields.Char(readonly=True, copy=False)
    attention_key = fields.Char(readonly=True, copy=False)
    attention_date = fields.Date(string="Due by", readonly=True, copy=False)
    attention_text = fields.Char(string="Why", compute="_compute_attention_text")
    needs_action = fields.Boolean(readonly=True, copy=False)
    needs_check = fields.Boolean(string="Needs checking", readonly=True, copy=False)
    terms_on = fields.Date(string="Terms reckoned on", readonly=True, copy=False)

    _attention_idx = models.Index(
        "(company_id, attention_rank, attention_date) WHERE attention IS NOT NULL"
    )

    @api.model
    def _group_expand_attention(self, levels, domain):
        return [key for key, _label in self._fields["attention"].selection]

    @api.depends(
        "attention", "attention_reason", "attention_key", "attention_date", "next_text"
    )
    @api.depends_context("lang")
    def _compute_attention_text(self):
        labels = dict(
            self.env["cmor.deadline"]._fields["key"]._description_selection(self.env)
        )
        for practice in self:
            text = ATTENTION_TEXTS.get(practice.attention_reason)
            if text:
                day = practice.attention_date
                practice.attention_text = self.env._(
                    text,
                    term=labels.get(practice.attention_key, ""),
                    date=format_date(self.env, day) if day else "",
                )
            else:
                practice.attention_text = practice.attention and practice.next_text

    @api.constrains("complaint_on", "complaint_answered_on")
    def _check_complaint_days(self):
        today = fields.Date.context_today(self)
        for practice in self:
            received, answered = practice.complaint_on, practice.complaint_answered_on
            if received and not COMPLAINTS_FROM <= received <= today:
                raise ValidationError(
                    self.env._(
                        "%(date)s is no day on which a complaint can have arrived:"
                        " check the year.",
                        date=format_date(self.env, received),
                    )
                )
            if answered and not (received and received <= answered <= today):
                raise ValidationError(
                    self.env._(
                        "A complaint is answered after it has arrived, and not in the"
                        " future: check both days."
                    )
                )

    # --- when -------------------------------------------------------------------

    def _move_to(self, target, kind="state", params=None, file=None):
        # EXTENDS: what moved has other terms
        result = super()._move_to(target, kind, params, file)
        self._queue_terms()
        return result

    def _set_next(self):
        # EXTENDS: another next step may need another person
        result = super()._set_next()
        self._queue_terms()
        return result

    def write(self, vals):
        result = super().write(vals)
        if {"complaint_on", "complaint_answered_on", "user_id"} & set(vals):
            self._queue_terms()
        return result

    def _queue_terms(self):
        """Reckon the terms of these practices when the transaction ends."""
        precommit = self.env.cr.precommit
        if QUEUE not in precommit.data:
            precommit.data[QUEUE] = set()
            precommit.add(self.sudo().browse()._refresh_queued_terms)
        precommit.data[QUEUE].update(self.ids)

    @api.model
    def _refresh_queued_terms(self):
        ids = sorted(self.env.cr.precommit.data.pop(QUEUE, ()))
        today = fields.Date.context_today(self)
        for start in range(0, len(ids), CHUNK):
            practices = self.sudo().browse(ids[start : start + CHUNK]).exists()
            practices._refresh_terms(today)
            flush_changed(self.env["cmor.deadline"])
            if len(ids) > CHUNK:
                # a file may have a hundred thousand practices: keep none of them
                flush_changed(self)
                self.env.flush_all()
                self.env.invalidate_all()

    @api.model
    def _cron_refresh_terms(self, today=None):
        """Nightly: what the day has changed, chunk after chunk, then the escalation."""
        today = today or fields.Date.context_today(self)
        stale = Domain("terms_on", "=", False) | Domain("terms_on", "<", today)
        alive = Domain("state", "not in", attention_rules.DEAD) | Domain(
            "deadline_ids",
            "any",
            Domain("state", "=", "open")
            & (Domain("date_due", "<", today) | Domain("key", "in", rules.OUTLIVES)),
        )
        ids = self.sudo().search(stale & alive, order="id").ids
        for start in range(0, len(ids), CHUNK):
            chunk = self.sudo().browse(ids[start : start + CHUNK])
            chunk._refresh_terms_safely(today)
            left = max(0, len(ids) - start - CHUNK)
            time_left = self.env["ir.cron"]._commit_progress(len(chunk), remaining=left)
            if left and not time_left:
                return
            self.env.invalidate_all()
        self.env["cmor.deadline"]._escalate(today)

    # --- reckoning --------------------------------------------------------------

    def _refresh_terms(self, today):
        """Reckon terms and attention of these practices and store what changed.

        :param date today: the day that decides what is missed or near
        """
        for company, practices in self.sudo().grouped("company_id").items():
            for start in range(0, len(practices), CHUNK):
                practices[start : start + CHUNK]._refresh_terms_of(company, today)

    def _refresh_terms_safely(self, today):
        """As ``_refresh_terms``: who cannot be reckoned costs the others nothing, is
        logged, and is tried again the next night."""

        def blame(practice, error):
            _logger.error(
                "Terms of CMOR practice %s not reckoned", practice.id, exc_info=error
            )

        apart(self, lambda some: some._refresh_terms(today), blame)

    def _refresh_terms_of(self, company, today):
        table = self.env["cmor.parameter"]._term_table(company)
        facts = self._deadline_facts()
        calendar = self.env["cmor.parameter"]._calendar(
            company, _years(facts.values(), today)
        )
        found = {
            practice: rules.deadlines(facts[practice], table, today, calendar)
            for practice in self
        }
        stored = self.env["cmor.deadline"]._store(found)
        horizons = stored._horizons(company, today)[company.id]
        self._store_attention(horizons, found, today)
        stored._sync_activities(company, horizons, today)

    def _store_attention(self, horizons, found, today):
        """Write level, reason and day of each practice."""
        waiting = self._waiting_records()
        known = plain_values(self, ("state", "next_action", "next_date"))
        levels, rows = attention_rules.LEVELS, {}
        for practice in self:
            row = known[practice.id]
            judged = attention_rules.attention(
                attention_rules.AttentionFacts(
                    state=row.state,
                    next_action=row.next_action or "",
                    next_date=row.next_date,
                    deadlines=tuple(found[practice]),
                    waiting_records=waiting.get(practice.id, 0),
                    horizons=horizons,
                ),
                today,
            )
            level = judged.level
            rows[practice] = {
                "attention": level or False,
                "attention_rank": levels.index(level) if level else 9,
                "attention_reason": judged.reason or False,
                "attention_key": judged.key or False,
                "attention_date": judged.day or False,
                "needs_action": judged.needs_action,
                "needs_check": judged.needs_check,
                "terms_on": today,
            }
        update_changed(self, rows)

    def _waiting_records(self):
        """{practice id: number of received records that wait for somebody}."""
        groups = self.env["cmor.flow.record"]._read_group(
            Domain("practice_id", "in", self.ids) & Domain("state", "=", "waiting"),
            ["practice_id"],
            ["__count"],
        )
        return {practice.id: count for practice, count in groups}

    # --- facts ------------------------------------------------------------------

    def _deadline_facts(self):
        """{practice: DeadlineFacts}, in a constant number of queries."""
        steps = self._deadline_steps()
        later = self._deadline_requests()
        notices = self._deadline_notices()
        bases, known, done = self._deadline_days()
        rows = plain_values(self, ("side", "sector", "state", "date_end"))
        return {
            practice: rules.DeadlineFacts(
                *rows[practice.id],
                window=practice._window()
                if rows[practice.id].side == "outgoing"
                else None,
                steps=steps.get(practice.id, ()),
                requests=later.get(practice.id, ()),
                notices=notices.get(practice.id, ()),
                bases=bases[practice.id],
                known=known[practice.id],
                done=done[practice.id],
            )
            for practice in self
        }

    def _deadline_steps(self):
        """{practice id: its changes of state, in order}."""
        events = self.env["cmor.practice.event"].search_fetch(
            Domain("practice_id", "in", self.ids) & Domain("state_to", "!=", False),
            OF_STEPS,
            order="id",
        )
        steps = {}
        for row in plain_values(events, OF_STEPS).values():
            step = rules.Step(rome_day(row.date), row.state_from or "", row.state_to)
            steps.setdefault(row.practice_id, []).append(step)
        return steps

    def _deadline_requests(self):
        """{practice id: its later requests, the newest last}."""
        found = self.env["cmor.practice.request"].search(
            Domain("practice_id", "in", self.ids), order="id"
        )
        facts = {}
        for request in found:
            facts.setdefault(request.practice_id.id, []).append(
                rules.RequestFact(
                    request.key,
                    request.state,
                    rome_day(request.sent_on),
                    # the day we learned of it
                    rome_day(request.write_date)
                    if request.state in ("accepted", "rejected")
                    else None,
                )
            )
        return facts

    def _deadline_notices(self):
        """{practice id: formal notices that the claim rests on}."""
        notices = {
            id_: rules.NoticeFact(*row[:4], ref=row.ref or "")
            for id_, row in plain_values(self.notice_ids, OF_NOTICES).items()
        }
        return {
            practice.id: tuple(notices[id_] for id_ in kept(practice, "notice_ids"))
            for practice in self
        }

    def _deadline_days(self):
        """Days that are no change of state; other parts add theirs.

        :return: three dicts {practice id: {key: date}}: where terms run from, due
            dates known already, what was done
        """
        bases = {practice.id: {} for practice in self}
        known = {practice.id: {} for practice in self}
        done = {practice.id: {} for practice in self}
        rows = plain_values(self, OF_DAYS)
        for practice in self:
            row = rows[practice.id]
            if row.complaint_on:
                bases[practice.id]["complaint_reply"] = row.complaint_on
            if row.complaint_answered_on:
                done[practice.id]["complaint_reply"] = row.complaint_answered_on
            found = bases[practice.id], known[practice.id], done[practice.id]
            if row.side == "incoming":
                practice._incoming_days(*found)
            elif row.late_on or row.money_due or row.state in MONEY_STATES:
                practice._money_days(*found)
        for practice_id, day in self._late_answers().items():
            done[practice_id]["late_payment"] = day
        return bases, known, done

    def _money_days(self, bases, known, done):
        """Terms of the money: their last days were reckoned when it arrived."""
        if self.late_on:
            bases["late_payment"] = self.late_on
            if self.late_due:
                known["late_payment"] = self.late_due
        if self.state == "excess_to_return":
            bases["excess_return"] = self.paid_on
            key = "excess_return"
        elif self.state == "refund_due" and not self.cc_vat and self._to_return() <= 0:
            returned = [made.date for made in self.return_ids if made.state == "done"]
            if not returned:
                return
            bases["refund_report"] = max(returned)
            done["refund_customer"] = max(returned)
            key = "refund_report"
        else:
            key = "refund_customer"
        if self.money_due:
            known[key] = self.money_due

    def _incoming_days(self, bases, known, done):
        """Days that the notices, the network and the bills have told."""
        accepted = self.accepted_on or self.notice_date
        if accepted:
            bases["accepted"] = accepted
        if self.suspend_until:
            known["suspension_request"] = self.suspend_until
        if self.network_date:
            done["first_billing"] = self.network_date
        if self.collected_amount > 0 and (self.collected_on or self.billed_date):
            bases["collected"] = self.collected_on or self.billed_date
        if self.is_annulled and self.cancelled_on:
            bases["refund_customer"] = self.cancelled_on
        elif self._is_lowered():
            bases["lowered"] = self.updated_on
        if self.return_by:
            known["refund_customer"] = self.return_by
        if self.returned_on:
            done["refund_customer"] = self.returned_on

    def _late_answers(self):
        """{practice id: day on which the late payment was answered}."""
        states = plain_values(self, ("late_state",))
        answered = self.filtered(lambda p: states[p.id].late_state == "answered")
        if not answered:
            return {}
        groups = self.env["cmor.practice.event"]._read_group(
            Domain("practice_id", "in", answered.ids)
            & Domain("kind", "=", "late_payment_answered"),
            ["practice_id"],
            ["date:max"],
        )
        return {practice.id: rome_day(moment) for practice, moment in groups}


@lru_cache(maxsize=1024)  # what was done together has one moment
def rome_day(moment):
    """The day in Italy of a stored (UTC) moment; None for none."""
    if not moment:
        return None
    return moment.replace(tzinfo=UTC).astimezone(ROME).date()


def _years(facts, today):
    """Every year that a term of these practices may touch."""
    days = [today]
    for fact in facts:
        days += [step.day for step in fact.steps]
        days += [request.sent for request in fact.requests if request.sent]
        days += fact.bases.values()
        days += [n.sent or n.notified for n in fact.notices if n.sent or n.notified]
    return range(min(days).year, max(days).year + 3)

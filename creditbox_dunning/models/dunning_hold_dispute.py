from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import holds as hold_rules
from ..rules import promises as rules
from .dunning_hold_watch import CHECK_TYPE

DISPUTED = "bill_disputed"
OUTCOMES = [
    (rules.CREDIT_NOTE, "Credit note"),
    (rules.CORRECTED, "Reading corrected"),
    (rules.REFUSED, "Refused"),
]
# ends that say that the customer was right or wrong: they need the answer
NEED_ANSWER = frozenset({"answered", "fact_over", "unfounded"})


class DunningHold(models.Model):
    """The dispute of one bill: what the customer wrote, by when it has to be answered,
    the answer, and what follows for the bill. The rest of the case goes on.

    The correspondence is the discussion of the suspension; what came and what was
    answered is kept with it.
    """

    _inherit = "dunning.hold"

    _guarded_fields = frozenset(
        {"dispute_outcome", "answered_on", "answered_by", "answer", "credit_note_id"}
    )

    is_dispute = fields.Boolean(
        string="Dispute of a bill", compute="_compute_is_dispute", store=True
    )
    dispute_outcome = fields.Selection(
        OUTCOMES, string="Outcome of the dispute", readonly=True, tracking=True
    )
    answered_on = fields.Date(readonly=True, tracking=True)
    answered_by = fields.Many2one("res.users", readonly=True)
    answer = fields.Text(string="What was answered", readonly=True)
    credit_note_id = fields.Many2one(
        "account.move", check_company=True, readonly=True, index="btree_not_null"
    )

    _dispute_idx = models.Index(
        "(company_id, answer_date) WHERE is_dispute IS TRUE AND answered_on IS NULL"
    )

    @api.depends("scope", "reason_id")
    def _compute_is_dispute(self):
        for hold in self:
            hold.is_dispute = hold.scope == "bill" and hold.reason_id.code == DISPUTED

    def _prepare_hold_vals(self, scope, record, reason, asked):
        # EXTENDS dunning.hold: a dispute has a term for its answer, as complaints have,
        # and the bill does not go on by itself before that
        vals = super()._prepare_hold_vals(scope, record, reason, asked)
        if scope != "bill" or reason.code != DISPUTED:
            return vals
        company = self._company_of(record)
        vals.update(self._complaint_vals(company, record, reason, vals))
        term, end = vals.get("answer_date"), vals["date_to"]
        if term and end and end < term and not asked["to"]:
            vals.update(date_to=term, resume_date=term + hold_rules.ONE_DAY)
        return vals

    def action_end(self, why, note="", proofs=None):
        # EXTENDS dunning.hold: guarded close
        for hold in self:
            if hold.is_dispute and not hold.answered_on and why in NEED_ANSWER:
                raise UserError(
                    self.env._(
                        "%(hold)s: record the answer to the dispute (button Answer it),"
                        " it ends with it.",
                        hold=hold.display_name,
                    )
                )
        return super().action_end(why, note, proofs)

    def action_open_answer(self):
        """Button: answer the dispute."""
        return self._open_wizard("answer", self.env._("Answer the dispute"))

    def action_answer(
        self, outcome, answer, answered_on=None, proofs=None, credit_note_id=None
    ):
        """Record the answer to the dispute of a bill, and let the bill follow.

        :param outcome: credit_note, reading_corrected or refused
        :param answer: what the customer was told
        :param answered_on: day on which it was sent, today when empty
        :param proofs: documents, ``[{"name": ..., "datas": base64}]``: a refusal needs
            the reasoned answer, a corrected reading the correction
        :param credit_note_id: the credit note of this bill
        """
        self.ensure_one()
        self.check_access("read")
        self._check_may(self.reason_id)
        self._check_open()
        day = fields.Date.to_date(answered_on) or self._today()
        note = self.env["account.move"].browse(credit_note_id or []).exists()
        self._check_answer(outcome, (answer or "").strip(), day, proofs, note)
        self._attach(proofs)
        self.sudo()._guarded().write(
            {
                "dispute_outcome": outcome,
                "answered_on": day,
                "answered_by": self.env.uid,
                "answer": answer.strip(),
                "credit_note_id": note.id,
            }
        )
        labels = dict(self._fields["dispute_outcome"]._description_selection(self.env))
        text = self.env._("Dispute answered: %(outcome)s.", outcome=labels[outcome])
        self.sudo().move_id._message_log(body=f"{text} {answer.strip()}")
        self._follow_answer(outcome, day, f"{labels[outcome]}. {answer.strip()}")
        return True

    def _check_answer(self, outcome, answer, day, proofs, note):
        if not self.is_dispute or self.answered_on:
            raise UserError(self.env._("This is no dispute that waits for an answer."))
        if outcome not in dict(OUTCOMES) or not answer:
            raise UserError(
                self.env._("Say how the dispute ended and what the customer was told.")
            )
        if not self.received_on <= day <= self._today():
            raise UserError(
                self.env._("The answer lies between the day of the dispute and today.")
            )
        if outcome == rules.CREDIT_NOTE or note:
            self._check_credit_note(note)
        if outcome == rules.REFUSED and not proofs:
            raise UserError(
                self.env._("A refusal needs the reasoned answer: attach it.")
            )
        if outcome == rules.CORRECTED and not (proofs or note):
            raise UserError(
                self.env._(
                    "Attach the correction of the reading, or choose the credit note."
                )
            )

    def _check_credit_note(self, note):
        note.check_access("read")
        bill, paper = self.sudo().move_id, note.sudo()
        matched = paper.line_ids.matched_debit_ids.debit_move_id.move_id
        is_of_bill = paper.reversed_entry_id == bill or bill in matched
        if not (
            len(paper) == 1
            and paper.move_type == "out_refund"
            and paper.state == "posted"
            and is_of_bill
        ):
            raise UserError(
                self.env._(
                    "Choose a posted credit note made for this bill or matched with it."
                )
            )

    def _follow_answer(self, outcome, day, text):
        """After a refusal the customer has some days to pay; otherwise what is left
        of the bill goes on at once."""
        hold = self.sudo()._guarded()
        days = hold.company_id.dunning_dispute_days
        resume = rules.resumes_after_answer(outcome, day, days)
        if resume <= self._today():
            self._end("answered", text)
            return
        if hold.resume_date and hold.resume_date < resume:
            hold._check_free(
                [
                    {
                        **hold._overlap_key(),
                        "date_from": hold.resume_date,
                        "resume_date": resume,
                    }
                ]
            )
        hold.write(
            {
                "date_to": resume - hold_rules.ONE_DAY,
                "resume_date": resume,
                "end_rule": "date",
                "check_date": False,
                "wanted_to": False,
                "waits_approval": False,
            }
        )
        self._forget_requests()
        self._say(self.env._("Dispute answered"), text)
        hold.activity_unlink([CHECK_TYPE])
        self._take_effect()

    def _next_day(self):
        # EXTENDS dunning.hold: what was answered has no term any more
        if not self.answered_on:
            return super()._next_day()
        return min(day for day in (self.check_date, self.date_to) if day)

    def _get_reminder(self):
        # EXTENDS dunning.hold
        if self.answered_on:
            return self.env._("The suspension is about to end.")
        if self.is_dispute:
            return self.env._("Answer the dispute of the bill.")
        return super()._get_reminder()

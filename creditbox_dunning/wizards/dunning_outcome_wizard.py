from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..models.dunning_action import OUTCOME_LABELS
from ..rules import outcomes
from ..rules.facts import Reason

SUBJECTS = [
    ("letter", "Letter"),
    ("list", "List to the technical office"),
    ("work", "Technical office"),
    ("agency", "Collection agency"),
    ("settlement", "Settlement"),
    ("instalments", "Payment plan"),
    ("court", "Legal action"),
]
# the field of the form that holds the result of each kind of work
RESULTS = {
    "agency": "agency_result",
    "settlement": "settlement_result",
    "instalments": "instalments_result",
    "court": "court_result",
}


def _labels(subject, state=None):
    return [
        (code, label)
        for code, label in OUTCOME_LABELS
        if outcomes.OUTCOMES[code].subject == subject
        and state in (None, outcomes.OUTCOMES[code].state)
    ]


class DunningOutcomeWizard(models.TransientModel):
    """What came of letters sent by hand and of steps done by a person.

    Recording is the decision of who records: name and moment stay on the action.
    """

    _name = "dunning.outcome.wizard"
    _description = "Record the outcome of an action"

    action_ids = fields.Many2many("dunning.action", required=True)
    subject = fields.Selection(SUBJECTS, compute="_compute_subject")
    are_letters = fields.Boolean(compute="_compute_subject")
    result = fields.Selection(
        [
            ("sent", "Sent"),
            ("notified", "Delivered"),
            ("failed", "Came back"),
        ],
        help="Sent: it left. Delivered: it reached the customer, the terms run.",
    )
    arrival = fields.Selection(
        _labels(outcomes.LETTER, "done"),
        string="How it was delivered",
        default="delivered",
        help="A letter refused, or left at the post office until the term ran out,"
        " counts as delivered.",
    )
    failure = fields.Selection(
        _labels(outcomes.LETTER, "failed"), string="Why it came back"
    )
    work_result = fields.Selection([("done", "Done"), ("not_done", "Not done")])
    not_done_reason = fields.Selection(
        _labels(outcomes.WORK, "failed"), string="Why it was not done"
    )
    agency_result = fields.Selection(_labels(outcomes.AGENCY))
    settlement_result = fields.Selection(_labels(outcomes.SETTLEMENT))
    instalments_result = fields.Selection(
        _labels(outcomes.INSTALMENTS), string="Plan result"
    )
    court_result = fields.Selection(_labels(outcomes.COURT))
    court_number = fields.Char(
        string="Register number",
        help="Of the decree, of the act or of the claim. Without it an outcome of the"
        " same kind, told again, corrects the day of the step that is open.",
    )
    sent_date = fields.Date()
    notified_date = fields.Date(string="Delivered on")
    done_date = fields.Date(string="Date")
    planned_date = fields.Date(
        string="Work planned on",
        help="The day fixed by the technical office: never a Friday, a Saturday, a"
        " holiday or the day before one.",
    )
    pay_term = fields.Date(
        string="Payment term",
        help="Last day to pay; by the rules of the service when empty.",
    )
    protocol = fields.Char(help="Number of the registered letter or PEC.")
    law_says = fields.Char(
        string="What it broke",
        compute="_compute_law_says",
        help="The rules of law that forbade it on that day.",
    )
    is_unlawful = fields.Boolean(
        string="It was carried out all the same",
        help="Recorded as it happened, as against the law: with its indemnity, and the"
        " case goes on lawfully from there.",
    )
    unlawful_note = fields.Text(
        string="How it came to it",
        help="Required: it stays in the history of the case.",
    )
    wrong_contract_id = fields.Many2one(
        "utility.contract",
        string="Supply that was cut instead",
        help="When another supply was cut by mistake: it comes back, with its"
        " indemnity.",
    )
    note = fields.Char()
    proof = fields.Binary()
    proof_name = fields.Char()

    @api.depends("action_ids")
    def _compute_subject(self):
        for wizard in self:
            found = {action._get_outcome_subject() for action in wizard.action_ids}
            wizard.subject = found.pop() if len(found) == 1 else False
            wizard.are_letters = wizard.subject == "letter"

    @api.depends("action_ids", "subject", "work_result", "done_date")
    def _compute_law_says(self):
        for wizard in self:
            is_order = (
                wizard.subject in ("list", "work") and len(wizard.action_ids) == 1
            )
            wizard.law_says = False
            if is_order and wizard.work_result == "done" and wizard.done_date:
                action = wizard.action_ids._origin
                breach = action._find_breach(wizard.done_date)
                wizard.law_says = action._breach_words(breach)

    def action_confirm(self):
        """Button: record it on every action chosen."""
        self.ensure_one()
        actions = self.action_ids
        self.env["dunning.case"]._check_is_operator(actions)
        actions.check_access("read")
        if not (self.is_unlawful and all(a._is_withdrawn_order() for a in actions)):
            actions._check_takes_outcome()
        if not self.subject:
            raise UserError(self.env._("Record actions of one kind at a time."))
        if self.subject == "letter":
            self._record_letters(actions)
        else:
            self.env["dunning.case"]._check_is_manager(actions)
            self._record_work(actions)
        return {"type": "ir.actions.act_window_close"}

    def _check_days(self, *days):
        today = fields.Date.context_today(self)
        days = [day for day in days if day]
        if any(day > today for day in days):
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        if days != sorted(days):
            raise UserError(self.env._("A letter cannot arrive before it is sent."))

    # letters

    def _record_letters(self, actions):
        first = actions.communication_ids.filtered("sent_date")[:1]
        sent = self.sent_date or first.sent_date or actions[:1].executed_date
        if not self.result or not sent:
            raise UserError(self.env._("Say what happened and the day of sending."))
        if self.result == "notified" and not self.notified_date:
            raise UserError(self.env._("Say on which day it reached the customer."))
        self._check_days(sent, self.notified_date)
        for action in actions:
            self._record_letter(action, sent)

    def _record_letter(self, action, sent):
        messages = action.communication_ids.filtered(lambda m: m.state != "cancelled")
        by_hand = messages.filtered(lambda m: m.channel in ("ar", "pec"))
        letters = by_hand or messages.filtered(lambda m: m.channel == "pp")
        message = (letters or messages)[:1]
        self._check_made(action, message, sent)
        sent = message.sent_date or sent
        is_notified = self.result == "notified"
        arrived = self.notified_date if is_notified else False
        term = self.pay_term or action._get_pay_term(
            message, arrived if arrived and message.channel == "pec" else sent
        )
        told = {
            "sent_date": sent,
            "pay_term": term,
            "protocol": self.protocol or message.protocol,
        }
        reason = self.note or self.env._("Recorded by a person.")
        on_the_way = message.state in ("accepted", "delivered")
        message._move(message.state if on_the_way else "sent", reason, **told)
        if is_notified:
            message._move("delivered", reason, notified_date=arrived, **told)
        elif self.result == "failed":
            message._move("failed", self._get_failure() or reason, **told)
        self._attach_proof(message)
        self._set_letter_state(action, message, sent, arrived, term)
        action._write_notices(sent, arrived)
        proofs = message._proofs().get(message.id, ())
        links = [fields.Command.link(proof) for proof in proofs]
        action.notice_id.sudo().write({"pay_term": term, "attachment_ids": links})

    def _check_made(self, action, message, sent):
        """A letter does not leave before it is made: terms would have run before it
        existed."""
        if not message.sent_date and sent < action.planned_date:
            raise UserError(
                self.env._(
                    "%(action)s was decided on %(made)s: it cannot have left on"
                    " %(sent)s.",
                    action=action.display_name,
                    made=format_date(self.env, action.planned_date),
                    sent=format_date(self.env, sent),
                )
            )

    def _set_letter_state(self, action, message, sent, arrived, term):
        vals = {"pay_term": term, "channel_used": message.channel}
        if self.result == "sent":
            if action.state != "done":
                action._set_state("executing", executed_date=sent, **vals)
            return
        note = self.note or self.protocol or ""
        if self.result == "notified":
            action._record_outcome(
                self.arrival or "delivered",
                arrived,
                note=note,
                executed_date=sent,
                **vals,
            )
            return
        returned = Reason.of("returned", note=self._get_failure() or "-")
        action._record_outcome(
            self.failure or "", sent, "failed", note=note, reason=returned, **vals
        )

    def _get_failure(self):
        if self.result != "failed":
            return False
        labels = dict(self._fields["failure"]._description_selection(self.env))
        return ": ".join(filter(None, (labels.get(self.failure), self.note))) or False

    def _attach_proof(self, message):
        if not self.proof or not message:
            return
        self.env["ir.attachment"].sudo().create(
            {
                "name": self.proof_name or self.env._("Proof"),
                "datas": self.proof,
                "res_model": message._name,
                "res_id": message.id,
                "company_id": message.company_id.id,
            }
        )

    # work: technical office, agency, settlement, plan, court

    def _record_work(self, actions):
        if not self.done_date:
            raise UserError(self.env._("Say what happened and on which day."))
        self._check_days(self.done_date)
        outcome, state = self._get_work_outcome()
        vals = {}
        if self.planned_date:
            vals["planned_work_date"] = self.planned_date
        if self.pay_term:
            vals["pay_term"] = self.pay_term
        if self.subject == "court" and self.court_number:
            vals["court_number"] = self.court_number
        if self.is_unlawful and state == "done":
            self._record_unlawful(actions, vals)
            return
        if self.subject == "list" and state == "done":
            self._record_list(actions, vals)
            return
        actions._record_outcome(
            outcome, self.done_date, state=state, note=self.note or "", **vals
        )
        if self.wrong_contract_id and outcome == "wrong_meter":
            actions.ensure_one()._cut_instead(
                self.wrong_contract_id, self.done_date, self.unlawful_note
            )

    def _record_unlawful(self, actions, vals):
        """Against the law: one at a time, each has its own story."""
        if len(actions) != 1 or self.subject not in ("list", "work"):
            raise UserError(
                self.env._("What is against the law is recorded one order at a time.")
            )
        actions._record_unlawful(
            self.done_date, self.note or "", self.unlawful_note, **vals
        )

    def _get_work_outcome(self):
        """(outcome code or "", state) of what was chosen; raises when nothing was."""
        chosen = RESULTS.get(self.subject) and self[RESULTS[self.subject]]
        if chosen:
            return chosen, outcomes.OUTCOMES[chosen].state
        if self.work_result == "done":
            is_work = self.subject in ("list", "work")
            return ("executed" if is_work else ""), "done"
        if self.work_result == "not_done":
            return self.not_done_reason or "", "failed"
        raise UserError(self.env._("Say what happened and on which day."))

    def _record_list(self, actions, vals):
        """The list is over when the plan comes; without rows that need one, at once."""
        for action in actions:
            needs_plan = "plan" in action._rows_of_set().mapped("anchor")
            sent = action.executed_date or self.done_date
            if needs_plan and not self.planned_date:
                action._check_guard(sent)
                action._record_outcome(
                    "", sent, state="open", note=self.note or "", **vals
                )
                continue
            if self.planned_date and self.planned_date < sent:
                raise UserError(
                    self.env._("The work cannot be planned before the list was sent.")
                )
            action._record_outcome("executed", sent, note=self.note or "", **vals)

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.dunning_action import OPEN_STATES
from ..models.dunning_action_execution import TECHNICAL_ACTION
from ..rules.facts import Reason


class DunningOutcomeWizard(models.TransientModel):
    """What came of letters sent by hand and of steps done by a person.

    Recording is the decision of who records: name and moment stay on the action.
    """

    _name = "dunning.outcome.wizard"
    _description = "Record the outcome of an action"

    action_ids = fields.Many2many("dunning.action", required=True)
    are_letters = fields.Boolean(compute="_compute_are_letters")
    result = fields.Selection(
        [
            ("sent", "Sent"),
            ("notified", "Delivered"),
            ("failed", "Came back"),
        ],
        help="Sent: it left. Delivered: it reached the customer, the terms run.",
    )
    work_result = fields.Selection([("done", "Done"), ("not_done", "Not done")])
    sent_date = fields.Date()
    notified_date = fields.Date(string="Delivered on")
    done_date = fields.Date()
    pay_term = fields.Date(
        string="Payment term",
        help="Last day to pay; by the rules of the service when empty.",
    )
    protocol = fields.Char(help="Number of the registered letter or PEC.")
    note = fields.Char()
    proof = fields.Binary()
    proof_name = fields.Char()

    @api.depends("action_ids")
    def _compute_are_letters(self):
        for wizard in self:
            wizard.are_letters = all(a.state == "executing" for a in wizard.action_ids)

    def action_confirm(self):
        """Button: record it on every action chosen."""
        self.ensure_one()
        actions = self.action_ids
        self.env["dunning.case"]._check_is_operator()
        actions.check_access("read")
        if any(action.state not in OPEN_STATES for action in actions):
            raise UserError(self.env._("One of these actions waits for nothing."))
        if self.are_letters:
            self._record_letters(actions)
        else:
            self._record_work(actions)
        return {"type": "ir.actions.act_window_close"}

    def _record_letters(self, actions):
        first = actions.communication_ids.filtered("sent_date")[:1]
        sent = self.sent_date or first.sent_date
        if not self.result or not sent:
            raise UserError(self.env._("Say what happened and the day of sending."))
        if self.result == "notified" and not self.notified_date:
            raise UserError(self.env._("Say on which day it reached the customer."))
        self._check_days(sent, self.notified_date)
        for action in actions:
            self._record_letter(action, sent)

    def _check_days(self, *days):
        today = fields.Date.context_today(self)
        days = [day for day in days if day]
        if any(day > today for day in days):
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        if days != sorted(days):
            raise UserError(self.env._("A letter cannot arrive before it is sent."))

    def _record_letter(self, action, sent):
        message = action.communication_ids.filtered(
            lambda m: m.channel in ("ar", "pec") and m.state != "cancelled"
        )[:1]
        sent = message.sent_date or sent
        is_notified = self.result == "notified"
        arrived = self.notified_date if is_notified else False
        term = self.pay_term or action._get_pay_term(
            message, arrived if arrived and message.channel == "pec" else sent
        )
        states = {"sent": "sent", "notified": "delivered", "failed": "failed"}
        message.sudo()._guarded().write(
            {
                "state": states[self.result],
                "sent_date": sent,
                "notified_date": arrived,
                "pay_term": term,
                "protocol": self.protocol or message.protocol,
                "failure_reason": self.note if self.result == "failed" else False,
            }
        )
        self._attach_proof(message)
        decided = {"decided_by": self.env.uid, "decided_on": fields.Datetime.now()}
        note = Reason.of("by_hand", note=self.note or self.protocol or "-")
        if self.result == "failed":
            returned = Reason.of("returned", note=self.note or "-")
            action._set_state("failed", returned, executed_date=sent, **decided)
        elif is_notified:
            action._set_state(
                "done", note, executed_date=sent, effective_date=arrived, **decided
            )
        else:
            action._set_state("executing", executed_date=sent)
        action._write_notices(sent, arrived)
        proofs = message._proofs().get(message.id, ())
        links = [fields.Command.link(proof) for proof in proofs]
        action.notice_id.sudo().write({"pay_term": term, "attachment_ids": links})

    def _attach_proof(self, message):
        if not self.proof:
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

    def _record_work(self, actions):
        """Steps that a person did: never those that touch the supply."""
        self.env["dunning.case"]._check_is_manager()
        touching = actions.filtered(
            lambda a: a.action_type_id.code == TECHNICAL_ACTION and a.op != "list"
        )
        if touching:
            raise UserError(
                self.env._(
                    "%(action)s touches the supply: it can be recorded only with the"
                    " legal checks, which this version does not have yet.",
                    action=touching[0].display_name,
                )
            )
        if not self.work_result or not self.done_date:
            raise UserError(self.env._("Say what happened and on which day."))
        self._check_days(self.done_date)
        state = "done" if self.work_result == "done" else "failed"
        actions._set_state(
            state,
            Reason.of("by_hand", note=self.note or "-"),
            executed_date=self.done_date,
            effective_date=self.done_date if state == "done" else False,
            decided_by=self.env.uid,
            decided_on=fields.Datetime.now(),
        )

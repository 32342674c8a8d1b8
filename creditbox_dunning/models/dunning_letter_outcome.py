from odoo import fields, models

from ..rules.facts import Reason
from .dunning_action_execution import BY_HAND


class DunningCommunication(models.Model):
    """What a proof of sending or arrival means for the step and for its notice.

    For channels with proof (PEC, registered letters); the state of the message itself
    changes by `_move`.
    """

    _inherit = "dunning.communication"

    def _record_leaving(self, day, evidence=None):
        """It left on ``day``, with proof: the notice is written, its terms may run.

        :param evidence: ir.attachment records that prove it
        """
        self.ensure_one()
        action = self.sudo().action_id
        term = self._recorded_term(day)
        if action.state == "executing":
            action._set_state(
                "executing",
                executed_date=day,
                pay_term=term,
                channel_used=self.channel,
            )
        self._write_notice(day, None, term, evidence)

    def _record_arrival(self, outcome, day, note="", evidence=None):
        """It reached the customer on ``day``: the step is done, its notice notified.

        :param outcome: code of rules/outcomes.py
        """
        self.ensure_one()
        action = self.sudo().action_id
        term = self._recorded_term(day)
        sent = self.sent_date or day
        if action._takes_outcome():
            told = {"pay_term": term} if term else {}
            action._record_outcome(
                outcome,
                day,
                note=note,
                reason=Reason.of("arrived", note=note or "-"),
                executed_date=sent,
                channel_used=self.channel,
                **told,
            )
        self._write_notice(sent, day, term, evidence)

    def _recorded_term(self, day):
        """Last day to pay, kept on the message; it never becomes shorter."""
        message = self.sudo()
        if message.channel not in BY_HAND:
            # what proves nothing starts no term
            return message.pay_term
        term = message.action_id._get_pay_term(message, day) or message.pay_term
        if message.pay_term and term:
            term = max(message.pay_term, term)
        if term != message.pay_term:
            message._guarded().write({"pay_term": term})
        return term

    def _write_notice(self, sent, arrived, term, evidence):
        message = self.sudo()
        action = message.action_id
        was_notified = action.notice_id.notified_date
        action._write_notices(sent, arrived or was_notified)
        proofs = message._proofs().get(message.id, ())
        proofs = [*proofs, *(evidence.ids if evidence else ())]
        action.notice_id.sudo().write(
            {
                "pay_term": term,
                "attachment_ids": [fields.Command.link(proof) for proof in proofs],
            }
        )

from odoo import models
from odoo.exceptions import UserError

from ..rules.facts import Reason
from ..rules.outbox import may_move
from .dunning_action_execution import BY_HAND


class DunningCommunication(models.Model):
    """What only a person may say of a message: what became of one in doubt, and that
    one is to be sent again."""

    _inherit = "dunning.communication"

    def action_decide(self):
        """Button: say what became of these, or have failed ones sent again."""
        self.env["dunning.case"]._check_is_operator(self)
        self.check_access("read")
        wrong = self.filtered(lambda m: m.state not in ("uncertain", "failed"))
        if wrong or not self:
            raise UserError(
                self.env._("Choose messages that are uncertain or have failed.")
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What became of it"),
            "res_model": "dunning.communication.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_communication_ids": self.ids},
        }

    def _decide(self, decision, reason, day=None):
        """A person says of these messages: ``sent``, ``delivered`` (on ``day``),
        ``failed`` or ``again``, and how he knows.

        :raise UserError: when one cannot become it, or its case went on meanwhile
        """
        self.env["dunning.case"]._check_is_operator(self)
        self.check_access("read")
        state = "to_send" if decision == "again" else decision
        for message in self:
            if not may_move(message.state, state, by_person=True):
                raise UserError(
                    self.env._(
                        "%(message)s cannot become that: look at its history.",
                        message=message.display_name,
                    )
                )
        for message in self:
            if decision == "again":
                message._send_again(reason)
            elif decision == "delivered":
                message._move("delivered", reason, by_person=True, notified_date=day)
                message._tell_delivered(day, reason)
            else:
                message._move(state, reason, by_person=True)
                if decision == "failed":
                    message._tell_failure(reason)
        return True

    def _send_again(self, reason):
        """Back to the outbox, to where the customer is reached today; its step is
        under way again."""
        self.ensure_one()
        message = self.sudo()
        action = message.action_id
        later = action.case_id.action_ids.filtered(
            lambda a: a.id > action.id and a.state not in ("superseded", "skipped")
        )
        if later:
            raise UserError(
                self.env._(
                    "The case went on with %(step)s: nothing is sent again.",
                    step=later[0].display_name,
                )
            )
        message._move(
            "to_send",
            reason,
            by_person=True,
            next_try=False,
            raw_id=False,
            raw_sha256=False,
            failure_reason=False,
            external_ref=False,
        )
        if action.state == "failed":
            state = "executing" if action._channel_set() & BY_HAND else "done"
            back = {"outcome": False, "outcome_note": False}
            if state == "done":
                back["effective_date"] = action.executed_date
            action._set_state(state, Reason.of("sent_again", note=reason), **back)
        self.env["dunning.outbox"]._wake()

    def _tell_delivered(self, day, reason=""):
        """It reached the customer on ``day``: the step that waited for it is done, and
        its notice notified."""
        for message in self.sudo():
            if message.action_id.state == "executing":
                message._record_arrival("delivered", day, reason)

import logging

from odoo import models

from odoo.addons.utility_supply.models.isolation import apart

from ..rules.facts import Reason
from ..rules.outbox import GONE

_logger = logging.getLogger(__name__)

# an action that is here may still have its message sent
MAY_SEND = ("done", "executing")


class DunningOutbox(models.AbstractModel):
    """The last look before a message leaves: what changed since it was written."""

    _inherit = "dunning.outbox"

    def _get_ready(self, provider, channel, messages):
        """Look again at what would leave, write down what does; returns what may."""
        today = self.env["dunning.case"]._today(provider.company_id)
        ready = self._recheck(messages, channel, today)
        self._commit()
        ready = self._prepared(ready, channel, today)
        self._commit()
        return ready

    def _recheck(self, messages, channel, today):
        """Bills paid, step taken back or suspended, address gone: not sent any more."""
        actions = messages.action_id
        over = actions.filtered(
            lambda a: a.state not in MAY_SEND or a.case_id.state == "closed"
        )
        paid = (actions - over)._filter_paid()
        held = self._held(actions - over - paid, today)
        self._take_back(messages, over, None, self.env._("The step was taken back."))
        self._take_back(
            messages,
            paid,
            Reason.of("paid_before_sending"),
            self.env._("Paid before it was sent."),
        )
        for code, stopped in held.items():
            self._take_back(
                messages,
                stopped,
                Reason.of("hold_placed", reason=code),
                self.env._("Suspended before it was sent."),
            )
        left = messages.filtered(lambda m: m.state == "to_send")
        return self._with_address(left, channel)

    def _held(self, actions, today):
        """{reason code: those of ``actions`` that a suspension stops today}."""
        holds = self.env["dunning.hold"].sudo()
        of_case = holds._for_cases(actions.case_id, today)
        found = {}
        for action in actions:
            hold = holds._stopping(action, of_case.get(action.case_id.id, ()), today)
            if hold:
                found[hold.reason] = found.get(hold.reason, actions.browse()) | action
        return found

    def _take_back(self, messages, actions, reason, words):
        """The messages of ``actions`` do not leave; nor is a step done of which
        nothing left."""
        if not actions:
            return
        gone = messages.filtered(lambda m: m.action_id in actions)
        gone._move("cancelled", words)
        if reason:
            unsent = actions.filtered(
                lambda a: not any(m.state in GONE for m in a.communication_ids)
            )
            unsent._set_state("superseded", reason)

    def _with_address(self, messages, channel):
        """Those that have somewhere to go; the address is the one of now."""
        for message in messages:
            address = channel._get_address(message.action_id)
            if not address:
                reason = self.env._("Not sent: the address is no longer valid.")
                message._move("failed", reason)
                message._tell_failure(reason)
            elif address != message.address:
                # what was prepared for the old one is prepared again
                words = self.env._("New address.")
                told = {"address": address, "raw_id": False, "raw_sha256": False}
                message._move("to_send", words, **told)
        return messages.filtered(lambda m: m.state == "to_send")

    def _prepared(self, messages, channel, today):
        """Write down what will leave; one that cannot be written stops no other."""
        todo = messages.filtered(lambda message: not message.raw_id)
        if not todo:
            return messages
        apart(todo, lambda some: channel._prepare(some, today), self._not_prepared)
        return messages.filtered(lambda m: m.state == "to_send")

    def _not_prepared(self, message, error):
        _logger.error("Message %s cannot be prepared.", message.id, exc_info=error)
        reason = self.env._("It cannot be prepared: %(error)s", error=str(error)[:200])
        message._move("failed", reason)
        message._tell_failure(reason)


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    def _tell_failure(self, reason, outcome=""):
        """What a failed message means for its step: nothing while another message of
        the same step is under way or arrived; else it failed, and the table goes on by
        another channel.

        :param outcome: a code of rules/outcomes.py; "" = the channel's own
        """
        for message in self.sudo():
            action = message.action_id
            others = action.communication_ids - message
            if any(m.state in GONE or m.state == "to_send" for m in others):
                continue
            if not action._takes_outcome():
                continue
            day = self.env["dunning.case"]._today(message.company_id)
            told = outcome or ("pec_failed" if message.channel == "pec" else "")
            action._record_outcome(
                told or "other_failure",
                day,
                note=reason,
                reason=Reason.of("message_failed", note=reason),
                channel_used=message.channel,
            )

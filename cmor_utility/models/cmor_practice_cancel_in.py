from odoo import fields, models
from odoo.exceptions import UserError

from ..rules import incoming, lifecycle, messages
from .texts import named

# the practice waits as such only where nothing has been charged
CANCEL_STATES = tuple(
    state
    for state in lifecycle.INCOMING_LIVE
    if state not in ("received", "cancel_requested")
)


class CmorPractice(models.Model):
    """Incoming side: annulment asked by us."""

    _inherit = "cmor.practice"

    def action_ask_cancel_in(self):
        """Button: dialog that asks the SII to annul these practices."""
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.cancel.in.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Ask the annulment"),
            "context": {"default_practice_ids": self.ids},
        }

    def action_cancel_failed(self):
        """Button of an operator: no answer came and the claim went on all the same."""
        self._check_may_operate()
        todo = self.sudo().filtered(
            lambda p: p.side == "incoming" and p.state == "cancel_requested"
        )
        requests = todo.request_ids.filtered(
            lambda r: r.key == incoming.CANCEL and r.state in ("sent", "admitted")
        )
        requests._set_state("overtaken")
        before = todo._state_before_cancel()
        for practice in todo:
            practice._move_to(before.get(practice, "matched"), "cancel_failed")
        todo._settle(fields.Date.context_today(self))

    def _ask_cancel_in(self, reason, note="", date=None):
        """Open a request of annulment for each of these incoming practices.

        :param reason: cmor.cancel.reason that the incoming side may raise
        :param str note: in words, mandatory where the reason says so
        :param date date: day of the finding; None: today
        :return: the requests; fewer than practices where an approval was asked
        :raise UserError: with all the reasons why it may not be asked
        """
        self._check_may_operate()
        note = (note or "").strip()
        if not reason.by_incoming:
            raise UserError(
                self.env._("%(reason)s is not ours to raise.", reason=reason.name or "")
            )
        if reason.needs_text and not note:
            raise UserError(self.env._("Write why: the reason asks for a text."))
        practices = self.sudo()
        wrong = practices.filtered(
            lambda p: p.side != "incoming" or p.state not in CANCEL_STATES
        )
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: only what runs is annulled.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        date = date or fields.Date.context_today(self)
        cleared, _asked = self._clear(
            "annul",
            payload={
                "reason_id": reason.id,
                "event_date": fields.Date.to_string(date),
                "note": note,
            },
        )
        return cleared.sudo()._open_cancel_in(reason, note, date)

    def _run_cancel(self, payload):
        # EXTENDS: the annulment that was approved, of the incoming side
        if self.side != "incoming":
            return super()._run_cancel(payload)
        return self._ask_cancel_in(
            self.env["cmor.cancel.reason"].browse(payload["reason_id"]),
            payload["note"],
            fields.Date.to_date(payload["event_date"]),
        )

    def _open_cancel_in(self, reason, note, date):
        """The requests themselves."""
        requests = self.env["cmor.practice.request"]._open(
            self,
            incoming.CANCEL,
            lambda p: {
                "reason": reason.code,
                "event_date": date,
                "values": messages.encode_params(
                    {
                        "cancel_sii_code": p.sii_code,
                        "side_code": "E",
                        "cause_code": reason.code,
                        "cause_text": note if reason.needs_text else reason.name,
                        "event_date": date,
                        "note": note,
                    }
                ),
            },
        )
        self._log(
            "cancel_asked",
            lambda p: {"reason": named(reason), "note": note or "-"},
        )
        self._set_next()
        return requests

    def _state_before_cancel(self):
        """{practice: state that it had before it waited for its annulment}."""
        events = (
            self.env["cmor.practice.event"]
            .sudo()
            .search(
                [
                    ("practice_id", "in", self.ids),
                    ("state_to", "=", "cancel_requested"),
                ],
                order="id",
            )
        )
        return {event.practice_id: event.state_from for event in events}

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import lifecycle, messages
from .cmor_practice_facts import _cents
from .cmor_practice_request import LIVE_STATES
from .texts import named

# the annulment is asked, and the practice waits for its outcome as such ...
WAITING_SOURCES = lifecycle.OUTGOING_SOURCES["cancel_requested"]
# ... or goes on as it is until the outcome comes
STAYING = ("suspended", "updated", "paid", "excess_to_return")
CANCEL_STATES = (*WAITING_SOURCES, *STAYING)


class CmorPractice(models.Model):
    """Annulment asked by us (AI1.0050)."""

    _inherit = "cmor.practice"

    can_withdraw_cancel = fields.Boolean(compute="_compute_can_withdraw_cancel")

    @api.depends("request_ids.state")
    def _compute_can_withdraw_cancel(self):
        for practice in self:
            practice.can_withdraw_cancel = any(
                request.key == "cancel_request" and request.state == "to_export"
                for request in practice.request_ids
            )

    # --- actions ----------------------------------------------------------------

    def action_ask_cancel(self):
        """Button: dialog that asks the annulment of one or many practices."""
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.cancel.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Ask the annulment"),
            "context": {"default_practice_ids": self.ids},
        }

    def action_withdraw_cancel(self):
        """Button of an operator: the annulment is not sent after all."""
        self._check_may_operate()
        requests = self.sudo().request_ids.filtered(
            lambda r: r.key == "cancel_request" and r.state == "to_export"
        )
        if not requests:
            raise UserError(
                self.env._("No request of annulment waits: it is in a file already.")
            )
        requests.with_env(self.env).action_withdraw()

    def _next_step(self):
        # EXTENDS: what was asked leaves with a file, or the SII has to answer it
        step = super()._next_step()
        if step[0] or self.side != "outgoing" or self.state != "cancel_requested":
            return step
        live = self.request_ids.filtered(lambda r: r.state in ("to_export", "exported"))
        if not live:
            return "await_annulment", {}, False
        first = live.sorted("id")[0]
        key = "export_request" if first.state == "to_export" else "mark_request"
        return key, {"flow": first.type_id.name}, False

    # --- business ---------------------------------------------------------------

    def _cannot_cancel_reason(self):
        """Why no annulment may be asked; False when it may."""
        self.ensure_one()
        if self.state == "exported":
            return self.env._(
                "its file has not been sent: discard it and make it again."
            )
        if self.state == "sent":
            return self.env._(
                "the SII has not answered yet: load its answer, then ask."
            )
        if self.state == "cancel_requested":
            return self.env._("its annulment is under way already.")
        if self.side != "outgoing" or self.state not in CANCEL_STATES:
            return self.env._("only what runs at the SII is annulled.")
        if not self.sii_code:
            return self.env._("it has no SII code yet.")
        return False

    def _ask_cancel(self, reason, event_date, note="", amounts=None, new_amounts=None):
        """Open a request of annulment for each of these practices.

        :param reason: cmor.cancel.reason
        :param date event_date: day of the payment or of the finding
        :param str note: mandatory where the reason says so
        :param dict amounts: {practice: Decimal collected}
        :param dict new_amounts: {practice: Decimal that the claim should be}
        :return: the requests; fewer than practices where an approval was asked
        :raise UserError: with all the reasons why it may not be asked
        """
        self._check_may_operate()
        amounts, new_amounts = amounts or {}, new_amounts or {}
        self._check_can_cancel(reason, note)
        cleared, _asked = self._clear(
            "annul",
            payload=lambda practice: {
                "reason_id": reason.id,
                "event_date": fields.Date.to_string(event_date),
                "note": note or "",
                "amount": str(amounts.get(practice) or 0),
                "new_amount": str(new_amounts.get(practice, "")),
            },
        )
        return cleared._open_cancel(reason, event_date, note, amounts, new_amounts)

    def _run_cancel(self, payload):
        """Ask the annulment that was approved."""
        new_amount = payload.get("new_amount")
        self._ask_cancel(
            self.env["cmor.cancel.reason"].browse(payload["reason_id"]),
            fields.Date.to_date(payload["event_date"]),
            payload["note"],
            {self: Decimal(payload["amount"])},
            {self: Decimal(new_amount)} if new_amount else {},
        )

    def _check_can_cancel(self, reason, note):
        if not reason.by_outgoing:
            raise UserError(
                self.env._("%(reason)s is not ours to raise.", reason=reason.name)
            )
        if reason.needs_text and not (note or "").strip():
            raise UserError(self.env._("Write why: the reason asks for a text."))
        problems = [
            f"{practice.display_name}: {why}"
            for practice in self
            if (why := practice._cannot_cancel_reason())
        ]
        if problems:
            raise UserError("\n".join(problems))

    def _open_cancel(self, reason, event_date, note, amounts, new_amounts):
        """The requests themselves, and the state of the practices."""
        me = self.sudo()
        requests = self.env["cmor.practice.request"]._open(
            me,
            "cancel_request",
            lambda practice: practice._prepare_cancel(
                reason, event_date, note, amounts, new_amounts
            ),
        )
        params = {"reason": named(reason), "note": (note or "").strip() or "-"}
        moving = me.filtered(lambda p: p.state in WAITING_SOURCES)
        moving._move_to("cancel_requested", "cancel_asked", params)
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(practice, "cancel_asked", params)
                for practice in me - moving
            ]
        )
        me._late_answered()
        me._set_next()
        return requests

    def _prepare_cancel(self, reason, event_date, note, amounts, new_amounts):
        collected = amounts.get(self) or 0
        values = {
            "cancel_sii_code": self.sii_code,
            "cancel_code": self.code or "",
            "side_code": "U",
            "cause_code": reason.code,
            "cause_text": reason.name,
            "event_date": event_date,
            "note": (note or "").strip(),
        }
        if collected:
            values["collected_amount"] = collected
        if self in new_amounts:
            values["amount_before"] = _cents(self.indemnity)
            values["cmor_amount"] = new_amounts[self]
        return {
            "reason": reason.code,
            "event_date": event_date,
            "amount": float(collected),
            "values": messages.encode_params(values),
        }

    def _back_from_cancel(self, kind="state", params=None, file=None):
        """The annulment was withdrawn or refused: back to where the practice was."""
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
        came_from = {event.practice_id: event.state_from for event in events}
        waiting = self.filtered(lambda p: p.state == "cancel_requested")
        for state, practices in waiting.grouped(
            lambda p: came_from.get(p, "accepted")
        ).items():
            practices._move_to(state, kind, params, file)
        waiting._set_next()


class CmorPracticeRequest(models.Model):
    _inherit = "cmor.practice.request"

    def _is_for_payment(self):
        """An annulment under way that was asked because the customer had paid."""
        if self.key != "cancel_request" or self.state not in LIVE_STATES:
            return False
        reasons = self.env["cmor.cancel.reason"].sudo()
        return bool(
            reasons.search_count(
                [("code", "=", self.reason), ("kind", "in", ("paid", "amount"))],
                limit=1,
            )
        )

    def _set_state(self, state, **extra):
        # EXTENDS: what became of the annulment is known, or it is not asked any more
        changed = super()._set_state(state, **extra)
        if state not in LIVE_STATES:
            mine = changed.filtered(lambda r: r.key == "cancel_request").practice_id
            over = mine.sudo().filtered("late_returned")
            over._guarded().write({"late_returned": False})
            over._set_next()
        return changed

    def action_withdraw(self):
        # EXTENDS: a practice that waited for its annulment goes on
        result = super().action_withdraw()
        mine = self.sudo().filtered(lambda r: r.key == "cancel_request")
        mine.practice_id._back_from_cancel("cancel_withdrawn")
        # an answer to a late payment that was taken back is due again
        mine.practice_id._late_reopened()
        return result

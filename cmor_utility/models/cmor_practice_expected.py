from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import plain_values, update_changed

from ..rules import forecast
from .texts import plain

LOST_STATES = ("rejected", "cancelled", "closed_lost", "expired")


class CmorPractice(models.Model):
    """When the money of a claim is expected, and why it was lost."""

    _inherit = "cmor.practice"

    expected_on = fields.Date(
        string="Money expected by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Estimate, from the state and the parameters of CSEA and distributors.",
    )
    state_since = fields.Date(string="In this state since", readonly=True, copy=False)
    lost_reason = fields.Char(string="Why lost", readonly=True, copy=False)

    def _move_to(self, target, kind="state", params=None, file=None):
        # EXTENDS: the forecast follows the state
        moved = self.filtered(lambda practice: practice.state != target)
        result = super()._move_to(target, kind, params, file)
        today, rows = fields.Date.context_today(self), {}
        outgoing = moved.sudo().filtered(lambda p: p.side == "outgoing")
        reasons = outgoing._cancel_reasons() if target == "cancelled" else {}
        for practice in outgoing:
            reason = False
            if target in LOST_STATES:
                told = params(practice) if callable(params) else params
                reason = practice._why_lost(target, told or {}, reasons)
            rows[practice] = {"state_since": today, "lost_reason": reason}
        update_changed(outgoing, rows)
        outgoing._set_expected(today)
        return result

    def _cancel_reasons(self):
        """{code: what it means} of the reasons for which an annulment is asked."""
        reasons = self.env["cmor.cancel.reason"].search([("code", "!=", False)])
        return {reason.code: reason.display_name for reason in reasons}

    def _why_lost(self, target, params, reasons):
        """Why the claim gives nothing, in the words of who said it; when nobody said
        it, why we had asked the annulment."""
        words = (params.get(key) for key in ("reason", "cause", "text"))
        # an answer without a word of its own is told as a dash
        told = next((word for word in words if word and word != "-"), None)
        if not told and target == "cancelled":
            asked = self.request_ids.filtered(
                lambda r: r.key == "cancel_request" and r.state != "withdrawn"
            )
            told = reasons.get(asked[:1].reason, asked[:1].reason)
        # a figure of the practice, not of its history: in one language for all
        return plain(self.env, told, self.currency_id)[:200] if told else False

    def _set_expected(self, today):
        """Store when the money is expected; constant SQL."""
        rows = {}
        for company, practices in self.grouped("company_id").items():
            values = self.env["cmor.parameter"]._values(company, today)
            pace = forecast.Pace.from_values(values)
            known = plain_values(practices, ("state", "sector", "state_since"))
            # what moved together is expected together
            days = {
                row: forecast.expected_on(
                    row.state, row.sector, row.state_since or today, pace
                )
                for row in set(known.values())
            }
            for practice in practices:
                rows[practice] = {"expected_on": days[known[practice.id]]}
        update_changed(self, rows)

    @api.model
    def _cron_scan_late(self):
        # EXTENDS: parameters may have changed, or a state was written otherwise
        today = fields.Date.context_today(self)
        expecting = self.sudo().search(
            [("side", "=", "outgoing"), ("state", "in", forecast.EXPECTING)]
        )
        expecting._set_expected(today)
        return super()._cron_scan_late()

from odoo import fields, models

from .cmor_practice_facts import _cents


class CmorPractice(models.Model):
    """Incoming side: what has to be done next, and by when."""

    _inherit = "cmor.practice"

    def _next_step(self):
        # EXTENDS: the other half of the life cycle
        if self.side != "incoming":
            return super()._next_step()
        live = requests = self.request_ids
        if requests:
            live = requests.filtered(
                lambda r: r.state in ("to_export", "exported")
            ).sorted("id")
        if live and not self.is_annulled:
            key = "export_request" if live[0].state == "to_export" else "mark_request"
            return key, {"flow": live[0].type_id.name}, self._request_term(live[0])
        step = getattr(self, f"_next_{self.state}", None)
        return step() if step else (False, {}, False)

    def _request_term(self, request):
        if request.key == "suspend_request":
            return self.suspend_until
        return False

    def _next_unmatched(self):
        return "match", {}, self.suspend_until

    def _next_matched(self):
        day = self.suspend_until
        if day and day >= fields.Date.context_today(self):
            return "await_network", {"date": day}, False
        return "await_network_only", {}, False

    def _next_suspend_requested(self):
        if self.network_amount > 0:
            return "charged_while_asked", {}, self.network_date
        return "await_suspension", {}, False

    def _next_suspended(self):
        if self.return_amount > 0:
            return "refund_suspended", self._amounts_shown(), False
        if self.network_amount > 0:
            return "charged_while_suspended", {}, self.network_date
        return "is_suspended", {}, False

    def _next_cancel_requested(self):
        return "await_annulment", {}, False

    def _next_to_charge(self):
        if self.has_difference:
            return "check_difference", self._amounts_shown(), self.network_date
        return self._next_of_bill() or self._next_of_charge("await_bill", False)

    def _next_of_charge(self, key, day):
        """Where the charge, or the refund, is on its way to a bill of the customer."""
        states = set(self.charge_ids.mapped("state"))
        if "draft" in states:
            key = "await_charge_invoice"
        elif "to_export" in states:
            key = "await_charge_export"
        return key, self._amounts_shown(), day

    def _next_charged(self):
        waits = "await_payment", self._amounts_shown(), False
        return self._next_of_bill() or waits

    def _next_uncollected(self):
        if step := self._next_of_bill():
            return step
        if self.report_needed:
            return "report", {}, False
        return "collect", self._amounts_shown(), False

    def _next_collected(self):
        if step := self._next_of_bill():
            return step
        return ("report", {}, False) if self.report_needed else (False, {}, False)

    _next_carried = _next_collected

    def _next_of_bill(self):
        """What was billed too much or too little comes before anything else; None when
        the bill says what is due."""
        if self.return_amount > 0:
            return self._next_return()
        if self.to_bill_amount <= 0:
            return None
        key = "check_difference" if self.has_difference else "charge_customer"
        return key, self._amounts_shown(), self.network_date

    def _next_reported(self):
        if step := self._next_of_bill():
            return step
        if self.report_needed:
            return "report_again", {}, False
        return (
            ("close_incoming", {}, False)
            if not self.transit_balance
            else (
                "await_transit",
                {},
                False,
            )
        )

    def _next_cancelled(self):
        return "await_bill_annulled", {}, False

    def _next_to_refund(self):
        if self.return_amount > 0:
            return self._next_return()
        if self.pending_amount:
            return self._next_of_charge("await_refund_bill", self.return_by)
        return ("report", {}, False) if self.report_needed else (False, {}, False)

    def _next_return(self):
        day = self.return_by or self.cancelled_on
        return "refund_customer", {**self._amounts_shown(), "date": day}, day

    def _amounts_shown(self):
        return {
            "network": _cents(self.network_amount),
            "amount": _cents(self.indemnity),
            "to_bill": _cents(self.to_bill_amount),
            "unpaid": _cents(self.open_amount),
            "returned": _cents(self.return_amount),
        }

from odoo import api, fields, models

from ..rules.messages import Word
from .cmor_practice_facts import _cents


class CmorPractice(models.Model):
    """SI7.0200: the SII reckons the indemnity again; what it means for the money."""

    _inherit = "cmor.practice"

    amount_before = fields.Monetary(
        string="Before the update", readonly=True, copy=False
    )
    amount_updated_on = fields.Date(string="Updated on", readonly=True, copy=False)

    @api.model
    def _after_amount_update(self, practices, before=None, today=None):
        """Money consequences of a new amount. For the handler of SI7.0200.

        The handler has written the new ``indemnity`` already. Paid more than the new
        amount: the difference is no longer the debt's, it is owed to the customer
        (excess, with its term). Paid less: CSEA owes the rest.

        :param practices: cmor.practice recordset
        :param dict before: {practice: Decimal, the amount before}
        :param date today: day of the update
        """
        before = before or {}
        today = today or fields.Date.context_today(self)
        event, events = self.env["cmor.practice.event"], []
        for practice in practices.sudo():
            old, new = before.get(practice), _cents(practice.indemnity)
            vals = {"amount_updated_on": today}
            if old is not None:
                vals["amount_before"] = float(old)
            practice._guarded().write(vals)
            what = practice._settle_update(new)
            params = {"before": old if old is not None else "?", "after": new}
            events.append(
                event._prepare_vals(
                    practice, "amount_updated", {**params, "what": what}
                )
            )
        event.sudo()._guarded().create(events)
        practices.sudo()._settle_paid()
        practices.sudo()._mark_late(today)
        practices.sudo()._set_next()

    def _settle_update(self, new):
        """Bring the entries to the new amount; what follows, in words (``Word``)."""
        received = _cents(self.received_amount)
        if not received:
            return Word("text", "nothing_paid")
        if received < new:
            return Word("text", "still_to_pay", {"amount": new - received})
        over = received - new - _cents(self.excess_amount)
        if over <= 0:
            return Word("text", "paid_covers")
        booked = self.receipt_ids.filtered(lambda r: r.state == "booked")
        for receipt in booked.sorted("date", reverse=True):
            part = min(over, _cents(receipt.allocated_amount))
            if part > 0:
                receipt._rebook(_cents(receipt.allocated_amount) - part)
                over -= part
        self._sum_receipts()
        return Word("text", "paid_too_much", {"amount": _cents(self._to_return())})


class CmorReceipt(models.Model):
    _inherit = "cmor.receipt"

    def _rebook(self, limit):
        """Enter this receipt again with at most ``limit`` on the bills.

        The first entry is reversed; the money stays where it is, the rest is owed to
        the customer.
        """
        self.ensure_one()
        bank = self.bank_line_id
        self.move_id.line_ids.remove_move_reconcile()
        today = fields.Date.context_today(self)
        self.move_id._reverse_moves(
            [{"date": self.company_id._utility_accounting_date(today)}], cancel=True
        )
        self._guarded().write({"bank_line_id": bank.id})
        self._book(limit)

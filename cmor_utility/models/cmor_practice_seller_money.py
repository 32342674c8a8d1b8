from odoo import fields, models
from odoo.exceptions import UserError

from .cmor_practice_facts import _cents


class CmorReceipt(models.Model):
    """What CSEA pays for a seller's claim is the seller's."""

    _inherit = "cmor.receipt"

    seller_amount = fields.Monetary(
        string="Of the seller",
        readonly=True,
        help="Owed to the seller that we act for.",
    )

    def _rest_owed(self):
        # EXTENDS: we have no bills of this customer, all of it is the seller's
        seller = self.practice_id.cc_partner_id
        if not self.practice_id.cc_vat:
            return super()._rest_owed()
        self.company_id._cmor_setup_seller_account()
        return self.company_id.cmor_seller_account_id, seller.commercial_partner_id

    def _rest_vals(self, rest):
        if not self.practice_id.cc_vat:
            return super()._rest_vals(rest)
        return {"seller_amount": float(rest)}

    def _seller_items(self):
        """Open items by which the seller is owed these receipts."""
        return self.move_id.line_ids.filtered(
            lambda line: (
                line.account_id == line.company_id.cmor_seller_account_id
                and line.balance < 0
                and not line.reconciled
            )
        )


class CmorPractice(models.Model):
    """The money of the claims that we, a network user, present for sellers.

    CSEA pays us; what it paid is owed to the seller until it is paid on, one payment
    for all the practices of a seller. A claim annulled after that concerns the seller
    and its customer: the seller returns the money and reports it through us.
    """

    _inherit = "cmor.practice"

    seller_due_amount = fields.Monetary(
        string="To be paid on",
        readonly=True,
        copy=False,
        help="Paid by CSEA for the seller, not paid on to it yet.",
    )

    _seller_due_idx = models.Index("(company_id) WHERE seller_due_amount > 0")

    # --- actions ----------------------------------------------------------------

    def action_pay_on(self):
        """Button, single and mass: dialog that pays the sellers what is theirs."""
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.pay.on.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Pay on to the sellers"),
            "context": {"default_practice_ids": self.ids},
        }

    def _pay_on(self, journal, date, ref=""):
        """Pay the sellers of these practices what CSEA paid for them.

        :param journal: account.journal of a bank
        :param date date: day of the payments
        :return: practices for which an approval was asked instead
        :raise UserError: nothing is owed to the seller of one of them
        """
        self._check_may_operate()
        self.sudo()._lock_for_money()
        wrong = self.filtered(lambda p: p.seller_due_amount <= 0)
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: nothing is to be paid on to a seller.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        cleared, asked = self._clear(
            "pay_on",
            {practice: _cents(practice.seller_due_amount) for practice in self},
            {
                "journal_id": journal.id,
                "date": fields.Date.to_string(date),
                "ref": ref or "",
            },
        )
        todo = cleared.sudo().grouped(lambda p: (p.company_id, p.cc_partner_id))
        for practices in todo.values():
            practices._pay_seller(journal, date, ref)
        return asked

    def _run_approved(self, action, payload):
        # EXTENDS: the payment that was approved
        if action != "pay_on":
            return super()._run_approved(action, payload)
        journal = self.env["account.journal"].sudo().browse(payload["journal_id"])
        date = fields.Date.to_date(payload["date"])
        return self._pay_on(journal, date, payload["ref"])

    # --- business ---------------------------------------------------------------

    def _pay_seller(self, journal, date, ref):
        """One payment to the seller of these practices, reconciled with its money."""
        amounts = {practice: _cents(practice.seller_due_amount) for practice in self}
        payment = self._make_seller_payment(journal, date, ref, sum(amounts.values()))
        ref = ref or payment.name
        self.env["cmor.practice.return"].sudo()._guarded().create(
            [
                {
                    "practice_id": practice.id,
                    "kind": "seller",
                    "mode": "transfer",
                    "amount": float(amount),
                    "ref": ref,
                    "date": date,
                    "state": "done",
                    "payment_id": payment.id,
                }
                for practice, amount in amounts.items()
            ]
        )
        self._log(
            "paid_on_seller",
            lambda p: {
                "amount": amounts[p],
                "seller": p.cc_partner_id.name,
                "date": date,
                "ref": ref,
            },
        )
        self._sum_receipts()
        self.filtered(lambda p: p.state == "paid")._move_to("closed")
        self._set_next()

    def _make_seller_payment(self, journal, date, ref, amount):
        """The posted payment, reconciled with what CSEA paid for these practices.

        :raise UserError: the journal makes payments without an entry
        """
        company = self.company_id
        codes = ", ".join(self._seller_codes())
        payment, paid = company._cmor_pay_out(
            self.cc_partner_id,
            company.cmor_seller_account_id,
            journal,
            float(amount),
            date,
            ref or self.env._("CMOR %(codes)s", codes=codes),
        )
        items = self.receipt_ids.filtered(lambda r: r.state == "booked")._seller_items()
        (items + paid).reconcile()
        return payment

    def _seller_codes(self):
        return [code for code in self.mapped("cc_code") if code][:20]

    def _sum_receipts(self):
        # EXTENDS: what of it is still the seller's
        result = super()._sum_receipts()
        for practice in self.filtered("cc_vat"):
            booked = practice.receipt_ids.filtered(lambda r: r.state == "booked")
            paid = practice.return_ids.filtered(
                lambda r: r.state == "done" and r.kind == "seller"
            )
            due = sum(booked.mapped("seller_amount")) - sum(paid.mapped("amount"))
            practice._update({"seller_due_amount": practice.currency_id.round(due)})
        return result

    def _report_refund(self):
        # EXTENDS: the seller returns the money, and reports it through us
        if not self.cc_vat:
            return super()._report_refund()
        return None

    def _next_step(self):
        # EXTENDS: the seller's money
        if self.cc_vat and self.side == "outgoing":
            due = _cents(self.seller_due_amount)
            params = {"amount": due, "seller": self.cc_partner_id.name or "-"}
            if due > 0 and self.state in ("paid", "refund_due"):
                return "pay_on", params, False
            if self.state == "refund_due":
                return "await_seller_refund", {}, self.money_due
        return super()._next_step()

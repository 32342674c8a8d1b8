from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from .portal import DunningPortal


class DunningPaymentPortal(DunningPortal):
    """One online payment for all overdue bills of a company and a currency.

    The form, the providers and what happens with the money are Odoo's
    (``account_payment``); which bills and how much is decided here, for each request.
    Odoo's own page asks for the totals of the bills, also when they are paid in part.
    """

    @http.route()
    def overdue_bills(self, **kwargs):
        # EXTENDS
        response = super().overdue_bills(**kwargs)
        payable, _left_out = self._payable(response.qcontext["bills"])
        response.qcontext["payments"] = [
            {"company": company, "currency": currency, "amount": self._open(bills)}
            for (company, currency), bills in self._grouped(payable).items()
        ]
        return response

    @http.route(
        "/my/overdue/pay/<int:company_id>/<int:currency_id>",
        type="http",
        auth="user",
        website=True,
    )
    def pay_overdue_bills(self, company_id, currency_id, **_ignored):
        """The form that pays the overdue bills of one company in one currency."""
        bills, left_out = self._to_pay(company_id, currency_id)
        if not bills:
            return request.redirect("/my/overdue")
        amount = self._open(bills)
        values = self._get_common_page_view_values(
            invoices_data={
                "partner": request.env.user.partner_id,
                "company": bills.company_id,
                "currency": bills.currency_id,
                "total_amount": amount,
                "amount_residual": amount,
                "landing_route": "/my/overdue",
                "transaction_route": (
                    f"/my/overdue/transaction/{company_id}/{currency_id}"
                ),
            },
        )
        return request.render(
            "creditbox_dunning.portal_pay_overdue",
            {
                **self._prepare_portal_layout_values(),
                **values,
                "page_name": "dunning_overdue",
                "bills": bills,
                "left_out": left_out,
                "amount": amount,
            },
        )

    @http.route(
        "/my/overdue/transaction/<int:company_id>/<int:currency_id>",
        type="jsonrpc",
        auth="user",
    )
    def overdue_bills_transaction(
        self, company_id, currency_id, access_token=None, **kwargs
    ):
        """Begin the payment: what is still open now, never what the browser says.

        :param access_token: sent by Odoo's form; who is logged in says whose bills
        :raise ValidationError: the sum shown is no longer what is open
        """
        self._validate_transaction_kwargs(kwargs)
        bills, _left_out = self._to_pay(company_id, currency_id)
        amount = self._open(bills)
        shown = kwargs.get("amount")
        if not bills or not isinstance(shown, int | float):
            raise ValidationError(request.env._("There is nothing to pay here."))
        if bills.currency_id.compare_amounts(amount, shown):
            raise ValidationError(
                request.env._("What is to be paid has changed: load the page again.")
            )
        reference = (
            bills.company_id.get_next_batch_payment_communication()
            if len(bills) > 1
            else bills.name
        )
        kwargs |= {
            "amount": amount,
            "is_validation": False,
            "landing_route": "/my/overdue",
        }
        partner = request.env.user.partner_id
        return self._process_transaction(
            partner.id, bills.currency_id.id, bills.ids, reference, **kwargs
        )

    # which bills

    def _to_pay(self, company_id, currency_id):
        """(bills to pay, bills left out) of the customer, as superuser."""
        bills = request.env["account.move"].search(
            self._overdue_domain(), order="invoice_date_due, id"
        )
        return self._payable(
            bills.sudo().filtered(
                lambda bill: (
                    bill.company_id.id == company_id
                    and bill.currency_id.id == currency_id
                )
            )
        )

    def _payable(self, bills):
        """(what one payment takes, what it leaves out) of these bills.

        A subledger is paid in the billing system. A payment on its way, and a word of
        the customer that is not closed, leave a bill out.
        """
        bills = bills.filtered(lambda bill: bill.company_id.utility_book_mode == "full")
        apart = request.env["dunning.hold"].sudo()._portal_apart(bills)
        payable = bills.filtered(
            lambda bill: (
                bill._has_to_be_paid()
                and not {"pending", "authorized"}
                & set(bill.transaction_ids.mapped("state"))
            )
        )
        payable -= apart
        return payable, bills - payable

    def _grouped(self, bills):
        return bills.grouped(lambda bill: (bill.company_id, bill.currency_id))

    def _open(self, bills):
        return sum(bills.mapped("amount_residual"))

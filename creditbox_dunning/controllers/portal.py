from odoo import fields, http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.utility_supply.controllers.file_response import file_response

from ..models.dunning_hold_portal import COMPLAINT, DISPUTED, PAID, PLAN
from ..rules import uploads

# three receipts and the words around them
MAX_REQUEST = uploads.MAX_FILES * uploads.MAX_BYTES + 1024 * 1024
MAX_INSTALMENTS = 72
DONE = frozenset({"paid", "plan", "dispute"})


class DunningPortal(CustomerPortal):
    """The customer's own page: what is overdue, how to pay it, what was received, and
    three things to tell: paid, wrong, in instalments please.

    Whose a bill or a notice is, is asked for each request: the user's own commercial
    partner, also when the user is an employee who may read more.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "dunning_bill_count" in counters:
            bills = request.env["account.move"]
            values["dunning_bill_count"] = (
                bills.search_count(self._overdue_domain())
                if bills.has_access("read")
                else 0
            )
        if "dunning_notice_count" in counters:
            values["dunning_notice_count"] = self._notices().search_count(
                self._notice_domain()
            )
        return values

    # bills

    @http.route("/my/overdue", type="http", auth="user", website=True)
    def overdue_bills(self, **_ignored):
        """The overdue bills of the customer."""
        bills = request.env["account.move"].search(
            self._overdue_domain(), order="invoice_date_due, id"
        )
        return request.render(
            "creditbox_dunning.portal_overdue_bills",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "dunning_overdue",
                "bills": bills.sudo(),
                "totals": self._totals(bills.sudo()),
                "today": fields.Date.context_today(bills),
            },
        )

    @http.route("/my/overdue/<int:bill_id>", type="http", auth="user", website=True)
    def overdue_bill(self, bill_id, done=None, **_ignored):
        """One bill: how to pay it, what was told, what can be told."""
        bill = self._own_bill(bill_id)
        done = done if done in DONE else None
        return self._bill_page(bill, {"done": done})

    @http.route(
        "/my/overdue/<int:bill_id>/paid",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        max_content_length=MAX_REQUEST,
    )
    def tell_paid(self, bill_id, paid_on="", text="", **_ignored):
        """The customer says that it is paid, and uploads the receipt."""
        bill = self._own_bill(bill_id)
        return self._record(
            bill,
            "paid",
            lambda: {
                "reason": PAID,
                "text": self._text(text),
                "paid_on": self._day(paid_on),
                "uploads": self._uploads(),
            },
        )

    @http.route(
        "/my/overdue/<int:bill_id>/plan",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        max_content_length=MAX_REQUEST,
    )
    def ask_plan(self, bill_id, instalments="", text="", **_ignored):
        """The customer asks to pay in instalments."""
        bill = self._own_bill(bill_id)
        return self._record(
            bill,
            "plan",
            lambda: {
                "reason": PLAN,
                "text": self._text(text),
                "instalments": self._number(instalments),
            },
        )

    @http.route(
        "/my/overdue/<int:bill_id>/dispute",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        max_content_length=MAX_REQUEST,
    )
    def open_dispute(self, bill_id, about="", text="", **_ignored):
        """The customer disputes the bill, or complains of something else."""
        bill = self._own_bill(bill_id)
        return self._record(
            bill,
            "dispute",
            lambda: {
                "reason": COMPLAINT if about == "other" else DISPUTED,
                "text": self._text(text),
                "uploads": self._uploads(),
            },
        )

    def _record(self, bill, what, read):
        """Record what was sent, or show the page again with what is not in order."""
        try:
            with request.env.cr.savepoint():
                request.env["dunning.hold"].sudo()._portal_ask(bill, **read())
        except UserError as error:
            return self._bill_page(bill, {"error": str(error), "open": what})
        return request.redirect(f"/my/overdue/{bill.id}?done={what}")

    def _bill_page(self, bill, values):
        company = bill.company_id.sudo()
        holds = request.env["dunning.hold"].sudo()._portal_of(bill)
        return request.render(
            "creditbox_dunning.portal_overdue_bill",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "dunning_overdue",
                "bill": bill,
                "company": company,
                "slip": bill._portal_slip(),
                "holds": holds,
                "today": fields.Date.context_today(bill),
                "sent": request.httprequest.form,
                "accept": ".pdf,.jpg,.jpeg,.png",
                **values,
            },
        )

    # notices

    @http.route(
        ["/my/notices", "/my/notices/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def notices(self, page=1, **_ignored):
        """The notices that the customer was sent."""
        domain = self._notice_domain()
        pager = portal_pager(
            url="/my/notices",
            total=self._notices().search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        found = self._notices().search(
            domain,
            order="sent_date desc, id desc",
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        return request.render(
            "creditbox_dunning.portal_notices",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "dunning_notices",
                "notices": found,
                "pager": pager,
                "default_url": "/my/notices",
            },
        )

    @http.route(
        "/my/notices/<int:notice_id>/download",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def download_notice(self, notice_id, **_ignored):
        """A notice as it was sent, byte by byte."""
        notice = self._notices().search(
            [*self._notice_domain(), ("id", "=", notice_id)]
        )
        kept = notice and notice._portal_file()
        if not kept:
            raise request.not_found()
        return file_response(*kept)

    # whose

    def _customer(self):
        return request.env.user.partner_id.commercial_partner_id

    def _overdue_domain(self):
        today = fields.Date.context_today(request.env.user)
        return (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("invoice_date_due", "<", today)
            & Domain("partner_id", "child_of", self._customer().id)
        )

    def _own_bill(self, bill_id):
        """The customer's bill ``bill_id``, as superuser, or "not found".

        Somebody else's and one that is not there look the same.
        """
        try:
            bill = self._document_check_access("account.move", bill_id)
        except (AccessError, MissingError) as error:
            raise request.not_found() from error
        bill = bill.with_user(request.env.user).sudo()
        is_own = bill.partner_id.commercial_partner_id == self._customer()
        if not is_own or bill.move_type != "out_invoice" or bill.state != "posted":
            raise request.not_found()
        return bill

    def _notices(self):
        # customers have no right on the model itself: they see what this asks for
        return request.env["dunning.communication"].sudo()

    def _notice_domain(self):
        return self._notices()._portal_domain(self._customer())

    # what was typed

    def _text(self, text):
        return str(text or "").strip()

    def _day(self, text):
        try:
            return fields.Date.to_date(text) or None
        except ValueError:
            return None

    def _number(self, text):
        text = str(text or "").strip()
        number = int(text) if text.isascii() and text.isdigit() else 0
        return number if 0 < number <= MAX_INSTALMENTS else 0

    def _uploads(self):
        """The files of the request, each read no further than it may be long."""
        files = [
            (file.filename, file.stream.read(uploads.MAX_BYTES + 1))
            for file in request.httprequest.files.getlist("files")
            if file.filename
        ]
        try:
            return uploads.accept(files)
        except uploads.Refused as refused:
            raise UserError(self._why_refused(refused.code)) from refused

    def _why_refused(self, code):
        env = request.env
        return {
            "too_many": env._("No more than %(count)s files.", count=uploads.MAX_FILES),
            "too_big": env._(
                "A file is too big: the limit is %(size)s MB.",
                size=uploads.MAX_BYTES // 1024 // 1024,
            ),
            "empty": env._("A file is empty."),
            "bad_kind": env._("Only PDF, JPEG and PNG files."),
        }[code]

    def _totals(self, bills):
        """[(currency, sum)] of what is open."""
        groups = bills.grouped("currency_id").items()
        return [
            (currency, sum(group.mapped("amount_residual")))
            for currency, group in groups
        ]

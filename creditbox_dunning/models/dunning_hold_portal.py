import base64
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..formats.qr import svg
from ..rules.holds import ONE_DAY, last_day
from ..rules.payment_slip import grouped, qr_text
from .dunning_hold_dispute import DISPUTED

PAID, COMPLAINT, PLAN = "payment_communicated", "complaint", "plan_requested"
# what a customer may ask for on the page of a bill
ASKED = frozenset({PAID, COMPLAINT, DISPUTED, PLAN})
# while one of these is in force, a bill is not among those that are paid all at once;
# whoever only asked for instalments may pay all the same
APART = (
    *(PAID, DISPUTED, "plan_active", "settlement_offer"),
    *("prescription_objected", "insolvency"),
)
MAX_TEXT = 4000


class DunningHold(models.Model):
    """What customers tell on their own page becomes a suspension, as if a clerk had
    recorded it; what they tell again goes into its discussion.

    Private: the controllers check whose bill it is and call these with ``sudo()``,
    the user being the customer, so that the history says who wrote.
    """

    _inherit = "dunning.hold"

    _guarded_fields = frozenset({"from_portal"})

    from_portal = fields.Boolean(
        string="From the customer's page", readonly=True, index="btree_not_null"
    )

    @api.model
    def _portal_ask(self, bill, reason, text, uploads=(), paid_on=None, instalments=0):
        """Record what the customer of ``bill`` asks; returns the suspension.

        :param bill: account.move, of the customer who asks
        :param reason: code, one of :data:`ASKED`
        :param text: the customer's words
        :param uploads: :class:`~..rules.uploads.Upload` s
        :param paid_on: date, for a payment communicated
        :param instalments: number wished, for a plan
        :raise UserError: too many requests today, or something is missing, in words for
            the customer
        """
        me = self.sudo().with_company(bill.company_id)
        me._check_portal(bill, reason, text, uploads, paid_on)
        scope, record = "bill", bill
        if reason == PLAN and bill.sudo().line_ids.dunning_case_id:
            scope, record = "case", bill.sudo().line_ids.dunning_case_id[:1]
        known = me._portal_known(scope, record, reason)
        words = me._portal_words(reason, text, paid_on, instalments)
        proofs = [
            {"name": one.name, "datas": base64.b64encode(one.content)}
            for one in uploads
        ]
        if known:
            hold = known
            hold._attach(proofs)
        else:
            hold = me.suspend(
                scope,
                record.ids,
                reason,
                note=words,
                received_on=me._today(),
                proofs=proofs,
            )
        hold._message_log(
            body=words,
            author_id=self.env.user.partner_id.id,
            message_type="comment",
        )
        if not known and reason == PLAN:
            hold._portal_plan(bill, instalments)
        return hold

    def _portal_plan(self, bill, instalments):
        """A draft of the plan, for the clerk who answers.

        It takes this suspension over by itself when it is asked for: a case has one
        suspension of this reason.
        """
        if not self.case_id or "dunning.payment.plan" not in self.env:
            return
        vals = {"case_id": self.case_id.id, "note": self.note}
        if instalments:
            vals["number"] = instalments
        plans = self.env["dunning.payment.plan"].sudo()
        plans.with_context(mail_create_nosubscribe=True).create(vals)

    @api.model
    def _check_portal(self, bill, reason, text, uploads, paid_on):
        today = self.env["dunning.case"]._today(bill.company_id)
        if not self.env.user.share:
            raise UserError(
                self.env._("This page is for customers: suspend the bill instead.")
            )
        if reason not in ASKED or not bill.currency_id.compare_amounts(
            bill.amount_residual, 0
        ):
            raise UserError(self.env._("Nothing is owed on this bill any more."))
        if self._portal_requests() >= bill.company_id.dunning_portal_requests:
            raise UserError(
                self.env._("You have sent many requests today: try again tomorrow.")
            )
        if len(text) > MAX_TEXT:
            raise UserError(self.env._("The text is too long."))
        if reason == PAID:
            if not paid_on or paid_on > today:
                raise UserError(self.env._("Say on which day you paid, up to today."))
            if not uploads:
                raise UserError(self.env._("Attach the receipt of the payment."))
        elif not text and reason != PLAN:
            raise UserError(self.env._("Write what is wrong."))

    @api.model
    def _portal_requests(self):
        """How many the user's customer made in the last 24 hours."""
        return self.env["mail.message"].search_count(
            [
                ("model", "=", self._name),
                ("author_id", "=", self.env.user.partner_id.id),
                ("message_type", "=", "comment"),
                ("create_date", ">=", fields.Datetime.now() - timedelta(days=1)),
            ]
        )

    @api.model
    def _portal_known(self, scope, record, reason):
        """The suspension that this adds to: one in force, or a payment that was told
        already and not found. Telling it again stops nothing more by itself."""
        column = {"bill": "move_id", "case": "case_id"}[scope]
        mine = [
            (column, "=", record.id),
            ("reason_id.code", "=", reason),
            ("is_cancelled", "=", False),
        ]
        live = self.search([*mine, ("state", "in", ("planned", "active"))], limit=1)
        if live or reason != PAID:
            return live
        told = [("from_portal", "=", True), ("end_reason", "in", ("date", "unfounded"))]
        return self.search([*mine, *told], limit=1)

    @api.model
    def _portal_words(self, reason, text, paid_on, instalments):
        """What the history says, in the language of the company's people."""
        parts = []
        if reason == PAID:
            day = format_date(self.env, paid_on)
            parts.append(self.env._("The customer says: paid on %(date)s.", date=day))
        if reason == PLAN and instalments:
            parts.append(
                self.env._(
                    "The customer asks for %(count)s instalments.", count=instalments
                )
            )
        return " ".join([*parts, text]).strip() or self.env._(
            "From the customer's page."
        )

    @api.model
    def _portal_of(self, bill):
        """What the customer sees of the suspensions of ``bill``, newest first."""
        case = bill.sudo().line_ids.dunning_case_id
        return self.sudo().search(
            [
                ("is_cancelled", "=", False),
                ("from_portal", "=", True),
                "|",
                ("move_id", "=", bill.id),
                "&",
                ("case_id", "in", case.ids),
                ("reason_id.code", "=", PLAN),
            ]
        )

    @api.model
    def _portal_apart(self, bills):
        """Those of ``bills`` of which the customer said that they are paid or wrong,
        which are paid in instalments or settled, or may not be paid alone."""
        cases = bills.sudo().line_ids.dunning_case_id
        holds = self.sudo().search(
            [
                ("state", "in", ("planned", "active")),
                ("reason_id.code", "in", APART),
                "|",
                ("move_id", "in", bills.ids),
                ("case_id", "in", cases.ids),
            ]
        )
        some = holds._only_bills()
        whole = holds.filtered(
            lambda hold: hold.scope == "case" and not hold.plan_id
        ).case_id
        return bills.filtered(
            lambda bill: bill in some or bill.sudo().line_ids.dunning_case_id & whole
        )

    def _prepare_hold_vals(self, scope, record, reason, asked):
        # EXTENDS dunning.hold: a customer's own words stop for some days only, and
        # are followed by people
        vals = super()._prepare_hold_vals(scope, record, reason, asked)
        if not self.env.user.share:
            return vals
        vals.update(from_portal=True, user_id=False)
        company = self._company_of(record)
        if reason.code == PAID and not vals["date_to"]:
            end = last_day(vals["date_from"], company.dunning_portal_paid_days)
            vals.update(date_to=end, resume_date=end + ONE_DAY)
        return vals


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    @api.model
    def _portal_domain(self, partner):
        """The notices that left for the customer ``partner`` and did not come back."""
        return [
            ("partner_id", "child_of", partner.commercial_partner_id.id),
            ("sent_date", "!=", False),
            ("state", "in", ("sent", "accepted", "delivered")),
        ]

    def _portal_file(self):
        """(bytes, name, mimetype) of a notice, byte by byte as it was sent, or None."""
        self.ensure_one()
        kept = self.sudo().attachment_id or self.sudo().raw_id
        return (kept.raw, kept.name, kept.mimetype) if kept else None


class AccountMove(models.Model):
    _inherit = "account.move"

    def _portal_slip(self):
        """How this bill is paid, for the customer's page: what a slip prints."""
        self.ensure_one()
        bill = self.sudo()
        creditor = bill.company_id._dunning_creditor()
        amount = f"{bill.amount_residual:.{bill.currency_id.decimal_places}f}"
        number = bill.billing_ref or bill.name
        text = qr_text(creditor, bill.payment_code, amount, number)
        return {
            "kind": creditor.kind,
            "code": grouped(bill.payment_code),
            "account": creditor.account,
            "iban": creditor.iban,
            "name": creditor.name or bill.company_id.name,
            # made of numbers only: formats/qr.py
            "qr": Markup(svg(text, 40)),  # noqa: S704
            "number": number,
        }

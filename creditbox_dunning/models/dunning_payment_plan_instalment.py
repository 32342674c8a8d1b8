from odoo import api, fields, models

from ..rules import plans as rules
from ..rules.payment_slip import qr_text
from .amounts import exact


class DunningPaymentPlanInstalment(models.Model):
    """What has to be paid by a day: a share of the plan's debt and its interest.

    No entry of the books: `residual` is told from what is open on the plan's bills,
    oldest instalment first.
    """

    _name = "dunning.payment.plan.instalment"
    _description = "Instalment"
    _inherit = "utility.guarded.mixin"
    _order = "plan_id, number"
    _check_company_auto = True

    # a person may enter the code of its payment slip, nothing else
    _guarded_fields = frozenset(
        {
            *("plan_id", "company_id", "number", "due_date", "capital", "interest"),
            *("paid_on", "reopened_on"),
        }
    )

    plan_id = fields.Many2one(
        "dunning.payment.plan",
        required=True,
        index=True,
        readonly=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    due_date = fields.Date(required=True, readonly=True)
    capital = fields.Monetary(readonly=True, help="Share of the bills.")
    interest = fields.Monetary(readonly=True)
    amount = fields.Monetary(
        string="To pay", compute="_compute_amount", store=True, precompute=True
    )
    paid_on = fields.Date(
        readonly=True, help="The first night on which it was seen to be paid in full."
    )
    reopened_on = fields.Date(
        string="Payment went back on",
        readonly=True,
        help="It had been paid and is open again: its tolerance counts from this day.",
    )
    residual = fields.Monetary(
        string="Still open",
        compute="_compute_residual",
        help="Of its share of the bills, by what was paid on them so far.",
    )
    state = fields.Selection(
        [("open", "To come"), ("late", "Late"), ("paid", "Paid")],
        string="Status",
        compute="_compute_residual",
    )
    payment_code = fields.Char(
        help="Code of its payment slip or pagoPA notice, when it has one of its own."
    )
    slip_text = fields.Char(
        string="QR of the slip",
        compute="_compute_slip_text",
        help="What the QR code of its payment slip says.",
    )

    _number_uniq = models.Constraint(
        "UNIQUE(plan_id, number)", "A plan has each instalment once."
    )

    @api.depends("plan_id", "number")
    def _compute_display_name(self):
        for one in self:
            one.display_name = f"{one.plan_id.name or ''}/{one.number}"

    @api.depends("capital", "interest")
    def _compute_amount(self):
        for one in self:
            one.amount = one.capital + one.interest

    def _compute_residual(self):
        plans = self.plan_id
        paid = plans._paid()
        told = {plan.id: plan._standing(paid.get(plan.id)) for plan in plans}
        for one in self:
            standing = told.get(one.plan_id.id)
            is_open = standing and standing.open.get(one.number)
            one.residual = float(is_open or 0)
            if not is_open:
                one.state = "paid" if standing else "open"
            else:
                is_late = one.due_date < one.plan_id._today()
                one.state = "late" if is_late else "open"

    @api.depends("payment_code", "amount")
    def _compute_slip_text(self):
        """QR of the slip: the instalment's own code, else a transfer that names it."""
        for one in self:
            creditor = one.company_id._dunning_creditor()
            one.slip_text = qr_text(
                creditor,
                one.payment_code or "",
                exact(one.amount, one.currency_id.decimal_places),
                one.display_name,
            )

    def _as_instalment(self):
        """As the rules see it."""
        self.ensure_one()
        return rules.Instalment(
            number=self.number,
            due=self.due_date,
            capital=exact(self.capital),
            interest=exact(self.interest),
            left=rules.ZERO,
            reopened=self.reopened_on or None,
        )

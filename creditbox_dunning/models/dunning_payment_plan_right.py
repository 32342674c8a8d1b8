from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import plans as rules
from .amounts import exact
from .day_words import day_count
from .dunning_payment_plan import LIVE_STATES

CAUSES = [
    ("agreement", "By agreement"),
    ("notice", "Notice of default received"),
    ("recalculation", "Bill that corrects estimated ones"),
    ("high_bill", "Bill far above the usual ones"),
    ("meter_fault", "Consumption not measured by a faulty meter"),
    ("missed_bills", "Bills not sent as often as due"),
]
# what is told of the right
RIGHTS = ("right", "has_right", "is_below_right", "refusal")


class DunningPaymentPlan(models.Model):
    """Why a plan is asked for, and what the customer has a right to."""

    _inherit = "dunning.payment.plan"

    cause = fields.Selection(
        CAUSES, string="Why it is asked for", required=True, default="agreement"
    )
    request_date = fields.Date(
        string="Asked on", required=True, default=fields.Date.context_today
    )
    is_regulated = fields.Boolean(
        string="Regulated service", help="Not in the free market."
    )
    has_bonus = fields.Boolean(string="Social bonus")
    above_average = fields.Float(
        string="Above the usual bills (%)",
        digits=(8, 2),
        help="0 = not known: that never counts against the customer.",
    )
    estimated_bills = fields.Integer(help="Estimated bills between two readings.")
    billing_months = fields.Integer(
        string="Months between bills", required=True, default=2
    )
    notice_term = fields.Date(
        string="Term of the notice",
        compute="_compute_notice_term",
        store=True,
        readonly=False,
        help="Last day to pay of the notice of default that names these bills. Empty ="
        " not known: that never counts against the customer.",
    )
    join_by = fields.Date(
        string="First instalment, by law",
        readonly=True,
        copy=False,
        help="The customer joins by paying the first instalment by this day: a"
        " signature alone does not do. Empty: the law asks for no such thing.",
    )
    right = fields.Char(string="Right of the customer", compute="_compute_right")
    has_right = fields.Boolean(compute="_compute_right")
    is_below_right = fields.Boolean(compute="_compute_right")
    refusal = fields.Char(
        string="Why there is no right",
        compute="_compute_right",
        help="The request came late, or another plan is under way.",
    )
    exception_reason = fields.Char(
        string="Accepted all the same because",
        copy=False,
        tracking=True,
        help="A credit manager lets pass a request that came late, or beside another"
        " plan.",
    )

    @api.depends("case_id", "line_ids")
    def _compute_notice_term(self):
        """Of the last notice of default that names a bill of the plan."""
        drafts = self.filtered(lambda plan: plan.state == "draft")
        notices = (
            self.env["utility.notice"]
            .sudo()
            .search(
                [
                    ("kind", "=", "default"),
                    ("move_ids", "in", drafts.sudo().line_ids.move_id.ids),
                    ("pay_term", "!=", False),
                ],
                order="sent_date, id",
            )
        )
        for plan in drafts:
            moves = plan.sudo().line_ids.move_id
            mine = notices.filtered(lambda one, of=moves: one.move_ids & of)
            plan.notice_term = mine[-1:].pay_term

    @api.depends(
        "case_id",
        "cause",
        "request_date",
        "is_regulated",
        "has_bonus",
        "above_average",
        "estimated_bills",
        "billing_months",
        "notice_term",
        "exception_reason",
        "line_ids",
        "number",
        "months",
        "first_due",
    )
    def _compute_right(self):
        numbers = self.env["dunning.legal.parameter"]._parameters()
        others = self._others_under_way()
        for plan in self:
            if not plan.request_date:
                plan.update(dict.fromkeys(RIGHTS, False))
                continue
            request = plan._as_request(others[plan])
            why = rules.refusal(request, numbers)
            right = rules.right_to_plan(request, numbers)
            plan.refusal = why and plan._refusal_words(why)
            plan.has_right = bool(right)
            plan.is_below_right = bool(right) and (
                (plan.number or 0) * (plan.months or 0) < right.number * right.months
            )
            plan.right = plan._right_words(right)

    def _others_under_way(self):
        """{plan: how many other plans of its customer, for its service, are live}"""
        found = self.env["dunning.payment.plan"]
        if self.partner_id:
            found = found.sudo().search(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("state", "in", LIVE_STATES),
                ]
            )
        return {
            plan: len(
                found.filtered(
                    lambda other, mine=plan: (
                        other != mine._origin
                        and other.partner_id == mine.partner_id
                        and other.company_id == mine.company_id
                        and other.service == mine.service
                    )
                )
            )
            for plan in self
        }

    def _as_request(self, others=0):
        """The rules' :class:`Request`; ``others``: plans beside it."""
        self.ensure_one()
        plan = self.sudo()
        due = max(filter(None, plan.line_ids.mapped("date_maturity")), default=None)
        return rules.Request(
            service=plan.case_id.service or "",
            cause=plan.cause or "",
            amount=plan._debt(),
            day=plan.request_date,
            due=due,
            above_average=exact(plan.above_average) if plan.above_average else None,
            is_domestic=plan.case_id.customer_type == "domestic",
            is_regulated=plan.is_regulated,
            has_bonus=plan.has_bonus,
            estimated_bills=plan.estimated_bills or 0,
            billing_months=max(1, plan.billing_months or 1),
            term=plan.notice_term or None,
            others=others,
            is_excepted=bool(plan.exception_reason),
            first_due=plan.first_due or None,
        )

    # joining by the first instalment

    def _law_join_by(self):
        """Last day of the law for the first instalment of a plan by right."""
        self.ensure_one()
        if self.exception_reason:
            return False
        numbers = self.env["dunning.legal.parameter"]._parameters()
        request = self._as_request(self._others_under_way()[self])
        right = rules.right_to_plan(request, numbers)
        return right and right.join_by

    def _joined(self):
        """{plan: whether its customer joined} of those that the law has joined so."""
        mine = self.filtered("join_by")
        partials = mine._partials()
        joined = {}
        for plan in mine:
            known, bills = set(plan.known_partials or ()), plan.sudo().line_ids
            received = []
            for one in partials.filtered(lambda p, of=bills: p.debit_move_id in of):
                credit = one.credit_move_id
                day = credit.payment_id.value_date or credit.date
                if one.id not in known:
                    received.append((day, exact(one.amount)))
            first = plan.instalment_ids.sorted("number")[0]._as_instalment()
            joined[plan] = rules.has_joined(first, received, plan.join_by)
        return joined

    # who may let pass what came late

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("exception_reason") for vals in vals_list):
            self.env["dunning.case"]._check_is_manager(self)
        return super().create(vals_list)

    def write(self, vals):
        if "exception_reason" in vals:
            self.env["dunning.case"]._check_is_manager(self)
        return super().write(vals)

    def _check_can_ask(self):
        # EXTENDS: what gives no right is asked as an agreement, or let pass
        result = super()._check_can_ask()
        if self.refusal and not self.exception_reason:
            raise UserError(
                self.env._(
                    "%(why)s Choose \u201cBy agreement\u201d as the reason, or have a"
                    " credit manager write why it is accepted all the same.",
                    why=self.refusal,
                )
            )
        return result

    # words

    def _right_words(self, right):
        if not right:
            return self.env._("None by law: a matter of agreement.")
        text = self.env._(
            "%(number)s instalments at least, one every %(months)s months: %(law)s",
            number=right.number,
            months=right.months,
            law=right.reference,
        )
        if not right.join_by:
            return text
        joined = self.env._(
            "request and first instalment by %(day)s",
            day=self._day_words(right.join_by),
        )
        return f"{text} - {joined}"

    def _refusal_words(self, why):
        """A rules' :class:`Refusal`, for people."""
        values = {
            "day": self._day_words(why.day),
            "since": self._day_words(why.since),
            "count": why.count,
            "days": day_count(self.env, why.count),
            "law": why.reference,
        }
        if why.code == rules.LATE_FOR_TERM:
            return self.env._(
                "The request came after %(day)s, the last of the days that the law"
                " gives (%(days)s before the term of the notice, %(since)s): %(law)s.",
                **values,
            )
        if why.code == rules.LATE_TO_JOIN:
            return self.env._(
                "The first instalment is due after %(day)s, the last day by which the"
                " law wants it paid (%(days)s before the term of the notice,"
                " %(since)s): %(law)s.",
                **values,
            )
        if why.code == rules.LATE_FOR_BILL:
            return self.env._(
                "The request came after %(day)s, the last of the days that the law"
                " gives (%(days)s after the bill was due, %(since)s): %(law)s.",
                **values,
            )
        return self.env._(
            "The customer has another plan under way for this service; by right only"
            " %(count)s at a time: %(law)s.",
            **values,
        )

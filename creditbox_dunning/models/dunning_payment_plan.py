from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..rules import plans as rules
from .amounts import exact

STATES = [
    ("draft", "Draft"),
    ("waiting", "Waits for approval"),
    ("offered", "Offered to the customer"),
    ("running", "Being paid"),
    ("kept", "Paid in full"),
    ("broken", "Broken off"),
    ("cancelled", "Cancelled"),
]
LIVE_STATES = ("waiting", "offered", "running")
# reasons of the suspensions that stand for a plan
ASKED, UNDER_WAY = "plan_requested", "plan_active"
# what a draft says and nobody changes afterwards
TERMS = frozenset(
    {
        "case_id",
        "line_ids",
        "cause",
        "request_date",
        "is_regulated",
        "has_bonus",
        "above_average",
        "estimated_bills",
        "billing_months",
        "number",
        "months",
        "first_due",
        "first_amount",
        "interest_kind",
        "interest_rate",
        "notice_term",
        "exception_reason",
    }
)
INTEREST = [
    ("none", "No interest"),
    ("ecb", "By the ECB rate of each day"),
    ("agreed", "At an agreed rate"),
]


class DunningPaymentPlan(models.Model):
    """An instalment plan: overdue bills of a case paid in several times.

    It books nothing: the bills keep their receivables, and what is paid on them counts
    for the oldest instalment first. From draft to its end:
    `dunning_payment_plan_flow.py`; by itself: `dunning_payment_plan_watch.py`.
    """

    _name = "dunning.payment.plan"
    _description = "Payment plan"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _order = "id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    _kept_attachment_field = "document_id"
    _kept_attachment_domain = ()

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "state",
            "amount_total",
            "amount_interest",
            "join_by",
            "instalment_ids",
            "tolerance_days",
            "missed_allowed",
            "request_id",
            "action_id",
            "request_hold_id",
            "hold_id",
            "charge_id",
            "document_id",
            "asked_on",
            "offered_on",
            "valid_until",
            "accepted_on",
            "ended_on",
            "end_note",
            "next_due",
            "is_late",
            "round",
            "known_partials",
        }
    )

    name = fields.Char(string="Plan", default="/", readonly=True, copy=False)
    company_id = fields.Many2one(
        related="case_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        "dunning.case",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('state', '!=', 'closed')]",
    )
    partner_id = fields.Many2one(
        related="case_id.partner_id", store=True, index=True, precompute=True
    )
    contract_id = fields.Many2one(related="case_id.contract_id")
    service = fields.Selection(related="case_id.service")
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )

    # what is agreed
    line_ids = fields.Many2many(
        "account.move.line",
        "dunning_payment_plan_line_rel",
        "plan_id",
        "line_id",
        string="Receivables",
        check_company=True,
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        domain="[('dunning_case_id', '=', case_id), ('reconciled', '=', False)]",
    )
    number = fields.Integer(string="Instalments", required=True, default=6)
    months = fields.Integer(string="Months between them", required=True, default=1)
    first_due = fields.Date(
        string="First instalment by",
        required=True,
        default=lambda self: fields.Date.add(fields.Date.context_today(self), months=1),
    )
    first_amount = fields.Monetary(
        string="First instalment of", help="0 = like the others."
    )
    interest_kind = fields.Selection(
        INTEREST,
        string="Interest",
        required=True,
        default="none",
        help="On what is still owed, day by day. The amounts are fixed when the plan is"
        " asked for.",
    )
    interest_rate = fields.Float(
        string="Rate (% a year)", digits=(7, 4), aggregator=None
    )
    note = fields.Text()
    simulation = fields.Html(compute="_compute_simulation", sanitize=False)
    amount_total = fields.Monetary(
        string="Debt in the plan",
        compute="_compute_amount_total",
        store=True,
        help="What was open on these bills when the plan was asked for.",
    )
    amount_interest = fields.Monetary(string="Interest of the plan", readonly=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_standing")
    amount_credited = fields.Monetary(
        string="Of it by credit notes",
        compute="_compute_standing",
        help="They count for the oldest instalments, as payments do.",
    )
    amount_open = fields.Monetary(
        string="Still to be paid", compute="_compute_standing"
    )
    amount_late = fields.Monetary(
        string="Not paid in time", compute="_compute_standing"
    )
    instalment_ids = fields.One2many(
        "dunning.payment.plan.instalment", "plan_id", readonly=True, copy=False
    )

    # what became of it
    tolerance_days = fields.Integer(readonly=True, copy=False)
    missed_allowed = fields.Integer(
        string="Missed instalments that break it", readonly=True, copy=False
    )
    request_id = fields.Many2one(
        "dunning.approval.request",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    action_id = fields.Many2one(
        "dunning.action",
        string="Step of the case",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    request_hold_id = fields.Many2one(
        "dunning.hold", readonly=True, copy=False, index="btree_not_null"
    )
    hold_id = fields.Many2one(
        "dunning.hold",
        string="Suspension",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    round = fields.Integer(
        readonly=True, copy=False, help="Of the case, when the plan was agreed."
    )
    held_until = fields.Date(
        string="Bills suspended until",
        compute="_compute_held_until",
        help="Last day of the suspension while the plan is asked for.",
    )
    charge_id = fields.Many2one(
        "utility.charge",
        string="Charge of the interest",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    document_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    asked_on = fields.Date(readonly=True, copy=False)
    offered_on = fields.Date(readonly=True, copy=False)
    valid_until = fields.Date(
        string="Offer valid until", readonly=True, copy=False, tracking=True
    )
    accepted_on = fields.Date(readonly=True, copy=False, tracking=True)
    ended_on = fields.Date(readonly=True, copy=False, tracking=True)
    end_note = fields.Char(string="Ended because", readonly=True, copy=False)
    known_partials = fields.Json(
        readonly=True, copy=False, help="What was matched when the plan was asked for."
    )
    next_due = fields.Date(
        string="Next instalment", readonly=True, copy=False, index="btree_not_null"
    )
    is_late = fields.Boolean(
        string="Late", readonly=True, copy=False, help="As of last night."
    )

    _one_live = models.UniqueIndex(
        "(case_id) WHERE state IN ('waiting', 'offered', 'running')",
        "This case has a payment plan already.",
    )
    # the nightly look, and the lists of today
    _live_idx = models.Index(
        "(company_id, state) WHERE state IN ('waiting', 'offered', 'running')"
    )
    _numbers_check = models.Constraint(
        "CHECK(number BETWEEN 1 AND 240 AND months BETWEEN 1 AND 12"
        " AND billing_months BETWEEN 1 AND 12 AND estimated_bills >= 0"
        " AND first_amount >= 0 AND interest_rate >= 0 AND interest_rate < 100)",
        "Instalments go from 1 to 240, months from 1 to 12; nothing is negative.",
    )

    @api.depends("case_id")
    def _compute_line_ids(self):
        """All that is open on the case, when it is chosen."""
        for plan in self:
            plan.line_ids = plan.case_id.line_ids.filtered(
                lambda line: not line.reconciled and line.amount_residual > 0
            )

    @api.depends("line_ids")
    def _compute_amount_total(self):
        """Of a draft; what was asked for stays as it was."""
        for plan in self:
            if plan.state == "draft":
                residuals = plan.sudo().line_ids.mapped("amount_residual")
                plan.amount_total = sum(residuals)

    @api.depends("name")
    def _compute_display_name(self):
        for plan in self:
            is_named = plan.name and plan.name != "/"
            plan.display_name = plan.name if is_named else self.env._("New plan")

    @api.depends("request_hold_id.date_to", "state", "case_id")
    def _compute_held_until(self):
        """Of the suspension made for it; of a draft, of the one that the customer's
        page made."""
        asked = self.filtered(lambda p: p.state in ("draft", "waiting", "offered"))
        (self - asked).held_until = False
        holds = (
            self.env["dunning.hold"]
            .sudo()
            .search(
                [
                    ("case_id", "in", asked.case_id.ids),
                    ("reason_id.code", "=", ASKED),
                    ("state", "=", "active"),
                ]
            )
        )
        days = {hold.case_id.id: hold.date_to for hold in holds}
        for plan in asked:
            plan.held_until = days.get(plan.case_id.id, False)

    @api.depends(
        "amount_total",
        "line_ids",
        "number",
        "months",
        "first_due",
        "first_amount",
        "interest_kind",
        "interest_rate",
        "request_date",
    )
    @api.depends_context("lang")
    def _compute_simulation(self):
        """The instalments as they would be, before anything is asked."""
        for plan in self:
            try:
                made = plan._schedule()
            except rules.WrongPlanError as error:
                plan.simulation = plan._wrong_words(error.code)
                continue
            plan.simulation = self.env["ir.qweb"]._render(
                "creditbox_dunning.payment_plan_simulation",
                {
                    "rows": made,
                    "day": plan._day_words,
                    "money": plan._money_words,
                    "capital": sum(one.capital for one in made),
                    "interest": sum(one.interest for one in made),
                    "total": sum(one.amount for one in made),
                },
            )

    def _compute_standing(self):
        """By what is open on the bills now: nothing of it is stored."""
        paid, credited = self._paid(), self._credited()
        for plan in self:
            plan.amount_credited = credited.get(plan.id, 0)
            told = plan._standing(paid.get(plan.id))
            if told is None:
                plan.amount_paid = plan.amount_late = 0
                plan.amount_open = plan.amount_total
                continue
            still = float(sum(told.open.values()))
            plan.amount_open, plan.amount_late = still, float(told.missing)
            plan.amount_paid = plan.amount_total - still

    @api.model_create_multi
    def create(self, vals_list):
        self.env["dunning.case"]._check_is_operator(self)
        plans = super().create(vals_list)
        for plan in plans.sudo()._guarded():
            plan.name = f"PIANO/{plan.id:06d}"
        return plans

    def write(self, vals):
        is_free = self._is_guard_open() or not TERMS & set(vals)
        if not is_free and any(plan.state != "draft" for plan in self):
            raise UserError(
                self.env._("What was asked for is not changed: cancel the plan.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(plan.state != "draft" for plan in self):
            raise UserError(self.env._("A plan is history: it is cancelled."))

    # as the rules see it

    def _today(self):
        """Today where the company is."""
        company = self.company_id if len(self) == 1 else self.env.company
        return self.env["dunning.case"]._today(company)

    def _debt(self):
        """What the plan is about, exactly."""
        self.ensure_one()
        plan = self.sudo()
        digits = plan.currency_id.decimal_places or 2
        if plan.state != "draft":
            return exact(plan.amount_total, digits)
        residuals = plan.line_ids.mapped("amount_residual")
        return sum((exact(one, digits) for one in residuals), exact(0, digits))

    def _schedule(self):
        """The rules' instalments by these terms.

        :raise WrongPlanError: when there can be no such plan
        """
        self.ensure_one()
        if not self.first_due or not self.request_date:
            raise rules.WrongPlanError("first_due")
        terms = rules.Terms(
            amount=self._debt(),
            number=self.number or 0,
            start=self.request_date,
            first_due=self.first_due,
            months=self.months or 0,
            first_amount=exact(self.first_amount) if self.first_amount else None,
        )
        return rules.schedule(terms, self._interest(), self._payable())

    def _interest(self):
        """The rules' function of the interest of this plan."""
        if self.interest_kind == "ecb":
            company = self.company_id or self.env.company
            bases = self.env["dunning.interest.rate"]._bases_of(company)
            return rules.interest_by(bases.get("ecb", ()))
        if self.interest_kind == "agreed" and self.interest_rate:
            return rules.interest_at(exact(self.interest_rate, 4))
        return rules.no_interest

    def _payable(self):
        """The day itself or the next on which a bank works."""
        company = self.company_id or self.env.company
        year = (self.first_due or fields.Date.today()).year
        shift = self.env["dunning.facts"]._shift_for(
            company, range(year - 1, year + 22)
        )

        def payable(day):
            # the working day before it, and one on: itself when it is one
            return shift(shift(day, -1, "working"), 1, "working")

        return payable

    def _paid(self):
        """{plan id: Decimal of the capital paid since it was asked for}: what is no
        longer open on its receivables, in one statement."""
        if not self.ids:
            return {}
        self.flush_model(["line_ids", "amount_total", "state"])
        self.env["account.move.line"].flush_model(["amount_residual", "parent_state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT plan.id, plan.amount_total,
                       COALESCE(SUM(GREATEST(line.amount_residual, 0))
                                FILTER (WHERE line.parent_state = 'posted'), 0)
                  FROM dunning_payment_plan plan
             LEFT JOIN dunning_payment_plan_line_rel rel ON rel.plan_id = plan.id
             LEFT JOIN account_move_line line ON line.id = rel.line_id
                 WHERE plan.id = ANY(%s) AND plan.state != 'draft'
              GROUP BY plan.id
                """,
                self.ids,
            )
        )
        return {
            plan_id: max(exact(total) - exact(still), rules.ZERO)
            for plan_id, total, still in rows
        }

    def _partials(self):
        """What is matched with the bills of these plans."""
        return (
            self.env["account.partial.reconcile"]
            .sudo()
            .search([("debit_move_id", "in", self.sudo().line_ids.ids)])
        )

    def _credited(self):
        """{plan id: what credit notes matched since it was asked for}"""
        asked = self.filtered(lambda plan: plan.state != "draft")
        notes = asked._partials().filtered(
            lambda one: one.credit_move_id.move_id.move_type == "out_refund"
        )
        if not notes:
            return {}
        return {
            plan.id: sum(
                one.amount
                for one in notes
                if one.debit_move_id in plan.sudo().line_ids
                and one.id not in (plan.known_partials or ())
            )
            for plan in asked
        }

    def _standing(self, paid, today=None):
        """The rules' :class:`Standing`, None for a plan without instalments."""
        self.ensure_one()
        if paid is None or not self.instalment_ids:
            return None
        made = [one._as_instalment() for one in self.instalment_ids.sorted("number")]
        return rules.standing(
            made,
            paid,
            today or self._today(),
            self.tolerance_days,
            self.missed_allowed,
        )

    # words

    def _wrong_words(self, code):
        """Why there can be no such plan, for people."""
        return {
            "number": self.env._("A plan has one instalment at least."),
            "months": self.env._("There is a month at least between instalments."),
            "first_due": self.env._(
                "The first instalment cannot be due before the plan is asked for."
            ),
            "amount": self.env._("There is not enough open to be divided like this."),
            "first_amount": self.env._(
                "The first instalment must leave something for the others."
            ),
        }[code]

    def _day_words(self, day):
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "it_IT")
        return day.strftime(lang.date_format or "%d/%m/%Y") if day else ""

    def _money_words(self, value):
        return formatLang(
            self.env, float(value), currency_obj=self.sudo().currency_id or None
        )

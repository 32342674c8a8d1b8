from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .res_users import MANAGER_LEVEL

DRAFT, FROZEN, APPROVED, CONTESTED, CANCELLED = (
    "draft",
    "frozen",
    "approved",
    "contested",
    "cancelled",
)
STATES = [
    (DRAFT, "Being prepared"),
    (FROZEN, "To be decided"),
    (APPROVED, "Fees approved"),
    (CONTESTED, "Contested"),
    (CANCELLED, "Called off"),
]
CLERKS = (
    "creditbox_dunning.group_dunning_operator",
    "account.group_account_invoice",
)


class DunningAgencyStatement(models.Model):
    """The fees of an agency in a period, beside the invoice that it sent for them.

    The list of fees is reckoned anew each day; a statement freezes what it said once.
    Whatever changes afterwards (a payment taken back, one recorded late) comes as lines
    of the next statement: see `rules/agency_fees.py` and
    `dunning_agency_statement_freezing.py`. State, decision and lines change through the
    buttons only.
    """

    _name = "dunning.agency.statement"
    _description = "Statement of an agency's fees"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _mail_post_access = "read"
    _order = "date_to desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "state",
            "line_ids",
            "frozen_on",
            "frozen_by",
            "tariff_author_ids",
            "decided_on",
            "decided_by",
            "invoiced",
        }
    )
    _draft_fields = frozenset({"company_id", "provider_id", "date_from", "date_to"})
    _open_fields = frozenset({"invoice_id", "explanation"})

    name = fields.Char(
        string="Number", required=True, readonly=True, default="/", copy=False
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Agency",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        domain="[('kind', '=', 'agency')]",
        # it may be of another company of the group
        check_company=False,
    )
    date_from = fields.Date(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: self._last_month()[0],
    )
    date_to = fields.Date(
        string="To",
        required=True,
        tracking=True,
        default=lambda self: self._last_month()[1],
    )
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default=DRAFT,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    invoice_id = fields.Many2one(
        "account.move",
        string="Agency's invoice",
        copy=False,
        tracking=True,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('move_type', 'in', ('in_invoice', 'in_refund')),"
        " ('state', '=', 'posted'), ('company_id', '=', company_id)]",
        help="The vendor bill by which the agency asks for these fees, posted.",
    )
    invoice_number = fields.Char(related="invoice_id.ref", string="Its number")
    invoiced = fields.Monetary(
        string="Asked by the agency",
        compute="_compute_invoiced",
        store=True,
        copy=False,
        tracking=True,
        help="Without taxes; that of the day of the approval, once approved.",
    )
    reckoned = fields.Monetary(compute="_compute_reckoned", store=True, tracking=True)
    difference = fields.Monetary(
        compute="_compute_difference", store=True, help="Invoiced less reckoned."
    )
    explanation = fields.Text(
        string="What the difference is",
        copy=False,
        tracking=True,
        help="Needed to approve an invoice that differs, and to contest one.",
    )
    hint = fields.Text(string="Where it comes from", compute="_compute_hint")
    frozen_on = fields.Date(readonly=True, copy=False)
    frozen_by = fields.Many2one("res.users", readonly=True, copy=False)
    tariff_author_ids = fields.Many2many(
        "res.users",
        "dunning_agency_statement_author_rel",
        "statement_id",
        "user_id",
        string="Who wrote the tariff",
        readonly=True,
        copy=False,
        help="The tariff by which the fees were reckoned when they were frozen.",
    )
    decided_on = fields.Date(readonly=True, copy=False)
    decided_by = fields.Many2one("res.users", readonly=True, copy=False)
    line_ids = fields.One2many(
        "dunning.agency.statement.line", "statement_id", string="Fees", readonly=True
    )
    line_count = fields.Integer(compute="_compute_line_count")
    cannot_approve_reason = fields.Char(
        string="Why you cannot approve", compute="_compute_cannot_approve_reason"
    )

    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE name != '/'", "This number was already given."
    )
    _invoice_uniq = models.UniqueIndex(
        "(invoice_id) WHERE invoice_id IS NOT NULL AND state != 'cancelled'",
        "This invoice belongs to another statement already.",
    )
    _dates_check = models.Constraint(
        "CHECK(date_to >= date_from)", "A period cannot end before it begins."
    )
    _no_overlap = models.Constraint(
        "EXCLUDE USING gist ("
        "int4range(company_id, company_id, '[]') WITH &&,"
        " int4range(provider_id, provider_id, '[]') WITH &&,"
        " daterange(date_from, date_to, '[]') WITH &&)"
        " WHERE (state != 'cancelled')",
        "The agency has a statement for some of these days already.",
    )

    @api.model
    def _last_month(self):
        """First and last day of the month before this one."""
        first = self.env["dunning.case"]._today(self.env.company).replace(day=1)
        return first - relativedelta(months=1), first - timedelta(days=1)

    @api.depends("invoice_id.amount_untaxed_signed", "state")
    def _compute_invoiced(self):
        for one in self:
            if one.state != APPROVED:
                # a vendor bill weighs less than zero
                one.invoiced = -one.sudo().invoice_id.amount_untaxed_signed
            else:
                one.invoiced = one.invoiced

    @api.depends("line_ids.fee")
    def _compute_reckoned(self):
        for one in self:
            one.reckoned = sum(one.line_ids.mapped("fee"))

    @api.depends("invoiced", "reckoned", "invoice_id")
    def _compute_difference(self):
        for one in self:
            has_invoice = bool(one.invoice_id)
            one.difference = one.invoiced - one.reckoned if has_invoice else 0

    @api.depends("line_ids")
    def _compute_line_count(self):
        groups = self.env["dunning.agency.statement.line"]._read_group(
            [("statement_id", "in", self.ids)], ["statement_id"], ["__count"]
        )
        counts = {one.id: count for one, count in groups}
        for one in self:
            one.line_count = counts.get(one.id, 0)

    @api.depends("state", "frozen_by", "tariff_author_ids", "invoice_id")
    @api.depends_context("uid")
    def _compute_cannot_approve_reason(self):
        for one in self:
            is_open = one.state in (FROZEN, CONTESTED)
            one.cannot_approve_reason = is_open and one._get_cannot_approve_reason()

    @api.constrains("provider_id", "company_id")
    def _check_provider(self):
        for one in self.sudo():
            provider = one.provider_id
            served = provider.company_id | provider.group_id.member_ids
            if provider.kind != "agency" or one.company_id not in served:
                raise ValidationError(
                    self.env._(
                        "%(name)s is no agency of this company.", name=provider.name
                    )
                )

    @api.constrains("invoice_id")
    def _check_invoice(self):
        for move in self.sudo().invoice_id:
            if (
                move.move_type not in ("in_invoice", "in_refund")
                or move.state != "posted"
            ):
                raise ValidationError(
                    self.env._(
                        "%(bill)s is no posted invoice of a supplier.",
                        bill=move.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_guarded_create(vals_list)
        statements = super(DunningAgencyStatement, self._guarded()).create(vals_list)
        for one in statements:
            sequence = self.env["ir.sequence"].sudo().with_company(one.company_id)
            one.name = sequence.next_by_code(self._name)
        return statements.with_env(self.env)

    def write(self, vals):
        if not self._is_guard_open():
            if self._draft_fields & set(vals) and any(s.state != DRAFT for s in self):
                raise UserError(
                    self.env._(
                        "The fees are frozen: call the statement off and make another."
                    )
                )
            if self._open_fields & set(vals) and any(
                s.state in (APPROVED, CANCELLED) for s in self
            ):
                raise UserError(self.env._("What was decided is no longer changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A statement is history: it is called off, not deleted.")
        )

    # deciding

    def action_approve(self):
        """Button: the invoice is right, or its difference is explained.

        :raise UserError: no invoice, or it differs and nothing explains it
        :raise AccessError: who froze the fees, wrote their tariff or entered the
            invoice would approve them
        """
        self.env["dunning.case"]._check_is_manager(self)
        self.check_access("write")
        for one in self:
            one._check_state(FROZEN, CONTESTED)
            reason = one._get_cannot_approve_reason()
            if reason:
                raise AccessError(reason)
            if not one.invoice_id:
                raise UserError(
                    self.env._("Name the invoice of the agency before it is approved.")
                )
            one.sudo()._check_invoice()
            if one.currency_id.compare_amounts(one.difference, 0):
                one._check_explained()
            one._decide(APPROVED)
        return True

    def action_contest(self):
        """Button: the invoice is not right; the agency is told why."""
        self.env["dunning.case"]._check_is_manager(self)
        self.check_access("write")
        for one in self:
            one._check_state(FROZEN)
            one._check_explained()
            one._decide(CONTESTED)
        return True

    def action_cancel(self):
        """Button: call it off; its fees come with the next one.

        :raise UserError: it was approved, or a later one builds upon it
        """
        self._check_clerk()
        for one in self:
            one._check_state(DRAFT, FROZEN, CONTESTED)
            one._check_is_last()
            one.sudo().line_ids._guarded().write({"is_void": True})
            one._decide(CANCELLED)
        return True

    def _decide(self, state):
        today = self.env["dunning.case"]._today(self.company_id)
        self.sudo()._guarded().write(
            {"state": state, "decided_on": today, "decided_by": self.env.uid}
        )
        # before another one of the same days is inserted
        self.flush_recordset(["state"])

    def action_open_lines(self):
        """Smart button: the frozen fees."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_agency_statement_line_action"
        )
        return {**action, "domain": [("statement_id", "=", self.id)]}

    # checks

    def _check_clerk(self):
        """People of CreditBox, or of the accounts, and the records are theirs."""
        self.check_access("write")
        if not self.env.su and not any(map(self.env.user.has_group, CLERKS)):
            raise AccessError(
                self.env._("Only the people of CreditBox and of the accounts do this.")
            )

    def _get_cannot_approve_reason(self):
        """Four eyes, as in every approval: why the user may not; "" when he may."""
        user, one = self.env.user, self.sudo()
        level = user._dunning_level(one.company_id)
        if user.id == SUPERUSER_ID or level < MANAGER_LEVEL:
            return self.env._("You have no level of approval in this company.")
        if user == one.frozen_by:
            return self.env._(
                "Who froze the fees never approves them: somebody else has to."
            )
        if user in one.tariff_author_ids:
            return self.env._(
                "Who wrote the agency's tariff never approves its fees: somebody else"
                " has to."
            )
        if user == one.invoice_id.create_uid:
            return self.env._(
                "Who entered the agency's invoice never approves it: somebody else has"
                " to."
            )
        return ""

    def _check_state(self, *states):
        self.ensure_one()
        if self.state not in states:
            raise UserError(
                self.env._("%(name)s is in another state by now.", name=self.name)
            )

    def _check_explained(self):
        if not (self.explanation or "").strip():
            raise UserError(
                self.env._(
                    "Say what the difference of %(amount)s is.",
                    amount=self.currency_id.format(self.difference),
                )
            )

    def _check_is_last(self):
        """A later statement of the agency builds upon what this one says."""
        later = self.sudo().search(
            [
                ("provider_id", "=", self.provider_id.id),
                ("company_id", "=", self.company_id.id),
                ("date_from", ">", self.date_to),
                ("state", "not in", (DRAFT, CANCELLED)),
            ],
            limit=1,
        )
        if later:
            raise UserError(
                self.env._(
                    "%(later)s is later and has its fees already: what changed comes"
                    " with the next statement.",
                    later=later.name,
                )
            )

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..rules import holds as rules
from .dunning_hold_reason import CLOCKS, END_RULES, STOPS
from .reason_texts import unpack

SCOPES = {
    "case": "case_id",
    "bill": "move_id",
    "contract": "contract_id",
    "customer": "partner_id",
}
STATES = [
    ("planned", "Planned"),
    ("active", "In force"),
    ("ended", "Ended"),
    ("cancelled", "Cancelled"),
]


def _no_overlap(column):
    """Exclusion of two suspensions of one record and reason that share a day.

    Ranges of one number stand for equality: no extension of PostgreSQL is needed.
    """
    return models.Constraint(
        "EXCLUDE USING gist ("
        f"int4range({column}, {column}, '[]') WITH &&,"
        " int4range(reason_id, reason_id, '[]') WITH &&,"
        " daterange(date_from, resume_date) WITH &&)"
        f" WHERE ({column} IS NOT NULL)",
        "It is suspended for this reason already in these days.",
    )


class DunningHold(models.Model):
    """A recorded reason to stop: a case, one bill, a contract or a customer.

    Made and ended only by :meth:`suspend`, :meth:`action_extend` and
    :meth:`action_end`, which check who may; never deleted. What it stops and how the
    waits go on is copied from the reason, so that a later change of the reason does not
    rewrite the past. How it works on cases: `dunning_hold_effect.py`; who may and how
    long: `dunning_hold_making.py`; what happens by itself: `dunning_hold_watch.py`.
    """

    _name = "dunning.hold"
    _description = "Suspension"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _order = "date_from desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = ()

    # a person may change by hand who follows it and the note, nothing else
    _guarded_fields = frozenset(
        {
            "company_id",
            "case_id",
            "move_id",
            "contract_id",
            "partner_id",
            "scope",
            "customer_id",
            "reason_id",
            "stops",
            "clock",
            "end_rule",
            "date_from",
            "date_to",
            "resume_date",
            "wanted_to",
            "waits_approval",
            "check_date",
            "answer_date",
            "answer_source",
            "received_on",
            "amount",
            "exception_reasons",
            "is_cancelled",
            "ended_on",
            "ended_by",
            "end_reason",
            "placed_by",
            "attachment_ids",
            "plan_id",
        }
    )

    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        "dunning.case",
        index="btree_not_null",
        check_company=True,
        readonly=True,
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        index="btree_not_null",
        check_company=True,
        readonly=True,
        ondelete="restrict",
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        check_company=True,
        readonly=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Whole customer",
        index="btree_not_null",
        check_company=True,
        readonly=True,
        ondelete="restrict",
    )
    scope = fields.Selection(
        [
            ("case", "Case"),
            ("bill", "Bill"),
            ("contract", "Supply contract"),
            ("customer", "Customer"),
        ],
        string="What is suspended",
        required=True,
        readonly=True,
    )
    customer_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        readonly=True,
        help="Whose debt it is about.",
    )
    target = fields.Char(string="Of", compute="_compute_target")
    reason_id = fields.Many2one(
        "dunning.hold.reason",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    stops = fields.Selection(
        [*STOPS, ("nothing", "Nothing")], required=True, readonly=True, tracking=True
    )
    clock = fields.Selection(
        CLOCKS, string="Waits of the table", required=True, readonly=True
    )
    end_rule = fields.Selection(
        END_RULES, string="How it ends", required=True, readonly=True
    )
    date_from = fields.Date(string="From", required=True, readonly=True, tracking=True)
    date_to = fields.Date(
        string="To",
        readonly=True,
        tracking=True,
        help="Last day. Empty: until somebody ends it.",
    )
    resume_date = fields.Date(
        string="Resumes on",
        readonly=True,
        index=True,
        help="First day without it. Empty: nobody knows yet.",
    )
    shown_to = fields.Date(
        compute="_compute_shown_to",
        store=True,
        help="Last day in the calendar: without a last day, that of the check.",
    )
    wanted_to = fields.Date(
        string="Asked until", readonly=True, help="Last day that waits for approval."
    )
    waits_approval = fields.Boolean(
        readonly=True,
        tracking=True,
        help="The days beyond those of the reason wait for an approval.",
    )
    check_date = fields.Date(
        string="To be checked by", readonly=True, tracking=True, index=True
    )
    answer_date = fields.Date(
        string="Answer due by", readonly=True, help="Term for the reasoned answer."
    )
    answer_source = fields.Char(readonly=True)
    received_on = fields.Date(readonly=True, help="Day on which the customer wrote.")
    amount = fields.Monetary(
        readonly=True, help="The amount contested or promised, when there is one."
    )
    exception_reasons = fields.Json(readonly=True)
    exception = fields.Char(string="Why it stops nothing", compute="_compute_exception")
    state = fields.Selection(
        STATES, string="Status", compute="_compute_state", search="_search_state"
    )
    is_expired = fields.Boolean(
        string="To be checked",
        compute="_compute_state",
        search="_search_is_expired",
        help="In force, and the day by which it had to be checked is past.",
    )
    is_cancelled = fields.Boolean(readonly=True, tracking=True)
    ended_on = fields.Date(readonly=True, tracking=True)
    ended_by = fields.Many2one("res.users", readonly=True)
    end_reason = fields.Selection(
        "_selection_end_reason", string="Ended because", readonly=True, tracking=True
    )
    user_id = fields.Many2one(
        "res.users", string="Followed by", tracking=True, index="btree_not_null"
    )
    placed_by = fields.Many2one("res.users", readonly=True)
    note = fields.Text()
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_hold_attachment_rel",
        "hold_id",
        "attachment_id",
        string="Proofs",
        readonly=True,
    )

    plan_id = fields.Many2one(
        "dunning.payment.plan",
        index="btree_not_null",
        check_company=True,
        readonly=True,
        ondelete="restrict",
        help="It holds the bills of this plan only: the others of the case go on.",
    )
    approval_request_count = fields.Integer(compute="_compute_approval_request_count")

    _one_scope = models.Constraint(
        "CHECK(num_nonnulls(case_id, move_id, contract_id, partner_id) = 1)",
        "A suspension is about one case, one bill, one contract or one customer.",
    )
    _dates_check = models.Constraint(
        "CHECK((date_to IS NULL OR date_to >= date_from)"
        " AND (resume_date IS NULL OR resume_date >= date_from))",
        "A suspension cannot end before it begins.",
    )
    _no_overlap_case = _no_overlap("case_id")
    _no_overlap_move = _no_overlap("move_id")
    _no_overlap_contract = _no_overlap("contract_id")
    _no_overlap_partner = _no_overlap("partner_id")

    @api.model
    def _selection_end_reason(self):
        return [
            ("date", self.env._("Its last day passed")),
            ("fact_over", self.env._("The fact is over")),
            ("answered", self.env._("The customer was answered")),
            ("paid", self.env._("The payment was found")),
            ("unfounded", self.env._("Checked: it was not so")),
            ("withdrawn", self.env._("The customer gave it up")),
            ("closed", self.env._("The case is closed")),
            ("mistake", self.env._("Recorded by mistake")),
        ]

    @api.depends("scope", "case_id", "move_id", "contract_id", "partner_id", "plan_id")
    def _compute_target(self):
        for hold in self:
            record = hold.sudo()[SCOPES[hold.scope]] if hold.scope else hold.case_id
            if hold.scope == "bill":
                hold.target = record.billing_ref or record.name
            elif hold.scope == "case":
                parts = (record.name, hold.sudo().plan_id.name)
                hold.target = ", ".join(filter(None, parts))
            else:
                hold.target = record.display_name

    @api.depends("reason_id", "target")
    def _compute_display_name(self):
        for hold in self:
            parts = (hold.reason_id.name, hold.target)
            hold.display_name = " - ".join(filter(None, parts))

    @api.depends("exception_reasons")
    @api.depends_context("lang")
    def _compute_exception(self):
        for hold in self:
            hold.exception = unpack(self.env, hold.exception_reasons, hold.currency_id)

    @api.depends("date_from", "resume_date", "is_cancelled", "check_date")
    def _compute_state(self):
        for hold in self:
            if not hold.date_from:
                hold.state, hold.is_expired = False, False
                continue
            today = hold._today()
            hold.state = rules.state_on(
                today, hold.date_from, hold.resume_date or None, hold.is_cancelled
            )
            late = hold.check_date and hold.check_date < today
            hold.is_expired = bool(late) and hold.state == "active"

    @api.depends("waits_approval")
    def _compute_approval_request_count(self):
        """Only those whom the requests are shown to."""
        requests = self.env["dunning.approval.request"]
        counts = {}
        if requests.has_access("read"):
            domain = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
            counts = dict(requests._read_group(domain, ["res_id"], ["__count"]))
        for hold in self:
            hold.approval_request_count = counts.get(hold.id, 0)

    @api.depends("date_from", "date_to", "check_date", "ended_on")
    def _compute_shown_to(self):
        for hold in self:
            last = hold.ended_on or hold.date_to or hold.check_date
            hold.shown_to = max(filter(None, (last, hold.date_from)), default=False)

    def _search_state(self, operator, value):
        if operator not in ("in", "="):
            return NotImplemented
        wanted = [value] if isinstance(value, str) else list(value)
        today = self._today()
        kept = Domain("is_cancelled", "=", False)
        over = Domain("resume_date", "<=", today)
        later = Domain("date_from", ">", today)
        domains = {
            "cancelled": Domain("is_cancelled", "=", True),
            "ended": kept & over,
            "planned": kept & ~over & later,
            "active": kept & ~over & ~later,
        }
        return Domain.OR(domains[state] for state in wanted if state in domains)

    def _search_is_expired(self, operator, value):
        if operator not in ("in", "="):
            return NotImplemented
        is_true = True in value if isinstance(value, (list, tuple, set)) else value
        late = Domain("check_date", "<", self._today())
        domain = self._search_state("=", "active") & late
        return domain if is_true else ~domain

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A suspension is history: it is ended, never deleted.")
        )

    def _only_bills(self):
        """The bills that these suspend alone: of a bill, of a payment plan. Empty when
        they reach all that there is."""
        return self.move_id | self.plan_id.sudo().line_ids.move_id

    def _today(self):
        """Today where the company is."""
        company = self.company_id if len(self) == 1 else self.env.company
        return self.env["dunning.case"]._today(company)

    def _get_period(self):
        """Its days in words."""
        self.ensure_one()
        start = format_date(self.env, self.date_from)
        if not self.date_to:
            return self.env._("from %(start)s", start=start)
        return self.env._(
            "from %(start)s to %(end)s",
            start=start,
            end=format_date(self.env, self.date_to),
        )

    # actions

    def action_open_cases(self):
        """Smart button: the cases that it stops."""
        self.ensure_one()
        self.check_access("read")
        cases = self.env["dunning.case"].browse(self.sudo()._cases().ids)
        return cases._open_action(self.env._("Recovery cases"))

    def action_open_requests(self):
        """Smart button: who was asked whether it may last so long."""
        self.ensure_one()
        self.check_access("read")
        domain = [("res_model", "=", self._name), ("res_id", "=", self.id)]
        requests = self.env["dunning.approval.request"].search(domain)
        form = {"view_mode": "form", "res_id": requests.id}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approval"),
            "res_model": requests._name,
            "view_mode": "list,form",
            "domain": domain,
            **(form if len(requests) == 1 else {}),
        }

    def action_open_end(self):
        """Button: end them, saying why."""
        return self._open_wizard("end", self.env._("End the suspension"))

    def action_open_extend(self):
        """Button: make them last longer."""
        return self._open_wizard("extend", self.env._("Make it last longer"))

    def _open_wizard(self, mode, name):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "dunning.hold.end.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_mode": mode,
                "default_hold_ids": [fields.Command.set(self.ids)],
            },
        }

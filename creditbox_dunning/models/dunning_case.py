from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .dunning_action import OPEN_STATES
from .reason_texts import unpack

NEXT_KINDS = [
    ("execute", "To do today"),
    ("wait", "Waits"),
    ("park", "Parked"),
    ("stop", "A person has to decide"),
    ("close", "To close"),
]


class DunningCase(models.Model):
    """A recovery case: the overdue bills of one supply and where we are with them.

    Opened, moved and closed by the run only (see `dunning.engine`); users read it,
    note on it and record what came back on its actions.
    """

    _name = "dunning.case"
    _description = "Recovery case"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _order = "next_date, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "partner_id",
            "contract_id",
            "table_id",
            "state",
            "round",
            "current_rule_id",
            "last_action_date",
            "next_rule_id",
            "next_date",
            "next_kind",
            "next_since",
            "next_reasons",
            "opened_on",
            "closed_on",
            "close_reason",
            "reopened_on",
            "reopen_reasons",
            "due_date",
            "line_ids",
            "action_ids",
        }
    )

    name = fields.Char(string="Case", readonly=True, copy=False, index="trigram")
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        check_company=True,
        help="Empty when the bills name no contract: then the case is the customer's.",
    )
    service = fields.Selection(related="contract_id.service", store=True)
    customer_type = fields.Selection(related="contract_id.customer_type", store=True)
    sales_network = fields.Char(related="contract_id.sales_network", store=True)
    division = fields.Char(related="contract_id.division", store=True)
    supply_state = fields.Selection(related="contract_id.supply_state")
    suspendibility = fields.Selection(related="contract_id.suspendibility")
    is_protected = fields.Boolean(related="contract_id.is_protected")
    point_code = fields.Char(
        related="contract_id.supply_point_id.code", string="POD, PDR or point"
    )
    partner_phone = fields.Char(related="partner_id.phone")
    partner_mobile = fields.Char(related="partner_id.dunning_mobile")
    partner_tax_code = fields.Char(related="partner_id.l10n_it_codice_fiscale")
    partner_email = fields.Char(related="partner_id.email")
    partner_pec = fields.Char(related="partner_id.l10n_it_pec_email")
    table_id = fields.Many2one(
        "dunning.action.table",
        string="Action table",
        index=True,
        check_company=True,
        help="The version in force when the case was opened: it follows it to the end.",
    )
    state = fields.Selection(
        [
            ("open", "In progress"),
            ("parked", "Parked"),
            ("on_hold", "On hold"),
            ("closed", "Closed"),
        ],
        string="Status",
        required=True,
        default="open",
        readonly=True,
        tracking=True,
    )
    round = fields.Integer(
        default=1,
        readonly=True,
        help="Grows when the bills noticed so far are paid and newer ones are open.",
    )
    current_rule_id = fields.Many2one(
        "dunning.action.rule", string="Last step", readonly=True, index=True
    )
    last_action_date = fields.Date(readonly=True)
    next_rule_id = fields.Many2one(
        "dunning.action.rule", string="Next step", readonly=True, index=True
    )
    next_action_type_id = fields.Many2one(
        related="next_rule_id.action_type_id", string="Next action", store=True
    )
    next_date = fields.Date(string="Not before", readonly=True)
    next_since = fields.Date(
        string="Since", readonly=True, help="Since when this is what comes next."
    )
    next_kind = fields.Selection(NEXT_KINDS, string="What next", readonly=True)
    next_reasons = fields.Json(readonly=True)
    next_reason = fields.Char(string="Why", compute="_compute_next_reason")
    opened_on = fields.Date(readonly=True)
    closed_on = fields.Date(readonly=True)
    close_reason = fields.Selection(
        [("paid", "Paid"), ("merged", "Moved to another case")], readonly=True
    )
    reopened_on = fields.Date(readonly=True)
    reopen_reasons = fields.Json(readonly=True)
    due_date = fields.Date(string="Oldest due date", readonly=True)
    amount_due = fields.Monetary(
        string="Overdue", compute="_compute_amount_due", store=True
    )
    line_ids = fields.One2many(
        "account.move.line", "dunning_case_id", string="Receivables", readonly=True
    )
    move_count = fields.Integer(compute="_compute_move_count", string="Bills")
    action_ids = fields.One2many("dunning.action", "case_id", readonly=True)
    communication_ids = fields.One2many(
        "dunning.communication", "case_id", readonly=True
    )
    notice_ids = fields.One2many(related="contract_id.notice_ids")
    user_id = fields.Many2one("res.users", string="Followed by", index="btree_not_null")
    note = fields.Text()

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "A case with this number exists already."
    )
    # the run walks the live cases of a company in order of id
    _live_idx = models.Index("(company_id, id) WHERE state != 'closed'")
    # the daily list: what comes next, by date
    _next_idx = models.Index("(company_id, next_date) WHERE state != 'closed'")

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        # the head company reads the cases of its members, not their address book
        for case in self.sudo():
            parts = (case.name, case.partner_id.name)
            case.display_name = " - ".join(filter(None, parts))

    @api.depends(
        "line_ids.amount_residual",
        "line_ids.reconciled",
        "line_ids.parent_state",
        "line_ids.dunning_case_id",
    )
    def _compute_amount_due(self):
        totals = dict(
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("dunning_case_id", "in", self.ids),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                ],
                ["dunning_case_id"],
                ["amount_residual:sum"],
            )
        )
        for case in self:
            case.amount_due = totals.get(case, 0.0)

    def _compute_move_count(self):
        counts = dict(
            self.env["account.move.line"]._read_group(
                [("dunning_case_id", "in", self.ids)],
                ["dunning_case_id"],
                ["move_id:count_distinct"],
            )
        )
        for case in self:
            case.move_count = counts.get(case, 0)

    @api.depends("next_reasons")
    @api.depends_context("lang")
    def _compute_next_reason(self):
        for case in self:
            case.next_reason = unpack(self.env, case.next_reasons, case.currency_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(
            self.env._("A recovery case is history: it is closed, never deleted.")
        )

    # actions

    def action_open_moves(self):
        """Smart button: the bills of the case."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bills"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.line_ids.move_id.ids)],
            "context": {"create": False},
        }

    def action_record_outcome(self):
        """Button: record what came of the step that waits."""
        self.ensure_one()
        waiting = self.action_ids.filtered(lambda action: action.state in OPEN_STATES)
        return waiting.action_record_outcome()

    def action_plan_now(self, date=None):
        """Button: do for these cases what tonight's run would do.

        ``date``: the day to act on, today when empty. For credit managers.
        """
        self._check_may_run()
        errors = 0
        for company, cases in self.grouped("company_id").items():
            today = self._check_day(company, date)
            engine = self.env["dunning.engine"].sudo().with_company(company)
            engine._refresh_lines(company, today)
            live = cases.filtered(lambda case: case.state != "closed")
            errors += engine._process(live.sudo(), today)["errors"]
        if not errors:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger",
                "sticky": True,
                "message": self.env._(
                    "%(count)s cases could not be planned: see the errors of the runs.",
                    count=errors,
                ),
            },
        }

    def _check_day(self, company, date):
        """``date`` as a day on which ``company`` may act: today when empty.

        A day to come is refused: acting on it would take steps before their time.
        """
        today = self._today(company)
        day = fields.Date.to_date(date) or today
        if day > today and not self.env.su:
            raise UserError(self.env._("A step cannot be taken on a day to come."))
        return day

    def _check_may_run(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(
            "creditbox_dunning.group_dunning_manager"
        ):
            raise AccessError(
                self.env._("Only a credit manager moves a case before the nightly run.")
            )

    def _check_is_operator(self, records=None):
        """AccessError unless the user records what was done, in the companies of
        ``records`` (default: of these cases)."""
        if self.env.su:
            return
        if not self.env.user.has_group("creditbox_dunning.group_dunning_operator"):
            raise AccessError(
                self.env._("Only the people of CreditBox record what was done.")
            )
        self._check_works_there(self if records is None else records)

    def _check_is_manager(self, records=None):
        """AccessError unless the user decides, in the companies of ``records``
        (default: of these cases)."""
        if self.env.su:
            return
        if not self.env.user.has_group("creditbox_dunning.group_dunning_manager"):
            raise AccessError(
                self.env._("Only a credit manager decides the steps that wait.")
            )
        self._check_works_there(self if records is None else records)

    @api.model
    def _check_works_there(self, records):
        """The head company of a group reads what its members do, and does nothing for
        them: what is written as superuser asks here."""
        if "company_id" not in records._fields:
            return
        others = records.sudo().company_id - self.env.user.company_ids
        if others:
            raise AccessError(
                self.env._(
                    "You read %(company)s as head of the group: only the people who"
                    " work for it act there.",
                    company=others[0].name,
                )
            )

    def _open_action(self, name):
        """Window action on these cases: the form when it is one."""
        action = {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "view_mode": "list,form",
            "domain": [("id", "in", self.ids)],
            "context": {"create": False},
        }
        if len(self) == 1:
            action.update(view_mode="form", res_id=self.id)
        return action

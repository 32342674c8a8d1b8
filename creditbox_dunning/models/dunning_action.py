from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import update_same

from .dunning_action_rule import OPERATIONS
from .reason_texts import pack, unpack

OPEN_STATES = ("planned", "waiting_approval", "approved", "executing")
# the codes of rules/outcomes.py in words
OUTCOME_LABELS = [
    ("delivered", "Delivered"),
    ("delivery_refused", "Refused by the addressee"),
    ("stored", "Left at the post office until the term ran out"),
    ("pec_failed", "PEC not delivered"),
    ("unknown", "Addressee unknown"),
    ("moved", "Addressee moved"),
    ("untraceable", "Addressee untraceable"),
    ("bad_address", "Wrong or incomplete address"),
    ("deceased", "Addressee deceased"),
    ("lost", "Lost, damaged or never tried"),
    ("other_failure", "Not delivered, other reason"),
    ("executed", "Carried out"),
    ("meter_unreachable", "Meter could not be reached"),
    ("wrong_meter", "Wrong meter"),
    ("danger", "Danger for people"),
    ("opposition", "The customer opposed it"),
    ("not_done", "Not carried out, other reason"),
    ("impossible", "Technically impossible here"),
    ("taken", "Taken over by the agency"),
    ("rejected", "Rejected by the agency"),
    ("collected", "Collected in full"),
    ("partial", "Collected in part"),
    ("promise", "Promise to pay"),
    ("insolvent", "Customer insolvent"),
    ("debtor_untraceable", "Customer untraceable"),
    ("disputed", "Debt disputed"),
    ("negative", "Not collected, other reason"),
    ("accepted", "Offer accepted"),
    ("refused", "Settlement refused"),
    ("expired", "Offer expired unpaid"),
    ("agreed", "Plan agreed"),
    ("kept", "Plan paid in full"),
    ("broken", "Plan broken"),
    ("not_agreed", "No plan agreed"),
    ("injunction", "Injunction issued"),
    ("precept", "Precept served"),
    ("seizure", "Seizure"),
    ("insolvency_claim", "Claim in the insolvency"),
    ("recovered", "Recovered in court"),
    ("uncollectable", "Uncollectable"),
]


class DunningAction(models.Model):
    """One step of one case: proposed, done, left out, failed or withdrawn.

    Unique per case, row and round: that is what makes a run repeatable. Nobody edits
    it: it is written by the engine and by the outcome that a person records.
    """

    _name = "dunning.action"
    _description = "Dunning action"
    _inherit = "utility.guarded.mixin"
    _order = "planned_date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "case_id",
            "rule_id",
            "action_type_id",
            "op",
            "channels",
            "round",
            "state",
            "planned_date",
            "executed_date",
            "effective_date",
            "reasons",
            "amount",
            "item_ids",
            "run_id",
            "decided_by",
            "decided_on",
            "notice_id",
            "attempt",
            "outcome",
            "outcome_note",
            "planned_work_date",
            "pay_term",
            "channel_used",
            "guard_result",
            "is_unlawful",
            "is_void",
            "unlawful_reasons",
            "unlawful_note",
            "lawful_from",
            "indemnity_id",
        }
    )

    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, check_company=True, readonly=True
    )
    company_id = fields.Many2one(
        related="case_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        related="case_id.partner_id", store=True, index=True, precompute=True
    )
    contract_id = fields.Many2one(related="case_id.contract_id")
    rule_id = fields.Many2one(
        "dunning.action.rule",
        string="Row",
        index=True,
        check_company=True,
        readonly=True,
        ondelete="restrict",
        help="Empty: an offer to settle that no row of the table carries.",
    )
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", required=True, index=True, readonly=True
    )
    kind = fields.Selection(related="action_type_id.kind")
    icon = fields.Char(related="action_type_id.icon")
    op = fields.Selection(OPERATIONS, string="Operation", readonly=True)
    channels = fields.Char(
        readonly=True, help="The channels chosen when the step was decided."
    )
    round = fields.Integer(required=True, default=1, readonly=True)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("waiting_approval", "Waits for a person"),
            ("approved", "Approved"),
            ("executing", "To be carried out"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("skipped", "Left out"),
            ("superseded", "Withdrawn"),
        ],
        string="Status",
        required=True,
        default="planned",
        readonly=True,
        index=True,
    )
    planned_date = fields.Date(required=True, readonly=True)
    executed_date = fields.Date(readonly=True)
    effective_date = fields.Date(
        string="In effect since",
        readonly=True,
        help="Delivered, notified or carried out: the next wait counts from here.",
    )
    reasons = fields.Json(readonly=True)
    reason = fields.Char(string="Why", compute="_compute_reason")
    amount = fields.Monetary(readonly=True)
    item_ids = fields.One2many(
        "dunning.action.item", "action_id", string="Bills", readonly=True
    )
    communication_ids = fields.One2many(
        "dunning.communication", "action_id", readonly=True
    )
    notice_id = fields.Many2one("utility.notice", readonly=True, check_company=True)
    attempt = fields.Integer(
        required=True,
        default=1,
        readonly=True,
        help="A letter that came back or an order not carried out may be tried again.",
    )
    outcome = fields.Selection(OUTCOME_LABELS, readonly=True)
    outcome_note = fields.Char(readonly=True)
    planned_work_date = fields.Date(
        string="Work planned on",
        readonly=True,
        help="The day fixed by the technical office.",
    )
    pay_term = fields.Date(
        string="Payment term", readonly=True, help="Last day to pay, as printed."
    )
    channel_used = fields.Char(string="Channel used", readonly=True)
    guard_result = fields.Json(
        readonly=True, help="What the legal guard said when the step was decided."
    )
    run_id = fields.Many2one(
        "dunning.run", readonly=True, index="btree_not_null", check_company=True
    )
    decided_by = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)

    _once = models.Constraint(
        "UNIQUE(case_id, rule_id, round, attempt)",
        "This step was already taken for this case in this round.",
    )
    _rule_check = models.Constraint(
        "CHECK(rule_id IS NOT NULL OR op = 'writeoff')",
        "A step comes from a row of the table.",
    )
    _once_without_rule = models.UniqueIndex(
        "(case_id, round, attempt) WHERE rule_id IS NULL",
        "This offer was already made for this case in this round.",
    )
    # the work list: what waits for a person
    _open_idx = models.Index(
        "(company_id, state) WHERE state IN ('planned', 'waiting_approval', 'approved',"
        " 'executing')"
    )

    @api.depends("rule_id", "case_id")
    def _compute_display_name(self):
        for action in self:
            action.display_name = f"{action.case_id.name or ''} {action._step_words()}"

    def _step_words(self):
        """What the step is called: by its row, else by its kind."""
        self.ensure_one()
        return self.rule_id.short_description or self.action_type_id.name or ""

    @api.depends("reasons")
    @api.depends_context("lang")
    def _compute_reason(self):
        for action in self:
            action.reason = unpack(self.env, action.reasons, action.currency_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was done or decided is never deleted."))

    # actions

    def action_record_outcome(self):
        """Button: record what happened to a letter or to a step done by a person."""
        self._check_takes_outcome()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record the outcome"),
            "res_model": "dunning.outcome.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_action_ids": [fields.Command.set(self.ids)]},
        }

    def action_print_letters(self):
        """Button: the letter as it was made, byte for byte."""
        self.check_access("read")
        letters = self.communication_ids.filtered("attachment_id")
        if len(letters) != 1:
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Letters"),
                "res_model": "dunning.communication",
                "view_mode": "list,form",
                "domain": [("id", "in", letters.ids)],
            }
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{letters.attachment_id.id}?download=true",
            "target": "download",
        }

    # business

    def _set_state(self, state, *reasons, **vals):
        """Write a new state with its reasons (added to those already there).

        One statement for all of them, whatever each has gone through.
        """
        update_same(self.sudo(), {"state": state, **vals}, reasons=pack(reasons))
        if state == "waiting_approval":
            self.filtered(lambda a: a.op == "reactivate")._promise_back()

    def _withdraw(self, reason):
        """Take open actions back; what already left keeps its proof and is over."""
        if not self:
            return
        sent = self.filtered(lambda a: any(a.communication_ids.mapped("sent_date")))
        sent._set_state("done", reason)
        (self - sent)._set_state("superseded", reason)
        unsent = (self - sent).communication_ids.filtered(
            lambda c: c.state == "to_send"
        )
        unsent._move("cancelled", self.env._("The step was taken back."))

    def _filter_paid(self):
        """Those of which every bill that they list is paid by now: one statement."""
        if not self:
            return self
        self.env["dunning.action.item"].flush_model()
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.action_id
                  FROM dunning_action_item item
             LEFT JOIN account_move_line line ON line.id = item.move_line_id
                 WHERE item.action_id = ANY(%s)
                   AND item.amount > 0
              GROUP BY item.action_id
                HAVING bool_and(COALESCE(line.amount_residual, 0) = 0)
                """,
                self.ids,
            )
        )
        paid = {action_id for (action_id,) in rows}
        return self.browse(id_ for id_ in self.ids if id_ in paid)

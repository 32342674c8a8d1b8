from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.events import RELEASE

# events that come with a sum: what the customer offers or pays first
WITH_AMOUNT = frozenset({"plan", "writeoff"})


class DunningCaseEventWizard(models.TransientModel):
    """Record what may happen to a case at any time: what its table has rows for."""

    _name = "dunning.case.event.wizard"
    _description = "Record an event of a case"

    case_id = fields.Many2one("dunning.case", required=True, readonly=True)
    currency_id = fields.Many2one(related="case_id.currency_id")
    choice_ids = fields.Many2many("dunning.action.rule", compute="_compute_choice_ids")
    rule_id = fields.Many2one(
        "dunning.action.rule",
        string="Event",
        compute="_compute_rule_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', choice_ids)]",
    )
    has_amount = fields.Boolean(compute="_compute_has_amount")
    is_release = fields.Boolean(compute="_compute_has_amount")
    date = fields.Date(required=True, default=fields.Date.context_today)
    amount = fields.Monetary(help="What the customer offers, or pays first.")
    note = fields.Text()

    @api.depends("case_id")
    def _compute_choice_ids(self):
        events = self.env["dunning.case.event"]
        for wizard in self:
            case = wizard.case_id
            today = case._today(case.company_id)
            wizard.choice_ids = case and events._possible_rows(case, today)

    @api.depends("choice_ids")
    def _compute_rule_id(self):
        for wizard in self:
            only = wizard.choice_ids if len(wizard.choice_ids) == 1 else False
            wizard.rule_id = wizard.rule_id or only

    @api.depends("rule_id")
    def _compute_has_amount(self):
        for wizard in self:
            wizard.has_amount = wizard.rule_id.op in WITH_AMOUNT
            wizard.is_release = wizard.rule_id.op == RELEASE

    def action_record(self):
        """Button: write it down and tell the case what comes next."""
        self.ensure_one()
        if not self.rule_id:
            raise UserError(self.env._("Say what happened."))
        self.env["dunning.case.event"].record_event(
            self.case_id.id,
            self.rule_id.id,
            self.date,
            self.amount if self.has_amount else 0,
            self.note or "",
        )
        return {"type": "ir.actions.act_window_close"}

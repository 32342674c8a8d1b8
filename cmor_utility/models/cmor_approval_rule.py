from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import approvals
from .cmor_practice_facts import _cents

ACTIONS = [
    ("confirm", "Confirm the amount"),
    ("mark_sent", "Mark as sent"),
    ("annul", "Ask the annulment"),
    ("give_up", "Give up"),
    ("return_excess", "Return an excess"),
    ("refund", "Refund after annulment"),
    ("pay_on", "Pay on to the seller"),
]


class CmorApprovalRule(models.Model):
    """For which action and amounts on a practice, who decides."""

    _name = "cmor.approval.rule"
    _description = "CMOR approval rule"
    _inherit = "mail.thread"
    _keeps_notes = True
    _order = "action, amount_from, id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the rule holds for all companies."
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    action = fields.Selection(ACTIONS, required=True, tracking=True)
    amount_from = fields.Monetary(
        string="From", tracking=True, aggregator=False, help="Included."
    )
    amount_to = fields.Monetary(
        string="To", tracking=True, aggregator=False, help="Included; 0: no limit."
    )
    group_id = fields.Many2one(
        "res.groups", string="Group that may", tracking=True, ondelete="restrict"
    )
    user_ids = fields.Many2many(
        "res.users",
        "cmor_approval_rule_user_rel",
        "rule_id",
        "user_id",
        string="Users who may",
        domain=[("share", "=", False)],
    )
    four_eyes = fields.Boolean(
        tracking=True, help="Never the same person who asks, whoever he is."
    )
    active = fields.Boolean(default=True, tracking=True)
    note = fields.Char(translate=True)

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    @api.depends("action")
    def _compute_display_name(self):
        labels = dict(self._fields["action"]._description_selection(self.env))
        for rule in self:
            rule.display_name = labels.get(rule.action, "")

    @api.constrains("group_id", "user_ids", "amount_from", "amount_to")
    def _check_rule(self):
        for rule in self:
            if not rule.group_id and not rule.user_ids:
                raise ValidationError(
                    self.env._("Name a group or the users who may decide.")
                )
            if rule.amount_from < 0 or (
                rule.amount_to and rule.amount_to < rule.amount_from
            ):
                raise ValidationError(
                    self.env._("The amounts are the wrong way round.")
                )

    @api.model
    def _in_force(self, company):
        """``rules.approvals.Rule`` of a company, its own and those of all."""
        found = self.sudo().search([("company_id", "in", [False, company.id])])
        return tuple(
            approvals.Rule(
                rule.action,
                _cents(rule.amount_from),
                _cents(rule.amount_to) or Decimal(0),
                frozenset((rule.user_ids | rule.group_id.all_user_ids).ids),
                rule.four_eyes,
            )
            for rule in found
        )

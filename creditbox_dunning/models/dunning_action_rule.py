import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.utility_supply.models.utility_contract import (
    CUSTOMER_TYPES,
    SUSPENDIBILITIES,
)
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..rules.facts import MAX_WAIT, Key, Rule
from .amounts import exact

# the states of a supply as the table counts them: reduced and limited are active
TABLE_STATES = [
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("ceased", "Ceased"),
    ("to_reactivate", "To be reactivated"),
]
OPERATIONS = [
    ("remind", "Reminder"),
    ("collect", "Gather the supplies"),
    ("notice", "Friendly notice"),
    ("default", "Notice of default"),
    ("terminate", "Notice to terminate"),
    ("pre_notice", "Notice before the works"),
    ("list", "List to the technical office"),
    ("reduce", "Reduce power"),
    ("limit", "Limit"),
    ("suspend", "Suspend"),
    ("deactivate", "Deactivate"),
    ("reactivate", "Reactivate"),
    ("assign", "Assign to the agency"),
    ("writeoff", "Propose a settlement"),
    ("plan", "Payment plan"),
    ("legal", "Legal action"),
]
CHANNEL_WORDS = ("sms", "email", "pp", "ar", "pec", "task", "file", "event")
CHANNEL_FORM = re.compile(r"^({0})([|+]({0}))*$".format("|".join(CHANNEL_WORDS)))


class DunningActionRule(models.Model):
    """A row of an action table: for whom, what, when, for which amounts.

    The rows of one table with the same four keys are a *set*: a case walks one set.
    """

    _name = "dunning.action.rule"
    _description = "Row of an action table"
    _order = "table_id, customer_type, service, supply_state, suspendibility, seq, id"
    _check_company_auto = True

    table_id = fields.Many2one(
        "dunning.action.table",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="table_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    table_state = fields.Selection(related="table_id.state")
    customer_type = fields.Selection(CUSTOMER_TYPES, help="Empty = any.")
    service = fields.Selection(SERVICES, help="Empty = any.")
    supply_state = fields.Selection(TABLE_STATES, help="Empty = any.")
    suspendibility = fields.Selection(SUSPENDIBILITIES, help="Empty = any.")
    seq = fields.Integer(
        string="Sequence",
        required=True,
        default=10,
        help="Order in the set. Rows with the same tens (40, 41) are alternatives by"
        " channel; from 900 on rows are started by an event, never by waiting.",
    )
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", required=True, index=True
    )
    op = fields.Selection(OPERATIONS, string="Operation", required=True)
    channel = fields.Char(
        required=True,
        help="sms, email, pp (ordinary mail), ar (registered letter), pec, task, file,"
        " event. a|b = the first that can be used, a+b = both.",
    )
    short_description = fields.Char(required=True)
    description = fields.Char()
    anchor = fields.Selection(
        [
            ("due", "Due date of the oldest bill"),
            ("prev_end", "End of the previous action's wait"),
            ("plan", "Date planned by the technical office"),
            ("op_done", "Operation carried out"),
            ("payment", "Payment"),
            ("event", "Event"),
        ],
        required=True,
        default="prev_end",
    )
    day_kind = fields.Selection(
        [
            ("solar", "Calendar days"),
            ("weekdays", "Weekdays (Monday to Saturday)"),
            ("working", "Working days (Monday to Friday)"),
        ],
        string="Days",
        required=True,
        default="solar",
    )
    wait_before = fields.Integer(help="Days from the anchor to the earliest start.")
    wait_after = fields.Integer(
        help="Days after it took effect before the next row is looked at."
    )
    amount_from = fields.Monetary(help="The row applies from this overdue amount on.")
    amount_to = fields.Monetary(help="And up to this one; 0 = no limit.")
    min_threshold = fields.Monetary(
        string="Minimum threshold", help="Below it the case is parked."
    )
    next_ok = fields.Integer(
        string="Next if positive", help="Sequence to go on with; 0 = the next row."
    )
    next_ko = fields.Integer(
        string="Next if negative", help="Sequence to go on with; 0 = the next row."
    )
    mail_template_id = fields.Many2one(
        "mail.template", domain=[("model", "=", "dunning.action")]
    )

    _seq_uniq = models.UniqueIndex(
        "(table_id, COALESCE(customer_type, ''), COALESCE(service, ''),"
        " COALESCE(supply_state, ''), COALESCE(suspendibility, ''), seq)",
        "Two rows of the same set have the same sequence.",
    )
    _amounts_check = models.Constraint(
        "CHECK(amount_from >= 0 AND amount_to >= 0 AND min_threshold >= 0"
        " AND (amount_to = 0 OR amount_to >= amount_from))",
        "Amounts cannot be negative and the upper limit cannot be below the lower.",
    )
    _waits_check = models.Constraint(
        f"CHECK(wait_before BETWEEN -{MAX_WAIT} AND {MAX_WAIT}"
        f" AND wait_after BETWEEN 0 AND {MAX_WAIT} AND seq >= 0)",
        "Waits go up to ten years; the wait after an action cannot be negative.",
    )

    @api.depends("short_description", "seq")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = f"{rule.seq} {rule.short_description or ''}".strip()

    @api.constrains("channel")
    def _check_channel(self):
        for rule in self:
            if not CHANNEL_FORM.match(rule.channel or ""):
                raise ValidationError(
                    self.env._(
                        "Row %(row)s: channel %(channel)s is not known. Use %(words)s,"
                        " joined by | or +.",
                        row=rule.seq,
                        channel=rule.channel,
                        words=", ".join(CHANNEL_WORDS),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._check_draft()
        return rules

    def write(self, vals):
        self._check_draft()
        result = super().write(vals)
        if "table_id" in vals:
            self._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_draft()

    def _check_draft(self):
        """Rows change in drafts only: cases walk the published ones."""
        frozen = self.table_id.filtered(lambda table: table.state != "draft")
        if frozen:
            raise UserError(
                self.env._(
                    "%(table)s is published: cases follow it, so it stays as it is."
                    " Make a new version and change that.",
                    table=frozen[0].display_name,
                )
            )

    def _as_rules(self):
        """These rows as plain values for the planner."""
        digits = {rule.id: rule.currency_id.decimal_places for rule in self}
        return tuple(
            Rule(
                id=rule.id,
                key=Key(
                    rule.customer_type or "",
                    rule.service or "",
                    rule.supply_state or "",
                    rule.suspendibility or "",
                ),
                seq=rule.seq,
                action=rule.action_type_id.code,
                op=rule.op,
                channel=rule.channel,
                anchor=rule.anchor,
                day_kind=rule.day_kind,
                wait_before=rule.wait_before,
                wait_after=rule.wait_after,
                amount_from=exact(rule.amount_from, digits[rule.id]),
                amount_to=exact(rule.amount_to, digits[rule.id]),
                min_threshold=exact(rule.min_threshold, digits[rule.id]),
                next_ok=rule.next_ok or None,
                next_ko=rule.next_ko or None,
            )
            for rule in self
        )

from odoo import api, fields, models
from odoo.exceptions import UserError

STOPS = [("all", "Everything"), ("technical", "Only technical steps")]
CLOCKS = [
    ("run", "Go on"),
    ("stop", "Stand still"),
]
LEVELS = [
    ("operator", "Operator"),
    ("manager", "Credit manager"),
    ("director", "Director"),
]
END_RULES = [
    ("date", "By itself, on its last day"),
    ("person", "When a person ends it"),
    ("payment", "When the payment is found, or a person ends it"),
]


class DunningHoldReason(models.Model):
    """Why recovery may be suspended: what it stops, how long, who may, what ends it.

    The company's own choices are fields here; numbers that come from the law or from
    the regulator change with time and are dated: `dunning.legal.parameter`.
    """

    _name = "dunning.hold.reason"
    _description = "Reason to suspend"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    code = fields.Char(required=True, copy=False, help="Stable: programs use it.")
    name = fields.Char(required=True, translate=True)
    help_text = fields.Text(
        string="When to use it", translate=True, help="Shown to who suspends."
    )
    stops = fields.Selection(STOPS, required=True, default="all")
    clock = fields.Selection(
        CLOCKS,
        string="Waits of the table",
        required=True,
        default="run",
        help="Stand still: the waits are longer by the days of the suspension. The"
        " terms of the law never become shorter.",
    )
    end_rule = fields.Selection(
        END_RULES, string="How it ends", required=True, default="date"
    )
    default_days = fields.Integer(
        string="Usual length (days)", help="Last day proposed; 0 = none."
    )
    default_months = fields.Integer(string="Usual length (months)")
    check_days = fields.Integer(
        string="To be checked after (days)",
        help="Somebody has to look at it by then; an activity reminds. 0 = never.",
    )
    max_days = fields.Integer(
        string="Most that an operator may (days)",
        help="Longer ones are for credit managers. 0 = no limit.",
    )
    approval_days = fields.Integer(
        string="Approval beyond (days)",
        default=30,
        help="What is longer holds for these days at once and for the rest when it is"
        " approved. 0 = never: the law itself asks for it.",
    )
    level = fields.Selection(
        LEVELS, string="Who may", required=True, default="operator"
    )
    needs_proof = fields.Boolean(help="Cannot be recorded without a document.")
    is_legal = fields.Boolean(
        string="Asked by the law",
        help="Ends early only with proof that the fact behind it is over.",
    )
    is_complaint = fields.Boolean(help="Has a term for the reasoned answer.")
    has_exceptions = fields.Boolean(
        string="Small or late stops nothing",
        help="A complaint on a small amount, or that came long after the due date, does"
        " not stop anything: the limits are legal numbers.",
    )
    source = fields.Char(
        translate=True, help="Law, resolution or decision it comes from."
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "This code exists already.")
    _lengths_check = models.Constraint(
        "CHECK(default_days >= 0 AND default_months >= 0 AND check_days >= 0"
        " AND max_days >= 0 AND approval_days >= 0)",
        "A number of days cannot be negative.",
    )

    @api.constrains("end_rule", "default_days", "default_months")
    def _check_length(self):
        for reason in self:
            if reason.end_rule == "date" and not (
                reason.default_days or reason.default_months
            ):
                raise UserError(
                    self.env._(
                        "%(reason)s ends by itself on its last day: say after how many"
                        " days.",
                        reason=reason.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        shipped = (
            self.env["ir.model.data"]
            .sudo()
            .search_count(
                [
                    ("model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("module", "=", "creditbox_dunning"),
                ],
                limit=1,
            )
        )
        if shipped:
            raise UserError(
                self.env._("The reasons of the standard are archived, never deleted.")
            )

    @api.model
    def _get(self, code):
        """The reason with ``code``, or raise."""
        reason = self.search([("code", "=", code)], limit=1)
        if not reason:
            raise UserError(
                self.env._("There is no reason with the code %(code)s.", code=code)
            )
        return reason

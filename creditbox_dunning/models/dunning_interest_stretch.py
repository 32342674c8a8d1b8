from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.interest import Stretch, charge_of_days
from .amounts import exact
from .dunning_interest_rate import RATE_DIGITS


class DunningInterestStretch(models.Model):
    """Days of a bill whose interest was charged: same base, same rate.

    The database keeps two live stretches of a bill from sharing a day: interest of a
    day is charged once, whoever asks for it and how often.
    """

    _name = "dunning.interest.stretch"
    _description = "Days of interest"
    _inherit = "utility.guarded.mixin"
    _order = "move_line_id, day_from, id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "charge_id",
            "move_line_id",
            "day_from",
            "day_to",
            "days",
            "base",
            "rate",
            "rule_id",
            "state",
        }
    )

    charge_id = fields.Many2one(
        "utility.charge",
        required=True,
        index=True,
        readonly=True,
        check_company=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="charge_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        related="charge_id.dunning_case_id", store=True, index=True, precompute=True
    )
    move_line_id = fields.Many2one(
        "account.move.line", string="Receivable", required=True, readonly=True
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Bill")
    day_from = fields.Date(string="From", required=True, readonly=True)
    day_to = fields.Date(string="To", required=True, readonly=True)
    days = fields.Integer(required=True, readonly=True)
    base = fields.Monetary(string="Debt", required=True, readonly=True, aggregator=None)
    rate = fields.Float(
        string="Rate (%)",
        digits=(7, RATE_DIGITS),
        required=True,
        readonly=True,
        aggregator=None,
    )
    rule_id = fields.Many2one(
        "dunning.interest.rule",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The row that asks for this rate, with its source.",
    )
    amount = fields.Float(
        string="Interest",
        digits=(12, 4),
        compute="_compute_amount",
        help="Before rounding: the charge is rounded once for all its days.",
    )
    state = fields.Selection(
        [("charged", "Charged"), ("waived", "Waived"), ("reversed", "Reversed")],
        string="Status",
        required=True,
        default="charged",
        readonly=True,
    )

    # int4range of one number: equality, without an extension of PostgreSQL
    _days_once = models.Constraint(
        "EXCLUDE USING gist (int4range(move_line_id, move_line_id, '[]') WITH &&,"
        " daterange(day_from, day_to, '[]') WITH &&) WHERE (state <> 'reversed')",
        "The interest of these days of this bill has been charged already.",
    )
    _days_check = models.Constraint(
        "CHECK(day_to >= day_from AND days = day_to - day_from + 1)",
        "A stretch ends after it begins.",
    )
    _line_idx = models.Index("(move_line_id)")

    @api.depends("base", "rate", "days")
    def _compute_amount(self):
        for stretch in self:
            stretch.amount = float(stretch._as_rules().amount)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("Days of interest come from their charge."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("Days of interest are history: they stay."))

    def _as_rules(self):
        """This row as rules.interest.Stretch, exact."""
        self.ensure_one()
        base, rate = exact(self.base), exact(self.rate, RATE_DIGITS)
        return Stretch(
            self.day_from,
            self.day_to,
            self.days,
            rate,
            base,
            charge_of_days(base, rate, self.days),
        )

    @api.model
    def _live_of(self, lines):
        """{receivable id: live stretches}, in one statement."""
        live = self.sudo().search(
            [("move_line_id", "in", lines.ids), ("state", "!=", "reversed")]
        )
        return {line.id: rows for line, rows in live.grouped("move_line_id").items()}

from odoo import fields, models

from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

DAY_KINDS = [
    ("solar", "Calendar days"),
    ("weekdays", "Weekdays"),
    ("working", "Working days"),
]


class DunningHoldTerm(models.Model):
    """One number of the law about suspensions, in force from a day, with its source.

    A later row of the same kind and service takes its place; old rows stay, so that
    what was decided by them can be explained.
    """

    _name = "dunning.hold.term"
    _description = "Dated number of a reason to suspend"
    _inherit = "utility.guarded.mixin"
    _order = "reason_id, kind, service, valid_from desc"

    _guarded_fields = frozenset({"checked_by", "checked_on"})

    reason_id = fields.Many2one(
        "dunning.hold.reason", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [
            ("answer_days", "Days for the answer"),
            ("exception_amount", "Stops nothing up to (amount)"),
            ("exception_days", "Stops nothing when it comes later than (days)"),
        ],
        required=True,
    )
    service = fields.Selection(SERVICES, help="Empty: every service.")
    value = fields.Float(required=True, digits=(16, 2))
    day_kind = fields.Selection(DAY_KINDS, default="solar")
    valid_from = fields.Date(required=True)
    source = fields.Char(required=True, help="Where the number stands.")
    checked_by = fields.Many2one("res.users", readonly=True)
    checked_on = fields.Date(
        readonly=True, help="Day on which a person compared it with its source."
    )

    _once = models.UniqueIndex(
        "(reason_id, kind, COALESCE(service, ''), valid_from)",
        "There is already a number of this kind from that day.",
    )
    _value_check = models.Constraint(
        "CHECK(value >= 0)", "The number cannot be negative."
    )

    def action_mark_checked(self):
        """Button: I compared the number with its source today."""
        self.check_access("write")
        self._guarded().write(
            {
                "checked_by": self.env.uid,
                "checked_on": fields.Date.context_today(self),
            }
        )

    def write(self, vals):
        """A number that changes is no longer the one that was checked."""
        if {"value", "day_kind", "valid_from", "source", "service"} & set(vals):
            self._check_guarded(vals)
            unchecked = {"checked_by": False, "checked_on": False}
            super(DunningHoldTerm, self._guarded()).write(unchecked)
        return super().write(vals)

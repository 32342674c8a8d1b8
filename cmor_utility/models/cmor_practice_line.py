from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import messages
from .cmor_practice_facts import _cents

EDITABLE = frozenset({"is_excluded", "exclude_reason"})


class CmorPracticeLine(models.Model):
    """An open bill of the supply and its part in the claim."""

    _name = "cmor.practice.line"
    _description = "Bill of a CMOR practice"
    _inherit = "utility.guarded.mixin"
    _order = "practice_id, date_from, id"
    _check_company_auto = True

    # its company is the practice's: there is nothing to check
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    practice_state = fields.Selection(related="practice_id.state")
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    name = fields.Char(string="Number", readonly=True)
    invoice_date = fields.Date(related="move_id.invoice_date", string="Issued")
    invoice_date_due = fields.Date(related="move_id.invoice_date_due", string="Due")
    date_from = fields.Date(string="Consumption from", readonly=True)
    date_to = fields.Date(string="Consumption to", readonly=True)
    period_days = fields.Integer(string="Days billed", readonly=True)
    days_inside = fields.Integer(string="Days in the window", readonly=True)
    total_amount = fields.Monetary(string="Total", readonly=True)
    open_amount = fields.Monetary(
        string="Still open",
        readonly=True,
        help="Open energy part of the bill: without other services, CMOR of other"
        " sellers, interest and recovery costs.",
    )
    relevant_amount = fields.Monetary(string="Claimed", readonly=True)
    reason_code = fields.Char(readonly=True)
    reason = fields.Char(compute="_compute_reason")
    is_excluded = fields.Boolean(string="Left out")
    exclude_reason = fields.Char(string="Why it is left out")

    _move_uniq = models.Constraint(
        "UNIQUE(practice_id, move_id)", "The bill is in the practice already."
    )

    @api.depends("reason_code")
    @api.depends_context("lang")
    def _compute_reason(self):
        for line in self:
            text = messages.NOTES.get(line.reason_code)
            line.reason = self.env._(text) if text else False

    def write(self, vals):
        """Users may only leave a bill out, with the reason, while nothing has left."""
        result = super().write(vals)
        if vals and not self._is_guard_open():
            self._after_exclusion()
        return result

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: an allow-list
        if self._is_guard_open():
            return
        if set(vals) - EDITABLE:
            raise AccessError(self.env._("The bills of a practice are the program's."))
        if any(line.practice_id.state not in ("candidate", "blocked") for line in self):
            raise UserError(
                self.env._("Take the confirmation back before you leave a bill out.")
            )

    def _after_exclusion(self):
        for line in self:
            if line.is_excluded and not (line.exclude_reason or "").strip():
                raise UserError(
                    self.env._("%(bill)s: write why it is left out.", bill=line.name)
                )
        self.practice_id._check_may_operate()
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    line.practice_id,
                    "edited",
                    {
                        "what": line.name,
                        "value": line.exclude_reason if line.is_excluded else "-",
                    },
                )
                for line in self
            ]
        )
        self.practice_id.sudo()._evaluate(fields.Date.context_today(self))

    @api.model
    def _prepare_vals(self, practice, item, share):
        """Values of a line.

        :param BillData item: the bill
        :param BillShare share: its part in the claim
        """
        return {
            "practice_id": practice.id,
            "company_id": practice.company_id.id,
            "move_id": item.move.id,
            "name": share.ref,
            "date_from": share.date_from or False,
            "date_to": share.date_to or False,
            "period_days": share.period_days,
            "days_inside": share.days_inside,
            "total_amount": float(item.bill.total),
            "open_amount": float(share.open_amount),
            "relevant_amount": float(share.relevant),
            "reason_code": share.note,
        }

    def _flow_item(self):
        """This bill as an item of the flow's list of bills."""
        self.ensure_one()
        return {
            "number": self.name,
            # not by the related fields: of thousands each would be worked out
            "date": self.move_id.invoice_date or None,
            "due_date": self.move_id.invoice_date_due or None,
            "amount": _cents(self.relevant_amount),
            "total": _cents(self.total_amount),
        }

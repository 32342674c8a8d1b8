from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..models.dunning_dated_rule import DEBTORS
from ..models.dunning_interest_rate import RATE_DIGITS


class DunningInterestWizard(models.TransientModel):
    """What a case owes besides its bills, bill by bill and stretch by stretch, until a
    day; then the proposal of the charges."""

    _name = "dunning.interest.wizard"
    _description = "Interest and costs of cases"

    case_ids = fields.Many2many("dunning.case", required=True, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    on_day = fields.Date(string="Until", required=True)
    with_interest = fields.Boolean(string="Interest", default=True)
    with_costs = fields.Boolean(string="Costs of recovery", default=True)
    with_flat = fields.Boolean(string="Flat sum (D.Lgs. 231/2002)", default=True)
    line_ids = fields.One2many(
        "dunning.interest.wizard.line", "wizard_id", string="Days", readonly=True
    )
    total = fields.Monetary(string="Interest to charge", readonly=True)
    missing = fields.Text(string="Days without a rate", readonly=True)

    @api.model
    def _open_for(self, cases):
        cases._check_may_charge()
        if len(cases.company_id) != 1:
            raise UserError(self.env._("Choose cases of one company."))
        today = cases._today(cases.company_id)
        wizard = self.create(
            {
                "case_ids": [fields.Command.set(cases.ids)],
                "company_id": cases.company_id.id,
                "on_day": today,
            }
        )
        return wizard._show()

    def _show(self):
        """Fill the days and open this window (again)."""
        self.ensure_one()
        self._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Interest and costs"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _fill(self):
        cases = self.case_ids
        cases._check_may_charge()
        debts = cases._accrue_debts(cases.sudo().line_ids, self.on_day).values()
        rows, missing = [fields.Command.clear()], []
        for debt in sorted(debts, key=lambda debt: (debt.first, debt.line.id)):
            rows += [
                fields.Command.create(self._prepare_row(debt, stretch))
                for stretch in debt.found
            ]
            missing += self._gaps_of(debt)
        self.line_ids.unlink()
        amounts = [cases._new_amount(debt) for debt in debts]
        self.write(
            {
                "line_ids": rows[1:],
                "total": float(sum(amounts)),
                "missing": "\n".join(dict.fromkeys(missing)) or False,
            }
        )

    def _prepare_row(self, debt, stretch):
        return {
            "move_id": debt.line.move_id.id,
            "debtor": debt.debtor,
            "day_from": stretch.day_from,
            "day_to": stretch.day_to,
            "days": stretch.days,
            "base": float(stretch.base),
            "rate": float(stretch.rate),
            "amount": float(stretch.amount),
        }

    def _gaps_of(self, debt):
        """In words: the days of a bill still open for which no rate is entered."""
        kinds = dict(DEBTORS)
        return [
            self.env._(
                "%(who)s: no rate from %(first)s to %(last)s. Enter it under Interest"
                " rates; until then these days bear nothing.",
                who=kinds[debt.debtor],
                first=format_date(self.env, first),
                last=format_date(self.env, last),
            )
            for first, last in debt.gaps_until(self.on_day)
        ]

    def action_show(self):
        """Button: the same until another day."""
        return self._show()

    def action_propose(self):
        """Button: draft charges, for an accountant to confirm."""
        self.ensure_one()
        cases, made = self.case_ids, self.env["utility.charge"]
        if self.on_day > cases._today(self.company_id):
            raise UserError(self.env._("Days to come are not charged."))
        if self.with_interest:
            made |= cases._propose_interest(self.on_day)
        if self.with_flat:
            made |= cases._propose_flat(self.on_day)
        if self.with_costs:
            made |= cases._propose_costs(self.on_day)
        if not made:
            raise UserError(
                self.env._(
                    "Nothing to charge until this day: no rate, no cost that may be"
                    " charged, or all of it charged already."
                )
            )
        return cases.action_open_charges()


class DunningInterestWizardLine(models.TransientModel):
    _name = "dunning.interest.wizard.line"
    _description = "Days of interest to charge"

    wizard_id = fields.Many2one(
        "dunning.interest.wizard", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    move_id = fields.Many2one("account.move", string="Bill", readonly=True)
    debtor = fields.Selection(DEBTORS, string="Customer is a", readonly=True)
    day_from = fields.Date(string="From", readonly=True)
    day_to = fields.Date(string="To", readonly=True)
    days = fields.Integer(readonly=True)
    base = fields.Monetary(string="Debt", readonly=True)
    rate = fields.Float(string="Rate (%)", digits=(7, RATE_DIGITS), readonly=True)
    amount = fields.Float(string="Interest", digits=(12, 4), readonly=True)


class DunningChargeWaiverWizard(models.TransientModel):
    """Ask somebody else whether charges of a case are given up."""

    _name = "dunning.charge.waiver.wizard"
    _description = "Ask to waive charges"

    charge_ids = fields.Many2many(
        "utility.charge",
        required=True,
        readonly=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    reason = fields.Text(required=True)

    def action_ask(self):
        """Button: hand the request to somebody else."""
        self.ensure_one()
        self.charge_ids.ask_dunning_waiver(self.reason)
        return {"type": "ir.actions.act_window_close"}

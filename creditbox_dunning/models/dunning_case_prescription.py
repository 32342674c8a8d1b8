from datetime import timedelta

from odoo import fields, models

from odoo.addons.utility_supply.models.bulk import update_changed

READERS = "utility_supply.group_utility_user,account.group_account_invoice"


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    dunning_prescription_date = fields.Date(
        string="Time-barred after",
        compute="_compute_dunning_prescription",
        groups=READERS,
        help="Last day on which it can be claimed. Empty while a lawsuit goes on.",
    )
    dunning_prescription_since = fields.Date(
        string="Counted from",
        compute="_compute_dunning_prescription",
        groups=READERS,
        help="The due date, or the last act with proof that interrupted it.",
    )

    def _compute_dunning_prescription(self):
        cases = self.sudo().dunning_case_id
        dates = self.env["dunning.prescription"].sudo()._dates_of(cases)
        for line in self:
            told = dates.get(line.sudo().dunning_case_id.id, {}).get(line.id)
            line.dunning_prescription_date = told and told[0]
            line.dunning_prescription_since = told and told[1]


class DunningCase(models.Model):
    """The day that comes first: kept, so that cases are found by it."""

    _inherit = "dunning.case"

    _guarded_fields = frozenset({"prescription_date"})

    prescription_date = fields.Date(
        string="First time-barred after",
        readonly=True,
        copy=False,
        help="Last day on which the oldest of its open bills can be claimed.",
    )
    prescription_act_ids = fields.One2many(
        "dunning.prescription.act", "case_id", string="Acts against prescription"
    )
    prescription_near = fields.Boolean(compute="_compute_prescription_near")

    _prescription_idx = models.Index(
        "(company_id, prescription_date) WHERE prescription_date IS NOT NULL"
    )

    def _compute_prescription_near(self):
        limit = self._prescription_limit(fields.Date.context_today(self))
        for case in self:
            day = case.prescription_date
            case.prescription_near = bool(day and day <= limit)

    def _prescription_limit(self, today):
        """The day up to which a date is near enough for somebody to act."""
        numbers = self.env["dunning.legal.parameter"]._parameters()
        days = numbers.get("", "prescription_alert_days", today)
        return today + timedelta(days=days.count if days else 0)

    def _refresh_prescription(self):
        """Count the dates of the open receivables again; writes what changed."""
        cases = self.sudo()
        dates = self.env["dunning.prescription"].sudo()._dates_of(cases)
        rows = {}
        for case in cases:
            days = [end for end, _since in dates.get(case.id, {}).values() if end]
            rows[case] = {"prescription_date": min(days, default=False)}
        update_changed(cases._guarded(), rows)

    def action_open_prescription(self):
        """Button: the acts of this case, to read and to add."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Acts against prescription"),
            "res_model": "dunning.prescription.act",
            "view_mode": "list,form",
            "domain": [("case_id", "=", self.id)],
            "context": {"default_case_id": self.id},
        }


class DunningWorklist(models.AbstractModel):
    _inherit = "dunning.worklist"

    def _lists_of_cases(self, today):
        # EXTENDS: what is lost if nobody acts
        limit = self.env["dunning.case"]._prescription_limit(today)
        return [
            *super()._lists_of_cases(today),
            {
                "key": "prescription",
                "title": self.env._("About to be time-barred"),
                "help": self.env._(
                    "A bill that nobody interrupted in time is lost: send a formal"
                    " notice, or record the act that there was."
                ),
                "icon": "fa-hourglass-end",
                "tone": "danger",
                "model": "dunning.case",
                "domain": [
                    ("prescription_date", "<=", fields.Date.to_string(limit)),
                    ("state", "!=", "closed"),
                ],
            },
        ]

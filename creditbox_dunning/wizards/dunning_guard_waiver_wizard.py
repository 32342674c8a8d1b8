from odoo import fields, models

from ..models.dunning_action_rule import OPERATIONS
from ..models.dunning_guard_waiver import CODES


class DunningGuardWaiverWizard(models.TransientModel):
    """Ask to give up a term that the law leaves to agreement, for one case."""

    _name = "dunning.guard.waiver.wizard"
    _description = "Ask to waive a term"

    case_id = fields.Many2one(
        "dunning.case",
        required=True,
        readonly=True,
        default=lambda self: self.env.context.get("active_id"),
    )
    op = fields.Selection(
        [row for row in OPERATIONS if row[0] in ("list", "terminate", "deactivate")],
        string="Operation",
        required=True,
        default="deactivate",
    )
    code = fields.Selection(CODES, string="Term", required=True)
    reason = fields.Text(required=True)

    def action_ask(self):
        """Button: hand the request to somebody else."""
        self.ensure_one()
        self.env["dunning.guard.waiver"].ask_waiver(
            self.case_id.id, self.op, self.code, self.reason
        )
        return {"type": "ir.actions.act_window_close"}

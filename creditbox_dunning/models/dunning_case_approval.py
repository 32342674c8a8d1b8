from odoo import fields, models


class DunningCase(models.Model):
    _inherit = "dunning.case"

    approval_request_ids = fields.One2many(
        "dunning.approval.request", "case_id", string="Requests", readonly=True
    )
    approval_request_count = fields.Integer(
        string="To approve", compute="_compute_approval_request_count"
    )

    def _compute_approval_request_count(self):
        """Requests that wait."""
        counts = dict(
            self.env["dunning.approval.request"]._read_group(
                [("case_id", "in", self.ids), ("state", "=", "pending")],
                ["case_id"],
                ["__count"],
            )
        )
        for case in self:
            case.approval_request_count = counts.get(case, 0)

    def action_open_requests(self):
        """Smart button: everything that was asked about these cases."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Requests"),
            "res_model": "dunning.approval.request",
            "view_mode": "list,form",
            "domain": [("case_id", "in", self.ids)],
        }

from odoo import fields, models

OPERATOR = "creditbox_dunning.group_dunning_operator"


class DunningCase(models.Model):
    """What was ordered outside for a case."""

    _inherit = "dunning.case"

    order_count = fields.Integer(
        string="Orders", compute="_compute_work_counts", groups=OPERATOR
    )
    assignment_count = fields.Integer(
        string="Assignments", compute="_compute_work_counts", groups=OPERATOR
    )

    def _compute_work_counts(self):
        for model, name in (
            ("dunning.technical.order", "order_count"),
            ("dunning.agency.assignment", "assignment_count"),
        ):
            groups = self.env[model]._read_group(
                [("case_id", "in", self.ids)], ["case_id"], ["__count"]
            )
            counts = {case.id: count for case, count in groups}
            for case in self:
                case[name] = counts.get(case.id, 0)

    def action_open_orders(self):
        """Smart button: the orders to the technical office."""
        return self._open_work("dunning_technical_order_action")

    def action_open_assignments(self):
        """Smart button: the assignments to agencies."""
        return self._open_work("dunning_agency_assignment_action")

    def _open_work(self, name):
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(f"creditbox_dunning.{name}")
        return {**action, "domain": [("case_id", "in", self.ids)], "context": {}}

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.score import Row
from .amounts import exact
from .valuation_texts import MEASURE_NAMES


class DunningScoreRow(models.Model):
    """So many risk points for a figure between two limits."""

    _name = "dunning.score.row"
    _description = "Row of a score table"
    _order = "table_id, measure, value_from, id"

    table_id = fields.Many2one(
        "dunning.score.table", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="table_id.company_id", store=True, index=True)
    measure = fields.Selection(MEASURE_NAMES, required=True)
    value_from = fields.Float(string="From value", digits=(16, 2), help="Included.")
    value_to = fields.Float(
        string="Below value", digits=(16, 2), help="Not included; 0 = no limit."
    )
    points = fields.Integer(help="Risk points: more are worse.")

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._check_draft()
        return rows

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
        """Rows change in drafts only: scores name the version that they come from."""
        if any(row.table_id.state != "draft" for row in self):
            raise UserError(
                self.env._(
                    "A published score table stays as it is. Make a new version and"
                    " change that."
                )
            )

    def _as_rows(self):
        """These rows as plain values of ``rules.score``."""
        return tuple(
            Row(
                row.measure,
                exact(row.value_from),
                exact(row.value_to) if row.value_to else None,
                row.points,
            )
            for row in self
        )

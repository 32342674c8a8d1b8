from odoo import api, fields, models

from ..models.dunning_legal_step import RESULTS


class DunningLegalCorrection(models.TransientModel):
    """What was told wrong of a step before the court, and why it is corrected."""

    _name = "dunning.legal.correction"
    _description = "Correct a step before the court"

    step_id = fields.Many2one(
        "dunning.legal.step",
        string="Step before the court",
        required=True,
        ondelete="cascade",
    )
    kind = fields.Selection(related="step_id.kind")
    date = fields.Date(help="Day on which it was issued, filed or known.")
    number = fields.Char(string="Register number")
    notified_date = fields.Date(string="Notified on")
    hearing_at = fields.Datetime(string="Hearing")
    final_on = fields.Date(string="Became final on")
    result = fields.Selection(RESULTS)
    result_on = fields.Date(string="Decided on")
    reason = fields.Char(required=True)

    @api.model
    def default_get(self, fields):
        vals = super().default_get(fields)
        return {**self._told(vals.get("step_id")), **vals}

    @api.model_create_multi
    def create(self, vals_list):
        # what is not given is as it was told
        return super().create(
            [{**self._told(vals.get("step_id")), **vals} for vals in vals_list]
        )

    def _told(self, step_id):
        """What is known of the step by now."""
        step = self.env["dunning.legal.step"].browse(step_id)
        return {name: step[name] for name in step._corrected_fields if step[name]}

    def action_confirm(self):
        """Button: the step as it is right; what was told stays in the history."""
        self.ensure_one()
        step = self.step_id
        step.check_access("write")
        self.env["dunning.case"]._check_is_manager(step)
        right = {name: self[name] for name in step._corrected_fields}
        step._correct(right, self.reason)
        return {"type": "ir.actions.act_window_close"}

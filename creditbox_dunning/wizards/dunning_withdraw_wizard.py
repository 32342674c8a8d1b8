from odoo import api, fields, models


class DunningWithdrawWizard(models.TransientModel):
    """Why what was recorded is taken back."""

    _name = "dunning.withdraw.wizard"
    _description = "Take back what was recorded"

    record = fields.Reference(
        selection="_selection_record",
        string="Recorded",
        required=True,
        readonly=True,
        default=lambda self: self._default_record(),
    )
    reason = fields.Char(string="Why", required=True)

    @api.model
    def _selection_record(self):
        """The models of which a record may be taken back."""
        models_ = self.env["ir.model"].sudo()
        return [
            (name, models_._get(name).name)
            for name in self.pool["dunning.withdrawn.mixin"]._inherit_children
            if not self.env[name]._abstract
        ]

    @api.model
    def _default_record(self):
        model, key = (
            self.env.context.get("active_model"),
            self.env.context.get("active_id"),
        )
        return f"{model},{key}" if model and key else None

    def action_confirm(self):
        """Button: take it back."""
        self.ensure_one()
        self.record.action_withdraw(self.reason)
        return {"type": "ir.actions.act_window_close"}

from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningWorkEvent(models.Model):
    """One line of the history of an order, an assignment, a question: append-only."""

    _name = "dunning.work.event"
    _description = "History of what was ordered outside"
    _order = "id desc"
    _rec_name = "note"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        index=True, model_field="res_model", required=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    at = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    state_from = fields.Char(readonly=True)
    state_to = fields.Char(readonly=True)
    what = fields.Char(compute="_compute_what")
    note = fields.Char(readonly=True)

    @api.depends("state_from", "state_to")
    @api.depends_context("lang")
    def _compute_what(self):
        mixin = self.env["dunning.work.mixin"]
        labels = dict(mixin._fields["state"]._description_selection(self.env))
        for event in self:
            event.what = labels.get(event.state_to) or event.state_to

    def write(self, vals):
        if vals:
            raise UserError(self.env._("The history is never rewritten."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("The history is never deleted."))

from odoo import api, fields, models

from ..models.dunning_hold_making import AUTOMATIC_ENDS


class DunningHoldEndWizard(models.TransientModel):
    """End suspensions, or make them last longer."""

    _name = "dunning.hold.end.wizard"
    _description = "End or lengthen a suspension"

    mode = fields.Selection(
        [("end", "End"), ("extend", "Make longer")], required=True, readonly=True
    )
    hold_ids = fields.Many2many("dunning.hold", required=True, readonly=True)
    why = fields.Selection("_selection_why", string="Why it ends")
    date_to = fields.Date(
        string="Until",
        help="Last day, included. For one without a last day: the next check.",
    )
    note = fields.Text()
    proof = fields.Binary(attachment=False)
    proof_name = fields.Char()
    needs_proof = fields.Boolean(compute="_compute_needs_proof")

    @api.model
    def _selection_why(self):
        choices = self.env["dunning.hold"]._selection_end_reason()
        return [(key, label) for key, label in choices if key not in AUTOMATIC_ENDS]

    @api.depends("hold_ids", "mode", "why")
    def _compute_needs_proof(self):
        for wizard in self:
            wizard.needs_proof = (
                wizard.mode == "end"
                and wizard.why != "mistake"
                and any(hold._needs_proof_to_end() for hold in wizard.hold_ids)
            )

    def action_confirm(self):
        """Button: do it; the rights are checked by `dunning.hold`."""
        self.ensure_one()
        proofs = None
        if self.proof:
            name = self.proof_name or self.env._("Proof")
            proofs = [{"name": name, "datas": self.proof}]
        if self.mode == "end":
            self.hold_ids.action_end(self.why, self.note or "", proofs)
        else:
            self.hold_ids.action_extend(self.date_to, self.note or "", proofs)
        return {"type": "ir.actions.act_window_close"}

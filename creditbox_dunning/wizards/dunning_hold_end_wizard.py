from odoo import api, fields, models

from ..models.dunning_hold_dispute import OUTCOMES as DISPUTE_OUTCOMES
from ..models.dunning_hold_making import AUTOMATIC_ENDS
from ..rules.promises import REFUSED


class DunningHoldEndWizard(models.TransientModel):
    """End suspensions, or make them last longer."""

    _name = "dunning.hold.end.wizard"
    _description = "End or lengthen a suspension"

    mode = fields.Selection(
        [("end", "End"), ("extend", "Make longer"), ("answer", "Answer")],
        required=True,
        readonly=True,
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
    bill_id = fields.Many2one("account.move", compute="_compute_bill_id")
    dispute_outcome = fields.Selection(DISPUTE_OUTCOMES, string="Outcome")
    answered_on = fields.Date(default=fields.Date.context_today)
    credit_note_id = fields.Many2one("account.move")
    needs_proof = fields.Boolean(compute="_compute_needs_proof")

    @api.model
    def _selection_why(self):
        choices = self.env["dunning.hold"]._selection_end_reason()
        return [(key, label) for key, label in choices if key not in AUTOMATIC_ENDS]

    @api.depends("hold_ids")
    def _compute_bill_id(self):
        for wizard in self:
            wizard.bill_id = wizard.hold_ids.move_id[:1]

    @api.depends("hold_ids", "mode", "why", "dispute_outcome")
    def _compute_needs_proof(self):
        for wizard in self:
            wizard.needs_proof = (
                wizard.mode == "answer" and wizard.dispute_outcome == REFUSED
            ) or (
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
        if self.mode == "answer":
            self.hold_ids.action_answer(
                self.dispute_outcome,
                self.note or "",
                self.answered_on,
                proofs,
                self.credit_note_id.id,
            )
        elif self.mode == "end":
            self.hold_ids.action_end(self.why, self.note or "", proofs)
        else:
            self.hold_ids.action_extend(self.date_to, self.note or "", proofs)
        return {"type": "ir.actions.act_window_close"}

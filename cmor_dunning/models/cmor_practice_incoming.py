from odoo import fields, models
from odoo.fields import Domain

# operations that ask for the disconnection of a point, or prepare it
DISCONNECTING = ("reduce", "suspend", "deactivate")
ASKED = ("approved", "executing")
# nothing of the CMOR on the bill is due, or it is not sure
NOT_DUE_STATES = ("suspended", "cancelled", "to_refund")
HOLD_REASON = "cmor_not_due"


class CmorPractice(models.Model):
    """The CMOR of an incoming practice is an ordinary debt on the customer's bill.

    Dunning asks for it like the rest of the bill; while it has to be given back, the
    bill that carries it is held.
    """

    _inherit = "cmor.practice"

    def _settle(self, today):
        # EXTENDS cmor_utility
        result = super()._settle(today)
        mine = self.sudo().filtered(lambda p: p.side == "incoming")
        mine.filtered("billed_amount")._link_dunning_cases()
        mine._hold_what_is_not_due()
        return result

    def _suspension_facts(self):
        # EXTENDS cmor_utility: orders of the technical office
        facts = super()._suspension_facts()
        todo = self.filtered(lambda p: p not in facts and p.contract_id)
        actions = (
            self.env["dunning.action"]
            .sudo()
            .search(
                Domain("case_id.contract_id", "in", todo.contract_id.ids)
                & Domain("case_id.state", "!=", "closed")
                & Domain("op", "in", DISCONNECTING)
                & Domain("state", "in", (*ASKED, "failed")),
                order="id",
            )
        )
        labels = dict(actions._fields["op"]._description_selection(self.env))
        last = {action.case_id.contract_id: action for action in actions}
        for practice in todo:
            action = last.get(practice.contract_id)
            if action:
                day = fields.Date.to_string(action.executed_date or action.planned_date)
                fact = "failed" if action.state == "failed" else "requested"
                facts[practice] = (fact, f"{labels[action.op]}, {day}")
        return facts

    def _hold_what_is_not_due(self):
        """Hold the bills whose CMOR is to be given back; end the hold when it is."""
        holds = self.env["dunning.hold"].sudo()
        reason = (
            self.env["dunning.hold.reason"].sudo().search([("code", "=", HOLD_REASON)])
        )
        bills = self.customer_bill_id
        if not reason or not bills:
            return
        wanted = self.filtered(
            lambda p: p.return_amount > 0 or p.state in NOT_DUE_STATES
        )
        open_bills = wanted.customer_bill_id.filtered("amount_residual")
        running = holds.search(
            Domain("move_id", "in", bills.ids)
            & Domain("reason_id", "=", reason.id)
            & Domain("resume_date", "=", False)
            & Domain("is_cancelled", "=", False)
        )
        for move in open_bills - running.move_id:
            holds.suspend("bill", move.ids, HOLD_REASON, note=self._hold_note(move))
        over = running.filtered(lambda hold: hold.move_id not in open_bills)
        if over:
            over._end("fact_over")

    def _hold_note(self, move):
        codes = self.filtered(lambda p: p.customer_bill_id == move).mapped("sii_code")
        return self.env._("CMOR %(codes)s", codes=", ".join(codes))

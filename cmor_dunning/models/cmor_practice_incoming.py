from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.cmor_utility.models.cmor_practice_facts import _cents

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

    @api.model
    def _given_up(self, bills):
        # EXTENDS cmor_utility: write-offs, and settlements for less
        given_up = super()._given_up(bills)
        if not bills:
            return given_up
        rows = self.env["account.partial.reconcile"].sudo()
        rows = rows.search_fetch(
            [("debit_move_id.move_id", "in", bills.ids)],
            ["debit_move_id", "credit_move_id", "amount"],
        )
        documents = rows.credit_move_id.move_id
        losses = self.env["dunning.writeoff.line"].sudo()
        losses = losses.search([("move_id", "in", documents.ids)]).move_id
        events = self.env["dunning.settlement.event"].sudo()
        losses |= events.search([("move_id", "in", documents.ids)]).move_id
        for row in rows.filtered(lambda r: r.credit_move_id.move_id in losses):
            bill = row.debit_move_id.move_id.id
            given_up[bill] = given_up.get(bill, 0) + _cents(row.amount)
        return given_up

    def _hold_what_is_not_due(self):
        """Hold the bills whose CMOR is to be given back; end the hold when it is.

        A bill may carry the CMOR of several practices, and a practice be on several
        bills: each bill is held as long as one of its practices asks for it.
        """
        holds = self.env["dunning.hold"].sudo()
        reason = (
            self.env["dunning.hold.reason"].sudo().search([("code", "=", HOLD_REASON)])
        )
        bills = self._bills_that_carry()
        if not reason or not bills:
            return
        why = self._not_due_on(bills)
        running = holds.search(
            Domain("move_id", "in", bills.ids)
            & Domain("reason_id", "=", reason.id)
            & Domain("resume_date", "=", False)
            & Domain("is_cancelled", "=", False)
        )
        for move, practices in why.items():
            if move not in running.move_id:
                codes = ", ".join(practices.mapped("sii_code"))
                note = self.env._("CMOR %(codes)s", codes=codes)
                holds.suspend("bill", move.ids, HOLD_REASON, note=note)
        over = running.filtered(lambda hold: hold.move_id not in why)
        if over:
            over._end("fact_over")

    def _bills_that_carry(self):
        """The bills on which these practices are, or were, charged to the customer."""
        return self._charges_carried(Domain("cmor_practice_id", "in", self.ids)).move_id

    @api.model
    def _charges_carried(self, domain):
        charges = self.env["utility.charge"].sudo()
        on_bill = Domain("state", "in", ("confirmed", "invoiced"))
        return charges.search(domain & on_bill & Domain("amount", ">", 0))

    @api.model
    def _not_due_on(self, bills):
        """{open bill: practices on it whose CMOR is not due, or not surely}."""
        charges = self._charges_carried(
            Domain("move_id", "in", bills.ids) & Domain("cmor_practice_id", "!=", False)
        )
        wanted = charges.filtered(
            lambda c: (
                c.move_id.amount_residual
                and (
                    c.cmor_practice_id.return_amount > 0
                    or c.cmor_practice_id.state in NOT_DUE_STATES
                )
            )
        )
        groups = wanted.grouped("move_id")
        return {move: found.cmor_practice_id for move, found in groups.items()}

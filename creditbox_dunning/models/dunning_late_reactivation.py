from odoo import models

from ..rules.late_reactivation import indemnity_for_delay


class DunningAction(models.Model):
    """A supply that came back late: the automatic indemnity, proposed as a draft."""

    _inherit = "dunning.action"

    def _apply_to_supply(self, day, more=frozenset()):
        # EXTENDS: what the customer has a right to when the supply comes back late
        result = super()._apply_to_supply(day, more)
        if self.op == "reactivate":
            self._propose_late_indemnity(day)
        return result

    def _propose_late_indemnity(self, day):
        """The draft for this reactivation carried out on ``day``; none when in time."""
        self.ensure_one()
        contract = self.case_id.contract_id.sudo()
        law = self.env["dunning.guard"].sudo()._law_for(self.company_id, day)
        number = indemnity_for_delay(
            self.env["dunning.legal.parameter"].sudo()._parameters(),
            contract.service,
            self.planned_date,
            day,
            law.holidays,
        )
        if number is None or self.indemnity_id:
            return
        charge = self._charge_indemnity(contract, number, float(number.value), day)
        self.sudo()._guarded().write({"indemnity_id": charge.id})

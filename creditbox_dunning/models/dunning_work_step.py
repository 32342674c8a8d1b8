from odoo import api, fields, models

from ..rules import work
from ..rules.facts import Reason
from .dunning_action import OPEN_STATES
from .dunning_work_mixin import WORK_GUARDED
from .work_words import SERVICE_WORDS, STATE_WORDS, debt_row

STEP_GUARDED = WORK_GUARDED | {
    "action_id",
    "case_id",
    "contract_id",
    "point_code",
    "op",
    "amount",
    "outcome",
}


class DunningWorkStep(models.AbstractModel):
    """What is ordered for a step of the table: an order, an assignment.

    It follows its step, whoever decides or records it; the step's outcome is its own.
    """

    _name = "dunning.work.step"
    _description = "Step that somebody outside carries out"
    _inherit = "dunning.work.mixin"

    action_id = fields.Many2one(
        "dunning.action", required=True, index=True, readonly=True, check_company=True
    )
    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, readonly=True, check_company=True
    )
    contract_id = fields.Many2one(
        "utility.contract", string="Supply", index=True, readonly=True
    )
    service = fields.Selection(related="contract_id.service")
    point_code = fields.Char(string="POD, PDR or point", readonly=True, index=True)
    amount = fields.Monetary(readonly=True)

    # buttons

    def action_record_outcome(self):
        """Button: record on the step what a person was told."""
        return self.action_id.action_record_outcome()

    # life

    @api.model
    def _order_actions(self, actions):
        """Write down what is ordered for each action that is to be carried out."""
        wanted = self.sudo().search(
            [("action_id", "in", actions.ids), ("state", "in", sorted(work.WANTED))]
        )
        new = actions - wanted.action_id
        return self._write_down([self._prepare_vals(action) for action in new])

    @api.model
    def _prepare_vals(self, action):
        case = action.case_id
        contract = case.contract_id
        return {
            "company_id": case.company_id.id,
            "partner_id": case.partner_id.id,
            "action_id": action.id,
            "case_id": case.id,
            "contract_id": contract.id,
            "point_code": contract.supply_point_id.code,
            "amount": action.amount,
        }

    def _give_back(self, note):
        # EXTENDS: a step that only a suspension stopped is over too
        back = self.filtered(lambda one: work.may_move(one.state, work.WITHDRAWN))
        given = super()._give_back(note)
        back.action_id.filtered(lambda a: a.state in OPEN_STATES)._set_state(
            "superseded", Reason.of("order_given_back")
        )
        return given

    # files

    def _recheck(self):
        # EXTENDS: what was paid meanwhile never leaves
        waiting = super()._recheck()
        new = waiting.filtered(lambda one: one.state == work.TO_SEND)
        new._owing().action_id._filter_paid()._withdraw(Reason.of("order_paid"))
        return waiting.filtered(lambda one: one.state in work.TO_TELL)

    def _owing(self):
        """Those that are about a debt: who paid gets the supply back all the same."""
        return self.filtered(lambda one: one.action_id.op != "reactivate")

    def _row(self, provider, today):
        contract = self.contract_id
        point = contract.supply_point_id
        items = [(item, item.residual) for item in self.action_id.item_ids]
        return {
            **super()._row(provider, today),
            "case": self.case_id.name,
            "contract": contract.code,
            "service": SERVICE_WORDS.get(contract.service),
            "point": self.point_code,
            "supply_street": point.street,
            "supply_zip": point.zip,
            "supply_city": point.city,
            "supply_state": STATE_WORDS.get(contract.supply_state),
            **debt_row(items, self.currency_id),
        }

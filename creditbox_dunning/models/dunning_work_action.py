from odoo import fields, models

from ..rules import work
from ..rules.facts import TECHNICAL_ACTION
from .reason_texts import pack, unpack

AGENCY_ACTION = 6


class DunningAction(models.Model):
    """Steps that somebody outside carries out: what is ordered follows the step."""

    _inherit = "dunning.action"

    technical_order_ids = fields.One2many(
        "dunning.technical.order", "action_id", readonly=True
    )

    assignment_ids = fields.One2many(
        "dunning.agency.assignment", "action_id", readonly=True
    )

    def _work_models(self):
        """{code of the action: model of what is ordered}"""
        return {
            AGENCY_ACTION: "dunning.agency.assignment",
            TECHNICAL_ACTION: "dunning.technical.order",
        }

    def _set_state(self, state, *reasons, **vals):
        # EXTENDS: whoever decides or records a step, the order follows at once
        result = super()._set_state(state, *reasons, **vals)
        models_ = self._work_models()
        for code, actions in self.grouped(lambda a: a.action_type_id.code).items():
            if code in models_:
                actions._work_follows(self.env[models_[code]].sudo(), state, reasons)
        return result

    def _work_follows(self, orders, state, reasons):
        """``orders``: the model of what was ordered by these actions."""
        if state == "executing":
            orders._order_actions(self)
        if state not in ("executing", "done", "failed", "superseded"):
            return
        found = orders.search(
            [("action_id", "in", self.ids), ("state", "!=", work.FAILED)]
        )
        note = unpack(self.env, pack(reasons), self[:1].currency_id) or ""
        if state == "superseded":
            found._take_back(note)
        elif state == "executing":
            found._follow_begun(note)
        else:
            found._follow_end(work.DONE if state == "done" else work.FAILED, note)


class DunningWorkStep(models.AbstractModel):
    _inherit = "dunning.work.step"

    def _follow_begun(self, note):
        """A person recorded that it left, or that it was accepted."""
        wanted = self.filtered(lambda one: one.state in work.WANTED)
        taken = wanted.filtered(lambda one: one.action_id.outcome == "taken")
        taken.filtered(lambda one: one.state != work.TAKEN)._move(work.TAKEN, note)
        left = (wanted - taken).filtered(
            lambda one: one.state == work.TO_SEND and one.action_id.executed_date
        )
        for day, of_day in left.grouped(
            lambda one: one.action_id.executed_date
        ).items():
            of_day._move(work.SENT, note, sent_on=day)

    def _follow_end(self, state, note):
        """The outcome of the step is the outcome of what was ordered."""
        ended = self.browse()
        for of_action in self.grouped("action_id").values():
            # carried out all the same: the last one that was called back tells it
            ended |= (
                of_action.filtered(lambda one: one.state in work.WANTED)[:1]
                or of_action.filtered(lambda one: one.state in work.CALLED_BACK)[:1]
            )
        groups = ended.grouped(lambda one: tuple(one._outcome_vals().items()))
        for vals, of_vals in groups.items():
            of_vals._move(state, note, **dict(vals))

    def _outcome_vals(self):
        """What it says of the outcome of its step."""
        step = self.action_id
        return {"outcome": step.outcome, "done_date": step.executed_date}


class DunningTechnicalOrder(models.Model):
    _inherit = "dunning.technical.order"

    def _outcome_vals(self):
        # EXTENDS: a list is over with its plan
        vals = super()._outcome_vals()
        if self.op == "list":
            vals["planned_date"] = self.action_id.planned_work_date
        return vals

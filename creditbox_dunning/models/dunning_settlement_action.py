from odoo import api, fields, models
from odoo.exceptions import UserError

from .dunning_offer import Offer
from .dunning_settlement import LIVE
from .dunning_settlement_offer import HOLD, OPERATION, SETTLEMENT_ACTION
from .reason_texts import pack, unpack

# outcomes of an agency after which less than the debt may be better than nothing
HOPELESS = ("insolvent", "debtor_untraceable", "disputed", "negative")


class DunningAction(models.Model):
    """The step "settlement" of the table: its draft is made, its outcome follows."""

    _inherit = "dunning.action"

    settlement_ids = fields.One2many("dunning.settlement", "action_id", readonly=True)

    def _set_state(self, state, *reasons, **vals):
        # EXTENDS: whoever decides or records the step, the settlement follows
        result = super()._set_state(state, *reasons, **vals)
        mine = self.filtered(lambda a: a.action_type_id.code == SETTLEMENT_ACTION)
        if mine and state in ("executing", "done", "failed", "superseded"):
            mine._settlement_follows(state, reasons)
        return result

    def _settlement_follows(self, state, reasons):
        live = self.sudo().settlement_ids.filtered(lambda one: one.state in LIVE)
        if state == "executing":
            self._propose_settlements(live)
            return
        note = unpack(self.env, pack(reasons), self[:1].currency_id) or ""
        for one in live:
            if one.action_id.outcome == "refused":
                one._end("refused", "refused", note)
            elif one.action_id.outcome == "expired" and one.state == "offered":
                one._move("expired", "expired", note)
                one._end_hold("fact_over")
            elif one.state != "offered":
                one._end("cancelled", "cancelled", note)

    def _propose_settlements(self, live):
        """A draft for each that has none: a person completes it."""
        new = self - live.action_id
        settlements = self.env["dunning.settlement"]
        by_agency = set(
            self.sudo()
            .search(
                [
                    ("case_id", "in", new.case_id.ids),
                    ("outcome", "in", HOPELESS),
                    ("state", "=", "done"),
                ]
            )
            .case_id.ids
        )
        for action in new:
            reason = "agency" if action.case_id.id in by_agency else False
            settlements._propose(action.case_id, action, reason)

    @api.model
    def _offers(self):
        # EXTENDS dunning.action
        kind = Offer(SETTLEMENT_ACTION, OPERATION, "settlement_ids")
        return [*super()._offers(), kind]


class DunningSettlement(models.Model):
    _inherit = "dunning.settlement"

    def _tell_not_delivered(self, note):
        """The customer does not know of the offer: somebody has to tell him."""
        for one in self.filtered(lambda one: one.state == "offered"):
            if one.attention != "not_delivered":
                one._move(
                    "offered",
                    "not_delivered",
                    note,
                    attention="not_delivered",
                    attention_note=note or False,
                )


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    @api.model
    def _stopping(self, action, holds, today):
        # EXTENDS: the suspension of an offer does not stop the offer
        if action.op == OPERATION:
            holds = [hold for hold in holds if hold.reason != HOLD]
        return super()._stopping(action, holds, today)

    @api.model
    def _has_left(self, action):
        # EXTENDS: what was offered binds the company
        if "offered" in action.sudo().settlement_ids.mapped("state"):
            return True
        return super()._has_left(action)


class DunningCase(models.Model):
    _inherit = "dunning.case"

    settlement_ids = fields.One2many(
        "dunning.settlement",
        "case_id",
        string="Settlements",
        readonly=True,
        groups="creditbox_dunning.group_dunning_operator",
    )
    settlement_count = fields.Integer(
        compute="_compute_settlement_count",
        groups="creditbox_dunning.group_dunning_operator",
    )

    def _compute_settlement_count(self):
        groups = self.env["dunning.settlement"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        counts = {case.id: count for case, count in groups}
        for case in self:
            case.settlement_count = counts.get(case.id, 0)

    close_reason = fields.Selection(
        selection_add=[("settled", "Settled"), ("written_off", "Written off")]
    )

    def _close(self, cases, today, reason="paid"):
        # EXTENDS: what was given up in part or in full was not paid
        if reason != "paid":
            return super()._close(cases, today, reason)
        settled = self._given_up(
            "dunning.settlement",
            [("state", "=", "paid"), ("loss", ">", 0)],
            "paid_on",
            cases,
        )
        written = self._given_up(
            "dunning.writeoff.line",
            [("state", "in", ("booked", "income"))],
            "booked_on",
            cases,
        )
        super()._close(settled - written, today, "settled")
        super()._close(written, today, "written_off")
        return super()._close(cases - settled - written, today, reason)

    def _given_up(self, model, domain, day, cases):
        """Those of ``cases`` that have such a record since they were opened."""
        found = self.env[model].sudo().search([*domain, ("case_id", "in", cases.ids)])
        fresh = found.filtered(
            lambda one: (
                one[day]
                >= (one.case_id.reopened_on or one.case_id.opened_on or one[day])
            )
        )
        return cases.browse(fresh.case_id.ids)

    def action_propose_settlement(self):
        """Button: a settlement to be completed; the one under way if there is one."""
        self.ensure_one()
        self.check_access("read")
        self._check_is_operator()
        self._check_may_settle()
        settlement = self.env["dunning.settlement"]._propose(self, reason="customer")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settlement"),
            "res_model": "dunning.settlement",
            "view_mode": "form",
            "res_id": settlement.id,
        }

    def _check_may_settle(self):
        case = self.sudo()
        if case.state == "closed" or case.amount_due <= 0:
            raise UserError(
                self.env._("%(case)s has no debt to settle.", case=self.name)
            )

    def action_open_settlements(self):
        """Smart button: the settlements of the case."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settlements"),
            "res_model": "dunning.settlement",
            "view_mode": "list,form",
            "domain": [("case_id", "in", self.ids)],
        }

    def _timeline_sources(self):
        # EXTENDS dunning.case
        return [*super()._timeline_sources(), self._timeline_settlements]

    def _timeline_settlements(self):
        labels = self._labels("dunning.settlement.event", "kind")
        tones = {"paid": "success", "expired": "danger", "returned": "danger"}
        for one in self.sudo().settlement_ids:
            for event in one.event_ids:
                yield (
                    one.case_id.id,
                    {
                        "date": event.at.date(),
                        "kind": "event",
                        "icon": "fa-handshake-o",
                        "title": one.name,
                        "text": event.note or "",
                        "badge": labels.get(event.kind),
                        "tone": tones.get(event.kind, "info"),
                        "amount": (event.amount, event.currency_id),
                    },
                )


class DunningWorklist(models.AbstractModel):
    """What settlements leave to a person."""

    _inherit = "dunning.worklist"

    def _lists_of_decisions(self, today):
        # EXTENDS dunning.worklist
        return [
            *super()._lists_of_decisions(today),
            {
                "key": "settlements_draft",
                "title": self.env._("Settlements to complete"),
                "help": self.env._(
                    "Proposed by the table or by a colleague: say how much the customer"
                    " has to pay and ask for the approval."
                ),
                "icon": "fa-handshake-o",
                "tone": "primary",
                "model": "dunning.settlement",
                "domain": [("state", "=", "draft")],
            },
            {
                "key": "settlements_decide",
                "title": self.env._("Settlements to decide"),
                "help": self.env._(
                    "Paid late or less than agreed, money that nobody matched, a"
                    " payment that went back, an offer that did not arrive, an entry"
                    " that could not be made."
                ),
                "icon": "fa-exclamation-triangle",
                "tone": "warning",
                "model": "dunning.settlement",
                "domain": [("attention", "!=", False)],
            },
        ]

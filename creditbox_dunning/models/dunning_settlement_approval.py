from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError

from ..rules import settlement as rules
from ..rules.approval import Ask, level_for
from .amounts import exact
from .dunning_settlement_offer import SETTLEMENT_ACTION

SUBJECT = "settlement"


class DunningSettlement(models.Model):
    """May so much be given up? Asked by one, answered by another, by the matrix.

    The answer is bound to the bills as they are open, the agreed sum and the days:
    whatever changes makes it lapse, and the settlement goes back to whoever asked.
    """

    _inherit = "dunning.settlement"

    def action_request(self):
        """Button: ask for approval of the figures as they stand."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_operator(self)
        for one in self:
            one._check_may_ask()
            settlement = one.sudo()
            # bills and interest of today: an old draft is no ground for a decision
            settlement._refresh()
            settlement._get_figures()
            settlement._ask("asked", "waiting")
        return True

    def _check_may_ask(self):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(
                self.env._("%(name)s was asked for already.", name=self.name)
            )
        if not self.reason:
            raise UserError(self.env._("Say why less than the debt is enough."))
        if self.reason == "other" and not (self.note or "").strip():
            raise UserError(self.env._("Explain the reason in the note."))
        if not self.channel:
            raise UserError(self.env._("Say how the offer is sent."))
        if self.case_id.sudo().state == "closed":
            raise UserError(
                self.env._("%(case)s is closed already.", case=self.case_id.name)
            )

    def _ask(self, kind, state, note=""):
        self.ensure_one()
        self._guarded().write({"asked_by": self.env.uid})
        facts = self._approval_facts()[self.id]
        given_up = exact(facts["given_up"])
        request = self.env["dunning.approval.request"]._ask(
            self,
            SUBJECT,
            given_up,
            facts=facts,
            note=note or self.note or "",
            case=self.case_id,
            action_type=self.env["dunning.action.type"]._by_code()[SETTLEMENT_ACTION],
            discount=rules.percent_of(given_up, exact(self.capital)),
            level=self._charge_level(),
        )
        vals = {"request_id": request.id}
        self._move(state, kind, note, amount=given_up, **vals)

    def _charge_level(self):
        """The level that the matrix asks for giving up interest and costs."""
        if not self.waived:
            return 0
        rows = self.env["dunning.approval.rule"]._rows_of(self.company_id)
        ask = Ask("charge_waiver", amount=exact(self.waived))
        return level_for(rows[self.company_id], ask)

    def _approval_facts(self):
        """{id: what the answer is about}: when it changes the request lapses."""
        open_now = self.sudo()._open_now()
        facts = {}
        for one in self.sudo():
            bills = open_now.get(one.id, {})
            told = {
                "record": one.id,
                "case": one.case_id.id,
                "bills": {number: exact(value) for number, value in bills.items()},
                "reason": one.reason or "",
                "agreed": exact(one.agreed),
                "given_up": exact(one.discount),
                "waived": exact(one.waived),
                "valid_days": one.valid_days,
                "channel": one.channel or "",
            }
            if one.state == "expired":
                # accepting what came: what is left on the bills is given up
                left = sum(told["bills"].values(), Decimal(0))
                told.update(agreed=exact(one.in_time) + exact(one.late), given_up=left)
            facts[one.id] = told
        return facts

    def _on_approved(self, requests):
        """Approved: offered at once; one that had expired is booked instead."""
        for one in self.sudo():
            if one.state == "waiting":
                one._offer()
            elif one.state == "expired":
                one._accept_what_came()

    def _on_refused(self, requests):
        notes = {request.res_id: request.end_note or "" for request in requests}
        for one in self.sudo():
            if one.state == "waiting":
                one._end("refused", "not_approved", notes.get(one.id, ""))
            else:
                one._move(one.state, "not_approved", notes.get(one.id, ""))

    def _on_lapsed(self, requests):
        """What it was about changed: it has to be looked at again."""
        notes = {request.res_id: request.end_note or "" for request in requests}
        for one in self.sudo():
            state = "draft" if one.state == "waiting" else one.state
            one._move(state, "lapsed", notes.get(one.id, ""))
            if state == "draft":
                one._refresh()

    def _cancel_request(self, why):
        waiting = self.request_id.filtered(lambda r: r.state == "pending")
        waiting._end("cancelled", why)

    # taking what came after all

    def action_accept_anyway(self, note=""):
        """Button: what came, late or less than agreed, is enough; asks for approval.

        For credit managers: what is left on the bills is given up.
        """
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self.sudo():
            if one.state != "expired" or one.attention not in ("short", "late"):
                raise UserError(
                    self.env._("%(name)s has no payment to decide on.", name=one.name)
                )
            if one._count_money()[one.id].free:
                raise UserError(
                    self.env._(
                        "Payments of %(customer)s lie unmatched: match them with the"
                        " settlement's bills first, or leave it as it is.",
                        customer=one.partner_id.name,
                    )
                )
            one._ask("asked", "expired", note or one.attention_note or "")
        return True

    def action_leave_expired(self, note=""):
        """Button: the offer stays expired, what came is a payment like any other.

        One whose sum lies unmatched expires with it: the money is for something else.
        """
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self.sudo():
            if not one.attention:
                raise UserError(
                    self.env._("%(name)s has nothing to decide.", name=one.name)
                )
            one._cancel_request(self.env._("The offer is left as it is."))
            one._leave_free()
            if one.attention == "unmatched" and one.state == "offered":
                one._look(one._today())
            one._move(
                one.state,
                "kept_expired",
                note,
                attention=False,
                attention_note=False,
                # what came so far was decided upon
                known_partials=one._partials().ids,
            )
        return True

    def _accept_what_came(self):
        """The approval is there: book what is left on the bills."""
        allowed = sum(exact(v) for v in self._open_now()[self.id].values())
        self._book_paid(allowed, self._today())


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS dunning.approval.request
        return super()._approvable_models() | {"dunning.settlement"}

    @api.model
    def _fact_labels(self):
        # EXTENDS dunning.approval.request
        return {
            **super()._fact_labels(),
            "agreed": self.env._("agreed sum"),
            "given_up": self.env._("given up on the capital"),
            "waived": self.env._("interest and costs given up"),
            "valid_days": self.env._("days of validity"),
        }

    def _fact_in_words(self, name, value):
        # EXTENDS dunning.approval.request
        if name in ("agreed", "given_up", "waived"):
            return super()._fact_in_words("amount", value)
        if self.res_model == "dunning.settlement" and name == "reason":
            reasons = self.env[self.res_model]._fields["reason"]
            return dict(reasons._description_selection(self.env)).get(value, value)
        return super()._fact_in_words(name, value)

from collections import defaultdict

from odoo import models
from odoo.fields import Domain

# ends of a suspension that leave what the customer wrote without an answer
UNANSWERED_ENDS = (False, "date", "closed")
# reason of a suspension -> what it tells of the practice
SAYINGS = {"payment_communicated": "said_paid", "prescription_objected": "objected"}


class CmorPractice(models.Model):
    """What customers have told the recovery is a fact of the conditions: a complaint
    that waits for its answer, a payment communicated, an objection of prescription."""

    _inherit = "cmor.practice"

    def _collect_told(self, bills):
        # EXTENDS cmor_utility
        found = super()._collect_told(bills)
        for practice_id, holds in self._telling_holds(bills).items():
            for hold in holds:
                if name := hold._cmor_fact():
                    found[practice_id][name].append(hold._cmor_words())
        return found

    def _digest_more(self):
        # EXTENDS cmor_utility
        told = super()._digest_more()
        bills = {practice.id: practice.line_ids.move_id.ids for practice in self}
        for practice_id, holds in self._telling_holds(bills).items():
            words = sorted(f"{hold.id}={hold._cmor_fact()}" for hold in holds)
            told[practice_id] = "|".join([told.get(practice_id, ""), *words])
        return told

    def _telling_holds(self, bills):
        """{practice id: dunning.hold} about the supply, its customer or one of its
        bills; as many queries for one practice as for all.

        :param dict bills: {practice id: ids of its open bills}
        """
        moves = {move_id for ids in bills.values() for move_id in ids}
        telling = (
            Domain("reason_id.is_complaint", "=", True)
            | Domain("is_dispute", "=", True)
            | Domain("reason_id.code", "in", list(SAYINGS))
        )
        about = (
            Domain("move_id", "in", list(moves))
            | Domain("contract_id", "in", self.contract_id.ids)
            | Domain("case_id.contract_id", "in", self.contract_id.ids)
            | Domain("partner_id", "in", self.partner_id.ids)
        )
        holds = self.env["dunning.hold"].sudo()
        holds = holds.search(
            Domain("is_cancelled", "=", False) & telling & about, order="id"
        )
        found = defaultdict(holds.browse)
        if not holds:
            return found
        by_key = holds.grouped(lambda hold: hold._cmor_key())
        for practice in self:
            keys = [("account.move", move_id) for move_id in bills.get(practice.id, ())]
            for record in (practice.contract_id, practice.partner_id):
                keys.append((record._name, record.id))
            for key in keys:
                if key in by_key:
                    found[practice.id] |= by_key[key]
        return found


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    def _cmor_key(self):
        """What the suspension is about, of a case its contract: (model, id)."""
        contract = self.contract_id or self.case_id.contract_id
        record = self.move_id or contract or self.partner_id
        return record._name, record.id

    def _cmor_words(self):
        """What he told and when, in words that need no translation."""
        day = self.received_on or self.date_from
        return f"{self.target or self.customer_id.name} {day:%d/%m/%Y}"

    def _cmor_fact(self):
        """Which fact of ``eligibility.PracticeFacts`` it is; "" when it is over."""
        waits = not self.answered_on and self.end_reason in UNANSWERED_ENDS
        name = SAYINGS.get(self.reason_id.code)
        if not name:
            return "complaints" if waits else "answered"
        return name if waits else ""

from typing import NamedTuple

from odoo import api, models

from ..rules.outcomes import LETTER, OUTCOMES


class Offer(NamedTuple):
    """A kind of offer that a step of the table carries to the customer.

    ``action``: code of the step's type; ``op``: its operation; ``documents``: its field
    with what was offered, records that have ``_tell_not_delivered(note)``.
    """

    action: int
    op: str
    documents: str


class DunningAction(models.Model):
    """The message of an offer tells the customer something, but is no notice, and its
    receipt is not his answer."""

    _inherit = "dunning.action"

    @api.model
    def _offers(self):
        """Every kind of :class:`Offer`; the models of the documents add theirs."""
        return []

    def _record_outcome(
        self, outcome, day, state=None, note="", reason=None, breach=None, **vals
    ):
        # EXTENDS: a receipt of the message that carries an offer ends no step
        told = OUTCOMES.get(outcome)
        rest = self
        for offer in self._offers() if told and told.subject == LETTER else ():
            carriers = rest.filtered(
                lambda a, code=offer.action: a.action_type_id.code == code
            )
            if not told.is_positive:
                carriers.sudo()[offer.documents]._tell_not_delivered(note)
            rest -= carriers
        if self and not rest:
            return None
        return super(DunningAction, rest)._record_outcome(
            outcome, day, state, note, reason, breach, **vals
        )

    def _write_notices(self, sent_date, notified_date=None):
        # EXTENDS: an offer is no notice of default and starts no term
        ops = {offer.op for offer in self._offers()}
        notices = self.filtered(lambda a: a.op not in ops)
        return super(DunningAction, notices)._write_notices(sent_date, notified_date)

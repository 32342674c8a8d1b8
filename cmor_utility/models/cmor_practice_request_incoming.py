from odoo import models

from ..rules import incoming, suspension
from .texts_incoming import FACTS

WAITING_STATES = {
    incoming.SUSPEND: "suspend_requested",
    incoming.CANCEL: "cancel_requested",
}
WAITING_SOURCES = {
    "suspend_requested": ("matched",),
    "cancel_requested": ("unmatched", "matched"),
}


class CmorPracticeRequest(models.Model):
    """What the sending of a request means for an incoming practice."""

    _inherit = "cmor.practice.request"

    def _reason_words(self):
        # EXTENDS: the facts behind a suspension
        words = {
            (incoming.SUSPEND, code): self.env._(FACTS[fact])
            for (_sector, fact), code in suspension.CODES.items()
        }
        return {**super()._reason_words(), **words}

    def _set_state(self, state, **extra):
        # EXTENDS: the practice waits once its request has left
        changed = super()._set_state(state, **extra)
        if state == "sent":
            practices = changed.sudo().practice_id.filtered(
                lambda p: p.side == "incoming"
            )
            keys = changed.sudo().grouped("key")
            for key, target in WAITING_STATES.items():
                mine = keys.get(key, changed.sudo().browse()).practice_id & practices
                mine.filtered(
                    lambda p, target=target: p.state in WAITING_SOURCES[target]
                )._move_to(target)
            practices._set_next()
        return changed

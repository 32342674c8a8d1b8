from collections import defaultdict

from odoo import models

from .bulk import insert_rows


class _Notes(list):
    """Notes that wait; a class of our own: no context from outside can hold one."""


class UtilityTrackMixin(models.AbstractModel):
    """Changes of tracked fields noted together, where Odoo makes a message at a time.

    For models whose changes have no subtype: their notes notify nobody.
    """

    _name = "utility.track.mixin"
    _description = "Tracked changes noted together"
    _inherit = "mail.thread"

    def _message_track(self, fields_iter, initial_values_dict):
        # EXTENDS mail
        notes = _Notes()
        waiting = self.with_context(utility_notes=notes)
        result = super(UtilityTrackMixin, waiting)._message_track(
            fields_iter, initial_values_dict
        )
        if notes:
            self.sudo()._note_together(notes)
        return result

    def _note_together(self, notes):
        """The messages in one go, then the changes that they tell: Odoo's `create` of
        messages makes those of each message apart."""
        told = [note.pop("tracking_value_ids", None) or [] for note in notes]
        messages, alike = self._message_create(notes), defaultdict(list)
        for message, commands in zip(messages, told, strict=True):
            for _create, _id, vals in commands:
                row = {**vals, "mail_message_id": message.id}
                alike[tuple(row)].append(row)
        for rows in alike.values():
            insert_rows(self.env["mail.tracking.value"].sudo(), rows, flush=False)

    def _message_create(self, values_list):
        # EXTENDS mail
        notes = self.env.context.get("utility_notes")
        if not isinstance(notes, _Notes):
            return super()._message_create(values_list)
        notes.extend(values_list)
        return self.env["mail.message"]

from odoo import models


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
            self.sudo()._message_create(notes)
        return result

    def _message_create(self, values_list):
        # EXTENDS mail
        notes = self.env.context.get("utility_notes")
        if not isinstance(notes, _Notes):
            return super()._message_create(values_list)
        notes.extend(values_list)
        return self.env["mail.message"]

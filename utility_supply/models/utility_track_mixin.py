from collections import defaultdict

from markupsafe import escape

from odoo import models
from odoo.tools.mail import generate_tracking_message_id

from .bulk import insert_rows

# no columns: a note of changes has none of these
LINKS = frozenset({"attachment_ids", "partner_ids"})
# what `_message_track` says of each change
OWN = {"body", "tracking_value_ids"}
# what is known of the messages of a record, see `_invalidate_documents` of mail
LISTS = ("message_ids", "message_needaction", "message_needaction_counter")


class _Notes(list):
    """Notes that wait; a class of our own: no context from outside can hold one."""

    def __init__(self):
        super().__init__()
        # {author: the first note in his name}
        self.by_author = {}


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

    def _message_log(self, *, author_id=None, **said):
        # EXTENDS mail: what the notes of one author have in common is asked for once
        notes = self.env.context.get("utility_notes")
        if not isinstance(notes, _Notes) or said.keys() != OWN:
            return super()._message_log(author_id=author_id, **said)
        if author_id not in notes.by_author:
            result = super()._message_log(author_id=author_id, **said)
            notes.by_author[author_id] = notes[-1]
            return result
        own = {
            "res_id": self.id,
            "body": escape(said["body"]),
            "tracking_value_ids": said["tracking_value_ids"],
            "message_id": generate_tracking_message_id("message-notify"),
        }
        notes.append({**notes.by_author[author_id], **own})
        return self.env["mail.message"]

    def _note_together(self, notes):
        """The messages in one statement, then the changes that they tell in another.

        Odoo's `create` makes those of each message apart, and puts each message in the
        lists that it belongs to: it is enough to forget these. It is still asked for
        what has a text, a file or a recipient.
        """
        told = [note.pop("tracking_value_ids", None) or [] for note in notes]
        if any(note.get(name) for note in notes for name in (*LINKS, "body")):
            messages = self._message_create(notes)
        else:
            rows = [{k: v for k, v in n.items() if k not in LINKS} for n in notes]
            messages = insert_rows(self.env["mail.message"], rows, flush=False)
            self.invalidate_recordset(LISTS, flush=False)
        alike = defaultdict(list)
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

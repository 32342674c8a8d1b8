from odoo import api, models
from odoo.exceptions import UserError

#: in the context: the record itself goes, its notes with it; an object of this process,
#: for a client of ours chooses its context
LEAVING = object()
# what the program noted, and what arrived; a comment is its author's, as Odoo has it,
# and what was only sent goes with its e-mail
KEPT_TYPES = ("notification", "auto_comment", "email")
# what a note says, of what and when
SAID = frozenset({"body", "model", "res_id", "date", "author_id", "message_type"})


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    #: whether the notes of the program on its records are history: never deleted or
    #: rewritten, by nobody
    _keeps_notes = False

    def unlink(self):
        # EXTENDS mail: whether the record may go, its own model says
        leaving = (
            self.with_context(utility_leaving=LEAVING) if self._keeps_notes else self
        )
        return super(MailThread, leaving).unlink()


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        # for everybody, the superuser included
        if self.env.context.get("utility_leaving") is not LEAVING:
            self._check_not_kept()

    def write(self, vals):
        # EXTENDS mail: what was noted is not rewritten, nor made a comment first
        if not self.env.su and SAID & set(vals):
            self._check_not_kept()
        return super().write(vals)

    def _check_not_kept(self):
        """Raise UserError when one of these is a note that has to stay."""
        if any(message._is_kept() for message in self.sudo()):
            raise UserError(
                self.env._(
                    "What the program noted of a record is its history: it is neither"
                    " deleted nor rewritten."
                )
            )

    def _is_kept(self):
        noted = self.message_type in KEPT_TYPES or self.tracking_value_ids
        keeper = self.env.get(self.model)
        return bool(noted) and getattr(keeper, "_keeps_notes", False)


class MailTrackingValue(models.Model):
    _inherit = "mail.tracking.value"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        self.mail_message_id._check_not_kept()

    def write(self, vals):
        # EXTENDS mail: what has changed is never told otherwise; of a field that goes
        # Odoo keeps the name here
        if set(vals) - {"field_id", "field_info"}:
            self.mail_message_id._check_not_kept()
        return super().write(vals)

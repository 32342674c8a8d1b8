from contextlib import contextmanager

from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import AccessError

# an import may change hundreds of rows: the note tells the first ones and how many
NOTE_LINES = 20


class ChangeLog:
    """What one call changed in action tables, written once at its end.

    Travels in the context as an object: nothing that comes through RPC can be one.
    ``silent``: rows are being built whole, the table says so in one line.
    """

    def __init__(self, silent=False):
        self.entries = []
        self.silent = silent

    def add(self, table, kind, row="", column="", old="", new=""):
        if not self.silent:
            self.entries.append((table, kind, row, column, old, new))


class DunningTableChange(models.Model):
    """Who changed an action table, when, from what to what.

    Append-only: nobody writes or deletes one, not even code running as superuser.
    """

    _name = "dunning.table.change"
    _description = "Change of an action table"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"table_id", "company_id", "date", "user_id", "kind"})

    table_id = fields.Many2one(
        "dunning.action.table", index=True, ondelete="set null", check_company=True
    )
    table_name = fields.Char(string="Name of the table", required=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one(
        "res.users", string="Who", required=True, ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("table", "Table"),
            ("create", "Row added"),
            ("write", "Row changed"),
            ("unlink", "Row removed"),
        ],
        string="What",
        required=True,
    )
    row = fields.Char(help="The set and the row, as they were called.")
    column = fields.Char()
    old_value = fields.Char(string="From")
    new_value = fields.Char(string="To")

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(self.env._("The log of changes is written by itself."))
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_change()
        return super().write(vals)

    def _refuse_change(self):
        raise AccessError(self.env._("The log of changes is never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The log of changes is never deleted."))

    # business

    @api.model
    def _log_of(self):
        """The log of the call under way, or None."""
        log = self.env.context.get("dunning_change_log")
        return log if isinstance(log, ChangeLog) else None

    @api.model
    @contextmanager
    def _logging(self, silent=False):
        """Yield (log, context to add): nested calls write into the outermost log."""
        log = self._log_of()
        if log is not None:
            yield log
            return
        log = ChangeLog(silent)
        yield log
        self._write_log(log)

    @api.model
    def _write_log(self, log):
        if not log.entries:
            return
        self.sudo()._guarded().create(
            [
                {
                    "table_id": table.id,
                    "table_name": table.display_name,
                    "company_id": table.company_id.id,
                    "user_id": self.env.uid,
                    "kind": kind,
                    "row": row,
                    "column": column,
                    "old_value": old,
                    "new_value": new,
                }
                for table, kind, row, column, old, new in log.entries
            ]
        )
        notes = {}
        for table, *entry in log.entries:
            notes.setdefault(table, []).append(entry)
        for table, entries in notes.items():
            table.sudo()._message_log(
                body=self._note(entries), author_id=self.env.user.partner_id.id
            )

    def _note(self, entries):
        lines = [self._line(*entry) for entry in entries[:NOTE_LINES]]
        more = len(entries) - len(lines)
        if more > 0:
            text = self.env._("and %(count)s more, see Changes", count=more)
            lines.append(escape(text))
        return Markup("<ul>%s</ul>") % Markup().join(
            Markup("<li>%s</li>") % line for line in lines
        )

    def _line(self, kind, row, column, old, new):
        if kind == "create":
            return self.env._("Row added: %(row)s. %(new)s", row=row, new=new)
        if kind == "unlink":
            return self.env._("Row removed: %(row)s. %(old)s", row=row, old=old)
        lead = f"{row}, {column}" if row else column
        return f"{lead}: {old or '-'} \N{RIGHTWARDS ARROW} {new or '-'}"

import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ..rules import table_diff

# shown one by one; what is behind is counted
MAX_LINES = 2000


class DunningTableImportWizard(models.TransientModel):
    """A workbook compared with a table, and applied only after it was looked at.

    With a single cell in error nothing can be applied; what is applied goes into a
    draft, and the file is kept with the history of the table.
    """

    _name = "dunning.table.import.wizard"
    _description = "Reading of a workbook into an action table"

    table_id = fields.Many2one(
        "dunning.action.table", string="Compared with", required=True, readonly=True
    )
    file = fields.Binary(string="Workbook", attachment=False)
    filename = fields.Char()
    state = fields.Selection(
        [("choose", "Choose"), ("errors", "With errors"), ("ready", "To be applied")],
        default="choose",
        readonly=True,
    )
    is_only_shown = fields.Boolean(readonly=True)
    summary = fields.Char(readonly=True)
    line_ids = fields.One2many(
        "dunning.table.import.line", "wizard_id", readonly=True, string="Differences"
    )

    # actions

    def action_read(self):
        """Read the file: what would change, or all that is wrong with it."""
        self.ensure_one()
        self.table_id._check_may_edit()
        rows, wrong = self._rows()
        if wrong:
            self._tell(wrong)
        else:
            self._show(self.table_id.rule_ids._as_rows(), rows)
        return self._open()

    def action_apply(self):
        """Apply the differences to the draft and open it.

        The file is read again and compared with the table as it is now: what is applied
        is what the file says, whatever happened meanwhile.
        """
        self.ensure_one()
        self.table_id._check_may_edit()
        if self.is_only_shown:
            raise UserError(self.env._("There is no file to apply."))
        rows, wrong = self._rows()
        if wrong:
            self._tell(wrong)
            return self._open()
        table = self.table_id._draft_for_import()
        changes = table._apply_rows(rows)
        body = self.env._(
            "%(file)s read in: %(count)s rows differ.",
            file=self.filename or "-",
            count=len(changes),
        )
        table._attach(self._bytes(), self.filename, body)
        return table._open_form()

    # business

    def _bytes(self):
        try:
            return base64.b64decode(self.file or b"", validate=True)
        except (binascii.Error, ValueError):
            raise UserError(self.env._("The file did not arrive whole.")) from None

    def _rows(self):
        return self.table_id._read_xlsx(self._bytes(), self.filename)

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Differences"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _tell(self, wrong):
        """Show everything that is wrong with the file."""
        self.line_ids.unlink()
        self.write(
            {
                "state": "errors",
                "summary": self.env._(
                    "%(count)s errors: nothing can be applied until they are gone.",
                    count=len(wrong),
                ),
                "line_ids": [
                    fields.Command.create({"kind": "error", "what": text})
                    for text in wrong[:MAX_LINES]
                ],
            }
        )

    def _show(self, old_rows, new_rows):
        """Show the differences between two tables."""
        changes = table_diff.diff(old_rows, new_rows)
        counts = {kind: 0 for kind in ("added", "removed", "changed")}
        for change in changes:
            counts[change.kind] += 1
        self.line_ids.unlink()
        lines = [vals for change in changes for vals in self._line_vals(change)]
        self.write(
            {
                "state": "ready",
                "summary": self.env._(
                    "%(added)s rows added, %(removed)s removed, %(changed)s changed.",
                    **counts,
                )
                if changes
                else self.env._("There is no difference."),
                "line_ids": [fields.Command.create(v) for v in lines[:MAX_LINES]],
            }
        )

    def _line_vals(self, change):
        """A line a column for changed rows, one line for the others."""
        words = self.env["dunning.table.row.words"]
        row = change.new or change.old
        vals = {
            "kind": change.kind,
            "set_name": words._set_words(change.identity),
            "seq": change.identity[-1],
            "what": row["short_description"],
        }
        if change.kind == "added":
            return [{**vals, "new_value": words._row_words(change.new)}]
        if change.kind == "removed":
            return [{**vals, "old_value": words._row_words(change.old)}]
        return [
            {
                **vals,
                "column": words._column_label(name),
                "old_value": words._value(name, old),
                "new_value": words._value(name, new),
            }
            for name, old, new in change.columns
        ]


class DunningTableImportLine(models.TransientModel):
    """One difference between two tables, or one error of a file."""

    _name = "dunning.table.import.line"
    _description = "Difference between two action tables"
    _order = "id"

    wizard_id = fields.Many2one(
        "dunning.table.import.wizard", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [
            ("error", "Error"),
            ("added", "Row added"),
            ("removed", "Row removed"),
            ("changed", "Row changed"),
        ],
        string="What",
        required=True,
    )
    set_name = fields.Char(string="Set")
    seq = fields.Integer(string="Sequence")
    what = fields.Char(string="Row")
    column = fields.Char()
    old_value = fields.Char(string="From")
    new_value = fields.Char(string="To")

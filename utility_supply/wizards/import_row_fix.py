from odoo import api, fields, models
from odoo.fields import Command

from ..models.import_reading import MASK


class UtilityImportRowFix(models.TransientModel):
    """The cells of a row set aside, to be corrected one by one."""

    _name = "utility.import.row.fix"
    _description = "Correction of a row"

    row_id = fields.Many2one("utility.import.row", required=True, ondelete="cascade")
    # not sudo: whoever creates a wizard chooses its row
    reason = fields.Text(related="row_id.reason", related_sudo=False)
    line_ids = fields.One2many("utility.import.row.fix.line", "fix_id")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        row = self.env["utility.import.row"].browse(values.get("row_id"))
        if row and "line_ids" in fields:
            row.check_access("read")
            lines = [
                {
                    "heading": name,
                    "value": value if fixed is None else fixed,
                    "original": value,
                    "is_wrong": name in (row.column or "").split(" + "),
                }
                for name, value, fixed in row._shown_cells()
                if value != MASK
            ]
            # the cell in error comes first: the cursor is already there
            lines.sort(key=lambda line: not line["is_wrong"])
            values["line_ids"] = [Command.create(line) for line in lines]
        return values

    def action_save(self):
        """Keep the corrections; the row waits."""
        self.ensure_one()
        changed = self.line_ids.filtered(
            lambda line: (line.value or "") != (line.original or "")
        )
        self.row_id._correct({line.heading: line.value or "" for line in changed})

    def action_retry(self):
        """Keep the corrections and try the row again."""
        self.action_save()
        self.row_id.action_retry()


class UtilityImportRowFixLine(models.TransientModel):
    _name = "utility.import.row.fix.line"
    _description = "Cell to correct"

    fix_id = fields.Many2one(
        "utility.import.row.fix", required=True, ondelete="cascade", index=True
    )
    heading = fields.Char(string="Column", readonly=True)
    value = fields.Char()
    original = fields.Char(string="In the file", readonly=True)
    is_wrong = fields.Boolean(readonly=True)


class UtilityImportRowDiscard(models.TransientModel):
    """Why rows are given up."""

    _name = "utility.import.row.discard"
    _description = "Discard rows"

    row_ids = fields.Many2many("utility.import.row", required=True)
    reason = fields.Char(required=True)

    def action_discard(self):
        """Close the rows without applying them."""
        self.ensure_one()
        self.row_ids._discard(self.reason)

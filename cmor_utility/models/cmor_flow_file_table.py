from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.utility_supply.formats.workbook import rows_workbook

# rows that the form shows; the workbook has them all
SHOWN = 100
CHUNK = 1000
ROW = "#"


class CmorFlowFile(models.Model):
    """A file as a table: a row for each record, a column for each field of its layout.

    The values are the texts as written in the file: zeros, dates and decimals included.
    """

    _inherit = "cmor.flow.file"

    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.depends("layout_id")  # records never change
    @api.depends_context("lang")
    def _compute_table(self):
        for file in self:
            heads, rows = file._table_rows(SHOWN + 1)
            rows = list(rows)
            values = {
                "heads": heads,
                "rows": rows[:SHOWN],
                "more": len(rows) > SHOWN,
                "shown": SHOWN,
            }
            # values are escaped by the template
            file.table = rows and self.env["ir.qweb"]._render(
                "cmor_utility.flow_file_table", values
            )

    def _table_rows(self, limit=None):
        """(headings, generator of rows of texts), in the order of the file."""
        self.ensure_one()
        names = self.layout_id.field_ids.mapped("name")
        heads = [ROW, *names, self.env._("Other values")]
        return heads, self._walk_table(names, limit)

    def _walk_table(self, names, limit):
        records, last = self.env["cmor.flow.record"], (0, 0)
        # what the layout refused is not in a file of ours
        mine = Domain("file_id", "=", self.id)
        if self.direction == "out":
            mine &= Domain("state", "!=", "refused")
        while True:
            after = Domain("row_number", ">", last[0]) | (
                Domain("row_number", "=", last[0]) & Domain("id", ">", last[1])
            )
            count = min(limit or CHUNK, CHUNK)
            found = records.search_fetch(
                mine & after,
                ["row_number", "raw_values"],
                order="row_number, id",
                limit=count,
            )
            for record in found:
                yield _row(record, names)
            if len(found) < count or limit:
                return
            last = (found[-1].row_number, found[-1].id)
            found.invalidate_recordset(["raw_values"])

    def action_table_workbook(self):
        """Button: the whole table as a workbook."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/cmor_utility/flow/{self.id}.xlsx",
            "target": "download",
        }

    def _table_workbook(self):
        """Bytes of the workbook; a text that begins like a formula stays a text."""
        self.check_access("read")
        heads, rows = self._table_rows()
        return rows_workbook([(self.code or self.name, heads, rows)])


def _row(record, names):
    values = dict(record.raw_values or {})
    known = [_text(values.pop(name, None)) for name in names]
    others = "; ".join(f"{name}: {_text(value)}" for name, value in values.items())
    return [str(record.row_number or ""), *known, others]


def _text(value):
    return "" if value is None or value is False else str(value)

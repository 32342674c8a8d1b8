"""What happens to rows that could not be applied: set aside, retried, closed."""

from odoo import models

from ..formats import cells as cell_format
from .import_reading import MASK, PROTECTED_FIELDS, BatchReader


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    def _protected_headings(self):
        """Headings of the columns that carry health or social facts."""
        names = PROTECTED_FIELDS.get(self.dataset, ())
        lines = self.profile_id.field_ids.filtered(lambda line: line.target in names)
        return [heading for line in lines for heading in line._columns()]

    def _set_aside(self, reader, bad):
        """Keep rows in error with their raw cells and the reasons, in one insert.

        :param bad: [(raw row, [Issue])]
        """
        if not bad:
            return
        reserved = set(self._protected_headings())
        vals_list = [
            {
                "batch_id": self.id,
                "company_id": self.company_id.id,
                "row_number": raw.number,
                "key": reader.key_text(raw),
                **self._split_cells(raw, reserved),
                **self._reason_vals(reader, raw, found, reserved),
            }
            for raw, found in bad
        ]
        self.env["utility.import.row"]._guarded().create(vals_list)

    def _split_cells(self, raw, reserved):
        cells = cell_format.to_json(raw)
        secret = {name: cells.pop(name) for name in list(cells) if name in reserved}
        return {"raw": cells, "raw_protected": secret or False}

    def _reason_vals(self, reader, raw, found, reserved):
        placed = reader.placed(raw, found)
        return {
            "reason": reader.reason(raw, found, reserved),
            "issue_code": placed[0].code,
            "column": placed[0].column,
        }

    def _close_older(self, reader, good, outcomes):
        """Close rows of earlier files whose correction just arrived in this one."""
        applied = {number for number, outcome in outcomes if isinstance(outcome, str)}
        keys = {reader.key_text(raw) for raw, _r in good if raw.number in applied}
        rows = self.env["utility.import.row"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("dataset", "=", self.dataset),
                ("state", "=", "open"),
                ("key", "in", list(keys - {False})),
                ("batch_id", "!=", self.id),
            ]
        )
        if rows:
            rows._close("applied", {"applied_batch_id": self.id})

    def _retry(self, rows):
        """Load these rows set aside again, as corrected, all rows of a bill together.

        :param rows: open ``utility.import.row`` of this batch
        """
        self.ensure_one()
        batch = self.sudo().with_company(self.company_id)._guarded()
        batch = batch.with_context(**batch._quiet_context())
        # two users, or a user and the scheduled action, never retry at once
        batch.lock_for_update(allow_referencing=True)
        rows = batch._with_their_bills(rows.sudo())
        reader = BatchReader(batch)
        reader.bind(batch._headings_of(rows))
        by_number, good, outcomes = {}, [], []
        for row in rows.sorted("row_number"):
            raw = row._raw_row()
            by_number[row.row_number] = (row, raw)
            record, issues = reader.convert(raw)
            if record is None:
                outcomes.append((row.row_number, issues))
            else:
                good.append((row.row_number, record))
        good, incomplete = reader.without_incomplete(good, outcomes)
        outcomes += incomplete + batch._load_safely(good)
        batch._keep_outcomes(reader, by_number, outcomes)

    def _headings_of(self, rows):
        """The profile's columns, then those of ``rows`` as their file wrote them."""
        names = dict.fromkeys(self.profile_id._headings())
        for row in rows:
            names.update(
                dict.fromkeys({**(row.raw or {}), **(row.raw_protected or {})})
            )
        return list(names)

    def _with_their_bills(self, rows):
        """``rows`` and the other open rows of the same bills."""
        if self.dataset != "bills":
            return rows
        keys = [key for key in rows.mapped("key") if key]
        return rows | self.row_ids.filtered(
            lambda row: row.state == "open" and row.key in keys
        )

    def _keep_outcomes(self, reader, by_number, outcomes):
        reserved = set(self._protected_headings())
        counts = {}
        applied = self.env["utility.import.row"]
        for number, outcome in outcomes:
            row, raw = by_number[number]
            if isinstance(outcome, str):
                counts[outcome] = counts.get(outcome, 0) + 1
                applied |= row
            else:
                row._guarded().write(
                    {
                        "key": reader.key_text(raw),
                        **self._reason_vals(reader, raw, outcome, reserved),
                    }
                )
        self.write(
            {f"count_{name}": self[f"count_{name}"] + n for name, n in counts.items()}
        )
        if applied:
            applied._close("applied")

    def _errors_bytes(self):
        """(XLSX, file name) of the rows in error; reserved cells only for readers.

        After loading: the rows to fix as they are now. After a dry check: its report.
        """
        self.ensure_one()
        name = f"{self.name.replace('/', '-')} errori.xlsx"
        can_read = self.env["utility.import.row"]._can_read_protected()
        rows = self.sudo().row_ids.filtered(lambda row: row.state == "open")
        report = self.sudo().report_attachment_id
        if not rows and report and (can_read or self.file_id.has_access("read")):
            return report.raw, name
        reader = BatchReader(self.sudo())
        return reader.error_workbook(self._error_lines(rows, can_read)), name

    def _error_lines(self, rows, can_read):
        """[(row number, cells as JSON, reason)] of ``rows``, for the workbook."""
        reserved = set(self._protected_headings())
        lines = []
        for row in rows.sorted("row_number"):
            cells = cell_format.to_json(row._raw_row())
            if not can_read:
                cells.update(dict.fromkeys(reserved & set(cells), MASK))
            lines.append((row.row_number, cells, row.reason))
        return lines

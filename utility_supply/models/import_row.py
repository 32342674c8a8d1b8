from odoo import api, fields, models
from odoo.exceptions import UserError

from ..formats import cells as cell_format
from .import_reading import MASK

READER = "utility_supply.group_protected_data_reader"


class UtilityImportRow(models.Model):
    """A row that could not be applied: its raw cells, the reason, the correction.

    ``raw`` is the row as read from the file (`formats.cells.to_json`), ``corrected`` is
    {heading: text} as typed by a person, in the forms of the profile. Cells that carry
    health or social facts are kept apart, in fields that one group reads.
    """

    _name = "utility.import.row"
    _description = "Row to fix"
    _inherit = "utility.guarded.mixin"
    _order = "batch_id desc, row_number, id"
    _rec_name = "row_number"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "batch_id",
            "company_id",
            "row_number",
            "key",
            "raw",
            "raw_protected",
            "corrected",
            "corrected_protected",
            "reason",
            "issue_code",
            "column",
            "state",
            "discard_reason",
            "closed_by_id",
            "closed_on",
            "applied_batch_id",
        }
    )

    batch_id = fields.Many2one(
        "utility.import.batch",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    dataset = fields.Selection(related="batch_id.dataset", store=True)
    filename = fields.Char(related="batch_id.filename")
    row_number = fields.Integer(readonly=True, aggregator=None)
    key = fields.Char(readonly=True, index="btree_not_null")
    raw = fields.Json(readonly=True)
    raw_protected = fields.Json(readonly=True, groups=READER)
    corrected = fields.Json(readonly=True)
    corrected_protected = fields.Json(readonly=True, groups=READER)
    reason = fields.Text(readonly=True)
    issue_code = fields.Char(string="Kind of error", readonly=True, index=True)
    column = fields.Char(readonly=True)
    state = fields.Selection(
        [("open", "To fix"), ("applied", "Applied"), ("discarded", "Discarded")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    discard_reason = fields.Char(readonly=True)
    closed_by_id = fields.Many2one("res.users", readonly=True)
    closed_on = fields.Datetime(readonly=True)
    applied_batch_id = fields.Many2one(
        "utility.import.batch",
        string="Applied by",
        readonly=True,
        index="btree_not_null",
        help="The later file that carried this row corrected.",
    )
    cells_html = fields.Html(
        string="Cells", compute="_compute_cells_html", sanitize=False
    )
    has_correction = fields.Boolean(compute="_compute_has_correction")

    _batch_row_uniq = models.Constraint(
        "UNIQUE(batch_id, row_number)", "This row is already set aside."
    )

    @api.depends("row_number", "batch_id.name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = self.env._(
                "%(batch)s, row %(number)s",
                batch=row.batch_id.name,
                number=row.row_number,
            )

    @api.depends("corrected")
    def _compute_has_correction(self):
        for row in self:
            row.has_correction = bool(row.corrected)

    @api.depends("raw", "corrected", "column")
    @api.depends_context("uid", "lang")
    def _compute_cells_html(self):
        for row in self:
            row.cells_html = self.env["ir.qweb"]._render(
                "utility_supply.utility_import_row_cells",
                {"cells": row._shown_cells(), "column": row.column},
            )

    def _can_read_protected(self):
        return self.env.su or self.env.user.has_group(READER)

    def _shown_cells(self):
        """[(heading, value in the file, correction)], reserved values masked."""
        self.ensure_one()
        row = self.sudo()
        cells = {name: self._plain(value) for name, value in (row.raw or {}).items()}
        fixed = dict(row.corrected or {})
        protected = row.raw_protected or {}
        if self._can_read_protected():
            cells.update({name: self._plain(v) for name, v in protected.items()})
            fixed.update(row.corrected_protected or {})
        else:
            cells.update(dict.fromkeys(protected, MASK))
        return [
            (name, cells.get(name, ""), fixed.get(name))
            for name in self._headings({**cells, **fixed})
        ]

    def _plain(self, value):
        """A stored cell as a person would type it in this file."""
        spec = self.batch_id.profile_id._spec()
        return cell_format.plain(
            cell_format.cell_of(value),
            decimal_mark=spec.decimal_mark or ".",
            date_form=spec.date_form or "yyyy-mm-dd",
        )

    def _headings(self, cells):
        """The profile's columns in their order, then what else the row carries."""
        headings = self.batch_id.profile_id._headings()
        return headings + [name for name in cells if name not in headings]

    def _raw_row(self):
        """The row as the readers give it, corrections applied. Program only."""
        self.ensure_one()
        row = self.sudo()
        values = {
            **(row.raw or {}),
            **(row.raw_protected or {}),
            **(row.corrected or {}),
            **(row.corrected_protected or {}),
        }
        return cell_format.from_json(
            row.row_number, values, self.batch_id.profile_id._headings()
        )

    def _correct(self, values):
        """Keep ``values`` ({heading: text}) as the person's correction of this row."""
        self.ensure_one()
        self.check_access("write")
        row = self.sudo()
        if row.state != "open":
            raise UserError(self.env._("This row is closed."))
        reserved = set(row.batch_id._protected_headings())
        if reserved & set(values) and not self._can_read_protected():
            raise UserError(
                self.env._("Only a protected-data reader corrects these cells.")
            )
        known = set(row._headings(row.raw or {})) | reserved
        values = {name: text for name, text in values.items() if name in known}
        plain = {n: t for n, t in values.items() if n not in reserved}
        secret = {n: t for n, t in values.items() if n in reserved}
        row._guarded().write(
            {
                "corrected": {**(row.corrected or {}), **plain} or False,
                "corrected_protected": {**(row.corrected_protected or {}), **secret}
                or False,
            }
        )

    def action_correct(self):
        """Open the cells of this row for correction."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct the row"),
            "res_model": "utility.import.row.fix",
            "view_mode": "form",
            "target": "new",
            "context": {"default_row_id": self.id},
        }

    def action_discard(self):
        """Ask why these rows are given up."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Discard rows"),
            "res_model": "utility.import.row.discard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_row_ids": self.ids},
        }

    def action_retry(self):
        """Try these rows again, as corrected; what still fails keeps its new reason."""
        self.check_access("write")
        rows = self.sudo().filtered(lambda row: row.state == "open")
        for batch, batch_rows in rows.grouped("batch_id").items():
            batch._retry(batch_rows)
        self.invalidate_recordset()
        return True

    def _discard(self, reason):
        """Close these rows without applying them; ``reason`` is kept."""
        self.check_access("write")
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Write why these rows are discarded."))
        rows = self.sudo().filtered(lambda row: row.state == "open")
        rows._close("discarded", {"discard_reason": reason})

    def _close(self, state, extra=None):
        rows = self.sudo()
        batches = rows.batch_id
        rows._guarded().write(
            {
                "state": state,
                "closed_by_id": self.env.uid,
                "closed_on": fields.Datetime.now(),
                **(extra or {}),
            }
        )
        batches._refresh_state()

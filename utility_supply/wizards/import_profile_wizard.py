import base64
from dataclasses import replace
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..formats import cells as cell_format
from ..formats import mapping, tabular
from ..formats.datasets import DATASETS
from ..formats.issues import FileRefused
from ..models.import_profile import (
    DATASET_LABELS,
    DATE_FORMS,
    DECIMAL_MARKS,
    THOUSANDS_MARKS,
    TRANSFORMS,
)
from ..models.import_profile_spec import (
    DATE_FORMS as DATE_PATTERNS,
)
from ..models.import_profile_spec import MARKS, parse_code_map

SAMPLE_ROWS = 5
PREVIEW_ROWS = 10


class UtilityImportProfileWizard(models.TransientModel):
    """Makes an import profile from a sample: columns with their values, a field for
    each, the first rows as they would be loaded."""

    _name = "utility.import.profile.wizard"
    _description = "Profile from a sample"

    name = fields.Char(string="Name of the profile")
    code = fields.Char(help="What a direct feed writes to choose this profile.")
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, required=True
    )
    dataset = fields.Selection(DATASET_LABELS, required=True, default="bills")
    sample = fields.Binary(attachment=False)
    sample_filename = fields.Char()
    sheet = fields.Char(help="Empty: the first sheet.")
    sheets_found = fields.Char(readonly=True)
    header_row = fields.Integer(help="Row of the headings; 0: the first filled row.")
    decimal_mark = fields.Selection(DECIMAL_MARKS)
    thousands_mark = fields.Selection(THOUSANDS_MARKS)
    date_form = fields.Selection(DATE_FORMS)
    column_ids = fields.One2many("utility.import.profile.wizard.column", "wizard_id")
    line_ids = fields.One2many("utility.import.profile.wizard.line", "wizard_id")
    state = fields.Selection(
        [("sample", "Sample"), ("map", "Columns")], default="sample", readonly=True
    )
    preview_html = fields.Html(readonly=True, sanitize=False)

    # -- buttons -------------------------------------------------------------------

    def action_read(self):
        """Read the headings and the first values of the sample, propose the fields."""
        self.ensure_one()
        self._check_may_make()
        table = self._open_sample()
        rows = list(islice(table.rows(), SAMPLE_ROWS))
        columns = [
            {
                "name": heading,
                "letter": table.columns.get(heading, ""),
                "values": " · ".join(self._values(rows, heading)),
            }
            for heading in table.headings
        ]
        self.write(
            {
                "state": "map",
                "sheet": table.sheet or self.sheet,
                "header_row": table.header_row,
                "preview_html": False,
                "line_ids": [Command.clear()],
                "column_ids": [Command.clear()]
                + [Command.create(column) for column in columns],
            }
        )
        self.line_ids = [Command.create(vals) for vals in self._proposed(table)]
        return self._reopen()

    def action_preview(self):
        """Show the first rows as they would be loaded, with what is wrong."""
        self.ensure_one()
        self._check_may_make()
        table = self._open_sample()
        try:
            converter = mapping.compile_profile(
                self._spec(), table.headings, sheet=table.sheet
            )
        except FileRefused as refusal:
            raise UserError(self._sentences(refusal.issues)) from refusal
        rows = [
            (raw.number, *converter.convert(raw))
            for raw in islice(table.rows(), PREVIEW_ROWS)
        ]
        self.preview_html = self.env["ir.qweb"]._render(
            "utility_supply.utility_import_profile_preview",
            {
                "headings": [
                    DATASETS[self.dataset].by_name[name].heading
                    for name in converter.targets
                ],
                "rows": [
                    (
                        number,
                        [self._shown(record.get(name)) for name in converter.targets]
                        if record
                        else None,
                        self._sentences(issues),
                    )
                    for number, record, issues in rows
                ],
            },
        )
        return self._reopen()

    def action_save(self):
        """Create the profile and open it."""
        self.ensure_one()
        self._check_may_make()
        if not (self.name and self.code):
            raise UserError(self.env._("Write the name and the code of the profile."))
        kind = tabular.sniff(self._decoded())
        profile = self.env["utility.import.profile"].create(
            {
                "name": self.name,
                "code": self.code,
                "company_id": self.company_id.id,
                "dataset": self.dataset,
                "file_kind": kind if kind in tabular.KINDS else False,
                "sheet": self.sheet,
                "header_row": self.header_row,
                "decimal_mark": self.decimal_mark,
                "thousands_mark": self.thousands_mark,
                "date_form": self.date_form,
                "sample": self.sample,
                "sample_filename": self.sample_filename,
                "field_ids": [
                    Command.create(line._profile_vals()) for line in self._mapped()
                ],
            }
        )
        return profile._get_records_action(name=self.env._("Import profile"))

    # -- business ------------------------------------------------------------------

    def _check_may_make(self):
        self.env["utility.import.profile"].check_access("create")

    def _decoded(self):
        return base64.b64decode(self.sample or b"")

    def _open_sample(self):
        """The sample as a table; UserError when it cannot be read."""
        data, filename = self._decoded(), self.sample_filename or ""
        try:
            self.sheets_found = ", ".join(tabular.list_sheets(data, filename))
            return tabular.open_table(
                data,
                filename,
                sheet=self.sheet or None,
                header_row=self.header_row or None,
            )
        except FileRefused as refusal:
            raise UserError(self._sentences(refusal.issues)) from refusal

    def _sentences(self, issues):
        sentence = self.env["utility.import.message"]._sentence
        return "\n".join(sentence(one) for one in issues)

    def _values(self, rows, heading):
        found = [cell_format.plain(row.cells[heading]) for row in rows]
        return [value[:40] for value in found if value]

    def _proposed(self, table):
        """A line for each field of the dataset, its column when the names agree."""
        columns = {column.name: column.id for column in self.column_ids}
        proposed = {
            spec.target: spec
            for spec in mapping.suggest_fields(self.dataset, table.headings)
        }
        for number, field in enumerate(DATASETS[self.dataset].fields):
            spec = proposed.get(field.name)
            ids = [columns[name] for name in spec.columns] if spec else []
            yield {
                "sequence": number,
                "target": field.name,
                "heading": field.heading,
                "help": field.help,
                "is_required": field.required,
                "column_ids": [Command.set(ids)],
            }

    def _mapped(self):
        return self.line_ids.filtered(
            lambda line: line.column_ids or line.transform == "constant"
        )

    def _spec(self):
        spec = mapping.ProfileSpec(
            dataset=self.dataset,
            decimal_mark=MARKS.get(self.decimal_mark, ""),
            thousands_mark=MARKS.get(self.thousands_mark, ""),
            date_form=DATE_PATTERNS.get(self.date_form, ""),
            totals_row="skip",
        )
        found = tuple(line._field_spec() for line in self._mapped())
        return replace(spec, fields=found)

    def _shown(self, value):
        """A converted value for the preview."""
        if value in (None, "", ()):
            return ""
        if isinstance(value, bool):
            return self.env._("yes") if value else self.env._("no")
        if isinstance(value, tuple):
            return ", ".join(str(part) for part in value)
        return str(value)

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Profile from a sample"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class UtilityImportProfileWizardColumn(models.TransientModel):
    _name = "utility.import.profile.wizard.column"
    _description = "Column of a sample"

    wizard_id = fields.Many2one(
        "utility.import.profile.wizard", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(string="Heading", required=True)
    letter = fields.Char(string="Column")
    values = fields.Char(string="First values")

    @api.depends("name", "values")
    def _compute_display_name(self):
        for column in self:
            values = (column.values or "")[:60]
            column.display_name = f"{column.name} ({values})" if values else column.name


class UtilityImportProfileWizardLine(models.TransientModel):
    _name = "utility.import.profile.wizard.line"
    _description = "Field to fill from a sample"
    _order = "sequence, id"

    wizard_id = fields.Many2one(
        "utility.import.profile.wizard", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer()
    target = fields.Char(required=True, readonly=True)
    heading = fields.Char(string="Field", readonly=True)
    help = fields.Char(string="Meaning", readonly=True)
    is_required = fields.Boolean(string="Needed", readonly=True)
    column_ids = fields.Many2many(
        "utility.import.profile.wizard.column",
        "utility_import_wizard_line_column_rel",
        string="Columns",
        domain="[('wizard_id', '=', wizard_id)]",
    )
    transform = fields.Selection(TRANSFORMS, required=True, default="copy")
    constant = fields.Char()
    separator = fields.Char(default=" ")
    code_map = fields.Text(string="Translation of codes")
    date_form = fields.Selection(DATE_FORMS)

    def _columns(self):
        names = [column.name for column in self.column_ids.sorted("id")]
        return names if self.transform in ("concat", "first") else names[:1]

    def _field_spec(self):
        """`FieldSpec` for the preview."""
        options = {}
        if self.transform == "constant":
            options["value"] = self.constant
        elif self.transform == "concat":
            options["separator"] = self.separator or ""
        elif self.transform == "map":
            options["values"] = parse_code_map(self.code_map)[0]
        if self.date_form:
            options["form"] = DATE_PATTERNS[self.date_form]
        columns = () if self.transform == "constant" else tuple(self._columns())
        return mapping.FieldSpec(self.target, columns, self.transform, options)

    def _profile_vals(self):
        return {
            "sequence": self.sequence,
            "target": self.target,
            "transform": self.transform,
            "column": "|".join(self._columns()) or False,
            "constant": self.constant,
            "separator": self.separator,
            "code_map": self.code_map,
            "date_form": self.date_form,
        }

import base64
from datetime import datetime
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..formats import flow_io, flow_sample, flow_xsd, layout_book, layout_spec
from ..formats.flow_sources import SOURCES
from ..rules import patterns
from .texts import issue_line, issue_vals, spec_line

EXAMPLE_VAT = "12345670017"
EXAMPLE_NOW = datetime(2026, 1, 15, 10, 30)
PREVIEW_LINES, PREVIEW_WIDTH = 14, 400


class CmorFlowLayout(models.Model):
    """What a person does with a layout: look at it, take it out, bring the next one in.

    Preview, sample files, schema and workbook are made from the fields as they are,
    never kept.
    """

    _inherit = "cmor.flow.layout"

    file_name_preview = fields.Char(compute="_compute_preview", string="File name")
    preview = fields.Text(
        compute="_compute_preview",
        string="First lines",
        help="Invented records, written with this layout.",
    )
    warning = fields.Char(compute="_compute_warning")
    field_count = fields.Integer(compute="_compute_field_count", string="Fields count")
    book = fields.Binary(compute="_compute_book", string="Workbook")
    schema = fields.Binary(compute="_compute_schema", string="XML schema")
    sample = fields.Binary(compute="_compute_sample", string="Sample file")
    bad_sample = fields.Binary(compute="_compute_sample", string="Sample with errors")

    @api.depends("field_ids")
    def _compute_field_count(self):
        for layout in self:
            layout.field_count = len(layout.field_ids)

    # spread over all that makes the form of a file
    @api.depends(
        "type_id",
        *layout_spec.SETTINGS,
        *(f"field_ids.{name}" for name in layout_spec.FIELD_COLUMNS),
    )
    def _compute_preview(self):
        for layout in self:
            problems = layout._problems()
            layout.file_name_preview = layout._example_name()
            layout.preview = "\n".join(problems) or layout._example_text()

    @api.depends(
        *("type_id.code", "type_id.direction", "field_ids.fixed_value"),
        *("field_ids.source", "field_ids.required", "field_ids.kind"),
    )
    def _compute_warning(self):
        for layout in self:
            layout.warning = layout._code_warning()

    def _compute_book(self):
        for layout in self:
            layout.book = base64.b64encode(layout._book())

    def _compute_schema(self):
        for layout in self:
            text = flow_xsd.schema(layout._spec())
            layout.schema = base64.b64encode(text.encode())

    def _compute_sample(self):
        for layout in self:
            spec = layout._spec()
            for name, bad in (("sample", False), ("bad_sample", True)):
                data, _rules = flow_sample.sample(spec, bad=bad)
                layout[name] = base64.b64encode(data)

    # --- actions --------------------------------------------------------------

    def action_download_book(self):
        """Button: the layout as a workbook, to be edited and brought in again."""
        return self._download("book", f"{self._code_name()}.xlsx")

    def action_download_schema(self):
        """Button: the XML schema that checks the files of this layout."""
        return self._download("schema", f"{self._code_name()}.xsd")

    def action_download_sample(self):
        """Button: a file of invented records."""
        return self._download("sample", f"{self._code_name()}_esempio", True)

    def action_download_bad_sample(self):
        """Button: the same with rows that have an error each."""
        return self._download("bad_sample", f"{self._code_name()}_errori", True)

    def action_new_version(self):
        """Button of the manager: bring in the workbook of the next version."""
        self._check_manager()
        return self._open_wizard("cmor_layout_import_wizard_action")

    def action_try(self):
        """Button: read a file with this layout, nothing is kept."""
        return self._open_wizard("cmor_layout_try_wizard_action")

    # --- business -------------------------------------------------------------

    def _open_wizard(self, name):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(f"cmor_utility.{name}")
        return {**action, "context": {"default_layout_id": self.id}}

    def _download(self, field, name, as_flow=False):
        self.ensure_one()
        self.check_access("read")
        problems = self._problems()
        if problems and field != "book":
            raise UserError("\n".join(problems))
        name = f"{name}.{self.file_format}" if as_flow else name
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/{field}"
            f"?download=true&filename={quote(name)}",
            "target": "download",
        }

    def _code_name(self):
        return f"{self.type_id.code}_{self.date_from:%Y%m%d}"

    def _book(self):
        labels = dict(
            self.env["cmor.flow.field"]
            ._fields["source"]
            ._description_selection(self.env)
        )
        return layout_book.write(
            self.type_id.code,
            self.date_from,
            self._settings(),
            self._rows(),
            {source: labels.get(source, source) for source, _meaning in SOURCES},
        )

    def _problems(self):
        """Texts of what is wrong with the layout as a whole."""
        if not self.type_id or not self.field_ids:
            return [self.env._("The layout has no field.")]
        issues = layout_spec.layout_issues(self._settings(), self._rows())
        return [spec_line(self.env, issue) for issue in issues]

    def _code_warning(self):
        """The codes in the record must be those of the flow, and what is mandatory must
        have a meaning; False when all is well."""
        if not self.type_id:
            return False
        wanted = dict(
            zip(("service_code", "flow_code"), self.type_id._split_code(), strict=True)
        )
        for field in self.field_ids:
            expected = wanted.get(field.source)
            if expected and field.kind == "fixed" and field.fixed_value != expected:
                return self.env._(
                    "%(field)s is %(value)s, but the kind of flow is %(code)s.",
                    field=field.name,
                    value=field.fixed_value,
                    code=self.type_id.code,
                )
        return self._unfilled_warning(self._rows())

    def _unfilled_warning(self, rows):
        """Of a flow that we send: fields in which nothing could be written, or False.

        :param rows: the fields as plain rows
        """
        names = layout_spec.unfilled(rows)
        if not names or self.type_id.direction not in ("out", "both"):
            return False
        return self.env._(
            "%(names)s: mandatory, but without a meaning nothing can be written there"
            " and no practice would leave. Choose the meaning, or make it a fixed code"
            " or optional.",
            names=", ".join(names),
        )

    def _example_name(self):
        try:
            return self._file_name(EXAMPLE_VAT, 1, EXAMPLE_NOW)
        except (UserError, patterns.PatternError):
            return False

    def _example_text(self):
        spec = self._spec()
        result = flow_io.write(spec, enumerate(flow_sample.records(spec, 2)))
        lines = result.data.decode(spec.encoding).splitlines()[:PREVIEW_LINES]
        if result.refused:
            lines.append(self.env._("Cannot be written with this layout:"))
            issues = [issue for row in result.refused for issue in row.issues]
            told = (issue_line(self.env, issue_vals(issue)) for issue in issues)
            lines += dict.fromkeys(told)
        return "\n".join(
            line if len(line) <= PREVIEW_WIDTH else f"{line[:PREVIEW_WIDTH]}…"
            for line in lines
        )

    def _new_version(self, date_from, settings, rows):
        """The next version of this layout; the one in force that day ends before it.

        :param date date_from: first day of the new version
        :param dict settings: as for ``formats.layout_spec.make_layout``
        :param list rows: its fields
        :return: the new layout, to be checked
        :raise UserError: a version begins on that day, the day is before all of them,
            or another version than this one is in force until then
        """
        self.ensure_one()
        versions = self.search(
            Domain("type_id", "=", self.type_id.id)
            & Domain("company_id", "=", self.company_id.id)
        )
        if date_from in versions.mapped("date_from"):
            raise UserError(
                self.env._(
                    "A version begins on %(date)s already: choose another day.",
                    date=format_date(self.env, date_from),
                )
            )
        before = versions.filtered(lambda v: v.date_from < date_from)
        if not before:
            raise UserError(
                self.env._(
                    "The new version must begin after %(date)s, when the first began.",
                    date=format_date(self.env, min(versions.mapped("date_from"))),
                )
            )
        self._check_compared(before, date_from)
        eve = fields.Date.subtract(date_from, days=1)
        for version in before:
            if not version.date_to or version.date_to > eve:
                version.date_to = eve
        after = versions.filtered(lambda v: v.date_from > date_from)
        ends = after and fields.Date.subtract(min(after.mapped("date_from")), days=1)
        return self.create(
            {
                **{
                    name: settings[name]
                    for name in layout_spec.SETTINGS
                    if name in settings
                },
                "name": self.env._(
                    "%(code)s from %(date)s",
                    code=self.type_id.code,
                    date=format_date(self.env, date_from),
                ),
                "type_id": self.type_id.id,
                "company_id": self.company_id.id,
                "date_from": date_from,
                "date_to": ends or False,
                "field_ids": [
                    fields.Command.create({**row, "sequence": 10 * number})
                    for number, row in enumerate(rows, 1)
                ],
            }
        )

    def _check_compared(self, before, date_from):
        """UserError unless this is the version that the new one follows.

        :param before: the versions that begin before the new one
        :param date date_from: first day of the new one
        """
        last = before.sorted("date_from")[-1]
        if last != self:
            # somebody else's changes would be gone without a word
            raise UserError(
                self.env._(
                    "Until %(date)s %(last)s is in force, but the new version was"
                    " compared with %(name)s: open %(last)s and bring the workbook in"
                    " from there.",
                    date=format_date(self.env, fields.Date.subtract(date_from, days=1)),
                    last=last.name,
                    name=self.name,
                )
            )

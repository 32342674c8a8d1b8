import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ..formats import flow_io, layout_book, layout_spec
from ..models.texts import refusal_line, spec_line

MAX_LINES = 1000
MAX_ROWS = 1 << 20  # of a sheet
SHOWN_COLUMNS = ("kind", "name", "what", "old_value", "new_value")


class CmorLayoutImportWizard(models.TransientModel):
    """The next version of a layout from a workbook, shown before it is applied.

    With a single error nothing can be applied. What is applied is a new version from
    its own day; the file is kept with it.
    """

    _name = "cmor.layout.import.wizard"
    _description = "New version of a layout"

    layout_id = fields.Many2one(
        "cmor.flow.layout", string="Compared with", required=True, readonly=True
    )
    file = fields.Binary(string="Workbook", attachment=False)
    filename = fields.Char()
    date_from = fields.Date(string="In force from")
    source = fields.Char(help="Specification the layout was taken from.")
    state = fields.Selection(
        [("choose", "Choose"), ("errors", "With errors"), ("ready", "To be applied")],
        default="choose",
        readonly=True,
    )
    summary = fields.Text(readonly=True)
    line_ids = fields.One2many(
        "cmor.layout.import.line", "wizard_id", readonly=True, string="Differences"
    )

    # --- actions --------------------------------------------------------------

    def action_read(self):
        """Button: what the workbook would change, or all that is wrong with it."""
        self.ensure_one()
        self.layout_id._check_manager()
        self.line_ids.unlink()
        try:
            book = self._read()
        except flow_io.FlowRefused as error:
            return self._tell([refusal_line(self.env, error)])
        # from top to bottom of the sheet, then what is of no row
        issues = sorted(book.issues, key=lambda pair: pair[0] or MAX_ROWS)
        wrong = [self._issue_text(number, issue) for number, issue in issues]
        if book.code != self.layout_id.type_id.code:
            wrong.insert(
                0,
                self.env._(
                    "The workbook is of %(found)s, this layout is of %(code)s.",
                    found=book.code or "-",
                    code=self.layout_id.type_id.code,
                ),
            )
        if wrong:
            return self._tell(wrong)
        # what the workbook says anew; what it says since the version that it was made
        # of, neither the day nor the specification, is not said about the new one
        if book.date_from and book.date_from != self.layout_id.date_from:
            self.date_from = book.date_from
        if book.settings.get("source") not in (None, "", self.layout_id.source):
            self.source = book.settings["source"]
        return self._show(book, self._differences(book))

    def action_apply(self):
        """Button: make the new version and open it.

        The file is read again and compared with the layout as it is now: when somebody
        changed it meanwhile the differences are shown once more instead.
        """
        self.ensure_one()
        self.layout_id._check_manager()
        if not self.date_from:
            raise UserError(self.env._("Write from which day the new version holds."))
        try:
            book = self._read()
        except flow_io.FlowRefused as error:
            raise UserError(refusal_line(self.env, error)) from error
        if book.issues or book.code != self.layout_id.type_id.code:
            return self.action_read()
        differences = self._differences(book)
        if self._plain_lines() != [
            self._plain_vals(self._line_vals(found))
            for found in differences[:MAX_LINES]
        ]:
            self.line_ids.unlink()
            return self._show(book, differences, is_late=True)
        settings = {**book.settings, "source": self.source or ""}
        layout = self.layout_id._new_version(self.date_from, settings, book.rows)
        layout.message_post(
            body=self.env._(
                "Made from %(file)s, compared with %(name)s: %(count)s differences.",
                file=self.filename or "-",
                name=self.layout_id.display_name,
                count=len(differences),
            ),
            attachments=[(self.filename or "layout.xlsx", self._bytes())],
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": layout._name,
            "res_id": layout.id,
            "view_mode": "form",
        }

    def action_try(self):
        """Button: read a file with the new version before it exists."""
        self.ensure_one()
        wizard = self.env["cmor.layout.try.wizard"].create(
            {"layout_id": self.layout_id.id, "import_id": self.id}
        )
        return wizard._open()

    # --- business -------------------------------------------------------------

    def _bytes(self):
        try:
            data = base64.b64decode(self.file or b"", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            raise UserError(self.env._("Choose a file first."))
        return data

    def _read(self):
        return layout_book.read(self._bytes(), self.filename or "")

    def _spec(self):
        """The new version as the engine wants it.

        :raise flow_io.FlowRefused: the workbook cannot be read
        :raise UserError: it has errors
        """
        book = self._read()
        if book.issues:
            raise UserError(self.env._("Correct the errors of the workbook first."))
        code = self.layout_id.type_id.code
        return layout_spec.make_layout(code, book.settings, book.rows)

    def _differences(self, book):
        layout = self.layout_id
        # the source is asked for in the dialog: it is no difference of the form
        old = {**layout._settings(), "source": ""}
        new = {**book.settings, "source": ""}
        return layout_spec.differences(old, layout._rows(), new, book.rows)

    def _issue_text(self, number, issue):
        text = spec_line(self.env, issue)
        if not number:
            return text
        return self.env._("Row %(row)s: %(text)s", row=number, text=text)

    def _tell(self, wrong):
        self.write(
            {
                "state": "errors",
                "summary": self.env._(
                    "%(count)s errors: correct the workbook and read it again.",
                    count=len(wrong),
                ),
                "line_ids": [
                    fields.Command.create({"kind": "error", "what": text})
                    for text in wrong[:MAX_LINES]
                ],
            }
        )
        return self._open()

    def _plain_lines(self):
        return [
            tuple(line[name] or "" for name in SHOWN_COLUMNS) for line in self.line_ids
        ]

    @staticmethod
    def _plain_vals(vals):
        return tuple(vals.get(name) or "" for name in SHOWN_COLUMNS)

    def _show(self, book, found, is_late=False):
        counts = dict.fromkeys(
            ("added", "removed", "renamed", "changed", "moved", "setting"), 0
        )
        for difference in found:
            counts[difference.kind] += 1
        summary = self.env._("There is no difference.")
        if found:
            summary = self.env._(
                "Fields: %(added)s added, %(removed)s removed, %(renamed)s renamed,"
                " %(moved)s moved. Values changed: %(changed)s. Settings changed:"
                " %(setting)s.",
                **counts,
            )
        if is_late:
            late = self.env._(
                "The layout was changed while you were looking: these are the"
                " differences now. Look at them again, then make the new version."
            )
            summary = f"{late} {summary}"
        unfilled = self.layout_id._unfilled_warning(book.rows)
        if unfilled:
            summary = f"{summary}\n{unfilled}"
        self.write(
            {
                "state": "ready",
                "summary": summary,
                "line_ids": [
                    fields.Command.create(self._line_vals(difference))
                    for difference in found[:MAX_LINES]
                ],
            }
        )
        return self._open()

    def _line_vals(self, found):
        """A difference in the words of the screen."""
        vals = {"kind": found.kind, "name": found.name}
        if found.kind == "setting":
            vals["name"] = self._label("cmor.flow.layout", found.name)
            shown = [
                self._shown("cmor.flow.layout", found.name, v) for v in _pair(found)
            ]
        elif found.kind == "changed":
            vals["what"] = self._label("cmor.flow.field", found.column)
            shown = [
                self._shown("cmor.flow.field", found.column, v) for v in _pair(found)
            ]
        elif found.kind == "renamed":
            vals["what"] = self._label("cmor.flow.field", "name")
            shown = list(_pair(found))
        elif found.kind == "moved":
            vals["what"] = self.env._("Position")
            shown = [str(value) for value in _pair(found)]
        else:
            shown = [self._row_text(row) if row else "" for row in _pair(found)]
        return {**vals, "old_value": shown[0], "new_value": shown[1]}

    def _row_text(self, row):
        """A whole field in one line: what is not empty."""
        texts = []
        for column, default in layout_spec.FIELD_COLUMNS.items():
            value = row.get(column)
            if column != "name" and value and (value != default or column == "kind"):
                label = self._label("cmor.flow.field", column)
                shown = self._shown("cmor.flow.field", column, value)
                texts.append(f"{label}: {shown}")
        return "; ".join(texts)

    def _label(self, model, name):
        return self.env[model]._fields[name]._description_string(self.env)

    def _shown(self, model, name, value):
        field = self.env[model]._fields[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value or "")
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        return str(value or "")

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New version of the layout"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class CmorLayoutImportLine(models.TransientModel):
    """A difference between the workbook and the layout, or an error in it."""

    _name = "cmor.layout.import.line"
    _description = "Difference of a layout"
    _order = "id"

    wizard_id = fields.Many2one(
        "cmor.layout.import.wizard", required=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [
            ("error", "Error"),
            ("setting", "Setting"),
            ("added", "Added"),
            ("removed", "Removed"),
            ("renamed", "Renamed"),
            ("changed", "Changed"),
            ("moved", "Moved"),
        ],
        readonly=True,
    )
    name = fields.Char(string="Field", readonly=True)
    what = fields.Text(readonly=True)  # an error is read whole, not to its first line
    old_value = fields.Text(string="Before", readonly=True)
    new_value = fields.Text(string="After", readonly=True)


def _pair(found):
    return found.old, found.new

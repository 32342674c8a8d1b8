import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ..formats import flow_io
from ..models.texts import issue_line, issue_vals, refusal_line

MAX_LINES = 500
MAX_TEXT = 2000


class CmorLayoutTryWizard(models.TransientModel):
    """A file read with a layout, in force or not yet: what is understood, what is not.

    Nothing is kept and no practice changes.
    """

    _name = "cmor.layout.try.wizard"
    _description = "Try a file with a layout"

    layout_id = fields.Many2one("cmor.flow.layout", readonly=True)
    import_id = fields.Many2one("cmor.layout.import.wizard", readonly=True)
    file = fields.Binary(attachment=False)
    filename = fields.Char()
    state = fields.Selection(
        [("choose", "Choose"), ("refused", "Refused"), ("read", "Read")],
        default="choose",
        readonly=True,
    )
    summary = fields.Text(readonly=True)
    wrong_count = fields.Integer(readonly=True)
    line_ids = fields.One2many("cmor.layout.try.line", "wizard_id", readonly=True)

    def action_read(self):
        """Button: read the file and show each row."""
        self.ensure_one()
        self.layout_id.check_access("read")
        self.line_ids.unlink()
        try:
            lines, notes = self._lines()
        except flow_io.FlowRefused as error:
            self.write({"state": "refused", "summary": refusal_line(self.env, error)})
            return self._open()
        wrong = sum(1 for vals in lines if vals["problem"])
        notes.insert(
            0,
            self.env._(
                "%(good)s rows understood, %(bad)s with something wrong.",
                good=len(lines) - wrong,
                bad=wrong,
            ),
        )
        # those to look at come first, as far as they are shown
        lines.sort(key=lambda vals: not vals["problem"])
        if len(lines) > MAX_LINES:
            notes.append(self.env._("The first %(count)s are shown.", count=MAX_LINES))
        self.write(
            {
                "state": "read",
                "summary": "\n".join(notes),
                "wrong_count": wrong,
                "line_ids": [fields.Command.create(v) for v in lines[:MAX_LINES]],
            }
        )
        return self._open()

    def action_back(self):
        """Button: back to the version that is being brought in."""
        self.ensure_one()
        return self.import_id._open()

    def _lines(self):
        """(values of the lines, notes about the files) of what was uploaded."""
        spec = self.import_id._spec() if self.import_id else self.layout_id._spec()
        lines, notes = [], []
        for name, data in flow_io.members(self._bytes(), self.filename or ""):
            found = flow_io.sniff(data, name)
            if found and ".".join(found) != spec.code:
                notes.append(
                    self.env._(
                        "%(name)s looks like a file of %(found)s, this layout is of"
                        " %(code)s.",
                        name=name,
                        found=".".join(found),
                        code=spec.code,
                    )
                )
            result = flow_io.read(spec, data, name)
            if result.unknown:
                notes.append(
                    self.env._(
                        "%(name)s: not in the layout, kept as they are: %(names)s.",
                        name=name,
                        names=", ".join(result.unknown),
                    )
                )
            lines += [self._line_vals(name, row) for row in result.rows]
        return lines, notes

    def _line_vals(self, name, row):
        problems = [issue_line(self.env, issue_vals(issue)) for issue in row.issues]
        shown = [f"{key} = {text}" for key, text in row.raw.items() if text.strip()]
        return {
            "file": name,
            "number": row.number,
            "problem": "\n".join(problems),
            "values": "; ".join(shown)[:MAX_TEXT],
        }

    def _bytes(self):
        try:
            data = base64.b64decode(self.file or b"", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            raise UserError(self.env._("Choose a file first."))
        return data

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try a file"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class CmorLayoutTryLine(models.TransientModel):
    """A row of the file that is tried."""

    _name = "cmor.layout.try.line"
    _description = "Row of a tried file"
    _order = "id"

    wizard_id = fields.Many2one(
        "cmor.layout.try.wizard", required=True, ondelete="cascade"
    )
    file = fields.Char(readonly=True)
    number = fields.Integer(string="Row", readonly=True)
    problem = fields.Text(string="What is wrong", readonly=True)
    values = fields.Text(string="As received", readonly=True)

import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ..formats import flow_io
from ..models.texts import issue_line, issue_vals, refusal_line

MAX_LINES = 500
MAX_TEXT = 2000
MAX_NAMES = 50


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
        spec = self.import_id._spec() if self.import_id else self.layout_id._spec()
        try:
            members = flow_io.members(self._bytes(), self.filename or "")
        except flow_io.FlowRefused as error:
            return self._refuse(refusal_line(self.env, error))
        good, wrong, counts, notes = [], [], [0, 0], []
        for name, data in members:
            try:
                notes += self._read_one(spec, name, data, good, wrong, counts)
            except flow_io.FlowRefused as error:
                reason = refusal_line(self.env, error)
                if len(members) == 1:
                    return self._refuse(reason)
                # one of many is told among the rows: the others are shown all the same
                counts[1] += 1
                wrong.append({"file": name, "problem": f"{name}: {reason}"})
        notes.insert(
            0,
            self.env._(
                "%(good)s rows understood, %(bad)s with something wrong.",
                good=counts[0],
                bad=counts[1],
            ),
        )
        if sum(counts) > MAX_LINES:
            notes.append(self.env._("The first %(count)s are shown.", count=MAX_LINES))
        # those to look at come first
        lines = [*wrong, *good][:MAX_LINES]
        self.write(
            {
                "state": "read",
                "summary": "\n".join(notes),
                "wrong_count": counts[1],
                "line_ids": [fields.Command.create(vals) for vals in lines],
            }
        )
        return self._open()

    def _refuse(self, reason):
        self.write({"state": "refused", "summary": reason})
        return self._open()

    def action_back(self):
        """Button: back to the version that is being brought in."""
        self.ensure_one()
        return self.import_id._open()

    def _read_one(self, spec, name, data, good, wrong, counts):
        """Read a file row by row: of a long one only what is shown is kept.

        :param list good: values of the lines understood, appended to
        :param list wrong: values of those with something wrong, appended to
        :param list counts: how many good and wrong there are, raised
        :return: list of notes about the file
        """
        notes = []
        headings = self.env["cmor.flow.layout"]._code_headings()
        headings |= {
            f.name: f.source for f in spec.fields if f.source in headings.values()
        }
        found = flow_io.sniff(data, name, headings)
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
        reader, unknown = flow_io.open_flow(spec, data, name), {}
        for row in reader.rows():
            counts[bool(row.issues)] += 1
            kept = wrong if row.issues else good
            if len(kept) < MAX_LINES:
                kept.append(self._line_vals(name, row))
            unknown.update(dict.fromkeys(reader.unknown_in(row)))
        if unknown:
            notes.append(
                self.env._(
                    "%(name)s: not in the layout, kept as they are: %(names)s.",
                    name=name,
                    names=", ".join(list(unknown)[:MAX_NAMES]),
                )
            )
        return notes

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

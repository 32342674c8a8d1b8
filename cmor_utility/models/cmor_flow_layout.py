from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..formats import flow_io, layout_spec
from ..rules import patterns
from .texts import spec_line

DATE_FORMATS = [(form, form) for form in layout_spec.DATE_FORMATS]
DEFAULT_FILE_NAME = "{service}.{flow}_{vat}_{timestamp}_{n:3}.{ext}"
ENCODINGS = [
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 with its mark (BOM)"),
    ("cp1252", "Windows-1252"),
    ("iso-8859-1", "ISO-8859-1"),
    ("iso-8859-15", "ISO-8859-15"),
]


class CmorFlowLayout(models.Model):
    """The record layout of a kind of flow, in force between two dates.

    The layouts of the indemnity system are not public: what ships is marked "to be
    checked", says so on each export and asks once, until an administrator confirms it
    against the specification of the portal.
    """

    _name = "cmor.flow.layout"
    _description = "Record layout"
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _keeps_notes = True
    _order = "type_id, date_from desc, id desc"

    _guarded_fields = frozenset(
        {
            "state",
            "confirmed_by_id",
            "confirmed_on",
            "acknowledged_by_id",
            "acknowledged_on",
        }
    )

    name = fields.Char(required=True)
    type_id = fields.Many2one("cmor.flow.type", required=True, index=True)
    code = fields.Char(related="type_id.code", string="Flow code")
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the layout holds for all companies."
    )
    date_from = fields.Date(required=True, string="In force from")
    date_to = fields.Date(string="In force until")
    state = fields.Selection(
        [("to_check", "To be checked"), ("confirmed", "Confirmed")],
        required=True,
        default="to_check",
        readonly=True,
        copy=False,
        tracking=True,
    )
    source = fields.Char(help="Specification the layout was taken from.", tracking=True)
    confirmed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    confirmed_on = fields.Datetime(readonly=True, copy=False)
    acknowledged_by_id = fields.Many2one(
        "res.users",
        string="Used unchecked, decided by",
        readonly=True,
        copy=False,
        help="Who accepted to export with a layout that nobody has confirmed yet.",
    )
    acknowledged_on = fields.Datetime(readonly=True, copy=False)
    field_ids = fields.One2many(
        "cmor.flow.field", "layout_id", string="Fields", copy=True
    )
    file_format = fields.Selection(
        [("csv", "CSV"), ("xml", "XML")],
        required=True,
        default="csv",
        help="Form of the files we write. Both are read, whatever is chosen here.",
    )
    repeat = fields.Selection(
        [
            ("joined", "Joined in one field"),
            ("rows", "One line (CSV) or element (XML) each"),
        ],
        string="Repeated groups",
        required=True,
        default="joined",
        help="One line each: the other fields are repeated on every line.",
    )
    xml_root = fields.Char(
        string="Elements around the records",
        required=True,
        default="RichiestaSII/DatiSII",
        help="From the outermost, separated by /.",
    )
    xml_record = fields.Char(
        string="Element of a record", required=True, default="Flusso"
    )
    xml_item = fields.Char(
        string="Element of a group's item", required=True, default="Elemento"
    )
    xml_namespace = fields.Char(string="XML namespace")
    delimiter = fields.Selection(
        [(";", "; (semicolon)"), (",", ", (comma)"), ("|", "| (bar)")],
        required=True,
        default=";",
    )
    encoding = fields.Selection(ENCODINGS, required=True, default="utf-8")
    line_end = fields.Selection(
        [("crlf", "CR LF (Windows)"), ("lf", "LF (Unix)")],
        required=True,
        default="crlf",
    )
    decimal_mark = fields.Selection(
        [(".", ". (point)"), (",", ", (comma)")], required=True, default="."
    )
    date_format = fields.Selection(DATE_FORMATS, required=True, default="DD/MM/YYYY")
    has_header = fields.Boolean(string="First row with the field names", default=True)
    file_name_pattern = fields.Char(
        required=True,
        default=DEFAULT_FILE_NAME,
        help="Tokens: {service} {flow} {vat} {timestamp} {date} {n:3} {ext}.",
    )

    _dates_check = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "A layout cannot end before it begins.",
    )

    @api.constrains(*layout_spec.SETTINGS)
    def _check_form(self):
        for layout in self:
            for issue in layout_spec.setting_issues(layout._settings()):
                raise ValidationError(spec_line(self.env, issue))

    @api.constrains("type_id", "company_id", "date_from", "date_to")
    def _check_overlap(self):
        for layout in self:
            clash = self.sudo().search(
                Domain("type_id", "=", layout.type_id.id)
                & Domain("company_id", "=", layout.company_id.id)
                & Domain("id", "!=", layout.id)
                & (
                    Domain("date_to", "=", False)
                    | Domain("date_to", ">=", layout.date_from)
                )
                & (
                    Domain("date_from", "<=", layout.date_to)
                    if layout.date_to
                    else Domain.TRUE
                ),
                limit=1,
            )
            if clash:
                raise ValidationError(
                    self.env._(
                        "%(name)s is in force in the same days: end it first.",
                        name=clash.name,
                    )
                )

    def write(self, vals):
        if self._is_form_change(vals):
            self._touch_form()
        return super().write(vals)

    def copy_data(self, default=None):
        # a copy is the next version: it begins when the one copied ends
        vals_list = super().copy_data(default)
        for layout, vals in zip(self, vals_list, strict=True):
            vals.setdefault("name", layout.name)
            if not (default or {}).get("date_from"):
                if not layout.date_to:
                    raise UserError(
                        self.env._("Give the layout its last day, then copy it.")
                    )
                vals["date_from"] = fields.Date.add(layout.date_to, days=1)
                vals["date_to"] = False
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # of a discarded file too: without its layout nobody could read it as a table
        self._check_unused(states=None)

    # --- actions --------------------------------------------------------------

    def action_confirm(self):
        """Button of the manager: checked against the portal's specification."""
        self._check_manager()
        for layout in self:
            if not layout.source:
                raise UserError(
                    self.env._("Write first which specification was read (source).")
                )
            problems = [*layout._problems(), layout._code_warning()]
            if any(problems):
                raise UserError("\n".join(filter(None, problems)))
        self.sudo()._guarded().write(
            {
                "state": "confirmed",
                "confirmed_by_id": self.env.uid,
                "confirmed_on": fields.Datetime.now(),
            }
        )

    def action_unconfirm(self):
        """Button of the manager: back to "to be checked"."""
        self._check_manager()
        self.sudo()._guarded().write(
            {"state": "to_check", "confirmed_by_id": False, "confirmed_on": False}
        )

    def action_acknowledge(self):
        """A CMOR user accepts to export with a layout nobody has confirmed.

        Asked once for each layout; who and when is kept.
        """
        if not self.env.su and not self.env.user.has_group(
            "cmor_utility.group_cmor_user"
        ):
            raise AccessError(self.env._("Only CMOR users may decide this."))
        self.check_access("read")
        todo = self.filtered(lambda layout: not layout._is_usable())
        todo.sudo()._guarded().write(
            {
                "acknowledged_by_id": self.env.uid,
                "acknowledged_on": fields.Datetime.now(),
            }
        )

    # --- business -------------------------------------------------------------

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(
            "cmor_utility.group_cmor_manager"
        ):
            raise AccessError(self.env._("Only CMOR managers may confirm a layout."))
        # of his own companies: what follows is written as superuser
        self.check_access("write")

    def _is_form_change(self, vals):
        return bool(
            set(vals)
            & {
                "type_id",
                "file_format",
                "repeat",
                "xml_root",
                "xml_record",
                "xml_item",
                "xml_namespace",
                "delimiter",
                "encoding",
                "line_end",
                "decimal_mark",
                "date_format",
                "has_header",
                "field_ids",
                "date_from",
            }
        )

    def _touch_form(self):
        """Before any change of the record's form: allowed? Then check it again.

        Who confirmed it, or used it unchecked, decided about another form.
        """
        self._check_unused()
        decided = self.filtered(lambda layout: layout._is_usable())
        decided.sudo()._guarded().write(
            {
                "state": "to_check",
                "confirmed_by_id": False,
                "confirmed_on": False,
                "acknowledged_by_id": False,
                "acknowledged_on": False,
            }
        )

    def _check_unused(self, states=("generated", "discarded", "refused")):
        """A layout of a file sent or received is history: make a new version.

        :param states: files in these do not count
        """
        used = Domain("layout_id", "in", self.ids)
        if states:
            used &= Domain("state", "not in", states)
        used = self.env["cmor.flow.file"].sudo().search(used, limit=1)
        if used:
            raise UserError(
                self.env._(
                    "A file of %(name)s was sent or received: make a new version of the"
                    " layout instead.",
                    name=used.layout_id.name,
                )
                if states
                else self.env._(
                    "%(file)s was made or read with %(name)s: a layout with files is"
                    " kept. Give it its last day instead.",
                    file=used.name,
                    name=used.layout_id.name,
                )
            )

    def _check_sound(self):
        """Before a file is made: nothing may be wrong with the layout as a whole.

        :raise UserError: with all that is wrong
        """
        self.ensure_one()
        problems = [*self._problems(), self._code_warning()]
        if any(problems):
            lines = [self.env._("%(name)s cannot be used:", name=self.name)]
            raise UserError("\n".join([*lines, *filter(None, problems)]))

    def _is_usable(self):
        """Confirmed, or accepted as it is by somebody."""
        self.ensure_one()
        return self.state == "confirmed" or bool(self.acknowledged_by_id)

    @api.model
    def _find(self, key, company, day):
        """The layout of kind ``key`` in force on ``day``, the company's own first.

        :raise UserError: none is in force
        """
        found = self.sudo().search(
            Domain("type_id.key", "=", key)
            & Domain("company_id", "in", [False, company.id])
            & Domain("date_from", "<=", day)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", day)),
        )
        found = found.sorted(lambda layout: not layout.company_id)
        if not found:
            raise UserError(
                self.env._(
                    "No layout of %(key)s is in force on %(date)s.",
                    key=key,
                    date=format_date(self.env, day),
                )
            )
        return found[0]

    @api.model
    def _code_headings(self):
        """{heading: source} of the columns that say which flow a file is, as all
        layouts call them: a new version may give them other names."""
        fields_ = self.env["cmor.flow.field"].sudo()
        found = fields_.search([("source", "in", flow_io.SOURCES)])
        return flow_io.CODES | {field.name: field.source for field in found}

    def _settings(self):
        """The form of the file as plain values (``formats.layout_spec.SETTINGS``)."""
        self.ensure_one()
        return {
            name: self[name] if isinstance(default, bool) else self[name] or ""
            for name, (default, _allowed) in layout_spec.SETTINGS.items()
        }

    def _rows(self):
        """The fields as plain rows, in order."""
        self.ensure_one()
        return [field._row() for field in self.field_ids]

    def _spec(self):
        """This layout as the engine wants it (``record_layout.Layout``)."""
        return layout_spec.make_layout(
            self.type_id.code, self._settings(), self._rows()
        )

    def _file_name(self, vat, number, now):
        """File name by the pattern; ``now`` is a datetime of the company's zone."""
        service, flow = self.type_id._split_code()
        values = {
            "service": service,
            "flow": flow,
            "vat": vat,
            "timestamp": now.strftime("%Y%m%d%H%M%S"),
            "date": now.strftime("%Y%m%d"),
            "n": number,
            "ext": self.file_format,
        }
        try:
            return patterns.file_name(self.file_name_pattern, values)
        except patterns.PatternError as error:
            raise UserError(
                self.env._("File name not valid: %(name)s", name=error.args[1])
            ) from error

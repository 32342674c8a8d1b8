from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..formats.work_file import SOURCES, Column, WorkFile

PURPOSES = [
    ("technical", "Orders to the technical office"),
    ("agency", "Assignments to an agency"),
    ("info", "Questions to an information provider"),
]
DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t", "pipe": "|"}
ENCODINGS = {"utf8_bom": "utf-8-sig", "utf8": "utf-8", "cp1252": "cp1252"}
MARKS = {"comma": ",", "point": "."}
DATE_FORMS = {
    "dmy_slash": "DD/MM/YYYY",
    "dmy_dash": "DD-MM-YYYY",
    "ymd_dash": "YYYY-MM-DD",
    "ymd": "YYYYMMDD",
}
# what a file cannot do without: the answer comes by the first, a recall by the second
NEEDED = {
    "technical": ("ref", "movement"),
    "agency": ("ref", "movement"),
    "info": ("ref",),
}


class DunningFileLayout(models.Model):
    """How a list that goes out is written: columns, headings, form of the file.

    One is shipped for each purpose; a provider that wants another gets a copy of it.
    """

    _name = "dunning.file.layout"
    _description = "Layout of a file that goes out"
    _order = "purpose, sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    purpose = fields.Selection(PURPOSES, required=True, default="technical")
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: for all companies."
    )
    file_format = fields.Selection(
        [("csv", "CSV"), ("xlsx", "Excel (.xlsx)"), ("xml", "XML")],
        string="Format",
        required=True,
        default="csv",
    )
    has_header = fields.Boolean(string="Headings in the first row", default=True)
    delimiter = fields.Selection(
        [
            ("semicolon", "Semicolon"),
            ("comma", "Comma"),
            ("tab", "Tab"),
            ("pipe", "Vertical bar"),
        ],
        required=True,
        default="semicolon",
    )
    encoding = fields.Selection(
        [
            ("utf8_bom", "UTF-8 with mark (for Excel)"),
            ("utf8", "UTF-8"),
            ("cp1252", "Windows (cp1252)"),
        ],
        required=True,
        default="utf8_bom",
    )
    decimal_mark = fields.Selection(
        [("comma", "Comma"), ("point", "Point")], required=True, default="comma"
    )
    date_form = fields.Selection(
        [
            ("dmy_slash", "31/12/2026"),
            ("dmy_dash", "31-12-2026"),
            ("ymd_dash", "2026-12-31"),
            ("ymd", "20261231"),
        ],
        required=True,
        default="dmy_slash",
    )
    sheet = fields.Char(default="Elenco")
    xml_root = fields.Char(string="Outer element", default="Elenco")
    xml_record = fields.Char(string="Element of a row", default="Riga")
    column_ids = fields.One2many("dunning.file.column", "layout_id", copy=True)

    @api.constrains("column_ids", "purpose", "file_format")
    def _check_columns(self):
        labels = dict(self.env["dunning.file.column"]._selection_source())
        for layout in self:
            columns = layout.column_ids
            if not columns:
                continue
            allowed = {*SOURCES[layout.purpose], "constant"}
            foreign = columns.filtered(lambda c, ok=allowed: c.source not in ok)
            if foreign:
                raise ValidationError(
                    self.env._(
                        "%(column)s cannot stand in a file of this purpose.",
                        column=foreign[0].heading,
                    )
                )
            used = set(columns.mapped("source"))
            lacking = [name for name in NEEDED[layout.purpose] if name not in used]
            if lacking:
                raise ValidationError(
                    self.env._(
                        "A column with %(column)s is needed: without it no answer can"
                        " be matched.",
                        column=labels[lacking[0]],
                    )
                )
            headings = columns.mapped("heading")
            if len(set(headings)) < len(headings):
                raise ValidationError(self.env._("Two columns have the same heading."))
            layout._check_xml_names()

    def _check_xml_names(self):
        """In XML headings are names of elements."""
        if self.file_format != "xml":
            return
        names = [self.xml_root, self.xml_record, *self.column_ids.mapped("heading")]
        for name in names:
            if not (name or "").replace("_", "a").replace("/", "a").isalnum():
                raise ValidationError(
                    self.env._(
                        "%(name)s is no name of an XML element: letters and digits"
                        " only.",
                        name=name or "-",
                    )
                )

    def _work_file(self):
        """The pure description of this layout (formats/work_file.py)."""
        self.ensure_one()
        columns = [
            Column(
                column.heading,
                column.source,
                column.constant or "",
                column.max_length,
                column.is_required,
            )
            for column in self.column_ids
        ]
        return WorkFile(
            columns,
            self.file_format,
            self.sheet or "Elenco",
            delimiter=DELIMITERS[self.delimiter],
            encoding=ENCODINGS[self.encoding],
            decimal_mark=MARKS[self.decimal_mark],
            date_format=DATE_FORMS[self.date_form],
            header=self.has_header,
            xml_root=self.xml_root or "Elenco",
            xml_record=self.xml_record or "Riga",
        )

    @api.model
    def _for(self, purpose, provider, company):
        """The layout that ``provider`` wants, else the first one for ``company``."""
        own = provider.sudo().file_layout_id
        found = self.sudo().search(
            Domain("purpose", "=", purpose)
            & Domain("company_id", "in", [company.id, False])
        )
        layout = own or found.filtered("company_id")[:1] or found[:1]
        if not layout.column_ids:
            raise UserError(
                self.env._("There is no layout with columns for this file: make one.")
            )
        return layout

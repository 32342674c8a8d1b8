from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..formats import workbook
from ..formats.cells import heading_key
from ..formats.datasets import DATASETS
from ..formats.mapping import template_profile
from .import_profile_spec import build_spec, parse_code_map, profile_vals

DATASET_LABELS = [
    ("customers", "Customers"),
    ("contracts", "Contracts"),
    ("bills", "Bills"),
    ("payments", "Payments"),
    ("notices", "Past notices"),
]
# files of one workbook are loaded in this order: each needs the ones before
DATASET_ORDER = [key for key, _label in DATASET_LABELS]
TRANSFORMS = [
    ("copy", "Copy"),
    ("first", "First column that is filled"),
    ("concat", "Join columns"),
    ("constant", "Constant"),
    ("map", "Translate codes"),
]
DECIMAL_MARKS = [("comma", "Comma"), ("point", "Point")]
THOUSANDS_MARKS = [
    ("point", "Point"),
    ("comma", "Comma"),
    ("blank", "Blank"),
    ("apostrophe", "Apostrophe"),
]
DATE_FORMS = [
    ("dmy_slash", "31/12/2026"),
    ("dmy_dash", "31-12-2026"),
    ("dmy_dot", "31.12.2026"),
    ("mdy_slash", "12/31/2026"),
    ("ymd_slash", "2026/12/31"),
    ("ymd_dash", "2026-12-31"),
    ("dmy2_slash", "31/12/26"),
    ("dmy2_dash", "31-12-26"),
    ("ymd", "20261231"),
    ("dmy", "31122026"),
]


class UtilityImportProfile(models.Model):
    """The converter: how the columns of a file become fields of a dataset."""

    _name = "utility.import.profile"
    _description = "Import profile"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="What a direct feed writes to choose this profile."
    )
    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    is_shipped = fields.Boolean(
        string="Shipped", readonly=True, help="The template workbook: never changed."
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: for all companies."
    )
    dataset = fields.Selection(DATASET_LABELS, required=True)
    file_kind = fields.Selection(
        [("xlsx", "Excel (.xlsx)"), ("xls", "Excel 97 (.xls)"), ("csv", "CSV")],
        help="What the source usually sends. The same columns are read from any kind.",
    )
    sheet = fields.Char(help="Empty: the first sheet.")
    header_row = fields.Integer(
        help="Row of the column headings; 0: the first row that is not blank."
    )
    encoding = fields.Selection(
        [
            ("utf8", "UTF-8"),
            ("utf16", "UTF-16"),
            ("cp1252", "Windows (cp1252)"),
            ("latin1", "ISO 8859-1"),
            ("latin9", "ISO 8859-15"),
        ],
        help="Of text files. Empty: UTF-8, and Windows when it is not UTF-8.",
    )
    delimiter = fields.Selection(
        [("semicolon", "Semicolon"), ("comma", "Comma"), ("tab", "Tab")],
        help="Of text files. Empty: found in the heading row.",
    )
    decimal_mark = fields.Selection(
        DECIMAL_MARKS,
        help="Of amounts written as text. Empty: a doubtful amount is an error.",
    )
    thousands_mark = fields.Selection(
        THOUSANDS_MARKS,
        help="Of amounts written as text. Empty: none is expected.",
    )
    date_form = fields.Selection(
        DATE_FORMS,
        help="Of dates written as text. Empty: a doubtful date is an error.",
    )
    totals_row = fields.Selection(
        [("skip", "Skip it"), ("refuse", "It is an error")],
        string="Totals row at the end",
        default="skip",
        required=True,
    )
    field_ids = fields.One2many(
        "utility.import.profile.field", "profile_id", string="Columns", copy=True
    )
    field_count = fields.Integer(compute="_compute_field_count")
    sample_filename = fields.Char(copy=False)
    sample = fields.Binary(attachment=True, copy=False)
    note = fields.Text()

    _code_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), code)",
        "Another profile has this code already.",
    )

    @api.depends("field_ids")
    def _compute_field_count(self):
        for profile in self:
            profile.field_count = len(profile.field_ids)

    @api.constrains("field_ids", "dataset")
    def _check_required_targets(self):
        for profile in self:
            spec = DATASETS[profile.dataset]
            mapped = set(profile.field_ids.mapped("target"))
            missing = [
                f.heading for f in spec.fields if f.required and f.name not in mapped
            ]
            foreign = mapped - set(spec.by_name)
            if foreign:
                raise ValidationError(
                    self.env._(
                        "These fields are not of this dataset: %(fields)s.",
                        fields=", ".join(sorted(foreign)),
                    )
                )
            if missing and profile.field_ids:
                raise ValidationError(
                    self.env._(
                        "These fields are needed and have no column: %(fields)s.",
                        fields=", ".join(missing),
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        if self.filtered("is_shipped"):
            raise ValidationError(
                self.env._("The profiles of the template cannot be deleted.")
            )

    def action_download_template(self):
        """Download an empty workbook with the columns that this profile expects."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/utility_supply/import/template/{self.id}",
            "target": "download",
        }

    def _template_bytes(self):
        """(bytes, file name) of an empty file with the columns that this reads."""
        self.ensure_one()
        if self.is_shipped:
            return workbook.template_workbook(self._datasets()), "modello.xlsx"
        kind = {"kind": self.file_kind or "xlsx"}
        data, extension = workbook.profile_template(replace(self._spec(), **kind))
        return data, f"{self.code}{extension}"

    def _headings(self):
        """All column headings that this profile reads, in order, once each."""
        self.ensure_one()
        headings = []
        for line in self.field_ids:
            headings += [c for c in line._columns() if c not in headings]
        return headings

    @api.model
    def _datasets(self):
        """Names of the datasets of this database, in the order of loading.

        A module that registers one (``formats.datasets.register``) adds its name here
        and to the two selections.
        """
        return list(DATASET_ORDER)

    def _spec(self):
        """The pure description (`formats.mapping.ProfileSpec`) of this profile."""
        self.ensure_one()
        return build_spec(self)

    @api.model
    def _utility_load_shipped_profiles(self):
        """Create or bring up to date the profiles of the template workbook.

        Called by the module's data at each update: the template's columns stand in
        `formats.datasets` only.
        """
        profiles = self.sudo().with_context(active_test=False)
        known = {p.code: p for p in profiles.search([("is_shipped", "=", True)])}
        for number, dataset in enumerate(self._datasets()):
            spec = template_profile(dataset)
            lines = [
                {"target": f.target, "column": f.columns[0], "sequence": position}
                for position, f in enumerate(spec.fields)
            ]
            profile = known.get(dataset) or profiles.create(
                {
                    "name": self.env._("Template: %(name)s", name=spec.sheet),
                    "code": dataset,
                    "dataset": dataset,
                    "is_shipped": True,
                    "sequence": number,
                }
            )
            profile.field_ids.unlink()
            profile.write(
                {
                    **profile_vals(spec),
                    "field_ids": [fields.Command.create(line) for line in lines],
                }
            )

    def _heading_of(self):
        """{target: heading in the file} for the places of loaders' issues."""
        self.ensure_one()
        return {
            line.target: " + ".join(line._columns()) or line.target
            for line in self.field_ids
        }

    def _feed_columns(self):
        """{name that a direct feed may use: the column it fills}.

        Names are those of the columns, as `heading_key` writes them, and of the fields
        that one column fills.
        """
        self.ensure_one()
        columns = {heading_key(column): column for column in self._headings()}
        for line in self.field_ids:
            if len(line._columns()) == 1:
                columns[line.target] = line._columns()[0]
        return columns

    @api.model
    def _find(self, code, company):
        """The profile that ``company`` means with ``code``: its own before a shared."""
        found = self.search(
            [("code", "=", code), ("company_id", "in", [company.id, False])]
        )
        return found.filtered("company_id")[:1] or found[:1]

    @api.model
    def _shipped(self):
        """The profiles of the template workbook, in the order of loading."""
        found = self.search([("is_shipped", "=", True)])
        order = self._datasets()
        return found.sorted(lambda p: order.index(p.dataset))


class UtilityImportProfileField(models.Model):
    """One field of the dataset and where its value comes from."""

    _name = "utility.import.profile.field"
    _description = "Column of an import profile"
    _order = "profile_id, sequence, id"

    profile_id = fields.Many2one(
        "utility.import.profile", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    target = fields.Selection(
        "_selection_target", string="Field", required=True, index=True
    )
    column = fields.Char(
        string="Column heading",
        help="As written in the file. Several columns to join: divide them with |.",
    )
    transform = fields.Selection(TRANSFORMS, default="copy", required=True)
    constant = fields.Char(help="The value of every row.")
    separator = fields.Char(default=" ", help="Between the columns that are joined.")
    code_map = fields.Text(
        string="Translation of codes",
        help="One a line: value in the file = our value. Example: D2 = domestic",
    )
    keep_unlisted = fields.Boolean(
        help="A value that the translation does not list is kept as it is; otherwise it"
        " is an error."
    )
    default_value = fields.Char(
        string="When blank", help="The value of rows whose cell is blank."
    )
    date_form = fields.Selection(
        DATE_FORMS,
        help="When this column writes dates in another form than the profile says.",
    )
    decimal_mark = fields.Selection(
        DECIMAL_MARKS,
        help="When this column writes amounts in another form than the profile says.",
    )
    thousands_mark = fields.Selection(THOUSANDS_MARKS)
    negate = fields.Boolean(string="Change sign")

    _target_uniq = models.Constraint(
        "UNIQUE(profile_id, target)", "A field takes its value from one place only."
    )

    @api.model
    def _selection_target(self):
        """All fields of all datasets; a form shows those of its dataset."""
        targets = {}
        for name in self.env["utility.import.profile"]._datasets():
            for field in DATASETS[name].fields:
                targets.setdefault(field.name, field.heading)
        return list(targets.items())

    @api.constrains("transform", "column", "constant", "code_map")
    def _check_transform(self):
        for line in self:
            if line.transform == "constant":
                if not line.constant:
                    raise ValidationError(self.env._("Write the constant value."))
            elif not line._columns():
                raise ValidationError(self.env._("Write the column heading."))
            if line.transform == "map":
                line._code_map()

    def _columns(self):
        """The headings that this field reads."""
        if self.transform == "constant" or not self.column:
            return []
        if self.transform in ("concat", "first"):
            return [part.strip() for part in self.column.split("|") if part.strip()]
        return [self.column.strip()]

    def _code_map(self):
        """{value in the file: our value}; ValidationError when a line has no "="."""
        result, bad = parse_code_map(self.code_map)
        if bad:
            raise ValidationError(
                self.env._("Translation of codes: %(line)s has no = sign.", line=bad[0])
            )
        return result

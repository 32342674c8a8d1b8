from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..formats import layout_spec
from ..formats.flow_sources import SOURCES
from .texts import spec_line


class CmorFlowField(models.Model):
    """One column of a record layout."""

    _name = "cmor.flow.field"
    _description = "Field of a record layout"
    _order = "layout_id, sequence, id"

    layout_id = fields.Many2one(
        "cmor.flow.layout", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="layout_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="Heading in the file.")
    kind = fields.Selection(
        [
            ("text", "Text"),
            ("fixed", "Fixed code"),
            ("code", "Code of a table"),
            ("integer", "Integer"),
            ("decimal", "Decimal"),
            ("date", "Date"),
            ("group", "Repeated group"),
        ],
        required=True,
        default="text",
    )
    max_length = fields.Integer(
        string="Length", help="Characters; for decimals the integer digits."
    )
    decimals = fields.Integer()
    required = fields.Selection(
        [
            ("mandatory", "Mandatory"),
            ("conditional", "Conditional"),
            ("optional", "Optional"),
        ],
        string="Requirement",
        required=True,
        default="optional",
    )
    condition_field = fields.Char(
        string="Mandatory if", help="Mandatory when this field of the layout ..."
    )
    condition_value = fields.Char(string="is", help="... has this value.")
    one_of = fields.Char(
        string="At least one of",
        help="Fields with the same word here need one value between them.",
    )
    fixed_value = fields.Char()
    table_codes = fields.Char(
        string="Codes allowed", help="Separated by commas; empty: any."
    )
    source = fields.Selection(
        SOURCES,
        string="Meaning",
        help="Where the value comes from when we write, what it says when we read.",
    )
    group_parts = fields.Char(
        help="For a repeated group: its parts in order, separated by commas; a part may"
        " be followed by a colon and its heading where it has a place of its own."
    )
    item_separator = fields.Char(size=1, default="#")
    part_separator = fields.Char(size=1, default="|")
    note = fields.Char()

    _name_uniq = models.Constraint(
        "UNIQUE(layout_id, name)", "A layout has each field once."
    )

    @api.constrains(*(name for name in layout_spec.FIELD_COLUMNS if name != "note"))
    def _check_field(self):
        for field in self:
            issue = layout_spec.field_issue(field._row())
            if issue:
                raise ValidationError(spec_line(self.env, issue))

    @api.model_create_multi
    def create(self, vals_list):
        fields_ = super().create(vals_list)
        fields_.layout_id._touch_form()
        return fields_

    def write(self, vals):
        # a note is for people: the file is the same
        if set(vals) - {"note"}:
            self.layout_id._touch_form()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.layout_id._touch_form()

    def _row(self):
        """The field as a plain row (``formats.layout_spec.FIELD_COLUMNS``)."""
        self.ensure_one()
        return {
            name: self[name] or default
            for name, default in layout_spec.FIELD_COLUMNS.items()
        }

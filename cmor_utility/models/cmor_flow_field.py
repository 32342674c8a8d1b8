from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..formats import flow_layout
from ..formats.flow_sources import GROUP_PARTS, PART_WORDS, SOURCES


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
        required=True,
        default="optional",
    )
    condition_field = fields.Char(help="Mandatory when this field of the layout ...")
    condition_value = fields.Char(help="... has this value.")
    one_of = fields.Char(
        string="At least one of",
        help="Fields with the same word here need one value between them.",
    )
    fixed_value = fields.Char()
    table_codes = fields.Char(
        string="Codes allowed", help="Separated by commas; empty: any."
    )
    source = fields.Selection(SOURCES, help="Where the value comes from.")
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

    @api.constrains(
        "kind", "source", "fixed_value", "group_parts", "max_length", "decimals"
    )
    def _check_field(self):
        for field in self:
            reason = field._wrong_reason()
            if reason:
                raise ValidationError(
                    self.env._("%(field)s: %(reason)s", field=field.name, reason=reason)
                )

    @api.constrains("name")
    def _check_name(self):
        for field in self:
            if not (field.name or "").replace("_", "").isalnum():
                raise ValidationError(
                    self.env._(
                        "%(name)s: a field name has letters, digits and _ only.",
                        name=field.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        fields_ = super().create(vals_list)
        fields_.layout_id._touch_form()
        return fields_

    def write(self, vals):
        self.layout_id._touch_form()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.layout_id._touch_form()

    def _wrong_reason(self):
        """What is wrong with the field; False when nothing is."""
        if self.max_length < 0 or self.decimals < 0:
            return self.env._("lengths cannot be negative")
        if self.kind == "fixed" and not self.fixed_value:
            return self.env._("a fixed code needs its value")
        if self.kind == "group":
            known = GROUP_PARTS.get(self.source, {})
            parts = self._part_names()
            if not parts or set(parts) - set(known):
                return self.env._(
                    "the parts of this group may be: %(names)s", names=", ".join(known)
                )
        elif self.source in GROUP_PARTS:
            return self.env._("this source is a repeated group")
        return False

    def _part_names(self):
        return [name for name, _heading in self._part_headings()]

    def _part_headings(self):
        """[(part, its heading where it has a place of its own)]."""
        found = []
        for text in (self.group_parts or "").split(","):
            part, _colon, heading = (word.strip() for word in text.partition(":"))
            if part:
                word = PART_WORDS.get(part, part.upper())
                found.append((part, heading or f"{self.name}_{word}"))
        return found

    def _spec(self):
        """This field as the engine wants it (``formats.flow_layout.Field``)."""
        self.ensure_one()
        known = GROUP_PARTS.get(self.source, {})
        condition = None
        if self.condition_field:
            condition = (self.condition_field, self.condition_value or "")
        codes = (self.table_codes or "").split(",")
        return flow_layout.Field(
            name=self.name,
            kind=self.kind,
            length=self.max_length,
            decimals=self.decimals,
            required=self.required,
            condition=condition,
            one_of=self.one_of or "",
            fixed=self.fixed_value or "",
            table=frozenset(code.strip() for code in codes if code.strip()),
            parts=tuple((name, known[name]) for name in self._part_names()),
            item_sep=self.item_separator or "#",
            part_sep=self.part_separator or "|",
            source=self.source or "",
            part_names=tuple(heading for _name, heading in self._part_headings()),
        )

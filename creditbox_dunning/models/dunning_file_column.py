from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# the sources of formats/work_file.py in words
SOURCE_LABELS = {
    "constant": _lt("Always the same text"),
    "ref": _lt("Our number"),
    "movement": _lt("New, called back, paid in part"),
    "case": _lt("Case"),
    "company": _lt("Company"),
    "customer_code": _lt("Customer code"),
    "customer": _lt("Customer"),
    "tax_code": _lt("Tax code"),
    "vat": _lt("VAT number"),
    "street": _lt("Street"),
    "zip": _lt("ZIP"),
    "city": _lt("City"),
    "province": _lt("Province"),
    "phone": _lt("Phone"),
    "mobile": _lt("Mobile"),
    "email": _lt("E-mail"),
    "pec": _lt("PEC"),
    "note": _lt("Note"),
    "contract": _lt("Contract"),
    "service": _lt("Service"),
    "point": _lt("POD, PDR or point"),
    "supply_street": _lt("Street of the supply"),
    "supply_zip": _lt("ZIP of the supply"),
    "supply_city": _lt("City of the supply"),
    "supply_state": _lt("State of the supply"),
    "amount": _lt("Amount open"),
    "bills": _lt("Bills with due date and residual"),
    "bill_count": _lt("Number of bills"),
    "oldest_due": _lt("Oldest due date"),
    "operation": _lt("Operation"),
    "planned_date": _lt("Day planned"),
    "due_date": _lt("To be done by"),
    "notified_date": _lt("Notice of default delivered on"),
    "technical_obstacle": _lt("Technical obstacle"),
    "notices": _lt("History of the notices"),
    "lot": _lt("Lot"),
    "mandate_from": _lt("Mandate from"),
    "mandate_to": _lt("Mandate to"),
    "fee_class": _lt("Fee class"),
    "bill_number": _lt("Bill: number"),
    "bill_date": _lt("Bill: date"),
    "bill_due": _lt("Bill: due date"),
    "bill_amount": _lt("Bill: residual"),
    "wanted": _lt("What is asked"),
}


class DunningFileColumn(models.Model):
    """A column of a file that goes out: its heading and what stands in it."""

    _name = "dunning.file.column"
    _description = "Column of a file that goes out"
    _order = "layout_id, sequence, id"

    layout_id = fields.Many2one(
        "dunning.file.layout", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    heading = fields.Char(required=True)
    source = fields.Selection("_selection_source", string="Content", required=True)
    constant = fields.Char(string="Text")
    max_length = fields.Integer(
        string="Longest",
        help="Characters (of an amount: digits before the comma); 0 = any. A longer"
        " value keeps its row back, it is never cut.",
    )
    is_required = fields.Boolean(
        string="Needed", help="A row without this value is kept back."
    )

    @api.model
    def _selection_source(self):
        return [(key, str(self.env._(text))) for key, text in SOURCE_LABELS.items()]

    @api.constrains("source", "constant", "max_length")
    def _check_constant(self):
        for column in self:
            if column.source == "constant" and not column.constant:
                raise ValidationError(self.env._("Write the text of the column."))
            if column.max_length < 0:
                raise ValidationError(self.env._("A length cannot be negative."))

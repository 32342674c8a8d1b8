from odoo import fields, models

ACTION_KINDS = [
    ("sms", "Text message"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("registered", "Registered letter"),
    ("pec", "PEC"),
    ("agency", "Collection agency"),
    ("technical", "Technical office"),
    ("settlement", "Settlement"),
    ("plan", "Payment plan"),
    ("legal", "Legal action"),
]


class DunningActionType(models.Model):
    """The ten action codes of the trade; the label is data, the code never changes."""

    _name = "dunning.action.type"
    _description = "Type of dunning action"
    _order = "code"

    code = fields.Integer(required=True, readonly=True)
    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(ACTION_KINDS, required=True, readonly=True)
    icon = fields.Char(help="Font Awesome class shown in the timeline.")

    _code_uniq = models.Constraint("UNIQUE(code)", "This action code exists already.")
    _code_check = models.Constraint(
        "CHECK(code BETWEEN 1 AND 10)", "Action codes go from 1 to 10."
    )

    def _by_code(self):
        """{code: record} of all types."""
        return {kind.code: kind for kind in self.sudo().search([])}

import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

_CODE = re.compile(r"[A-Z0-9]{2,4}\.[0-9]{4}\Z")


class CmorFlowType(models.Model):
    """A kind of flow of the SII, known to the program by its stable ``key``.

    Only few codes are proved by public sources; the others are placeholders that an
    administrator corrects when the specification is at hand.
    """

    _name = "cmor.flow.type"
    _description = "Kind of flow"
    _order = "code, id"

    key = fields.Char(required=True, readonly=True)
    code = fields.Char(required=True, help="Service and flow code, e.g. SI1.0050.")
    name = fields.Char(required=True, translate=True)
    direction = fields.Selection(
        [
            ("out", "We send"),
            ("in", "We receive"),
            ("both", "Both ways"),
            ("none", "Neither"),
        ],
        required=True,
    )
    sender = fields.Char(translate=True)
    receiver = fields.Char(translate=True)
    status = fields.Selection(
        [
            ("proved", "Proved by a public source"),
            ("inferred", "Inferred from the SII conventions"),
            ("placeholder", "Placeholder: to be checked"),
        ],
        required=True,
        default="placeholder",
    )
    layout_ids = fields.One2many("cmor.flow.layout", "type_id", string="Layouts")

    _key_uniq = models.Constraint("UNIQUE(key)", "This kind of flow exists already.")

    @api.constrains("code", "direction")
    def _check_code(self):
        """A file received says its code: that must name one kind of flow only."""
        for flow in self.filtered(lambda f: f.direction != "none"):
            if not _CODE.match(flow.code):
                raise ValidationError(
                    self.env._(
                        "%(code)s: write service, a point and the four digits of the"
                        " flow, like SI1.0050.",
                        code=flow.code,
                    )
                )
            same = [("code", "=", flow.code), ("id", "!=", flow.id)]
            other = self.search(same, limit=1)
            if other:
                raise ValidationError(
                    self.env._(
                        "%(code)s is the code of %(name)s already: change that first.",
                        code=flow.code,
                        name=other.name,
                    )
                )

    def _split_code(self):
        """(service code, flow code) of e.g. "SI1.0050"."""
        self.ensure_one()
        service, _dot, flow = self.code.partition(".")
        return service, flow

from odoo import api, fields, models
from odoo.tools.translate import LazyTranslate

from ..rules.outcomes import POSTAL
from ..rules.postal import clean_code

_lt = LazyTranslate(__name__)

LABELS = {
    "RCV": _lt("Taken by the mail house"),
    "REJ": _lt("Refused by the mail house"),
    "ACC": _lt("Handed over to the post"),
    "ABS": _lt("Nobody there, a notice was left"),
    "STO": _lt("Waits at the post office"),
    "DEL": _lt("Delivered"),
    "DELO": _lt("Fetched at the post office"),
    "CG": _lt("Left at the post office until the end"),
    "REF": _lt("Refused by the addressee"),
    "UNK": _lt("Addressee unknown"),
    "MOV": _lt("Moved away"),
    "IRR": _lt("Untraceable"),
    "DEC": _lt("Deceased"),
    "ANE": _lt("The address does not exist"),
    "AIS": _lt("Address incomplete"),
    "AIN": _lt("Address wrong"),
    "ADDR": _lt("Address wrong or incomplete"),
    "NTR": _lt("Delivery not tried"),
    "LOS": _lt("Lost or stolen"),
    "DAM": _lt("Damaged"),
    "FOR": _lt("Force majeure"),
    "NRP": _lt("Nobody can tell"),
    "OTH": _lt("Other"),
}


class DunningPostalCode(models.Model):
    """What a code of a mail house means, in our words."""

    _name = "dunning.postal.code"
    _description = "Code of a mail house"
    _order = "provider_id, code"

    provider_id = fields.Many2one(
        "dunning.service.provider", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    code = fields.Char(
        string="Its code",
        required=True,
        help="Code of the event, or of its cause, or both with a plus sign between:"
        " RECRN002F+M03. The more precise one is taken.",
    )
    normalised = fields.Selection(
        "_selection_normalised", string="Meaning", required=True
    )
    note = fields.Char()

    _code_uniq = models.Constraint(
        "UNIQUE(provider_id, code)", "This code has a meaning already."
    )

    @api.model
    def _selection_normalised(self):
        return [(code, str(self.env._(LABELS[code]))) for code in POSTAL]

    @api.depends("code", "normalised")
    def _compute_display_name(self):
        labels = dict(self._selection_normalised())
        for row in self:
            row.display_name = f"{row.code}: {labels.get(row.normalised, '')}"

    @api.model_create_multi
    def create(self, vals_list):
        proposed = self.default_get(["code"]).get("code")
        rows = super().create(
            [
                {**vals, "code": clean_code(vals.get("code") or proposed)}
                for vals in vals_list
            ]
        )
        rows._explain()
        return rows

    def write(self, vals):
        if "code" in vals:
            vals = {**vals, "code": clean_code(vals["code"])}
        result = super().write(vals)
        self._explain()
        return result

    def _explain(self):
        """Events that nobody understood may be understood now."""
        self.env["dunning.postal.event"].sudo()._explain(self.provider_id)

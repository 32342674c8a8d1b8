from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..rules import prescription

ACT_KINDS = [
    (prescription.NOTICE, "Formal notice"),
    (prescription.ACKNOWLEDGEMENT, "Acknowledgement of the debt"),
    (prescription.PRECEPT, "Precept (atto di precetto)"),
    (prescription.LAWSUIT, "Lawsuit or injunction"),
    (prescription.WAIVER, "Waiver by the customer, time being over"),
]


class DunningPrescriptionAct(models.Model):
    """An act that interrupts prescription and is no notice of ours: with its proof.

    Formal notices that reached the customer count by themselves (``utility.notice``).
    """

    _name = "dunning.prescription.act"
    _description = "Act that interrupts prescription"
    _inherit = "dunning.withdrawn.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    # the proof may come later, and so does the end of a lawsuit
    _open_fields = frozenset({"attachment_ids", "until", "note"})

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    case_id = fields.Many2one(
        "dunning.case",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    move_ids = fields.Many2many(
        "account.move",
        "dunning_prescription_act_move_rel",
        "act_id",
        "move_id",
        string="Bills",
        check_company=True,
        help="Empty: all the bills of the case that were due by then.",
    )
    kind = fields.Selection(ACT_KINDS, required=True, tracking=True)
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="Day on which it reached who had to know of it.",
    )
    until = fields.Date(
        string="Final on",
        tracking=True,
        help="Of a lawsuit: the day the judgement or the injunction became final. Until"
        " then the time stands still.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_prescription_act_attachment_rel",
        "act_id",
        "attachment_id",
        string="Proofs",
    )
    has_proof = fields.Boolean(
        compute="_compute_has_proof",
        string="Proved",
        help="An act without proof moves no date.",
    )
    note = fields.Text()

    _dates_check = models.Constraint(
        "CHECK(until IS NULL OR until >= date)",
        "A lawsuit cannot be final before it began.",
    )

    @api.depends("attachment_ids")
    def _compute_has_proof(self):
        for act in self:
            act.has_proof = bool(act.attachment_ids)

    @api.depends("kind", "date", "case_id")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for act in self:
            act.display_name = f"{labels.get(act.kind, '')} {act.date or ''}".strip()

    @api.constrains("date", "until")
    def _check_not_ahead(self):
        today = fields.Date.context_today(self)
        for act in self:
            if max(filter(None, (act.date, act.until))) > today:
                raise ValidationError(
                    self.env._("What is recorded cannot lie in the future.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        acts = super().create(vals_list)
        acts.case_id._refresh_prescription()
        return acts

    def write(self, vals):
        if not self.env.su and "until" in vals and any(act.until for act in self):
            raise AccessError(self.env._("The day on which it became final is known."))
        result = super().write(vals)
        self.case_id._refresh_prescription()
        return result

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.utility_supply.models.guard import GUARD

from ..rules import writeoff as rules

KINDS = [
    (rules.PROCEDURE, "Insolvency procedure (procedura concorsuale)"),
    (rules.RESTRUCTURING, "Restructuring of debts, certified plan"),
    (rules.EXECUTION, "Seizure without result (esecuzione infruttuosa)"),
    (rules.UNTRACEABLE, "Debtor untraceable"),
    (rules.INHERITANCE, "Deceased, nobody inherits"),
    (rules.AGENCY, "Report of the collection agency"),
    (rules.COST, "Going on costs more than it brings"),
]


class DunningLossProof(models.Model):
    """A document that shows that nothing is to be had from a customer, kept as it is.

    What an agency or a court said is an outcome; for a loss its document is needed,
    with kind and day. Which kinds are enough: the numbers of the law
    (``writeoff_...``).
    """

    _name = "dunning.loss.proof"
    _description = "Proof that a credit is lost"
    _inherit = "dunning.withdrawn.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = ()

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
    )
    contract_id = fields.Many2one(
        "utility.contract",
        string="Supply contract",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain="[('partner_id', '=', partner_id)]",
        help="Empty: it is about all that the customer owes.",
    )
    kind = fields.Selection(KINDS, required=True, tracking=True)
    date = fields.Date(
        string="Day of the document",
        required=True,
        tracking=True,
        help="Of the judgement, the bailiff's record, the agency's report.",
    )
    reference = fields.Char(help="Court and number, protocol, number of the report.")
    cost = fields.Monetary(
        string="Cost of going on",
        help="What recovering would cost: has to be more than what is open.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_loss_proof_attachment_rel",
        "proof_id",
        "attachment_id",
        string="Documents",
        required=True,
    )
    note = fields.Text()

    @api.depends("kind", "date", "partner_id")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for proof in self.sudo():
            parts = (labels.get(proof.kind), proof.reference, proof.partner_id.name)
            proof.display_name = " - ".join(filter(None, parts))

    @api.constrains("date", "kind", "cost", "attachment_ids")
    def _check_whole(self):
        for proof in self:
            if proof.date > self.env["dunning.case"]._today(proof.company_id):
                raise ValidationError(
                    self.env._("What is recorded cannot lie in the future.")
                )
            if not proof.attachment_ids:
                raise ValidationError(
                    self.env._("Attach the document: without it nothing is proved.")
                )
            if proof.kind == rules.COST and proof.cost <= 0:
                raise ValidationError(
                    self.env._("Say what recovering the credit would cost.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        proofs = super().create(vals_list)
        for proof in proofs:
            proof._keep_files()
        return proofs

    def _keep_files(self):
        """The files belong to the document from now on: nobody changes them.

        Only what the user uploaded for it: the file of another record stays there.
        """
        files = self.attachment_ids
        files.check_access("read")
        for file in files.sudo():
            if file.res_id and (file.res_model, file.res_id) != (self._name, self.id):
                raise UserError(
                    self.env._(
                        "%(file)s belongs to another record: upload it again.",
                        file=file.name,
                    )
                )
        files.sudo().with_context(utility_guard=GUARD).write(
            {"res_model": self._name, "res_id": self.id}
        )


class DunningCase(models.Model):
    _inherit = "dunning.case"

    loss_proof_count = fields.Integer(
        compute="_compute_loss_proof_count",
        groups="creditbox_dunning.group_dunning_operator",
    )

    def _compute_loss_proof_count(self):
        for case in self:
            case.loss_proof_count = len(case._loss_proofs())

    def _loss_proofs(self):
        """The documents about the customer, or about this contract of his."""
        self.ensure_one()
        return self.env["dunning.loss.proof"].search(self._loss_proof_domain())

    def _loss_proof_domain(self):
        case = self.sudo()
        return [
            ("company_id", "=", case.company_id.id),
            ("partner_id", "=", case.partner_id.id),
            ("contract_id", "in", (False, case.contract_id.id)),
        ]

    def action_open_loss_proofs(self):
        """Smart button: the documents that show that nothing is to be had."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_loss_proof_action"
        )
        return {
            **action,
            "domain": self._loss_proof_domain(),
            "context": {
                "default_company_id": self.company_id.id,
                "default_partner_id": self.sudo().partner_id.id,
                "default_contract_id": self.sudo().contract_id.id,
            },
        }

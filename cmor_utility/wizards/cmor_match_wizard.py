from odoo import api, fields, models
from odoo.exceptions import UserError


class CmorMatchWizard(models.TransientModel):
    """Dialog: which of our contracts a notice is about, or which seller's customer."""

    _name = "cmor.match.wizard"
    _description = "Find the contract of a CMOR"

    practice_id = fields.Many2one("cmor.practice", required=True)
    match_reason = fields.Selection(related="practice_id.match_reason")
    point_code = fields.Char(related="practice_id.point_code")
    told_name = fields.Char(related="practice_id.told_name")
    told_fiscal_code = fields.Char(related="practice_id.told_fiscal_code")
    told_vat = fields.Char(related="practice_id.told_vat")
    notice_date = fields.Date(related="practice_id.notice_date")
    sector = fields.Selection(related="practice_id.sector")
    company_id = fields.Many2one(related="practice_id.company_id")
    can_be_sellers = fields.Boolean(related="practice_id.can_be_sellers")
    owner = fields.Selection(
        [
            ("ours", "Ours: one of our contracts"),
            ("seller", "A seller's, we are its UDD"),
        ],
        string="Whose customer",
        required=True,
        default="ours",
    )
    seller_ids = fields.Many2many(
        "cmor.counterpart", string="Sellers", compute="_compute_seller_ids"
    )
    counterpart_id = fields.Many2one(
        "cmor.counterpart", string="Seller", domain="[('id', 'in', seller_ids)]"
    )
    proposal_ids = fields.Many2many("utility.contract", compute="_compute_proposal_ids")
    contract_id = fields.Many2one(
        "utility.contract",
        domain="[('company_id', '=', company_id), ('service', '=', sector)]",
    )
    doubt = fields.Char(string="What does not agree", compute="_compute_doubt")
    note = fields.Char(string="Why it is right all the same")
    seller_note = fields.Char(string="How we know it")

    @api.depends("practice_id")
    def _compute_proposal_ids(self):
        for wizard in self:
            practice = wizard.practice_id.sudo()
            today = fields.Date.context_today(self)
            match = practice._find_matches(practice.company_id, today)[practice]
            found = [supply.key.id for supply in match.proposals[:20]]
            wizard.proposal_ids = self.env["utility.contract"].browse(found)

    @api.depends("practice_id")
    def _compute_seller_ids(self):
        for wizard in self:
            practice = wizard.practice_id
            wizard.seller_ids = practice.can_be_sellers and practice._sellers()

    @api.depends("contract_id")
    def _compute_doubt(self):
        for wizard in self:
            contract = wizard.contract_id.sudo()
            practice = wizard.practice_id.sudo()
            wizard.doubt = practice._match_doubt(contract) if contract else False

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if "contract_id" in fields and values.get("practice_id"):
            wizard = self.new({"practice_id": values["practice_id"]})
            # `ids`: those of the real records, the dialog is not one yet
            values["contract_id"] = next(iter(wizard.proposal_ids.ids), False)
        return values

    def action_apply(self):
        """Match the practice to the contract, or to the seller, chosen."""
        self.ensure_one()
        if self.owner == "seller":
            self.practice_id._match_seller_by_hand(
                self.counterpart_id, self.seller_note or ""
            )
            return {"type": "ir.actions.act_window_close"}
        if not self.contract_id:
            raise UserError(self.env._("Choose the contract."))
        self.practice_id._match_by_hand(self.contract_id, self.note or "")
        return {"type": "ir.actions.act_window_close"}

    def action_ask_cancel(self):
        """Not our customer: ask the SII to annul it."""
        self.ensure_one()
        return self.practice_id.action_ask_cancel_in()

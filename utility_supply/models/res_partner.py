from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_code = fields.Char(
        string="Billing code",
        copy=False,
        index="trigram",
        help="The customer's code in the billing system, unique in the company.",
    )
    dunning_mobile = fields.Char(
        string="Mobile for reminders", help="Where text messages about bills go."
    )
    legal_form = fields.Selection(
        [
            ("consumer", "Consumer"),
            ("micro_enterprise", "Micro-enterprise"),
            ("business", "Business"),
            ("public_body", "Public body"),
            ("condominium", "Condominium"),
        ]
    )
    pec_source = fields.Selection(
        [
            ("customer", "Given by the customer"),
            ("inipec", "INI-PEC"),
            ("inad", "INAD"),
            ("ipa", "IPA"),
        ],
        string="Source of the PEC",
    )
    direct_debit = fields.Boolean(string="Pays by direct debit")
    direct_debit_mandate = fields.Char(string="Mandate reference")
    utility_contract_ids = fields.One2many(
        "utility.contract", "partner_id", string="Supply contracts"
    )
    utility_contract_count = fields.Integer(
        string="Supplies",
        compute="_compute_utility_contract_count",
        groups="utility_supply.group_utility_user,account.group_account_invoice",
    )

    _billing_code_uniq = models.UniqueIndex(
        "(company_id, billing_code) WHERE billing_code IS NOT NULL",
        "A customer with this billing code exists already in the company.",
    )
    _billing_code_company = models.Constraint(
        "CHECK(billing_code IS NULL OR company_id IS NOT NULL)",
        "A customer with a billing code belongs to one company.",
    )

    def _compute_utility_contract_count(self):
        counts = dict(
            self.env["utility.contract"]._read_group(
                [("partner_id", "child_of", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            family = partner | partner.child_ids
            partner.utility_contract_count = sum(counts.get(p, 0) for p in family)

    @api.model
    def _phone_get_number_fields(self):
        # EXTENDS phone_validation: the mobile of the reminders comes first, so that
        # a text message about a bill goes where the customer asked for it
        return ["dunning_mobile", *super()._phone_get_number_fields()]

    def write(self, vals):
        # the only legal form that the class of a contract depends on
        is_body = vals.get("legal_form") == "public_body"
        changed = self.browse()
        if "legal_form" in vals:
            changed = self.filtered(
                lambda partner: (partner.legal_form == "public_body") != is_body
            )
        result = super().write(vals)
        if changed:
            contracts = self.env["utility.contract"].sudo()
            contracts.with_context(active_test=False).search(
                [("partner_id", "in", changed.ids)]
            )._refresh_suspendibility()
        return result

    def action_open_utility_contracts(self):
        """Smart button: the supplies of the customer and of its contacts."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "utility_supply.utility_contract_action"
        )
        return {
            **action,
            "domain": [("partner_id", "child_of", self.ids)],
            "context": {"default_partner_id": self.id},
        }

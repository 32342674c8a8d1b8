from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_is_zero, ormcache

CHARGE_KINDS = [
    ("cmor", "CMOR"),
    ("interest", "Late payment interest"),
    ("cost", "Recovery costs"),
    ("indemnity", "Indemnity"),
    ("refund", "Refund"),
    ("plan", "Payment plan"),
    ("writeoff", "Write-off"),
]
# what the billing system has to know, but is no document of ours
NEVER_INVOICED_KINDS = frozenset({"plan", "writeoff"})
# who confirms a charge, sends it or says that it is not due
DECIDING_GROUPS = (
    "account.group_account_invoice",
    "utility_supply.group_utility_admin",
)
# target state -> states it may be reached from
ALLOWED_SOURCES = {
    "draft": {"to_export"},
    "to_export": {"draft", "exported"},
    "exported": {"to_export"},
    "confirmed": {"to_export", "exported"},
    "invoiced": {"draft", "to_export"},
    "cancelled": {"draft", "to_export"},
}


class UtilityCharge(models.Model):
    """Something that has to appear on a customer's bill.

    The billing system is outside. By the company's choice a charge is exported to it
    and confirmed when a bill that carries it is acquired, or is invoiced in Odoo.
    Amounts are what the customer owes: negative for what we owe to him.
    """

    _name = "utility.charge"
    _description = "Charge to a customer"
    _inherit = ["utility.track.mixin", "utility.guarded.mixin"]
    _rec_name = "ref"
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"ref", "state", "mode", "export_id", "move_id"})
    # what an exported charge said can no longer be changed
    _frozen_fields = frozenset(
        {
            "company_id",
            "partner_id",
            "contract_id",
            "kind",
            "amount",
            "date",
            "description",
            "tax_note",
            "tax_ids",
            "origin",
        }
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    ref = fields.Char(
        string="Reference", required=True, readonly=True, copy=False, default="/"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, check_company=True
    )
    contract_id = fields.Many2one(
        "utility.contract", index="btree_not_null", check_company=True
    )
    kind = fields.Selection(CHARGE_KINDS, required=True)
    amount = fields.Monetary(required=True, help="Negative when we owe the customer.")
    date = fields.Date(required=True, default=fields.Date.context_today)
    description = fields.Char(required=True)
    tax_note = fields.Char(
        string="Tax treatment", help="As the billing system has to treat it, in words."
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        help="Used when the charge is invoiced in Odoo.",
    )
    mode = fields.Selection(
        [("billing", "Through the billing system"), ("odoo", "Invoiced in Odoo")],
        required=True,
        readonly=True,
        copy=False,
        default="billing",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_export", "To export"),
            ("exported", "Exported"),
            ("confirmed", "Confirmed by a bill"),
            ("invoiced", "Invoiced"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
    )
    export_id = fields.Many2one(
        "utility.charge.export",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="The bill that confirms the charge, or the invoice made for it.",
    )
    origin = fields.Reference(
        selection="_selection_origin",
        copy=False,
        help="The case, practice or plan that the charge comes from.",
    )

    _ref_uniq = models.Constraint(
        "UNIQUE(company_id, ref)", "A charge with this reference exists already."
    )
    _amount_check = models.Constraint(
        "CHECK(amount <> 0)", "A charge of zero is no charge."
    )
    _origin_idx = models.Index("(origin) WHERE origin IS NOT NULL")

    @api.model
    @ormcache("self.env.lang")
    def _selection_origin(self):
        # asked for each charge that is made: the models change only with the registry
        models_ = self.env["ir.model"].sudo().search([("transient", "=", False)])
        return [(model.model, model.name) for model in models_]

    @api.model_create_multi
    def create(self, vals_list):
        self._check_guarded_create(vals_list)
        companies, sequences = self.env["res.company"].sudo(), {}
        for vals in vals_list:
            company = companies.browse(vals.get("company_id") or self.env.company.id)
            if company not in sequences:
                sequences[company] = self._sequence_of(company)
            vals["ref"] = sequences[company].next_by_id()
            vals["mode"] = company.utility_charge_mode
            vals.setdefault("currency_id", company.currency_id.id)
        charges = super(UtilityCharge, self._guarded()).create(vals_list)
        return charges.with_env(self.env)

    @api.model
    def _sequence_of(self, company):
        """The sequence that numbers the charges of ``company``: its own, else the
        common one, as `ir.sequence` chooses by code."""
        sequence = self.env["ir.sequence"].with_company(company).sudo()
        return sequence.search(
            [
                ("code", "=", "utility.charge"),
                ("company_id", "in", (company.id, False)),
            ],
            order="company_id",
            limit=1,
        )

    def write(self, vals):
        if (
            self._frozen_fields & set(vals)
            and not self._is_guard_open()
            and any(charge.state not in ("draft", "to_export") for charge in self)
        ):
            raise UserError(
                self.env._("A charge that has left draft and export is not edited.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(charge.state not in ("draft", "cancelled") for charge in self):
            raise UserError(self.env._("Only a draft or cancelled charge is deleted."))

    # --- transitions ---------------------------------------------------------

    def action_confirm(self):
        """Button: the charge is right, let it go to billing."""
        self._check_may_decide()
        if any(charge.mode != "billing" for charge in self):
            raise UserError(
                self.env._("These charges are invoiced in Odoo, not exported.")
            )
        self._set_state("to_export")

    def action_back_to_draft(self):
        """Button: take a charge back before it is exported."""
        self._check_may_decide()
        self._set_state("draft")

    def action_cancel(self):
        """Button: the charge is not due."""
        self._check_may_decide()
        self._set_state("cancelled")

    def action_export(self):
        """Button and list action: one export file per company."""
        self._check_may_decide()
        exports = self.env["utility.charge.export"]._export(self)
        return exports._get_records_action(name=self.env._("Charge exports"))

    def action_export_again(self):
        """Button: the billing system lost the file, the charge waits again."""
        self._check_may_decide()
        if any(charge.state != "exported" for charge in self):
            raise UserError(self.env._("Only what was exported is exported again."))
        self._set_state("to_export", export_id=False)

    def action_invoice(self):
        """Button: invoice these charges in Odoo, one document per customer."""
        self._check_may_decide()
        moves = self._create_invoices()
        return moves._get_records_action(name=self.env._("Invoices"))

    @api.model
    def _may_decide(self):
        """Whether who is at work confirms and cancels charges."""
        return self.env.su or any(map(self.env.user.has_group, DECIDING_GROUPS))

    def _check_may_decide(self):
        self.check_access("write")
        if not self._may_decide():
            raise AccessError(self.env._("You may read charges, not decide on them."))

    def _set_state(self, state, **extra):
        """Move to ``state``; what is there already is left alone, the rest must be
        in one of the allowed sources, else UserError and nothing changes."""
        todo = self.filtered(lambda charge: charge.state != state)
        wrong = todo.filtered(lambda c: c.state not in ALLOWED_SOURCES[state])
        if wrong:
            states = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(refs)s cannot become %(state)s.",
                    refs=", ".join(wrong.mapped("ref")),
                    state=states[state],
                )
            )
        todo._guarded().write({"state": state, **extra})
        return todo

    # --- confirmation by a bill ----------------------------------------------

    @api.model
    def _confirm_from_bill(self, move, refs):
        """The acquired bill ``move`` says it carries the charges ``refs``.

        :param refs: iterable of references; those of other companies do not count
        :return: list of the references that no charge of the company answers to, or
            that belong to another customer or to a charge that cannot be confirmed
        """
        refs = list(dict.fromkeys(ref.strip() for ref in refs if ref and ref.strip()))
        found = self.sudo().search(
            [("company_id", "=", move.company_id.id), ("ref", "in", refs)]
        )
        good = found.filtered(
            lambda charge: (
                charge.partner_id.commercial_partner_id == move.commercial_partner_id
                and (
                    charge.state in ALLOWED_SOURCES["confirmed"]
                    or (charge.state == "confirmed" and charge.move_id == move)
                    # a credit note that names what it gives back carries no charge
                    or (move.move_type != "out_refund" and charge._is_bill_credited())
                )
            )
        )
        again = good.filtered(lambda c: c.state == "confirmed" and c.move_id != move)
        good._set_state("confirmed", move_id=move.id)
        if again:
            again._bill_again(move)
        return [ref for ref in refs if ref not in set(good.mapped("ref"))]

    def _is_bill_credited(self):
        """Whether the bill that carried it was credited in full: a new one may."""
        return (
            self.state == "confirmed"
            and self.amount > 0
            and self.move_id.payment_state == "reversed"
        )

    def _bill_again(self, move):
        """Their bill was credited in full and made again: ``move`` carries them now."""
        self._guarded().write({"move_id": move.id})

    # --- invoicing in Odoo ---------------------------------------------------

    def _create_invoices(self):
        todo = self.filtered(lambda c: c.mode == "odoo" and c.state == "draft")
        if not todo or todo != self:
            raise UserError(
                self.env._("Choose draft charges that are invoiced in Odoo.")
            )
        if any(charge.kind in NEVER_INVOICED_KINDS for charge in todo):
            raise UserError(
                self.env._("Payment plans and write-offs are not invoiced.")
            )
        moves = self.env["account.move"]
        groups = todo.grouped(
            lambda c: (c.company_id, c.partner_id, c.contract_id, c.currency_id)
        )
        for charges in groups.values():
            move = moves.create(charges._prepare_invoice_vals())
            charges._set_state("invoiced", move_id=move.id)
            moves |= move
        return moves

    def _prepare_invoice_vals(self):
        """Values of one draft document of these charges (same customer)."""
        total = sum(self.mapped("amount"))
        if float_is_zero(total, precision_rounding=self.currency_id.rounding):
            raise UserError(self.env._("These charges cancel each other out."))
        sign = 1 if total > 0 else -1
        return {
            "move_type": "out_invoice" if total > 0 else "out_refund",
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "utility_contract_id": self.contract_id.id,
            "invoice_line_ids": [
                fields.Command.create(
                    {
                        "name": f"{charge.ref} {charge.description}",
                        "quantity": 1,
                        "price_unit": sign * charge.amount,
                        "tax_ids": [fields.Command.set(charge.tax_ids.ids)],
                    }
                )
                for charge in self
            ],
        }

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_compare

from .dunning_cost_tariff import COST_KINDS

LEFT = ("exported", "confirmed", "invoiced")


class UtilityCharge(models.Model):
    """What a recovery case proposes to charge: interest, costs, and their return.

    A proposal is a draft: an accountant confirms it. Given up only with approval; when
    the bill behind it is credited it is cancelled, or given back if it has left.
    """

    _inherit = "utility.charge"

    _guarded_fields = frozenset(
        {
            "dunning_case_id",
            "dunning_line_id",
            "dunning_cost_kind",
            "dunning_action_id",
            "dunning_tariff_id",
            "dunning_reverses_id",
            "dunning_is_dropped",
            "waiver_state",
            "waiver_request_id",
        }
    )

    dunning_case_id = fields.Many2one(
        "dunning.case",
        string="Recovery case",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    dunning_line_id = fields.Many2one(
        "account.move.line",
        string="Receivable",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    dunning_bill_id = fields.Many2one(
        related="dunning_line_id.move_id", string="Overdue bill"
    )
    dunning_cost_kind = fields.Selection(
        COST_KINDS, string="Cost", readonly=True, copy=False
    )
    dunning_action_id = fields.Many2one(
        "dunning.action",
        string="Step",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    dunning_tariff_id = fields.Many2one(
        "dunning.cost.tariff",
        string="Permission",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The row that lets this cost be asked, with its source.",
    )
    dunning_reverses_id = fields.Many2one(
        "utility.charge",
        string="Gives back",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    dunning_is_dropped = fields.Boolean(
        string="Cancelled by a person",
        readonly=True,
        copy=False,
        help="Not proposed again by itself; a person may propose it again.",
    )
    stretch_ids = fields.One2many(
        "dunning.interest.stretch", "charge_id", string="Days of interest"
    )
    waiver_state = fields.Selection(
        [
            ("requested", "Waiver requested"),
            ("approved", "Waived"),
            ("refused", "Waiver refused"),
        ],
        string="Waiver",
        readonly=True,
        copy=False,
    )
    waiver_request_id = fields.Many2one(
        "dunning.approval.request",
        string="Request to waive",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    # a cost is charged once, also when two people propose it at the same moment; what
    # was waived stays waived
    _dunning_step_once = models.UniqueIndex(
        "(dunning_action_id, dunning_cost_kind) WHERE dunning_action_id IS NOT NULL"
        " AND dunning_reverses_id IS NULL"
        " AND (state <> 'cancelled' OR waiver_state = 'approved')",
        "This cost of this step has been charged already.",
    )
    _dunning_flat_once = models.UniqueIndex(
        "(dunning_line_id, dunning_cost_kind) WHERE dunning_cost_kind = 'flat'"
        " AND dunning_reverses_id IS NULL"
        " AND (state <> 'cancelled' OR waiver_state = 'approved')",
        "The flat sum of this bill has been charged already.",
    )
    _dunning_reverse_once = models.UniqueIndex(
        "(dunning_reverses_id) WHERE dunning_reverses_id IS NOT NULL"
        " AND state <> 'cancelled'",
        "This charge has been given back already.",
    )

    def _set_state(self, state, **extra):
        # EXTENDS utility_supply: days that are not charged after all are free again
        if state == "cancelled" and any(self.sudo().mapped("dunning_reverses_id")):
            raise UserError(
                self.env._(
                    "What gives a charge back is not cancelled: its days could be"
                    " charged twice."
                )
            )
        changed = super()._set_state(state, **extra)
        if state == "cancelled":
            changed.sudo()._dunning_free_days()
        return changed

    def _dunning_free_days(self):
        """The days of these charges may be charged again; those waived stay waived.

        Only interest has days: of the others nothing is looked for.
        """
        own = self.filtered(
            lambda c: c.kind == "interest" and c.waiver_state != "approved"
        )
        if own:
            live = [("charge_id", "in", own.ids), ("state", "!=", "reversed")]
            days = self.env["dunning.interest.stretch"].search(live)
            days._guarded().write({"state": "reversed"})

    def action_cancel(self):
        # EXTENDS utility_supply: a person decided, the night does not insist
        result = super().action_cancel()
        own = self.filtered("dunning_case_id")
        own._guarded().write({"dunning_is_dropped": True})
        return result

    def write(self, vals):
        # the days of a charge and its sum belong together
        if "amount" in vals and not self._is_guard_open() and self.sudo().stretch_ids:
            raise UserError(
                self.env._(
                    "Interest is the sum of its days: cancel the charge, or ask to"
                    " waive it."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_case(self):
        if any(charge.dunning_case_id for charge in self.sudo()):
            raise UserError(
                self.env._("A charge of a recovery case is cancelled, not deleted.")
            )

    # --- giving back -----------------------------------------------------------

    def _dunning_give_back(self, why):
        """Undo these charges: cancelled where they have not left, else the opposite
        charge, a draft to confirm. Returns the opposite charges."""
        charges = self.sudo()
        waiting = charges.filtered(lambda c: c.state in ("draft", "to_export"))
        gone = charges.filtered(lambda c: c.state in LEFT)
        given = set(self._dunning_given_back(gone).ids)
        waiting._set_state("cancelled")
        for charge in waiting:
            charge._message_log(body=why)
        back = self._dunning_create(
            [
                {
                    **charge._dunning_opposite_vals(),
                    "description": f"{why} ({charge.ref})",
                }
                for charge in gone
                if charge.id not in given
            ]
        )
        gone._dunning_free_days()
        return back

    @api.model
    def _dunning_given_back(self, charges):
        back = self.sudo().search(
            [
                ("dunning_reverses_id", "in", charges.ids),
                ("state", "!=", "cancelled"),
            ]
        )
        return back.dunning_reverses_id

    def _dunning_opposite_vals(self):
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "partner_id": self.partner_id.id,
            "contract_id": self.contract_id.id,
            "kind": self.kind,
            "amount": -self.amount,
            "date": self.env["dunning.case"]._today(self.company_id),
            "tax_note": self.tax_note,
            "tax_ids": [fields.Command.set(self.tax_ids.ids)],
            "origin": f"{self.dunning_case_id._name},{self.dunning_case_id.id}"
            if self.dunning_case_id
            else False,
            "dunning_case_id": self.dunning_case_id.id,
            "dunning_line_id": self.dunning_line_id.id,
            "dunning_cost_kind": self.dunning_cost_kind,
            "dunning_action_id": self.dunning_action_id.id,
            "dunning_tariff_id": self.dunning_tariff_id.id,
            "dunning_reverses_id": self.id,
        }

    @api.model
    def _dunning_create(self, vals_list):
        """Drafts made by the program: guarded values included."""
        charges = self.sudo()._guarded().create(vals_list)
        return self.sudo().browse(charges.ids)

    # --- waiver ----------------------------------------------------------------

    def ask_dunning_waiver(self, reason):
        """Ask to give up these charges of a case; somebody else answers.

        :raise UserError: what is no charge of a case, was given back or asked already
        """
        if not self.env.user.has_group("creditbox_dunning.group_dunning_operator"):
            raise AccessError(self.env._("Only who recovers debts asks to waive them."))
        self.check_access("read")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why it is waived."))
        charges = self.sudo()
        given = self._dunning_given_back(charges)
        for charge in charges:
            if (
                not charge.dunning_case_id
                or charge.kind not in ("interest", "cost")
                or float_compare(charge.amount, 0, precision_digits=2) <= 0
                or charge.state == "cancelled"
                or charge.waiver_state in ("requested", "approved")
                or charge in given
            ):
                raise UserError(self.env._("%(ref)s cannot be waived.", ref=charge.ref))
        facts = charges._approval_facts()
        requests = self.env["dunning.approval.request"]
        for charge in charges:
            request = requests._ask(
                charge,
                "charge_waiver",
                charge.amount,
                facts=facts[charge.id],
                note=reason,
                case=charge.dunning_case_id,
            )
            charge._guarded().write(
                {"waiver_state": "requested", "waiver_request_id": request.id}
            )
        return True

    def _approval_facts(self):
        """{id: what the answer is about}: when it changes the request lapses."""
        return {
            charge.id: {
                "charge": charge.ref,
                "case": charge.dunning_case_id.id,
                "amount": f"{charge.amount:.2f}",
            }
            for charge in self.sudo()
        }

    def _on_approved(self, requests):
        asked = self.sudo().filtered(lambda c: c.waiver_state == "requested")
        asked._guarded().write({"waiver_state": "approved"})
        asked.stretch_ids.filtered(lambda s: s.state == "charged")._guarded().write(
            {"state": "waived"}
        )
        asked._dunning_give_back(self.env._("Waived"))

    def _on_refused(self, requests):
        asked = self.sudo().filtered(lambda c: c.waiver_state == "requested")
        asked._guarded().write({"waiver_state": "refused"})

    def _on_lapsed(self, requests):
        asked = self.sudo().filtered(lambda c: c.waiver_state == "requested")
        asked._guarded().write({"waiver_state": False})


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS: charges of a case may be waived
        return super()._approvable_models() | {"utility.charge"}

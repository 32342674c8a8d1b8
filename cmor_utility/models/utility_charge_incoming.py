from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.utility_charge import UtilityCharge as Charge

from .cmor_practice_settling import SETTLED_LATER


class UtilityCharge(models.Model):
    """A charge that comes from an incoming practice."""

    _inherit = "utility.charge"

    cmor_practice_id = fields.Many2one(
        "cmor.practice",
        string="CMOR practice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        groups="cmor_utility.group_cmor_user,account.group_account_invoice",
    )
    cmor_entry_id = fields.Many2one(
        "account.move",
        string="CMOR entry",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        groups="cmor_utility.group_cmor_user,account.group_account_invoice",
        help="Moves the CMOR from where the bill was entered to the transit account.",
    )

    _guarded_fields = Charge._guarded_fields | {"cmor_practice_id", "cmor_entry_id"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cmor(self):
        if self.sudo().cmor_practice_id:
            raise UserError(
                self.env._("A charge of a CMOR practice is cancelled, not deleted.")
            )

    def _set_state(self, state, **extra):
        # EXTENDS utility_supply: the practice follows its charge
        changed = super()._set_state(state, **extra)
        mine = changed.sudo().filtered("cmor_practice_id")
        if mine:
            if state == "confirmed":
                mine._enter_in_transit()
            if self.env.context.get("cmor_settled") is not SETTLED_LATER:
                mine.cmor_practice_id._settle(fields.Date.context_today(self))
        return changed

    def _bill_again(self, move):
        # EXTENDS utility_supply: the practice follows its charge
        result = super()._bill_again(move)
        self.sudo().cmor_practice_id._settle(fields.Date.context_today(self))
        return result

    def _prepare_invoice_vals(self):
        # EXTENDS utility_supply: the CMOR is no revenue of ours
        vals = super()._prepare_invoice_vals()
        for charge, command in zip(self, vals["invoice_line_ids"], strict=True):
            practice = charge.sudo().cmor_practice_id
            if practice:
                company = charge.company_id
                company._cmor_setup_books()
                command[2].update(
                    account_id=company.sudo().cmor_transit_account_id.id,
                    cmor_practice_id=practice.id,
                )
        return vals

    def _enter_in_transit(self):
        """The billing system put the CMOR among its own rows: move it to transit.

        Only where the company keeps a transit account; once for each charge.
        """
        todo = self.filtered(
            lambda c: c.company_id.cmor_transit_account_id and not c.cmor_entry_id
        )
        for company, charges in todo.grouped("company_id").items():
            company._cmor_setup_books()
            moves = (
                self.env["account.move"]
                .sudo()
                .with_company(company)
                .create([charge._prepare_transit_entry() for charge in charges])
            )
            for charge, move in zip(charges, moves, strict=True):
                charge._guarded().write({"cmor_entry_id": move.id})
            moves.action_post()

    def _leave_transit(self, today):
        """The bills that carried these charges were credited in full: what was moved to
        transit goes back to where the credit note has entered it.

        :param date today: day of the entries
        """
        for company, charges in self.grouped("company_id").items():
            entries = charges.cmor_entry_id
            # first: what is posted below settles the practices again
            charges._guarded().write({"cmor_entry_id": False})
            day = company._utility_accounting_date(today)
            entries.with_company(company)._reverse_moves(
                [{"date": day, "ref": entry.ref} for entry in entries], cancel=True
            )

    def _prepare_transit_entry(self):
        company = self.company_id
        counter = company._utility_bill_account()
        day = self.move_id.invoice_date or fields.Date.context_today(self)
        common = {
            "name": f"{self.ref} CMOR {self.cmor_practice_id.sii_code or ''}",
            "partner_id": self.partner_id.commercial_partner_id.id,
        }
        lines = [
            {**common, "account_id": counter.id, "balance": self.amount},
            {
                **common,
                "account_id": company.cmor_transit_account_id.id,
                "balance": -self.amount,
                "cmor_practice_id": self.cmor_practice_id.id,
            },
        ]
        return {
            "move_type": "entry",
            "company_id": company.id,
            "journal_id": company.cmor_journal_id.id,
            "date": company._utility_accounting_date(day),
            "ref": self.ref,
            "line_ids": [fields.Command.create(line) for line in lines],
        }

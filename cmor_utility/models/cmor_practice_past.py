from odoo import fields, models
from odoo.exceptions import UserError

from ..rules import lifecycle

# it was on a bill before the program
TOLD_STATES = ("charged", "collected", "uncollected", "carried", "reported", "closed")
# how it ended, as a person says -> the state that says so
ENDS = {"collected": "collected", "lost": "uncollected"}


class CmorPractice(models.Model):
    """Practices of the past, loaded from a file: what the file told is all there is.

    An incoming one that was billed before the program, by a bill that the file does not
    name, moves by nothing: a person names the bill, or says how it ended.
    """

    _inherit = "cmor.practice"

    loaded_values = fields.Json(
        readonly=True, copy=False, help="What a file of the past said of it."
    )
    is_only_told = fields.Boolean(
        string="Bill not known",
        readonly=True,
        copy=False,
        help="Billed before the program, by a bill that nobody has named.",
    )

    def _past_charge(self, bill, day):
        """Values of the charge that ``bill`` carries since before the program."""
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "contract_id": self.contract_id.id,
            "kind": "cmor",
            "amount": self.indemnity,
            "date": day,
            "description": self._charge_text("cmor"),
            "origin": f"{self._name},{self.id}",
            "cmor_practice_id": self.id,
            "state": "confirmed",
            "move_id": bill.id,
        }

    def _is_only_told(self, money):
        """Billed before the program, by a bill that nobody has named: the state that
        the file told is all there is."""
        return bool(
            money.state in TOLD_STATES
            and not money.bills
            and not money.pending
            and self.loaded_values
        )

    def _next_step(self):
        # EXTENDS: nothing of it moves by itself
        if self.is_only_told and self.state not in ("reported", "closed"):
            return "say_past", {}, False
        return super()._next_step()

    # --- actions ----------------------------------------------------------------

    def action_say_past(self):
        """Button: dialog that names the bill, or says how it ended."""
        self.ensure_one()
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.past.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Billed before the program"),
            "context": {"default_practice_id": self.id},
        }

    # --- business ---------------------------------------------------------------

    def _check_only_told(self):
        self.ensure_one()
        self._check_may_operate()
        practice = self.sudo()
        practice._lock_for_money()
        practice._settle(fields.Date.context_today(self))
        if not practice.is_only_told or practice.state == "closed":
            raise UserError(
                self.env._(
                    "%(name)s: its bill is known, or it is closed.",
                    name=practice.display_name,
                )
            )
        return practice

    def _name_past_bill(self, bill):
        """A person names the bill that has carried it since before the program.

        :param bill: account.move, a posted bill of the same customer
        :raise UserError: its bill is known, or this is none of the customer's
        """
        practice = self._check_only_told()
        bill = bill.sudo()
        if (
            bill.move_type != "out_invoice"
            or bill.state != "posted"
            or bill.company_id != practice.company_id
            or bill.commercial_partner_id != practice.partner_id.commercial_partner_id
        ):
            raise UserError(
                self.env._("Choose a bill of this customer that is in the books.")
            )
        day = bill.invoice_date or bill.date
        charges = self.env["utility.charge"].sudo()
        charges._guarded().create([practice._past_charge(bill, day)])
        practice._log("past_bill", lambda p: {"bill": bill.billing_ref or bill.name})
        practice._settle(fields.Date.context_today(self))

    def _end_past(self, outcome, note):
        """No bill here carries it: a person says how it ended, and it is closed.

        What was to be reported of it was reported before the program, or is told on the
        portal: no figure of it is known here.

        :param str outcome: a key of ENDS
        :param str note: where that is known from
        """
        practice = self._check_only_told()
        note = (note or "").strip()
        if outcome not in ENDS or not note:
            raise UserError(
                self.env._("Say how it ended, and write where you know it from.")
            )
        ways = lifecycle.deemed_path(
            practice.side, practice.state, ENDS[outcome], ("charged", "uncollected")
        )
        for state in () if practice.state in (ENDS[outcome], "reported") else ways:
            practice._move_to(state)
        if practice.state != "reported":
            practice._move_to("reported")
        practice._move_to("closed", "past_ended", {"note": note})
        practice._settle(fields.Date.context_today(self))
        practice._set_next()

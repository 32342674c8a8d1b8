from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import flush_changed

from ..rules.incoming_money import BILLABLE
from .cmor_practice_facts import _cents
from .cmor_practice_settling import SETTLED_LATER

# what is unpaid of it is still unpaid after the SII was told so
UNPAID_STATES = ("uncollected", "carried", "reported", "closed")


class CmorPractice(models.Model):
    """Incoming side: the CMOR on the customer's bill, and back to him."""

    _inherit = "cmor.practice"

    accepted_difference = fields.Monetary(readonly=True, copy=False)
    has_difference = fields.Boolean(
        string="Difference to be checked",
        compute="_compute_has_difference",
        search="_search_has_difference",
    )

    # --- actions ----------------------------------------------------------------

    def action_charge_customer(self):
        """Button of an operator: put the CMOR on the next bill of these customers.

        :raise UserError: with all the reasons why one of them may not be charged
        """
        self._check_may_operate()
        today = fields.Date.context_today(self)
        practices = self.sudo()
        practices._lock_for_money()
        practices._settle(today)
        reasons = [
            f"{practice.display_name}: {why}"
            for practice in practices
            if (why := practice._cannot_charge_reason())
        ]
        if reasons:
            raise UserError("\n".join(reasons))
        practices._make_charges("cmor", lambda p: p.to_bill_amount, today)

    def action_refund_customer(self):
        """Button of an operator: give back what the customer was billed too much."""
        self._check_may_operate()
        today = fields.Date.context_today(self)
        practices = self.sudo()
        practices._lock_for_money()
        practices._settle(today)
        wrong = practices.filtered(lambda p: p.return_amount <= 0)
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: nothing is to be given back.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        practices._make_charges("refund", lambda p: -p.return_amount, today)

    def action_accept_difference(self, note):
        """The network charged another amount than the SII says: a person accepts it.

        :param str note: why
        """
        self._check_may_operate()
        if not (note or "").strip():
            raise UserError(self.env._("Write why the difference is accepted."))
        for practice in self.sudo():
            practice._update({"accepted_difference": practice.network_difference})
        self.sudo()._log("difference_accepted", lambda p: {"note": note.strip()})
        self.sudo()._set_next()

    @api.depends("network_difference", "accepted_difference", "is_annulled")
    def _compute_has_difference(self):
        for practice in self:
            # annulled: the network gives it back, there is nothing to decide
            practice.has_difference = bool(
                not practice.is_annulled
                and practice.network_difference
                and _cents(practice.network_difference)
                != _cents(practice.accepted_difference)
            )

    def _search_has_difference(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = self.env.execute_query(
            self._search(
                Domain("side", "=", "incoming")
                & Domain("is_annulled", "=", False)
                & (
                    Domain("network_difference", ">", 0)
                    | Domain("network_difference", "<", 0)
                )
            ).select("id", "network_difference", "accepted_difference")
        )
        ids = [row[0] for row in rows if row[1] != (row[2] or 0)]
        return Domain("id", "in" if True in value else "not in", ids)

    def action_accept_difference_dialog(self):
        """Button: dialog that asks why."""
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.difference.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Accept the difference"),
            "context": {"default_practice_ids": self.ids},
        }

    def action_open_bill(self):
        """Smart button: the bill that carries the CMOR."""
        self.ensure_one()
        return self.customer_bill_id._get_records_action()

    # --- guards -----------------------------------------------------------------

    def _lock_for_money(self):
        """Two users who press the button at once make one charge."""
        if self.try_lock_for_update() != self:
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        self.invalidate_recordset()

    def _cannot_charge_reason(self):
        """Why the customer may not be charged; False when he may."""
        self.ensure_one()
        if self.side != "incoming" or self.state not in BILLABLE:
            return self.env._("the network has not charged it, or it does not run.")
        if self.has_difference:
            return self.env._(
                "the network charged another amount than the SII says: accept the"
                " difference or have it corrected first."
            )
        if self.to_bill_amount <= 0:
            return self.env._("nothing is left to be charged.")
        return False

    # --- business ---------------------------------------------------------------

    def _make_charges(self, kind, amount, today):
        """A charge for each practice, ready to go to billing.

        :param amount: function practice -> float, negative for a refund
        """
        charges = self.env["utility.charge"].sudo()
        vals_list = [
            {
                "company_id": practice.company_id.id,
                "partner_id": practice.partner_id.id,
                "contract_id": practice.contract_id.id,
                "kind": kind,
                "amount": amount(practice),
                "date": today,
                "description": practice._charge_text(kind),
                "tax_note": practice.company_id._cmor_tax_note(),
                "tax_ids": [
                    fields.Command.set(practice.company_id.cmor_charge_tax_id.ids)
                ],
                "origin": f"{practice._name},{practice.id}",
                "cmor_practice_id": practice.id,
            }
            for practice in self
        ]
        made = charges._guarded().create(vals_list)
        made = charges.browse(made.ids)
        made.filtered(lambda charge: charge.mode == "billing")._set_state("to_export")
        # of the charge itself: what is left to be charged is nothing by now
        told = {charge.cmor_practice_id: charge for charge in made}
        self._log(
            "charge_made" if kind == "cmor" else "refund_made",
            lambda p: {
                "amount": _cents(abs(told[p].amount)),
                "ref": told[p].ref or "-",
            },
        )
        self._settle(today)
        return made

    def _charge_text(self, kind):
        self.ensure_one()
        company = self.company_id
        if kind == "refund":
            return company._cmor_refund_text()
        return company._cmor_charge_text()

    def _stop_pending_charges(self):
        """Annulled or lowered: take back the charges that have not left yet.

        A charge that billing has got, or that is on a draft invoice, stays: it is
        confirmed first and given back then. The caller settles the money afterwards.
        """
        charges = self.env["utility.charge"].search(
            Domain("cmor_practice_id", "in", self.ids)
            & Domain("state", "in", ("draft", "to_export"))
            & Domain("amount", ">", 0)
        )
        charges.with_context(cmor_settled=SETTLED_LATER)._set_state("cancelled")
        # who settles asks for them at once, and has them written a hundred at a time
        flush_changed(charges)

    def _log(self, kind, params, file=None):
        event = self.env["cmor.practice.event"]
        event._append(
            [
                event._prepare_vals(practice, kind, params(practice), file=file)
                for practice in self
            ]
        )

    # --- previous CMOR ----------------------------------------------------------

    def _open_for(self, contracts, today):
        # EXTENDS: a CMOR of another seller that this customer left unpaid
        created = super()._open_for(contracts, today)
        incoming = self.sudo().search(
            Domain("side", "=", "incoming")
            & Domain("contract_id", "in", contracts.ids)
            & Domain("state", "in", UNPAID_STATES)
        )
        incoming._settle(today)
        incoming._settle_previous()
        return created

    def _settle_previous(self):
        """Propose the unpaid CMOR as the previous one of our own claim.

        Only as long as nothing has left, and never over what a person typed in.
        """
        ended = self.filtered(
            lambda p: (
                p.contract_id.end_reason == "switch_out"
                and (p.billed_amount or p.network_amount)
            )
        )
        if not ended:
            return
        claims = self.sudo().search(
            Domain("side", "=", "outgoing")
            & Domain("contract_id", "in", ended.contract_id.ids)
            & Domain("state", "in", ("candidate", "blocked", "ready"))
            & Domain("prev_by_hand", "=", False)
        )
        mine = ended.grouped("contract_id")
        changed = claims.browse()
        for claim in claims:
            found = mine[claim.contract_id]
            carried = found.filtered(
                lambda p: (
                    p.state in UNPAID_STATES and p.open_amount > 0 and not p.is_annulled
                )
            )
            last = carried.sorted("id")[-1:]
            amount = sum(carried.mapped("open_amount"))
            if claim.prev_sii_code and claim.prev_sii_code not in found.mapped(
                "sii_code"
            ):
                continue
            if claim.currency_id.compare_amounts(claim.prev_cmor_amount, amount):
                claim._update(
                    {
                        "prev_cmor_amount": amount,
                        "prev_sii_code": last.sii_code or False,
                    }
                )
                changed |= claim
        if changed:
            changed._log(
                "prev_proposed",
                lambda p: {
                    "amount": p.prev_cmor_amount,
                    "code": p.prev_sii_code or "-",
                },
            )
            changed._evaluate(fields.Date.context_today(self))

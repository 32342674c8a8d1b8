from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.rules.workdays import add_working_days

from ..rules import lifecycle, receipts
from ..rules.messages import Word
from .cmor_practice_facts import _cents


class CmorPractice(models.Model):
    """The money of the claim: what CSEA paid, what of it is the customer's."""

    _inherit = "cmor.practice"

    receipt_ids = fields.One2many("cmor.receipt", "practice_id", string="Receipts")
    received_amount = fields.Monetary(
        string="Received", readonly=True, copy=False, help="Paid by CSEA, in the books."
    )
    excess_amount = fields.Monetary(
        string="Excess",
        readonly=True,
        copy=False,
        help="Received beyond the debt of the customer: owed to him (TISIND 2.4).",
    )
    paid_on = fields.Date(string="Paid by CSEA on", readonly=True, copy=False)
    money_due = fields.Date(
        string="Return or report by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Last day to return the money to the customer, or to tell the SII.",
    )

    # --- actions ----------------------------------------------------------------

    def action_enter_receipts(self):
        """Menu and button: match a payment of CSEA to practices."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.receipt.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("CSEA receipt"),
            "context": {"default_practice_ids": self.ids},
        }

    def action_close_paid(self):
        """Button of an operator: paid and nothing left to do."""
        self._check_may_operate()
        todo = self.sudo().filtered(lambda practice: practice.state == "paid")
        if not todo:
            raise UserError(self.env._("Only paid practices are closed this way."))
        todo._move_to("closed")
        todo._set_next()

    def action_open_entries(self):
        """Smart button: the entries of the receipts and returns."""
        self.ensure_one()
        moves = (
            self.receipt_ids.move_id
            | self.receipt_ids.reversal_id
            | self.return_ids.move_id
            | self.return_ids.payment_id.move_id
            | self.refund_move_id
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "name": self.env._("Entries"),
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
        }

    # --- facts ------------------------------------------------------------------

    def _open_debts(self):
        """Open items of the practices' bills, for ``receipts.allocate``.

        The claimed bills; the other bills of the practice only when a previous CMOR
        is in the claim: it was charged by one of them.

        :return: {practice: [receipts.Debt]}
        """
        lines = self.line_ids.filtered(
            lambda line: (
                not line.is_excluded
                and (line.relevant_amount > 0 or line.practice_id.prev_cmor_amount)
            )
        )
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                Domain("move_id", "in", lines.move_id.ids)
                & Domain("parent_state", "=", "posted")
                & Domain("display_type", "=", "payment_term")
                & Domain("reconciled", "=", False)
                & Domain("balance", ">", 0)
            )
            .grouped("move_id")
        )
        debts = defaultdict(list)
        for line in lines:
            contract = line.practice_id.contract_id
            for item in items.get(line.move_id, ()):
                if item.utility_contract_id in (contract, contract.browse()):
                    debts[line.practice_id].append(
                        receipts.Debt(
                            item.id,
                            line.move_id.id,
                            _cents(item.amount_residual),
                            _cents(max(0.0, line.relevant_amount)),
                            item.date_maturity or item.date,
                        )
                    )
        return debts

    def _expected(self):
        """The practices as ``receipts.Expected``; what they expect still."""
        return [
            receipts.Expected(
                practice,
                practice.sii_code or "",
                practice.code or "",
                practice._claimed() - _cents(practice.received_amount),
            )
            for practice in self
        ]

    # --- life -------------------------------------------------------------------

    def _deem_paid(self):
        """To ``paid``, over the steps that nobody told of."""
        for practice in self:
            if practice.state in ("paid", "excess_to_return"):
                continue
            path = ()
            if practice.state in lifecycle.PAYABLE_STATES:
                path = lifecycle.deemed_path(
                    practice.side,
                    practice.state,
                    "paid",
                    lifecycle.DEEMED_BEFORE_PAID,
                )
            if not path:
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s: CSEA cannot have paid it.",
                        name=practice.display_name,
                        state=dict(
                            self._fields["state"]._description_selection(self.env)
                        )[practice.state],
                    )
                )
            for state in path[:-1]:
                practice._move_to(state, "deemed")

    def _sum_receipts(self):
        """Store what the receipts come to."""
        sums = {
            practice.id: (received, excess, paid_on)
            for practice, received, excess, paid_on in self.env["cmor.receipt"]
            .sudo()
            ._read_group(
                [("practice_id", "in", self.ids), ("state", "=", "booked")],
                ["practice_id"],
                ["amount:sum", "excess_amount:sum", "date:max"],
            )
        }
        for practice in self:
            received, excess, paid_on = sums.get(practice.id, (0.0, 0.0, False))
            practice._update(
                {
                    "received_amount": received,
                    "excess_amount": excess,
                    "paid_on": paid_on,
                }
            )

    def _after_receipts(self, receipts_):
        """States, events and terms after ``receipts_`` were entered."""
        self._sum_receipts()
        event = self.env["cmor.practice.event"]
        for receipt in receipts_:
            params = {
                "amount": _cents(receipt.amount),
                "allocated": _cents(receipt.allocated_amount),
                "ref": receipt.ref,
                "date": receipt.date,
            }
            practice = receipt.practice_id
            file = receipt.record_id.file_id
            if practice.state == "awaiting_csea":
                practice._move_to("paid", "receipt", params, file)
            else:
                event.sudo()._guarded().create(
                    [event._prepare_vals(practice, "receipt", params, file=file)]
                )
        self._settle_paid()
        self._set_next()

    def _settle_paid(self):
        """``excess_to_return`` when more was received than was owed, with its term."""
        for practice in self:
            excess = practice._to_return()
            if practice.state in ("paid", "closed") and excess > 0:
                # what the customer paid besides goes back to him: no annulment needed
                practice._late_answered(Word("text", "csea_has_paid"))
                due = practice._term_end("excess_return_days", practice.paid_on)
                practice._guarded().write({"money_due": due})
                practice._move_to(
                    "excess_to_return", "excess", {"amount": excess, "date": due}
                )
            elif practice.state == "excess_to_return" and excess <= 0:
                practice._guarded().write({"money_due": False})
                practice._move_to("closed")

    def _term_end(self, key, start):
        """Last day of the term ``key`` (a dated parameter in days) from ``start``."""
        self.ensure_one()
        days, is_working = self.env["cmor.parameter"]._days(self.company_id, key, start)
        if not is_working:
            return start + timedelta(days=days)
        holidays = self.company_id._utility_holidays({start.year, start.year + 1})
        return add_working_days(start, days, holidays)

    def _next_step(self):
        # EXTENDS: the states of the money
        self.ensure_one()
        state = self.state
        if state == "excess_to_return":
            params = {"amount": self._to_return(), "date": self.money_due}
            if self._return_waits():
                return "await_offset", params, self.money_due
            return "return_excess", params, self.money_due
        if state == "refund_due":
            return self._next_of_refund()
        if state == "paid":
            return "close_paid", {}, False
        return super()._next_step()


class CmorParameter(models.Model):
    _inherit = "cmor.parameter"

    @api.model
    def _days(self, company, key, day):
        """A term in days in force on ``day``.

        :return: (int, whether working days are counted)
        :raise UserError: the parameter has no value
        """
        term = self._term_table(company).at(key, fields.Date.to_date(day))
        if term is None or term.unit != "days":
            raise UserError(
                self.env._("The parameter %(key)s has no value in days.", key=key)
            )
        return term.count, term.is_working

from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..rules import messages
from .cmor_practice_facts import _cents
from .cmor_practice_return import MODE_CODES


class CmorPractice(models.Model):
    """Money that goes back to the customer: excess, and annulment after payment."""

    _inherit = "cmor.practice"

    return_ids = fields.One2many(
        "cmor.practice.return", "practice_id", string="Returns to the customer"
    )
    refund_move_id = fields.Many2one(
        "account.move",
        string="Refund entry",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="Opens again the debt that CSEA had paid, and owes the customer as much.",
    )
    refund_from = fields.Date(
        readonly=True, copy=False, help="Day of the annulment: the term runs from here."
    )
    to_return_amount = fields.Monetary(
        string="Still to return", compute="_compute_to_return_amount"
    )

    def _compute_to_return_amount(self):
        for practice in self:
            practice.to_return_amount = float(practice._to_return())

    # --- actions ----------------------------------------------------------------

    def action_return_money(self):
        """Button: dialog that returns an excess or a refund to the customer."""
        self.ensure_one()
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.return.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Return to the customer"),
            "context": {"default_practice_id": self.id},
        }

    def _return_money(self, mode, amount, date, ref="", journal=None, item=None):
        """Return ``amount`` to the customer; see ``cmor.practice.return._make``.

        :return: the return, empty when an approval was asked for it
        :raise UserError: nothing to return, or more than that
        """
        self.ensure_one()
        self._check_may_operate()
        if self.state not in ("excess_to_return", "refund_due"):
            raise UserError(
                self.env._(
                    "%(name)s: nothing is to be returned.", name=self.display_name
                )
            )
        planned = self.sudo().return_ids.filtered(lambda r: r.state == "planned")
        left = self.sudo()._to_return() - sum(_cents(r.amount) for r in planned)
        if not 0 < amount <= left:
            raise UserError(
                self.env._(
                    "%(name)s: between 0.01 and %(left)s can be returned.",
                    name=self.display_name,
                    left=left,
                )
            )
        nothing = self.env["cmor.practice.return"].sudo()
        cleared, _asked = self._clear(
            "refund" if self.state == "refund_due" else "return_excess",
            {self: amount},
            {
                "mode": mode,
                "amount": str(amount),
                "date": fields.Date.to_string(date),
                "ref": ref or "",
                "journal_id": journal.id if journal else False,
                "item_id": item.id if item else False,
            },
        )
        if not cleared:
            return nothing
        self.sudo().company_id._cmor_setup_books()
        return (
            self.env["cmor.practice.return"]
            .sudo()
            ._make(self.sudo(), mode, amount, date, ref, journal, item)
        )

    def _run_return(self, payload):
        """Return what was approved."""
        self._return_money(
            payload["mode"],
            Decimal(payload["amount"]),
            fields.Date.to_date(payload["date"]),
            payload["ref"],
            self.env["account.journal"].sudo().browse(payload["journal_id"] or ()),
            self.env["account.move.line"].sudo().browse(payload["item_id"] or ()),
        )

    # --- facts ------------------------------------------------------------------

    def _to_return(self):
        """What is still the customer's: Decimal."""
        self.ensure_one()
        base = (
            self.received_amount if self.state == "refund_due" else self.excess_amount
        )
        done = self.return_ids.filtered(lambda r: r.state == "done")
        return _cents(base) - sum(_cents(made.amount) for made in done)

    def _return_waits(self):
        """Whether all that is to be returned waits for a bill."""
        planned = self.return_ids.filtered(lambda r: r.state == "planned")
        return bool(planned) and self._to_return() <= sum(
            _cents(made.amount) for made in planned
        )

    def _owed_items(self):
        """Open items by which the customer is owed money of this practice."""
        moves = self.receipt_ids.move_id | self.refund_move_id
        account = self.company_id.cmor_return_account_id
        return moves.line_ids.filtered(
            lambda line: (
                line.account_id == account and line.balance < 0 and not line.reconciled
            )
        )

    # --- annulment after payment ------------------------------------------------

    def _refund_due(self, day, params=None, file=None):
        """Annulled after CSEA has paid (TISIND art. 12): the money is the customer's.

        The debt that CSEA had paid is open again; the customer has to get the
        indemnity within ``refund_customer_days`` of ``day``. For the handlers of the
        annulment's flows.

        :param date day: day of the notice of annulment, or of the finding
        :param dict params: more parameters for the event
        :param file: cmor.flow.file that told of it
        """
        for practice in self.sudo():
            practice.company_id._cmor_setup_books()
            practice._reopen_debt(day)
            due = practice._term_end("refund_customer_days", day)
            practice._guarded().write({"money_due": due, "refund_from": day})
            amount = _cents(practice.received_amount) - sum(
                _cents(r.amount) for r in practice.return_ids if r.state == "done"
            )
            practice._move_to(
                "refund_due",
                "refund_due",
                {**(params or {}), "amount": amount, "date": due},
                file,
            )
            if amount <= 0:
                practice._report_refund()
            practice._set_next()

    def _reopen_debt(self, day):
        """Entry: the debts that CSEA had paid are open again, the customer is owed."""
        booked = self.receipt_ids.filtered(lambda r: r.state == "booked" and r.move_id)
        paid = booked.move_id.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable" and line.balance < 0
            )
        )
        if not paid:
            return
        company = self.company_id
        label = f"CMOR {self.sii_code or self.name}"
        total = sum(_cents(-line.balance) for line in paid)
        rows = [
            {
                "account_id": line.account_id.id,
                "partner_id": line.partner_id.id,
                "balance": -line.balance,
                "utility_contract_id": line.utility_contract_id.id,
            }
            for line in paid
        ]
        rows.append(
            {
                "account_id": company.cmor_return_account_id.id,
                "partner_id": self.partner_id.commercial_partner_id.id,
                "balance": -float(total),
            }
        )
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "company_id": company.id,
                "journal_id": company.cmor_journal_id.id,
                "date": company._utility_accounting_date(day),
                "ref": f"{label} {self.env._('annulled')}",
                "line_ids": [
                    fields.Command.create({"name": label, **row}) for row in rows
                ],
            }
        )
        move._post(soft=False)
        self._guarded().write({"refund_move_id": move.id})
        paid.remove_move_reconcile()
        new = move.line_ids.sorted("id")
        self.env["account.move.line"]._reconcile_plan(
            [old + line for old, line in zip(paid, new, strict=False)]
        )

    def _after_return(self, made):
        """The customer got money: event, and what follows."""
        self.ensure_one()
        event = self.env["cmor.practice.event"]
        params = {
            "amount": _cents(made.amount),
            "date": made.date,
            "ref": made.ref or "-",
        }
        event.sudo()._guarded().create([event._prepare_vals(self, "returned", params)])
        if self.state == "excess_to_return":
            self._settle_paid()
        elif self.state == "refund_due" and self._to_return() <= 0:
            self._report_refund()
        self._set_next()

    def _report_refund(self):
        """All is returned: the SII has to be told within ``refund_report_days``."""
        done = self.return_ids.filtered(lambda r: r.state == "done").sorted("date")
        last = done[-1:]
        day = last.date or fields.Date.context_today(self)
        self._guarded().write({"money_due": self._term_end("refund_report_days", day)})
        amount = sum(_cents(made.amount) for made in done)
        self.env["cmor.practice.request"]._open(
            self,
            "refund_report",
            {
                "event_date": day,
                "amount": float(amount),
                "values": messages.encode_params(
                    {
                        "refund_amount": amount,
                        "refund_date": day,
                        "refund_mode": MODE_CODES[last.mode or "other"],
                        "refund_ref": last.ref or "",
                    }
                ),
            },
        )

    def _report_again(self):
        """The portal refused the file of the report: nobody was told, the term runs."""
        todo = self.filtered(lambda p: p.state == "closed" and p.refund_from)
        for practice in todo:
            done = practice.return_ids.filtered(lambda r: r.state == "done" and r.date)
            day = max(done.mapped("date"), default=practice.refund_from)
            due = practice._term_end("refund_report_days", day)
            practice._guarded().write({"money_due": due})
        todo._move_to("refund_due", "state")
        todo._set_next()

    def _deadline_days(self):
        # EXTENDS: the terms of the money run from days that are no change of state
        bases, known, done = super()._deadline_days()
        for practice in self:
            base = bases[practice.id]
            if practice.late_state == "open" and practice.late_found_on:
                base["late_payment"] = practice.late_found_on
            if practice.state == "excess_to_return" and practice.paid_on:
                base["excess_return"] = practice.paid_on
            if practice.state != "refund_due":
                continue
            if practice.refund_from:
                base["refund_customer"] = practice.refund_from
            returned = practice.return_ids.filtered(
                lambda r: r.state == "done" and r.kind != "seller"
            )
            if returned and practice._to_return() <= 0:
                base["refund_report"] = max(returned.mapped("date"))
        return bases, known, done

    def _next_of_refund(self):
        params = {"amount": self._to_return(), "date": self.money_due}
        if params["amount"] <= 0:
            return "report_refund", params, self.money_due
        if self._return_waits():
            return "await_offset", params, self.money_due
        return "return_refund", params, self.money_due


class CmorPracticeRequest(models.Model):
    _inherit = "cmor.practice.request"

    def action_withdraw(self):
        # EXTENDS: the money is with the customer, the SII has to be told of it
        mine = self.filtered(lambda r: r.key == "refund_report" and not r.cc_code)
        if mine:
            raise UserError(
                self.env._(
                    "%(names)s: the customer has been refunded and the SII has to be"
                    " told. The report cannot be withdrawn: export it.",
                    names=", ".join(mine.practice_id.mapped("display_name")),
                )
            )
        return super().action_withdraw()

    def _set_state(self, state, **extra):
        # EXTENDS: the report of the refund is the end of the practice
        changed = super()._set_state(state, **extra)
        reported = changed.filtered(lambda r: r.key == "refund_report").practice_id
        if state == "to_export":
            reported.sudo()._report_again()
        if state == "sent":
            reported = reported.sudo().filtered(lambda p: p.state == "refund_due")
            reported._guarded().write({"money_due": False})
            reported._move_to("closed", "refund_reported")
            reported._set_next()
        return changed

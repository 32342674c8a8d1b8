"""The careful way of the bill writer: through the ORM, as a user would post.

It is the reference of the fast way, the source of its specimens and the refuge of
bills that the fast way does not understand (other currencies, split payment, audit
trail ...).
"""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..formats.bill_values import receivables


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    def _post_careful(self, books, bills):
        """Create and post ``bills`` record by record; their moves in the same order."""
        model = self.env["account.move"]
        with_messages = books.company.restrictive_audit_trail
        if with_messages:
            # this company wants to read in the chatter who posted what
            loud = ("tracking_disable", "mail_notrack", "mail_create_nolog")
            model = model.with_context(**dict.fromkeys(loud, False))
        moves = model.create([self._move_vals(books, bill) for bill in bills])
        if with_messages:
            # else creation and posting are one step, which tells nothing
            self.env.cr.flush()
        for move, bill in zip(moves, bills, strict=True):
            self._set_tax_amounts(books, move, bill)
            self._check_total(books, move, bill)
            self._set_term_lines(books, move, bill)
        moves._post(soft=False)
        return moves

    def _move_vals(self, books, bill):
        contracts = bill.contract_ids
        return {
            "move_type": bill.move_type,
            "company_id": books.company.id,
            "journal_id": books.journal.id,
            "currency_id": bill.currency_id or books.currency.id,
            "partner_id": bill.partner_id,
            "name": bill.billing_ref,
            "billing_ref": bill.billing_ref,
            "from_billing": True,
            "payment_reference": bill.payment_reference or bill.billing_ref,
            "invoice_date": bill.date,
            "date": books.accounting_date(bill),
            "invoice_date_due": bill.last_due_date,
            # the billing system decides when a bill is due, not the customer's terms
            "invoice_payment_term_id": False,
            "invoice_cash_rounding_id": False,
            "utility_contract_id": contracts[0] if len(contracts) == 1 else False,
            "invoice_line_ids": [
                Command.create(self._product_vals(books, bill, line))
                for line in bill.lines
            ],
            **bill.extra,
        }

    def _product_vals(self, books, bill, line):
        base, _tax = books.amounts(line)
        tax_id = books.tax_id(line)
        return {
            "display_type": "product",
            "name": line.name or bill.billing_ref,
            "account_id": books.account_id(line),
            "quantity": 1,
            "price_unit": float(base),
            "tax_ids": [Command.set([tax_id] if tax_id else [])],
            "utility_contract_id": line.contract_id,
        }

    def _set_tax_amounts(self, books, move, bill):
        """VAT is what the bill says, to the cent, not what Odoo computes again."""
        wanted = {}
        for line in bill.lines:
            tax_id, (_base, tax) = books.tax_id(line), books.amounts(line)
            if tax_id in books.rates:
                wanted[tax_id] = wanted.get(tax_id, 0) + tax
        commands = []
        for line in move.line_ids.filtered("tax_line_id"):
            tax = wanted.get(line.tax_line_id.id)
            amount = move.direction_sign * float(tax or 0)
            if tax is None or not move.currency_id.compare_amounts(
                line.amount_currency, amount
            ):
                continue
            values = {"amount_currency": amount}
            if move.currency_id == move.company_currency_id:
                values["balance"] = amount
            commands.append(Command.update(line.id, values))
        if commands:
            move.write({"line_ids": commands})

    def _check_total(self, books, move, bill):
        """Raise UserError when Odoo's total is not the one printed on the bill."""
        if move.currency_id.compare_amounts(move.amount_total, float(bill.total)):
            raise UserError(
                self.env._(
                    "Bill %(bill)s: its taxes make %(odoo)s in Odoo, the bill says"
                    " %(total)s.",
                    bill=bill.billing_ref,
                    odoo=move.amount_total,
                    total=bill.total,
                )
            )

    def _set_term_lines(self, books, move, bill):
        """One term line per contract and instalment, in place of Odoo's single one."""
        term = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        cells = receivables(bill, self._cents(books, bill))
        commands = [
            Command.update(
                line.id, {"utility_contract_id": move.utility_contract_id.id}
            )
            for line in move.line_ids
            if line.display_type == "tax" and move.utility_contract_id
        ]
        booked = 0.0
        for number, cell in enumerate(cells):
            vals = {
                "date_maturity": cell.due_date,
                "utility_contract_id": cell.contract_id,
            }
            if len(cells) > 1:
                amount = -move.direction_sign * float(cell.amount)
                vals["amount_currency"] = amount
                vals["balance"] = self._term_balance(move, amount)
                if cell is cells[-1]:
                    # the company's currency must close exactly on the last one
                    vals["balance"] = term.company_currency_id.round(
                        term.balance - booked
                    )
                booked += vals["balance"]
            if number == 0:
                commands.append(Command.update(term.id, vals))
            else:
                vals.update(
                    display_type="payment_term",
                    account_id=term.account_id.id,
                    discount_balance=0.0,
                    discount_amount_currency=0.0,
                )
                commands.append(Command.create(vals))
        move.write({"line_ids": commands})

    def _term_balance(self, move, amount):
        rate = move.invoice_currency_rate or 1.0
        return move.company_currency_id.round(amount / rate)

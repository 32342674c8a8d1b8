from odoo import api, models
from odoo.exceptions import UserError

from .amounts import exact


class DunningLoss(models.AbstractModel):
    """What is given up, as ordinary documents of the books.

    Called by code that checked who may and what was approved; everything happens in
    the caller's transaction, so that the document and the state that names it are
    there together or not at all.
    """

    _name = "dunning.loss"
    _description = "Losses in the books"

    @api.model
    def _book(self, company, rows, day, ref, way="loss"):
        """A posted document that closes ``rows``; returns it.

        :param rows: list of (receivable, amount as Decimal), one customer for ``way``
            credit_note
        :raise UserError: the settings lack something, or a receivable is not open any
            more for its amount
        """
        problem = company._dunning_loss_problem(way)
        if problem:
            raise UserError(problem)
        for line, amount in rows:
            if exact(line.amount_residual) < amount:
                raise UserError(
                    self.env._(
                        "%(bill)s is open for less than what is given up.",
                        bill=line.move_id.name,
                    )
                )
        books = self.sudo().with_company(company)
        make = books._credit_note if way == "credit_note" else books._entry
        return make(company, rows, day, ref)

    def _entry(self, company, rows, day, ref):
        """Debit losses, credit the receivable of each bill, matched with it."""
        credit = [
            {
                "account_id": line.account_id.id,
                "partner_id": line.partner_id.id,
                "name": f"{ref}: {line.move_id.name}",
                "credit": float(amount),
                "debit": 0,
            }
            for line, amount in rows
        ]
        total = sum(amount for _line, amount in rows)
        debit = {
            "account_id": company.sudo().dunning_loss_account_id.id,
            "name": ref,
            "debit": float(total),
            "credit": 0,
        }
        if len({line.partner_id for line, _amount in rows}) == 1:
            debit["partner_id"] = rows[0][0].partner_id.id
        move = self._post(
            company, company.sudo().dunning_loss_journal_id, day, ref, [*credit, debit]
        )
        created = move.line_ids.sorted("id")[: len(rows)]
        self._match(
            [line | own for (line, _amount), own in zip(rows, created, strict=True)]
        )
        return move

    def _post(self, company, journal, day, ref, lines):
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "company_id": company.id,
                "journal_id": journal.id,
                "date": day,
                "ref": ref,
                "line_ids": [(0, 0, vals) for vals in lines],
            }
        )
        move.action_post()
        return move

    def _credit_note(self, company, rows, day, ref):
        """One credit note for the whole sum, matched with the bills."""
        settings = company.sudo()
        bill = rows[0][0].move_id
        total = sum(amount for _line, amount in rows)
        move = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "company_id": company.id,
                "journal_id": settings.dunning_credit_journal_id.id,
                "partner_id": bill.partner_id.id,
                "invoice_date": day,
                "date": day,
                "ref": ref,
                "utility_contract_id": bill.utility_contract_id.id,
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": ref,
                            "quantity": 1,
                            "price_unit": float(total),
                            "account_id": settings.dunning_loss_account_id.id,
                            "tax_ids": [(6, 0, settings.dunning_settlement_tax_id.ids)],
                        },
                    )
                ],
            }
        )
        move.action_post()
        own = move.line_ids.filtered(lambda l: l.display_type == "payment_term")
        lines = own.browse().union(*(line for line, _amount in rows))
        self._match([lines | own])
        return move

    def _match(self, plans):
        # the bulk way of the acquired payments: see its docstring
        self.env["utility.payment.writer"]._match([plan.sudo() for plan in plans])

    @api.model
    def _undo(self, move, day, ref):
        """The opposite document: the bills are open again. Returns it."""
        values = {"date": day, "ref": ref}
        if move.move_type != "entry":
            values["invoice_date"] = day
        return (
            move.sudo()
            .with_company(move.company_id)
            ._reverse_moves([values], cancel=True)
        )

    @api.model
    def _book_income(self, company, credits_, day, ref):
        """What was paid on credits written off becomes income; returns the entry.

        ``credits_``: list of (open credit item of the customer, amount as Decimal).
        """
        settings = company.sudo()
        if not (
            settings.dunning_income_account_id and settings.dunning_loss_journal_id
        ):
            raise UserError(
                self.env._(
                    "Missing in the settings of CreditBox: account of later income or"
                    " journal of losses."
                )
            )
        books = self.sudo().with_company(company)
        debit = [
            {
                "account_id": line.account_id.id,
                "partner_id": line.partner_id.id,
                "name": ref,
                "debit": float(amount),
                "credit": 0,
            }
            for line, amount in credits_
        ]
        total = sum(amount for _line, amount in credits_)
        income = {
            "account_id": settings.dunning_income_account_id.id,
            "partner_id": credits_[0][0].partner_id.id,
            "name": ref,
            "credit": float(total),
            "debit": 0,
        }
        move = books._post(
            company, settings.dunning_loss_journal_id, day, ref, [*debit, income]
        )
        created = move.line_ids.sorted("id")[: len(debit)]
        books._match(
            [line | own for (line, _a), own in zip(credits_, created, strict=True)]
        )
        return move

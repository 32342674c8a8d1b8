from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..formats import journal_csv
from .amounts import exact

# what these give up is in the books as a document of its own
LOSS_MODELS = ("dunning.settlement", "dunning.writeoff.line")


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_journal_export_id = fields.Many2one(
        "dunning.journal.export",
        string="Export to accounting",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )


class DunningJournalExport(models.Model):
    """Losses of settlements and write-offs, and what was paid after them, in the same
    file as the charges: their own entries, account by account."""

    _inherit = "dunning.journal.export"

    _guarded_fields = frozenset({"move_ids"})

    move_ids = fields.One2many(
        "account.move",
        "dunning_journal_export_id",
        string="Losses and later income",
        readonly=True,
    )

    @api.model
    def _losses_waiting(self, companies):
        """Posted documents of losses of ``companies`` that were in no file yet."""
        self.env.flush_all()
        # from the few that name a document, not from all the documents
        query = SQL(
            """
            SELECT move.id
              FROM (SELECT move_id FROM dunning_settlement_event
                     UNION SELECT move_id FROM dunning_writeoff_line
                     UNION SELECT income_move_id FROM dunning_writeoff_line
                   ) AS named
              JOIN account_move move ON move.id = named.move_id
             WHERE move.company_id = ANY(%(companies)s)
               AND move.state = 'posted'
               AND move.dunning_journal_export_id IS NULL
          ORDER BY move.date, move.id
            """,
            companies=companies.ids,
        )
        rows = self.env.execute_query(query)
        return self.env["account.move"].browse(move_id for (move_id,) in rows)

    @api.model
    def _entries_of_losses(self, moves):
        """The rows of these documents as they stand in our books."""
        reasons = self._loss_reasons(moves)
        bills = self._bills_closed_by(moves.line_ids)
        return [
            self._loss_entry(line, reasons.get(move.id, ""), bills.get(line.id))
            for move in moves
            for line in move.line_ids
            if line.account_id and line.balance
        ]

    @api.model
    def _loss_entry(self, line, reason, bill):
        customer = line.partner_id.commercial_partner_id
        contract = (
            bill.utility_contract_id if bill else line.move_id.utility_contract_id
        )
        return journal_csv.Entry(
            day=line.date,
            ref=line.move_id.name,
            account=line.account_id.code or "",
            account_name=line.account_id.name or "",
            amount=Decimal(exact(line.balance)),
            currency=line.company_currency_id.name,
            customer_code=customer.billing_code or "",
            customer=customer.name or "",
            contract=contract.code or "",
            bill=(bill.billing_ref or bill.name or "") if bill else "",
            reason=reason,
            description=line.name or line.move_id.ref or "",
            tax_note=", ".join(line.tax_ids.mapped("name")),
        )

    @api.model
    def _loss_reasons(self, moves):
        """{move id: what it is, in words}."""
        lines = self.env["dunning.writeoff.line"].sudo()
        off = lines.search([("move_id", "in", moves.ids)]).move_id
        income = lines.search([("income_move_id", "in", moves.ids)]).income_move_id
        words = dict.fromkeys(moves.ids, self.env._("Settlement"))
        words |= dict.fromkeys(off.ids, self.env._("Write-off"))
        words |= dict.fromkeys(income.ids, self.env._("Paid after a write-off"))
        return words

    @api.model
    def _bills_closed_by(self, lines):
        """{line id: the bill that it closed}, the first where there are several."""
        parts = self.env["account.partial.reconcile"].sudo()
        parts = parts.search([("credit_move_id", "in", lines.ids)], order="id desc")
        return {part.credit_move_id.id: part.debit_move_id.move_id for part in parts}


class UtilityCharge(models.Model):
    _inherit = "utility.charge"

    def _booked_apart(self):
        """Those that tell billing of a loss which is a document of our books."""
        return self.filtered(
            lambda charge: (
                charge.kind == "writeoff"
                and charge.origin
                and charge.origin._name in LOSS_MODELS
            )
        )

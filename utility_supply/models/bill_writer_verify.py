"""Bills of the fast way, read again with Odoo's own eyes.

Each new specimen has its first clone verified, and whoever loads a large file may
verify a sample of it: a module installed later may change what posting means, and then
it is better to stop than to fill the books with half-right rows.
"""

from contextlib import closing

from odoo import models
from odoo.exceptions import UserError

from ..formats.bill_values import TAX_TOLERANCE

# editable computed fields that nothing in a bill sets by hand: their compute method
# must find the value that is already there
EDITABLE_MOVE_FIELDS = frozenset(
    {
        *("currency_id", "fiscal_position_id", "invoice_incoterm_id", "narration"),
        *("invoice_user_id", "journal_id", "name", "partner_bank_id", "checked"),
        *(
            "partner_shipping_id",
            "payment_reference",
            "preferred_payment_method_line_id",
        ),
        *("invoice_date_due", "l10n_it_document_type", "l10n_it_payment_method"),
    }
)
EDITABLE_LINE_FIELDS = frozenset(
    {
        *("amount_currency", "credit", "currency_id", "debit", "display_type"),
        *("no_followup", "partner_id", "quantity", "sequence"),
    }
)


class UtilityBillWriter(models.AbstractModel):
    _inherit = "utility.bill.writer"

    def _verify_sample(self, moves, n=5):
        """Raise UserError unless ``moves`` are what Odoo would have posted.

        All of them are checked for balance, ``n`` of them (the first, the last, and
        evenly between) for everything else: stored computed fields computed again,
        constraints, taxes, term lines. Leaves nothing changed.
        """
        writer = self.sudo()._quiet()
        moves = moves.with_env(writer.env)
        faults = [
            f"{row[0]}: not balanced"
            for row in moves._get_unbalanced_moves({"records": moves}) or []
        ]
        step = max(len(moves) // n, 1)
        sample = moves[::step][: n - 1] | moves[-1:]
        for company, bills in sample.grouped("company_id").items():
            bills = bills.with_company(company)
            faults += writer._verify_stored(bills)
            faults += writer._verify_constraints(bills)
            for move in bills:
                faults += writer._verify_taxes(move)
                faults += writer._verify_terms(move)
        if faults:
            raise UserError(
                self.env._(
                    "Bills were not written as Odoo would: nothing of them is kept."
                    " Tell the administrator.\n%(faults)s",
                    faults="\n".join(faults[:20]),
                )
            )

    def _verify_stored(self, moves):
        """Stored columns that change when Odoo computes them again."""
        with closing(self.env.cr.savepoint()):
            return self._changed_when_computed(
                (moves, EDITABLE_MOVE_FIELDS), (moves.line_ids, EDITABLE_LINE_FIELDS)
            )

    def _verify_constraints(self, moves):
        """Python constraints of Odoo and of all modules, which SQL does not run."""
        try:
            moves._validate_fields(moves._fields)
            moves.line_ids._validate_fields(moves.line_ids._fields)
        except UserError as error:
            return [str(error)]
        return []

    def _verify_taxes(self, move):
        """Tax lines that Odoo's tax engine would not make from the same base lines."""
        tax_model = self.env["account.tax"]
        base_lines, tax_lines = move._get_rounded_base_and_tax_lines(
            round_from_tax_lines=False
        )
        tax_model._add_accounting_data_in_base_lines_tax_details(
            base_lines, move.company_id, include_caba_tags=move.always_tax_exigible
        )
        result = tax_model._prepare_tax_lines(
            base_lines, move.company_id, tax_lines=tax_lines
        )
        allowed = float(TAX_TOLERANCE) * len(base_lines)
        faults = [
            f"{move.name}: VAT {abs(line['balance'])} is missing"
            for line in result["tax_lines_to_add"]
            if abs(line["balance"]) > allowed
        ]
        for line in result["tax_lines_to_delete"]:
            if abs(line["record"].balance) > allowed:
                faults.append(f"{move.name}: VAT {line['record'].name} is too much")
        for line, _key, amounts in result["tax_lines_to_update"]:
            if abs(line["record"].balance - amounts["balance"]) > allowed:
                faults.append(
                    f"{move.name}: VAT {line['record'].balance}"
                    f" instead of {amounts['balance']}"
                )
        return faults

    def _verify_terms(self, move):
        """What is due: its sum, its last date, and that it can be reconciled."""
        terms = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        faults = []
        due = move.currency_id.round(sum(terms.mapped("amount_currency")))
        if move.currency_id.compare_amounts(
            due, -move.direction_sign * move.amount_total
        ):
            faults.append(f"{move.name}: {due} is due of {move.amount_total}")
        if max(terms.mapped("date_maturity"), default=None) != move.invoice_date_due:
            faults.append(f"{move.name}: due date {move.invoice_date_due}")
        if not all(terms.account_id.mapped("reconcile")):
            faults.append(f"{move.name}: its receivable cannot be reconciled")
        return faults

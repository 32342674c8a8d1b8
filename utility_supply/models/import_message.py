"""Issues of acquisition as sentences that a credit clerk understands.

The pure readers and the loaders speak in codes (`formats.issues.Issue`); here a code
becomes a sentence in the reader's language that says where (sheet, row, column), what,
and what to do next.
"""

import dataclasses
from decimal import Decimal

from odoo import models
from odoo.tools.translate import LazyTranslate

from ..formats import messages
from ..formats.issues import make

_lt = LazyTranslate(__name__)

# what the loaders and the engine may say; the readers' own are in formats.messages
LOADER_MESSAGES = {
    "group_incomplete": _lt(
        "Bill %(value)s has several rows and row %(other)s is in error: the whole bill"
        " waits until that row is right."
    ),
    "deferred": _lt("This row waits for the other rows of the file."),
    "unknown_customer": _lt(
        "There is no customer with code %(value)s. Load the customer first, then retry."
    ),
    "unknown_contract": _lt(
        "There is no contract with code %(value)s. Load the contract first, then retry."
    ),
    "unknown_bill": _lt(
        "There is no bill with number %(value)s. Load the bill first, then retry."
    ),
    "unknown_payment": _lt(
        "There is no payment with id %(value)s. Load the payment first, then retry."
    ),
    "unknown_charge": _lt(
        "There is no charge with code %(value)s waiting for its bill."
    ),
    "charge_on_bill": _lt(
        "The charge %(value)s is already on bill %(bill)s, which was not credited in"
        " full: the customer would pay it twice. Load the credit note of that bill"
        " first, then retry, or take the charge off this bill."
    ),
    "unknown_country": _lt("%(value)s is no country code: write two letters, as IT."),
    "unknown_province": _lt("%(value)s is no province: write two letters, as MI."),
    "unknown_language": _lt("Language %(value)s is not active in Odoo."),
    "bad_vat": _lt("%(value)s is not a valid VAT number."),
    "bad_fiscal_code": _lt("%(value)s is not a valid codice fiscale."),
    "bad_point_code": _lt("%(value)s is not a valid code for service %(service)s."),
    "missing_bonus_date": _lt("A bonus needs the date from which it holds."),
    "contract_customer_changed": _lt(
        "Contract %(value)s belongs to another customer: a change of customer is a new"
        " contract with a code of its own."
    ),
    "contract_point_changed": _lt(
        "Contract %(value)s supplies another point: a contract never moves to another"
        " point."
    ),
    "bad_period": _lt("The end %(value)s comes before the start."),
    "bill_changed": _lt(
        "Bill %(value)s is already posted with another value here (%(old)s): a posted"
        " bill is never changed silently. Correct it with a credit note."
    ),
    "bill_number_taken": _lt(
        "Number %(value)s is already used by a document that does not come from the"
        " billing system."
    ),
    "bill_several_customers": _lt(
        "The rows of bill %(value)s name contracts of different customers."
    ),
    "bill_rows_differ": _lt(
        "The rows of bill %(value)s do not agree in this column: all rows of a bill"
        " carry the same value."
    ),
    "bad_total": _lt("Total %(value)s is not taxable amount plus VAT (%(expected)s)."),
    "negative_total": _lt(
        "Total %(value)s is negative: a credit note carries a positive total."
    ),
    "missing_tax": _lt(
        "This company keeps the VAT of its bills: taxable amount and VAT are needed."
    ),
    "missing_tax_rate": _lt("The VAT has no rate: write it, as 22."),
    "tax_mismatch": _lt(
        "VAT %(value)s is not %(rate)s %% of the taxable amount (%(expected)s)."
    ),
    "unknown_tax": _lt("There is no sale tax at %(value)s %% in this company."),
    "bad_instalments": _lt(
        "Instalments %(value)s are not readable: write date:amount|date:amount."
    ),
    "instalments_sum": _lt(
        "Instalments make %(value)s and the total is %(expected)s: they must agree."
    ),
    "reverses_other_customer": _lt("Bill %(value)s belongs to another customer."),
    "reverses_not_credit_note": _lt(
        "Only a credit note may name the bill that it reverses."
    ),
    "locked_period": _lt(
        "%(value)s lies in a closed accounting period (until %(lock)s). Reopen it or"
        " set the opening date of the company."
    ),
    "company_not_ready": _lt(
        "The company's settings are incomplete (%(missing)s). Complete them under"
        " Settings > Utilities, then retry."
    ),
    "payment_changed": _lt(
        "Payment %(value)s is already entered with another value here (%(old)s)."
    ),
    "payment_customer": _lt(
        "Bill %(bill)s belongs to another customer than %(value)s."
    ),
    "payment_without_customer": _lt(
        "A payment needs the bill number or the customer code."
    ),
    "zero_amount": _lt("The amount is zero."),
    "reversal_amount": _lt(
        "%(value)s is returned, but payment %(payment)s was of %(old)s: a payment"
        " returns whole."
    ),
    "already_reversed": _lt("Payment %(value)s has already been returned."),
    "notice_changed": _lt(
        "Notice %(value)s is already recorded with another value here (%(old)s): a"
        " proof is never rewritten."
    ),
    "notice_bill_contract": _lt("Bill %(value)s is not of contract %(contract)s."),
    "missing_proof": _lt("There is no file %(value)s among the proofs received."),
    "refused_by_odoo": _lt("Odoo refused this row: %(text)s"),
    "unexpected_file": _lt(
        "This file could not be worked to its end (%(text)s). Tell the administrator."
    ),
    "unexpected": _lt(
        "This row could not be loaded (%(text)s). Tell the administrator."
    ),
    "no_profile": _lt(
        "No import profile reads this file: its columns are not those of the template."
        " Choose a profile, or make one from this file."
    ),
    "several_profiles": _lt("Several profiles read this file (%(value)s): choose one."),
    "no_rows": _lt("The file holds no data rows."),
    "control_count": _lt(
        "The file should hold %(expected)s rows and holds %(value)s: nothing was"
        " loaded. Ask for the whole file."
    ),
    "control_amount": _lt(
        "The amounts should make %(expected)s and make %(value)s: nothing was loaded."
        " Ask for the right file."
    ),
    "control_unreadable": _lt(
        "The amounts cannot be checked against %(expected)s, because %(value)s of them"
        " cannot be read: nothing was loaded."
    ),
    "sibling_refused": _lt(
        "Another sheet of the same workbook was refused: check, then load by hand."
    ),
}


def located(found, sheet, row, column=None):
    """``found`` placed in the file: the loaders know only the record, not where."""
    return dataclasses.replace(
        found,
        sheet=found.sheet or sheet or "",
        row=found.row or row or 0,
        column=found.column if column is None else column,
    )


def issue(code, field="", value="", **params):
    """A loader's issue on ``field`` (a target of the dataset); placed later."""
    return make(code, column=field, value="" if value is None else value, **params)


class UtilityImportMessage(models.AbstractModel):
    """Turns issues into sentences in the user's language."""

    _name = "utility.import.message"
    _description = "Sentences of data acquisition"

    def _sentence(self, found):
        """Place and text of one issue: "Sheet Bollette, row 3, column IVA: ..."."""
        template = LOADER_MESSAGES.get(found.code)
        if template is not None:
            params = {
                name: format(value, "f") if isinstance(value, Decimal) else value
                for name, value in {"value": found.value, **found.params}.items()
            }
            # describe() shows a code that it does not know as it is
            text = self.env._(template)
            found = dataclasses.replace(found, code=text % params)
        return messages.describe(found, self.env._)

"""Money that CSEA pays: what a payment means, where it goes, whose it is.

Pure: amounts are exact cents as ``Decimal``, dates come in, nothing is read here.
TISIND art. 2.4: the customer owes nothing beyond the credit; who obtained more gives
the excess back.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

OLDEST = "oldest"
CLAIM = "claim"

ZERO = Decimal(0)
SII_CODE = re.compile(r"(?<![A-Z0-9])SII[A-Z0-9]{12}(?![A-Z0-9])")

# what a payment told by a flow or by hand means
BOOK = "book"
REPEATED = "repeated"
CONFIRMS = "confirms"
WAIT = "wait"


@dataclass(frozen=True)
class Debt:
    """An open item of a bill: one instalment, or the whole bill.

    ``claimed``: what the practice claims of the whole bill, the same on each of its
    instalments; zero for a bill that is only paid after the claimed ones.
    """

    key: object
    bill: object
    residual: Decimal
    claimed: Decimal
    due: date


@dataclass(frozen=True)
class Entered:
    """A receipt of the practice that is in the books already.

    ``told``: a flow has told of it; ``source`` does not matter otherwise.
    """

    key: object
    ref: str
    amount: Decimal
    told: bool


def allocate(amount, debts, order=CLAIM):
    """Divide a receipt over the open items of a practice.

    :param Decimal amount: cents received, positive
    :param debts: iterable of ``Debt``
    :param str order: ``CLAIM``: on each bill first what was claimed of it, then the
        rest, both oldest first; ``OLDEST``: oldest due first, each up to its residual
    :return: ([(key, cents > 0)] in order of payment, excess); the sum of both is
        ``amount`` and there is an excess only when nothing is open any more
    """
    debts = sorted(debts, key=lambda debt: (debt.due, str(debt.key)))
    parts = {}
    left = amount
    if order == CLAIM:
        claims = {debt.bill: debt.claimed for debt in debts}
        for debt in debts:
            part = max(ZERO, min(left, debt.residual, claims[debt.bill]))
            if part:
                parts[debt.key] = part
                claims[debt.bill] -= part
                left -= part
    for debt in debts:
        part = max(ZERO, min(left, debt.residual - parts.get(debt.key, ZERO)))
        if part:
            parts[debt.key] = parts.get(debt.key, ZERO) + part
            left -= part
    return list(parts.items()), left


def judge(expected, entered, ref, amount, is_flow=True):
    """What a payment of ``amount`` means for a practice that expects ``expected``.

    :param Decimal expected: the indemnity as it stands now
    :param entered: ``Entered`` receipts of the practice, reversed ones left out
    :param str ref: reference of the payment
    :param bool is_flow: told by a flow: an amount other than expected waits for
        somebody; by hand it was looked at
    :return: (BOOK, REPEATED, CONFIRMS or WAIT; key of the receipt meant, or why)
    """
    same = [item for item in entered if item.ref == ref]
    if same:
        item = same[0]
        if item.amount != amount:
            return WAIT, "receipt_differs"
        return (
            (REPEATED, item.key)
            if item.told or not is_flow
            else (
                CONFIRMS,
                item.key,
            )
        )
    untold = [item for item in entered if not item.told and item.amount == amount]
    if is_flow and untold:
        # entered from the bank before the flow came, under the bank's reference
        return CONFIRMS, untold[0].key
    if is_flow and sum((item.amount for item in entered), ZERO) + amount != expected:
        return WAIT, "paid_amount_differs"
    return BOOK, None


def codes_in(text):
    """CP_GESTORE codes in free text (a transfer's reference), in order, once each."""
    found = SII_CODE.findall((text or "").upper())
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Expected:
    """A practice that may be paid: ``codes`` as written by the SII or by us."""

    key: object
    sii_code: str
    code: str
    amount: Decimal


def match_transfer(text, amount, rows, practices):
    """Practices that a transfer of CSEA pays, with the amount of each.

    The list of the remittance wins; without one the codes in the reference; without
    codes the amount, when it is that of one practice alone.

    :param str text: reference of the transfer
    :param Decimal amount: what arrived
    :param rows: [(code, Decimal or None)] of the remittance list; None: as expected
    :param practices: ``Expected`` that may be paid
    :return: ([(code or "", Expected or None, amount)], problem or ""), problem being
        "ambiguous" (several practices of that amount) or "nothing"
    """
    by_code = {}
    for practice in practices:
        for code in (practice.code, practice.sii_code):
            if code:
                by_code[code.upper()] = practice
    rows = rows or [(code, None) for code in codes_in(text)]
    if rows:
        if len(rows) == 1 and rows[0][1] is None:
            rows = [(rows[0][0], amount)]
        return [_matched(code, value, by_code) for code, value in rows], ""
    alike = [practice for practice in practices if practice.amount == amount]
    if len(alike) == 1:
        return [(alike[0].sii_code or alike[0].code, alike[0], amount)], ""
    return [], "ambiguous" if alike else "nothing"


def _matched(code, value, by_code):
    practice = by_code.get(code.strip().upper())
    if value is None:
        value = practice.amount if practice else ZERO
    return code, practice, value

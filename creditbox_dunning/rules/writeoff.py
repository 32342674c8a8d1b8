"""Which small credits may go to a loss for tax, and why the others may not.

Sources: art. 101, c. 5, DPR 917/1986 (TUIR): losses on credits are deductible with
certain and precise elements, which exist in any case for a small credit (up to 2.500
euro, 5.000 for companies of great size) whose term expired six months ago, and when
the right is prescribed, and when the debtor is under an insolvency procedure. In the
other cases the elements have to be shown: documents of their own kind. The numbers, and
which kinds of document are enough, are dated data given by the caller. To be checked by
a person: that the amount is looked at contract by contract (circ. 26/E of 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dateutil.relativedelta import relativedelta

SMALL, PRESCRIBED, USELESS = "small", "prescribed", "useless"
# kinds of documents that show that nothing can be had
PROCEDURE, RESTRUCTURING, EXECUTION = "procedure", "restructuring", "execution"
UNTRACEABLE, INHERITANCE, AGENCY = "untraceable", "inheritance", "agency"
COST = "cost"
PROOFS = (
    *(PROCEDURE, RESTRUCTURING, EXECUTION),
    *(UNTRACEABLE, INHERITANCE, AGENCY, COST),
)


@dataclass(frozen=True)
class Limits:
    """``amount``: the most a small credit may be, None = no number in force;
    ``months``: how long overdue; ``prescribed``: whether a prescribed credit is lost
    for tax; ``proofs``: the kinds of documents that are enough."""

    amount: Decimal | None
    months: int | None
    prescribed: bool = False
    proofs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Proof:
    """A document about a debtor: ``day`` of the act; ``has_file``: it is kept;
    ``cost``: what going on would cost, of kind cost."""

    key: int
    kind: str
    day: date
    has_file: bool
    cost: Decimal = Decimal(0)


@dataclass(frozen=True)
class Credit:
    """All that a customer owes on one contract and is overdue on the day.

    ``due``: of the newest of its bills, so that all of them are old enough;
    ``has_clock``: its prescription could be counted (``rules/prescription.py``);
    ``expires``: last day on which the last of its bills may be claimed, None = a
    lawsuit goes on; ``is_useless``: an outcome says that nothing can be had: without
    its document that is no proof; ``proofs``: the documents about the debtor;
    ``is_in_court``: a legal file is open on it; ``has_money``: the customer has
    payments or credit notes that are matched with no bill.
    """

    key: tuple
    amount: Decimal
    due: date
    has_clock: bool = False
    expires: date | None = None
    is_disputed: bool = False
    is_agreed: bool = False
    is_listed: bool = False
    is_useless: bool = False
    is_in_court: bool = False
    has_money: bool = False
    proofs: tuple[Proof, ...] = ()


def exclusions(credit, kind, limits, today):
    """Codes of the reasons why ``credit`` cannot be written off on ``today``.

    ``kind``: small, prescribed or useless. An empty tuple = it can.
    """
    found = []
    if credit.amount <= 0:
        found.append("nothing_open")
    if kind == SMALL:
        found += _small(credit, limits, today)
    elif kind == PRESCRIBED:
        if not limits.prescribed:
            found.append("no_number")
        elif not credit.has_clock:
            found.append("no_clock")
        elif credit.expires is None or credit.expires >= today:
            found.append("not_prescribed")
    elif not proof_of(credit, limits, today):
        found.append(_lack_of_proof(credit, limits, today))
    stands = (
        (
            "in_court",
            credit.is_in_court and not _court_is_done(credit, kind, limits, today),
        ),
        ("disputed", credit.is_disputed),
        ("agreed", credit.is_agreed),
        ("listed", credit.is_listed),
        ("has_money", credit.has_money),
    )
    found += [reason for reason, holds in stands if holds]
    return tuple(found)


def _court_is_done(credit, kind, limits, today):
    """Whether the open legal file of a credit says nothing against its loss: the right
    is gone, or an insolvency or a seizure has shown that nothing can be had."""
    if kind != USELESS:
        return kind == PRESCRIBED
    return any(
        proof.kind in (PROCEDURE, RESTRUCTURING, EXECUTION)
        and not _lacks(proof, credit, limits, today)
        for proof in credit.proofs
    )


def proof_of(credit, limits, today):
    """The newest :class:`Proof` that is enough for ``credit``, or None."""
    good = [
        proof for proof in credit.proofs if not _lacks(proof, credit, limits, today)
    ]
    return max(good, key=lambda proof: (proof.day, proof.key), default=None)


def _lacks(proof, credit, limits, today):
    """Why ``proof`` is not enough, the nearest to being so last; "" when it is."""
    if proof.kind not in limits.proofs:
        return "proof_not_accepted"
    if not proof.has_file:
        return "no_document"
    if proof.day > today:
        return "proof_later"
    if proof.kind == COST and proof.cost <= credit.amount:
        return "cost_below"
    return ""


def _lack_of_proof(credit, limits, today):
    """The reason of the document that is nearest to being enough."""
    order = ("proof_not_accepted", "no_document", "proof_later", "cost_below")
    found = [_lacks(proof, credit, limits, today) for proof in credit.proofs]
    if not found:
        return "no_document" if credit.is_useless else "no_proof"
    return max(found, key=order.index)


def _small(credit, limits, today):
    if limits.amount is None or limits.months is None:
        return ["no_number"]
    found = []
    if credit.amount > limits.amount:
        found.append("too_large")
    # "six months have passed": the day after the same day of the sixth month
    if credit.due + relativedelta(months=limits.months) >= today:
        found.append("too_recent")
    return found

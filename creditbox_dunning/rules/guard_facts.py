"""What the legal guard may know of a supply and of its customer.

Three values everywhere: true, false, and None for "nobody told". What is not known
never makes an act lawful. No health or social fact comes in here: only whether the law
protects the supply.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Supply:
    """One supply on one day. Money is in the company's currency.

    ``deposit``: security deposit or guarantee not used yet; ``cycle_amount``: average
    amount of one billing cycle; ``annual_charge``: last year's charge for the water
    facilitated band; ``other_services``: {receivable: share of it that is not for this
    supply}; ``prescribed``: the receivables that are time-barred; ``half_paid_on``:
    day on which a condominium paid at least half within the term;
    ``defaulted_lately``: already in default within the months that shorten the water
    terms; ``deactivation_ground``: seals or limiter
    tampered with, or old default charges unpaid; ``state_since``: since when the
    supply is reduced, limited or suspended; ``closed_days``: the patron days of its
    municipality; ``waived``: (operation, reason code) pairs waived by an approval.
    """

    is_protected: bool | None = None
    limit_only: bool = False
    voltage: str | None = None
    can_reduce: bool | None = None
    resident: bool | None = None
    condominium: bool | None = None
    deposit: Decimal | None = None
    cycle_amount: Decimal | None = None
    annual_charge: Decimal | None = None
    other_services: Mapping[int, Decimal] | None = None
    prescribed: frozenset[int] | None = None
    half_paid_on: date | None = None
    defaulted_lately: bool | None = None
    deactivation_ground: bool | None = None
    insolvent: bool | None = False
    deceased: bool | None = False
    state_since: date | None = None
    municipality: str = ""
    closed_days: frozenset[date] = field(default_factory=frozenset)
    waived: frozenset[tuple[str, str]] = field(default_factory=frozenset)

"""How much may be asked: credit of the last months, cap, previous CMOR.

``indemnity = min(credit, cap) + previous CMOR`` (TISIND art. 2.2 and 5; the formula of
art. 5 is not public, so method, border rule and place of the previous CMOR are
parameters). Everything is computed for both readings of D (see ``window.py``); the
lower result is taken and the difference shown.

All amounts are euro as ``Decimal``, taxes included; each bill's share is rounded half
up to the cent, so that the lines shown add up to the total asked.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from .terms import DEAREST, EXCLUDE, WHOLE
from .window import FIRST_DAY_NEW, add_months

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

# why a bill gives nothing, or less than its open amount
NOTE_FULL = "full"
NOTE_STRADDLE = "straddle"
NOTE_OUTSIDE = "outside"
NOTE_STRADDLE_EXCLUDED = "straddle_excluded"
NOTE_NO_PERIOD = "no_period"
NOTE_METER_FAULT = "meter_fault"
NOTE_EXCLUDED = "excluded"
NOTE_PAID = "paid"


def round_cent(amount):
    """Round half up to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Bill:
    """One bill's share that belongs to the contract.

    ``total`` and ``residual`` are taxes included; ``other_services`` is the part of
    ``total`` that is not energy (never claimable). A credit note has negative
    amounts. ``date_from`` and ``date_to`` are both consumption days, or None.
    """

    ref: str
    date_from: date | None
    date_to: date | None
    total: Decimal
    residual: Decimal
    other_services: Decimal = ZERO
    meter_fault: bool = False
    excluded: bool = False

    @property
    def energy_total(self):
        return self.total - self.other_services

    @property
    def energy_residual(self):
        """Open energy part: a partial payment lowers all parts alike."""
        if not self.total:
            return ZERO
        return self.residual * self.energy_total / self.total


@dataclass(frozen=True)
class BillShare:
    """One line of the explanation of the credit.

    ``residual``: open of the whole bill; ``open_amount``: open of its energy part.
    """

    ref: str
    date_from: date | None
    date_to: date | None
    period_days: int
    days_inside: int
    open_amount: Decimal
    relevant: Decimal
    note: str
    residual: Decimal = ZERO


@dataclass(frozen=True)
class MonthSpend:
    """One line of the explanation of the cap: a month counted back from D."""

    date_from: date
    date_to: date
    supplied: bool
    spend: Decimal


@dataclass(frozen=True)
class ReadingAmount:
    """The result for one reading of D."""

    reading: str
    end: date
    bills: tuple
    months: tuple
    credit: Decimal
    cap_mean: Decimal
    cap_dearest: Decimal
    cap: Decimal
    prev_cmor: Decimal
    indemnity: Decimal


@dataclass(frozen=True)
class AmountResult:
    """Both readings, the one taken, and how much lower it is than the other."""

    chosen: ReadingAmount
    other: ReadingAmount

    @property
    def difference(self):
        return self.other.indemnity - self.chosen.indemnity


def overlap_days(date_from, date_to, start, end):
    """Days of [date_from, date_to] (both included) that fall in [start, end)."""
    first = max(date_from, start)
    last = min(date_to, end - timedelta(days=1))
    return max((last - first).days + 1, 0)


def _has_period(bill):
    return bool(bill.date_from and bill.date_to and bill.date_from <= bill.date_to)


def bill_share(bill, start, end, straddle_rule):
    """What one bill brings to the credit of [start, end).

    :param Bill bill: the bill
    :param str straddle_rule: ``pro_rata``, ``whole`` or ``exclude`` for a bill that
        crosses the border
    :return: ``BillShare``; a bill without consumption period brings nothing, a credit
        note without period is taken off whole (prudent)
    """
    open_amount = round_cent(bill.energy_residual)
    days = inside = 0
    if _has_period(bill):
        days = (bill.date_to - bill.date_from).days + 1
        inside = overlap_days(bill.date_from, bill.date_to, start, end)
    relevant, note = _relevant(bill, open_amount, days, inside, straddle_rule)
    return BillShare(
        bill.ref,
        bill.date_from,
        bill.date_to,
        days,
        inside,
        open_amount,
        relevant,
        note,
        bill.residual,
    )


def _relevant(bill, open_amount, days, inside, straddle_rule):
    if not open_amount:
        return ZERO, NOTE_PAID
    if bill.excluded:
        return ZERO, NOTE_EXCLUDED
    if bill.meter_fault and open_amount > 0:
        return ZERO, NOTE_METER_FAULT
    if not days:
        return (open_amount if open_amount < 0 else ZERO), NOTE_NO_PERIOD
    if not inside:
        return ZERO, NOTE_OUTSIDE
    if inside == days:
        return open_amount, NOTE_FULL
    if straddle_rule == WHOLE:
        return open_amount, NOTE_STRADDLE
    if straddle_rule == EXCLUDE:
        # a credit note is never left out by this rule: it only lowers the claim
        return (min(open_amount, ZERO), NOTE_STRADDLE_EXCLUDED)
    return round_cent(open_amount * inside / days), NOTE_STRADDLE


def netted(parts):
    """The parts of the bills in the claim, what credit notes take off taken off the
    latest of them; the sum is the same.

    :param dict parts: {bill: cents}, oldest first; a credit note is negative
    :return: {bill: cents > 0}; nothing is left of a claim that is not positive
    """
    taken = -sum((part for part in parts.values() if part < 0), ZERO)
    left = {}
    for bill, part in reversed(parts.items()):
        if part <= 0:
            continue
        off = min(part, taken)
        taken -= off
        if part > off:
            left[bill] = part - off
    return dict(reversed(left.items()))


def monthly_spend(bills, start, end, months, supply_start):
    """Spend of each of the ``months`` months before ``end``, newest first.

    :param bills: all bills of the contract, paid ones too
    :param date start: earliest day looked at (``end`` minus the months)
    :param date supply_start: first day of supply, or None if not known: then a month
        counts when a bill touches it
    :return: tuple of ``MonthSpend``; a bill's energy part is spread over its days
    """
    periods = [
        (b.date_from, b.date_to, b.energy_total, (b.date_to - b.date_from).days + 1)
        for b in bills
        if _has_period(b)
    ]
    borders = [add_months(end, -index) for index in range(months + 1)]
    rows = []
    for last, before in pairwise(borders):
        first, last_day = max(before, start), last - timedelta(days=1)
        spend, touched = ZERO, False
        for date_from, date_to, total, days in periods:
            if date_to < first or date_from >= last:
                continue
            inside = (min(date_to, last_day) - max(date_from, first)).days + 1
            if inside > 0:
                touched = True
                spend += total if inside == days else total * inside / days
        supplied = supply_start < last if supply_start else touched
        if not supplied:
            spend = ZERO
        rows.append(MonthSpend(first, last_day, supplied, spend))
    return tuple(rows)


def caps(months, cap_months):
    """The cap by both methods out of the monthly spends.

    :param months: ``MonthSpend`` rows
    :param int cap_months: how many months may be asked (4)
    :return: (mean method, dearest months), never negative. With a supply shorter than
        ``cap_months`` both are the actual total. The mean is never above the dearest.
    """
    spends = [row.spend for row in months if row.supplied]
    if len(spends) <= cap_months:
        total = max(round_cent(sum(spends, ZERO)), ZERO)
        return total, total
    mean = sum(spends, ZERO) * cap_months / len(spends)
    dearest = sum(sorted(spends, reverse=True)[:cap_months], ZERO)
    return max(round_cent(mean), ZERO), max(round_cent(dearest), ZERO)


def reading_amount(bills, window, terms, prev_cmor=ZERO, supply_start=None):
    """Credit, cap and indemnity for one reading of D.

    :param bills: sequence of ``Bill``, paid ones too (they make the cap)
    :param ReadingWindow window: dates of the reading
    :param Terms terms: methods and months
    :param Decimal prev_cmor: CMOR charged to the customer for another seller and not
        collected
    :return: ``ReadingAmount``
    """
    shares = tuple(
        bill_share(bill, window.credit_from, window.end, terms.straddle_rule)
        for bill in bills
    )
    credit = max(sum((share.relevant for share in shares), ZERO), ZERO)
    months = monthly_spend(
        bills, window.cap_from, window.end, terms.cap_reference_months, supply_start
    )
    cap_mean, cap_dearest = caps(months, terms.cap_months)
    cap = cap_dearest if terms.cap_method == DEAREST else cap_mean
    prev = max(round_cent(prev_cmor), ZERO)
    own = min(credit, cap)
    indemnity = own + prev if terms.prev_on_top else min(credit + prev, cap)
    return ReadingAmount(
        reading=window.reading,
        end=window.end,
        bills=shares,
        months=months,
        credit=credit,
        cap_mean=cap_mean,
        cap_dearest=cap_dearest,
        cap=cap,
        prev_cmor=prev,
        indemnity=indemnity,
    )


def compute_amount(bills, window, terms, prev_cmor=ZERO, supply_start=None):
    """Compute both readings and take the lower.

    :param RequestWindow window: both readings
    :return: ``AmountResult``; on equal indemnity the lower credit, then the reading
        "first day of the new supply"
    """
    results = [
        reading_amount(bills, reading, terms, prev_cmor, supply_start)
        for reading in window.readings
    ]
    results.sort(key=lambda r: (r.indemnity, r.credit, r.reading != FIRST_DAY_NEW))
    return AmountResult(chosen=results[0], other=results[1])

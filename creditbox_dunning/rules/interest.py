"""Late payment interest, day by day: simple interest on what was open on each day.

A day counts from the day after the due date to the day of payment, both included, on
the residual of that day x the rate of that day / 365 (practice; art. 1284 c.c. and
D.Lgs. 231/2002 know no compound interest on bills). Rates are percent a year. A day
without a known rate bears nothing: what is not known is not charged, :func:`gaps`
tells which days they are. Nothing is rounded but a total, once, half up.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

ONE_DAY = timedelta(days=1)
ANY = ""
NO_BASE = "fixed"


@dataclass(frozen=True)
class Rate:
    """``value`` percent a year from ``date_from`` on, until the next row or
    ``date_to`` (included). ``rule``: key of the :class:`Rule` that asks for it."""

    date_from: date
    value: Decimal
    date_to: date | None = None
    rule: int = 0


@dataclass(frozen=True)
class Payment:
    """What lowered the debt: the day still bears interest on it, the next no more.

    ``amount`` is positive. ``since_start``: a credit note, which says that this part
    was never owed.
    """

    day: date
    amount: Decimal
    since_start: bool = False


@dataclass(frozen=True)
class Stretch:
    """Days (both ends included) on which neither the base nor the rate changed."""

    day_from: date
    day_to: date
    days: int
    rate: Decimal
    base: Decimal
    exact: Fraction = field(repr=False)
    rule: int = 0

    @property
    def amount(self):
        """Decimal, not rounded to the cent: 28 significant digits."""
        return Decimal(self.exact.numerator) / Decimal(self.exact.denominator)


@dataclass(frozen=True)
class Rule:
    """Which rate holds for whom: ``base`` (a kind of rate, or ``fixed``) + ``margin``
    points for debts of ``service`` and ``debtor`` (empty = any) from ``valid_from``.

    ``rank`` beats a rule as specific as this one: the company's own over the common.
    ``good_days``: who paid the bills of ``good_years`` in time owes only the rate
    ``good_base`` for so many days after the due date (tutela, ARERA); 0: nobody does.
    """

    valid_from: date
    base: str
    margin: Decimal
    service: str = ANY
    debtor: str = ANY
    rank: int = 0
    flat: Decimal = Decimal(0)
    key: int = 0
    good_days: int = 0
    good_years: int = 2
    good_base: str = "legal"

    def matches(self, service, debtor):
        return self.service in (ANY, service) and self.debtor in (ANY, debtor)

    @property
    def weight(self):
        return (self.service != ANY, self.debtor != ANY, self.rank, self.valid_from)


def accrue(amount, day_from, day_to, rates, *, basis=365, payments=()):
    """The :class:`Stretch` list of ``amount`` from ``day_from`` to ``day_to``.

    :param amount: Decimal, the whole debt before any payment
    :param rates: :class:`Rate` rows in any order
    :param basis: days of the year, leap year or not
    :param payments: :class:`Payment` rows in any order
    :return: in order of days, without those that bear nothing
    """
    found = []
    if day_to < day_from:
        return found
    rates = sorted(rates, key=lambda rate: rate.date_from)
    cuts = _cuts(day_from, day_to, rates, payments)
    for first, after in pairwise(cuts):
        row, base = _row_on(rates, first), _base_on(amount, payments, first)
        if row is None or row.value == 0 or base <= 0:
            continue
        days = (after - first).days
        exact = charge_of_days(base, row.value, days, basis)
        found.append(
            Stretch(first, after - ONE_DAY, days, row.value, base, exact, row.rule)
        )
    return found


def charge_of_days(base, rate, days, basis=365):
    """Exact interest of ``days`` on ``base`` at ``rate`` percent a year."""
    return Fraction(base) * Fraction(rate) * days / (100 * basis)


def _cuts(day_from, day_to, rates, payments):
    """The first days of the stretches, and the day after the last."""
    days = {payment.day + ONE_DAY for payment in payments}
    for rate in rates:
        days.add(rate.date_from)
        if rate.date_to:
            days.add(rate.date_to + ONE_DAY)
    inside = (day for day in days if day_from < day <= day_to)
    return sorted({day_from, day_to + ONE_DAY, *inside})


def _row_on(rates, day):
    """The :class:`Rate` that holds on ``day``, or None; ``rates`` in order."""
    place = bisect_right([rate.date_from for rate in rates], day)
    if not place:
        return None
    rate = rates[place - 1]
    return None if rate.date_to and rate.date_to < day else rate


def _base_on(amount, payments, day):
    gone = (p.amount for p in payments if p.since_start or p.day < day)
    return amount - sum(gone, Decimal(0))


def total(stretches, places=2):
    """The sum of ``stretches``, rounded half up once."""
    exact = sum((stretch.exact for stretch in stretches), Fraction(0))
    scaled = exact * 10**places
    # a Fraction is exact: half a cent is half a cent
    cents = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    return (Decimal(cents) / Decimal(10**places)).quantize(
        Decimal(1).scaleb(-places), ROUND_HALF_UP
    )


def gaps(rates, day_from, day_to):
    """[(first, last)] of the days between for which no rate is known."""
    rates = sorted(rates, key=lambda rate: rate.date_from)
    cuts = _cuts(day_from, day_to, rates, ())
    found = []
    for first, after in pairwise(cuts):
        if _row_on(rates, first) is not None:
            continue
        if found and found[-1][1] + ONE_DAY == first:
            first, _last = found.pop()
        found.append((first, after - ONE_DAY))
    return found


def rule_for(rules, service, debtor, day):
    """The :class:`Rule` that holds on ``day``, or None: the most specific one, the
    service before the debtor, then the company's own, then the latest."""
    fit = (
        rule
        for rule in rules
        if rule.valid_from <= day and rule.matches(service, debtor)
    )
    return max(fit, key=lambda rule: rule.weight, default=None)


def rates_for(rules, bases, service, debtor):
    """The rates of one kind of debt through the years, margins included.

    :param rules: :class:`Rule` rows
    :param bases: {kind of rate: :class:`Rate` rows}
    :return: :class:`Rate` rows that do not overlap
    """
    starts = sorted({r.valid_from for r in rules if r.matches(service, debtor)})
    found = []
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        rule = rule_for(rules, service, debtor, start)
        last = after - ONE_DAY if after else None
        if rule.base == NO_BASE:
            found.append(Rate(start, rule.margin, last, rule.key))
            continue
        rows = bases.get(rule.base, ())
        found += _within(rows, start, last, rule.margin, rule.key)
    return found


def _within(rows, first, last, margin=Decimal(0), key=None):
    """``rows`` from ``first`` to ``last`` (None: without end), ``margin`` added and
    the ``key`` of a rule put on them."""
    rows = sorted(rows, key=lambda rate: rate.date_from)
    ends = [*(row.date_from - ONE_DAY for row in rows[1:]), None]
    found = []
    # of a kind of rate that has no row, nothing holds
    for row, until in zip(rows, ends, strict=False):
        to = min(filter(None, (row.date_to, until, last)), default=None)
        since = max(row.date_from, first)
        if to is None or since <= to:
            rule = row.rule if key is None else key
            found.append(Rate(since, row.value + margin, to, rule))
    return found


def period_end(kind, day):
    """Last day of the half-year (art. 5 D.Lgs. 231/2002) or year (art. 1284 c.c.) for
    which a rate of ``kind`` that begins on ``day`` was set; None: until the next one.

    A rate of the law never goes on by itself: the new one has to be entered.
    """
    if kind == "legal" or (kind == "ecb_half" and day.month > 6):
        return date(day.year, 12, 31)
    return date(day.year, 6, 30) if kind == "ecb_half" else None


def good_payer_rates(rates, rule, bases, first):
    """``rates`` with the milder rate of a good payer on the first days of delay.

    Under the protected service (tutela, ARERA consumer atlas) who paid the bills of
    the last two years in time owes only the legal rate for the first ten days.

    :param rule: the :class:`Rule` of the debt: says how many days, at which rate
    :param first: first day after the due date: no day before it bears interest
    """
    if not rule.good_days:
        return list(rates)
    last = first + timedelta(days=rule.good_days - 1)
    mild = _within(bases.get(rule.good_base, ()), first, last, key=rule.key)
    return [*mild, *_within(rates, last + ONE_DAY, None)]


def kinds_without_rate(rules, bases, day, services, debtors):
    """{kind of rate: the debts that bear nothing on ``day`` for want of it}.

    :param services, debtors: what there is to owe, each combination is asked
    :return: the debts as [(service, debtor)]
    """
    missing = {}
    for service in services:
        for debtor in debtors:
            rule = rule_for(rules, service, debtor, day)
            if rule is None or rule.base == NO_BASE:
                continue
            rows = sorted(bases.get(rule.base, ()), key=lambda rate: rate.date_from)
            if _row_on(rows, day) is None:
                missing.setdefault(rule.base, []).append((service, debtor))
    return missing


def debtor_kind(legal_form, customer_type="", is_company=False):
    """consumer, business or public_body, by what the customer is and not by tariff.

    D.Lgs. 231/2002 is for firms and public bodies; a condominium and a private person
    count as consumers whatever their tariff (to be checked by a person).

    :param legal_form: what is known of the customer: micro_enterprise, condominium,
        or one of the three answers; empty = told from the rest
    """
    known = {"micro_enterprise": "business", "condominium": "consumer"}
    if legal_form:
        return known.get(legal_form, legal_form)
    if customer_type == "public_body":
        return "public_body"
    return "business" if is_company else "consumer"


def windows(first, last, taken):
    """[(first, last)] of the days from ``first`` to ``last`` that no range of
    ``taken`` ((first, last), both included) covers."""
    free = []
    for start, end in sorted(taken):
        if first < start and first <= last:
            free.append((first, min(last, start - ONE_DAY)))
        first = max(first, end + ONE_DAY)
    if first <= last:
        free.append((first, last))
    return free

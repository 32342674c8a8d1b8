"""Instalment plans (piano di rientro): who may ask for one, its dates and amounts,
whether it is kept.

Pure: days, amounts (``Decimal``, euros) and the numbers of the law come in. A plan
moves no debt: its receivables stay what they are, an instalment only says how much of
them has to be paid by when. Sources: ARERA consumer atlas, electricity and gas (payment
by instalments); REMSI (ARERA 311/2019/R/idr) for water on a notice of default; RQSII
(655/2015/R/idr, art. 42) for water on a bill.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from dateutil.relativedelta import relativedelta

from .interest import Rate, accrue, total

ONE_CENT = Decimal("0.01")
ZERO = Decimal("0.00")

# why a plan is asked for
RECALCULATION = "recalculation"  # a bill that corrects estimated ones
HIGH_BILL = "high_bill"  # a bill far above the usual ones
METER_FAULT = "meter_fault"  # consumption not measured
MISSED_BILLS = "missed_bills"  # the seller did not bill as often as due
NOTICE = "notice"  # a notice of default was received
AGREEMENT = "agreement"  # nothing but the wish of both
# causes that say by how much the bill is above the usual ones
ABOVE_AVERAGE = frozenset({RECALCULATION, HIGH_BILL})
# causes for which the service gives a right; NOTICE is told apart
BILL_CAUSES = {
    "electricity": frozenset({RECALCULATION, METER_FAULT, MISSED_BILLS}),
    "gas": frozenset({RECALCULATION, METER_FAULT, MISSED_BILLS}),
    "water": frozenset({HIGH_BILL}),
}


class WrongPlanError(ValueError):
    """A plan that cannot be made; ``code`` says why: number, months, first_due,
    amount or first_amount."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What a customer asks a plan for.

    ``amount``: the bill, or all that the notice asks for. ``day``: when it was asked;
    ``due``: when the bill was due. ``above_average``: by how many percent the bill
    exceeds the usual ones. ``estimated_bills``: estimated ones between two readings.
    ``billing_months``: months between two bills. ``term``: last day to pay of the
    notice of default. ``others``: plans of the customer for this service that are under
    way. ``is_excepted``: a manager lets pass that it came late or is not the only one.
    ``first_due``: by when the first instalment is to be paid.
    Unknown = None: what is not known never counts against the customer.
    """

    service: str
    cause: str
    amount: Decimal
    day: date
    due: date | None = None
    above_average: Decimal | None = None
    is_domestic: bool = True
    is_regulated: bool = False
    has_bonus: bool = False
    estimated_bills: int = 0
    billing_months: int = 2
    term: date | None = None
    others: int = 0
    is_excepted: bool = False
    first_due: date | None = None


@dataclass(frozen=True)
class Right:
    """What must be offered: at least ``number`` instalments, one every ``months``;
    ``reference``: where it stands; ``join_by``: last day for the request and the first
    instalment, where the law names one."""

    number: int
    months: int
    reference: str
    join_by: date | None = None


# why a request gives no right although its cause would
LATE_FOR_TERM, LATE_FOR_BILL, NOT_ALONE = "late_for_term", "late_for_bill", "not_alone"
LATE_TO_JOIN = "late_to_join"


@dataclass(frozen=True)
class Refusal:
    """``code``: one of those above; ``day``: last day on which it was in time;
    ``since``: the day from which that counts (the term of the notice, or the due date
    of the bill); ``count``: days, or plans that the law allows at a time;
    ``reference``: where it stands."""

    code: str
    count: int
    reference: str
    day: date | None = None
    since: date | None = None


def refusal(request, parameters):
    """The :class:`Refusal` of a request that came late or whose first instalment would,
    or that stands beside another plan; else None. By dated numbers: where a service has
    none, nothing is refused."""
    if request.cause == AGREEMENT:
        return None

    def get(name):
        return parameters.get(request.service, name, request.day)

    last = _join_by(request, parameters)
    for day, code in (
        (request.day, LATE_FOR_TERM),
        (request.first_due, LATE_TO_JOIN),
    ):
        if last and day and day > last:
            days = get("plan_request_before_term")
            return Refusal(code, days.count, days.source, last, request.term)
    days = get("plan_request_days")
    if request.cause != NOTICE and days and request.due:
        last = request.due + timedelta(days.count)
        if request.day > last:
            return Refusal(LATE_FOR_BILL, days.count, days.source, last, request.due)
    most = get("plan_at_a_time")
    if most and request.others >= most.count:
        return Refusal(NOT_ALONE, most.count, most.source)
    return None


def _join_by(request, parameters):
    """Last day for the request and the first instalment after a notice of default."""
    if request.cause != NOTICE or request.term is None:
        return None
    days = parameters.get(request.service, "plan_request_before_term", request.day)
    return days and request.term - timedelta(days.count)


def right_to_plan(request, parameters):
    """The :class:`Right` of the customer, or None when a plan is a matter of agreement.

    ``parameters``: :class:`~.legal_parameters.Parameters`. Electricity and gas: the
    regulated service, bonus holders also in the free market; a notice of default gives
    the right to bonus holders. Water: every notice, and a very high bill. Telephone:
    the contract only.
    """
    if not request.is_excepted and refusal(request, parameters):
        return None
    if request.cause == NOTICE:
        return _right_on_notice(request, parameters)
    if request.cause not in BILL_CAUSES.get(request.service, ()):
        return None
    is_covered = request.is_regulated or request.has_bonus
    if request.service != "water" and not is_covered:
        return None

    def get(name):
        return parameters.get(request.service, name, request.day)

    smallest, days = get("plan_min_bill"), get("plan_request_days")
    if smallest and request.amount <= smallest.value:
        return None
    above = None
    if request.cause in ABOVE_AVERAGE:
        other = None if request.is_domestic else get("plan_above_average_other")
        above = other or get("plan_above_average")
        known = request.above_average
        if above and known is not None and known <= above.value:
            return None
    fewest = get("plan_min_number")
    number = max(fewest.count if fewest else 1, request.estimated_bills)
    told = above or days or smallest or fewest
    return Right(number, request.billing_months, told.source if told else "")


def _right_on_notice(request, parameters):
    """Water: always, as many instalments as bills in the shortest length of the law;
    energy: holders of the social bonus."""
    day = request.day
    if request.service == "water":
        months = parameters.get("water", "plan_months", day)
        if months is None:
            return None
        number = -(-months.count // request.billing_months)
        join_by = _join_by(request, parameters)
        return Right(number, request.billing_months, months.source, join_by)
    if not request.has_bonus or request.service not in BILL_CAUSES:
        return None
    smallest = parameters.get(request.service, "plan_min_bill", day)
    if smallest and request.amount <= smallest.value:
        return None
    fewest = parameters.get(request.service, "plan_min_number", day)
    told = smallest or fewest
    number = fewest.count if fewest else 1
    return Right(number, request.billing_months, told.source if told else "")


@dataclass(frozen=True)
class Terms:
    """How ``amount`` is paid: ``number`` instalments, the first by ``first_due`` from
    ``start``, then one every ``months``. ``first_amount``: capital of the first when
    it is not like the others."""

    amount: Decimal
    number: int
    start: date
    first_due: date
    months: int = 1
    first_amount: Decimal | None = None


@dataclass(frozen=True)
class Instalment:
    """``number`` from 1; ``capital`` of the debt, ``interest`` on what was still owed
    since the instalment before; ``left``: capital owed once it is paid; ``reopened``:
    the day on which its payment went back, after it had been paid."""

    number: int
    due: date
    capital: Decimal
    interest: Decimal
    left: Decimal
    reopened: date | None = None

    @property
    def last_start(self):
        """The day from which its tolerance counts."""
        return max(self.due, self.reopened or self.due)

    @property
    def amount(self):
        """What the customer pays."""
        return self.capital + self.interest


def no_interest(_capital, _start, _end):
    """The interest of a plan without interest."""
    return ZERO


def interest_by(rates):
    """A function of the interest by dated ``rates`` (:class:`~.interest.Rate`), day by
    day from the day after ``start`` to ``end``.

    The amounts are fixed when the plan is asked for: a later rate does not change what
    the customer has in hand. Days without a known rate bear nothing.
    """

    def interest(capital, start, end):
        return total(accrue(capital, start + timedelta(days=1), end, rates))

    return interest


def interest_at(percent):
    """The same at one rate, ``percent`` a year."""
    return interest_by([Rate(date.min, percent)])


def schedule(terms, interest_of=no_interest, payable=lambda day: day):
    """The instalments of ``terms``, first to last; their capital is exactly the amount.

    ``interest_of(capital, start, end)``: interest of ``capital`` for the days after
    ``start`` up to ``end``. ``payable(day)``: the day itself or the next on which one
    can pay (art. 1187 and 2963 c.c.); the others do not move with it. Cents that do
    not divide are in the last.

    :raise WrongPlanError: when no such plan can be made
    """
    _check_terms(terms)
    left, last = terms.amount, terms.start
    made = []
    for index, capital in enumerate(_capitals(terms)):
        due = payable(terms.first_due + relativedelta(months=terms.months * index))
        interest = interest_of(left, last, due)
        left -= capital
        made.append(Instalment(index + 1, due, capital, interest, left))
        last = due
    return tuple(made)


def _check_terms(terms):
    if terms.number < 1:
        raise WrongPlanError("number")
    if terms.months < 1:
        raise WrongPlanError("months")
    if terms.first_due < terms.start:
        raise WrongPlanError("first_due")
    # every instalment is at least a cent
    if terms.amount != terms.amount.quantize(ONE_CENT):
        raise WrongPlanError("amount")
    if terms.amount < terms.number * ONE_CENT:
        raise WrongPlanError("amount")
    first = terms.first_amount
    if first is None:
        return
    others = terms.amount - first
    is_whole = first == first.quantize(ONE_CENT) and first > 0
    # all of it in the first only when there is no other
    if not is_whole or others < (terms.number - 1) * ONE_CENT:
        raise WrongPlanError("first_amount")
    if terms.number == 1 and others:
        raise WrongPlanError("first_amount")


def _capitals(terms):
    """The capital of each instalment."""
    first = [] if terms.first_amount is None else [terms.first_amount]
    rest, count = terms.amount - sum(first), terms.number - len(first)
    if not count:
        return first
    each = (rest / count).quantize(ONE_CENT, ROUND_DOWN)
    return [*first, *[each] * (count - 1), rest - each * (count - 1)]


def needs_level(months, first_share, longest, lowest_share):
    """Whether a plan is beyond what is agreed without asking: it lasts more ``months``
    than ``longest``, or its first instalment is below ``lowest_share`` percent (0 = no
    such limit). Four instalments every two months last eight."""
    is_long = bool(longest) and months > longest
    return is_long or (bool(lowest_share) and first_share < lowest_share)


def has_joined(first, received, join_by):
    """Whether the customer took up a plan that the law has him join by paying.

    :param first: the first :class:`Instalment`
    :param received: [(day, amount)] of what came since the plan was asked for; ``day``:
        value date
    :param join_by: last day of the law; that of the instalment, where no bank worked on
        it
    """
    last = max(join_by, first.due)
    return (
        sum((amount for day, amount in received if day <= last), ZERO) >= first.capital
    )


RUNNING, KEPT, BROKEN = "running", "kept", "broken"


@dataclass(frozen=True)
class Standing:
    """How a plan stands. ``paid``: numbers of the instalments paid in full; ``late``:
    those past their tolerance; ``next_due``: the first unpaid day; ``missing``: what
    is missing today of the capital that was due, tolerance apart; ``open``: {number of
    the instalment: capital still to be paid}."""

    state: str
    paid: tuple
    late: tuple
    next_due: date | None
    missing: Decimal
    open: dict


def standing(instalments, paid, today, tolerance, missed):
    """How a plan stands on ``today`` with ``paid`` euros, oldest instalment first.

    ``instalments``: :class:`Instalment` s. ``tolerance``: calendar days after the day
    of an instalment within which it still counts as paid in time, or after the day on
    which its payment went back: the customer is called before the plan breaks;
    ``missed``: how many late ones end the plan. A plan wholly paid is kept,
    even late: there is nothing left to recover.
    """
    done, late, left = [], [], {}
    next_due, missing, money = None, ZERO, paid
    for one in instalments:
        covered = min(max(money, ZERO), one.capital)
        money -= covered
        left[one.number] = one.capital - covered
        if covered == one.capital:
            done.append(one.number)
            continue
        next_due = next_due or one.due
        if one.due < today:
            missing += one.capital - covered
        if one.last_start + timedelta(days=tolerance) < today:
            late.append(one.number)
    if next_due is None:
        state = KEPT
    else:
        state = BROKEN if len(late) >= max(1, missed) else RUNNING
    return Standing(state, tuple(done), tuple(late), next_due, missing, left)

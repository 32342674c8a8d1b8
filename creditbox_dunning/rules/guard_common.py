"""What the guards of the four services share: the calendar, the question, the answers.

A guard collects *floors* (not before this day, because of this rule and number) and
*blocks* (not at all as things stand). The latest floor wins; one block is enough.

``N days after X`` means that N full days pass, so the step is lawful from X + N + 1;
how many days are added is itself a number of the law (``full_days``). A term to pay is
its last day, so nothing is added to it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .facts import CaseFacts, Reason, Rule, Shift
from .guard_facts import Supply
from .legal_parameters import Parameter, Parameters, UnknownNumberError

ONE_DAY = timedelta(days=1)
# operations that touch the supply; the last one gives it back
CUTS = frozenset({"reduce", "limit", "suspend", "deactivate"})
# what prepares a cut: without the right to cut, nobody is told to prepare it
TECHNICAL = CUTS | {"list", "pre_notice"}
FORMAL_CHANNELS = frozenset({"ar", "pec"})
FORMAL_OPS = frozenset({"default", "terminate"})
# reason codes of a step that this supply can never have: the planner skips the row
IMPOSSIBLE = frozenset({"impossible_operation"})
# Terms that the law leaves to an agreement: art. 1454 of the civil code sets fifteen
# days "unless agreed otherwise", the days between suspension and end are the phone
# contract's, and no list is due before the term to pay by our own prudence only.
# Everything else, protections and forbidden days above all, can never be waived.
WAIVABLE = frozenset(
    {"guard_after_termination", "guard_after_suspension", "guard_list_after_term"}
)


def is_open_day(day, holidays, closed=frozenset()):
    """True on a day on which a supply may be cut: Monday to Thursday, no holiday and
    no eve of one. ``closed``: the patron days of the place, holidays there only."""
    eve = day + ONE_DAY
    return day.weekday() < 4 and not ({day, eve} & holidays or {day, eve} & closed)


def allow(day, holidays, closed=frozenset()):
    """The first day from ``day`` on which a supply may be cut."""
    while not is_open_day(day, holidays, closed):
        day += ONE_DAY
    return day


@dataclass(frozen=True)
class Law:
    """The numbers, the national holidays, how days are counted: one for a whole run."""

    numbers: Parameters
    holidays: frozenset[date]
    shift: Shift


@dataclass(frozen=True)
class Floor:
    """Not before ``day``, because of ``reason``."""

    day: date
    reason: Reason


class BlockedError(Exception):
    """What a rule needs to know is not known, or forbids the step."""

    def __init__(self, reason):
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True)
class Question:
    """May ``rule`` be carried out for ``facts``? With all that is needed to answer."""

    law: Law
    rule: Rule
    facts: CaseFacts
    supply: Supply
    today: date

    # the law

    def number(self, name) -> Parameter:
        """The number in force on the day of the question; blocks when there is none."""
        service = self.facts.key.service
        try:
            return self.law.numbers.find(service, name, self.today)
        except UnknownNumberError as error:
            reason = Reason.of("guard_no_number", name=name, service=service)
            raise BlockedError(reason) from error

    def days_after(self, anchor, number):
        """First lawful day when ``number`` full days have to pass after ``anchor``."""
        day = self.law.shift(anchor, number.count, number.day_kind)
        return day + ONE_DAY * self.number("full_days").count

    def after(self, code, anchor, name):
        """The :class:`Floor` ``number(name)`` full days after ``anchor``."""
        number = self.number(name)
        day = self.days_after(anchor, number)
        return Floor(day, cite(code, number, date=day, anchor=anchor))

    def working_day_from(self, day):
        """``day`` when it is a working day, else the next one."""
        return self.law.shift(day - ONE_DAY, 1, "working")

    # the past of this round

    def did(self, op, channels=None):
        """Actions ``op`` that took effect, the latest last; of these channels only."""
        found = [
            done
            for done in self.facts.done
            if done.op == op
            and done.state == "done"
            and done.positive
            and done.effective
            and (channels is None or is_formal(done.channel))
        ]
        return sorted(found, key=lambda done: done.effective)

    def tried(self, op):
        """True when ``op`` was tried in this round, whatever came of it."""
        return any(
            done.op == op and done.state in ("done", "failed")
            for done in self.facts.done
        )

    def notice(self, op="default"):
        """The latest formal notice that reached the customer; blocks without one."""
        found = self.did(op, FORMAL_CHANNELS)
        if not found:
            raise BlockedError(Reason.of("guard_no_default_notice"))
        return found[-1]

    def carried_out(self, op, state):
        """Day since when ``op`` is in effect on the supply, or None."""
        found = self.did(op)
        if found:
            return found[-1].effective
        if self.facts.key.supply_state == state:
            return self.supply.state_since
        return None

    # the debt

    @property
    def noticed(self):
        """The receivables that the formal notice listed; all of them without one."""
        lines = self.facts.lines
        return [line for line in lines if line.covered & FORMAL_OPS] or list(lines)

    @property
    def owed(self):
        """Residual of the noticed bills."""
        return sum((line.residual for line in self.noticed), Decimal(0))

    @property
    def service_debt(self):
        """What is owed for this very service; blocks when the share is not known."""
        others = self.known(self.supply.other_services, "other_services")
        return self.owed - sum(others.get(line.id, 0) for line in self.noticed)

    def known(self, value, fact):
        """``value``; blocks when nobody told."""
        if value is None:
            raise BlockedError(Reason.of("guard_unknown_fact", fact=fact))
        return value


def is_formal(channel):
    """An unnamed channel is trusted only because formal notices have no other."""
    parts = {part.strip() for part in (channel or "").split("+")} - {""}
    return not parts or bool(parts & FORMAL_CHANNELS)


def cite(code, number, **params):
    """A reason that names its number, its source and since when it is in force."""
    return Reason.of(
        code,
        number=number.shown,
        day_kind=number.day_kind,
        source=number.source,
        since=number.valid_from,
        **params,
    )


# terms to pay


def pay_term(question, notice):
    """Last day to pay of a formal notice: the printed one, never below the law's.

    A letter counts from sending, a PEC from its delivery receipt, what cannot be
    proved from the day of issue. Returns (day, the :class:`Parameter` that binds).
    """
    sent, arrived = notice.executed or notice.effective, notice.effective
    channel = (notice.channel or "").strip()
    options = []
    if "pec" in channel or not channel:
        options.append((arrived, question.number("term_pec")))
    if "ar" in channel or not channel:
        options.append((sent, question.number("term_letter")))
    if not channel:
        options.append((sent, question.number("term_unproved")))
    day, number = max(
        ((day + ONE_DAY * number.count, number) for day, number in options),
        key=lambda found: found[0],
    )
    return max(day, notice.term or day), number


# conditions that every service shares: each gives a Reason or None


def not_suspendible(question):
    """Law's protections first; then the class, which the company may set."""
    supply, key = question.supply, question.facts.key
    if question.known(supply.is_protected, "is_protected"):
        if supply.limit_only and question.rule.op in ("list", "pre_notice", "limit"):
            return None
        code = "guard_limit_only" if supply.limit_only else "guard_protected"
        return Reason.of(code)
    if key.suspendibility not in ("suspendible", "deactivable"):
        return Reason.of("guard_not_suspendible")
    return None


def other_services_only(question):
    if question.service_debt <= 0:
        return Reason.of("guard_other_services")
    return None


def all_prescribed(question):
    """Time-barred bills may be asked for, not enforced."""
    prescribed = question.known(question.supply.prescribed, "prescribed")
    owed = [line for line in question.noticed if line.residual > 0]
    if owed and all(line.id in prescribed for line in owed):
        number = question.number("prescription_years")
        return cite("guard_prescribed", number)
    return None


def insolvent(question):
    if question.known(question.supply.insolvent, "insolvent"):
        return Reason.of("guard_insolvent")
    return None


def deceased(question):
    if question.known(question.supply.deceased, "deceased"):
        return Reason.of("guard_deceased")
    return None


def small_debt(question):
    """Electricity and gas: debt within the deposit and below one billing cycle.

    Both must hold to forbid; a fact that would decide and is not known forbids too.
    """
    deposit, cycle = question.supply.deposit, question.supply.cycle_amount
    debt = question.service_debt
    if cycle is not None and debt >= cycle:
        return None
    if question.known(deposit, "deposit") < debt or deposit <= 0:
        return None
    question.known(cycle, "cycle_amount")
    return Reason.of("guard_below_deposit", amount=deposit)


def impossible(op):
    return Reason.of("impossible_operation", op=op)


COMMON_BLOCKS = (not_suspendible, other_services_only, all_prescribed, insolvent)
CLAIM_BLOCKS = (all_prescribed, insolvent, deceased)


def channel_block(question):
    """A formal notice goes by registered letter or PEC (art. 1 c. 291 law 160/2019,
    TIMOE, TIMG, REMSI)."""
    offered = {
        part.strip()
        for choice in question.rule.channel.split("|")
        for part in choice.split("+")
    }
    if offered and not offered & FORMAL_CHANNELS:
        return Reason.of("guard_channel", channel=question.rule.channel)
    return None


def termination(question):
    """Floors of ending the contract: it is cut already, and the formal notice to
    terminate has run out (art. 1454 of the civil code)."""
    cut = question.carried_out("suspend", "suspended")
    if not (cut or question.carried_out("limit", "limited")):
        raise BlockedError(Reason.of("guard_not_suspended"))
    notice = question.notice("terminate")
    return [
        question.after("guard_after_termination", notice.effective, "termination_days")
    ]

"""What the planner reads and what it answers: plain values, no database.

Money is ``Decimal`` in the company's currency, dates are ``datetime.date``. Every
class is frozen: a planner that cannot change its input cannot depend on being called
once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .outcomes import NORMAL_POLICY, Policy


class once:
    """A property worked out when it is first asked for: these classes are frozen.

    As ``functools.cached_property``, which in Python 3.11 takes a lock each time: it
    shows in the planner's time.
    """

    def __init__(self, function):
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, record, _owner=None):
        if record is None:
            return self
        value = self._function(record)
        # found there the next time, before this is asked
        vars(record)[self._function.__name__] = value
        return value


# (day, count, day_kind) -> date: the count-th day after ``day`` counted as ``day_kind``
# (solar, weekdays, working); holidays are the caller's business
Shift = Callable[[date, int, str], date]

ANY = ""
# reduced and limited supplies are still supplied (design: "count as state 1")
COUNTS_AS_ACTIVE = frozenset({"reduced", "limited"})
# (row, facts, today) -> Verdict: the legal guard of the case's service
Guard = Callable[["Rule", "CaseFacts", date], "Verdict"]
# operations that change what is supplied; the table's codes of the technical office
CUTS = frozenset({"reduce", "limit", "suspend", "deactivate"})
TECHNICAL_ACTION = 7
FIRST_WORK_ACTION = 6
FORMAL_OPS = frozenset({"default", "terminate"})
# states of a supply that paying gives the right to end
OFF_STATES = frozenset({"suspended", "reduced", "limited", "to_reactivate"})
# reasons of the guard for what this supply can never have: the row is passed over
IMPOSSIBLE = frozenset({"impossible_operation"})
# hold of a case whose bills the accounting excluded from reminders or blocked
EXCLUDED = "excluded"
# longest wait that a row may ask for; keeps every date inside the calendar
MAX_WAIT = 3660
# seq from which rows are event driven: never reached by waiting
FIRST_EVENT_SEQ = 900


@dataclass(frozen=True)
class Key:
    """The keys that choose a set of rows; ``ANY`` (empty) in a row = any.

    ``score_band``: the customer's band from A to E; empty = not valued, or any.
    """

    customer_type: str = ANY
    service: str = ANY
    supply_state: str = ANY
    suspendibility: str = ANY
    score_band: str = ANY


@dataclass(frozen=True)
class Rule:
    """One row of an action table."""

    id: int
    key: Key
    seq: int
    action: int
    op: str
    channel: str
    anchor: str
    day_kind: str = "solar"
    wait_before: int = 0
    wait_after: int = 0
    amount_from: Decimal = Decimal(0)
    amount_to: Decimal = Decimal(0)
    min_threshold: Decimal = Decimal(0)
    next_ok: int | None = None
    next_ko: int | None = None

    @once
    def step(self):
        """Rows with the same tens digit are alternatives by channel."""
        return self.seq // 10

    @once
    def is_event(self):
        return self.anchor == "event" or self.seq >= FIRST_EVENT_SEQ

    @once
    def is_formal(self):
        """A notice with legal effect: the ladder may never go on without it."""
        return self.op in FORMAL_OPS

    @once
    def needs_arrival(self):
        """A letter that later steps build upon: it is sent again when it comes back."""
        return self.is_formal or (self.op == "notice" and "ar" in self.channel)

    @once
    def is_technical(self):
        """Prepares or carries out a cut: never against a hold. Giving back is not."""
        return self.op == "pre_notice" or (
            self.action == TECHNICAL_ACTION and self.op != "reactivate"
        )

    @once
    def is_courtesy(self):
        """A reminder that a later step makes pointless."""
        return self.op == "remind" and self.action in (1, 2)


@dataclass(frozen=True)
class Done:
    """An action already taken, or being taken, for this case in this round.

    ``state``: ``done``, ``failed``, ``skipped``, ``open`` (waits for a person or for a
    proof). ``rule_id`` is None for what the history proves (past notices) and may name
    a row of another set after the case changed key: then op and action tell the step.
    ``executed`` is the day it was done, ``effective`` the day it took effect
    (delivered, notified, carried out). ``outcome``: what came back, a code of
    ``rules/outcomes.py``; empty = nothing particular. ``term``: last day to pay that a
    notice printed. ``planned``: the day fixed by the technical office. ``attempt``:
    how often the row was tried, this one included. ``address_changed``: the master data
    no longer have the address that it went to. ``amount``: what it asked for.
    """

    rule_id: int | None
    action: int
    op: str
    state: str
    executed: date | None = None
    effective: date | None = None
    waits_for: str = ""
    positive: bool = True
    channel: str = ""
    outcome: str = ""
    term: date | None = None
    planned: date | None = None
    attempt: int = 1
    address_changed: bool = False
    amount: Decimal | None = None


@dataclass(frozen=True)
class Hold:
    """A recorded reason to stop, from ``start`` until ``until`` (None = nobody knows).

    ``stops``: ``all`` actions or only the ``technical`` ones. ``lines``: the only
    receivables it is about (a dispute on one bill); None = the whole case. ``clock``:
    ``run`` = the waits of the table go on meanwhile, ``stop`` = they are longer by the
    days of the hold. A hold that is over matters only for its ``stop`` clock. Legal
    terms never run backwards: a hold can only make a step later.
    """

    reason: str
    until: date | None = None
    start: date | None = None
    stops: str = "all"
    lines: frozenset[int] | None = None
    clock: str = "run"
    label: str = ""

    def is_active(self, today):
        return (self.start is None or self.start <= today) and (
            self.until is None or self.until >= today
        )


@dataclass(frozen=True)
class Event:
    """Something of this round, on ``date``, that may start an event row of the table.

    ``kind``: the operation of the row that it starts (``plan``, ``writeoff``,
    ``reactivate`` ...), or ``payment``: the last payment came on that day.
    """

    kind: str
    date: date


@dataclass(frozen=True)
class Verdict:
    """What the law says of carrying out one row.

    ``earliest``: first lawful day, never earlier than the law allows whatever the
    table says. ``blocked``: it may not be done at all as things stand, whatever the
    day. ``reasons`` name the rule, its number, its source and since when it is valid.
    ``lines``: the only receivables that the row may list (each bill of a notice has its
    own term); None = any.
    """

    earliest: date | None = None
    blocked: bool = False
    reasons: tuple[Reason, ...] = ()
    lines: frozenset[int] | None = None


@dataclass(frozen=True)
class Line:
    """One open receivable of the case: an instalment of a bill, or a credit note.

    ``residual`` is negative for a credit. ``covered``: the operations (remind, notice,
    default ...) of this round whose notice listed this very line. ``move``: id of the
    bill, for who writes the line down; the planner does not look at it.
    """

    id: int
    due: date
    residual: Decimal
    covered: frozenset[str] = frozenset()
    move: int | None = None


@dataclass(frozen=True)
class CaseFacts:
    """Everything the planner may know of one case on one day.

    ``lines``: what is open and overdue. ``unallocated``: payments of the customer that
    are not matched with any bill. ``missing``: channel -> reason code why it cannot be
    used; a channel that is not in it can. ``done``: this round's actions, oldest first.
    """

    key: Key
    lines: tuple[Line, ...] = ()
    unallocated: Decimal = Decimal(0)
    missing: Mapping[str, str] = field(default_factory=dict)
    done: tuple[Done, ...] = ()
    holds: tuple[Hold, ...] = ()
    events: tuple[Event, ...] = ()
    supply: object = None  # rules/guard_facts.Supply: what the legal guard knows
    policy: Policy = NORMAL_POLICY

    @once
    def amount(self):
        """Overdue residual, open credit notes deducted."""
        return sum((line.residual for line in self.lines), Decimal(0))

    @once
    def due(self):
        """Due date of the oldest open bill; None when nothing is open."""
        return min((line.due for line in self.lines if line.residual > 0), default=None)

    @once
    def notice_amount(self):
        """Residual of the lines listed in a formal notice; None without such a notice.

        Technical, agency and legal steps look at this figure: a notice covers only its
        bills. Zero when all that it listed is paid.
        """
        covered = [line for line in self.lines if line.covered & FORMAL_OPS]
        if not covered and not self.has_formal_notice:
            return None
        return sum((line.residual for line in covered), Decimal(0))

    @once
    def has_formal_notice(self):
        """A formal notice of this round was sent or is being sent."""
        return any(
            done.op in FORMAL_OPS and done.state in ("done", "open")
            for done in self.done
        )

    @once
    def op_done(self):
        """Day since when the last operation on the supply is in effect, or None."""
        days = [
            done.effective or done.executed
            for done in self.done
            if done.op in CUTS and done.state == "done" and done.positive
        ]
        days = [day for day in days if day]
        if days:
            return days[-1]
        if self.key.supply_state in OFF_STATES:
            return getattr(self.supply, "state_since", None)
        return None

    @once
    def planned_on(self):
        """The day that the technical office fixed last, or None."""
        days = [d.planned for d in self.done if d.planned and d.op != "reactivate"]
        return days[-1] if days else None


@dataclass(frozen=True)
class Reason:
    """Why: a stable code and its figures, put into words by the caller."""

    code: str
    params: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, code, **params):
        return cls(code, tuple(sorted(params.items())))

    def as_dict(self):
        return dict(self.params)


@dataclass(frozen=True)
class Decision:
    """What happens next.

    ``kind``: ``execute`` (do ``rule`` on ``date``, which is today), ``wait`` (nothing
    before ``date``; no date = it waits for somebody), ``park`` (too little to go on),
    ``close`` (nothing is owed), ``stop`` (the table has nothing more to say or a
    person must), ``skip`` (only inside ``skipped``: this row is passed over for good).
    ``channels`` and ``lines``: how to do it and which receivables it lists.
    ``verdict``: what the legal guard said of ``rule``. ``attempt``: how many times the
    row will have been tried with this one.
    """

    kind: str
    rule: Rule | None = None
    date: date | None = None
    reasons: tuple[Reason, ...] = ()
    channels: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    skipped: tuple[Decision, ...] = ()
    verdict: Verdict | None = None
    attempt: int = 1

"""Court: in which order its steps come, and by when each has to be followed up.

Terms of the law are dated numbers (``dunning.legal.parameter``); here they are only
counted, as art. 155 c.p.c. says: the first day does not count, and a term that ends on
a holiday or a Saturday ends on the next working day; one that is counted backwards, on
the working day before. A term "of the court" leaves out the pause of August (L.
742/1969, art. 1); which terms have it, and how long it is, is data to be checked.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from ...utility_supply.rules import workdays

INJUNCTION, PRECEPT, SEIZURE = "injunction", "precept", "seizure"
CLAIM, HEARING, OPPOSITION = "insolvency_claim", "hearing", "opposition"
RECOVERED, UNCOLLECTABLE = "recovered", "uncollectable"
# steps that are outcomes of rules/outcomes.py; a hearing changes nothing by itself, and
# an opposition neither: it keeps the injunction from becoming final
OUTCOMES = (INJUNCTION, PRECEPT, SEIZURE, CLAIM, RECOVERED, UNCOLLECTABLE)
ENDS = frozenset({RECOVERED, UNCOLLECTABLE})
# what has to be notified to the customer before the step counts
NOTIFIED = frozenset({INJUNCTION, PRECEPT, SEIZURE})
# what becomes final one day (art. 647 c.p.c.; art. 206 CCII)
FINAL = frozenset({INJUNCTION, CLAIM})
NEEDS = {PRECEPT: INJUNCTION, SEIZURE: PRECEPT, OPPOSITION: INJUNCTION}
# how an opposition ended: given up or rejected, the injunction becomes final (art. 653
# c.p.c.); accepted, it is revoked and nothing can be founded on it any more
REJECTED, ACCEPTED = "rejected", "accepted"
# a later one answers what an earlier one asks for
RANKS = {
    INJUNCTION: 1,
    PRECEPT: 2,
    SEIZURE: 3,
    CLAIM: 4,
    RECOVERED: 5,
    UNCOLLECTABLE: 5,
}

# what is due -> the number of days that says when
NOTIFY, OPPOSE, SEIZE = "notify", "oppose", "seize"
SELL, FILE, APPEAR = "sell", "file", "appear"
DAYS_OF = {
    NOTIFY: "decree_notify_days",
    OPPOSE: "decree_opposition_days",
    SEIZE: "precept_valid_days",
    SELL: "seizure_sale_days",
    FILE: "insolvency_claim_days",
}
# how the days of a number are counted: without the pause of August
COURT_DAYS = "court"


@dataclass(frozen=True)
class Step:
    """``day``: issued or filed; ``notified``: reached the customer; ``hearing``: the
    day of the hearing, of an insolvency claim that of the examination; ``number``: of
    the register, "" unknown; ``final``: the day on which it became final; ``key``:
    which step it is, 0 none yet; of an opposition ``opposed`` is the key of its
    injunction, and ``result`` how it ended, "" not yet."""

    kind: str
    day: date
    notified: date | None = None
    hearing: date | None = None
    number: str = ""
    final: date | None = None
    key: int = 0
    opposed: int = 0
    result: str = ""
    decided: date | None = None
    is_opposed: bool = False


@dataclass(frozen=True)
class Calendar:
    """``holidays``: of the State; ``pauses``: ((first day, last day), ...) of the terms
    of the court."""

    holidays: frozenset = frozenset()
    pauses: tuple = ()

    def is_paused(self, day):
        return any(first <= day <= last for first, last in self.pauses)


NO_CALENDAR = Calendar()


def due_of(step):
    """What has to be watched after ``step``: a code of DAYS_OF, APPEAR or ""."""
    if step.kind == INJUNCTION and not step.final:
        if step.notified:
            # opposed, its days to oppose are over: what is watched is the opposition
            return "" if step.is_opposed else OPPOSE
        return NOTIFY
    if step.kind == PRECEPT and step.notified:
        return SEIZE
    if step.kind == SEIZURE and step.notified:
        return SELL
    if step.hearing and step.kind in (HEARING, OPPOSITION) and not step.result:
        return APPEAR
    if step.hearing and step.kind == CLAIM and not step.final:
        return FILE
    return ""


def deadline(step, days, has_pause=False, calendar=NO_CALENDAR):
    """Last day of what is due after ``step``; None when nothing is.

    :param days: the number of the law for :func:`due_of`; None when unknown, and then
        nothing is concluded (a hearing needs none)
    :param has_pause: whether these days leave out the pause of August
    :param calendar: the :class:`Calendar` of the years concerned
    """
    due = due_of(step)
    if due == APPEAR:
        return step.hearing
    if not due or days is None:
        return None
    pauses = calendar.pauses if has_pause else ()
    counted = Calendar(calendar.holidays, pauses)
    if due == FILE:
        return counted_back(step.hearing, days, counted)
    start = step.day if due == NOTIFY else step.notified
    return counted_on(start, days, counted)


def counted_on(start, days, calendar):
    """The last day of ``days`` after ``start``: on a working day, out of the pauses."""
    day = start
    while days > 0:
        day += workdays.ONE_DAY
        days -= not calendar.is_paused(day)
    while calendar.is_paused(day) or not _is_open(day, calendar):
        day += workdays.ONE_DAY
    return day


def counted_back(end, days, calendar):
    """The day that lies ``days`` before ``end``; on a holiday or a Saturday the working
    day before it, so that the days are free whole (Cass. 14767/2014, 21335/2017)."""
    day = end
    while days > 0:
        day -= workdays.ONE_DAY
        days -= not calendar.is_paused(day)
    while calendar.is_paused(day) or not _is_open(day, calendar):
        day -= workdays.ONE_DAY
    return day


def _is_open(day, calendar):
    return workdays.is_working_day(day, calendar.holidays)


def pay_until(notified, days, calendar=NO_CALENDAR):
    """Last day that a precept leaves to pay: no act of the court, so only a holiday
    moves it (art. 480 c.p.c., art. 1187 and 2963 c.c.)."""
    day = notified + timedelta(days=days)
    while not workdays.is_weekday(day, calendar.holidays):
        day += workdays.ONE_DAY
    return day


def problem(step, before, pay_days=None, calendar=NO_CALENDAR, is_new=True):
    """Why ``step`` cannot follow the steps ``before``: a code, or "".

    :param pay_days: days that a precept leaves to pay (art. 480 c.p.c.), None unknown
    :param is_new: it is being recorded; what was recorded before its injunction was
        revoked happened all the same
    """
    if any(other.kind in ENDS for other in before):
        return "over"
    if step.notified and step.notified < step.day:
        return "notified_before"
    if any(_is_known(step, other) for other in before):
        return "known"
    if step.final and is_contested(step, before):
        return "opposed"
    needed = NEEDS.get(step.kind)
    if not needed:
        return ""
    found = [s for s in before if s.kind == needed and s.notified]
    found = [s for s in found if s.notified <= step.day]
    if step.kind == OPPOSITION:
        found = [s for s in found if s.key == step.opposed]
    elif is_new:
        found = [s for s in found if not is_revoked(s, before, step.day)]
    if not found:
        return f"needs_{needed}"
    if step.kind == OPPOSITION:
        is_final = any(s.final and _holds_up(step, s.final) for s in found)
        return "final" if is_final else ""
    if step.kind != SEIZURE or pay_days is None:
        return ""
    last = max(pay_until(s.notified, pay_days, calendar) for s in found)
    return "too_early" if step.day <= last else ""


def oppositions(step, others):
    """The oppositions among ``others`` to the injunction ``step``."""
    if step.kind != INJUNCTION or not step.key:
        return []
    return [s for s in others if s.kind == OPPOSITION and s.opposed == step.key]


def is_contested(step, others):
    """Whether an opposition keeps the injunction from being final on the day that it
    names (art. 647 and 653 c.p.c.)."""
    return any(_holds_up(s, step.final) for s in oppositions(step, others))


def _holds_up(opposition, final):
    """Whether it still keeps its injunction from being final on that day."""
    if opposition.result != REJECTED:
        return True
    return bool(final and opposition.decided and final < opposition.decided)


def is_revoked(step, others, day):
    """Whether the injunction was revoked by ``day``; at once where it is not known
    when that was decided."""
    return any(
        s.result == ACCEPTED and (not s.decided or s.decided <= day)
        for s in oppositions(step, others)
    )


def _is_known(step, other):
    """The same act: the same number of the register, or no number and the same day."""
    if step.kind != other.kind or step.number != other.number:
        return False
    if step.kind == HEARING:
        return (step.day, step.hearing) == (other.day, other.hearing)
    return bool(step.number) or step.day == other.day


def find_same(told, steps):
    """Which of ``steps`` an outcome ``told`` on the action speaks of: an index, None =
    of none, it is a new one.

    The one of the same kind and number; without a number that of the same day, else
    the last one of the file while nothing followed it: the same act, told again with
    another day. Another act of the same kind needs its own number.

    :param steps: of the file, in order
    """
    own = [n for n, step in enumerate(steps) if step.kind == told.kind]
    if told.number:
        for n in own:
            if steps[n].number == told.number:
                return n
    else:
        for n in own:
            if steps[n].day == told.day:
                return n
    last = max((n for n, s in enumerate(steps) if s.kind in RANKS), default=None)
    if last is None or last not in own:
        return None
    return None if told.number and steps[last].number else last


def unanswered(steps, deadlines):
    """Indexes of the steps whose term still asks for something.

    A term is answered by a later step that goes further and took effect (what has to be
    notified counts once it is), or by one of the same kind taken after it was over. A
    hearing is answered by what is recorded from its day on.

    :param steps: :class:`Step` of a file, in order
    :param deadlines: of each, None = it asks for nothing
    """
    found = []
    for n, (step, end) in enumerate(zip(steps, deadlines, strict=True)):
        if end is None:
            continue
        if due_of(step) == APPEAR:
            others = (other for m, other in enumerate(steps) if m != n)
            is_answered = any(other.day >= end for other in others)
        else:
            later = steps[n + 1 :]
            is_answered = any(_answers(other, step, end) for other in later)
        if not is_answered:
            found.append(n)
    return found


def _answers(later, step, end):
    rank = RANKS.get(later.kind, 0)
    took_effect = later.kind not in NOTIFIED or later.notified
    if rank > RANKS[step.kind]:
        return bool(took_effect)
    return later.kind == step.kind and bool(took_effect) and later.day > end

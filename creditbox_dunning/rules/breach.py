"""What a work that was carried out breaks, and what the customer has a right to.

The guard says what may be done; this says, of what was done all the same, every rule
that it broke. Reality is a fact: it is recorded as it was, and the case goes on from
there as if the work had been done on the first day that was lawful, or not at all.
"""

from dataclasses import dataclass
from datetime import date

from . import guard_common
from .facts import CaseFacts, Reason, Rule
from .guard import FREE, blocks_of, floors_of, rules_for
from .guard_common import BlockedError, Law, Question
from .guard_facts import Supply
from .holds import is_stopped

# suspensions that the law wants (domain notes 1.9): what the company grants of its own
# accord is no law
FORBIDDING_HOLDS = frozenset(
    {
        "complaint",
        "complaint_meter",
        "payment_communicated",
        "plan_requested",
        "plan_active",
        "moratorium",
        "deposit_offset",
        "condominium_half",
        "prescription_objected",
        "insolvency",
        "death",
        "bonus_received",
    }
)
NO_NOTICE, TERMS, DAILY = "indemnity_no_notice", "indemnity_terms", "indemnity_day"
# broken rule -> the number of the indemnity (domain notes 1.4 to 1.6)
ENERGY = {
    "guard_no_default_notice": NO_NOTICE,
    "guard_after_term": TERMS,
    "guard_after_notified": TERMS,
}
WATER = {
    "guard_protected": NO_NOTICE,
    "guard_limit_only": NO_NOTICE,
    "guard_no_ground_to_end": NO_NOTICE,
    "guard_no_default_notice": NO_NOTICE,
    "guard_nothing_owed": NO_NOTICE,
    "payment_communicated": NO_NOTICE,
    "guard_water_after_term": TERMS,
    "guard_no_reminder": TERMS,
    "plan_requested": TERMS,
}
INDEMNITIES = {"electricity": ENERGY, "gas": ENERGY, "water": WATER}


@dataclass(frozen=True)
class Breach:
    """``reasons``: the rules broken, none = lawful. ``lawful_from``: the first day on
    which the work would have been lawful; None when there was no right to it at all
    (``is_void``), whatever the day."""

    reasons: tuple[Reason, ...] = ()
    is_void: bool = False
    lawful_from: date | None = None

    def __bool__(self):
        return bool(self.reasons)


def find_breach(law: Law, rule: Rule, facts: CaseFacts, day: date, listed=frozenset()):
    """The :class:`Breach` of ``rule`` carried out on ``day``.

    ``facts``: as they were on that day. ``listed``: the receivables it was about.
    """
    if rule.op in FREE:
        return Breach()
    holds = tuple(_holds(rule, facts, day, listed))
    if facts.due is None:
        return Breach((Reason.of("guard_nothing_owed"), *holds), True)
    supply = facts.supply if isinstance(facts.supply, Supply) else Supply()
    question = Question(law, rule, facts, supply, day)
    try:
        blocks, floors = rules_for(question)
    except BlockedError as error:
        return Breach((error.reason, *holds), True)
    void = list(blocks_of(question, blocks))
    early, first = [], day
    try:
        for floor in floors_of(question, floors):
            if floor.day > day:
                early.append(floor.reason)
                first = max(first, floor.day)
    except BlockedError as error:
        void.append(error.reason)
    if rule.op in guard_common.CUTS:
        opens = guard_common.allow(first, law.holidays, supply.closed_days)
        if guard_common.allow(day, law.holidays, supply.closed_days) != day:
            early.append(Reason.of("guard_on_forbidden_day", date=opens, day=day))
        first = opens
    void = (*void, *holds)
    reasons = tuple(dict.fromkeys((*void, *early)))
    return Breach(reasons, bool(void), None if void or not early else first)


def _holds(rule, facts, day, listed):
    """Suspensions of the law in force on ``day``; of that very day may be unknown to
    who was at work."""
    for hold in facts.holds:
        began = hold.start is None or hold.start < day
        if (
            began
            and hold.reason in FORBIDDING_HOLDS
            and hold.is_active(day)
            and is_stopped(rule.action, rule.op, listed, hold.stops, hold.lines)
        ):
            yield Reason.of("on_hold", reason=hold.reason)


def indemnity_for(service, op, breach, numbers, day):
    """The :class:`~.legal_parameters.Parameter` of the automatic indemnity that the
    customer has a right to, the highest when several rules were broken; or None.

    A number in "EUR a day" (telephone) counts until the supply is back.
    """
    if op not in guard_common.CUTS or not breach:
        return None
    if service == "telephone":
        return numbers.get(service, DAILY, day)
    codes = [
        reason.as_dict()["reason"] if reason.code == "on_hold" else reason.code
        for reason in breach.reasons
    ]
    table = INDEMNITIES.get(service, {})
    names = {table[code] for code in codes if code in table}
    found = filter(None, (numbers.get(service, name, day) for name in sorted(names)))
    return max(found, key=lambda number: number.value, default=None)

"""May this step be taken, and from which day? The legal guard: pure, total.

``make_guard(law)`` gives the planner's ``guard(rule, facts, today) -> Verdict``. The
table proposes, the guard disposes: its day is never earlier than the law allows,
whatever stands in the table, and it never looks at the table's own waits.
"""

from datetime import date

from . import (
    guard_common,
    guard_electricity,
    guard_gas,
    guard_telephone,
    guard_water,
)
from .facts import CaseFacts, Reason, Rule, Verdict
from .guard_common import BlockedError, Floor, Law, Question
from .guard_facts import Supply

SERVICES = {
    "electricity": guard_electricity,
    "gas": guard_gas,
    "water": guard_water,
    "telephone": guard_telephone,
}
# steps without a legal term or condition: courtesy, accounting, giving back
FREE = frozenset({"remind", "collect", "reactivate", "plan", "writeoff"})
# notices whose bills must each be overdue since so many days
LISTED_AFTER = {"notice": "reminder_after_due", "default": "default_after_due"}
CLAIMS = frozenset({"assign", "legal"})
LAWFUL = Verdict()


def make_guard(law: Law):
    """The guard for cases under ``law``."""

    def guard(rule: Rule, facts: CaseFacts, today: date) -> Verdict:
        if rule.op in FREE:
            return LAWFUL
        supply = facts.supply if isinstance(facts.supply, Supply) else Supply()
        return _answer(Question(law, rule, facts, supply, today))

    return guard


def _answer(question):
    if question.facts.due is None:
        return Verdict(blocked=True, reasons=(Reason.of("guard_nothing_owed"),))
    try:
        blocks, floors = rules_for(question)
    except BlockedError as error:
        return Verdict(blocked=True, reasons=(error.reason,))
    reasons = list(blocks_of(question, blocks))
    if reasons:
        return Verdict(blocked=True, reasons=tuple(dict.fromkeys(reasons)))
    try:
        found = floors(question)
    except BlockedError as error:
        return Verdict(blocked=True, reasons=(error.reason,))
    return _verdict(question, found)


def blocks_of(question, blocks):
    """The reasons of those ``blocks`` that forbid the step, whatever the day."""
    for block in blocks:
        try:
            reason = block(question)
        except BlockedError as error:
            reason = error.reason
        if reason:
            yield reason


def rules_for(question):
    """(blocks, function that gives the floors) of the operation.

    :raise BlockedError: when the supply can never have it, or no rule knows it
    """
    op = question.rule.op
    service = SERVICES.get(question.facts.key.service)
    if op in CLAIMS:
        return guard_common.CLAIM_BLOCKS, _no_floor
    if op == "terminate":
        return (guard_common.channel_block,), _terminate_floors
    if service is None:
        if op in guard_common.TECHNICAL:
            raise BlockedError(Reason.of("guard_no_supply"))
        if op == "default":
            return (guard_common.channel_block,), _after_due
        return (), _no_floor
    if op == "notice":
        return service.notice_blocks(question), service.notice_floors
    if op == "default":
        return service.default_blocks(question), service.default_floors
    if op in guard_common.TECHNICAL:
        return _technical(question, service)
    # an operation that no rule knows is not lawful by silence
    raise BlockedError(Reason.of("guard_unknown_operation", op=op))


def _technical(question, service):
    impossible = service.impossible_here(question)
    if impossible:
        raise BlockedError(impossible)
    if question.rule.op in guard_common.CUTS:
        return service.cut_blocks(question), service.cut_floors
    return service.cut_blocks(question), _preparation_floors


def _no_floor(_question):
    return []


def _after_due(question):
    return [question.after("guard_after_due", question.facts.due, "default_after_due")]


def _terminate_floors(question):
    """Telephone: the contract's days after the suspension. Others: none."""
    if question.facts.key.service != "telephone":
        return []
    return guard_telephone.after_suspension(question)


def _preparation_floors(question):
    """Telling the technical office, or the customer, of a cut to come.

    Needs a notice that reached the customer. The list waits for the end of the term to
    pay: until then there is nothing to list.
    """
    try:
        notice = question.notice()
    except BlockedError:
        if not question.did("terminate", guard_common.FORMAL_CHANNELS):
            raise
        return []
    if question.facts.key.service == "telephone":
        return []
    if question.facts.key.service == "water":
        term, number = guard_water.last_day_to_pay(question)
    else:
        term, number = guard_common.pay_term(question, notice)
    day = term + guard_common.ONE_DAY
    reason = guard_common.cite("guard_list_after_term", number, date=day, anchor=term)
    return [Floor(day, reason)]


def floors_of(question, floors):
    """The floors of the step but for those that were waived.

    :raise BlockedError: when what a floor counts from is not there
    """
    waived = _waived(question)
    return [floor for floor in floors(question) if floor.reason.code not in waived]


def _waived(question):
    waived = {code for op, code in question.supply.waived if op == question.rule.op}
    return waived & guard_common.WAIVABLE


def _verdict(question, floors):
    waived = _waived(question)
    reasons = [
        Reason.of("guard_waived", term=floor.reason.code)
        for floor in floors
        if floor.reason.code in waived
    ]
    floors = [floor for floor in floors if floor.reason.code not in waived]
    binding = max(floors, key=lambda floor: floor.day, default=None)
    day = binding.day if binding else None
    if binding:
        reasons.insert(0, binding.reason)
    if question.rule.op in guard_common.CUTS:
        lawful = max(day or question.today, question.today)
        day = guard_common.allow(
            lawful, question.law.holidays, question.supply.closed_days
        )
        if day != lawful:
            reasons.append(Reason.of("guard_forbidden_day", date=day, day=lawful))
    lines = _lines(question)
    return Verdict(earliest=day, reasons=tuple(reasons), lines=lines)


def _lines(question):
    """The receivables that a notice may list: each bill has its own term; None = all.

    A notice counted from the oldest bill must not carry along one whose own days have
    not passed.
    """
    name = LISTED_AFTER.get(question.rule.op)
    service = question.facts.key.service
    number = name and question.law.numbers.get(service, name, question.today)
    if number is None:
        return None
    return frozenset(
        line.id
        for line in question.facts.lines
        if line.residual < 0 or question.days_after(line.due, number) <= question.today
    )

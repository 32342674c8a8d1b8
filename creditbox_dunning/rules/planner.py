"""What happens next to a case, when, and why.

``plan`` is pure (no database, no clock), total (an answer for any facts and any rows)
and deterministic. Called again on the same day after its answer was carried out it
changes nothing. The table proposes; what the law forbids or postpones is said by the
``guard``, which has the last word.

How a case walks its set of rows:

* rows are taken in order of ``seq``; rows of one step (same tens) are alternatives by
  channel, the first that can be used is taken, the others only if it fails;
* a row is due ``wait_before`` days after its anchor, never before the ``wait_after`` of
  the previous action has run out and never before the guard's day;
* at most one action a day; a reminder that a later due row overtakes is skipped;
* a formal notice is never passed over: without a usable channel the case stops and
  asks for a person;
* what comes of an action sends the case on by ``next_ok`` / ``next_ko`` or by the
  outcome's default route (``outcomes.py``, ``ladder.py``).
"""

from dataclasses import replace
from datetime import date

from .channels import usable_channels
from .clock import Clock, until
from .coverage import (
    PLAN,
    PLAN_ACTIVE,
    PLAN_ASKED,
    amount_for,
    planned_lines,
    reactivation_due,
    settled,
)
from .facts import CaseFacts, Decision, Guard, Reason, Shift, Verdict
from .ladder import is_outdated
from .sets import choose_set
from .walk import Walk

__all__ = [
    "is_outdated",
    "no_guard",
    "plan",
    "plan_rows",
    "usable_channels",
    "withdrawals",
]

# what an open action is waiting for, by what was told of it so far
OPEN_OUTCOMES = {
    "taken": "waits_agency",
    "agreed": "waits_instalments",
    "injunction": "waits_court",
    "precept": "waits_court",
    "seizure": "waits_court",
    "insolvency_claim": "waits_court",
}


def no_guard(_rule, _facts, _today) -> Verdict:
    """A guard that allows everything: for tables tried out without the law."""
    return Verdict()


def plan(
    facts: CaseFacts, rules, today: date, shift: Shift, guard: Guard = no_guard
) -> Decision:
    """The decision for ``facts`` on ``today`` by the table ``rules``."""
    facts = settled(facts)
    rows, notes = choose_set(rules, facts.key)
    return plan_rows(facts, rows, notes, today, shift, guard)


def plan_rows(facts, rows, notes, today, shift, guard: Guard = no_guard) -> Decision:
    """:func:`plan` for a set already chosen (the run keeps the sets by key)."""
    facts = _after_withdrawals(facts, rows, today)
    if reactivation_due(facts):
        return _give_back(facts, rows, notes, today, shift, guard)
    early = _before_the_table(facts, notes, today)
    if early:
        return early
    if not rows:
        return Decision("stop", reasons=tuple(notes))
    return _walk(facts, rows, notes, today, shift, guard)


def _walk(facts, rows, notes, today, shift, guard):
    pending = _pending(facts, rows, today)
    if pending:
        rule, reason = pending
        return Decision("wait", rule=rule, reasons=(reason, *notes))
    decision = Walk(facts, rows, today, shift, guard).decide()
    if notes:
        decision = replace(decision, reasons=(*decision.reasons, *notes))
    return decision


def _give_back(facts, rows, notes, today, shift, guard):
    """The supply comes back before anything else, holds or not."""
    rows = tuple(rule for rule in rows if rule.op == "reactivate")
    decision = _walk(replace(facts, holds=()), rows, notes, today, shift, guard)
    if decision.kind == "stop" and decision.rule is None:
        # no row, or used up: what is cut twice in one round has it only once
        reason = Reason.of("reactivate_by_hand")
        return Decision("stop", reasons=(reason, *notes))
    return decision


def withdrawals(facts, rows, today):
    """{row id: Reason} of the open technical actions that must be taken back today.

    The present set does not have them any more, a hold came, or a payment that nobody
    matched yet may be the answer (domain 3.3 no. 16, 37 and 38). What is paid is
    withdrawn by closing the case or beginning a new round.
    """
    found = {}
    clock = Clock(facts.holds, today)
    hold = clock.stops(True) or clock.stops_lines(True)
    free = clock.free(facts, True)
    by_id = {rule.id: rule for rule in rows}
    for done in facts.done:
        if is_outdated(done, rows):
            found[done.rule_id] = Reason.of("key_changed")
            continue
        rule = by_id.get(done.rule_id)
        if done.state != "open" or rule is None or not rule.is_technical:
            continue
        amount = amount_for(rule, free)
        if hold and (hold.lines is None or amount <= 0):
            found[rule.id] = Reason.of("on_hold", reason=hold.reason)
        elif amount < rule.min_threshold:
            found[rule.id] = Reason.of("below_threshold", amount=rule.min_threshold)
        elif 0 < amount <= facts.unallocated:
            found[rule.id] = Reason.of("unallocated_payment", amount=facts.unallocated)
    return found


def _after_withdrawals(facts, rows, today):
    """``facts`` without the orders that are taken back today: nobody waits for them,
    and the same night once more finds nothing else to do."""
    if not any(done.state == "open" for done in facts.done):
        return facts
    gone = withdrawals(facts, rows, today)
    if not gone:
        return facts
    kept = (d for d in facts.done if d.state != "open" or d.rule_id not in gone)
    return replace(facts, done=tuple(kept))


def _before_the_table(facts, notes, today):
    """The answer when the table need not be asked, or None."""
    if not any(line.residual > 0 for line in facts.lines):
        return Decision("close", reasons=(Reason.of("paid"), *_late(facts)))
    amount = facts.amount
    if amount <= 0:
        return Decision("park", reasons=(Reason.of("covered_by_credits"), *notes))
    clock = Clock(facts.holds, today)
    hold = clock.stops(False)
    if hold is None and clock.free(facts, False).amount <= 0:
        hold = clock.stops_lines(False)
    if hold:
        reason = Reason.of("on_hold", reason=hold.reason)
        return Decision("wait", date=until(hold), reasons=(reason, *notes))
    if facts.unallocated >= amount:
        reason = Reason.of("unallocated_payment", amount=facts.unallocated)
        return Decision("park", reasons=(reason, *notes))
    return None


def _late(facts):
    """What closing should tell: the supply came back later than promised."""
    for done in facts.done:
        promised = done.op == "reactivate" and done.planned
        if promised and done.effective and done.effective > promised:
            days = (done.effective - promised).days
            yield Reason.of("reactivated_late", days=days, date=done.effective)


def _pending(facts, rows, today):
    """(row, reason) of the action that waits for somebody, or None."""
    by_id = {rule.id: rule for rule in rows}
    in_plan = planned_lines(facts.holds, today, (PLAN_ASKED, PLAN_ACTIVE))
    for done in facts.done:
        if done.op == PLAN and in_plan:
            continue  # its own suspension stops its bills, and no others
        if done.state == "open":
            if reactivation_due(facts) and done.op != "reactivate":
                continue  # what is paid for waits for nobody
            code = OPEN_OUTCOMES.get(done.outcome) or done.waits_for or "waits_person"
            return by_id.get(done.rule_id), Reason.of(code)
    return None

"""Which receivables a step may list, and when a new round begins.

A notice has effect only for the bills that it names: a bill that fell due yesterday
does not ride on the formal notice of an older one.
"""

from dataclasses import replace
from datetime import date, timedelta

from .facts import CUTS, FIRST_WORK_ACTION, FORMAL_OPS, OFF_STATES

PLAN = "plan"
# suspensions of bills that a payment plan is asked for, and that one is paid by
PLAN_ASKED, PLAN_ACTIVE = "plan_requested", "plan_active"


def lines_for(rule, facts, today: date, shift, own_time=None):
    """Ids of the receivables that ``rule`` lists when executed on ``today``.

    ``own_time``: (line, rule) -> the day on which the row's own wait has run out for
    it; without it, the row's days after the line's due date.

    * rows that count from the due date list the bills for which that time has passed;
    * a water default notice lists only bills already in a first reminder: it must
      refer to it (REMSI, 311/2019/R/idr, art. 4);
    * other rows, and all work from the technical office to the court, list what the
      formal notice listed, or everything when the ladder has had none;
    * open credit notes are always listed: they lower the sum asked.
    """
    owed = [line for line in facts.lines if line.residual > 0]
    if rule.anchor == "due":

        def due_time(line, rule):
            return shift(line.due, rule.wait_before, rule.day_kind)

        own_time = own_time or due_time
        owed = [line for line in owed if own_time(line, rule) <= today]
        if rule.op == "default" and facts.key.service == "water":
            owed = [line for line in owed if "notice" in line.covered]
    if rule.anchor != "due" or rule.action >= FIRST_WORK_ACTION:
        covered = [line for line in owed if line.covered & FORMAL_OPS]
        owed = covered if facts.has_formal_notice else covered or owed
    if not owed:
        return ()
    credits = [line for line in facts.lines if line.residual < 0]
    return tuple(sorted(line.id for line in (*owed, *credits)))


def amount_for(rule, facts):
    """The amount that ``rule`` looks at: technical, agency and legal steps at what a
    formal notice listed, when there is one; all others at all that is overdue."""
    covered = facts.notice_amount
    if rule.action >= FIRST_WORK_ACTION and covered is not None:
        return covered
    return facts.amount


def planned_lines(holds, today, reasons=(PLAN_ACTIVE,)):
    """Ids of the receivables that a payment plan holds on ``today``; ``reasons``: the
    suspensions, among ``holds``, that stand for one."""
    return frozenset().union(
        *(
            hold.lines
            for hold in holds
            if hold.reason in reasons
            and hold.lines is not None
            and hold.is_active(today)
        )
    )


def starts_new_round(facts, today):
    """True when the ladder begins again from its first row, with its own dates.

    What this round's formal notice lists is paid but newer bills are open (or, before
    any formal notice, what its reminders list). What is paid by an agreed plan counts
    as paid: a newer bill does not wait for its last instalment.

    A supply that is off comes back first: only then does a new round begin.
    """
    owed = [line for line in facts.lines if line.residual > 0]
    if not owed or reactivation_due(facts):
        return False
    planned = planned_lines(facts.holds, today)
    if planned and facts.key.supply_state not in OFF_STATES:
        owed = [line for line in owed if line.id not in planned]
        if not owed:
            return False
    if facts.has_formal_notice:
        return not any(line.covered & FORMAL_OPS for line in owed)
    has_notice = any(
        done.rule_id is not None and done.state in ("done", "open") and done.op != PLAN
        for done in facts.done
    )
    return has_notice and not any(line.covered for line in owed)


def is_notice_stale(facts, broken):
    """Whether the plan that ended as ``broken`` (a :class:`~.facts.Done`) leaves a
    notice of default that has to be sent again before anything else.

    A notice that reached the customer stays good for its bills: the case goes on where
    it stood. It is sent again when it is older than the company's limit or when what
    it asked for is no longer what is owed (domain notes 1.7).
    """
    before, since = [], []
    past = before
    for done in facts.done:
        if done is broken:
            past = since
        elif done.op == "default" and done.state in ("done", "open"):
            past.append(done)
    formal = [done for done in before if done.state == "done" and done.effective]
    if not formal or broken.executed is None:
        return False
    if since:
        return True  # it was, and has been sent again
    notice = formal[-1]
    days = timedelta(days=facts.policy.notice_days)
    amount = facts.notice_amount
    return notice.effective + days < broken.executed or (
        notice.amount is not None and amount is not None and notice.amount != amount
    )


def reactivation_due(facts):
    """True when the supply is off and what it was cut for is paid, or a release was
    authorised (an event ``reactivate``).

    Bills that are newer than the notice do not keep it off: they were not in it.
    """
    if facts.key.supply_state not in OFF_STATES or _is_given_back(facts):
        return False
    if _is_released(facts):
        return True
    owed = [line for line in facts.lines if line.residual > 0]
    if not owed:
        return True
    was_cut = facts.has_formal_notice or any(
        done.op in CUTS and done.state == "done" for done in facts.done
    )
    return was_cut and not any(line.covered & FORMAL_OPS for line in owed)


def _is_released(facts):
    """A release was authorised and no supply was given back since."""
    back = [
        done.effective
        for done in facts.done
        if done.op == "reactivate" and done.state == "done" and done.effective
    ]
    return any(
        event.kind == "reactivate" and not any(day >= event.date for day in back)
        for event in facts.events
    )


def _is_given_back(facts):
    """The reactivation is done and nothing was cut after it."""
    steps = [
        done.op
        for done in facts.done
        if done.state == "done"
        and done.positive
        and (done.op in CUTS or done.op == "reactivate")
    ]
    return bool(steps) and steps[-1] == "reactivate"


def settled(facts):
    """``facts`` with the key that decides the set: a supply that is off and paid for
    walks the rows of those to be reactivated, whatever the master data say yet."""
    if facts.key.supply_state == "to_reactivate" or not reactivation_due(facts):
        return facts
    return replace(facts, key=replace(facts.key, supply_state="to_reactivate"))

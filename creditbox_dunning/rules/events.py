"""Which events "at any time" a person may record on a case today.

An event starts a row of the table out of its turn (rows 900, the settlement) or gives
a supply back before it is paid for. What the table has no row for is no event.
"""

from dataclasses import replace

from .coverage import reactivation_due
from .facts import OFF_STATES
from .ladder import STARTED_BY_EVENT, Ladder
from .sets import choose_set

RELEASE = "reactivate"


def possible(facts, rules, today):
    """The rows of ``rules`` that an event may start for ``facts``, in table order.

    A row done already in this round, asked for already, or whose limits do not fit
    what is owed is not among them. Giving back is possible only for a supply that is
    off, not paid for and not released yet.
    """
    rows, _notes = choose_set(rules, facts.key)
    ladder = Ladder(facts, rows, today)
    asked = {event.kind for event in facts.events}
    kinds = {rule.op for rule in rows if rule.is_event} | STARTED_BY_EVENT
    found = [ladder.row_for(kind) for kind in sorted(kinds - asked - {RELEASE, ""})]
    found = [rule for rule in found if rule and _fits(rule, facts)]
    back = _release_row(facts, rules)
    return tuple(sorted(found, key=lambda r: (r.seq, r.id))) + ((back,) if back else ())


def _release_row(facts, rules):
    if facts.key.supply_state not in OFF_STATES - {"to_reactivate"}:
        return None
    if reactivation_due(facts):
        return None
    key = replace(facts.key, supply_state="to_reactivate")
    rows, _notes = choose_set(rules, key)
    return next((rule for rule in rows if rule.op == RELEASE), None)


def _fits(rule, facts):
    amount = facts.amount if facts.notice_amount is None else facts.notice_amount
    is_low = amount < max(rule.amount_from, rule.min_threshold)
    return not is_low and not (rule.amount_to and amount > rule.amount_to)
